"""Learning curves: read from runs, written, read back, drawn."""

import json

import pytest

from pokerjax import curves
from pokerjax.config import UserError

METRIC = "eval/exploitability"


@pytest.fixture
def run(tmp_path):
    """A run that evaluated before its first iteration and after its second."""
    rows = [
        {"run/iteration": 0, METRIC: 2.0},
        {"run/iteration": 1, "run/decisions": 100, "loss/total": 1.0},
        {"run/iteration": 2, "run/decisions": 200, "loss/total": 0.5},
        {"run/iteration": 2, METRIC: 0.25},
    ]
    folder = tmp_path / "seed0"
    folder.mkdir()
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_an_evaluation_costs_what_was_played_before_it(run):
    assert curves.read_runs([str(run)], METRIC, "run/decisions") == {"seed0": [(0.0, 2.0), (200.0, 0.25)]}


def test_numbers_survive_their_file(run, tmp_path):
    found = curves.read_runs([str(run)], METRIC, "run/decisions")
    path = tmp_path / "data" / "curves.csv"
    curves.write_csv(found, METRIC, "run/decisions", path)
    assert curves.read_runs([str(path)], METRIC, "run/decisions") == found


def test_a_picture_is_drawn(run, tmp_path):
    pytest.importorskip("matplotlib")
    found = curves.read_runs([str(run)], METRIC, "run/decisions")
    curves.plot(found, METRIC, "run/decisions", tmp_path / "curves.svg", logarithmic=True)
    assert "<svg" in (tmp_path / "curves.svg").read_text()


def test_more_curves_than_colours_can_be_told_apart(tmp_path):
    pytest.importorskip("matplotlib")
    many = {f"run {number}": [(0.0, 1.0), (1.0, float(number + 1))] for number in range(11)}
    dashed = []
    for number in (10, 11):
        curves.plot(dict(list(many.items())[:number]), METRIC, "run/decisions", tmp_path / "curves.svg")
        dashed.append("stroke-dasharray" in (tmp_path / "curves.svg").read_text())
    assert dashed == [False, True]


def test_the_table_says_where_the_least_value_was(run):
    last = curves.table(curves.read_runs([str(run)], METRIC, "run/decisions")).splitlines()[-1]
    assert last.split() == ["seed0", "200", "0.2500", "0.2500", "200"]


def test_what_a_kill_left_of_a_last_line_is_passed_over(run):
    before = curves.read_runs([str(run)], METRIC, "run/decisions")
    with (run / "metrics.jsonl").open("a") as file:
        file.write('{"run/iteration": 3, "eval/exp')
    assert curves.read_runs([str(run)], METRIC, "run/decisions") == before


@pytest.mark.parametrize(
    ("file", "content", "sentence"),
    [
        ("seed0/metrics.jsonl", b"[1]\n{}\n", "metrics.jsonl is damaged: line 1 is no row of metrics"),
        ("seed0/metrics.jsonl", b"\xff\xfe\n", "metrics.jsonl cannot be read"),
        ("a.csv", f"name,run/decisions,{METRIC}\na,0,x\n".encode(), "a.csv, line 2, cannot be read: a row is"),
        ("a.csv", f"name,run/decisions,{METRIC}\na,0\n".encode(), "a.csv, line 2, cannot be read: a row is"),
        ("a.csv", b"\xff\xfe\n", "a.csv, line 0, cannot be read"),
        ("a.csv", f"name,run/decisions,{METRIC}\n".encode(), "a.csv has no points"),
    ],
)
def test_damaged_files_are_named(run, file, content, sentence):
    (run.parent / file).write_bytes(content)
    with pytest.raises(UserError, match=sentence):
        curves.read_runs([str(run.parent / file.split("/")[0])], METRIC, "run/decisions")


@pytest.mark.parametrize(
    ("name", "metric", "over", "sentence"),
    [
        ("nowhere", METRIC, "run/decisions", "There is no run at .*nowhere"),
        ("none.csv", METRIC, "run/decisions", "There is no file"),
        ("seed0", "eval/luck", "run/decisions", "--metric eval/luck is none that runs log"),
        ("seed0", METRIC, "moon/phase", "--over moon/phase must be one of run/decisions"),
        ("seed0", "loss/value", "run/decisions", "has no loss/value; it has eval/exploitability: name one by --metric"),
    ],
)
def test_mistakes_are_named(run, name, metric, over, sentence):
    with pytest.raises(UserError, match=sentence):
        curves.read_runs([str(run.parent / name)], metric, over)
