"""Opponents that do not learn: snapshots of the run itself, or the agent of a checkpoint.

At the last tables of a rollout player 0 learns, and a frozen policy sits in every other seat. The tables fall
into G groups, each with one policy, so that a group is one batch of the model. A pool keeps K snapshots of the
averaged policy, spread evenly over the whole run; which of them play follows their results. A hand that goes on into
the next rollout goes on against the policy that its group meets there, and counts for that.

Axes: K slots of the pool, G groups, N tables of a group, T decisions of the rollout, P seats.
"""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp

from pokerjax.checks import OPPONENT_GROUPS
from pokerjax.env import menu, tables
from pokerjax.env.tables import Environment, Table
from pokerjax.learn.sharding import total
from pokerjax.model.attention import Cache, segment
from pokerjax.model.transformer import Model, Parameters, sample

MEMORY = 0.98  # of the results, an iteration
LEAST_WEIGHT = 0.05  # of a slot that always loses


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Opponents:
    """The frozen policies of one rollout, one a group."""

    params: Parameters  # [G, ...]
    model: Model = dataclasses.field(metadata={"static": True})
    num_tables: int = dataclasses.field(metadata={"static": True})  # G * N, the last ones of the rollout

    def read(self, tokens: jax.Array, segments: jax.Array) -> Cache:
        """The caches [G, N, ...] after the decisions int32[G * N, R, W] of unfinished hands."""
        return jax.vmap(lambda *group: self.model.sequence(*group)[2])(
            self.params, self._grouped(tokens), self._grouped(segments)
        )

    def act(
        self, environment: Environment, cache: Cache, table: Table, uniform: jax.Array, time: jax.Array
    ) -> tuple[jax.Array, Cache]:
        """Engine actions int32[G * N] at tables whose arrays end in that axis, by uniform numbers, and the caches.

        `environment` is the learner's; the opponents have their own menu in it.
        """
        game = dataclasses.replace(environment.game, bet_sizes=self.model.environment.game.bet_sizes)
        environment = dataclasses.replace(environment, game=game)
        decision = tables.read(environment, table)
        segments = segment(decision.hand, decision.seat, environment.layout.num_players)
        step = jax.vmap(self.model.step, in_axes=(0, 0, 0, 0, None))
        tokens = self._grouped(decision.token.T)
        logits, _, cache = step(self.params, cache, tokens, self._grouped(segments), time)
        log_policy = self.model.log_policy(logits.reshape(self.num_tables, -1), decision.mask.T)
        return menu.choose(decision.amounts, sample(log_policy, uniform)), cache

    def _grouped(self, x: jax.Array) -> jax.Array:
        groups = jax.tree.leaves(self.params)[0].shape[0]
        return x.reshape(groups, -1, *x.shape[1:])


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Pool:
    """Snapshots, and how the learner does against them."""

    params: Parameters  # [K, ...]
    hands: jax.Array  # float32[K]: hands against the slot, older ones counting less
    won: jax.Array  # float32[K]: the learner's big blinds in them
    squares: jax.Array  # float32[K]: and their squares


def new_pool(params: Parameters, size: int) -> Pool:
    """A pool of `size` slots that all hold these parameters."""
    zeros = jnp.zeros((size,))
    repeated = jax.tree.map(lambda x: jnp.repeat(x[None], size, axis=0), params)
    return Pool(params=repeated, hands=zeros, won=zeros, squares=zeros)


def weights(pool: Pool) -> jax.Array:
    """How often each slot should play, float32[K]: the probability that the learner loses to it, in the long run.

    By the normal approximation, from the mean result and its standard error; 0.5 for a slot not met yet.
    """
    hands = jnp.maximum(pool.hands, 1.0)
    mean = pool.won / hands
    error = jnp.sqrt(jnp.maximum(pool.squares / hands - mean**2, 1e-6) / hands)
    return jax.scipy.stats.norm.cdf(-mean / error) + LEAST_WEIGHT


def draw(pool: Pool, key: jax.Array) -> tuple[jax.Array, Parameters]:
    """The slots int32[G] that the groups of the next rollout meet, and their parameters [G, ...]."""
    slots = jax.random.categorical(key, jnp.log(weights(pool)), shape=(min(OPPONENT_GROUPS, pool.hands.size),))
    return slots, jax.tree.map(lambda x: x[slots], pool.params)


def remember(pool: Pool, slots: jax.Array, results: jax.Array, ended: jax.Array) -> Pool:
    """Count the learner's `results` float32[T, G * N] in big blinds where a hand `ended` against the groups' slots,
    on all devices."""
    groups = slots.shape[0]

    def by_slot(x: jax.Array) -> jax.Array:
        by_group = total(jnp.sum(x.reshape(x.shape[0], groups, -1), axis=(0, 2)))
        return jnp.sum(jnp.where(slots[:, None] == jnp.arange(pool.hands.size), by_group[:, None], 0.0), axis=0)

    won = jnp.where(ended, results, 0.0)
    return dataclasses.replace(
        pool,
        hands=MEMORY * pool.hands + by_slot(ended.astype(jnp.float32)),
        won=MEMORY * pool.won + by_slot(won),
        squares=MEMORY * pool.squares + by_slot(won**2),
    )


def renew(pool: Pool, average: Parameters, progress: jax.Array) -> Pool:
    """Put the averaged policy into the slots whose time has not come: slot k keeps that of (k + 1) / (K + 1)."""
    size = pool.hands.size
    open_slots = progress < (jnp.arange(size) + 1) / (size + 1)

    def put(kept: jax.Array, new: jax.Array) -> jax.Array:
        return jnp.where(open_slots.reshape(-1, *(1,) * new.ndim), new[None], kept)

    return dataclasses.replace(pool, params=jax.tree.map(put, pool.params, average))
