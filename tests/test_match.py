"""Matches: exact results where they are known, and intervals that hold what they should."""

from __future__ import annotations

import dataclasses
import json

import jax
import numpy as np
import pytest

from pokerjax import poker
from pokerjax.config import Config, GameConfig, ModelConfig, RunConfig, UserError
from pokerjax.env.tables import make_environment
from pokerjax.evaluate import (
    SCRIPTED,
    ModelPlayer,
    ScriptedPlayer,
    during_training,
    match,
    play_match,
    play_opponents,
    report,
)
from pokerjax.evaluate.contest import Contestant, find_opponent
from pokerjax.model.transformer import Model

GAME = GameConfig(num_players=2)
SMALL = ModelConfig(d_model=16, n_layers=1, n_heads=2)
KEY = jax.random.key(5)


def always_fold(layout, decision, key):
    """For tests: fold even when a check is free."""
    return jax.numpy.int32(poker.FOLD)


def scripted(name: str, game: GameConfig = GAME) -> ScriptedPlayer:
    return ScriptedPlayer(make_environment(game), (SCRIPTED[name],))


@pytest.fixture(scope="module")
def model():
    return Model(make_environment(GAME), SMALL)


@pytest.fixture(scope="module")
def params(model):
    params = jax.jit(model.init)(jax.random.key(1))
    return params | {"policy": jax.tree.map(lambda x: 30 * x, params["policy"])}


def test_folder_loses_exactly_the_blinds():
    folder = ScriptedPlayer(make_environment(GAME), (always_fold,))
    for opponent in ("always_call", "always_all_in"):
        result = play_match(folder, scripted(opponent), KEY, hands=1001)
        assert (result.bb100, result.ci95, result.hands) == (-75, 0, 1002)
        assert (result.vpip, result.pfr) == (0, 0)


@pytest.mark.slow
def test_equal_stacks_all_in_cancel_in_every_deal():
    result = play_match(scripted("always_call"), scripted("always_all_in"), KEY, hands=1000)
    assert (result.bb100, result.ci95, result.vpip, result.pfr) == (0, 0, 1, 0)


def test_three_players_share_the_pot_fairly():
    game = GameConfig(num_players=3)
    result = play_match(scripted("always_call", game), scripted("always_call", game), KEY, hands=3000)
    assert result.hands == 3000
    assert abs(result.bb100) < 1e-3  # the three seats of a deal add up to nothing
    assert result.ci95 < 1e-3
    assert result.vpip == pytest.approx(2 / 3)  # the big blind checks


def test_a_player_against_itself_is_even(model, params):
    player = ModelPlayer(model)
    result = play_match(player, player, KEY, hands=4000, params=params, opponent_params=params)
    assert result.dealt_ci95 > 50  # actions are sampled, so deals do not cancel
    assert result.ci95 < result.dealt_ci95 / 2
    assert abs(result.dealt_bb100) < 2 * result.dealt_ci95  # 4 sigma, seed 5
    assert abs(result.bb100) < 2 * result.ci95


@pytest.mark.slow
def test_interval_holds_the_mean_of_many_matches(model, params):
    player, opponent = ModelPlayer(model), scripted("always_call")
    results = [play_match(player, opponent, jax.random.key(k), hands=600, params=params) for k in range(30)]
    means = np.array([result.bb100 for result in results])
    spread, claimed = means.std(ddof=1), np.mean([result.ci95 for result in results]) / 1.96
    assert 0.6 < spread / claimed < 1.5  # 30 matches: 13 % is a sigma


@pytest.mark.slow
def test_results_repeat_and_nothing_is_compiled_twice(model, params):
    player, opponent = ModelPlayer(model), scripted("always_call")
    first = play_match(player, opponent, KEY, hands=600, params=params)
    program = match._program(player, opponent, match._num_tables(player, opponent, 300))
    compiled = program._cache_size()
    again = ModelPlayer(Model(make_environment(GAME), SMALL))  # equal, not the same object
    second = play_match(again, scripted("always_call"), KEY, hands=600, params=params)
    assert dataclasses.replace(second, seconds=0) == dataclasses.replace(first, seconds=0)
    play_match(player, opponent, jax.random.key(8), hands=602, params=jax.tree.map(lambda x: x / 2, params))
    assert program._cache_size() == compiled == 1


@pytest.mark.slow
def test_number_of_tables_does_not_favour_quick_hands(model, params, monkeypatch):
    """Against a caller long hands cost most; with fewer deals a table the mean must stay the same."""
    player, opponent = ModelPlayer(model), scripted("always_call")
    wide = play_match(player, opponent, KEY, hands=4096, params=params)
    monkeypatch.setattr(match, "DEALS_PER_TABLE", 1)
    narrow = play_match(player, opponent, KEY, hands=4096, params=params)
    assert narrow.hands == wide.hands
    # The same deals, other draws of the actions: 3.5 sigma of a difference.
    assert abs(narrow.bb100 - wide.bb100) < 3.5 * np.hypot(narrow.ci95, wide.ci95) / 1.96


@pytest.mark.slow
def test_during_training_names_its_metrics(model, params, tmp_path):
    run = RunConfig(evaluate_games=600, opponents=("always_call",), run_dir=str(tmp_path))
    config = Config(game=GAME, model=SMALL, run=run)
    metrics = during_training(config)(params, KEY, 50)
    player, number = find_opponent("always_call", model.environment)
    direct = play_match(ModelPlayer(model), player, KEY, hands=600, params=params, opponent_params=number)
    assert metrics == {"eval/always_call_bb100": direct.bb100, "eval/always_call_ci95": direct.ci95}
    assert (tmp_path / "hands" / "50.phhs").read_text().count("variant") == 20
    with pytest.raises(UserError, match="did you mean always_call"):
        during_training(dataclasses.replace(config, run=RunConfig(opponents=("always_calls",))))


@pytest.fixture
def agent(model, params, tmp_path):
    return Contestant(tmp_path, Config(game=GAME, model=SMALL), 1234, ModelPlayer(model), params)


def test_one_program_plays_every_script(agent):
    results = dict(play_opponents(agent, list(SCRIPTED), KEY, hands=600))
    number_of_programs = match._program.cache_info().currsize
    dict(play_opponents(agent, ["rock", "random"], KEY, hands=600))
    assert match._program.cache_info().currsize == number_of_programs
    assert len({result.bb100 for result in results.values()}) == len(SCRIPTED)


def test_report(agent):
    results = dict(play_opponents(agent, ["always_call"], KEY, hands=600))
    data = json.loads(report.to_json(agent, results))
    assert data["players"] == 2
    assert data["games_trained"] == 1234
    [row] = data["results"]
    counts = {"hands", "seconds", "vpip", "pfr"}
    assert set(row) == {"opponent", "bb100", "ci95", "low", "high", "dealt_bb100", "dealt_ci95", "method"} | counts
    assert report.footnote(results) == f"Luck taken out of bb/100: {match.ALL_INS}."
    assert row["low"] < row["bb100"] < row["high"]
    line = report.table_row(["always_call"], "always_call", results["always_call"])
    assert report.table_head(["always_call"]).index("verdict") == line.rindex(report.verdict(results["always_call"]))


@pytest.mark.slow
def test_opponent_from_another_run(agent, model, params, monkeypatch):
    """Another action menu is fine, another game is not."""
    menu = dataclasses.replace(GAME, bet_sizes=(1.0,), max_decisions=20)
    other = Model(make_environment(menu), ModelConfig(d_model=8, n_layers=1, n_heads=1))
    loaded = Contestant(agent.path, Config(game=menu), 1, ModelPlayer(other), jax.jit(other.init)(KEY))
    monkeypatch.setattr("pokerjax.evaluate.contest.load", lambda path: loaded)
    [(_, result)] = play_opponents(agent, ["runs/other"], KEY, hands=64)
    assert result.hands == 64
    deep = dataclasses.replace(loaded, config=Config(game=GameConfig(big_blind=200)))
    monkeypatch.setattr("pokerjax.evaluate.contest.load", lambda path: deep)
    with pytest.raises(UserError, match=r"another game .* big_blind 100 / 200"):
        find_opponent("runs/other", agent.player.environment)
    crowd = dataclasses.replace(loaded, config=Config(game=GameConfig(num_players=3)))
    monkeypatch.setattr("pokerjax.evaluate.contest.load", lambda path: crowd)
    with pytest.raises(UserError, match=r"--num-players 2 is a table that the agent does not know; .* trained for 3"):
        find_opponent("runs/other", agent.player.environment)


def test_opponents_that_are_not_there():
    with pytest.raises(UserError, match="There is no run or checkpoint at runs/nowhere"):
        find_opponent("runs/nowhere", GAME)
    with pytest.raises(UserError, match=r"There is no scripted player rok; did you mean rock\?"):
        find_opponent("rok", GAME)
