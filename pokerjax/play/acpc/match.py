"""A match as the dealer runs it: cards, turns, time, and the log that the competition's dealer writes."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np

from pokerjax import poker
from pokerjax.play.acpc import messages
from pokerjax.play.acpc.hands import Hand
from pokerjax.play.acpc.lines import Closed, Lines

MOST_REFUSED = 100  # messages for one decision: then the bot will not find the answer


class MatchEnded(Exception):
    """A player cannot go on, in one sentence; what was played before counts."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Times:
    """How long the dealer waits, in seconds."""

    response: float = 60.0
    """For one answer."""
    average: float = 7.0
    """For one player's answers of the whole match, a hand."""


@dataclasses.dataclass
class Player:
    """A bot at its place at the table, which it keeps; positions move round."""

    name: str
    lines: Lines
    won: Fraction = Fraction(0)  # chips
    seconds: float = 0.0  # that it has thought


class Match:
    """A match of so many hands between bots that are connected."""

    def __init__(
        self, rules: poker.Rules, players: Sequence[Player], *, num_hands: int, seed: int, times: Times,
        log: Callable[[str], None], note: Callable[[str], None], fixed_button: bool = False, lenient: bool = False,
    ):  # fmt: skip
        """`log` takes the lines of the match, `note` warnings. `lenient` plays a call for what is illegal."""
        self.rules, self.players, self.num_hands, self.times = rules, list(players), num_hands, times
        self._log, self._note, self._fixed, self._lenient = log, note, fixed_button, lenient
        self._random = np.random.default_rng(seed)
        self.hands = 0  # finished

    def play(self) -> None:
        """Play all hands. Raises `MatchEnded`; players are told, and all that was won is in the log either way."""
        try:
            for number, player in enumerate(self.players, 1):
                self._greet(number, player)
            while self.hands < self.num_hands:
                self._play_hand()
                self.hands += 1
        except MatchEnded as ended:
            self._log(f"# the match ended in hand {self.hands}: {ended}")
            for player in self.players:
                self._tell(player, f"# the match ended in hand {self.hands}: {ended}")
            raise
        finally:
            won, names = (player.won for player in self.players), (player.name for player in self.players)
            self._log(f"SCORE:{_amounts(won)}:{'|'.join(names)}")

    def _greet(self, number: int, player: Player) -> None:
        try:
            messages.check_version(player.lines.read(self.times.response))
        except TimeoutError:
            raise MatchEnded(f"{_who(number, player)} sent no version in time") from None
        except Closed as closed:
            raise MatchEnded(f"{_who(number, player)}: {closed}") from None
        except ValueError as error:
            raise MatchEnded(f"{_who(number, player)}: {str(error).rstrip('.')}") from None

    def _play_hand(self) -> None:
        hand = self._deal()
        while not hand.done:
            self._show(hand)
            self._take_turn(hand)
        values = hand.values()
        seated = [self._player_in(seat) for seat in range(self.rules.num_players)]
        for seat, player in enumerate(seated):
            player.won += values[seat]
        opened = hand.open_cards(self.hands)
        names = "|".join(player.name for player in seated)
        cards = f"{opened.betting_text}:{opened.cards_text}"
        self._log(f"STATE:{self.hands}:{cards}:{_amounts(values)}:{names}")
        self._show(hand)

    def _deal(self) -> Hand:
        rules = self.rules
        deck = [4 * rank + suit for rank in range(rules.num_ranks) for suit in range(rules.num_suits)]
        cards = self._random.permutation(np.array(deck, np.int32))[: rules.num_cards]
        hole, board = np.split(cards, [rules.num_players * rules.hole_cards])
        return Hand(rules, hole.reshape(rules.num_players, -1), board)

    def _show(self, hand: Hand) -> None:
        for seat in range(self.rules.num_players):
            player = self._player_in(seat)
            try:
                player.lines.send(str(hand.seen_by(seat, self.hands)))
            except Closed as closed:
                raise MatchEnded(f"{self._who(player)}: {closed}") from None

    def _take_turn(self, hand: Hand) -> None:
        """Ask the seat to act until it answers legally or its time is up."""
        player, state = self._player_in(hand.actor), str(hand.seen_by(hand.actor, self.hands))
        asked, refused = time.monotonic(), 0
        left = min(self.times.response, self.times.average * self.num_hands - player.seconds)
        try:
            while refused < MOST_REFUSED:
                try:
                    line = player.lines.read(left - (time.monotonic() - asked))
                    self._play_answer(hand, state, line)
                    return
                except ValueError as error:
                    refused += 1
                    player.lines.send(f"# ignored: {error}")
                    self._note(f"{self._who(player)} in hand {self.hands}: {error}")
            raise MatchEnded(f"{self._who(player)} sent {refused} messages that were no answers")
        except TimeoutError:
            raise MatchEnded(f"{self._who(player)} ran out of time") from None
        except Closed as closed:
            raise MatchEnded(f"{self._who(player)}: {closed}") from None
        finally:
            player.seconds += time.monotonic() - asked

    def _play_answer(self, hand: Hand, state: str, line: str) -> None:
        """Raises ValueError, with a sentence, and changes nothing, unless this is an answer to the present state."""
        answered, action = messages.read_answer(line)
        if str(answered) != state:
            raise ValueError(f"{messages.shown(line)} answers another state than the present one.")
        try:
            hand.play(action)
        except ValueError as error:
            if not self._lenient:
                raise
            self._note(f"played as a call: {error}")
            hand.play("c")

    def _player_in(self, seat: int) -> Player:
        """Positions move one place to the left with every hand, as the competition's."""
        return self.players[(seat + (0 if self._fixed else self.hands)) % len(self.players)]

    def _who(self, player: Player) -> str:
        return _who(self.players.index(player) + 1, player)

    def _tell(self, player: Player, line: str) -> None:
        try:
            player.lines.send(line[: messages.MAX_LINE - 2], timeout=1.0)
        except Closed:
            self._note(f"{self._who(player)} could not be told: {line}")


def _who(number: int, player: Player) -> str:
    return f"player {number} ({player.name})"


def _amounts(values) -> str:
    """Amounts as the competition writes them: at most six decimals, no zeros at the end."""
    return "|".join(f"{float(value):.6f}".rstrip("0").rstrip(".") for value in values)
