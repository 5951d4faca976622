"""Games of the Annual Computer Poker Competition: its dealer's `.game` files read as `Rules`.

    GAMEDEF
    nolimit
    numPlayers = 2
    numRounds = 4
    stack = 20000 20000          # optional: without it stacks are as deep as chips allow
    blind = 100 50
    firstPlayer = 2 1 1 1        # optional: 1 on every round
    maxRaises = 3 4 4 4          # optional: no cap
    numSuits = 4
    numRanks = 13
    numHoleCards = 2
    numBoardCards = 0 3 1 1
    END GAMEDEF

A limit game has `raiseSize`, one a round. Keys are read in any case and order, "=" may be left out, and "#" begins
a comment. The dealer ignores what it does not know and reads the beginning of what is too long; here each line has
to be right. Players count from 1 in a file, seats from 0 here; player 1 is seat 0.
"""

import re
from dataclasses import dataclass

from pokerjax.poker.rules import MAX_CHIPS, MAX_HAND_CARDS, MAX_PLAYERS, MAX_RANKS, MAX_SUITS, Rules

MAX_ROUNDS = 4  # as the dealer
UNLIMITED_STACK = 2**31 - 1  # the dealer's stack where a file names none
UNLIMITED_RAISES = 255  # and its number of raises


@dataclass(frozen=True)
class _Key:
    """One key of the format: how files write it, what it has a value for, and its bounds."""

    name: str
    per: str  # "game", "player" or "round"
    least: int
    most: int
    example: str


_KEYS = {
    key.name.lower(): key
    for key in (
        _Key("numPlayers", "game", 2, MAX_PLAYERS, "2"),
        _Key("numRounds", "game", 1, MAX_ROUNDS, "4"),
        _Key("stack", "player", 1, UNLIMITED_STACK, "20000 20000"),
        _Key("blind", "player", 0, MAX_CHIPS // 2, "100 50"),
        _Key("raiseSize", "round", 1, MAX_CHIPS // 2, "100 100 200 200"),
        _Key("firstPlayer", "round", 1, MAX_PLAYERS, "2 1 1 1"),
        _Key("maxRaises", "round", 0, UNLIMITED_RAISES, "3 4 4 4"),
        _Key("numSuits", "game", 1, MAX_SUITS, "4"),
        _Key("numRanks", "game", 1, MAX_RANKS, "13"),
        _Key("numHoleCards", "game", 1, MAX_HAND_CARDS, "2"),
        _Key("numBoardCards", "round", 0, MAX_HAND_CARDS, "0 3 1 1"),
    )
}
_OPTIONAL = ("stack", "raiseSize", "firstPlayer", "maxRaises")


@dataclass(frozen=True)
class _Values:
    """The values of a key and the number of the line where they stand."""

    line: int
    values: tuple[int, ...]


def rules_from_acpc(text: str) -> Rules:
    """Return the rules of a game from the text of its `.game` file, played by the ACPC's house rules.

    Stacks and blinds go into the rules, so `stakes(rules)` needs nothing else. Where the file names no stack,
    the players share all the chips a table may have (2**30).

    Raises ValueError, with the line, the value and the remedy.
    """
    betting, entries = _read(text)
    for key in _KEYS.values():
        needed = key.name not in _OPTIONAL or (key.name == "raiseSize" and betting == "fixed_limit")
        if needed and key.name not in entries:
            game = "a limit game" if key.name == "raiseSize" else "the game"
            raise ValueError(f'{key.name} is missing: give {game} a line as "{key.name} = {key.example}".')
    num_players, num_rounds = _one(entries, "numPlayers"), _one(entries, "numRounds")
    for name, entry in entries.items():
        _check_length(name, entry, num_players, num_rounds)
    _check_cards(entries, num_players)

    blinds = entries["blind"].values
    stacks = _stacks(entries, num_players)
    first = _first_to_act(entries, num_players, num_rounds)
    raise_sizes = entries["raiseSize"].values if betting == "fixed_limit" else None
    max_raises = entries["maxRaises"].values if "maxRaises" in entries else (UNLIMITED_RAISES,)
    return Rules(
        num_players,
        betting,
        "acpc",
        hole_cards=_one(entries, "numHoleCards"),
        board_cards=entries["numBoardCards"].values,
        num_ranks=_one(entries, "numRanks"),
        num_suits=_one(entries, "numSuits"),
        raise_sizes=raise_sizes,
        max_raises=None if min(max_raises) == UNLIMITED_RAISES else max_raises,
        first_to_act=first,
        stacks=stacks,
        blinds=blinds,
        antes=(0,) * num_players,
        big_blind=max(*blinds, 1),
    )


def _read(text: str) -> tuple[str, dict[str, _Values]]:
    """Return the betting and the values of each key, each value within its own bounds."""
    if not isinstance(text, str):
        raise ValueError(f"A game must be the text of a .game file, not {type(text).__name__}.")
    betting, entries = None, {}
    begun = ended = False
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].replace("=", " ").split()
        if not words:
            continue
        key = words[0].lower()
        if ended:
            raise ValueError(f"Line {number}: {_shown(words[0])} follows END GAMEDEF: remove it.")
        if not begun:
            if [key, *words[1:]] != ["gamedef"]:
                shown = _shown(" ".join(words))
                raise ValueError(f"Line {number}: a game begins with a line GAMEDEF, not with {shown}.")
            begun = True
        elif [word.lower() for word in words] == ["end", "gamedef"]:
            ended = True
        elif key in ("limit", "nolimit"):
            if len(words) > 1:
                raise ValueError(f"Line {number}: {key} takes no value, so remove {_shown(words[1])}.")
            if betting is not None:
                raise ValueError(f"Line {number}: {key} comes after the betting was named: name it once.")
            betting = {"limit": "fixed_limit", "nolimit": "no_limit"}[key]
        elif key not in _KEYS:
            known = ", ".join(key.name for key in _KEYS.values())
            raise ValueError(f"Line {number}: {_shown(words[0])} is unknown: use limit, nolimit, {known}.")
        elif _KEYS[key].name in entries:
            first = entries[_KEYS[key].name].line
            raise ValueError(f"Line {number}: {_KEYS[key].name} is there already, on line {first}: give it once.")
        else:
            values = tuple(_value(number, _KEYS[key], word) for word in words[1:])
            entries[_KEYS[key].name] = _Values(number, values)
    if not begun:
        raise ValueError("The game is empty: it begins with a line GAMEDEF.")
    if not ended:
        raise ValueError("The game has no end: close it with a line END GAMEDEF.")
    return betting or "fixed_limit", entries  # limit is the dealer's default


def _value(number: int, key: _Key, word: str) -> int:
    numbers = "a whole number" if key.per == "game" else "whole numbers"
    expected = f"Line {number}: {key.name} must be {numbers} from {key.least} to {key.most}, not {_shown(word)}."
    if not re.fullmatch(r"-?[0-9]{1,20}", word):
        raise ValueError(expected)
    if not key.least <= int(word) <= key.most:
        raise ValueError(expected)
    return int(word)


def _check_length(name: str, entry: _Values, num_players: int, num_rounds: int) -> None:
    per = _KEYS[name.lower()].per
    length = {"game": 1, "player": num_players, "round": num_rounds}[per]
    if len(entry.values) != length:
        given = " ".join(map(str, entry.values)) or "nothing"
        raise ValueError(
            f"Line {entry.line}: {name} must have {length} value{'s' * (length > 1)}, "
            f"{'one a ' + per if per != 'game' else 'no more and no less'}, not {_shown(given)}."
        )


def _check_cards(entries: dict[str, _Values], num_players: int) -> None:
    hole, board = _one(entries, "numHoleCards"), sum(entries["numBoardCards"].values)
    if hole + board > MAX_HAND_CARDS:
        raise ValueError(
            f"Line {entries['numBoardCards'].line}: {board} board cards and {hole} hole cards make a hand of "
            f"{hole + board}: deal at most {MAX_HAND_CARDS}."
        )
    ranks, suits = _one(entries, "numRanks"), _one(entries, "numSuits")
    needed = num_players * hole + board
    if needed > ranks * suits:
        raise ValueError(
            f"Line {entries['numRanks'].line}: {ranks} ranks in {suits} suits are a deck of {ranks * suits}, but "
            f"{num_players} players need {needed} cards: use fewer players or a larger deck."
        )


def _stacks(entries: dict[str, _Values], num_players: int) -> tuple[int, ...]:
    """Return the stacks, each of them checked against its blind."""
    blinds, deepest = entries["blind"], MAX_CHIPS // num_players
    stacks = entries.get("stack", _Values(0, (UNLIMITED_STACK,) * num_players))
    values = tuple(deepest if stack == UNLIMITED_STACK else stack for stack in stacks.values)
    if sum(values) > MAX_CHIPS:
        raise ValueError(
            f"Line {stacks.line}: stacks add up to {sum(values)} chips: use a larger unit, "
            f"so that they are at most {MAX_CHIPS}."
        )
    for player, (stack, blind) in enumerate(zip(values, blinds.values, strict=True), 1):
        if blind > stack:
            raise ValueError(
                f"Line {blinds.line}: the blind of {blind} is more than the stack of player {player}, {stack}: "
                "lower it or deepen the stack."
            )
    return values


def _first_to_act(entries: dict[str, _Values], num_players: int, num_rounds: int) -> tuple[int, ...]:
    if "firstPlayer" not in entries:
        return (0,) * num_rounds
    entry = entries["firstPlayer"]
    if max(entry.values) > num_players:
        raise ValueError(
            f"Line {entry.line}: firstPlayer must be from 1 to {num_players}, the number of players, "
            f"not {max(entry.values)}."
        )
    return tuple(player - 1 for player in entry.values)


def _one(entries: dict[str, _Values], name: str) -> int:
    """The value of a key that has just one."""
    _check_length(name, entries[name], 1, 1)
    return entries[name].values[0]


def _shown(word: str) -> str:
    """What stood in the file, for a sentence: quoted, cut and on one line."""
    return repr(word if len(word) <= 30 else word[:30] + "...")
