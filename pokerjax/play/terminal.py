"""Play against an agent in the shell.

The agent is told, through `pokerjax.agents.Observation`, what its seat sees and no more. Stacks are full again at
every hand, as in training, and the button moves.
"""

from __future__ import annotations

import random
from typing import TextIO

from pokerjax import poker
from pokerjax.agents import Agent, AgentDecision
from pokerjax.checks import check_size
from pokerjax.env import tables
from pokerjax.play import dealer
from pokerjax.play.dealer import HandInPlay
from pokerjax.play.terminal_view import SeatRow, View

YOU = 0  # the human's number at the table
_HELP = "type f (fold), c (check or call), r AMOUNT (raise to), a (all-in) or q (quit)"


class Quit(Exception):
    """The human leaves the table."""


class Game:
    """A session of one human against agents in all other seats."""

    def __init__(
        self, agent: Agent, source: TextIO, out: TextIO, *, study: bool = False, seed: int | None = None,
        num_players: int | None = None,
    ):  # fmt: skip
        """Read from `source`, write to `out`; `study` shows the agents' probabilities after each hand.

        `num_players` sit at the table, you included: the fewest the agent knows if None. Raises `UserError`.
        """
        self._agent, self._source, self._study = agent, source, study
        self._view = View(out)
        self._random = random.Random(seed)
        self._players = agent.game.sizes[0] if num_players is None else num_players
        check_size(agent.game, self._players)
        self._environment = tables.make_environment(agent.game, self._players)
        self._thoughts: list[tuple[str, AgentDecision]] = []  # in this hand: where, and what
        self.hands, self.won = 0, 0  # hands finished, and chips won in them

    def play(self) -> None:
        """Play hands until the human leaves; Ctrl-C and the end of the input are leaving too."""
        game = self._agent.game
        opponents = "1 agent" if self._players == 2 else f"{self._players - 1} agents"
        blinds = f"blinds {game.small_blind}/{game.big_blind}"
        self._say(f"You play {opponents}, {blinds}, {self._stack():,} chips each hand.\nAt your turn {_HELP}.")
        try:
            while True:
                self._play_hand()
        except (Quit, KeyboardInterrupt):
            self._say(f"\n{self._standing()} Goodbye.")

    def _play_hand(self) -> None:
        stacks = [self._stack()] * self._players
        hand = HandInPlay(self._environment, dealer.shuffled_deal(self._environment, self._random), stacks)
        self._thoughts.clear()
        seat = self._seat_of(YOU)
        self._view.head(f"Hand {self.hands + 1}")
        self._say(f"You hold {self._view.cards(hand.deal.hole[seat])} {self._position(seat)}.")
        street = -1
        while not hand.done:
            if int(hand.state.street) != street:
                street = int(hand.state.street)
                board = self._view.cards(hand.board)
                self._say(f"\n{f'{dealer.STREET_NAMES[street]}  {board}'.strip()}   pot {int(hand.state.pot):,}")
            self._take_turn(hand)
        self._finish(hand)

    def _take_turn(self, hand: HandInPlay) -> None:
        seat = int(hand.state.actor)
        if seat == self._seat_of(YOU):
            chips = self._ask(hand)
        else:
            decision = self._agent.act(hand.observe(seat))
            chips = {"fold": poker.FOLD, "raise": decision.amount}.get(decision.action, poker.CALL)
            self._thoughts.append((self._where(hand, seat), decision))
        self._say(f"  {self._name(seat)} {self._describe(hand, chips)}")
        hand.act(chips)

    def _ask(self, hand: HandInPlay) -> int:
        """The human's action in chips, asked until it is legal."""
        self._view.table(self._rows(hand), board=self._view.cards(hand.board), pot=int(hand.state.pot))
        while True:
            self._view.say(f"  {self._choices(hand)} > ", end="")
            line = self._source.readline()
            if not line:
                raise Quit
            try:
                return _read_action(line, hand)
            except ValueError as error:
                self._say(f"  {error}")

    def _choices(self, hand: HandInPlay) -> str:
        legal, seat = hand.legal, self._seat_of(YOU)
        owed = int(legal.call_amount)
        parts = [f"[f]old  [c]all {owed:,}" if owed else "[c]heck"]
        if legal.raises:
            bounds = f"{int(legal.min_raise_to):,} to {int(legal.max_raise_to):,}"
            parts.append(f"[r]aise to ({bounds})  [a]ll-in")
        if self._view.rich:  # the table says the rest
            return "  ".join(parts)
        return f"pot {int(hand.state.pot):,}, you have {int(hand.state.stacks[seat]):,}: " + "  ".join(parts)

    def _rows(self, hand: HandInPlay) -> list[SeatRow]:
        """The seats as the human sees them, the human last."""
        you, state = self._seat_of(YOU), hand.state
        order = [(you + step) % self._players for step in range(1, self._players + 1)]
        return [
            SeatRow(
                name=self._name(seat),
                position=dealer.position_name(seat, self._players),
                stack=int(state.stacks[seat]),
                bet=int(state.bets[seat]),
                folded=bool(state.folded[seat]),
                cards=self._view.cards(hand.deal.hole[seat]) if seat == you else "",
            )
            for seat in order
        ]

    def _finish(self, hand: HandInPlay) -> None:
        state = hand.state
        if hand.showdown:
            self._say(f"\nShowdown  {self._view.cards(hand.board)}")
            for seat in hand.live:
                made = poker.CATEGORY_NAMES[int(poker.category(state.strengths[seat]))]
                self._say(f"  {self._name(seat):<8} {self._view.cards(hand.deal.hole[seat])}   {made}")
        for seat in range(self._players):
            if state.payoffs[seat] > 0:
                wins = "win" if seat == self._seat_of(YOU) else "wins"
                self._say(f"  {self._name(seat)} {wins} {int(state.payoffs[seat]):,}.")
        if self._study:
            self._say("\nWhat the agent thought")
            for where, decision in self._thoughts:
                self._view.thought(where, decision.probabilities, decision.value_bb)
        self.won += int(state.payoffs[self._seat_of(YOU)])
        self.hands += 1
        self._say(self._standing())

    def _stack(self) -> int:
        """Chips at the start of a hand."""
        game = self._agent.game
        return round(dealer.usual_depth(game) * game.big_blind)

    def _seat_of(self, player: int) -> int:
        return (player - self.hands - 1) % self._players  # you begin on the button

    def _name(self, seat: int) -> str:
        player = (seat - self._seat_of(YOU)) % self._players
        return "You" if player == YOU else "Agent" if self._players == 2 else f"Agent {player}"

    def _position(self, seat: int) -> str:
        if seat == self._players - 1:
            return "on the button"
        blinds = ("in the big blind",) if self._players == 2 else ("in the small blind", "in the big blind")
        return blinds[seat] if seat < len(blinds) else f"in seat {seat + 1} of {self._players}"

    def _describe(self, hand: HandInPlay, chips: int) -> str:
        """The action in words, for "You" or an agent."""
        s = "" if int(hand.state.actor) == self._seat_of(YOU) else "s"
        if chips < 0:
            return f"fold{s}"
        if chips == 0:
            owed = int(hand.legal.call_amount)
            return f"call{s} {owed:,}" if owed else f"check{s}"
        verb = "raise" if hand.state.bets.max() > 0 else "bet"
        to = " to" if verb == "raise" else ""
        return f"{verb}{s}{to} {chips:,}" + (", all-in" if chips == hand.legal.max_raise_to else "")

    def _where(self, hand: HandInPlay, seat: int) -> str:
        """The place of a decision in the hand, and the cards it was made with."""
        street = dealer.STREET_NAMES[int(hand.state.street)].lower()
        return f"{self._name(seat)}, {street}, {self._view.cards(hand.deal.hole[seat])}"

    def _standing(self) -> str:
        if not self.hands:
            return "No hand was finished."
        bb100 = 100 * self.won / self._agent.game.big_blind / self.hands
        hands = f"{self.hands} hand{'s' if self.hands > 1 else ''}"
        return f"After {hands} you are at {self.won:+,} chips, {bb100:+.0f} bb/100."

    def _say(self, text: str) -> None:
        self._view.say(text)


def _read_action(line: str, hand: HandInPlay) -> int:
    """The chips that a line of input means. Raises ValueError with a sentence."""
    word, _, rest = line.strip().lower().partition(" ")
    legal = hand.legal
    least, most = int(legal.min_raise_to), int(legal.max_raise_to)
    if word in ("q", "quit"):
        raise Quit
    if word not in ("c", "call", "check", "f", "fold", "r", "raise", "a", "all-in"):
        raise ValueError(f"Please {_HELP}.")
    if word in ("c", "call", "check"):
        return poker.CALL
    if word in ("f", "fold"):
        chips = poker.FOLD
    elif word in ("a", "all-in"):
        chips = most or 1  # 1: an illegal raise, which the dealer answers
    else:
        amount = rest.replace(",", "").strip()
        if legal.raises and not (amount.isdecimal() and least <= int(amount) <= most):
            raise ValueError(f"Raise to {least:,} up to {most:,} chips, as in: r {least}.")
        chips = int(amount) if amount.isdecimal() else 1
    dealer.check(hand, chips)
    return chips


def play(agent: Agent, source: TextIO, out: TextIO, **options) -> Game:
    """Play until the human leaves; return the finished session."""
    game = Game(agent, source, out, **options)
    game.play()
    return game
