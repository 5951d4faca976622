"""What an agent's exploitability on rivers is made of: exact best responses that may deviate in one kind of decision.

    python docs/studies/river_parts.py SPOTS MOST_NODES SEED AGENT [AGENT ...]

Each agent is heads-up at 100 big blinds in rivers of its own play; trees of more than MOST_NODES nodes are left out.
As shares of the pot: what best responses gain; those that deviate only where nothing has been bet, and only facing a
bet; what they gain when every hand plays the mean of the hands about as strong as it (a Gaussian of 0.02 of the
range), which takes out what is noise from hand to hand; and the same on an equilibrium, for scale (60 rounds of CFR+;
Tammelin, arXiv:1407.5042). A spot takes some ten seconds.
"""

from __future__ import annotations

import sys

import jax
import numpy as np

from pokerjax import device
from pokerjax.evaluate import load, seat
from pokerjax.evaluate.hands import sample_hands
from pokerjax.evaluate.river_policy import hands_on, river_policy
from pokerjax.evaluate.river_tree import NUM_SEATS, RIVER, RiverTree, TreeTooLarge, river_tree, spot_of
from pokerjax.evaluate.river_values import Showdown, end_values, node_values, reach, river_values, uniform_policy

HANDS = 1_024
FOLD = 0  # of the menu, on offer only where a bet is faced
WIDTH = 0.02
ROUNDS = 60


def main() -> None:
    """Print a line an agent."""
    device.use_compilation_cache()
    spots, most_nodes, seed = map(int, sys.argv[1:4])
    print(f"{'all':>6} {'bets':>6} {'faced':>6} {'smooth':>6} {'CFR+':>6}   % of the pot")
    for path in sys.argv[4:]:
        agent = seat(load(path), 2, 100.0)
        rows = []
        for hand in sample_hands(agent.player, agent.params, jax.random.key(seed), hands=HANDS):
            if RIVER not in (hand.streets or ()) or len(rows) == spots:
                continue
            spot = spot_of(agent.player.environment, hand)
            try:
                tree = river_tree(agent.player.environment, spot, most_nodes=most_nodes)
            except TreeTooLarge:
                continue
            showdown = Showdown(hands=hands_on(spot.board), board=spot.board)
            policy, ranges = river_policy(agent.player.model, agent.params, spot, tree, showdown.hands)
            rows.append([spot.pot, *parts(tree, showdown, policy.astype(np.float64), ranges)])
        if not rows:
            sys.exit(f"{HANDS} hands of {path} have no river with at most {most_nodes} nodes: allow more.")
        pot, *found = np.array(rows).T
        print(" ".join(f"{100 * each.sum() / pot.sum():6.1f}" for each in found), f"  {agent.label}", flush=True)


def parts(tree: RiverTree, showdown: Showdown, policy: np.ndarray, ranges: np.ndarray) -> list[float]:
    """The five figures of one river, chips."""
    whole = river_values(tree, showdown, policy, ranges)
    faces_bet = tree.masks[:, FOLD]
    figures = [whole.exploitability]
    for free in (~faces_bet, faces_bet):
        won = [value(tree, showdown, policy, ranges, each, free) for each in range(NUM_SEATS)]
        figures.append(sum(won) / NUM_SEATS)  # what both win with the policy alone sums to 0
    for other in (smoothed(tree, showdown, policy, ranges), equilibrium(tree, showdown, ranges)):
        figures.append(river_values(tree, showdown, other, ranges).exploitability)
    return figures


def value(
    tree: RiverTree, showdown: Showdown, policy: np.ndarray, ranges: np.ndarray, own: int, free: np.ndarray
) -> float:
    """What a seat wins that plays the policy, but the best entry with each hand at the nodes that are `free`."""
    values = end_values(tree, showdown, policy, ranges[1 - own], own)
    for depth in reversed(range(len(tree.levels) - 1)):
        children = tree.levels[depth + 1]
        open_nodes, groups = families(tree, depth)
        acts = depth % NUM_SEATS == own
        played = np.add.reduceat(values[children] * (policy[children] if acts else 1.0), groups)
        best = np.maximum.reduceat(values[children], groups)
        values[open_nodes] = np.where(acts & free[open_nodes, None], best, played)
    return float(ranges[own] @ values[0] / (ranges[0] @ showdown.disjoint @ ranges[1]))


def families(tree: RiverTree, depth: int) -> tuple[np.ndarray, np.ndarray]:
    """The open nodes of a level, and where the children of each begin among those of the next level."""
    nodes = tree.levels[depth]
    open_nodes = np.arange(nodes.start, nodes.stop)[~tree.ended[nodes]]
    return open_nodes, tree.first_child[open_nodes] - tree.levels[depth + 1].start


def smoothed(tree: RiverTree, showdown: Showdown, policy: np.ndarray, ranges: np.ndarray) -> np.ndarray:
    """The policy with each hand's probabilities averaged over hands that beat about as much of the other's range."""
    smooth = np.ones_like(policy)
    for own in range(NUM_SEATS):
        beaten = (showdown.wins + showdown.disjoint) @ ranges[1 - own] / 2
        place = beaten / (showdown.disjoint @ ranges[1 - own])
        near = np.exp(-0.5 * ((place[:, None] - place[None, :]) / WIDTH) ** 2)
        weight = reach(tree, policy, ranges[own], own)
        for children in tree.levels[own + 1 :: NUM_SEATS]:
            there = weight[tree.parent[children]] + 1e-9
            smooth[children] = (policy[children] * there) @ near / (there @ near)
    return smooth


def equilibrium(tree: RiverTree, showdown: Showdown, ranges: np.ndarray) -> np.ndarray:
    """CFR+: alternating updates, regrets never below 0, rounds averaged in proportion to their number."""
    shape = (tree.num_nodes, len(showdown.hands))
    policy, regrets, total = uniform_policy(tree) * np.ones(shape), np.zeros(shape), np.zeros(shape)
    for number in range(1, ROUNDS + 1):
        for own in range(NUM_SEATS):
            ends = end_values(tree, showdown, policy, ranges[1 - own], own)
            values = node_values(tree, policy, ends, own, responds=False)
            weight = reach(tree, policy, ranges[own], own)
            for children in tree.levels[own + 1 :: NUM_SEATS]:
                parents = tree.parent[children]
                regrets[children] = np.maximum(regrets[children] + values[children] - values[parents], 0)
                total[children] += number * weight[parents] * policy[children]
            policy = shares(tree, regrets, own, policy)
    for own in range(NUM_SEATS):
        policy = shares(tree, total, own, policy)
    return policy


def shares(tree: RiverTree, amounts: np.ndarray, own: int, before: np.ndarray) -> np.ndarray:
    """The policy that plays in proportion to amounts at a seat's nodes, evenly where there are none."""
    policy = before.copy()
    for depth in range(own, len(tree.levels) - 1, NUM_SEATS):
        children = tree.levels[depth + 1]
        open_nodes, groups = families(tree, depth)
        entries = tree.masks[open_nodes].sum(axis=1)
        whole = np.repeat(np.add.reduceat(amounts[children], groups), entries, axis=0)
        even = np.repeat(1 / entries, entries)[:, None]
        policy[children] = np.where(whole > 0, amounts[children] / np.where(whole > 0, whole, 1), even)
    return policy


if __name__ == "__main__":
    main()
