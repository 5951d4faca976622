r"""One agent for tables of 2, 3 and 6 players and stacks of 10 to 250 big blinds, among seats that slip: the agent
that ships.

    python bin/train.py --config configs/all_tables.py --run-dir runs/warm
    python bin/train.py --config configs/all_tables.py --tremble 0.05 --num-games 8000000 \
        --entropy-coefficient 0.01 --entropy-end 0.3 --learning-rate 7e-4 --learning-rate-end 0.05 \
        --magnet-half-life 0.05 --checkpoint runs/warm --run-dir runs/cooler
    python bin/train.py --config configs/all_tables.py --tremble 0.05 --num-games 16000000 \
        --entropy-coefficient 0.01 --entropy-end 0.3 --learning-rate 5e-4 --learning-rate-end 0.03 \
        --magnet-half-life 0.05 --checkpoint runs/cooler --run-dir runs/longer    # stopped after 6.2 M games
    python bin/train.py --config configs/all_tables.py --tremble 0.05 --num-games 9000000 \
        --entropy-coefficient 0.005 --entropy-end 0.1 --learning-rate 2.5e-4 --learning-rate-end 0.1 \
        --magnet-half-life 0.05 --checkpoint runs/longer --run-dir runs/cold

The first stage is warm and wins most from the careless; the others, cooler and with half the slips, play better
against the careful, and a local best response wins far less from them.

Hardware: 1 CPU core. Time: 53, 49, 39 and 49 min (Zen 5). Result, one seed: pokerjax/shipped/all_tables/CARD.md.
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
        learning_rate_end=0.1,
        entropy_coefficient=0.1,
        entropy_end=0.05,
        magnet_coefficient=0.3,
        magnet_half_life=0.03,
        tremble=0.1,
        all_in_equity=True,
    ),
    run=RunConfig(
        num_games=10_000_000,
        checkpoint_every=100,
        evaluate_every=200,
        opponents=("random", "always_call", "always_all_in", "tight_aggressive", "rock"),
    ),
)
