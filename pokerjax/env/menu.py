"""The action menu: a short list of actions out of all the amounts that no-limit betting allows.

Entry 0 folds, entry 1 checks or calls, the last is all-in, and those between bet or raise a fraction of the
pot. An entry that the rules forbid, or that another entry already offers, is masked; so the entries that are
left are different legal actions. A = `num_actions(sizes)`.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from pokerjax import poker


def num_actions(sizes: tuple[float, ...]) -> int:
    """Entries of a menu with these pot fractions: fold, check/call, the fractions, all-in."""
    return len(sizes) + 3


def names(sizes: tuple[float, ...]) -> list[str]:
    """What each entry is called in tables and charts."""
    return ["fold", "check/call", *(f"{size:g} pot" for size in sizes), "all-in"]


def offer(sizes: tuple[float, ...], state: poker.State, legal: poker.Legal, may_raise: jax.Array):
    """The menu at one decision (unbatched): engine actions int32[A] in chips and a mask bool[A] of those on offer.

    A fraction f of the pot raises to `state.level + f * (pot + call)`: the pot as it is once the call is in.
    `may_raise` is False where the hand has come near its decision limit. At least one entry is always on
    offer, since check/call is.
    """
    pot = (state.pot + legal.call_amount).astype(jnp.float32)
    fractions = jnp.asarray(sizes, jnp.float32)
    raises_to = state.level + jnp.round(fractions * pot).astype(jnp.int32)
    # Sizes rise, so a duplicate is equal to its left neighbour; all-in has its own entry.
    previous = jnp.concatenate([jnp.full((1,), -1, jnp.int32), raises_to[:-1]])
    fits = (raises_to >= legal.min_raise_to) & (raises_to < legal.max_raise_to) & (raises_to != previous)
    raises = legal.raises & may_raise
    amounts = jnp.concatenate([
        jnp.array([poker.FOLD, poker.CALL], jnp.int32), raises_to, legal.max_raise_to[None],
    ])
    mask = jnp.concatenate([jnp.stack([legal.fold, legal.call]), fits & raises, raises[None]])
    return amounts, mask


def choose(entries: jax.Array, entry: jax.Array) -> jax.Array:
    """`entries[entry]` for one table, as arithmetic: a gather would not vectorise."""
    return jnp.sum(jnp.where(jnp.arange(entries.shape[0]) == entry, entries, 0))
