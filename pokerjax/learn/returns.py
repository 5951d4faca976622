"""Returns and advantages of hands whose seats take turns in one sequence.

A seat's next state is its own next decision in the hand, not the next token of the table, and its last
decision leads to its payoff, whoever's action ended the hand. Unbatched: one table's sequence of W decisions.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from pokerjax.learn.sharding import total


def advantages(
    values: jax.Array, chosen: jax.Array, seats: jax.Array, done: jax.Array, rewards: jax.Array, gae_lambda: float
) -> tuple[jax.Array, jax.Array]:
    """What each decision brought beyond the value of its action, and which decisions belong to a finished hand.

        G_t = v(next decision of the seat) + lambda * surprise(next decision of the seat), or its payoff
        surprise_t = G_t - q_t

    v are the `values` of states, q those of the `chosen` actions: this is Expected SARSA(lambda). With q = v it
    is the generalised advantage estimate with gamma 1. values, chosen float32[W] and rewards float32[W, P] in
    big blinds, seats int32[W], done bool[W]; returns float32[W] in big blinds (0 where unfinished) and bool[W].
    Sources: Schulman et al., arXiv:1506.02438; van Seijen et al., 2009 (Expected SARSA).
    """
    num_seats = rewards.shape[1]

    def backward(carry, step):
        following, surprise, finished = carry
        value, action_value, seat, ends, reward = step
        # Going back over the end of a hand, every seat's future becomes its payoff.
        following = jnp.where(ends, reward, following)
        surprise = jnp.where(ends, 0.0, surprise)
        finished = finished | ends
        here = jnp.arange(num_seats) == seat
        estimate = jnp.sum(jnp.where(here, following - action_value + gae_lambda * surprise, 0.0))
        following = jnp.where(here, value, following)
        surprise = jnp.where(here, estimate, surprise)
        return (following, surprise, finished), (jnp.where(finished, estimate, 0.0), finished)

    start = (jnp.zeros(num_seats), jnp.zeros(num_seats), jnp.zeros((), bool))
    _, (estimates, finished) = jax.lax.scan(backward, start, (values, chosen, seats, done, rewards), reverse=True)
    return estimates, finished


def of_action(values: jax.Array, actions: jax.Array) -> jax.Array:
    """The value of each decision's action [...], from values [..., A], or from that of the state [..., 1]."""
    if values.shape[-1] == 1:
        return values[..., 0]
    return jnp.take_along_axis(values, actions[..., None], axis=-1)[..., 0]


def weighted_sum(x: jax.Array, weights: jax.Array) -> jax.Array:
    """Sum of x over the decisions with weight, on this device."""
    return jnp.sum(x * weights)


def weighted_mean(x: jax.Array, weights: jax.Array) -> jax.Array:
    """Mean of x over the decisions with weight on all devices; 0 where there are none. Not for gradients."""
    return total(weighted_sum(x, weights)) / jnp.maximum(total(jnp.sum(weights)), 1.0)


def weighted_std(x: jax.Array, weights: jax.Array) -> jax.Array:
    """Standard deviation of x over the decisions with weight on all devices."""
    return jnp.sqrt(weighted_mean((x - weighted_mean(x, weights)) ** 2, weights))
