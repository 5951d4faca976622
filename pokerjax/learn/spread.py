"""How widely advantages spread where about as much is at stake: the unit that PPO measures them in.

One unit for all decisions would be that of the largest pots. In a pot of eight big blinds an action that is worth a
whole big blind more would then weigh next to nothing against the entropy, the magnet and the noise of decisions over a
hundred, and the agent would learn to play large pots first and small ones late or never (docs/learning.md). The unit is
the same for every hand and every action of a decision, so what is best in a state stays best.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from pokerjax.learn.sharding import total

_STREETS, _POTS, _DEPTHS = 4, 12, 6  # pots double from 1 to over 2,000 big blinds, depths from 10 to over 320
_GUESSED = 20.0  # decisions' worth of belief that the spread is the pot


def local_spread(
    advantage_bb: jax.Array, weights: jax.Array, street: jax.Array, pot_bb: jax.Array, depth_bb: jax.Array
) -> jax.Array:
    """Root mean square of the advantages on the same street in about as large a pot with about as deep stacks, in
    big blinds.

    All arrays are [...] and of one shape: float32 advantages, 0 where they have no weight, float32 weights, int32
    streets, float32 pots (all chips put in) and float32 depths (the most the seat can lose in the hand). A group of
    few decisions counts twenty more whose advantages are the pot. A decision is left out of its own unit, or among few
    a rare large win would measure itself and count for less than the losses that pay for it. The decisions of all
    devices count, so it does not matter on which of them one is.
    """
    pot, depth = _doublings(pot_bb, _POTS), _doublings(depth_bb / 10, _DEPTHS)
    own = weights * advantage_bb**2
    # A product of what a row and a column of groups hold, where adding at indices would sum in any order on a GPU.
    rows = jax.nn.one_hot((street * _POTS + pot).reshape(-1), _STREETS * _POTS)
    columns = jax.nn.one_hot(depth.reshape(-1), _DEPTHS)
    parts = jnp.concatenate([columns * x.reshape(-1, 1) for x in (weights, own)], axis=-1)
    sums = total(jnp.matmul(rows.T, parts, precision=jax.lax.Precision.HIGHEST))
    count, squares = (x[street * _POTS + pot, depth] for x in jnp.split(sums, 2, axis=-1))
    squares = jnp.maximum(squares - own, 0.0) + _GUESSED * 4.0**pot
    return jnp.sqrt(squares / (count - weights + _GUESSED))


def _doublings(x: jax.Array, kinds: int) -> jax.Array:
    """How often 1 doubles up to x, int32, from 0 to kinds - 1."""
    return jnp.clip(jnp.floor(jnp.log2(jnp.maximum(x, 1.0))), 0, kinds - 1).astype(jnp.int32)
