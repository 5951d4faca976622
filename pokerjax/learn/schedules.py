"""What falls over a run: the rates of one iteration, by the share of the run's games that are played."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from pokerjax.config import LearnConfig


class Rates(NamedTuple):
    """The annealed settings of one iteration, float32 scalars."""

    learning_rate: jax.Array
    critic_learning_rate: jax.Array
    entropy: jax.Array  # PPO's coefficient
    temperature: jax.Array  # mirror descent's, big blinds
    mirror_step: jax.Array  # per big blind
    tremble: jax.Array  # the mean share of slips


def rates(learn: LearnConfig, progress: jax.Array) -> Rates:
    """The rates at `progress`, 0 at the start of the run and 1 at its end."""
    learning_rate = learn.learning_rate * annealed(progress, learn.learning_rate_end)
    own = learn.critic_learning_rate
    return Rates(
        learning_rate=learning_rate,
        critic_learning_rate=jnp.asarray(own, jnp.float32) if own else learning_rate,
        entropy=learn.entropy_coefficient * annealed(progress, learn.entropy_end),
        temperature=learn.temperature * annealed(progress, learn.temperature_end),
        mirror_step=learn.mirror_step * annealed(progress, learn.temperature_end),
        tremble=learn.tremble * annealed(progress, learn.tremble_end),
    )


def annealed(progress: jax.Array, end: float) -> jax.Array:
    """The share that is left at `progress`: geometric from 1 to `end`, or linear where the end is 0."""
    return jnp.asarray(end, jnp.float32) ** progress if end > 0 else 1 - progress
