"""Hands as the page sends and gets them: a spot in JSON, and texts of hand histories.

A spot is a `poker.Hand` by its plain fields: {"stacks", "blinds", "antes", "big_blind", "hole", "board", "actions",
"house"}, seats by position, cards as "AhKd" ("" where unknown), actions as the engine takes them (-1 folds, 0 checks or
calls, more is a raise to so many chips on the street).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pokerjax import poker
from pokerjax.config import UserError, require
from pokerjax.evaluate.lines import is_no_limit_holdem
from pokerjax.play.pokerstars import MAX_HANDS, is_pokerstars, read_pokerstars

MAX_ACTIONS = 400
FIELDS = ("stacks", "blinds", "antes", "big_blind", "hole", "board", "actions", "house")


def hand_from_spot(spot: Any) -> poker.Hand:
    """The hand of a spot. Raises ValueError, one sentence, for what is none."""
    if not isinstance(spot, dict):
        raise ValueError("A spot is an object with stacks, blinds and actions.")
    if unknown := sorted(str(name)[:20] for name in spot.keys() - {*FIELDS, "names"}):
        raise ValueError(f"A spot has no field {unknown[0]}.")
    stacks = _ints(spot, "stacks")
    players = len(stacks)
    if not 2 <= players <= 10:
        raise ValueError(f"stacks are of {players} players: a table has 2 to 10.")
    blinds, actions = _ints(spot, "blinds"), _ints(spot, "actions")
    antes = _ints(spot, "antes") if "antes" in spot else [0] * players
    if len(actions) > MAX_ACTIONS:
        raise ValueError(f"A spot has at most {MAX_ACTIONS} actions, not {len(actions)}.")
    big_blind = spot.get("big_blind", max(blinds, default=0))
    house = spot.get("house", "tda")
    if house not in ("tda", "acpc"):
        raise ValueError('house must be "tda" or "acpc".')
    hole = spot.get("hole", [""] * players)
    if not isinstance(hole, list) or not all(isinstance(cards, str) and len(cards) <= 8 for cards in hole):
        raise ValueError('hole must be a list of cards, as ["AhKd", ""].')
    return poker.Hand(
        rules=poker.no_limit_holdem(players, house=house),
        stacks=tuple(stacks),
        blinds=tuple(blinds),
        antes=tuple(antes),
        big_blind=big_blind,
        hole=tuple(_cards(cards) or None for cards in hole),
        board=_cards(spot.get("board", "")),
        actions=tuple(actions),
    )


def spot_from_hand(hand: poker.Hand) -> dict[str, Any] | None:
    """The spot of a hand, with names for its seats; None for a hand of another game than no-limit hold'em."""
    if not is_no_limit_holdem(hand.rules):
        return None
    return {
        "stacks": list(hand.stacks),
        "blinds": list(hand.blinds),
        "antes": list(hand.antes),
        "big_blind": hand.big_blind,
        "hole": [_names(cards or ()) for cards in hand.hole],
        "board": _names(hand.board),
        "actions": list(hand.actions),
        "house": hand.rules.house,
        "names": hand_names(hand),
    }


def hand_names(hand: poker.Hand) -> list[str]:
    """The players' names as recorded, else those of their positions."""
    from pokerjax.play.dealer import position_name

    players = hand.rules.num_players
    recorded = hand.fields.get("players")
    if isinstance(recorded, list) and len(recorded) == players:
        return [str(name)[:40] for name in recorded]
    return [position_name(seat, players) for seat in range(players)]


def read_hands(text: str) -> list[poker.Hand]:
    """The hands of a PHH file (.phh or .phhs) or of PokerStars. Raises ValueError, one sentence."""
    if not text.strip():
        raise ValueError("The text is empty: paste a hand in PHH, or one of PokerStars.")
    if is_pokerstars(text):
        return _checked(read_pokerstars(text))
    if "variant" not in text:
        raise ValueError("This is neither PHH (which names a variant) nor a hand history of PokerStars.")
    tables = any(line.lstrip().startswith("[") and line.rstrip().endswith("]") for line in text.splitlines())
    try:
        hands = poker.read_phhs(text) if tables else [poker.read_phh(text)]
    except ValueError as error:
        if tables:
            try:  # a line of actions may look like the head of a table
                return _checked([poker.read_phh(text)])
            except ValueError:
                pass
        raise error from None
    if len(hands) > MAX_HANDS:
        raise ValueError(f"The file has {len(hands)} hands: give at most {MAX_HANDS}.")
    return _checked(hands)


def first_hand(flag: str, path: Path) -> poker.Hand:
    """The first hand of a file that a flag names. Raises `UserError`."""
    require(path.is_file(), f'{flag} {path} is no file, and not "preflop".')
    try:
        hand = read_hands(path.read_text(encoding="utf-8", errors="replace"))[0]
        played = poker.replay(hand)
    except OSError as error:
        raise UserError(f"{flag} {path} cannot be read ({error.strerror}); name another file.") from None
    except ValueError as error:
        raise UserError(f"{flag} {path}: {error}") from None
    require(played.error is None or played.unfinished, f"{flag} {path}: {played.error}")
    return hand


def _checked(hands: list[poker.Hand]) -> list[poker.Hand]:
    """Raise ValueError for a hand that is too long: replays take room for all actions of the longest."""
    longest = max((len(hand.actions) for hand in hands), default=0)
    if longest > MAX_ACTIONS:
        raise ValueError(f"A hand has {longest} actions: give at most {MAX_ACTIONS}.")
    return hands


def _ints(spot: dict[str, Any], name: str) -> list[int]:
    values = spot.get(name, [])
    whole = isinstance(values, list) and all(isinstance(v, int) and not isinstance(v, bool) for v in values)
    if not whole or len(values) > MAX_ACTIONS:
        raise ValueError(f"{name} must be a list of whole numbers.")
    return values


def _cards(names: Any) -> tuple[int, ...]:
    if not isinstance(names, str) or len(names) > 30:
        raise ValueError('board must be cards, as "Ts9d2c".')
    return tuple(poker.cards(names).tolist()) if "?" not in names else tuple(map(_card, _pairs(names)))


def _card(name: str) -> int:
    return poker.NO_CARD if name == "??" else poker.card(name)


def _pairs(names: str) -> list[str]:
    names = "".join(names.split())
    return [names[i : i + 2] for i in range(0, len(names), 2)]


def _names(cards: Any) -> str:
    return "".join("??" if card == poker.NO_CARD else poker.card_name(card) for card in cards)
