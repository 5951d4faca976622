"""The report page and the charts of bin/evaluate.py."""

from __future__ import annotations

import csv
import dataclasses
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import jax
import numpy as np
import pytest
from tiny_agent import GAME, tiny_agent

from pokerjax import checkpoint, poker
from pokerjax.config import Config, ModelConfig, UserError
from pokerjax.env.tables import make_environment
from pokerjax.evaluate import ModelPlayer, charts, html_report, ladder, load, preflop, report, seat
from pokerjax.evaluate.contest import Contestant
from pokerjax.evaluate.ladder import Ratings
from pokerjax.evaluate.match import MatchResult
from pokerjax.evaluate.play_style import Style, measure_style
from pokerjax.metrics import read_rows
from pokerjax.model.transformer import Model
from pokerjax.play.spots import first_hand

ROOT = Path(__file__).parents[1]
MODEL = ModelConfig(d_model=8, n_layers=1, n_heads=1)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run folder with two checkpoints and metrics, of an untrained agent."""
    folder = tmp_path_factory.mktemp("runs") / "tiny <run>"
    config = Config(game=GAME, model=MODEL)
    params = jax.jit(Model(make_environment(GAME), MODEL).init)(jax.random.key(0))
    for iteration in (1, 2):
        record = checkpoint.Record(
            config=config, iteration=iteration, games=100 * iteration, seconds=60.0, environment={"device": "cpu"}
        )
        checkpoint.export_parameters(params, record, folder / "checkpoints" / str(iteration))
    rows = [{"run/iteration": i, "run/games": 50 * i, "loss/entropy": 1 / i} for i in (1, 2, 3)]
    rows += [{"run/iteration": i, "eval/random_bb100": 100.0 * i, "eval/random_ci95": 9} for i in (2, 3)]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows) + '{"cut')
    return folder


class Pieces(HTMLParser):
    """Tags that are open, text, and all addresses of a page."""

    def __init__(self):
        super().__init__()
        self.text, self.addresses, self.open, self.tags = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href", "data", "xlink:href")]
        if tag not in ("meta", "rect", "line", "polyline", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def result(bb100: float) -> MatchResult:
    return MatchResult(
        bb100=bb100, ci95=10.0, method="all-ins paid their mean", dealt_bb100=bb100 + 1, dealt_ci95=20.0, hands=1000,
        seconds=1.0, vpip=0.5, pfr=0.25,
    )  # fmt: skip


def test_the_page_is_whole_and_stands_alone(run):
    tiny = tiny_agent()
    player = ModelPlayer(tiny.model, make_environment(GAME, 2))
    path = run / "checkpoints" / "2"
    agent = Contestant(path, checkpoint.read_record(path).config, 200, player, tiny.params, iteration=2)
    style = Style(hands=10, vpip=0.5, pfr=0.25, three_bet=0.1, aggression=2.0, showdown=0.3, continuation=0.6)
    drawn = preflop.preflop_charts(agent)
    rungs = ladder.find_rungs(agent, most=6)
    assert [rung.iteration for rung in rungs] == [1, 2]
    rated = (rungs, Ratings(np.array([-5.0, 5.0]), np.array([3.0, 3.0]), 1.0))
    curves = html_report.learning_curves(read_rows(agent.run / "metrics.jsonl"))
    found = html_report.Findings(
        agent=agent, results={"rock": result(12.5)}, charts=drawn, stack_bb=100, style=style, ladder=rated,
        curves=curves,
    )  # fmt: skip
    text = html_report.page(found)
    pieces = Pieces()
    pieces.feed(text)
    assert pieces.open == [] and pieces.addresses == []
    assert "script" not in pieces.tags and not re.search(r"https?://|url\(|@import", text)
    words = " ".join(pieces.text)
    for wanted in ("tiny <run>", "rock", "+12.5", "wins", "VPIP", "Ladder", "button, first in", "200", "random", "300"):
        assert wanted in words, wanted
    assert pieces.tags.count("svg") == len(drawn) + 2  # two learning curves


def test_a_verdict_takes_a_thousand_hands():
    assert report.verdict(result(12.5)) == "wins" and report.verdict(result(-12.5)) == "loses"
    assert report.verdict(result(2.5)) == "undecided"
    assert report.verdict(dataclasses.replace(result(12.5), hands=998)) == "too few hands"


@pytest.mark.slow
def test_preflop_charts_are_of_the_spots_that_they_name(run):
    agent = seat(load(run), 2)
    bias = agent.params["policy"]["bias"].at[-1].add(-1e3)  # never all-in, so that everybody may raise again
    agent = dataclasses.replace(agent, params=agent.params | {"policy": agent.params["policy"] | {"bias": bias}})
    two = preflop.preflop_charts(agent)
    assert [chart.title.split(" against")[0] for chart in two] == ["button, first in", "big blind", "button"]
    assert two[0].reach == two[1].reach == 1
    assert 0 < two[2].reach < 1
    assert all(sum(cell.combinations for cell in chart.cells) == 1326 for chart in two)


@pytest.mark.slow
def test_preflop_charts_of_three_players(run):
    three = preflop.preflop_charts(seat(load(run), 3))
    assert [chart.title for chart in three][:2] == ["button, first in", "small blind, first in"]
    assert all(sum(cell.combinations for cell in chart.cells) == 1326 for chart in three)


@pytest.mark.slow
def test_charts_become_a_picture_and_a_table(run, tmp_path):
    pytest.importorskip("matplotlib")
    drawn = preflop.preflop_charts(seat(load(run), 2))[:1]
    charts.plot(drawn, tmp_path / "a" / "chart.png")
    assert (tmp_path / "a" / "chart.png").read_bytes().startswith(b"\x89PNG")
    charts.write_csv(drawn, tmp_path / "a" / "chart.csv")
    with (tmp_path / "a" / "chart.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["hand"] for row in rows} == {cell.name for cell in drawn[0].cells}
    assert sum(float(row["probability"]) for row in rows) == pytest.approx(169, abs=1e-3)


def test_play_style_counts_what_players_count():
    """Three hands heads-up, counted by hand."""
    rules = poker.no_limit_holdem(2)
    hole = tuple(tuple(poker.cards(cards).tolist()) for cards in ("AhAd", "KhKd"))
    board = tuple(poker.cards("2c7d9hJsQc").tolist())

    def hand(actions, cards):
        return poker.Hand(rules=rules, stacks=(10_000,) * 2, blinds=(100, 50), antes=(0, 0), big_blind=100, hole=hole,
                          board=board[:cards], actions=actions)  # fmt: skip

    hands = [
        hand((300, 900, -1), 0),  # raise, 3-bet, fold
        hand((300, 0, 0, 200, -1), 3),  # raise, call; check, continuation bet, fold
        hand((0, 0, 100, 0, 0, 0, 0, 0), 5),  # limp, check; bet, call; checked down
    ]
    style = measure_style(hands)
    assert (style.vpip, style.pfr) == (pytest.approx(5 / 6), pytest.approx(3 / 6))
    assert (style.three_bet, style.aggression) == (0.5, 2.0)
    assert (style.continuation, style.showdown) == (1.0, pytest.approx(1 / 3))
    with pytest.raises(ValueError, match="not over"):
        measure_style([hand((300,), 0)])


def test_no_curves_where_a_run_kept_none():
    assert html_report.learning_curves([]) == {}


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        ("--chart preflop --report x.html", "--chart and --report are different measures: ask for one at a time."),
        ("--temperature 0", "--temperature 0 must be from 0.01 to 100; 1 leaves the policy as it was trained."),
        (
            "--temperature 2 --ladder",
            "--temperature 2 is not for --ladder: --export-agent the agent at it, and name that instead.",
        ),
        (
            "--carelessness 0.5 --report x.html",
            "--carelessness 0.5 is not for --report: --export-agent the agent at it, and name that instead.",
        ),
        (
            "--carelessness 0.5 --lbr",
            "--carelessness 0.5 is for agents that were trained with --told-carelessness, and this one was not: "
            "leave it out.",
        ),
        ("--chart-out x.png", "--chart-out x.png needs --chart: add it."),
        ("--river 5 --num-games 9", "--num-games 9 is for hands, and --river plays none: leave it out."),
        ("--export-agent x --stack-bb 50", "--stack-bb 50 would change nothing in --export-agent: leave it out."),
    ],
)
def test_mistakes_are_one_line(flags, sentence):
    command = [sys.executable, "bin/evaluate.py", *flags.split()]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (answer.returncode, answer.stdout, answer.stderr) == (2, "", f"error: {sentence}\n")


def test_a_file_that_cannot_be_read_is_said():
    with pytest.raises(UserError, match=r"--chart /proc/self/mem cannot be read \(.*\); name another file"):
        first_hand("--chart", Path("/proc/self/mem"))


@pytest.mark.slow
def test_the_commands_write_their_files(run, tmp_path):
    """bin/evaluate.py --report and --chart with a hand history, as a user calls them."""
    phh = tmp_path / "hand.phh"
    phh.write_text(
        'variant = "NT"\nantes = [0, 0]\nblinds_or_straddles = [50, 100]\nmin_bet = 100\n'
        "starting_stacks = [9000, 9000]\n"
        'actions = ["d dh p1 ????", "d dh p2 ????", "p2 cbr 250", "p1 cc", "d db 7d5h9d", "p1 cc"]\n'
    )
    for flags, files in (
        (["--report", "page.html", "--num-games", "200", "--opponents", "rock", "random"], ["page.html"]),
        (["--chart", str(phh)], ["chart_hand.png", "chart_hand.csv"]),
    ):
        command = [sys.executable, str(ROOT / "bin/evaluate.py"), str(run), *flags]
        answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=None)
        assert answer.returncode == 0, answer.stderr
        assert all((tmp_path / file).stat().st_size > 1000 for file in files)
    assert "Ladder of its checkpoints" in (tmp_path / "page.html").read_text()


