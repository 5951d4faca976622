"""A small heads-up agent in minutes on two CPU cores.

    python bin/train.py --config configs/quick.py
"""

from pokerjax.config import Config, GameConfig, LearnConfig, ModelConfig, RunConfig

config = Config(
    game=GameConfig(num_players=2, bet_sizes=(0.5, 1.0, 2.0)),
    model=ModelConfig(d_model=64, n_layers=2, n_heads=2),
    learn=LearnConfig(
        parallel_games=256,
        rollout_length=96,
        batch_size=32 * 96,
        learning_rate=1e-3,
        entropy_coefficient=0.05,
        magnet_coefficient=0.1,
        magnet_half_life=0.03,
    ),
    run=RunConfig(num_games=600_000, checkpoint_every=100, evaluate_every=0, evaluate_games=30_000, opponents=("random", "always_call", "always_all_in", "tight_aggressive", "rock")),
)
