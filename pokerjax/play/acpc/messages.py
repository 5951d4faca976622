"""Messages of the protocol as values, exactly as the competition's dealer writes them.

    MATCHSTATE:1:31:r300r900c/r1800:|JdTc/6dJc9c          what seat 1 sees in hand 31
    MATCHSTATE:1:31:r300r900c/r1800:|JdTc/6dJc9c:r3600    its answer: a raise to 3,600 chips over the whole hand
    STATE:31:r300r900c/r1800f:KsJs|JdTc/6dJc9c:...        the dealer's log, all cards open

Nothing here knows what is legal: `pokerjax.play.acpc.hands` does.
"""

from __future__ import annotations

import dataclasses
import re

from pokerjax import poker

VERSION = "VERSION:2.0.0"
MAX_LINE = 4096  # bytes, as the competition's dealer; no hand of its games comes near
_NUMBER = "[0-9]{1,9}"
_STATE = re.compile(
    rf"MATCHSTATE:(?P<seat>{_NUMBER}):(?P<hand>{_NUMBER}):(?P<betting>[cfr0-9/]*):(?P<cards>[2-9TJQKAcdhs|/]*)"
)
_ACTION = rf"[cf]|r(?:{_NUMBER})?"
_VERSION = re.compile(rf"VERSION:({_NUMBER})\.({_NUMBER})\.({_NUMBER})")


@dataclasses.dataclass(frozen=True, kw_only=True)
class MatchState:
    """What one seat sees of a hand. Seats are positions, as in `pokerjax.poker`."""

    seat: int
    """The seat that sees it."""
    hand: int
    """The number of the hand in the match."""
    betting: tuple[tuple[str, ...], ...]
    """One a street so far, its actions as `"f"`, `"c"`, `"r"` (limit) or `"r300"` (to 300 chips over the hand)."""
    hole: tuple[str, ...]
    """One a seat, "" where they are hidden."""
    board: tuple[str, ...] = ()
    """One a street after the first, as "2c8c3h"."""

    def __str__(self) -> str:
        return f"MATCHSTATE:{self.seat}:{self.hand}:{self.betting_text}:{self.cards_text}"

    @property
    def betting_text(self) -> str:
        """As `r300c/cc/`."""
        return "/".join("".join(street) for street in self.betting)

    @property
    def cards_text(self) -> str:
        """As `AsTs|/2c8c3h`."""
        return "/".join(["|".join(self.hole), *self.board])


def read_state(line: str) -> MatchState:
    """The state that a line of the dealer tells. Raises ValueError, with a sentence."""
    found = _STATE.fullmatch(line)
    if not found:
        raise ValueError(f"{shown(line)} is no MATCHSTATE:seat:hand:betting:cards.")
    return _state(line, int(found["seat"]), int(found["hand"]), found["betting"], found["cards"])


def read_answer(line: str) -> tuple[MatchState, str]:
    """The state that a player answers, and its action. Raises ValueError, with a sentence."""
    state, separator, action = line.rpartition(":")
    if not separator or not re.fullmatch(_ACTION, action):
        raise ValueError(f"{shown(line)} does not end in an action, :f, :c, :r or :r and the chips to raise to.")
    return read_state(state), action


def check_version(line: str) -> None:
    """Raise ValueError, with a sentence, unless a player speaks this version."""
    found = _VERSION.fullmatch(line)
    if not found:
        raise ValueError(f"{shown(line)} is no version: begin with {VERSION}.")
    if (int(found[1]), int(found[2])) != (2, 0):
        raise ValueError(f"{shown(line)} is another version than this dealer's: begin with {VERSION}.")


def shown(line: str) -> str:
    """What was received, for a sentence: quoted, printable and short."""
    text = ascii(line)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _state(line: str, seat: int, hand: int, betting: str, cards: str) -> MatchState:
    """A state from its parts, with cards that exist and occur once. Raises ValueError."""
    streets = []
    for street in betting.split("/"):
        if not re.fullmatch(f"(?:{_ACTION})*", street):
            raise ValueError(f"{shown(line)} has betting that cannot be read: {shown(street)}.")
        streets.append(tuple(re.findall(_ACTION, street)))
    hole, *board = cards.split("/")
    private = hole.split("|")
    if any("|" in street for street in board):
        raise ValueError(f"{shown(line)} has a | among the cards of the board.")
    poker.cards("".join([*private, *board]))  # refuses what is no card and what comes twice
    if seat >= len(private):
        raise ValueError(f"{shown(line)} is told to seat {seat}, but has cards of {len(private)} seats.")
    return MatchState(seat=seat, hand=hand, betting=tuple(streets), hole=tuple(private), board=tuple(board))
