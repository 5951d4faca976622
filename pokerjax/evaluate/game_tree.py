"""The whole tree of a small fixed-limit game (Kuhn, Leduc), as the engine itself plays it.

What is public in such a game does not depend on the cards, so the tree is one of public histories, and every node
holds an entry for each of the D deals. Nodes are numbered level by level, the root first. Action 0 folds, 1 checks
or calls, 2 bets or raises.
"""

from __future__ import annotations

import dataclasses
from functools import cache, partial
from itertools import permutations

import jax
import jax.numpy as jnp
import numpy as np

from pokerjax import poker

FOLD, CALL, RAISE = range(3)
NUM_ACTIONS = 3
NO_NODE = -1
_CHUNK = 16  # public histories that one call of the engine plays on
_MOST_NODES = 20_000


@dataclasses.dataclass(frozen=True, eq=False)
class GameTree:
    """N nodes, D deals (equally likely), I information states, P players."""

    rules: poker.Rules
    cards: np.ndarray  # int32[D, P + C]: each seat's card, then the board
    histories: tuple[tuple[int, ...], ...]  # of every node: the actions that led to it
    levels: tuple[np.ndarray, ...]  # the node numbers of each depth
    actor: np.ndarray  # int32[N], poker.NOBODY at the end of a hand
    street: np.ndarray  # int32[N]
    contributed: np.ndarray  # int32[N, P] chips
    legal: np.ndarray  # bool[N, 3]
    children: np.ndarray  # int32[N, 3], NO_NODE where there is none
    payoffs: np.ndarray  # int32[N, P, D] chips, 0 before the end
    information: np.ndarray  # int32[N, D]: the information state of the actor; 0 at the end
    examples: np.ndarray  # int32[I, 2]: a node and a deal of each information state

    @property
    def num_information_states(self) -> int:
        """I, over all players."""
        return len(self.examples)


@cache
def game_tree(rules: poker.Rules) -> GameTree:
    """Play a game of one hole card to all its ends. Raises ValueError where the tree is too large for that."""
    if rules.hole_cards != 1 or rules.betting != "fixed_limit" or rules.max_raises is None:
        raise ValueError(
            "A game tree is built for fixed-limit games of one hole card and capped raises, such as poker.kuhn() "
            f"and poker.leduc(), not for {rules.hole_cards} hole cards at {rules.betting.replace('_', ' ')}."
        )
    deck = [4 * (i // rules.num_suits) + i % rules.num_suits for i in range(rules.deck_size)]
    cards = np.array(list(permutations(deck, rules.num_cards)), np.int32)
    start, step = _programs(rules)
    root = start(cards.T)

    histories, levels, rows, links = [()], [np.array([0])], [_row(rules, root)], []
    states = jax.tree.map(lambda x: np.asarray(x)[..., None, :], root)  # [..., nodes of this level, D]
    while True:
        number = levels[-1]
        open_nodes = [i for i, node in enumerate(number) if rows[node]["actor"] != poker.NOBODY]
        moves = [(i, action) for i in open_nodes for action in range(NUM_ACTIONS) if rows[number[i]]["legal"][action]]
        if not moves:
            break
        first = len(histories)
        if first + len(moves) > _MOST_NODES:
            raise ValueError(f"The game tree has more than {_MOST_NODES} nodes: it is built for games like Leduc.")
        links += [(number[i], action, first + k) for k, (i, action) in enumerate(moves)]
        histories += [(*histories[number[i]], action) for i, action in moves]
        states = _play_on(step, states, moves)
        rows += [_row(rules, jax.tree.map(lambda x, k=k: x[..., k, :], states)) for k in range(len(moves))]
        levels.append(np.arange(first, first + len(moves)))

    table = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
    children = np.full((len(rows), NUM_ACTIONS), NO_NODE, np.int32)
    for parent, action, child in links:
        children[parent, action] = child
    information, examples = _information(rules, cards, table["actor"], table["street"])
    return GameTree(
        rules=rules, cards=cards, histories=tuple(histories), levels=tuple(levels), children=children,
        information=information, examples=examples, **table,
    )  # fmt: skip


def _programs(rules: poker.Rules):
    """The compiled start of all deals, int32[P + C, D], and a step of a chunk of nodes."""
    stakes = poker.stakes(rules)

    @jax.jit
    def start(cards: jax.Array) -> poker.State:
        players = rules.num_players
        return poker.start(rules, poker.Deal(hole=cards[:players, None], board=cards[players:]), stakes)

    @jax.jit
    def step(state: poker.State, action: jax.Array) -> poker.State:
        raise_to = poker.legal(rules, state).min_raise_to
        return poker.act(rules, state, jnp.where(action == RAISE, raise_to, jnp.where(action == CALL, 0, -1)))

    return start, step


def _play_on(step, states: poker.State, moves: list[tuple[int, int]]) -> poker.State:
    """The states after each move (place in the level, action), a chunk at a time so that one program serves."""
    chunks = []
    for first in range(0, len(moves), _CHUNK):
        chunk = moves[first : first + _CHUNK]
        padded = chunk + [chunk[-1]] * (_CHUNK - len(chunk))
        places = np.array([place for place, _ in padded])
        before = jax.tree.map(lambda x, places=places: x[..., places, :], states)
        after = step(before, np.array([[action] for _, action in padded], np.int32))
        kept = slice(len(chunk))
        chunks.append(jax.tree.map(lambda x, kept=kept: np.asarray(x)[..., kept, :], after))
    return jax.tree.map(partial(_join, axis=-2), *chunks)


def _join(*parts: np.ndarray, axis: int) -> np.ndarray:
    return np.concatenate(parts, axis=axis)


def _row(rules: poker.Rules, state: poker.State) -> dict[str, np.ndarray]:
    """What a node keeps of its state [..., D]."""
    may = jax.tree.map(np.asarray, poker.legal(rules, state))
    public = {
        "actor": np.asarray(state.actor),
        "street": np.asarray(state.street),
        "contributed": np.asarray(state.contributed),
        "legal": np.stack([may.fold, may.call, may.raises]),
    }
    assert all((x == x[..., :1]).all() for x in public.values()), "the public course depends on the cards"
    return {name: x[..., 0] for name, x in public.items()} | {"payoffs": np.asarray(state.payoffs)}


def _information(rules: poker.Rules, cards, actor, street) -> tuple[np.ndarray, np.ndarray]:
    """Number what an actor knows at each node and deal: the node, the own card, the board that is turned up."""
    shown = np.cumsum(rules.board_cards)[street]  # [N]
    nodes, deals = len(actor), len(cards)
    own = cards[:, np.maximum(actor, 0)].T  # [N, D]
    board = cards[None, :, rules.num_players :] * np.ones((nodes, 1, 1), np.int32)
    board = np.where(np.arange(rules.num_board_cards) < shown[:, None, None], board, poker.NO_CARD)
    node = np.broadcast_to(np.arange(nodes)[:, None], (nodes, deals))
    keys = np.concatenate([node[..., None], own[..., None], board], axis=-1)
    open_nodes = actor != poker.NOBODY
    _, first, inverse = np.unique(
        keys[open_nodes].reshape(-1, keys.shape[-1]), axis=0, return_index=True, return_inverse=True
    )
    information = np.zeros((nodes, deals), np.int32)
    information[open_nodes] = inverse.reshape(-1, deals)
    places = np.stack([np.flatnonzero(open_nodes)[first // deals], first % deals], axis=1)
    return information, places.astype(np.int32)
