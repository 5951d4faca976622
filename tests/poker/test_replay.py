"""Recorded hands: what makes one, and what the rules make of it."""

from dataclasses import replace
from decimal import Decimal

import jax
import numpy as np
import pytest

from pokerjax import poker
from pokerjax.poker import replays

F, C = poker.FOLD, poker.CALL
THREE = poker.no_limit_holdem(3)


def cards(names):
    return tuple(poker.cards(names).tolist())


def example(**changes):
    """The small blind bets the flop with an overpair, the button calls with a set; the big blind is out."""
    hand = poker.Hand(
        rules=THREE,
        stacks=(1000, 900, 800),
        blinds=(50, 100, 0),
        antes=(0, 0, 0),
        big_blind=100,
        hole=(cards("KhKd"), cards("7c2d"), cards("8h8d")),
        board=cards("8s4d3cTs9h"),
        actions=(300, C, F, 500, C),
    )
    return replace(hand, **changes)


def test_a_hand_from_start_to_end():
    """Three hundred each and a dead blind before the flop; the button is all-in for 500 on it."""
    replayed = poker.replay(example())
    assert replayed.error is None and not replayed.unfinished
    assert replayed.payoffs.tolist() == [-800, -100, 900]
    states = replayed.states
    assert states.actor.tolist() == [2, 0, 1, 0, 2, poker.NOBODY]
    assert states.street.tolist() == [0, 0, 0, 1, 1, 3]
    assert states.pot.tolist() == [150, 450, 700, 700, 1200, 0]
    assert states.stacks[-1].tolist() == [200, 800, 1700]
    assert states.hole[0].tolist() == states.hole[-1].tolist() == [list(pair) for pair in example().hole]
    assert replayed.legal.min_raise_to.tolist() == [200, 500, 500, 100, 0, 0]
    assert {type(x) for x in jax.tree.leaves((states, replayed.legal))} == {np.ndarray}


def test_hands_of_several_games_keep_their_order():
    kuhn = poker.Hand(
        rules=poker.kuhn(), stacks=(2, 2), blinds=(0, 0), antes=(1, 1), big_blind=1, hole=((8,), (0,)), actions=(1, C)
    )
    leduc = poker.Hand(
        rules=poker.leduc(), stacks=(13, 13), blinds=(0, 0), antes=(1, 1), big_blind=2,
        hole=((0,), (8,)), board=(1,), actions=(C, C, 4, C),
    )  # fmt: skip
    walk = example(actions=(F, F), board=())
    games = [kuhn, example(), leduc, walk, replace(kuhn, actions=(1, F))]
    assert [x.payoffs.tolist() for x in poker.replay_many(games)] == [
        [2, -2], [-800, -100, 900], [5, -5], [-50, 50, 0], [1, -1],
    ]  # fmt: skip
    assert poker.replay_many([]) == []


def test_one_program_serves_any_number_of_hands():
    poker.replay(example())
    programs = replays._play._cache_size()
    replayed = poker.replay_many([example(stacks=(1000 + i, 900, 800)) for i in range(replays.BATCH + 1)])
    assert replays._play._cache_size() == programs
    assert [int(x.states.stacks[-1, 0]) for x in replayed] == [200 + i for i in range(replays.BATCH + 1)]


@pytest.mark.parametrize(
    ("changes", "played", "error"),
    [
        ({"actions": (150,)}, 0, "Action 1, before the flop: seat 2 may raise to 200 up to 800 chips, not to 150."),
        (
            {"actions": (300, C, F, 501, 600)},
            4,
            "Action 5, on the flop: seat 2 may not raise to 600, only fold or call.",
        ),
        (
            {"actions": (300, C, F, 500, C, C, F)},
            5,
            "Action 6 (a call) comes after the hand is done: leave it out.",
        ),
        ({"actions": (F, F, 200)}, 2, "Action 3 (a raise to 200) comes after the hand is done: leave it out."),
        ({"actions": (F, F, C)}, 2, "Action 3 (a call) comes after the hand is done: leave it out."),
        (
            {"actors": (2, 1, 1, 0, 2)},
            1,
            "Action 2 (a call) is by seat 1, but before the flop seat 0 is to act.",
        ),
        (
            {"streets": (0, 0, 1, 1, 1)},
            2,
            "Action 3 (a fold) is recorded on the flop, but before the flop seat 1 still has to act.",
        ),
        (
            {"streets": (0, 0, 0, 0, 1)},
            3,
            "Action 4 (a raise to 500) is recorded before the flop, but the betting there is over: "
            "deal the next street.",
        ),
        ({"board": cards("8s4d3cTs")}, 5, "The hand reaches the showdown with 4 known board cards: give all 5."),
        (
            {"board": (*cards("8s4d3cTs"), poker.NO_CARD)},
            5,
            "The hand reaches the showdown with 4 known board cards: give all 5.",
        ),
        ({"actions": (F, F)}, 2, "The board has 5 cards, but the hand ends before the flop, with 0 turned up."),
        ({"actions": (300, C, F)}, 3, "The board has 5 cards, but the betting is not over, with 3 turned up."),
        (
            {"hole": (cards("KhKd"), None, None)},
            5,
            "Seat 2 reaches the showdown with unknown cards: give them, or name it in mucked.",
        ),
        (
            {"hole": (cards("KhKd"), None, (poker.card("8h"), poker.NO_CARD))},
            5,
            "Seat 2 reaches the showdown with unknown cards: give them, or name it in mucked.",
        ),
        ({"mucked": (0, 2)}, 5, "All seats muck at the showdown: one has to show its cards to win."),
    ],
)
def test_what_cannot_be_is_said_and_what_came_before_is_kept(changes, played, error):
    replayed = poker.replay(example(**changes))
    assert replayed.error == error
    assert not replayed.unfinished
    assert replayed.payoffs.tolist() == [0, 0, 0]
    assert len(replayed.states.actor) == len(replayed.legal.call) == played + 1


def test_the_acpc_dealer_takes_no_fold_for_nothing():
    rules = poker.no_limit_holdem(2, house="acpc")
    hand = example(
        rules=rules, stacks=(500, 500), blinds=(100, 50), antes=(0, 0),
        hole=(cards("KhKd"), cards("8h8d")), actions=(C, F), board=(),
    )  # fmt: skip
    error = "Action 2, before the flop: seat 0 may not fold with nothing owed to the ACPC dealer, only check or raise."
    assert poker.replay(hand).error == error
    assert poker.replay(replace(hand, rules=poker.no_limit_holdem(2))).payoffs.tolist() == [-100, 100]


def test_a_hand_without_an_end_is_played_as_far_as_it_goes():
    replayed = poker.replay(example(actions=(300, C), board=()))
    assert replayed.unfinished
    assert replayed.error == "The hand is not over after 2 actions: before the flop seat 1 is to act."
    assert replayed.states.actor.tolist() == [2, 0, 1]
    assert not replayed.states.done[-1]
    assert replayed.legal.call_amount[-1] == 200  # what seat 1 would have to pay
    assert replayed.payoffs.tolist() == [0, 0, 0]


def test_cards_that_nobody_saw_are_filled_in_by_others():
    known = cards("KhKd")
    replayed = poker.replay(example(hole=(known, None, (poker.card("8h"), poker.NO_CARD)), actions=(F, F), board=()))
    assert replayed.error is None
    assert replayed.payoffs.tolist() == [-50, 50, 0]
    dealt = [*replayed.states.hole[0].ravel().tolist(), *replayed.states.board[0].tolist()]
    assert len(set(dealt)) == 11 and all(0 <= card < 52 for card in dealt)
    assert tuple(dealt[:2]) == known and dealt[4] == poker.card("8h")


@pytest.mark.parametrize("hole", [(cards("KhKd"), None, None), (None, None, None), example().hole])
def test_who_mucks_wins_nothing_at_the_showdown(hole):
    """Seat 2 had the best hand, or perhaps not: it gave up."""
    replayed = poker.replay(example(hole=hole, mucked=(2,)))
    assert replayed.error is None
    assert replayed.payoffs.tolist() == [900, -100, -800]


def test_a_check_that_nothing_comes_of_is_skipped():
    """PokerKit asks the big blind when everybody else is all-in for less, or out."""
    short = example(stacks=(1000, 900, 80), actions=(C, F, C), actors=(2, 0, 1))
    replayed = poker.replay(short)
    assert replayed.error is None
    assert replayed.states.done.tolist() == [False, False, True, True]
    assert replayed.payoffs.tolist() == poker.replay(replace(short, actions=(C, F), actors=None)).payoffs.tolist()
    error = "Action 4 (a call) comes after the hand is done: leave it out."
    assert poker.replay(replace(short, actions=(C, F, C, C), actors=None)).error.startswith("Action 3 (a call) comes")
    assert poker.replay(example(actions=(300, F, F, C), board=())).error == error


def random_action(rng, may):
    """Mostly legal; sometimes a raise out of bounds or out of place, or a fold for nothing."""
    roll = rng.random()
    if roll < 0.12 and may.fold:
        return F
    if roll < 0.6:
        return C
    if roll < 0.7:
        return rng.integers(-1, 1200).item()
    return rng.integers(may.min_raise_to, may.max_raise_to + 1).item() if may.raises else C


@pytest.mark.parametrize("house", ["tda", "acpc"])
def test_random_hands_as_step_by_step(house):
    """The batched replay gives the states of `act` and finds what `check_action` finds."""
    rng = np.random.default_rng(5)
    rules = poker.no_limit_holdem(3, house=house)
    hands, expected, errors = [], [], []
    for seed in range(40):
        deal = poker.deal(rules, jax.random.key(seed))
        stacks = tuple(rng.integers(20, 1000, 3).tolist())
        state = poker.start(rules, deal, poker.stakes(rules, stacks=stacks, antes=10))
        states, actions, error = [state], [], None
        while not state.done and error is None:
            actions.append(random_action(rng, jax.device_get(poker.legal(rules, state))))
            try:
                poker.check_action(rules, state, actions[-1])
                state = poker.act(rules, state, actions[-1])
                states.append(state)
            except ValueError as caught:
                error = str(caught)
        turned_up = np.cumsum(rules.board_cards)[int(state.street)]
        hands.append(
            poker.Hand(
                rules=rules, stacks=stacks, blinds=(50, 100, 0), antes=(10, 10, 10), big_blind=100,
                hole=deal.hole.tolist(), board=deal.board[:turned_up].tolist(), actions=actions,
            )
        )  # fmt: skip
        expected.append(states)
        errors.append(error)
    assert 5 < sum(error is not None for error in errors) < 35
    for replayed, states, error in zip(poker.replay_many(hands), expected, errors, strict=True):
        stacked = jax.tree.map(lambda *x: np.stack(x), *states)
        # Cards that were not turned up are not recorded.
        hidden = {"board": None, "strengths": None}
        jax.tree.map(np.testing.assert_array_equal, replace(stacked, **hidden), replace(replayed.states, **hidden))
        assert (replayed.error is None) == (error is None), (replayed.error, error)
        if error is not None and "chips, not to" in error:
            assert replayed.error.split(": s")[1] == error.split("S")[1]


BAD_HANDS = [
    ({"stacks": (1000, 900)}, "stacks must be 3 amounts, one a seat, but are 2."),
    ({"stacks": (1000, 900, 0)}, "stacks of seat 2 must be 1 to 1073741824 chips, not 0."),
    ({"stacks": (2**30, 1, 1)}, "stacks add up to 1073741826 chips, more than 1073741824: use a larger unit."),
    ({"stacks": (1000, 900, 99.5)}, "stacks[2] must be a whole number, not 99.5."),
    ({"stacks": 1000}, "stacks must be a sequence, not 1000."),
    ({"stacks": "123"}, "stacks must be a sequence, not '123'."),
    ({"blinds": (50, -100, 0)}, "blinds of seat 1 must be 0 to 536870912 chips, not -100."),
    ({"blinds": (50, 100)}, "blinds must be 3 amounts, one a seat, but are 2."),
    ({"antes": (0, 0, True)}, "antes[2] must be a whole number, not True."),
    ({"big_blind": 0}, "big_blind must be 1 to 536870912 chips, not 0."),
    ({"hole": (cards("KhKd"), cards("7c2d"))}, "hole must be 3 hands, one a seat, None where unknown, but are 2."),
    (
        {"hole": (cards("KhKdKs"), None, None)},
        "Seat 0 must have 2 hole cards, not 3: use NO_CARD or None.",
    ),
    (
        {"hole": (cards("KhKd"), cards("Kd2d"), None)},
        "Seat 0 and seat 1 have the Kd: a deck has one of each card.",
    ),
    ({"board": cards("8h4d3c")}, "Seat 2 and the board have the 8h: a deck has one of each card."),
    ({"board": (52, 1, 2)}, "The board has 52, which is no card of this deck: see poker.card."),
    ({"board": cards("8s4d3cTs9h2c")}, "board must have at most 5 cards, not 6."),
    ({"actions": (300, -2)}, "Action 2 is -2: use -1 to fold, 0 to call, or 1 to 1073741824 chips to raise to."),
    (
        {"actions": (2**31,)},
        "Action 1 is 2147483648: use -1 to fold, 0 to call, or 1 to 1073741824 chips to raise to.",
    ),
    ({"actions": (300, "c")}, "actions[1] must be a whole number, not 'c'."),
    ({"actors": (2, 0, 1, 0)}, "actors must be one an action, 5 in all, not 4."),
    ({"actors": (2, 0, 1, 0, 3)}, "actors of action 5 must be 0 to 2, not 3."),
    ({"streets": (0, 0, 0, 1, 4)}, "streets of action 5 must be 0 to 3, not 4."),
    ({"mucked": (3,)}, "mucked names seat 3, but the seats are 0 to 2."),
    ({"finishing_stacks": (1, 2)}, "finishing_stacks must be 3 amounts, one a seat, but are 2."),
    ({"finishing_stacks": (1, 2, "x")}, "finishing_stacks of seat 2 must be a number of chips, not 'x'."),
    ({"finishing_stacks": (1, 2, -0.5)}, "finishing_stacks of seat 2 must be 0 to 1073741824 chips, not -0.5."),
    ({"unit": 0.01}, "unit must be a positive Decimal, not 0.01."),
    ({"unit": Decimal("NaN")}, "unit must be a positive Decimal, not Decimal('NaN')."),
    ({"fields": {1: 2}}, "fields must be a mapping from names to values, not {1: 2}."),
]


@pytest.mark.parametrize(("changes", "error"), BAD_HANDS, ids=[next(iter(changes)) for changes, _ in BAD_HANDS])
def test_a_malformed_hand_is_refused_in_one_sentence(changes, error):
    with pytest.raises(ValueError) as caught:
        example(**changes)
    assert str(caught.value) == error


def test_only_cards_of_the_deck():
    with pytest.raises(ValueError, match="Seat 1 has 12, which is no card of this deck"):
        poker.Hand(
            rules=poker.kuhn(), stacks=(2, 2), blinds=(0, 0), antes=(1, 1), big_blind=1, hole=((8,), (12,)), actions=()
        )


def test_only_hands_can_be_replayed():
    with pytest.raises(ValueError, match=r"hands\[1\] is a dict"):
        poker.replay_many([example(), {}])


def test_sequences_of_any_kind_are_kept_as_tuples():
    assert example(stacks=[1000, 900, 800], board=poker.cards("8s4d3cTs9h")) == example()
    assert example(hole=np.array(example().hole), finishing_stacks=np.array([1, 2.5, 3])).finishing_stacks == (
        1,
        Decimal("2.5"),
        3,
    )
    assert example(hole=((poker.NO_CARD,) * 2, None, None)).hole == (None, None, None)
