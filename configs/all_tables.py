"""One agent for tables of 2, 3 and 6 players and stacks of 10 to 250 big blinds: the first stage of the one that ships.

    python bin/train.py --config configs/all_tables.py --run-dir runs/hot

It goes on from there cooler, and at last with slips that teach it to answer what it would not do itself:

    COOL="--learning-rate 7e-4 --entropy-coefficient 0.03"
    python bin/train.py --config configs/all_tables.py $COOL --num-games 2000000 \\
        --checkpoint runs/hot --run-dir runs/cool
    python bin/train.py --config configs/all_tables.py $COOL --num-games 1200000 --tremble 0.1 \\
        --checkpoint runs/cool --run-dir runs/slips

Hardware: 2 CPU cores (--num-devices 4 for all but the first stage). Time: 36, 22 and 12 min, most of them with other
work on the machine. Result, one seed: pokerjax/shipped/all_tables/CARD.md.
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
    model=ModelConfig(d_model=96, n_layers=3, n_heads=4),
    learn=LearnConfig(
        parallel_games=192,
        rollout_length=192,
        batch_size=16 * 192,
        learning_rate=1e-3,
        entropy_coefficient=0.1,
        entropy_end=0.1,
        magnet_coefficient=0.3,
        magnet_half_life=0.03,
        all_in_equity=True,
    ),
    run=RunConfig(
        num_games=3_000_000,
        checkpoint_every=100,
        evaluate_every=40,
        opponents=("random", "always_call", "always_all_in", "tight_aggressive", "rock"),
    ),
)
