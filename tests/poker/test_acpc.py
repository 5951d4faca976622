"""Game files of the ACPC's dealer: the well-known ones read and played against OpenSpiel, then every bad one."""

import jax
import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pokerjax import poker

LIMIT_2P = """\
GAMEDEF
limit
numPlayers = 2
numRounds = 4
blind = 10 5
raiseSize = 10 10 20 20
firstPlayer = 2 1 1 1
maxRaises = 3 4 4 4
numSuits = 4
numRanks = 13
numHoleCards = 2
numBoardCards = 0 3 1 1
END GAMEDEF
"""
NOLIMIT_2P = """\
GAMEDEF
nolimit
numPlayers = 2
numRounds = 4
stack = 20000 20000
blind = 100 50
firstPlayer = 2 1 1 1
numSuits = 4
numRanks = 13
numHoleCards = 2
numBoardCards = 0 3 1 1
END GAMEDEF
"""
LIMIT_3P = LIMIT_2P.replace("Players = 2", "Players = 3").replace("10 5", "5 10 0").replace("2 1 1 1", "3 1 1 1")
NOLIMIT_3P = """\
GAMEDEF
nolimit
numPlayers = 3
numRounds = 4
stack = 20000 20000 20000
blind = 50 100 0
firstPlayer = 3 1 1 1
numSuits = 4
numRanks = 13
numHoleCards = 2
numBoardCards = 0 3 1 1
END GAMEDEF
"""
KUHN_2P = """\
GAMEDEF
limit
numPlayers = 2
numRounds = 1
blind = 1 1
raiseSize = 1
firstPlayer = 1
maxRaises = 1
numSuits = 1
numRanks = 3
numHoleCards = 1
numBoardCards = 0
END GAMEDEF
"""
KUHN_3P = KUHN_2P.replace("Players = 2", "Players = 3").replace("1 1", "1 1 1").replace("Ranks = 3", "Ranks = 4")
LEDUC_2P = """\
GAMEDEF
limit
numPlayers = 2
numRounds = 2
blind = 5 5
raiseSize = 10 20
firstPlayer = 1 1
maxRaises = 2 2
numSuits = 2
numRanks = 3
numHoleCards = 1
numBoardCards = 0 1
END GAMEDEF
"""
FILES = {
    "holdem.limit.2p.reverse_blinds": LIMIT_2P,
    "holdem.nolimit.2p.reverse_blinds": NOLIMIT_2P,
    "holdem.limit.3p": LIMIT_3P,
    "holdem.nolimit.3p": NOLIMIT_3P,
    "kuhn.limit.2p": KUHN_2P,
    "kuhn.limit.3p": KUHN_3P,
    "leduc.limit.2p": LEDUC_2P,
}


# --- What the files say ---


def test_limit_file():
    assert poker.rules_from_acpc(LIMIT_2P) == poker.Rules(
        2, "fixed_limit", "acpc",
        raise_sizes=(10, 10, 20, 20), max_raises=(3, 4, 4, 4), first_to_act=(1, 0, 0, 0),
        stacks=(2**29, 2**29), blinds=(10, 5), antes=(0, 0), big_blind=10,
    )  # fmt: skip


def test_no_limit_file():
    assert poker.rules_from_acpc(NOLIMIT_3P) == poker.Rules(
        3, "no_limit", "acpc", first_to_act=(2, 0, 0, 0),
        stacks=(20000,) * 3, blinds=(50, 100, 0), antes=(0, 0, 0), big_blind=100,
    )  # fmt: skip


def test_small_deck_file():
    rules = poker.rules_from_acpc(LEDUC_2P)
    assert (rules.num_ranks, rules.num_suits, rules.hole_cards, rules.board_cards) == (3, 2, 1, (0, 1))


def test_stakes_need_no_arguments():
    stakes = poker.stakes(poker.rules_from_acpc(NOLIMIT_2P))
    assert stakes.stacks.tolist() == [20000, 20000]
    assert stakes.blinds.tolist() == [100, 50]
    assert int(stakes.big_blind) == 100
    assert int(poker.stakes(poker.rules_from_acpc(LIMIT_3P)).stacks.sum()) <= poker.rules.MAX_CHIPS


@pytest.mark.parametrize(
    "text",
    [
        NOLIMIT_2P.upper(),
        NOLIMIT_2P.replace(" = ", "="),
        NOLIMIT_2P.replace(" = ", " "),
        NOLIMIT_2P.replace("\n", "  # a comment\r\n").replace("GAMEDEF", "\n# heads-up\nGAMEDEF", 1),
        "\n".join(["GAMEDEF", *NOLIMIT_2P.split("\n")[-3:0:-1], "END GAMEDEF"]),  # in any order
        NOLIMIT_2P.replace("END", "maxRaises = 255 255 255 255\nraiseSize = 1 1 1 1\nEND"),
        NOLIMIT_2P + "\n# nothing\n\n",
    ],
)
def test_ways_to_write_the_same_game(text):
    assert poker.rules_from_acpc(text) == poker.rules_from_acpc(NOLIMIT_2P)


def test_defaults_are_the_dealers():
    text = "\n".join(
        line for line in LIMIT_2P.split("\n") if not line.startswith(("firstPlayer", "maxRaises", "limit"))
    )
    rules = poker.rules_from_acpc(text)
    assert (rules.betting, rules.first_to_act, rules.max_raises) == ("fixed_limit", (0, 0, 0, 0), None)
    named = LIMIT_2P.replace("END", "stack = 2147483647 2147483647\nEND")
    assert poker.rules_from_acpc(named) == poker.rules_from_acpc(LIMIT_2P)
    unlimited_at_first = poker.rules_from_acpc(LIMIT_2P.replace("3 4 4 4", "255 4 4 4"))
    assert unlimited_at_first.max_raises == (255, 4, 4, 4)


# --- The games, played ---


@pytest.mark.parametrize("name", FILES)
def test_random_hands_are_those_of_the_dealer(name):
    pyspiel = pytest.importorskip("pyspiel")
    rules = poker.rules_from_acpc(FILES[name])
    hands = oracles.random_universal(pyspiel, rules, 200, games=1, seed=7, stakes=(rules.stacks, rules.blinds))
    assert oracles.compare(rules, hands).decisions > 300


def test_any_file_is_vmappable():
    rules = poker.rules_from_acpc(LEDUC_2P)
    stakes = poker.stakes(rules)

    def first_bet(key):
        return poker.act(rules, poker.start(rules, poker.deal(rules, key), stakes), 15)

    states = jax.jit(jax.vmap(first_bet))(jax.random.split(jax.random.key(0), 5))
    np.testing.assert_array_equal(states.bets, [[15, 5]] * 5)


# --- What is refused ---


def _but(old, new, text=NOLIMIT_2P):
    assert old in text
    return text.replace(old, new)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "The game is empty: it begins with a line GAMEDEF."),
        ("# only a comment\n", "The game is empty"),
        (_but("GAMEDEF\nnolimit", "nolimit"), "Line 1: a game begins with a line GAMEDEF, not with 'nolimit'."),
        (_but("GAMEDEF\nno", "GAMEDEF 2\nno"), "Line 1: a game begins with a line GAMEDEF, not with 'GAMEDEF 2'."),
        (_but("END GAMEDEF\n", ""), "The game has no end: close it with a line END GAMEDEF."),
        (_but("END GAMEDEF", "END"), "Line 12: 'END' is unknown: use limit, nolimit, numPlayers"),
        (NOLIMIT_2P + "numPlayers = 2\n", "Line 13: 'numPlayers' follows END GAMEDEF: remove it."),
        (_but("nolimit", "potlimit"), "Line 2: 'potlimit' is unknown"),
        (_but("nolimit", "nolimit yes"), "Line 2: nolimit takes no value, so remove 'yes'."),
        (_but("nolimit", "nolimit\nlimit"), "Line 3: limit comes after the betting was named: name it once."),
        (_but("numSuits", "suits"), "Line 8: 'suits' is unknown"),
        (_but("numSuits = 4\n", ""), 'numSuits is missing: give the game a line as "numSuits = 4".'),
        (_but("blind = 100 50\n", ""), "blind is missing"),
        (_but("nolimit", "limit"), 'raiseSize is missing: give a limit game a line as "raiseSize = 100 '),
        (_but("nolimit\n", ""), "raiseSize is missing"),  # limit is the default
        (_but("END", "stack = 1 1\nEND"), "Line 12: stack is there already, on line 5: give it once."),
        (_but("s = 2", "s = two"), "Line 3: numPlayers must be a whole number from 2 to 10, not 'two'."),
        (_but("s = 2", "s = 2.0"), "Line 3: numPlayers must be a whole number from 2 to 10, not '2.0'."),
        (_but("s = 2", "s = ２"), "Line 3: numPlayers must be a whole number"),
        (_but("s = 2", "s = 11"), "Line 3: numPlayers must be a whole number from 2 to 10, not '11'."),
        (_but("s = 2", "s = 1"), "Line 3: numPlayers must be a whole number from 2 to 10, not '1'."),
        (_but("s = 2", "s = "), "Line 3: numPlayers must have 1 value, no more and no less, not 'nothing'."),
        (_but("s = 2", "s = 2 2"), "Line 3: numPlayers must have 1 value, no more and no less, not '2 2'."),
        (_but("Rounds = 4", "Rounds = 5"), "Line 4: numRounds must be a whole number from 1 to 4, not '5'."),
        (_but("Rounds = 4", "Rounds = 3"), "Line 7: firstPlayer must have 3 values, one a round, not '2 1 1 1'."),
        (_but("20000 20000", "20000"), "Line 5: stack must have 2 values, one a player, not '20000'."),
        (_but("20000 20000", "1 2 3"), "Line 5: stack must have 2 values, one a player, not '1 2 3'."),
        (_but("20000 20000", "-1 5"), "Line 5: stack must be whole numbers from 1 to 2147483647, not '-1'."),
        (_but("20000 20000", "0 500"), "Line 5: stack must be whole numbers from 1"),
        (_but("20000 20000", "9" * 99 + " 1"), "Line 5: stack must be whole numbers from 1 .* not '9{30}...'."),
        (_but("20000 20000", f"{2**30} 500"), "Line 5: stacks add up to 1073742324 chips: use a larger unit"),
        (_but("20000 20000", "20000 49"), "Line 6: the blind of 50 is more than the stack of player 2, 49: lower"),
        (_but("100 50", "100 -50"), "Line 6: blind must be whole numbers from 0 to 536870912, not '-50'."),
        (_but("100 50", "100 50 0"), "Line 6: blind must have 2 values, one a player, not '100 50 0'."),
        (_but("2 1 1 1", "3 1 1 1"), "Line 7: firstPlayer must be from 1 to 2, the number of players, not 3."),
        (_but("2 1 1 1", "0 1 1 1"), "Line 7: firstPlayer must be whole numbers from 1 to 10, not '0'."),
        (_but("2 1 1 1", "2 1"), "Line 7: firstPlayer must have 4 values, one a round, not '2 1'."),
        (_but("Suits = 4", "Suits = 5"), "Line 8: numSuits must be a whole number from 1 to 4, not '5'."),
        (_but("Ranks = 13", "Ranks = 14"), "Line 9: numRanks must be a whole number from 1 to 13, not '14'."),
        (_but("Ranks = 13", "Ranks = 2"), "Line 9: 2 ranks in 4 suits are a deck of 8, but 2 players need 9 cards"),
        (_but("Cards = 2", "Cards = 0"), "Line 10: numHoleCards must be a whole number from 1 to 7, not '0'."),
        (_but("Cards = 2", "Cards = 3"), "Line 11: 5 board cards and 3 hole cards make a hand of 8: deal at most 7."),
        (_but("0 3 1 1", "0 3 1"), "Line 11: numBoardCards must have 4 values, one a round, not '0 3 1'."),
        (_but("0 3 1 1", "0 3 1 -1"), "Line 11: numBoardCards must be whole numbers from 0 to 7, not '-1'."),
        (_but("10 10 20 20", "10 10 20 0", LIMIT_2P), "Line 6: raiseSize must be whole numbers from 1"),
        (_but("3 4 4 4", "3 4 4 256", LIMIT_2P), "Line 8: maxRaises must be whole numbers from 0 to 255, not '256'."),
        (b"GAMEDEF", "A game must be the text of a .game file, not bytes."),
        (None, "A game must be the text of a .game file, not NoneType."),
    ],
)
def test_bad_files(text, sentence):
    with pytest.raises(ValueError, match=sentence) as raised:
        poker.rules_from_acpc(text)
    assert len(str(raised.value).splitlines()) == 1


@st.composite
def mutated_files(draw):
    """A valid file in which some words have been replaced, doubled, moved or removed."""
    lines = [line.split() for line in draw(st.sampled_from(list(FILES.values()))).splitlines()]
    junk = st.one_of(st.integers(-3, 20).map(str), st.integers().map(str), st.text(max_size=6), st.just("END"))
    for _ in range(draw(st.integers(1, 3))):
        row = draw(st.integers(0, len(lines) - 1))
        word = draw(st.integers(0, len(lines[row])))
        change = draw(st.sampled_from(["replace", "insert", "remove", "double", "drop", "swap"]))
        if change == "replace":
            lines[row][word : word + 1] = [draw(junk)]
        elif change == "insert":
            lines[row].insert(word, draw(junk))
        elif change == "remove":
            del lines[row][word : word + 1]
        elif change == "double":
            lines.insert(row, list(lines[row]))
        elif change == "drop" and len(lines) > 1:
            del lines[row]
        else:
            lines.append(lines.pop(row))
    return "\n".join(map(" ".join, lines))


@settings(max_examples=400, deadline=None, database=None, derandomize=True)
@given(st.one_of(mutated_files(), st.text(), st.text().map(lambda text: f"GAMEDEF\n{text}\nEND GAMEDEF")))
def test_any_text_is_a_game_or_one_sentence(text):
    try:
        rules = poker.rules_from_acpc(text)
    except ValueError as error:
        assert len(str(error).splitlines()) == 1 and str(error).endswith(".")
    else:
        assert rules.house == "acpc"
        assert poker.stakes(rules).stacks.tolist() == list(rules.stacks)
