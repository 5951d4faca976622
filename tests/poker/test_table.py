"""The table: each row of the rules where engines differ, played out on literal chips."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pokerjax import poker
from pokerjax.poker import CALL, FOLD

HOUSES = ("tda", "acpc")
ROYAL_BOARD = "AsKsQsJsTs"  # everyone plays the board


def play(num_players, actions, *, stacks, house="tda", dead_antes=False, hole=None, board=None, **forced):
    """Play a hand of no-limit hold'em and return (rules, state). `hole`: one row of two cards a seat."""
    rules = poker.no_limit_holdem(num_players, house=house, dead_antes=dead_antes)
    return play_by(rules, actions, hole=hole, board=board, stacks=stacks, **forced)


def play_by(rules, actions, *, hole=None, board=None, **forced):
    """Play a hand by these rules and return (rules, state); any cards where none are named."""
    deal = poker.deal(rules, jax.random.key(0))
    if hole is not None:
        deal = poker.Deal(hole=jnp.stack([jnp.asarray(poker.cards(h)) for h in hole]), board=deal.board)
    if board is not None:
        deal = poker.Deal(hole=deal.hole, board=jnp.asarray(poker.cards(board)))
    state = poker.start(rules, deal, poker.stakes(rules, **forced))
    for action in actions:
        assert not state.done
        state = poker.act(rules, state, action)
    return rules, state


def options(rules, state):
    """Return the actor and what he may do as plain values."""
    legal = poker.legal(rules, state)
    amounts = int(legal.call_amount), int(legal.min_raise_to), int(legal.max_raise_to)
    return int(state.actor), bool(legal.fold), bool(legal.raises), *amounts


# --- The rows of the table of rules ---


@pytest.mark.parametrize(("house", "raises"), [("tda", False), ("acpc", True)])
def test_short_all_in_does_not_reopen_under_tda(house, raises):
    # Seat 2 raises to 300 (a raise of 200), seat 0 is all-in for 350, seat 1 calls.
    rules, state = play(3, [300, 350, CALL], stacks=[350, 5000, 5000], house=house)
    assert options(rules, state)[:4] == (2, True, raises, 50)


@pytest.mark.parametrize(("house", "to"), [("tda", 550), ("acpc", 500)])
def test_minimum_raise_after_a_short_all_in(house, to):
    rules, state = play(3, [300, 350], stacks=[350, 5000, 5000], house=house)
    assert options(rules, state) == (1, True, True, 250, to, 5000)


@pytest.mark.parametrize("house", HOUSES)
def test_several_short_all_ins(house):
    # On the flop seat 0 bets 100, seat 1 is all-in for 160, seat 2 calls 160, seat 3 is all-in for 220.
    flop = [CALL, CALL, CALL, CALL]
    shorts = [100, 160, CALL, 220]
    rules, state = play(4, flop + shorts, stacks=[5000, 260, 5000, 320], house=house)
    assert options(rules, state)[:4] == (0, True, True, 120)  # 120 more than his 100: a full raise
    state = poker.act(rules, state, CALL)
    assert options(rules, state)[:4] == (2, True, house == "acpc", 60)  # 60 more than his 160


def test_short_all_ins_count_on_after_they_have_made_a_full_raise():
    # Seat 2 raises to 300 (a raise of 200), all-ins to 400, 500 and 550, a call: seat 2 faces 250 more.
    actions = [300, 400, 500, 550, CALL]
    rules, state = play(5, actions, stacks=[550, 5000, 5000, 400, 500])
    assert options(rules, state) == (2, True, True, 250, 750, 5000)


@pytest.mark.parametrize("house", HOUSES)
def test_limper_facing_a_short_all_in(house):
    rules, state = play(3, [CALL, 150, CALL], stacks=[150, 5000, 5000], house=house)
    assert options(rules, state)[:4] == (2, True, house == "acpc", 50)


@pytest.mark.parametrize("house", HOUSES)
def test_checker_facing_an_all_in_below_the_big_blind(house):
    rules, state = play(3, [CALL, CALL, CALL, CALL, 60, CALL], stacks=[5000, 160, 5000], house=house)
    assert options(rules, state)[:4] == (0, True, house == "acpc", 60)


@pytest.mark.parametrize("house", HOUSES)
def test_minimum_bet_is_the_big_blind_and_a_shorter_all_in_is_allowed(house):
    rules, state = play(3, [CALL, CALL, CALL], stacks=[5000, 160, 5000], house=house)
    assert options(rules, state) == (0, False, True, 0, 100, 4900)
    state = poker.act(rules, state, CALL)
    assert options(rules, state) == (1, False, True, 0, 60, 60)


def test_short_big_blind_is_called_in_full():
    rules, state = play(3, [], stacks=[5000, 30, 5000])
    assert options(rules, state) == (2, True, True, 100, 200, 5000)
    state = poker.act(rules, state, CALL)
    assert options(rules, state) == (0, True, True, 50, 200, 5000)


def test_short_big_blind_when_nobody_can_match_more():
    rules, state = play(3, [], stacks=[25, 30, 5000])
    assert options(rules, state)[:4] == (2, True, False, 30)
    # Heads-up the button has posted 50 already: he owes nothing and the hand is over.
    _, state = play(2, [], stacks=[30, 5000], hole=["2c2d", "AcAd"], board="AhAs7d8h9c")
    assert state.done
    assert state.payoffs.tolist() == [-30, 30]


def test_last_caller_of_a_short_big_blind_pays_what_can_be_matched():
    # Seats 0 and 1 are all-in for 25 and 30; what seat 2 calls is 30, not 100.
    _, state = play(3, [CALL], stacks=[25, 30, 5000], hole=["AcAd", "KcKd", "QcQd"], board="2h3h7s8s9d")
    assert state.done
    assert state.payoffs.tolist() == [50, -20, -30]


def test_ordinary_antes_are_posted_first_and_count_for_side_pots():
    # Seat 2 has 10 for an ante of 25, seat 1 has 15 left for his blind.
    _, state = play(4, [], stacks=[1000, 40, 10, 1000], antes=25)
    assert state.stacks.tolist() == [925, 0, 0, 975]
    assert state.bets.tolist() == [50, 15, 0, 0]
    assert int(state.pot) == 25 + 25 + 10 + 25 + 65
    holes = ["2c2d", "KcKd", "AcAd", "QcQd"]
    _, state = play(4, [CALL, CALL] + [CALL] * 6, stacks=[1000, 40, 10, 1000], antes=25, hole=holes, board="3h4h7s8s9d")
    # Seat 2 wins 10 of each, seat 1 then 30 of the other three, seat 3 the rest of seat 0's 125.
    assert state.payoffs.tolist() == [-125, 90 - 40, 40 - 10, 170 - 125]


def test_dead_ante_goes_to_the_main_pot():
    # The big blind antes 100 for all; seat 2 is all-in for 60 and wins it, the side pot is without it.
    forced = dict(antes=[0, 100, 0], dead_antes=True)
    holes = ["2c2d", "KcKd", "AcAd"]
    _, state = play(3, [60, CALL] + [CALL] * 7, stacks=[5000, 5000, 60], hole=holes, board="3h4h7s8s9d", **forced)
    assert state.done
    assert state.payoffs.tolist() == [-100, -100 - 100 + 80, 220]


def test_dead_ante_that_takes_the_whole_stack_contends_for_the_antes_only():
    forced = dict(antes=[0, 100, 0], dead_antes=True)
    holes = ["2c2d", "AcAd", "KcKd"]
    rules, state = play(3, [], stacks=[1000, 80, 1000], **forced)
    assert state.bets.tolist() == [50, 0, 0]
    assert options(rules, state) == (2, True, True, 100, 200, 1000)
    _, state = play(3, [CALL] * 8, stacks=[1000, 80, 1000], hole=holes, board="3h4h7s8s9d", **forced)
    assert state.payoffs.tolist() == [-100, 0, 100]


def test_straddle_tda():
    rules, state = play(4, [], stacks=5000, blinds=[50, 100, 200, 0], big_blind=100)
    assert options(rules, state) == (3, True, True, 200, 400, 5000)
    for _ in range(4):
        state = poker.act(rules, state, CALL)
    assert int(state.street) == 1
    assert options(rules, state)[4] == 100


def test_straddle_acpc():
    rules, state = play(4, [CALL] * 4, stacks=5000, blinds=[50, 100, 200, 0], big_blind=100, house="acpc")
    assert int(state.street) == 1
    assert options(rules, state)[4] == 200


def test_last_seat_with_chips_that_owes_nothing_is_not_asked_under_tda():
    _, state = play(3, [FOLD, CALL], stacks=[80, 5000, 5000])
    assert state.done


def test_last_seat_with_chips_is_asked_by_the_acpc_dealer():
    rules, state = play(3, [FOLD, CALL], stacks=[80, 5000, 5000], house="acpc")
    assert options(rules, state) == (1, False, False, 0, 0, 0)
    assert poker.act(rules, state, CALL).done


@pytest.mark.parametrize("house", HOUSES)
def test_raise_that_nobody_can_match_is_not_offered(house):
    rules, state = play(2, [1000], stacks=[5000, 1000], house=house)
    assert options(rules, state) == (0, True, False, 900, 0, 0)
    assert poker.act(rules, state, 3000).payoffs.tolist() == poker.act(rules, state, CALL).payoffs.tolist()


@pytest.mark.parametrize("house", HOUSES)
def test_raise_up_to_the_whole_stack_is_offered_while_an_opponent_has_chips(house):
    # Seat 0 is all-in for 1000; seat 1, yet to act behind seat 2's raise, has only 1200.
    rules, state = play(3, [CALL, 1000, CALL], stacks=[1000, 1200, 9000], house=house)
    assert options(rules, state)[:3] == (2, True, True)
    assert options(rules, state)[5] == 9000


@pytest.mark.parametrize("house", HOUSES)
def test_uncalled_bet_is_returned(house):
    _, state = play(3, [300, FOLD, FOLD], stacks=5000, house=house)
    assert state.payoffs.tolist() == [-50, -100, 150]
    _, state = play(2, [5000, CALL], stacks=[800, 5000], hole=["AcAd", "2c7d"], board="Ah3h8s9sTc", house=house)
    assert state.stacks.tolist() == [1600, 4200]


@pytest.mark.parametrize("house", HOUSES)
def test_odd_chips_go_one_each_to_the_first_winners_left_of_the_button(house):
    # Seat 0 folds 50 into it: 353 for three.
    _, state = play(4, [101, CALL, FOLD, CALL] + [CALL] * 9, stacks=5000, board=ROYAL_BOARD, house=house)
    assert state.payoffs.tolist() == [-50, 17, 17, 16]


@pytest.mark.parametrize("house", HOUSES)
def test_each_pot_is_split_by_itself(house):
    # Main pot 3 x 101 + 50 = 353 for three (118, 118, 117), side pot 2 x 200 for two (200, 200).
    actions = [301, CALL, FOLD, CALL] + [CALL] * 6
    _, state = play(4, actions, stacks=[5000, 5000, 5000, 101], board=ROYAL_BOARD, house=house)
    assert state.payoffs.tolist() == [-50, 17, 17, 16]


@pytest.mark.parametrize("house", HOUSES)
def test_heads_up_the_button_is_first_before_the_flop_and_last_after(house):
    _, state = play(2, [], stacks=5000, house=house)
    assert state.bets.tolist() == [100, 50]
    assert int(state.actor) == 1
    _, state = play(2, [CALL, CALL], stacks=5000, house=house)
    assert (int(state.street), int(state.actor)) == (1, 0)


@pytest.mark.parametrize("house", HOUSES)
@pytest.mark.parametrize(("blinds", "actor"), [([50, 100, 0, 0], 2), ([50, 100, 100, 0], 3), ([0, 0, 0, 0], 0)])
def test_first_to_act_is_left_of_the_last_largest_blind(house, blinds, actor):
    _, state = play(4, [], stacks=5000, blinds=blinds, big_blind=100, house=house)
    assert int(state.actor) == actor


@pytest.mark.parametrize("house", HOUSES)
def test_fold_with_nothing_owed_is_obeyed_but_not_offered(house):
    rules, state = play(3, [CALL, CALL], stacks=5000, house=house)
    assert options(rules, state)[:2] == (1, False)
    folded = poker.act(rules, state, FOLD)
    assert folded.folded.tolist() == [False, True, False]
    if house == "acpc":
        with pytest.raises(ValueError, match="nothing owed"):
            poker.check_action(rules, state, FOLD)
    else:
        poker.check_action(rules, state, FOLD)


# Fixed limit, blinds 50 and 100: bets of 100 before and on the flop, of 200 after it.


@pytest.mark.parametrize("house", HOUSES)
def test_fixed_limit_bets_and_raises_have_one_size(house):
    rules, state = play_by(poker.limit_holdem(3, house=house), [], stacks=5000)
    assert options(rules, state) == (2, True, True, 100, 200, 200)
    bounds = []
    for _ in range(4):
        while int(state.street) == len(bounds) - 1:
            state = poker.act(rules, state, CALL)
        bounds.append(options(rules, state)[4:])
    assert bounds == [(200, 200), (100, 100), (200, 200), (200, 200)]


@pytest.mark.parametrize("house", HOUSES)
def test_fixed_limit_all_in_of_less_than_half_a_bet(house):
    # Seat 2 raises to 200, seat 0 is all-in for 240, seat 1 calls.
    rules, state = play_by(poker.limit_holdem(3, house=house), [200, 240, CALL], stacks=[240, 5000, 5000])
    acpc = (2, True, True, 40, 340, 340)  # the dealer adds a whole bet to any all-in
    assert options(rules, state) == (acpc if house == "acpc" else (2, True, False, 40, 0, 0))


@pytest.mark.parametrize("house", HOUSES)
def test_fixed_limit_all_in_of_half_a_bet_stands_for_a_whole_one(house):
    rules, state = play_by(poker.limit_holdem(3, house=house), [200, 250, CALL], stacks=[250, 5000, 5000])
    assert options(rules, state) == (2, True, True, 50, 350, 350)


@pytest.mark.parametrize("house", HOUSES)
def test_fixed_limit_completion_of_a_short_all_in(house):
    rules, state = play_by(poker.limit_holdem(3, house=house), [200, 240], stacks=[240, 5000, 5000])
    to = 340 if house == "acpc" else 300
    assert options(rules, state) == (1, True, True, 140, to, to)
    state = poker.act(rules, state, to)
    # The completion is the second raise for one house, for the other the third, which is the last.
    assert options(rules, state) == ((2, True, False, 140, 0, 0) if house == "acpc" else (2, True, True, 100, 400, 400))


@pytest.mark.parametrize("house", HOUSES)
def test_fixed_limit_short_opening_all_in(house):
    # On the flop seat 0 checks and seat 1 is all-in for 40; seat 2 may complete; he calls.
    actions = [CALL, CALL, CALL, CALL, 40]
    rules, state = play_by(poker.limit_holdem(3, house=house), actions, stacks=[5000, 140, 5000])
    to = 140 if house == "acpc" else 100
    assert options(rules, state) == (2, True, True, 40, to, to)
    state = poker.act(rules, state, CALL)
    assert options(rules, state)[:4] == (0, True, house == "acpc", 40)


@pytest.mark.parametrize("house", HOUSES)
def test_fixed_limit_several_short_all_ins_that_make_half_a_bet(house):
    # Bet 100, all-in 130 and 155: together 55 more, which reopens; the second stands for a whole bet.
    actions = [CALL, CALL, CALL, CALL, 100, 130, 155, CALL]
    rules, state = play_by(poker.limit_holdem(4, house=house), actions, stacks=[5000, 230, 255, 5000])
    assert options(rules, state) == (0, True, True, 55, 255, 255)


@pytest.mark.parametrize("house", HOUSES)
def test_fixed_limit_cap(house):
    # Three raises before the flop, where the big blind is the first bet, then four bets and raises a street.
    rules, state = play_by(poker.limit_holdem(3, house=house), [200, 300, 400], stacks=5000)
    assert options(rules, state) == (2, True, False, 200, 0, 0)
    for action in (CALL, CALL, 100, 200, 300):
        state = poker.act(rules, state, action)
    assert options(rules, state) == (0, True, True, 200, 400, 400)
    state = poker.act(rules, state, 400)
    assert options(rules, state) == (1, True, False, 200, 0, 0)
    assert int(poker.act(rules, state, 500).level) == 400


# Pot limit, blinds 50 and 100: at most the pot once the raise's own call is in it.


def test_pot_limit_bounds():
    rules, state = play_by(poker.pot_limit_holdem(3), [], stacks=5000)
    assert options(rules, state) == (2, True, True, 100, 200, 350)  # 100 + (150 + 100)
    state = poker.act(rules, state, 350)
    assert options(rules, state) == (0, True, True, 300, 600, 1150)  # 350 + (500 + 300)
    state = poker.act(rules, state, 1150)
    assert options(rules, state) == (1, True, True, 1050, 1950, 3800)  # 1150 + (1600 + 1050)
    for action in (FOLD, CALL):
        state = poker.act(rules, state, action)
    assert options(rules, state) == (0, False, True, 0, 100, 2400)  # the pot


def test_pot_limit_bounds_end_at_the_stack():
    rules, state = play_by(poker.pot_limit_holdem(3), [350], stacks=[900, 5000, 5000])
    assert options(rules, state) == (0, True, True, 300, 600, 900)
    rules, state = play_by(poker.pot_limit_holdem(3), [350], stacks=[500, 5000, 5000])
    assert options(rules, state) == (0, True, True, 300, 500, 500)


def test_pot_limit_counts_antes():
    rules, state = play_by(poker.pot_limit_holdem(3), [], stacks=5000, antes=10)
    assert options(rules, state) == (2, True, True, 100, 200, 380)
    rules, state = play_by(poker.pot_limit_holdem(3, dead_antes=True), [], stacks=5000, antes=[0, 100, 0])
    assert options(rules, state) == (2, True, True, 100, 200, 450)


@pytest.mark.parametrize("house", HOUSES)
def test_first_to_act_as_the_rules_name_him(house):
    rules = poker.Rules(3, house=house, first_to_act=(1, 2, 0, 1))
    for folds, first in (([], [1, 2, 0, 1]), ([2], [1, 0, 0, 1])):  # seat 2 gone: the next to his left
        _, state = play_by(rules, [], stacks=5000)
        for street in range(4):
            assert int(state.actor) == first[street]
            while int(state.street) == street and not state.done:
                state = poker.act(rules, state, FOLD if int(state.actor) in folds else CALL)


# --- Small games ---


def small(rules, cards, actions):
    """Play a small game with these cards: the two hole cards, then the board."""
    hole, board = jnp.array([cards[:1], cards[1:2]]), jnp.array(cards[2:], jnp.int32)
    state = poker.start(rules, poker.Deal(hole=hole, board=board), poker.stakes(rules))
    for action in actions:
        state = poker.act(rules, state, action)
    return rules, state


def test_kuhn_options():
    assert options(*small(poker.kuhn(), [8, 0], [])) == (0, False, True, 0, 1, 1)
    assert options(*small(poker.kuhn(), [8, 0], [CALL])) == (1, False, True, 0, 1, 1)
    assert options(*small(poker.kuhn(), [8, 0], [1])) == (1, True, False, 1, 0, 0)
    assert options(*small(poker.kuhn(), [8, 0], [CALL, 1])) == (0, True, False, 1, 0, 0)


@pytest.mark.parametrize(
    ("actions", "payoff"),
    [([CALL, CALL], 1), ([CALL, 1, FOLD], -1), ([CALL, 1, CALL], 2), ([1, FOLD], 1), ([1, CALL], 2)],
)
def test_kuhn_payoffs(actions, payoff):
    _, state = small(poker.kuhn(), [8, 4], actions)  # king against queen
    assert state.done
    assert state.payoffs.tolist() == [payoff, -payoff]


def test_leduc_options():
    assert options(*small(poker.leduc(), [0, 4, 8], [])) == (0, False, True, 0, 2, 2)
    assert options(*small(poker.leduc(), [0, 4, 8], [2])) == (1, True, True, 2, 4, 4)
    assert options(*small(poker.leduc(), [0, 4, 8], [2, 4])) == (0, True, False, 2, 0, 0)
    assert options(*small(poker.leduc(), [0, 4, 8], [CALL, CALL])) == (0, False, True, 0, 4, 4)
    assert options(*small(poker.leduc(), [0, 4, 8], [CALL, CALL, 4, 8])) == (0, True, False, 4, 0, 0)


@pytest.mark.parametrize(
    ("cards", "payoff"),
    [([0, 8, 1], 13), ([8, 4, 5], -13), ([8, 4, 0], 13), ([4, 5, 8], 0)],  # a pair, then the higher card
)
def test_leduc_showdowns(cards, payoff):
    _, state = small(poker.leduc(), cards, [2, 4, CALL, 4, 8, CALL])
    assert state.done
    assert state.payoffs.tolist() == [payoff, -payoff]


# --- The course of a hand ---


def test_big_blind_has_the_option():
    rules, state = play(3, [CALL, CALL], stacks=5000)
    assert options(rules, state) == (1, False, True, 0, 200, 5000)


def test_streets_and_the_showdown():
    holes = ["AcAd", "KcKd", "QcQd"]
    streets = [[CALL, CALL, CALL], [CALL, 100, CALL, FOLD], [CALL, CALL], [200, CALL]]
    actions = []
    for street, moves in enumerate(streets):
        actions += moves
        _, state = play(3, actions, stacks=1000, hole=holes, board="2h3h7s8s9d")
        if street < 3:
            assert int(state.street) == street + 1
            assert state.bets.tolist() == [0, 0, 0]
    assert state.done
    assert state.payoffs.tolist() == [-100, 500, -400]


def test_reraises_are_at_least_the_last_raise():
    rules, state = play(3, [250], stacks=5000)
    assert options(rules, state)[4] == 400
    state = poker.act(rules, state, 1000)
    assert options(rules, state)[4] == 1750
    assert int(state.pot) == 250 + 1000 + 100


def test_three_side_pots():
    holes = ["AcAd", "KcKd", "QcQd", "JcJd"]
    _, state = play(4, [3000, 4000, CALL, CALL], stacks=[1000, 2000, 3000, 4000], hole=holes, board="2h3h7s8s9h")
    assert state.stacks.tolist() == [4000, 3000, 2000, 1000]


def test_forced_bets_can_end_the_hand_at_once():
    _, state = play(2, [], stacks=[60, 20], hole=["AcAd", "KcKd"], board="2h3h7s8s9h")
    assert state.done
    assert int(state.actor) == poker.NOBODY
    assert state.stacks.tolist() == [80, 0]


# --- What check_action says ---


@pytest.mark.parametrize(
    ("actions", "action", "sentence"),
    [
        ([], 199, "may raise to 200 up to 5000 chips, not to 199"),
        ([], 5001, "not to 5001"),
        ([], -2, "-1 to fold"),
        ([FOLD, FOLD], CALL, "hand is done"),
        ([5000, CALL], 5000, "may not raise"),
    ],
)
def test_check_action_explains(actions, action, sentence):
    stacks = [5000, 4000, 5000] if len(actions) < 2 else [5000, 5000, 5000]
    if actions == [5000, CALL]:
        stacks = [4000, 3000, 5000]
    rules, state = play(3, actions, stacks=stacks)
    with pytest.raises(ValueError, match=sentence):
        poker.check_action(rules, state, action)


def test_check_action_accepts_what_is_legal():
    rules, state = play(3, [], stacks=5000)
    for action in (FOLD, CALL, 200, 5000):
        poker.check_action(rules, state, action)


# --- Rules and stakes ---


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (dict(num_players=1), "from 2 to 10"),
        (dict(num_players=11), "from 2 to 10"),
        (dict(num_players=2.0), "must be an int"),
        (dict(num_players=2, betting="spread"), "betting must be"),
        (dict(num_players=2, house="casino"), "house must be"),
        (dict(num_players=2, dead_antes=1), "dead_antes must be"),
        (dict(num_players=2, hole_cards=4), "at most 7 cards, but 4 hole cards and 5 board cards"),
        (dict(num_players=2, hole_cards=0), "hole_cards must be from 1"),
        (dict(num_players=2, board_cards=[0, 3, 1, 1]), "board_cards must be a tuple"),
        (dict(num_players=2, board_cards=(0, -3)), "board_cards must be from 0"),
        (dict(num_players=5, num_ranks=3), "5 players need 15 cards, but the deck of 3 ranks in 4 suits has 12"),
        (dict(num_players=2, num_suits=5), "num_suits must be from 1 to 4"),
        (dict(num_players=2, raise_sizes=(1, 1, 2, 2)), 'of "fixed_limit" games only'),
        (dict(num_players=2, betting="fixed_limit", raise_sizes=(1, 1)), "a tuple of 4 ints, one a street"),
        (dict(num_players=2, betting="fixed_limit", raise_sizes=(0, 1, 1, 1)), "raise_sizes must be from 1"),
        (dict(num_players=2, betting="pot_limit", house="acpc"), "not dealt by the ACPC house"),
        (dict(num_players=2, max_raises=(-1, 4, 4, 4)), "max_raises must be from 0"),
        (dict(num_players=2, first_to_act=(2, 0, 0, 0)), "first_to_act must be from 0 to 1"),
        (dict(num_players=3, blinds=(1, 2)), "blinds must be a tuple of 3 ints, one a seat"),
        (dict(num_players=2, big_blind=0), "big_blind must be from 1"),
    ],
)
def test_rules_refuse_bad_values(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        poker.Rules(**arguments)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (dict(stacks=0), "must be positive"),
        (dict(stacks=[100, 100]), "stacks must be one amount or 3"),
        (dict(stacks=100.5), "whole chips"),
        (dict(stacks=-5), "negative"),
        (dict(stacks=2**30), "larger unit"),
        (dict(stacks=2**40), "larger unit"),
        (dict(), "stacks must be given"),
        (dict(stacks=[[1], [2, 3]]), "stacks must be"),
        (dict(stacks=100, big_blind=1.5), "whole chips"),
        (dict(stacks=100, blinds=(1, 2, 3, 4)), "blinds must be"),
        (dict(stacks=100, blinds=5), "the pair"),
        (dict(stacks=100, blinds=(0, 2**30)), "larger unit"),
        (dict(stacks=100, antes=-1), "negative"),
        (dict(stacks=100, blinds=(0, 0)), "big_blind"),
        (dict(stacks=100, big_blind=0), "big_blind"),
        (dict(stacks=100, blinds=(100, 0, 0)), "not 0: give it, where its seat posts none"),
        (dict(stacks=100, blinds=(100, 50)), r"blinds \(100, 50\) must be \(small, big\): swap them"),
        (dict(stacks=[10**30, 100, 100]), "at most 1073741824 chips, .* use a larger unit"),
        (dict(stacks=100, blinds={50, 100}), "blinds must be whole numbers of chips, one or a list of them"),
    ],
)
def test_stakes_refuse_bad_values(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        poker.stakes(poker.no_limit_holdem(3), **arguments)


@pytest.mark.parametrize(
    ("num_players", "blinds", "by_seat"),
    [(2, (50, 100), [100, 50]), (2, (100, 50), [100, 50]), (4, (50, 100), [50, 100, 0, 0])],
)
def test_the_pair_of_blinds_sits_where_the_rules_put_it(num_players, blinds, by_seat):
    stakes = poker.stakes(poker.no_limit_holdem(num_players), stacks=1000, blinds=blinds)
    assert stakes.blinds.tolist() == by_seat
    assert int(stakes.big_blind) == 100


@pytest.mark.parametrize(
    ("action", "bet"),
    [(2**31, 1_000), (10**30, 1_000), (np.int64(2**32 + 500), 1_000), (np.uint8(250), 250), (np.int64(-(2**40)), 50)],
)
def test_actions_beyond_int32_are_moved_to_the_nearest_bound(action, bet):
    rules = poker.no_limit_holdem(2)
    state = poker.start(rules, poker.deal(rules, jax.random.key(3)), poker.stakes(rules, stacks=1_000))
    after = poker.act(rules, state, action)
    assert (int(after.bets[1]), bool(after.done)) == (bet, False) if action > 0 else bool(after.folded[1])


@pytest.mark.parametrize("action", [300.9, float("nan"), True, "300", jnp.float32(300)])
def test_what_is_no_whole_number_is_no_action(action):
    rules = poker.no_limit_holdem(2)
    state = poker.start(rules, poker.deal(rules, jax.random.key(3)), poker.stakes(rules, stacks=1_000))
    with pytest.raises(TypeError, match="An action is a whole number of chips"):
        poker.act(rules, state, action)


def test_rules_are_static_arguments():
    assert hash(poker.no_limit_holdem(3)) == hash(poker.Rules(3))
    assert poker.no_limit_holdem(3) == poker.Rules(3)


@pytest.mark.parametrize("wide", [False, True])
def test_deals_and_stakes_of_other_integer_types(wide):
    """Bytes for cards, 64 bits for chips: the same hand, of int32."""
    rules, cards = poker.no_limit_holdem(2), poker.deal(poker.no_limit_holdem(2), jax.random.key(3))
    plain = poker.start(rules, cards, poker.stakes(rules, stacks=1_000, blinds=(50, 100)))
    with jax.enable_x64(wide):
        deal = poker.Deal(hole=np.asarray(cards.hole, np.uint8), board=np.asarray(cards.board, np.uint8))
        amounts = {"stacks": [1_000, 1_000], "blinds": [100, 50], "antes": [0, 0], "big_blind": 100}
        stakes = poker.Stakes(**{name: np.array(value, np.int64) for name, value in amounts.items()})
        state = poker.start(rules, deal, stakes)
        jax.tree.map(np.testing.assert_array_equal, state, plain)
        for action in (300, CALL, CALL, CALL, CALL, CALL, CALL, CALL):
            state, plain = poker.act(rules, state, action), poker.act(rules, plain, action)
        jax.tree.map(np.testing.assert_array_equal, state, plain)
        assert {leaf.dtype for leaf in jax.tree.leaves(state)} == {np.dtype("int32"), np.dtype("bool")}
        assert bool(state.done)
