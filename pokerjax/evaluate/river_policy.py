"""What a model plays on one river with every hand: its policy in the betting tree and the ranges it arrives with.

Each seat reads its own tokens alone, with each hand put in for its hole cards: those of the earlier streets once,
then those of the tree depth first, each with the cache of its path so far. So a node costs one cached step for
all hands. Axes: N nodes, H hands, A menu entries, W integers of a token, R places of the cache.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np

from pokerjax.compiler import compiler_options
from pokerjax.evaluate.ranges import HANDS, with_hands
from pokerjax.evaluate.river_tree import NUM_SEATS, RiverTree, Spot
from pokerjax.model.attention import Cache
from pokerjax.model.transformer import Model, Parameters

_PLACES = 4  # R is a multiple of this, so that few programs are compiled


def hands_on(board: np.ndarray) -> np.ndarray:
    """The pairs of hole cards that a board int32[5] leaves, int32[1081, 2]."""
    return HANDS[~np.isin(HANDS, board).any(axis=1)]


def river_policy(
    model: Model, params: Parameters, spot: Spot, tree: RiverTree, hands: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The policy float32[N, H] in the tree (see `river_values`) and the ranges on arrival float64[2, H].

    A range is, for each hand, the probability of the seat's own choices before the river, over the largest of
    them: Bayes' rule up to the cards that are dealt, which `river_values` sees to.
    """
    policy = np.ones((tree.num_nodes, len(hands)), np.float32)
    ranges = np.ones((NUM_SEATS, len(hands)))
    for seat, earlier in enumerate(spot.earlier):
        decisions = len(earlier.entries) + len(tree.levels) // NUM_SEATS + 1
        program, memory = _program(model, len(hands), -(-decisions // _PLACES) * _PLACES)
        step = partial(program, params, hands)
        for time, (token, mask, entry) in enumerate(zip(earlier.tokens, earlier.masks, earlier.entries, strict=True)):
            chances, memory = step(memory, token, mask, time)
            ranges[seat] *= np.asarray(chances)[:, entry]
        ranges[seat] /= ranges[seat].max()
        for node, chances in _walk(tree, seat, step, memory, len(earlier.entries)):
            children = np.arange(tree.masks[node].sum()) + tree.first_child[node]
            policy[children] = np.asarray(chances).T[tree.entry[children]]
    return policy, ranges


def _walk(
    tree: RiverTree, seat: int, step: Callable[..., tuple[jax.Array, Cache]], memory: Cache, time: int
) -> Iterator[tuple[int, jax.Array]]:
    """Each node of a seat with its probabilities [H, A], depth first; `memory` after `time` decisions at the root."""
    following: dict[int, list[int]] = {}  # the seat's next nodes after each of its own, after -1 the first ones
    own = [node for level in tree.levels[seat::NUM_SEATS] for node in range(level.start, level.stop)]
    for node in own:
        if not tree.ended[node]:
            before = tree.parent[tree.parent[node]] if node >= tree.levels[seat].stop else -1
            following.setdefault(int(before), []).append(node)
    waiting = [(node, memory, time) for node in following[-1]]
    while waiting:
        node, memory, time = waiting.pop()
        chances, memory = step(memory, tree.tokens[node], tree.masks[node], time)
        waiting += [(after, memory, time + 1) for after in following.get(node, [])]
        yield node, chances


@cache
def _program(model: Model, num_hands: int, places: int):
    """A compiled step for H hands with caches of R places, and an empty cache.

    `step(params, hands [H, 2], cache, token [W], mask [A], time)` gives probabilities [H, A] and the cache with the
    token in it.
    """
    def step(params: Parameters, hands: jax.Array, cache: Cache, token: jax.Array, mask: jax.Array, time: jax.Array):
        tokens = with_hands(model.environment.layout, token, hands)
        logits, _, cache = model.step(params, cache, tokens, jnp.zeros(num_hands, jnp.int32), time)
        return jnp.exp(model.log_policy(logits, mask)), cache

    return jax.jit(step, compiler_options=compiler_options()), model.empty_cache(num_hands, places=places)
