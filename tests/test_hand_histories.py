"""Sampled hands: PokerKit loads the files and replays every hand to the payoffs that were recorded."""

from __future__ import annotations

import warnings
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pokerjax import poker
from pokerjax.checks import check
from pokerjax.config import Config, GameConfig, ModelConfig, UserError
from pokerjax.env.tables import make_environment
from pokerjax.evaluate.contest import SAMPLED_HANDS, Contestant, write_matches
from pokerjax.evaluate.hands import sample_hands, write_hands
from pokerjax.evaluate.players import ModelPlayer
from pokerjax.model.transformer import Model

SHALLOW = {"shortest_stack": 2.0, "deepest_stack": 60.0, "unequal_stacks": True}


def sample(num_players: int, count: int, seed: int = 3, **game) -> list[poker.Hand]:
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


def test_hands_end_against_an_opponent_who_may_raise_for_longer():
    """The agent's menu stops offering raises after 4 decisions, the opponent's after 52; stacks are for many raises."""
    short, long = (
        make_environment(GameConfig(bet_sizes=(0.5,), shortest_stack=2000, deepest_stack=2000, max_decisions=most))
        for most in (12, 60)
    )
    model = Model(short, ModelConfig(d_model=8, n_layers=1, n_heads=1))
    params = jax.jit(model.init)(jax.random.key(0))
    eager = params | {"policy": params["policy"] | {"bias": jnp.array([-9.0, 0.0, 2.0, -9.0])}}
    opponent = ModelPlayer(Model(long, model.config), long)
    sampled = sample_hands(
        ModelPlayer(model), eager, jax.random.key(0), hands=32, opponent=opponent, opponent_params=eager
    )
    assert max(len(hand.actions) for hand in sampled) > 12  # or nothing would have been cut
    for hand in sampled:
        played = poker.replay(hand)
        assert played.error is None and not played.unfinished
        assert played.payoffs.tolist() == [b - a for a, b in zip(hand.stacks, hand.finishing_stacks, strict=True)]


@pytest.mark.parametrize(("num_players", "ante"), [(3, 20)])
def test_pokerkit_replays_to_the_same_stacks(tmp_path, num_players, ante):
    sampled = sample(num_players, 60, ante=ante, **SHALLOW)
    write_hands(tmp_path / "hands" / "7.phhs", sampled, iteration=7)
    replayed = replay(tmp_path / "hands" / "7.phhs")
    ours = poker.replay_many(sampled)
    assert len(replayed) == len(sampled) == 60
    for hand, mine, (history, state) in zip(sampled, ours, replayed, strict=True):
        assert mine.error is None, hand
        assert not state.status, hand
        assert state.payoffs == mine.payoffs.tolist(), hand
        assert state.stacks == history.finishing_stacks == list(hand.finishing_stacks), hand
        assert history.user_defined_fields == {"_iteration": 7}
        forced = history.blinds_or_straddles[::-1] if num_players == 2 else history.blinds_or_straddles
        assert forced[0 if num_players == 2 else 1] == hand.big_blind
    streets = [hand.streets[-1] for hand in sampled]
    showdown = [np.count_nonzero(~mine.states.folded[-1]) > 1 for mine in ours]
    assert set(showdown) == {True, False}
    assert {0, 3} <= set(streets)
    assert any(shown and street < 3 for shown, street in zip(showdown, streets, strict=True)), "all-in early"


def test_hands_repeat_by_the_key():
    first = sample(2, 60, **SHALLOW)
    assert sample(2, 60, **SHALLOW) == first
    assert sample(2, 60, seed=4, **SHALLOW) != first
    assert all(sum(hand.finishing_stacks) == sum(hand.stacks) for hand in first)
    assert len({hand.hole for hand in first}) == 60


def test_a_board_ends_where_the_hand_did():
    cards = {0: 0, 1: 3, 2: 4, 3: 5}
    seen = set()
    for mine in poker.replay_many(sample(2, 60, **SHALLOW)):
        street = int(mine.states.street[-1])
        seen.add(street)
        assert len(mine.hand.board) == cards[street]
    assert {0, 3} <= seen


@pytest.mark.slow
def test_hands_of_matches_name_who_played(tmp_path):
    """Three players of unequal stacks, where the scripts also name raises that the rules must cut down."""
    config = check(
        Config(game=GameConfig(num_players=3, **SHALLOW), model=ModelConfig(d_model=8, n_layers=1, n_heads=1))
    )
    model = Model(make_environment(config.game), config.model)
    params = jax.jit(model.init)(jax.random.key(0))
    agent = Contestant(Path("run"), config, games=0, player=ModelPlayer(model), params=params, iteration=5)
    path = tmp_path / "new" / "match.phhs"
    opponents = ["always_call", "random"]
    assert write_matches(path, agent, opponents, jax.random.key(1)) == 2 * SAMPLED_HANDS
    hands = poker.read_phhs(path.read_text())
    assert [mine.error for mine in poker.replay_many(hands)] == [None] * len(hands)
    for number, hand in enumerate(hands):
        name, ours = opponents[number // SAMPLED_HANDS], number % SAMPLED_HANDS % 3
        assert hand.fields["players"] == ["agent" if seat == ours else name for seat in range(3)]
        assert hand.fields["_iteration"] == 5
        theirs = {action for action, seat in zip(hand.actions, hand.actors, strict=True) if seat != ours}
        assert name != "always_call" or theirs <= {poker.CALL}
    assert {-1} < {action for hand in hands for action in hand.actions}
    with pytest.raises(
        UserError, match=r"--hands .*match.phhs/x.phhs cannot be written: (Not a directory|File exists)\."
    ):
        write_matches(path / "x.phhs", agent, opponents, jax.random.key(1))
