"""The equity of one hand against every hand the other may hold, with the board rolled out.

Axes: H hands of the other, R boards. A hand's equity counts the boards it is possible on, so it is exact where
`run_outs` lists them all (from the flop on); before the flop a sample of boards stands for the 2.1 million.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np

from pokerjax import poker
from pokerjax.evaluate.equity import NUM_CARDS, draw_unseen
from pokerjax.evaluate.ranges import HANDS, unseen
from pokerjax.poker.once import compute_once

BOARD_CARDS = (0, 3, 4, 5)  # turned up on each street
PREFLOP_SAMPLES = 256  # boards that stand for all of them before the flop


def visible_board(board: jax.Array, street: jax.Array) -> jax.Array:
    """The board int32[5] with NO_CARD for what is not turned up on `street` yet (unbatched)."""
    return jnp.where(jnp.arange(5) < jnp.asarray(BOARD_CARDS)[street], board, poker.NO_CARD)


def live_hands(known: jax.Array, *, least_known: int) -> tuple[jax.Array, jax.Array]:
    """The hands int32[H, 2] without any of the cards `known` int32[k] (NO_CARD for none), and bool[H] for real ones.

    H is static: what there is when `least_known` cards are known. With more of them, hands that are not real fill up.
    """
    live = unseen(known, jnp.asarray(HANDS))
    places = jnp.nonzero(live, size=math.comb(NUM_CARDS - least_known, 2))[0]
    count = jnp.sum(live)
    return jnp.asarray(HANDS)[places], jnp.arange(places.shape[0]) < count


def equities(hole: jax.Array, board: jax.Array, street: jax.Array, hands: jax.Array, key: jax.Array) -> jax.Array:
    """Equities float32[H] of `hole` int32[2] against each hand on a street from the flop on; `board` int32[5]."""

    def on(cards: int):
        return lambda: hand_equities(hole, hands, run_outs(hole, board[:cards], key))

    return jax.lax.switch(street - 1, [on(cards) for cards in BOARD_CARDS[1:]])


def preflop_equities(hole: jax.Array, hands: jax.Array, key: jax.Array) -> jax.Array:
    """Equities float32[H] of `hole` int32[2] against each hand before the flop, on sampled boards."""
    return hand_equities(hole, hands, run_outs(hole, jnp.zeros((0,), jnp.int32), key))


def run_outs(hole: jax.Array, board: jax.Array, key: jax.Array) -> jax.Array:
    """Full boards int32[R, 5] on top of `board` int32[0, 3, 4 or 5] without the cards of `hole` int32[2].

    Every one there is, once (R = 1,081 on the flop, 46 on the turn, 1 on the river); before the flop
    `PREFLOP_SAMPLES` drawn independently with `key`, which is consumed.
    """
    known = jnp.concatenate([hole, board])
    missing = 5 - board.shape[0]
    if missing == 5:
        bits = jax.random.bits(key, (PREFLOP_SAMPLES, 5), jnp.uint32)
        return jax.vmap(draw_unseen, in_axes=(None, 0))(known, bits)
    left = NUM_CARDS - known.shape[0]
    cards = jnp.nonzero(~jnp.any(jnp.arange(NUM_CARDS)[:, None] == known, axis=1), size=left)[0]
    chosen = np.stack(np.triu_indices(left, 1), axis=1) if missing == 2 else np.arange(left)[:, None]
    if missing == 0:
        return board[None]
    drawn = cards[chosen].astype(jnp.int32)
    return jnp.concatenate([jnp.broadcast_to(board, (len(chosen), board.shape[0])), drawn], axis=1)


def hand_equities(hole: jax.Array, hands: jax.Array, boards: jax.Array) -> jax.Array:
    """Share of the pot that `hole` int32[2] wins from each of `hands` int32[H, 2] on average, float32[H].

    The average is over those of `boards` int32[R, 5] that the hand does not collide with; a tie counts half.
    """
    # Worked out beforehand, or the search for the cards that are left would be repeated in every showdown.
    boards, hands = compute_once(boards), compute_once(hands)
    columns = [boards[:, i, None] for i in range(5)]
    high, low = hands[:, 0], hands[:, 1]
    mine = poker.strength([hole[0], hole[1], *columns])
    theirs = poker.strength([high, low, *columns])
    possible = jnp.ones(theirs.shape, bool)
    for column in columns:
        possible &= (column != high) & (column != low)
    half_wins = jnp.sum(jnp.where(possible, 1 + jnp.sign(mine - theirs), 0), axis=0)
    return half_wins / (2.0 * jnp.maximum(jnp.sum(possible, axis=0), 1))
