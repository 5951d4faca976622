"""What a person sees of a run: one live line, and numbers in words."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Mapping
from typing import TextIO

EXPLOITABILITY = "eval/exploitability"


class Progress:
    """Rewrites one line in place on a terminal; elsewhere prints a line now and then."""

    def __init__(
        self, total_games: int, *, stream: TextIO | None = None, interval: float = 10.0, silent: bool = False
    ):
        """`interval` is seconds between lines where they can't be rewritten; `silent` shows nothing at all."""
        self._silent = silent
        self.evaluation = ""
        self._total = total_games
        self._stream = stream or sys.stdout
        self._live = self._stream.isatty()
        self._interval = 0.2 if self._live else interval
        self._first: tuple[float, int] | None = None  # time and games at the first update
        self._shown = time.monotonic()
        self._line = ""

    def update(self, games: int, decisions_per_second: float, games_per_second: float) -> None:
        """Show the state of the run, unless that was done a moment ago."""
        now = time.monotonic()
        # The time left is judged from here, since what came before was mostly compilation.
        self._first = self._first or (now, games)
        if self._silent or now - self._shown < self._interval:
            return
        self._shown = now
        started, first_games = self._first
        pace = (
            (now - started) / (games - first_games)
            if games > first_games
            else 1 / max(games_per_second, 1e-9)
        )
        left = pace * max(self._total - games, 0)
        parts = [
            f"{games:,} / {self._total:,} games",
            f"{decisions_per_second:,.0f} decisions/s",
            f"{games_per_second:,.0f} games/s",
            f"{duration(left)} left",
            self.evaluation,
        ]
        line = "   ".join(part for part in parts if part)
        if self._live:
            self._line = line[: shutil.get_terminal_size().columns - 1]
            print(f"\r\x1b[K{self._line}", end="", file=self._stream, flush=True)
        else:
            print(line, file=self._stream, flush=True)

    def say(self, text: str) -> None:
        """Print a line of its own, above the live line."""
        if self._silent:
            return
        if self._line:
            print("\r\x1b[K", end="", file=self._stream)
        print(text, file=self._stream)
        print(self._line, end="", file=self._stream, flush=True)

    def close(self) -> None:
        """Leave the live line standing."""
        if self._line:
            print(file=self._stream, flush=True)
        self._line = ""


def duration(seconds: float) -> str:
    """Seconds as a clock: `0:07`, `4:12`, `2:03:45`."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def count(number: int) -> str:
    """A large number in words: `14.6 M`, `83 k`."""
    if number >= 999_500:
        return f"{number / 1e6:.1f} M"
    return f"{number / 1e3:.0f} k" if number >= 1000 else str(number)


def opponents(evaluation: Mapping[str, float]) -> dict[str, tuple[float, float]]:
    """The `eval/` metrics as opponent -> (bb/100, half-width of the 95 % interval)."""
    names = [
        name.removeprefix("eval/").removesuffix("_bb100") for name in evaluation if name.endswith("_bb100")
    ]
    return {n: (evaluation[f"eval/{n}_bb100"], evaluation[f"eval/{n}_ci95"]) for n in names}


def evaluation_line(evaluation: Mapping[str, float]) -> str:
    """The latest evaluation for the live line: `random +612, always_call +210 bb/100`."""
    if EXPLOITABILITY in evaluation:
        return f"exploitability {evaluation[EXPLOITABILITY]:.4f}"
    parts = [f"{name} {value:+.0f}" for name, (value, _) in opponents(evaluation).items()]
    return ", ".join(parts) + " bb/100" if parts else ""


def evaluation_table(evaluation: Mapping[str, float], before: Mapping[str, float]) -> str:
    """The evaluation at the end of a run beside the one before it began, one opponent a line."""
    if EXPLOITABILITY in evaluation:
        first = f" ({before[EXPLOITABILITY]:.4f} before)" if EXPLOITABILITY in before else ""
        return f"Exploitability of the averaged policy: {evaluation[EXPLOITABILITY]:.4f} chips a hand{first}."
    earlier = opponents(before)
    rows = [f"{'bb/100 against':<20} {'before':>10} {'after':>10}   95 % interval"]
    for name, (value, half) in opponents(evaluation).items():
        first = f"{earlier[name][0]:+.1f}" if name in earlier else ""
        rows.append(f"{name:<20} {first:>10} {value:>+10.1f}   {value - half:+.1f} to {value + half:+.1f}")
    return "\n".join(rows)
