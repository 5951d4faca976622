"""Duplicate matches: an agent against P - 1 opponents of one kind, thousands of tables in one program.

Every deal (cards by seat, starting stacks) is played P times in succession, with the agent in each seat once,
and the mean over these P hands is one sample. So the luck of the cards mostly cancels, and the interval is
honest, since samples of different deals are independent. Each table plays a number of deals fixed beforehand;
tables that finish early play on uncounted, so quick hands are not favoured.
"""

from __future__ import annotations

import dataclasses
import math
import time
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pokerjax.compiler import compiler_options
from pokerjax.env import tables
from pokerjax.env.tables import Environment, Outcome, Table
from pokerjax.evaluate.players import Player

AGENT = 0  # the agent's number at the table, which sits in seat (0 - rotation) mod P
DEALS_PER_TABLE = 8  # fewer tables than deals / this, or the tables that finish last wait alone
MEMORY_BYTES = {"cpu": 2**28, "gpu": 2**33, "tpu": 2**32}  # that the players' caches may take
MOST_TABLES = {"cpu": 1024, "gpu": 16_384, "tpu": 8192}


@dataclasses.dataclass(frozen=True, kw_only=True)
class MatchResult:
    """How an agent did, in big blinds per 100 hands."""

    bb100: float
    ci95: float
    """Half-width of the 95 % interval, from the means of the deals."""
    hands: int
    """Hands counted: deals x players."""
    seconds: float
    """Wall-clock seconds, compilation included."""
    vpip: float
    """Share of hands in which the agent put chips in before the flop of its own will."""
    pfr: float
    """Share of hands in which the agent raised before the flop."""

    @property
    def low(self) -> float:
        """Lower end of the 95 % interval."""
        return self.bb100 - self.ci95

    @property
    def high(self) -> float:
        """Upper end of the 95 % interval."""
        return self.bb100 + self.ci95


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Tally:
    """What was counted at each table, [B]."""

    current: jax.Array  # float32: the agent's big blinds so far in the current deal
    total: jax.Array  # float32: sum over finished deals of the deal's mean, in big blinds
    squares: jax.Array  # float32: sum of the squares of these means
    voluntary: jax.Array  # int32: hands
    raised: jax.Array  # int32: hands


def play_match(
    agent: Player,
    opponent: Player,
    key: jax.Array,
    *,
    hands: int,
    params: Any = None,
    opponent_params: Any = None,
) -> MatchResult:
    """Play at least `hands` hands, rounded up to whole deals; `key` is consumed.

    The game is the agent's; the opponents sit in all other seats. Programs are kept by agent, opponent and
    number of tables, so a match with other parameters, hands or key is not compiled again.
    """
    started = time.monotonic()
    players = agent.environment.num_players
    deals = max(-(-hands // players), 2)
    batch = _num_tables(agent, opponent, deals)
    tally = _program(agent, opponent, batch)(params, opponent_params, key, jnp.int32(deals))
    host = jax.tree.map(lambda x: float(np.asarray(x, np.float64).sum()), tally)
    mean = host.total / deals
    variance = max(host.squares / deals - mean**2, 0.0) * deals / (deals - 1)
    return MatchResult(
        bb100=100 * mean,
        ci95=100 * 1.96 * math.sqrt(variance / deals),
        hands=deals * players,
        seconds=time.monotonic() - started,
        vpip=host.voluntary / (deals * players),
        pfr=host.raised / (deals * players),
    )


def _num_tables(agent: Player, opponent: Player, deals: int) -> int:
    """A power of two, so that few programs are compiled, that suits the deals, the device and its memory."""
    memory = jax.eval_shape(lambda: (agent.memory(1), opponent.memory(1)))
    table_bytes = sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(memory)) or 1
    device = jax.default_backend()
    most = min(MOST_TABLES[device], MEMORY_BYTES[device] // table_bytes, deals // DEALS_PER_TABLE)
    return 1 << (max(most, 1).bit_length() - 1)


@cache
def _program(agent: Player, opponent: Player, batch: int):
    """`(params, opponent_params, key, deals) -> Tally`, compiled once for these players and tables."""

    def play(params: Any, opponent_params: Any, key: jax.Array, deals: jax.Array) -> Tally:
        return _play(agent, opponent, params, opponent_params, key, deals, batch)

    return jax.jit(play, compiler_options=compiler_options())


def _play(agent, opponent, params, opponent_params, key, deals, batch: int) -> Tally:
    environment = agent.environment
    players = environment.num_players
    deal_key, action_key = jax.random.split(key)
    lanes = jnp.arange(batch)
    quota = players * (deals // batch + (lanes < deals % batch))  # hands a table plays
    play_step = jax.vmap(lambda *arguments: tables.step(environment, *arguments))

    def hand(hands: jax.Array, lane: jax.Array):
        """Deal and stakes of a table's hand number `hands`: the same for P hands in succession."""
        number = lane + batch * (hands // players)
        key = jax.random.fold_in(deal_key, number)
        bits = jax.random.bits(key, (tables.num_bits(environment),), jnp.uint32)
        return tables.fresh_hand(environment, bits)

    def unfinished(carry) -> jax.Array:
        return jnp.any(carry[1].hands < quota)

    def one_step(carry):
        time, table, memory, opponent_memory, tally = carry
        agent_key, opponent_key = jax.random.split(jax.random.fold_in(action_key, time))
        chips, memory = agent.act(params, memory, table, agent_key, time)
        others, opponent_memory = opponent.act(opponent_params, opponent_memory, table, opponent_key, time)
        agent_seat = (AGENT - table.rotation) % players
        action = jnp.where(table.hand.actor == agent_seat, chips, others)
        legal = jax.vmap(lambda t: tables.read(environment, t).legal)(table)
        after, outcome = play_step(table, action, legal, *jax.vmap(hand)(table.hands + 1, lanes))
        tally = _count(environment, tally, table, outcome, agent_seat, table.hands < quota)
        return time + 1, after, memory, opponent_memory, tally

    table = jax.vmap(lambda d, s: tables.seat_players(environment, d, s, jnp.int32(0)))(
        *jax.vmap(hand)(jnp.zeros_like(lanes), lanes)
    )
    zeros = jnp.zeros((batch,))
    counts = jnp.zeros((batch,), jnp.int32)
    tally = Tally(current=zeros, total=zeros, squares=zeros, voluntary=counts, raised=counts)
    carry = (jnp.int32(0), table, agent.memory(batch), opponent.memory(batch), tally)
    return jax.lax.while_loop(unfinished, one_step, carry)[-1]


def _count(environment: Environment, tally: Tally, table: Table, outcome: Outcome, seat, counts) -> Tally:
    """Add the hands that ended at the tables that still count."""
    players = environment.num_players
    mine = jnp.arange(players) == seat[:, None]
    ended = outcome.done & counts
    current = tally.current + jnp.where(ended, jnp.sum(jnp.where(mine, outcome.rewards, 0), axis=1), 0)
    deal_ended = ended & ((table.hands + 1) % players == 0)
    mean = jnp.where(deal_ended, current / players, 0)
    return Tally(
        current=jnp.where(deal_ended, 0, current),
        total=tally.total + mean,
        squares=tally.squares + mean**2,
        voluntary=tally.voluntary + (ended & jnp.any(outcome.voluntary & mine, axis=1)),
        raised=tally.raised + (ended & jnp.any(outcome.raised & mine, axis=1)),
    )
