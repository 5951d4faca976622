"""The environment: tables that deal themselves, the menu, the tokens; nothing hidden leaks, nothing public is lost."""

import dataclasses
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pokerjax import poker
from pokerjax.config import GameConfig
from pokerjax.env import menu, tables, tokens
from pokerjax.env.tables import make_environment

BATCH = 64


def environment_of(num_players=2, **game):
    return make_environment(GameConfig(num_players=num_players, **game))


def simulate(environment, steps, seed=0, weights=None):
    """Random play at BATCH tables: decisions, chosen entries and outcomes, [steps, BATCH]."""
    key = jax.random.key(seed)

    def one(table, t):
        deal_key, action_key = jax.random.split(jax.random.fold_in(key, t))
        decision = jax.vmap(lambda x: tables.read(environment, x))(table)
        logits = jnp.zeros(environment.num_actions) if weights is None else jnp.asarray(weights)
        entry = jax.random.categorical(action_key, jnp.where(decision.mask, logits, -1e30))
        chips = jax.vmap(menu.choose)(decision.amounts, entry)
        bits = jax.random.bits(deal_key, (BATCH, tables.num_bits(environment)), jnp.uint32)
        fresh = jax.vmap(lambda b: tables.fresh_hand(environment, b))(bits)
        following, outcome = jax.vmap(lambda *a: tables.step(environment, *a))(table, chips, decision.legal, *fresh)
        return following, (table, decision, entry, outcome)

    bits = jax.random.bits(jax.random.fold_in(key, 10**6), (BATCH, tables.num_bits(environment)), jnp.uint32)
    deal, stakes = jax.vmap(lambda b: tables.fresh_hand(environment, b))(bits)
    start = jax.vmap(lambda d, s, r: tables.seat_players(environment, d, s, r))(deal, stakes, jnp.zeros(BATCH, int))
    _, record = jax.jit(lambda x: jax.lax.scan(one, x, jnp.arange(steps)))(start)
    return jax.tree.map(np.asarray, record)


@pytest.fixture(scope="module", params=[2, pytest.param(3, marks=pytest.mark.slow), 6])
def played(request):
    """A few thousand decisions at 2, 3 and 6 players, unequal stacks and antes."""
    environment = environment_of(request.param, ante=10, shortest_stack=10, deepest_stack=200, unequal_stacks=True)
    return environment, simulate(environment, 120)


def test_numbered_hands_are_those_of_the_table_alone():
    """Whole hands of distinct cards with their strengths, stacks within bounds, and the same beside other tables."""
    environment = environment_of(3, shortest_stack=20, deepest_stack=40, unequal_stacks=True)
    deals = jax.jit(lambda numbers, hands: tables.numbered_hands(environment, jax.random.key(0), numbers, hands))
    numbers, hands = jnp.arange(400) // 4, jnp.arange(400) % 4
    deal, stakes = deals(numbers, hands)
    cards = np.concatenate([np.asarray(deal.hole).reshape(6, -1), deal.board])
    assert all(len(set(hand)) == 11 for hand in cards.T) and cards.min() == 0 and cards.max() == 51
    assert len({tuple(hand) for hand in cards.T}) == 400
    strength = jax.vmap(poker.strength)(jnp.concatenate([deal.hole[1], deal.board]).T)
    np.testing.assert_array_equal(deal.strengths[1], strength)
    assert 2000 <= stakes.stacks.min() < stakes.stacks.max() <= 4000
    backwards, their_stakes = deals(numbers[::-1], hands[::-1])
    np.testing.assert_array_equal(backwards.hole[..., ::-1], deal.hole)
    np.testing.assert_array_equal(their_stakes.stacks[..., ::-1], stakes.stacks)


def test_chips_are_conserved_and_rewards_sum_to_zero(played):
    _environment, (table, _decision, _, outcome) = played
    in_play = table.hand.stacks.sum(-1) + table.hand.pot
    np.testing.assert_array_equal(in_play, table.hand.starting.sum(-1))
    np.testing.assert_allclose(outcome.rewards.sum(-1), 0, atol=1e-3)
    assert (table.hand.stacks >= 0).all()
    assert (outcome.rewards[~outcome.done] == 0).all() and outcome.done.mean() > 0.05


def test_the_menu_is_never_empty_and_its_entries_differ(played):
    _environment, (_table, decision, _entry, _) = played
    mask, amounts, legal = decision.mask, decision.amounts, decision.legal
    assert mask.any(-1).all() and mask[..., 1].all()
    raises = np.where(mask[..., 2:], amounts[..., 2:], -np.arange(1, mask.shape[-1] - 1))
    ordered = np.sort(raises, axis=-1)
    assert (np.diff(ordered, axis=-1) != 0).all()
    offered = mask[..., 2:]
    assert (amounts[..., 2:] >= legal.min_raise_to[..., None])[offered].all()
    assert (amounts[..., 2:] <= legal.max_raise_to[..., None])[offered].all()
    # All-in is on offer wherever a raise is, and folding only when there is something to pay.
    np.testing.assert_array_equal(mask[..., 0], legal.fold)


def test_menu_sizes_on_a_spot_known_by_heart():
    """Heads-up, blinds 50/100: a pot-size raise is to 300, half the pot to 200; 1/4 pot is below the minimum."""
    rules = poker.no_limit_holdem(2)
    stakes = poker.stakes(rules, stacks=1_000, blinds=(50, 100))
    state = poker.start(rules, poker.Deal(hole=jnp.array([[0, 1], [2, 3]]), board=jnp.arange(10, 15)), stakes)
    amounts, mask = menu.offer((0.25, 0.5, 1.0, 1.001, 9.0), state, poker.legal(rules, state), jnp.bool_(True))
    assert amounts.tolist() == [poker.FOLD, poker.CALL, 150, 200, 300, 300, 1900, 1000]
    assert mask.tolist() == [True, True, False, True, True, False, False, True]
    _, mask = menu.offer((0.5,), state, poker.legal(rules, state), jnp.bool_(False))
    assert mask.tolist() == [True, True, False, False]


@pytest.mark.parametrize("num_players", [2, pytest.param(6, marks=pytest.mark.slow)])
def test_hands_stay_within_their_limit(num_players):
    """Even when everybody raises the least whenever he can."""
    limit = 6 * num_players + 2
    environment = environment_of(
        num_players, shortest_stack=2000, deepest_stack=2000, bet_sizes=(0.5, 0.6), max_decisions=limit
    )
    _, decision, entry, _ = simulate(environment, 200, weights=[-20.0, 0.0, 20.0, 10.0, -20.0])
    count = environment.layout.split(decision.token)["decision"]
    assert count.max() < limit
    cut = limit - 4 * num_players
    assert count.max() >= cut
    assert (entry[count < 2] >= 2).mean() > 0.9 and (entry[count >= cut] < 2).all()


def test_seats_rotate_and_stacks_follow_their_distribution():
    environment = environment_of(3, shortest_stack=10, deepest_stack=250, unequal_stacks=True)
    table, _, _, _outcome = simulate(environment, 200)
    hands = table.hands[-1]
    np.testing.assert_array_equal(table.rotation[-1], hands % 3)
    fresh = table.log.count == 0
    depth = table.hand.starting[fresh] / 100
    assert depth.min() >= 10 and depth.max() <= 250
    # Log-uniform: the median is the geometric mean of the ends; 4 sigma at this size is under 0.1.
    middle = np.mean(np.log(depth) < np.log(50))
    assert abs(middle - 0.5) < 4 * 0.5 / np.sqrt(depth.size)


def test_tokens_hold_the_spot(played):
    environment, (table, decision, _, _) = played
    fields = environment.layout.split(decision.token)
    actor = table.hand.actor
    assert (fields["seat"] == actor).all()
    def take(values):
        return np.take_along_axis(values, actor[..., None], -1)[..., 0]
    np.testing.assert_array_equal(fields["stacks"][..., 0], take(table.hand.stacks))
    np.testing.assert_array_equal(fields["bets"].sum(-1), table.hand.bets.sum(-1))
    np.testing.assert_array_equal(fields["pot"], table.hand.pot)
    np.testing.assert_array_equal(fields["call_amount"], decision.legal.call_amount)
    shown = np.array([0, 3, 4, 5])[table.hand.street]
    board = np.stack([fields[f"board_{i}"] for i in range(5)], -1)
    np.testing.assert_array_equal((board >= 0).sum(-1), shown)
    own = np.take_along_axis(table.hand.hole, actor[..., None, None], -2)[..., 0, :]
    np.testing.assert_array_equal(fields["hole_high"] + fields["hole_low"], own.sum(-1))


def test_hidden_cards_change_no_token():
    """Other cards for the opponents and for the board to come: the same token, at every decision of random hands."""
    environment = environment_of(3)
    table, decision, *_ = simulate(environment, 60)
    read = jax.jit(lambda t: tables.read(environment, t))
    rng = np.random.default_rng(0)
    for t, b in itertools.product(range(0, 60, 5), range(0, BATCH, 8)):
        one = jax.tree.map(lambda x, t=t, b=b: x[t, b], table)
        actor, shown = int(one.hand.actor), [0, 3, 4, 5][int(one.hand.street)]
        known = [*one.hand.hole[actor], *one.hand.board[:shown]]
        others = rng.permutation([c for c in range(52) if c not in known])
        hole = np.where(np.arange(3)[:, None] == actor, one.hand.hole, others[:6].reshape(3, 2))
        board = np.where(np.arange(5) < shown, one.hand.board, others[6:11])
        hand = dataclasses.replace(
            one.hand, hole=jnp.asarray(hole), board=jnp.asarray(board), strengths=one.hand.strengths[::-1]
        )
        again = read(dataclasses.replace(one, hand=hand))
        np.testing.assert_array_equal(again.token, decision.token[t, b])
        np.testing.assert_array_equal(again.mask, decision.mask[t, b])


class Walker:
    """One hand played action by action, keeping what every seat has read and what was public."""

    def __init__(self, num_players):
        self.environment = environment_of(num_players, shortest_stack=30, deepest_stack=30, bet_sizes=(0.5, 1.0))
        self.read = jax.jit(lambda t: tables.read(self.environment, t))
        self.play = jax.jit(lambda t, a, legal, d, s: tables.step(self.environment, t, a, legal, d, s))
        players = num_players
        self.deal = poker.Deal(
            hole=jnp.arange(2 * players, dtype=jnp.int32).reshape(players, 2), board=jnp.arange(40, 45, dtype=jnp.int32)
        )
        self.stakes = tables.stakes_for(self.environment, jnp.full(players, 3_000, jnp.int32))

    def walk(self, amounts):
        """Play the amounts (engine actions, moved into the bounds): per seat, (public history, tokens so far)."""
        table = tables.seat_players(self.environment, self.deal, self.stakes, jnp.int32(0))
        public, read_by = [], {seat: [] for seat in range(self.environment.num_players)}
        visits = []
        for amount in amounts:
            decision = self.read(table)
            seat = int(decision.seat)
            read_by[seat].append(tuple(np.asarray(decision.token).tolist()))
            visits.append((seat, tuple(public), tuple(read_by[seat])))
            legal = decision.legal
            table, outcome = self.play(table, jnp.int32(amount), legal, self.deal, self.stakes)
            if bool(outcome.done):
                break
            to = int(np.clip(amount, int(legal.min_raise_to), int(legal.max_raise_to)))
            what = int(outcome.kind)
            public.append((seat, what, to if what == tokens.RAISED else 0, int(outcome.street)))
        return visits


@pytest.fixture(scope="module", params=[2, 3])
def walker(request):
    return Walker(request.param)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_different_public_histories_give_different_tokens(walker, data):
    """Two lines of play, alike up to a point: a seat's tokens are equal exactly when what it saw is equal."""
    amount = st.sampled_from([poker.CALL, poker.CALL, 200, 201, 250, 300, 700, 3_000, poker.FOLD])
    first = data.draw(st.lists(amount, min_size=2, max_size=9))
    cut = data.draw(st.integers(0, len(first) - 1))
    second = first[:cut] + data.draw(st.lists(amount, min_size=1, max_size=9 - cut))
    seen = {}
    for seat, public, read in walker.walk(first) + walker.walk(second):
        assert seen.setdefault((seat, read), public) == public
    backwards = {(seat, public): read for (seat, read), public in seen.items()}
    assert len(backwards) == len(seen)


def test_the_event_log_always_reaches_back_to_the_own_last_action(played):
    """Every unread event is in the token: counted by an independent loop over the record."""
    environment, (_table, decision, _, outcome) = played
    events = environment.layout.split(decision.token)["events"]
    for b in range(0, BATCH, 7):
        since = {}
        for t in range(len(events)):
            seat = int(decision.seat[t, b])
            expected = since.get(seat, [])
            got = [tuple(row) for row in events[t, b] if row[1] != tokens.NO_EVENT]
            assert [((s + seat) % environment.num_players, k) for s, k, *_ in got] == expected
            event = (seat, int(outcome.kind[t, b]))
            since[seat] = []
            for p in range(environment.num_players):
                since.setdefault(p, []).append(event)
            if outcome.done[t, b]:
                since = {}
