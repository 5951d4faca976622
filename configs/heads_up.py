"""A small agent for heads-up at 100 big blinds (123 k parameters), from nothing in one stage among seats that slip.

    python bin/train.py --config configs/heads_up.py

Hardware: 1 CPU core, 1 GiB. Time: 10 min (Zen 5). Result, mean of five seeds with its 95 % interval, bb/100: random
+306 +- 38, always-call +573 +- 144, always-all-in +240 +- 28, tight-aggressive +42 +- 2, rock +44 +- 4, pot-odds
+207 +- 24, the agent of four stages (docs/learning.md) +10 +- 2. A local best response that folds and calls wins
+782 +- 389 mbb/hand from it, with pot and all-in on turn and river +495 +- 384 (from always-fold 750). The way
there: docs/learning.md.
"""

from pokerjax.config import Config, GameConfig, LearnConfig, ModelConfig, RunConfig

config = Config(
    game=GameConfig(num_players=2),
    model=ModelConfig(d_model=64, n_layers=2, n_heads=2),
    learn=LearnConfig(
        parallel_games=256,
        rollout_length=96,
        batch_size=32 * 96,
        learning_rate=1e-3,
        learning_rate_end=0.05,
        entropy_coefficient=0.1,
        entropy_end=0.02,
        magnet_coefficient=0.02,
        magnet_half_life=0.05,
        tremble=0.1,
        tremble_end=0.5,
        all_in_equity=True,
    ),
    run=RunConfig(
        num_games=6_000_000,
        checkpoint_every=200,
        evaluate_every=100,
        opponents=("random", "always_call", "always_all_in", "tight_aggressive", "rock"),
    ),
)
