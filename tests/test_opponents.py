"""Opponents that do not learn: the pool's bookkeeping, and that frozen policies really play the other seats."""

import dataclasses
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pokerjax.checks import check
from pokerjax.config import Config, GameConfig, LearnConfig, ModelConfig, RunConfig, UserError
from pokerjax.env import tables
from pokerjax.evaluate import ModelPlayer, find_target
from pokerjax.evaluate.contest import Contestant
from pokerjax.learn import opponents
from pokerjax.learn.learner import Learner, Target
from pokerjax.learn.opponents import Opponents
from pokerjax.learn.rollout import empty_prefix, fresh_tables, rollout
from pokerjax.learn.schedules import rates
from pokerjax.learn.targets import make_targets
from pokerjax.model.attention import NO_SEGMENT
from pokerjax.model.transformer import Model
from pokerjax.train import _gain

GAME = GameConfig(bet_sizes=(0.5, 1.0))
MODEL = ModelConfig(d_model=16, n_layers=1, n_heads=2)
TABLES, LENGTH = 8, 16


@pytest.fixture(scope="module")
def model():
    return Model(tables.make_environment(GAME), MODEL)


def always(model, params, entry):
    """Parameters of a policy that takes one entry of the menu wherever it is on offer."""
    bias = jnp.where(jnp.arange(model.environment.num_actions) == entry, 100.0, 0.0)
    return {**params, "policy": {**params["policy"], "bias": bias}}



def test_slots_keep_the_policies_of_their_time():
    pool = opponents.new_pool({"x": jnp.zeros(())}, 3)
    for percent in range(0, 101):
        pool = opponents.renew(pool, {"x": jnp.float32(percent)}, jnp.float32(percent / 100))
    np.testing.assert_array_equal(pool.params["x"], [24, 49, 74])


def test_weights_follow_the_results():
    """Against the slot that wins, play more; a slot never met weighs as much as an even one."""
    pool = opponents.new_pool({"x": jnp.zeros(())}, 4)
    ended = jnp.ones((50, 4), bool)
    noise = jax.random.normal(jax.random.key(0), (50, 4))
    met = jnp.array([0, 1])
    results = noise + jnp.array([-3.0, -3.0, 3.0, 3.0])  # the tables of slot 0, then those of slot 1
    pool = opponents.remember(pool, met, results, ended)
    np.testing.assert_allclose(pool.hands, [100, 100, 0, 0])
    loses, wins, *unmet = np.asarray(opponents.weights(pool))
    assert loses > 0.99 and wins < 0.06
    np.testing.assert_allclose(unmet, 0.5 + opponents.LEAST_WEIGHT)
    drawn = [opponents.draw(pool, jax.random.key(i))[0] for i in range(200)]
    counts = np.bincount(np.concatenate(drawn), minlength=4)
    assert counts[0] > 5 * counts[1] and counts.sum() == 800


def test_results_of_hands_that_go_on_do_not_count():
    pool = opponents.new_pool({"x": jnp.zeros(())}, 2)
    ended = jnp.zeros((3, 2), bool).at[1, 0].set(True)
    pool = opponents.remember(pool, jnp.array([1]), jnp.full((3, 2), 7.0), ended)
    np.testing.assert_allclose(pool.hands, [0, 1])
    np.testing.assert_allclose(pool.won, [0, 7])
    np.testing.assert_allclose(pool.squares, [0, 49])


def test_frozen_policies_play_the_other_seats(model):
    """The learner folds only where it slips, the two opponents always fold or always call; at their tables nobody
    slips, so that every fold there is an opponent's."""
    environment, fold, call = model.environment, 0, 1
    params = model.init(jax.random.key(0))
    frozen = jax.tree.map(lambda *x: jnp.stack(x), always(model, params, fold), always(model, params, call))
    seated = Opponents(params=frozen, model=model, num_tables=4)
    table = fresh_tables(environment, TABLES, jax.random.key(1))
    learner = always(model, params, call)
    play = jax.jit(lambda t, p, k: rollout(model, learner, t, p, k, length=LENGTH, opponents=seated, tremble=0.5))
    _, window, (outcomes,) = play((table,), empty_prefix(model, TABLES, slips=True), jax.random.key(2))
    learns = np.asarray(window.learns)[:, environment.hand_limit :]
    folds = np.asarray(outcomes.kind).T == 1
    assert learns[:4].all() and not learns[4:].all() and learns[4:].any()
    slips = np.asarray(window.slips).sum(axis=-1)
    assert slips[:4].any() and not slips[4:].any()
    assert not folds[4:][learns[4:]].any()  # whoever learns calls
    facing = np.asarray(window.masks)[:, environment.hand_limit :, fold]
    assert folds[4:6][~learns[4:6] & facing[4:6]].all()  # the first group folds to a bet
    assert not folds[6:].any()  # the second never does
    won = np.asarray(outcomes.won).T[4:6][folds[4:6]]
    assert won.size and (won > 0).all()  # player 0 wins the blinds that its opponents give up


@pytest.mark.slow
def test_opponents_remember_the_unfinished_hand(model):
    """A frozen policy equal to the learner's plays on after a rollout's end as if there had been none."""
    params = jax.tree.map(lambda x: x * 3, model.init(jax.random.key(3)))
    table = fresh_tables(model.environment, TABLES, jax.random.key(4))
    seated = Opponents(params=jax.tree.map(lambda x: x[None], params), model=model, num_tables=TABLES)

    def first(opposition):
        play = jax.jit(lambda t, p, k: rollout(model, params, t, p, k, length=LENGTH, opponents=opposition))
        _, window, _ = play((table,), empty_prefix(model, TABLES), jax.random.key(5))
        return window

    window = first(seated)
    cache = jax.jit(seated.read)(window.tokens, window.segments)
    _, _, plain = jax.jit(model.sequence)(params, window.tokens, window.segments)
    for ours, theirs in zip(jax.tree.leaves(cache), jax.tree.leaves(plain), strict=True):
        np.testing.assert_allclose(ours[0], theirs, atol=1e-5)


def config(**learn) -> Config:
    sizes = {"parallel_games": TABLES, "rollout_length": LENGTH, "batch_size": 64} | learn
    return Config(game=GAME, model=MODEL, learn=LearnConfig(**sizes), run=RunConfig(num_games=200))


def test_a_run_that_starts_from_an_agent_meets_it_in_every_slot(model):
    learner = Learner(check(config(pool_share=0.5, pool_size=4)))
    given = jax.tree.map(lambda x: x + 1, model.init(jax.random.key(5)))
    state = learner.starting_from(learner.init(jax.random.key(0)), given)
    jax.tree.map(np.testing.assert_array_equal, state.params, given)
    jax.tree.map(np.testing.assert_array_equal, state.average, given)
    for slot in range(4):
        frozen = jax.tree.map(lambda x, slot=slot: x[slot], state.pool.params)
        jax.tree.map(np.testing.assert_array_equal, frozen, given)


@pytest.mark.slow
def test_a_run_with_a_pool_trains_the_learner_alone():
    learner = Learner(check(config(pool_share=0.5, pool_size=4)))
    state = learner.init(jax.random.key(0))
    frozen = jax.tree.leaves(state.pool.params)[0].copy()
    for _ in range(3):
        state, metrics = learner.step(state)
    assert np.isfinite(metrics["opponents/bb100"]).all()
    assert float(state.pool.hands.sum()) > 0
    kept = jax.tree.leaves(state.pool.params)[0]
    assert not np.allclose(frozen[-1], kept[-1])  # the last slot is still renewed
    opposed = np.asarray(state.prefix.learns)[4:]
    present = np.asarray(state.prefix.segments)[4:] != NO_SEGMENT
    now = rates(learner.config.learn, jnp.zeros(()))
    weights = make_targets(learner.model, learner.config.learn, state.prefix, now)[0].weights[4:]
    assert not np.asarray(weights)[present & ~opposed].any()


@pytest.mark.slow
def test_an_exploiter_meets_its_target_at_every_table(model):
    target = Target(model=model, params=always(model, model.init(jax.random.key(9)), 0))
    settings = config(opponent="checkpoint")
    learner = Learner(settings, target)
    state = learner.init(jax.random.key(0))
    before = jax.tree.map(np.asarray, state.pool.params)
    state, metrics = learner.step(state)
    for ours, theirs in zip(jax.tree.leaves(before), jax.tree.leaves(state.pool.params), strict=True):
        np.testing.assert_array_equal(ours, theirs)  # the target never changes
    assert np.isfinite(metrics["opponents/bb100"]).all()


@pytest.mark.parametrize(
    ("learn", "checkpoint", "sentence"),
    [
        ({"opponent": "checkpoint"}, "", "name its run or checkpoint by --checkpoint"),
        ({"opponent": "checkpoint", "pool_share": 0.2}, "runs/x", "leaves no table to --pool-share"),
        ({"copy_target": True}, "runs/x", "--copy-target is for a run that exploits an agent"),
        ({"target_stack_bb": 50.0}, "", "name --shortest-stack and --deepest-stack instead"),
        ({"opponent": "checkpoint", "target_stack_bb": 1.0}, "runs/x", "--target-stack-bb 1 must be from 2 to 2000"),
        ({"pool_share": 1.5}, "", "--pool-share 1.5 must lie between 0 and 1"),
        ({"pool_size": 0}, "", "--pool-size 0 must be at least 1"),
    ],
)
def test_mistakes_are_named(learn, checkpoint, sentence):
    settings = config(**learn)
    with pytest.raises(UserError, match=sentence):
        check(dataclasses.replace(settings, run=RunConfig(checkpoint=checkpoint)))


def test_an_exploiter_takes_every_table(model):
    """Also where they do not fall into the pool's groups."""
    learner = Learner(config(opponent="checkpoint", parallel_games=6, batch_size=32), Target(model=model, params={}))
    assert learner._opposed_tables == 6


def test_a_pool_needs_enough_tables():
    with pytest.raises(UserError, match=r"--pool-share 0\.1 of 8 tables are fewer than the 4 groups"):
        Learner(config(pool_share=0.1))


def test_an_exploiter_plays_its_targets_game(model, monkeypatch, tmp_path):
    """The target's stakes, stacks and smallest table, the exploiter's own bet sizes; other stakes are refused."""
    theirs = GameConfig(num_players=6, table_sizes=(2, 6), big_blind=20, small_blind=10, bet_sizes=(1.0,))
    target = Contestant(tmp_path, Config(game=theirs, model=ModelConfig(d_model=32)), 1, ModelPlayer(model), {}, 1)
    monkeypatch.setattr("pokerjax.evaluate.contest.load", lambda path: target)
    ours = Config(learn=LearnConfig(opponent="checkpoint"), run=RunConfig(checkpoint="runs/x"))
    merged, found = find_target(ours)
    assert found is target
    assert merged.game == dataclasses.replace(theirs, table_sizes=(2,), bet_sizes=GameConfig().bet_sizes)
    assert merged.run.checkpoint == str(tmp_path.resolve())
    assert find_target(merged)[0] == merged  # as it is recorded, for --resume
    copy = dataclasses.replace(ours, learn=LearnConfig(opponent="checkpoint", copy_target=True))
    copied = find_target(copy)[0]
    assert (copied.game, copied.model) == (dataclasses.replace(theirs, table_sizes=(2,)), target.config.model)
    assert find_target(copied)[0] == copied
    deep = dataclasses.replace(ours, learn=LearnConfig(opponent="checkpoint", target_stack_bb=40.0))
    stacked = find_target(deep)[0]
    assert stacked.game == merged.game.with_stacks(40.0) != merged.game
    assert find_target(stacked)[0] == stacked
    for six in (GameConfig(table_sizes=(6,)), GameConfig(num_players=6, table_sizes=(6,))):
        larger = check(dataclasses.replace(ours, game=six))
        assert find_target(larger)[0].game == dataclasses.replace(merged.game, table_sizes=(6,))
    with pytest.raises(UserError, match="--num-players 5 is a table that the agent does not know"):
        find_target(dataclasses.replace(ours, game=GameConfig(table_sizes=(5,))))
    mirror = LearnConfig(opponent="checkpoint", copy_target=True, objective="mirror")
    with pytest.raises(UserError, match="no values of all actions: use --objective ppo"):
        find_target(dataclasses.replace(ours, learn=mirror))
    other = dataclasses.replace(ours, game=GameConfig(ante=5))
    with pytest.raises(UserError, match=r"plays another game .* ante 5 / 0.*another depth: --target-stack-bb"):
        find_target(other)
    leduc = dataclasses.replace(target, config=Config(game=GameConfig(variant="leduc")))
    monkeypatch.setattr("pokerjax.evaluate.contest.load", lambda path: leduc)
    with pytest.raises(UserError, match=r"bin/evaluate\.py runs/x says exactly what can be won from a leduc agent"):
        find_target(ours)
    antes = dataclasses.replace(target, config=Config(game=GameConfig(ante=100)))
    monkeypatch.setattr("pokerjax.evaluate.contest.load", lambda path: antes)
    low = dataclasses.replace(ours, learn=LearnConfig(opponent="checkpoint", target_stack_bb=2.0))
    with pytest.raises(UserError, match=r"--target-stack-bb 2 must outlast big blind and ante \(200 chips\)"):
        find_target(low)


def test_the_gain_is_said_in_milli_big_blinds(tmp_path):
    ledger = SimpleNamespace(evaluation={"eval/target_bb100": 12.3, "eval/target_ci95": 4.5})
    exploits = dataclasses.replace(config(opponent="checkpoint"), run=RunConfig(checkpoint="runs/x"))
    assert _gain(exploits, ledger) == ["runs/x loses 123 ± 45 mbb/hand to this exploiter."]
    assert _gain(config(), ledger) == []
