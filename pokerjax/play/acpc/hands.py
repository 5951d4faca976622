"""One hand by the rules, action by action as the protocol writes them, and what it tells an agent.

The client replays each message from its beginning, so no message depends on an earlier one; the dealer keeps the
hand and plays one action after the other.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache, partial
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np

from pokerjax import poker
from pokerjax.agents import AgentDecision, Observation
from pokerjax.config import GameConfig, require
from pokerjax.play.acpc.messages import MatchState


@partial(jax.jit, static_argnums=0)
def _start(rules: poker.Rules, hole: np.ndarray, board: np.ndarray, stakes: poker.Stakes):
    state = poker.start(rules, poker.Deal(hole=jnp.asarray(hole), board=jnp.asarray(board)), stakes)
    return state, poker.legal(rules, state)


@partial(jax.jit, static_argnums=0)
def _act(rules: poker.Rules, state: poker.State, action: np.ndarray):
    state = poker.act(rules, state, action)
    return state, poker.legal(rules, state)


@lru_cache
def _stakes_of(rules: poker.Rules) -> poker.Stakes:
    return poker.stakes(rules)


class Hand:
    """A hand of a competition's game; `state` and `legal` are numpy."""

    def __init__(self, rules: poker.Rules, hole: np.ndarray, board: np.ndarray):
        """Begin a hand with these cards, int32[P, H] and int32[C], and the stakes of the rules."""
        self.rules, self.hole, self.board = rules, hole, board
        self.actions: list[int] = []  # as `poker.act` takes them
        self.betting: list[list[str]] = [[]]
        self.state, self.legal = jax.device_get(_start(rules, hole, board, _stakes_of(rules)))
        self._open_streets()

    @property
    def actor(self) -> int:
        """The seat to act, `poker.NOBODY` once the hand is over."""
        return int(self.state.actor)

    @property
    def done(self) -> bool:
        """The hand is over."""
        return bool(self.state.done)

    @property
    def showdown(self) -> bool:
        """The hand is over and two or more seats show their cards."""
        return self.done and int(np.count_nonzero(~self.state.folded)) > 1

    def play(self, action: str) -> None:
        """Play an action as the protocol writes it. Raises ValueError, with a sentence, and changes nothing."""
        chips = self._chips(action)
        self.betting[-1].append(action)
        self.actions.append(chips)
        self.state, self.legal = jax.device_get(_act(self.rules, self.state, np.int32(chips)))
        self._open_streets()

    def name(self, chips: int) -> str:
        """The protocol's name of an engine action of the seat to act."""
        if chips <= poker.CALL:
            return "f" if chips == poker.FOLD else "c"
        return "r" if self.rules.betting == "fixed_limit" else f"r{self._before() + chips}"

    def seen_by(self, seat: int, number: int) -> MatchState:
        """What a seat sees of this hand, the number of the match given."""
        shows = [self.showdown and not self.state.folded[other] for other in range(self.rules.num_players)]
        hole = [_names(cards) if seat == at or shows[at] else "" for at, cards in enumerate(self.hole)]
        return self._seen(seat, number, hole)

    def open_cards(self, number: int) -> MatchState:
        """The hand with all cards open, for the log."""
        return self._seen(0, number, [_names(cards) for cards in self.hole])

    def values(self) -> tuple[Fraction, ...]:
        """What each seat has won, in chips. The competition's dealer splits odd chips into fractions."""
        paid, folded = self.state.contributed.tolist(), self.state.folded
        won = [Fraction(-chips) for chips in paid]
        for below, level in pairwise(sorted({0, *paid})):
            inside = [seat for seat, chips in enumerate(paid) if chips >= level]
            ranks = {seat: -1 if folded[seat] else int(self.state.strengths[seat]) for seat in inside}
            best = [seat for seat in inside if ranks[seat] == max(ranks.values())]
            for seat in best:
                won[seat] += Fraction((level - below) * len(inside), len(best))
        return tuple(won)

    def _seen(self, seat: int, number: int, hole: list[str]) -> MatchState:
        ends = np.cumsum(self.rules.board_cards)[: len(self.betting)]
        board = [_names(self.board[first:end]) for first, end in pairwise(ends)]
        streets = tuple(map(tuple, self.betting))
        return MatchState(seat=seat, hand=number, betting=streets, hole=tuple(hole), board=tuple(board))

    def _open_streets(self) -> None:
        while len(self.betting) <= int(self.state.street):
            self.betting.append([])

    def _before(self) -> int:
        """Chips that the seat to act has put in on earlier streets."""
        return int(self.state.contributed[self.actor] - self.state.bets[self.actor])

    def _chips(self, action: str) -> int:
        """The engine's form of an action. Raises ValueError."""
        if self.done:
            raise ValueError(f"The hand is over, so {action} comes too late.")
        if action == "f" and not self.legal.fold:
            raise ValueError(f"Seat {self.actor} owes nothing, so it may not fold: only check (c) or raise.")
        if action in ("f", "c"):
            return poker.FOLD if action == "f" else poker.CALL
        limit = self.rules.betting == "fixed_limit"
        if limit != (action == "r"):
            size = "no size, only r" if limit else "the chips it goes to, as in r300"
            raise ValueError(f"{action} is no raise of this game, in which a raise names {size}.")
        if not self.legal.raises:
            raise ValueError(f"Seat {self.actor} may not raise now: only {'f or c' if self.legal.fold else 'c'}.")
        if limit:
            return int(self.legal.min_raise_to)
        least, most = (self._before() + int(x) for x in (self.legal.min_raise_to, self.legal.max_raise_to))
        if not least <= int(action[1:]) <= most:
            raise ValueError(f"Seat {self.actor} may raise to {least} up to {most} chips over the hand, not {action}.")
        return int(action[1:]) - self._before()


def replay(rules: poker.Rules, message: MatchState) -> Hand:
    """The hand that a message tells of, hidden cards replaced by unused ones. Raises ValueError, with a sentence."""
    if len(message.hole) != rules.num_players:
        raise ValueError(f"{message} has cards of {len(message.hole)} seats; the game has {rules.num_players}.")
    sizes = {len(cards) // 2 for cards in message.hole if cards}
    if sizes != {rules.hole_cards} or not message.hole[message.seat]:
        raise ValueError(f"{message} must show {rules.hole_cards} hole cards of seat {message.seat}.")
    known = poker.cards("".join([*message.hole, *message.board])).tolist()
    deck = [4 * rank + suit for rank in range(rules.num_ranks) for suit in range(rules.num_suits)]
    if not set(known) <= set(deck):
        raise ValueError(f"{message} has a card that is not in the deck of this game.")
    unused = (card for card in deck if card not in known)
    hole = [poker.cards(cards).tolist() or [next(unused) for _ in range(rules.hole_cards)] for cards in message.hole]
    board = poker.cards("".join(message.board)).tolist()[: rules.num_board_cards]
    board += [next(unused) for _ in range(rules.num_board_cards - len(board))]
    hand = Hand(rules, np.array(hole, np.int32), np.array(board, np.int32))
    for street in message.betting:
        for action in street:
            hand.play(action)
    _check_same(message, hand)
    return hand


def _check_same(message: MatchState, hand: Hand) -> None:
    """Raise ValueError unless the dealer would have written the message like this."""
    ours = hand.seen_by(message.seat, message.hand)
    if message.betting != ours.betting:
        raise ValueError(f"{message} divides the streets otherwise than the rules: {ours.betting_text}.")
    if [len(cards) for cards in message.board] != [len(cards) for cards in ours.board]:
        raise ValueError(f"{message} has another number of cards on the board than its betting.")
    shown = [bool(cards) for cards in message.hole]
    if shown != [bool(cards) for cards in ours.hole]:
        raise ValueError(f"{message} shows other hole cards than those that seat {message.seat} sees by then.")


# --- What an agent is told, and what it answers ---


def check_agent(game: GameConfig, rules: poker.Rules) -> None:
    """Raise `UserError` unless an agent of this game can play these rules."""
    players = rules.num_players
    holdem = poker.no_limit_holdem(players)
    same = ("hole_cards", "board_cards", "num_ranks", "num_suits")
    is_holdem = all(getattr(rules, name) == getattr(holdem, name) for name in same)
    require(is_holdem, "The agent plays hold'em with 52 cards, and this game is another one.")
    sizes = " or ".join(map(str, game.sizes))
    require(players in game.sizes, f"The agent was trained for {sizes} players, and this game has {players}.")
    big, small, first = (0, 1, 1) if players == 2 else (1, 0, 2 % players)
    blinds = dict(enumerate(rules.blinds or ()))
    known = 0 <= blinds.pop(small, -1) <= blinds.pop(big, -1) > 0 and not any(blinds.values())
    known = known and rules.first_to_act in (None, (first, 0, 0, 0))
    order = f"seats {small} and {big} post the blinds and seat {first} acts first before the flop, then seat 0"
    require(known, f"The agent knows games of {players} players in which {order}; this game has another order.")
    capped = rules.betting != "fixed_limit" or rules.max_raises is not None
    require(capped, "The agent plays limit games with a cap on the raises: give the game a line maxRaises.")


def observation(hand: Hand, seat: int) -> Observation:
    """What an agent is told when it sits here: by the dealer's rules, at a limit game by no-limit ones."""
    rules = hand.rules
    assert rules.blinds is not None
    shown = sum(rules.board_cards[: int(hand.state.street) + 1])
    names = {poker.FOLD: "fold", poker.CALL: "check/call"}
    return Observation(
        seat=seat,
        hole=_names(hand.hole[seat]),
        board=_names(hand.board[:shown]),
        stacks=_stacks(rules),
        blinds=rules.blinds,
        actions=[names.get(chips) or ("raise", chips) for chips in hand.actions],
        house="acpc",
    )


def answer(hand: Hand, action: str, amount: int) -> str:
    """The protocol's form of an agent's action, moved to the nearest legal one (a limit game knows one size)."""
    if action == "fold":
        return "f" if hand.legal.fold else "c"
    if action != "raise" or not hand.legal.raises:
        return "c"
    return hand.name(int(np.clip(amount, hand.legal.min_raise_to, hand.legal.max_raise_to)))


def shares(hand: Hand, decision: AgentDecision) -> dict[str, float]:
    """The probability of each action of the protocol; menu entries that become the same action add up."""
    found: dict[str, float] = {}
    for name, share in decision.probabilities.items():
        kind = "raise" if decision.amounts[name] else name
        action = answer(hand, kind, decision.amounts[name])
        found[action] = found.get(action, 0.0) + share
    return found


def _stacks(rules: poker.Rules) -> list[int]:
    """Stacks by which the agent plays: those of the game, at limit no deeper than what can go in.

    A limit game has no stacks to speak of. All that a player can put in, every bet and raise of every street made,
    is what all-in means there.
    """
    assert rules.stacks is not None and rules.blinds is not None
    if rules.max_raises is None or rules.raise_sizes is None:
        return list(rules.stacks)
    streets = zip(rules.max_raises, rules.raise_sizes, strict=True)
    most = max(rules.blinds) + sum(count * size for count, size in streets)
    return [min(most, stack) for stack in rules.stacks]


def _names(cards: np.ndarray) -> str:
    return "".join(poker.card_name(int(card)) for card in cards)
