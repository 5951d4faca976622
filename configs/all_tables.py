r"""One agent for tables of 2, 3 and 6 players and stacks of 10 to 250 big blinds, among seats that slip: the agent
that ships.

    python bin/train.py --config configs/all_tables.py --checkpoint shipped --run-dir runs/further

goes on from it. It came in five stages, and these are the settings of the fifth, which began with the fourth's agent.
The first four measured advantages in another unit (docs/decisions.md 37): commit 0c696f5 has their commands in this
file. From nothing, not tried at this size yet, take the schedule of configs/heads_up.py:

    python bin/train.py --config configs/all_tables.py --learning-rate 1e-3 --entropy-coefficient 0.1 \
        --entropy-end 0.02

Hardware: 1 CPU core. Time: 190 min for the first four stages, 53 min for the fifth (Zen 5). Result, one seed:
pokerjax/shipped/all_tables/CARD.md.
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
        learning_rate=5e-4,
        learning_rate_end=0.05,
        entropy_coefficient=0.02,
        entropy_end=0.05,
        magnet_coefficient=0.02,
        magnet_half_life=0.05,
        tremble=0.1,
        all_in_equity=True,
    ),
    run=RunConfig(
        num_games=9_000_000,
        checkpoint_every=100,
        evaluate_every=200,
        opponents=("random", "always_call", "always_all_in", "tight_aggressive", "rock"),
    ),
)
