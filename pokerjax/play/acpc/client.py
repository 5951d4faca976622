"""An agent at somebody's dealer: a whole match through the protocol."""

from __future__ import annotations

import dataclasses
import socket
from collections.abc import Callable
from fractions import Fraction

from pokerjax import poker
from pokerjax.agents import Agent
from pokerjax.config import UserError
from pokerjax.play.acpc import hands, messages
from pokerjax.play.acpc.lines import Closed, Lines

CONNECT_SECONDS = 10.0
MOST_UNREADABLE = 100  # lines, one after the other: then this is no dealer


@dataclasses.dataclass
class Books:
    """What the client has written down of a match."""

    big_blind: int
    won: dict[int, Fraction] = dataclasses.field(default_factory=dict)  # chips, by the number of the hand
    unfinished: int | None = None
    """The hand that was being played when the dealer left."""
    ended_by: str = ""
    """Why the match is over, where that is not simply its end."""

    @property
    def chips(self) -> Fraction:
        """All that was won."""
        return sum(self.won.values(), Fraction(0))

    def __str__(self) -> str:
        hands = len(self.won)
        if not hands:
            return "no hand was finished"
        bb100 = 100 * self.chips / self.big_blind / hands
        return f"{hands} hand{'s' * (hands != 1)}, {float(self.chips):+,g} chips, {float(bb100):+.1f} bb/100"


def connect(host: str, port: int) -> Lines:
    """A connection to the dealer. Raises `UserError`."""
    try:
        return Lines(socket.create_connection((host, port), CONNECT_SECONDS))
    except (OSError, UnicodeError) as error:  # UnicodeError: names that no host can have
        reason = " ".join((getattr(error, "strerror", None) or str(error)).split())
        raise UserError(f"No dealer answers at {host}:{port} ({reason}); start it first, or name its port.") from None


def play(agent: Agent, rules: poker.Rules, lines: Lines, note: Callable[[str], None]) -> Books:
    """Play until the dealer closes the connection. Raises `UserError` if the agent can't play these rules.

    What cannot be read or breaks the rules is noted, changes nothing and gets no answer: the dealer's word is the
    match, and it waits only for answers to what it said.
    """
    hands.check_agent(agent.game, rules)
    assert rules.big_blind is not None
    books, answered, unreadable = Books(rules.big_blind), ("", ""), 0
    try:
        lines.send(messages.VERSION)
        while unreadable < MOST_UNREADABLE:
            try:
                line = lines.read()
                hand, state = _read(rules, line)
            except ValueError as error:
                unreadable += 1
                note(f"ignored: {error}")
                continue
            unreadable = 0
            if hand.done:
                books.won.setdefault(state.hand, hand.values()[state.seat])
                books.unfinished = None
            elif state.hand in books.won:
                note(f"ignored: hand {state.hand} is over, and this comes too late: {messages.shown(line)}")
            else:
                books.unfinished = state.hand
                if hand.actor == state.seat:
                    if line != answered[0]:
                        answered = line, _answer(agent, hand, state)
                    lines.send(answered[1])
        books.ended_by = f"{unreadable} lines in a row were no messages of a dealer of this game: check --game"
    except Closed as closed:
        if books.unfinished is not None:
            books.ended_by = f"{closed} in hand {books.unfinished}, before its end"
        elif not books.won:
            books.ended_by = f"{closed} before the first hand was over{': check --game' * (unreadable > 0)}"
    return books


def _read(rules: poker.Rules, line: str) -> tuple[hands.Hand, messages.MatchState]:
    state = messages.read_state(line)
    return hands.replay(rules, state), state


def _answer(agent: Agent, hand: hands.Hand, state: messages.MatchState) -> str:
    decision = agent.act(hands.observation(hand, state.seat))
    return f"{state}:{hands.answer(hand, decision.action, decision.amount)}"
