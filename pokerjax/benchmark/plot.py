"""Draw measurements of the engine: how decisions per second grow with tables or with players."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pokerjax.benchmark.timing import Result
from pokerjax.pictures import picture


def engine_growth(results: Sequence[Result], path: Path, *, device: str) -> None:
    """Write a picture (the file's ending names the format): against tables where there are several numbers of
    them, a line for each number of players; otherwise against players.

    Raises `UserError` when matplotlib is not installed or the ending is none that it writes.
    """
    over_tables = len({result["tables"] for result in results}) > 1
    along, apart = ("tables", "num_players") if over_tables else ("num_players", "tables")
    with picture(path, f"Random legal hold'em, dealing and settling included, on {device}") as axes:
        _draw(axes, results, along, apart)


def _draw(axes: Any, results: Sequence[Result], along: str, apart: str) -> None:
    over_tables = along == "tables"
    for which in sorted({result[apart] for result in results}):
        points = [r for r in results if r[apart] == which]
        rates = [point["decisions_per_second"] / 1e6 for point in points]
        name = f"{which} players" if over_tables else f"{which:,} tables"
        axes.plot([point[along] for point in points], rates, marker="o", label=name)
    if over_tables:
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter(lambda x, _: f"{int(x):,}")
    axes.set_xlabel("tables" if over_tables else "players")
    axes.set_ylabel("million decisions a second")
    axes.set_ylim(bottom=0)
