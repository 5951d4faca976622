"""One agent at tables of several sizes: what it reads there, how it learns there, and whom it can meet."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pokerjax import poker
from pokerjax.agents import Agent, Observation
from pokerjax.checks import check, check_size
from pokerjax.config import Config, GameConfig, LearnConfig, ModelConfig, RunConfig, UserError
from pokerjax.env import tables, tokens
from pokerjax.evaluate import SCRIPTED, ScriptedPlayer, play_match
from pokerjax.learn.learner import Learner
from pokerjax.learn.schedules import rates
from pokerjax.learn.targets import make_targets
from pokerjax.model.attention import NO_SEGMENT
from pokerjax.model.transformer import masked_log_policy

GAME = GameConfig(num_players=3, table_sizes=(2, 3), bet_sizes=(0.5, 1.0), shortest_stack=20.0, deepest_stack=50.0)
CONFIG = Config(
    game=GAME,
    model=ModelConfig(d_model=16, n_layers=1, n_heads=2),
    learn=LearnConfig(parallel_games=8, rollout_length=32, batch_size=64),
    run=RunConfig(num_games=500),
)


@pytest.fixture(scope="module")
def learner():
    return Learner(check(CONFIG))


def heads_up_tokens(environment):
    """The tokens of one heads-up hand: raise, call, check, bet, call."""
    deal = poker.Deal(hole=jnp.array([[51, 3], [20, 8]]), board=jnp.array([0, 5, 10, 15, 30]))
    stakes = tables.stakes_for(environment, jnp.array([3000, 4000], jnp.int32))
    table = tables.seat_players(environment, deal, stakes, jnp.int32(0))
    read = []
    for action in (300, poker.CALL, poker.CALL, 450, poker.CALL, poker.CALL):
        decision = tables.read(environment, table)
        read.append(environment.layout.split(decision.token))
        table, _ = tables.play(environment, table, jnp.int32(action), decision.legal)
    return read


def test_a_smaller_table_reads_as_it_would_alone():
    """Every field is that of a heads-up game, and the third seat is folded, without chips and events."""
    ours = heads_up_tokens(tables.make_environment(GAME, 2))
    alone = heads_up_tokens(tables.make_environment(GameConfig(num_players=2, bet_sizes=GAME.bet_sizes)))
    for wide, narrow in zip(ours, alone, strict=True):
        for name in tokens.SINGLE_FIELDS:
            assert wide[name] == narrow[name], name
        for name in tokens.SEAT_FIELDS:
            assert wide[name][:2].tolist() == narrow[name].tolist()
            assert int(wide[name][2]) == (name == "folded")
        assert wide["events"][-3:].tolist() == narrow["events"].tolist()
        assert not wide["events"][:-3].any()


def test_all_sizes_share_tokens_menu_and_limit():
    two, three = tables.make_environment(GAME, 2), tables.make_environment(GAME)
    assert two.layout == three.layout and two.num_actions == three.num_actions
    assert two.hand_limit == three.hand_limit == 30
    assert (two.num_players, three.num_players) == (2, 3)


@pytest.mark.slow
def test_the_update_sees_what_the_rollout_saw(learner):
    """At unchanged parameters, at tables of both sizes, hands that straddle rollouts included."""
    state = learner.init(jax.random.key(0))
    params = jax.tree.map(lambda x: x * 3, state.params)
    state = dataclasses.replace(state, params=params)

    @jax.jit
    def one(state, key):
        after, window, outcomes, _ = learner.play(state, key)
        logits, _, values = learner.model.sequence_with_critic(
            params, window.tokens, window.segments, window.secrets
        )
        log_policy = masked_log_policy(logits, window.masks)
        return after, window, outcomes, log_policy, values

    _, window, outcomes, log_policy, values = one(state, jax.random.key(1))
    present = np.asarray(window.segments != NO_SEGMENT)
    missing = ~present[..., None]
    np.testing.assert_allclose(np.where(missing, 0, log_policy), np.where(missing, 0, window.log_policy), atol=1e-5)
    np.testing.assert_allclose(np.where(missing, 0, values), np.where(missing, 0, window.values), atol=1e-5)
    assert [outcome.rewards.shape[1] for outcome in outcomes] == [2, 3]
    rewards = np.asarray(window.rewards)
    assert not rewards[:4, :, 2].any() and rewards[4:, :, 2].any()
    np.testing.assert_allclose(rewards.sum(axis=-1), 0, atol=1e-4)
    now = rates(learner.config.learn, jnp.zeros(()))
    weights = np.asarray(make_targets(learner.model, learner.config.learn, window, now)[0].weights)
    assert weights[:4].any() and weights[4:].any()


@pytest.mark.slow
def test_both_sizes_are_trained_and_counted(learner):
    state = learner.init(jax.random.key(2))
    state, metrics = learner.step(state)
    assert {"poker_2/vpip", "poker_3/vpip", "poker_3/bb100_seat_2"} <= set(metrics)
    assert "poker_2/bb100_seat_2" not in metrics
    hands = sum(32 * 4 / float(metrics[f"poker_{size}/hand_decisions"][0]) for size in (2, 3))
    assert int(metrics["run/games"][0]) == pytest.approx(hands, abs=0.01)


@pytest.fixture(scope="module")
def agent(learner):
    return Agent(learner.model, learner.model.init(jax.random.key(3)))


@pytest.mark.parametrize("players", [2, 3])
def test_an_agent_sits_at_every_size_it_knows(agent, players):
    blinds = (50, 100)
    first = 1 if players == 2 else 2
    decision = agent.act(Observation(seat=first, hole="AhKd", stacks=[3000] * players, blinds=blinds))
    assert sum(decision.probabilities.values()) == pytest.approx(1)


def test_and_at_no_other(agent):
    with pytest.raises(ValueError, match="trained for 2 or 3 players, but stacks names 4"):
        agent.act(Observation(seat=2, hole="AhKd", stacks=[3000] * 4, blinds=(50, 100)))
    with pytest.raises(UserError, match="--num-players 4 is a table that the agent does not know"):
        check_size(GAME, 4)


@pytest.mark.slow
def test_players_of_different_sizes_meet_where_both_sit():
    """Each reads the same table with its own tokens: scripts that draw nothing win what they win in one layout."""
    wide = tables.make_environment(GAME, 2, stack_bb=20)
    narrow = tables.make_environment(GameConfig(bet_sizes=GAME.bet_sizes), 2, stack_bb=20)
    tight, rock = SCRIPTED["tight_aggressive"], SCRIPTED["rock"]

    def won(first, second):
        ours, theirs = ScriptedPlayer(first, (tight,)), ScriptedPlayer(second, (rock,))
        return play_match(ours, theirs, jax.random.key(0), hands=400).dealt_bb100

    assert won(wide, narrow) == won(narrow, wide) == won(narrow, narrow) != 0


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"table_sizes": (3, 2)}, "--table-sizes 3 2 must rise from 2"),
        ({"table_sizes": (2, 4)}, "at most"),
        ({"table_sizes": (1, 2)}, "--table-sizes 1 2 must rise from 2"),
    ],
)
def test_sizes_that_cannot_be(change, sentence):
    with pytest.raises(UserError, match=sentence):
        check(dataclasses.replace(CONFIG, game=dataclasses.replace(GAME, **change)))


def test_tables_are_shared_out_evenly():
    learn = dataclasses.replace(CONFIG.learn, parallel_games=9, batch_size=0)
    with pytest.raises(UserError, match="--parallel-games 9 cannot be shared out evenly over the 2 table sizes"):
        Learner(dataclasses.replace(CONFIG, learn=learn))


def test_frozen_opponents_need_one_size():
    learn = dataclasses.replace(CONFIG.learn, pool_share=0.5)
    with pytest.raises(UserError, match="at tables of one size only"):
        check(dataclasses.replace(CONFIG, learn=learn))
