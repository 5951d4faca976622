"""Leduc poker by mirror descent with an annealed temperature, on the whole transformer path.

    python bin/train.py --config configs/leduc.py
    python bin/evaluate.py runs/leduc --export-policy leduc.json

Hardware: 1 CPU core. Time: 13 to 16 min (Zen 4). Result, five seeds, 7 M games (29.9 M decisions), exact
exploitability of the averaged policy in chips a hand: 0.040, 0.043, 0.038, 0.046, 0.039 (2.37 before training).
Target: 0.055 on average; docs/learning.md has what led here.
"""

from pokerjax.config import Config, GameConfig, LearnConfig, ModelConfig, RunConfig

config = Config(
    game=GameConfig(variant="leduc"),
    model=ModelConfig(d_model=64, n_layers=2, n_heads=2, critic="action"),
    learn=LearnConfig(
        objective="mirror",
        # Small iterations, one minibatch each, and no momentum: values that lag behind the policy make it cycle.
        parallel_games=64,
        rollout_length=32,
        batch_size=64 * 32,
        iterations_per_call=50,
        learning_rate=3e-4,
        learning_rate_end=0.03,
        critic_learning_rate=3e-4,  # At the policy's rate it lags behind from a third of the run on.
        momentum=0.0,
        # From 0.6 chips to 0.048. Without the floor the exploitability rises again below 0.15 (docs/learning.md).
        temperature=0.3,
        temperature_end=0.08,
        probability_floor=0.0067,
        mirror_step=2.0,  # Weighs the policy against the values in the shared layers; 0.1 was about as good.
        max_grad_norm=20.0,
        exploration=0.25,
        gae_lambda=1.0,
        magnet_half_life=0.05,
    ),
    run=RunConfig(num_games=7_000_000, checkpoint_every=2000, evaluate_every=500, opponents=()),
)
