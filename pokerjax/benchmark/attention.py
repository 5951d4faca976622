"""What attention of the update costs, as it is done here and in the ways that were not taken, in one process.

Forward and backward pass of one layer's scores, softmax and mixing, projections left out. Axes: B tables, S places of
a window, R places a hand can span, N heads, H width of a head.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from pokerjax.benchmark.timing import Result, compile_for, measure
from pokerjax.config import ModelConfig
from pokerjax.model.attention import attend, banded_mask, masked_softmax

_ROUNDS = 3

Attend = Callable[[jax.Array, jax.Array, jax.Array, jax.Array], jax.Array]
"""(queries [B, S, N, H], keys, values, segments int32[B, S]) -> mixed values [B, S, N, H]."""


def blocked(context: int) -> Attend:
    """In blocks of R with the block before, as `model.attention` does it."""

    def attend_blocks(q, k, v, segments):
        return attend(q[..., None, :], k, v, banded_mask(segments, context))[..., 0, :]

    return attend_blocks


def _full_mask(segments: jax.Array) -> jax.Array:
    length = segments.shape[1]
    return (segments[:, :, None] == segments[:, None, :]) & jnp.tri(length, dtype=bool)


def full(q, k, v, segments):
    """All pairs of places under a mask."""
    scores = jnp.einsum("bqnh,bknh->bnqk", q, k).astype(jnp.float32) * q.shape[-1] ** -0.5
    weights = masked_softmax(scores, _full_mask(segments)[:, None]).astype(q.dtype)
    return jnp.einsum("bnqk,bknh->bqnh", weights, v)


def library(q, k, v, segments):
    """All pairs by `jax.nn.dot_product_attention`, which picks an implementation for the device."""
    return jax.nn.dot_product_attention(q, k, v, mask=_full_mask(segments)[:, None])


def measure_attention(config: ModelConfig, context: int, length: int, tables: int, *, seconds: float) -> list[Result]:
    """Microseconds a token and layer of each way, for a window of S = context + length."""
    heads, width = config.n_heads, config.d_model // config.n_heads
    shape, dtype = (tables, context + length, heads, width), jnp.dtype(config.compute_dtype)
    keys = jax.random.split(jax.random.key(0), 3)
    q, k, v = (jax.random.normal(key, shape, dtype) for key in keys)
    # Hands of four decisions, two seats in turn: what heads-up play brings on average.
    segments = jnp.broadcast_to(jnp.arange(shape[1]) // 4 * 2 + jnp.arange(shape[1]) % 2, shape[:2])
    ways: dict[str, Attend] = {"blocked": blocked(context), "full": full, "jax.nn.dot_product_attention": library}
    programs = {name: _gradient(attend, segments) for name, attend in ways.items()}
    rounds = [
        {name: measure(lambda p=program: p(q, k, v), seconds=seconds / _ROUNDS) for name, program in programs.items()}
        for _ in range(_ROUNDS)
    ]  # in turn, so that a busy moment does not fall on one way alone
    return [
        {
            "benchmark": "attention", "way": name, "d_model": config.d_model, "heads": heads, "tables": tables,
            "context": context, "places": shape[1], "compute_dtype": config.compute_dtype,
            "microseconds_per_token": 1e6 * min(each[name].best for each in rounds) / (tables * shape[1]),
            "seconds": sum(each[name].total for each in rounds),
        }
        for name in ways
    ]  # fmt: skip


def _gradient(attend: Attend, segments: jax.Array) -> Callable[..., Any]:
    def loss(q, k, v):
        return jnp.sum(jnp.square(attend(q, k, v, segments)))

    return compile_for(jax.grad(loss, (0, 1, 2)))
