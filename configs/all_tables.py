r"""One agent for tables of 2, 3 and 6 players and stacks of 10 to 250 big blinds, among seats that slip.

    python bin/train.py --config configs/all_tables.py
    python bin/train.py --config configs/all_tables.py --checkpoint shipped --learning-rate 5e-4 \
        --entropy-coefficient 0.02 --entropy-end 0.05 --num-games 9000000     # goes on from the agent that ships

From nothing it has the schedule of configs/heads_up.py and has not been tried at this size yet. The second command was:
56 min on 1 CPU core (Zen 5), level with the agent it began with (+5 +- 11 bb/100 heads-up at 100 big blinds), better
against the careless, worse on rivers (docs/learning.md). The agent that ships came in four stages of 190 min in all,
with advantages in another unit (docs/decisions.md 37): this file at commit 0c696f5 has their commands,
pokerjax/shipped/all_tables/CARD.md their result.
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
        all_in_equity=True,
    ),
    run=RunConfig(
        num_games=10_000_000,
        checkpoint_every=100,
        evaluate_every=200,
        opponents=("random", "always_call", "always_all_in", "tight_aggressive", "rock"),
    ),
)
