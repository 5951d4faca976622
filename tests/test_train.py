"""The host loop with a small fake learner: resuming, stopping, refusing. The real one: test_training.py."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import pytest

from pokerjax import checkpoint, runfolder
from pokerjax.checks import check
from pokerjax.config import Config, GameConfig, LearnConfig, ModelConfig, RunConfig, UserError
from pokerjax.ledger import _EVALUATION_STREAM
from pokerjax.train import run


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class State:
    params: Any
    average: Any
    key: jax.Array
    games: jax.Array


class FakeLearner:
    """Draws its loss from the key and ends 3 to 8 hands an iteration; may send a signal or diverge."""

    num_parameters, parallel_games, batch_tables, decisions_per_iteration, num_devices = 14_600_000, 2, 1, 16, 1

    def __init__(self, config, *, kill_at=0, nan_at=0):
        self.calls, self._kill_at, self._nan_at = 0, kill_at, nan_at
        length = config.learn.iterations_per_call

        def iteration(state, _):
            key, use = jax.random.split(state.key)
            loss = jax.random.normal(use)
            games = state.games + jax.random.randint(use, (), 3, 9)
            params = {"w": state.params["w"] + loss}
            average = {"w": 0.9 * state.average["w"] + 0.1 * params["w"]}
            loss = jnp.where(state.games >= 5 * nan_at, jnp.nan, loss) if nan_at else loss
            return State(params, average, key, games), {"loss/policy": loss, "run/games": games}

        self._step = jax.jit(lambda state: jax.lax.scan(iteration, state, length=length), donate_argnums=0)

    def init(self, key):
        weights = {"w": jnp.zeros(4)}
        return State(weights, jax.tree.map(jnp.copy, weights), key, jnp.int32(0))

    def arranged(self, state, *, before):
        assert before == 1
        return state

    def starting_from(self, state, average):
        return dataclasses.replace(state, params=jax.tree.map(jnp.copy, average), average=average)

    def compile(self):
        return self.step

    def step(self, state):
        self.calls += 1
        if self.calls == self._kill_at:
            os.kill(os.getpid(), signal.SIGTERM)
        return self._step(state)


def evaluate(average, key, iteration):
    noise = jax.random.normal(key)
    return {"eval/random_bb100": float(average["w"][0] + noise), "eval/random_ci95": 1.0}


@pytest.fixture
def config(tmp_path):
    settings = RunConfig(
        num_games=150, run_dir=str(tmp_path / "run"), checkpoint_every=4, evaluate_every=6, keep=2, seed=5
    )
    return Config(run=settings, learn=LearnConfig(iterations_per_call=2))


def with_run(config, **changes):
    return dataclasses.replace(config, run=dataclasses.replace(config.run, **changes))


def rows(config):
    with open(f"{config.run.run_dir}/metrics.jsonl") as file:
        read = [json.loads(line) for line in file]
    return [{name: row[name] for name in row if not name.startswith("speed/")} for row in read]


def final_weights(config):
    abstract = {"w": jax.ShapeDtypeStruct((4,), jnp.float32)}
    return checkpoint.load_parameters(checkpoint.resolve(config.run.run_dir)[0], abstract)["w"].tolist()


def test_a_run_fills_its_folder(config, capsys):
    run(config, FakeLearner(config), evaluate)
    folder = config.run.run_dir
    recorded = json.loads(Path(folder, "config.json").read_text())
    assert recorded["config"]["run"]["seed"] == 5
    assert {"python", "jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "pokerjax"} <= set(
        recorded["versions"]
    )
    assert sorted(os.listdir(folder)) == ["checkpoints", "config.json", "logs", "metrics.jsonl"]
    lines = rows(config)
    training = [row for row in lines if "loss/policy" in row]
    assert [row["run/iteration"] for row in training] == list(range(1, len(training) + 1))
    assert [row["run/decisions"] for row in training] == [16 * row["run/iteration"] for row in training]
    assert training[-3]["run/games"] < 150 <= training[-1]["run/games"], (
        "the first call to reach it is the last"
    )
    evaluated = [row["run/iteration"] for row in lines if "eval/random_bb100" in row]
    assert evaluated == [0, *range(6, training[-1]["run/iteration"], 6), training[-1]["run/iteration"]]
    record = checkpoint.read_record(checkpoint.newest(folder))
    assert record.games == training[-1]["run/games"]
    shown = capsys.readouterr().out
    assert "14.6 M parameters" in shown
    assert "95 % interval" in shown
    assert f"python bin/evaluate.py {folder}" in shown


@pytest.mark.parametrize("kill_at", [1, 4, 9])
def test_stopped_and_resumed_equals_uninterrupted(config, tmp_path, capsys, kill_at):
    whole = with_run(config, run_dir=str(tmp_path / "whole"))
    run(whole, FakeLearner(whole), evaluate)
    run(config, FakeLearner(config, kill_at=kill_at), evaluate)
    assert "go on with the same command and --resume" in capsys.readouterr().out
    resumed = with_run(config, resume=True)
    runfolder.check_folder(resumed)
    run(resumed, FakeLearner(resumed), evaluate)
    assert rows(config) == rows(whole)
    assert final_weights(config) == final_weights(whole)


def test_killed_and_resumed_equals_uninterrupted(config, tmp_path):
    """After a kill the run goes back to its last checkpoint and logs what followed once more."""

    class Crash(FakeLearner):
        def step(self, state):
            if self.calls == 7:
                raise RuntimeError("power cut")
            return super().step(state)

    whole = with_run(config, run_dir=str(tmp_path / "whole"))
    run(whole, FakeLearner(whole), evaluate)
    with pytest.raises(RuntimeError, match="power cut"):
        run(config, Crash(config), evaluate)
    resumed = with_run(config, resume=True)
    run(resumed, FakeLearner(resumed), evaluate)
    assert rows(config) == rows(whole)
    assert final_weights(config) == final_weights(whole)


def test_a_run_from_a_checkpoint_that_died_before_it_saved_starts_there_again(config, tmp_path):
    run(config, FakeLearner(config), evaluate)
    second = with_run(config, run_dir=str(tmp_path / "second"), checkpoint=config.run.run_dir)

    class Crash(FakeLearner):
        def step(self, state):
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        run(second, Crash(second), evaluate)
    resumed = runfolder.with_recorded(with_run(second, resume=True, checkpoint=""))
    run(resumed, FakeLearner(resumed), evaluate)
    whole = with_run(second, run_dir=str(tmp_path / "whole"))
    run(whole, FakeLearner(whole), evaluate)
    assert final_weights(resumed) == final_weights(whole)
    runfolder.check_folder(resumed)


def test_evaluations_take_nothing_from_the_streams_of_the_training():
    """Of the seed's key those take what it splits into (learner.Learner._init) and number 5 (slips)."""
    key = jax.random.key(3)
    taken = [*jax.random.split(key, 3), jax.random.fold_in(key, 5)]
    stream = jax.random.fold_in(key, _EVALUATION_STREAM)
    assert all(jnp.any(jax.random.key_data(stream) != jax.random.key_data(one)) for one in taken)


def test_an_exploiter_goes_on_against_the_agent_that_it_started_against(config, tmp_path):
    exploits = dataclasses.replace(config, learn=dataclasses.replace(config.learn, opponent="checkpoint"))
    target = tmp_path / "target" / "checkpoints" / "final"
    target.mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "target")
    run(with_run(exploits, checkpoint=str(target), num_games=3), FakeLearner(exploits), evaluate)

    def resumed(given):
        return runfolder.with_recorded(with_run(exploits, resume=True, checkpoint=str(given))).run.checkpoint

    for same in (target, tmp_path / "target", tmp_path / "link", target.parent, tmp_path / "x" / ".." / "target"):
        assert resumed(same) == str(target)
    for other in ("elsewhere", "shipped", tmp_path, target.with_name("12")):
        with pytest.raises(UserError, match=rf"began with .*final, not with --checkpoint {other}; name that one"):
            resumed(other)
    target.rmdir()
    with pytest.raises(UserError, match=r"final, which this run exploits, is gone; begin anew against an agent"):
        resumed(target)


@pytest.mark.parametrize("kill_at", [0, *range(1, 14)])
def test_snapshots_are_spread_over_the_run(config, kill_at):
    """Five of 150 games: four on the way, each by the call in which its share was passed or the next, and the end.

    A stop in whichever call loses none.
    """
    config = with_run(config, snapshots=5, checkpoint_every=1_000, keep=1)
    run(config, FakeLearner(config, kill_at=kill_at), evaluate)
    if kill_at:
        resumed = with_run(config, resume=True)
        run(resumed, FakeLearner(resumed), evaluate)
    *kept, final = checkpoint.every(config.run.run_dir)
    games = [checkpoint.read_record(path).games for path in kept]
    assert final.name == "final"
    calls = [row["run/games"] for row in rows(config) if "loss/policy" in row][1::2]  # two iterations each
    for share in (30, 60, 90, 120):
        passed = [done >= share for done in calls].index(True)
        assert set(calls[passed : passed + 2]) & set(games)
    assert len(games) <= 5  # and perhaps the one that the stop left, which nothing has replaced


def test_resuming_a_finished_run_does_nothing(config, capsys):
    run(config, FakeLearner(config), evaluate)
    before = rows(config)
    learner = FakeLearner(config)
    run(with_run(config, resume=True), learner, evaluate)
    assert learner.calls == 0
    assert rows(config) == before
    assert "is finished" in capsys.readouterr().out


def test_non_finite_loss_stops_and_keeps_the_last_good_checkpoint(config):
    with pytest.raises(
        UserError, match=r"loss/policy is nan at iteration \d+; the last good .*checkpoints/\d+;"
    ):
        run(config, FakeLearner(config, nan_at=10), evaluate)
    path, _ = checkpoint.resolve(config.run.run_dir)
    assert all(map(abs, final_weights(config)))
    assert checkpoint.read_record(path).iteration < max(row["run/iteration"] for row in rows(config))


def test_starts_from_the_averaged_policy_of_a_run_or_an_exported_agent_or_a_copied_target(config, tmp_path):
    run(config, FakeLearner(config), evaluate)
    first, exported = checkpoint.resolve(config.run.run_dir)[0], tmp_path / "exported"
    weights = {"w": jax.ShapeDtypeStruct((4,), jnp.float32)}
    average = checkpoint.load_parameters(first, weights)
    checkpoint.export_parameters(average, checkpoint.read_record(first), exported)
    copies = dataclasses.replace(config.learn, opponent="checkpoint", copy_target=True)
    starts = (("second", config.run.run_dir), config.learn), (("third", str(exported)), config.learn)
    for (name, given), learn in (*starts, (("fourth", config.run.run_dir), copies)):
        second = with_run(config, run_dir=str(tmp_path / name), checkpoint=given, num_games=3)
        second = dataclasses.replace(second, learn=learn)
        run(second, FakeLearner(second), evaluate)
        end = checkpoint.restore(checkpoint.resolve(second.run.run_dir)[0], {"params": weights})["params"]["w"][0]
        moved = sum(row["loss/policy"] for row in rows(second) if "loss/policy" in row)
        assert float(end) == pytest.approx(float(average["w"][0]) + moved, abs=1e-5)
        assert [row["run/iteration"] for row in rows(second)][:2] == [0, 1]


def test_a_run_that_began_from_a_checkpoint_goes_on_by_the_same_command(config, tmp_path):
    """Also where its config file names the checkpoint; one that began from nothing, or from another, is refused."""
    run(config, FakeLearner(config), evaluate)
    second = with_run(config, run_dir=str(tmp_path / "second"), checkpoint=config.run.run_dir, num_games=30)
    run(second, FakeLearner(second, kill_at=2), evaluate)
    resumed = check(with_run(second, resume=True))
    assert runfolder.with_recorded(resumed).run.checkpoint == config.run.run_dir
    runfolder.check_folder(runfolder.with_recorded(resumed))
    run(runfolder.with_recorded(resumed), FakeLearner(resumed), evaluate)
    assert rows(second)[-1]["run/iteration"] > 4
    with pytest.raises(UserError, match=r"began with .*, not with --checkpoint elsewhere; name that one"):
        runfolder.with_recorded(with_run(second, resume=True, checkpoint="elsewhere"))
    with pytest.raises(UserError, match="began from nothing, not with --checkpoint elsewhere; leave it out"):
        runfolder.with_recorded(with_run(config, resume=True, checkpoint="elsewhere"))


def test_other_devices_do_not_change_the_minibatches_of_a_run(config):
    run(config, FakeLearner(config, kill_at=2), evaluate)
    learner = FakeLearner(config)
    learner.num_devices = 2
    with pytest.raises(UserError, match=r"1 devices shared out minibatches of 1 tables, and 2 share out 2; name a"):
        run(with_run(config, resume=True), learner, evaluate)


def test_checkpoint_of_another_model_lists_what_differs(config, tmp_path):
    run(config, FakeLearner(config), evaluate)
    other = with_run(config, run_dir=str(tmp_path / "second"), checkpoint=config.run.run_dir)
    other = dataclasses.replace(other, model=ModelConfig(d_model=64, n_layers=2, compute_dtype="bfloat16"))
    with pytest.raises(UserError, match=r"its / yours\): d_model 448 / 64, n_layers 6 / 2; use its values"):
        run(other, FakeLearner(other), evaluate)
    assert not (tmp_path / "second").exists()


def test_a_checkpoint_goes_on_at_other_tables_and_depths_and_not_with_an_ante(config, tmp_path):
    six = dataclasses.replace(config, game=GameConfig(num_players=6, table_sizes=(2, 6), shortest_stack=20.0))
    run(six, FakeLearner(six), evaluate)
    heads_up = with_run(six, run_dir=str(tmp_path / "second"), checkpoint=config.run.run_dir)
    heads_up = dataclasses.replace(heads_up, game=GameConfig(num_players=6, table_sizes=(2,), deepest_stack=200.0))
    run(heads_up, FakeLearner(heads_up), evaluate)
    narrow = with_run(six, run_dir=str(tmp_path / "third"), checkpoint=config.run.run_dir)
    narrow = dataclasses.replace(narrow, game=GameConfig(num_players=2, ante=10))
    with pytest.raises(UserError, match=r"its / yours\): num_players 6 / 2, ante 0 / 10; use its values"):
        run(narrow, FakeLearner(narrow), evaluate)


def test_a_folder_that_holds_a_run_is_left_alone(config):
    runfolder.check_folder(config)
    run(config, FakeLearner(config), evaluate)
    with pytest.raises(UserError, match="already holds a run; go on with it by --resume"):
        runfolder.check_folder(config)


def test_resuming_needs_the_same_run(config, tmp_path):
    with pytest.raises(UserError, match="There is no run to resume"):
        runfolder.check_folder(with_run(config, resume=True))
    run(config, FakeLearner(config), evaluate)
    changed = dataclasses.replace(config, learn=LearnConfig(iterations_per_call=2, clip=0.1))
    changed = with_run(changed, resume=True, num_games=200, keep=7, evaluate_every=0, device="cpu")
    with pytest.raises(UserError, match=r"\(run / config\): clip 0.2 / 0.1, num_games 150 / 200; use the"):
        runfolder.check_folder(changed)
    runfolder.check_folder(with_run(config, resume=True, keep=7, evaluate_every=0, device="cpu"))
    (tmp_path / "run" / "config.json").write_text("{")
    with pytest.raises(UserError, match=r"config\.json is damaged"):
        runfolder.check_folder(with_run(config, resume=True))


def test_a_resumed_run_keeps_its_tables(config):
    """Left to the device, their number is recorded and taken from there, whatever the device would choose now."""
    left = dataclasses.replace(config, learn=dataclasses.replace(config.learn, parallel_games=0))
    assert runfolder.with_recorded(with_run(left, resume=True)).learn.parallel_games == 0  # no run yet
    run(runfolder.with_tables(left, 2), FakeLearner(config), evaluate)
    resumed = with_run(left, resume=True)
    assert runfolder.with_recorded(resumed).learn.parallel_games == 2
    runfolder.check_folder(runfolder.with_recorded(resumed))
    assert runfolder.with_recorded(left) == left


def test_profile_writes_a_trace_and_says_how_to_open_it(config, capsys):
    run(with_run(config, profile=True), FakeLearner(config), evaluate)
    assert "xprof --logdir" in capsys.readouterr().out


def test_first_signal_is_caught_and_the_handlers_come_back(config):
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    run(config, FakeLearner(config, kill_at=2), evaluate)
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
