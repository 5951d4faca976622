"""Clocks: time a compiled program in steady state."""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Callable
from typing import Any

import jax

from pokerjax.compiler import compiler_options

Result = dict[str, Any]
"""One measurement, as it is printed by `--json`. Quantities that a benchmark does not have are None."""


@dataclasses.dataclass(frozen=True)
class Timing:
    """Wall-clock seconds of repeated calls."""

    seconds: tuple[float, ...]

    @property
    def best(self) -> float:
        """The fastest call."""
        return min(self.seconds)

    @property
    def median(self) -> float:
        """The middle call, which other work on the machine disturbs less than the mean."""
        return statistics.median(self.seconds)

    @property
    def total(self) -> float:
        """All calls together."""
        return sum(self.seconds)


def measure(call: Callable[[], Any], *, seconds: float, least: int = 3) -> Timing:
    """Repeat `call` for about so many seconds, at least `least` times; what it returns is waited for.

    One call before that, which compiles and fills caches, is not counted.
    """
    jax.block_until_ready(call())
    times: list[float] = []
    while len(times) < least or sum(times) < seconds:
        start = time.perf_counter()
        jax.block_until_ready(call())
        times.append(time.perf_counter() - start)
    return Timing(tuple(times))


def measure_loop(call: Callable[[int], Any], *, seconds: float) -> tuple[Timing, int]:
    """Time `call(turns)` at a number of turns that fills about a tenth of `seconds`; also return that number.

    So the host's share of a call is small however fast the device is. The number of turns must be traced.
    """
    share = seconds / 10

    def times(turns: int, seconds: float, least: int) -> Timing:
        return measure(lambda: call(turns), seconds=seconds, least=least)

    turns, elapsed = 1, times(1, 0.0, 1).best
    while elapsed < share / 2:
        turns *= max(2, min(round(share / max(elapsed, 1e-6)), 16))
        elapsed = times(turns, 0.0, 1).best
    return times(turns, seconds, 3), turns


def compile_for(function: Callable[..., Any]) -> Callable[..., Any]:
    """`jax.jit` with the options that the train step is compiled with."""
    return jax.jit(function, compiler_options=compiler_options())
