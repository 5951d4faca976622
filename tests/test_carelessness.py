"""Agents that are told how careless their table is: in training hand by hand, and afterwards by whoever asks them."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_agent import tiny_agent

from pokerjax import checkpoint
from pokerjax.agents import Observation, create_llm_agent
from pokerjax.checks import check
from pokerjax.config import Config, GameConfig, LearnConfig, ModelConfig, UserError
from pokerjax.env import tokens
from pokerjax.env.tables import make_environment
from pokerjax.evaluate.contest import export_agent, load, told
from pokerjax.learn import slips
from pokerjax.learn.learner import Learner
from pokerjax.learn.rollout import carry_prefix
from pokerjax.model.attention import NO_SEGMENT
from pokerjax.model.transformer import Model, at_carelessness
from pokerjax.play import spots
from pokerjax.play.session import new_session
from pokerjax.play.study import Study

TINY = ModelConfig(d_model=8, n_layers=1, n_heads=1, rivals=0, told_carelessness=True)
PLACE = tokens.SINGLE_FIELDS.index("carelessness")


@pytest.fixture(scope="module")
def model():
    return Model(make_environment(GameConfig()), TINY)


@pytest.fixture(scope="module")
def params(model):
    return model.init(jax.random.key(0))


@pytest.fixture(scope="module")
def sequence(model):
    return jax.jit(model.sequence)


@pytest.mark.parametrize(
    ("carelessness", "share", "random_seats"),
    [(0, 0, 0), (0.375, 0.1, 0), (0.75, 0.2, 0), (0.875, 0.2, 0.25), (1, 0.2, 0.5)],
)
def test_first_slips_become_more_and_then_seats_at_random(carelessness, share, random_seats):
    found = slips.among_careless(jnp.float32(carelessness), 0.2, 0.5)
    np.testing.assert_allclose(found, (share, random_seats), atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.integers(0, 1000))
def test_parameters_that_are_always_told_act_as_those_that_read_it(model, sequence, params, thousandths, other):
    """Whatever their tokens say then; and what is told makes a difference."""
    read = jax.random.randint(jax.random.key(1), (2, 3, model.environment.layout.width), 0, 4)
    segments = jnp.zeros((2, 3), jnp.int32)

    def logits(parameters, number):
        return np.asarray(sequence(parameters, read.at[..., PLACE].set(number), segments)[0])

    always = at_carelessness(params, thousandths / tokens.CARELESSNESS_UNIT)
    np.testing.assert_allclose(logits(always, other), logits(params, thousandths), atol=1e-6)
    assert abs(thousandths - other) < 50 or np.abs(logits(params, other) - logits(params, thousandths)).max() > 1e-6


def test_a_hand_keeps_its_carelessness_and_its_seats_slip_by_it():
    """All seats of a hand are told the same over the ends of rollouts; slips are rare where it is little, and where it
    is much some seats play at random."""
    learn = LearnConfig(parallel_games=256, rollout_length=6, tremble=0.2, random_seats=0.5)
    learner = Learner(check(Config(game=GameConfig(variant="leduc"), model=TINY, learn=learn)))
    state, play = learner.init(jax.random.key(0)), jax.jit(learner.play)
    found: dict[tuple[int, int], list[int]] = {}
    levels, shares, spanning = [], [], 0
    for number in range(3):
        by_size, window, *_ = play(state, jax.random.key(number))
        prefix = carry_prefix(learner.model.environment, window, by_size[0].hands)
        state = dataclasses.replace(state, tables=by_size, prefix=prefix)
        before, window = set(found), jax.device_get(window)
        for table, place in zip(*np.nonzero(window.segments != NO_SEGMENT), strict=True):
            hand = (int(table), int(window.segments[table, place]) // 2)
            spanning += hand in before
            found.setdefault(hand, []).append(int(window.tokens[table, place, PLACE]))
        present = window.segments != NO_SEGMENT
        levels.append(window.tokens[..., PLACE][present] / tokens.CARELESSNESS_UNIT)
        shares.append(window.slips.sum(axis=-1)[present])
    assert spanning > 10
    assert all(len(set(said)) == 1 for said in found.values())
    hands = np.array([said[0] for said in found.values()]) / tokens.CARELESSNESS_UNIT
    assert abs(hands.mean() - 0.5) < 4 * 12**-0.5 / len(hands) ** 0.5
    level, share = np.concatenate(levels), np.concatenate(shares)
    assert share[level < 0.05].mean() < 0.02
    middle = share[(level > 0.65) & (level < 0.75)]
    assert abs(middle.mean() - 0.187) < 0.06
    at_random = np.isclose(share, 1, atol=1e-5)
    assert 0.25 < at_random[level > 0.9].mean() < 0.55
    assert at_random[level < 0.75].mean() < 0.02


def test_nobody_is_told_where_nobody_slips():
    """Tables with frozen opponents are told of no carelessness, the others of theirs."""
    learn = LearnConfig(parallel_games=32, rollout_length=4, tremble=0.2, pool_share=0.5, pool_size=2)
    learner = Learner(check(Config(game=GameConfig(variant="leduc"), model=TINY, learn=learn)))
    window = jax.jit(learner.play)(learner.init(jax.random.key(0)), jax.random.key(0))[1]
    said = np.asarray(window.tokens[:, -learn.rollout_length :, PLACE])
    assert (said[:16] > 0).mean() > 0.9
    assert not said[16:].any()


def test_training_on_what_it_is_told_needs_slips_unless_it_exploits():
    with pytest.raises(UserError, match=r"--told-carelessness needs seats that slip: add --tremble 0\.2"):
        check(Config(model=TINY))
    check(Config(model=TINY, learn=LearnConfig(random_seats=0.1)))


@pytest.fixture(scope="module")
def saved(model, params, tmp_path_factory):
    """An agent that can be told, whose choices depend on it."""
    far = params | {"embed": params["embed"] | {"kernel": params["embed"]["kernel"].at[-13:].multiply(20)}}
    far |= {"policy": jax.tree.map(lambda leaf: 60 * leaf, params["policy"])}
    record = checkpoint.Record(config=Config(model=TINY), iteration=1, games=9, seconds=1.0, environment={})
    folder = tmp_path_factory.mktemp("told") / "agent"
    checkpoint.export_parameters(far, record, folder)
    return folder


def test_what_an_agent_is_told_is_exported_with_it(saved, tmp_path):
    """It then plays as the agent that is told, is named so, and is told nothing else."""
    spot = Observation(hole="9c8c", stacks=[10_000] * 2, blinds=(50, 100), seat=1)
    agent = told(load(saved), 0.8)
    export_agent(agent, tmp_path / "careless")
    again = load(tmp_path / "careless")
    assert again.carelessness == 0.8
    assert again.label.endswith("careless, told of carelessness 0.8")
    by_folder = create_llm_agent(model_path=tmp_path / "careless").act(spot).probabilities
    asked = create_llm_agent(model_path=saved, carelessness=0.8).act(spot).probabilities
    plain = create_llm_agent(model_path=saved).act(spot).probabilities
    unknown = create_llm_agent(model_path=saved, carelessness=tokens.UNTOLD).act(spot).probabilities
    assert by_folder == pytest.approx(asked, abs=1e-6)
    assert unknown == pytest.approx(plain, abs=1e-6)
    assert max(abs(asked[action] - plain[action]) for action in plain) > 0.01
    with pytest.raises(UserError, match=r"was exported to be told 0\.8; name the checkpoint that it was exported from"):
        told(again, 0.5)


def test_what_cannot_be_told_is_said(saved):
    with pytest.raises(UserError, match=r"--carelessness 1\.5 must be from 0, for tables where nobody slips, to 1"):
        told(load(saved), 1.5)
    with pytest.raises(UserError, match="--carelessness nan must be from 0"):
        create_llm_agent(model_path=saved, carelessness=float("nan"))
    model = dataclasses.replace(TINY, told_carelessness=False)
    untold = dataclasses.replace(load(saved), config=Config(model=model))
    with pytest.raises(UserError, match="is for agents that were trained with --told-carelessness, and this one was"):
        told(untold, 0.5)


def test_a_table_of_the_page_may_tell_its_agents(saved):
    agent = create_llm_agent(model_path=saved)
    assert agent.can_be_told
    at_table = new_session(agent, carelessness=0.75).agent
    assert (at_table.carelessness, at_table.can_be_told, agent.carelessness) == (0.75, False, None)
    spot = Observation(hole="9c8c", stacks=[10_000] * 2, blinds=(50, 100), seat=1)
    assert at_table.act(spot).probabilities == agent.told(0.75).act(spot).probabilities
    with pytest.raises(ValueError, match=r"this agent was exported to be told 0\.75"):
        new_session(at_table, carelessness=0.5)
    with pytest.raises(ValueError, match="trained with --told-carelessness, and this one was not"):
        new_session(tiny_agent(), carelessness=0.5)


def test_study_and_replay_may_tell_it_too(saved):
    """Each as the agent that is told, whatever was read before; and a wrong one is a sentence."""
    agent = create_llm_agent(model_path=saved)
    spot = {"stacks": [10_000] * 2, "blinds": [100, 50], "actions": [], "hole": ["", "9c8c"]}
    study, hand = Study(agent), spots.hand_from_spot(spot)
    for told_of in (None, 0.75, 0):
        alone = Study(agent.told(told_of))
        assert study.spot(spot, carelessness=told_of) == alone.spot(spot)
        assert study.replay(hand, told_of) == alone.replay(hand)
    assert study.spot(spot, carelessness=0.75)["chart"]["mix"] != study.spot(spot)["chart"]["mix"]
    assert study.replay(hand, 0.75)["carelessness"] == 0.75
    with pytest.raises(ValueError, match="must be from 0, for tables where nobody slips, to 1"):
        study.spot(spot, carelessness=2.0)
