"""What a local best response wins of an agent, in mbb a hand: a lower bound on the agent's exploitability.

A setting's program is compiled once (`lbr_program`); here it is called and what it returns becomes a mean and an
interval.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pokerjax.config import GameConfig, require
from pokerjax.evaluate.contest import Contestant
from pokerjax.evaluate.estimate import half_width
from pokerjax.evaluate.lbr_program import MOST_BOARDS, preflop_equities, program
from pokerjax.evaluate.local_best_response import SETTINGS, Setting
from pokerjax.evaluate.range_policy import ModelRange, RangePolicy

LINES = 2  # on each board: the player in each seat
HANDS_A_LINE = 8  # dealt hands that tell as much as one line, in the weakest setting measured (docs/evaluation.md)


@dataclasses.dataclass(frozen=True, kw_only=True)
class LocalBestResponse:
    """What a local best response wins of an agent, in thousandths of a big blind per hand."""

    mbb: float
    ci95: float
    """Half-width of the 95 % interval, from the means of the boards."""
    lines: int
    """Lines of play, two on each board, each with all hands of both."""
    seconds: float
    """Wall-clock seconds, compilation included."""

    @property
    def low(self) -> float:
        """Lower end of the 95 % interval."""
        return self.mbb - self.ci95

    @property
    def high(self) -> float:
        """Upper end of the 95 % interval."""
        return self.mbb + self.ci95


def check_game(game: GameConfig) -> None:
    """Raise `UserError` unless a local best response is defined for this game."""
    rule = "is for heads-up hold'em"
    require(game.variant == "holdem", f"--lbr {rule}, but this agent plays {game.variant}: use --exploitability.")
    players = f"--lbr {rule}, not for tables of {game.num_players}"
    require(game.num_players == 2, f"{players}: leave --num-players out, or name an agent that knows two players.")


def play_settings(agent: Contestant, key: jax.Array, *, hands: int) -> Iterator[tuple[str, LocalBestResponse]]:
    """Play the four settings against an agent, one after the other, on the same boards. Raises `UserError`."""
    check_game(agent.player.environment.game)
    policy = ModelRange(agent.player.model, agent.player.environment)
    for setting in SETTINGS:
        yield setting.name, local_best_response(policy, setting, key, hands=hands, params=agent.params)


def local_best_response(
    policy: RangePolicy, setting: Setting, key: jax.Array, *, hands: int, params: Any = None
) -> LocalBestResponse:
    """Play lines that tell as much as `hands` dealt hands, two on each board; at least two boards; `key` is consumed.

    Programs are kept by policy and setting. Raises `UserError` unless the game is heads-up.
    """
    started = time.monotonic()
    check_game(policy.environment.game)
    boards = max(-(-hands // (LINES * HANDS_A_LINE)), 2)
    means = []
    for first in range(0, boards, MOST_BOARDS):
        count = min(MOST_BOARDS, boards - first)
        means.append(_chips(policy, setting, key, first, count, params).mean(axis=1))
    mbb = np.concatenate(means) * 1000 / policy.environment.game.big_blind
    return LocalBestResponse(
        mbb=float(mbb.mean()),
        ci95=half_width(float(mbb.std(ddof=1)) / math.sqrt(boards), boards),
        lines=LINES * boards,
        seconds=time.monotonic() - started,
    )


def _chips(policy: RangePolicy, setting: Setting, key: jax.Array, first: int, count: int, params: Any) -> np.ndarray:
    """What the player wins in each seat on `count` boards from number `first` on, float64[count, 2]."""
    small, *larger = policy.memory_sizes
    preflop = preflop_equities(setting)

    def play(size: int, first: int, count: int) -> tuple[np.ndarray, np.ndarray]:
        found = program(policy, setting, size)(params, preflop, key, jnp.int32(first), jnp.int32(count))
        chips, fits = jax.device_get(found)
        return chips[:count].astype(np.float64), fits[:count].copy()  # what comes from a device is read-only

    chips, fits = play(small, first, count)
    for size in larger:
        for board in np.flatnonzero(~fits):
            chips[[board]], fits[[board]] = play(size, first + int(board), 1)
    return chips
