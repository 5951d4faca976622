"""A small six-player agent (400 k parameters) for unequal stacks from 20 to 200 big blinds.

    python bin/train.py --config configs/six_max.py

Hardware: 2 CPU cores. Time: 7 min 25 s with the machine shared by other work (5,000 to 13,000 decisions/s). Result,
one seed, bb/100 by 30,000 duplicate hands against five copies of each: random +922 +- 66, always-call +347 +- 66,
always-all-in +596 +- 70, tight-aggressive -70 +- 21, rock -41 +- 17, pot-odds -245 +- 35 (before PPO's unit of
advantages changed, docs/decisions.md 37).
"""

from pokerjax.config import Config, GameConfig, LearnConfig, ModelConfig, RunConfig

config = Config(
    game=GameConfig(num_players=6, shortest_stack=20.0, deepest_stack=200.0, unequal_stacks=True),
    model=ModelConfig(d_model=96, n_layers=3, n_heads=4),
    learn=LearnConfig(
        parallel_games=256,
        rollout_length=192,
        batch_size=16 * 192,
        learning_rate=1.5e-3,
        entropy_coefficient=0.3,
        magnet_coefficient=0.2,
        magnet_half_life=0.03,
    ),
    run=RunConfig(
        num_games=300_000,
        opponents=("random", "always_call", "always_all_in", "tight_aggressive", "rock"),
    ),
)
