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

_SECONDS = 3.0  # of each round of each way, and at least two calls
_ROUNDS = 3  # or one, where a call is longer than a round


class _Enough(Exception):
    """So many calls are timed."""


class _Timed:
    """A learner whose calls are timed, and that stops after some; in all else the one given."""

    def __init__(self, learner: Learner, step: Step, calls: int):
        self._learner, self._step, self._calls = learner, step, calls
        self.times: list[float] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._learner, name)

    def step(self, state: Any) -> Any:
        """One call, whose start is noted."""
        self.times.append(time.perf_counter())
        if len(self.times) > self._calls:
            raise _Enough
        return self._step(state)


def host_gap(learner: Learner, step: Step, call_seconds: float) -> dict[str, float]:
    """Median seconds a call in the loop and bare, and what share of the loop's is not the device's.

    step: the learner's, compiled; call_seconds: about how long a call takes.
    Bare means that the same calls are dispatched one ahead, as in the loop, and nothing is read but that they ended.
    """
    seconds: dict[str, list[float]] = {"loop": [], "bare": []}
    calls = max(2, round(_SECONDS / call_seconds))
    for _ in range(_ROUNDS if call_seconds < _SECONDS else 1):
        seconds["bare"].append(_bare(learner, step, calls))
        seconds["loop"].append(_loop(learner, step, calls))
    loop, bare = (statistics.median(seconds[name]) for name in ("loop", "bare"))
    gaps = [1 - b / a for a, b in zip(seconds["loop"], seconds["bare"], strict=True)]
    return {"loop_call_seconds": loop, "bare_call_seconds": bare, "host_gap_share": statistics.median(gaps)}


def _bare(learner: Learner, step: Step, calls: int) -> float:
    state, before = learner.init(jax.random.key(learner.config.run.seed)), None
    starts: list[float] = []
    for _ in range(calls + 2):
        starts.append(time.perf_counter())
        state, metrics = step(state)
        jax.block_until_ready(before)  # Not further ahead: on a CPU every call that waits takes memory.
        before = metrics
    starts.append(time.perf_counter())
    jax.block_until_ready(state)
    return (starts[-1] - starts[2]) / calls


def _loop(learner: Learner, step: Step, calls: int) -> float:
    """The loop over so many calls, its metrics written to a folder that is thrown away."""
    timed: Any = _Timed(learner, step, calls + 2)
    nowhere, stop = contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(_Enough)
    with tempfile.TemporaryDirectory() as folder, nowhere, stop:
        run(_undisturbed(learner.config, folder), timed, lambda params, key, iteration: {})
    # The second call starts behind the first, which is waited for; the third waits for the second.
    return (timed.times[-1] - timed.times[2]) / calls


def _undisturbed(config: Config, folder: str) -> Config:
    """The config of a run without end that does nothing but train."""
    changes = {
        "run_dir": f"{folder}/run", "num_games": 2**30, "evaluate_every": 0, "checkpoint_every": 10**9, "snapshots": 0,
        "resume": False, "checkpoint": "", "profile": False,
    }  # fmt: skip
    return dataclasses.replace(config, run=dataclasses.replace(config.run, **changes))
