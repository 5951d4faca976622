"""Slips: the actions of a seat that are not its policy's, and the policy that acts with them.

Two kinds. *Exploration* draws a share of the actions evenly and is corrected for: what is learnt stays the policy
without it. *Trembling* is part of the game, as Selten's hand is, but it has character: each seat of each hand is dealt
a share of its actions that slips, and what they slip to. Most shares are next to nothing and a few nearly all, so a
policy meets the careful, those who slip once, and those who call, raise or fold to the end whatever they hold, without
being told who is who; some seats may play all of their hand at random. So it learns to answer lines that good play
alone would never show it. The critic is not told either: it values hands by what it has seen of them, as the policy
does. What both may be told is the table's carelessness, which says how many slip in the mean of many hands.

`slips` float32[..., A] are the probabilities of an action that slips, by what it slips to: their sum is the share.
Axes: B tables, A menu entries.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from pokerjax import poker

RANDOM_FROM = 0.75  # the carelessness at which slips are as many as they get, and seats at random begin
_SHARPNESS = 3  # of what a seat slips to: of several kinds of action one tends to have most of it


def even(mask: jax.Array, share: float) -> jax.Array:
    """Slips of a fixed share, spread evenly over the entries on offer, if any: float32[..., A] from bool[..., A]."""
    return share * mask / jnp.maximum(jnp.sum(mask, axis=-1, keepdims=True), 1)


def num_words(num_actions: int) -> int:
    """Random words (uint32) that the character of a seat in a hand takes."""
    return 3 + num_actions


def character(mask: jax.Array, street: jax.Array, words: list[jax.Array], share: jax.Array | float) -> jax.Array:
    """Slips float32[B, A] of seats that slip in this `share` of their actions in the mean.

    By masks bool[B, A] and streets int32[B], the share one number or float32[B]; the words, `num_words` of uint32[B],
    are a seat's for the whole hand.
    Its share is U^(1 / share - 1) for U uniform, with mean `share`. Fold, call and raise have weights E^3 for
    exponential E, the raises among them too: Dirichlet's way of drawing proportions, sharpened. After the first street
    all-in is a kind of its own: there an agent that hardly meets it folds too much to it, which costs most
    (docs/learning.md). What is not on offer has no part in it, nor has a kind of which nothing is.
    """
    uniforms = jnp.stack([poker.uniform(word) for word in words], axis=-1)
    seat_share = uniforms[..., :1] ** (1 / jnp.asarray(share, jnp.float32)[..., None] - 1)  # of a mean of 0: 0
    weights = (-jnp.log1p(-uniforms[..., 1:])) ** _SHARPNESS + 1e-9  # none is exactly 0
    fold_call, raises, all_in, sizes = jnp.split(weights, (2, 3, 4), axis=-1)
    apart = (street > 0)[..., None] & (mask.shape[-1] > 3)  # of three entries it is the only raise there is
    sizes = sizes * mask[..., 2:]
    sizes = sizes.at[..., -1:].multiply(~apart)
    sizes = raises * sizes / jnp.maximum(jnp.sum(sizes, axis=-1, keepdims=True), 1e-30)
    sizes = sizes.at[..., -1:].add(apart * all_in * mask[..., -1:])
    chances = jnp.concatenate([fold_call * mask[..., :2], sizes], axis=-1)
    return seat_share * chances / jnp.sum(chances, axis=-1, keepdims=True)


def carelessness(key: jax.Array, table_numbers: jax.Array, hands: jax.Array) -> jax.Array:
    """How careless the tables int32[B] are in these hands int32[B]: float32[B], evenly from 0 to 1."""
    (word,) = poker.words_at(jax.random.fold_in(key, 2), 1, table_numbers, hands)
    return poker.uniform(word)


def among_careless(
    carelessness: jax.Array, share: jax.Array | float, random_seats: float
) -> tuple[jax.Array, jax.Array]:
    """The shares of slips and of seats at random at tables so careless: first the one rises, to `share`, then the
    other, to `random_seats`."""
    rising = jnp.minimum(carelessness / RANDOM_FROM, 1.0)
    return share * rising, random_seats * jnp.maximum(carelessness - RANDOM_FROM, 0.0) / (1 - RANDOM_FROM)


def of_seats(
    share: jax.Array | float | None, random_seats: jax.Array | float, key: jax.Array, mask: jax.Array,
    street: jax.Array, table_numbers: jax.Array, segments: jax.Array,
) -> jax.Array | None:  # fmt: skip
    """The slips float32[B, A] of the seats to act, None where nobody slips (share None).

    A share `random_seats` of the seats draws all of its hand evenly from what is on offer, the others have `character`
    with slips in this `share` of their actions; both are one number, or float32[B]. All is a function of the key, the
    table's number int32[B] and the segment int32[B], which is the seat in its hand.
    """
    if share is None:
        return None
    found = character(mask, street, poker.words_at(key, num_words(mask.shape[-1]), table_numbers, segments), share)
    if isinstance(random_seats, float) and not random_seats:
        return found
    (word,) = poker.words_at(jax.random.fold_in(key, 1), 1, table_numbers, segments)
    return jnp.where((poker.uniform(word) < random_seats)[..., None], even(mask, 1.0), found)


def drawn_with(slips: jax.Array | None, mask: jax.Array, exploration: float) -> jax.Array | None:
    """What the actions were drawn with: slips that are part of the game, else those of exploration, else none."""
    return even(mask, exploration) if slips is None and exploration else slips


def behaviour(log_policy: jax.Array, slips: jax.Array | None) -> jax.Array:
    """The log-policy [..., A] that acts: the policy, but where it slips. Without slips, the policy itself."""
    if slips is None:
        return log_policy
    offered = log_policy > -1e29
    mixed = (1 - jnp.sum(slips, axis=-1, keepdims=True)) * jnp.exp(log_policy) + slips
    return jnp.where(offered, jnp.log(jnp.where(offered, jnp.maximum(mixed, 1e-30), 1.0)), -1e30)
