"""The state of a hand, and the constants that stand in it."""

from dataclasses import dataclass, fields, replace
from typing import Any

import jax
import jax.numpy as jnp

from pokerjax.poker.once import compute_once

FOLD = -1  # action: fold
CALL = 0  # action: check or call; any larger int is a raise (or bet) to so many chips on this street
NOBODY = -1  # actor once the hand is done
NOT_ACTED = -1  # in State.faced


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False)
class State:
    """A hand in progress. P seats by position, seat 0 first left of the button.

    Shapes are those of one hand; a batch, if there is one, follows them ([P, B] for B tables).
    """

    actor: jax.Array  # int32 seat to act, NOBODY once done
    street: jax.Array  # int32 0 = before the flop ... 3 = river; the last one after a showdown
    stacks: jax.Array  # int32[P] chips behind; once done, what the seat ends with
    bets: jax.Array  # int32[P] chips put in on this street, antes excluded
    pot: jax.Array  # int32 all chips put in, bets included; 0 once paid out
    folded: jax.Array  # bool[P]
    done: jax.Array  # bool the hand is over and paid out
    payoffs: jax.Array  # int32[P] final - starting stacks in chips, 0 until done
    hole: jax.Array  # int32[P, H] cards
    board: jax.Array  # int32[C] cards, all of them; `street` tells how many are turned up
    strengths: jax.Array  # int32[P] of each seat's hand at a showdown
    starting: jax.Array  # int32[P] chips, stacks before antes and blinds
    contributed: jax.Array  # int32[P] chips put in over the hand, dead antes excluded
    level: jax.Array  # int32 chips to have in on this street: the nominal blind or the last bet or raise
    faced: jax.Array  # int32[P] `level` when the seat last acted on this street, or NOT_ACTED
    last_raise: jax.Array  # int32 chips, what the next raise must add to `level`
    num_raises: jax.Array  # int32 bets and raises on this street, blinds not counted; 0 where nothing caps them
    min_bet: jax.Array  # int32 chips


StateBySeat = Any  # a State whose fields with a seat axis are lists of P arrays


def by_seat(state: State) -> StateBySeat:
    """The same state with every field that has a seat axis as a list of its P entries, as `seats` wants them."""
    return replace(state, **{name: list(getattr(state, name)) for name in _SEAT_FIELDS})


def stacked(state: StateBySeat) -> State:
    """The inverse of `by_seat`."""
    return replace(state, **{name: jnp.stack(getattr(state, name)) for name in _SEAT_FIELDS})


def compute_played_once(state: StateBySeat) -> StateBySeat:
    """The same state, everything in it that changes from action to action by `compute_once`."""
    played = {name: getattr(state, name) for name in _PLAYED_FIELDS}
    return replace(state, **compute_once(played))


_SEAT_FIELDS = ("stacks", "bets", "folded", "payoffs", "strengths", "starting", "contributed", "faced")
_FIXED_FIELDS = ("hole", "board", "strengths", "starting", "min_bet")  # the same from the first action to the last
_PLAYED_FIELDS = tuple(field.name for field in fields(State) if field.name not in _FIXED_FIELDS)
