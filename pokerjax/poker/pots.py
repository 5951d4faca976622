"""Who wins what at the end of a hand."""

import jax
import jax.numpy as jnp
from jax import lax


def settle(contributed: jax.Array, dead: jax.Array, live: jax.Array, strengths: jax.Array) -> jax.Array:
    """Return what each seat takes out of the pots, int32[P] chips (unbatched).

    There is one pot for each different amount that a live seat has contributed: what all seats put in
    above the next lower such amount, for the live seats that put in at least this one. Each pot is split
    by itself among its best hands; odd chips go one each to the first winners left of the button. An
    uncalled bet is the top pot with one seat in it, so it needs no rule of its own. What a folded seat
    put in above every live seat falls to the top pot, dead antes to the main (lowest) pot.

    contributed: int32[P] chips, without dead antes.
    dead: int32 chips.
    live: bool[P], at least one.
    strengths: int32[P], larger is better, not negative.
    """
    # Row k of a [P, P] array is the pot of seat k's amount, column j is seat j in it. Of seats with equal
    # amounts the first one's row is the pot, the others' are empty. Sets of seats are int32 bit masks.
    seat_bits = 1 << jnp.arange(contributed.shape[0], dtype=jnp.int32)
    earlier_seats = seat_bits - 1

    amounts = jnp.where(live, contributed, -1)
    pot, seat = amounts[:, None], amounts[None, :]
    below = jnp.max(jnp.where(seat < pot, seat, -1), axis=1)
    is_first = _seats(seat == pot, seat_bits) & earlier_seats == 0

    upper = jnp.where(amounts == jnp.max(amounts), jnp.max(contributed), amounts)
    lower = jnp.maximum(below, 0)
    layer = jnp.minimum(contributed, upper[:, None]) - jnp.minimum(contributed, lower[:, None])
    chips = jnp.sum(layer, axis=1, dtype=jnp.int32) + jnp.where(below < 0, dead, 0)
    chips = jnp.where(live & is_first, chips, 0)

    contends = live & (seat >= pot)
    best = jnp.max(jnp.where(contends, strengths, -1), axis=1, keepdims=True)
    wins = contends & (strengths == best)
    winners = _seats(wins, seat_bits)
    count = jnp.maximum(lax.population_count(winners), 1)
    share = lax.div(chips, count)
    winners_before = lax.population_count(winners[:, None] & earlier_seats)
    takes = share[:, None] + (winners_before < (chips - share * count)[:, None])
    return jnp.sum(jnp.where(wins, takes, 0), axis=0, dtype=jnp.int32)


def _seats(mask: jax.Array, seat_bits: jax.Array) -> jax.Array:
    """Pack the rows of bool[P, P] into int32[P] bit masks."""
    return jnp.sum(jnp.where(mask, seat_bits, 0), axis=1, dtype=jnp.int32)
