"""Charts of ranges: the 13 x 13 grid of hand classes, as numbers, as CSV and as a picture.

Rows and columns are ranks from the ace down; suited hands lie above the diagonal, offsuit ones below it.
"""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pokerjax import poker
from pokerjax.config import UserError
from pokerjax.evaluate.range_policy import CLASS_HANDS, CLASS_NUMBER
from pokerjax.evaluate.range_reader import RangeReading

RANKS = "AKQJT98765432"


@dataclasses.dataclass(frozen=True)
class Cell:
    """One class of hands at one decision."""

    name: str  # "AKs", "AKo", "AA"
    row: int
    column: int
    combinations: int  # of cards that the seat could hold
    reach: float  # probability that the agent comes here with it, 0 to 1
    mix: np.ndarray  # float64[A]: the mean policy of the combinations that arrive (of all where none does)
    value_bb: float  # their mean value


@dataclasses.dataclass(frozen=True)
class Chart:
    """The range of a seat at one decision."""

    title: str
    entries: list[str]  # [A] what the menu's entries are called: "fold", "check" or "call", "raise to 300"
    offered: np.ndarray  # bool[A]
    cells: list[Cell]  # 169, row by row
    mix: np.ndarray  # float64[A]: of the whole range that arrives
    reach: float  # share of all possible hands that arrives
    value_bb: float

    @property
    def full(self) -> float:
        """The reach that pictures draw at full height: that of the class that arrives most."""
        return max(max(cell.reach for cell in self.cells), 1e-9)


def class_name(high: int, low: int) -> str:
    """The class of two cards, the higher first."""
    ranks = poker.card_name(high)[0] + poker.card_name(low)[0]
    return ranks if ranks[0] == ranks[1] else ranks + ("s" if high % 4 == low % 4 else "o")


def chart(reading: RangeReading, place: int, title: str) -> Chart:
    """The chart of the seat's decision number `place` among its own."""
    policy, values = reading.policy[place], reading.value_bb[place]
    possible, reach = reading.possible[place], reading.reach[place]
    cells = []
    for number, (high, low) in enumerate(CLASS_HANDS.tolist()):
        mine = number == CLASS_NUMBER
        count, arrives = int(possible[mine].sum()), float(reach[mine].sum())
        weight = reach[mine] if arrives > 1e-12 else possible[mine].astype(float)
        total = max(float(weight.sum()), 1e-300)
        first, second = 12 - high // 4, 12 - low // 4
        row, column = (first, second) if high % 4 == low % 4 else (second, first)
        mix, value = weight @ policy[mine] / total, float(weight @ values[mine]) / total
        cells.append(Cell(class_name(high, low), row, column, count, arrives / max(count, 1), mix, value))
    cells.sort(key=lambda cell: (cell.row, cell.column))
    return Chart(
        title=title,
        entries=entry_names(reading, place),
        offered=reading.line.masks[reading.numbers[place]],
        cells=cells,
        mix=reading.mixed(place),
        reach=float(reach.sum() / possible.sum()),
        value_bb=reading.mean_value_bb(place),
    )


def entry_names(reading: RangeReading, place: int) -> list[str]:
    """What each entry of the menu does at a decision, in chips: "bet 300", "all-in 10000"."""
    line, number = reading.line, reading.numbers[place]
    owed = int(line.legal.call_amount[number])
    verb = "raise to" if line.states.bets[number].max() > 0 else "bet"
    names = ["fold", f"call {owed}" if owed else "check"]
    amounts = line.amounts[number].tolist()
    names += [f"{verb} {chips}" for chips in amounts[2:-1]]
    return [*names, f"all-in {amounts[-1]}"]


def write_csv(charts: Sequence[Chart], path: Path) -> None:
    """One row a chart and class: how many hands, how often it comes here, its value and its mix. Raises `UserError`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["spot", "hand", "combinations", "reach", "value_bb", "action", "probability"])
            for one in charts:
                for cell in one.cells:
                    fields = [one.title, cell.name, cell.combinations, f"{cell.reach:.6g}", f"{cell.value_bb:.4f}"]
                    for entry, share, offered in zip(one.entries, cell.mix, one.offered, strict=True):
                        if offered and cell.combinations:
                            writer.writerow([*fields, entry, f"{share:.6f}"])
    except OSError as error:
        raise UserError(f"--chart-out {path} cannot be written: {error.strerror}.") from None


def colours(offered: np.ndarray) -> list[str]:
    """A colour for each entry: blue folds, green calls, from yellow to deep red the raises as they grow."""
    raises = ["#fde0a6", "#fbc46d", "#f7a14b", "#ee7c3a", "#de5a30", "#c43c2a", "#a32424", "#7f1420", "#5c0a1a"]
    count = len(offered) - 2
    places = [round(i * (len(raises) - 1) / max(count - 1, 1)) for i in range(count)]
    return ["#7a9cc6", "#7fbf8e", *(raises[place] for place in places)]


def plot(charts: Sequence[Chart], path: Path) -> None:
    """Write a picture of the charts; the file's ending names the format. Raises `UserError`."""
    try:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot
    except ImportError:
        raise UserError("--chart needs matplotlib: pip install -e '.[plot]'.") from None
    columns = min(len(charts), 3)
    rows = -(-len(charts) // columns)
    size = (4.6 * columns, 5.5 * rows)
    figure, grid = pyplot.subplots(rows, columns, figsize=size, layout="constrained", squeeze=False)
    try:
        for axes, one in zip(grid.flat, charts, strict=False):
            _draw(axes, one)
        for axes in list(grid.flat)[len(charts) :]:
            axes.axis("off")
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=110)
    except (OSError, ValueError) as error:
        raise UserError(f"--chart-out {path} cannot be written: {error}.") from None
    finally:
        pyplot.close(figure)


def _draw(axes: Any, one: Chart) -> None:
    """A grid: in each cell the mix from left to right, as high as the class arrives beside the one that does most."""
    from matplotlib.collections import PolyCollection
    from matplotlib.patches import Rectangle

    shades = colours(one.offered)
    boxes, faces = [], []

    def box(left: float, top: float, width: float, height: float, face: str) -> None:
        right, bottom = left + width, top + height
        boxes.append([(left, top), (right, top), (right, bottom), (left, bottom)])
        faces.append(face)

    for cell in one.cells:
        box(cell.column + 0.03, cell.row + 0.03, 0.94, 0.94, "#eeeeee")
        left, height = cell.column + 0.03, 0.94 * cell.reach / one.full
        for share, shade in zip(cell.mix if cell.combinations else [], shades, strict=False):
            box(left, cell.row + 0.97 - height, 0.94 * share, height, shade)
            left += 0.94 * share
        axes.text(cell.column + 0.5, cell.row + 0.5, cell.name, ha="center", va="center", fontsize=6.5)
    axes.add_collection(PolyCollection(boxes, facecolors=faces, linewidths=0))
    axes.set(xlim=(0, 13), ylim=(13, 0), xticks=[], yticks=[], aspect="equal")
    axes.set_title(f"{one.title}\n{one.reach:.0%} of hands arrive, worth {one.value_bb:+.2f} bb", fontsize=9)
    shown = [i for i in range(len(one.entries)) if one.offered[i]]
    patches = [Rectangle((0, 0), 1, 1, facecolor=shades[i]) for i in shown]
    labels = [f"{one.entries[i]}  {one.mix[i]:.0%}" for i in shown]
    axes.legend(patches, labels, loc="upper center", bbox_to_anchor=(0.5, 0), ncols=3, fontsize=7, frameon=False)
