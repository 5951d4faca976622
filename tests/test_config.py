"""Config: what is refused, with which words, and that it survives JSON."""

from __future__ import annotations

import dataclasses
import json

import pytest

from pokerjax.checks import MOST_CHIPS, check, minibatch_tables
from pokerjax.config import (
    Config,
    GameConfig,
    LearnConfig,
    ModelConfig,
    RunConfig,
    UserError,
    differences,
    from_json,
    to_json,
)
from pokerjax.poker.rules import MAX_CHIPS


def test_defaults_are_valid_and_hashable():
    assert check(Config()) == Config()
    hash(Config())


def test_json_round_trip():
    config = Config(
        game=GameConfig(bet_sizes=(0.5, 1.0)), model=ModelConfig(d_model=64), run=RunConfig(seed=3)
    )
    assert from_json(json.loads(json.dumps(to_json(config)))) == config


def test_a_config_of_before_a_field_means_what_it_meant():
    """Agents from before there were rivals read none."""
    recorded = to_json(Config())
    del recorded["model"]["rivals"]
    assert from_json(recorded).model == dataclasses.replace(ModelConfig(), rivals=0)
    assert from_json({}).model.rivals == 0


@pytest.mark.parametrize("data", [None, [], "x", {"game": []}, {"game": {}, "model": None}])
def test_what_is_no_recorded_config_is_a_type_error(data):
    """Which those who read one answer in a sentence."""
    with pytest.raises(TypeError):
        from_json(data)


def test_chips_are_bounded_as_in_the_engine():
    assert MOST_CHIPS == MAX_CHIPS


def test_json_of_another_version_names_the_field():
    with pytest.raises(UserError, match=r"game\.wild_cards"):
        from_json({"game": {"wild_cards": 2}})


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (Config(game=GameConfig(num_players=1)), "--num-players 1 is outside 2 to 10"),
        (Config(game=GameConfig(num_players=11)), "--num-players 11"),
        (Config(game=GameConfig(small_blind=200)), "--small-blind 200 must lie between 0 and the big blind"),
        (Config(game=GameConfig(shortest_stack=1.0)), "--deepest-stack 100 must outlast big blind and ante"),
        (Config(game=GameConfig(big_blind=2**30)), "put 214,748,364,800 chips on the table; at most 1,073,741,824"),
        (Config(game=GameConfig(bet_sizes=(50, 75))), "--bet-sizes 50 75 are fractions of the pot, 0.5 for half of it"),
        (Config(run=RunConfig(num_games=2**40)), "must be at most 1073741824"),
        (Config(run=RunConfig(seed=-1)), "--seed -1 must be from 0"),
        (Config(run=RunConfig(evaluate_games=10**10)), "--evaluate-games 10000000000 must be at most 100000000"),
        (Config(learn=LearnConfig(parallel_games=10**12)), "--parallel-games 1000000000000 must be at most"),
        (Config(learn=LearnConfig(iterations_per_call=2**29)), "--iterations-per-call 5368.* must be at most 100000"),
        (Config(run=RunConfig(num_devices=2**29)), "--num-devices 536870912 must be at most 4096"),
        (Config(model=ModelConfig(n_layers=2**16)), "--n-layers 65536 must be at most 1000"),
        (Config(learn=LearnConfig(epochs=1001)), "--epochs 1001 must be at most 1000"),
        (Config(model=ModelConfig(d_model=10**12, n_heads=7)), "--d-model 1000000000000 must be at most 65536"),
        (Config(game=GameConfig(shortest_stack=200.0)), "--shortest-stack 200 and --deepest-stack 100"),
        (Config(game=GameConfig(bet_sizes=(1.0, 0.5))), "--bet-sizes 1 0.5 must be positive"),
        (Config(game=GameConfig(bet_sizes=(float("nan"),))), "--bet-sizes nan"),
        (Config(game=GameConfig(shortest_stack=1.004, deepest_stack=1.004)), "must outlast big blind"),  # 100 chips
        (Config(game=GameConfig(max_decisions=3)), "--max-decisions 3 is too small for 2 players"),
        (
            Config(model=ModelConfig(d_model=100, n_heads=8)),
            "does not divide --d-model 100; use --n-heads 10",
        ),
        (Config(model=ModelConfig(n_layers=0)), "--n-layers 0 must be at least 1"),
        (Config(model=ModelConfig(rivals=1327)), "--rivals 1327 is more than there are hands; use at most 1326"),
        (Config(model=ModelConfig(rivals=-1)), "--rivals -1 must be at least 0"),
        (Config(learn=LearnConfig(tremble_end=2.0)), "--tremble-end 2 must lie between 0 and 1"),
        (Config(learn=LearnConfig(random_seats=-0.5)), "--random-seats -0.5 must lie between 0 and 1"),
        (Config(learn=LearnConfig(learning_rate=float("nan"))), "--learning-rate nan must be a positive"),
        (Config(learn=LearnConfig(dual_clip=1.0)), "--dual-clip 1"),
        (Config(run=RunConfig(num_games=0)), "--num-games 0 must be at least 1"),
        (Config(game=GameConfig(bet_sizes=[0.5])), r"game.bet_sizes = \[0.5\] must be of type tuple"),  # type: ignore[arg-type]
        (Config(game=GameConfig(num_players="2")), "game.num_players = '2' must be of type int"),  # type: ignore[arg-type]
        (Config(run=RunConfig(device="cuda")), "run.device = 'cuda' must be of type Literal"),  # type: ignore[arg-type]
        (Config(model=GameConfig()), "config.model must be a ModelConfig"),  # type: ignore[arg-type]
    ],
)
def test_bad_values_are_named(config, words):
    with pytest.raises(UserError, match=words.replace(" (", r" \(")):
        check(config)


@pytest.mark.parametrize(
    ("batch_size", "tables", "devices", "expected"),
    [
        (256, 8, 1, 2), (2048, 8, 1, 8), (100, 8, 1, 1), (384, 8, 1, 4), (64, 12, 2, 2), (700, 12, 2, 6),
        (0, 64, 1, 8), (0, 2, 1, 1), (0, 28, 1, 4), (0, 100, 1, 10), (0, 7, 1, 1), (0, 12, 2, 2), (0, 64, 4, 8),
        (128, 2**30, 1, 1),
    ],
)  # fmt: skip
def test_a_minibatch_is_of_whole_tables_that_can_be_shared_out(batch_size, tables, devices, expected):
    learn = LearnConfig(batch_size=batch_size, rollout_length=128)
    assert minibatch_tables(learn, tables, devices) == expected
    assert tables % expected == 0 and expected % devices == 0


def test_differences_are_listed_by_name():
    ours, theirs = Config(), Config(model=ModelConfig(d_model=64), game=GameConfig(bet_sizes=(1.0,)))
    assert differences(ours, theirs, "model") == ["d_model 448 / 64"]
    assert differences(ours, theirs, "game", "model")[0] == "bet_sizes 0.33 0.5 0.75 1.0 1.5 2.0 / 1.0"
    assert differences(ours, dataclasses.replace(ours, run=RunConfig(seed=9)), "game", "model", "learn") == []
