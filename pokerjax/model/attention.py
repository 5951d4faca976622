"""Causal attention within segments, for whole sequences and for one cached step.

A segment is the decisions of one seat in one hand. A table's sequence interleaves the decisions of all its
seats, hand after hand; a token sees the earlier tokens of its own segment and nothing else. Shapes: B tables,
S decisions, R places of the ring, N heads, H width of a head, D = N * H, C blocks, Q and K queries and keys of one.
"""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
from flax import nnx

NO_SEGMENT = -1  # marks a place that holds no token


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Cache:
    """Keys and values of the last R decisions of every table, in a ring that all tables share the index of."""

    keys: tuple[jax.Array, ...]  # per layer [B, R, D]
    values: tuple[jax.Array, ...]  # per layer [B, R, D]
    segments: jax.Array  # int32[B, R]


def segment(hand: jax.Array, seat: jax.Array, num_players: int) -> jax.Array:
    """The segment of a decision: hand and seat in one int32, unique within its table."""
    return hand * num_players + seat


class Attention(nnx.Module):
    """Multi-head attention whose projections serve both `__call__` and `step`."""

    def __init__(self, d_model: int, n_heads: int, residual_scale: float, dtype: jnp.dtype, rngs: nnx.Rngs):
        """Projections of width `d_model`; the output starts small by `residual_scale`."""
        self.n_heads = n_heads
        init = nnx.initializers.normal(d_model**-0.5)
        self.qkv = nnx.Linear(d_model, 3 * d_model, use_bias=False, kernel_init=init, dtype=dtype, rngs=rngs)
        out_init = nnx.initializers.normal(residual_scale * d_model**-0.5)
        self.out = nnx.Linear(d_model, d_model, use_bias=False, kernel_init=out_init, dtype=dtype, rngs=rngs)

    def __call__(self, x_BxSxD: jax.Array, mask_BxCxQxK: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        """The layer's output, keys and values, each [B, S, D], under the mask of `banded_mask`."""
        q_BxSxD, k_BxSxD, v_BxSxD = jnp.split(self.qkv(x_BxSxD), 3, axis=-1)
        block = mask_BxCxQxK.shape[2]
        q_BxCxQxNxH = self._heads(blocks(q_BxSxD, block))
        k_BxCxKxNxH = self._heads(with_previous(blocks(k_BxSxD, block)))
        v_BxCxKxNxH = self._heads(with_previous(blocks(v_BxSxD, block)))
        scores_BxCxNxQxK = jnp.einsum("bcqnh,bcknh->bcnqk", q_BxCxQxNxH, k_BxCxKxNxH).astype(jnp.float32)
        scores_BxCxNxQxK *= q_BxCxQxNxH.shape[-1] ** -0.5
        weights_BxCxNxQxK = _softmax(scores_BxCxNxQxK, mask_BxCxQxK[:, :, None]).astype(x_BxSxD.dtype)
        mixed_BxCxQxNxH = jnp.einsum("bcnqk,bcknh->bcqnh", weights_BxCxNxQxK, v_BxCxKxNxH)
        batch, length, width = x_BxSxD.shape
        mixed_BxSxD = mixed_BxCxQxNxH.reshape(batch, -1, width)[:, :length]
        return self.out(mixed_BxSxD), k_BxSxD, v_BxSxD

    def step(
        self, x_BxD: jax.Array, keys_BxRxD: jax.Array, values_BxRxD: jax.Array, mask_BxR: jax.Array, index: jax.Array
    ) -> tuple[jax.Array, jax.Array, jax.Array]:
        """One token a table: write its key and value at ring `index`, attend over the ring."""
        q_BxD, k_BxD, v_BxD = jnp.split(self.qkv(x_BxD), 3, axis=-1)
        keys_BxRxD = jax.lax.dynamic_update_slice_in_dim(keys_BxRxD, k_BxD[:, None], index, axis=1)
        values_BxRxD = jax.lax.dynamic_update_slice_in_dim(values_BxRxD, v_BxD[:, None], index, axis=1)
        q, k, v = self._heads(q_BxD), self._heads(keys_BxRxD), self._heads(values_BxRxD)
        # Written as products and sums: a single query makes matrices too thin for a matmul to pay.
        scores_BxRxN = jnp.sum(q[:, None].astype(jnp.float32) * k, axis=-1)
        weights_BxRxN = _softmax(scores_BxRxN * q.shape[-1] ** -0.5, mask_BxR[:, :, None], axis=1)
        mixed_BxNxH = jnp.sum(weights_BxRxN[..., None] * v, axis=1)
        return self.out(mixed_BxNxH.reshape(x_BxD.shape).astype(x_BxD.dtype)), keys_BxRxD, values_BxRxD

    def _heads(self, x: jax.Array) -> jax.Array:
        return x.reshape(*x.shape[:-1], self.n_heads, x.shape[-1] // self.n_heads)


def _softmax(scores: jax.Array, mask: jax.Array, axis: int = -1) -> jax.Array:
    """Softmax in float32 over the places of the mask; a row without any gives zeros, not NaN."""
    scores = jnp.where(mask, scores, -1e30)
    weights = jnp.exp(scores - jax.lax.stop_gradient(jnp.max(scores, axis, keepdims=True))) * mask
    return weights / jnp.maximum(jnp.sum(weights, axis, keepdims=True), 1e-30)


def blocks(x: jax.Array, block: int, fill: int = 0) -> jax.Array:
    """[B, S, ...] cut into blocks [B, C, block, ...], the last one filled up."""
    batch, length = x.shape[:2]
    count = -(-length // block)
    x = jnp.pad(x, ((0, 0), (0, count * block - length), *((0, 0),) * (x.ndim - 2)), constant_values=fill)
    return x.reshape(batch, count, block, *x.shape[2:])


def with_previous(x: jax.Array) -> jax.Array:
    """Each block [B, C, Q, ...] behind the one before it: [B, C, 2Q, ...]. A lone block stays as it is."""
    if x.shape[1] == 1:
        return x
    # The first block's predecessor is the last one, which the mask of `banded_mask` hides.
    return jnp.concatenate([jnp.roll(x, 1, axis=1), x], axis=2)


def banded_mask(segments_BxS: jax.Array, context: int) -> jax.Array:
    """Who sees whom in a sequence, bool[B, C, Q (query), K (key)], in blocks of Q = `context` decisions.

    A hand spans at most `context` decisions, so the keys of the own block and the one before it hold the
    whole segment, and attention costs S * 2 * context instead of S * S.
    """
    queries = blocks(segments_BxS, context, NO_SEGMENT)
    keys = with_previous(queries)
    size, count = queries.shape[2], queries.shape[1]
    query_place = jnp.arange(size) + keys.shape[2] - size
    causal = query_place[:, None] >= jnp.arange(keys.shape[2])[None, :]
    exists = jnp.ones((count, 1, keys.shape[2]), bool)
    if count > 1:
        exists = exists.at[0, :, :size].set(False)
    same = queries[..., :, None] == keys[..., None, :]
    return same & causal & exists & (keys != NO_SEGMENT)[..., None, :]
