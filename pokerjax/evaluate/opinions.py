"""What an agent thinks at each decision of a line: its probabilities and its value.

Where a seat's cards are known the opinion is of that hand; where they are not, it is the mean over the range that
arrives (`range_reader`), which tells nothing of the cards. A menu entries, S places, W integers of a token.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pokerjax import poker
from pokerjax.compiler import compiler_options
from pokerjax.evaluate.lines import Line
from pokerjax.evaluate.range_policy import FEW_DECISIONS
from pokerjax.evaluate.range_reader import read_range
from pokerjax.model.attention import NO_SEGMENT
from pokerjax.model.features import depth_bb
from pokerjax.model.transformer import Model, Parameters


@dataclasses.dataclass(frozen=True)
class Opinion:
    """What an agent thinks at one decision."""

    number: int  # of the decision in the line
    seat: int
    of_range: bool  # the mean over the range that arrives, and not of a hand
    probabilities: np.ndarray  # float64[A]
    value_bb: float


def opinions(
    model: Model, params: Parameters, line: Line, seats: Iterable[int], *, dead: tuple[int, ...] = ()
) -> list[Opinion]:
    """The opinions at all decisions of these seats, in the order of the line.

    dead: cards that a range does not hold, as those of the reader.
    """
    found: list[Opinion] = []
    for seat in seats:
        numbers = line.of_seat(seat)
        if not numbers:
            continue
        cards = line.hand.hole[seat]
        if cards is None or poker.NO_CARD in cards:
            reading = read_range(model, params, line, seat, dead=dead)
            for place, number in enumerate(numbers):
                found.append(Opinion(number, seat, True, reading.mixed(place), reading.mean_value_bb(place)))
        else:
            policy, values = _of_hand(model, params, line, numbers)
            for place, number in enumerate(numbers):
                found.append(Opinion(number, seat, False, policy[place], float(values[place])))
    return sorted(found, key=lambda opinion: opinion.number)


def _of_hand(model: Model, params: Parameters, line: Line, numbers: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities [S, A] and values [S] at one seat's decisions with the cards in their tokens."""
    count, limit = len(numbers), model.environment.hand_limit
    if count > limit:
        raise ValueError(f"A seat decides {count} times in this hand, and agents remember {limit} decisions.")
    places = FEW_DECISIONS if count <= FEW_DECISIONS else limit
    tokens = np.zeros((places, line.tokens.shape[1]), np.int32)
    masks = np.ones((places, line.masks.shape[1]), bool)
    tokens[:count], masks[:count] = line.tokens[numbers], line.masks[numbers]
    log_policy, values = jax.device_get(_program(model)(params, tokens, masks, np.int32(count)))
    return np.exp(log_policy[:count], dtype=np.float64), values[:count]


@cache
def _program(model: Model):
    """`(params, tokens [S, W], masks [S, A], count) -> (log policy [S, A], value in big blinds [S])`."""

    def read(params: Parameters, tokens: Any, masks: Any, count: Any):
        segments = jnp.where(jnp.arange(tokens.shape[0]) < count, 0, NO_SEGMENT)
        logits, values, _ = model.sequence(params, tokens[None], segments[None])
        return model.log_policy(logits[0], masks), values[0] * depth_bb(model.environment.layout, tokens)

    return jax.jit(read, compiler_options=compiler_options())
