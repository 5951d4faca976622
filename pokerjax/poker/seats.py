"""What the rules ask of a row of seats, written out seat by seat.

A field with one entry a seat, shape [P, ...], is read as P separate arrays and every question about it is a
chain of elementwise operations: no reduction, no gather, no axis that XLA would have to transpose. Further axes
are batches, so the same code serves one table (shape []) and many ([B]), and vectorises along the tables.
"""

from collections.abc import Iterable, Sequence
from functools import reduce

import jax
import jax.numpy as jnp

Seats = Sequence[jax.Array]  # one entry a seat


def total(amounts: Iterable[jax.Array]) -> jax.Array:
    """The sum over the seats."""
    return reduce(jnp.add, amounts)


def largest(amounts: Iterable[jax.Array]) -> jax.Array:
    """The largest entry."""
    return reduce(jnp.maximum, amounts)


def any_of(mask: Iterable[jax.Array]) -> jax.Array:
    """Whether any seat is marked."""
    return reduce(jnp.logical_or, mask)


def count(mask: Iterable[jax.Array]) -> jax.Array:
    """How many seats are marked, int32."""
    return total(marked.astype(jnp.int32) for marked in mask)


def at(chosen: Seats, amounts: Seats) -> jax.Array:
    """The entry of the one seat marked in `chosen`; 0 if none is."""
    none = jnp.zeros_like(amounts[0])
    return reduce(lambda found, pair: jnp.where(pair[0], pair[1], found), zip(chosen, amounts, strict=True), none)


def bits(mask: Iterable[jax.Array]) -> jax.Array:
    """The marked seats as an int32, seat i in bit i."""
    return total(marked.astype(jnp.int32) << seat for seat, marked in enumerate(mask))


def next_after(seat: jax.Array, among: Seats) -> jax.Array:
    """The first marked seat to the left of `seat`, itself last of all; -1 if none is marked."""
    anywhere = jnp.int32(-1)
    behind = jnp.int32(-1)
    for other in reversed(range(len(among))):
        anywhere = jnp.where(among[other], other, anywhere)
        behind = jnp.where(among[other] & (seat < other), other, behind)
    return jnp.where(behind < 0, anywhere, behind)
