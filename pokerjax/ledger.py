"""What the host has read of a run: counts, throughput, the latest evaluation, and where they are written."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np

from pokerjax.checkpoint import Record, newest
from pokerjax.config import Config, UserError
from pokerjax.metrics import MetricsWriter, NoMetrics
from pokerjax.progress import EXPLOITABILITY, Progress, evaluation_line, opponents

Metrics = Mapping[str, jax.Array]
"""Metrics of one call of the train step: name -> [iterations_per_call]."""
Evaluate = Callable[[Any, jax.Array, int], dict[str, float]]
"""(averaged parameters, key, iteration) -> the `eval/` metrics."""

_EVALUATION_STREAM = 6  # Folded into the seed's key, of which the training takes 0 to 2 (by its split) and 5.


class Ledger:
    """What has been read of the run so far, and where it is written."""

    def __init__(
        self, config: Config, record: Record, writer: MetricsWriter | NoMetrics, progress: Progress, *, decisions: int,
        started: float,
    ):  # fmt: skip
        """Go on from `record`; `decisions` are made in an iteration, and the command began at `started`, by
        `time.monotonic`."""
        self.iteration, self.games = record.iteration, record.games
        self.progress = progress
        self.evaluation: dict[str, float] = {}
        self._config, self._start, self._writer, self._decisions = config, record, writer, decisions
        self._started = started
        self._clock: float | None = None  # None until the first call, which compiles, is over

    @property
    def seconds(self) -> float:
        """Wall-clock seconds of the run, its earlier parts included."""
        return self._start.seconds + time.monotonic() - self._started

    @property
    def may_be_finished(self) -> bool:
        """Whether the call not read yet can have reached the end, as a hand takes at least one decision."""
        most = self._config.learn.iterations_per_call * self._decisions
        return self.games + most >= self._config.run.num_games

    def restart_clock(self) -> None:
        """Leave out of the throughput what happened since the last call was read."""
        if self._clock is not None:
            self._clock = time.monotonic()

    def read(self, metrics: Metrics) -> None:
        """Wait for the metrics of one call and log them. Raises `UserError` when they are not finite."""
        values = {name: np.asarray(array) for name, array in metrics.items()}
        iterations = len(values["run/games"])
        games = round(float(values["run/games"][-1]))
        speeds = self._speeds(iterations * self._decisions, games - self.games)
        self.games = games
        for index in range(iterations):
            self.iteration += 1
            row = {name: float(array[index]) for name, array in values.items()}
            row["run/decisions"] = self.iteration * self._decisions
            self._writer.write(self.iteration, row | speeds)
            self._check_finite(row)
        if "speed/games_per_second" in speeds:
            self.progress.update(
                games, speeds["speed/decisions_per_second"], speeds["speed/games_per_second"]
            )

    def evaluate(self, evaluate: Evaluate, average: Any) -> float | None:
        """Evaluate the averaged policy; return what ranks it: the mean against the first two opponents, bb/100,
        or how little it can be exploited."""
        stream = jax.random.fold_in(jax.random.key(self._config.run.seed), _EVALUATION_STREAM)
        self.evaluation = evaluate(average, jax.random.fold_in(stream, self.iteration), self.iteration)
        self._writer.write(self.iteration, self.evaluation)
        self.progress.evaluation = evaluation_line(self.evaluation)
        if EXPLOITABILITY in self.evaluation:
            return -self.evaluation[EXPLOITABILITY]
        ranking = [value for value, _ in list(opponents(self.evaluation).values())[:2]]
        return sum(ranking) / len(ranking) if ranking else None

    def record(self) -> Record:
        """What a checkpoint made now says of the run."""
        return dataclasses.replace(
            self._start, iteration=self.iteration, games=self.games, seconds=self.seconds
        )

    def _speeds(self, decisions: int, games: int) -> dict[str, float]:
        now = time.monotonic()
        before, self._clock = self._clock, now
        if before is None:
            return {"speed/seconds": self.seconds}
        elapsed = max(now - before, 1e-9)
        return {
            "speed/seconds": self.seconds,
            "speed/decisions_per_second": decisions / elapsed,
            "speed/games_per_second": games / elapsed,
        }

    def _check_finite(self, row: Mapping[str, float]) -> None:
        watched = [name for name in row if name.startswith("loss/") or name == "optimiser/gradient_norm"]
        broken = [name for name in watched if not math.isfinite(row[name])]
        if not broken:
            return
        self.progress.close()
        good = newest(Path(self._config.run.run_dir))
        kept = f"the last good checkpoint is {good}" if good else "there is no checkpoint yet"
        remedy = "start again with a lower --learning-rate or --max-grad-norm"
        raise UserError(f"{broken[0]} is {row[broken[0]]} at iteration {self.iteration}; {kept}; {remedy}.")
