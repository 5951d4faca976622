"""The metric files, their glossary, and the progress line."""

from __future__ import annotations

import dataclasses
import io
import json
import math
from pathlib import Path

import jax.numpy as jnp
import pytest

from pokerjax import progress
from pokerjax.env.tables import Outcome
from pokerjax.learn.statistics import poker_statistics
from pokerjax.metrics import GLOSSARY, MetricsWriter, check_name, glossary_page

ROOT = Path(__file__).parents[1]


def rows(folder):
    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line, parse_constant=refuse) for line in lines]


def test_glossary_page_is_current():
    page = (ROOT / "docs" / "metrics.md").read_text()
    assert page == glossary_page(), "write pokerjax.metrics.glossary_page() to docs/metrics.md"


def test_numbered_names_are_known_and_strangers_are_not():
    check_name("poker/bb100_seat_9")
    check_name("eval/tight_aggressive_bb100")
    for name in ("poker/bb100_seat_", "loss/polixy", "loss/policy_2"):
        with pytest.raises(KeyError, match="GLOSSARY"):
            check_name(name)


def test_what_no_hand_tells_is_no_number():
    """An iteration in which no hand ends has no VPIP, rather than one of 0."""
    flags, numbers = jnp.zeros((3, 5), bool), jnp.zeros((3, 5), jnp.int32)
    seats = jnp.zeros((3, 2, 5))
    outcomes = Outcome(
        done=flags, rewards=seats, kind=numbers, street=numbers, showdown=flags, voluntary=seats > 0,
        raised=seats > 0, won=jnp.zeros((3, 5)),
    )  # fmt: skip
    assert all(math.isnan(value) for value in poker_statistics(outcomes).values())
    one = dataclasses.replace(outcomes, done=flags.at[0, 0].set(True))
    ended = poker_statistics(one)
    assert (float(ended["poker/vpip"]), float(ended["poker/hand_decisions"])) == (0, 15)
    assert math.isnan(ended["poker/aggression"])  # there was no call


def test_rows_are_strict_json_with_whole_counts(tmp_path):
    with MetricsWriter(tmp_path) as writer:
        writer.write(1, {"run/games": 10.0, "loss/policy": 0.25, "poker/vpip": math.nan})
        writer.write(1, {"eval/random_bb100": 600.5})
    assert rows(tmp_path) == [
        {"run/iteration": 1, "run/games": 10, "loss/policy": 0.25},
        {"run/iteration": 1, "eval/random_bb100": 600.5},
    ]
    assert list((tmp_path / "logs").glob("events.*"))


def test_resuming_drops_what_lies_beyond_and_a_torn_line(tmp_path):
    with MetricsWriter(tmp_path) as writer:
        for iteration in range(1, 6):
            writer.write(iteration, {"loss/policy": float(iteration)})
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"run/iteration": 2, "loss/pol')
    with MetricsWriter(tmp_path, iteration=3) as writer:
        writer.write(4, {"loss/policy": 40.0})
    assert [row["loss/policy"] for row in rows(tmp_path)] == [1.0, 2.0, 3.0, 40.0]


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_in_a_log_file_is_plain_lines():
    stream = io.StringIO()
    line = progress.Progress(1000, stream=stream, interval=0.0)
    line.evaluation = "random +600 bb/100"
    line.update(250, 4000.0, 1234.5)
    line.close()
    shown = stream.getvalue()
    assert shown.startswith("250 / 1,000 games   4,000 decisions/s   1,234 games/s")
    assert shown.endswith("left   random +600 bb/100\n")
    assert "\r" not in shown


def test_progress_on_a_terminal_is_one_line():
    stream = Terminal()
    line = progress.Progress(1000, stream=stream)
    line._interval = 0.0
    line.update(1, 1.0, 1.0)
    line.update(2, 1.0, 1.0)
    assert stream.getvalue().count("\r\x1b[K") == 2
    assert "\n" not in stream.getvalue()
    line.close()
    assert stream.getvalue().endswith("\n")


def test_numbers_in_words():
    assert progress.count(14_580_000) == "14.6 M"
    assert progress.count(999_900) == "1.0 M"
    assert progress.count(83_200) == "83 k"
    assert progress.duration(7) == "0:07"
    assert progress.duration(7425) == "2:03:45"
    evaluation = {"eval/random_bb100": 612.3, "eval/random_ci95": 20.1}
    assert progress.evaluation_line(evaluation) == "random +612 bb/100"
    assert "+592.2 to +632.4" in progress.evaluation_table(evaluation, {})
    assert all(text.endswith(".") for text in GLOSSARY.values())
