"""The decisions of a hand whose actions are known: what each seat read, and what it might have done."""

from __future__ import annotations

import dataclasses
from functools import partial

import jax
import jax.numpy as jnp

from pokerjax import poker
from pokerjax.env import tables, tokens
from pokerjax.env.tables import Decision, Environment, Table


@partial(jax.jit, static_argnums=0)
def replay_decisions(
    environment: Environment, deal: poker.Deal, stakes: poker.Stakes, actions: jax.Array
) -> tuple[Decision, poker.State]:
    """The decision before each engine action int32[T], and the state in which it is taken (leading axis T).

    Illegal actions are moved into the rules, as `poker.act` does; once the hand is over the actor is NOBODY.
    """
    table = tables.seat_players(environment, deal, stakes, jnp.int32(0))

    def one(table: Table, action: jax.Array):
        decision = tables.read(environment, table)
        hand = poker.act(environment.rules, table.hand, action)
        log, _ = tokens.record(table.log, table.hand, hand, decision.legal)
        return dataclasses.replace(table, hand=hand, log=log), (decision, table.hand)

    return jax.lax.scan(one, table, actions)[1]


def padded_length(environment: Environment, count: int) -> int:
    """Room for `count` actions and the decision after them: the hand limit, doubled until it fits.

    A longer history than any of self-play takes a larger program; powers of two keep them few.
    """
    length = environment.hand_limit
    while length <= count:
        length *= 2
    return length
