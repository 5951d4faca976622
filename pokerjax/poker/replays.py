"""Recorded hands played again by the rules, many at once.

    for replayed in poker.replay_many(poker.read_phhs(text)):
        print(replayed.error or replayed.payoffs)

Hands of the same rules go to the device together, in batches of one size that trail the seat axis; so there is one
program for the rules of a game and the length of its hands, up to the next power of two.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from itertools import accumulate
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pokerjax.poker.betting import Legal, legal
from pokerjax.poker.chips import Stakes
from pokerjax.poker.deck import NO_CARD, Deal
from pokerjax.poker.hand import Hand, street_name
from pokerjax.poker.rules import Rules
from pokerjax.poker.state import CALL, FOLD, State
from pokerjax.poker.strengths import strength
from pokerjax.poker.table import act, start

BATCH = 512  # hands at once, few or many: a program costs seconds to compile, an empty place microseconds
SHORTEST = 32  # decisions that every program has room for
UNRECORDED = -1  # seat or street of an action that the record does not name
_FIXED = ("hole", "board", "strengths", "starting", "min_bet")  # fields that no action changes


@dataclass(frozen=True, eq=False)
class Replay:
    """A hand as the rules play it, in NumPy arrays. T actions were played: all of them, or those before an error."""

    hand: Hand
    states: State  # [T + 1, ...] before each action and after the last; unknown cards are replaced by unused ones
    legal: Legal  # [T + 1] what the seat to act may do in each state
    error: str | None  # one sentence why this is no whole hand, actions counted from 1; None: played to its end
    unfinished: bool = False  # the error is merely that the actions end before the hand does

    @property
    def payoffs(self) -> np.ndarray:
        """Final stack - starting stack, int32[P] chips; 0 if there is an error."""
        final = np.asarray(self.states.payoffs[-1])
        return final if self.error is None else np.zeros_like(final)


def replay(hand: Hand) -> Replay:
    """Play one recorded hand. Never raises for an illegal action: see `Replay.error`."""
    [replayed] = replay_many([hand])
    return replayed


def replay_many(hands: Sequence[Hand]) -> list[Replay]:
    """Play recorded hands, of whatever games, and return them in the same order."""
    groups: dict[Rules, list[int]] = {}
    for place, hand in enumerate(hands):
        if not isinstance(hand, Hand):
            raise ValueError(f"Only a poker.Hand can be replayed, and hands[{place}] is a {type(hand).__name__}.")
        groups.setdefault(hand.rules, []).append(place)
    replays: dict[int, Replay] = {}
    for rules, places in groups.items():
        longest = max(len(hands[place].actions) for place in places)
        num_steps = max(SHORTEST, 1 << longest.bit_length())  # the last state needs a step as well
        for first in range(0, len(places), BATCH):
            batch = places[first : first + BATCH]
            played = _replay_batch(rules, [hands[place] for place in batch], num_steps)
            replays.update(zip(batch, played, strict=True))
    return [replays[place] for place in range(len(hands))]


@partial(jax.jit, static_argnames="rules")
def _play(rules: Rules, deal: Deal, stakes: Stakes, mucked: jax.Array, actions: jax.Array):
    """Return the first state [P, B], and the changing fields of every state with what is legal in it, [T, P, B].

    deal, stakes: their fields with a trailing axis B. mucked: bool[P, B]. actions: int32[T, B].
    """
    strengths = [strength([*cards, *deal.board]) for cards in deal.hole]
    shown = jnp.where(mucked, 0, jnp.stack(strengths))  # every hand has more
    first = start(rules, replace(deal, strengths=shown), stakes)

    def step(state, action):
        seen = replace(state, **dict.fromkeys(_FIXED)), legal(rules, state)
        return act(rules, state, action), seen

    return first, jax.lax.scan(step, first, actions)[1]


def _replay_batch(rules: Rules, hands: list[Hand], num_steps: int) -> list[Replay]:
    padded = hands + hands[-1:] * (BATCH - len(hands))
    actions = _by_step(padded, "actions", num_steps, CALL)
    mucked = np.array([[seat in hand.mucked for hand in padded] for seat in range(rules.num_players)])
    played = jax.device_get(_play(rules, _deal(rules, padded), _stakes(padded), mucked, actions))
    first, (changing, may) = jax.tree.map(lambda x: np.ascontiguousarray(np.moveaxis(x, -1, 0)), played)
    illegal = _illegal(rules, hands, changing, may, actions.T)

    replays = []
    for place, hand in enumerate(hands):
        wrong = int(illegal[place].argmax()) if illegal[place].any() else None
        length = (len(hand.actions) if wrong is None else wrong) + 1
        fixed = {name: _repeated(getattr(first, name)[place], length) for name in _FIXED}
        states = replace(_rows(changing, place, length), **fixed)
        legals = _rows(may, place, length)
        if wrong is None:
            replays.append(Replay(hand, states, legals, *_end(hand, states)))
        else:
            replays.append(Replay(hand, states, legals, _objection(hand, states, legals)))
    return replays


def _deal(rules: Rules, hands: list[Hand]) -> Deal:
    """The cards [.., B], unknown ones (also those never turned up) replaced by unused ones."""
    deck = [4 * rank + suit for rank in range(rules.num_ranks) for suit in range(rules.num_suits)]
    unknown = (NO_CARD,) * rules.hole_cards
    num_hole = rules.num_players * rules.hole_cards
    rows = np.full((len(hands), rules.num_cards), NO_CARD, np.int32)
    for row, hand in zip(rows, hands, strict=True):
        known = [card for cards in hand.hole for card in cards or unknown]
        row[:num_hole] = known
        row[num_hole : num_hole + len(hand.board)] = hand.board
        missing = np.flatnonzero(row == NO_CARD)
        if len(missing):
            used = set(row.tolist())
            row[missing] = [card for card in deck if card not in used][: len(missing)]
    hole = rows[:, :num_hole].T.reshape(rules.num_players, rules.hole_cards, len(hands))
    return Deal(hole=jnp.asarray(hole), board=jnp.asarray(rows[:, num_hole:].T))


def _stakes(hands: list[Hand]) -> Stakes:
    columns = ([getattr(hand, name) for hand in hands] for name in ("stacks", "blinds", "antes", "big_blind"))
    return Stakes(*(jnp.asarray(np.array(column, np.int32).T) for column in columns))


def _by_step(hands: list[Hand], name: str, num_steps: int, missing: int) -> np.ndarray:
    """One int an action as int32[T, B], padded with `missing`."""
    rows = np.full((len(hands), num_steps), missing, np.int32)
    for row, hand in zip(rows, hands, strict=True):
        values = getattr(hand, name)
        if values:
            row[: len(values)] = values
    return rows.T


def _rows(tree: Any, place: int, length: int) -> Any:
    """The first entries of one hand of a dataclass of arrays [B, T, ...]."""
    rows = {field.name: getattr(tree, field.name) for field in fields(tree)}
    return replace(tree, **{name: x if x is None else x[place, :length] for name, x in rows.items()})


def _repeated(x: np.ndarray, length: int) -> np.ndarray:
    return np.broadcast_to(x, (length, *x.shape))


def _illegal(rules: Rules, hands: list[Hand], states: State, may: Legal, actions: np.ndarray) -> np.ndarray:
    """Mark the actions that `act` would not play as they are recorded, bool[B, T]."""
    count, num_steps = len(hands), actions.shape[1]
    states, may, actions = *jax.tree.map(lambda x: x[:count], (states, may)), actions[:count]
    actors = _by_step(hands, "actors", num_steps, UNRECORDED).T
    streets = _by_step(hands, "streets", num_steps, UNRECORDED).T
    lengths = np.array([[len(hand.actions)] for hand in hands])
    steps = np.arange(num_steps)

    wrong = (actors != UNRECORDED) & (actors != states.actor)
    wrong |= (streets != UNRECORDED) & (streets != states.street)
    in_bounds = (may.min_raise_to <= actions) & (actions <= may.max_raise_to)
    wrong |= (actions > CALL) & ~(may.raises & in_bounds)
    if rules.house == "acpc":
        wrong |= (actions == FOLD) & ~may.fold
    # Some ask the last seat with chips to check when all others are all-in: nothing comes of it.
    street_before = np.concatenate([np.zeros((count, 1), np.int32), states.street[:, :-1]], axis=1)
    runs_out = (np.count_nonzero(~states.folded, axis=2) > 1) & (street_before < rules.num_streets - 1)
    empty = (actions == CALL) & (steps == lengths - 1) & runs_out
    return (steps < lengths) & np.where(states.done, ~empty, wrong)


def _objection(hand: Hand, states: State, legals: Legal) -> str:
    """Why the action after the last state cannot be played."""
    number, rules = len(states.actor), hand.rules
    action = hand.actions[number - 1]
    word = {FOLD: "a fold", CALL: "a call"}.get(action, f"a raise to {action}")
    seat, street = int(states.actor[-1]), int(states.street[-1])
    where = street_name(rules, street)
    if states.done[-1]:
        return f"Action {number} ({word}) comes after the hand is done: leave it out."
    if hand.streets is not None and hand.streets[number - 1] != street:
        recorded = street_name(rules, hand.streets[number - 1])
        if hand.streets[number - 1] > street:
            return f"Action {number} ({word}) is recorded {recorded}, but {where} seat {seat} still has to act."
        return f"Action {number} ({word}) is recorded {recorded}, but the betting there is over: deal the next street."
    if hand.actors is not None and hand.actors[number - 1] != seat:
        return f"Action {number} ({word}) is by seat {hand.actors[number - 1]}, but {where} seat {seat} is to act."
    place = f"Action {number}, {where}: seat {seat}"
    if action == FOLD:
        return f"{place} may not fold with nothing owed to the ACPC dealer, only check or raise."
    least, most = int(legals.min_raise_to[-1]), int(legals.max_raise_to[-1])
    if not legals.raises[-1]:
        return f"{place} may not raise to {action}, only fold or call."
    bounds = f"to {least}" if least == most else f"to {least} up to {most}"
    return f"{place} may raise {bounds} chips, not to {action}."


def _end(hand: Hand, states: State) -> tuple[str | None, bool]:
    """What is wrong with the end of a hand whose actions are legal, and whether it is merely missing."""
    rules, street = hand.rules, int(states.street[-1])
    turned_up = list(accumulate(rules.board_cards))[street]
    if len(hand.board) > turned_up:
        where = f"the hand ends {street_name(rules, street)}" if states.done[-1] else "the betting is not over"
        return f"The board has {len(hand.board)} cards, but {where}, with {turned_up} turned up.", False
    if not states.done[-1]:
        where = f"{street_name(rules, street)} seat {int(states.actor[-1])} is to act"
        return f"The hand is not over after {len(hand.actions)} actions: {where}.", True
    live = np.flatnonzero(~states.folded[-1]).tolist()
    if len(live) == 1:
        return None, False
    showing = [seat for seat in live if seat not in hand.mucked]
    if not showing:
        return "All seats muck at the showdown: one has to show its cards to win.", False
    if len(showing) == 1:
        return None, False
    for seat in showing:
        cards = hand.hole[seat]
        if cards is None or NO_CARD in cards:
            return f"Seat {seat} reaches the showdown with unknown cards: give them, or name it in mucked.", False
    if len(hand.board) < turned_up or NO_CARD in hand.board:
        known = len(hand.board) - hand.board.count(NO_CARD)
        return f"The hand reaches the showdown with {known} known board cards: give all {turned_up}.", False
    return None, False
