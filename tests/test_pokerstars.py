"""PokerStars hand histories: seats in order, amounts in chips, every hand replayed by the rules."""

from __future__ import annotations

import contextlib
import time
from decimal import Decimal

import pytest

from pokerjax import poker
from pokerjax.play.pokerstars import read_pokerstars
from pokerjax.play.spots import read_hands

CASH = """PokerStars Hand #200000000001:  Hold'em No Limit ($0.05/$0.10 USD) - 2020/05/01 12:00:00 ET
Table 'Ceres III' 6-max Seat #5 is the button
Seat 1: Anna B. ($10 in chips)
Seat 2: bo: the third ($12.35 in chips)
Seat 3: Cy ($10 in chips) is sitting out
Seat 5: Dee ($8.50 in chips)
Anna B.: posts small blind $0.05
bo: the third: posts big blind $0.10
*** HOLE CARDS ***
Dealt to Dee [Ah Kd]
Eve joins the table at seat #6
Dee: raises $0.20 to $0.30
Anna B.: folds
bo: the third: calls $0.20
*** FLOP *** [Ts 9d 2c]
bo: the third: checks
Dee: bets $0.40
bo: the third said, "nice hand: folds"
bo: the third: raises $0.60 to $1
Dee: raises $7.20 to $8.20 and is all-in
bo: the third: calls $7.20
*** TURN *** [Ts 9d 2c] [3c]
*** RIVER *** [Ts 9d 2c 3c] [Kh]
*** SHOW DOWN ***
bo: the third: shows [Tc Th] (three of a kind, Tens)
Dee: mucks hand
bo: the third collected $16.20 from pot
*** SUMMARY ***
Total pot $17.05 | Rake $0.85
Board [Ts 9d 2c 3c Kh]
Seat 1: Anna B. (small blind) folded before Flop
Seat 2: bo: the third (big blind) showed [Tc Th] and won ($16.20) with three of a kind, Tens
Seat 5: Dee (button) mucked [Ah Kd]
"""
TOURNAMENT = """PokerStars Hand #200000000002: Tournament #1, $1.00+$0.10 USD Hold'em No Limit - Level IV (50/100)
Table '1 2' 9-max Seat #4 is the button
Seat 4: Fay (1500 in chips)
Seat 7: Gus (2,500 in chips)
Fay: posts the ante 10
Gus: posts the ante 10
Fay: posts small blind 50
Gus: posts big blind 100
*** HOLE CARDS ***
Dealt to Gus [7h 2d]
Fay: raises 1390 to 1490 and is all-in
Gus: folds
Uncalled bet (1390) returned to Fay
Fay collected 220 from pot
Fay: doesn't show hand
*** SUMMARY ***
Total pot 220 | Rake 0
Seat 4: Fay (button) (small blind) collected (220)
Seat 7: Gus (big blind) folded before Flop
"""


def test_a_cash_hand_to_the_showdown():
    [hand] = read_pokerstars(CASH)
    assert hand.fields["players"] == ["Anna B.", "bo: the third", "Dee"]
    assert (hand.stacks, hand.blinds, hand.big_blind, hand.unit) == ((1000, 1235, 850), (5, 10, 0), 10, Decimal("0.01"))
    assert hand.actions == (30, poker.FOLD, poker.CALL, poker.CALL, 40, 100, 820, poker.CALL)
    assert hand.hole[0] is None and hand.hole[2] == tuple(poker.cards("AhKd").tolist())
    assert hand.actors == (2, 0, 1, 1, 2, 1, 2, 1) and hand.streets == (0, 0, 0, 1, 1, 1, 1, 1)


@pytest.mark.parametrize(("shown", "known"), [("Ah", "AhKd"), ("Kd Ah", "KdAh")])
def test_one_card_shown_takes_nothing_from_two_that_are_known(shown, known):
    text = TOURNAMENT.replace("Dealt to Gus [7h 2d]", "Dealt to Fay [Ah Kd]")
    [hand] = read_pokerstars(text.replace("Fay: doesn't show hand", f"Fay: shows [{shown}]"))
    assert hand.hole == (None, tuple(poker.cards(known).tolist()))


def test_one_card_shown_by_a_stranger_is_one_card():
    text = TOURNAMENT.replace("Fay: doesn't show hand", "Fay: shows [Ah]").replace("collected (220)", "showed [Ah]")
    [hand] = read_hands(text)
    assert hand.hole[1] == (poker.card("Ah"), poker.NO_CARD)
    assert poker.replay(hand).error is None


def test_cards_shown_one_after_the_other_are_both_known():
    one_by_one = "Fay: shows [Ah]\nFay: shows [Kd]"
    text = TOURNAMENT.replace("Fay: doesn't show hand", one_by_one).replace("collected (220)", "showed [Ah Kd]")
    [hand] = read_hands(text)
    assert set(hand.hole[1]) == {poker.card("Ah"), poker.card("Kd")}


def test_a_phh_file_may_mention_pokerstars():
    [hand] = read_pokerstars(TOURNAMENT)
    text = poker.write_phh(hand) + 'event = "2009 PokerStars Caribbean Adventure"\n'
    assert read_hands(text)[0].actions == hand.actions


@pytest.mark.slow
def test_the_cash_hand_is_paid_as_it_was():
    played = poker.replay(read_pokerstars(CASH)[0])
    assert played.error is None
    assert played.payoffs.tolist() == [-5, 855, -850]


def test_a_tournament_hand_heads_up_with_antes():
    [hand] = read_pokerstars(TOURNAMENT)
    assert hand.fields["players"] == ["Gus", "Fay"]  # seat 0 is the big blind
    assert (hand.stacks, hand.blinds, hand.antes) == ((2500, 1500), (100, 50), (10, 10))
    played = poker.replay(hand)
    assert played.error is None
    assert played.payoffs.tolist() == [-110, 110]


SHORT = """PokerStars Hand #3: Tournament #1, $1.00+$0.10 USD Hold'em No Limit - Level IV (50/100)
Table '1 2' 9-max Seat #4 is the button
Seat 4: Fay (1500 in chips)
Seat 5: Gus (2500 in chips)
Seat 7: Hal (30 in chips)
Gus: posts small blind 50
Hal: posts big blind 30 and is all-in
*** HOLE CARDS ***
Fay: calls 100
Gus: calls 50
*** FLOP *** [Ts 9d 2c]
Gus: checks
Fay: checks
*** TURN *** [Ts 9d 2c] [3c]
Gus: checks
Fay: checks
*** RIVER *** [Ts 9d 2c 3c] [Kh]
Gus: checks
Fay: checks
*** SHOW DOWN ***
Gus: shows [8h 7h] (high card King)
Fay: shows [Qh 4d] (high card King)
Fay collected 140 from side pot
Hal: shows [Ah 4h] (high card Ace)
Hal collected 90 from main pot
*** SUMMARY ***
"""


def test_a_big_blind_that_is_all_in_for_less_still_sets_what_is_owed():
    [hand] = read_pokerstars(SHORT)
    assert (hand.blinds, hand.big_blind) == ((50, 100, 0), 100)
    antes = SHORT.replace("Gus: posts small", "Hal: posts the ante 30 and is all-in\nGus: posts small")
    [hand] = read_pokerstars(antes.replace("Hal: posts big blind 30 and is all-in\n", ""))
    assert (hand.blinds, hand.antes) == ((50, 100, 0), (0, 30, 0))
    with pytest.raises(ValueError, match="nobody posts the big blind"):
        read_pokerstars(SHORT.replace("Hal: posts big blind 30 and is all-in\n", ""))


@pytest.mark.slow
def test_the_short_big_blind_is_paid_as_it_was():
    played = poker.replay(read_pokerstars(SHORT)[0])
    assert played.error is None
    assert played.payoffs.tolist() == [-100, 60, 40]


@pytest.mark.parametrize(
    "text",
    [CASH.replace("Cy ($10", "Cy " + " (1 in chips" * 80_000), "\n" * 1_000_000 + "PokerStars ", CASH + " " * 10**6],
)
def test_no_text_takes_long(text):
    """The page takes 1 MiB: patterns that take the square of it would keep everybody waiting."""
    started = time.monotonic()
    with contextlib.suppress(ValueError):
        read_hands(text)
    assert time.monotonic() - started < 5


def test_more_seats_than_a_table_has_are_refused():
    more = "".join(f"Seat {seat}: x{seat} ($1 in chips)\n" for seat in range(11, 20))
    with pytest.raises(ValueError, match="13 seats are named: a table has at most 10"):
        read_pokerstars(CASH.replace("Seat 5: Dee", more + "Seat 5: Dee", 1))


def test_hands_too_long_to_replay_are_refused():
    phh = 'variant = "NT"\nantes = [0, 0]\nblinds_or_straddles = [1, 2]\nmin_bet = 2\nstarting_stacks = [200, 200]\n'
    with pytest.raises(ValueError, match="A hand has 401 actions: give at most 400"):
        read_hands(phh + "actions = [" + 401 * '"p2 cc",' + "]")


def test_several_hands_windows_line_ends_and_a_byte_order_mark():
    hands = read_hands("\ufeff" + (CASH + "\n\n" + TOURNAMENT).replace("\n", "\r\n"))
    assert [hand.fields["hand"] for hand in hands] == ["200000000001", "200000000002"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("Hold'em No Limit", "Omaha Pot Limit"), "only Hold'em No Limit is read"),
        (("Seat #5 is the button", "no button"), "no line names the button"),
        (("($0.05/$0.10 USD)", ""), "names no blinds"),
        (("posts big blind $0.10", "posts small & big blinds $0.15"), "is no ordinary blind"),
        (("Anna B.: posts small blind", "Dee: posts small blind"), "out of turn"),
        (("*** FLOP ***", "*** FIRST FLOP ***"), "run twice"),
        (("$0.40", "$0.4000001"), "is no amount"),
        (("[Kh]", "[Zz]"), "is no card"),
        (("PokerStars Hand", "Other Room Hand"), "no hand of PokerStars"),
    ],
)
def test_what_is_not_read_is_said(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        read_pokerstars(CASH.replace(*change))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("", "The text is empty"), ("hello", "neither PHH"), ("variant = 3", "variant"), ("variant = \n[", "no TOML")],
)
def test_texts_that_are_no_hands(text, sentence):
    with pytest.raises(ValueError, match=sentence):
        read_hands(text)


def test_phh_of_one_and_of_many():
    phh = 'variant = "NT"\nantes = [0, 0]\nblinds_or_straddles = [1, 2]\nmin_bet = 2\nstarting_stacks = [200, 200]\n'
    phh += 'actions = [\n  "d dh p1 AhKd",\n  "d dh p2 ????",\n  "p2 f",\n]\n'
    assert len(read_hands(phh)) == 1
    assert len(read_hands(f"[1]\n{phh}\n[2]\n{phh}")) == 2


def test_a_text_that_is_cut_off_anywhere_is_read_or_refused():
    text = CASH + TOURNAMENT
    for end in range(0, len(text), 7):
        try:
            for hand in read_hands(text[:end]):
                assert isinstance(hand, poker.Hand)
        except ValueError as error:
            assert "\n" not in str(error)
