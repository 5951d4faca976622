"""Sampled hands in the Poker Hand History format (PHH), for readers and replayers.

A policy plays itself or an opponent, one hand a table, and several hands go to one `.phhs` file, which PokerKit loads
by `HandHistory.load_all` and replays to the same stacks. Where its rules differ (tests/poker/test_pokerkit.py), odd
chips of split pots may go to another winner, which moves a chip or two between three and more players;
`finishing_stacks` says what was paid here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pokerjax import poker
from pokerjax.compiler import compiler_options
from pokerjax.env import tables, tokens
from pokerjax.env.tables import Environment
from pokerjax.evaluate.players import ModelPlayer, Player

_OPPONENT_STREAM = 1  # of a step's key, which itself draws the policy's action


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class _Step:
    """One decision at each table."""

    state: poker.State  # before it
    action: jax.Array  # int32: chips raised to, if the kind is a raise
    kind: jax.Array  # int32, of `tokens`
    done: jax.Array  # bool
    after: poker.State


def sample_hands(
    player: ModelPlayer, params: Any, key: jax.Array, *, hands: int,
    opponent: Player | None = None, opponent_params: Any = None,
) -> list[poker.Hand]:  # fmt: skip
    """Hands that the policy plays against itself, or against an opponent in all other seats; `key` is consumed.

    Against an opponent the policy sits in seat n mod P in hand n, counted from 0. As many tables play one hand each,
    for as long as a hand can last: so none is cut off, and quick hands are not favoured.
    """
    steps: _Step = jax.device_get(_program(player, opponent, hands)(params, opponent_params, key))
    lanes = [jax.tree.map(lambda x, lane=lane: x[:, lane], steps) for lane in range(hands)]
    return [_hand(player.environment, lane) for lane in lanes]


@cache
def _program(player: ModelPlayer, opponent: Player | None, batch: int):
    """`(params, opponent_params, key) -> _Step [T, B]`, compiled once for these players and number of tables."""
    environment = player.environment

    def play(params: Any, opponent_params: Any, key: jax.Array) -> _Step:
        deal_key, action_key = jax.random.split(key)
        bits = jax.random.bits(deal_key, (batch, tables.num_bits(environment)), jnp.uint32)
        deals, stakes = jax.vmap(lambda b: tables.fresh_hand(environment, b))(bits)
        seats = jnp.arange(batch) % environment.num_players  # the policy's, against an opponent

        def one_step(carry, time):
            table, memory, other_memory = carry
            step_key = jax.random.fold_in(action_key, time)
            action, memory = player.act(params, memory, table, step_key, time)
            if opponent is not None:
                other_key = jax.random.fold_in(step_key, _OPPONENT_STREAM)
                other, other_memory = opponent.act(opponent_params, other_memory, table, other_key, time)
                action = jnp.where(table.hand.actor == seats, action, other)
            legal = jax.vmap(lambda t: tables.read(environment, t).legal)(table)
            after = jax.vmap(lambda s, a: poker.act(environment.rules, s, a))(table.hand, action)
            # The same cards again, for a second hand that is not looked at.
            following, outcome = jax.vmap(lambda *x: tables.step(environment, *x))(table, action, legal, deals, stakes)
            # A raise as the rules took it: a script may name any number.
            raised = jnp.clip(action, legal.min_raise_to, legal.max_raise_to)
            step = _Step(table.hand, raised, outcome.kind, outcome.done, after)
            return (following, memory, other_memory), step

        table = jax.vmap(lambda d, s: tables.seat_players(environment, d, s, jnp.int32(0)))(deals, stakes)
        times = jnp.arange(max(environment.hand_limit, opponent.environment.hand_limit if opponent else 0))
        memories = player.memory(batch), opponent.memory(batch) if opponent is not None else None
        return jax.lax.scan(one_step, (table, *memories), times)[1]

    return jax.jit(play, compiler_options=compiler_options())


def _hand(environment: Environment, steps: _Step) -> poker.Hand:
    """The first hand of one table, from its decisions [T]."""
    game = environment.game
    length = int(np.argmax(steps.done)) + 1
    final = jax.tree.map(lambda x: x[length - 1], steps.after)
    turned_up = list(accumulate(environment.rules.board_cards))[int(final.street)]
    pair = (game.big_blind, game.small_blind) if game.num_players == 2 else (game.small_blind, game.big_blind)
    played = zip(steps.action[:length].tolist(), steps.kind[:length].tolist(), strict=True)
    words = {tokens.FOLDED: poker.FOLD, tokens.CHECKED: poker.CALL, tokens.CALLED: poker.CALL}
    return poker.Hand(
        rules=environment.rules,
        stacks=tuple(final.starting.tolist()),
        blinds=pair + (0,) * (game.num_players - 2),
        antes=(game.ante,) * game.num_players,
        big_blind=game.big_blind,
        hole=tuple(map(tuple, final.hole.tolist())),
        board=tuple(final.board[:turned_up].tolist()),
        actions=tuple(action if kind == tokens.RAISED else words[kind] for action, kind in played),
        actors=tuple(steps.state.actor[:length].tolist()),
        streets=tuple(steps.state.street[:length].tolist()),
        finishing_stacks=tuple(final.stacks.tolist()),
    )


def write_hands(path: Path, hands: Sequence[poker.Hand], *, iteration: int) -> None:
    """Write hands to one file, each with the training iteration of its policy; makes the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    marked = [dataclasses.replace(hand, fields={**hand.fields, "_iteration": iteration}) for hand in hands]
    path.write_text(poker.write_phhs(marked))
