"""A session of the web page: one human at a table of agents, hand after hand.

Free of HTTP. Everything that leaves a session for a browser is made by `views.table_view`, from what the human's
seat may see; a session itself holds all cards.
"""

from __future__ import annotations

import dataclasses
import random
from typing import Any

from pokerjax import poker
from pokerjax.agents import Agent, AgentDecision
from pokerjax.checks import check_size
from pokerjax.config import UserError, require
from pokerjax.env import tables
from pokerjax.play import dealer, views
from pokerjax.play.dealer import HandInPlay

HISTORY = 200  # finished hands that a session keeps
SHORTEST_BB, DEEPEST_BB = 2.0, 1000.0


@dataclasses.dataclass
class Thought:
    """What an agent had in mind at one of its decisions."""

    number: int  # of the decision in the hand
    seat: int
    decision: AgentDecision


class Session:
    """One human against agents in all other seats. Not for several threads at once."""

    def __init__(
        self, agent: Agent, *, num_players: int | None = None, stack_bb: float | None = None,
        study: bool = False, seed: int | None = None, carelessness: float | None = None,
    ):  # fmt: skip
        """`num_players` sit at the table (the fewest the agent knows if None), with stacks of `stack_bb`; the agents
        are told of this `carelessness`, if any.

        Raises `UserError`.
        """
        game = agent.game
        self.agent = agent.told(carelessness).with_seed(seed)  # other tables take nothing from its draws
        self.study = study
        self.players = game.sizes[0] if num_players is None else num_players
        check_size(game, self.players)
        self.stack_bb = dealer.usual_depth(game) if stack_bb is None else stack_bb
        rule = f"must be from {SHORTEST_BB:g} to {DEEPEST_BB:g} big blinds"
        require(SHORTEST_BB <= self.stack_bb <= DEEPEST_BB, f"A stack of {self.stack_bb:g} {rule}.")
        self.stack = round(self.stack_bb * game.big_blind)
        self.environment = tables.make_environment(game, self.players)
        self._random = random.Random(seed)
        self.number = 0  # of the hand on the table, from 1
        self.seat = 0  # the human's: on the button in the first hand, then one to the left of it, and so on
        self.hands, self.won = 0, 0  # hands finished, and chips won in them
        self.squares = 0.0  # sum of the squared results in big blinds, for the interval
        self.history: list[tuple[poker.Hand, int]] = []  # finished hands, and chips won in each
        self.thoughts: list[Thought] = []
        self.hand = self._deal()

    def next_hand(self) -> list[dict[str, Any]]:
        """Deal, and let the agents act up to the human's turn: the views of the table, one a step.

        Raises ValueError while a hand is under way.
        """
        if not self.hand.done:
            raise ValueError("The hand is not over yet: finish it first.")
        self.thoughts.clear()
        self.hand = self._deal()
        return self.advance()

    def act(self, word: str, amount: int = 0) -> list[dict[str, Any]]:
        """Play the human's action, "fold", "check", "call" or "raise" to `amount`, then let the agents act.

        The views of the table, one a step. Raises ValueError, and changes nothing, for what is illegal.
        """
        hand = self.hand
        if hand.done:
            raise ValueError("The hand is over: deal the next one.")
        if hand.actor != self.seat:
            raise ValueError("It is not your turn.")
        owed = int(hand.legal.call_amount)
        if word == "check" and owed:
            raise ValueError(f"You cannot check, since {owed:,} chips are owed: call or fold.")
        if word == "call" and not owed:
            raise ValueError("There is nothing to call: check.")
        if word not in ("fold", "check", "call", "raise"):
            raise ValueError(f"{word!r} is no action: fold, check, call or raise.")
        if word == "raise" and amount < 1:
            raise ValueError(f"{amount} is no amount to raise to.")
        hand.act({"fold": poker.FOLD, "raise": amount}.get(word, poker.CALL))
        return [self._finish_step(), *self.advance(first=False)]

    def advance(self, *, first: bool = True) -> list[dict[str, Any]]:
        """Let the agents act until it is the human's turn or the hand is over."""
        shown = [views.table_view(self)] if first else []
        while not self.hand.done and self.hand.actor != self.seat:
            seat = self.hand.actor
            decision = self.agent.act(self.hand.observe(seat))
            self.thoughts.append(Thought(len(self.hand.actions), seat, decision))
            self.hand.act({"fold": poker.FOLD, "raise": decision.amount}.get(decision.action, poker.CALL))
            shown.append(self._finish_step())
        return shown

    def _finish_step(self) -> dict[str, Any]:
        """Count the hand if the last action ended it; the view after that action."""
        if self.hand.done:
            chips = int(self.hand.state.payoffs[self.seat])
            self.hands += 1
            self.won += chips
            self.squares += (chips / self.agent.game.big_blind) ** 2
            self.history = [*self.history, (self.hand.record(self.seat, study=self.study), chips)][-HISTORY:]
        return views.table_view(self)

    def _deal(self) -> HandInPlay:
        self.number += 1
        self.seat = -self.number % self.players
        deal = dealer.shuffled_deal(self.environment, self._random)
        return HandInPlay(self.environment, deal, [self.stack] * self.players)


def new_session(agent: Agent, **options: Any) -> Session:
    """As `Session`, with a user's mistake as ValueError."""
    try:
        return Session(agent, **options)
    except UserError as error:
        raise ValueError(str(error)) from None
