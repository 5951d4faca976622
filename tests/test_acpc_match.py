"""Matches through the protocol: the books of both sides, and bots that break off, hang or send what they should not."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import jax
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pokerjax.agents import Agent, Observation, create_llm_agent
from pokerjax.config import GameConfig, ModelConfig, UserError
from pokerjax.env import tables
from pokerjax.model.transformer import Model
from pokerjax.play.acpc import __main__ as client_command
from pokerjax.play.acpc import client, dealer, games, hands, messages
from pokerjax.play.acpc.lines import Closed, Lines
from pokerjax.play.acpc.match import Match, MatchEnded, Player, Times


@pytest.fixture(scope="module")
def agent() -> Agent:
    game = GameConfig(num_players=6, table_sizes=(2, 3, 6))  # as in test_adapters.py: the programs are the same
    model = Model(tables.make_environment(game), ModelConfig(d_model=8, n_layers=1, n_heads=1))
    return Agent(model, jax.jit(model.init)(jax.random.key(0)), seed=1)


class Table:
    """A dealer's match whose players' ends of the connections are in `ends`."""

    def __init__(self, game="holdem.nolimit.2p", num_hands=3, response=600.0, **options):
        self.rules = games.read_game(game)
        pairs = [socket.socketpair() for _ in range(self.rules.num_players)]
        self.ends = [Lines(theirs) for _, theirs in pairs]
        self.log, self.notes = [], []
        self.players = [Player(f"p{number}", Lines(ours)) for number, (ours, _) in enumerate(pairs)]
        self.match = Match(
            self.rules, self.players, num_hands=num_hands, seed=3, times=Times(response=response),
            log=self.log.append, note=self.notes.append, **options,
        )  # fmt: skip

    def run(self) -> str | None:
        """Deal the match; why it ended early, if it did."""
        try:
            self.match.play()
            return None
        except MatchEnded as ended:
            return str(ended)
        finally:
            for player in self.players:
                player.lines.close()

    def play(self, *bots) -> tuple[str | None, list]:
        """The match with a function of the player's lines in every place, and what the functions return."""
        with ThreadPoolExecutor(len(bots) + 1) as pool:
            dealing = pool.submit(self.run)
            playing = [pool.submit(bot, lines) for bot, lines in zip(bots, self.ends, strict=True)]
            try:
                return dealing.result(), [bot.result() for bot in playing]
            finally:
                for lines in self.ends:
                    lines.close()


def caller(before=(), action="c"):
    """A bot that checks and calls, and says other things before each answer; it returns what the dealer noted."""

    def play(lines: Lines) -> list[str]:
        heard: list[str] = []
        rules = games.read_game("holdem.nolimit.2p")
        try:
            lines.send(messages.VERSION)
            while True:
                state = messages.read_state(_next(lines, heard))
                if hands.replay(rules, state).actor == state.seat:
                    for line in before:
                        lines.send(line.replace("NOW", str(state)))
                    lines.send(f"{state}:{action}")
        except Closed:
            return heard

    return play


def _next(lines: Lines, heard: list[str]) -> str:
    """The dealer's next line that is no comment; comments are kept, which `Lines` would drop."""
    while True:
        while b"\n" not in lines._received:
            lines._receive(None)
        line, _, lines._received = lines._received.partition(b"\n")
        text = line.decode().strip()
        if not text.startswith("#"):
            return text
        heard.append(text)


def books_of(agent, rules):
    return lambda lines: client.play(agent, rules, lines, note=pytest.fail)


def check_books(table: Table, books: list[client.Books]) -> None:
    """The dealer's books and the clients' are equal, in all and hand by hand."""
    assert [player.won for player in table.players] == [each.chips for each in books]
    assert not any(each.ended_by for each in books) and sum(each.chips for each in books) == 0
    states = [line.split(":") for line in table.log if line.startswith("STATE")]
    for number, (_, hand, _, _, values, names) in enumerate(states):
        assert int(hand) == number
        for value, name in zip(values.split("|"), names.split("|"), strict=True):
            assert abs(float(value) - float(books[int(name[1:])].won[number])) < 1e-5
    assert table.log[-1].startswith("SCORE:") and len(states) == table.match.hands


OTHERS = [pytest.param(name, marks=pytest.mark.slow) for name in games.GAMES if name != "holdem.nolimit.2p"]


@pytest.mark.parametrize("game", ["holdem.nolimit.2p", *OTHERS])
def test_the_books_of_a_match_are_equal(agent, game):
    table = Table(game, num_hands=12)
    ended, books = table.play(*[books_of(agent, table.rules)] * table.rules.num_players)
    assert ended is None
    check_books(table, books)
    assert {line.split(":")[5] for line in table.log if line.startswith("STATE")} == {
        "|".join(f"p{(seat + turn) % table.rules.num_players}" for seat in range(table.rules.num_players))
        for turn in range(table.rules.num_players)
    }  # everybody sits everywhere


@pytest.mark.slow
def test_the_books_of_a_thousand_hands_are_equal():
    """The agent that ships against a caller and itself, over TCP."""
    shipped = create_llm_agent(model_path="", seed=5)
    table = Table(num_hands=1000)
    ended, books = table.play(books_of(shipped, table.rules), books_of(shipped, table.rules))
    assert ended is None
    check_books(table, books)
    assert len(books[0].won) == 1000
    print(f"\n{books[0]}")


BAD = [
    "hello", "NOW", "NOW:", "NOW:x", "NOW:r", "NOW:r1", "NOW:r99999999", "NOW:c:c", "MATCHSTATE:9:9::|:c",
    "NOW:f5", ":c", "MATCHSTATE:0:77::AsKs|:c", "x" * 5000, "MATCHSTATE:0:0::AsAs|:c", "VERSION:2.0.0",
]  # fmt: skip


@pytest.fixture(scope="module")
def quiet() -> list[str]:
    """The log of one hand between two callers."""
    table = Table(num_hands=1)
    table.play(caller(), caller())
    assert table.log[0].startswith("STATE:0:cc/cc/cc/cc:")
    return table.log


def test_bad_messages_are_answered_and_change_nothing(quiet):
    table = Table(num_hands=1)
    ended, (heard, other) = table.play(caller(BAD), caller())
    assert ended is None and other == []
    assert table.log == quiet
    assert len(heard) == len(table.notes) and len(heard) % len(BAD) == 0 and heard
    for words in ("is no MATCHSTATE", "does not end in an action", "of more than 4096 bytes was ignored",
                  "names the chips it goes to", "may raise to", "answers another state", "there twice"):  # fmt: skip
        assert any(words in line for line in heard), words
    assert all(line.startswith("# ignored: ") and line.isprintable() for line in heard)


@settings(max_examples=20, deadline=None, database=None, derandomize=True)
@given(st.lists(st.one_of(st.text(max_size=40), st.sampled_from(BAD)), max_size=8))
def test_any_messages_change_nothing(quiet, lines):
    """Whatever is sent before the answer, the match is the one without it."""
    table = Table(num_hands=1)
    ended, _ = table.play(caller([line.replace("\n", " ") for line in lines]), caller())
    assert ended is None and table.log == quiet


def test_illegal_actions_are_calls_where_the_dealer_is_lenient():
    table = Table(num_hands=1, lenient=True)
    ended, _ = table.play(caller(action="r1"), caller())
    assert ended is None and table.log[0].startswith("STATE:0:cc/cc/cc/cc:")
    assert len(table.notes) == 4 and all("played as a call" in note for note in table.notes)


def flood(lines: Lines):
    lines.send(messages.VERSION)
    try:
        for _ in range(120):
            lines.send("nonsense")
        while True:
            lines.read()
    except Closed:
        return None


def hang(lines: Lines):
    lines.send(messages.VERSION)


def leave(lines: Lines):
    lines.send(messages.VERSION)
    lines.read()
    lines.close()


def no_version(lines: Lines):
    lines.send("HELLO")


@pytest.mark.parametrize(
    ("bot", "words"),
    [
        (hang, r"player 2 \(p1\) ran out of time"),
        (leave, r"player 2 \(p1\): the connection was"),
        (no_version, r"player 2 \(p1\): 'HELLO' is no version: begin with VERSION:2.0.0"),
        (flood, r"player 2 \(p1\) sent 100 messages that were no answers"),
    ],
)
def test_a_bot_that_cannot_go_on_ends_the_match(bot, words):
    table = Table(response=2 if bot is hang else 600)
    ended, (heard, _) = table.play(caller(), bot)
    assert re.match(words, ended or "")
    assert table.log[-2].startswith("# the match ended in hand 0: player 2") and table.log[-1] == "SCORE:0|0:p0|p1"
    assert heard and heard[-1].startswith("# the match ended in hand 0")


def test_time_is_counted_over_the_match():
    table = Table(num_hands=2)
    table.match.times = Times(response=600, average=0.25)
    ended, _ = table.play(caller(), hang)
    assert ended == "player 2 (p1) ran out of time"


# --- The client ---


def test_the_competitions_house_allows_no_fold_for_nothing(agent):
    spot = Observation(
        seat=1, hole="AhKd", stacks=(20_000, 20_000), blinds=(50, 100), actions=["call", "fold"], house="acpc"
    )
    with pytest.raises(ValueError, match=r"actions\[1\] = 'fold': seat 0 owes nothing, and the ACPC dealer allows"):
        agent.act(spot)


def session(agent, *lines: bytes, game="holdem.nolimit.2p"):
    ours, theirs = socket.socketpair()
    theirs.sendall(b"".join(lines))
    theirs.shutdown(socket.SHUT_WR)
    notes: list[str] = []
    client_lines, answers = Lines(ours), Lines(theirs)
    books = client.play(agent, games.read_game(game), client_lines, notes.append)
    client_lines.close()
    said = []
    try:
        while True:
            said.append(answers.read(1))
    except Closed:
        answers.close()
    return books, said, notes


TURN = b"MATCHSTATE:1:0::|JdTc\r\n"
OVER = b"MATCHSTATE:0:1:f:9s8h|\r\n"


def test_the_client_answers_once_a_state_and_ignores_the_rest(agent):
    noise = b"# comment\r\n; gui\r\n\r\nMATCHSTATE:1:0:r1:|JdTc\nMATCHSTATE:1:0\n" + b"y" * 9000 + b"\n\xff\n"
    books, said, notes = session(agent, noise, TURN, b"MATCHSTATE:0:1::9s8h|\n", OVER, OVER, TURN[:-2] + b"\n", noise)
    assert said[0] == messages.VERSION
    assert [line.rsplit(":", 1)[0] for line in said[1:]] == ["MATCHSTATE:1:0::|JdTc"] * 2
    assert said[1] == said[2]  # the same question gets the same answer
    assert len(notes) == 8 and all(note.startswith("ignored: ") for note in notes)
    assert books.won == {1: Fraction(50)}
    assert books.ended_by == "the connection was closed in hand 0, before its end"
    assert str(books) == "1 hand, +50 chips, +50.0 bb/100"


def test_what_comes_after_the_end_of_a_hand_is_ignored(agent):
    books, said, notes = session(agent, OVER, b"MATCHSTATE:0:1:c:9s8h|\n")
    assert len(said) == 1 and len(notes) == 1 and "hand 1 is over" in notes[0]
    assert books.ended_by == "" and books.chips == 50


def test_a_dealer_of_another_game_is_left(agent):
    books, said, notes = session(agent, b"MATCHSTATE:0:0::TdAs|\n" * 150, game="holdem.nolimit.3p")
    assert books.ended_by == "100 lines in a row were no messages of a dealer of this game: check --game"
    assert len(said) == 1 and "cards of 2 seats; the game has 3" in notes[0]
    assert session(agent)[0].ended_by == "the connection was closed before the first hand was over"
    limit = session(agent, b"MATCHSTATE:0:0:r:TdAs|\n")  # by the default, a no-limit game
    assert limit[0].ended_by == "the connection was closed before the first hand was over: check --game"
    assert "r is no raise of this game, in which a raise names the chips" in limit[2][0]


def test_no_limit_sizes_become_what_a_limit_game_allows():
    rules = games.read_game("holdem.limit.2p")
    hand = hands.replay(rules, messages.read_state("MATCHSTATE:1:0::|JdTc"))
    assert [hands.answer(hand, *what) for what in (("raise", 240), ("call", 0), ("fold", 0))] == ["r", "c", "f"]
    capped = hands.replay(rules, messages.read_state("MATCHSTATE:0:0:crrr:JdTc|"))
    assert hands.answer(capped, "raise", 240) == "c"  # three raises are all there are
    seen = hands.observation(capped, 0)
    assert seen.actions == ["check/call", ("raise", 20), ("raise", 30), ("raise", 40)]
    assert list(seen.stacks) == [240, 240]  # 40 before the flop, 40 on it, 80 on the turn and on the river


# --- The commands ---


@pytest.mark.parametrize(
    ("main", "arguments", "sentence"),
    [
        (client_command.main, "127.0.0.1 1", "No dealer answers at 127.0.0.1:1 (Connection refused); start it first"),
        (client_command.main, "127.0.0.1 0", "PORT 0 must be from 1 to 65535."),
        (client_command.main, "127.0.0.1 9 --game nowhere", "There is no game file nowhere; name one, or one of"),
        (client_command.main, "127.0.0.1 9 --agent nowhere", "There is no run or checkpoint at nowhere; shipped and"),
        (client_command.main, "127.0.0.1 9 --game README.md", "README.md is no game. Line 3: a game begins with"),
        (dealer.main, "holdem.nolimit.2p 0 1", "HANDS 0 must be from 1 to 10000000."),
        (dealer.main, "holdem.nolimit.2p 1 -1", "--seed -1 must be from 0"),
        (dealer.main, "holdem.nolimit.2p 1 1 --names a", "--names must be 2, one a player, not 1."),
        (dealer.main, "holdem.nolimit.2p 1 1 --names a b:c", "--names b:c: a name in a log has no space, : or |."),
        (dealer.main, "holdem.nolimit.2p 1 1 --ports 0", "--ports must be 2, one a player, not 1."),
        (dealer.main, "holdem.nolimit.2p 1 1 --ports 0 99999", "--ports 99999 must be from 0"),
        (dealer.main, "holdem.nolimit.2p 1 1 --response-time 0", "--response-time 0 must be more than 0"),
        (dealer.main, "holdem.nolimit.2p 1 1 --log /nowhere/x", "--log /nowhere/x cannot be written"),
        (dealer.main, "holdem.nolimit.2p 1 1 --start-time 0.05", "Player 1 did not connect within 0.05 seconds"),
    ],
)
def test_mistakes_are_one_sentence(main, arguments, sentence):
    with pytest.raises(UserError) as raised:
        main(arguments.split())
    assert str(raised.value).startswith(sentence) and len(str(raised.value).splitlines()) == 1


def test_what_cannot_be_reached_or_read_is_one_sentence(tmp_path, monkeypatch):
    with pytest.raises(UserError, match=r"No dealer answers at ä.*; start it first"):
        client.connect("ä" * 70, 1)  # longer than the name of a host can be
    game = tmp_path / "some.game"
    game.write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match=r"is no text; name a \.game file"):
        games.read_game(str(game))

    def refused(*_, **__):
        raise PermissionError(13, "Permission denied")  # which root, who may run this, never meets

    monkeypatch.setattr(Path, "read_text", refused)
    with pytest.raises(UserError, match=r"cannot be read \(Permission denied\); name another file"):
        games.read_game(str(game))


@pytest.mark.slow
def test_the_commands_play_a_match(tmp_path):
    log = tmp_path / "match.log"
    command = [sys.executable, "-m", "pokerjax.play.acpc.dealer", "holdem.nolimit.2p", "6", "1", "--log", str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as dealing:
        assert dealing.stdout and dealing.stderr
        ports = dealing.stdout.readline().split()
        bots = [
            subprocess.Popen(
                [sys.executable, "-m", "pokerjax.play.acpc", "127.0.0.1", port], stdout=subprocess.PIPE, text=True
            )
            for port in ports
        ]
        results = [bot.communicate(timeout=300)[0] for bot in bots]
        assert dealing.wait(60) == 0
        score = dealing.stdout.read().strip()
        assert dealing.stderr.read() == ""
    assert all(bot.returncode == 0 for bot in bots)
    won = [float(chips) for chips in score.split(":")[1].split("|")]
    assert results == [f"6 hands, {chips:+,g} chips, {100 * chips / 600:+.1f} bb/100.\n" for chips in won]
    lines = log.read_text().splitlines()
    assert lines[0] == "# name/game/hands/seed pokerjax holdem.nolimit.2p 6 1" and lines[-1] == score
