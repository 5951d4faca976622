"""The ladder: ratings against known strengths, and the whole way from two checkpoints to a table."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pokerjax.checkpoint import Checkpoints, Record
from pokerjax.config import Config, GameConfig, ModelConfig, RunConfig, UserError
from pokerjax.env.tables import make_environment
from pokerjax.evaluate import MatchResult, ladder
from pokerjax.model.transformer import Model

EVALUATE = Path(__file__).parents[1] / "bin" / "evaluate.py"


@pytest.fixture(scope="module")
def evaluate():
    """`main` of bin/evaluate.py."""
    spec = importlib.util.spec_from_file_location("evaluate_command", EVALUATE)
    assert spec and spec.loader
    module = sys.modules["evaluate_command"] = importlib.util.module_from_spec(spec)  # where dataclasses look
    spec.loader.exec_module(module)
    return module.main


def result(mean: float, ci95: float) -> MatchResult:
    return MatchResult(
        bb100=mean, ci95=ci95, method="", dealt_bb100=mean, dealt_ci95=ci95, hands=2, seconds=0.0, vpip=0.0, pfr=0.0
    )


def test_two_contestants_share_the_difference():
    rating, ci95, misfit = ladder.rate({(0, 1): result(30.0, 8.0)})
    np.testing.assert_allclose(rating, [15, -15])
    np.testing.assert_allclose(ci95, [4, 4])  # half the difference each, and half its error
    assert np.isnan(misfit)


def test_exact_results_give_exact_ratings_and_a_cycle_shows_as_misfit():
    strength = np.array([40.0, -10.0, -30.0])
    exact = {(i, j): result(strength[i] - strength[j], 5.0 + i) for i in range(3) for j in range(i)}
    ratings = ladder.rate(exact)
    np.testing.assert_allclose(ratings.rating, strength, atol=1e-9)
    assert ratings.misfit == pytest.approx(0, abs=1e-12)
    rock_paper_scissors = {(0, 1): result(20, 1.96), (1, 2): result(20, 1.96), (2, 0): result(20, 1.96)}
    ratings = ladder.rate(rock_paper_scissors)
    np.testing.assert_allclose(ratings.rating, 0, atol=1e-9)
    assert ratings.misfit == pytest.approx(3 * 20**2)  # one degree of freedom: three results, two differences


def test_a_match_without_spread_counts_for_a_hundred_others_at_most():
    """Two hands that came out alike say 0.0 +- 0.0; the other two matches, exact to 2 bb/100, say 10 in place of 50."""
    ratings = ladder.rate({(0, 1): result(50.0, 0.0), (1, 2): result(10.0, 2.0), (0, 2): result(20.0, 2.0)})
    assert 49 < ratings.rating[0] - ratings.rating[1] < 49.9


def test_intervals_hold_known_strengths_as_often_as_they_say():
    """Synthetic results with errors of very different size; 500 ladders of 6."""
    rng = np.random.default_rng(0)
    covered, misfits, errors = [], [], []
    for _ in range(500):
        strength = rng.normal(0, 50, 6)
        strength -= strength.mean()
        results = {}
        for i in range(6):
            for j in range(i + 1, 6):
                error = rng.uniform(1, 30)
                results[i, j] = result(rng.normal(strength[i] - strength[j], error), 1.96 * error)
        ratings = ladder.rate(results)
        covered.append(np.abs(ratings.rating - strength) < ratings.ci95)
        errors.append(ratings.rating - strength)
        misfits.append(ratings.misfit)
        assert ratings.rating.sum() == pytest.approx(0, abs=1e-6)
    assert 0.93 < np.mean(covered) < 0.97  # 3,000 intervals of 95 %, a sigma is about half a per cent
    assert abs(np.mean(errors, axis=0)).max() < 4 * np.std(errors) / np.sqrt(500)
    assert np.mean(misfits) == pytest.approx(1, abs=0.1)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run folder with checkpoints 1 (folds, or checks) and 2 (always all-in), the end being 2 again."""
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    config = Config(
        game=GameConfig(bet_sizes=(1.0,)),
        model=ModelConfig(d_model=8, n_layers=1, n_heads=1),
        run=RunConfig(run_dir=str(folder)),
    )
    model = Model(make_environment(config.game), config.model)
    params = jax.jit(model.init)(jax.random.key(0))
    with Checkpoints(folder, keep=5) as checkpoints:
        for iteration, logits in ((1, [99.0, 40.0, 0.0, 0.0]), (2, [0.0, 0.0, 0.0, 99.0])):
            average = params | {"policy": params["policy"] | {"bias": jnp.array(logits)}}
            record = Record(config=config, iteration=iteration, games=100 * iteration, seconds=1.0, environment={})
            checkpoints.save({"average": average}, record)
        checkpoints.save_final({"average": average}, record)
    return folder


def test_ladder_of_a_run_by_the_command(run, evaluate, capsys, tmp_path):
    picture = tmp_path / "ladder.svg"
    evaluate([str(run), "--ladder", "--num-games", "600", "--plot", str(picture), "--device", "cpu"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split()[:3] == ["#1", "tiny/final", "200"]  # in the place of checkpoint 2, which is the same
    assert lines[2].split()[:3] == ["#2", "tiny/1", "100"]
    assert "nan" not in lines[-1]  # two ratings always explain one result
    assert picture.stat().st_size > 1000
    evaluate([str(run), str(run / "checkpoints" / "1"), "--ladder", "--num-games", "600", "--json", "--device", "cpu"])
    data = json.loads(capsys.readouterr().out)
    best, worst = data["ratings"]
    assert (Path(best["checkpoint"]).name, best["games_trained"]) == ("final", 200)
    # It wins a small blind, then a big blind.
    assert (best["rating"], worst["rating"]) == pytest.approx((37.5, -37.5))
    [match] = data["matches"]
    assert match["bb100"] == pytest.approx(-75)
    assert Path(match["checkpoint"]).name == "1"


def test_mistakes_are_one_sentence(run, evaluate):
    with pytest.raises(UserError, match="needs two checkpoints or more"):
        ladder.find_contestants([str(run / "checkpoints" / "1")])
    with pytest.raises(UserError, match="several runs are for --ladder"):
        evaluate([str(run), str(run)])
    with pytest.raises(UserError, match="add --ladder"):
        evaluate([str(run), "--plot", "a.png"])
