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

# Kinds of events. NO_EVENT marks an empty place of the log.
NO_EVENT, FOLDED, CHECKED, CALLED, RAISED = range(5)
EVENT_FIELDS = ("seat", "kind", "to", "street")

# Single fields, in order, before those that have one value a seat and one row an event.
SINGLE_FIELDS = (
    "hole_high", "hole_low", "board_0", "board_1", "board_2", "board_3", "board_4",
    "street", "seat", "strength", "decision", "big_blind", "pot", "call_amount", "min_raise_to", "max_raise_to",
)  # fmt: skip
SEAT_FIELDS = ("stacks", "bets", "starting_stacks", "folded")



@dataclasses.dataclass(frozen=True)
class Layout:
    """Where each field of a token lies, for tables of `num_players`. Static and hashable."""

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


def empty_log(layout: Layout) -> EventLog:
    """The log before the first action of a hand."""
    return EventLog(
        events=jnp.full((layout.num_events, len(EVENT_FIELDS)), NO_EVENT, jnp.int32),
        count=jnp.zeros((), jnp.int32),
        last=jnp.full((layout.num_players,), -1, jnp.int32),
    )


def record(log: EventLog, before: poker.State, after: poker.State, legal: poker.Legal) -> tuple[EventLog, jax.Array]:
    """The log after the actor of `before` has acted, and the kind of the action (int32).

    The kind and the amount are read off the chips, so that an action moved into the legal bounds is recorded
    as what it became.
    """
    num_players = before.bets.shape[0]
    is_actor = jnp.arange(num_players, dtype=jnp.int32) == before.actor
    # Chips in front of the seat after the action; `after.bets` is already swept when the street ended.
    paid = jnp.sum(jnp.where(is_actor, after.contributed - before.contributed, 0))
    to = jnp.sum(jnp.where(is_actor, before.bets, 0)) + paid
    folded = jnp.any(is_actor & after.folded)
    kind = jnp.where(paid > legal.call_amount, RAISED, jnp.where(legal.call_amount > 0, CALLED, CHECKED))
    kind = jnp.where(folded, FOLDED, kind).astype(jnp.int32)
    event = jnp.stack([before.actor, kind, to, before.street])
    grown = EventLog(
        events=jnp.concatenate([log.events[1:], event[None]]),
        count=log.count + 1,
        last=jnp.where(is_actor, log.count, log.last),
    )
    return grown, kind


def decision_token(
    layout: Layout, state: poker.State, stakes: poker.Stakes, legal: poker.Legal, log: EventLog
) -> jax.Array:
    """The token of the seat to act at one table (unbatched), int32[layout.width]."""
    num_players = layout.num_players
    mine = jnp.arange(num_players, dtype=jnp.int32) == state.actor
    hole = jnp.sum(jnp.where(mine[:, None], state.hole, 0), axis=0)
    visible = jnp.where(state.street > 0, state.street + 2, 0)
    board = jnp.where(jnp.arange(5) < visible, state.board, poker.NO_CARD)
    high, low = jnp.maximum(hole[0], hole[1]), jnp.minimum(hole[0], hole[1])
    seen = jnp.concatenate([jnp.stack([high, low]), board])
    singles = jnp.stack([
        high, low, *(board[i] for i in range(5)),
        state.street, state.actor, poker.strength(seen), log.count, stakes.big_blind, state.pot, legal.call_amount,
        jnp.where(legal.raises, legal.min_raise_to, 0), jnp.where(legal.raises, legal.max_raise_to, 0),
    ])  # fmt: skip
    seats = [state.stacks, state.bets, stakes.stacks, state.folded.astype(jnp.int32)]
    seats = jnp.concatenate([_from_seat(values, state.actor) for values in seats])
    events = _unread_events(layout, log, jnp.sum(jnp.where(mine, log.last, 0)), state.actor)
    return jnp.concatenate([singles, seats, events.reshape(-1)]).astype(jnp.int32)


def secrets(state: poker.State) -> jax.Array:
    """What no seat may see, for the critic of the training alone (unbatched), int32[4P - 3].

    The category of the actor's own final hand, then for each other seat, from the next on: its higher and its
    lower card, whether the actor would beat (1), tie (0) or lose to it (-1) at a showdown on the board that is
    to come, and the category of that seat's final hand. None of it depends on the action that is chosen, so a
    baseline that knows it leaves the policy gradient unbiased.
    """
    num_players = state.bets.shape[0]
    strengths = _from_seat(state.strengths, state.actor)
    high = _from_seat(jnp.max(state.hole, axis=1), state.actor)
    low = _from_seat(jnp.min(state.hole, axis=1), state.actor)
    category = poker.category(strengths)
    others = jnp.stack([high, low, jnp.sign(strengths[0] - strengths), category], axis=1)[1:]
    return jnp.concatenate([category[:1], others.reshape(4 * (num_players - 1))]).astype(jnp.int32)


def _from_seat(values: jax.Array, seat: jax.Array) -> jax.Array:
    """Values by seat, rotated so that `seat` comes first; as a sum over one-hots, which vectorises."""
    size = values.shape[0]
    source = (jnp.arange(size, dtype=jnp.int32) + seat) % size
    return jnp.sum(jnp.where(source[:, None] == jnp.arange(size), values[None, :], 0), axis=1)


def _unread_events(layout: Layout, log: EventLog, own_last: jax.Array, seat: jax.Array) -> jax.Array:
    """Events since, and with, the seat's own last action; seats relative to it; earlier places zero."""
    number = log.count - layout.num_events + jnp.arange(layout.num_events)
    unread = (number >= 0) & (number >= own_last)
    seats = (log.events[:, 0] - seat) % layout.num_players
    events = jnp.concatenate([seats[:, None], log.events[:, 1:]], axis=1)
    return jnp.where(unread[:, None], events, NO_EVENT)
