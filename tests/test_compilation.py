"""Compiled programs are kept: what a first start compiles, a second one reads."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import jax
import pytest

from pokerjax import device

ROOT = Path(__file__).parents[1]
FLAGS = (
    "--config configs/kuhn.py --d-model 8 --n-layers 1 --parallel-games 16 --batch-size 128 --rollout-length 16"
    " --num-games 300 --evaluate-every 2 --device cpu"
)
COUNTING = """
import sys
from jax import monitoring
from pokerjax.commandline import load_config
events = []
monitoring.register_event_listener(lambda name, **_: events.append(name))
from pokerjax.train import train
train(load_config(sys.argv[1:]))
counts = [events.count("/jax/compilation_cache/" + name) for name in ("cache_misses", "cache_hits")]
print("compiled", *counts)
"""


@pytest.mark.slow
def test_a_second_start_compiles_nothing(tmp_path):
    """Evaluations and checkpoints included, in the cache of the user, which needs no asking for."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(tmp_path / "cache")}

    def start(name: str) -> tuple[int, int]:
        command = [sys.executable, "-c", COUNTING, *FLAGS.split(), "--run-dir", str(tmp_path / name)]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=900)
        assert done.returncode == 0, done.stderr
        assert re.search(r"First step done [0-9.]+ s after the start", done.stdout)
        misses, hits = re.search(r"compiled (\d+) (\d+)", done.stdout).groups()
        return int(misses), int(hits)

    misses, _ = start("first")
    assert misses > 10 and any((tmp_path / "cache" / "pokerjax" / "xla").iterdir())
    assert start("second") == (0, misses)


@pytest.fixture
def no_cache(monkeypatch):
    """No folder for compiled programs in JAX's settings, and theirs again afterwards."""
    before = jax.config.values["jax_compilation_cache_dir"]
    jax.config.update("jax_compilation_cache_dir", None)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    yield
    jax.config.update("jax_compilation_cache_dir", before)


def test_the_cache_lies_where_it_can(no_cache, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "own"))
    assert device.use_compilation_cache() == tmp_path / "own" / "pokerjax" / "xla"
    assert device.use_compilation_cache(tmp_path / "named") == tmp_path / "named"
    jax.config.update("jax_compilation_cache_dir", "gs://of/jax")  # as JAX_COMPILATION_CACHE_DIR does
    assert str(device.use_compilation_cache()) == "gs:/of/jax"
    assert jax.config.values["jax_compilation_cache_dir"] == "gs://of/jax"


def test_without_a_place_for_it_there_is_no_cache(no_cache, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert device.use_compilation_cache() is None

    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", homeless)
    assert device.use_compilation_cache() is None
    assert jax.config.values["jax_compilation_cache_dir"] is None
