r"""One agent for tables of 2, 3 and 6 players and stacks of 10 to 250 big blinds, among seats that slip.

    python bin/train.py --config configs/all_tables.py
    python bin/train.py --config configs/all_tables.py --checkpoint shipped --rivals 0 --learning-rate 5e-4 \
        --entropy-coefficient 0.02 --entropy-end 0.05     # goes on from the agent that ships, which has no rivals

Hardware: 1 CPU core, 2 GiB. Time: 52 min (Zen 5). Result of the first, one seed, heads-up at 100 big blinds, bb/100:
random +265 +- 27, always-call +596 +- 28, always-all-in +190 +- 18, tight-aggressive +56 +- 8, rock +52 +- 6,
pot-odds +204 +- 21, the agent that ships -4 +- 10; an exploiter that starts as its copy wins +952 +- 179 mbb/hand of
it, of the one that ships +247 +- 95 (docs/learning.md). That one came in four stages of 190 min in all, with advantages
in another unit (docs/decisions.md 37): this file at commit 0c696f5 has their commands.
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
        num_games=8_500_000,
        checkpoint_every=100,
        evaluate_every=200,
        opponents=("random", "always_call", "always_all_in", "tight_aggressive", "rock"),
    ),
)
