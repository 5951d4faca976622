"""Hand histories in PHH: literal files, PokerKit's reading of ours and ours of its, and files that are none."""

import random
import tomllib
import warnings
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pokerjax import poker

F, C = poker.FOLD, poker.CALL
UNIT = 2520  # chips: pots of multiples split evenly, so that no odd chip tells the engines apart

# Tom Dwan against Phil Ivey, Million Dollar Cash Game, 2009 (https://phh.readthedocs.io).
DWAN_IVEY = """
variant = 'NT'
ante_trimming_status = true
antes = [500, 500, 500]
blinds_or_straddles = [1000, 2000, 0]
min_bet = 2000
starting_stacks = [1125600, 2000000, 553500]
actions = [
  # Before the flop
  'd dh p1 Ac2d',  # Ivey
  'd dh p2 ????',
  'd dh p3 7h6h',
  'p3 cbr 7000 # first in',
  'p1 cbr 23000',
  'p2 f',
  'p3 cc',
  '# On the flop',
  'd db Jc3d5c',
  'p1 cbr 35000',
  'p3 cc',
  'd db 4h',
  'p1 cbr 90000',
  'p3 cbr 232600',
  'p1 cbr 1067100',
  'p3 cc',
  'p1 sm Ac2d',
  'p3 sm 7h6h',
  'd db Jh',
]
author = 'Juho Kim'
players = ['Phil Ivey', 'Patrik Antonius', 'Tom Dwan']
year = 2009
"""


def cards(names):
    return tuple(poker.cards(names).tolist())


def example(**changes):
    hand = poker.Hand(
        rules=poker.no_limit_holdem(2),
        stacks=(1000, 1000),
        blinds=(100, 50),
        antes=(0, 0),
        big_blind=100,
        hole=(cards("AhKd"), cards("7c7d")),
        board=cards("Ks8d3c2h9s"),
        actions=(300, C, 700, C),
    )
    return replace(hand, **changes)


def test_a_published_hand():
    hand = poker.read_phh(DWAN_IVEY)
    assert hand.rules == poker.no_limit_holdem(3)
    assert hand.hole == (cards("Ac2d"), None, cards("7h6h"))
    assert hand.board == cards("Jc3d5c4hJh")
    assert hand.actions == (7000, 23000, F, C, 35000, C, 90000, 232600, 1067100, C)
    assert hand.actors == (2, 0, 1, 2, 0, 2, 0, 2, 0, 2)
    assert hand.streets == (0, 0, 0, 0, 1, 1, 2, 2, 2, 2)
    assert hand.fields == {
        "author": "Juho Kim",
        "players": ["Phil Ivey", "Patrik Antonius", "Tom Dwan"],
        "year": 2009,
    }
    replayed = poker.replay(hand)
    assert replayed.error is None
    assert replayed.states.stacks[-1].tolist() == [572100, 1997500, 1109500]
    assert poker.read_phh(poker.write_phh(hand)) == hand


def test_a_hand_as_written():
    """Heads-up p1 is the big blind, though the blinds are listed small first; all-in hands show, then run out."""
    fields = {"hand": 7, "_note": 'x "y" \\ \n\x7f é', "event date": date(2026, 1, 2), "_deep": {"a b": [1.5, True]}}
    hand = example(antes=(10, 0), actions=(300, C, 690, C), finishing_stacks=(1990, 10), fields=fields)
    assert tomllib.loads(poker.write_phh(hand)) == {
        "variant": "NT",
        "ante_trimming_status": True,
        "antes": [0, 10],
        "blinds_or_straddles": [50, 100],
        "min_bet": 100,
        "starting_stacks": [1000, 1000],
        "actions": [
            *("d dh p1 AhKd", "d dh p2 7c7d", "p2 cbr 300", "p1 cc", "d db Ks8d3c", "p1 cbr 690", "p2 cc"),
            *("p1 sm AhKd", "p2 sm 7c7d", "d db 2h", "d db 9s"),
        ],
        "finishing_stacks": [1990, 10],
        **fields,
    }
    assert poker.read_phh(poker.write_phh(hand)) == replace(hand, actors=(1, 0, 0, 1), streets=(0, 0, 1, 1))


def test_a_limit_hand_as_written():
    rules = poker.limit_holdem(3)
    hand = example(
        rules=rules, stacks=(500, 500, 500), blinds=(5, 10, 0), antes=(0, 0, 0), big_blind=10,
        hole=(cards("AhKd"), None, cards("7c7d")), actions=(20, C, F, 10, C, C, 20, C, C, C), mucked=(2,),
    )  # fmt: skip
    written = tomllib.loads(poker.write_phh(hand))
    assert (written["variant"], written["small_bet"], written["big_bet"]) == ("FT", 10, 20)
    assert written["actions"][-3:] == ["p3 cc", "p1 sm AhKd", "p3 sm"]
    assert "d dh p2 ????" in written["actions"]
    back = poker.read_phh(poker.write_phh(hand))
    assert back == replace(hand, actors=back.actors, streets=back.streets)
    wide = replace(rules, raise_sizes=(10, 10, 30, 30))
    assert poker.read_phh(poker.write_phh(replace(hand, rules=wide, actions=(F, F), board=()))).rules == wide


def test_the_house_is_kept_where_it_is_not_the_usual_one():
    hand = example(rules=poker.no_limit_holdem(2, house="acpc"))
    text = poker.write_phh(hand)
    assert poker.read_phh(text).rules == hand.rules
    assert poker.read_phh(text, house="tda").rules == example().rules
    assert poker.read_phh(poker.write_phh(example()), house="acpc").rules == hand.rules


def test_a_dead_ante_of_the_big_blind():
    hand = example(rules=poker.no_limit_holdem(2, dead_antes=True), antes=(100, 0), actions=(F,), board=())
    written = tomllib.loads(poker.write_phh(hand))
    assert (written["ante_trimming_status"], written["antes"]) == (False, [0, 100])
    back = poker.read_phh(poker.write_phh(hand))
    assert (back.rules, back.antes, back.blinds) == (hand.rules, (100, 0), (100, 50))
    assert poker.read_phh(poker.write_phh(hand).replace("ante_trimming_status = false\n", "")).rules.dead_antes


def test_a_hand_without_showdown_keeps_its_board_hidden():
    written = tomllib.loads(poker.write_phh(example(actions=(F,), board=())))
    assert written["actions"] == ["d dh p1 AhKd", "d dh p2 7c7d", "p2 f"]


@pytest.mark.parametrize(
    ("actions", "board"), [((), ""), ((300, C), ""), ((300, C), "Ks8d3c"), ((300, C, 200), "Ks8d3c")]
)
def test_an_unfinished_hand_goes_there_and_back(actions, board):
    hand = example(actions=actions, board=cards(board))
    back = poker.read_phh(poker.write_phh(hand))
    assert (back.actions, back.board) == (hand.actions, hand.board)
    assert poker.replay(back).unfinished


def test_a_raise_that_nobody_can_call_is_written_as_a_call():
    """The button is all-in for as much as the big blind has in all; the small blind has more and raises."""
    hand = example(
        rules=poker.no_limit_holdem(3), stacks=(1000, 500, 500), blinds=(50, 100, 0), antes=(0, 0, 0),
        hole=(cards("AhKd"), cards("7c7d"), cards("QcJc")), actions=(500, 1000, C),
    )  # fmt: skip
    written = poker.write_phh(hand)
    assert '"p1 cc # raises to 1000, which nobody can call"' in written
    assert poker.read_phh(written).actions == (500, C, C)
    assert poker.replay(poker.read_phh(written)).payoffs.tolist() == poker.replay(hand).payoffs.tolist()
    [state] = pokerkit_finals(written)
    assert state.payoffs == poker.replay(hand).payoffs.tolist()
    deeper = replace(hand, stacks=(1000, 501, 500))
    assert '"p1 cbr 1000"' in poker.write_phh(deeper)


def test_amounts_with_decimals_are_scaled_to_whole_chips():
    text = DWAN_IVEY.replace("7000 #", "7,000.25 #").replace("232600", "232600.50")
    hand = poker.read_phh(text.replace("min_bet = 2000", "min_bet = 2e3") + "finishing_stacks = [5721.125, 0, 1.0]\n")
    assert hand.unit == Decimal("0.01")
    assert hand.stacks == (112560000, 200000000, 55350000)
    assert (hand.actions[0], hand.actions[7], hand.big_blind) == (700025, 23260050, 200000)
    assert hand.finishing_stacks == (Decimal("572112.5"), 0, 100)
    assert poker.replay(hand).error is None
    written = poker.write_phh(hand)
    assert "p3 cbr 7000.25" in written
    assert "antes = [500, 500, 500]" in written
    assert poker.read_phh(written) == hand
    assert poker.read_phh(DWAN_IVEY.replace("= 2000\n", "= 2000.0\n")) == poker.read_phh(DWAN_IVEY)


def test_cards_shown_later_are_known():
    text = DWAN_IVEY.replace("d dh p3 7h6h", "d dh p3 ????").replace("d dh p1 Ac2d", "d dh p1 ??Ac")
    assert poker.read_phh(text).hole == poker.read_phh(DWAN_IVEY).hole[:1][::-1] + (None, cards("7h6h"))
    assert poker.read_phh(DWAN_IVEY.replace("p3 sm 7h6h", "p3 sm -")) == poker.read_phh(DWAN_IVEY)
    assert poker.read_phh(DWAN_IVEY.replace("'p3 sm 7h6h'", "'p3 sm'")).mucked == (2,)
    one = poker.read_phh(DWAN_IVEY.replace("d dh p2 ????", "d dh p2 ??As"))
    assert one.hole[1] == (poker.NO_CARD, poker.card("As"))
    assert poker.read_phh(poker.write_phh(one)) == one


def test_several_hands_in_one_file():
    hands = poker.read_phhs(f"[1]\n{DWAN_IVEY}\n[last]\n{poker.write_phh(example())}")
    assert hands[0] == poker.read_phh(DWAN_IVEY)
    assert hands[1].actions == example().actions
    assert poker.read_phhs(poker.write_phhs(hands)) == hands
    assert poker.read_phhs("") == [] and poker.write_phhs([]) == ""


# ---- PokerKit


def pokerkit_finals(text):
    """The last states of PokerKit's replay of a file of one hand or several."""
    pokerkit = pytest.importorskip("pokerkit")
    load = pokerkit.HandHistory.loads_all if text.startswith("[") else lambda x: [pokerkit.HandHistory.loads(x)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PokerKit warns of short all-ins and the like
        return [list(history)[-1] for history in load(text)]


def pokerkit_game(pokerkit, rng, variant, num_players, trimmed):
    ante = rng.choice([0, UNIT])
    antes = [ante] * num_players if trimmed else [0, 2 * UNIT] + [0] * (num_players - 2)
    common = (tuple(pokerkit.Automation), trimmed, antes, (UNIT, 2 * UNIT))
    if variant == "NT":
        return pokerkit.NoLimitTexasHoldem(*common, 2 * UNIT)
    return pokerkit.FixedLimitTexasHoldem(*common, 2 * UNIT, 4 * UNIT)


def play_pokerkit(rng, variant, num_players, trimmed):
    """A random hand in PokerKit: its file as PokerKit writes it, and the payoffs."""
    pokerkit = pytest.importorskip("pokerkit")
    game = pokerkit_game(pokerkit, rng, variant, num_players, trimmed)
    stacks = [rng.randint(4, rng.choice([8, 60])) * UNIT for _ in range(num_players)]
    state = game(stacks, num_players)
    while state.status:
        roll = rng.random()
        least = state.min_completion_betting_or_raising_to_amount
        if variant == "FT" and state.street_index == 0 and state.completion_betting_or_raising_count == 3:
            least = None  # PokerKit does not count the big blind among the four bets of a street
        if roll < 0.12 and state.checking_or_calling_amount:
            state.fold()
        elif roll < 0.6 or least is None:
            state.check_or_call()
        else:
            most = state.max_completion_betting_or_raising_to_amount
            state.complete_bet_or_raise_to(rng.choice([least, rng.randint(least // UNIT, most // UNIT) * UNIT, most]))
    return pokerkit.HandHistory.from_game_state(game, state).dumps(), state.payoffs


def there_and_back(variant, num_players, trimmed, count):
    random.seed(num_players)  # PokerKit shuffles with the global generator
    rng = random.Random(num_players)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        played = [play_pokerkit(rng, variant, num_players, trimmed) for _ in range(count)]
    hands = poker.read_phhs("\n".join(f"[{i}]\n{text}" for i, (text, _) in enumerate(played)))
    replays = poker.replay_many(hands)
    # PokerKit lets a seat raise again after short all-ins of others (rules.md), and in limit games it raises a short
    # all-in by a whole bet where here it is completed to one.
    known = "may not raise" if variant == "NT" else "may"
    agreed = [i for i, replayed in enumerate(replays) if known not in (replayed.error or "")]
    assert len(agreed) > 0.9 * count
    for i in agreed:
        assert replays[i].error is None, (replays[i].error, played[i])
        assert replays[i].payoffs.tolist() == played[i][1], played[i]

    # Cards that were never shown may as well be unknown.
    def hidden(replayed):
        pairs = enumerate(replayed.hand.hole)
        return replace(replayed.hand, hole=tuple(None if replayed.states.folded[-1, seat] else c for seat, c in pairs))

    ours = [hidden(replays[i]) if i % 2 else hands[i] for i in agreed]
    assert any(None in hand.hole for hand in ours)
    for state, i in zip(pokerkit_finals(poker.write_phhs(ours)), agreed, strict=True):
        assert not state.status
        assert state.payoffs == played[i][1], played[i]
    return replays


@pytest.mark.parametrize(
    ("variant", "num_players", "trimmed"),
    [("NT", 2, True), ("NT", 2, False), ("NT", 6, False), ("FT", 3, True)],
)
def test_pokerkit_and_back(variant, num_players, trimmed):
    there_and_back(variant, num_players, trimmed, count=60)


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["NT", "FT"])
@pytest.mark.parametrize("num_players", range(2, 10))
def test_many_from_pokerkit_and_back(variant, num_players):
    for trimmed in (True, False):
        there_and_back(variant, num_players, trimmed, count=300)


# ---- Files that are none

NO_FILES = [
    ("", 'variant None is not read: "NT" and "FT" are, no-limit and fixed-limit hold\'em.'),
    ("variant = ", "The text is no TOML: Invalid value (at end of document)."),
    (("'NT'", "'PO'"), 'variant \'PO\' is not read: "NT" and "FT" are, no-limit and fixed-limit hold\'em.'),
    (("'NT'", "'FT'"), "The field small_bet is missing: the file may be cut off."),
    (("min_bet = 2000\n", ""), "The field min_bet is missing: the file may be cut off."),
    (("min_bet = 2000", "min_bet = 0"), "big_blind must be 1 to 536870912 chips, not 0."),
    (("min_bet = 2000", "min_bet = true"), "min_bet must be a number, not True."),
    (("min_bet = 2000", "min_bet = inf"), "min_bet must be a number, not Decimal('Infinity')."),
    (("min_bet = 2000", "min_bet = 0.0000001"), "The amount 1E-7 has more than 6 decimals: round it."),
    (("min_bet = 2000", "min_bet = 0.000000000000000000001"), "min_bet must have at most 20 digits: round it."),
    (("min_bet = 2000", "min_bet = 1e-999999"), "min_bet must have at most 20 digits: round it."),
    (("min_bet = 2000", "min_bet = 1e999999"), "min_bet must be 0 to 1073741824, not more than 20 digits."),
    (("min_bet = 2000", "min_bet = 1e99999"), "min_bet must be 0 to 1073741824, not more than 20 digits."),
    (("[500, 500, 500]", "[500, 500]"), "antes must have one amount a player, 3 in all, not 2."),
    (("[500, 500, 500]", "500"), "antes must be a list, not 500."),
    (
        ("[1000, 2000, 0]", "[1000, 2000, 0, 0]"),
        "blinds_or_straddles must have one amount a player, 3 in all, not 4.",
    ),
    (("[1000, 2000, 0]", "[1000, 2000, -2000]"), "blinds_or_straddles of p3 must be 0 to 1073741824, not -2000."),
    (("[1125600, 2000000, 553500]", f"{[100] * 11}"), "starting_stacks must be of 2 to 10 players, not of 11."),
    (("[1125600, 2000000, 553500]", "[100]"), "starting_stacks must be of 2 to 10 players, not of 1."),
    (("1125600", "'all'"), "starting_stacks of p1 must be a number, not 'all'."),
    (("1125600", "0"), "stacks of seat 0 must be 1 to 1073741824 chips, not 0."),
    (("1125600", "1073741824"), "stacks add up to 1076295324 chips, more than 1073741824: use a larger unit."),
    (("= true", "= 1"), "ante_trimming_status must be true or false, not 1."),
    (("'Phil Ivey', ", ""), "players must have one entry a player, 3 in all, not 2."),
    (("'p2 f'", "2"), 'Action 6 (2) must be text, as "p1 cc".'),
    (
        ("'p2 f'", "'p2 fold'"),
        'Action 6 (\'p2 fold\') is none: write "d dh p1 AhKd", "d db AhKdQc", "p1 f", "p1 cc", "p1 cbr 300" or '
        '"p1 sm".',
    ),
    (("'p2 f'", "'p4 f'"), "Action 6 ('p4 f') is of 'p4', but the players are p1 to p3."),
    (("'p2 f'", "'p2 pb'"), "Action 6 ('p2 pb') is not of hold'em, where nobody discards or brings in."),
    (
        ("cbr 23000", "cbr 23O00"),
        "Action 5 ('p1 cbr 23O00') must name the amount to bet or raise to in digits, as \"p1 cbr 300\".",
    ),
    (("cbr 23000", "cbr 0"), "Action 5 ('p1 cbr 0') must be of more than 0: a check is cc."),
    (
        ("cbr 23000", "cbr 2147483648"),
        "Action 5 ('p1 cbr 2147483648') names an amount that must be 0 to 1073741824, not 2147483648.",
    ),
    (("'p3 cc',\n  '# On", "'p2 cc',\n  '# On"), "Action 7 ('p2 cc') is by p2, who has folded."),
    (
        ("d dh p2 ????", "d dh p2 Ac??"),
        "Action 2 ('d dh p2 Ac??') deals the Ac a second time: a deck has one of each card.",
    ),
    (("Jc3d5c", "Jc3dJc"), "Action 9 ('d db Jc3dJc') deals the Jc a second time: a deck has one of each card."),
    (
        ("Jc3d5c", "Jc3d5x"),
        "Action 9 ('d db Jc3d5x') names '5x', which is no card: write cards as in \"AhTd\", or \"??\".",
    ),
    (
        ("Jc3d5c", "Jc3d5"),
        "Action 9 ('d db Jc3d5') names '5', which is no card: write cards as in \"AhTd\", or \"??\".",
    ),
    (("Jc3d5c", "Jc3d5c6d7d8d"), "Action 9 ('d db Jc3d5c6d7d8d') has 6 cards, more than the board can still get (5)."),
    (("'d db Jh'", "'d db JhQh'"), "Action 19 ('d db JhQh') has 2 cards, more than the board can still get (1)."),
    (("Jc3d5c", "Jc3d"), "Action 10 ('p1 cbr 35000') comes with 2 cards on the board: the flop has 3."),
    (("p3 7h6h", "p3 7h6h5h"), "Action 3 ('d dh p3 7h6h5h') has 3 cards, more than p3 can still get (2)."),
    (
        ("'p2 f'", "'d dh p2 AdAh'"),
        "Action 6 ('d dh p2 AdAh') comes too late: hole cards are dealt before anybody acts.",
    ),
    (("'d db Jh'", "'p1 cc'"), "Action 19 ('p1 cc') comes after the showdown has begun."),
    (("p1 sm Ac2d", "p1 sm Ac2h"), "Action 17 ('p1 sm Ac2h') shows other cards than p1 was dealt: Ac2d."),
    (("p1 sm Ac2d", "p1 sm 2h??"), "Action 17 ('p1 sm 2h??') shows other cards than p1 was dealt: Ac2d."),
    (("p1 sm Ac2d", "p1 sm Ac2d3h"), "Action 17 ('p1 sm Ac2d3h') has 3 cards, more than a player has (2)."),
    (("p3 sm 7h6h", "p1 sm Ac2d"), "Action 18 ('p1 sm Ac2d') comes twice: p1 has shown or mucked before."),
    (("p3 sm 7h6h", "p2 sm"), "Action 18 ('p2 sm') cannot be: p2 has folded."),
    (("p3 sm 7h6h", "p2 sm 7h6d"), "Action 18 ('p2 sm 7h6d') deals the 7h a second time: a deck has one of each card."),
]


@pytest.mark.parametrize(("change", "error"), NO_FILES, ids=[error[:40] for _, error in NO_FILES])
def test_a_bad_file_is_refused_in_one_sentence(change, error):
    if isinstance(change, tuple):
        assert DWAN_IVEY.count(change[0]) == 1
        change = DWAN_IVEY.replace(*change)
    with pytest.raises(ValueError) as caught:
        poker.read_phh(change)
    assert str(caught.value) == error


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (("'p2 f'", "'# p2 f'"), "Action 3 (a call) is by seat 2, but before the flop seat 1 is to act."),
        (
            ("  'p3 cc',\n  '# On the flop',\n", ""),
            "Action 4 (a raise to 35000) is recorded on the flop, but before the flop seat 2 still has to act.",
        ),
        (
            ("  'd db 4h',\n", ""),
            "Action 7 (a raise to 90000) is recorded on the flop, but the betting there is over: deal the next street.",
        ),
        (
            ("cbr 23000", "cbr 8000"),
            "Action 2, before the flop: seat 0 may raise to 12000 up to 1125100 chips, not to 8000.",
        ),
        (("  'd db Jh',\n", ""), "The hand reaches the showdown with 4 known board cards: give all 5."),
        (
            ("  'p3 cc',\n  'p1 sm", "  'p1 sm"),
            "The board has 5 cards, but the betting is not over, with 4 turned up.",
        ),
    ],
)
def test_a_file_against_the_rules_is_read_and_its_replay_says_where(change, error):
    assert DWAN_IVEY.count(change[0]) == 1
    hand = poker.read_phh(DWAN_IVEY.replace(*change))
    assert poker.replay(hand).error == error
    with pytest.raises(ValueError) as caught:
        poker.write_phhs([poker.read_phh(DWAN_IVEY), hand])
    assert str(caught.value) == f"Hand 2 cannot be written: {error}"


def test_errors_name_the_hand_of_a_file():
    text = f"[1]\n{DWAN_IVEY}\n[2]\n{DWAN_IVEY.replace('p2 f', 'p2 x')}"
    with pytest.raises(ValueError, match=r"^Hand \[2\]: Action 6 \('p2 x'\) is none"):
        poker.read_phhs(text)
    with pytest.raises(ValueError, match=r"^The field 'variant' is in no table: read a single hand with read_phh"):
        poker.read_phhs(DWAN_IVEY)
    with pytest.raises(ValueError, match=r"^The text has tables, one a hand: read it with read_phhs"):
        poker.read_phh(text)
    with pytest.raises(ValueError, match=r"^A hand history is read from a str, not from bytes: decode it first"):
        poker.read_phh(b"")
    with pytest.raises(ValueError, match="house must be one of tda, acpc, not 'home'"):
        poker.read_phh(DWAN_IVEY, house="home")
    with pytest.raises(ValueError, match="nested too deep"):
        poker.read_phh("a = " + "[" * 5000)


@pytest.mark.parametrize("rules", [poker.pot_limit_holdem(2), replace(poker.limit_holdem(2), max_raises=None)])
def test_games_that_phh_does_not_know(rules):
    with pytest.raises(ValueError) as caught:
        poker.write_phh(example(rules=rules, actions=(F,), board=()))
    assert str(caught.value) == (
        'The hand cannot be written: PHH knows no-limit ("NT") and fixed-limit ("FT") Texas hold\'em, '
        "and these rules are neither."
    )


def test_fields_that_cannot_be_written():
    with pytest.raises(ValueError, match="fields must not hold 'antes', which the hand itself says"):
        poker.write_phh(example(actions=(F,), board=(), fields={"antes": [1, 2]}))
    with pytest.raises(ValueError, match="fields hold None, a NoneType, for which TOML has no value"):
        poker.write_phh(example(actions=(F,), board=(), fields={"_x": None}))


ACTIONS = tomllib.loads(DWAN_IVEY)["actions"]
WORDS = [
    "p1",
    "p2",
    "p3",
    "p9",
    "cc",
    "cbr",
    "f",
    "sm",
    "-",
    "????",
    "Ac",
    "9s",
    "0",
    "120000",
    "1e400",
    "-5",
    "db",
    "#",
]
AMOUNTS = ["0", "-1", "1.25", "1e400", "1e-400", "nan", "inf", "true", "'x'", "[]", "2147483648", "500000"]


@st.composite
def spoiled(draw):
    """A file with actions lost, doubled, moved or reworded, and in half of them something else written over."""
    actions = [action.split() for action in ACTIONS]
    for _ in range(draw(st.integers(0, 3))):
        at, to = draw(st.integers(0, len(actions) - 1)), draw(st.integers(0, len(actions) - 1))
        match draw(st.integers(0, 3)):
            case 0:
                del actions[at]
            case 1:
                actions.insert(to, actions[at])
            case 2:
                actions[at], actions[to] = actions[to], actions[at]
            case _:
                word = draw(st.integers(0, len(actions[at]) - 1))
                actions[at] = [*actions[at][:word], draw(st.sampled_from(WORDS)), *actions[at][word + 1 :]]
    head, _, rest = DWAN_IVEY.partition("actions = [")
    text = f"{head}actions = {[' '.join(words) for words in actions]}{rest.partition(']')[2]}"
    if draw(st.booleans()):
        old = draw(st.sampled_from(["500", "1000", "2000", "553500", "true", "'NT'", "players"]))
        text = text.replace(old, draw(st.sampled_from(AMOUNTS)), 1)
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(st.just("") | st.characters()) + text[at + draw(st.integers(0, 4)) :]
    return text


@settings(max_examples=400, deadline=None)
@given(st.text() | spoiled() | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_whatever_is_read_gives_a_hand_or_one_sentence(text):
    try:
        hand = poker.read_phh(text)
    except ValueError as error:
        assert type(error) is ValueError
        assert str(error).endswith(".") and "\n" not in str(error) and len(str(error)) < 300
        return
    if hand.rules == poker.no_limit_holdem(3):  # of others the program would be compiled first
        replayed = poker.replay(hand)
        if replayed.error is None:
            assert poker.replay(poker.read_phh(poker.write_phh(hand))).payoffs.tolist() == replayed.payoffs.tolist()
