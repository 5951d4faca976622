"""PPO: the policy's clipped objective, in small pure functions on arrays of decisions of any one shape.

`weights` is 0 for decisions that are not trained, and the same for all the others.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from pokerjax.config import LearnConfig
from pokerjax.learn.returns import weighted_sum
from pokerjax.learn.rollout import Steps
from pokerjax.learn.slips import behaviour
from pokerjax.learn.targets import Targets


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
    log_policy: jax.Array, steps: Steps, targets: Targets, entropy_coefficient: jax.Array, config: LearnConfig
) -> tuple[jax.Array, dict[str, jax.Array]]:  # fmt: skip
    """The policy's loss and its parts, from log-policies [..., A] and the steps recorded [...].

    The clipped surrogate, the entropy bonus and the divergence from the magnet, each a sum over the decisions times
    their weights. Where a seat slips, the surrogate moves the policy by the share that is left to it; the other
    two count as much, or they would rule where mostly those who slip have come.
    """
    played, weights = behaviour(log_policy, steps.slips), targets.weights
    left = weights if steps.slips is None else weights * (1 - jnp.sum(steps.slips, axis=-1))
    log_probs = jnp.take_along_axis(played, steps.actions[..., None], axis=-1)[..., 0]
    # Decisions without weight (padding) may hold anything; keep them out of exp.
    log_ratio = jnp.where(weights > 0, log_probs - targets.log_probs, 0.0)
    objective, clipped, dual = clipped_objective(log_ratio, targets.surprises, config.clip, config.dual_clip)
    # What the actions are worth on average under the policy: with a state critic all gains are 0.
    objective += jnp.sum(jnp.exp(played) * targets.gains, axis=-1)
    policy_loss = -weighted_sum(objective, weights) - entropy_coefficient * weighted_sum(entropy(log_policy), left)
    parts = {
        "ppo/clip_share": weighted_sum(clipped.astype(jnp.float32), weights),
        "ppo/dual_clip_share": weighted_sum(dual.astype(jnp.float32), weights),
    }
    if config.magnet_coefficient > 0:
        magnet = weighted_sum(kl_divergence(log_policy, targets.magnet), left)
        policy_loss += config.magnet_coefficient * magnet
        parts["loss/kl_magnet"] = magnet
    return policy_loss, parts
