"""Checkpoints: bit for bit, safe against donation, self-sufficient, and clear when damaged."""

from __future__ import annotations

import dataclasses
import gc
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from pokerjax import checkpoint
from pokerjax.checkpoint import Checkpoints, Record
from pokerjax.config import Config, ModelConfig, UserError

CONFIG = Config(model=ModelConfig(d_model=64))


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class State:
    """One leaf of every kind that a learner's state may hold."""

    params: Any
    average: Any
    optimizer: Any
    key: jax.Array
    table_keys: jax.Array
    empty: jax.Array
    flags: jax.Array
    iteration: jax.Array


def state(value: float) -> State:
    params = {"layers": [jnp.full((3, 2), value), jnp.arange(2.0)], "head": jnp.ones(3, jnp.bfloat16)}
    key = jax.random.key(int(value))
    return State(
        params=params,
        average=jax.tree.map(lambda x: x / 3, params),
        optimizer=optax.chain(optax.clip(1.0), optax.adam(1e-3)).init(params),
        key=key,
        table_keys=jax.random.split(key, 3),
        empty=jnp.zeros((0, 4)),
        flags=jnp.array([True, False]),
        iteration=jnp.int32(value),
    )


def record(iteration: int) -> Record:
    return Record(config=CONFIG, iteration=iteration, games=10 * iteration, seconds=1.5, environment={"device": "cpu"})


def assert_same_bits(left, right):
    assert jax.tree.structure(left) == jax.tree.structure(right)
    for a, b in zip(jax.tree.leaves(left), jax.tree.leaves(right), strict=True):
        assert a.dtype == b.dtype
        if jnp.issubdtype(a.dtype, jax.dtypes.prng_key):
            a, b = jax.random.key_data(a), jax.random.key_data(b)
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


@pytest.fixture
def saved(tmp_path):
    """A run folder with checkpoints 1 to 6, of which 2 has the best score."""
    with Checkpoints(tmp_path, keep=2) as checkpoints:
        for iteration in range(1, 7):
            score = {2: 9.0, 4: 5.0}.get(iteration)
            checkpoints.save(state(iteration), record(iteration), score=score)
    return tmp_path


def test_state_comes_back_bit_for_bit(saved):
    restored = checkpoint.restore(saved / "checkpoints" / "6", checkpoint.abstract_like(state(0)))
    assert_same_bits(restored, state(6))
    jax.random.uniform(restored.key)


def test_keeps_newest_and_best(saved):
    names = sorted(path.name for path in (saved / "checkpoints").iterdir())
    assert names == ["2", "5", "6"]


def test_snapshots_stay_beside_the_newest_and_the_best(tmp_path):
    """Those of the first part of a resumed run too; a snapshot without a score is not the best."""
    tree = {"average": jnp.ones(2)}
    for iterations in (range(1, 5), range(5, 9)):
        with Checkpoints(tmp_path, keep=1) as checkpoints:
            for iteration in iterations:
                score = {2: 9.0, 3: 1.0, 7: 5.0}.get(iteration)
                checkpoints.save(tree, record(iteration), score=score, snapshot=iteration in (1, 3, 6))
    assert [path.name for path in checkpoint.every(tmp_path)] == ["1", "2", "3", "6", "8"]


def test_no_save_is_skipped_and_donation_is_harmless(tmp_path):
    """Every save is followed by donated steps at once, while it is still being written."""

    @partial(jax.jit, donate_argnums=0)
    def step(tree):
        return jax.tree.map(lambda x: x + 1, tree)

    tree = step({"large": jnp.zeros(2_000_000), "small": [jnp.zeros(5) for _ in range(20)]})
    with Checkpoints(tmp_path, keep=10) as checkpoints:
        for iteration in range(1, 5):
            checkpoints.save(tree, record(iteration))
            tree = step(tree)
    abstract = checkpoint.abstract_like(tree)
    for iteration in range(1, 5):
        restored = checkpoint.restore(tmp_path / "checkpoints" / str(iteration), abstract)
        assert all(bool(jnp.all(leaf == iteration)) for leaf in jax.tree.leaves(restored))


def test_one_folder_is_enough_for_the_averaged_policy(saved):
    folder = saved / "checkpoints" / "5"
    path, config = checkpoint.resolve(folder)
    assert (path, config) == (folder, CONFIG)
    abstract = jax.eval_shape(lambda: state(0).average)
    assert_same_bits(checkpoint.load_parameters(path, abstract), state(5).average)
    assert checkpoint.read_record(path) == record(5)


def test_run_means_final_else_newest(saved):
    assert checkpoint.resolve(saved)[0].name == "6"
    with Checkpoints(saved, keep=2) as checkpoints:
        checkpoints.save_final(state(7), record(7))
    assert checkpoint.resolve(str(saved))[0].name == "final"
    assert checkpoint.resolve(saved / "checkpoints")[0].name == "final"
    assert checkpoint.read_record(saved / "checkpoints" / "final").iteration == 7


def test_missing_checkpoints_are_one_sentence(tmp_path):
    with pytest.raises(UserError, match="There is no run or checkpoint at"):
        checkpoint.resolve(tmp_path / "nowhere")
    with pytest.raises(UserError, match="neither a run folder nor a checkpoint"):
        checkpoint.resolve(tmp_path)
    (tmp_path / "checkpoints").mkdir()
    with pytest.raises(UserError, match="has no checkpoint yet"):
        checkpoint.resolve(tmp_path)


def test_damage_is_one_sentence(saved):
    newest = saved / "checkpoints" / "6"
    for file in (newest / "state").rglob("*"):
        if file.is_file() and file.stat().st_size > 200:
            file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(UserError, match=r"checkpoints/6 is damaged, or of .*; name an earlier one, or use"):
        checkpoint.restore(newest, checkpoint.abstract_like(state(0)))
    metadata = saved / "checkpoints" / "5" / "_CHECKPOINT_METADATA"
    metadata.write_text(metadata.read_text()[:80])
    with pytest.raises(UserError, match=r"checkpoints/5 is damaged"):
        checkpoint.resolve(saved / "checkpoints" / "5")


@pytest.mark.parametrize(
    ("function", "read"),
    [
        ("load", lambda path: checkpoint.restore(path, checkpoint.abstract_like(state(0)))),
        ("metadata", checkpoint.read_record),
    ],
)
def test_a_failed_read_leaves_no_warning_behind(saved, monkeypatch, function, read):
    """Orbax may fail while a coroutine of its has not begun; Python would warn of it some time later."""

    async def never_begun():
        raise AssertionError("not reached")

    def fail(*_):
        abandoned: list[Any] = [never_begun()]
        abandoned.append(abandoned)  # A cycle, so that only the collector frees it.
        raise OSError("torn")

    unraisable = []
    monkeypatch.setattr("sys.unraisablehook", unraisable.append)
    monkeypatch.setattr(checkpoint.ocp, function, fail)
    with pytest.raises(UserError, match=r"damaged, or of another version of pokerjax \(torn\)"):
        read(saved / "checkpoints" / "6")
    gc.collect()
    assert not unraisable


def test_other_shapes_and_names_are_one_sentence(saved):
    path = saved / "checkpoints" / "6"
    with pytest.raises(UserError, match=r"it has no average\.tail"):
        checkpoint.load_parameters(path, {"tail": jax.ShapeDtypeStruct((3,), jnp.float32)})
    with pytest.raises(UserError, match="shape"):
        checkpoint.load_parameters(path, {"head": jax.ShapeDtypeStruct((4,), jnp.bfloat16)})


def test_a_policy_alone_is_a_checkpoint(tmp_path):
    """What is exported loads as the average it came from, and is never written over something."""
    params = {"head": {"kernel": jnp.arange(6.0).reshape(2, 3)}, "bias": jnp.ones(3)}
    record = checkpoint.Record(config=Config(), iteration=7, games=99, seconds=1.5, environment={})
    folder = tmp_path / "agent"
    checkpoint.export_parameters(params, record, folder)
    path, config = checkpoint.resolve(folder)
    assert path == folder and config == Config() and checkpoint.read_record(path).games == 99
    abstract = jax.eval_shape(lambda: params)
    loaded = checkpoint.load_parameters(path, abstract)
    for ours, theirs in zip(jax.tree.leaves(params), jax.tree.leaves(loaded), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    with pytest.raises(UserError, match="exists already"):
        checkpoint.export_parameters(params, record, folder)
