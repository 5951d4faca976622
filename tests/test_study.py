"""Ranges along a line: the agent's own probabilities for every hand, Bayes over its play, charts and readers."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from tiny_agent import tiny_agent

from pokerjax import poker
from pokerjax.agents import Observation
from pokerjax.evaluate import charts
from pokerjax.evaluate.lines import Line, read_line, taken_weights
from pokerjax.evaluate.opinions import opinions
from pokerjax.evaluate.range_reader import read_range
from pokerjax.evaluate.ranges import HANDS
from pokerjax.play import spots, views
from pokerjax.play.study import Study

LIMP_BET_CALL = (poker.CALL, poker.CALL, 100, poker.CALL, poker.CALL, 300)  # heads-up: to a bet on the turn


@pytest.fixture(scope="module")
def agent():
    return tiny_agent()


def make_hand(players: int = 2, actions=(), board: str = "", hole=None, **changes) -> poker.Hand:
    blinds = (100, 50) if players == 2 else (50, 100) + (0,) * (players - 2)
    fields = {
        "rules": poker.no_limit_holdem(players), "stacks": (10_000,) * players, "blinds": blinds,
        "antes": (0,) * players, "big_blind": 100, "hole": hole or (None,) * players,
        "board": tuple(poker.cards(board).tolist()), "actions": tuple(actions),
    }  # fmt: skip
    return poker.Hand(**(fields | changes))


def plain(line: Line, number: int) -> list:
    """The actions before a decision, as `Observation` writes them."""
    words = []
    for i, chips in enumerate(line.taken[:number]):
        owed = line.legal.call_amount[i] > 0
        words.append(("raise", chips) if chips > 0 else "fold" if chips < 0 else "call" if owed else "check")
    return words


def index(names: str) -> int:
    high, low = sorted(poker.cards(names).tolist(), reverse=True)
    return int(np.flatnonzero(([high, low] == HANDS).all(axis=1))[0])


@pytest.mark.parametrize(
    ("players", "actions", "board"),
    [
        (2, LIMP_BET_CALL, "Ts9d2c3c"),
        pytest.param(3, (200, poker.CALL, poker.CALL, poker.CALL, 300), "Ts9d2c", marks=pytest.mark.slow),
    ],
)
def test_every_hand_gets_the_agents_own_probabilities_and_value(agent, players, actions, board):
    """Oracle: `Agent.act`, asked hand by hand, at all decisions of the line."""
    line = read_line(agent.game, make_hand(players, actions, board))
    names, compared = ["AhKd", "AsAc", "7h2d", "Tc9c", "5s4s"], 0
    for seat in range(players):
        reading = read_range(agent.model, agent.params, line, seat)
        arrives = dict.fromkeys(names, 1.0)
        for place, number in enumerate(reading.numbers):
            turned_up = (0, 3, 4, 5)[int(line.states.street[number])]
            for name in names:
                decision = agent.act(
                    Observation(seat=seat, hole=name, board=board[: 2 * turned_up], stacks=line.hand.stacks,
                                blinds=line.hand.blinds, actions=plain(line, number))
                )  # fmt: skip
                hand = index(name)
                policy = reading.policy[place, hand][line.masks[number]]
                np.testing.assert_allclose(policy, list(decision.probabilities.values()), atol=2e-5)
                assert reading.value_bb[place, hand] == pytest.approx(decision.value_bb, abs=2e-3)
                assert reading.reach[place, hand] == pytest.approx(arrives[name], rel=1e-4)
                if number < len(line.taken):
                    arrives[name] *= float(reading.policy[place, hand] @ taken_weights(line, number))
                compared += 1
    assert compared >= 25
    assert 0 < arrives["AhKd"] < 1


def test_opinions_are_of_the_hand_where_it_is_known_and_of_the_range_where_not(agent):
    hole = (tuple(poker.cards("AhKd").tolist()), None)
    line = read_line(agent.game, make_hand(2, LIMP_BET_CALL, "Ts9d2c3c", hole))
    found = opinions(agent.model, agent.params, line, [0, 1])
    assert [opinion.number for opinion in found] == list(range(len(line)))
    assert {opinion.of_range for opinion in found if opinion.seat == 0} == {False}
    for seat, known in ((0, True), (1, False)):
        reading = read_range(agent.model, agent.params, line, seat)
        for place, opinion in enumerate(o for o in found if o.seat == seat):
            wanted = reading.policy[place, index("AhKd")] if known else reading.mixed(place)
            np.testing.assert_allclose(opinion.probabilities, wanted, atol=2e-5)


def test_study_data_in_a_hand_does_not_depend_on_hidden_cards(agent):
    """What study mode tells during a hand is made from a record without the others' cards."""
    record = make_hand(2, (300,), "", (tuple(poker.cards("AhKd").tolist()), None))
    told = views.study_view(agent, record, 0, done=False)
    assert {view["seat"]: view["of_range"] for view in told} == {1: True, 0: False}
    assert not any(name in json.dumps(told) for name in ("Ah", "Kd"))
    for view in told:
        assert sum(entry["probability"] for entry in view["entries"]) == pytest.approx(1, abs=1e-3)


def test_impossible_hands_and_dead_cards_have_no_part(agent):
    line = read_line(agent.game, make_hand(2, LIMP_BET_CALL, "Ts9d2c3c"))
    reading = read_range(agent.model, agent.params, line, 0, dead=tuple(poker.cards("AhAd").tolist()))
    assert reading.possible.sum(axis=1).tolist() == [1225, 1081, 1035, 1035]
    assert reading.policy[-1][index("AhKd")].sum() == 0 == reading.reach[-1][index("TsTd")]
    np.testing.assert_allclose(reading.policy[-1][reading.possible[-1]].sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize(
    ("raise_to", "weights"),
    [
        (200, {"0.5 pot": 1.0}),
        (300, {"1 pot": 1.0}),
        (10_000, {"all-in": 1.0}),
        # Between 0.5 and 1 pot at 0.75: (1 - 0.75) 1.5 / (0.5 * 1.75) of the smaller one.
        (250, {"0.5 pot": 0.375 / 0.875, "1 pot": 0.5 / 0.875}),
    ],
)
def test_bets_between_two_entries_are_mixtures(agent, raise_to, weights):
    line = read_line(agent.game, make_hand(2, (raise_to,)))
    names = ["fold", "check/call", "0.5 pot", "1 pot", "all-in"]
    assert taken_weights(line, 0) == pytest.approx([weights.get(name, 0.0) for name in names])


def test_a_chart_adds_up(agent, tmp_path):
    line = read_line(agent.game, make_hand(2, LIMP_BET_CALL, "Ts9d2c3c"))
    reading = read_range(agent.model, agent.params, line, 0)
    chart = charts.chart(reading, 2, "big blind, turn")
    assert [cell.name for cell in chart.cells[:3]] == ["AA", "AKs", "AQs"]
    assert chart.cells[13].name == "AKo" and chart.cells[-1].name == "22"
    assert sum(cell.combinations for cell in chart.cells) == reading.possible[2].sum()
    assert chart.mix.sum() == pytest.approx(1)
    weight = np.array([cell.combinations * cell.reach for cell in chart.cells])
    mean = weight @ np.stack([cell.mix for cell in chart.cells]) / weight.sum()
    np.testing.assert_allclose(mean, chart.mix, atol=1e-9)
    charts.write_csv([chart], tmp_path / "chart.csv")
    with (tmp_path / "chart.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["hand"] == "AKs"]
    assert sum(float(row["probability"]) for row in rows) == pytest.approx(1, abs=1e-5)
    assert [row["action"] for row in rows] == ["check", "bet 200", "bet 400", "all-in 9800"]


def test_a_spot_is_built_step_by_step(agent):
    study = Study(agent)
    spot = {"stacks": [10_000, 10_000], "blinds": [100, 50], "big_blind": 100, "board": "", "actions": [300, 0]}
    answer = study.spot(spot)
    assert (answer["missing"], answer["over"], len(answer["steps"])) == (3, False, 2)
    assert answer["steps"][0]["word"] == "raise to 300"
    answer = study.spot(spot | {"board": "Ts9d2c", "hole": ["AhKd", ""]}, hand_class="AKs")
    assert answer["selected"] == 2 and answer["steps"][2]["position"] == "BB"
    assert answer["chart"]["hand"]["cards"] == "AhKd"
    assert {hand["cards"] for hand in answer["chart"]["hands"]} == {"AcKc", "AdKd", "AhKh", "AsKs"}
    assert answer["legal"]["least"] == 100 and answer["legal"]["bet"]
    assert study.spot(spot | {"actions": [-1]})["over"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"actions": [150]}, "Action 1: seat 1 may raise to 200 up to 10000 chips, not to 150"),
        ({"actions": [-1, 0]}, "Action 2 comes after the hand is over"),
        ({"actions": ["x"]}, "actions must be a list of whole numbers"),
        ({"actions": [0] * 401}, "actions must be a list of whole numbers"),
        ({"board": "AhAh"}, "Ah is there twice"),
        ({"hole": ["AhKd", "AhQd"]}, "both have the Ah|have the Ah: a deck has one"),
        ({"stacks": [1] * 11}, "a table has 2 to 10"),
        ({"stacks": [10_000] * 4, "blinds": [50, 100, 0, 0]}, "trained for 2 or 3 players, and this hand has 4"),
        ({"moves": []}, "A spot has no field moves"),
        ({"big_blind": "x"}, "big_blind"),
    ],
)
def test_impossible_spots(agent, change, sentence):
    spot = {"stacks": [10_000, 10_000], "blinds": [100, 50], "big_blind": 100, "actions": []}
    with pytest.raises(ValueError, match=sentence):
        Study(agent).spot(spot | change)


def test_a_recorded_hand_is_read_by_the_rules_of_its_house():
    """The competition's dealer asks the big blind too when the small blind is all-in for less, and others do not."""
    game = tiny_agent().game
    short = {"stacks": (10_000, 30), "hole": tuple(tuple(poker.cards(cards).tolist()) for cards in ("AhKd", "7c2s"))}
    seats = {}
    for house in ("acpc", "tda"):
        hand = make_hand(rules=poker.no_limit_holdem(2, house=house), **short)
        line = read_line(game, hand)
        assert line.environment.rules.house == house
        seats[house] = line.seats.tolist()
        assert spots.hand_from_spot(spots.spot_from_hand(hand)).rules == hand.rules
    assert seats == {"acpc": [0], "tda": []}
    with pytest.raises(ValueError, match="without a cap on raises"):
        read_line(game, make_hand(rules=poker.Rules(2, max_raises=(3, 3, 3, 3))))
    for other in ({"max_raises": (3, 3, 3, 3)}, {"betting": "fixed_limit"}):
        assert spots.spot_from_hand(make_hand(rules=poker.Rules(2, **other))) is None


def test_a_replay_tells_every_step(agent):
    hole = (tuple(poker.cards("AhKd").tolist()), None)
    told = Study(agent).replay(make_hand(2, (300, 0, 0, -1), "Ts9d2c", hole))
    assert len(told["frames"]) == 5 and told["frames"][-1]["done"]
    assert [action["word"] for action in told["actions"]] == ["raise to 300", "call", "check", "fold"]
    assert [opinion["number"] for opinion in told["opinions"]] == [0, 1, 2, 3]
    assert told["frames"][0]["board"] == [] and told["frames"][2]["board"] == ["Ts", "9d", "2c"]
    assert spots.hand_from_spot(told["spot"]).actions == (300, 0, 0, -1)
