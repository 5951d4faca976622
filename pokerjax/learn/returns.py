"""Returns and advantages of hands whose seats take turns in one sequence.

A seat's next state is its own next decision in the hand, not the next token of the table, and its last
decision leads to its payoff, whoever's action ended the hand. Unbatched: one table's sequence of W decisions.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp


def advantages(
    values: jax.Array, seats: jax.Array, done: jax.Array, rewards: jax.Array, gae_lambda: float
) -> tuple[jax.Array, jax.Array]:
    """Generalised advantage estimates with gamma 1, and which decisions belong to a finished hand.

        delta_t = v(next decision of the seat, or its payoff) - v_t
        A_t     = delta_t + lambda * A(next decision of the seat)

    values float32[W] and rewards float32[W, P] in big blinds, seats int32[W], done bool[W]; returns
    float32[W] in big blinds (0 where unfinished) and bool[W]. Source: Schulman et al., arXiv:1506.02438.
    """
    num_seats = rewards.shape[1]

    def backward(carry, step):
        following, advantage, finished = carry
        value, seat, ends, reward = step
        # Going back over the end of a hand, every seat's future becomes its payoff.
        following = jnp.where(ends, reward, following)
        advantage = jnp.where(ends, 0.0, advantage)
        finished = finished | ends
        here = jnp.arange(num_seats) == seat
        estimate = jnp.sum(jnp.where(here, following - value + gae_lambda * advantage, 0.0))
        following = jnp.where(here, value, following)
        advantage = jnp.where(here, estimate, advantage)
        return (following, advantage, finished), (jnp.where(finished, estimate, 0.0), finished)

    start = (jnp.zeros(num_seats), jnp.zeros(num_seats), jnp.zeros((), bool))
    _, (estimates, finished) = jax.lax.scan(backward, start, (values, seats, done, rewards), reverse=True)
    return estimates, finished


def weighted_mean(x: jax.Array, weights: jax.Array) -> jax.Array:
    """Mean of x over the decisions with weight; 0 where there are none."""
    return jnp.sum(x * weights) / jnp.maximum(jnp.sum(weights), 1.0)


def weighted_std(x: jax.Array, weights: jax.Array) -> jax.Array:
    """Standard deviation of x over the decisions with weight."""
    return jnp.sqrt(weighted_mean((x - weighted_mean(x, weights)) ** 2, weights))
