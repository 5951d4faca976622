"""What a seat sees, described in words and chips, and the decisions that it has read so far, from the rules."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pokerjax import poker
from pokerjax.config import GameConfig
from pokerjax.env import tables
from pokerjax.env.recorded import padded_length, replay_decisions
from pokerjax.env.tables import Environment
from pokerjax.poker.chips import is_whole_number

Action = str | tuple[str, int]
"""`"fold"`, `"check"`, `"call"`, `"check/call"` (whichever it is), or `("raise", chips)`: a bet or raise TO so many
chips on this street."""
_STREETS = ("before the flop", "on the flop", "on the turn", "on the river")
_BOARD_CARDS = (0, 3, 4, 5)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Observation:
    """What a seat sees when it must act."""

    seat: int
    """The own seat, by position."""
    hole: str
    """The own cards, as "AhKd"."""
    stacks: Sequence[int]
    """Chips of every seat at the start of the hand, before antes and blinds."""
    blinds: Sequence[int]
    """(small, big), or one amount a seat."""
    big_blind: int | None = None
    """The minimum bet. None: what the seat of the big blind posts, by `blinds`."""
    antes: int | Sequence[int] = 0
    """One amount for all, or one a seat."""
    board: str = ""
    """The cards turned up so far, as "Ts9d2c"."""
    actions: Sequence[Action] = ()
    """Everything that was done in this hand, by all seats in order, blinds and antes left out."""
    house: str = "tda"
    """Whose rules say what may be done: "tda" (live and online play), or "acpc" (the competition's dealer)."""


@dataclasses.dataclass(frozen=True)
class History:
    """What the seat to act has read so far, and what it may do."""

    tokens: np.ndarray  # int32[n, width]: its decisions of this hand, the present one last
    amounts: np.ndarray  # int32[A]
    mask: np.ndarray  # bool[A]
    call_amount: int


def replay_checked(environment: Environment, observation: Observation) -> History:
    """Play the hand up to the decision. Raises ValueError."""
    stakes, deal = _stakes(environment, observation), _deal(environment, observation)
    actions = [_engine_action(index, action) for index, action in enumerate(observation.actions)]
    padded = np.zeros(padded_length(environment, len(actions)), np.int32)
    padded[: len(actions)] = actions
    decisions, states = jax.device_get(replay_decisions(environment, deal, stakes, padded))
    seats, legal, streets = decisions.seat, decisions.legal, states.street
    for index, action in enumerate(observation.actions):
        at = jax.tree.map(lambda x, i=index: x[i], legal)
        _check_action(index, action, actions[index], int(seats[index]), at, observation.house)
    now = len(actions)
    _check_turn(observation, int(seats[now]), int(streets[now]))
    own = [index for index in range(now + 1) if seats[index] == observation.seat]
    return History(
        tokens=decisions.token[own],
        amounts=decisions.amounts[now],
        mask=decisions.mask[now],
        call_amount=int(legal.call_amount[now]),
    )


def environment_of(game: GameConfig, num_players: int, house: str) -> Environment:
    """The game as the agent knows it, at a table of this size and of this house. Raises ValueError."""
    environment = tables.make_environment(game, num_players)
    return dataclasses.replace(environment, rules=dataclasses.replace(environment.rules, house=house))


def check_types(observation: Observation) -> None:
    """Raise ValueError unless the seat is a number and what is listed is a list."""
    if not is_whole_number(observation.seat):
        raise ValueError(f"seat {observation.seat!r} must be a whole number.")
    for name, listed in (("stacks", observation.stacks), ("actions", observation.actions)):
        if not (isinstance(listed, Sequence) or getattr(listed, "ndim", 0)) or isinstance(listed, str):
            raise ValueError(f"{name} = {listed!r} must be a list.")
    if observation.blinds is None:
        raise ValueError("blinds = None must be the pair (small, big), or one amount a seat.")


def _stakes(environment: Environment, observation: Observation) -> poker.Stakes:
    players = environment.num_players
    if not 0 <= observation.seat < players:
        raise ValueError(f"seat {observation.seat} must be from 0 to {players - 1}.")
    antes: Any = observation.antes  # one amount, or one a seat
    return poker.stakes(
        environment.rules, stacks=observation.stacks, blinds=observation.blinds, antes=antes,
        big_blind=observation.big_blind,
    )  # fmt: skip


def _deal(environment: Environment, observation: Observation) -> poker.Deal:
    """The cards that are seen, filled up with unseen ones, which no decision of this seat can depend on."""
    hole, board = poker.cards(observation.hole), poker.cards(observation.board)
    if len(hole) != 2:
        raise ValueError(f'hole "{observation.hole}" must name two cards.')
    if len(board) not in _BOARD_CARDS:
        raise ValueError(f'board "{observation.board}" must name 0, 3, 4 or 5 cards.')
    seen = [*hole.tolist(), *board.tolist()]
    twice = sorted(card for card in set(seen) if seen.count(card) > 1)
    if twice:
        raise ValueError(f"{poker.card_name(twice[0])} is there twice in hole and board.")
    unseen = iter(card for card in range(52) if card not in seen)
    hands = [[next(unseen), next(unseen)] for _ in range(environment.num_players)]
    hands[observation.seat] = hole.tolist()
    full = [*board.tolist(), *(next(unseen) for _ in range(5 - len(board)))]
    return poker.Deal(hole=jnp.array(hands, jnp.int32), board=jnp.array(full, jnp.int32))


def _engine_action(index: int, action: Action) -> int:
    """The engine's form of an action of the history."""
    if isinstance(action, str) and action in ("fold", "check", "call", "check/call"):
        return poker.FOLD if action == "fold" else poker.CALL
    if isinstance(action, (tuple, list)) and len(action) == 2 and isinstance(action[0], str) and action[0] == "raise":
        chips = action[1]
        if is_whole_number(chips) and 0 < chips < 2**31:
            return int(chips)
    forms = '"fold", "check", "call", "check/call" or ("raise", chips)'
    raise ValueError(f"actions[{index}] = {action!r} is none: write {forms}.")


def _check_action(index: int, action: Action, chips: int, seat: int, legal: poker.Legal, house: str) -> None:
    """Raise ValueError unless the seat may do exactly this."""
    name = f"actions[{index}] = {action!r}"
    if seat == poker.NOBODY:
        raise ValueError(f"{name} comes after the end of the hand.")
    if action == "check" and legal.call_amount > 0:
        raise ValueError(f"{name}: seat {seat} owes {legal.call_amount} chips and cannot check.")
    if action == "call" and legal.call_amount == 0:
        raise ValueError(f"{name}: seat {seat} owes nothing, which is a check.")
    if action == "fold" and house == "acpc" and not legal.fold:
        raise ValueError(f"{name}: seat {seat} owes nothing, and the ACPC dealer allows no fold then.")
    if chips > 0 and not legal.raises:
        raise ValueError(f"{name}: seat {seat} may not raise now.")
    if chips > 0 and not legal.min_raise_to <= chips <= legal.max_raise_to:
        bounds = f"{legal.min_raise_to} up to {legal.max_raise_to} chips"
        raise ValueError(f"{name}: seat {seat} may raise to {bounds}.")


def _check_turn(observation: Observation, actor: int, street: int) -> None:
    """Raise ValueError unless it is the observer's turn, with the board of this street."""
    if actor == poker.NOBODY:
        raise ValueError("The hand is over after these actions.")
    if actor != observation.seat:
        raise ValueError(f"After these actions seat {actor} must act, not seat {observation.seat}.")
    cards = len(poker.cards(observation.board))
    if cards != _BOARD_CARDS[street]:
        shown = f"{_BOARD_CARDS[street]} cards, but board names {cards}"
        raise ValueError(f"After these actions the hand is {_STREETS[street]}, which has {shown}.")
