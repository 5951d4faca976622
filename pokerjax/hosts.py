"""Several processes, one run: each drives its own devices, all run the same program on all of them.

Process 0 alone writes metrics, prints and evaluates; all processes save checkpoints, each its part, into one
folder that all of them see. With one process everything here is a plain call. How to launch: docs/scaling.md.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import NamedSharding, PartitionSpec

from pokerjax.config import RunConfig, UserError

Tree = TypeVar("Tree")

_HEARTBEAT_SECONDS = 30  # of silence, after which a process counts as lost
_LOST = 1  # exit status


def join(run: RunConfig) -> None:
    """Meet the other processes of the run, if it has any. Raises `UserError`.

    Call it before anything else of JAX is used.
    """
    if not run.coordinator:
        return
    named = {}
    if run.coordinator != "auto":
        named = {
            "coordinator_address": run.coordinator,
            "num_processes": run.num_processes,
            "process_id": run.process_id,
            "cluster_detection_method": "deactivate",
        }
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    try:
        jax.distributed.initialize(heartbeat_timeout_seconds=_HEARTBEAT_SECONDS, **named)
    except (ValueError, RuntimeError) as error:
        remedy = "see docs/scaling.md for how processes find each other"
        raise UserError(f"--coordinator {run.coordinator}: {_first_line(error)}; {remedy}.") from None


def are_several() -> bool:
    """Whether the run has more than one process."""
    return jax.process_count() > 1


def is_first() -> bool:
    """Whether this process writes, prints and evaluates."""
    return jax.process_index() == 0


def on_first(task: Callable[[], None]) -> None:
    """Let process 0 do something that may be refused; the others wait for it. Raises `UserError` in all of them."""
    refusal: UserError | None = None
    if is_first():
        try:
            task()
        except UserError as error:
            refusal = error
    if from_first(refusal is not None):
        raise refusal or UserError("process 0 refused the run, and says why.")


def from_first(value: Any) -> Any:
    """The number that process 0 has; the others may pass any."""
    return multihost_utils.broadcast_one_to_all(np.asarray(value)).item() if are_several() else value


def local(tree: Tree) -> Tree:
    """Arrays that are the same on every device, as this process's own, on one device and without a copy."""
    return jax.tree.map(lambda x: x.addressable_data(0), tree)


class Agreement:
    """A wish that any process may have and all must follow at the same time, as to stop after a signal.

    It is added up over the devices behind each train step and read with the metrics of that step, so nobody waits.
    """

    def __init__(self) -> None:
        self._votes: jax.Array | None = None
        self._mesh = jax.sharding.Mesh(np.array(jax.devices()), ("process",))
        self._add = jax.jit(jax.numpy.max, out_shardings=NamedSharding(self._mesh, PartitionSpec()))

    def reached(self, wish: bool) -> bool:
        """Whether anybody had the wish at the call before this one; alone, whether this process has it now."""
        if not are_several():
            return wish
        before, own = self._votes, np.full(jax.local_device_count(), wish, np.int32)
        sharding = NamedSharding(self._mesh, PartitionSpec("process"))
        self._votes = self._add(jax.make_array_from_process_local_data(sharding, own))
        return before is not None and bool(before)


class Together:
    """A context that ends the process at once when something goes wrong in a run of several.

    Leaving in order would wait for the others, who wait for this one. They notice, and end likewise.
    """

    def __enter__(self) -> Together:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is None or not are_several():
            return
        who = f"process {jax.process_index()} of {jax.process_count()}"
        if isinstance(error, UserError):
            sentence, status = f"error: {error}", 2
        else:
            remedy = "a process was lost or failed; start all of them again with --resume"
            sentence, status = f"error: {who} cannot go on ({_first_line(error)}): {remedy}.", _LOST
        print(f"\n{sentence}", file=sys.stderr, flush=True)
        sys.stdout.flush()
        os._exit(status)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")[:200]
