"""What an agent would do with every hand it could hold, at each of its decisions of a line, and which hands arrive.

One program reads all of a seat's decisions: those before the flop for the 169 classes of hands, which differ only
by the names of the suits, and the later ones behind their keys and values for the pairs of cards that the board
leaves. A hand arrives with the probability that the agent plays it as the line says (Bayes over its own earlier
decisions; the others' cards are not reckoned with). H hands (1,326 of `ranges.HANDS`), S decisions of the seat, L
places of the program, A menu entries, C hands after the flop.
"""

from __future__ import annotations

import dataclasses
from functools import cache
from math import comb
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pokerjax import poker
from pokerjax.compiler import compiler_options
from pokerjax.evaluate.lines import Line, taken_weights
from pokerjax.evaluate.range_policy import CLASS_HANDS, CLASS_NUMBER, FEW_DECISIONS
from pokerjax.evaluate.ranges import HANDS, hand_number, with_hands
from pokerjax.model.attention import Cache
from pokerjax.model.features import depth_bb
from pokerjax.model.transformer import Model, Parameters

NUM_LATER = comb(49, 2)  # C: pairs of cards that a flop leaves, at most


@dataclasses.dataclass(frozen=True)
class RangeReading:
    """The range of one seat at its S decisions of a line."""

    line: Line
    seat: int
    numbers: list[int]  # S numbers of its decisions in the line
    policy: np.ndarray  # float64[S, H, A]: probabilities; rows of impossible hands are 0
    value_bb: np.ndarray  # float64[S, H]: what the agent expects to win in the hand from its start
    reach: np.ndarray  # float64[S, H]: probability that the agent comes here with that hand; 0 for impossible ones
    possible: np.ndarray  # bool[S, H]: shares no card with the board of the decision, nor with the dead cards

    def mixed(self, place: int) -> np.ndarray:
        """The mean policy of the range that arrives, float64[A]; of all possible hands if none does."""
        weight = self.weight(place)
        return weight @ self.policy[place] / weight.sum()

    def mean_value_bb(self, place: int) -> float:
        """The mean value of the range that arrives."""
        weight = self.weight(place)
        return float(weight @ self.value_bb[place] / weight.sum())

    def weight(self, place: int) -> np.ndarray:
        """float64[H] that sum to more than 0."""
        reach = self.reach[place]
        return reach if reach.sum() > 1e-9 else self.possible[place].astype(np.float64)


def read_range(
    model: Model, params: Parameters, line: Line, seat: int, *, dead: tuple[int, ...] = ()
) -> RangeReading:
    """Read a seat's range at all its decisions of the line; hands with a `dead` card cannot be held."""
    numbers = line.of_seat(seat)
    count = len(numbers)
    limit = model.environment.hand_limit
    if count > limit:
        raise ValueError(f"Seat {seat} decides {count} times in this hand, and agents remember {limit} decisions.")
    places = FEW_DECISIONS if count <= FEW_DECISIONS else limit
    boards = [_board(line, number) for number in numbers]
    early = sum(not board for board in boards)
    possible = np.stack([_possible((*board, *dead)) for board in boards]) if boards else np.zeros((0, len(HANDS)), bool)
    tokens = np.zeros((places, model.environment.layout.width), np.int32)
    masks = np.ones((places, line.masks.shape[1]), bool)
    tokens[:count], masks[:count] = line.tokens[numbers], line.masks[numbers]
    later = _later_hands(boards[early] if early < count else ())
    first, rest = jax.device_get(_program(model, places)(params, tokens, masks, early, count, HANDS[later]))
    policy = np.zeros((count, len(HANDS), masks.shape[1]))
    value_bb = np.zeros((count, len(HANDS)))
    for place in range(count):
        if place < early:
            policy[place], value_bb[place] = np.exp(first[0][place][CLASS_NUMBER]), first[1][place][CLASS_NUMBER]
        else:
            policy[place, later], value_bb[place, later] = np.exp(rest[0][place]), rest[1][place]
    policy *= possible[:, :, None]
    value_bb *= possible
    return RangeReading(line, seat, numbers, policy, value_bb, _reach(line, numbers, policy, possible), possible)


def _reach(line: Line, numbers: list[int], policy: np.ndarray, possible: np.ndarray) -> np.ndarray:
    reach = np.zeros(possible.shape)
    now = np.ones(len(HANDS))
    for place, number in enumerate(numbers):
        now = now * possible[place]
        reach[place] = now
        weights = taken_weights(line, number) if number < len(line.taken) else None
        if weights is not None:
            now = now * (policy[place] @ weights)
    return reach


def _board(line: Line, number: int) -> tuple[int, ...]:
    """The cards turned up at a decision."""
    street = int(line.states.street[number])
    return tuple(line.hand.board[: street + 2 if street else 0])


def _possible(cards: tuple[int, ...]) -> np.ndarray:
    blocked = np.isin(HANDS, [card for card in cards if card != poker.NO_CARD])
    return ~(blocked[:, 0] | blocked[:, 1])


def _later_hands(flop: tuple[int, ...]) -> np.ndarray:
    """Numbers int[C] of the hands that a flop leaves; without a flop, any."""
    return np.flatnonzero(_possible(flop[:3]))[:NUM_LATER]


@cache
def _program(model: Model, places: int):
    """`(params, tokens, masks, early, count, hands) -> ((log policy, value) by class, (...) by hand)`, [L, ...]."""

    def read(params: Parameters, tokens: Any, masks: Any, early: Any, count: Any, hands: Any):
        classes = jnp.asarray(CLASS_HANDS)
        blank = model.empty_cache(len(CLASS_HANDS), places=places)
        cache, first = _walk(model, params, blank, tokens, masks, classes, jnp.int32(0), early)
        number = jnp.asarray(CLASS_NUMBER)[hand_number(hands)]
        cache = jax.tree.map(lambda x: x[number], cache)
        _, rest = _walk(model, params, cache, tokens, masks, hands, early, count)
        return first, rest

    return jax.jit(read, compiler_options=compiler_options())


def _walk(model: Model, params: Parameters, cache: Cache, tokens, masks, hands, begin, end):
    """Read the decisions from `begin` up to `end` with each of the hands: the cache, and (log policy, value)."""
    layout, size = model.environment.layout, hands.shape[0]

    def one(place: jax.Array, carry):
        cache, log_policy, value = carry
        read = with_hands(layout, tokens[place], hands)
        logits, values, cache = model.step(params, cache, read, jnp.zeros((size,), jnp.int32), place)
        log_policy = log_policy.at[place].set(model.log_policy(logits, masks[place]))
        return cache, log_policy, value.at[place].set(values * depth_bb(layout, read))

    nothing = jnp.zeros((*masks.shape[:1], size, masks.shape[1])), jnp.zeros((masks.shape[0], size))
    cache, *read = jax.lax.fori_loop(begin, end, one, (cache, *nothing))
    return cache, tuple(read)
