"""Messages of the competition's protocol: the document's own examples, other engines' words, and everything bad."""

from __future__ import annotations

import random
import re
import socket
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pokerjax import poker
from pokerjax.play.acpc import games, hands, messages
from pokerjax.play.acpc.lines import Closed, Lines

# From the protocol's specification, version 2.0.0: what a server sent (S) and what the client answered (C).
LIMIT_2P = """\
S MATCHSTATE:0:0::TdAs|
S MATCHSTATE:0:0:r:TdAs|
C MATCHSTATE:0:0:r:TdAs|:r
S MATCHSTATE:0:0:rr:TdAs|
S MATCHSTATE:0:0:rrc/:TdAs|/2c8c3h
C MATCHSTATE:0:0:rrc/:TdAs|/2c8c3h:r
S MATCHSTATE:0:0:rrc/r:TdAs|/2c8c3h
S MATCHSTATE:0:0:rrc/rc/:TdAs|/2c8c3h/9c
C MATCHSTATE:0:0:rrc/rc/:TdAs|/2c8c3h/9c:c
S MATCHSTATE:0:0:rrc/rc/c:TdAs|/2c8c3h/9c
S MATCHSTATE:0:0:rrc/rc/cr:TdAs|/2c8c3h/9c
C MATCHSTATE:0:0:rrc/rc/cr:TdAs|/2c8c3h/9c:c
S MATCHSTATE:0:0:rrc/rc/crc/:TdAs|/2c8c3h/9c/Kh
C MATCHSTATE:0:0:rrc/rc/crc/:TdAs|/2c8c3h/9c/Kh:c
S MATCHSTATE:0:0:rrc/rc/crc/cr:TdAs|/2c8c3h/9c/Kh
C MATCHSTATE:0:0:rrc/rc/crc/cr:TdAs|/2c8c3h/9c/Kh:c
S MATCHSTATE:0:0:rrc/rc/crc/crc:TdAs|8hTc/2c8c3h/9c/Kh
S MATCHSTATE:1:1::|Qd7c
C MATCHSTATE:1:1::|Qd7c:r
S MATCHSTATE:1:1:rrc/rc/r:|Qd7c/2h8h5c/Th
C MATCHSTATE:1:1:rrc/rc/r:|Qd7c/2h8h5c/Th:f
S MATCHSTATE:1:1:rrc/rc/rf:|Qd7c/2h8h5c/Th
"""
NOLIMIT_2P = """\
S MATCHSTATE:0:30::9s8h|
S MATCHSTATE:0:30:c:9s8h|
C MATCHSTATE:0:30:c:9s8h|:c
S MATCHSTATE:0:30:cc/:9s8h|/8c8d5c
C MATCHSTATE:0:30:cc/:9s8h|/8c8d5c:r250
S MATCHSTATE:0:30:cc/r250c/r500c/r1250c:9s8h|9c6h/8c8d5c/6s/2d
S MATCHSTATE:1:31::|JdTc
C MATCHSTATE:1:31::|JdTc:r300
S MATCHSTATE:1:31:r300r900:|JdTc
C MATCHSTATE:1:31:r300r900:|JdTc:c
S MATCHSTATE:1:31:r300r900c/r1800r3600r9000:|JdTc/6dJc9c
C MATCHSTATE:1:31:r300r900c/r1800r3600r9000:|JdTc/6dJc9c:c
S MATCHSTATE:1:31:r300r900c/r1800r3600r9000c/r20000:|JdTc/6dJc9c/Kh
C MATCHSTATE:1:31:r300r900c/r1800r3600r9000c/r20000:|JdTc/6dJc9c/Kh:c
S MATCHSTATE:1:31:r300r900c/r1800r3600r9000c/r20000c/:KsJs|JdTc/6dJc9c/Kh/Qc
"""
LIMIT_3P = """\
S MATCHSTATE:2:55::||AsTs
C MATCHSTATE:2:55::||AsTs:r
S MATCHSTATE:2:55:rcc/rf:||AsTs/4cJh8h
C MATCHSTATE:2:55:rcc/rf:||AsTs/4cJh8h:c
S MATCHSTATE:2:55:rcc/rfc/rc/rf:||AsTs/4cJh8h/Kd/8c
S MATCHSTATE:0:90:crfc/rc/rc/r:Ad6h||/TsKd7h/Kh/6d
S MATCHSTATE:0:90:crfc/rc/rc/rc:Ad6h||Td2h/TsKd7h/Kh/6d
"""


@pytest.mark.parametrize(
    ("game", "text"),
    [
        ("holdem.limit.2p", LIMIT_2P),
        ("holdem.nolimit.2p", NOLIMIT_2P),
        pytest.param("holdem.limit.3p", LIMIT_3P, marks=pytest.mark.slow),
    ],
)
def test_the_examples_of_the_specification(game, text):
    rules = games.read_game(game)
    kinds = [line.split() for line in text.splitlines()]
    for (kind, line), following in zip(kinds, [*kinds[1:], ["S", ""]], strict=True):
        if kind == "C":
            state, action = messages.read_answer(line)
            hand = hands.replay(rules, state)
            hand.play(action)  # legal
            assert f"{state}:{action}" == line
        else:
            state = messages.read_state(line)
            hand = hands.replay(rules, state)
            assert str(state) == line == str(hand.seen_by(state.seat, state.hand))
            assert (hand.actor == state.seat) == (following[0] == "C")


def test_values_of_the_examples():
    def values(game, line):
        return hands.replay(games.read_game(game), messages.read_state(line)).values()

    assert values("holdem.nolimit.2p", NOLIMIT_2P.split()[-1]) == (-20000, 20000)  # a straight
    assert values("holdem.limit.2p", "MATCHSTATE:1:1:rrc/rc/rf:|Qd7c/2h8h5c/Th") == (40, -40)


@pytest.mark.slow
def test_odd_chips_are_split_into_fractions():
    """As the competition's dealer does. Seat 0 folded its 5, seats 1 and 2 play the board."""
    rules, shown = games.read_game("holdem.limit.3p"), "MATCHSTATE:1:9:cfc/cc/cc/cc:{}2s2c|3s3c/KsKdKh/Kc/Ac"
    hand = hands.replay(rules, messages.read_state(shown.format("|")))
    assert hand.values() == (-5, Fraction(5, 2), Fraction(5, 2))
    with pytest.raises(ValueError, match="shows other hole cards"):
        hands.replay(rules, messages.read_state(shown.format("2d2h|")))


LINES = {
    "holdem.nolimit.2p": {"betting": "nolimit", "stack": "20000 20000", "blind": "100 50", "firstPlayer": "2 1 1 1"},
    "holdem.limit.2p": {
        "betting": "limit", "stack": "9999 9999", "blind": "10 5", "firstPlayer": "2 1 1 1",
        "raiseSize": "10 10 20 20", "maxRaises": "3 4 4 4",
    },
}  # fmt: skip


@pytest.mark.parametrize("game", ["holdem.nolimit.2p", "holdem.limit.2p"])
def test_random_hands_as_the_dealers_own_code_writes_them(game):
    """OpenSpiel's universal_poker is the competition dealer's code, and prints its STATE line."""
    pyspiel = pytest.importorskip("pyspiel")
    rules = games.read_game(game)
    abstraction = "fullgame" if rules.betting == "no_limit" else "fcpa"
    spiel = pyspiel.load_game("universal_poker", LINES[game] | {
        "bettingAbstraction": abstraction, "numPlayers": rules.num_players, "numRounds": 4, "numSuits": 4,
        "numRanks": 13, "numHoleCards": 2, "numBoardCards": "0 3 1 1",
    })  # fmt: skip
    rng = random.Random(1)
    for number in range(25):
        deck = rng.sample(range(52), rules.num_cards)
        split = 2 * rules.num_players
        hand = hands.Hand(rules, np.array(deck[:split], np.int32).reshape(-1, 2), np.array(deck[split:], np.int32))
        state, cards = spiel.new_initial_state(), iter(deck)
        while not state.is_terminal():
            if state.is_chance_node():
                state.apply_action(next(cards))
                continue
            action = rng.choice(state.legal_actions()[:3] + [1, 1] + state.legal_actions()[-1:])
            raises = "r" if rules.betting == "fixed_limit" else f"r{action}"
            hand.play(raises if action > 1 else "fc"[action])
            state.apply_action(action)
            if not state.is_chance_node():
                line = re.search("ACPC State: STATE:0:(.*)", str(state))[1]
                theirs = messages.read_state(f"MATCHSTATE:0:{number}:{line}")
                assert _sorted_cards(theirs) == _sorted_cards(hand.open_cards(number)), number
        assert hand.done
        assert state.returns() == [float(value) for value in hand.values()]


def _sorted_cards(state: messages.MatchState) -> str:
    """OpenSpiel keeps sets of cards, so their order is its own."""

    def in_order(cards):
        return "".join(poker.card_name(card) for card in sorted(poker.cards(cards).tolist()))

    hole, board = "|".join(map(in_order, state.hole)), "".join(f"/{in_order(cards)}" for cards in state.board)
    return f"{state.betting_text}:{hole}{board}"


def test_random_hands_as_pokerkit_writes_them():
    pokerkit = pytest.importorskip("pokerkit")
    rules, rng = games.read_game("holdem.nolimit.2p"), random.Random(2)
    automations = set(pokerkit.Automation) - {pokerkit.Automation.HOLE_CARDS_SHOWING_OR_MUCKING}
    game = pokerkit.NoLimitTexasHoldem(tuple(automations), True, 0, (50, 100), 100)
    for number in range(5):
        state = game((20_000, 20_000), 2)
        while state.actor_index is not None:
            if rng.random() < 0.3 and state.can_complete_bet_or_raise_to():
                state.complete_bet_or_raise_to()
            else:
                state.check_or_call()
        while state.showdown_index is not None:  # the competition's dealer shows all hands
            state.show_or_muck_hole_cards(True)
        history = pokerkit.HandHistory.from_game_state(game, state)
        told = [line.strip() for who, line in history.to_acpc_protocol(0, number) if who == "S->"]
        last = hands.replay(rules, messages.read_state(told[-1]))
        for line in told:
            assert str(hands.replay(rules, messages.read_state(line)).seen_by(0, number)) == line
        assert last.done
        assert [float(value) for value in last.values()] == [float(chips) for chips in state.payoffs]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "is no MATCHSTATE"),
        ("MATCHSTATE:0:0:r300:", "has cards of 1 seats; the game has 2"),
        ("MATCHSTATE:0:0::TdAs|8h8d", "shows other hole cards"),
        ("MATCHSTATE:0:0::TdTd|", "Td"),
        ("MATCHSTATE:0:0::Td|", "must show 2 hole cards of seat 0"),
        ("MATCHSTATE:1:0::TdAs|", "must show 2 hole cards of seat 1"),
        ("MATCHSTATE:2:0::TdAs|", "told to seat 2, but has cards of 2 seats"),
        ("MATCHSTATE:0:0::TdAs||", "cards of 3 seats; the game has 2"),
        ("MATCHSTATE:0:0:r300:TdAs|/2c8c3h", "another number of cards on the board"),
        ("MATCHSTATE:0:0:cc:TdAs|", "divides the streets otherwise than the rules: cc/"),
        ("MATCHSTATE:0:0:cc/:TdAs|/2c8c", "another number of cards on the board"),
        ("MATCHSTATE:0:0:cc/f:TdAs|/2c8c3h", "owes nothing, so it may not fold"),
        ("MATCHSTATE:0:0:r:TdAs|", "r is no raise of this game, in which a raise names the chips"),
        ("MATCHSTATE:0:0:r199:TdAs|", "may raise to 200 up to 20000 chips over the hand, not r199"),
        ("MATCHSTATE:0:0:r20001:TdAs|", "may raise to 200 up to 20000"),
        ("MATCHSTATE:0:0:r20000r20001:TdAs|", "Seat 0 may not raise now: only f or c"),
        ("MATCHSTATE:0:0:fc:TdAs|", "The hand is over, so c comes too late"),
        ("MATCHSTATE:0:0:300:TdAs|", "betting that cannot be read: '300'"),
        ("MATCHSTATE:0:99999999999::TdAs|", "is no MATCHSTATE"),
    ],
)
def test_bad_states(line, words):
    with pytest.raises(ValueError, match=re.escape(words)) as raised:
        hands.replay(games.read_game("holdem.nolimit.2p"), messages.read_state(line))
    assert len(str(raised.value).splitlines()) == 1


PIECES = st.sampled_from(["MATCHSTATE", ":", "0", "1", "r300", "c", "f", "/", "|", "TdAs", "8h", "2c8c3h", "r", "\n"])


@settings(max_examples=60, deadline=None, database=None, derandomize=True)
@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=14).map("".join), st.tuples(
    st.sampled_from(NOLIMIT_2P.split()[1::2]), st.integers(0, 60), PIECES
).map(lambda x: x[0][: x[1]] + x[2] + x[0][x[1] + 1 :])))  # fmt: skip
def test_any_line_is_a_hand_or_one_sentence(line):
    rules = games.read_game("holdem.nolimit.2p")
    for read in (messages.read_state, lambda line: messages.read_answer(line)[0]):
        try:
            state = read(line)
            hand = hands.replay(rules, state)
        except ValueError as error:
            assert len(str(error).splitlines()) == 1 and str(error).endswith(".")
        else:
            assert str(hand.seen_by(state.seat, state.hand)) == str(state)


def test_lines_however_they_arrive():
    ours, theirs = map(Lines, socket.socketpair())
    pieces = [b"# hello\r\nVER", b"SION:2.0.0\r", b"\none\ntwo\r\n; gui\n\n \r\nthree\n", b"x" * 3000]
    pieces += [b"x" * 3000, b" too long\nfour\n\xff\xfe\n", b"last"]
    for piece in pieces:
        theirs._connection.sendall(piece)
    assert [ours.read(1) for _ in range(4)] == ["VERSION:2.0.0", "one", "two", "three"]
    with pytest.raises(ValueError, match="more than 4096 bytes was ignored"):
        ours.read(1)
    assert ours.read(1) == "four"
    assert ours.read(1) == "\\xff\\xfe"
    with pytest.raises(TimeoutError):
        ours.read(0.05)
    theirs.close()
    with pytest.raises(Closed, match="closed"):
        ours.read(1)
    with pytest.raises(Closed, match="connection was closed"):
        for _ in range(3):
            ours.send("nobody listens")
    ours.close()


@pytest.mark.parametrize("line", ["", "VERSION", "VERSION:2.0", "VERSION:1.0.0", "VERSION:2.1.0", "VERSION:2.0.0x"])
def test_bad_versions(line):
    with pytest.raises(ValueError, match=re.escape("begin with VERSION:2.0.0.")):
        messages.check_version(line)
