"""The agent from a plain description: the model's own probabilities, and sentences for what cannot be."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pokerjax import poker
from pokerjax.agents import Agent, Observation, create_llm_agent
from pokerjax.config import GameConfig, ModelConfig, UserError
from pokerjax.env import menu, observations, tables, tokens
from pokerjax.learn.rollout import empty_prefix, fresh_tables, rollout
from pokerjax.model.transformer import Model

SMALL = ModelConfig(d_model=16, n_layers=1, n_heads=2)


def make_agent(players: int, **options) -> Agent:
    model = Model(tables.make_environment(GameConfig(num_players=players)), SMALL)
    params = jax.jit(model.init)(jax.random.key(3))
    # A fresh model is nearly uniform; larger heads make its choices differ from spot to spot.
    params = params | {name: jax.tree.map(lambda x: 30 * x, params[name]) for name in ("policy", "value")}
    return Agent(model, params, **options)


@pytest.fixture(scope="module")
def agent():
    return make_agent(2)


def spot(**changes) -> Observation:
    spot = Observation(seat=1, hole="AhKd", stacks=(10_000, 10_000), blinds=(50, 100))
    return dataclasses.replace(spot, **changes)


@pytest.mark.parametrize("players", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_probabilities_are_those_of_the_rollout(players):
    agent = make_agent(players)
    model, environment, batch = agent.model, agent.model.environment, 4
    key = jax.random.key(players)
    table = fresh_tables(environment, batch, key)
    prefix = empty_prefix(model, batch)
    _, window, _ = jax.jit(rollout, static_argnums=0, static_argnames="length")(
        model, agent.params, (table,), prefix, key, length=24
    )
    window = jax.device_get(jax.tree.map(lambda x: x[:, environment.hand_limit :], window))
    deals = jax.device_get(table.hand)
    compared = 0
    for lane in range(batch):
        actions: list = []
        for step in range(24):
            fields = environment.layout.split(window.tokens[lane, step])
            board = [int(fields[f"board_{i}"]) for i in range(5) if fields[f"board_{i}"] >= 0]
            seat = int(fields["seat"])
            decision = agent.act(
                Observation(
                    seat=seat,
                    hole="".join(poker.card_name(int(card)) for card in deals.hole[seat, :, lane]),
                    board="".join(map(poker.card_name, board)),
                    stacks=deals.starting[:, lane].tolist(),
                    blinds=(50, 100),
                    actions=actions,
                )
            )
            name = menu.names(agent.game.bet_sizes)[window.actions[lane, step]]
            recorded = window.log_policy[lane, step, window.actions[lane, step]]
            assert abs(np.log(decision.probabilities[name]) - recorded) < 1e-5
            compared += 1
            if window.done[lane, step]:
                break  # the first hand of each table
            owed = int(fields["call_amount"])
            raise_to = decision.amounts[name]
            plain = "fold" if name == "fold" else "call" if owed else "check"
            actions.append(("raise", raise_to) if raise_to else plain)
    assert compared > 2 * batch


def test_filled_up_cards_have_no_influence(agent, monkeypatch):
    seen = spot(actions=["call", "check", "check"], board="Ts9d2c", seat=1)
    first = agent.act(seen)

    def from_the_end(environment, observation):
        deal = original(environment, observation)
        used = {*map(int, deal.hole[1]), *map(int, deal.board[:3])}
        others = [card for card in reversed(range(52)) if card not in used]
        hole = deal.hole.at[0].set(jnp.array(others[:2]))
        return poker.Deal(hole=hole, board=deal.board.at[3:].set(jnp.array(others[2:4])))

    original = observations._deal
    monkeypatch.setattr(observations, "_deal", from_the_end)
    second = agent.act(seen)
    assert (first.probabilities, first.value_bb) == (second.probabilities, second.value_bb)


def test_decisions_are_legal_seeded_and_described(agent):
    facing = spot(actions=[("raise", 300), ("raise", 900)])
    decisions = [make_agent(2, seed=7).act(facing) for _ in range(2)]
    assert decisions[0] == decisions[1]
    for _ in range(20):
        decision = agent.act(facing)
        assert decision.action in ("fold", "call", "raise")
        assert (decision.amount > 0) == (decision.action == "raise")
        assert decision.amount == 0 or 1500 <= decision.amount <= 10_000
        assert abs(sum(decision.probabilities.values()) - 1) < 1e-9
        assert decision.amounts["all-in"] == 10_000
    greedy = make_agent(2, greedy=True).act(spot())
    likeliest = max(greedy.probabilities, key=lambda name: greedy.probabilities[name])
    assert greedy.amount == greedy.amounts[likeliest]


def test_check_or_call_is_whichever_it_is(agent):
    named = spot(actions=["call", "check", "check"], board="Ts9d2c")
    either = dataclasses.replace(named, actions=["check/call"] * 3)
    assert agent.act(named).probabilities == agent.act(either).probabilities


def test_a_history_longer_than_any_of_self_play(agent):
    level, last, actions = 100, 100, []
    for _ in range(30):
        level += last
        actions.append(("raise", level))
    decision = agent.act(spot(actions=actions))
    assert decision.action in ("fold", "call")  # the menu offers no more raises


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"stacks": (100, 100, 100)}, "trained for 2 players, but stacks names 3"),
        ({"seat": 2}, "seat 2 must be from 0 to 1"),
        ({"hole": "AhAh"}, "Ah is there twice"),
        ({"hole": "Ah"}, "must name two cards"),
        ({"hole": "AhXd"}, '"Xd" is no card'),
        ({"board": "Ah2c"}, "must name 0, 3, 4 or 5 cards"),
        ({"board": "Ts9d2c"}, "before the flop, which has 0 cards, but board names 3"),
        ({"actions": ["bet"]}, r"actions\[0\] = 'bet' is none"),
        ({"actions": [("raise", 2.5)]}, r"actions\[0\] = \('raise', 2.5\) is none"),
        ({"house": "vegas"}, "house must be"),
        ({"actions": ["check"]}, r"actions\[0\] = 'check': seat 1 owes 50 chips"),
        ({"actions": ["call", "call"]}, r"actions\[1\] = 'call': seat 0 owes nothing"),
        ({"actions": [("raise", 150)]}, "seat 1 may raise to 200 up to 10000"),
        ({"actions": [("raise", 10_000), ("raise", 20_000)]}, r"actions\[1\].*seat 0 may not raise"),
        ({"actions": ["fold", "check"]}, r"actions\[1\] = 'check' comes after the end"),
        ({"actions": ["fold"]}, "The hand is over"),
        ({"actions": ["call"]}, "seat 0 must act, not seat 1"),
        ({"blinds": 50}, "blinds must be"),
        ({"seat": "1"}, "seat '1' must be a whole number"),
        ({"seat": 0.5}, "seat 0.5 must be a whole number"),
        ({"seat": True}, "seat True must be a whole number"),
        ({"actions": [("raise", True)]}, r"actions\[0\] = \('raise', True\) is none"),
        ({"stacks": 5}, "stacks = 5 must be a list"),
        ({"actions": None}, "actions = None must be a list"),
        ({"stacks": np.array(5)}, r"stacks = array\(5\) must be a list"),
        ({"blinds": None}, "blinds = None must be the pair"),
        ({"actions": [(np.array([1, 2]), 300)]}, r"actions\[0\] = .* is none: write"),
    ],
)
def test_impossible_descriptions(agent, changes, words):
    with pytest.raises(ValueError, match=words):
        agent.act(spot(**changes))


def test_a_seed_is_a_whole_number_from_0_on():
    with pytest.raises(UserError, match="seed -1 must be a whole number from 0 on"):
        create_llm_agent(model_path="", device="cpu", seed=-1)


def test_missing_run():
    with pytest.raises(UserError, match="There is no run or checkpoint at nowhere"):
        create_llm_agent(model_path="nowhere", device="cpu")


def test_tokens_of_the_replay_hold_every_action():
    environment = make_agent(3).model.environment
    observation = Observation(
        seat=0, hole="AhKd", stacks=(10_000,) * 3, blinds=(50, 100), actions=["call", "call", ("raise", 400)]
    )
    with pytest.raises(ValueError, match="seat 2 must act"):
        observations.replay_checked(environment, observation)
    observation = dataclasses.replace(observation, actions=["call", "call", ("raise", 400), "fold"])
    history = observations.replay_checked(environment, observation)
    assert len(history.tokens) == 2
    kinds = environment.layout.split(history.tokens[-1])["events"][:, 1].tolist()
    assert [kind for kind in kinds if kind] == [tokens.CALLED, tokens.RAISED, tokens.FOLDED]
