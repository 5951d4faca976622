"""Mirror descent on the logits: the other way to improve a policy, beside PPO's.

With negative entropy as its mirror map, mirror descent multiplies each probability by exp(step * advantage), that is,
adds step * advantage to each logit. Two things set it apart from a policy gradient, whose push on a logit is
multiplied by the action's probability and by how often the policy itself comes there: an action that has become rare
comes back as fast as it went, and decisions that the policy avoids keep up with the rest. Regularised by an entropy
whose weight, the temperature, falls to almost nothing, it is magnetic mirror descent with a uniform magnet, whose
last iterate approaches equilibrium. docs/learning.md has what each part does to the exploitability.

Sources: Sokota et al., arXiv:2206.05825 (magnetic mirror descent); Hennes et al., arXiv:1906.00190 (NeuRD).
"""

from __future__ import annotations

import jax
import jax.numpy as jnp


def action_values(values: jax.Array, surprises: jax.Array, drawn: jax.Array, actions: jax.Array) -> jax.Array:
    """Unbiased estimates of all actions' values [..., A] from the critic's `values` [..., A] and one sampled action.

        q(b) + (b = a) * surprise / mu(a)

    surprises [...]: the return of the action a, less its value. drawn [...]: mu(a), the probability with which it was
    drawn. However wrong the critic is, the estimate is right on average; the better it is, the less it varies.
    """
    taken = jax.nn.one_hot(actions, values.shape[-1], dtype=values.dtype)
    return values + taken * (surprises / drawn)[..., None]


def movable(
    values: jax.Array, log_policy: jax.Array, mask: jax.Array, temperature: jax.Array, floor: float
) -> jax.Array:
    """The entries of the mask bool[..., A] that a step moves: all but those rarer than `floor` that it would lower.

    An action that is worth d less than another settles at exp(-d / temperature) of its probability. As the temperature
    falls, the logits of what is hardly ever done run away (to -46 in Leduc poker), for a gain in play of nothing, and
    the network that has to follow them no longer tells close decisions apart: the exploitability turns and rises
    (docs/learning.md). Which way a step would move an entry is judged by the critic's `values` [..., A], not by the
    sampled return, whose noise would let through the rises alone. The threshold is NeuRD's.
    """
    falls = centred(values - temperature * log_policy, mask) < 0
    return mask & ~(falls & (log_policy < jnp.log(floor)))


def push(
    values: jax.Array, log_policy: jax.Array, mask: jax.Array, step: jax.Array, temperature: jax.Array
) -> jax.Array:
    """What a step adds to the logits [..., A]: step * (value - temperature * log policy), with mean 0 over the mask.

    The values and the temperature have one unit, the step its inverse.
    """
    return centred(step * (values - temperature * log_policy), mask)


def distance(log_policy: jax.Array, old_log_policy: jax.Array, push: jax.Array, mask: jax.Array) -> jax.Array:
    """Half the squared distance [...] of the logits from the old ones plus the push, summed over the mask."""
    return 0.5 * jnp.sum((centred(log_policy - old_log_policy, mask) - push) ** 2, axis=-1)


def centred(x: jax.Array, mask: jax.Array) -> jax.Array:
    """x [..., A] less its mean over the mask; 0 outside of it."""
    x = jnp.where(mask, x, 0.0)
    mean = jnp.sum(x, axis=-1, keepdims=True) / jnp.maximum(jnp.sum(mask, axis=-1, keepdims=True), 1)
    return jnp.where(mask, x - mean, 0.0)
