"""An agent as a policy of its whole range: what it would do with each hand, decision after decision.

`RangePolicy` is what a local best response needs of an agent; `ModelRange` is that of a trained model. Axes: H hands,
W integers of a token, A menu entries, R places for the agent's own decisions in one hand of poker. Unlike
`ranges.range_policy`, which reads one hand's decisions in one pass, the model here reads them one by one behind a
cache. Before the flop only the 169 classes are read. Unbatched: one table.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np

from pokerjax.env.tables import Environment
from pokerjax.evaluate.ranges import HANDS, with_hands
from pokerjax.model.attention import Cache
from pokerjax.model.transformer import Model, Parameters

FEW_DECISIONS = 7  # of the agent in one hand: nearly always enough


def _class_numbers() -> np.ndarray:
    """Number of the class (ranks, suited or not) of each of `HANDS`, int32[1326]."""
    found: dict[tuple[int, int, bool], int] = {}
    kinds = [(high // 4, low // 4, high % 4 == low % 4) for high, low in HANDS.tolist()]
    return np.array([found.setdefault(kind, len(found)) for kind in kinds], np.int32)


CLASS_NUMBER = _class_numbers()
"""int32[1326], of each of `HANDS`: hands of one class are the same before the flop but for the suits' names."""
CLASS_HANDS = np.array([HANDS[np.argmax(number == CLASS_NUMBER)] for number in range(169)], np.int32)
"""A hand of each class, int32[169, 2]."""


def max_own_decisions(environment: Environment) -> int:
    """Bound on one seat's decisions in a heads-up hand: the seats alternate but for the three new streets."""
    return (environment.hand_limit + 3) // 2 + 1


class RangePolicy(Protocol):
    """An agent that tells what it would do with any hand. Static and hashable."""

    @property
    def environment(self) -> Environment:
        """The game as the agent reads it: its own action menu."""
        ...

    @property
    def memory_sizes(self) -> tuple[int, ...]:
        """Numbers of decisions R worth a memory of their own, rising; the last holds any hand."""
        ...

    def begin(self, num_hands: int, size: int) -> Any:
        """The memory, for `size` decisions, of that many hands before the first decision."""
        ...

    def choose(self, memory: Any, rows: jax.Array) -> Any:
        """The memory of hands `rows` int32[N] of the H."""
        ...

    def read(
        self, params: Any, memory: Any, token: jax.Array, mask: jax.Array, hands: jax.Array
    ) -> tuple[jax.Array, Any]:
        """Log-policies float32[H, A] of `hands` int32[H, 2] at the next decision, and the memory with it.

        The decision is a token int32[W] with any hole cards in it and a menu bool[A].
        """
        ...


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Memory:
    """What the model keeps of the decisions it has read."""

    cache: Cache  # of H sequences, R places
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
    def memory_sizes(self) -> tuple[int, ...]:
        """The memory of the longest hands is several times as large, and as slow."""
        return FEW_DECISIONS, max_own_decisions(self.environment)

    def begin(self, num_hands: int, size: int) -> Memory:
        """See `RangePolicy`. One place more than decisions: answers to a raise are read into it."""
        return Memory(self.model.empty_cache(num_hands, places=size + 1), jnp.int32(0))

    def choose(self, memory: Memory, rows: jax.Array) -> Memory:
        """See `RangePolicy`."""
        return Memory(jax.tree.map(lambda leaf: leaf[rows], memory.cache), memory.place)

    def read(self, params: Parameters, memory: Memory, token: jax.Array, mask: jax.Array, hands: jax.Array):
        """See `RangePolicy`."""
        tokens = with_hands(self.environment.layout, token, hands)
        segments = jnp.zeros(hands.shape[:1], jnp.int32)
        logits, _, cache = self.model.step(params, memory.cache, tokens, segments, memory.place)
        return self.model.log_policy(logits, mask), Memory(cache, memory.place + 1)
