"""The betting tree of one river, as the engine itself plays it with an agent's menu.

A *spot* is a heads-up hand at the start of its river: board, stacks and the betting so far. From there on nothing
public depends on the hole cards, so one tree of public histories serves all hands, and a node holds an entry for
each of them elsewhere. Axes: N nodes, L levels, A menu entries, W integers of a token, s decisions of one seat
before the river, C lanes of one call of the engine.
"""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pokerjax import poker
from pokerjax.env import tables
from pokerjax.env.tables import Decision, Environment, Table

RIVER = 3
NO_NODE = -1
NUM_SEATS = 2
_LANES = 256  # tables that one call of the engine plays on, C


@dataclasses.dataclass(frozen=True, eq=False)
class Earlier:
    """What one seat read and chose on the streets before the river, s decisions."""

    tokens: np.ndarray  # int32[s, W]
    masks: np.ndarray  # bool[s, A]
    entries: np.ndarray  # int32[s], what it chose of the menu


@dataclasses.dataclass(frozen=True, eq=False)
class Spot:
    """A hand at the start of its river, with the hole cards it happened to be dealt."""

    table: Table  # of one lane, [..., 1]
    board: np.ndarray  # int32[5]
    pot: int  # chips
    stacks: tuple[int, int]  # chips behind, by seat
    earlier: tuple[Earlier, Earlier]  # by seat


@dataclasses.dataclass(frozen=True, eq=False)
class RiverTree:
    """N nodes level by level, the root first; the children of a node stand together, in the menu's order.

    Seat 0 acts at the even levels and seat 1 at the odd ones, as heads-up betting goes.
    """

    levels: tuple[slice, ...]  # the nodes of each level
    parent: np.ndarray  # int32[N], NO_NODE of the root
    entry: np.ndarray  # int32[N], the menu entry that led here; of the root 0, without meaning
    first_child: np.ndarray  # int32[N], NO_NODE where the hand has ended
    actor: np.ndarray  # int32[N], poker.NOBODY where the hand has ended
    folded: np.ndarray  # int32[N], the seat that has folded, poker.NOBODY if none has
    stake: np.ndarray  # int32[N] chips that the winner gains and the loser loses, if the hand ends here
    tokens: np.ndarray  # int32[N, W], what the actor reads; without meaning where the hand has ended
    masks: np.ndarray  # bool[N, A], its menu

    @property
    def num_nodes(self) -> int:
        """N, ends of the hand included."""
        return len(self.parent)

    @property
    def ended(self) -> np.ndarray:
        """Whether the hand is over, bool[N]."""
        return self.actor == poker.NOBODY


class TreeTooLarge(Exception):
    """A betting tree has more nodes than were allowed."""


def spot_of(environment: Environment, hand: poker.Hand) -> Spot:
    """Play a recorded hand up to its river. Raises ValueError where it has no decision there.

    The hand must have been played with the menu of this environment.
    """
    if environment.num_players != NUM_SEATS or RIVER not in (hand.streets or ()):
        raise ValueError("A spot is made of a heads-up hand with a decision on the river.")
    start, step = _engine(environment)
    given = (np.array(rows, np.int32)[..., None] for rows in (hand.hole, hand.board, hand.stacks))
    table, decision = _read_lanes(start(*given))
    read: tuple[list[Any], ...] = ([], [])
    for action, actor in zip(hand.actions, hand.actors or (), strict=True):
        if int(table.hand.street[0]) == RIVER:
            break
        offered = decision.mask[:, 0] & (decision.amounts[:, 0] == action)
        if actor != decision.seat[0] or offered.sum() != 1:
            raise ValueError(f"The hand was not played with this menu: seat {actor} played {action}.")
        read[actor].append((decision.token[:, 0], decision.mask[:, 0], int(np.argmax(offered))))
        table, decision = _play(step, table, np.array([action]))
    state = table.hand
    first, second = (Earlier(*map(np.stack, zip(*rows, strict=True))) for rows in read)
    return Spot(
        table=table,
        board=np.asarray(state.board[:, 0]),
        pot=int(state.pot[0]),
        stacks=(int(state.stacks[0, 0]), int(state.stacks[1, 0])),
        earlier=(first, second),
    )


def river_tree(environment: Environment, spot: Spot, *, most_nodes: int) -> RiverTree:
    """Play every entry of every menu from the spot on. Raises `TreeTooLarge` beyond `most_nodes`."""
    step = _engine(environment)[1]
    table, decision = _play(step, spot.table, None)
    rows = [_rows(table, decision, np.array([NO_NODE]), np.array([0]))]
    levels = [slice(0, 1)]
    first_children = []
    while True:
        level, count = levels[-1], levels[-1].stop
        open_nodes = table.hand.actor != poker.NOBODY
        assert (table.hand.actor[open_nodes] == (len(levels) - 1) % NUM_SEATS).all(), "the seats do not alternate"
        lanes, entries = np.nonzero(decision.mask.T & open_nodes[:, None])
        children = np.bincount(lanes, minlength=len(open_nodes))
        first_children.append(np.where(open_nodes, count + np.cumsum(children) - children, NO_NODE))
        if not len(lanes):
            break
        if count + len(lanes) > most_nodes:
            raise TreeTooLarge(f"The betting tree has more than {most_nodes} nodes.")
        before = jax.tree.map(lambda x, lanes=lanes: x[..., lanes], table)
        table, decision = _play(step, before, np.asarray(decision.amounts)[entries, lanes])
        rows.append(_rows(table, decision, level.start + lanes, entries))
        levels.append(slice(count, count + len(lanes)))
    columns = {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}
    return RiverTree(levels=tuple(levels), first_child=np.concatenate(first_children).astype(np.int32), **columns)


def _rows(table: Table, decision: Decision, parent: np.ndarray, entry: np.ndarray) -> dict[str, np.ndarray]:
    """What the nodes of one level keep of their tables."""
    state = table.hand
    folded = np.where(state.folded[0], 0, np.where(state.folded[1], 1, poker.NOBODY))
    columns = {
        "parent": parent.astype(np.int32),
        "entry": entry.astype(np.int32),
        "actor": state.actor,
        "folded": folded.astype(np.int32),
        # Heads-up, what one seat put in above the other comes back to it.
        "stake": state.contributed.min(axis=0),
        "tokens": decision.token.T,
        "masks": decision.mask.T,
    }
    return {name: np.asarray(column) for name, column in columns.items()}


@cache
def _engine(environment: Environment):
    """`start(hole, board, stacks)` and `step(table, action, moves)`, compiled once; both return table and decision.

    Where `moves` is False, the table stays as it is and is only read.
    """

    @jax.jit
    def start(hole: jax.Array, board: jax.Array, stacks: jax.Array) -> tuple[Table, Decision]:
        deal, stakes = poker.Deal(hole=hole, board=board), tables.stakes_for(environment, stacks)
        table = tables.seat_players(environment, deal, stakes, jnp.zeros(stacks.shape[1:], jnp.int32))
        return table, tables.read(environment, table)

    @jax.jit
    def step(table: Table, action: jax.Array, moves: jax.Array) -> tuple[Table, Decision]:
        played, _ = tables.play(environment, table, action, poker.legal(environment.rules, table.hand))
        after = jax.tree.map(lambda new, old: jnp.where(moves, new, old), played, table)
        return after, tables.read(environment, after)

    return start, step


def _play(step, table: Table, action: np.ndarray | None) -> tuple[Table, Decision]:
    """Tables after an action each (chips), int32[n], or as they are without one; a chunk of lanes at a time."""
    count = table.hand.actor.shape[0]
    moves = np.bool_(action is not None)
    chips = np.zeros(count, np.int32) if action is None else action.astype(np.int32)
    chunks = []
    for first in range(0, count, _LANES):
        lanes = np.minimum(np.arange(first, first + _LANES), count - 1)  # the last lane repeated
        before = jax.tree.map(lambda x, lanes=lanes: x[..., lanes], table)
        kept = min(_LANES, count - first)
        chunks.append(jax.tree.map(lambda x, kept=kept: x[..., :kept], _read_lanes(step(before, chips[lanes], moves))))
    return jax.tree.map(lambda *parts: np.concatenate(parts, axis=-1), *chunks)


def _read_lanes(pair: tuple[Table, Decision]) -> tuple[Table, Decision]:
    """The same as NumPy arrays."""
    return jax.tree.map(np.asarray, pair)
