"""The local best response against slow plain versions, and what it wins of agents whose value is known."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pokerjax import poker
from pokerjax.config import Config, GameConfig, ModelConfig, UserError
from pokerjax.env import tables
from pokerjax.env.tables import Environment, make_environment
from pokerjax.evaluate import lbr_board, lbr_match, lbr_program, report
from pokerjax.evaluate import local_best_response as lbr
from pokerjax.evaluate.contest import Contestant
from pokerjax.evaluate.lbr_match import local_best_response
from pokerjax.evaluate.players import ModelPlayer
from pokerjax.evaluate.range_equity import compatible, equity_matrix, hands_without, preflop_matrix
from pokerjax.evaluate.range_policy import CLASS_HANDS, CLASS_NUMBER, ModelRange, max_own_decisions
from pokerjax.evaluate.ranges import HANDS, range_policy, with_hands
from pokerjax.model.transformer import Model, masked_log_policy

GAME = GameConfig(bet_sizes=(0.5, 1.0))
ENVIRONMENT = make_environment(GAME)
SHORT = make_environment(GameConfig(bet_sizes=(0.5,), shortest_stack=3, deepest_stack=3))
KEY = jax.random.key(3)
FOLD_CALL_SETTING, POT_SETTING, TURN_SETTING, FLOP_SETTING = lbr.SETTINGS
CARDS = poker.cards("Kh9h2c7sJd")


@dataclasses.dataclass(frozen=True)
class TokenPolicy:
    """An agent whose logits [H, A] are a function of the decision token's fields and its mask."""

    logits: Callable[[Any, dict[str, jax.Array], jax.Array], jax.Array]
    environment: Environment = ENVIRONMENT

    @property
    def memory_sizes(self) -> tuple[int, ...]:
        return (max_own_decisions(self.environment),)

    def begin(self, num_hands: int, size: int):
        return None

    def choose(self, memory, rows):
        return None

    def read(self, params: Any, memory, token, mask, hands):
        read = with_hands(self.environment.layout, token, hands)
        mask = jnp.broadcast_to(mask, (*read.shape[:-1], mask.shape[-1]))
        return masked_log_policy(self.logits(params, self.environment.layout.split(read), mask), mask), None


FOLD, CALL = jnp.float32(1e9), jnp.float32(-1e9)  # parameters of `resigned`


def resigned(params, fields, mask):
    """Never raise; facing a bet, FOLD or CALL always. One program serves both."""
    return jnp.broadcast_to(jnp.array([params, 0.0, *[-2e9] * (mask.shape[-1] - 2)]), mask.shape)


def moody(params, fields, mask):
    """Any policy that depends on the hand's ranks, the price and the history."""
    ranks = 7 * (fields["hole_high"] // 4) + 3 * (fields["hole_low"] // 4)
    seed = ranks + fields["pot"] // 50 + fields["call_amount"] // 70
    return jnp.sin(seed[..., None] * (1.0 + jnp.arange(mask.shape[-1])))


def environment_calls(environment: Environment):
    """`read`, `play` and `deal` of a game, compiled."""
    bits = tables.num_bits(environment)
    return (
        jax.jit(lambda table: tables.read(environment, table)),
        jax.jit(lambda table, action, legal: tables.play(environment, table, action, legal)[0]),
        jax.jit(lambda key: tables.fresh_hand(environment, jax.random.bits(key, (bits,)))),
        jax.jit(lambda deal, stakes: tables.seat_players(environment, deal, stakes, jnp.int32(0))),
    )


@pytest.fixture(scope="module")
def positions():
    """Tables on the turn at which seat 0 has to act, with the agent's decisions in seat 1 so far."""
    read, play, deal, start = environment_calls(ENVIRONMENT)
    rng = np.random.default_rng(0)
    found = []
    for number in range(30):
        table, past = start(*deal(jax.random.key(number))), []
        while not table.hand.done:
            decision = read(table)
            if table.hand.actor == 0 and table.hand.street == 2:
                found.append((table, list(past)))
            weights = np.where(np.asarray(decision.mask), [0.02, 1, 0.4, 0.2, 0.02], 0)
            entry = int(rng.choice(5, p=weights / weights.sum()))
            if table.hand.actor == 1:
                past.append((decision.token, decision.mask, entry))
            table = play(table, decision.amounts[entry], decision.legal)
    assert len({len(past) for _, past in found}) > 1
    return found


@pytest.fixture(scope="module")
def model():
    return Model(ENVIRONMENT, ModelConfig(d_model=16, n_layers=2, n_heads=2))


@pytest.fixture(scope="module")
def params(model):
    """A policy that is far from uniform."""
    params = jax.jit(model.init)(jax.random.key(1))
    return params | {"policy": jax.tree.map(lambda x: 40 * x, params["policy"])}


@pytest.fixture(scope="module")
def hands():
    return np.asarray(hands_without(jnp.asarray(CARDS[:3])))


equities = jax.jit(equity_matrix)


@pytest.fixture(scope="module")
def matrices(hands):
    """Equities on turn and river of `CARDS`."""
    return [np.asarray(equities(jnp.asarray(hands), jnp.asarray(CARDS[:count]))) for count in (4, 5)]


def plain_equity(hole, hand, board) -> float:
    """By listing every way the board can end."""
    unseen = [card for card in range(52) if card not in {*hole, *hand, *board}]
    ends = np.array([[*board, *end] for end in itertools.combinations(unseen, 5 - len(board))])
    both = [np.concatenate([np.broadcast_to(cards, (len(ends), 2)), ends], axis=1).T for cards in (hole, hand)]
    mine, theirs = (np.asarray(poker.strength(jnp.asarray(cards))) for cards in both)
    return float(np.mean((mine > theirs) + 0.5 * (mine == theirs)))


def row_of(hands: np.ndarray, cards: str) -> int:
    return hands.tolist().index(sorted(poker.cards(cards), reverse=True))


def test_equities_are_those_of_a_plain_enumeration(hands, matrices):
    """Some hands against each other on every street, listed by hand; hands that share a card have none."""
    assert hands.shape == (1176, 2)
    named = ["AhKd", "QsQc", "8h7h", "AsKc", "Qd3s", "AhQs"]
    rows = [row_of(hands, cards) for cards in named]
    on_flop = np.asarray(equities(jnp.asarray(hands[rows]), jnp.asarray(CARDS[:3])))
    for street, matrix in enumerate([on_flop, *(matrix[np.ix_(rows, rows)] for matrix in matrices)]):
        for other in range(1, 5):
            expected = plain_equity(hands[rows[0]], hands[rows[other]], CARDS[: 3 + street])
            assert matrix[0, other] == pytest.approx(expected, abs=1e-6)
            assert matrix[other, 0] == pytest.approx(1 - expected, abs=1e-6)
        assert matrix[0, 5] == 0


@pytest.mark.slow
def test_equities_before_the_flop_are_near_what_is_known():
    """Aces win 82.6 % of kings, JTs 53.6 % of 22 (published tables); 8,192 boards: 4 sigma of at most 0.55 %."""
    matrix = preflop_matrix()
    for hole, hand, known in (("AsAh", "KsKh", 0.826), ("JsTs", "2h2d", 0.536)):
        assert abs(float(matrix[row_of(HANDS, hole), row_of(HANDS, hand)]) - known) < 4 * 0.0055


def test_a_card_leaves_every_pair_as_likely(hands, matrices):
    """What is paid on the turn is the mean of what is paid on the river: the equities, and the numbers of pairs."""
    rng = np.random.default_rng(1)
    turn = np.asarray(hands_without(jnp.asarray(CARDS[:4])))
    some = rng.choice(len(turn), 40, replace=False)
    reach, weights = rng.random((2, len(some)))
    both = np.asarray(compatible(jnp.asarray(turn[some])))
    rows = [hands.tolist().index(hand) for hand in turn[some].tolist()]
    on_turn = weights @ (2 * matrices[0][np.ix_(rows, rows)] - both) @ reach / lbr_board.PAIRS[2]
    on_river = []
    for card in set(range(52)) - set(CARDS[:4]):
        left = ~(turn[some] == card).any(axis=1)
        matrix = np.asarray(equities(jnp.asarray(turn[some]), jnp.asarray([*CARDS[:4], card])))
        on_river.append((weights * left) @ (2 * matrix - both) @ (reach * left) / lbr_board.PAIRS[3])
    assert on_turn == pytest.approx(np.mean(on_river), rel=1e-4)


@pytest.mark.slow
def test_reading_decision_after_decision_is_the_plain_policy(positions, model, params):
    """Behind a memory, by classes before the flop, the model says what one pass over the hand says."""
    policy = ModelRange(model)
    size = policy.memory_sizes[0]
    past = max((past for _, past in positions if len(past) <= size), key=len)
    everything = jnp.asarray(HANDS)

    read = jax.jit(policy.read)
    memory, hands, found = policy.begin(len(CLASS_HANDS), size), jnp.asarray(CLASS_HANDS), []
    for token, mask, _ in past:
        if int(ENVIRONMENT.layout.split(token)["street"]) > 0 and len(hands) == len(CLASS_HANDS):
            memory, hands = policy.choose(memory, jnp.asarray(CLASS_NUMBER)), everything
        log_policy, memory = read(params, memory, token, mask, hands)
        found.append(log_policy if len(hands) == len(HANDS) else log_policy[CLASS_NUMBER])
    assert len(hands) == len(HANDS)
    tokens, masks = (jnp.stack([decision[i] for decision in past]) for i in range(2))
    plain = jax.jit(lambda p: range_policy(model, p, tokens, jnp.int32(len(past)), masks, everything))(params)
    np.testing.assert_allclose(np.stack(found, axis=1), plain, atol=3e-4)


@pytest.mark.slow
def test_values_are_those_of_playing_every_hand_out(positions):
    """The rule's values against a loop over the agent's hands: it answers the raise, then the cards decide."""
    read, play, _, _ = environment_calls(ENVIRONMENT)
    policy, sizes, seat = TokenPolicy(moody), (0.4, 1.0), jnp.int32(0)
    rng = np.random.default_rng(2)

    @jax.jit
    def rule(table, reach):
        board = table.hand.board[:4]
        hands = hands_without(board[:3])
        equity = equity_matrix(hands, board)
        reach = jnp.where(jnp.any(hands == board[3], axis=1), 0.0, reach)
        held = lbr.Ranges(hands, reach, reach, compatible(hands), equity, None)
        _, few, _ = lbr.weigh(policy, sizes, 40, None, table, seat, held, KEY)
        return held, few, *lbr.weigh(policy, sizes, None, None, table, seat, held, KEY)

    ask = jax.jit(lambda answer, hands: jnp.exp(policy.read(None, None, answer.token, answer.mask, hands)[0]))
    for table, _ in positions[:3]:
        held, few, amounts, values, total = rule(table, jnp.asarray(rng.random(1176), jnp.float32))
        # With the answers of 40 hands, raises short of all-in are estimated, the rest is as it was.
        few, exact = np.asarray(few / total[:, None]), np.asarray(values / total[:, None])
        np.testing.assert_allclose(few[:, [0, 1, 4]], exact[:, [0, 1, 4]], atol=0.05)
        for number in np.flatnonzero(np.isfinite(values[0, 2:4])) + 2:
            off = np.abs(few[:, number] - exact[:, number])[np.asarray(held.reach) > 0]
            assert 0 < off.max() < 0.2 * int(table.hand.pot + amounts[number])
        decision, state = read(table), table.hand
        for number, amount in enumerate(np.asarray(amounts)):
            if values[0, number] == -np.inf:
                continue
            after, folds = play(table, amount, decision.legal), np.zeros(1176)
            matched = after
            if amount > 0:
                answer = read(after)
                folds = np.asarray(ask(answer, held.hands))[:, 0]
                matched = play(after, poker.CALL, answer.legal)
            paid = int(matched.hand.contributed[0] - state.contributed[0])  # from here on
            in_all, pot = int(matched.hand.contributed.sum()), int(state.contributed.sum())
            for row in rng.choice(np.flatnonzero(held.reach), 3):
                expected = weight_of_range = 0.0
                for reach, equity, together, fold in zip(
                    *(np.asarray(x) for x in (held.reach, held.equity[row], held.compatible[row], folds)), strict=True
                ):
                    shown = equity * (in_all - paid) - (1 - equity) * paid
                    expected += together * reach * (fold * pot + (1 - fold) * shown)
                    weight_of_range += together * reach
                expected = 0.0 if amount == poker.FOLD else expected
                assert values[row, number] == pytest.approx(expected, rel=1e-4, abs=0.05 * float(weight_of_range))
                assert total[row] == pytest.approx(weight_of_range, rel=1e-4)


def test_some_hands_stand_for_the_range(hands, matrices):
    """Averages over 64 drawn hands are within a few percent of those over the range, and unbiased."""
    rng = np.random.default_rng(3)
    reach = jnp.asarray(rng.random(len(hands)), jnp.float32)
    held = lbr.Ranges(jnp.asarray(hands), reach, reach, compatible(jnp.asarray(hands)), jnp.asarray(matrices[1]), None)
    rows = jax.jit(jax.vmap(lambda key: lbr.some_hands(held, 64, key)))(jax.random.split(KEY, 100))
    share = np.asarray(reach / reach.sum())
    against = np.asarray(held.weights @ held.equity)
    assert np.abs(against[rows].mean(axis=1) / (share @ against) - 1).max() < 0.02  # drawn in its order
    third = hands.sum(axis=1) % 3 == 0
    # Independent draws would spread by 0.059; 100 of these: 4 sigma.
    assert abs(third[rows].mean() - share @ third) < 4 * 0.059 / 10


CHECKER = TokenPolicy(resigned)


def test_always_fold_loses_750():
    """By hand: it gives up its small blind, and its big blind to the first bet; up to the rounding of float32."""
    result = local_best_response(CHECKER, POT_SETTING, KEY, hands=64, params=FOLD)
    assert (result.mbb, result.ci95, result.lines) == (pytest.approx(750, abs=0.05), pytest.approx(0, abs=0.1), 8)


def test_always_call_pays_the_exact_value_of_its_boards():
    """Against a caller the best of pot and all-in is all-in from the turn on whenever that is ahead of a random hand.

    So what each board pays, on average over all hands, can be computed apart: 100 big blinds with the equity of the
    street, or one.
    """
    boards = 4
    _, _, deal, _ = environment_calls(ENVIRONMENT)
    result = local_best_response(CHECKER, POT_SETTING, KEY, hands=2 * lbr_match.HANDS_A_LINE * boards, params=CALL)
    means = []
    for number in range(boards):
        cards, _ = deal(jax.random.fold_in(jax.random.fold_in(KEY, number), 0))
        means.append(value_of_always_call(np.asarray(cards.board)))
    assert result.mbb == pytest.approx(1000 * np.mean(means), rel=1e-3)
    student = 3.182  # of three degrees of freedom
    assert result.ci95 == pytest.approx(1000 * student * np.std(means, ddof=1) / np.sqrt(boards), rel=1e-3)


def value_of_always_call(board) -> float:
    """In big blinds."""
    paid, undecided = 0.0, {tuple(hand) for hand in HANDS.tolist()}
    for street in (2, 3):
        hands = hands_without(jnp.asarray(board[: 2 + street]))
        matrix = np.asarray(equities(hands, jnp.asarray(board[: 2 + street])), np.float64)
        net = (2 * matrix - np.asarray(compatible(hands))).sum(axis=1)
        here = np.array([tuple(hand) in undecided for hand in hands.tolist()])
        paid += 100 * net[here & (net > 0)].sum() / lbr_board.PAIRS[street]
        undecided &= {tuple(hand) for hand, much in zip(hands.tolist(), net, strict=True) if much <= 0}
        if street == 3:
            paid += net[here & (net <= 0)].sum() / lbr_board.PAIRS[street]
    return paid


@dataclasses.dataclass
class PlainTree:
    """The whole tree of one board, every action of the agent and of the player followed: no draws, no variates."""

    policy: TokenPolicy
    sizes: tuple[lbr.Sizes, ...]
    preflop: np.ndarray
    seat: int

    def __post_init__(self):
        self.read, self.play, _, self.start = environment_calls(self.policy.environment)
        self.ask = jax.jit(lambda x, hands: jnp.exp(self.policy.read(None, None, x.token, x.mask, hands)[0]))
        self.equity = {0: self.preflop}
        for street in (1, 2, 3):
            self.equity[street] = np.asarray(equities(jnp.asarray(HANDS), jnp.asarray(CARDS[: 2 + street])))
        self.both = np.asarray(compatible(jnp.asarray(HANDS)))

    def value(self, table, reach, weights) -> float:
        """What the player wins from here, in chips: a mean over pairs of hands."""
        state = table.hand
        street, actor = int(state.street), int(state.actor)
        seen = ~np.isin(HANDS, CARDS[: (0, 3, 4, 5)[street]]).any(axis=1)
        reach, weights = reach * seen, weights * seen
        if not weights.any() or not reach.any():
            return 0.0
        decision, pairs = self.read(table), lbr_board.PAIRS[street]
        if actor != self.seat:
            chances = np.asarray(self.ask(decision, jnp.asarray(HANDS)))
            entries = np.flatnonzero(decision.mask)
            actions = [(int(decision.amounts[entry]), reach * chances[:, entry], weights) for entry in entries]
        else:
            actions = self.best(table, decision, reach, weights)
        total = 0.0
        for amount, then_reach, then_weights in actions:
            after = self.play(table, amount, decision.legal)
            if amount == poker.FOLD:
                paid = int(state.contributed[1 - self.seat]) if actor != self.seat else -int(state.contributed[actor])
                total += paid * (then_weights @ self.both @ then_reach) / pairs
            elif after.hand.done:
                on = 2 if street == 2 else 3
                left = ~np.isin(HANDS, CARDS[: 2 + on]).any(axis=1)
                net = (then_weights * left) @ (2 * self.equity[on] - self.both) @ (then_reach * left)
                total += int(after.hand.contributed.min()) * net / lbr_board.PAIRS[on]
            else:
                total += self.value(after, then_reach, then_weights)
        return total

    def best(self, table, decision, reach, weights):
        """The player's actions and which of its hands take each, by the rule written out in shares of the range."""
        state, sizes = table.hand, self.sizes[int(table.hand.street)]
        asked = int(decision.legal.call_amount)
        if sizes is None or (not sizes and not asked):
            return [(poker.CALL, reach, weights)]
        pot, equity = int(state.contributed.sum()), self.equity[int(state.street)]
        range_of = self.both * reach
        shares = range_of / np.maximum(range_of.sum(axis=1, keepdims=True), 1e-30)
        wins = (shares * equity).sum(axis=1)
        options = [(poker.CALL, wins * pot - (1 - wins) * asked)]
        if asked:
            options.insert(0, (poker.FOLD, np.zeros(len(HANDS))))
        legal, level = decision.legal, int(state.level)
        raises = [level + round(size * (pot + asked)) for size in sizes]
        raises = [x for x in raises if int(legal.min_raise_to) <= x < int(legal.max_raise_to)]
        if sizes and bool(decision.mask[-1]):
            raises.append(int(legal.max_raise_to))
        for amount in raises if bool(decision.mask[-1]) else []:
            answer = self.read(self.play(table, amount, legal))
            fold = np.asarray(self.ask(answer, jnp.asarray(HANDS)))[:, 0]
            folds, stays = shares @ fold, shares * (1 - fold)
            won, lost = (stays * equity).sum(axis=1), (stays * (1 - equity)).sum(axis=1)
            on_top = amount - int(state.bets[self.seat]) - asked
            options.append((amount, folds * pot + won * (pot + on_top) - lost * (asked + on_top)))
        best = np.argmax(np.stack([value for _, value in options]), axis=0)
        return [(amount, reach, weights * (best == number)) for number, (amount, _) in enumerate(options)]


@pytest.mark.slow
def test_lines_are_unbiased_for_the_whole_tree():
    """One board, three big blinds: the mean over 250 drawn lines against every action followed; 4 sigma."""
    policy, preflop = TokenPolicy(moody, SHORT), preflop_matrix(64)
    setting = lbr.Setting("all", ((), None, (0.5,), (0.5,)))
    _, _, deal, start = environment_calls(SHORT)
    cards, stakes = deal(KEY)
    cards = dataclasses.replace(cards, board=jnp.asarray(CARDS))
    table = start(cards, stakes)

    @jax.jit
    def play(seat, keys):
        player = lbr_program.Player(policy, setting, policy.memory_sizes[0], None, preflop)
        board = lbr_board.board_of(jnp.asarray(CARDS))

        def one(key):
            value, _, fits = player.line(key, seat, table, board)
            return value, fits

        return jax.lax.map(one, keys)

    for seat in (0, 1):
        plain = PlainTree(policy, setting.sizes, np.asarray(preflop), seat)
        expected = plain.value(table, np.ones(len(HANDS)), np.ones(len(HANDS)))
        values, fits = play(jnp.int32(seat), jax.random.split(KEY, 250))
        sigma = np.std(values) / np.sqrt(len(values))
        assert np.all(fits)
        assert 0 < sigma < 4
        assert abs(np.mean(values) - expected) < 4 * sigma, (np.mean(values), sigma, expected)


def test_other_games_are_refused():
    with pytest.raises(UserError, match="this agent plays leduc: use --exploitability"):
        lbr_match.check_game(GameConfig(variant="leduc"))
    with pytest.raises(UserError, match="not for tables of 6: leave --num-players out, or name an agent that knows"):
        lbr_match.check_game(GameConfig(num_players=6))


@pytest.mark.slow
def test_a_model_is_played_and_reported(params, model, tmp_path):
    """The whole way with a model: bets on the flop weighed with some hands, then fold and call."""
    setting = lbr.Setting("flop", (None, (0.5, 1.0), (), ()), answers=16)
    first, again = (local_best_response(ModelRange(model), setting, KEY, hands=240, params=params) for _ in range(2))
    assert dataclasses.replace(first, seconds=0) == dataclasses.replace(again, seconds=0)
    assert first.ci95 > 0
    agent = Contestant(tmp_path, Config(game=GAME), 12, ModelPlayer(model), params)
    [row] = json.loads(report.to_json(agent, {"flop": first}, what="setting"))["results"]
    assert set(row) == {"setting", "mbb", "ci95", "low", "high", "lines", "seconds"}
    assert (row["setting"], row["lines"]) == ("flop", 30)
    assert len(report.lbr_head()) == len(report.lbr_row("flop", first))


def test_boards_whose_hands_do_not_fit_are_played_again(monkeypatch):
    """Of boards 10 to 12 the last has a hand beyond the small memory; the larger program plays it alone."""

    def program(policy, setting, size):
        def play(params, preflop, key, first, count):
            boards = first + jnp.arange(4)  # more than asked for, as the compiled program has them
            return jnp.stack([boards, size + boards], axis=1), (boards < 12) | (size > 7)

        return play

    monkeypatch.setattr(lbr_match, "program", program)
    monkeypatch.setattr(lbr_match, "preflop_equities", lambda setting: None)
    chips = lbr_match._chips(SimpleNamespace(memory_sizes=(7, 20)), lbr.SETTINGS[0], KEY, 10, 3, None)
    assert chips.tolist() == [[10, 17], [11, 18], [12, 32]]


def test_settings():
    """DeepStack's table: what is allowed by street, and the 56 sizes of the logs that came with it."""
    assert [[sizes is not None for sizes in setting.sizes] for setting in lbr.SETTINGS] == [
        [True] * 4, [False, False, True, True], [False, False, True, True], [False, True, True, True],
    ]  # fmt: skip
    assert len(lbr.FIFTY_SIX) == 56
    assert (lbr.FIFTY_SIX[0], lbr.FIFTY_SIX[-1]) == (0.05, pytest.approx(0.05 * 1.15**55))
    assert FLOP_SETTING.sizes[1] == TURN_SETTING.sizes[3] == lbr.FIFTY_SIX
