"""Reading the Poker Hand History format (PHH, TOML; https://phh.readthedocs.io).

PHH counts players as the engine counts seats: p1 is seat 0, the first left of the button, heads-up the big blind;
but it lists blinds and antes as (small, big) even heads-up. Unknown cards are "??". Comments after "#" are dropped.

Amounts may have decimals: one chip is then the largest of 1, 0.1, 0.01 ... that makes all of them whole
(`Hand.unit`). Antes count for side pots if `ante_trimming_status` is true; without it they are dead, as PHH has it.
"""

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import accumulate
from typing import Any

from pokerjax.poker.deck import NO_CARD, card, card_name
from pokerjax.poker.hand import Hand, shown
from pokerjax.poker.rules import MAX_CHIPS, MAX_PLAYERS, Rules, limit_holdem, no_limit_holdem
from pokerjax.poker.state import CALL, FOLD

MAX_DECIMALS = 6  # of amounts that are played for
MAX_DIGITS = 20  # of any amount
HOUSE_FIELD = "_house"  # where files written here name a house other than the default
REQUIRED = {
    "NT": ("antes", "blinds_or_straddles", "min_bet", "starting_stacks", "actions"),
    "FT": ("antes", "blinds_or_straddles", "small_bet", "big_bet", "starting_stacks", "actions"),
}
OWN_FIELDS = {"variant", "ante_trimming_status", "finishing_stacks", HOUSE_FIELD}.union(*REQUIRED.values())
BY_PLAYER = ("players", "seats", "winnings", "time_banks")  # further fields with one entry a player
_NUMBER = re.compile(r"[0-9][0-9,]*(\.[0-9]+)?", re.ASCII)
_HOLDEM = no_limit_holdem(2)
_BOUNDARIES = tuple(accumulate(_HOLDEM.board_cards))  # cards on the board, by street


def read_phh(text: str, *, house: str | None = None) -> Hand:
    """Read the one hand of a .phh file. Raises ValueError, one sentence with the place, if it is none.

    house: of the rules; None for what the file says, else "tda". What is not read here is kept in `Hand.fields`.
    Whether the actions are legal, and in order, `replay` tells.
    """
    entry = _toml(text)
    if "variant" not in entry and entry and all(isinstance(value, dict) for value in entry.values()):
        raise ValueError("The text has tables, one a hand: read it with read_phhs.")
    return _hand(entry, house)


def read_phhs(text: str, *, house: str | None = None) -> list[Hand]:
    """Read the hands of a .phhs file, one TOML table each. Raises ValueError, which names the table."""
    hands = []
    for name, entry in _toml(text).items():
        if not isinstance(entry, dict):
            raise ValueError(f"The field {shown(name)} is in no table: read a single hand with read_phh.")
        try:
            hands.append(_hand(entry, house))
        except ValueError as error:
            raise ValueError(f"Hand [{shown(name)[1:-1]}]: {error}") from None
    return hands


@dataclass
class _Log:
    """What the actions of a file say."""

    hole: list[list[int]]  # [P] cards dealt or shown
    board: list[int] = field(default_factory=list)
    actions: list[int | Decimal] = field(default_factory=list)  # raises in the file's unit
    actors: list[int] = field(default_factory=list)
    streets: list[int] = field(default_factory=list)
    folded: set[int] = field(default_factory=set)
    shown: set[int] = field(default_factory=set)  # or mucked
    mucked: set[int] = field(default_factory=set)


def _toml(text: str) -> dict[str, Any]:
    if not isinstance(text, str):
        raise ValueError(f"A hand history is read from a str, not from {type(text).__name__}: decode it first.")
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except (ValueError, ArithmeticError) as error:
        raise ValueError(f"The text is no TOML: {' '.join(str(error).split())}.") from None
    except RecursionError:
        raise ValueError("The text is nested too deep for a hand history.") from None


def _hand(entry: dict[str, Any], house: str | None) -> Hand:
    variant = entry.get("variant")
    if not isinstance(variant, str) or variant not in REQUIRED:
        raise ValueError(f'variant {shown(variant)} is not read: "NT" and "FT" are, no-limit and fixed-limit hold\'em.')
    for name in REQUIRED[variant]:
        if name not in entry:
            raise ValueError(f"The field {name} is missing: the file may be cut off.")
    stacks = _row(entry, "starting_stacks")
    players = len(stacks)
    if not 2 <= players <= MAX_PLAYERS:
        raise ValueError(f"starting_stacks must be of 2 to {MAX_PLAYERS} players, not of {players}.")
    blinds, antes = (_row(entry, name, players) for name in ("blinds_or_straddles", "antes"))
    finishing = _row(entry, "finishing_stacks", players) if "finishing_stacks" in entry else None
    bet_names = [name for name in REQUIRED[variant] if name.endswith("_bet")]
    bets = [_amount(name, entry[name]) for name in bet_names]
    trimmed = entry.get("ante_trimming_status", False)
    if not isinstance(trimmed, bool):
        raise ValueError(f"ante_trimming_status must be true or false, not {shown(trimmed)}.")
    for name in BY_PLAYER:
        if name in entry and len(_list(entry, name)) != players:
            raise ValueError(f"{name} must have one entry a player, {players} in all, not {len(entry[name])}.")
    log = _read_actions(_list(entry, "actions"), players)

    raises = [action for action in log.actions if isinstance(action, Decimal)]
    decimals = max(map(_decimals, [*stacks, *blinds, *antes, *bets, *raises]))
    chips = _in_chips(decimals)
    bets = [chips(bet) for bet in bets]
    rules = _rules(variant, house or entry.get(HOUSE_FIELD, "tda"), players, any(antes) and not trimmed, bets)
    turn = -1 if players == 2 else 1  # heads-up PHH lists the small blind first
    return Hand(
        rules=rules,
        stacks=tuple(map(chips, stacks)),
        blinds=tuple(map(chips, blinds[::turn])),
        antes=tuple(map(chips, antes[::turn])),
        big_blind=bets[0],
        hole=tuple((*cards, *[NO_CARD] * (rules.hole_cards - len(cards))) for cards in log.hole),
        board=tuple(log.board),
        actions=tuple(chips(x) if isinstance(x, Decimal) else x for x in log.actions),
        actors=tuple(log.actors),
        streets=tuple(log.streets),
        mucked=tuple(log.mucked),
        finishing_stacks=None if finishing is None else tuple(amount.scaleb(decimals) for amount in finishing),
        unit=Decimal(1).scaleb(-decimals),
        fields={name: value for name, value in entry.items() if name not in OWN_FIELDS},
    )


def _rules(variant: str, house: Any, players: int, dead_antes: bool, bets: list[int]) -> Rules:
    """The rules of a file. bets: min_bet, or small_bet and big_bet, in chips."""
    if variant == "NT":
        return no_limit_holdem(players, house=house, dead_antes=dead_antes)
    rules = limit_holdem(players, house=house, dead_antes=dead_antes)
    small, big = bets
    if big == 2 * small:
        return rules
    return Rules(players, "fixed_limit", house, dead_antes, raise_sizes=(small, small, big, big),
                 max_raises=rules.max_raises)  # fmt: skip


def _list(entry: dict[str, Any], name: str) -> list[Any]:
    if not isinstance(entry[name], list):
        raise ValueError(f"{name} must be a list, not {shown(entry[name])}.")
    return entry[name]


def _row(entry: dict[str, Any], name: str, players: int | None = None) -> list[Decimal]:
    """One amount a player, in the file's unit."""
    values = _list(entry, name)
    if players is not None and len(values) != players:
        raise ValueError(f"{name} must have one amount a player, {players} in all, not {len(values)}.")
    return [_amount(f"{name} of p{number}", value) for number, value in enumerate(values, 1)]


def _amount(name: str, value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not Decimal(value).is_finite():
        raise ValueError(f"{name} must be a number, not {shown(value)}.")
    if not 0 <= value <= MAX_CHIPS:
        written = value if -(10**20) < value < 10**20 else "more than 20 digits"
        raise ValueError(f"{name} must be 0 to {MAX_CHIPS}, not {written}.")
    amount = Decimal(value)
    _, digits, exponent = amount.as_tuple()
    if max(len(digits), -int(exponent)) > MAX_DIGITS:
        raise ValueError(f"{name} must have at most {MAX_DIGITS} digits: round it.")
    return amount


def _decimals(amount: Decimal) -> int:
    """Digits after the point that count."""
    exponent = amount.normalize().as_tuple().exponent
    assert isinstance(exponent, int)  # it is finite
    if -exponent > MAX_DECIMALS:
        raise ValueError(f"The amount {amount} has more than {MAX_DECIMALS} decimals: round it.")
    return max(-exponent, 0)


def _in_chips(decimals: int) -> Callable[[Decimal], int]:
    return lambda amount: int(amount.scaleb(decimals))


def _read_actions(actions: list[Any], players: int) -> _Log:
    log = _Log(hole=[[] for _ in range(players)])
    for number, action in enumerate(actions, 1):
        place = f"Action {number} ({shown(action)})"
        if not isinstance(action, str):
            raise ValueError(f'{place} must be text, as "p1 cc".')
        words = action.partition("#")[0].split()
        try:
            _read_action(log, words, players)
        except ValueError as error:
            raise ValueError(f"{place} {error}") from None
    return log


def _read_action(log: _Log, words: list[str], players: int) -> None:
    """Take in one action. Raises ValueError with the rest of a sentence that begins with the action."""
    match words:
        case []:  # a comment alone
            pass
        case ["d", "db", names]:
            log.board += _new_cards(log, names, _HOLDEM.num_board_cards - len(log.board), "the board")
        case ["d", "dh", player, names]:
            seat = _seat(player, players)
            if log.actions or log.board:
                raise ValueError("comes too late: hole cards are dealt before anybody acts.")
            log.hole[seat] += _new_cards(log, names, _HOLDEM.hole_cards - len(log.hole[seat]), player)
        case [player, "f" | "cc"]:
            _play(log, _seat(player, players), FOLD if words[1] == "f" else CALL)
        case [player, "cbr", amount]:
            if not _NUMBER.fullmatch(amount):
                raise ValueError('must name the amount to bet or raise to in digits, as "p1 cbr 300".')
            chips = _amount("names an amount that", Decimal(amount.replace(",", "")))
            if not chips:
                raise ValueError("must be of more than 0: a check is cc.")
            _play(log, _seat(player, players), chips)
        case [player, "sm", *names] if len(names) <= 1:
            _show_or_muck(log, player, _seat(player, players), names)
        case [_, "sd" | "pb", *_]:
            raise ValueError("is not of hold'em, where nobody discards or brings in.")
        case _:
            raise ValueError('is none: write "d dh p1 AhKd", "d db AhKdQc", "p1 f", "p1 cc", "p1 cbr 300" or "p1 sm".')


def _seat(player: str, players: int) -> int:
    if not re.fullmatch(r"p[1-9][0-9]?", player, re.ASCII) or int(player[1:]) > players:
        raise ValueError(f"is of {shown(player)}, but the players are p1 to p{players}.")
    return int(player[1:]) - 1


def _play(log: _Log, seat: int, action: int | Decimal) -> None:
    if log.shown:
        raise ValueError("comes after the showdown has begun.")
    if seat in log.folded:
        raise ValueError(f"is by p{seat + 1}, who has folded.")
    if len(log.board) not in _BOUNDARIES:
        raise ValueError(f"comes with {len(log.board)} cards on the board: the flop has 3.")
    if action == FOLD:
        log.folded.add(seat)
    log.actions.append(action)
    log.actors.append(seat)
    log.streets.append(_BOUNDARIES.index(len(log.board)))


def _show_or_muck(log: _Log, player: str, seat: int, names: list[str]) -> None:
    if seat in log.shown:
        raise ValueError(f"comes twice: {player} has shown or mucked before.")
    if seat in log.folded and not names:
        raise ValueError(f"cannot be: {player} has folded.")
    if not names:
        log.mucked.add(seat)
    elif names != ["-"]:  # which shows the cards that are known
        known = [card for card in log.hole[seat] if card != NO_CARD]
        fresh = [card for card in _names(names[0], _HOLDEM.hole_cards) if card not in [NO_CARD, *known]]
        if len(known + fresh) > _HOLDEM.hole_cards:
            raise ValueError(f"shows other cards than {player} was dealt: {''.join(map(card_name, known))}.")
        _check_unseen(log, fresh)
        log.hole[seat] = known + fresh
    if seat not in log.folded:
        log.shown.add(seat)


def _new_cards(log: _Log, names: str, room: int, place: str) -> list[int]:
    """The cards of a deal to a place that has room for so many."""
    cards = _names(names, room, f"more than {place} can still get")
    _check_unseen(log, cards)
    return cards


def _names(names: str, room: int, too_many: str = "more than a player has") -> list[int]:
    """The cards of a row of names, NO_CARD for "??"."""
    pairs = [names[i : i + 2] for i in range(0, len(names), 2)]
    cards = []
    for pair in pairs:
        try:
            cards.append(NO_CARD if pair == "??" else card(pair))
        except ValueError:
            raise ValueError(f'names {shown(pair)}, which is no card: write cards as in "AhTd", or "??".') from None
    if len(cards) > room:
        raise ValueError(f"has {len(cards)} cards, {too_many} ({room}).")
    return cards


def _check_unseen(log: _Log, cards: list[int]) -> None:
    seen = {card for dealt in [*log.hole, log.board] for card in dealt} - {NO_CARD}
    for place, card_ in enumerate(cards):
        if card_ != NO_CARD and (card_ in seen or card_ in cards[:place]):
            raise ValueError(f"deals the {card_name(card_)} a second time: a deck has one of each card.")
