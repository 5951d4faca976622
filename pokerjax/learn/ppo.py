"""The PPO loss, in small pure functions on arrays of decisions of any one shape.

`weights` is 1 for decisions that are trained and 0 for the rest.
"""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp

from pokerjax.config import LearnConfig
from pokerjax.learn.returns import weighted_mean

CORRECTION_BOUND = 5.0  # on 1 / mu in NeuRD
LOGIT_BOUND = 6.0  # from the mean of the logits on offer


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Targets:
    """What the update knows of each decision; all arrays share their leading axes."""

    actions: jax.Array  # int32
    log_probs: jax.Array  # float32: of the behaviour policy
    surprises: jax.Array  # float32: return less the value of the action, normalised
    gains: jax.Array  # float32[..., 1 or A]: value of each action less that of the state, normalised
    returns: jax.Array  # float32: in starting depths
    magnet: jax.Array  # float32[..., A]: log-policy of the averaged parameters
    weights: jax.Array  # float32: 0 for what is not trained


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


def neurd_objective(
    log_policy: jax.Array, targets: Targets, entropy_coefficient: jax.Array, magnet_coefficient: float
) -> jax.Array:
    """Neural replicator dynamics: every logit moves by what its action gains, whatever its probability, [...].

        push(a) = q(a) - v + surprise 1[a taken] / mu(a) - magnet log(pi(a) / rho(a)) - entropy log pi(a)
        objective = sum of logit(a) push(a) over the entries on offer, no gradient through the push

    A policy gradient moves a logit by pi(a) times that, and so forgets how to come back to what it no longer does.
    1 / mu is bounded, and no logit is pushed further from the mean than LOGIT_BOUND. Sources: Hennes et al.,
    arXiv:1906.00190; with regularisation, Perolat et al., arXiv:2002.08456.
    """
    offered = log_policy > -1e29
    count = jnp.sum(offered, axis=-1, keepdims=True)

    def centred(x: jax.Array) -> jax.Array:
        mean = jnp.sum(jnp.where(offered, x, 0.0), axis=-1, keepdims=True) / count
        return jnp.where(offered, x - mean, 0.0)

    taken = jnp.arange(log_policy.shape[-1]) == targets.actions[..., None]
    inverse = jnp.minimum(jnp.exp(-targets.log_probs), CORRECTION_BOUND)
    push = targets.gains + jnp.where(taken, (targets.surprises * inverse)[..., None], 0.0)
    push -= magnet_coefficient * (log_policy - targets.magnet) + entropy_coefficient * log_policy
    push, logits = jax.lax.stop_gradient(centred(push)), centred(log_policy)
    too_far = jnp.abs(logits) > LOGIT_BOUND
    return jnp.sum(jnp.where(too_far & (push * logits > 0), 0.0, push) * logits, axis=-1)


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
    """The scalar loss and its parts, from log-policies [..., A], the seat's own values [...] and the critic's.

    Both values are in starting depths and learn the same returns; the critic's are the baseline, the seat's own
    are what an agent says of its prospects.
    """
    weights = targets.weights
    log_probs = jnp.take_along_axis(log_policy, targets.actions[..., None], axis=-1)[..., 0]
    # Decisions without weight (padding) may hold anything; keep them out of exp.
    log_ratio = jnp.where(weights > 0, log_probs - targets.log_probs, 0.0)
    objective, clipped, dual = clipped_objective(log_ratio, targets.surprises, config.clip, config.dual_clip)
    if targets.gains.shape[-1] > 1:
        objective += jnp.sum(jnp.exp(log_policy) * targets.gains, axis=-1)
        critic = jnp.take_along_axis(critic, targets.actions[..., None], axis=-1)
    if config.objective == "neurd":
        objective = neurd_objective(log_policy, targets, entropy_coefficient, config.magnet_coefficient)
    policy_loss = -weighted_mean(objective, weights)
    critic = critic[..., 0]
    value_loss = 0.5 * weighted_mean((values - targets.returns) ** 2, weights)
    critic_loss = 0.5 * weighted_mean((critic - targets.returns) ** 2, weights)
    mean_entropy = weighted_mean(entropy(log_policy), weights)
    magnet = weighted_mean(kl_divergence(log_policy, targets.magnet), weights)
    total = policy_loss + config.value_coefficient * (value_loss + critic_loss)
    if config.objective == "ppo":
        total += config.magnet_coefficient * magnet - entropy_coefficient * mean_entropy
    parts = {
        "loss/total": total,
        "loss/policy": policy_loss,
        "loss/value": value_loss,
        "loss/critic": critic_loss,
        "loss/entropy": mean_entropy,
        "loss/kl_magnet": magnet,
        # Unbiased and never negative: r - 1 - log r (Schulman, "Approximating KL divergence").
        "loss/kl_behaviour": weighted_mean(jnp.expm1(log_ratio) - log_ratio, weights),
        "ppo/clip_share": weighted_mean(clipped.astype(jnp.float32), weights),
        "ppo/dual_clip_share": weighted_mean(dual.astype(jnp.float32), weights),
    }
    return total, parts
