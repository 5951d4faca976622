"""The table: each row of the rules where engines differ, then what must hold in every hand."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pokerjax import poker
from pokerjax.poker import CALL, FOLD

HOUSES = ("tda", "acpc")
ROYAL_BOARD = "AsKsQsJsTs"  # everyone plays the board


def play(num_players, actions, *, stacks, house="tda", dead_antes=False, hole=None, board=None, **forced):
    """Play a hand and return (rules, state). `hole`: one row of two cards a seat, else any cards."""
    rules = poker.no_limit_holdem(num_players, house=house, dead_antes=dead_antes)
    deal = poker.deal(rules, jax.random.key(0))
    if hole is not None:
        deal = poker.Deal(hole=jnp.stack([jnp.asarray(poker.cards(h)) for h in hole]), board=deal.board)
    if board is not None:
        deal = poker.Deal(hole=deal.hole, board=jnp.asarray(poker.cards(board)))
    state = poker.start(rules, deal, poker.stakes(rules, stacks=stacks, **forced))
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
    _, state = play(
        4, [CALL, CALL] + [CALL] * 6, stacks=[1000, 40, 10, 1000], antes=25, hole=holes, board="3h4h7s8s9d"
    )
    # Seat 2 wins 10 of each, seat 1 then 30 of the other three, seat 3 the rest of seat 0's 125.
    assert state.payoffs.tolist() == [-125, 90 - 40, 40 - 10, 170 - 125]


def test_dead_ante_goes_to_the_main_pot():
    # The big blind antes 100 for all; seat 2 is all-in for 60 and wins it, the side pot is without it.
    forced = dict(antes=[0, 100, 0], dead_antes=True)
    holes = ["2c2d", "KcKd", "AcAd"]
    _, state = play(
        3, [60, CALL] + [CALL] * 7, stacks=[5000, 5000, 60], hole=holes, board="3h4h7s8s9d", **forced
    )
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
    _, state = play(
        2, [5000, CALL], stacks=[800, 5000], hole=["AcAd", "2c7d"], board="Ah3h8s9sTc", house=house
    )
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
@pytest.mark.parametrize(
    ("blinds", "actor"), [([50, 100, 0, 0], 2), ([50, 100, 100, 0], 3), ([0, 0, 0, 0], 0)]
)
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
    _, state = play(
        4, [3000, 4000, CALL, CALL], stacks=[1000, 2000, 3000, 4000], hole=holes, board="2h3h7s8s9h"
    )
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


def test_rules_are_static_arguments():
    assert hash(poker.no_limit_holdem(3)) == hash(poker.Rules(3))
    assert poker.no_limit_holdem(3) == poker.Rules(3)


# --- What must hold in every hand ---

NUM_STEPS = 40
GAMES = [
    poker.no_limit_holdem(2),
    poker.no_limit_holdem(3, house="acpc"),
    poker.no_limit_holdem(6, dead_antes=True),
]


@partial(jax.jit, static_argnums=0)
def trace(rules, key, stakes, actions):
    """Return all states of a hand [T + 1, ...], whatever the actions are."""
    first = poker.start(rules, poker.deal(rules, key), stakes)
    _, states = jax.lax.scan(lambda s, a: (poker.act(rules, s, a),) * 2, first, actions)
    return jax.tree.map(lambda a, b: jnp.concatenate([a[None], b]), first, states)


@st.composite
def hands(draw):
    rules = draw(st.sampled_from(GAMES))
    num_players = rules.num_players
    chips = st.integers(1, 600)
    stacks = draw(st.lists(chips, min_size=num_players, max_size=num_players))
    antes = draw(st.lists(st.integers(0, 30), min_size=num_players, max_size=num_players))
    action = st.one_of(st.sampled_from([CALL, CALL, FOLD]), st.integers(-3, 700))
    actions = draw(st.lists(action, min_size=NUM_STEPS, max_size=NUM_STEPS))
    stakes = poker.stakes(rules, stacks=stacks, antes=antes, blinds=(10, 20))
    return rules, draw(st.integers(0, 2**31 - 1)), stakes, np.array(actions, np.int32)


@settings(max_examples=100, deadline=None, database=None, derandomize=True)
@given(hands())
def test_chips_are_conserved_and_the_end_absorbs(hand):
    rules, seed, stakes, actions = hand
    states = jax.tree.map(np.asarray, trace(rules, jax.random.key(seed), stakes, actions))
    total = int(stakes.stacks.sum())
    assert np.all(states.stacks.sum(axis=1) + states.pot == total)
    assert np.all(states.stacks >= 0) and np.all(states.bets >= 0)
    assert np.all(states.payoffs.sum(axis=1) == 0)
    assert np.all(np.where(states.done[:, None], states.payoffs, 0) == states.payoffs)

    ended = np.flatnonzero(states.done)
    live = states.actor[~states.done]
    assert np.all(states.actor[ended] == poker.NOBODY) and np.all(live >= 0)
    assert not np.any(states.folded[np.flatnonzero(~states.done), live])
    assert np.all(states.stacks[np.flatnonzero(~states.done), live] > 0)
    if len(ended):
        first = ended[0]
        assert np.all(states.stacks[first] - np.asarray(stakes.stacks) == states.payoffs[first])
        for field in jax.tree.leaves(states):
            np.testing.assert_array_equal(field[first:], np.broadcast_to(field[first], field[first:].shape))


@pytest.fixture(scope="module")
def many():
    """Return `play(house, actions [B, T]) -> states, legal` of 256 hands with unequal stacks, 4 players."""

    @partial(jax.jit, static_argnums=0)
    @partial(jax.vmap, in_axes=(None, 0, 0))
    def run(house, stacks, actions):
        rules = poker.no_limit_holdem(4, house=house)
        stakes = poker.Stakes(stacks, jnp.array([50, 100, 0, 0]), jnp.full(4, 10), jnp.int32(100))
        first = poker.start(rules, poker.deal(rules, jax.random.key(stacks[0])), stakes)

        def step(state, action):
            legal = poker.legal(rules, state)
            bounded = jnp.clip(action, legal.min_raise_to, legal.max_raise_to)
            bounded = jnp.where(action < 0, FOLD, jnp.where((action > 0) & legal.raises, bounded, CALL))
            return poker.act(rules, state, action), (poker.act(rules, state, bounded), state, legal)

        return jax.lax.scan(step, first, actions)

    rng = np.random.default_rng(0)
    stacks = rng.integers(1, 1000, (256, 4)).astype(np.int32)
    actions = rng.choice([FOLD, CALL, CALL, CALL, 1, 150, 333, 600, 10**9], (256, 30)).astype(np.int32)
    return lambda house: run(house, stacks, actions)


@pytest.mark.parametrize("house", HOUSES)
def test_illegal_actions_are_moved_into_the_rules(many, house):
    final, (bounded, before, legal) = many(house)
    next_states = jax.tree.map(lambda a, b: jnp.concatenate([a[:, 1:], b[:, None]], axis=1), before, final)
    jax.tree.map(np.testing.assert_array_equal, next_states, bounded)
    assert np.all(np.asarray(legal.min_raise_to) <= np.asarray(legal.max_raise_to))
    assert not np.any(np.asarray(legal.call) & np.asarray(before.done))


def test_vmap_equals_the_loop_and_dtypes_are_stable():
    rules = poker.no_limit_holdem(3)
    keys = jax.random.split(jax.random.key(5), 6)
    stakes = poker.stakes(rules, stacks=[300, 700, 500], antes=5)
    actions = jnp.array([CALL, 250, 699, FOLD, 10, CALL], jnp.int32)

    def first_act(key, action):
        return poker.act(rules, poker.start(rules, poker.deal(rules, key), stakes), action)

    batched = jax.jit(jax.vmap(first_act))(keys, actions)
    for i in range(6):
        single = first_act(keys[i], actions[i])
        jax.tree.map(np.testing.assert_array_equal, single, jax.tree.map(lambda x, i=i: x[i], batched))
        assert all(leaf.dtype in (jnp.int32, bool) for leaf in jax.tree.leaves(single))
        types = [(leaf.shape, leaf.dtype) for leaf in jax.tree.leaves(single)]
        again = poker.act(rules, single, jnp.int32(300))
        assert types == [(leaf.shape, leaf.dtype) for leaf in jax.tree.leaves(again)]


def test_hidden_cards_do_not_change_the_betting():
    rules = poker.no_limit_holdem(2)
    stakes = poker.stakes(rules, stacks=1000)
    states = [poker.start(rules, poker.deal(rules, jax.random.key(seed)), stakes) for seed in (0, 1)]
    for action in (300, CALL, 200):
        states = [poker.act(rules, state, action) for state in states]
        for a, b in zip(*map(jax.tree.leaves, [poker.legal(rules, s) for s in states]), strict=True):
            assert a == b
