"""How fast the page answers with a full-size agent (configs/base.py, fresh parameters) on the CPU.

    python -m pytest tests/test_play_speed.py -m slow -s
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import jax
import numpy as np
import pytest

from pokerjax.agents import Agent
from pokerjax.commandline import read_config
from pokerjax.env.tables import make_environment
from pokerjax.model.transformer import Model
from pokerjax.play.session import Session
from pokerjax.play.study import Study

pytestmark = pytest.mark.slow
CLICKS = 60
LINE = [300, 0, 0, 400, 0, 0, 800, 0, 0]  # heads-up to the river: the big blind has checked
BOARD = "Ts9d2c3cKh"
ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def agent():
    config = read_config(ROOT / "configs" / "base.py")
    model = Model(make_environment(config.game), config.model)
    assert model.num_parameters > 14e6
    return Agent(model, jax.jit(model.init)(jax.random.key(0)))


def told(name: str, seconds: list[float], cpu: float) -> dict[str, float]:
    """Print what was measured, with the conditions."""
    numbers = {
        "p50_ms": round(1e3 * float(np.percentile(seconds, 50)), 1),
        "p95_ms": round(1e3 * float(np.percentile(seconds, 95)), 1),
        "cpu_ms": round(1e3 * cpu / len(seconds), 1),  # processor time of all threads, each
        "count": len(seconds),
        "load": round(os.getloadavg()[0], 1),
        "cores": os.cpu_count() or 1,
    }
    print("\n" + json.dumps({"measured": name, **numbers}))
    return numbers


def check(numbers: dict[str, float], most_ms: float) -> None:
    """The limit on a free machine; on a busy one the numbers are printed and nothing is claimed."""
    if numbers["load"] > 1.5 * numbers["cores"] and numbers["p95_ms"] > most_ms:
        pytest.skip(f"the machine is busy, so nothing is claimed: {numbers}")
    assert numbers["p95_ms"] < most_ms


def test_a_click_is_answered_at_once(agent):
    """From the human's action to the next view that asks for one: the agent's decisions are in between."""
    session = Session(agent, num_players=2, seed=0)
    session.advance()
    seconds, cpu = [], 0.0
    while len(seconds) < CLICKS + 10:
        if session.hand.done:
            session.next_hand()
            continue
        word = "call" if session.hand.legal.call_amount else "check"
        began, before = time.perf_counter(), time.process_time()
        views = session.act(word)
        json.dumps(views)
        seconds.append(time.perf_counter() - began)
        if len(seconds) > 10:
            cpu += time.process_time() - before
    check(told("answer to a click", seconds[10:], cpu), 150)


@pytest.mark.parametrize(("name", "actions"), [("preflop", 0), ("flop", 2), ("turn", 5), ("river", 8)])
def test_a_range_grid(agent, name, actions):
    """All 1,326 hands at every decision of the seat up to here, and the chart."""
    cards = {"preflop": 0, "flop": 6, "turn": 8, "river": 10}[name]
    spot = {"stacks": [10_000, 10_000], "blinds": [100, 50], "big_blind": 100, "board": BOARD[:cards]}
    spot["actions"] = LINE[:actions]
    Study(agent).spot(spot)
    seconds, cpu = [], time.process_time()
    for _ in range(5):
        study = Study(agent)  # which has kept nothing
        began = time.perf_counter()
        json.dumps(study.spot(spot))
        seconds.append(time.perf_counter() - began)
    check(told(f"range grid, {name}", seconds, time.process_time() - cpu), 2000)
