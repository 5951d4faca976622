"""A small heads-up agent (123 k parameters, 100 big blinds) in a minute on a CPU.

    make quickstart
    python bin/train.py --config configs/quick.py

Hardware: 1 or 2 CPU cores, under 1 GiB. Time: 51 to 70 s with its evaluations (one core of a Zen 5, the other busy).
Result, three seeds on one core, bb/100 by 20,000 duplicate hands: random +297 to +434, always-call +636 to +954,
always-all-in +195 to +350, tight-aggressive +2 to +11, rock +7 to +33, pot-odds +229 to +274.
"""

from pokerjax.config import Config, GameConfig, LearnConfig, ModelConfig, RunConfig

config = Config(
    game=GameConfig(num_players=2),
    model=ModelConfig(d_model=64, n_layers=2, n_heads=2),
    learn=LearnConfig(
        parallel_games=64,
        rollout_length=96,
        batch_size=8 * 96,
        # A high rate and many small steps: a minute has few games (docs/learning.md).
        learning_rate=3e-3,
        learning_rate_end=0.05,
        entropy_coefficient=0.1,
        entropy_end=0.02,
        tremble=0.1,
        all_in_equity=True,
    ),
    run=RunConfig(
        num_games=400_000,
        checkpoint_every=80,
        evaluate_every=80,
        opponents=("random", "always_call", "always_all_in", "tight_aggressive", "rock"),
    ),
)
