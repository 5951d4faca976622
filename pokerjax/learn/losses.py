"""The loss of an update: the policy's objective and both values, in one pass over recorded decisions."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from pokerjax.config import LearnConfig
from pokerjax.learn import mirror, ppo
from pokerjax.learn.returns import of_action, weighted_sum
from pokerjax.learn.rollout import Steps
from pokerjax.learn.schedules import Rates
from pokerjax.learn.targets import Targets


def loss(
    log_policy: jax.Array, values: jax.Array, critic: jax.Array, steps: Steps, targets: Targets, rates: Rates,
    config: LearnConfig,
) -> tuple[jax.Array, dict[str, jax.Array]]:  # fmt: skip
    """The scalar loss and its parts, from log-policies [..., A], the seat's own values [...] and the critic's
    [..., 1 or A].

    All are sums over the decisions given, each times its weight: weights that sum to 1 over a minibatch make them
    means, and the parts of a minibatch, on several devices or one after the other, add up to it.
    Both values are in starting depths. The critic learns what actions return, and is the baseline; the seat's own
    learns what states do, and is what an agent says of its prospects.
    """
    weights, reached = targets.weights, targets.weights * targets.reach
    if config.objective == "mirror":
        distance = mirror.distance(log_policy, steps.log_policy, targets.push, targets.movable)
        policy_loss, parts = weighted_sum(distance, reached), {}
    else:
        policy_loss, parts = ppo.loss(log_policy, steps, targets, rates.entropy, config)
    value_loss = 0.5 * weighted_sum((values - targets.state_returns) ** 2, reached)
    critic_loss = 0.5 * weighted_sum((of_action(critic, steps.actions) - targets.returns) ** 2, weights)
    total = policy_loss + config.value_coefficient * (value_loss + critic_loss)
    divergence = ppo.kl_divergence(jax.lax.stop_gradient(steps.log_policy), log_policy)
    parts |= {
        "loss/total": total,
        "loss/policy": policy_loss,
        "loss/value": value_loss,
        "loss/critic": critic_loss,
        "loss/entropy": weighted_sum(ppo.entropy(log_policy), weights),
        "loss/kl_behaviour": weighted_sum(divergence, weights),
    }
    return total, jax.tree.map(jnp.asarray, parts)
