"""A board on which all hands of both players meet: which hands it leaves, and what they are worth against each other.

Axes: H hands, the 1,176 that the flop leaves, of the player in rows and of the agent in columns of matrices.
Unbatched: one board.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pokerjax import poker
from pokerjax.env.tables import Decision, Table
from pokerjax.evaluate.range_equity import compatible, equity_matrix, hands_without, visible_board
from pokerjax.evaluate.ranges import HANDS, unseen

FLOP, TURN, RIVER = 1, 2, 3
PAIRS = [math.comb(52 - known, 2) * math.comb(50 - known, 2) for known in (0, 3, 4, 5)]
"""Pairs of hands that the board of each street leaves."""


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Board:
    """A board and what is worked out on it when first asked for."""

    cards: jax.Array  # int32[5]
    hands: jax.Array  # int32[1176, 2], those that the flop leaves
    compatible: jax.Array  # float32[1176, 1176]
    final: jax.Array  # float32[1176, 1176], equities on the river
    earlier: tuple[jax.Array, jax.Array]  # float32[1176, 1176], equities on flop and turn, where `known`
    known: jax.Array  # bool[2]


def board_of(cards: jax.Array) -> Board:
    """What is known of the board int32[5] from the start."""
    hands = hands_without(cards[:3])
    both = compatible(hands)
    unknown = jnp.zeros_like(both)
    return Board(cards, hands, both, equity_matrix(hands, cards), (unknown, unknown), jnp.zeros((2,), bool))


def rows_after_flop(board: Board) -> jax.Array:
    """Which of `HANDS` the flop leaves, int32[1176]."""
    return jnp.nonzero(unseen(board.cards[:3], jnp.asarray(HANDS)), size=len(board.hands))[0]


def seen(board: Board, street: jax.Array) -> jax.Array:
    """Which hands the visible board leaves, float32[H] of 0 and 1."""
    return unseen(visible_board(board.cards, street), board.hands).astype(jnp.float32)


def pairs_on(street: jax.Array) -> jax.Array:
    """`PAIRS` of a street, float32."""
    return jnp.asarray(np.array(PAIRS, np.float32))[street]


def equity_on(board: Board, street: jax.Array) -> jax.Array:
    """Equities float32[H, H] on a street after the flop, where they are worked out."""
    matrices = [*board.earlier, board.final]
    return jax.lax.switch(street - FLOP, [lambda matrix=matrix: matrix for matrix in matrices])


def work_out(board: Board, street: int, wanted: jax.Array) -> Board:
    """The board with the equities of flop or turn (static), if they are wanted and not there yet."""
    place = street - FLOP

    def compute(_: jax.Array) -> jax.Array:
        return equity_matrix(board.hands, board.cards[: 2 + street])

    earlier = list(board.earlier)
    earlier[place] = when(wanted & ~board.known[place], compute, earlier[place])
    return dataclasses.replace(board, earlier=tuple(earlier), known=board.known.at[place].max(wanted))


def showdown(board: Board, reach: jax.Array, weights: jax.Array, street: jax.Array) -> jax.Array:
    """What the player wins of the agent, float32, where each may win 1 of the other: a mean over pairs of hands.

    On the turn over every river; `reach` and `weights` are float32[H], of the agent's and the player's hands.
    """
    left = seen(board, street)
    net = (weights * left) @ (2 * (equity_on(board, street) @ (reach * left)) - board.compatible @ (reach * left))
    return net / pairs_on(street)


def foreseen(
    decision: Decision, table: Table, seat: jax.Array, weights: jax.Array, reach: jax.Array, equity: jax.Array,
    both: jax.Array, *, may_fold: jax.Array,
) -> jax.Array:  # fmt: skip
    """What the player wins after each action of the agent if it calls or folds and no more is bet, float32[A] chips.

    `reach` [H, A] is the agent's after each action. Summed over pairs of hands.
    """
    state = table.hand
    raised = state.contributed[1 - seat] - state.bets[1 - seat] + decision.amounts
    after = jnp.where(decision.amounts == poker.CALL, state.contributed[1 - seat] + decision.legal.call_amount, raised)
    matched = jnp.minimum(after, state.contributed[seat] + state.stacks[seat])
    total = both @ reach
    shown = (2 * (equity @ reach) - total) * matched
    folds = may_fold & (decision.amounts > poker.CALL)
    return weights @ jnp.where(folds, jnp.maximum(shown, -state.contributed[seat] * total), shown)


def sum_compatible(hands: jax.Array, weights: jax.Array) -> jax.Array:
    """For each hand the sum of `weights` [H] over the hands that share no card with it, float32[H]."""
    by_card = jnp.zeros((52,)).at[hands[:, 0]].add(weights).at[hands[:, 1]].add(weights)
    return jnp.sum(weights) - by_card[hands[:, 0]] - by_card[hands[:, 1]] + weights


def when(predicate: jax.Array, change: Callable[[Any], Any], state: Any) -> Any:
    """`change(state)` where the predicate holds, else `state`.

    A loop of one turn or none, since XLA's conditionals copy what they hand on unchanged: tens of megabytes here.
    """
    return jax.lax.while_loop(lambda x: x[0], lambda x: (jnp.bool(False), change(x[1])), (predicate, state))[1]
