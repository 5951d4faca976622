"""What game is played (`Rules`, static): its betting, its house, its deck.

Checked here, on the host, once: the traced functions of the package trust it.
"""

from dataclasses import dataclass

BETTING = ("no_limit", "pot_limit", "fixed_limit")
HOUSES = ("tda", "acpc")
MAX_PLAYERS = 10
MAX_CHIPS = 2**30  # all chips of a table together; leaves room for sums and doubled raises in int32
MAX_HAND_CARDS = 7  # hole and board cards of a hand, as many as `strength` ranks
MAX_RANKS, MAX_SUITS = 13, 4


@dataclass(frozen=True)
class Rules:
    """The rules of a game. Hashable, so it can be a static argument of `jax.jit`.

    Seats are positions: seat 0 is the first left of the button, seat num_players - 1 is the button. S streets.

    num_players: 2 to 10.
    betting: "no_limit", "pot_limit" or "fixed_limit".
    house: "tda" (live and online play) or "acpc" (the Annual Computer Poker Competition's dealer).
    dead_antes: antes go dead into the main pot instead of counting for side pots.
    hole_cards: cards of each seat.
    board_cards: board cards turned up at the start of each street.
    num_ranks, num_suits: the deck, its ranks from the deuce up, its suits from clubs on.
    raise_sizes: chips that a bet or raise adds on each street of a fixed-limit game; None for the big blind,
        and twice that from the middle street on.
    max_raises: bets and raises allowed on each street, blinds not counted; None for no cap.
    first_to_act: the first seat asked on each street; None for the seat after the largest blind before the
        flop and seat 0 from then on.
    stacks, blinds, antes, big_blind: what `stakes` takes where it is not told otherwise; None for what it
        says there.
    """

    num_players: int
    betting: str = "no_limit"
    house: str = "tda"
    dead_antes: bool = False
    hole_cards: int = 2
    board_cards: tuple[int, ...] = (0, 3, 1, 1)
    num_ranks: int = MAX_RANKS
    num_suits: int = MAX_SUITS
    raise_sizes: tuple[int, ...] | None = None
    max_raises: tuple[int, ...] | None = None
    first_to_act: tuple[int, ...] | None = None
    stacks: tuple[int, ...] | None = None
    blinds: tuple[int, ...] | None = None
    antes: tuple[int, ...] | None = None
    big_blind: int | None = None

    def __post_init__(self):
        _check_int("num_players", self.num_players, 2, MAX_PLAYERS)
        _check_name("betting", self.betting, BETTING)
        _check_name("house", self.house, HOUSES)
        if not isinstance(self.dead_antes, bool):
            raise ValueError(f"dead_antes must be True or False, not {on_one_line(self.dead_antes)}.")
        self._check_cards()
        if self.raise_sizes is not None and self.betting != "fixed_limit":
            raise ValueError(f'raise_sizes are of "fixed_limit" games only, but betting is {self.betting!r}.')
        if self.betting == "pot_limit" and self.house == "acpc":
            raise ValueError('betting "pot_limit" is not dealt by the ACPC house: use house="tda".')
        streets, players = self.num_streets, self.num_players
        _check_row("raise_sizes", self.raise_sizes, streets, "street", 1, MAX_CHIPS // 2)
        _check_row("max_raises", self.max_raises, streets, "street", 0, MAX_CHIPS)
        _check_row("first_to_act", self.first_to_act, streets, "street", 0, players - 1)
        _check_row("stacks", self.stacks, players, "seat", 1, MAX_CHIPS)
        _check_row("blinds", self.blinds, players, "seat", 0, MAX_CHIPS // 2)
        _check_row("antes", self.antes, players, "seat", 0, MAX_CHIPS // 2)
        if self.big_blind is not None:
            _check_int("big_blind", self.big_blind, 1, MAX_CHIPS // 2)

    def _check_cards(self):
        _check_int("num_ranks", self.num_ranks, 1, MAX_RANKS)
        _check_int("num_suits", self.num_suits, 1, MAX_SUITS)
        _check_int("hole_cards", self.hole_cards, 1, MAX_HAND_CARDS)
        if not isinstance(self.board_cards, tuple) or not self.board_cards:
            raise ValueError(
                f"board_cards must be a tuple of counts, one a street, not {on_one_line(self.board_cards)}."
            )
        for cards in self.board_cards:
            _check_int("board_cards", cards, 0, MAX_HAND_CARDS)
        if self.hole_cards + self.num_board_cards > MAX_HAND_CARDS:
            raise ValueError(
                f"A hand must have at most {MAX_HAND_CARDS} cards, but {self.hole_cards} hole cards and "
                f"{self.num_board_cards} board cards make {self.hole_cards + self.num_board_cards}."
            )
        if self.num_cards > self.deck_size:
            raise ValueError(
                f"{self.num_players} players need {self.num_cards} cards, but the deck of {self.num_ranks} ranks "
                f"in {self.num_suits} suits has {self.deck_size}: use fewer players or a larger deck."
            )

    @property
    def num_streets(self) -> int:
        """Rounds of betting, S."""
        return len(self.board_cards)

    @property
    def num_board_cards(self) -> int:
        """Board cards of a whole hand, C."""
        return sum(self.board_cards)

    @property
    def num_cards(self) -> int:
        """Cards dealt in a hand: all hole cards, then the whole board."""
        return self.num_players * self.hole_cards + self.num_board_cards

    @property
    def deck_size(self) -> int:
        """Cards in the deck."""
        return self.num_ranks * self.num_suits


def no_limit_holdem(num_players: int, *, house: str = "tda", dead_antes: bool = False) -> Rules:
    """Return the rules of no-limit Texas hold'em."""
    return Rules(num_players, "no_limit", house, dead_antes)


def pot_limit_holdem(num_players: int, *, dead_antes: bool = False) -> Rules:
    """Return the rules of pot-limit Texas hold'em: a raise is at most what the pot holds once it is called."""
    return Rules(num_players, "pot_limit", "tda", dead_antes)


def limit_holdem(num_players: int, *, house: str = "tda", dead_antes: bool = False) -> Rules:
    """Return the rules of fixed-limit Texas hold'em.

    Bets and raises are one big blind before and on the flop, two on turn and river; at most four a street,
    the big blind counting as the first.
    """
    return Rules(num_players, "fixed_limit", house, dead_antes, max_raises=(3, 4, 4, 4))


def kuhn() -> Rules:
    """Return the rules of Kuhn poker: three cards, an ante of one chip, one bet of one chip.

    As OpenSpiel's `kuhn_poker`; its card c is 4 * c here (rank c, clubs).
    """
    return Rules(
        2, "fixed_limit", hole_cards=1, board_cards=(0,), num_ranks=3, num_suits=1,
        raise_sizes=(1,), max_raises=(1,), stacks=(2, 2), blinds=(0, 0), antes=(1, 1), big_blind=1,
    )  # fmt: skip


def leduc() -> Rules:
    """Return the rules of Leduc hold'em: six cards, an ante of one chip, bets of two and then four, two a street.

    As OpenSpiel's `leduc_poker`; its card c is 4 * (c // 2) + c % 2 here.
    """
    return Rules(
        2, "fixed_limit", hole_cards=1, board_cards=(0, 1), num_ranks=3, num_suits=2,
        raise_sizes=(2, 4), max_raises=(2, 2), stacks=(13, 13), blinds=(0, 0), antes=(1, 1), big_blind=2,
    )  # fmt: skip


def _check_int(name: str, value: object, least: int, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{name} must be an int from {least} to {most}, not {on_one_line(value)}.")
    if not least <= value <= most:
        raise ValueError(f"{name} must be from {least} to {most}, not {value}.")


def _check_name(name: str, value: object, known: tuple[str, ...]) -> None:
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"{name} must be one of {', '.join(known)}, not {on_one_line(value)}.")


def _check_row(name: str, row: tuple[int, ...] | None, length: int, unit: str, least: int, most: int) -> None:
    """Check one int a street or a seat."""
    if row is None:
        return
    if not isinstance(row, tuple) or len(row) != length:
        raise ValueError(f"{name} must be a tuple of {length} ints, one a {unit}, not {on_one_line(row)}.")
    for value in row:
        _check_int(name, value, least, most)


def on_one_line(value: object) -> str:
    """The repr of a value for a sentence."""
    return " ".join(repr(value).split())
