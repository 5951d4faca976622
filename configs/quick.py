"""A small heads-up agent (123 k parameters, 100 big blinds) in a minute on two CPU cores.

    make quickstart
    python bin/train.py --config configs/quick.py

Hardware: 2 CPU cores, under 1 GiB. Time: 42 s with its evaluations (Zen 5). Result, three seeds, bb/100 by 20,000
duplicate hands: random +688 to +720, always-call +304 to +475, always-all-in +611 to +661, tight-aggressive -11 to -1,
rock +8 to +16, pot-odds -202 to -123.
"""

from pokerjax.config import Config, GameConfig, LearnConfig, ModelConfig, RunConfig

config = Config(
    game=GameConfig(num_players=2),
    model=ModelConfig(d_model=64, n_layers=2, n_heads=2),
    learn=LearnConfig(
        parallel_games=256,
        rollout_length=96,
        batch_size=32 * 96,
        learning_rate=2e-3,
        # Hot to the end: minutes do not reach an equilibrium, and a policy that stays loose beats weak
        # players by more than one that has begun to tighten (docs/learning.md).
        entropy_coefficient=0.4,
        magnet_coefficient=0.2,
        magnet_half_life=0.03,
    ),
    run=RunConfig(
        num_games=400_000,
        checkpoint_every=20,
        evaluate_every=20,
        opponents=("random", "always_call", "always_all_in", "tight_aggressive", "rock"),
    ),
)
