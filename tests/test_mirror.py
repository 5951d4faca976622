"""Mirror descent, exploration, and estimates that both leave unbiased."""

from __future__ import annotations

import dataclasses
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pokerjax import poker
from pokerjax.checks import check
from pokerjax.config import Config, GameConfig, LearnConfig, ModelConfig, UserError
from pokerjax.evaluate import tabular
from pokerjax.evaluate.game_tree import game_tree
from pokerjax.learn import mirror, slips
from pokerjax.learn.learner import Learner
from pokerjax.learn.returns import advantages, reach_ratios
from pokerjax.learn.rollout import carry_prefix
from pokerjax.learn.schedules import annealed, rates
from pokerjax.learn.targets import make_targets
from pokerjax.model.features import depth_bb
from pokerjax.model.transformer import masked_log_policy

MIRROR = Config(
    game=GameConfig(variant="kuhn"),
    model=ModelConfig(d_model=8, n_layers=1, n_heads=1, critic="action"),
    learn=LearnConfig(
        objective="mirror", parallel_games=256, rollout_length=16, exploration=0.3, gae_lambda=1.0, momentum=0.0
    ),
)


def test_surprises_are_corrected_for_what_was_drawn_differently():
    """Literal numbers: seat 0, seat 1 whose action is twice as likely as it was drawn, seat 0, the end."""
    values, chosen = jnp.array([1.0, 2.0, 3.0]), jnp.array([1.5, 2.5, 4.0])
    ratios, seats = jnp.array([0.5, 2.0, 0.25]), jnp.array([0, 1, 0])
    rewards = jnp.zeros((3, 2)).at[2].set(jnp.array([10.0, -10.0]))
    done, own = jnp.array([False, False, True]), jnp.zeros(3, bool)
    surprises, _ = advantages(values, chosen, ratios, own, seats, done, rewards, 1.0)
    # Seat 0 last: 10 - 4 = 6, so its state is worth 3 + 0.25 * 6 = 4.5; before it, twice (4.5 - 1.5).
    # Seat 1: 0.25 * (-10 - 2.5), for the other's last action.
    np.testing.assert_allclose(surprises, [6.0, -3.125, 6.0])
    # Mirrored: seat 1's action led to -4.5, a surprise of -7; its state is worth 2 - 2 * 7 = -12, so seat 0 has 12.
    surprises, _ = advantages(values, chosen, ratios, ~own, seats, done, rewards, 1.0)
    np.testing.assert_allclose(surprises, [10.5, -7.0, 6.0])
    # Seat 1 frozen, its values not those of its policy: seat 0's first action is as without, seat 1's as mirrored.
    surprises, _ = advantages(values, chosen, ratios, seats == 0, seats, done, rewards, 1.0)
    np.testing.assert_allclose(surprises, [6.0, -7.0, 6.0])


def test_reach_ratios_are_of_the_others_in_the_hand():
    """Literal numbers, two hands: seats 0 1 0 1, then 1 0."""
    ratios = jnp.array([0.5, 2.0, 3.0, 5.0, 0.1, 7.0])
    segments = jnp.array([0, 1, 0, 1, 3, 2])  # hand * 2 + seat
    np.testing.assert_allclose(reach_ratios(ratios, segments, 2), [1.0, 0.5, 2.0, 1.5, 1.0, 0.1])


def test_a_push_raises_what_is_worth_more_and_cools_towards_even():
    """Literal numbers: step 0.5, temperature 2; an entry that is masked has no part in it."""
    mask = jnp.array([True, True, False])
    log_policy = masked_log_policy(jnp.log(jnp.array([0.8, 0.2, 1.0])), mask)
    pushed = mirror.push(jnp.array([1.0, 4.0, 99.0]), log_policy, mask, jnp.float32(0.5), jnp.float32(2.0))
    half = 0.25 * (3.0 + 2.0 * np.log(4.0))
    np.testing.assert_allclose(pushed, [-half, half, 0.0], rtol=1e-5)
    # At the temperature's own fixed point, softmax(value / temperature), nothing is pushed.
    fixed = masked_log_policy(jnp.array([0.5, 2.0, 0.0]), mask)
    still = mirror.push(jnp.array([1.0, 4.0, 0.0]), fixed, mask, jnp.float32(0.5), jnp.float32(2.0))
    np.testing.assert_allclose(still, 0.0, atol=1e-6)


def test_what_is_rare_and_would_fall_is_not_moved():
    """Literal numbers, floor 1 %: of the two rare actions the values lower the first; the last is not on offer."""
    mask = jnp.array([True, True, True, False])
    log_policy = masked_log_policy(jnp.log(jnp.array([0.004, 0.004, 0.992, 1.0])), mask)
    cool, hot = jnp.float32(0.1), jnp.float32(10.0)
    values = jnp.array([-3.0, 1.0, 0.5, 9.0])
    assert mirror.movable(values, log_policy, mask, cool, 0.01).tolist() == [False, True, True, False]
    assert mirror.movable(values, log_policy, mask, cool, 0.001).tolist() == mask.tolist()  # not rare enough
    assert mirror.movable(values, log_policy, mask, cool, 0.0).tolist() == mask.tolist()  # no floor
    assert mirror.movable(values, log_policy, mask, hot, 0.01).tolist() == mask.tolist()  # the heat raises it
    # The gradient of the step does not touch the logit that is left out.
    movable = mirror.movable(values, log_policy, mask, cool, 0.01)
    push = mirror.push(values, log_policy, movable, jnp.float32(1.0), cool)
    logits = jnp.where(mask, log_policy, 0.0)
    slope = jax.grad(lambda x: mirror.distance(masked_log_policy(x, mask), log_policy, push, movable))(logits)
    np.testing.assert_allclose(slope, [0.0, -push[1], -push[2], 0.0], atol=1e-6)
    assert push[1] == -push[2] > 0


def test_the_distance_is_least_at_the_pushed_policy():
    mask = jnp.array([True, True, True, False])
    old = masked_log_policy(jnp.array([0.3, -1.0, 0.5, 0.0]), mask)
    push = mirror.centred(jnp.array([0.4, -0.1, 0.2, 7.0]), mask)
    moved = masked_log_policy(jnp.where(mask, old, 0.0) + push, mask)
    assert mirror.distance(moved, old, push, mask) < 1e-10
    np.testing.assert_allclose(mirror.distance(old, old, push, mask), 0.5 * float(jnp.sum(push**2)), rtol=1e-5)


def test_rates_fall_to_their_ends():
    learn = LearnConfig(temperature=0.5, temperature_end=0.01, learning_rate=1e-3, mirror_step=0.2, tremble=0.4)
    assert annealed(jnp.float32(0.25), 0.0) == 0.75
    np.testing.assert_allclose(rates(learn, jnp.float32(0.5)), [5e-4, 5e-4, 0.025, 0.05, 0.02, 0.4], rtol=1e-5)
    own = dataclasses.replace(learn, critic_learning_rate=2e-4)
    np.testing.assert_allclose(rates(own, jnp.float32(0.5))[:2], [5e-4, 2e-4], rtol=1e-5)
    falling = dataclasses.replace(learn, tremble_end=0.25)
    np.testing.assert_allclose(rates(falling, jnp.float32(0.5)).tremble, 0.2, rtol=1e-5)


def exact_action_values(tree, policies):
    """What each action is worth in each information state, [I, 3] chips, the plain way: a mean over hands.

    In each hand either seat plays one of the policies to its end, all pairs of them equally often.
    """

    def value(node, deal, seat, pair):
        if tree.actor[node] == poker.NOBODY:
            return float(tree.payoffs[node, seat, deal])
        row = pair[tree.actor[node]][tree.information[node, deal]]
        actions = np.flatnonzero(tree.legal[node])
        return sum(row[action] * value(tree.children[node, action], deal, seat, pair) for action in actions)

    worth, weight = np.zeros((tree.num_information_states, 3)), np.zeros(tree.num_information_states)

    def visit(node, deal, reach, pair):
        if tree.actor[node] == poker.NOBODY:
            return
        seat, state = tree.actor[node], tree.information[node, deal]
        weight[state] += reach
        for action in np.flatnonzero(tree.legal[node]):
            child = tree.children[node, action]
            worth[state, action] += reach * value(child, deal, seat, pair)
            visit(child, deal, reach * pair[seat][state, action], pair)

    for pair in itertools.product(policies, repeat=2):
        for deal in range(len(tree.cards)):
            visit(0, deal, 1.0, pair)
    return worth / weight[:, None]


def sober_or_caller(mask, street, words, share):
    """Slips of two characters, drawn by a bit of the seat's words: none, or to a call mostly, and the rest evenly."""
    caller = share * (0.8 * (jnp.arange(mask.shape[-1]) == 1) + slips.even(mask, 0.2))
    return jnp.where((words[0] & 1 == 1)[:, None], caller, 0.0)


TREMBLE = dataclasses.replace(MIRROR.learn, objective="ppo", exploration=0.0, tremble=0.6)


@pytest.mark.parametrize(
    "learn", [pytest.param(MIRROR.learn, id="exploration"), pytest.param(TREMBLE, id="tremble", marks=pytest.mark.slow)]
)
def test_estimates_are_the_exact_values(learn, monkeypatch):
    """Kuhn, 30 % of the actions drawn evenly, a policy and a critic that know nothing: every action of every state.

    The mean of the estimates lies within 4.5 standard errors of the tree's value (24 of them; seed 1): with
    exploration that of the policy without those draws, with trembling the mean over hands in which either seat is or is
    not one that slips, mostly to a call, in 60 % of its actions.
    """
    monkeypatch.setattr(slips, "character", sober_or_caller)
    learner = Learner(check(dataclasses.replace(MIRROR, learn=learn)))
    model = learner.model
    tree = game_tree(model.environment.rules)
    # Heads large enough that the policy is far from uniform and the critic far from the truth.
    params = model.init(jax.random.key(3))
    for head in ("policy", "critic_value"):
        params[head] = jax.tree.map(lambda x: 200 * x, params[head])
    policy = np.asarray(tabular.model_policy(model, params))
    assert policy[tree.legal[tree.examples[:, 0]]].min() < 0.2

    @jax.jit
    def sample(state, key):
        tables, window, *_ = learner.play(state, key)
        targets, _ = make_targets(model, learn, window, rates(learn, jnp.zeros(())))
        depth = depth_bb(model.environment.layout, window.tokens)[..., None]
        surprise = targets.returns - jnp.take_along_axis(window.values, window.actions[..., None], -1)[..., 0]
        estimates = depth * mirror.action_values(window.values, surprise, jnp.exp(targets.log_probs), window.actions)
        prefix = carry_prefix(model.environment, window, tables[0].hands)
        state = dataclasses.replace(state, tables=tables, prefix=prefix)
        return state, (window.tokens, targets.weights, targets.reach, estimates)

    reads = tabular._program(model)[1]
    own = np.take_along_axis(np.asarray(reads.tokens), np.asarray(reads.last)[:, None, None], axis=1)[:, 0]
    number = {row.tobytes(): i for i, row in enumerate(own)}
    assert len(number) == tree.num_information_states == 12
    state = dataclasses.replace(learner.init(jax.random.key(1)), params=params)
    seen = [[] for _ in range(12)]
    for i in range(6):
        state, (tokens, weights, reach, estimates) = sample(state, jax.random.key(10 + i))
        tokens, estimates = np.asarray(tokens), np.asarray(estimates)
        for b, w in zip(*np.nonzero(np.asarray(weights)), strict=True):
            seen[number[tokens[b, w].tobytes()]].append((float(reach[b, w]), *estimates[b, w]))
    legal = tree.legal[tree.examples[:, 0]]
    caller = learn.tremble * (0.8 * np.array([0, 1, 0]) + 0.2 * legal / legal.sum(1, keepdims=True))
    exact = exact_action_values(tree, [policy, (1 - learn.tremble) * policy + caller] if learn.tremble else [policy])
    for state_number, rows in enumerate(np.asarray(rows) for rows in seen):
        weight, values = rows[:, :1], rows[:, 1:] * model.environment.rules.big_blind
        mean = (weight * values).sum(0) / weight.sum()
        error = np.sqrt(((weight * (values - mean)) ** 2).sum(0)) / weight.sum()
        z = ((mean - exact[state_number]) / np.maximum(error, 1e-3))[legal[state_number]]
        assert len(rows) > 100 and np.abs(z).max() < 4.5, (state_number, z)


def test_mirror_descent_needs_values_of_all_actions():
    with pytest.raises(UserError, match="--critic action"):
        check(dataclasses.replace(MIRROR, model=ModelConfig(critic="state")))
    with pytest.raises(UserError, match=r"--tremble 0.1 needs --objective ppo: .* by --exploration"):
        check(dataclasses.replace(MIRROR, learn=dataclasses.replace(MIRROR.learn, tremble=0.1)))
    with pytest.raises(UserError, match=r"--random-seats 0.1 needs --objective ppo: .* by --exploration"):
        check(dataclasses.replace(MIRROR, learn=dataclasses.replace(MIRROR.learn, random_seats=0.1)))
    with pytest.raises(UserError, match=r"--exploration 0.1 needs --objective mirror: .* by --tremble"):
        check(Config(learn=LearnConfig(exploration=0.1)))
    wrong = {"exploration": 1.5, "temperature_end": 0.0, "momentum": 1.0, "mirror_step": -1.0, "probability_floor": 2.0}
    for name, value in wrong.items():
        with pytest.raises(UserError, match=f"--{name.replace('_', '-')}"):
            check(dataclasses.replace(MIRROR, learn=dataclasses.replace(MIRROR.learn, **{name: value})))
