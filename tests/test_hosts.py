"""Runs of several processes: two real ones on this machine, over gloo, train, evaluate, save, stop and fail as one."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pokerjax import checkpoint, hosts
from pokerjax.checks import check
from pokerjax.config import Config, RunConfig, UserError

ROOT = Path(__file__).parents[1]
PATIENCE = 600  # seconds that two processes get to compile on a busy machine


def launch(run_dir: Path, *flags: str) -> list[subprocess.Popen]:
    """Both processes of a small run of Kuhn poker, one CPU device each."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    sizes = "--d-model 8 --n-layers 1 --parallel-games 16 --batch-size 128 --rollout-length 16 --checkpoint-every 4"
    common = f"--config {ROOT}/configs/kuhn.py {sizes} --evaluate-every 8 --snapshots 0 --run-dir {run_dir}".split()
    meet = ["--coordinator", f"127.0.0.1:{port}", "--num-processes", "2"]
    quick = "--xla_backend_optimization_level=0"  # compiled quickly rather than well
    environment = os.environ | {"PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu", "XLA_FLAGS": quick}
    return [
        subprocess.Popen(
            [sys.executable, "bin/train.py", *common, *meet, "--process-id", str(number), *flags],
            cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for number in range(2)
    ]  # fmt: skip


def outcomes(processes: list[subprocess.Popen]) -> list[tuple[int, str, str]]:
    """Exit status, output and errors of each, when all have ended."""
    try:
        said = [process.communicate(timeout=PATIENCE) for process in processes]
    finally:
        for process in processes:
            process.kill()
    return [(process.returncode, *texts) for process, texts in zip(processes, said, strict=True)]


def wait_for_checkpoint(run_dir: Path, processes: list[subprocess.Popen], iteration: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while not any(int(path.name) >= iteration for path in checkpoint.every(run_dir) if path.name.isdecimal()):
        assert time.monotonic() < deadline
        assert all(process.poll() is None for process in processes), outcomes(processes)
        time.sleep(0.2)


def rows(run_dir: Path) -> list[dict]:
    return [json.loads(line) for line in (run_dir / "metrics.jsonl").read_text().splitlines()]


@pytest.mark.slow
def test_two_processes_train_evaluate_and_save_as_one(tmp_path):
    """Only the first speaks and writes; a signal to the second stops both; together they go on to the end."""
    folder = tmp_path / "run"
    processes = launch(folder, "--num-games", "200000")
    wait_for_checkpoint(folder, processes, 8)
    processes[1].send_signal(signal.SIGTERM)
    (first, shown, errors), (second, silent, _) = outcomes(processes)
    assert (first, second) == (0, 0), errors
    assert "2 cpu" in shown and "go on with the same command and --resume" in shown
    assert not [line for line in silent.splitlines() if not line.startswith("[Gloo]")]
    stopped = checkpoint.read_record(checkpoint.newest(folder))
    assert stopped.num_devices == 2 and stopped.games < 200_000
    whole = rows(folder)
    assert [row["run/iteration"] for row in whole if "run/games" in row] == list(range(1, stopped.iteration + 1))
    assert any("eval/exploitability" in row for row in whole)
    refused = launch(folder, "--num-games", "200000")
    for status, _, errors in outcomes(refused):
        assert status == 2 and ("already holds a run" in errors or "process 0 refused the run" in errors), errors
    # Another number of processes goes on from there: one with one device.
    alone = [
        sys.executable, "bin/train.py", "--config", "configs/kuhn.py", "--d-model", "8", "--n-layers", "1",
        "--parallel-games", "16", "--batch-size", "128", "--rollout-length", "16", "--run-dir", str(folder),
        "--num-games", "200000", "--snapshots", "0", "--resume",
    ]  # fmt: skip
    environment = os.environ | {"PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(alone, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    assert "Played 200," in done.stdout
    assert checkpoint.read_record(folder / "checkpoints" / "final").num_devices == 1


@pytest.mark.slow
@pytest.mark.parametrize("victim", [0, 1])
def test_loss_of_one_ends_the_other_and_the_run_resumes(victim, tmp_path):
    folder = tmp_path / "run"
    processes = launch(folder, "--num-games", "1000000")
    wait_for_checkpoint(folder, processes, 8)
    processes[victim].kill()
    started = time.monotonic()
    ended = outcomes(processes)
    assert time.monotonic() - started < 60
    status, _, errors = ended[1 - victim]
    # Ours where a sum over the devices failed first, JAX's own where the heartbeat was missed first.
    sentences = ("start all of them again with --resume", "another task died")
    assert status not in (0, 2) and any(sentence in errors for sentence in sentences), (status, errors)
    saved = checkpoint.read_record(checkpoint.newest(folder)).iteration
    resumed = launch(folder, "--num-games", "1000000", "--resume")
    wait_for_checkpoint(folder, resumed, saved + 4)
    resumed[0].send_signal(signal.SIGTERM)
    assert [status for status, *_ in outcomes(resumed)] == [0, 0]
    iterations = [row["run/iteration"] for row in rows(folder) if "run/games" in row]
    assert iterations == list(range(1, len(iterations) + 1))  # nothing twice, nothing missing


@pytest.mark.parametrize(
    ("run", "words"),
    [
        ({"num_processes": 2}, "--num-processes 2 needs --coordinator HOST:PORT"),
        ({"coordinator": "node7"}, "--coordinator node7 must be HOST:PORT or auto"),
        ({"coordinator": "node7:9000"}, "--num-processes 0 must be at least 1"),
        ({"coordinator": "node7:9000", "num_processes": 2, "process_id": 2}, "--process-id 2 must lie from 0 to 1"),
    ],
)
def test_mistakes_are_named(run, words):
    with pytest.raises(UserError, match=words):
        check(Config(run=RunConfig(**run)))


def test_auto_outside_of_a_cluster_is_a_mistake():
    """JAX finds no launcher here, and the sentence says where to look."""
    code = "from pokerjax import config, hosts; hosts.join(config.RunConfig(coordinator='auto'))"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SLURM", "OMPI", "KUBE"))}
    environment |= {"PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120)
    assert "--coordinator auto: " in done.stderr and "see docs/scaling.md" in done.stderr


def test_alone_everything_is_a_plain_call():
    called = []
    hosts.on_first(lambda: called.append(1))
    assert called == [1] and hosts.is_first() and not hosts.are_several()
    assert hosts.from_first(2.5) == 2.5
    agreement = hosts.Agreement()
    assert agreement.reached(True) and not agreement.reached(False)
    with pytest.raises(ValueError, match="as it was"), hosts.Together():
        raise ValueError("as it was")
