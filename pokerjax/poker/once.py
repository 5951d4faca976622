"""Keep XLA from computing shared values again and again on a CPU."""

from typing import TypeVar

import jax
import jax.numpy as jnp
from jax import lax

Tree = TypeVar("Tree")


def compute_once(tree: Tree) -> Tree:
    """Return int32 and bool arrays of one shape unchanged, computed once however many results rest on them.

    XLA's CPU backend writes elementwise code into one loop for each result and computes whatever they share
    anew in each of them; a step of the rules has some forty results that share nearly everything. It does not
    look through a reduction with several results, so the arrays go through one that does nothing: the largest
    of an array and itself. Heads-up that took the engine from 0.29 to 26 million decisions a second
    (docs/benchmarks.md). GPUs get the arrays as they are: a barrier here made a step no faster there
    (docs/performance.md). Not for what rests on constants alone: XLA would work it out while compiling,
    and slowly.
    """
    leaves, structure = jax.tree.flatten(tree)
    shape = jnp.broadcast_shapes(*(leaf.shape for leaf in leaves))
    leaves = [jnp.broadcast_to(leaf, shape) for leaf in leaves]
    stored = lax.platform_dependent(*leaves, cpu=_reduce_doubled, default=lambda *same: same)
    return jax.tree.unflatten(structure, stored)


def _reduce_doubled(*leaves: jax.Array) -> tuple[jax.Array, ...]:
    doubled = [jnp.broadcast_to(leaf[None], (2, *leaf.shape)) for leaf in leaves]
    least = [jnp.zeros((), bool) if leaf.dtype == bool else jnp.int32(-(2**31)) for leaf in leaves]

    def larger(these, those):
        return tuple(a | b if a.dtype == bool else lax.max(a, b) for a, b in zip(these, those, strict=True))

    return tuple(lax.reduce(doubled, least, larger, (0,)))
