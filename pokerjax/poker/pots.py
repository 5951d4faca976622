"""Who wins what at the end of a hand."""

import jax
import jax.numpy as jnp
from jax import lax

from pokerjax.poker import seats
from pokerjax.poker.once import compute_once
from pokerjax.poker.seats import Seats


def settle(contributed: Seats, dead: jax.Array, live: Seats, strengths: Seats) -> list[jax.Array]:
    """Return what each seat takes out of the pots, int32 chips (unbatched, or elementwise on any batch).

    There is one pot for each different amount that a live seat has contributed: what all seats put in
    above the next lower such amount, for the live seats that put in at least this one. Each pot is split
    by itself among its best hands; odd chips go one each to the first winners left of the button. An
    uncalled bet is the top pot with one seat in it, so it needs no rule of its own. What a folded seat
    put in above every live seat falls to the top pot, dead antes to the main (lowest) pot.

    contributed: P int32 chips, without dead antes, at most 2**30.
    dead: int32 chips.
    live: P bools, at least one.
    strengths: P int32, larger is better, not negative.
    """
    amounts = [jnp.where(lives, chips, -1) for lives, chips in zip(live, contributed, strict=True)]
    highest, deepest = seats.largest(amounts), seats.largest(contributed)
    takes = [jnp.int32(0)] * len(amounts)
    for seat, amount in enumerate(amounts):
        # The pot of this seat's amount; of seats with equal amounts the first one's counts.
        others = amounts[:seat] + amounts[seat + 1 :]
        below = seats.largest(jnp.where(other < amount, other, -1) for other in others)
        repeated = seats.any_of(other == amount for other in amounts[:seat]) if seat else jnp.bool_(False)
        upper = jnp.where(amount == highest, deepest, amount)
        lower = jnp.maximum(below, 0)
        chips = seats.total(jnp.minimum(paid, upper) - jnp.minimum(paid, lower) for paid in contributed)
        chips = jnp.where(live[seat] & ~repeated, chips + jnp.where(below < 0, dead, 0), 0)

        contends = [lives & (other >= amount) for lives, other in zip(live, amounts, strict=True)]
        shown = [jnp.where(may_win, value, -1) for may_win, value in zip(contends, strengths, strict=True)]
        best = seats.largest(shown)
        winners = seats.bits(value == best for value in shown)  # nobody's bits where the pot is empty: no harm
        share, odd = _divide(chips, jnp.maximum(lax.population_count(winners), 1))
        share, odd, winners = compute_once((share, odd, winners))
        for winner in range(len(amounts)):
            winners_before = lax.population_count(winners & ((1 << winner) - 1))
            wins = (winners >> winner & 1) != 0
            takes[winner] = takes[winner] + jnp.where(wins, share + (winners_before < odd), 0)
    return takes


def _divide(chips: jax.Array, ways: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Quotient and remainder of 0 <= chips <= 2**30 by 1 <= ways <= 10.

    Integer division does not vectorise; a float32 reciprocal does. Its quotient is off by at most 2**7, that
    of the remainder (exact in float32) by one.
    """
    reciprocal = 1.0 / ways.astype(jnp.float32)
    quotient = (chips.astype(jnp.float32) * reciprocal).astype(jnp.int32)
    remainder = chips - quotient * ways
    quotient = quotient + jnp.floor(remainder.astype(jnp.float32) * reciprocal).astype(jnp.int32)
    remainder = chips - quotient * ways
    quotient = quotient + (remainder >= ways) - (remainder < 0)
    return quotient, chips - quotient * ways
