"""The full-size agent: 14.8 M parameters, 6 layers, 8 heads, heads-up at 100 big blinds, a million games.

    python bin/train.py --config configs/base.py
    python bin/train.py --config configs/base.py --num-players 6

Hardware: any; tables and minibatch follow the device (128 and 8,192 decisions on a CPU, 1,024 tables on a GPU).
Time: on 2 CPU cores 202 to 218 games/s heads-up, so about 80 minutes (steady state measured, not the whole
run); on a GPU not measured yet. Result: not measured yet, no run of this size has been trained to its end.
"""

from pokerjax.config import Config, GameConfig, LearnConfig, ModelConfig, RunConfig

config = Config(
    game=GameConfig(num_players=2),
    model=ModelConfig(d_model=448, n_layers=6, n_heads=8),
    learn=LearnConfig(rollout_length=256, learning_rate=3e-4, entropy_coefficient=0.1),
    run=RunConfig(num_games=1_000_000),
)
