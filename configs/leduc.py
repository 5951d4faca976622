"""Leduc poker by mirror descent with an annealed temperature, on the whole transformer path.

    python bin/train.py --config configs/leduc.py
    python bin/evaluate.py runs/leduc --export-policy leduc.json

Hardware: 2 CPU cores. Time: 6 to 8 min (29,000 decisions/s on the idle machine). Result, two seeds, 2.25 M games (9.8 M
decisions), exact exploitability of the averaged policy in chips a hand: 0.136, 0.131 (2.37 before training). The
target, 0.10, is missed: docs/learning.md says by what.
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
        learning_rate=5e-4,
        learning_rate_end=0.053,
        momentum=0.0,
        # From one chip to 0.23. Colder the network no longer follows, and the exploitability rises again.
        temperature=0.5,
        temperature_end=0.229,
        exploration=0.25,
        gae_lambda=1.0,
        magnet_half_life=0.067,
    ),
    run=RunConfig(num_games=2_250_000, checkpoint_every=2000, evaluate_every=200, opponents=()),
)
