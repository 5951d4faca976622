"""How far an agent's play on the river is from optimal: exact best responses in spots of its own making.

A spot is drawn by letting the agent play itself until a river is reached with chips behind. Both seats then hold
the ranges that Bayes gives from the agent's own probabilities, and the whole betting tree of the river is solved
for what a best response with the agent's menu gains. An opponent who plays as the agent does up to the river and
answers perfectly from there on would win as much, so the gain times the share of hands that come so far is a
lower bound of the exploitability in the whole game. Axes: N nodes, H = 1,081 hands that a board leaves.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Sequence

import jax
import numpy as np

from pokerjax.config import GameConfig, require
from pokerjax.evaluate.estimate import half_width
from pokerjax.evaluate.hands import sample_hands
from pokerjax.evaluate.players import ModelPlayer
from pokerjax.evaluate.river_policy import hands_on, river_policy
from pokerjax.evaluate.river_tree import NUM_SEATS, RIVER, RiverTree, Spot, TreeTooLarge, river_tree, spot_of
from pokerjax.evaluate.river_values import Showdown, river_values, uniform_policy
from pokerjax.model.transformer import Model, Parameters

MOST_NODES = 30_000  # of a tree: all there are with 100 big blinds and the default menu; some 2 GB
SAMPLED_AT_ONCE = 1_024  # hands
MOST_HANDS = 200_000  # played in search of spots


@dataclasses.dataclass(frozen=True, kw_only=True)
class Estimate:
    """A mean over spots with the half-width of its 95 % interval."""

    mean: float
    ci95: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class SpotResult:
    """What one spot came to. Amounts in thousandths of a big blind."""

    pot: float
    """At the start of the river."""
    nodes: int
    """Of the betting tree, ends of the hand included."""
    exploitability: float
    """NashConv / 2: the mean over the seats of what a best response gains on the agent."""
    gains: tuple[float, float]
    """What a best response gains in each seat."""
    uniform: float
    """The exploitability if both seats, with the same ranges, chose from the menu at random from here on."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class RiverResult:
    """The spots of one agent, in thousandths of a big blind (mbb) and in shares of the pot."""

    spots: tuple[SpotResult, ...]
    left_out: int
    """Spots whose tree is larger than MOST_NODES."""
    hands: int
    """Hands the agent played against itself."""
    reached: int
    """Those with a decision on the river."""
    seconds: float
    """Wall-clock seconds, compilation included."""

    @property
    def exploitability(self) -> Estimate:
        """Mbb at a spot."""
        return _estimate([spot.exploitability for spot in self.spots])

    @property
    def share_of_pot(self) -> Estimate:
        """Exploitability over the pot: the ratio of their means, a mean of ratios would rest on the few small pots."""
        return _ratio([spot.exploitability for spot in self.spots], [spot.pot for spot in self.spots])

    @property
    def uniform(self) -> Estimate:
        """Mbb at a spot for a policy that chooses at random from the menu."""
        return _estimate([spot.uniform for spot in self.spots])

    @property
    def uniform_share_of_pot(self) -> Estimate:
        """The same over the pot."""
        return _ratio([spot.uniform for spot in self.spots], [spot.pot for spot in self.spots])

    @property
    def whole_game(self) -> Estimate:
        """A lower bound of the exploitability in the whole game, mbb a hand; spots left out count as 0."""
        gain, tried = self.exploitability, len(self.spots) + self.left_out
        # Spots were tried until enough had been solved, so the last was one of these: it tells nothing of their share.
        solved = (len(self.spots) - 1) / (tried - 1)
        shares = ((self.reached / self.hands, self.hands), (solved, tried))
        share = math.prod(part for part, _ in shares)
        relative = sum((1 - part) / (part * number) for part, number in shares)  # variance of the product of the shares
        return Estimate(
            mean=share * gain.mean, ci95=math.hypot(share * gain.ci95, 1.96 * math.sqrt(relative) * share * gain.mean)
        )


def measure(player: ModelPlayer, params: Parameters, key: jax.Array, *, spots: int) -> RiverResult:
    """Exploitability in `spots` (at least 2) rivers of the agent's own play; `key` is consumed.

    Raises `UserError` for other games than heads-up hold'em, and where the agent hardly ever plays a river.
    """
    check_game(player.environment.game)
    started = time.monotonic()
    results: list[SpotResult] = []
    left_out = hands = reached = 0
    while len(results) < spots:
        came = f"{reached} of {hands:,} hands came to a river with chips behind ({left_out} with too large a tree)"
        require(hands < MOST_HANDS, f"Only {came}, which does not do for --river {spots}: ask for fewer spots.")
        sampled = sample_hands(player, params, jax.random.fold_in(key, hands), hands=SAMPLED_AT_ONCE)
        found = [hand for hand in sampled if RIVER in (hand.streets or ())]
        hands, reached = hands + len(sampled), reached + len(found)
        for hand in found:
            if len(results) == spots:
                break
            spot = spot_of(player.environment, hand)
            try:
                tree = river_tree(player.environment, spot, most_nodes=MOST_NODES)
            except TreeTooLarge:
                left_out += 1
                continue
            results.append(measure_spot(player.model, params, spot, tree))
    seconds = time.monotonic() - started
    return RiverResult(spots=tuple(results), left_out=left_out, hands=hands, reached=reached, seconds=seconds)


def check_game(game: GameConfig) -> None:
    """Raise `UserError` unless the game is heads-up hold'em."""
    rule = "--river measures agents of heads-up hold'em only, but this one plays"
    require(game.variant == "holdem", f"{rule} {game.variant.capitalize()} poker: use --exploitability.")
    require(game.num_players == NUM_SEATS, f"{rule} at tables of {game.num_players}: leave the flag out.")


def measure_spot(model: Model, params: Parameters, spot: Spot, tree: RiverTree) -> SpotResult:
    """One spot: the agent's ranges and policy, and what best responses gain on it and on the uniform policy."""
    showdown = Showdown(hands=hands_on(spot.board), board=spot.board)
    policy, ranges = river_policy(model, params, spot, tree, showdown.hands)
    values = river_values(tree, showdown, policy, ranges)
    uniform = river_values(tree, showdown, uniform_policy(tree), ranges)
    mbb = 1000 / model.environment.game.big_blind
    return SpotResult(
        pot=mbb * spot.pot,
        nodes=tree.num_nodes,
        exploitability=mbb * values.exploitability,
        gains=(mbb * values.gains[0], mbb * values.gains[1]),
        uniform=mbb * uniform.exploitability,
    )


def _estimate(values: Sequence[float]) -> Estimate:
    error = float(np.std(values, ddof=1)) / math.sqrt(len(values))
    return Estimate(mean=float(np.mean(values)), ci95=half_width(error, len(values)))


def _ratio(values: Sequence[float], sizes: Sequence[float]) -> Estimate:
    """The mean value over the mean size, with the interval of its linearisation (Cochran, "Sampling Techniques")."""
    ratio, size = float(np.sum(values) / np.sum(sizes)), float(np.mean(sizes))
    around = _estimate([value - ratio * size for value, size in zip(values, sizes, strict=True)])
    return Estimate(mean=ratio, ci95=around.ci95 / size)
