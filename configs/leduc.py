"""Leduc poker."""

from pokerjax.config import Config, GameConfig, LearnConfig, ModelConfig, RunConfig

config = Config(
    game=GameConfig(variant="leduc"),
    model=ModelConfig(d_model=64, n_layers=2, n_heads=2, critic="action"),
    learn=LearnConfig(
        objective="mirror",
        parallel_games=512,
        rollout_length=32,
        batch_size=512 * 8,
        learning_rate=2e-3,
        learning_rate_end=0.03,
        temperature=0.5,
        temperature_end=0.03,
        mirror_step=0.1,
        exploration=0.25,
        magnet_coefficient=0.0,
        gae_lambda=1.0,
        magnet_half_life=0.03,
    ),
    run=RunConfig(num_games=1_500_000, checkpoint_every=1000, evaluate_every=25, opponents=()),
)
