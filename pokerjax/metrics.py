"""The metrics of a run: what each name means, and the files they go to.

`metrics.jsonl` holds one JSON object a line: one per iteration, then one per evaluation. TensorBoard gets the
same numbers by iteration. A number that does not exist (no hand reached a showdown) is left out of its line.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tensorboardX import SummaryWriter

from pokerjax.config import UserError, require

GLOSSARY: dict[str, str] = {
    "loss/total": "The loss that is minimised: that of the policy, and those of the values with their coefficient.",
    "loss/policy": "The policy's loss, mean over minibatches: PPO's clipped surrogate, in the advantages' local spread,"
    " with entropy and magnet, or mirror descent's squared distance of the logits from their targets.",
    "loss/value": "Half the squared error of the seat's own value in units of the stack depth, before its coefficient.",
    "loss/critic": "The same of the critic, which sees all cards and serves as the baseline in training.",
    "loss/entropy": "Entropy of the policy over the legal actions, nats per decision.",
    "loss/kl_magnet": "KL divergence from the policy to the averaged policy (the magnet), nats per decision, each times"
    " the share of its actions in which the seat does not slip.",
    "loss/kl_behaviour": "KL divergence from the policy that played to the policy being updated, nats.",
    "ppo/clip_share": "Share of decisions whose surrogate the clip holds: their probability ratio is outside the clip"
    " range, and further out would be better, 0 to 1.",
    "ppo/dual_clip_share": "Share of decisions held by the dual clip (negative advantage), 0 to 1.",
    "value/explained_variance": "1 - variance of the value error / variance of the returns; 1 is perfect.",
    "optimiser/gradient_norm": "Global norm of the gradient before clipping.",
    "optimiser/learning_rate": "Adam's step, annealed over the run.",
    "optimiser/temperature_bb": "Weight of the entropy in big blinds: mirror descent's temperature, the floor of its"
    " exploitability, or PPO's entropy coefficient x the local spread of the advantages, in the mean.",
    "advantage/std_bb": "Standard deviation of the advantages, big blinds.",
    "advantage/local_std_bb": "Spread of the advantages on the same street in about as large a pot with about as"
    " deep stacks, the unit of PPO's advantages: its mean over decisions, big blinds.",
    "rollout/trained_share": "Share of the places that the update reads that it trains on, 0 to 1.",
    "rollout/padding_share": "Share of the places that the update reads that hold no decision, 0 to 1.",
    "run/iteration": "Iterations (rollout and update) finished.",
    "run/games": "Hands finished since the start of the run.",
    "run/decisions": "Decisions made since the start of the run.",
    "speed/decisions_per_second": "Decisions a second over the last call of the train step; compilation,"
    " evaluations and checkpoints excluded.",
    "speed/games_per_second": "Hands finished a second, timed likewise.",
    "speed/seconds": "Wall-clock seconds of the run so far, everything included, resumed parts added.",
    "poker/vpip": "Share of dealt hands in which a seat voluntarily put chips in before the flop, 0 to 1.",
    "poker/pfr": "Share of dealt hands in which a seat raised before the flop, 0 to 1.",
    "poker/aggression": "Bets and raises per call, after the flop.",
    "poker/showdown_share": "Share of hands that reached a showdown, 0 to 1.",
    "poker/hand_decisions": "Decisions per hand, mean over finished hands.",
    "poker/bb100_seat_<i>": "Big blinds won per 100 hands in seat i: 0 is left of the button, the last is the"
    " button; heads-up, 0 is the big blind.",
    "poker_<players>/<statistic>": "The same, at the tables of so many players, where a run has several sizes.",
    "opponents/bb100": "Big blinds per 100 hands that the policy that learns won from frozen opponents: snapshots of"
    " the run, or the agent that it exploits.",
    "eval/<opponent>_bb100": "Big blinds per 100 hands of the averaged policy against a scripted player,"
    " every deal played in every seat.",
    "eval/exploitability": "Exact exploitability of the averaged policy as it acts, in Kuhn and Leduc poker, chips a"
    " hand: NashConv / 2, OpenSpiel's convention.",
    "eval/<opponent>_ci95": "Half-width of the 95 % interval of that number, big blinds per 100 hands.",
}
"""Every name that may be logged, its unit and its meaning; `<...>` stands for one word."""

_PATTERNS = [re.compile(re.sub(r"<\w+>", r"\\w+", re.escape(name))) for name in GLOSSARY]
_WHOLE = ("run/iteration", "run/games", "run/decisions")


def check_name(name: str) -> None:
    """Raise `KeyError` for a metric that the glossary does not explain."""
    if not any(pattern.fullmatch(name) for pattern in _PATTERNS):
        raise KeyError(f"{name} is not in pokerjax.metrics.GLOSSARY: explain it there before logging it")


def glossary_page() -> str:
    """The text of docs/metrics.md."""
    lines = [
        "# Metrics",
        "",
        "Written by `pokerjax.metrics.glossary_page()`; a test keeps it current. These are the numbers in",
        "`metrics.jsonl` and in TensorBoard (`tensorboard --logdir RUN/logs`). Where nothing else is said a",
        "number is that of one iteration.",
        "",
        "| metric | meaning |",
        "|---|---|",
    ]
    return "\n".join([*lines, *(f"| `{name}` | {text} |" for name, text in GLOSSARY.items())]) + "\n"


class MetricsWriter:
    """Appends to `metrics.jsonl` and `logs/` of a run. A context manager."""

    def __init__(self, run_dir: Path, *, iteration: int = 0):
        """Go on after `iteration`: what an interrupted run logged beyond it will be logged again."""
        path = run_dir / "metrics.jsonl"
        _truncate(path, iteration)
        self._file = path.open("a")
        self._board = SummaryWriter(str(run_dir / "logs"), purge_step=iteration + 1 if iteration else None)

    def __enter__(self) -> MetricsWriter:
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()
        self._board.close()

    def write(self, iteration: int, values: Mapping[str, float]) -> None:
        """Log the values of one iteration, or of the evaluation after it."""
        row: dict[str, Any] = {"run/iteration": iteration}
        for name, value in values.items():
            check_name(name)
            if math.isfinite(value):
                row[name] = round(value) if name in _WHOLE else float(value)
        self._file.write(json.dumps(row, allow_nan=False) + "\n")
        self._file.flush()
        for name, value in row.items():
            self._board.add_scalar(name, value, iteration)


class NoMetrics:
    """Writes nothing: for the processes of a run that do not write."""

    def __enter__(self) -> NoMetrics:
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def write(self, iteration: int, values: Mapping[str, float]) -> None:
        """Take the values and leave them."""


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a `metrics.jsonl`, without what a kill left of a last line. Raises `UserError`."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}.") from None
    rows = []
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
        except ValueError:
            if number == len(lines):
                break
            row = None
        require(isinstance(row, dict), f"{path} is damaged: line {number} is no row of metrics.")
        rows.append(row)
    return rows


def first_evaluation(run_dir: Path) -> dict[str, float]:
    """The `eval/` metrics that a run logged before its first iteration; none if it did not evaluate then."""
    with (run_dir / "metrics.jsonl").open() as file:
        row = json.loads(file.readline() or "{}")
    return {name: value for name, value in row.items() if name.startswith("eval/")}


def _truncate(path: Path, iteration: int) -> None:
    """Drop the lines beyond an iteration (at 0: all of them), and what a kill left of a last line."""
    if not path.exists():
        return
    kept = []
    for line in path.read_text().splitlines():
        try:
            if json.loads(line)["run/iteration"] <= iteration > 0:
                kept.append(line + "\n")
        except (ValueError, KeyError, TypeError):
            continue
    replacement = path.with_suffix(".tmp")
    replacement.write_text("".join(kept))
    os.replace(replacement, path)
