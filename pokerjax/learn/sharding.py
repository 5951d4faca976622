"""Tables over devices: who holds which, what each draws, and sums over all of them.

The train step is one program under `jax.shard_map` over the mesh axis "data": device d of D plays and learns from
the tables whose number is d modulo D, all else is the same on every device. What is drawn for a table depends on
its number (`table_numbers`), and what is added up over tables is added up over devices (`total`). So one device and
eight with the same tables do the same, to rounding. Outside of `shard_map` there is one device, and these functions
say so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import jax
import jax.numpy as jnp

from pokerjax import poker

AXIS = "data"

Tree = TypeVar("Tree")


def make_mesh(num_devices: int) -> jax.sharding.Mesh:
    """The first devices of all hosts, in a row."""
    auto = (jax.sharding.AxisType.Auto,)
    return jax.make_mesh((num_devices,), (AXIS,), axis_types=auto, devices=jax.devices()[:num_devices])


def count() -> int:
    """Devices that the function being traced runs on, D."""
    mesh = jax.sharding.get_abstract_mesh()
    return mesh.shape[AXIS] if AXIS in mesh.manual_axes else 1


def total(tree: Tree) -> Tree:
    """The sum over all devices, on each of them. Its gradient is not meant to be taken."""
    return jax.lax.psum(tree, AXIS) if count() > 1 else tree


def table_numbers(tables: int) -> jax.Array:
    """Numbers int32[tables] of the tables on this device, in its order: every D-th from its own place on."""
    numbers = jnp.arange(tables)
    return numbers * count() + jax.lax.axis_index(AXIS) if count() > 1 else numbers


def minibatches(key: jax.Array, tables: int, batch: int, epochs: int) -> jax.Array:
    """The places on this device of the tables of each minibatch, int32[minibatches, batch / D]. Consumes the key.

    tables, batch: in all, and of a minibatch, over all devices.
    The tables whose numbers are alike modulo `batch` are shuffled among themselves, and a minibatch has one of each
    such class. So however many devices there are, each adds the same number of tables, and together the same tables.
    """
    classes = batch // count()
    turns = tables // batch
    lanes = table_numbers(classes)[:, None] * turns + jnp.arange(turns)
    shuffled = [jnp.argsort(poker.words_at(key, 1, lanes, epoch)[0], axis=1) for epoch in range(epochs)]
    places = jnp.stack(shuffled) * classes + jnp.arange(classes)[:, None]  # [epochs, classes, turns]
    return jnp.swapaxes(places, 1, 2).reshape(epochs * turns, classes)


def added_up(part: Callable[[jax.Array], Tree], rows: jax.Array) -> Tree:
    """The sum of `part` over the rows of an array, one after the other on this device."""
    if rows.shape[0] == 1:
        return part(rows[0])

    def add(so_far: Tree, row: jax.Array) -> tuple[Tree, None]:
        return jax.tree.map(jnp.add, so_far, part(row)), None

    zeros = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), jax.eval_shape(part, rows[0]))
    return jax.lax.scan(add, zeros, rows)[0]


def rearranged(x: jax.Array, axis: int, *, before: int, after: int) -> jax.Array:
    """An array over all tables, one device's after the other's, in the order of another number of devices."""
    x = jnp.moveaxis(x, axis, 0)
    tables, *rest = x.shape
    by_number = jnp.swapaxes(x.reshape(before, tables // before, *rest), 0, 1).reshape(x.shape)
    by_device = jnp.swapaxes(by_number.reshape(tables // after, after, *rest), 0, 1).reshape(x.shape)
    return jnp.moveaxis(by_device, 0, axis)
