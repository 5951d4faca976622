"""Writing the Poker Hand History format (PHH, TOML; https://phh.readthedocs.io), as PokerKit reads it.

PHH knows two of this package's games: no-limit ("NT") and fixed-limit ("FT") Texas hold'em. It has no word for a
raise that no rival can call a chip of, and PokerKit none to play it; such chips come back, so the raise is written
as a call, with a comment.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, time
from decimal import Decimal
from itertools import accumulate
from typing import Any

import numpy as np

from pokerjax.poker.deck import NO_CARD, card_name
from pokerjax.poker.hand import Hand, shown
from pokerjax.poker.phh_reader import HOUSE_FIELD, OWN_FIELDS
from pokerjax.poker.replays import Replay, replay_many
from pokerjax.poker.rules import Rules, limit_holdem, no_limit_holdem
from pokerjax.poker.state import CALL, FOLD


def write_phh(hand: Hand) -> str:
    """Return a hand, finished or not, as a .phh file. Raises ValueError if it is illegal, or of no game of PHH."""
    [text] = _texts([hand])
    return text


def write_phhs(hands: Sequence[Hand]) -> str:
    """Return hands as a .phhs file: one table each, numbered from 1."""
    return "\n".join(f"[{number}]\n{text}" for number, text in enumerate(_texts(hands), 1))


def _texts(hands: Sequence[Hand]) -> list[str]:
    def each(write: Callable[[Any], str], values: Iterable[Any]) -> Iterator[str]:
        for number, value in enumerate(values, 1):
            try:
                yield write(value)
            except ValueError as error:
                which = "The hand" if len(hands) == 1 else f"Hand {number}"
                raise ValueError(f"{which} cannot be written: {error}") from None

    variants = list(each(lambda hand: _variant(hand.rules), hands))  # before anything is compiled for their rules
    return list(each(lambda pair: _text(*pair), zip(variants, replay_many(hands), strict=True)))


def _text(variant: str, replayed: Replay) -> str:
    hand = replayed.hand
    if replayed.error is not None and not replayed.unfinished:
        raise ValueError(replayed.error)
    entry: dict[str, Any] = {"variant": variant}
    turn = -1 if hand.rules.num_players == 2 else 1  # heads-up PHH lists the small blind first
    if any(hand.antes):
        entry["ante_trimming_status"] = not hand.rules.dead_antes
    entry["antes"] = _amounts(hand, hand.antes[::turn])
    entry["blinds_or_straddles"] = _amounts(hand, hand.blinds[::turn])
    if variant == "NT":
        entry["min_bet"] = _amount(hand, hand.big_blind)
    else:
        sizes = hand.rules.raise_sizes or (hand.big_blind, 2 * hand.big_blind)
        entry["small_bet"], entry["big_bet"] = _amount(hand, sizes[0]), _amount(hand, sizes[-1])
    entry["starting_stacks"] = _amounts(hand, hand.stacks)
    lines = "".join(f"  {_value(action)},\n" for action in _actions(replayed))
    fields = dict(hand.fields)
    if reserved := OWN_FIELDS & fields.keys():
        raise ValueError(f"fields must not hold {shown(min(reserved))}, which the hand itself says.")
    after: dict[str, Any] = {}
    if hand.finishing_stacks is not None:
        after["finishing_stacks"] = _amounts(hand, hand.finishing_stacks)
    if hand.rules.house != "tda":
        after[HOUSE_FIELD] = hand.rules.house
    return f"{_table(entry)}actions = [\n{lines}]\n{_table(after | fields)}"


def _variant(rules: Rules) -> str:
    """The PHH variant of these rules."""
    game = {"house": rules.house, "dead_antes": rules.dead_antes}
    if rules == no_limit_holdem(rules.num_players, **game):
        return "NT"
    sizes = rules.raise_sizes
    holdem = limit_holdem(rules.num_players, **game)
    plain = Rules(rules.num_players, "fixed_limit", **game, raise_sizes=sizes, max_raises=holdem.max_raises)
    if rules == plain and (sizes is None or (sizes[0] == sizes[1] and sizes[2] == sizes[3])):
        return "FT"
    raise ValueError('PHH knows no-limit ("NT") and fixed-limit ("FT") Texas hold\'em, and these rules are neither.')


def _actions(replayed: Replay) -> list[str]:
    """What the dealer and the players did, in order: all-in hands are shown before the board runs out."""
    hand, states = replayed.hand, replayed.states
    lines = [f"d dh p{seat + 1} {_cards(cards or [NO_CARD] * 2)}" for seat, cards in enumerate(hand.hole)]
    ends = list(accumulate(hand.rules.board_cards))
    street = 0

    def deal_to(new_street: int) -> None:
        nonlocal street
        while street < new_street:
            cards = list(hand.board[ends[street] : ends[street + 1]])
            lines.append(f"d db {_cards(cards + [NO_CARD] * (ends[street + 1] - ends[street] - len(cards)))}")
            street += 1

    for t, action in enumerate(hand.actions):
        if not states.done[t]:  # a check that nothing comes of
            deal_to(int(states.street[t]))
            lines.append(f"p{states.actor[t] + 1} {_word(replayed, t, action)}")
    live = np.flatnonzero(~states.folded[-1]).tolist()
    showdown = replayed.error is None and len(live) > 1
    if showdown:
        lines += [f"p{seat + 1} {word}" for seat in live if (word := _shown_cards(hand, seat))]
    if showdown or (replayed.unfinished and len(hand.board) > ends[street]):
        deal_to(int(states.street[-1]))
    return lines


def _word(replayed: Replay, t: int, action: int) -> str:
    """An action in PHH, without the player."""
    if action in (FOLD, CALL):
        return "f" if action == FOLD else "cc"
    hand, states = replayed.hand, replayed.states
    amount = _value(_amount(hand, action))
    rivals = ~states.folded[t] & (np.arange(hand.rules.num_players) != states.actor[t])
    if np.any(rivals & (states.bets[t] + states.stacks[t] > states.level[t])):
        return f"cbr {amount}"
    return f"cc # raises to {amount}, which nobody can call"


def _shown_cards(hand: Hand, seat: int) -> str:
    """What a seat does at the showdown; nothing if it wins with unknown cards because all others muck."""
    cards = hand.hole[seat]
    return "sm" if seat in hand.mucked else f"sm {_cards(cards)}" if cards else ""


def _cards(cards: Sequence[int]) -> str:
    return "".join("??" if card == NO_CARD else card_name(card) for card in cards)


def _amount(hand: Hand, chips: int | Decimal) -> int | Decimal:
    """Chips in the record's own unit."""
    amount = chips * hand.unit
    return int(amount) if amount == int(amount) else amount


def _amounts(hand: Hand, chips: Sequence[int | Decimal]) -> list[int | Decimal]:
    return [_amount(hand, amount) for amount in chips]


def _table(entry: dict[str, Any]) -> str:
    return "".join(f"{_key(name)} = {_value(value)}\n" for name, value in entry.items())


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name, re.ASCII) else _value(name)


def _value(value: Any) -> str:
    """A value in TOML."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():  # of what JSON leaves as it is, TOML escapes the delete character
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case Decimal() if value.is_finite():
            text = format(value, "f")
            return text if "." in text else f"{text}.0"
        case int() | float() | Decimal():
            return str(value).replace("Infinity", "inf").replace("NaN", "nan")
        case date() | time():  # a datetime is a date as well
            return value.isoformat()
        case list() | tuple():
            return f"[{', '.join(map(_value, value))}]"
        case dict():
            return f"{{{', '.join(f'{_key(name)} = {_value(x)}' for name, x in value.items())}}}"
    raise ValueError(f"fields hold {shown(value)}, a {type(value).__name__}, for which TOML has no value.")
