"""What must hold in every hand of every game, whatever the actions, and what bad input is answered with."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pokerjax import poker
from pokerjax.poker import CALL, FOLD
from pokerjax.poker.rules import BETTING, MAX_CHIPS

NUM_STEPS = 40
GAMES = [
    poker.no_limit_holdem(2),
    poker.Rules(3, house="acpc", max_raises=(2, 1, 0, 3), first_to_act=(1, 2, 0, 1)),
    poker.no_limit_holdem(6, dead_antes=True),
    poker.pot_limit_holdem(4),
    poker.limit_holdem(3),
    poker.limit_holdem(2, house="acpc"),
    poker.kuhn(),
    poker.leduc(),
]
SLOW_GAMES = [
    *[poker.no_limit_holdem(n, house=house) for n in (4, 9, 10) for house in ("tda", "acpc")],
    *[poker.pot_limit_holdem(n, dead_antes=dead) for n, dead in ((2, False), (10, True))],
    *[poker.limit_holdem(n, house=house) for n, house in ((6, "tda"), (3, "acpc"), (10, "acpc"))],
    poker.Rules(5, "fixed_limit", hole_cards=1, board_cards=(0, 1, 0, 2, 1), num_ranks=4, num_suits=3),
]
PROFILE = settings(max_examples=200, deadline=None, database=None, derandomize=True)


@partial(jax.jit, static_argnums=0)
def trace(rules, deal, stakes, actions):
    """Return all states of a hand [T + 1, ...] and what was legal in them [T, ...], whatever the actions are."""

    def step(state, action):
        after = poker.act(rules, state, action)
        return after, (after, poker.legal(rules, state))

    first = poker.start(rules, deal, stakes)
    _, (states, legal) = jax.lax.scan(step, first, actions)
    return jax.tree.map(lambda a, b: jnp.concatenate([a[None], b]), first, states), legal


def run(rules, deal, stakes, actions):
    """The same on the host."""
    return jax.tree.map(np.asarray, trace(rules, deal, stakes, np.asarray(actions, np.int32)))


def random_deal(rules, seed):
    """Any cards. Dealt by numpy, which has nothing to compile."""
    deck = np.array([4 * rank + suit for rank in range(rules.num_ranks) for suit in range(rules.num_suits)], np.int32)
    cards = np.random.default_rng(seed).permutation(deck)[: rules.num_cards]
    split = rules.num_players * rules.hole_cards
    return poker.Deal(hole=cards[:split].reshape(rules.num_players, rules.hole_cards), board=cards[split:])


@st.composite
def hands(draw, games):
    """A game, a deal, stakes (at times with all the chips there may be) and any actions."""
    rules = draw(st.sampled_from(games))
    players = rules.num_players

    def per_seat(least, most):
        return np.array(draw(st.lists(st.integers(least, most), min_size=players, max_size=players)))

    unit = draw(st.sampled_from([1, 1, 1, MAX_CHIPS // (600 * players)]))
    blinds, big_blind = draw(st.sampled_from([((10, 20), 20), ((0, 20), 20), ((20, 20), 10), ((0, 0), 1)]))
    stakes = poker.stakes(
        rules,
        stacks=per_seat(1, 600) * unit,
        antes=per_seat(0, draw(st.sampled_from([0, 30, 300]))) * unit,
        blinds=tuple(blind * unit for blind in blinds),
        big_blind=big_blind * unit,
    )
    small = st.integers(-3, 700).map(lambda chips: chips * unit)
    likely, any_int = st.sampled_from([CALL, CALL, CALL, FOLD]), st.integers(-(2**31), 2**31 - 1)
    action = st.one_of(likely, likely, small, small, any_int)
    actions = draw(st.lists(action.map(lambda chips: min(chips, 2**31 - 1)), min_size=NUM_STEPS, max_size=NUM_STEPS))
    return rules, random_deal(rules, draw(st.integers(0, 2**31 - 1))), stakes, actions


def check_hand(hand):
    rules, _, stakes, _ = hand
    states, legal = run(*hand)
    _check_chips(states, stakes)
    _check_actors(rules, states, legal)
    _check_bounds(rules, states, legal)
    _check_the_end(states)
    _check_actions_are_bounded(hand, states, legal)


def _check_chips(states, stakes):
    assert np.all(states.stacks.sum(axis=1) + states.pot == int(stakes.stacks.sum()))
    for chips in (states.stacks, states.bets, states.pot, states.contributed, states.level, states.num_raises):
        assert np.all(chips >= 0)
    assert np.all(states.last_raise > 0)
    assert np.all(states.bets.sum(axis=1) <= states.pot)
    assert np.all(states.payoffs.sum(axis=1) == 0)
    paid = states.stacks - states.starting
    np.testing.assert_array_equal(states.payoffs, np.where(states.done[:, None], paid, 0))


def _check_actors(rules, states, legal):
    going = np.flatnonzero(~states.done)
    seats = states.actor[going]
    assert np.all((seats >= 0) & (seats < rules.num_players))
    assert not np.any(states.folded[going, seats])
    assert np.all(states.stacks[going, seats] > 0)
    assert np.all(states.actor[states.done] == poker.NOBODY)
    np.testing.assert_array_equal(legal.call, ~states.done[:-1])
    np.testing.assert_array_equal(legal.fold, legal.call & (legal.call_amount > 0))
    assert not np.any(legal.raises & states.done[:-1])
    assert np.all((states.street >= 0) & (states.street < rules.num_streets) & (np.diff(states.street, prepend=0) >= 0))


def _check_bounds(rules, states, legal):
    going = np.flatnonzero(~states.done[:-1])
    seats = states.actor[going]
    stack, bet, level = states.stacks[going, seats], states.bets[going, seats], states.level[going]
    assert np.all((legal.call_amount[going] >= 0) & (legal.call_amount[going] <= stack))
    raises = legal.raises[going]
    least, most = legal.min_raise_to[going], legal.max_raise_to[going]
    assert np.all(
        np.where(raises, (level < least) & (least <= most) & (most <= stack + bet), (least == 0) & (most == 0))
    )
    if rules.betting == "fixed_limit":
        np.testing.assert_array_equal(least, most)
    if rules.betting == "no_limit":
        np.testing.assert_array_equal(most, np.where(raises, stack + bet, 0))
    if rules.betting == "fixed_limit" and rules.house == "acpc":  # whose limit games OpenSpiel plays without stacks
        big_bets = 2 * states.street[going] >= rules.num_streets
        sizes = np.where(big_bets, 2 * states.min_bet[going], states.min_bet[going])
        np.testing.assert_array_equal(least, np.where(raises, np.minimum(level + sizes, stack + bet), 0))
        others = ~states.folded[going] & (states.stacks[going] > 0)
        others[np.arange(len(going)), seats] = False
        allowed = states.num_raises[going] < np.array(rules.max_raises)[states.street[going]]
        np.testing.assert_array_equal(raises, (stack + bet > level) & allowed & others.any(axis=1))
    if rules.max_raises is not None:
        assert np.all(states.num_raises <= np.array(rules.max_raises)[states.street])


def _check_the_end(states):
    ended = np.flatnonzero(states.done)
    if len(ended):
        first = ended[0]
        assert np.all(states.pot[first:] == 0)
        for x in jax.tree.leaves(states):
            np.testing.assert_array_equal(x[first:], np.broadcast_to(x[first], x[first:].shape))


def _bounded(action, may):
    """The action that the rules make of any int."""
    if action < CALL:
        return FOLD
    if action == CALL or not may.raises:
        return CALL
    return int(np.clip(action, may.min_raise_to, may.max_raise_to))


def _check_actions_are_bounded(hand, states, legal):
    """Any int is played as the bounded action, and `check_action` finds fault unless the two are the same."""
    rules, deal, stakes, actions = hand
    may = [jax.tree.map(lambda x, t=t: x[t], legal) for t in range(NUM_STEPS)]
    bounded = [_bounded(action, now) for action, now in zip(actions, may, strict=True)]
    jax.tree.map(np.testing.assert_array_equal, states, run(rules, deal, stakes, bounded)[0])
    for t, action in enumerate(actions):
        if states.done[t] or t % 5:  # a fifth of them, for the time it takes
            continue
        me, before, after = states.actor[t], *(jax.tree.map(lambda x, s=s: x[s], states) for s in (t, t + 1))
        paid = after.contributed[me] - before.contributed[me]
        if action > CALL:  # as given: so many chips lie there, and more than before
            played = paid == action - before.bets[me] and action > before.level
        elif action == FOLD:
            played = after.folded[me] and (rules.house == "tda" or may[t].fold)
        else:
            played = action == CALL
        assert _accepts(rules, before, action) == played, (t, action)


def _accepts(rules, state, action):
    try:
        poker.check_action(rules, jax.tree.map(jnp.asarray, state), action)
    except ValueError as error:
        assert_one_sentence(error)
        return False
    return True


def assert_one_sentence(error):
    assert len(str(error).splitlines()) == 1 and str(error).endswith("."), str(error)


@PROFILE
@given(hands(GAMES))
def test_every_hand(hand):
    check_hand(hand)


@pytest.mark.slow
@settings(PROFILE, max_examples=1500)
@given(hands(GAMES + SLOW_GAMES))
def test_every_hand_of_more_games(hand):
    check_hand(hand)


# --- Shapes, and the ways to run many hands ---


@pytest.mark.parametrize(("num_players", "betting"), [*zip([2, 6, 10], BETTING, strict=True)])
def test_shapes_and_types_stay_the_same(num_players, betting):
    rules = poker.Rules(num_players, betting)
    stakes = poker.stakes(rules, stacks=1000)
    for batch in ((), (3, 2)):
        bits = jax.ShapeDtypeStruct((rules.num_cards, *batch), jnp.uint32)
        first = jax.eval_shape(
            lambda bits: poker.start(rules, poker.deal_from_bits(rules, bits), _widened(stakes, bits)), bits
        )
        after = jax.eval_shape(partial(poker.act, rules), first, jax.ShapeDtypeStruct(batch, jnp.int32))
        assert list(map(_type, jax.tree.leaves(first))) == list(map(_type, jax.tree.leaves(after)))
        legal = jax.eval_shape(partial(poker.legal, rules), first)
        assert all(x.shape[-len(batch) :] == batch for x in jax.tree.leaves((first, legal)) if batch)
        assert {x.dtype for x in jax.tree.leaves((first, legal))} == {np.dtype("int32"), np.dtype("bool")}
        assert {x.weak_type for x in jax.tree.leaves(after)} == {False}
        assert first.stacks.shape == (num_players, *batch) and first.actor.shape == batch


def _type(x):
    return x.shape, x.dtype, x.weak_type


def _widened(stakes, bits):
    """The same stakes for each hand of a batch."""
    return jax.tree.map(
        lambda x: jnp.broadcast_to(x.reshape(x.shape + (1,) * (bits.ndim - 1)), x.shape + bits.shape[1:]), stakes
    )


@pytest.mark.parametrize("rules", [GAMES[1], GAMES[7]], ids=["three players", "leduc"])
def test_a_batch_under_vmap_or_trailing_is_the_loop(rules):
    rng = np.random.default_rng(0)
    batch, shape = 5, (rules.num_players, 5)
    deals = [random_deal(rules, seed) for seed in range(batch)]
    deal = jax.tree.map(lambda *rows: np.stack(rows, axis=-1), *deals)
    stakes = poker.Stakes(
        stacks=rng.integers(1, 300, shape, np.int32),
        blinds=np.broadcast_to(np.arange(rules.num_players, dtype=np.int32)[:, None] * 10, shape),
        antes=rng.integers(0, 9, shape, np.int32),
        big_blind=np.full(batch, 10, np.int32),
    )
    actions = rng.choice([FOLD, CALL, CALL, CALL, 30, 80], (NUM_STEPS, batch)).astype(np.int32)
    trailing = run(rules, deal, stakes, actions)
    mapped = jax.jit(jax.vmap(partial(trace, rules), in_axes=-1, out_axes=-1))(deal, stakes, actions)
    jax.tree.map(np.testing.assert_array_equal, mapped, trailing)
    for i in range(batch):
        single = run(rules, *jax.tree.map(lambda x, i=i: x[..., i], (deal, stakes, actions)))
        jax.tree.map(np.testing.assert_array_equal, single, jax.tree.map(lambda x, i=i: x[..., i], trailing))


def test_hidden_cards_do_not_change_the_betting():
    rules = GAMES[0]
    stakes = poker.stakes(rules, stacks=1000)
    actions = [300, CALL, 200, CALL, 300, *[CALL] * (NUM_STEPS - 5)]
    (one, one_may), (other, other_may) = (run(rules, random_deal(rules, seed), stakes, actions) for seed in (0, 1))
    jax.tree.map(np.testing.assert_array_equal, one_may, other_may)
    for name in ("actor", "street", "bets", "pot", "done", "folded"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


# --- Bad input: one sentence, never another error ---

JUNK = st.one_of(
    st.none(), st.booleans(), st.floats(), st.complex_numbers(), st.text(max_size=5), st.binary(max_size=3),
    st.integers(), st.integers(-(2**200), 2**200), st.lists(st.integers(-5, 5), max_size=3),
    st.sampled_from([np.int8(3), np.uint64(2**64 - 1), np.float32(1), np.array([1, 2]), np.array("a"), np.eye(2)]),
    st.sampled_from([{}, object(), [[1], [1, 2]], [None, 1], 10**400, jnp.arange(3), jnp.float32(1)]),
)  # fmt: skip


def refused(function, *arguments, **named):
    """Whether the call was refused, with one sentence."""
    try:
        function(*arguments, **named)
    except ValueError as error:
        assert_one_sentence(error)
        return True
    return False


@pytest.fixture(scope="module")
def first_state():
    rules = GAMES[0]
    return rules, poker.start(rules, random_deal(rules, 0), poker.stakes(rules, stacks=1000))


@settings(PROFILE, max_examples=300)
@given(action=JUNK)
def test_check_action_refuses_what_is_no_action(first_state, action):
    whole = isinstance(action, (int, np.integer)) and not isinstance(action, bool)
    legal = whole and (action in (FOLD, CALL) or 200 <= action <= 1000)
    assert refused(poker.check_action, *first_state, action) != legal


def test_check_action_takes_any_kind_of_whole_number(first_state):
    for action in (CALL, np.int8(CALL), np.array(300), jnp.int32(1000)):
        poker.check_action(*first_state, action)


@settings(PROFILE, max_examples=300)
@given(st.sampled_from(["stacks", "blinds", "antes", "big_blind"]), JUNK)
def test_stakes_refuse_bad_values(name, value):
    arguments = {"stacks": 1000, name: value}
    if not refused(poker.stakes, GAMES[0], **arguments):
        stakes = poker.stakes(GAMES[0], **arguments)
        assert {x.dtype for x in jax.tree.leaves(stakes)} == {np.dtype("int32")}
        assert int(stakes.stacks.min()) > 0 and int(stakes.antes.min()) >= 0 and int(stakes.blinds.min()) >= 0


@settings(PROFILE, max_examples=400)
@given(
    st.sampled_from(sorted(poker.Rules.__dataclass_fields__)),
    st.one_of(JUNK, st.lists(st.one_of(st.integers(-1, 5), JUNK), max_size=5).map(tuple)),
    st.sampled_from(BETTING),
)
def test_rules_refuse_bad_values(name, value, betting):
    arguments = {"num_players": 2, "betting": betting, name: value}
    if not refused(poker.Rules, **arguments):
        assert poker.Rules(**arguments).num_cards <= 52
        hash(poker.Rules(**arguments))


@settings(PROFILE, max_examples=300)
@given(st.one_of(JUNK, st.text("23456789TJQKAcdhs Xx", max_size=8)))
def test_cards_refuse_bad_names(name):
    if not refused(poker.card, name):
        assert poker.card_name(poker.card(name)) == name
    if not refused(poker.cards, name):
        assert "".join(map(poker.card_name, poker.cards(name).tolist())) == "".join(name.split())
    if not refused(poker.card_name, name):
        assert poker.card(poker.card_name(name)) == name
