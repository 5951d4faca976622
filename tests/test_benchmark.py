"""The benchmark command: what is measured is poker, and what is printed has the fields of the contract."""

import importlib.util
import json
import random
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pokerjax import poker
from pokerjax.benchmark import attention, loop, report, simulation, timing
from pokerjax.benchmark.training import flops_per_decision
from pokerjax.commandline import UserError
from pokerjax.config import Config, GameConfig, LearnConfig, ModelConfig
from pokerjax.env.tables import make_environment
from pokerjax.learn.learner import Learner
from pokerjax.learn.rollout import fresh_tables

ROOT = Path(__file__).parents[1]
COMMON = {
    "benchmark", "device", "num_players", "tables", "decisions_per_second", "hands_per_second", "seconds",
    "versions", "commit",
}  # fmt: skip
# The config of tests/test_training.py, so that both have the train step from the cache of compiled programs.
CONFIG_FILE = """
from pokerjax.config import Config, GameConfig, LearnConfig, ModelConfig, RunConfig

config = Config(
    game=GameConfig(bet_sizes=(0.5, 1.0)),
    model=ModelConfig(d_model=64, n_layers=2, n_heads=2),
    learn=LearnConfig(parallel_games=8, rollout_length=16, batch_size=64),
    run=RunConfig(num_games=2_000),
)
"""


@pytest.fixture(scope="module")
def main():
    spec = importlib.util.spec_from_file_location("benchmark_command", ROOT / "bin" / "benchmark.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where the types of its dataclasses are looked up
    spec.loader.exec_module(module)
    return module.main


def objects(capsys) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def positive(result: dict, *names: str) -> None:
    assert all(result[name] > 0 for name in names), {name: result[name] for name in names}


def test_engine_loop_conserves_chips():
    game = GameConfig(num_players=3, shortest_stack=5, deepest_stack=50, unequal_stacks=True)
    environment = make_environment(game)

    @jax.jit
    def run(table_key, key):
        return simulation.play(environment, fresh_tables(environment, 64, table_key).hand, key, length=40)

    state, hands, won = run(jax.random.key(0), jax.random.key(1))
    assert hands > 64
    assert np.any(won) and not np.any(np.sum(won, axis=0))
    np.testing.assert_array_equal(jnp.sum(state.stacks, axis=0) + state.pot, jnp.sum(state.starting, axis=0))
    assert not np.any(state.done)


def test_random_action_is_uniform_over_what_is_legal():
    def legal(fold, call, raises):
        amounts = {"call_amount": 0, "min_raise_to": 200 if raises else 0, "max_raise_to": 299 if raises else 0}
        return poker.Legal(*map(jnp.asarray, (fold, call, raises)), **{k: jnp.int32(v) for k, v in amounts.items()})

    draw = jax.jit(simulation.random_action)
    bits = jax.random.bits(jax.random.key(0), (2, 60_000), jnp.uint32)
    for fold, call, raises in [(True, True, True), (False, True, True), (True, True, False), (False, True, False)]:
        actions = np.asarray(draw(legal(fold, call, raises), bits))
        kinds = np.stack([actions == poker.FOLD, actions == poker.CALL, actions > 0])
        expected = np.array([fold, call, raises]) / (fold + call + raises)
        np.testing.assert_allclose(kinds.mean(axis=1), expected, atol=0.01)  # 5 sigma
        if raises:
            counts = np.bincount(actions[actions > 0], minlength=300)
            assert not counts[:200].any() and counts.size == 300 and counts[200:].min() > 0


def test_strength_checksum_is_the_sum_of_the_strengths():
    cards = jax.jit(simulation.random_hands, static_argnums=0)(512, jax.random.key(0))
    assert all(len(set(hand)) == 7 for hand in np.asarray(cards).T)
    strengths = np.asarray(jax.jit(jax.vmap(poker.strength))(cards.T), np.uint64)
    assert int(simulation.strength_checksum(cards, jnp.int32(1))) == strengths.sum() % 2**32
    # Renaming suits changes no strength.
    assert int(simulation.strength_checksum(cards, jnp.int32(4))) == 4 * strengths.sum() % 2**32


def test_engine_prints_an_object_for_each_measurement(main, capsys):
    flags = "--num-players 2 --tables 4 --length 8 --seconds 0.01 --environment --json --device cpu"
    main(["engine", *flags.split()])
    results = objects(capsys)
    names = [(result["benchmark"], result["num_players"], result["tables"]) for result in results]
    assert names == [("engine", 2, 4), ("environment", 2, 4)]
    for result in results:
        assert set(result) >= COMMON and result["device"] == "cpu"
        positive(result, "decisions_per_second", "hands_per_second", "seconds")
        assert result["hands_per_second"] < result["decisions_per_second"] <= result["best_decisions_per_second"]
        assert "jax" in result["versions"]


@pytest.mark.slow
def test_engine_draws_its_growth(main, tmp_path):
    pytest.importorskip("matplotlib")
    flags = "--num-players 2 --tables 4 8 --length 4 --seconds 0.01 --device cpu --plot"
    main(["engine", *flags.split(), str(tmp_path / "new" / "growth.svg")])
    picture = (tmp_path / "new" / "growth.svg").read_text()
    assert "<svg" in picture and picture.count("stroke: #1f77b4") > 1
    with pytest.raises(UserError, match=r"growth\.nonsense must end in a format that matplotlib writes"):
        main(["engine", *flags.split(), str(tmp_path / "growth.nonsense")])


@pytest.mark.parametrize(("name", "module"), [("OpenSpiel universal_poker", "pyspiel"), ("PokerKit", "pokerkit")])
@pytest.mark.filterwarnings("ignore")  # PokerKit warns of unusual hands
def test_peers_play_whole_hands(name, module):
    pytest.importorskip(module)
    path = ROOT / "bin" / "peers.py"
    peers = importlib.util.module_from_spec(spec := importlib.util.spec_from_file_location("peers", path))
    spec.loader.exec_module(peers)
    rng = random.Random(0)
    for players in (2, 6):
        counts = [peers.PEERS[name][1](players, rng) for _ in range(30)]
        assert all(hands == 1 and 1 <= decisions < 200 for decisions, hands in counts)
        assert sum(decisions for decisions, _ in counts) > 60  # more than two a hand


def test_strength_prints_an_object(main, capsys):
    main(["strength", "--hands", "256", "--seconds", "0.01", "--json"])
    (result,) = objects(capsys)
    assert set(result) >= COMMON
    positive(result, "hands_per_second", "best_hands_per_second", "seconds", "checksum")


@pytest.mark.slow
def test_train_prints_an_object(main, capsys, tmp_path, monkeypatch):
    path = tmp_path / "small.py"
    path.write_text(CONFIG_FILE)
    monkeypatch.setattr("pokerjax.benchmark.training._SQUARES", {"cpu": (16,)})
    monkeypatch.setattr("pokerjax.benchmark.training._SECONDS", 0.01)
    monkeypatch.setattr("pokerjax.benchmark.floor._COPIED", 1 << 10)
    monkeypatch.setattr("pokerjax.benchmark.loop._SECONDS", 0.05)
    main(["train", "--config", str(path), "--d-model", "16", "--iterations", "2", "--json"])
    (result,) = objects(capsys)
    assert set(result) >= COMMON | {"parameters", "shares_of_step", "compile_seconds", "peak_memory_bytes"}
    positive(result, "decisions_per_second", "hands_per_second", "seconds", "parameters", "flops_per_decision")
    positive(result, "program_bytes", "peak_process_bytes", "first_step_seconds", "bare_call_seconds")
    assert result["first_step_seconds"] > result["compile_seconds"]
    assert 0 < result["padding_share"] < 1 and -1 < result["host_gap_share"] < 1
    positive(result, "matmul_peak_flops_per_second", "model_flops_utilization", "hardware_flops_utilization")
    assert result["iterations"] == 2 and result["tables"] == 8 and result["matmul_parameters"] < 20_000
    assert set(result["matmul_flops_per_second"]) == {"16x16x16", "160x16x64", "160x16x48", "8x16x64"}
    floors = result["floors"]
    assert set(floors) == {"engine", "rollout_model", "magnet", "update"}
    assert floors["update"]["flops_per_decision"] == 3 * floors["magnet"]["flops_per_decision"]
    spent = sum(part["flops_per_decision"] for part in floors.values())
    assert result["flops_per_decision_all"] < spent < 2 * result["flops_per_decision_all"]  # attention comes on top
    shares = result["shares_of_step"]
    assert set(shares) == {"engine", "rollout_model", "returns", "magnet", "update", "everything_else"}
    assert sum(shares.values()) == pytest.approx(1)
    used = result["decisions_per_second"] * result["flops_per_decision"] / result["matmul_peak_flops_per_second"]
    assert result["model_flops_utilization"] == pytest.approx(used)
    assert "of the matrix rate" in report.text(result)


@pytest.mark.slow
def test_scaling_varies_one_thing_at_a_time(main, capsys, tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    monkeypatch.setattr("pokerjax.benchmark.scaling.AXES", {"tables": (8, 16), "layers": (2,)})
    monkeypatch.setattr(jax.config, "update", lambda name, value: None)  # the devices are there already
    path = tmp_path / "small.py"
    path.write_text(CONFIG_FILE.replace("d_model=64", "d_model=16"))
    main(["scaling", "--config", str(path), "--iterations", "2", "--json", "--plot", str(tmp_path)])
    results = objects(capsys)
    points = [(point["axis"], point["value"], point["tables"], point["rollout_length"]) for point in results]
    assert points == [("tables", 8, 8, 16), ("tables", 16, 16, 16), ("layers", 2, 8, 16)]
    for point in results:
        assert set(point) >= COMMON
        positive(point, "decisions_per_second", "hands_per_second", "program_bytes")
    assert {path.name for path in tmp_path.glob("*.svg")} == {"scaling_tables.svg", "scaling_layers.svg"}


class Still:
    """A learner that learns nothing, and must not be asked to compile its step again."""

    num_parameters, parallel_games, batch_tables, decisions_per_iteration, num_devices = 1, 2, 1, 16, 1
    config = Config()

    def init(self, key):
        return jnp.int32(0)

    def compile(self):
        raise AssertionError("the loop is to run the step that it was given")


def test_the_loop_runs_the_given_step_and_ends():
    step = jax.jit(lambda games: (games + 1, {"run/games": games[None], "loss/policy": jnp.ones((1,))}))
    took, worked = loop._loop(Still(), step, 5)
    assert 0 < took < 10 and 0 < worked < 10


@pytest.mark.slow
def test_host_compares_the_loop_with_bare_calls(main, capsys, tmp_path, monkeypatch):
    path = tmp_path / "small.py"
    path.write_text(CONFIG_FILE.replace("d_model=64", "d_model=16"))
    monkeypatch.setattr("pokerjax.benchmark.loop._SECONDS", 0.05)
    main(["host", "--config", str(path), "--iterations", "6", "--json"])
    (result,) = objects(capsys)
    assert set(result) >= {"benchmark", "device", "tables", "versions", "commit"} and len(result["host_gaps"]) == 6
    positive(result, "loop_call_seconds", "bare_call_seconds", "host_work_share")
    low, high = result["host_gap_interval"]
    assert (low, high) == (min(result["host_gaps"]), max(result["host_gaps"]))
    assert "the loop's thread works" in report.text(result)


@pytest.mark.slow
def test_ways_of_attention_agree_and_are_timed(main, capsys, tmp_path):
    keys = jax.random.split(jax.random.key(0), 3)
    q, k, v = (jax.random.normal(key, (2, 30, 2, 4)) for key in keys)
    segments = jnp.broadcast_to(jnp.arange(30) // 6 * 2 + jnp.arange(30) % 2, (2, 30))
    ours = attention.blocked(12)(q, k, v, segments)
    np.testing.assert_allclose(ours, attention.full(q, k, v, segments), atol=1e-5)
    np.testing.assert_allclose(ours, attention.library(q, k, v, segments), atol=1e-5)
    path = tmp_path / "small.py"
    path.write_text(CONFIG_FILE.replace("d_model=64", "d_model=8").replace("rollout_length=16", "rollout_length=32"))
    main(["attention", "--config", str(path), "--json", "--iterations", "1"])
    results = objects(capsys)
    assert [result["way"] for result in results] == ["blocked", "full", "jax.nn.dot_product_attention"]
    assert all(result["microseconds_per_token"] > 0 and result["places"] == 56 for result in results)


def test_flops_of_a_decision_on_literal_numbers():
    game = GameConfig(num_players=2, max_decisions=16)
    model = ModelConfig(d_model=16, n_layers=1, n_heads=2)
    learner = Learner(Config(game=game, model=model, learn=LearnConfig(parallel_games=4, rollout_length=32, epochs=2)))
    weights = learner.model.num_matmul_parameters
    least, spent = flops_per_decision(learner)
    assert least == 14 * weights
    # Half as many places of prefix as decisions: act 2 + 1, magnet 2 + 1, two epochs of 6 + 3.
    assert spent == 24 * weights


def test_the_interval_of_a_median_on_literal_numbers():
    """Of 20 values it reaches from the 6th to the 15th (tables of the sign test: 5 heads of 20 have 2.07 %)."""
    values = [float(x) for x in range(1, 21)]
    assert loop.median_interval(values[::-1]) == (6.0, 15.0)
    assert loop.median_interval(values[:6]) == (1.0, 6.0)  # 2 / 64 lie outside; of five values 2 / 32 would
    assert loop.median_interval([*values[:19], 1e9]) == (6.0, 15.0)


def test_measure_counts_neither_warming_up_nor_more_than_asked():
    calls = []
    result = timing.measure(lambda: calls.append(None), seconds=0.0, least=3)
    assert len(calls) == 4 and len(result.seconds) == 3
    assert result.best <= result.median <= result.total


def test_table_for_people(main, capsys):
    flags = "--num-players 2 --tables 4 --length 8 --seconds 0.01"
    main(["engine", *flags.split()])
    lines = capsys.readouterr().out.splitlines()
    assert "decisions/s" in lines[2] and lines[3].startswith("engine") and len(lines) == 4
    assert len(lines[2]) == len(lines[3])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("", r"^Name a benchmark: engine, strength, train, host, scaling, attention\."),
        ("speed", "There is no benchmark speed"),
        ("engine --num-players 11", "--num-players 11 is outside 2 to 10"),
        ("engine --tabels 3", r"Unknown flag --tabels; did you mean --tables\?"),
        ("strength --hands 0", "--hands 0 must be at least 1"),
        ("train --iterations x", "--iterations.*x"),
        ("train --iterations 0", "--iterations 0 must be at least 1"),
        ("host --iterations 1", "--iterations 1: the interval of a gap takes at least 6 rounds"),
        ("scaling --axes chairs", "--axes chairs: there are tables, players, layers"),
        ("scaling --parallel-games 12 --batch-size 96", "--parallel-games 12: name the tables, a multiple of 8"),
        ("train --config nowhere.py", "There is no config file nowhere.py"),
        ("train --config configs/quick.py --d-modle 3", r"Unknown flag --d-modle; did you mean --d-model\?"),
    ],
)
def test_mistakes_are_answered_in_a_sentence(main, arguments, words, monkeypatch):
    monkeypatch.setattr(jax.config, "update", lambda name, value: None)  # JAX has started already
    monkeypatch.chdir(ROOT)
    with pytest.raises(UserError, match=words):
        main(arguments.split())
