"""Exact rivers: against brute force over pure strategies, a game with a known solution, and the model's own paths."""

from __future__ import annotations

import dataclasses
import importlib.util
import itertools
import json
import sys
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pokerjax import poker
from pokerjax.config import Config, GameConfig, ModelConfig, UserError
from pokerjax.env.tables import make_environment
from pokerjax.evaluate import river
from pokerjax.evaluate.contest import Contestant
from pokerjax.evaluate.players import ModelPlayer
from pokerjax.evaluate.ranges import range_policy, with_hands
from pokerjax.evaluate.river_policy import hands_on, river_policy
from pokerjax.evaluate.river_tree import NO_NODE, TreeTooLarge, river_tree, spot_of
from pokerjax.evaluate.river_values import Showdown, end_values, node_values, reach, river_values, uniform_policy
from pokerjax.model.transformer import Model

# Fold, check/call, the pot, all-in. Untrained players with a few big blinds often come to a river.
GAME = GameConfig(bet_sizes=(1.0,), shortest_stack=6.0, deepest_stack=6.0)
ENVIRONMENT = make_environment(GAME)
RULES = ENVIRONMENT.rules
BOARD = tuple(poker.cards("2c7d9hJcKs").tolist())
FOLD, CALL, ALL_IN = 0, 1, -1  # menu entries


START, ACT, STRENGTH = (jax.jit(f) for f in (partial(poker.start, RULES), partial(poker.act, RULES), poker.strength))


def checked_down(stacks, hole="AhAd3h4d"):
    """A hand of a limp and checks to the river, where 100 chips from each seat make the pot."""
    cards = poker.cards(hole).tolist()
    return poker.Hand(
        rules=RULES, stacks=stacks, blinds=(100, 50), antes=(0, 0), big_blind=100,
        hole=(tuple(cards[:2]), tuple(cards[2:])), board=BOARD,
        actions=(0,) * 8, actors=(1, 0, 0, 1, 0, 1, 0, 1), streets=(0, 0, 1, 1, 2, 2, 3, 3),
    )  # fmt: skip


def pairs(text):
    """Hands as rows of two cards, the higher integer first."""
    return -np.sort(-np.array([poker.cards(hand) for hand in text.split()]), axis=1)


def river_of(stacks, most_nodes=1000):
    """Spot and tree of such a hand."""
    spot = spot_of(ENVIRONMENT, checked_down(stacks))
    return spot, river_tree(ENVIRONMENT, spot, most_nodes=most_nodes)


@pytest.fixture(scope="module")
def push():
    """A pot of 200 chips with 200 behind: a bet of the pot is all-in, and the menu offers it once."""
    return river_of((300, 300))


def child(tree, *entries):
    """The node that a history of menu entries leads to."""
    node = 0
    for entry in entries:
        entry = entry % tree.masks.shape[1]
        [node] = np.flatnonzero((tree.parent == node) & (tree.entry == entry) & (np.arange(tree.num_nodes) > 0))
    return node


def random_policy(tree, hands, seed):
    """Any policy, some entries never taken."""
    rng = np.random.default_rng(seed)
    weights = rng.gamma(0.5, size=(tree.num_nodes, hands))
    weights = np.where(weights < 0.05, 0, weights) + 1e-9
    return normalised(tree, weights)


def normalised(tree, weights):
    """Weights [N, H] made into a policy."""
    policy = np.ones_like(weights)
    for node in np.flatnonzero(~tree.ended):
        children = np.flatnonzero(tree.parent == node)
        policy[children] = weights[children] / weights[children].sum(axis=0)
    return policy


def test_the_tree_is_what_the_rules_say(push):
    spot, tree = push
    assert (spot.pot, spot.stacks) == (200, (200, 200))
    assert spot.board.tolist() == list(BOARD)
    assert [level.stop - level.start for level in tree.levels] == [1, 2, 4, 2]
    ends = {
        (CALL, CALL): (poker.NOBODY, 100), (CALL, ALL_IN, FOLD): (0, 100), (CALL, ALL_IN, CALL): (poker.NOBODY, 300),
        (ALL_IN, FOLD): (1, 100), (ALL_IN, CALL): (poker.NOBODY, 300),
    }  # fmt: skip
    for history, (folded, stake) in ends.items():
        node = child(tree, *history)
        assert tree.ended[node]
        assert (tree.folded[node], tree.stake[node]) == (folded, stake)
    assert tree.ended.sum() == len(ends)
    assert tree.num_nodes == 9
    assert river_of((500, 700))[1].stake.max() == 500  # what one seat has above the other is never at stake


def test_a_tree_beyond_the_limit_is_refused():
    with pytest.raises(TreeTooLarge, match="more than 8 nodes"):
        river_of((300, 300), most_nodes=8)
    assert river_of((300, 300), most_nodes=9)[1].num_nodes == 9


def test_a_hand_with_another_menu_is_no_spot():
    hand = checked_down((300, 300))
    raised = dict(actions=(250, 0, 0, 0, 0, 0, 0, 0))
    with pytest.raises(ValueError, match="not played with this menu: seat 1 played 250"):
        spot_of(ENVIRONMENT, poker.Hand(**{**vars(hand), **raised}))
    early = {name: getattr(hand, name)[:2] for name in ("actions", "actors", "streets")}
    with pytest.raises(ValueError, match="decision on the river"):
        spot_of(ENVIRONMENT, poker.Hand(**{**vars(hand), **early}))


def test_showdowns_of_all_hands_on_a_board():
    hands = hands_on(np.array(BOARD))
    assert hands.shape == (1081, 2)
    showdown = Showdown(hands=hands, board=np.array(BOARD))
    assert (showdown.disjoint.sum(axis=1) == 990).all()  # 45 choose 2
    rng = np.random.default_rng(0)
    for mine, theirs in rng.integers(1081, size=(200, 2)):
        shared = set(hands[mine]) & set(hands[theirs])
        strengths = [int(STRENGTH(jnp.array([*hands[i], *BOARD]))) for i in (mine, theirs)]
        assert showdown.disjoint[mine, theirs] == (not shared)
        assert showdown.wins[mine, theirs] == (0 if shared else np.sign(strengths[0] - strengths[1]))


# ---- a game whose solution is known: the nuts or air against a hand that beats only air


@pytest.fixture(scope="module")
def polarised(push):
    """Seat 0 holds a set of kings or four-high with equal chances, seat 1 a pair of jacks; no card is shared."""
    showdown = Showdown(hands=pairs("KhKd 4h3d JdQh"), board=np.array(BOARD))
    ranges = np.array([[1, 1, 0], [0, 0, 1]])
    return push[1], showdown, ranges


def polarised_policy(tree, bluffs, calls):
    """The nuts bet and call; air bets that often; the jacks check behind and call that often."""
    policy = np.zeros((tree.num_nodes, 3))
    policy[0] = 1
    policy[child(tree, ALL_IN)] = 1, bluffs, 0
    policy[child(tree, CALL)] = 0, 1 - bluffs, 1
    policy[child(tree, CALL, ALL_IN, CALL)] = 1, 0, 0
    policy[child(tree, CALL, ALL_IN, FOLD)] = 0, 1, 1
    policy[child(tree, CALL, CALL)] = 1
    policy[child(tree, ALL_IN, CALL)] = calls
    policy[child(tree, ALL_IN, FOLD)] = 1 - calls
    return policy


@pytest.mark.parametrize(
    ("bluffs", "calls", "values", "gains"),
    [
        # Chen and Ankenman, "The Mathematics of Poker", chapter 11: a bet of the pot is a bluff once in three
        # times and is called every second time; the bettor gets 3/4 of the pot, 150 of which 100 were his.
        (1 / 2, 1 / 2, 50, (0, 0)),
        (0, 1 / 2, 50, (0, 50)),  # never bluffs: to fold it all saves half the calls of half the hands
        (1, 1 / 2, 50, (0, 50)),  # always bets: calling it all breaks even
        (1 / 2, 0, 50, (50, 0)),  # never called: all air should bet
        (1 / 2, 1, 50, (50, 0)),  # always called: no air should bet
    ],
)
def test_the_bluff_catching_game_has_its_known_solution(polarised, bluffs, calls, values, gains):
    tree, showdown, ranges = polarised
    found = river_values(tree, showdown, polarised_policy(tree, bluffs, calls), ranges)
    np.testing.assert_allclose(found.expected, (values, -values), atol=1e-9)
    np.testing.assert_allclose(found.gains, gains, atol=1e-9)
    assert found.exploitability == pytest.approx(sum(gains) / 2, abs=1e-9)


def test_ranges_that_block_each_other_are_refused(push):
    showdown = Showdown(hands=pairs("KhKd KhQh"), board=np.array(BOARD))
    with pytest.raises(ValueError, match="held together"):
        river_values(push[1], showdown, uniform_policy(push[1]), np.array([[1, 0], [0, 1]]))


# ---- brute force: pure strategies of one hand, played out by the engine pair by pair

HELD = "KhKd KhQh 4h3d JdQh QsQh 9d9c"  # many of them share a card


class Plain:
    """The river once more in plain Python: histories, the engine's own payoffs, one pair of hands at a time."""

    def __init__(self, stacks, tree, hands):
        stakes = poker.stakes(RULES, stacks=stacks, blinds=(100, 50))
        self.tree, self.payoffs = tree, {}
        for mine, theirs in itertools.permutations(range(len(hands)), 2):
            if set(hands[mine]) & set(hands[theirs]):
                continue
            deal = poker.Deal(hole=jnp.array([hands[mine], hands[theirs]]), board=jnp.array(BOARD))
            state = START(deal, stakes)
            for _ in range(6):
                state = ACT(state, poker.CALL)
            states = {0: jax.device_get(state)}
            for node in range(1, tree.num_nodes):
                before = states[int(tree.parent[node])]
                bet_pot = before.level + before.pot + (before.bets.max() - before.bets[before.actor])
                chips = (poker.FOLD, poker.CALL, bet_pot, 10_000)[tree.entry[node]]  # `act` moves it to all-in
                states[node] = jax.device_get(ACT(before, np.int32(chips)))
                assert states[node].done == tree.ended[node]
                self.payoffs[node, mine, theirs] = states[node].payoffs

    def value(self, node, hands, seat, plays, policy):
        """What `seat` wins with its hand: it `plays` {node: child} (else the policy), the other one the policy."""
        children = np.flatnonzero(self.tree.parent == node).tolist()
        if not children:
            return float(self.payoffs[(node, *hands)][seat])
        actor = self.tree.actor[node]
        if actor == seat and plays is not None:
            return self.value(plays[node], hands, seat, plays, policy)
        weights = [policy[child, hands[actor]] for child in children]
        return sum(w * self.value(c, hands, seat, plays, policy) for w, c in zip(weights, children, strict=True))

    def solve(self, policy, ranges):
        """Values and best-response values by seat: for each hand the best of all its pure strategies."""
        dealt = {pair[1:] for pair in self.payoffs}
        weight = {pair: ranges[0][pair[0]] * ranges[1][pair[1]] for pair in dealt}
        expected, best = [0.0, 0.0], [0.0, 0.0]
        for seat in range(2):
            own = [n for n in range(self.tree.num_nodes) if self.tree.actor[n] == seat]
            choices = [np.flatnonzero(self.tree.parent == node).tolist() for node in own]
            pure = [dict(zip(own, children, strict=True)) for children in itertools.product(*choices)]
            for hand in {pair[seat] for pair in dealt}:
                rivals = [pair for pair in dealt if pair[seat] == hand]

                def worth(plays, rivals=rivals, seat=seat):
                    return sum(weight[pair] * self.value(0, pair, seat, plays, policy) for pair in rivals)

                expected[seat] += worth(None)
                best[seat] += max(worth(plays) for plays in pure)
        total = sum(weight.values())
        return np.array(expected) / total, np.array(best) / total


@pytest.mark.parametrize(("seed", "stacks"), [(0, (400, 350)), (1, (300, 900))])
def test_brute_force_finds_the_same_values(seed, stacks):
    tree = river_of(stacks)[1]
    hands = pairs(HELD)
    ranges = np.random.default_rng(seed).uniform(size=(2, len(hands)))
    ranges[seed, 2] = 0
    policy = random_policy(tree, len(hands), seed)
    expected, best = Plain(stacks, tree, hands).solve(policy, ranges)
    found = river_values(tree, Showdown(hands=hands, board=np.array(BOARD)), policy, ranges)
    np.testing.assert_allclose(found.expected, expected, atol=1e-6)
    np.testing.assert_allclose(found.best_response, best, atol=1e-6)
    assert found.expected[0] == pytest.approx(-found.expected[1], abs=1e-9)
    assert min(found.gains) > 1


def test_regret_matching_drives_the_exploitability_to_zero():
    """CFR+ (Tammelin, arXiv:1407.5042), linearly averaged, on the same tree and by the same values."""
    tree = river_of((600, 600))[1]
    showdown = Showdown(hands=pairs(HELD), board=np.array(BOARD))
    ranges = np.random.default_rng(2).uniform(size=(2, len(showdown.hands)))
    regrets = np.zeros((tree.num_nodes, len(showdown.hands)))
    sums = np.zeros_like(regrets)
    mine = [np.isin(tree.parent, np.flatnonzero(tree.actor == seat)) for seat in range(2)]
    first = river_values(tree, showdown, uniform_policy(tree), ranges).exploitability
    for time in range(1, 301):
        for seat in range(2):
            policy = normalised(tree, regrets + 1e-12)
            ends = end_values(tree, showdown, policy, ranges[1 - seat], seat)
            values = node_values(tree, policy, ends, seat, responds=False)
            gained = regrets + values - values[tree.parent]
            regrets[mine[seat]] = np.maximum(gained, 0)[mine[seat]]
            sums[mine[seat]] += time * reach(tree, policy, ranges[seat], seat)[mine[seat]]
    average = normalised(tree, sums + 1e-12)
    last = river_values(tree, showdown, average, ranges).exploitability
    assert first > 50  # of a pot of 200 chips
    assert 0 <= last < 0.2


# ---- a model's river


@pytest.fixture(scope="module")
def model():
    """A small model with random parameters, its policy far from uniform."""
    small = Model(ENVIRONMENT, ModelConfig(d_model=8, n_layers=1, n_heads=2))
    rng = np.random.default_rng(0)
    shapes = jax.eval_shape(small.init, jax.random.key(0))
    params = jax.tree.map(lambda leaf: jnp.array(rng.normal(size=leaf.shape), jnp.float32) / 2, shapes)
    bias = params["policy"]["bias"].at[jnp.array([FOLD, ALL_IN])].add(-3)  # so that it comes to many rivers
    return small, params | {"policy": params["policy"] | {"bias": bias}}


def test_tokens_do_not_depend_on_the_cards_that_were_dealt():
    """What `with_hands` puts into the tokens of one deal is what the engine writes with the other deal."""
    deals = ["AhAd3h4d", "QsTh8d6c"]
    put_in = jax.jit(partial(with_hands, ENVIRONMENT.layout))
    spots = [spot_of(ENVIRONMENT, checked_down((500, 500), hole)) for hole in deals]
    for seat in range(2):
        ours, theirs = (spot.earlier[seat].tokens for spot in spots)
        hand = -np.sort(-np.array(poker.cards(deals[1]).tolist()[2 * seat : 2 * seat + 2]))
        np.testing.assert_array_equal(put_in(ours, hand), theirs)
        assert (ours != theirs).any()


def test_cached_steps_are_the_models_policy_on_every_path(model):
    spot, tree = river_of((500, 700))
    hands = hands_on(spot.board)
    policy, ranges = river_policy(*model, spot, tree, hands)
    whole = jax.jit(partial(range_policy, model[0]))
    width = 8
    for seat, earlier in enumerate(spot.earlier):
        for node in np.flatnonzero(tree.actor == seat):
            path = [node]
            while tree.parent[path[0]] != NO_NODE:
                path = [tree.parent[path[0]], *path]
            own = [place for place in path if tree.actor[place] == seat]
            tokens = np.concatenate([earlier.tokens, tree.tokens[own]])
            masks = np.concatenate([earlier.masks, tree.masks[own]])
            count, fill = len(tokens), ((0, width - len(tokens)), (0, 0))
            chances = np.exp(whole(model[1], np.pad(tokens, fill), count, np.pad(masks, fill), hands))
            children = np.flatnonzero(tree.parent == node)
            np.testing.assert_allclose(policy[children], chances[:, count - 1, tree.entry[children]].T, atol=1e-5)
            arrival = np.prod([chances[:, i, entry] for i, entry in enumerate(earlier.entries)], axis=0)
            np.testing.assert_allclose(ranges[seat], arrival / arrival.max(), atol=1e-5)
        assert np.ptp(ranges[seat]) > 0.1
    np.testing.assert_allclose(normalised(tree, policy), policy, atol=1e-5)


@pytest.fixture(scope="module")
def measured(model):
    """Three rivers of the model's own play."""
    return river.measure(ModelPlayer(model[0]), model[1], jax.random.key(0), spots=3)


def test_rivers_of_a_models_own_play(measured):
    assert len(measured.spots) == 3
    assert measured.left_out == 0
    assert 3 <= measured.reached < measured.hands == river.SAMPLED_AT_ONCE
    for spot in measured.spots:
        assert 0 < spot.exploitability == pytest.approx(sum(spot.gains) / 2)
        assert 2000 <= spot.pot < 12_000  # mbb: at least the blinds, at most both stacks
        assert spot.uniform > 0
    values, pots = ([getattr(spot, name) for spot in measured.spots] for name in ("exploitability", "pot"))
    mean = np.mean(values)
    assert measured.exploitability.mean == pytest.approx(mean)
    student = 4.303  # of two degrees of freedom
    assert measured.exploitability.ci95 == pytest.approx(student * np.std(values, ddof=1) / np.sqrt(3), rel=1e-3)
    assert measured.share_of_pot.mean == pytest.approx(sum(values) / sum(pots))
    assert measured.whole_game.mean == pytest.approx(mean * measured.reached / measured.hands)


def test_left_out_spots_only_lower_the_bound(measured):
    fewer = dataclasses.replace(measured, left_out=3)
    assert fewer.whole_game.mean == pytest.approx(measured.whole_game.mean * 2 / 5)  # the last of the six was solved
    assert fewer.exploitability == measured.exploitability


def test_the_bound_is_unbiased_however_many_are_left_out(measured):
    """Spots are solved with probability 0.3 until there are three."""
    rng = np.random.default_rng(0)
    left_out = rng.negative_binomial(3, 0.3, 2_000)
    bounds = [dataclasses.replace(measured, left_out=int(many)).whole_game.mean for many in left_out]
    assert np.mean(bounds) == pytest.approx(0.3 * measured.whole_game.mean, rel=0.05)


@pytest.fixture
def evaluate(model, monkeypatch, capsys):
    """What bin/evaluate.py prints of this model with these flags."""
    config = Config(game=GAME, model=model[0].config)
    agent = Contestant(Path("run"), config, 7, ModelPlayer(model[0]), model[1])
    monkeypatch.setattr("pokerjax.evaluate.load", lambda path: agent)
    path = Path(__file__).parents[1] / "bin" / "evaluate.py"
    spec = importlib.util.spec_from_file_location("evaluate_command_of_rivers", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)  # where the types of its dataclasses are looked up
    spec.loader.exec_module(module)

    def run(*flags):
        module.main(["run", *flags])
        return capsys.readouterr().out

    return run


def test_the_command_says_the_same_to_people_and_programs(evaluate, measured):
    told = json.loads(evaluate("--river", "3", "--json"))
    assert told["exploitability_mbb"]["mean"] == measured.exploitability.mean
    assert told["spots"] == json.loads(json.dumps([dataclasses.asdict(spot) for spot in measured.spots]))
    table = evaluate("--river", "3")
    assert f"{measured.exploitability.mean:,.0f} " in table
    assert f"at least {measured.whole_game.mean:,.1f} " in table
    with pytest.raises(UserError, match="--river 1 must be 0"):
        evaluate("--river", "1")


def test_other_games_are_refused():
    with pytest.raises(UserError, match="heads-up hold'em only, but this one plays Kuhn poker"):
        river.check_game(GameConfig(variant="kuhn"))
    with pytest.raises(UserError, match="tables of 6"):
        river.check_game(GameConfig(num_players=6))


def test_an_agent_that_plays_no_river_is_told_so(model, monkeypatch):
    small, params = model
    bias = params["policy"]["bias"].at[FOLD].add(1e6)
    monkeypatch.setattr(river, "MOST_HANDS", river.SAMPLED_AT_ONCE)
    folds = params | {"policy": params["policy"] | {"bias": bias}}
    with pytest.raises(UserError, match="Only 0 of 1,024 hands came to a river"):
        river.measure(ModelPlayer(small), folds, jax.random.key(0), spots=2)
