"""A recorded hand, checked: what was dealt, for how much, and what everybody did."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from operator import index
from typing import Any

from pokerjax.poker.deck import NO_CARD, card_name
from pokerjax.poker.rules import MAX_CHIPS, Rules
from pokerjax.poker.state import FOLD

STREET_NAMES = ("before the flop", "on the flop", "on the turn", "on the river")


@dataclass(frozen=True, kw_only=True)
class Hand:
    """A recorded hand, finished or not. Seats are positions: 0 is the first left of the button, heads-up the big blind.

    Any sequences of ints will do; they are kept as tuples. Raises ValueError, one sentence, for what no hand can
    have. Whether the actions are legal is for `replay` to say.
    """

    rules: Rules
    stacks: tuple[int, ...]  # [P] chips before antes and blinds
    blinds: tuple[int, ...]  # [P] chips, nominal
    antes: tuple[int, ...]  # [P] chips, nominal
    big_blind: int  # chips, the minimum bet
    hole: tuple[tuple[int, ...] | None, ...]  # [P][H] cards, NO_CARD where one is unknown, None where all are
    board: tuple[int, ...] = ()  # cards turned up by the end of the hand, NO_CARD where one is unknown
    actions: tuple[int, ...] = ()  # as `act` takes them: FOLD, CALL, or x > 0 to raise to x chips on this street
    actors: tuple[int, ...] | None = None  # seat of each action, if the record names it
    streets: tuple[int, ...] | None = None  # street of each action, if the record names it
    mucked: tuple[int, ...] = ()  # seats that gave up at the showdown without showing their cards
    finishing_stacks: tuple[int | Decimal, ...] | None = None  # [P] chips as recorded, perhaps after rake
    unit: Decimal = Decimal(1)  # what one chip is worth in the record's own amounts
    fields: Mapping[str, Any] = field(default_factory=dict)  # whatever else the record says, by its PHH name

    def __post_init__(self):
        players = self.rules.num_players
        self._keep("stacks", _amounts("stacks", self.stacks, players, 1, MAX_CHIPS))
        self._keep("blinds", _amounts("blinds", self.blinds, players, 0, MAX_CHIPS // 2))
        self._keep("antes", _amounts("antes", self.antes, players, 0, MAX_CHIPS // 2))
        if sum(self.stacks) > MAX_CHIPS:
            raise ValueError(f"stacks add up to {sum(self.stacks)} chips, more than {MAX_CHIPS}: use a larger unit.")
        [big_blind] = _amounts("big_blind", [self.big_blind], 1, 1, MAX_CHIPS // 2)
        self._keep("big_blind", big_blind)
        self._check_cards()
        self._keep("actions", _ints("actions", self.actions))
        for number, action in enumerate(self.actions, 1):
            if not FOLD <= action <= MAX_CHIPS:
                raise ValueError(
                    f"Action {number} is {action}: use -1 to fold, 0 to call, or 1 to {MAX_CHIPS} chips to raise to."
                )
        self._keep("actors", self._by_action("actors", players))
        self._keep("streets", self._by_action("streets", self.rules.num_streets))
        self._keep("mucked", tuple(sorted(set(_ints("mucked", self.mucked)))))
        for seat in self.mucked:
            if not 0 <= seat < players:
                raise ValueError(f"mucked names seat {seat}, but the seats are 0 to {players - 1}.")
        if self.finishing_stacks is not None:
            self._keep("finishing_stacks", _recorded_amounts(self.finishing_stacks, players))
        if not isinstance(self.unit, Decimal) or not (self.unit.is_finite() and self.unit > 0):
            raise ValueError(f"unit must be a positive Decimal, not {shown(self.unit)}.")
        if not isinstance(self.fields, Mapping) or not all(isinstance(name, str) for name in self.fields):
            raise ValueError(f"fields must be a mapping from names to values, not {shown(self.fields)}.")

    def _keep(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)  # the class is frozen for everybody else

    def _check_cards(self) -> None:
        players, size = self.rules.num_players, self.rules.hole_cards
        hole = [None if cards is None else _ints("hole", cards) for cards in _items("hole", self.hole)]
        if len(hole) != players:
            raise ValueError(f"hole must be {players} hands, one a seat, None where unknown, but are {len(hole)}.")
        for seat, cards in enumerate(hole):
            if cards is not None and len(cards) != size:
                raise ValueError(f"Seat {seat} must have {size} hole cards, not {len(cards)}: use NO_CARD or None.")
        nothing = (NO_CARD,) * size
        self._keep("hole", tuple(None if cards == nothing else cards for cards in hole))
        self._keep("board", _ints("board", self.board))
        if len(self.board) > self.rules.num_board_cards:
            raise ValueError(f"board must have at most {self.rules.num_board_cards} cards, not {len(self.board)}.")
        places = [(f"Seat {seat}", cards) for seat, cards in enumerate(self.hole) if cards is not None]
        found: dict[int, str] = {}
        for place, cards in [*places, ("The board", self.board)]:
            for card in cards:
                if card == NO_CARD:
                    continue
                if not (0 <= card // 4 < self.rules.num_ranks and card % 4 < self.rules.num_suits):
                    raise ValueError(f"{place} has {card}, which is no card of this deck: see poker.card.")
                if card in found:
                    both = f"{found[card]} and {place[0].lower()}{place[1:]}"
                    raise ValueError(f"{both} have the {card_name(card)}: a deck has one of each card.")
                found[card] = place

    def _by_action(self, name: str, most: int) -> tuple[int, ...] | None:
        values = getattr(self, name)
        if values is None:
            return None
        values = _ints(name, values)
        if len(values) != len(self.actions):
            raise ValueError(f"{name} must be one an action, {len(self.actions)} in all, not {len(values)}.")
        for number, value in enumerate(values, 1):
            if not 0 <= value < most:
                raise ValueError(f"{name} of action {number} must be 0 to {most - 1}, not {value}.")
        return values


def street_name(rules: Rules, street: int) -> str:
    """Where an action takes place, as "on the flop"."""
    return STREET_NAMES[street] if rules.num_streets == len(STREET_NAMES) else f"on street {street}"


def shown(value: object) -> str:
    """A value as it stands in a sentence: on one line, and short."""
    text = " ".join(ascii(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def _items(name: str, values: Any) -> tuple[Any, ...]:
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise ValueError(f"{name} must be a sequence, not {shown(values)}.")
    return tuple(values)


def _ints(name: str, values: Any) -> tuple[int, ...]:
    """Return whole numbers, NumPy's as well, as Python's."""
    found = []
    for place, value in enumerate(_items(name, values)):
        try:
            if isinstance(value, bool):
                raise TypeError
            found.append(index(value))
        except TypeError:
            raise ValueError(f"{name}[{place}] must be a whole number, not {shown(value)}.") from None
    return tuple(found)


def _amounts(name: str, values: Any, length: int, least: int, most: int) -> tuple[int, ...]:
    amounts = _ints(name, values)
    if len(amounts) != length:
        raise ValueError(f"{name} must be {length} amounts, one a seat, but are {len(amounts)}.")
    for seat, amount in enumerate(amounts):
        if not least <= amount <= most:
            place = f"{name} of seat {seat}" if length > 1 else name
            raise ValueError(f"{place} must be {least} to {most} chips, not {shown(amount)}.")
    return amounts


def _recorded_amounts(values: Any, length: int) -> tuple[int | Decimal, ...]:
    """Amounts that others computed: fractions of a chip occur where they split a pot."""
    amounts: list[int | Decimal] = []
    for seat, value in enumerate(_items("finishing_stacks", values)):
        if isinstance(value, bool) or not hasattr(value, "__int__"):
            raise ValueError(f"finishing_stacks of seat {seat} must be a number of chips, not {shown(value)}.")
        amount = value if isinstance(value, Decimal) else Decimal(str(value))
        if not amount.is_finite() or not 0 <= amount <= MAX_CHIPS:
            raise ValueError(f"finishing_stacks of seat {seat} must be 0 to {MAX_CHIPS} chips, not {shown(value)}.")
        amounts.append(int(amount) if amount == int(amount) else amount)
    if len(amounts) != length:
        raise ValueError(f"finishing_stacks must be {length} amounts, one a seat, but are {len(amounts)}.")
    return tuple(amounts)
