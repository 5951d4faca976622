"""The learner: rollout and update agree, nothing is lost between rollouts, one compiled program, exact resumption."""

import dataclasses
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pokerjax import checkpoint
from pokerjax.checks import check
from pokerjax.config import Config, GameConfig, LearnConfig, ModelConfig, RunConfig, UserError
from pokerjax.evaluate import SCRIPTED, ModelPlayer, ScriptedPlayer, play_match
from pokerjax.learn import losses, ppo
from pokerjax.learn.learner import Learner
from pokerjax.learn.returns import advantages
from pokerjax.learn.rollout import carry_prefix, empty_prefix, fresh_tables, rollout
from pokerjax.learn.schedules import rates
from pokerjax.learn.spread import local_spread
from pokerjax.learn.targets import Targets, make_targets
from pokerjax.model.attention import NO_SEGMENT
from pokerjax.model.transformer import Model, masked_log_policy, of_critic


def tiny(num_players=2, **learn) -> Config:
    """A config that compiles in seconds."""
    sizes = {"parallel_games": 8, "rollout_length": 16, "batch_size": 64} | learn
    return check(
        Config(
            game=GameConfig(num_players=num_players, bet_sizes=(0.5, 1.0)),
            model=ModelConfig(d_model=16, n_layers=2, n_heads=2),
            learn=LearnConfig(**sizes),
            run=RunConfig(num_games=2_000),
        )
    )


@pytest.fixture(scope="module")
def learner():
    return Learner(tiny())


def squared_distance(a, b) -> float:
    """Between two trees of arrays."""
    return sum(float(jnp.sum((x - y) ** 2)) for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True))


def play_rollouts(config: Config, count: int):
    """Windows of `count` rollouts at unchanged parameters, with a policy far from uniform."""
    learner = Learner(config)
    model, environment = learner.model, learner.model.environment
    params = jax.tree.map(lambda x: x * 3, model.init(jax.random.key(1)))
    table = fresh_tables(environment, learner.parallel_games, jax.random.key(2))
    prefix = empty_prefix(model, learner.parallel_games)

    @jax.jit
    def one(table, prefix, key):
        (table,), window, (outcomes,) = rollout(
            model, params, (table,), prefix, key, length=config.learn.rollout_length
        )
        again, _, values = model.sequence_with_critic(params, window.tokens, window.segments, window.secrets)
        log_policy = masked_log_policy(again, window.masks)
        return table, carry_prefix(environment, window, table.hands), window, outcomes, log_policy, values

    windows = []
    for i in range(count):
        table, prefix, *rest = one(table, prefix, jax.random.key(10 + i))
        windows.append(rest)
    return environment, windows


@pytest.mark.parametrize("num_players", [2, pytest.param(6, marks=pytest.mark.slow)])
def test_update_log_probabilities_equal_those_of_the_rollout(num_players):
    """At unchanged parameters, hands that straddle rollouts included."""
    environment, windows = play_rollouts(tiny(num_players), 4)
    straddled = 0
    for window, _, log_policy, values in windows:
        present = np.asarray(window.segments != NO_SEGMENT)
        prefix = present[:, : environment.hand_limit]
        straddled += prefix.sum()
        missing = ~present[..., None]
        np.testing.assert_allclose(
            np.where(missing, 0, log_policy), np.where(missing, 0, window.log_policy), atol=1e-5
        )
        np.testing.assert_allclose(np.where(missing, 0, values), np.where(missing, 0, window.values), atol=1e-5)
    assert straddled > 20


@pytest.mark.parametrize("num_players", [2, pytest.param(6, marks=pytest.mark.slow)])
def test_every_decision_is_trained_exactly_once(num_players):
    """Decisions that carry weight, over several rollouts, are those of the hands that ended, each once."""
    config = tiny(num_players)
    environment, windows = play_rollouts(config, 5)
    seen = set()
    decisions_of_finished = 0
    for window, outcomes, *_ in windows:
        seats = window.segments % environment.num_players
        estimate = jax.vmap(lambda v, s, d, r: advantages(v, v, jnp.ones_like(v), jnp.zeros_like(d), s, d, r, 0.9))
        _, finished = estimate(window.state_values, seats, window.done, window.rewards)
        weight = np.asarray(finished & (window.segments != NO_SEGMENT))
        decision = np.asarray(environment.layout.split(window.tokens)["decision"])
        hands = np.asarray(window.segments) // environment.num_players
        trained = [(b, hands[b, w], decision[b, w]) for b, w in zip(*np.nonzero(weight), strict=True)]
        assert len(set(trained)) == len(trained) and not seen & set(trained)
        seen |= set(trained)
        ends = np.asarray(window.done) & weight
        decisions_of_finished += (decision[ends] + 1).sum()
        assert ends.sum() == np.asarray(outcomes.done).sum()
    assert len(seen) == decisions_of_finished


def test_advantages_follow_each_seat_to_its_payoff():
    """Literal numbers: seats 0 1 0 and the end, then an unfinished hand."""
    values = jnp.array([1.0, 2.0, 3.0, 5.0])
    seats = jnp.array([0, 1, 0, 1])
    done = jnp.array([False, False, True, False])
    rewards = jnp.zeros((4, 2)).at[2].set(jnp.array([10.0, -10.0]))
    estimates, finished = advantages(values, values, jnp.ones(4), jnp.zeros(4, bool), seats, done, rewards, 0.5)
    # Last of seat 0: 10 - 3 = 7; its first: (3 - 1) + 0.5 * 7; seat 1: -10 - 2.
    np.testing.assert_allclose(estimates, [5.5, -12.0, 7.0, 0.0])
    assert finished.tolist() == [True, True, True, False]


def test_surprises_are_what_an_action_brought_beyond_its_value():
    """Literal numbers, Expected SARSA: seat 0 twice, then the end; the next state's value, not the next action's."""
    values, chosen = jnp.array([1.0, 3.0]), jnp.array([2.0, 5.0])
    seats, done = jnp.array([0, 0]), jnp.array([False, True])
    rewards = jnp.zeros((2, 2)).at[1].set(jnp.array([10.0, -10.0]))
    surprises, finished = advantages(values, chosen, jnp.ones(2), jnp.zeros(2, bool), seats, done, rewards, 0.5)
    # Last: 10 - 5 = 5; first: (3 + 0.5 * 5) - 2.
    np.testing.assert_allclose(surprises, [3.5, 5.0])
    assert finished.all()


def local_unit(row, column, gains, weights, street, pot, depth) -> float:
    """The unit of one decision, counted out: the others like it, and twenty of the size of the pot."""
    pots, depths = (np.floor(np.log2(np.maximum(x, 1))) for x in (pot, depth / 10))
    pots, depths = pots.clip(0, 11), depths.clip(0, 5)
    like = (street == street[row, column]) & (pots == pots[row, column]) & (depths == depths[row, column])
    like &= weights > 0
    like[row, column] = False
    return np.sqrt((np.sum(gains[like] ** 2) + 20 * 4 ** pots[row, column]) / (like.sum() + 20))


def test_the_unit_of_advantages_is_their_spread_where_about_as_much_is_at_stake():
    rng = np.random.default_rng(0)
    shape = (64, 50)
    street = rng.integers(0, 4, shape)
    pot = np.exp(rng.uniform(-1, 9, shape)).astype(np.float32)
    depth = np.exp(rng.uniform(1, 7, shape)).astype(np.float32)
    weights = rng.integers(0, 2, shape).astype(np.float32)
    gains = rng.normal(0, pot, shape).astype(np.float32) * weights
    found = local_spread(*map(jnp.asarray, (gains, weights, street, pot, depth)))
    for row, column in rng.integers(0, shape, (200, 2)):
        unit = local_unit(row, column, gains, weights, street, pot, depth)
        np.testing.assert_allclose(found[row, column], unit, rtol=1e-4)


def test_the_unit_of_small_pots_does_not_change_with_what_happens_in_large_ones():
    pot = jnp.where(jnp.arange(4000) % 2 == 0, 3.0, 300.0)
    gains = pot * jnp.where(jnp.arange(4000) % 4 < 2, 0.5, -0.5)
    wild = jnp.where(pot > 100, 10 * gains, gains)
    same = (jnp.ones(4000), jnp.full(4000, 2), pot, jnp.full(4000, 100.0))
    calm, stirred = local_spread(gains, *same), local_spread(wild, *same)
    np.testing.assert_array_equal(calm[0::2], stirred[0::2])
    np.testing.assert_allclose(stirred[1::2] / calm[1::2], 10, rtol=0.05)
    np.testing.assert_allclose(calm[0], 1.5, rtol=0.05)


def test_few_rare_wins_weigh_as_much_as_the_losses_that_pay_for_them():
    """Five times the pot once in six, the pot lost else: in groups of three decisions the mean is still 0."""
    won = jax.random.bernoulli(jax.random.key(0), 1 / 6, (3, 20_000))
    gains = jnp.where(won, 5.0, -1.0)
    three = [jnp.full(3, x) for x in (1.0, 1, 1.0, 100.0)]
    units = jax.vmap(lambda gains: local_spread(gains, *three), in_axes=1, out_axes=1)(gains)
    mean, error = jnp.mean(gains / units), jnp.std(jnp.mean(gains / units, axis=0)) / 20_000**0.5
    assert abs(mean) < 3 * error
    assert error < 0.01


def test_the_surrogate_has_advantages_in_their_local_unit():
    """From the recorded rollout to the targets: the right pot, street and depth."""
    config = tiny()
    environment, windows = play_rollouts(config, 2)
    model, window = Learner(config).model, windows[-1][0]
    targets, _ = make_targets(model, config.learn, window, rates(config.learn, jnp.zeros(())))
    fields = jax.tree.map(np.asarray, environment.layout.split(window.tokens))
    stacks = fields["starting_stacks"]
    depth = np.minimum(stacks[..., 0], stacks[..., 1]) / 100
    gains = np.asarray((targets.returns - window.state_values) * targets.weights) * depth
    weights = np.asarray(targets.weights)
    places = np.argwhere(weights > 0)
    for row, column in places[:: max(len(places) // 50, 1)]:
        unit = local_unit(row, column, gains, weights, fields["street"], fields["pot"] / 100, depth)
        np.testing.assert_allclose(targets.surprises[row, column], gains[row, column] / unit, rtol=1e-3, atol=1e-5)


def recorded(num_values=1, **given):
    """Steps and targets of decisions that have nothing in them but what is given, a row each."""
    shape = given["weights"].shape
    environment = Learner(tiny()).model.environment
    empty = empty_prefix(Model(environment, tiny().model), 1)
    steps = jax.tree.map(lambda x: jnp.zeros((*shape, *x.shape[2:]), x.dtype), empty)
    blank = {field.name: jnp.zeros(shape) for field in dataclasses.fields(Targets)}
    rows = {"gains": jnp.zeros((*shape, num_values)), "push": jnp.zeros((*shape, 2)), "magnet": jnp.zeros((*shape, 2))}
    targets = Targets(**blank | rows | {"reach": jnp.ones(shape)} | {k: v for k, v in given.items() if k in blank})
    return dataclasses.replace(steps, **{k: v for k, v in given.items() if k not in blank}), targets


def test_action_values_weigh_every_action():
    """With an action critic the gradient of the policy holds the gains of actions that were not taken."""
    config = LearnConfig(magnet_coefficient=0.0, entropy_coefficient=0.0)
    steps, goals = recorded(
        actions=jnp.array([0]), log_probs=jnp.log(jnp.array([0.5])), gains=jnp.array([[-1.0, 2.0]]),
        returns=jnp.array([0.25]), weights=jnp.ones(1), log_policy=jnp.log(jnp.full((1, 2), 0.5)),
    )  # fmt: skip

    def loss(logits, critic):
        log_policy = jax.nn.log_softmax(logits)
        return losses.loss(log_policy, jnp.zeros(1), critic, steps, goals, rates(config, jnp.zeros(())), config)[0]

    policy, critic = jax.grad(loss, argnums=(0, 1))(jnp.zeros((1, 2)), jnp.zeros((1, 2)))
    # d/d logits of -sum(pi * gains) at pi = 1/2: -(gain - mean) / 2
    np.testing.assert_allclose(policy, [[0.75, -0.75]], atol=1e-6)
    np.testing.assert_allclose(critic, [[-0.25 * config.value_coefficient, 0.0]], atol=1e-6)


@pytest.mark.slow
def test_an_action_critic_trains():
    config = tiny()
    config = dataclasses.replace(config, model=dataclasses.replace(config.model, n_layers=1, critic="action"))
    learner = Learner(config)
    state, metrics = learner.step(learner.init(jax.random.key(0)))
    assert state.prefix.values.shape[-1] == learner.model.environment.num_actions
    assert all(np.isfinite(np.asarray(value)).all() for value in metrics.values())


def test_clipped_objective_on_literal_numbers():
    """Clip for good actions, floor for bad ones, dual clip for very likely bad ones."""
    log_ratio = jnp.log(jnp.array([2.0, 0.5, 0.5, 2.0, 5.0]))
    advantage = jnp.array([1.0, 1.0, -1.0, -1.0, -1.0])
    objective, clipped, dual = ppo.clipped_objective(log_ratio, advantage, 0.2, 3.0)
    np.testing.assert_allclose(objective, [1.2, 0.5, -0.8, -2.0, -3.0], rtol=1e-6)
    assert clipped.tolist() == [True, False, True, False, False]
    assert dual.tolist() == [False, False, False, False, True]


def test_ppo_moves_the_policy_that_slips():
    """Literal numbers: two entries, a share of 0.4 slips, the second was drawn by 0.6 * 0.1 + 0.2 = 0.26."""
    config = LearnConfig(tremble=0.4, magnet_coefficient=0.0)
    one, none = jnp.ones(1), jnp.zeros((1, 2))
    targets = Targets(
        weights=one, reach=one, log_probs=jnp.log(0.26 * one), surprises=2 * one, gains=jnp.zeros((1, 1)),
        returns=0 * one, state_returns=0 * one, movable=none == 0, push=none, magnet=none,
    )  # fmt: skip

    steps, _ = recorded(actions=jnp.array([1]), slips=jnp.array([[0.2, 0.2]]), weights=one)

    def loss(probability):
        log_policy = jnp.log(jnp.array([[1 - probability, probability]]))
        return ppo.loss(log_policy, steps, targets, jnp.float32(0.0), config)[0]

    # 2 * (0.6 p + 0.2) / 0.26, and 0.312 / 0.26 = 1.2 is where it is clipped.
    np.testing.assert_allclose([loss(0.1), loss(0.15), loss(0.5)], [-2.0, -2 * 0.29 / 0.26, -2.4], rtol=1e-5)
    np.testing.assert_allclose(jax.grad(loss)(0.1), -2 * 0.6 / 0.26, rtol=1e-5)


def test_entropy_and_magnet_count_as_much_as_the_surrogate_where_a_seat_slips():
    """Two decisions alike, in one of which 0.4 slips: each part of the gradient is 0.6 of the other's."""
    one, even = jnp.ones(2), jnp.full((2, 2), 0.5)
    steps, goals = recorded(
        actions=jnp.array([1, 1]), slips=jnp.array([[0.0, 0.0], [0.2, 0.2]]), weights=one,
        log_probs=jnp.log(0.5 * one), surprises=2 * one, magnet=jnp.log(jnp.array([[0.9, 0.1]] * 2)),
        log_policy=jnp.log(even),
    )  # fmt: skip

    def loss(logits, entropy, magnet, surprises):
        config = LearnConfig(tremble=0.4, magnet_coefficient=magnet)
        targets = dataclasses.replace(goals, surprises=surprises * goals.surprises)
        return ppo.loss(jax.nn.log_softmax(logits), steps, targets, jnp.float32(entropy), config)[0]

    uneven = jnp.tile(jnp.array([0.3, -0.1]), (2, 1))
    for logits, parts in ((jnp.zeros((2, 2)), (0.0, 0.0, 1.0)), (uneven, (1.0, 0.0, 0.0)), (uneven, (0.0, 1e-6, 0.0))):
        gradient = jax.grad(loss)(logits, *parts)
        assert jnp.abs(gradient[0]).min() > 1e-9
        np.testing.assert_allclose(gradient[1], 0.6 * gradient[0], rtol=1e-4)


def test_entropy_and_divergence_ignore_masked_entries():
    """Two entries on offer of three."""
    mask = jnp.array([True, True, False])
    even = masked_log_policy(jnp.array([0.0, 0.0, 9.0]), mask)
    skewed = masked_log_policy(jnp.log(jnp.array([0.75, 0.25, 1.0])), mask)
    np.testing.assert_allclose(ppo.entropy(even), np.log(2), rtol=1e-6)
    expected = 0.75 * np.log(1.5) + 0.25 * np.log(0.5)
    np.testing.assert_allclose(ppo.kl_divergence(skewed, even), expected, rtol=1e-5)


def test_the_gradient_step_ignores_decisions_without_weight():
    """Whatever stands at untrained places changes neither loss nor gradient."""
    config = LearnConfig()
    steps, goals = recorded(
        actions=jnp.array([0, 1]), log_probs=jnp.array([-1.0, -50.0]), surprises=jnp.array([1.0, 9.0]),
        returns=jnp.array([0.5, 9.0]), magnet=jnp.log(jnp.full((2, 2), 0.5)), weights=jnp.array([1.0, 0.0]),
        log_policy=jnp.log(jnp.full((2, 2), 0.5)),
    )  # fmt: skip

    def loss(logits):
        log_policy, critic = jax.nn.log_softmax(logits), jnp.zeros((2, 1))
        return losses.loss(log_policy, jnp.zeros(2), critic, steps, goals, rates(config, jnp.zeros(())), config)[0]

    a, grad_a = jax.value_and_grad(loss)(jnp.array([[0.3, 0.1], [0.0, 0.0]]))
    b, grad_b = jax.value_and_grad(loss)(jnp.array([[0.3, 0.1], [7.0, -7.0]]))
    assert a == b
    np.testing.assert_array_equal(grad_a, grad_b)
    np.testing.assert_array_equal(grad_a[1], 0)


def test_the_train_step_is_one_program_without_host_callbacks(learner):
    """No callback in the jaxpr; many calls compile once; the metrics are finite."""
    state = learner.init(jax.random.key(0))
    jaxpr = str(learner.step.trace(state).jaxpr)
    assert "callback" not in jaxpr and "infeed" not in jaxpr and "outfeed" not in jaxpr
    lowered = learner.step.lower(state).as_text(debug_info=True)
    for scope in ("rollout", "engine", "model", "returns", "magnet", "update", "average"):
        assert re.search(rf'[/("]{scope}[/)"]', lowered), f"the trace would not show {scope}"
    for _ in range(4):
        state, metrics = learner.step(state)
    assert learner.step._cache_size() == 1
    assert all(np.isfinite(np.asarray(value)).all() for value in metrics.values())
    assert int(state.iteration) == 4


@pytest.mark.slow
def test_scanned_iterations_equal_single_ones(learner):
    """Three iterations in one call give what three calls give, to rounding: they are two different programs."""
    together = Learner(tiny(iterations_per_call=3))
    state = learner.init(jax.random.key(3))
    losses = []
    for _ in range(3):
        state, metrics = learner.step(state)
        losses.append(float(metrics["loss/total"][0]))
    other, metrics = together.step(together.init(jax.random.key(3)))
    np.testing.assert_allclose(metrics["loss/total"], losses, rtol=1e-5)
    assert int(other.games) == int(state.games)


def test_learning_rate_and_average(learner):
    """The rate falls with the games played; the average moves slowly towards the parameters."""
    state = learner.init(jax.random.key(0))
    rates, distance = [], None
    for _ in range(6):
        before = jax.tree.map(np.asarray, state.average)
        state, metrics = learner.step(state)
        rates.append(float(metrics["optimiser/learning_rate"][0]))
        distance = squared_distance(before, state.params), squared_distance(state.average, state.params)
    assert rates == sorted(rates, reverse=True) and rates[0] == pytest.approx(3e-4)
    assert 0 < distance[1] < distance[0]


def test_the_critic_may_have_a_rate_of_its_own(learner):
    """Ten times the rate moves the critic about ten times as far in one step, and nothing else otherwise."""
    other = Learner(tiny(critic_learning_rate=3e-3))
    start = other.init(jax.random.key(0)).params
    ends = [each.step(each.init(jax.random.key(0)))[0].params for each in (learner, other)]
    moves = [jax.tree.map(lambda a, b: np.asarray(a - b), end, start) for end in ends]
    moves = [jax.tree_util.tree_leaves_with_path(move) for move in moves]
    for (path, one), (_, ten) in zip(*moves, strict=True):
        if of_critic(path):
            assert 5 < np.linalg.norm(ten) / np.linalg.norm(one) < 20
        else:
            np.testing.assert_allclose(ten, one, rtol=1e-4, atol=1e-7)
    assert sum(of_critic(path) for path, _ in moves[0]) == 4  # two layers, kernel and bias


@pytest.mark.slow
def test_learning_beats_standing_still():
    """Sixty small iterations already win from always-call what the first policy does not: 4 sigma apart."""
    config = tiny(parallel_games=64, rollout_length=32, batch_size=512, learning_rate=3e-3, entropy_coefficient=0.1)
    config = dataclasses.replace(config, run=dataclasses.replace(config.run, num_games=60_000))
    learner = Learner(config)
    state = learner.init(jax.random.key(0))
    caller = ScriptedPlayer(learner.model.environment, (SCRIPTED["always_call"],))

    def measure(params):
        player = ModelPlayer(learner.model)
        return play_match(player, caller, jax.random.key(5), hands=30_000, params=params)

    before = measure(state.params)
    for _ in range(60):
        state, _ = learner.step(state)
    after = measure(state.params)
    margin = 4 / 1.96 * float(np.hypot(before.ci95, after.ci95))
    assert after.bb100 - before.bb100 > margin


def test_a_restored_run_goes_on_bit_for_bit(learner, tmp_path):
    """Save after three steps, restore, go on: parameters and metrics equal those of a run without the stop."""
    state = learner.init(jax.random.key(7))
    for _ in range(3):
        state, _ = learner.step(state)
    record = checkpoint.Record(config=learner.config, iteration=3, games=int(state.games), seconds=0.0, environment={})
    with checkpoint.Checkpoints(tmp_path, keep=1) as checkpoints:
        checkpoints.save(state, record, score=None)
    restored = checkpoint.restore(checkpoint.newest(tmp_path), checkpoint.abstract_like(state))
    for _ in range(3):
        state, metrics = learner.step(state)
        restored, again = learner.step(restored)
        assert {k: v.tolist() for k, v in metrics.items()} == {k: v.tolist() for k, v in again.items()}
    for x, y in zip(jax.tree.leaves(state.params), jax.tree.leaves(restored.params), strict=True):
        np.testing.assert_array_equal(x, y)


def test_hidden_cards_reach_no_parameter_that_acts(learner):
    """Other secrets change the gradient of the critic and of nothing else."""
    model = learner.model
    _, windows = play_rollouts(learner.config, 2)
    window = windows[-1][0]
    params = model.init(jax.random.key(1))

    def loss(params, secrets):
        logits, values, critic = model.sequence_with_critic(params, window.tokens, window.segments, secrets)
        log_policy = masked_log_policy(logits, window.masks)
        present = (window.segments != NO_SEGMENT).astype(jnp.float32)
        now = rates(learner.config.learn, jnp.zeros(()))
        goals, _ = make_targets(model, learner.config.learn, window, now)
        goals = dataclasses.replace(goals, weights=present, magnet=log_policy)
        return losses.loss(log_policy, values, critic, window, goals, now, learner.config.learn)[0]

    gradient = jax.jit(jax.grad(loss))
    one, other = gradient(params, window.secrets), gradient(params, window.secrets[::-1])
    for name in one:
        same = all(
            bool((x == y).all()) for x, y in zip(jax.tree.leaves(one[name]), jax.tree.leaves(other[name]), strict=True)
        )
        assert same != name.startswith("critic"), name


def test_config_reaches_the_learner():
    """A batch is of whole tables; sizes that do not fit are refused before anything compiles."""
    learn = LearnConfig(parallel_games=4, rollout_length=8, batch_size=64)
    assert Learner(dataclasses.replace(tiny(), learn=learn)).batch_tables == 4
    with pytest.raises(UserError, match="--accumulation 3 cannot part the 4 tables"):
        Learner(dataclasses.replace(tiny(), learn=learn, run=RunConfig(accumulation=3)))
