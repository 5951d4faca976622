"""The equity of a hand against random ones, by sampling what is not seen."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from pokerjax import poker

NUM_CARDS = 52


def equity(fields: dict[str, jax.Array], key: jax.Array, *, samples: int) -> jax.Array:
    """Share of the pot that the seat wins on average, float32 (unbatched); `key` is consumed.

    `fields` are those of its decision token. Missing board cards and the hands of the seats that have not
    folded are drawn from the unseen cards; a tie is shared.
    """
    hole = jnp.stack([fields["hole_high"], fields["hole_low"]])
    board = jnp.stack([fields[f"board_{i}"] for i in range(5)])
    rivals_in = fields["folded"][1:] == 0
    num_rivals = rivals_in.shape[0]
    known = jnp.concatenate([hole, board])
    bits = jax.random.bits(key, (samples, 5 + 2 * num_rivals), jnp.uint32)

    def one(bits: jax.Array) -> jax.Array:
        drawn = draw_unseen(known, bits)
        full = jnp.where(board >= 0, board, drawn[:5])
        mine = poker.strength(jnp.concatenate([hole, full]))
        rivals = drawn[5:].reshape(num_rivals, 2)
        theirs = jax.vmap(lambda cards: poker.strength(jnp.concatenate([cards, full])))(rivals)
        theirs = jnp.where(rivals_in, theirs, -1)
        return jnp.where(mine >= jnp.max(theirs), 1.0 / (1 + jnp.sum(theirs == mine)), 0.0)

    return jnp.mean(jax.vmap(one)(bits))


def draw_unseen(known: jax.Array, bits: jax.Array) -> jax.Array:
    """Draw different cards int32[n] that are not among `known` int32[k] (NO_CARD where there is none).

    As in `poker.deal_from_bits`: draw i is a digit among the cards that are left, and undoing the earlier
    draws, the latest first, turns digits into cards. The known cards are draws that came before.
    """
    present = known >= 0
    order = jnp.arange(known.size)
    earlier = (known[None, :] < known[:, None]) & present[None, :] & (order[None, :] < order[:, None])
    known_digits = jnp.where(present, known - jnp.sum(earlier, axis=1), NUM_CARDS)
    left = (NUM_CARDS - jnp.sum(present) - jnp.arange(bits.size)).astype(jnp.uint32)
    high, low = bits >> 16, bits & 0xFFFF
    digits = ((high * left + (low * left >> 16)) >> 16).astype(jnp.int32)
    drawn, index = digits, jnp.arange(bits.size)
    for i in reversed(range(bits.size - 1)):
        drawn = drawn + ((index > i) & (drawn >= digits[i]))
    for i in reversed(range(known.size)):
        drawn = drawn + (drawn >= known_digits[i])
    return drawn
