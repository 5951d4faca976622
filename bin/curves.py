"""Learning curves: python bin/curves.py RUN [RUN ...] --metric eval/exploitability [--plot FILE] [--data FILE.csv]."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import tyro

from pokerjax import commandline
from pokerjax.checks import check_output
from pokerjax.config import require
from pokerjax.pictures import check_picture


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Arguments:
    """Compare one metric of several runs over what it cost."""

    runs: Annotated[tyro.conf.Positional[tuple[str, ...]], tyro.conf.arg(metavar="RUN [RUN ...]")]
    """Run folders, and CSV files that this command wrote."""
    metric: str = "eval/exploitability"
    """What to show; docs/metrics.md lists the names."""
    over: str = "run/decisions"
    """What it is shown over: run/decisions, run/games, run/iteration or speed/seconds."""
    plot: Path | None = None
    """Draw the curves into this file; its ending names the format."""
    logarithmic: bool = False
    """Draw the metric on a logarithmic scale."""
    data: Path | None = None
    """Write the points into this CSV file."""


def main(arguments: list[str]) -> None:
    """Print a table, and write what is asked for."""
    settings = commandline.parse(_Arguments, arguments, program="bin/curves.py")
    require(bool(settings.runs), "Name at least one run, or a CSV file that this command wrote.")
    require(bool(settings.plot) or not settings.logarithmic, "--logarithmic is for a picture: add --plot FILE.")
    if settings.data:
        check_output("--data", settings.data)
    if settings.plot:
        check_picture("--plot", settings.plot)
    from pokerjax import curves

    found = curves.read_runs(settings.runs, settings.metric, settings.over)
    print(curves.table(found))
    if settings.data:
        curves.write_csv(found, settings.metric, settings.over, settings.data)
    if settings.plot:
        curves.plot(found, settings.metric, settings.over, settings.plot, logarithmic=settings.logarithmic)


if __name__ == "__main__":
    commandline.run(main)
