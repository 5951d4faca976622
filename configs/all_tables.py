"""One agent for tables of 2, 3 and 6 players and stacks of 10 to 250 big blinds, the one that ships.

    python bin/train.py --config configs/all_tables.py
    python bin/train.py --config configs/all_tables.py --checkpoint shipped --learning-rate 3e-4    # goes on from it

Hardware: 1 CPU core, 2 GiB. Time: 48 min (Zen 5). Result of the first: pokerjax/shipped/all_tables/CARD.md;
five seeds: docs/results.md.
"""

from pokerjax.config import Config, GameConfig, LearnConfig, ModelConfig, RunConfig

config = Config(
    game=GameConfig(
        num_players=6,
        table_sizes=(2, 3, 6),
        shortest_stack=10.0,
        deepest_stack=250.0,
        bet_sizes=(0.33, 0.5, 0.75, 1.0, 1.5, 2.0),
    ),
    model=ModelConfig(d_model=128, n_layers=4, n_heads=4),
    learn=LearnConfig(
        parallel_games=96,
        rollout_length=192,
        batch_size=8 * 192,
        learning_rate=2e-3,
        learning_rate_end=0.05,
        entropy_coefficient=0.1,
        entropy_end=0.02,
        magnet_coefficient=0.02,
        magnet_half_life=0.05,
        tremble=0.1,
        all_in_equity=True,
    ),
    run=RunConfig(
        num_games=4_000_000,
        checkpoint_every=100,
        evaluate_every=200,
        opponents=("random", "always_call", "always_all_in", "tight_aggressive", "rock"),
    ),
)
