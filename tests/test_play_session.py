"""The table of the web page: what it tells, what it refuses, and that it keeps the secrets."""

from __future__ import annotations

import json
import random
import re

import numpy as np
import pytest
from tiny_agent import GAME, tiny_agent

from pokerjax import poker
from pokerjax.agents import Agent, AgentDecision
from pokerjax.play import views
from pokerjax.play.dealer import HandInPlay, position_name
from pokerjax.play.session import Session, new_session

CARD = re.compile(r"\b[2-9TJQKA][cdhs]\b")


class Roller(Agent):
    """An agent that acts at random, without a model: what it does depends on no card."""

    def __init__(self):
        tiny = tiny_agent()
        super().__init__(tiny.model, tiny.params)
        self.dice = random.Random(1)
        self.session: Session | None = None

    def act(self, observation) -> AgentDecision:
        """Fold, call or raise by the dice."""
        legal = self.session.hand.legal
        choices = ["call", "call", "fold"] if legal.fold else ["check", "check"]
        word = self.dice.choice([*choices, "raise"] if legal.raises else choices)
        amount = self.dice.choice([int(legal.min_raise_to), int(legal.max_raise_to)]) if word == "raise" else 0
        shares = {"fold": 0.25, "check/call": 0.75}
        return AgentDecision(
            action=word, amount=amount, probabilities=shares, amounts=dict.fromkeys(shares, 0), value_bb=0.5
        )


@pytest.fixture(scope="module")
def roller():
    return Roller()


def seated(roller: Roller, **options) -> Session:
    session = Session(roller, seed=options.pop("seed", 5), **options)
    session.agent.session = session
    return session


def any_action(session: Session, dice: random.Random) -> tuple[str, int]:
    """Something legal for the human."""
    legal = session.hand.legal
    passive = ["call" if legal.call_amount else "check"]
    words = passive * 3 + ["fold"] * bool(legal.fold) + ["raise"] * bool(legal.raises)
    word = dice.choice(words)
    return word, dice.choice([int(legal.min_raise_to), int(legal.max_raise_to)]) if word == "raise" else 0


def play_hand(session: Session, dice: random.Random):
    """All the messages of one hand, each with the hand it is of."""
    shown = session.next_hand() if session.hand.done else session.advance()
    while not session.hand.done:
        shown += session.act(*any_action(session, dice))
    return shown


@pytest.mark.parametrize(("players", "study"), [(3, False), (3, True)])
def test_no_message_holds_a_card_that_the_seat_may_not_see(roller, players, study):
    session, dice = seated(roller, num_players=players, study=study), random.Random(2)
    showdowns = folded_early = 0
    for _ in range(60):
        messages = play_hand(session, dice)
        hand, you = session.hand, session.seat
        own = {poker.card_name(int(card)) for card in hand.deal.hole[you]}
        everything = {poker.card_name(int(card)) for card in [*hand.deal.hole.ravel(), *hand.deal.board]}
        for message in messages:
            cards = set(CARD.findall(json.dumps(message)))
            allowed = own | set(message["board"])
            if message["done"]:
                seen = range(players) if study else [you, *(hand.live if len(hand.live) > 1 else [])]
                allowed |= {poker.card_name(int(card)) for seat in seen for card in hand.deal.hole[seat]}
            else:
                turned_up = {"preflop": 0, "flop": 3, "turn": 4, "river": 5}[message["street"]]
                assert message["board"] == [poker.card_name(int(card)) for card in hand.deal.board[:turned_up]]
                assert "thoughts" not in message
            assert cards <= allowed, message
            assert everything - allowed or message["done"]
        showdowns += len(hand.live) > 1
        folded_early += len(hand.live) == 1
    assert showdowns > 5 and folded_early > 5


@pytest.mark.parametrize("players", [pytest.param(2, marks=pytest.mark.slow), 3])
def test_messages_do_not_depend_on_hidden_cards_in_any_form(roller, players):
    """The same hand with other cards in the dark gives the same bytes up to its end."""
    session, dice = seated(roller, num_players=players), random.Random(7)
    compared = 0
    for _ in range(25):
        first = session._deal()
        session.number -= 1  # the second deal is of the same hand
        hidden = [card for card in range(52) if card not in first.deal.hole[session.seat]]
        dice.shuffle(hidden)
        hole, board = first.deal.hole.copy(), first.deal.board.copy()
        visible = dice.choice([0, 3, 4, 5])  # cards of the board that stay
        hidden = [card for card in hidden if card not in board[:visible]]
        for seat in range(players):
            if seat != session.seat:
                hole[seat] = hidden.pop(), hidden.pop()
        board[visible:] = hidden[: 5 - visible]
        second = HandInPlay(session.environment, poker.Deal(hole=hole, board=board), first.stacks)
        while not first.done:
            if len(first.board) > visible:
                break
            texts = []
            for hand in (first, second):
                session.hand = hand
                texts.append(json.dumps(views.table_view(session)))
            assert texts[0] == texts[1]
            compared += 1
            session.hand = first
            chips = int(first.legal.min_raise_to) if first.legal.raises and dice.random() < 0.2 else poker.CALL
            first.act(chips)
            second.act(chips)
        session.number += 1
    assert compared > 50


def test_what_is_illegal_is_answered_and_changes_nothing(roller):
    session = seated(roller, num_players=3)
    session.advance()
    before = json.dumps(views.table_view(session))
    for word, amount, sentence in [
        ("check", 0, "You cannot check, since 100 chips are owed"),
        ("raise", 10**9, "Raise to 200 up to 10,000 chips, not to 1,000,000,000."),
        ("raise", 150, "Raise to 200 up to 10,000 chips, not to 150."),
        ("raise", -1, "-1 is no amount to raise to"),
        ("bet", 300, "'bet' is no action"),
    ]:
        with pytest.raises(ValueError, match=re.escape(sentence)):
            session.act(word, amount)
        assert json.dumps(views.table_view(session)) == before
    with pytest.raises(ValueError, match="The hand is not over yet"):
        session.next_hand()
    session.act("fold")
    assert session.hand.done
    with pytest.raises(ValueError, match="The hand is over: deal the next one"):
        session.act("call")


def test_the_running_result_is_that_of_the_hands(roller):
    session, dice = seated(roller, num_players=3), random.Random(3)
    results = []
    for _ in range(20):
        last = play_hand(session, dice)[-1]
        results.append(last["seats"][session.seat]["payoff"])
        assert sum(seat["payoff"] for seat in last["seats"]) == 0
    big_blinds = np.array(results) / 100
    result = last["result"]
    assert (result["hands"], result["won"]) == (20, sum(results))
    assert result["bb100"] == pytest.approx(100 * big_blinds.mean())
    assert result["ci95"] == pytest.approx(100 * 2.093 * big_blinds.std(ddof=1) / 20**0.5, rel=1e-4)  # Student's t
    assert [won for _, won in session.history] == results
    assert all(hand.hole[seat] for (hand, _), seat in zip(session.history[:3], (2, 1, 0), strict=True))
    kept = views.history_view(session)
    assert [(each["number"], each["seat"], each["payoff"]) for each in kept[:3]] == [
        (number, seat, won) for number, seat, won in zip((1, 2, 3), (2, 1, 0), results, strict=False)
    ]


def test_a_table_goes_on_after_an_agent_failed(roller):
    session = seated(roller, num_players=3)
    act = session.agent.act
    session.agent.act = lambda observation: 1 / 0
    with pytest.raises(ZeroDivisionError):
        session.act("call")
    session.agent.act = act
    assert session.advance()[-1]["decision"] == len(session.hand.actions) > 1
    assert session.hand.done or session.hand.actor == session.seat


def test_tables_draw_apart():
    """What one table's agents draw depends on its seed alone."""
    agent = Agent.__new__(Agent)
    first, same, other, free = (agent.with_seed(seed) for seed in (1, 1, 2, None))
    other._random.random(3)
    draws = [one._random.random(4).tolist() for one in (first, same, other, free)]
    assert draws[0] == draws[1]
    assert len({tuple(row) for row in draws}) == 3


def test_each_table_has_an_agent_of_its_own(roller):
    one, other = (Session(roller, num_players=3, seed=4) for _ in range(2))
    assert len({id(agent._random) for agent in (one.agent, other.agent, roller)}) == 3


def test_the_button_moves_and_stacks_are_full_again(roller):
    session, dice = seated(roller, num_players=3, stack_bb=40.0), random.Random(4)
    seats = []
    for _ in range(4):
        first = play_hand(session, dice)[0]
        seats.append(first["you"])
        assert all(seat["stack"] + seat["bet"] == 4000 for seat in first["seats"])
    assert seats == [2, 1, 0, 2]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"num_players": 5}, "--num-players 5 is a table that the agent does not know"),
        ({"stack_bb": 1.0}, "A stack of 1 must be from 2 to 1000 big blinds."),
        ({"stack_bb": float("nan")}, "A stack of nan must be"),
    ],
)
def test_tables_that_cannot_be(roller, options, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        new_session(roller, **options)


def test_pot_fractions_are_those_of_the_menu(roller):
    session = seated(roller, num_players=3)
    session.advance()
    legal = views.table_view(session)["legal"]
    assert (legal["call"], legal["least"], legal["most"], legal["bet"]) == (100, 200, 10_000, False)
    assert legal["sizes"] == [{"size": 0.5, "amount": 225}, {"size": 1.0, "amount": 350}]
    assert GAME.bet_sizes == (0.5, 1.0)


def test_positions_have_their_usual_names():
    names = {players: [position_name(seat, players) for seat in range(players)] for players in (2, 3, 4, 6, 9)}
    assert names[2] == ["BB", "BTN"]
    assert names[3] == ["SB", "BB", "BTN"]
    assert names[4] == ["SB", "BB", "CO", "BTN"]
    assert names[6] == ["SB", "BB", "UTG", "HJ", "CO", "BTN"]
    assert names[9] == ["SB", "BB", "UTG", "UTG+1", "UTG+2", "UTG+3", "HJ", "CO", "BTN"]
