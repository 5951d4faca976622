"""Returns and advantages of hands whose seats take turns in one sequence.

A seat's next state is its own next decision in the hand, not the next token of the table, and its last
decision leads to its payoff, whoever's action ended the hand. Unbatched: one table's sequence of W decisions.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from pokerjax.learn.sharding import total


def advantages(
    values: jax.Array, chosen: jax.Array, ratios: jax.Array, mirrored: jax.Array, seats: jax.Array, done: jax.Array,
    rewards: jax.Array, gae_lambda: float,
) -> tuple[jax.Array, jax.Array]:  # fmt: skip
    """What each decision brought beyond the value of its action, and which decisions belong to a finished hand.

        surprise_t = rho_between * (G - q_t)        G: the seat's payoff, or at its next decision s
        G_s = v_s + lambda * rho_s * surprise_s

    v are the `values` of states, q those of the `chosen` actions, rho the `ratios` of the policy's probability to
    that with which the action was drawn; rho_between is the product over the others' actions until s. With all
    ratios 1 this is Expected SARSA(lambda), and with q = v the generalised advantage estimate with gamma 1. The
    ratios keep it unbiased where actions are drawn from another distribution: each has mean 1, so what it is
    multiplied with may be any deviation from a baseline.

    Of two seats one wins what the other loses: where a decision is `mirrored`, what its actor's state is worth,
    -v_s - lambda * rho_s * surprise_s, is what the other seat's action before it has led to. Then that seat's surprise
    ends there (rho_between 1), and neither which action the other draws nor what follows is noise in it, but for the
    errors of the values. Unbiased with lambda 1, if v is the mean of q under the policy of that decision.

    values, chosen, ratios float32[W] and rewards float32[W, P] in big blinds, seats int32[W], mirrored (if P is 2) and
    done bool[W]; returns float32[W] in big blinds (0 where unfinished) and bool[W].
    Sources: Schulman et al., arXiv:1506.02438; van Seijen et al., 2009 (Expected SARSA); Schmid et al.,
    arXiv:1809.03057 (baselines along a sampled hand).
    """
    num_seats = rewards.shape[1]

    def backward(carry, step):
        following, between, finished = carry
        value, action_value, ratio, both, seat, ends, reward = step
        # Going back over the end of a hand, every seat's future becomes its payoff.
        following = jnp.where(ends, reward, following)
        between = jnp.where(ends, 1.0, between)
        finished = finished | ends
        here = jnp.arange(num_seats) == seat
        surprise = jnp.sum(jnp.where(here, between * (following - action_value), 0.0))
        worth = value + gae_lambda * ratio * surprise
        following = jnp.where(here, worth, jnp.where(both, -worth, following))
        between = jnp.where(here | both, 1.0, between * ratio)
        return (following, between, finished), (jnp.where(finished, surprise, 0.0), finished)

    start = (jnp.zeros(num_seats), jnp.ones(num_seats), jnp.zeros((), bool))
    steps = (values, chosen, ratios, mirrored, seats, done, rewards)
    _, (estimates, finished) = jax.lax.scan(backward, start, steps, reverse=True)
    return estimates, finished


def reach_ratios(ratios: jax.Array, segments: jax.Array, num_seats: int) -> jax.Array:
    """How much likelier the others' earlier actions of the hand are under the policy than as they were drawn.

    Weighting a seat's decisions by it gives the hidden cards the distribution that they have when the others play the
    policy; the seat's own actions say nothing about them. ratios float32[W] and segments int32[W] of one table, the
    decisions of a hand side by side; returns float32[W].
    """

    def forward(carry, step):
        reach, hand = carry
        ratio, segment = step
        reach = jnp.where(segment // num_seats == hand, reach, 1.0)
        here = jnp.arange(num_seats) == segment % num_seats
        weight = jnp.sum(jnp.where(here, reach, 0.0))
        return (jnp.where(here, reach, reach * ratio), segment // num_seats), weight

    start = (jnp.ones(num_seats), jnp.int32(-1))
    return jax.lax.scan(forward, start, (ratios, segments))[1]


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
