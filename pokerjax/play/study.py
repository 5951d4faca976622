"""Study: what the agent would do with its whole range at the decisions of any line, and replays of recorded hands.

Free of HTTP: plain dictionaries in and out, ValueError with a sentence for what cannot be.
"""

from __future__ import annotations

import dataclasses
import threading
from collections import OrderedDict
from typing import Any

import numpy as np

from pokerjax import poker
from pokerjax.agents import Agent
from pokerjax.config import UserError
from pokerjax.evaluate.charts import Chart, chart, class_name, entry_names
from pokerjax.evaluate.lines import BOARD_CARDS, STREETS, Line, read_line
from pokerjax.evaluate.opinions import opinions
from pokerjax.evaluate.range_reader import RangeReading, read_range
from pokerjax.evaluate.ranges import HANDS
from pokerjax.play import spots, views
from pokerjax.play.dealer import position_name

Json = dict[str, Any]
KEPT = 8  # readings of ranges, 12 MB each at most


class Study:
    """The agent's mind, with the last readings kept, so that stepping through a line reads each range once."""

    def __init__(self, agent: Agent):
        self.agent = agent
        self._kept: OrderedDict[tuple, RangeReading] = OrderedDict()
        self._lock = threading.Lock()

    def spot(
        self, data: Any, *, number: int | None = None, hand_class: str | None = None, carelessness: float | None = None
    ) -> Json:
        """The line of a spot, and the chart of its decision `number` (the last if None).

        With `hand_class` ("AKs") also each of its hands. `carelessness` is what the agent is told of the table.
        """
        agent = self._told(carelessness)
        hand = spots.hand_from_spot(data)
        line = read_line(agent.game, hand)
        _check(hand, line)
        count = len(line)
        names = spots.hand_names(hand)
        answer: Json = {
            "steps": [_step(line, i) for i in range(count)],
            "missing": line.missing,
            "over": line.missing == 0 and count <= len(hand.actions),
            "names": names,
            "selected": None,
        }
        if count > len(hand.actions):
            last, seat = _row(line, count - 1), int(line.seats[-1])
            answer["legal"] = views.legal_view(last[1], last[0], seat, line.environment.bet_sizes)
        if not count:
            return answer
        number = count - 1 if number is None else number
        if not 0 <= number < count:
            raise ValueError(f"The line has {count} decisions, numbered from 0, and none number {number}.")
        seat = int(line.seats[number])
        reading = self._read(agent, line, seat)
        place = reading.numbers.index(number)
        title = f"{position_name(seat, len(names))}, {STREETS[int(line.states.street[number])]}"
        answer |= {"selected": number, "chart": _chart_json(chart(reading, place, title))}
        answer["frame"] = _frame(line, number, names)
        cards = hand.hole[seat]
        if cards is not None and poker.NO_CARD not in cards:
            answer["chart"]["hand"] = _hand_json(reading, place, _index(cards))
        if hand_class is not None:
            members = [i for i in range(len(HANDS)) if class_name(*HANDS[i].tolist()) == hand_class]
            if not members:
                raise ValueError(f'"{str(hand_class)[:10]}" is no class of hands: write AKs, AKo or AA.')
            answer["chart"]["hands"] = [_hand_json(reading, place, i) for i in members if reading.possible[place, i]]
        return answer

    def replay(self, hand: poker.Hand, carelessness: float | None = None) -> Json:
        """A recorded hand step by step: the table before each action and at the end, and the agent's opinions.

        `carelessness` is what the agent is told of the table.
        """
        agent = self._told(carelessness)
        played = poker.replay(hand)
        names = spots.hand_names(hand)
        count = len(played.states.actor)
        frames = []
        for step in range(count):
            state = _state_at(played.states, step)
            board = hand.board[: BOARD_CARDS[int(state.street)]]
            frames.append(views.frame(state, hand.hole, board, names))
        found, note = [], played.error if not played.unfinished else None
        try:
            line = read_line(agent.game, dataclasses.replace(hand, actions=hand.actions[: count - 1],
                                                                  actors=None, streets=None))  # fmt: skip
            seats = sorted(set(line.seats.tolist()))
            found = [
                views.opinion_view(line, each, names)
                for each in opinions(agent.model, agent.params, line, seats)
            ]
        except ValueError as error:
            note = str(error)
        words = [_words(played, step) for step in range(count - 1)]
        return {"frames": frames, "actions": words, "opinions": found, "note": note, "big_blind": hand.big_blind,
                "spot": spots.spot_from_hand(hand), "carelessness": agent.carelessness}  # fmt: skip

    def _told(self, carelessness: float | None) -> Agent:
        try:
            return self.agent.told(carelessness)
        except UserError as error:
            raise ValueError(str(error)) from None

    def _read(self, agent: Agent, line: Line, seat: int) -> RangeReading:
        numbers = line.of_seat(seat)
        taken = tuple(line.taken[number] for number in numbers if number < len(line.taken))
        key = (agent.carelessness, seat, line.environment.rules, line.tokens[numbers].tobytes(), taken)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        reading = read_range(agent.model, agent.params, line, seat)
        with self._lock:
            self._kept[key] = reading
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return reading


def _check(hand: poker.Hand, line: Line) -> None:
    """Raise ValueError for an illegal action."""
    for number, chips in enumerate(line.taken):
        state, legal = _row(line, number)
        least, most = int(legal.min_raise_to), int(legal.max_raise_to)
        place = f"Action {number + 1}: seat {int(state.actor)}"
        if chips > 0 and not legal.raises:
            raise ValueError(f"{place} may not raise to {chips}, only fold or call.")
        if chips > 0 and not least <= chips <= most:
            raise ValueError(f"{place} may raise to {least} up to {most} chips, not to {chips}.")
    if not line.missing and len(hand.actions) > len(line):
        raise ValueError(f"Action {len(line) + 1} comes after the hand is over: leave it out.")


def _step(line: Line, number: int) -> Json:
    """One decision of a line, for the list of steps."""
    seat, players = int(line.seats[number]), line.environment.num_players
    return {
        "number": number,
        "seat": seat,
        "position": position_name(seat, players),
        "street": STREETS[int(line.states.street[number])],
        "pot": int(line.states.pot[number]),
        "word": views.line_words(line, number) if number < len(line.taken) else None,
    }


def _frame(line: Line, number: int, names: list[str]) -> Json:
    state, _ = _row(line, number)
    board = line.hand.board[: BOARD_CARDS[int(state.street)]]
    return views.frame(state, line.hand.hole, board, names)


def _row(line: Line, number: int) -> tuple[poker.State, poker.Legal]:
    return _state_at(line.states, number), _state_at(line.legal, number)


def _state_at(tree: Any, number: int) -> Any:
    fields = {field.name: getattr(tree, field.name) for field in dataclasses.fields(tree)}
    return dataclasses.replace(tree, **{name: value[number] for name, value in fields.items()})


def _index(cards: tuple[int, ...]) -> int:
    high, low = max(cards), min(cards)
    return int(np.flatnonzero((HANDS[:, 0] == high) & (HANDS[:, 1] == low))[0])


def _chart_json(one: Chart) -> Json:
    offered = np.flatnonzero(one.offered)
    return {
        "title": one.title,
        "entries": [{"name": one.entries[i], "entry": int(i)} for i in offered],
        "num_entries": len(one.entries),
        "mix": _rounded(one.mix[offered]),
        "reach": round(one.reach, 6),
        "value_bb": round(one.value_bb, 3),
        "cells": [
            {
                "name": cell.name,
                "combinations": cell.combinations,
                "reach": round(cell.reach, 6),
                "mix": _rounded(cell.mix[offered]),
                "value_bb": round(cell.value_bb, 3),
            }
            for cell in one.cells
        ],
    }


def _hand_json(reading: RangeReading, place: int, index: int) -> Json:
    offered = np.flatnonzero(reading.line.masks[reading.numbers[place]])
    names = entry_names(reading, place)
    high, low = HANDS[index].tolist()
    return {
        "cards": poker.card_name(high) + poker.card_name(low),
        "reach": round(float(reading.reach[place, index]), 6),
        "mix": _rounded(reading.policy[place, index][offered]),
        "value_bb": round(float(reading.value_bb[place, index]), 3),
        "entries": [names[i] for i in offered],
    }


def _rounded(values: np.ndarray) -> list[float]:
    return [round(float(value), 4) for value in values]


def _words(played: poker.Replay, step: int) -> Json:
    """The action after a state of a replay."""
    chips, owed = played.hand.actions[step], int(played.legal.call_amount[step])
    word = views.words(chips, owed, opens=not played.states.bets[step].max() > 0)
    return {"seat": int(played.states.actor[step]), "word": word, "street": STREETS[int(played.states.street[step])]}
