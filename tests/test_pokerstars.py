"""PokerStars hand histories: seats in order, amounts in chips, every hand replayed by the rules."""

from __future__ import annotations

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
