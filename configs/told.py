"""One heads-up agent against the careful and the careless: it is told how careless its table is (123 k parameters).

    python bin/train.py --config configs/told.py
    python bin/evaluate.py runs/told                       # as among unknown players, which is 0.2
    python bin/evaluate.py runs/told --carelessness 0      # as among players who never slip
    python bin/evaluate.py runs/told --carelessness 1      # as among random players

Hardware: 1 CPU core, 1 GiB. Time: 8 to 16 min (Zen 4). Result, mean of five seeds with its 95 % interval, bb/100:
told 0 random +361 +- 50, always-call +770 +- 315, always-all-in +192 +- 70, tight-aggressive +31 +- 12, rock +33 +-
10, level with the agent that ships, and a local best response that folds and calls wins +516 +- 253 mbb/hand; told 1
random +1,151 +- 62, always-call +1,853 +- 146, always-all-in +634 +- 88, tight-aggressive -50 +- 25. docs/results.md.
"""

from pokerjax.config import Config, GameConfig, LearnConfig, ModelConfig, RunConfig

config = Config(
    game=GameConfig(num_players=2),
    model=ModelConfig(d_model=64, n_layers=2, n_heads=2, told_carelessness=True),
    learn=LearnConfig(
        parallel_games=128,
        rollout_length=96,
        batch_size=16 * 96,
        learning_rate=3e-3,
        learning_rate_end=0.05,
        entropy_coefficient=0.1,
        entropy_end=0.02,
        tremble=0.2,
        random_seats=0.5,
        all_in_equity=True,
    ),
    run=RunConfig(
        num_games=2_500_000,
        checkpoint_every=200,
        evaluate_every=100,
        opponents=("random", "always_call", "always_all_in", "tight_aggressive", "rock"),
    ),
)
