"""The PPO loss, in small pure functions on arrays of decisions of any one shape.

`weights` is 0 for decisions that are not trained, and the same for all the others.
"""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp

from pokerjax.config import LearnConfig
from pokerjax.learn import mirror
from pokerjax.learn.returns import of_action, weighted_sum


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Targets:
    """What the update knows of each decision; all arrays share their leading axes."""

    actions: jax.Array  # int32
    log_probs: jax.Array  # float32: of the action, as it was drawn
    surprises: jax.Array  # float32: return less the value of the action, normalised
    gains: jax.Array  # float32[..., 1 or A]: value of each action less that of the state, normalised
    returns: jax.Array  # float32: of the action, in starting depths
    state_returns: jax.Array  # float32: of the state
    log_policy: jax.Array  # float32[..., A]: of the policy that is improved
    push: jax.Array  # float32[..., A]: what mirror descent adds to its logits
    reach: jax.Array
    masks: jax.Array
    magnet: jax.Array  # float32[..., A]: log-policy of the averaged parameters
    weights: jax.Array  # float32


def clipped_objective(
    log_ratio: jax.Array, advantages: jax.Array, clip: float, dual_clip: float
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """The surrogate to maximise, and where its clip and its dual clip are active.

        A >= 0:  min(r A, clip(r, 1 - c, 1 + c) A)
        A <  0:  max(min(r A, clip(r, 1 - c, 1 + c) A), d A)

    Sources: Schulman et al., arXiv:1707.06347; dual clip: Ye et al., arXiv:1912.09729, equation 5.
    """
    ratio = jnp.exp(log_ratio)
    plain = ratio * advantages
    clipped = jnp.clip(ratio, 1 - clip, 1 + clip) * advantages
    objective = jnp.minimum(plain, clipped)
    floor = dual_clip * advantages
    dual = (advantages < 0) & (objective < floor)
    return jnp.where(dual, floor, objective), clipped < plain, dual


def entropy(log_policy: jax.Array) -> jax.Array:
    """Entropy in nats over the last axis; entries not on offer carry -1e30 and add nothing."""
    return -jnp.sum(jnp.exp(log_policy) * jnp.maximum(log_policy, -1e4), axis=-1)


def kl_divergence(log_policy: jax.Array, log_reference: jax.Array) -> jax.Array:
    """KL(policy || reference) in nats over the last axis, both masked alike."""
    difference = jnp.maximum(log_policy, -1e4) - jnp.maximum(log_reference, -1e4)
    return jnp.sum(jnp.exp(log_policy) * difference, axis=-1)


def loss(
    log_policy: jax.Array, values: jax.Array, critic: jax.Array, targets: Targets,
    entropy_coefficient: jax.Array, config: LearnConfig,
) -> tuple[jax.Array, dict[str, jax.Array]]:  # fmt: skip
    """The scalar loss and its parts, from log-policies [..., A], the seat's own values [...] and the critic's
    [..., 1 or A].

    All are sums over the decisions given, each times its weight: weights that sum to 1 over a minibatch make them
    means, and the parts of a minibatch, on several devices or one after the other, add up to it.
    Both values are in starting depths and learn the same returns; the critic's are the baseline, the seat's own
    are what an agent says of its prospects.
    """
    weights = targets.weights
    log_probs = jnp.take_along_axis(log_policy, targets.actions[..., None], axis=-1)[..., 0]
    # Decisions without weight (padding) may hold anything; keep them out of exp.
    log_ratio = jnp.where(weights > 0, log_probs - targets.log_probs, 0.0)
    objective, clipped, dual = clipped_objective(log_ratio, targets.surprises, config.clip, config.dual_clip)
    # What the actions are worth on average under the policy: with a state critic all gains are 0.
    objective += jnp.sum(jnp.exp(log_policy) * targets.gains, axis=-1)
    policy_loss = -weighted_sum(objective, weights)
    if config.objective == "mirror":
        policy_loss = weighted_sum(mirror.loss(log_policy, targets.log_policy, targets.push, targets.masks), weights * targets.reach)
        entropy_coefficient = 0.0
    critic = of_action(critic, targets.actions)
    value_loss = 0.5 * weighted_sum((values - targets.state_returns) ** 2, weights * targets.reach)
    critic_loss = 0.5 * weighted_sum((critic - targets.returns) ** 2, weights)
    mean_entropy = weighted_sum(entropy(log_policy), weights)
    magnet = weighted_sum(kl_divergence(log_policy, targets.magnet), weights)
    total = (
        policy_loss
        + config.value_coefficient * (value_loss + critic_loss)
        - entropy_coefficient * mean_entropy
        + (config.magnet_coefficient * magnet if config.objective == 'ppo' else 0.0)
    )
    parts = {
        "loss/total": total,
        "loss/policy": policy_loss,
        "loss/value": value_loss,
        "loss/critic": critic_loss,
        "loss/entropy": mean_entropy,
        "loss/kl_magnet": magnet,
        # Unbiased and never negative: r - 1 - log r (Schulman, "Approximating KL divergence").
        "loss/kl_behaviour": weighted_sum(jnp.expm1(log_ratio) - log_ratio, weights),
        "ppo/clip_share": weighted_sum(clipped.astype(jnp.float32), weights),
        "ppo/dual_clip_share": weighted_sum(dual.astype(jnp.float32), weights),
    }
    return total, parts
