"""The full-size agent: about 15 M parameters, 6 layers, 8 heads, heads-up at 100 big blinds.

    python bin/train.py --config configs/base.py
    python bin/train.py --config configs/base.py --num-players 6
"""

from pokerjax.config import Config, GameConfig, LearnConfig, ModelConfig, RunConfig

config = Config(
    game=GameConfig(num_players=2),
    model=ModelConfig(d_model=448, n_layers=6, n_heads=8),
    learn=LearnConfig(rollout_length=256, learning_rate=3e-4, entropy_coefficient=0.1),
    run=RunConfig(num_games=1_000_000),
)
