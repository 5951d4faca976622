"""What a local best response wins of an agent, in mbb a hand: a lower bound on the agent's exploitability.

A setting's program is compiled once (`lbr_program`); here it is called and its tally becomes a mean and an interval.
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
from pokerjax.evaluate.lbr_program import program
from pokerjax.evaluate.local_best_response import SETTINGS, Setting
from pokerjax.evaluate.range_policy import ModelRange, RangePolicy

MOST_TABLES = 256


@dataclasses.dataclass(frozen=True, kw_only=True)
class LocalBestResponse:
    """What a local best response wins of an agent, in thousandths of a big blind per hand."""

    mbb: float
    ci95: float
    """Half-width of the 95 % interval, from the means of the deals."""
    hands: int
    """Hands counted: two of each deal."""
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
    remedy = "train one with --num-players 2"
    require(game.num_players == 2, f"--lbr {rule}, but this agent plays with {game.num_players} players: {remedy}.")


def play_settings(agent: Contestant, key: jax.Array, *, hands: int) -> Iterator[tuple[str, LocalBestResponse]]:
    """Play the four settings against an agent, one after the other, on the same deals. Raises `UserError`."""
    check_game(agent.player.environment.game)
    policy = ModelRange(agent.player.model, agent.player.environment)
    for setting in SETTINGS:
        yield setting.name, local_best_response(policy, setting, key, hands=hands, params=agent.params)


def local_best_response(
    policy: RangePolicy, setting: Setting, key: jax.Array, *, hands: int, params: Any = None
) -> LocalBestResponse:
    """Play at least `hands` hands, rounded up to whole deals, at least two; `key` is consumed.

    Programs are kept by policy, setting and number of tables. Raises `UserError` unless the game is heads-up.
    """
    started = time.monotonic()
    check_game(policy.environment.game)
    deals = max(-(-hands // 2), 2)
    batch = 1 << (max(min(MOST_TABLES, deals // 4), 1).bit_length() - 1)
    lanes = program(policy, setting, batch)(params, key, jnp.int32(deals))
    total, squares = (float(np.asarray(x, np.float64).sum()) for x in (lanes.total, lanes.squares))
    mean = total / deals
    variance = max(squares / deals - mean**2, 0.0) * deals / (deals - 1)
    return LocalBestResponse(
        mbb=1000 * mean,
        ci95=1000 * 1.96 * math.sqrt(variance / deals),
        hands=2 * deals,
        seconds=time.monotonic() - started,
    )
