"""The dealer: keeps the true state of a hand, says what each seat may see, and takes only legal actions.

Both the terminal and the web page play through it. No model and no transport in here.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pokerjax import poker
from pokerjax.agents import Action, Observation
from pokerjax.config import GameConfig
from pokerjax.env import tables
from pokerjax.env.tables import Environment

STREET_NAMES = ("Before the flop", "Flop", "Turn", "River")


class HandInPlay:
    """One hand from the deal to the showdown. What it holds is the dealer's; others get `observe` and `record`."""

    def __init__(self, environment: Environment, deal: poker.Deal, stacks: list[int]):
        """deal: all cards of the hand; stacks: chips of every seat."""
        self.environment, self.deal, self.stacks = environment, jax.device_get(deal), stacks
        stakes = tables.stakes_for(environment, jnp.asarray(stacks, jnp.int32))
        self.state, self.legal = jax.device_get(_start(environment.rules, deal, stakes))
        self.actions: list[Action] = []  # as `Observation` writes them
        self.chips: list[int] = []  # as the engine takes them
        self.actors: list[int] = []
        self.streets: list[int] = []
        self.owed: list[int] = []  # what a call would have added
        self.opens: list[bool] = []  # nobody had bet on the street

    @property
    def done(self) -> bool:
        """Whether the hand is over and paid out."""
        return bool(self.state.done)

    @property
    def actor(self) -> int:
        """The seat to act, or NOBODY."""
        return int(self.state.actor)

    @property
    def board(self) -> list[int]:
        """The cards turned up so far."""
        street = int(self.state.street)
        return self.deal.board[: street + 2 if street else 0].tolist()

    @property
    def live(self) -> list[int]:
        """The seats that have not folded."""
        return np.flatnonzero(~self.state.folded).tolist()

    @property
    def showdown(self) -> bool:
        """Whether the hand ended with cards shown."""
        return self.done and len(self.live) > 1

    def act(self, chips: int) -> None:
        """Play the actor's action. Raises ValueError, with a sentence, for an illegal one, and changes nothing."""
        check(self, chips)
        owed = int(self.legal.call_amount)
        plain = ("raise", chips) if chips > 0 else "fold" if chips < 0 else "call" if owed else "check"
        self.opens.append(not self.state.bets.max() > 0)
        self.owed.append(owed)
        self.actors.append(self.actor)
        self.streets.append(int(self.state.street))
        self.state, self.legal = jax.device_get(_act(self.environment.rules, self.state, chips))
        self.actions.append(plain)
        self.chips.append(chips)

    def observe(self, seat: int) -> Observation:
        """What this seat sees: no card of another seat, none of the board to come."""
        game = self.environment.game
        return Observation(
            seat=seat,
            hole=names(self.deal.hole[seat]),
            board=names(self.board),
            stacks=self.stacks,
            blinds=(game.small_blind, game.big_blind),
            antes=game.ante,
            actions=tuple(self.actions),
        )

    def may_see(self, viewer: int, *, study: bool = False) -> set[int]:
        """The seats whose cards `viewer` may see: its own, at a showdown those shown; all after a studied hand."""
        if self.done and study:
            return set(range(len(self.stacks)))
        return {viewer, *self.live} if self.showdown else {viewer}

    def record(self, viewer: int, *, study: bool = False) -> poker.Hand:
        """The hand so far as a `poker.Hand`, with the cards that `viewer` may see."""
        game, players = self.environment.game, len(self.stacks)
        pair = (game.big_blind, game.small_blind) if players == 2 else (game.small_blind, game.big_blind)
        seen = self.may_see(viewer, study=study)
        hole = tuple(tuple(self.deal.hole[seat].tolist()) if seat in seen else None for seat in range(players))
        return poker.Hand(
            rules=self.environment.rules,
            stacks=tuple(self.stacks),
            blinds=pair + (0,) * (players - 2),
            antes=(game.ante,) * players,
            big_blind=game.big_blind,
            hole=hole,
            board=tuple(self.board),
            actions=tuple(self.chips),
            actors=tuple(self.actors),
            streets=tuple(self.streets),
        )


def check(hand: HandInPlay, chips: int) -> None:
    """Raise ValueError, with a sentence, unless the seat to act may do exactly this."""
    legal = hand.legal
    if hand.done:
        raise ValueError("The hand is over: deal the next one.")
    if chips < poker.FOLD:
        raise ValueError(f"{chips} is no amount to raise to.")
    if chips == poker.FOLD and not legal.fold:
        raise ValueError("There is nothing to call, so check instead of folding.")
    if chips > 0:
        least, most = int(legal.min_raise_to), int(legal.max_raise_to)
        if not legal.raises:
            raise ValueError("You may not raise now: call or fold.")
        if not least <= chips <= most:
            raise ValueError(f"Raise to {least:,} up to {most:,} chips, not to {chips:,}.")


def shuffled_deal(environment: Environment, source: random.Random) -> poker.Deal:
    """The cards of a hand, drawn without replacement."""
    rules = environment.rules
    cards = np.array(source.sample(range(52), rules.num_cards), np.int32)
    hole, board = np.split(cards, [2 * rules.num_players])
    return poker.Deal(hole=jnp.asarray(hole.reshape(-1, 2)), board=jnp.asarray(board))


def usual_depth(game: GameConfig) -> float:
    """100 big blinds, or the nearest depth that the agent was trained for."""
    return min(max(100.0, game.shortest_stack), game.deepest_stack)


def position_name(seat: int, players: int) -> str:
    """The usual short name of a seat: BTN, SB, BB, UTG, ..."""
    if seat == players - 1:
        return "BTN"
    if players == 2:
        return "BB"
    if seat < 2:
        return ("SB", "BB")[seat]
    behind = players - 1 - seat  # seats to act before the button
    if behind == 1:
        return "CO"
    if behind == 2 and players > 5:
        return "HJ"
    return "UTG" if seat == 2 else f"UTG+{seat - 2}"


def names(cards: Iterable[Any]) -> str:
    """Cards as "AhKd"."""
    return "".join(poker.card_name(int(card)) for card in cards)


@partial(jax.jit, static_argnums=0)
def _start(rules: poker.Rules, deal: poker.Deal, stakes: poker.Stakes):
    state = poker.start(rules, deal, stakes)
    return state, poker.legal(rules, state)


@partial(jax.jit, static_argnums=0)
def _act(rules: poker.Rules, state: poker.State, action: int):
    state = poker.act(rules, state, action)
    return state, poker.legal(rules, state)
