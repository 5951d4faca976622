"""The game in the shell: what it shows, what it asks, and how it ends; and the commands' sentences."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path

import jax
import pytest

from pokerjax.agents import Agent, AgentDecision
from pokerjax.config import GameConfig, ModelConfig
from pokerjax.env.tables import make_environment
from pokerjax.model.transformer import Model
from pokerjax.play import terminal

ROOT = Path(__file__).parents[1]


class Caller(Agent):
    """An agent that checks and calls, and keeps what it was told."""

    def __init__(self, players: int):
        model = Model(make_environment(GameConfig(num_players=players)), ModelConfig(d_model=8, n_layers=1, n_heads=1))
        super().__init__(model, jax.jit(model.init)(jax.random.key(0)))
        self.told = []

    def act(self, observation) -> AgentDecision:
        """Let the real agent check the description, then check or call."""
        self.told.append(observation)
        super().act(observation)
        return AgentDecision(
            action="call", amount=0, probabilities={"check/call": 0.75, "fold": 0.25}, amounts={}, value_bb=1.5
        )


@pytest.fixture(scope="module")
def callers():
    return {players: Caller(players) for players in (2, 3)}


def session(agent: Agent, lines: str, **options) -> tuple[terminal.Game, str]:
    out = io.StringIO()
    game = terminal.play(agent, io.StringIO(lines), out, seed=3, **options)
    return game, out.getvalue()


def test_a_hand_to_the_showdown(callers):
    game, shown = session(callers[2], "c\n" * 4 + "q\n")
    assert game.hands == 1
    for words in ("You hold", "on the button", "Before the flop", "Flop", "Turn", "River", "Showdown", "call 50"):
        assert words in shown
    assert f"After 1 hand you are at {game.won:+,} chips, {game.won:+} bb/100. Goodbye." in shown
    assert abs(game.won) in (0, 100)


def test_all_in_and_the_running_result(callers):
    game, shown = session(callers[2], "a\na\n")
    assert game.hands == 2
    assert "You raise to 10,000, all-in" in shown
    assert "Agent calls 9,900" in shown
    assert game.won % 10_000 == 0
    assert "in the big blind" in shown  # the button has moved
    assert f"After 2 hands you are at {game.won:+,} chips, {game.won / 2:+.0f} bb/100." in shown


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("x", "Please type f (fold), c (check or call)"),
        ("", "Please type f"),
        ("r", "Raise to 200 up to 10,000 chips, as in: r 200."),
        ("r 150", "Raise to 200 up to 10,000 chips"),
        ("r abc", "Raise to 200 up to 10,000 chips"),
        ("c\nf", "There is nothing to call"),
    ],
)
def test_illegal_input_is_answered_and_asked_again(callers, line, words):
    game, shown = session(callers[2], f"{line}\nq\n")
    assert words in shown
    assert game.hands == 0
    assert "No hand was finished. Goodbye." in shown


def test_study_shows_what_the_agents_thought(callers):
    for study in (True, False):
        _, shown = session(callers[3], "f\nq\n", study=study)
        assert ("check/call 75%, fold 25%; expects +1.5 bb" in shown) == study


def test_agents_are_told_only_what_their_seat_sees(callers):
    agent = callers[3]
    agent.told.clear()
    session(agent, "r 300\nc\nc\nc\nq\n")
    assert {len(told.board) for told in agent.told} == {0, 6, 8, 10}
    assert all(len(told.hole) == 4 for told in agent.told)
    assert agent.told[0].actions == (("raise", 300),)


def test_end_of_input_and_interrupt_are_polite(callers, monkeypatch):
    assert session(callers[2], "")[1].endswith("No hand was finished. Goodbye.\n")

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(terminal.Game, "_ask", interrupt)
    assert session(callers[2], "c\n")[1].endswith("No hand was finished. Goodbye.\n")


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_the_table_within_80_columns(callers, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm-256color")
    out = Terminal()
    game = terminal.play(callers[3], io.StringIO("r 300\nc\nx\nf\nc\nc\nq\n"), out, seed=3, study=True)
    echoed = out.getvalue().replace(" > ", " > \n")  # as a terminal shows what is typed
    shown = re.sub(r"\x1b\[[0-9;]*m", "", echoed)
    assert game.hands == 1
    assert "\x1b[" in out.getvalue()
    assert max(map(len, shown.splitlines())) <= 80
    for words in ("pot 150", "pot 900", "9,700", "[r]aise to", "There is nothing to call", "Showdown", "Please type f"):
        assert words in shown
    assert "check/call  " + "█" * 18 + "░" * 6 + "  75%" in shown
    table = re.search(r"╭.*?╰", shown, re.DOTALL)
    assert table and len(re.findall("[♣♦♥♠]", table[0])) == 2  # the human's cards and no others
    monkeypatch.setenv("TERM", "dumb")
    plain = Terminal()
    terminal.play(callers[3], io.StringIO("q\n"), plain, seed=3)
    assert not {"╭", "\x1b"} & set(plain.getvalue())


def test_letters_where_suits_cannot_be_printed(callers):
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="replace")
    game = terminal.Game(callers[2], io.StringIO(""), out, seed=3)
    assert game._view.cards([51, 0]) == "As 2c"


NOWHERE = (
    "There is no run or checkpoint at runs/nowhere; shipped and shipped/told are the agents that ship with pokerjax."
)


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("play.py runs/nowhere", NOWHERE),
        ("play.py --num-players 3", "--num-players is for --terminal: the page asks for it."),
        ("play.py --terminal --port 9 --names a", "--terminal opens no page: leave it or --port and --names out."),
        ("play.py --port 70000", "--port 70000 must be from 0 to 65535."),
        ("play.py --host ", "--host is empty; name an address, 127.0.0.1 for this machine alone."),
        ("play.py runs/nowhere --terminal", NOWHERE),
        ("evaluate.py runs/nowhere", NOWHERE),
        ("evaluate.py --hands x.phhs --ladder", "--hands x.phhs is for matches: leave --ladder out."),
        ("evaluate.py runs/nowhere --num-game 3", "Unknown flag --num-game; did you mean --num-games?"),
        ("evaluate.py --opponents random runs/x", "--opponents runs/x: name the agent that is measured first, as in"
            " bin/evaluate.py shipped --opponents runs/x."),
        ("evaluate.py --opponents ", "--opponents has an empty name: leave it out."),
        ("evaluate.py --lbr --opponents rock", "--opponents rock are for matches: leave --lbr out."),
        ("evaluate.py --report x.html --json",
            "--json is for numbers, and --report writes a file: leave one of them out."),
        ("evaluate.py --report docs", "--report docs is a folder; name a file in it."),
        ("evaluate.py --ladder --plot README.md/x.png",
            "--plot README.md/x.png cannot be written; name a file elsewhere."),
        ("curves.py", "Name at least one run, or a CSV file that this command wrote."),
        ("curves.py runs/x --logarithmic", "--logarithmic is for a picture: add --plot FILE."),
        ("benchmark.py", "Name a benchmark: engine, strength, train, host, scaling, attention."),
        ("evaluate.py " + 300 * "x", 300 * "x" + " is no path: File name too long."),
        ("evaluate.py runs/nowhere --num-games 0", "--num-games 0 must be from 1 to 100000000."),
    ],
)
def test_mistakes_are_one_line_and_exit_status_2(command, sentence):
    result = subprocess.run([sys.executable, *f"bin/{command}".split(" ")], cwd=ROOT, capture_output=True, text=True)
    assert (result.returncode, result.stdout, result.stderr) == (2, "", f"error: {sentence}\n")
