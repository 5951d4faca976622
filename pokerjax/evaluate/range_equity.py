"""The equities of every hand against every other, with the board rolled out.

Axes: H hands, R boards. The matrix of a street holds the equity of its row's hand against its column's, exact from
the flop on: all boards that can still come, each as likely; before the flop `PREFLOP_BOARDS` drawn ones stand for the
2.6 million. Pairs of hands that share a card have 0; rows and columns of hands on the board are without meaning.
"""

from __future__ import annotations

import math
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np

from pokerjax import poker
from pokerjax.compiler import compiler_options
from pokerjax.evaluate.equity import NUM_CARDS, draw_unseen
from pokerjax.evaluate.ranges import HANDS, unseen
from pokerjax.poker.once import compute_once

BOARD_CARDS = (0, 3, 4, 5)  # turned up on each street
PREFLOP_BOARDS = 8192
_BLOCK = 8  # boards compared in one pass over the matrix: with 12 XLA no longer vectorises (20 times slower)
_LEAST_NORMAL = 1 << 23  # smallest int32 that is not a denormal when read as a float32


def visible_board(board: jax.Array, street: jax.Array) -> jax.Array:
    """The board int32[5] with NO_CARD for what is not turned up on `street` yet (unbatched)."""
    return jnp.where(jnp.arange(5) < jnp.asarray(BOARD_CARDS)[street], board, poker.NO_CARD)


def hands_without(cards: jax.Array) -> jax.Array:
    """The hands int32[H, 2] that none of the different `cards` int32[k] is in."""
    count = math.comb(NUM_CARDS - cards.shape[0], 2)
    return jnp.asarray(HANDS)[jnp.nonzero(unseen(cards, jnp.asarray(HANDS)), size=count)[0]]


def compatible(hands: jax.Array) -> jax.Array:
    """Which pairs of hands int32[H, 2] can be held at once, as float32[H, H] of 0 and 1."""
    high, low = hands[:, 0], hands[:, 1]
    shared = [(mine[:, None] == theirs) for mine in (high, low) for theirs in (high, low)]
    return 1.0 - (shared[0] | shared[1] | shared[2] | shared[3])


def equity_matrix(hands: jax.Array, board: jax.Array) -> jax.Array:
    """Equities float32[H, H] of hands int32[H, 2] on the visible `board` int32[3, 4 or 5]."""
    boards = run_outs(board)
    common = math.comb(NUM_CARDS - board.shape[0] - 4, 5 - board.shape[0])  # boards that leave two hands
    return (0.5 + net_wins(hands, boards) / (2.0 * common)) * compatible(hands)


@cache
def preflop_matrix(num_boards: int = PREFLOP_BOARDS) -> jax.Array:
    """Equities float32[1326, 1326] before the flop, from always the same boards."""

    def compute(key: jax.Array) -> jax.Array:
        hands = jnp.asarray(HANDS)
        bits = jax.random.bits(key, (num_boards, 5), jnp.uint32)
        boards = jax.vmap(draw_unseen, in_axes=(None, 0))(jnp.full((1,), poker.NO_CARD), bits)
        possible = _possible(hands, boards).astype(jnp.float32)
        return (0.5 + net_wins(hands, boards) / (2.0 * (jnp.maximum(possible.T @ possible, 1)))) * compatible(hands)

    return jax.jit(compute, compiler_options=compiler_options())(jax.random.key(0))


def run_outs(board: jax.Array) -> jax.Array:
    """Every full board int32[R, 5] on top of `board` int32[3, 4 or 5]: R = 1,176 on the flop, 48 on the turn, 1."""
    missing, left = 5 - board.shape[0], NUM_CARDS - board.shape[0]
    if missing == 0:
        return board[None]
    cards = jnp.nonzero(~jnp.any(jnp.arange(NUM_CARDS)[:, None] == board, axis=1), size=left)[0]
    chosen = np.stack(np.triu_indices(left, 1), axis=1) if missing == 2 else np.arange(left)[:, None]
    drawn = cards[chosen].astype(jnp.int32)
    return jnp.concatenate([jnp.broadcast_to(board, (len(chosen), board.shape[0])), drawn], axis=1)


def net_wins(hands: jax.Array, boards: jax.Array) -> jax.Array:
    """On how many of `boards` int32[R, 5] each hand beats each other, less how often it loses to it, float32[H, H].

    A board counts for a pair only where both hands can be held with it.
    """
    columns = [boards[:, i, None] for i in range(5)]
    strengths = compute_once(poker.strength([hands[:, 0], hands[:, 1], *columns]))
    # Read as floats, positive ints keep their order, and what is not a number is neither above nor below anything.
    floats = jax.lax.bitcast_convert_type(strengths + _LEAST_NORMAL, jnp.float32)
    floats = jnp.where(_possible(hands, boards), floats, jnp.nan)
    blocks = -(-boards.shape[0] // _BLOCK)
    size = min(_BLOCK, boards.shape[0])
    floats = jnp.pad(floats, ((0, blocks * size - boards.shape[0]), (0, 0)), constant_values=jnp.nan)

    def compare(net: jax.Array, block: jax.Array) -> tuple[jax.Array, None]:
        for one in block:
            mine, theirs = one[:, None], one[None]
            net = net + (mine > theirs).astype(jnp.int32) - (mine < theirs).astype(jnp.int32)
        return net, None

    nothing = jnp.zeros((hands.shape[0], hands.shape[0]), jnp.int32)
    return jax.lax.scan(compare, nothing, floats.reshape(blocks, size, -1))[0].astype(jnp.float32)


def _possible(hands: jax.Array, boards: jax.Array) -> jax.Array:
    """Which hands can be held with which boards, bool[R, H]."""
    possible = jnp.ones((boards.shape[0], hands.shape[0]), bool)
    for i in range(5):
        possible &= (boards[:, i, None] != hands[:, 0]) & (boards[:, i, None] != hands[:, 1])
    return possible
