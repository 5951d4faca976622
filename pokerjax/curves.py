"""Learning curves of runs, as numbers and as a picture: one metric over what it cost.

    name,run/decisions,eval/exploitability
    seed0,0,2.3534

The numbers are a CSV file with a row for each point, which is also read back, so a picture can be drawn again from
the file that is kept beside it.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from pokerjax.config import UserError, require
from pokerjax.metrics import check_name, read_rows
from pokerjax.pictures import picture

Curve = list[tuple[float, float]]
"""Points (cost, value) in the order of the run."""
COSTS = ("run/decisions", "run/games", "run/iteration", "speed/seconds")


def read_runs(runs: Sequence[str], metric: str, over: str) -> dict[str, Curve]:
    """The curve of each run folder, and of each name in a CSV file. Raises `UserError`."""
    require(over in COSTS, f"--over {over} must be one of {', '.join(COSTS)}.")
    try:
        check_name(metric)
    except KeyError:
        raise UserError(f"--metric {metric} is none that runs log; see docs/metrics.md.") from None
    curves: dict[str, Curve] = {}
    for run in runs:
        path = Path(run)
        found = _read_csv(path, metric, over) if path.suffix == ".csv" else {path.name: _read_run(path, metric, over)}
        require(bool(found), f"{run} has no points.")
        for name, curve in found.items():
            require(name not in curves, f"Two curves are called {name}: rename a folder.")
            curves[name] = curve
    return curves


def _read_run(folder: Path, metric: str, over: str) -> Curve:
    path = folder / "metrics.jsonl"
    require(path.is_file(), f"There is no run at {folder}: {path.name} is missing.")
    curve, cost, others = [], 0.0, set()
    for row in read_rows(path):
        # An evaluation has a line of its own, after that of its iteration.
        cost = row.get(over, cost)
        others |= {name for name in row if name.startswith("eval/") and not name.endswith("_ci95")}
        if metric in row:
            curve.append((float(cost), float(row[metric])))
    remedy = f"; it has {', '.join(sorted(others))}: name one by --metric" if others else ""
    require(bool(curve), f"{folder} has no {metric}{remedy}.")
    return curve


def _read_csv(path: Path, metric: str, over: str) -> dict[str, Curve]:
    require(path.is_file(), f"There is no file {path}.")
    curves: dict[str, Curve] = {}
    columns = {"name", over, metric}
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        try:
            header = set(rows.fieldnames or ())
            require(columns <= header, f"{path} must have the columns {', '.join(sorted(columns))}.")
            for row in rows:
                curves.setdefault(row["name"], []).append((float(row[over]), float(row[metric])))
        except (ValueError, TypeError, csv.Error):
            where = f"{path}, line {rows.line_num}, cannot be read"
            raise UserError(f"{where}: a row is a name and numbers for {over} and {metric}.") from None
    return curves


def write_csv(curves: Mapping[str, Curve], metric: str, over: str, path: Path) -> None:
    """Write the points. Raises `UserError`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["name", over, metric])
            for name, curve in curves.items():
                writer.writerows([name, f"{cost:.10g}", f"{value:.6g}"] for cost, value in curve)
    except OSError as error:
        raise UserError(f"--data {path} cannot be written: {error.strerror}.") from None


def plot(curves: Mapping[str, Curve], metric: str, over: str, path: Path, *, logarithmic: bool = False) -> None:
    """Write a picture with a line for each run. Raises `UserError`."""
    with picture(path, f"{metric} of {len(curves)} runs") as axes:
        for number, (name, curve) in enumerate(curves.items()):
            costs, values = zip(*curve, strict=True)
            dashes = ("-", "--", ":")[number // 10 % 3]  # matplotlib's colours repeat after ten
            axes.plot(costs, values, dashes, label=name, linewidth=1.2)
        axes.set_xlabel(over)
        axes.set_ylabel(metric)
        if logarithmic:
            axes.set_yscale("log", subs=(2, 5))
            axes.yaxis.set_major_formatter(lambda y, _: f"{y:g}")
            axes.yaxis.set_minor_formatter(lambda y, _: f"{y:g}")


def table(curves: Mapping[str, Curve]) -> str:
    """The last and the least value of each run, and what it had cost by then."""
    width = max(map(len, [*curves, "run"]))
    lines = [f"{'run':<{width}} {'cost':>14} {'last':>10} {'least':>10} {'at':>14}"]
    for name, curve in curves.items():
        (cost, last), (at, least) = curve[-1], min(curve, key=lambda point: point[1])
        lines.append(f"{name:<{width}} {cost:>14,.0f} {last:>10.4f} {least:>10.4f} {at:>14,.0f}")
    return "\n".join(lines)
