"""The least time a trained decision can take: its FLOP at the rate of matrix products, its bytes at that of copies.

FLOP are those of matrix products, attention's included; bytes are what must pass through memory where caches hold no
more than a block: activations written and read once, weights once a use, the ring once a step. A floor, not a
forecast. Axes: B tables on a device, T decisions of a rollout, R places of the prefix.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from pokerjax.benchmark.timing import measure
from pokerjax.learn.learner import Learner
from pokerjax.learn.memory import backward_bytes, cache_bytes, forward_bytes, window_bytes

_COPIED = 1 << 25  # float32 of the array that is copied: 128 MiB, beyond any cache
_CALLS = 8  # behind each other, so that an accelerator does not wait for the host


def copy_rate(*, seconds: float) -> float:
    """Bytes/s read and written by adding 1 to a long array in its place."""
    # Calls of a donating program: inside a loop of one program XLA would use one thread of a CPU.
    add = jax.jit(lambda x: x + 1, donate_argnums=0)
    x = jnp.zeros(_COPIED)

    def some() -> jax.Array:
        nonlocal x
        for _ in range(_CALLS):
            x = add(x)
        return x

    return 8.0 * _COPIED * _CALLS / measure(some, seconds=seconds).best


def work(learner: Learner) -> dict[str, tuple[float, float]]:
    """FLOP and bytes of one decision in each part of the train step."""
    model, learn = learner.model, learner.config.learn
    layers, width, ring = model.config.n_layers, model.config.d_model, model.environment.hand_limit
    read = 1 + ring / learn.rollout_length  # tokens of a window for each decision
    tables = learner.parallel_games // learner.num_devices
    weights, all_bytes = model.num_matmul_parameters, 4 * model.num_parameters
    passes = layers * forward_bytes(model)

    def attention(places: int) -> float:
        return 4.0 * places * width * layers

    minibatch = learner.batch_tables * learn.rollout_length
    forward = 2.0 * weights + attention(2 * ring)
    parts = {
        "engine": (0.0, 2.0 * window_bytes(model, learn) / learn.rollout_length),
        "rollout_model": (
            2.0 * weights + attention(ring) + (read - 1) * forward,
            cache_bytes(model) + all_bytes / tables + read * passes,
        ),
        "update": (
            3.0 * learn.epochs * read * forward,
            learn.epochs * (3.0 * read * backward_bytes(model) + 8.0 * all_bytes / minibatch),
        ),
    }
    if learner.has_magnet:
        parts["magnet"] = (read * forward, read * passes)
    return parts


def floors(learner: Learner, matmul_rate: float, bytes_rate: float) -> dict[str, dict[str, Any]]:
    """FLOP, bytes and least seconds of each part for one iteration's decisions, and which of the two rates binds."""
    found = {}
    for part, (flop, moved) in work(learner).items():
        computing, moving = flop / matmul_rate, moved / bytes_rate
        found[part] = {
            "flops_per_decision": flop,
            "bytes_per_decision": moved,
            "seconds": learner.decisions_per_iteration * max(computing, moving) / learner.num_devices,
            "bound": "matrix products" if computing >= moving else "memory",
        }
    return found
