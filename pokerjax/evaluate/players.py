"""Who plays a match: a model with parameters, or a scripted player, behind one interface.

A player is static and hashable, so that a compiled match is found again; what changes (parameters, memory) is
passed. It acts for all tables at once, axis B, and every decision of a table is shown to every player, since
that is what a batch allows: the match takes the action of the one whose turn it is.
"""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax
import jax.numpy as jnp

from pokerjax.env import menu, tables
from pokerjax.env.tables import Environment, Table
from pokerjax.evaluate.scripted import Script
from pokerjax.model.attention import segment
from pokerjax.model.transformer import Model, sample

Acted = tuple[jax.Array, Any]


class Player(Protocol):
    """What a match needs of a player."""

    @property
    def environment(self) -> Environment:
        """The game as this player reads it: its own action menu."""
        ...

    def memory(self, batch: int) -> Any:
        """What it remembers of `batch` tables before the first decision."""
        ...

    def act(self, params: Any, memory: Any, table: Table, key: jax.Array, time: jax.Array) -> Acted:
        """Engine actions int32[B] at the tables [B], and the new memory; `time` counts the steps."""
        ...


class Policy(NamedTuple):
    """What a player would have done with which probability, at tables [B]."""

    amounts: jax.Array  # int32[B, A]: engine actions
    probabilities: jax.Array  # float32[B, A]


@runtime_checkable
class OpenPlayer(Player, Protocol):
    """A player that tells its policy, so that a match can take the luck of its own draws out of the result."""

    def act_openly(
        self, params: Any, memory: Any, table: Table, key: jax.Array, time: jax.Array
    ) -> tuple[jax.Array, Any, Policy]:
        """As `act`, and the policy that the actions were drawn from, given all that this player knows."""
        ...


@dataclasses.dataclass(frozen=True)
class ScriptedPlayer:
    """A player by rule, which remembers nothing. Its parameter is the number of the script it plays by.

    So one compiled match serves all the scripts; only the one that is asked for is run.
    """

    environment: Environment
    scripts: tuple[Script, ...]

    def memory(self, batch: int) -> None:
        """Nothing."""

    def act(self, params: Any, memory: Any, table: Table, key: jax.Array, time: jax.Array) -> Acted:
        """What script number `params` plays, the first if None."""
        decision = jax.vmap(lambda t: tables.read(self.environment, t))(table)
        keys = jax.random.split(key, table.rotation.shape[0])
        # Without `vmap` over the index, a switch runs one branch and not all.
        branches = [jax.vmap(partial(script, self.environment.layout)) for script in self.scripts]
        return jax.lax.switch(0 if params is None else params, branches, decision, keys), memory


@dataclasses.dataclass(frozen=True)
class ModelPlayer:
    """A player that samples from a model's policy; its memory is the cache."""

    model: Model
    game: Environment | None = None
    """Where it plays, with the model's tokens and menu: None for the game the model was trained on."""

    @property
    def environment(self) -> Environment:
        """The game as it plays it."""
        return self.game or self.model.environment

    def memory(self, batch: int) -> Any:
        """An empty cache."""
        return self.model.empty_cache(batch)

    def act(self, params: Any, memory: Any, table: Table, key: jax.Array, time: jax.Array) -> Acted:
        """One cached step for every table. Segments keep each seat's decisions to itself."""
        return self.act_openly(params, memory, table, key, time)[:2]

    def act_openly(
        self, params: Any, memory: Any, table: Table, key: jax.Array, time: jax.Array
    ) -> tuple[jax.Array, Any, Policy]:
        """As `act`, and the policy."""
        decision = jax.vmap(lambda t: tables.read(self.environment, t))(table)
        segments = segment(decision.hand, decision.seat, self.environment.num_players)
        logits, _, memory = self.model.step(params, memory, decision.token, segments, time)
        log_policy = self.model.log_policy(logits, decision.mask)
        entries = sample(log_policy, jax.random.uniform(key, segments.shape))
        policy = Policy(decision.amounts, jnp.exp(log_policy))
        return jax.vmap(menu.choose)(decision.amounts, entries), memory, policy
