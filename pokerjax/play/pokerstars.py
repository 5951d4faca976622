"""Reading PokerStars hand histories of no-limit hold'em (English; cash games, Zoom and tournaments).

Seats are put in order from the left of the button. What the engine has no form for is refused with a sentence:
other games, blinds posted out of turn, straddles. Amounts may have decimals: one chip is then a hundredth.
"""

from __future__ import annotations

import dataclasses
import re
from decimal import Decimal

from pokerjax import poker
from pokerjax.poker.hand import shown
from pokerjax.poker.rules import MAX_PLAYERS

MAX_HANDS = 1000
MAX_LINE = 300  # characters that are read of a line: no play is longer, and patterns take the square of it
_HEADER = re.compile(r"^\ufeff?[ \t]*PokerStars (?:Zoom |Home Game )?(?:Hand|Game) #(\d+)", re.MULTILINE)
_STAKES = re.compile(r"\(\D{0,4}([\d.,]+)/\D{0,4}([\d.,]+)(?: [A-Z]{3})?\)")
_BUTTON = re.compile(r"Table .*Seat #(\d+) is the button")
_SEAT = re.compile(r"^Seat (\d+): (.+) \(\D{0,4}([\d.,]+) in chips.*?\)(.*)$")
_STREETS = {"HOLE CARDS": 0, "FLOP": 1, "TURN": 2, "RIVER": 3}
_AMOUNT = r"\D{0,4}([\d.,]+)"
_CARDS = re.compile(r"\[([^\]]*)\]")


@dataclasses.dataclass
class _Player:
    """A seat of the table as the text has it."""

    number: int
    stack: Decimal
    blind: Decimal = Decimal(0)  # as it was posted
    post: str = ""  # "small blind" or "big blind"
    all_in: bool = False  # by the blind, which may then be less than is owed
    ante: Decimal = Decimal(0)
    cards: str = ""
    dealt: bool = False  # takes part in the hand
    mucked: bool = False


def is_pokerstars(text: str) -> bool:
    """Whether a hand of PokerStars begins anywhere in the text."""
    return _HEADER.search(text) is not None


def read_pokerstars(text: str) -> list[poker.Hand]:
    """The hands of a text, in order. Raises ValueError, one sentence that names the hand and the place."""
    starts = [match.start() for match in _HEADER.finditer(text)]
    if not starts:
        raise ValueError('The text has no hand of PokerStars: each begins with "PokerStars Hand #".')
    if len(starts) > MAX_HANDS:
        raise ValueError(f"The text has {len(starts)} hands: give at most {MAX_HANDS}.")
    hands = []
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        body = text[start:end]
        match = _HEADER.search(body)
        number = match[1] if match else "?"
        try:
            hands.append(_read_hand(body, number))
        except ValueError as error:
            raise ValueError(f"Hand #{number}: {error}") from None
    return hands


def _read_hand(text: str, number: str) -> poker.Hand:
    lines = [line.strip()[:MAX_LINE] for line in text.splitlines() if line.strip()]
    if "Hold'em No Limit" not in lines[0]:
        raise ValueError(f"only Hold'em No Limit is read, not {shown(lines[0][:80])}.")
    stakes, button = _STAKES.search(lines[0]), next(filter(None, map(_BUTTON.match, lines)), None)
    if stakes is None:
        raise ValueError("the first line names no blinds.")
    if button is None:
        raise ValueError("no line names the button.")
    players = _seats(lines)
    log = _Log(players)
    for line in lines[1:]:
        log.read(line)
    return _hand(log, int(button[1]), _number(stakes[1]), _number(stakes[2]), number)


def _seats(lines: list[str]) -> dict[str, _Player]:
    """The players by name, from the lines before the cards."""
    players: dict[str, _Player] = {}
    for line in lines:
        if line.startswith("*** "):
            break
        if match := _SEAT.match(line):
            players[match[2]] = _Player(int(match[1]), _number(match[3]))
    if len(players) < 2:
        raise ValueError("fewer than two seats are named.")
    if len(players) > MAX_PLAYERS:
        raise ValueError(f"{len(players)} seats are named: a table has at most {MAX_PLAYERS}.")
    return players


class _Log:
    """What the lines of a hand say."""

    def __init__(self, players: dict[str, _Player]):
        self.players = players
        self.street = 0
        self.board: list[str] = []
        self.actions: list[tuple[str, int, Decimal | int]] = []  # player, street, engine action in the text's unit
        self.finished = False
        # The longest name first: one may begin with another.
        self._names = sorted(players, key=len, reverse=True)

    def read(self, line: str) -> None:
        """Take in one line; what it does not know (chat, timeouts, winnings) says nothing about the play."""
        if line.startswith("*** "):
            self._read_street(line)
        elif line.startswith("Dealt to "):
            name = next((name for name in self._names if line[9:].startswith(f"{name} [")), None)
            if name:
                self.players[name].cards = _cards_in(line)
                self.players[name].dealt = True
        elif self.finished:
            self._read_summary(line)
        else:
            name = next((name for name in self._names if line.startswith(f"{name}: ")), None)
            if name:
                self._read_player(name, line[len(name) + 2 :], line)

    def _read_street(self, line: str) -> None:
        title = line.strip("* ").split(" ***")[0]
        if "FIRST" in title or "SECOND" in title:
            raise ValueError("the board is run twice, which is not read.")
        if title in _STREETS:
            self.street = _STREETS[title]
            self.board = [card for cards in _CARDS.findall(line) for card in cards.split()] or self.board
        self.finished = self.finished or title.startswith("SUMMARY")

    def _read_player(self, name: str, words: str, line: str) -> None:
        player = self.players[name]
        if match := re.match(rf"posts (small blind|big blind|the ante) {_AMOUNT}", words):
            player.dealt = True
            if match[1] == "the ante":
                player.ante = _number(match[2])
            else:
                player.post, player.blind = match[1], _number(match[2])
                player.all_in = words.endswith("is all-in")
        elif words.startswith("posts"):
            raise ValueError(f"{shown(line)} is no ordinary blind, which is not read.")
        elif re.match(r"(folds|checks|calls)\b", words):
            self.actions.append((name, self.street, poker.FOLD if words.startswith("folds") else poker.CALL))
        elif match := re.match(rf"(?:bets|raises {_AMOUNT} to) {_AMOUNT}", words):
            self.actions.append((name, self.street, _number(match[2])))
        elif words.startswith("shows [") or words.startswith("showed ["):
            player.cards = _all_known(player.cards, _cards_in(words))
        elif words.startswith("mucks"):
            player.mucked = True
        if self.actions and self.actions[-1][0] == name:
            player.dealt = True

    def _read_summary(self, line: str) -> None:
        """Cards that are only told at the end: "Seat 3: name (button) mucked [Ah Kd]"."""
        for name in self._names:
            player = self.players[name]
            if re.match(rf"Seat {player.number}: {re.escape(name)}\b", line):
                if match := re.search(r"(?:showed|mucked) \[([^\]]*)\]", line):
                    player.cards = _all_known(player.cards, match[1].replace(" ", ""))
                return


def _hand(log: _Log, button: int, small_blind: Decimal, big_blind: Decimal, number: str) -> poker.Hand:
    inside = {name: player for name, player in log.players.items() if player.dealt}
    if len(inside) < 2:
        raise ValueError("fewer than two players are dealt in.")
    order = sorted(inside, key=lambda name: ((inside[name].number - button - 1) % 100, inside[name].number))
    amounts = [x for p in inside.values() for x in (p.stack, p.blind, p.ante)]
    amounts += [action for _, _, action in log.actions if isinstance(action, Decimal)]
    amounts += [small_blind, big_blind]
    decimals = 2 if any(amount != int(amount) for amount in amounts) else 0
    if any(amount.scaleb(2) != int(amount.scaleb(2)) for amount in amounts):
        raise ValueError("an amount has more than two decimals.")

    def chips(amount: Decimal | int) -> int:
        return int(amount.scaleb(decimals)) if isinstance(amount, Decimal) else amount

    players = [inside[name] for name in order]
    blinds = _blinds(order, players, small_blind, big_blind)
    seats = {name: seat for seat, name in enumerate(order)}
    folded = {name for name, _, action in log.actions if action == poker.FOLD}
    live = [name for name in order if name not in folded]
    mucked = [seats[name] for name in live if len(live) > 1 and (inside[name].mucked or len(inside[name].cards) < 4)]
    whole = len(log.board) == 5 and len(mucked) < len(live)
    return poker.Hand(
        rules=poker.no_limit_holdem(len(order)),
        stacks=tuple(chips(player.stack) for player in players),
        blinds=tuple(map(chips, blinds)),
        antes=tuple(chips(player.ante) for player in players),
        big_blind=chips(big_blind),
        hole=tuple(_hole(player.cards) for player in players),
        board=tuple(map(poker.card, log.board)),
        actions=tuple(chips(action) for _, _, action in log.actions),
        actors=tuple(seats[name] for name, _, _ in log.actions),
        streets=tuple(street for _, street, _ in log.actions),
        mucked=tuple(mucked) if whole else (),
        unit=Decimal(1).scaleb(-decimals),
        fields={"players": order, "hand": number},
    )


def _blinds(order: list[str], players: list[_Player], small: Decimal, big: Decimal) -> list[Decimal]:
    """What each seat owes as its blind, which the others have to match even where it has less and is all-in.

    Raises ValueError unless the blinds sit where they belong: left of the button, heads-up reversed.
    """
    owed = [{"small blind": small, "big blind": big}[p.post] if p.all_in else p.blind for p in players]
    posts = [player.post for player in players]
    if "small blind" in posts and "big blind" not in posts:
        after = (posts.index("small blind") + 1) % len(players)
        if players[after].ante < players[after].stack:
            raise ValueError("nobody posts the big blind, which is not read.")
        owed[after] = big  # the ante took its last chip
    posted = [seat for seat, blind in enumerate(owed) if blind]
    usual = ([0], [0, 1], [1]) if len(players) > 2 else ([0], [0, 1])
    if posted not in usual:
        names = ", ".join(shown(order[seat]) for seat in posted) or "nobody"
        raise ValueError(f"the blinds are posted by {names}, out of turn, which is not read.")
    return owed


def _number(text: str) -> Decimal:
    digits = text.replace(",", "").rstrip(".")
    if not re.fullmatch(r"\d{1,12}(\.\d{1,6})?", digits):
        raise ValueError(f"{shown(text)} is no amount.")
    return Decimal(digits)


def _cards_in(text: str) -> str:
    match = _CARDS.search(text)
    return match[1].replace(" ", "") if match else ""


def _all_known(known: str, shown: str) -> str:
    """The cards of a seat when it shows some of them, perhaps one after the other."""
    return known + shown if len(known) == len(shown) == 2 and known != shown else max(shown, known, key=len)


def _hole(names: str) -> tuple[int, ...] | None:
    cards = [poker.card(names[i : i + 2]) for i in range(0, len(names), 2)]
    return tuple(cards + [poker.NO_CARD] * (2 - len(cards))) if cards else None
