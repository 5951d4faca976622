"""Decision tokens: what a seat reads when it must act, as exact integers.

A token together with the seat's earlier tokens of the hand is a full record of what the seat has legally
seen: its cards, the board, every public action in order with its true chip amount. The model turns the
integers into features (`pokerjax.model.features`); nothing is rounded here. Seats are counted from the seat
that acts (0 = itself, 1 = the next to its left, ...), so that one network plays them all.

Events are kept in a short log per table. Between two decisions of a seat each other seat acts at most twice
(once after it on the old street, once before it on the new one), and the log also holds the seat's own last
action, so 2P - 1 entries always suffice.
"""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp

from pokerjax import poker
from pokerjax.poker import seats
from pokerjax.poker.once import compute_once
from pokerjax.poker.seats import Seats

# Kinds of events. NO_EVENT marks an empty place of the log.
NO_EVENT, FOLDED, CHECKED, CALLED, RAISED = range(5)
EVENT_FIELDS = ("seat", "kind", "to", "street")

# Single fields, in order, before those that have one value a seat and one row an event.
SINGLE_FIELDS = (
    "hole_high", "hole_low", "board_0", "board_1", "board_2", "board_3", "board_4",
    "street", "seat", "strength", "decision", "big_blind", "pot", "call_amount", "min_raise_to", "max_raise_to",
    "carelessness",
)  # fmt: skip
BOARD_CARDS = 5
CARELESSNESS_UNIT = 1000  # of the field, so that 1 is a whole number too
UNTOLD = 0.2  # what is said of a table of which nobody says anything: best responses win least then (docs/results.md)
SEAT_FIELDS = ("stacks", "bets", "starting_stacks", "folded")
_NO_RIVAL = (-4, -7, 2, 99)  # in place of a rival's secrets: cards, sign and category that no feature is about


@dataclasses.dataclass(frozen=True)
class Layout:
    """Where each field of a token lies, for tables of up to `num_players`. Static and hashable.

    At a smaller table the seats that are not there come last, folded and without chips.
    """

    num_players: int

    @property
    def num_events(self) -> int:
        """Places of the event log."""
        return 2 * self.num_players - 1

    @property
    def width(self) -> int:
        """Integers in a token."""
        return len(SINGLE_FIELDS) + len(SEAT_FIELDS) * self.num_players + len(EVENT_FIELDS) * self.num_events

    def split(self, token: jax.Array) -> dict[str, jax.Array]:
        """A token int32[..., width] as named fields: singles [...], seats [..., P], `events` [..., L, 4]."""
        fields = {name: token[..., i] for i, name in enumerate(SINGLE_FIELDS)}
        start = len(SINGLE_FIELDS)
        for name in SEAT_FIELDS:
            fields[name] = token[..., start : start + self.num_players]
            start += self.num_players
        shape = (*token.shape[:-1], self.num_events, len(EVENT_FIELDS))
        fields["events"] = token[..., start:].reshape(shape)
        return fields


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class EventLog:
    """The last public actions of the hand at one table (unbatched), oldest first."""

    events: jax.Array  # int32[L, 4]: absolute seat, kind, that seat's bet on the street after it (chips), street
    count: jax.Array  # int32: decisions so far in the hand
    last: jax.Array  # int32[P]: number of the seat's last decision in the hand, -1 if none


def empty_log(num_players: int, shape: tuple[int, ...] = ()) -> EventLog:
    """The log before the first action of a hand of `num_players`, for a batch of that shape."""
    return EventLog(
        events=jnp.full((Layout(num_players).num_events, len(EVENT_FIELDS), *shape), NO_EVENT, jnp.int32),
        count=jnp.zeros(shape, jnp.int32),
        last=jnp.full((num_players, *shape), -1, jnp.int32),
    )


def record(log: EventLog, before: poker.State, after: poker.State, legal: poker.Legal) -> tuple[EventLog, jax.Array]:
    """The log after the actor of `before` has acted, and the kind of the action (int32).

    The kind and the amount are read off the chips, so that an action moved into the legal bounds is recorded
    as what it became.
    """
    players = range(before.bets.shape[0])
    is_actor = [before.actor == seat for seat in players]
    # Chips in front of the seat after the action; `after.bets` is already swept when the street ended.
    paid = seats.at(is_actor, [after.contributed[seat] - before.contributed[seat] for seat in players])
    to = seats.at(is_actor, list(before.bets)) + paid
    folded = seats.any_of(is_actor[seat] & after.folded[seat] for seat in players)
    kind = jnp.where(paid > legal.call_amount, RAISED, jnp.where(legal.call_amount > 0, CALLED, CHECKED))
    kind = jnp.where(folded, FOLDED, kind).astype(jnp.int32)
    event = jnp.stack(compute_once([before.actor, kind, to, before.street]))
    grown = EventLog(
        events=jnp.concatenate([log.events[1:], event[None]]),
        count=log.count + 1,
        last=jnp.stack([jnp.where(is_actor[seat], log.count, log.last[seat]) for seat in players]),
    )
    return grown, kind


def decision_token(
    rules: poker.Rules, layout: Layout, state: poker.State, legal: poker.Legal, log: EventLog
) -> jax.Array:
    """The token of the seat to act at one table, int32[layout.width], told what is said of unknown tables."""
    mine = [state.actor == seat for seat in range(state.bets.shape[0])]
    high, low = (seats.at(mine, cards) for cards in _hole_by_rank(state))
    board = [jnp.full_like(state.actor, poker.NO_CARD)] * BOARD_CARDS
    for place, street in enumerate(_streets_of_board(rules)):
        board[place] = jnp.where(state.street >= street, state.board[place], poker.NO_CARD)
    singles = [
        high, low, *board, state.street, state.actor, poker.strength([high, low, *board]), log.count,
        state.min_bet, state.pot, legal.call_amount, legal.min_raise_to, legal.max_raise_to,
        jnp.full_like(state.actor, round(CARELESSNESS_UNIT * UNTOLD)),
    ]  # fmt: skip
    folded = [folded.astype(jnp.int32) for folded in state.folded]
    by_seat = [list(state.stacks), list(state.bets), list(state.starting), folded]
    absent = [0, 0, 0, 1]
    relative = []
    for values, nobody in zip(by_seat, absent, strict=True):
        empty = [jnp.full_like(state.actor, nobody)] * (layout.num_players - len(values))
        relative += _from_seat(values, state.actor) + empty
    events = _unread_events(log, seats.at(mine, list(log.last)), state.actor)
    none = [jnp.full_like(state.actor, NO_EVENT)] * (len(EVENT_FIELDS) * layout.num_events - len(events))
    return jnp.stack(compute_once([*singles, *relative, *none, *events]))


def told(token: jax.Array, carelessness: jax.Array) -> jax.Array:
    """The tokens int32[..., width] of seats that are told how careless their table is, float32[...] from 0 to 1."""
    place = SINGLE_FIELDS.index("carelessness")
    return token.at[..., place].set(jnp.round(CARELESSNESS_UNIT * carelessness).astype(token.dtype))


def secrets(layout: Layout, state: poker.State) -> jax.Array:
    """What no seat may see, for the critic of the training alone, int32[4P - 3] for the P seats of the layout.

    The category of the actor's own final hand, then for each other seat, from the next on: its higher and its
    lower card, whether the actor would beat (1), tie (0) or lose to it (-1) at a showdown on the board that is
    to come, and the category of that seat's final hand. None of it depends on the action that is chosen, so a
    baseline that knows it leaves the policy gradient unbiased.
    """
    strengths = _from_seat(list(state.strengths), state.actor)
    high, low = (_from_seat(cards, state.actor) for cards in _hole_by_rank(state))
    rows = [poker.category(strengths[0])]
    for other in range(1, len(strengths)):
        beats = jnp.sign(strengths[0] - strengths[other])
        rows += [high[other], low[other], beats, poker.category(strengths[other])]
    absent = [jnp.full_like(state.actor, value) for value in _NO_RIVAL] * (layout.num_players - len(strengths))
    return jnp.stack(compute_once(rows) + absent)


def _hole_by_rank(state: poker.State) -> tuple[Seats, Seats]:
    """Each seat's higher and lower card; NO_CARD for the lower one in games of one card."""
    if state.hole.shape[1] == 1:
        return list(state.hole[:, 0]), [jnp.full_like(state.actor, poker.NO_CARD)] * state.hole.shape[0]
    return [jnp.maximum(*hole) for hole in state.hole], [jnp.minimum(*hole) for hole in state.hole]


def _streets_of_board(rules: poker.Rules) -> list[int]:
    """The street on which each board card is turned up."""
    return [street for street, count in enumerate(rules.board_cards) for _ in range(count)]


def _from_seat(values: Seats, seat: jax.Array) -> list[jax.Array]:
    """Values by seat, rotated so that `seat` comes first."""
    size = len(values)
    return [seats.at([seat == (other - i) % size for other in range(size)], values) for i in range(size)]


def _unread_events(log: EventLog, own_last: jax.Array, seat: jax.Array) -> list[jax.Array]:
    """Events since, and with, the seat's own last action; seats relative to it; earlier places zero. L * 4 rows."""
    rows, (num_events, num_players) = [], (log.events.shape[0], log.last.shape[0])
    for place in range(num_events):
        number = log.count - num_events + place
        unread = (number >= 0) & (number >= own_last)
        relative = log.events[place, 0] - seat
        event = [jnp.where(relative < 0, relative + num_players, relative), *log.events[place, 1:]]
        rows += [jnp.where(unread, field, NO_EVENT) for field in event]
    return rows
