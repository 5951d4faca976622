"""What a ladder says: a table of ratings and a cross table for people, JSON for programs, and a picture."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pokerjax.evaluate.contest import Contestant
from pokerjax.evaluate.ladder import Ratings, Results
from pokerjax.pictures import picture


def table(contestants: Sequence[Contestant], results: Results, ratings: Ratings) -> str:
    """The contestants from the best down: ratings, and what each won of each in bb/100."""
    order = [int(i) for i in np.argsort(-ratings.rating)]
    names = [_name(contestant) for contestant in contestants]
    width = max(map(len, [*names, "checkpoint"]))
    head = f"{'':>3} {'checkpoint':<{width}} {'games':>11} {'rating':>8} {'± 95 %':>7}"
    lines = [head + "".join(f"{f'#{place}':>7}" for place in range(1, len(order) + 1))]
    for place, i in enumerate(order, 1):
        numbers = f"{contestants[i].games:>11,} {ratings.rating[i]:>+8.1f} {ratings.ci95[i]:>7.1f}"
        cross = "".join(f"{'':>7}" if i == j else f"{_won(results, i, j):>+7.0f}" for j in order)
        lines.append(f"{f'#{place}':>3} {names[i]:<{width}} {numbers}{cross}")
    lines += ["", "Ratings in bb/100 about their mean; the columns to the right: what the row wins of #1, #2, ..."]
    if not np.isnan(ratings.misfit):
        rule = "chi-squared of the results per degree of freedom, about 1 if transitive."
        lines.append(f"Misfit {ratings.misfit:.2f}: {rule}")
    return "\n".join(lines)


def to_json(contestants: Sequence[Contestant], results: Results, ratings: Ratings) -> str:
    """One JSON object: ratings from the best down, and all matches."""
    rows = [
        {
            "checkpoint": str(contestants[i].path),
            "games_trained": contestants[i].games,
            "rating": float(ratings.rating[i]),
            "ci95": float(ratings.ci95[i]),
        }
        for i in np.argsort(-ratings.rating)
    ]
    matches = [
        {
            "checkpoint": str(contestants[i].path),
            "opponent": str(contestants[j].path),
            "bb100": result.bb100,
            "ci95": result.ci95,
            "hands": result.hands,
            "seconds": result.seconds,
        }
        for (i, j), result in results.items()
    ]
    misfit = None if np.isnan(ratings.misfit) else ratings.misfit
    return json.dumps({"ratings": rows, "misfit": misfit, "matches": matches}, indent=2)


def plot(contestants: Sequence[Contestant], ratings: Ratings, path: Path) -> None:
    """Write a picture of ratings over games, a line for each run; the file's ending names the format.

    Raises `UserError` when matplotlib is not installed or the ending is none that it writes.
    """
    with picture(path, "Checkpoints against each other, duplicate hands") as axes:
        runs = dict.fromkeys(contestant.run for contestant in contestants)
        for run in runs:
            own = [i for i, contestant in enumerate(contestants) if contestant.run == run]
            own.sort(key=lambda i: contestants[i].games)
            games = [contestants[i].games for i in own]
            axes.errorbar(games, ratings.rating[own], yerr=ratings.ci95[own], marker="o", capsize=3, label=str(run))
        axes.set_xlabel("games trained")
        axes.set_ylabel("rating in bb/100, 95 % intervals")


def _won(results: Results, i: int, j: int) -> float:
    return results[i, j].bb100 if (i, j) in results else -results[j, i].bb100


def _name(contestant: Contestant) -> str:
    """The run's folder and the checkpoint, or an exported agent's folder."""
    run, path = contestant.run, contestant.path
    return path.name if run == path else f"{run.name}/{path.name}"
