"""The local best response against slow plain versions, and what it wins of agents whose value is known."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pokerjax import poker
from pokerjax.config import Config, GameConfig, ModelConfig, UserError
from pokerjax.env import menu, tables
from pokerjax.env.tables import Environment, make_environment
from pokerjax.evaluate import lbr_match, report
from pokerjax.evaluate import local_best_response as lbr
from pokerjax.evaluate.contest import Contestant
from pokerjax.evaluate.lbr_match import local_best_response
from pokerjax.evaluate.players import ModelPlayer
from pokerjax.evaluate.range_equity import equities, preflop_equities
from pokerjax.evaluate.range_policy import ModelRange, empty_history, max_own_decisions, remember
from pokerjax.evaluate.ranges import HANDS, range_policy, with_hands
from pokerjax.model.transformer import Model, masked_log_policy

GAME = GameConfig(bet_sizes=(0.5, 1.0))
ENVIRONMENT = make_environment(GAME)
KEY = jax.random.key(3)
FOLD_CALL_SETTING, POT_SETTING, TURN_SETTING, FLOP_SETTING = lbr.SETTINGS


@dataclasses.dataclass(frozen=True)
class TokenPolicy:
    """An agent whose logits [..., A] are a function of the decision token's fields and its mask."""

    logits: Callable[[Any, dict[str, jax.Array], jax.Array], jax.Array]
    environment: Environment = ENVIRONMENT
    blind: bool = False  # does not look at its cards: then its range stays even

    @property
    def history_lengths(self) -> tuple[int, ...]:
        return (max_own_decisions(self.environment),)

    def likelihood(self, params: Any, history, hands):
        if self.blind:
            return jnp.zeros(hands.shape[:2]), None
        log_policy = self.log_policy(params, None, history.tokens[:, None], history.masks, hands[:, :, None])
        taken = jnp.take_along_axis(log_policy, history.entries[:, None, :, None], axis=-1)[..., 0]
        real = jnp.arange(taken.shape[-1]) < history.count[:, None]
        return jnp.sum(jnp.where(real[:, None], taken, 0), axis=-1), None

    def choose(self, memory, rows):
        return None

    def log_policy(self, params: Any, memory, token, mask, hands):
        token = token[:, None] if token.ndim == 2 else token
        read = with_hands(self.environment.layout, token, hands)
        mask = jnp.broadcast_to(mask[:, None], (*read.shape[:-1], mask.shape[-1]))
        return masked_log_policy(self.logits(params, self.environment.layout.split(read), mask), mask)


FOLD, CALL = jnp.float32(1e9), jnp.float32(-1e9)  # parameters of `resigned`


def resigned(params, fields, mask):
    """Never raise; facing a bet, FOLD or CALL always. One program serves both."""
    return jnp.broadcast_to(jnp.array([params, 0.0, *[-2e9] * (mask.shape[-1] - 2)]), mask.shape)


def moody(params, fields, mask):
    """Any policy that depends on the hand, the price and the history."""
    seed = 7 * fields["hole_high"] + 3 * fields["hole_low"] + fields["pot"] // 50 + fields["call_amount"] // 70
    return jnp.sin(seed[..., None] * (1.0 + jnp.arange(mask.shape[-1])))


read = jax.jit(lambda table: tables.read(ENVIRONMENT, table))
play = jax.jit(lambda table, action, legal: tables.play(ENVIRONMENT, table, action, legal)[0])
deal = jax.jit(lambda key: tables.fresh_hand(ENVIRONMENT, jax.random.bits(key, (tables.num_bits(ENVIRONMENT),))))
start = jax.jit(lambda deal, stakes: tables.seat_players(ENVIRONMENT, deal, stakes, jnp.int32(0)))
equities_of = jax.jit(equities)


@pytest.fixture(scope="module")
def positions():
    """Tables at which seat 0 has to act, after different histories of the agent in seat 1, by street."""
    rng = np.random.default_rng(0)
    found: dict[int, list] = {street: [] for street in range(4)}
    for number in range(40):
        table = start(*deal(jax.random.key(number)))
        history = empty_history(ENVIRONMENT, 1)
        while not table.hand.done:
            decision = read(table)
            if table.hand.actor == 0 and history.count[0] > 0:
                found[int(table.hand.street)].append((table, jax.tree.map(lambda x: x[0], history)))
            weights = np.where(np.asarray(decision.mask), [0.02, 1, 0.4, 0.2, 0.02], 0)
            entry = int(rng.choice(5, p=weights / weights.sum()))
            if table.hand.actor == 1:
                more = [jnp.asarray(x)[None] for x in (decision.token, decision.mask, np.int32(entry), True)]
                history = remember(history, *more)
            table = play(table, decision.amounts[entry], decision.legal)
    assert all(len(some) > 3 for some in found.values())
    return found


def stacked(some):
    return jax.tree.map(lambda *x: jnp.stack(x), *some)


@pytest.fixture(scope="module")
def model():
    return Model(ENVIRONMENT, ModelConfig(d_model=16, n_layers=2, n_heads=2))


@pytest.fixture(scope="module")
def params(model):
    """A policy that is far from uniform."""
    params = jax.jit(model.init)(jax.random.key(1))
    return params | {"policy": jax.tree.map(lambda x: 40 * x, params["policy"])}


def plain_equity(hole, hand, board) -> float:
    """By listing every way the board can end."""
    unseen = [card for card in range(52) if card not in {*hole, *hand, *board}]
    ends = np.array([[*board, *end] for end in itertools.combinations(unseen, 5 - len(board))])
    both = [np.concatenate([np.broadcast_to(cards, (len(ends), 2)), ends], axis=1).T for cards in (hole, hand)]
    mine, theirs = (np.asarray(poker.strength(jnp.asarray(cards))) for cards in both)
    return float(np.mean((mine > theirs) + 0.5 * (mine == theirs)))


@pytest.mark.parametrize("street", [1, 2, 3])
def test_equities_are_those_of_a_plain_enumeration(street):
    hole, *hands = (
        poker.cards("AhKd"),
        poker.cards("QsQc"),
        poker.cards("8h7h"),
        poker.cards("AsKc"),
        poker.cards("Qd3s"),
    )
    board = poker.cards("Kh9h2c7sJd")
    hands = np.sort(np.array(hands), axis=1)[:, ::-1]
    found = equities_of(jnp.asarray(hole), jnp.asarray(board), jnp.int32(street), jnp.asarray(hands), KEY)
    expected = [plain_equity(hole, hand, board[: 2 + street]) for hand in hands]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_equities_before_the_flop_are_near_what_is_known():
    """Aces win 82.6 % of kings, JTs 53.6 % of 22 (published tables); 64 x 256 boards: 4 sigma of at most 0.4 %."""
    keys = jax.random.split(KEY, 64)
    many = jax.jit(jax.vmap(preflop_equities, in_axes=(None, None, 0)))
    for hole, hand, known in (("AsAh", "KsKh", 0.826), ("JsTs", "2h2d", 0.536)):
        hole, hand = jnp.asarray(poker.cards(hole)), jnp.asarray(poker.cards(hand))[None]
        found = many(hole, hand, keys)
        assert abs(float(found.mean()) - known) < 4 * 0.004


def test_range_is_bayes_from_plain_policies(positions, model, params):
    """Prior even over the hands without a known card, times the probabilities of what the agent did, one by one."""
    some = sorted(positions[2], key=lambda position: int(position[1].count))
    table, history = stacked([some[0], some[-1], some[1]])  # of different lengths
    policy, seat = ModelRange(model), jnp.zeros((3,), jnp.int32)
    infer = jax.jit(lambda p, t, h: lbr.agents_range(policy, p, t, h, seat, KEY, preflop=False))
    held = infer(params, table, history)
    plain = jax.jit(lambda p, h: range_policy(model, p, h.tokens, h.count, h.masks, jnp.asarray(HANDS)))
    for c in range(3):
        one = jax.tree.map(lambda x, c=c: x[c], history)
        log_policy = np.asarray(plain(params, one))
        known = {
            *np.asarray(table.hand.hole[c, 0]).tolist(),
            *np.asarray(table.hand.board[c, :4]).tolist(),
        }
        expected = {}
        for number, hand in enumerate(HANDS.tolist()):
            if not known & set(hand):
                taken = [log_policy[number, place, one.entries[place]] for place in range(int(one.count))]
                expected[tuple(hand)] = float(np.exp(np.sum(taken, dtype=np.float64)))
        total = sum(expected.values())
        weights = np.asarray(held.weights[c])
        assert np.count_nonzero(weights) <= len(expected)
        for hand, weight in zip(np.asarray(held.hands[c]).tolist(), weights, strict=True):
            if weight > 0:
                assert weight == pytest.approx(expected.pop(tuple(hand)) / total, rel=1e-4, abs=1e-9)
        assert sum(expected.values()) < 1e-6 * total  # none left out


def test_next_decision_is_that_of_the_plain_policy(positions, model, params):
    """What the model says behind its memory, to a decision it has not taken yet, is what one pass says."""
    _, history = stacked(positions[3][:2])
    before = dataclasses.replace(history, count=history.count - 1)
    hands = jnp.broadcast_to(jnp.asarray(HANDS[::3]), (2, len(HANDS[::3]), 2))
    last = history.count - 1
    token, mask = history.tokens[jnp.arange(2), last], history.masks[jnp.arange(2), last]
    policy = ModelRange(model)

    def ask(params):
        _, memory = policy.likelihood(params, before, hands)
        rows = jnp.broadcast_to(jnp.arange(5, 300, 7), (2, 43))
        chosen = jnp.take_along_axis(hands, rows[..., None], axis=1)
        return chosen, policy.log_policy(params, policy.choose(memory, rows), token, mask, chosen)

    chosen, found = jax.jit(ask)(params)
    plain = jax.jit(lambda p, h, hands: range_policy(model, p, h.tokens, h.count, h.masks, hands))
    for c in range(2):
        one = jax.tree.map(lambda x, c=c: x[c], history)
        expected = plain(params, one, chosen[c])[:, int(last[c])]
        np.testing.assert_allclose(found[c], expected, atol=2e-4)


def test_values_are_those_of_playing_every_hand_out(positions):
    """The rule's values against a loop over the agent's hands: it answers the raise, then the cards decide."""
    policy, sizes, seat = TokenPolicy(moody), (0.4, 1.0), jnp.zeros((4,), jnp.int32)
    table, history = stacked(positions[2][:4])

    @jax.jit
    def rule(table, history):
        held = lbr.agents_range(policy, None, table, history, seat, KEY, preflop=False)
        return held, *lbr.decide(policy, sizes, None, table, seat, held)

    held, action, amounts, values = rule(table, history)
    ask = jax.jit(lambda token, mask, hand: jnp.exp(policy.log_policy(None, None, token, mask, hand)))
    for c in range(4):
        one = jax.tree.map(lambda x, c=c: x[c], table)
        legal, state = read(one).legal, one.hand
        for number, amount in enumerate(np.asarray(amounts[c])):
            if values[c, number] == -np.inf:
                continue
            after = play(one, amount, legal)
            folds = np.zeros(held.hands.shape[1])
            matched = after
            if amount > 0:
                answer = read(after)
                folds = np.asarray(ask(answer.token[None], answer.mask[None], held.hands[c][None]))[0, :, 0]
                matched = play(after, poker.CALL, answer.legal)
            paid = int(matched.hand.contributed[0] - state.contributed[0])  # from here on
            in_all = int(matched.hand.contributed.sum())
            pot = int(state.contributed.sum())
            expected = 0.0
            for weight, equity, fold in zip(
                *(np.asarray(x[c]) for x in (held.weights, held.equity)), folds, strict=True
            ):
                expected += weight * (fold * pot + (1 - fold) * (equity * (in_all - paid) - (1 - equity) * paid))
            expected = 0.0 if amount == poker.FOLD else expected
            assert values[c, number] == pytest.approx(expected, rel=1e-4, abs=0.05)
        assert action[c] == amounts[c, int(np.argmax(values[c]))]
        assert int(menu.num_actions(sizes)) == len(amounts[c])


def test_some_hands_stand_for_the_range(positions):
    """Averages over 64 drawn hands are within a few percent of those over the range, and unbiased."""
    policy = TokenPolicy(moody)
    table, history = stacked(positions[2][:2])
    seat = jnp.zeros((2,), jnp.int32)

    @jax.jit
    def average(key):
        held = lbr.agents_range(policy, None, table, history, seat, KEY, preflop=False)
        fold = (held.hands.sum(axis=-1) % 3 == 0) * 1.0
        some = lbr.some_hands(policy, held, 64, key)
        some_fold = (some.hands.sum(axis=-1) % 3 == 0) * 1.0

        def of(among, x):
            return jnp.sum(among.weights * x, axis=1)

        return of(held, held.equity), of(held, fold), of(some, some.equity), of(some, some_fold)

    equity, fold, some_equity, some_fold = jax.lax.map(average, jax.random.split(KEY, 50))
    assert np.abs(some_equity - equity).max() < 0.01  # drawn in its order
    # Independent draws would spread by 0.059; 50 x 2 of these: 4 sigma.
    assert np.abs(np.mean(some_fold - fold)) < 4 * 0.059 / 10


CHECKER = TokenPolicy(resigned, blind=True)


def test_always_fold_loses_750():
    """By hand: it gives up its small blind, and its big blind to the first bet."""
    result = local_best_response(CHECKER, POT_SETTING, KEY, hands=48, params=FOLD)
    assert (result.mbb, result.ci95, result.hands) == (pytest.approx(750), pytest.approx(0, abs=1e-3), 48)


@pytest.mark.slow
def test_always_fold_loses_250_to_a_caller():
    """By hand: without a bet the big blind is checked down."""
    result = local_best_response(CHECKER, FOLD_CALL_SETTING, KEY, hands=400, params=FOLD)
    assert 0 < result.ci95 < 60
    assert abs(result.mbb - 250) < 2 * result.ci95  # 4 sigma


def test_always_call_pays_the_exact_value_of_its_deals():
    """Against a caller the best of pot and all-in is all-in from the turn on whenever that is ahead of a random hand.

    So what each deal pays can be computed apart: 100 big blinds with the equity of the final board, or one.
    """
    deals = 24
    result = local_best_response(CHECKER, POT_SETTING, KEY, hands=2 * deals, params=CALL)
    means = []
    for number in range(deals):
        key = jax.random.fold_in(jax.random.fold_in(KEY, 1), number)
        cards, _ = deal(key)
        board = np.asarray(cards.board)
        paid = []
        for hole in np.asarray(cards.hole):
            turn, river = (plain_range_equity(hole, board, street) for street in (2, 3))
            paid.append((100 if max(turn, river) > 0.5 else 1) * (2 * river - 1))
        means.append(np.mean(paid))
    assert result.mbb == pytest.approx(1000 * np.mean(means), rel=1e-3)
    assert result.ci95 == pytest.approx(1000 * 1.96 * np.std(means, ddof=1) / np.sqrt(deals), rel=1e-3)


def plain_range_equity(hole, board, street: int) -> float:
    """Against every hand without a known card, each as likely; `board` all five cards."""
    known = {*hole.tolist(), *board[: 2 + street].tolist()}
    hands = jnp.asarray([hand for hand in HANDS.tolist() if not known & set(hand)])
    return float(np.mean(equities_of(jnp.asarray(hole), jnp.asarray(board), jnp.int32(street), hands, KEY)))


def test_other_games_are_refused():
    with pytest.raises(UserError, match="this agent plays leduc: use --exploitability"):
        lbr_match.check_game(GameConfig(variant="leduc"))
    with pytest.raises(UserError, match="this agent plays with 6 players: train one with --num-players 2"):
        lbr_match.check_game(GameConfig(num_players=6))


class OneLength(ModelRange):
    """With one program for all lengths of history, to compile less."""

    @property
    def history_lengths(self) -> tuple[int, ...]:
        return (max_own_decisions(self.environment),)


@pytest.mark.slow
def test_a_model_is_played_and_reported(params, model, tmp_path):
    """The whole way with a model: bets on the flop weighed with some hands, then fold and call."""
    setting = lbr.Setting("flop", (None, (0.5, 1.0), (), ()), answers=16)
    first, again = (local_best_response(OneLength(model), setting, KEY, hands=30, params=params) for _ in range(2))
    assert dataclasses.replace(first, seconds=0) == dataclasses.replace(again, seconds=0)
    assert first.ci95 > 0
    agent = Contestant(tmp_path, Config(game=GAME), 12, ModelPlayer(model), params)
    [row] = json.loads(report.to_json(agent, {"flop": first}, what="setting"))["results"]
    assert set(row) == {"setting", "mbb", "ci95", "low", "high", "hands", "seconds"}
    assert (row["setting"], row["hands"]) == ("flop", 30)
    assert len(report.lbr_head()) == len(report.lbr_row("flop", first))


def test_settings():
    """DeepStack's table: what is allowed by street, and the 56 sizes of the logs that came with it."""
    assert [[sizes is not None for sizes in setting.sizes] for setting in lbr.SETTINGS] == [
        [True] * 4, [False, False, True, True], [False, False, True, True], [False, True, True, True],
    ]  # fmt: skip
    assert len(lbr.FIFTY_SIX) == 56
    assert (lbr.FIFTY_SIX[0], lbr.FIFTY_SIX[-1]) == (0.05, pytest.approx(0.05 * 1.15**55))
    assert FLOP_SETTING.sizes[1] == TURN_SETTING.sizes[3] == lbr.FIFTY_SIX
