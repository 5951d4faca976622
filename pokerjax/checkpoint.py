"""Checkpoints of a run: saved in the background, restored bit for bit, each sufficient by itself.

    checkpoints/<iteration>/   the newest few, the best, and the snapshots, kept by Orbax
    checkpoints/final/         the end of a finished run

A checkpoint holds the learner's state as one flat mapping from the path of a leaf (`average.head.kernel`) to
its array, so that a reader can take a part of it (the averaged policy) without building a learner, and a
record (the config, what wrote it, how far the run was) as Orbax's custom metadata.
"""

from __future__ import annotations

import dataclasses
import gc
import logging
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
from orbax.checkpoint import v1 as ocp

from pokerjax.config import Config, UserError, from_json, require, to_json

Tree = TypeVar("Tree")
T = TypeVar("T")

FINAL = "final"
_SHIPPED = Path(__file__).parent / "shipped"
SHIPPED = {"shipped": _SHIPPED / "all_tables", "shipped/told": _SHIPPED / "told"}
"""The agents that ship, by what users call them wherever a run or checkpoint is asked for."""
_METADATA_FILE = "_CHECKPOINT_METADATA"  # Orbax writes it last, into every finished checkpoint.

# Orbax logs what it does and, beside raising it, what fails; here a failure becomes one sentence.
logging.getLogger("absl").setLevel(logging.CRITICAL)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Record:
    """What a checkpoint says of the run that wrote it."""

    config: Config
    iteration: int
    games: int
    seconds: float
    """Wall-clock seconds of the run so far."""
    environment: dict[str, Any]
    """Versions, device and commit that wrote it."""
    num_devices: int = 1
    """Devices that shared the tables out, whose arrays follow each other."""
    temperature: float = 1.0
    """What the logits of an exported policy have been divided by since it was trained."""
    carelessness: float | None = None
    """What an exported policy is always told of its table; None where that is still open."""


class _Always:
    """Orbax's default policy silently skips a save while another is in flight; this one waits for it."""

    def should_save(self, step: Any, previous_steps: Any, *, context: Any) -> bool:
        return True


class _Snapshots:
    """Keeps what was saved as a snapshot, also by an earlier part of the run."""

    def should_preserve(self, checkpoints: Sequence[Any], *, context: Any) -> list[bool]:
        return [bool(entry.metrics and entry.metrics.get("snapshot")) for entry in checkpoints]


class Checkpoints:
    """The checkpoints of one run folder, for the process that trains. A context manager: leaving it waits."""

    def __init__(self, run_dir: Path, *, keep: int):
        self.folder = Path(run_dir).absolute() / "checkpoints"
        policies: Any = ocp.training.preservation_policies  # Any: its stubs contradict each other.
        best = policies.BestN(
            get_metric_fn=lambda metrics: metrics.get("score", float("-inf")),
            n=1,
            keep_checkpoints_without_metrics=False,
        )
        self._orbax = ocp.training.Checkpointer(
            str(self.folder),
            save_decision_policy=_Always(),
            preservation_policy=policies.AnyPreservationPolicy([policies.LatestN(keep), best, _Snapshots()]),
            cleanup_tmp_directories=True,
        )

    def __enter__(self) -> Checkpoints:
        return self

    def __exit__(self, *exception: object) -> None:
        self._orbax.close()

    def save(self, state: Any, record: Record, *, score: float | None = None, snapshot: bool = False) -> None:
        """Save in the background, having waited for the save before; `score` ranks it for the best.

        A `snapshot` is never deleted. The state may be donated right after: accelerator buffers have been copied
        to the host by then, and on CPU Orbax's reference to a buffer makes XLA copy it instead of reusing it
        (tested).
        """
        metrics: Any = ({} if score is None else {"score": score}) | ({"snapshot": 1.0} if snapshot else {})
        self._orbax.save_async(
            record.iteration, _flatten(state), metrics=metrics or None, custom_metadata=_to_json(record)
        )

    def save_final(self, state: Any, record: Record) -> None:
        """Save the end of the run to `final` and wait for it."""
        self._orbax.wait()
        ocp.save(str(self.folder / FINAL), _flatten(state), custom_metadata=_to_json(record))


def export_parameters(params: Any, record: Record, path: Path) -> None:
    """Write a policy alone, without what training needs besides: a checkpoint to evaluate, play and ship.

    Raises `UserError` when the folder exists or cannot be written.
    """
    require(not path.exists(), f"{path} exists already: name a folder that does not.")
    try:
        ocp.save(str(path.absolute()), _flatten({"average": params}), custom_metadata=_to_json(record))
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}.") from None


def newest(run_dir: Path) -> Path | None:
    """The checkpoint that a run goes on from: `final`, else the highest iteration, else none."""
    kept = every(run_dir)
    return kept[-1] if kept else None


def every(run_dir: Path) -> list[Path]:
    """All checkpoints of a run that are kept, by iteration, `final` last."""
    folder = Path(run_dir) / "checkpoints"
    iterations = [int(entry.name) for entry in folder.glob("*") if entry.is_dir() and entry.name.isdecimal()]
    final = [folder / FINAL] if (folder / FINAL).is_dir() else []
    return [folder / str(iteration) for iteration in sorted(iterations)] + final


def resolve(path: str | Path) -> tuple[Path, Config]:
    """Return the checkpoint that RUN_OR_CHECKPOINT means, and the config that made it.

    A run folder (or its `checkpoints`) means the final checkpoint, else the newest; `shipped`, `shipped/told` mean the
    agents that ship with pokerjax, and an empty path the first. Raises `UserError`.
    """
    given = SHIPPED.get(str(path) or "shipped", Path(path))
    ships = f"; {' and '.join(SHIPPED)} are the agents that ship with pokerjax"
    require(given.exists(), f"There is no run or checkpoint at {given}{ships}.")
    run_dir = given.parent if given.name == "checkpoints" else given
    if (run_dir / "checkpoints").is_dir():
        found = newest(run_dir)
        if found is None:
            raise UserError(f"The run {run_dir} has no checkpoint yet.")
        return found, read_record(found).config
    is_checkpoint = (given / _METADATA_FILE).is_file() or given.parent.name == "checkpoints"
    require(is_checkpoint, f"{given} is neither a run folder nor a checkpoint.")
    return given, read_record(given).config


def read_record(path: Path) -> Record:
    """Return the record of a checkpoint. Raises `UserError` when it can't be read."""

    def read() -> Record:
        data: Any = ocp.metadata(str(path.absolute())).custom_metadata
        if not data:
            raise ValueError("its record is missing")
        return Record(**{**data, "config": from_json(data["config"])})

    return _undamaged(path, read)


def load_parameters(path: Path, abstract: Tree) -> Tree:
    """Return the averaged policy of a checkpoint; `abstract` is its tree of `jax.ShapeDtypeStruct`."""
    return restore(path, {"average": abstract})["average"]


def restore(path: Path, abstract: Tree) -> Tree:
    """Return the part of a checkpoint that `abstract` spans, exactly as it was saved, safe to donate.

    Leaves of `abstract` are `jax.ShapeDtypeStruct`; those with a sharding are restored to it. Raises
    `UserError` when the checkpoint is damaged or holds other shapes.
    """
    leaves = {name: _storage(leaf) for name, leaf in _named_leaves(abstract).items() if leaf.size}
    context = ocp.Context()
    context.pytree.loading.partial_load = True

    def read() -> dict[str, Any]:
        with context:
            stored = ocp.load(str(path.absolute()), leaves)
        # Orbax leaves a name that it does not find as it was given.
        missing = [name for name, leaf in stored.items() if not isinstance(leaf, jax.Array)]
        if missing:
            raise KeyError(f"it has no {missing[0]}")
        return stored

    # Orbax's arrays may share memory with the host, which XLA will not reuse when they are donated.
    stored = jax.tree.map(jnp.copy, _undamaged(path, read))
    restored = [_from_storage(stored.get(name), leaf) for name, leaf in _named_leaves(abstract).items()]
    return jax.tree.unflatten(jax.tree.structure(abstract), restored)


def abstract_like(state: Tree) -> Tree:
    """The shapes, types and shardings of a state: what `restore` needs of it."""
    return jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=x.sharding), state)


def _named_leaves(tree: Any) -> dict[str, Any]:
    leaves = jax.tree.leaves_with_path(tree)
    named = {jax.tree_util.keystr(path, simple=True, separator="."): leaf for path, leaf in leaves}
    assert len(named) == len(leaves), "two leaves of the state have the same name"
    return named


def _flatten(state: Any) -> dict[str, jax.Array]:
    """Orbax takes neither typed PRNG keys nor empty arrays: store the keys as data, the others not at all."""
    leaves = {name: leaf for name, leaf in _named_leaves(state).items() if leaf.size}
    return {name: jax.random.key_data(leaf) if _is_key(leaf) else leaf for name, leaf in leaves.items()}


def _is_key(leaf: Any) -> bool:
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _storage(leaf: jax.ShapeDtypeStruct) -> jax.ShapeDtypeStruct:
    sharding = leaf.sharding or jax.sharding.SingleDeviceSharding(jax.devices()[0])
    stored = jax.eval_shape(jax.random.key_data, leaf) if _is_key(leaf) else leaf
    return jax.ShapeDtypeStruct(stored.shape, stored.dtype, sharding=sharding)


def _from_storage(stored: jax.Array | None, leaf: jax.ShapeDtypeStruct) -> jax.Array:
    if stored is None:
        return jnp.zeros(leaf.shape, leaf.dtype)
    return jax.random.wrap_key_data(stored) if _is_key(leaf) else stored


def _to_json(record: Record) -> dict[str, Any]:
    fields = {field.name: getattr(record, field.name) for field in dataclasses.fields(record)}
    return {**fields, "config": to_json(record.config)}


def _undamaged(path: Path, read: Callable[[], T]) -> T:
    """What `read` returns. Raises `UserError` where it fails: damage shows in many ways, all the same to the user."""
    try:
        return read()
    except UserError:
        raise
    except Exception as error:
        damage = _damaged(path, error)
    # A read that failed leaves coroutines of Orbax that never began, and Python warns of each when it
    # collects it. They hang on the error's traceback, gone by now: collect them here, silently.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        gc.collect()
    raise UserError(damage)


def _damaged(path: Path, error: Exception) -> str:
    cause = error.__cause__ or error
    reason = " ".join(str(cause).split()).strip("'\"").split(". ")[0][:160] or type(cause).__name__
    remedy = "name an earlier one, or use the version that wrote it"
    return f"The checkpoint {path} is damaged, or of another version of pokerjax ({reason}); {remedy}."
