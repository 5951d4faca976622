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
    """The menu at one decision: engine actions int32[A] in chips and a mask bool[A] of those on offer.

    Unbatched, or elementwise on a batch that follows the axes of one hand.

    A fraction f of the pot raises to `state.level + f * (pot + call)`: the pot as it is once the call is in.
    `may_raise` is False where the hand has come near its decision limit. At least one entry is always on
    offer, since check/call is.
    """
    pot = (state.pot + legal.call_amount).astype(jnp.float32)
    raises = legal.raises & may_raise
    amounts = [jnp.full_like(state.pot, poker.FOLD), jnp.full_like(state.pot, poker.CALL)]
    mask = [legal.fold, legal.call]
    previous = jnp.full_like(state.pot, -1)
    for size in sizes:
        raise_to = state.level + jnp.round(jnp.float32(size) * pot).astype(jnp.int32)
        # Sizes rise, so a duplicate is equal to its left neighbour; all-in has its own entry.
        fits = (raise_to >= legal.min_raise_to) & (raise_to < legal.max_raise_to) & (raise_to != previous)
        amounts.append(raise_to)
        mask.append(raises & fits)
        previous = raise_to
    amounts.append(legal.max_raise_to)
    mask.append(raises)
    return jnp.stack(amounts), jnp.stack(mask)


def choose(entries: jax.Array, entry: jax.Array) -> jax.Array:
    """`entries[entry]` at each table, as arithmetic (a gather would not vectorise): entries [A, ...], entry [...]."""
    chosen = entries[0]
    for number in range(1, entries.shape[0]):
        chosen = jnp.where(entry == number, entries[number], chosen)
    return chosen
