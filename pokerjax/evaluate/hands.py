"""Sampled hands in the Poker Hand History format (PHH, https://phh.readthedocs.io), for readers and replayers.

A policy plays itself, one hand a table, and several hands go to one `.phhs` file, which PokerKit loads by
`HandHistory.load_all` and replays to the same stacks. PHH counts players as the engine counts seats: p1 is seat
0, the first left of the button, heads-up the big blind; but it lists the blinds as (small, big) even heads-up.

Where PokerKit's rules differ (tests/poker/test_pokerkit.py):
- It knows no raise that no rival can call a chip of. Such chips come back, so the raise is written as a call,
  with a comment.
- Odd chips of split pots may go to another winner, which moves a chip or two between three and more players.
  `finishing_stacks` says what was paid here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pokerjax import poker
from pokerjax.compiler import compiler_options
from pokerjax.config import GameConfig
from pokerjax.env import tables, tokens
from pokerjax.evaluate.players import ModelPlayer

_BOARD_CARDS = (0, 3, 4, 5)  # turned up by street
_LAST_STREET = 3


@dataclasses.dataclass(frozen=True, kw_only=True)
class Hand:
    """A finished hand. Seats are positions: 0 is the first left of the button, heads-up the big blind."""

    game: GameConfig
    starting_stacks: tuple[int, ...]
    """Chips before antes and blinds."""
    hole: tuple[str, ...]
    """The cards of every seat, as "AhKd"."""
    board: tuple[str, ...]
    """All five cards, turned up or not."""
    actions: tuple[tuple[int, int, str], ...]
    """Street, seat, and the action in PHH: "f", "cc" or "cbr <chips>"."""
    showdown: tuple[int, ...]
    """The seats that showed their cards."""
    payoffs: tuple[int, ...]
    """Chips won or lost."""


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class _Step:
    """One decision at each table."""

    state: poker.State  # before it
    action: jax.Array  # int32: engine action
    kind: jax.Array  # int32, of `tokens`
    done: jax.Array  # bool
    after: poker.State


def sample_hands(player: ModelPlayer, params: Any, key: jax.Array, *, hands: int) -> list[Hand]:
    """Hands that the policy plays against itself; `key` is consumed.

    As many tables play one hand each, for as long as a hand can last: so none is cut off, and quick hands are
    not favoured.
    """
    steps: _Step = jax.device_get(_program(player, hands)(params, key))
    game = player.environment.game
    lanes = [jax.tree.map(lambda x, lane=lane: x[:, lane], steps) for lane in range(hands)]
    return [_hand(game, lane) for lane in lanes]


@cache
def _program(player: ModelPlayer, batch: int):
    """`(params, key) -> _Step [T, B]`, compiled once for this player and number of tables."""
    environment = player.environment

    def play(params: Any, key: jax.Array) -> _Step:
        deal_key, action_key = jax.random.split(key)
        bits = jax.random.bits(deal_key, (batch, tables.num_bits(environment)), jnp.uint32)
        deals, stakes = jax.vmap(lambda b: tables.fresh_hand(environment, b))(bits)

        def one_step(carry, time):
            table, memory = carry
            action, memory = player.act(params, memory, table, jax.random.fold_in(action_key, time), time)
            legal = jax.vmap(lambda t: tables.read(environment, t).legal)(table)
            after = jax.vmap(lambda s, a: poker.act(environment.rules, s, a))(table.hand, action)
            # The same cards again, for a second hand that is not looked at.
            following, outcome = jax.vmap(lambda *x: tables.step(environment, *x))(table, action, legal, deals, stakes)
            step = _Step(table.hand, action, outcome.kind, outcome.done, after)
            return (following, memory), step

        table = jax.vmap(lambda d, s: tables.seat_players(environment, d, s, jnp.int32(0)))(deals, stakes)
        times = jnp.arange(environment.hand_limit)
        return jax.lax.scan(one_step, (table, player.memory(batch)), times)[1]

    return jax.jit(play, compiler_options=compiler_options())


def _hand(game: GameConfig, steps: _Step) -> Hand:
    """The first hand of one table, from its decisions [T]."""
    last = int(np.argmax(steps.done))
    final = jax.tree.map(lambda x: x[last], steps.after)
    actions = []
    for t in range(last + 1):
        before = jax.tree.map(lambda x, t=t: x[t], steps.state)
        word = _word(before, int(steps.action[t]), int(steps.kind[t]))
        actions.append((int(before.street), int(before.actor), word))
    live = np.flatnonzero(~final.folded)
    return Hand(
        game=game,
        starting_stacks=tuple(final.starting.tolist()),
        hole=tuple("".join(map(poker.card_name, cards)) for cards in final.hole.tolist()),
        board=tuple(map(poker.card_name, final.board.tolist())),
        actions=tuple(actions),
        showdown=tuple(live.tolist()) if len(live) > 1 else (),
        payoffs=tuple(final.payoffs.tolist()),
    )


def _word(before: poker.State, action: int, kind: int) -> str:
    """An action in PHH."""
    if kind == tokens.FOLDED:
        return "f"
    if kind != tokens.RAISED:
        return "cc"
    rivals = ~np.asarray(before.folded) & (np.arange(len(before.bets)) != before.actor)
    if np.any(rivals & (before.bets + before.stacks > before.level)):
        return f"cbr {action}"
    return f"cc # raises to {action}, which nobody can call"


def to_phh(hand: Hand) -> str:
    """One hand in PHH, which is TOML."""
    game = hand.game
    stacks = hand.starting_stacks
    blinds = [game.small_blind, game.big_blind] + [0] * (game.num_players - 2)
    actions = "".join(f'  "{action}",\n' for action in _actions(hand))
    finishing = [stack + won for stack, won in zip(stacks, hand.payoffs, strict=True)]
    return (
        'variant = "NT"\n'
        f"antes = {[game.ante] * game.num_players}\n"
        f"blinds_or_straddles = {blinds}\n"
        f"min_bet = {game.big_blind}\n"
        f"starting_stacks = {list(stacks)}\n"
        f"actions = [\n{actions}]\n"
        f"finishing_stacks = {finishing}\n"
    )


def _actions(hand: Hand) -> list[str]:
    """What the dealer and the players did, in order: all-in hands are shown before the board runs out."""
    lines = [f"d dh p{seat + 1} {cards}" for seat, cards in enumerate(hand.hole)]
    street = 0

    def deal_to(new_street: int) -> None:
        nonlocal street
        while street < new_street:
            cards = hand.board[_BOARD_CARDS[street] : _BOARD_CARDS[street + 1]]
            lines.append(f"d db {''.join(cards)}")
            street += 1

    for on_street, seat, word in hand.actions:
        deal_to(on_street)
        lines.append(f"p{seat + 1} {word}")
    lines += [f"p{seat + 1} sm {hand.hole[seat]}" for seat in hand.showdown]
    if hand.showdown:
        deal_to(_LAST_STREET)
    return lines


def write_phhs(path: Path, hands: Sequence[Hand], *, iteration: int) -> None:
    """Write hands to one file, each with the training iteration of its policy; makes the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    entries = [f"[{i}]\n{to_phh(hand)}_iteration = {iteration}\n" for i, hand in enumerate(hands, 1)]
    path.write_text("\n".join(entries))
