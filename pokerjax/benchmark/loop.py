"""What the host side of a run costs: the loop of `pokerjax.train` against bare calls of the same train step.

The loop dispatches a call before it reads the metrics of the one before, so the device should never wait. Both are
timed in one process, in turn; evaluation and checkpoints are left out of the timed calls, since what they take is
theirs.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import statistics
import tempfile
import time
from collections.abc import Callable
from typing import Any

import jax

from pokerjax.config import Config
from pokerjax.learn.learner import Learner
from pokerjax.train import run

Step = Callable[[Any], Any]

_WARMING = 2  # first calls that do not count


class _Timed:
    """A learner whose calls are counted and timed, in all else the one given."""

    def __init__(self, learner: Learner, step: Step):
        self._learner, self._step = learner, step
        self.times: list[float] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._learner, name)

    def step(self, state: Any) -> Any:
        """One call, whose start is noted."""
        self.times.append(time.perf_counter())
        return self._step(state)


def host_gap(learner: Learner, step: Step, *, calls: int, rounds: int = 3) -> dict[str, float]:
    """Median seconds a call in the loop and bare, and what share of the loop's is not the device's.

    step: the learner's, compiled.
    Bare means that all calls are dispatched behind each other and only the last is waited for.
    """
    seconds: dict[str, list[float]] = {"loop": [], "bare": []}
    for _ in range(rounds):
        bare, games = _bare(learner, step, calls)
        seconds["bare"].append(bare)
        seconds["loop"].append(_loop(learner, step, calls, games))
    loop, bare = (statistics.median(seconds[name]) for name in ("loop", "bare"))
    gaps = [1 - b / a for a, b in zip(seconds["loop"], seconds["bare"], strict=True)]
    return {"loop_call_seconds": loop, "bare_call_seconds": bare, "host_gap_share": statistics.median(gaps)}


def _bare(learner: Learner, step: Step, calls: int) -> tuple[float, int]:
    """Seconds a call, and the games of all of them."""
    state = learner.init(jax.random.key(learner.config.run.seed))
    for _ in range(_WARMING):
        state, _ = step(state)
    jax.block_until_ready(state)
    start = time.perf_counter()
    for _ in range(calls):
        state, _ = step(state)
    jax.block_until_ready(state)
    return (time.perf_counter() - start) / calls, int(state.games)


def _loop(learner: Learner, step: Step, calls: int, games: int) -> float:
    """The loop over so many calls, its metrics written to a folder that is thrown away."""
    timed = _Timed(learner, step)
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        run(_undisturbed(learner.config, folder, games), timed, lambda params, key, iteration: {})
    marks = timed.times[_WARMING : _WARMING + calls + 1]
    return (marks[-1] - marks[0]) / (len(marks) - 1)


def _undisturbed(config: Config, folder: str, games: int) -> Config:
    """The config of a run of so many games that does nothing but train."""
    changes = {
        "run_dir": f"{folder}/run", "num_games": games, "evaluate_every": 0, "checkpoint_every": 10**9, "snapshots": 0,
        "resume": False, "checkpoint": "", "profile": False,
    }  # fmt: skip
    return dataclasses.replace(config, run=dataclasses.replace(config.run, **changes))
