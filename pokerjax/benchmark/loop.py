"""What the host side of a run costs: the loop of `pokerjax.train` against bare calls of the same train step.

The loop dispatches a call before it reads the metrics of the one before, so the device should never wait. Both are
timed in one process, in turn; evaluation and checkpoints are left out of the timed calls, since what they take is
theirs. A difference of two times is as noisy as the machine; the processor time of the loop's own thread is not, and
says how long a device could wait for it, slow files and busy processors aside.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import math
import statistics
import tempfile
import time
from collections.abc import Callable
from typing import Any

import jax

from pokerjax.config import Config, require
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
        self.work: list[float] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._learner, name)

    def compile(self) -> Step:
        """The step that is timed, compiled already."""
        return self.step

    def step(self, state: Any) -> Any:
        """One call, whose start is noted."""
        self.times.append(time.perf_counter())
        self.work.append(time.thread_time())
        if len(self.times) > self._calls:
            raise _Enough
        return self._step(state)


def host_gap(
    learner: Learner, step: Step, call_seconds: float, *, rounds: int = 0,
    note: Callable[[str], None] = lambda text: None,
) -> dict[str, Any]:  # fmt: skip
    """Median seconds a call in the loop and bare, and what share of the loop's time is not the device's.

    step: the learner's, compiled; call_seconds: about how long a call takes; rounds: of bare calls and the loop in
    turn, 0 for what suits. `host_gap_share` is the median of the rounds' shares `host_gaps`; `host_work_share` the
    processor time of the loop's thread as a share of the loop's time.
    Bare means that the same calls are dispatched one ahead, as in the loop, and nothing is read but that they ended.
    """
    seconds: dict[str, list[float]] = {"loop": [], "bare": []}
    works: list[float] = []
    calls = max(2, round(_SECONDS / call_seconds))
    count = rounds or (_ROUNDS if call_seconds < _SECONDS else 1)
    for number in range(count):
        note(f"round {number + 1} of {count}, {2 * (calls + 2)} calls of about {call_seconds:.2g} s ...")
        for way in ("bare", "loop") if number % 2 == 0 else ("loop", "bare"):  # what drifts is spread over both
            if way == "bare":
                seconds["bare"].append(_bare(learner, step, calls))
            else:
                took, worked = _loop(learner, step, calls)
                seconds["loop"].append(took)
                works.append(worked / took)
    gaps = [1 - b / a for a, b in zip(seconds["loop"], seconds["bare"], strict=True)]
    return {
        "loop_call_seconds": statistics.median(seconds["loop"]),
        "bare_call_seconds": statistics.median(seconds["bare"]),
        "host_gap_share": statistics.median(gaps),
        "host_gaps": gaps,
        "host_work_share": statistics.median(works),
    }


def measure_host(config: Config, *, rounds: int, note: Callable[[str], None]) -> dict[str, Any]:
    """Compile the train step of a checked config and measure nothing but `host_gap`, in at least six rounds.

    `host_gap_interval` is the 95 % interval of the rounds' median; `note` hears what is going on. Raises `UserError`
    for fewer rounds.
    """
    require(rounds >= 6, f"--iterations {rounds}: the interval of a gap takes at least 6 rounds.")
    learner = Learner(config)
    state = learner.init(jax.random.key(config.run.seed))
    step = learner.step.lower(state).compile()
    state, _ = jax.block_until_ready(step(state))
    start = time.perf_counter()
    jax.block_until_ready(step(state))
    call_seconds = time.perf_counter() - start
    found = host_gap(learner, step, call_seconds, rounds=rounds, note=note)
    kind = {"benchmark": "host", "parameters": learner.num_parameters, "tables": learner.parallel_games}
    return kind | found | {"host_gap_interval": median_interval(found["host_gaps"])}


def median_interval(values: list[float]) -> tuple[float, float]:
    """The order statistics between which the median lies with a probability of 95 % or more; at least six values.

    The median lies below the k-th of n values with the probability that a coin shows fewer than k heads in n throws,
    whatever their distribution: a machine that others share has hiccups, which make an interval of the mean useless.
    """
    count, below, left_out = len(values), 0.0, 0
    while 2 * (below := below + math.comb(count, left_out) / 2**count) <= 0.05:
        left_out += 1
    ordered = sorted(values)
    return ordered[left_out - 1], ordered[count - left_out]


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


def _loop(learner: Learner, step: Step, calls: int) -> tuple[float, float]:
    """Seconds a call of the loop over so many, and of the processor for its thread; what it writes is thrown away."""
    timed: Any = _Timed(learner, step, calls + 2)
    nowhere, stop = contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(_Enough)
    with tempfile.TemporaryDirectory() as folder, nowhere, stop:
        run(_undisturbed(learner.config, folder), timed, lambda params, key, iteration: {})
    # The second call starts behind the first, which is waited for; the third waits for the second.
    return (timed.times[-1] - timed.times[2]) / calls, (timed.work[-1] - timed.work[2]) / calls


def _undisturbed(config: Config, folder: str) -> Config:
    """The config of a run without end that does nothing but train."""
    changes = {
        "run_dir": f"{folder}/run", "num_games": 2**30, "evaluate_every": 0, "checkpoint_every": 10**9, "snapshots": 0,
        "resume": False, "checkpoint": "", "profile": False,
    }  # fmt: skip
    return dataclasses.replace(config, run=dataclasses.replace(config.run, **changes))
