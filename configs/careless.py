"""A small heads-up agent (123 k parameters, 100 big blinds) that takes much from careless players.

    python bin/train.py --config configs/careless.py

A fifth of the seats that it learns among play the whole hand at random.

Hardware: 1 CPU core, 1 GiB. Time: 11 min (Zen 5). Result, mean of five seeds with its 95 % interval, bb/100: random
+1,069 +- 26, always-call +801 +- 50, always-all-in +684 +- 20, tight-aggressive +11 +- 7, rock +24 +- 4, pot-odds
+269 +- 12. It is bought with strength: the agent that ships beats it by 54 +- 8, and a local best response with
large bets on the flop wins 2,852 +- 1,404 mbb/hand from it. docs/learning.md, "Seats at random".
"""

from pokerjax.config import Config, GameConfig, LearnConfig, ModelConfig, RunConfig

config = Config(
    game=GameConfig(num_players=2),
    model=ModelConfig(d_model=64, n_layers=2, n_heads=2),
    learn=LearnConfig(
        parallel_games=128,
        rollout_length=96,
        batch_size=16 * 96,
        learning_rate=3e-3,
        learning_rate_end=0.05,
        entropy_coefficient=0.1,
        entropy_end=0.02,
        tremble=0.05,
        tremble_end=0.2,
        random_seats=0.2,
        all_in_equity=True,
    ),
    run=RunConfig(
        num_games=6_000_000,
        checkpoint_every=200,
        evaluate_every=200,
        opponents=("random", "always_call", "always_all_in", "tight_aggressive", "rock"),
    ),
)
