"""The full-size agent: 14.8 M parameters, 6 layers, 8 heads, heads-up at 100 big blinds, a million games.

    python bin/train.py --config configs/base.py
    python bin/train.py --config configs/base.py --num-players 6

Hardware: any; tables and minibatch follow the device: 64 tables and 2,048 decisions on a CPU, 1,024 and 32,768 on a
GPU, where a million games take 5 s, which is too few gradient steps: use configs/gpu.py there (--compute-dtype bfloat16
makes this one 1.6 times as fast). Time: 76 min on one core of a Zen 5, the other busy.
Result, one seed, bb/100: random +440 +- 42, always-call +1,235 +- 48, always-all-in +212 +- 25,
tight-aggressive +23 +- 14, rock +28 +- 12, pot-odds +399 +- 36 (docs/results.md).
"""

from pokerjax.config import Config, GameConfig, LearnConfig, ModelConfig, RunConfig

config = Config(
    game=GameConfig(num_players=2),
    model=ModelConfig(d_model=448, n_layers=6, n_heads=8),
    learn=LearnConfig(
        rollout_length=256,
        learning_rate=6e-4,
        learning_rate_end=0.05,
        entropy_coefficient=0.1,
        entropy_end=0.02,
        tremble=0.1,
        all_in_equity=True,
    ),
    run=RunConfig(num_games=1_000_000),
)
