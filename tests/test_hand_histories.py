"""Sampled hands: PokerKit loads the files and replays every hand to the payoffs that were recorded."""

from __future__ import annotations

import dataclasses
import tomllib
import warnings
from types import SimpleNamespace

import jax
import numpy as np
import pytest

from pokerjax.config import Config, GameConfig, ModelConfig, check
from pokerjax.env import tokens
from pokerjax.env.tables import make_environment
from pokerjax.evaluate import hands
from pokerjax.evaluate.hands import Hand, sample_hands, to_phh, write_phhs
from pokerjax.evaluate.players import ModelPlayer
from pokerjax.model.transformer import Model

SHALLOW = {"shortest_stack": 2.0, "deepest_stack": 60.0, "unequal_stacks": True}


def sample(num_players: int, count: int, seed: int = 3, **game) -> list[Hand]:
    """Hands of an untrained model, which plays nearly at random and so sees every kind of action."""
    game = check(Config(game=GameConfig(num_players=num_players, bet_sizes=(0.5, 1.0), **game))).game
    model = Model(make_environment(game), ModelConfig(d_model=8, n_layers=1, n_heads=1))
    params = jax.jit(model.init)(jax.random.key(0))
    # Fewer folds: more hands go far.
    bias = params["policy"]["bias"].at[0].add(-1.0)
    params = params | {"policy": params["policy"] | {"bias": bias}}
    return sample_hands(ModelPlayer(model), params, jax.random.key(seed), hands=count)


def replay(path) -> list:
    """PokerKit's hand histories of a file, each with its last state."""
    pokerkit = pytest.importorskip("pokerkit")
    with path.open("rb") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PokerKit warns of short all-ins and the like
        histories = list(pokerkit.HandHistory.load_all(file))
        return [(history, list(history)[-1]) for history in histories]


@pytest.mark.parametrize(("num_players", "ante"), [(2, 0), (2, 20), (3, 0), (3, 20)])
def test_pokerkit_replays_to_the_same_stacks(tmp_path, num_players, ante):
    sampled = sample(num_players, 60, ante=ante, **SHALLOW)
    write_phhs(tmp_path / "hands" / "7.phhs", sampled, iteration=7)
    replayed = replay(tmp_path / "hands" / "7.phhs")
    assert len(replayed) == len(sampled) == 60
    for hand, (history, state) in zip(sampled, replayed, strict=True):
        assert not state.status, hand
        assert state.payoffs == list(hand.payoffs), hand
        assert state.stacks == history.finishing_stacks, hand
        assert history.user_defined_fields == {"_iteration": 7}
        forced = history.blinds_or_straddles[::-1] if num_players == 2 else history.blinds_or_straddles
        assert forced[0 if num_players == 2 else 1] == hand.game.big_blind
    streets = [hand.actions[-1][0] for hand in sampled]
    assert {hand.showdown != () for hand in sampled} == {True, False}
    assert {0, 3} <= set(streets)
    assert any(hand.showdown and street < 3 for hand, street in zip(sampled, streets, strict=True)), "all-in early"


def test_hands_repeat_by_the_key():
    first = sample(2, 60, **SHALLOW)
    assert sample(2, 60, **SHALLOW) == first
    assert sample(2, 60, seed=4, **SHALLOW) != first
    assert all(sum(hand.payoffs) == 0 for hand in first)
    assert len({hand.hole for hand in first}) == 60


def example(**changes) -> Hand:
    hand = Hand(
        game=GameConfig(num_players=2),
        starting_stacks=(1000, 1000),
        hole=("AhKd", "7c7d"),
        board=("Ks", "8d", "3c", "2h", "9s"),
        actions=((0, 1, "cbr 300"), (0, 0, "cc"), (1, 0, "cbr 700"), (1, 1, "cc")),
        showdown=(0, 1),
        payoffs=(1000, -1000),
    )
    return dataclasses.replace(hand, **changes)


def test_a_hand_as_written():
    """Heads-up p1 is the big blind, though the blinds are listed small first; all-in hands show, then run out."""
    assert tomllib.loads(to_phh(example())) == {
        "variant": "NT",
        "antes": [0, 0],
        "blinds_or_straddles": [50, 100],
        "min_bet": 100,
        "starting_stacks": [1000, 1000],
        "actions": [
            *("d dh p1 AhKd", "d dh p2 7c7d", "p2 cbr 300", "p1 cc", "d db Ks8d3c", "p1 cbr 700", "p2 cc"),
            *("p1 sm AhKd", "p2 sm 7c7d", "d db 2h", "d db 9s"),
        ],
        "finishing_stacks": [2000, 0],
    }


def test_a_hand_without_showdown_keeps_its_board_hidden():
    written = tomllib.loads(to_phh(example(actions=((0, 1, "f"),), showdown=(), payoffs=(50, -50))))
    assert written["actions"] == ["d dh p1 AhKd", "d dh p2 7c7d", "p2 f"]
    assert written["finishing_stacks"] == [1050, 950]


def test_a_raise_that_nobody_can_call_is_written_as_a_call(tmp_path):
    """The button is all-in for as much as the big blind has in all; the small blind has more and raises."""
    words = ["cbr 500", "cc # raises to 1000, which nobody can call", "cc"]
    faced = SimpleNamespace(actor=0, level=500, folded=np.zeros(3, bool))
    faced.bets, faced.stacks = np.array([50, 100, 500]), np.array([950, 400, 0])
    assert hands._word(faced, 1000, tokens.RAISED) == words[1]
    faced.stacks[1] += 1
    assert hands._word(faced, 1000, tokens.RAISED) == "cbr 1000"
    hand = example(
        game=GameConfig(num_players=3),
        starting_stacks=(1000, 500, 500),
        hole=("AhKd", "7c7d", "QcJc"),
        actions=tuple(zip((0, 0, 0), (2, 0, 1), words, strict=True)),
        showdown=(0, 1, 2),
        payoffs=(1000, -500, -500),
    )
    write_phhs(tmp_path / "1.phhs", [hand], iteration=1)
    [(history, state)] = replay(tmp_path / "1.phhs")
    assert state.payoffs == list(hand.payoffs)
    assert state.stacks == history.finishing_stacks
