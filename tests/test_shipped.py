"""The agent that ships with pokerjax: it loads without training, sits where its card says, and is small."""

import jax
import numpy as np
import pytest

from pokerjax import checkpoint
from pokerjax.agents import Observation, create_llm_agent
from pokerjax.config import Config, ModelConfig
from pokerjax.env.tables import make_environment
from pokerjax.evaluate.contest import at_temperature, export_agent, find_opponent, load, seat
from pokerjax.evaluate.ladder import find_contestants
from pokerjax.model.transformer import Model


@pytest.fixture(scope="module")
def agent():
    return create_llm_agent(model_path="")


def test_it_fits_into_the_package():
    files = [path for folder in checkpoint.SHIPPED.values() for path in folder.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 40e6
    for folder in checkpoint.SHIPPED.values():
        assert (folder / "CARD.md").read_text().startswith("# ")


def test_it_goes_by_a_name_wherever_an_agent_is_asked_for():
    ships = checkpoint.SHIPPED
    assert checkpoint.resolve("shipped") == checkpoint.resolve("") == checkpoint.resolve(ships["shipped"])
    assert checkpoint.resolve("shipped/told") == checkpoint.resolve(ships["shipped/told"])
    six_handed = seat(load("shipped"), 6).player.environment
    player, params = find_opponent("shipped", six_handed)
    assert player.environment.num_players == 6
    assert {leaf.dtype.name for leaf in jax.tree.leaves(params)} == {"float32"}


def test_the_second_can_be_told_and_plays_by_it():
    spot = Observation(hole="AhAd", stacks=[10_000] * 2, blinds=(50, 100), seat=1)
    told = create_llm_agent(model_path="shipped/told")
    assert told.can_be_told
    plain, careless = told.act(spot).probabilities, told.told(1.0).act(spot).probabilities
    assert max(abs(plain[name] - careless[name]) for name in plain) > 0.1
    assert told.told(0.2).act(spot).probabilities == pytest.approx(plain, abs=1e-6)


def test_what_was_trained_in_bfloat16_ships_in_it_and_acts_in_float32_on_a_cpu(tmp_path):
    config = Config(model=ModelConfig(d_model=32, n_layers=1, n_heads=2, compute_dtype="bfloat16"))
    model = Model(make_environment(config.game), config.model)
    params = model.init(jax.random.key(0))
    record = checkpoint.Record(config=config, iteration=1, games=9, seconds=1.0, environment={})
    checkpoint.export_parameters(params, record, tmp_path / "whole")
    export_agent(load(tmp_path / "whole"), tmp_path / "half")
    found = load(tmp_path / "half")
    assert found.player.model.config.compute_dtype == "float32"
    rounded = model.in_compute_type(params)
    for ours, theirs in zip(jax.tree.leaves(rounded), jax.tree.leaves(found.params), strict=True):
        np.testing.assert_array_equal(np.asarray(ours, np.float32), theirs)
    sizes = [sum(f.stat().st_size for f in (tmp_path / name).rglob("*") if f.is_file()) for name in ("whole", "half")]
    assert sizes[1] < 0.7 * sizes[0]


def test_a_temperature_is_exported_with_the_policy(agent, tmp_path):
    """At half the temperature every probability is squared, up to their sum; the record says what was done."""
    cold = at_temperature(load("shipped"), 0.5)
    record = checkpoint.read_record(cold.path)
    folder = tmp_path / "cold"
    export_agent(cold, folder)
    assert load(folder).temperature == record.temperature / 2
    checkpoint.export_parameters(cold.params, record, folder.with_name("beside"))  # of the same iteration
    rungs = find_contestants(["shipped", str(folder), str(folder.with_name("beside"))])
    assert [rung.run for rung in rungs] == [checkpoint.SHIPPED["shipped"], folder, folder.with_name("beside")]
    spot = Observation(hole="9c8c", stacks=[10_000] * 2, blinds=(50, 100), seat=1)
    warm = agent.act(spot).probabilities
    squares = {action: share**2 for action, share in warm.items()}
    expected = {action: square / sum(squares.values()) for action, square in squares.items()}
    assert create_llm_agent(model_path=folder).act(spot).probabilities == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(("players", "depth"), [(2, 100), (3, 20), (6, 200)])
def test_it_plays_the_hands_that_everybody_plays(agent, players, depth):
    """First to act with aces it does not fold, and values them above seven-deuce."""
    seat = 1 if players == 2 else 2
    spots = {"stacks": [100 * depth] * players, "blinds": (50, 100), "seat": seat}
    aces, rags = (agent.act(Observation(hole=hole, **spots)) for hole in ("AsAh", "7c2d"))
    assert aces.probabilities["fold"] < 0.05
    assert aces.value_bb > rags.value_bb
    assert rags.probabilities["fold"] > aces.probabilities["fold"]
