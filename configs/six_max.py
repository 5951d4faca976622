"""A middle-sized six-player agent for stacks from 20 to 200 big blinds, unequal at the table.

    python bin/train.py --config configs/six_max.py
"""

from pokerjax.config import Config, GameConfig, LearnConfig, ModelConfig, RunConfig

config = Config(
    game=GameConfig(num_players=6, shortest_stack=20.0, deepest_stack=200.0, unequal_stacks=True),
    model=ModelConfig(d_model=128, n_layers=4, n_heads=4),
    learn=LearnConfig(rollout_length=192, learning_rate=1e-3, entropy_coefficient=0.2),
    run=RunConfig(num_games=1_000_000),
)
