"""What an agent would do with every hand it could hold: its range, by Bayes from its own probabilities.

A decision token is public but for three fields (the two hole cards and the strength they make), and the menu is
public too. So the agent's decisions of a hand, read once with each of the 1,326 pairs of hole cards put in, give
its policy for its whole range in one batched forward. Axes: H hands (1,326), S decisions of the agent's seat in
the hand, W integers of a token, A menu entries.
"""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import numpy as np

from pokerjax import poker
from pokerjax.env import tokens
from pokerjax.model.attention import NO_SEGMENT
from pokerjax.model.transformer import Model, Parameters

HANDS = np.array([(high, low) for high, low in itertools.product(range(52), repeat=2) if high > low], np.int32)
"""The 1,326 pairs of hole cards, the higher card (as an integer) first."""


def hand_number(hands: jax.Array) -> jax.Array:
    """The rows of `HANDS` that hands [..., 2] are, the higher card first."""
    return hands[..., 0] * (hands[..., 0] - 1) // 2 + hands[..., 1]


def with_hands(layout: tokens.Layout, read: jax.Array, hands: jax.Array) -> jax.Array:
    """Tokens int32[..., W] as they would be with other hole cards, int32[..., 2] (higher card first).

    The leading axes of the two are broadcast.
    """
    names = list(tokens.SINGLE_FIELDS)
    fields = layout.split(read)
    board = [fields[f"board_{i}"] for i in range(tokens.BOARD_CARDS)]
    strength = poker.strength([hands[..., 0], hands[..., 1], *board])
    read = jnp.broadcast_to(read, (*strength.shape, read.shape[-1]))
    read = read.at[..., names.index("hole_high")].set(hands[..., 0])
    read = read.at[..., names.index("hole_low")].set(hands[..., 1])
    return read.at[..., names.index("strength")].set(strength)


def range_policy(
    model: Model, params: Parameters, read: jax.Array, count: jax.Array, masks: jax.Array, hands: jax.Array
) -> jax.Array:
    """Log-policies float32[H, S, A] of hands int32[H, 2] at the decisions of one seat in one hand.

    `read` int32[S, W] are the tokens of those decisions, with any hole cards in them, of which the first `count`
    are real; `masks` bool[S, A] the menus. Impossible hands (cards on the board) get a policy too: give them
    weight 0. Places past `count` are without meaning. Unbatched.
    """
    substituted = with_hands(model.environment.layout, read, hands[:, None, :])
    segments = jnp.where(jnp.arange(read.shape[0]) < count, 0, NO_SEGMENT)
    segments = jnp.broadcast_to(segments, substituted.shape[:2])
    logits, _, _ = model.sequence(params, substituted, segments)
    return model.log_policy(logits, masks)


def unseen(known: jax.Array, hands: jax.Array) -> jax.Array:
    """Whether hands int32[H, 2] share no card with `known` int32[k] (NO_CARD for none), bool[H]."""
    return ~jnp.any(hands[:, :, None] == known, axis=(1, 2))
