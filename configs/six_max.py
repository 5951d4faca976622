"""A small six-player agent (400 k parameters) for unequal stacks from 20 to 200 big blinds.

    python bin/train.py --config configs/six_max.py

Hardware: 1 CPU core. Time: 6 min (Zen 5). Result, one seed, bb/100 by 20,000 duplicate hands against five copies of
each: random +197 +- 21, always-call +495 +- 43, always-all-in +223 +- 24, tight-aggressive +3 +- 5, rock +14 +- 4,
pot-odds as it was until 2026-11-27 +101 +- 12, the agent that ships -2 +- 8.
"""

from pokerjax.config import Config, GameConfig, LearnConfig, ModelConfig, RunConfig

config = Config(
    game=GameConfig(num_players=6, shortest_stack=20.0, deepest_stack=200.0, unequal_stacks=True),
    model=ModelConfig(d_model=96, n_layers=3, n_heads=4),
    learn=LearnConfig(
        parallel_games=96,
        rollout_length=192,
        batch_size=8 * 192,
        learning_rate=2.5e-3,
        learning_rate_end=0.05,
        entropy_coefficient=0.1,
        entropy_end=0.02,
        tremble=0.1,
        tremble_end=0.5,
        all_in_equity=True,
    ),
    run=RunConfig(
        num_games=600_000,
        opponents=("random", "always_call", "always_all_in", "tight_aggressive", "rock"),
    ),
)
