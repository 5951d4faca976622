"""The full-size agent for tables of 2, 3 and 6 players and stacks of 10 to 250 big blinds, on one GPU.

    python bin/train.py --config configs/gpu.py
    bash docs/studies/gpu.sh OUT SECONDS --config configs/gpu.py     # on a machine that may be gone: exports as it goes

Hardware: one GPU, 5 GiB of its memory (H200: 120,000 games/s on a busy machine). Time: some 10 min (reckoned: the run
was lost after 9), 88 s of them to the first step. Result, one seed, after 45 of the 64 M games, 2,000 hands, bb/100:
the agent that ships +31 +- 31, random +499 +- 102, always-call +1,250 +- 119, always-all-in +298 +- 70,
tight-aggressive +60 +- 29, rock +47 +- 20 (docs/learning.md, "On a GPU", which also says why there is none of the end).
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
    # Few wide heads that share their keys: the ring of keys and values is what a step of the rollout reads most of.
    model=ModelConfig(d_model=448, n_layers=6, n_heads=4, n_kv_heads=1, compute_dtype="bfloat16"),
    learn=LearnConfig(
        parallel_games=1536,
        rollout_length=192,
        batch_size=32 * 192,
        learning_rate=6e-4,
        learning_rate_end=0.03,
        entropy_coefficient=0.1,
        entropy_end=0.02,
        magnet_coefficient=0.02,
        magnet_half_life=0.05,
        tremble=0.1,
        all_in_equity=True,
    ),
    run=RunConfig(
        num_games=64_000_000,
        checkpoint_every=200,
        evaluate_every=0,
        opponents=("random", "always_call", "always_all_in", "tight_aggressive", "rock"),
    ),
)
