"""The charts that players know: what an agent does before the flop."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

from pokerjax import poker
from pokerjax.env import tables
from pokerjax.evaluate.charts import Chart, chart
from pokerjax.evaluate.contest import Contestant
from pokerjax.evaluate.lines import STREETS, read_line
from pokerjax.evaluate.range_reader import RangeReading, read_range

USUAL_BB = 100.0  # deep, where the agent plays many depths


def preflop_charts(agent: Contestant) -> list[Chart]:
    """First in from every seat; the big blind against the last raiser; and that raiser against a re-raise.

    The raises are those that the agent makes most often. The table is the agent's, as `contest.seat` has it.
    """
    players = agent.player.environment.num_players
    order = [*range(2, players), 0, 1] if players > 2 else [1, 0]
    charts = []
    for place, seat in enumerate(order[:-1]):
        reading = _read(agent, [poker.FOLD] * place, seat)
        charts.append(chart(reading, 0, f"{seat_name(seat, players)}, first in"))
    opener = players - 1  # the button, which is the small blind heads-up
    before = [poker.FOLD] * order.index(opener)
    raise_to = _usual_raise(_read(agent, before, opener), 0)
    if raise_to is None:
        return charts
    behind = [poker.FOLD] * (len(order) - 2 - order.index(opener))
    line, blind = [*before, raise_to, *behind], order[-1]
    reading = _read(agent, line, blind)
    names = seat_name(opener, players), seat_name(blind, players)
    charts.append(chart(reading, 0, f"{names[1]} against {names[0]}'s raise to {raise_to}"))
    again = _usual_raise(reading, 0)
    if again is not None:
        reading = _read(agent, [*line, again], opener)
        charts.append(chart(reading, 1, f"{names[0]} against {names[1]}'s raise to {again}"))
    return charts


def line_charts(agent: Contestant, hand: poker.Hand) -> list[Chart]:
    """The range of whoever decides, at every decision of a hand. Raises ValueError where it cannot be read."""
    line = read_line(agent.config.game, hand)
    readings = {seat: read_range(agent.player.model, agent.params, line, seat) for seat in set(line.seats.tolist())}
    charts = []
    for number, seat in enumerate(line.seats.tolist()):
        reading = readings[seat]
        street = STREETS[int(line.states.street[number])]
        title = f"{number + 1}. {seat_name(seat, line.environment.num_players)}, {street}"
        charts.append(chart(reading, reading.numbers.index(number), title))
    return charts


def seat_name(seat: int, players: int) -> str:
    """A seat in words: "button", "big blind", "2 before the button"."""
    if seat == players - 1:
        return "button"
    if players == 2:
        return "big blind"
    blinds = ("small blind", "big blind")
    return blinds[seat] if seat < 2 else f"{players - 1 - seat} before the button"


def stack_of(agent: Contestant) -> int:
    """Chips that the charts are for: the table's one depth, or 100 big blinds within its depths."""
    game = agent.player.environment.game
    return round(min(max(USUAL_BB, game.shortest_stack), game.deepest_stack) * game.big_blind)


def _read(agent: Contestant, actions: list[int], seat: int) -> RangeReading:
    environment = agent.player.environment
    players, game = environment.num_players, environment.game
    stakes = tables.stakes_for(environment, jnp.full(players, stack_of(agent), jnp.int32))
    hand = poker.Hand(
        rules=environment.rules,
        stacks=tuple(np.asarray(stakes.stacks).tolist()),
        blinds=tuple(np.asarray(stakes.blinds).tolist()),
        antes=tuple(np.asarray(stakes.antes).tolist()),
        big_blind=game.big_blind,
        hole=(None,) * players,
        actions=tuple(actions),
    )
    return read_range(agent.player.model, agent.params, read_line(agent.config.game, hand), seat)


def _usual_raise(reading: RangeReading, place: int) -> int | None:
    """The raise, in chips, that the range makes most often; None if it may make none."""
    number = reading.numbers[place]
    offered = np.flatnonzero(reading.line.masks[number] & (reading.line.amounts[number] > 0))
    if not len(offered):
        return None
    shares = reading.mixed(place)[offered]
    return int(reading.line.amounts[number][offered[int(np.argmax(shares))]])
