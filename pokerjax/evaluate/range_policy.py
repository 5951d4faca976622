"""An agent as a policy of its whole range: how likely its play so far is with each hand, and what each would do.

`RangePolicy` is what a local best response needs of an agent; `ModelRange` is that of a trained model. Axes:
C tables, H hands, L places of the agent's own decisions in one hand of poker, W integers of a token, A menu
entries. Unlike `ranges.range_policy`, which reads one hand's decisions in one pass, the model here reads them
one by one behind a cache, for many tables at once, and what lies before the flop only for the 169 classes.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np

from pokerjax.env import tokens
from pokerjax.env.tables import Environment
from pokerjax.evaluate.ranges import HANDS, with_hands
from pokerjax.model.attention import NO_SEGMENT, Cache
from pokerjax.model.transformer import Model, Parameters, masked_log_policy

FEW_DECISIONS = 5  # of the agent in one hand
_STREET = tokens.SINGLE_FIELDS.index("street")


def _class_numbers() -> np.ndarray:
    """Number of the class (ranks, suited or not) of the hand with these two cards, int32[52, 52]."""
    numbers, found = np.full((52, 52), -1, np.int32), {}
    for high, low in HANDS.tolist():
        kind = (high // 4, low // 4, high % 4 == low % 4)
        numbers[high, low] = found.setdefault(kind, len(found))
    return numbers


CLASS_NUMBER = _class_numbers()
"""int32[52, 52], by higher and lower card: hands of one class are the same before the flop but for the suits' names."""
CLASS_HANDS = np.array([np.argwhere(number == CLASS_NUMBER)[0] for number in range(169)], np.int32)
"""A hand of each class, int32[169, 2]."""


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class History:
    """The agent's decisions so far in the current hand at each of C tables."""

    tokens: jax.Array  # int32[C, L, W], with the agent's own hole cards
    masks: jax.Array  # bool[C, L, A]
    entries: jax.Array  # int32[C, L]: the menu entries it took
    count: jax.Array  # int32[C]: real places


def max_own_decisions(environment: Environment) -> int:
    """Bound on one seat's decisions in a heads-up hand: the seats alternate but for the three new streets."""
    return (environment.hand_limit + 3) // 2 + 1


def empty_history(environment: Environment, batch: int) -> History:
    """No decisions yet at `batch` tables."""
    length = max_own_decisions(environment)
    return History(
        tokens=jnp.zeros((batch, length, environment.layout.width), jnp.int32),
        masks=jnp.ones((batch, length, environment.num_actions), bool),
        entries=jnp.zeros((batch, length), jnp.int32),
        count=jnp.zeros((batch,), jnp.int32),
    )


def first_places(history: History, length: int) -> History:
    """The history with L = `length`, for tables that have no more decisions than that."""
    first = [x[:, :length] for x in (history.tokens, history.masks, history.entries)]
    return History(*first, count=history.count)


def remember(history: History, token: jax.Array, mask: jax.Array, entry: jax.Array, acts: jax.Array) -> History:
    """The history with one more decision (token [C, W], mask [C, A], entry [C]) where `acts` bool[C]."""
    here = acts[:, None] & (jnp.arange(history.entries.shape[1]) == history.count[:, None])
    return History(
        tokens=jnp.where(here[..., None], token[:, None], history.tokens),
        masks=jnp.where(here[..., None], mask[:, None], history.masks),
        entries=jnp.where(here, entry[:, None], history.entries),
        count=history.count + acts,
    )


class RangePolicy(Protocol):
    """An agent that tells what it would do with any hand. Static and hashable."""

    @property
    def environment(self) -> Environment:
        """The game as the agent reads it: its own action menu."""
        ...

    @property
    def history_lengths(self) -> tuple[int, ...]:
        """Lengths L that are worth a program of their own, rising; the last holds any hand."""
        ...

    def likelihood(self, params: Any, history: History, hands: jax.Array) -> tuple[jax.Array, Any]:
        """Log-probability float32[C, H] of the history with each of `hands` int32[C, H, 2], and the memory of it."""
        ...

    def choose(self, memory: Any, rows: jax.Array) -> Any:
        """The memory of some hands, `rows` int32[C, N] of the H."""
        ...

    def log_policy(self, params: Any, memory: Any, token: jax.Array, mask: jax.Array, hands: jax.Array) -> jax.Array:
        """Log-policies float32[C, H, A] at the next decision: token int32[C, W], any hole cards in it, mask [C, A]."""
        ...


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Memory:
    """What the model keeps of the decisions it has read."""

    cache: Cache  # of [C, H] sequences, L + 1 places
    place: jax.Array  # int32: where the next decision goes


@dataclasses.dataclass(frozen=True)
class ModelRange:
    """A model, read with every hand put into its decisions."""

    model: Model
    game: Environment | None = None
    """Where it plays: None for the game the model was trained on."""

    @property
    def environment(self) -> Environment:
        """The game as it plays it."""
        return self.game or self.model.environment

    @property
    def history_lengths(self) -> tuple[int, ...]:
        """Nearly always few decisions; the memory of the longest hands is three times as large, and as slow."""
        return FEW_DECISIONS, max_own_decisions(self.environment)

    def likelihood(self, params: Parameters, history: History, hands: jax.Array) -> tuple[jax.Array, Memory]:
        """See `RangePolicy`. Decisions that are before the flop at all tables are read for the classes alone."""
        num_tables, count = hands.shape[0], history.count
        places = jnp.arange(history.entries.shape[1])
        before_flop = jnp.sum((places < count[:, None]) & (history.tokens[..., _STREET] == 0), axis=1)

        def read(hands: jax.Array):
            def one(place: jax.Array, carry):
                cache, total = carry
                token, mask, entry = history.tokens[:, place], history.masks[:, place], history.entries[:, place]
                real = place < count
                log_policy, cache = self._step(params, cache, token, mask, hands, real, place)
                taken = jnp.take_along_axis(log_policy, entry[:, None, None], axis=-1)[..., 0]
                return cache, total + jnp.where(real[:, None], taken, 0.0)

            return one

        def nothing(hands: jax.Array):
            return self.model.empty_cache(*hands.shape[:2], places=len(places) + 1), jnp.zeros(hands.shape[:2])

        if hands.shape[1] <= len(CLASS_HANDS):
            cache, total = jax.lax.fori_loop(0, jnp.max(count), read(hands), nothing(hands))
        else:
            classes = jnp.broadcast_to(jnp.asarray(CLASS_HANDS), (num_tables, *CLASS_HANDS.shape))
            shared = jnp.min(before_flop)
            by_class = jax.lax.fori_loop(0, shared, read(classes), nothing(classes))
            carry = _rows(by_class, jnp.asarray(CLASS_NUMBER)[hands[..., 0], hands[..., 1]])
            cache, total = jax.lax.fori_loop(shared, jnp.max(count), read(hands), carry)
        return total, Memory(cache=cache, place=jnp.max(count))

    def choose(self, memory: Memory, rows: jax.Array) -> Memory:
        """See `RangePolicy`."""
        return Memory(cache=_rows(memory.cache, rows), place=memory.place)

    def log_policy(self, params, memory: Memory, token: jax.Array, mask: jax.Array, hands: jax.Array) -> jax.Array:
        """See `RangePolicy`."""
        real = jnp.ones(token.shape[:1], bool)
        return self._step(params, memory.cache, token, mask, hands, real, memory.place)[0]

    def _step(self, params, cache: Cache, token, mask, hands, real, place) -> tuple[jax.Array, Cache]:
        """Read one token a table, int32[C, W], with each of the hands: log-policies [C, H, A] and the cache."""
        shape = hands.shape[:2]
        read = with_hands(self.environment.layout, token[:, None], hands)
        segments = jnp.broadcast_to(jnp.where(real, 0, NO_SEGMENT)[:, None], shape)
        flat_cache, flat_read, flat_segments = jax.tree.map(
            lambda x: x.reshape(-1, *x.shape[2:]), (cache, read, segments)
        )
        logits, _, flat_cache = self.model.step(params, flat_cache, flat_read, flat_segments, place)
        cache = jax.tree.map(lambda x: x.reshape(*shape, *x.shape[1:]), flat_cache)
        return masked_log_policy(logits.reshape(*shape, -1), mask[:, None]), cache


def _rows(tree: Any, rows: jax.Array) -> Any:
    """Of every leaf [C, H, ...] the hands `rows` int32[C, N]."""
    return jax.tree.map(lambda leaf: jax.vmap(lambda one, row: one[row])(leaf, rows), tree)
