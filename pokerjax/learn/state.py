"""What changes during a run, and on which devices it lies.

Axes: B tables in all, R places of the prefix.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import optax
from jax.sharding import PartitionSpec

from pokerjax.env.tables import Table
from pokerjax.learn.opponents import Pool
from pokerjax.learn.rollout import Steps
from pokerjax.learn.sharding import AXIS, rearranged
from pokerjax.model.transformer import Parameters


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class LearnerState:
    """Everything that changes during a run. The tables and their prefix are shared out, the rest is everywhere."""

    params: Parameters  # float32 tree: the policy that plays and learns
    average: Parameters  # float32 tree: its exponential average; magnet, and what is evaluated and shipped
    optimizer: optax.OptState
    tables: tuple[Table, ...]  # [B / number of sizes] tables between two decisions, for each table size
    prefix: Steps  # [B, R] decisions of their unfinished hands
    pool: Pool | None  # the frozen policies that some tables play against
    key: jax.Array  # typed PRNG key
    iteration: jax.Array  # int32
    games: jax.Array  # int32: hands finished


def specs(state: LearnerState) -> Any:
    """Which axis of each array is shared out over the devices: a prefix of the tree of a state, or of its shapes."""
    everywhere: Any = PartitionSpec()
    by_first: Any = PartitionSpec(AXIS)
    spread = {field.name: everywhere for field in dataclasses.fields(LearnerState)}
    by_last = jax.tree.map(lambda x: PartitionSpec(*[None] * (x.ndim - 1), AXIS), state.tables)
    return LearnerState(**spread | {"tables": by_last, "prefix": by_first})


def arranged(state: LearnerState, *, before: int, after: int) -> LearnerState:
    """A state of `before` devices in the order of `after` devices."""
    return dataclasses.replace(
        state,
        tables=jax.tree.map(lambda x: rearranged(x, -1, before=before, after=after), state.tables),
        prefix=jax.tree.map(lambda x: rearranged(x, 0, before=before, after=after), state.prefix),
    )
