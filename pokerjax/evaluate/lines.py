"""The line of a hand: its decisions as an agent reads them, whoever took them.

A `poker.Hand` (recorded, played or made up, finished or not) becomes the tokens and the menus of its T decisions:
those of its actions, and the one it waits for if it is not over. Cards that nobody knows are filled up with unused
ones, so a token's own cards mean something only where the hand knows them; `range_reader` puts others in. A menu
entries, W integers of a token.
"""

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

BOARD_CARDS = (0, 3, 4, 5)  # on the table, by street
STREETS = ("preflop", "flop", "turn", "river")


@dataclasses.dataclass(frozen=True)
class Line:
    """A hand's decisions, in NumPy arrays."""

    hand: poker.Hand
    environment: Environment
    seats: np.ndarray  # int32[T]: who decides
    tokens: np.ndarray  # int32[T, W]
    amounts: np.ndarray  # int32[T, A]: the menu's engine actions, chips
    masks: np.ndarray  # bool[T, A]: what is on offer
    states: poker.State  # [T, ...]: before each decision
    legal: poker.Legal  # [T]
    missing: int  # cards of the board that are needed to go on to the next decision, 0 if none

    def __len__(self) -> int:
        return len(self.seats)

    @property
    def taken(self) -> Sequence[int]:
        """The engine actions of the decisions, one fewer than these where the last is still to come."""
        return self.hand.actions[: len(self)]

    def of_seat(self, seat: int) -> list[int]:
        """The numbers of a seat's decisions, in order."""
        return np.flatnonzero(self.seats == seat).tolist()


def read_line(game: GameConfig, hand: poker.Hand) -> Line:
    """Read a legal hand as agents of this game do. Raises ValueError, one sentence, where they cannot.

    It ends before the first decision whose board is not known. Whether the actions are legal is for `poker.replay`
    to say; here they are moved into the rules.
    """
    environment = _environment(game, hand)
    count = len(hand.actions)
    padded = np.zeros(padded_length(environment, count), np.int32)
    padded[:count] = hand.actions
    deal, stakes = _deal(hand), _stakes(hand)
    decisions, states = jax.device_get(replay_decisions(environment, deal, stakes, padded))
    real = int(np.count_nonzero(decisions.seat[: count + 1] != poker.NOBODY))
    known = next((place for place, card in enumerate(hand.board) if card == poker.NO_CARD), len(hand.board))
    needed = [BOARD_CARDS[street] for street in states.street[:real].tolist()]
    readable = sum(cards <= known for cards in needed)
    decisions, states = jax.tree.map(lambda x: x[:readable], (decisions, states))
    return Line(
        hand=hand, environment=environment, seats=decisions.seat, tokens=decisions.token, amounts=decisions.amounts,
        masks=decisions.mask, states=states, legal=decisions.legal,
        missing=needed[readable] - known if readable < real else 0,
    )  # fmt: skip


def taken_weights(line: Line, number: int) -> np.ndarray | None:
    """Which entries of the menu decision `number` stands for, float64[A] that sum to 1; None if for none of them.

    A bet between two entries counts as a mixture of both, by the pseudo-harmonic mapping of Ganzfried and Sandholm
    (IJCAI 2013) on pot fractions; one beyond the smallest or the largest counts as that one.
    """
    chips, mask = line.taken[number], line.masks[number]
    weights = np.zeros(len(mask))
    if chips in (poker.FOLD, poker.CALL):
        entry = 0 if chips == poker.FOLD else 1
        if not mask[entry]:
            return None  # a fold with nothing owed, which no agent makes
        weights[entry] = 1
        return weights
    entries = np.flatnonzero(mask & (line.amounts[number] > 0))
    if not len(entries):
        return None
    sizes = line.amounts[number][entries]
    above = int(np.searchsorted(sizes, chips))
    if above in (0, len(sizes)) or sizes[above] == chips:
        weights[entries[min(above, len(sizes) - 1)]] = 1
        return weights
    low, high, size = (_pot_fraction(line, number, x) for x in (sizes[above - 1], sizes[above], chips))
    share = (high - size) * (1 + low) / ((high - low) * (1 + size))
    weights[entries[above - 1]], weights[entries[above]] = share, 1 - share
    return weights


def _pot_fraction(line: Line, number: int, raise_to: int) -> float:
    """The raise as a share of the pot once the call is in."""
    owed, pot = int(line.legal.call_amount[number]), int(line.states.pot[number])
    bet = int(line.states.bets[number, line.seats[number]])
    return (int(raise_to) - bet - owed) / (pot + owed)


def is_no_limit_holdem(rules: poker.Rules) -> bool:
    """Whether these are rules of no-limit hold'em as agents play it, whatever the house."""
    usual = rules.max_raises is None and rules.first_to_act is None
    return usual and rules.betting == "no_limit" and rules.hole_cards == 2


def _environment(game: GameConfig, hand: poker.Hand) -> Environment:
    players = hand.rules.num_players
    if not is_no_limit_holdem(hand.rules) or game.variant != "holdem":
        plays = "no-limit hold'em without a cap on raises, in the usual order"
        raise ValueError(f"The agent plays {plays}, and this hand is of another game.")
    if players not in game.sizes:
        sizes = " or ".join(map(str, game.sizes))
        raise ValueError(f"The agent was trained for {sizes} players, and this hand has {players}.")
    environment = tables.make_environment(game, players)
    return dataclasses.replace(environment, rules=dataclasses.replace(environment.rules, house=hand.rules.house))


def _deal(hand: poker.Hand) -> poker.Deal:
    """The cards that are known, filled up with unused ones."""
    players, board = hand.rules.num_players, list(hand.board)
    known = [*(card for cards in hand.hole if cards is not None for card in cards), *board]
    unused = iter([card for card in range(52) if card not in known])

    def fill(cards: Sequence[int]) -> list[int]:
        return [next(unused) if card == poker.NO_CARD else card for card in cards]

    hole = [fill(hand.hole[seat] or (poker.NO_CARD,) * 2) for seat in range(players)]
    return poker.Deal(
        hole=jnp.array(hole, jnp.int32), board=jnp.array(fill(board + [poker.NO_CARD] * (5 - len(board))), jnp.int32)
    )


def _stakes(hand: poker.Hand) -> poker.Stakes:
    amounts: list[Any] = [hand.stacks, hand.blinds, hand.antes, hand.big_blind]
    return poker.Stakes(*(jnp.asarray(amount, jnp.int32) for amount in amounts))
