"""Exact values and best responses on one river, for every hand of both seats at once.

A policy is an array [N, H]: the row of a node holds the probability with which the seat that acts at its parent
goes there, for each hand of that seat (of the root: 1). It need not come from a model. All sums run in float64 on
the host, over nodes of one level and all hands together (Johanson et al., "Accelerating Best Response Calculation
in Large Extensive Games", IJCAI 2011: the walk over public states). Axes: N nodes, H hands, L levels.
"""

from __future__ import annotations

import dataclasses
from functools import cached_property

import jax
import numpy as np

from pokerjax import poker
from pokerjax.evaluate.river_tree import NUM_SEATS, RiverTree

_strength = jax.jit(poker.strength)


@dataclasses.dataclass(frozen=True, eq=False)
class Showdown:
    """Hands that meet on one board: which of them can, and which of them wins."""

    hands: np.ndarray  # int32[H, 2] cards, none of them on the board
    board: np.ndarray  # int32[5]

    @cached_property
    def disjoint(self) -> np.ndarray:
        """1 where two hands share no card, and so can be dealt together, float64[H, H]."""
        first, second = self.hands[:, None, :, None], self.hands[None, :, None, :]
        return (~np.any(first == second, axis=(2, 3))).astype(np.float64)

    @cached_property
    def wins(self) -> np.ndarray:
        """1 where the hand of the row beats that of the column, -1 where it loses, 0 for a tie or a shared card."""
        cards = [self.hands[:, 0], self.hands[:, 1], *np.broadcast_to(self.board[:, None], (5, len(self.hands)))]
        strength = np.asarray(_strength(np.stack(cards)), np.int64)
        return np.sign(strength[:, None] - strength[None, :]) * self.disjoint


@dataclasses.dataclass(frozen=True, eq=False)
class RiverValues:
    """What a policy and the best responses to it win, in chips over the whole hand, if the river is reached."""

    expected: tuple[float, float]  # by seat, when both play the policy; they sum to 0
    best_response: tuple[float, float]  # by seat, when it alone answers the policy as well as can be

    @property
    def gains(self) -> tuple[float, float]:
        """What a best response gains on the policy in each seat, chips."""
        return (self.best_response[0] - self.expected[0], self.best_response[1] - self.expected[1])

    @property
    def exploitability(self) -> float:
        """NashConv / 2 in chips: the mean over the seats of what a best response gains."""
        return sum(self.gains) / NUM_SEATS


def uniform_policy(tree: RiverTree) -> np.ndarray:
    """Every entry of the menu equally likely with every hand, float64[N, 1], which broadcasts to [N, H]."""
    offered = tree.masks.sum(axis=1)
    return np.concatenate([[1.0], 1 / offered[tree.parent[1:]]])[:, None]


def river_values(tree: RiverTree, showdown: Showdown, policy: np.ndarray, ranges: np.ndarray) -> RiverValues:
    """The values of a policy [N, H] for both seats and of the best response to it, exact.

    `ranges` [2, H] are the seats' weights of their hands on arrival, in any unit each: a pair of hands was dealt
    with a probability proportional to the product of its weights, and 0 if they share a card. Raises ValueError
    where no pair has a weight.
    """
    ranges = np.asarray(ranges, np.float64)
    pairs = ranges[0] @ showdown.disjoint @ ranges[1]
    if not pairs > 0:
        raise ValueError("No two hands of these ranges can be held together.")
    expected, best = [], []
    for seat in range(NUM_SEATS):
        ends = end_values(tree, showdown, policy, ranges[1 - seat], seat)
        for responds, found in ((False, expected), (True, best)):
            root = node_values(tree, policy, ends, seat, responds=responds)[0]
            found.append(float(ranges[seat] @ root / pairs))
    return RiverValues(expected=(expected[0], expected[1]), best_response=(best[0], best[1]))


def reach(tree: RiverTree, policy: np.ndarray, weights: np.ndarray, seat: int) -> np.ndarray:
    """The weight with which a seat that arrived with `weights` [H] plays to each node, float64[N, H]."""
    weight = np.empty((tree.num_nodes, len(weights)))
    weight[0] = weights
    for depth, nodes in enumerate(tree.levels[1:]):
        weight[nodes] = weight[tree.parent[nodes]]
        if depth % NUM_SEATS == seat:
            weight[nodes] *= policy[nodes]
    return weight


def end_values(
    tree: RiverTree, showdown: Showdown, policy: np.ndarray, opponent_weights: np.ndarray, seat: int
) -> np.ndarray:
    """What a seat wins with each hand where the hand ends, weighted with the opponent's reach, float64[N, H] chips.

    0 at the other nodes.
    """
    theirs = reach(tree, policy, opponent_weights, 1 - seat)
    values = np.zeros_like(theirs)
    shown = tree.ended & (tree.folded == poker.NOBODY)
    values[shown] = theirs[shown] @ showdown.wins.T
    for folder in range(NUM_SEATS):
        nodes = tree.folded == folder
        values[nodes] = (-1 if folder == seat else 1) * (theirs[nodes] @ showdown.disjoint)
    return values * tree.stake[:, None]


def node_values(tree: RiverTree, policy: np.ndarray, ends: np.ndarray, seat: int, *, responds: bool) -> np.ndarray:
    """What a seat wins with each hand from each node on, given its `end_values`, float64[N, H] chips.

    It plays the policy, or where it `responds` the best entry for each hand. The opponent's part of the policy is
    in `ends` already, so at its nodes the children add up.
    """
    values = ends.copy()
    for depth in reversed(range(len(tree.levels) - 1)):
        nodes, children = tree.levels[depth], tree.levels[depth + 1]
        open_nodes = np.arange(nodes.start, nodes.stop)[~tree.ended[nodes]]
        groups = tree.first_child[open_nodes] - children.start
        own = depth % NUM_SEATS == seat
        if own and responds:
            values[open_nodes] = np.maximum.reduceat(values[children], groups)
        else:
            worth = values[children] * policy[children] if own else values[children]
            values[open_nodes] = np.add.reduceat(worth, groups)
    return values
