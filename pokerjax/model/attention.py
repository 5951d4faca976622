"""Causal attention within segments, for whole sequences and for one cached step.

A segment is the decisions of one seat in one hand. A table's sequence interleaves the decisions of all its
seats, hand after hand; a token sees the earlier tokens of its own segment and nothing else. Shapes: B tables,
S decisions, R places of the ring, D = G * M * H: G key/value heads, each shared by M query heads, H width of a head;
E = G * H width of the keys, C blocks, Q and K queries and keys of one.
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

    keys: tuple[jax.Array, ...]  # per layer [B, R, E]
    values: tuple[jax.Array, ...]  # per layer [B, R, E]
    segments: jax.Array  # int32[B, R]


def segment(hand: jax.Array, seat: jax.Array, num_players: int) -> jax.Array:
    """The segment of a decision: hand and seat in one int32, unique within its table."""
    return hand * num_players + seat


class Attention(nnx.Module):
    """Grouped-query attention whose projections serve both `__call__` and `step`.

    With as many key/value heads as heads it is multi-head attention, with one it is multi-query attention. Source:
    Ainslie et al., arXiv:2305.13245.
    """

    def __init__(
        self, d_model: int, n_heads: int, n_kv_heads: int, residual_scale: float, dtype: jnp.dtype, rngs: nnx.Rngs
    ):
        """Projections of width `d_model`; the output starts small by `residual_scale`."""
        self.groups, self.head_width = n_kv_heads, d_model // n_heads
        init = nnx.initializers.normal(d_model**-0.5)
        columns = d_model + 2 * n_kv_heads * self.head_width
        self.qkv = nnx.Linear(d_model, columns, use_bias=False, kernel_init=init, dtype=dtype, rngs=rngs)
        out_init = nnx.initializers.normal(residual_scale * d_model**-0.5)
        self.out = nnx.Linear(d_model, d_model, use_bias=False, kernel_init=out_init, dtype=dtype, rngs=rngs)

    def __call__(self, x_BxSxD: jax.Array, mask_BxCxQxK: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        """The layer's output [B, S, D], keys and values [B, S, E], under the mask of `banded_mask`."""
        q_BxSxD, k_BxSxE, v_BxSxE = self._project(x_BxSxD)
        mixed_BxSxGxMxH = attend(self._queries(q_BxSxD), self._heads(k_BxSxE), self._heads(v_BxSxE), mask_BxCxQxK)
        return self.out(mixed_BxSxGxMxH.reshape(x_BxSxD.shape)), k_BxSxE, v_BxSxE

    def step(
        self, x_BxD: jax.Array, keys_BxRxE: jax.Array, values_BxRxE: jax.Array, mask_BxR: jax.Array, index: jax.Array
    ) -> tuple[jax.Array, jax.Array, jax.Array]:
        """One token a table: write its key and value at ring `index`, attend over the ring."""
        q_BxD, k_BxE, v_BxE = self._project(x_BxD)
        keys_BxRxE = jax.lax.dynamic_update_slice_in_dim(keys_BxRxE, k_BxE[:, None], index, axis=1)
        values_BxRxE = jax.lax.dynamic_update_slice_in_dim(values_BxRxE, v_BxE[:, None], index, axis=1)
        q_BxGxMxH = self._queries(q_BxD).astype(jnp.float32)
        k_BxRxGx1xH, v_BxRxGx1xH = (self._heads(x)[..., None, :] for x in (keys_BxRxE, values_BxRxE))
        # Written as products and sums: a single query makes matrices too thin for a matmul to pay.
        scores_BxRxGxM = jnp.sum(q_BxGxMxH[:, None] * k_BxRxGx1xH, axis=-1)
        weights_BxRxGxM = masked_softmax(scores_BxRxGxM * self.head_width**-0.5, mask_BxR[:, :, None, None], axis=1)
        mixed_BxGxMxH = jnp.sum(weights_BxRxGxM[..., None] * v_BxRxGx1xH, axis=1)
        return self.out(mixed_BxGxMxH.reshape(x_BxD.shape).astype(x_BxD.dtype)), keys_BxRxE, values_BxRxE

    def _project(self, x: jax.Array) -> list[jax.Array]:
        """Queries [..., D], keys and values [..., E]."""
        width, keys = x.shape[-1], self.groups * self.head_width
        return jnp.split(self.qkv(x), [width, width + keys], axis=-1)

    def _queries(self, x: jax.Array) -> jax.Array:
        return x.reshape(*x.shape[:-1], self.groups, -1, self.head_width)

    def _heads(self, x: jax.Array) -> jax.Array:
        return x.reshape(*x.shape[:-1], self.groups, self.head_width)


def attend(q_BxSxGxMxH: jax.Array, k_BxSxGxH: jax.Array, v_BxSxGxH: jax.Array, mask_BxCxQxK: jax.Array) -> jax.Array:
    """Mixed values [B, S, G, M, H] of a sequence under the mask of `banded_mask`, in blocks of Q places."""
    length, block = q_BxSxGxMxH.shape[1], mask_BxCxQxK.shape[2]
    # Heads in front of places, so that the products are one plain batch: what GPUs are quickest at (measured).
    q_BxCxGxMxQxH = jnp.moveaxis(blocks(q_BxSxGxMxH, block), 2, 4)
    k_BxCxGxKxH = jnp.moveaxis(with_previous(blocks(k_BxSxGxH, block)), 2, 3)
    v_BxCxGxKxH = jnp.moveaxis(with_previous(blocks(v_BxSxGxH, block)), 2, 3)
    scores_BxCxGxMxQxK = jnp.einsum("bcgmqh,bcgkh->bcgmqk", q_BxCxGxMxQxH, k_BxCxGxKxH).astype(jnp.float32)
    scores_BxCxGxMxQxK *= q_BxSxGxMxH.shape[-1] ** -0.5
    weights_BxCxGxMxQxK = masked_softmax(scores_BxCxGxMxQxK, mask_BxCxQxK[:, :, None, None]).astype(v_BxSxGxH.dtype)
    mixed_BxCxQxGxMxH = jnp.moveaxis(jnp.einsum("bcgmqk,bcgkh->bcgmqh", weights_BxCxGxMxQxK, v_BxCxGxKxH), 4, 2)
    return mixed_BxCxQxGxMxH.reshape(q_BxSxGxMxH.shape[0], -1, *q_BxSxGxMxH.shape[2:])[:, :length]


def masked_softmax(scores: jax.Array, mask: jax.Array, axis: int = -1) -> jax.Array:
    """Softmax over the places of the mask; a row without any, where there is no decision, spreads evenly: no NaN."""
    return jax.nn.softmax(jnp.where(mask, scores, -1e30), axis)


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
