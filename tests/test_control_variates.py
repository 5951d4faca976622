"""Luck taken out of matches: every term has mean zero, the result keeps its mean, the interval holds."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pokerjax import poker
from pokerjax.config import GameConfig, ModelConfig
from pokerjax.env import allin
from pokerjax.env.tables import make_environment
from pokerjax.evaluate import SCRIPTED, ModelPlayer, ScriptedPlayer, control_variates, match
from pokerjax.evaluate.estimate import estimate
from pokerjax.evaluate.players import Policy
from pokerjax.model.transformer import Model

SMALL = ModelConfig(d_model=16, n_layers=1, n_heads=2)
TABLES = 256
TERMS = list(range(match.FIRST_TERM, match.NUM_SUMS))


def random_player(players: int):
    """A model that is nobody's but not uniform either, and its parameters."""
    model = Model(make_environment(GameConfig(num_players=players)), SMALL)
    params = jax.jit(model.init)(jax.random.key(1))
    return ModelPlayer(model), params | {"policy": jax.tree.map(lambda x: 30 * x, params["policy"])}


def moments(agent, opponent, params, opponent_params, *, seed: int, deals: int) -> np.ndarray:
    program = match._program(agent, opponent, TABLES)
    return match.folds(program(params, opponent_params, jax.random.key(seed), jnp.int32(deals)))


@pytest.fixture(scope="module")
def against_itself():
    """Sums of a match of a random model against itself, 40,000 deals."""
    player, params = random_player(2)
    return moments(player, player, params, params, seed=3, deals=40_000)


def sigmas(moments: np.ndarray) -> np.ndarray:
    """How many standard errors each term's mean is from zero."""
    number, means = moments.sum(0)[0, 0], (moments.sum(0) / moments.sum(0)[0, 0])[0]
    deviations = np.sqrt(np.diag(moments.sum(0)) / number - means**2)
    return (means / np.maximum(deviations, 1e-9) * np.sqrt(number))[TERMS]


def test_every_term_has_mean_zero(against_itself):
    found = sigmas(against_itself)
    assert np.all(np.abs(found) < 4)  # 16 terms, seed 3
    assert np.all(found != 0)


@pytest.mark.slow
def test_terms_of_three_players_have_mean_zero():
    """Here players who folded share in no pot, and the opponents' policy is not told."""
    player, params = random_player(3)
    opponent = ScriptedPlayer(player.environment, (SCRIPTED["always_call"],))
    found = sigmas(moments(player, opponent, params, None, seed=4, deals=6_000))
    used = len(control_variates.CHANCE + control_variates.OWN)
    assert np.all(np.abs(found[:used]) < 4)
    assert np.all(found[:used] != 0)
    assert np.all(found[used:] == 0)


def test_result_keeps_its_mean_and_loses_half_its_interval(against_itself):
    """The mean is zero, since both play alike; the interval is what the techniques are for."""
    dealt = estimate(against_itself, match.DEALT, [])
    paid_mean = estimate(against_itself, match.PAID_MEAN, [])
    reduced, method = match.best_estimate(against_itself)
    assert method == match.CONTROLLED
    for result in (dealt, paid_mean, reduced):
        assert abs(result.mean) < 4 * result.error
    assert paid_mean.error < 0.8 * dealt.error
    assert reduced.error < 0.5 * dealt.error


@pytest.mark.slow
def test_interval_holds_the_means_of_many_matches():
    player, params = random_player(2)
    uniform = params | {"policy": jax.tree.map(jnp.zeros_like, params["policy"])}
    found = [moments(player, player, params, uniform, seed=seed, deals=512) for seed in range(30)]
    reduced = [match.best_estimate(one)[0] for one in found]
    dealt = [estimate(one, match.DEALT, []) for one in found]
    means, errors = np.array(reduced).T
    assert 0.6 < means.std(ddof=1) / errors.mean() < 1.5  # 30 matches: 13 % is a sigma
    difference = means - np.array(dealt)[:, 0]  # of the same hands
    assert abs(difference.mean()) < 4 * difference.std(ddof=1) / np.sqrt(30)
    assert errors.mean() < 0.6 * np.array(dealt)[:, 1].mean()


def test_action_terms_average_to_nothing_under_the_policy():
    """Exactly, decision by decision: the sum over the menu of probability x term."""
    rules = poker.no_limit_holdem(3)
    stakes = poker.stakes(rules, stacks=5_000, blinds=(50, 100, 0))
    state = poker.start(rules, poker.deal(rules, jax.random.key(0)), stakes)
    state = poker.act(rules, state, 300)
    legal = poker.legal(rules, state)
    amounts = jnp.array([poker.FOLD, poker.CALL, 500, 1_200, 5_000])
    policy = Policy(amounts, jnp.array([0.3, 0.25, 0.2, 0.15, 0.1]))
    equities = jnp.array([0.5, 0.2, 0.3])
    terms = jax.vmap(lambda a: control_variates.action_terms(state, legal, a, policy, equities))(amounts)
    np.testing.assert_allclose(policy.probabilities @ terms, 0, atol=1e-5)
    assert np.all(np.abs(terms[:, :3]).max(axis=0) > 0.1)
    # By hand, in big blinds: seat 0 (small blind) has 20 % of 450 + 250 for a call of 250.
    mean_call = 0.25 * (0.5 * 700 - 250) / 100
    assert float(terms[0, 0]) == pytest.approx(-mean_call)
    assert float(terms[1, 0]) == pytest.approx((0.5 * 700 - 250) / 100 - mean_call)


def test_equity_before_a_card_is_the_mean_of_that_after():
    """On the turn, exactly: over the 44 rivers."""
    rules = poker.no_limit_holdem(2)
    stakes = poker.stakes(rules, stacks=5_000, blinds=(100, 50))
    start = poker.start(rules, poker.deal(rules, jax.random.key(2)), stakes)
    words = jax.random.bits(jax.random.key(3), (5,))

    @jax.jit
    def equities(state, street):
        state = dataclasses.replace(state, street=jnp.int32(street))
        return allin.equities(state.folded, allin.board_strengths(rules, state, words, boards=44))

    left = sorted(set(range(52)) - set(start.hole.reshape(-1).tolist()) - set(start.board[:4].tolist()))
    boards = [start.board.at[4].set(river) for river in left]
    after = np.mean([equities(dataclasses.replace(start, board=board), 3) for board in boards], axis=0)
    np.testing.assert_allclose(equities(start, 2), after, atol=1e-5)


def split(columns: np.ndarray, folds: int = 8) -> np.ndarray:
    """Moments of so many folds of deals [Z, deals]."""
    return np.stack([fold @ fold.T for fold in np.split(columns, folds, axis=1)])


def test_fit_across_folds_is_unbiased_and_finds_what_there_is():
    """Synthetic deals: y = 1 + 2 x + noise, with a useless and a repeated term beside x."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(400):
        x, useless, noise = rng.standard_normal((3, 200))
        columns = np.stack([np.ones(200), 1 + 2 * x + noise, x, useless, x, np.zeros(200)])
        found.append(estimate(split(columns), 1, [2, 3, 4, 5]))
    means, errors = np.array(found).T
    assert abs(means.mean() - 1) < 4 * means.std() / np.sqrt(400)
    assert np.mean(np.abs(means - 1) < 1.96 * errors) > 0.92  # 95 % claimed, 1.1 % is a sigma
    assert errors.mean() == pytest.approx(1 / np.sqrt(200), rel=0.05)  # the noise alone is left


def test_a_term_that_hardly_moves_does_no_harm():
    """Synthetic deals: x is 1e-4 in all but one, where it is 5, and has no bearing on the result.

    Without the prior the fit to the other folds is any number, and that one deal decides the match.
    """
    rng = np.random.default_rng(0)
    results = 1 + rng.standard_normal(400)
    x = 1e-4 * rng.standard_normal(400)
    x[300] = 5.0
    columns = np.stack([np.ones(400), results, x])
    moments = split(columns)
    plain, fitted = estimate(moments, 1, []), estimate(moments, 1, [2])
    others = np.delete(np.arange(400), np.s_[300:350])
    assert abs(np.cov(results[others], x[others])[0, 1] / x[others].var()) > 100
    assert abs(fitted.mean - plain.mean) < plain.error / 5
    assert fitted.error < 1.05 * plain.error


def test_what_the_terms_do_not_tell_is_not_fitted():
    """Synthetic deals, 30 useless terms: the prior that is chosen leaves the interval as it was."""
    rng = np.random.default_rng(0)
    gained = []
    for _ in range(50):
        moments = split(np.concatenate([np.ones((1, 240)), 1 + rng.standard_normal((31, 240))]))
        gained.append(estimate(moments, 1, list(range(2, 32))).error / estimate(moments, 1, []).error)
    assert np.mean(gained) < 1.02


def test_few_deals_are_not_fitted(against_itself):
    """Whether they are depends on their number alone."""
    for share, terms, method in ((0.01, [], match.ALL_INS), (0.1, TERMS, match.CONTROLLED)):
        part = share * against_itself
        assert match.best_estimate(part) == (estimate(part, match.PAID_MEAN, terms), method)
