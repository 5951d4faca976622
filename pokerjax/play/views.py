"""What a browser is shown of a table. The only place where a table becomes a message.

`table_view` reads a session through `HandInPlay.may_see` and takes cards from nowhere else: during a hand those of
the viewer's own seat and the board turned up, at a showdown the hands shown, and after a hand with study mode on
all of them. What the agents thought with the cards they hold is told when the hand is over; while it lasts,
`study_view` tells what they would do on average over their range, which depends on nothing hidden.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pokerjax import poker
from pokerjax.env import menu
from pokerjax.evaluate.estimate import half_width
from pokerjax.evaluate.lines import STREETS, read_line
from pokerjax.evaluate.opinions import Opinion, opinions
from pokerjax.play.dealer import position_name

if TYPE_CHECKING:
    from pokerjax.agents import Agent
    from pokerjax.evaluate.lines import Line
    from pokerjax.play.session import Session, Thought

Json = dict[str, Any]


def frame(
    state: poker.State, holes: Sequence[Sequence[int] | None], board: Sequence[int], names: Sequence[str]
) -> Json:
    """A table at one moment. holes: what is shown of each seat; state: of one hand, its cards are not read."""
    players = len(names)
    seats = [
        {
            "seat": seat,
            "name": names[seat],
            "position": position_name(seat, players),
            "stack": int(state.stacks[seat]),
            "bet": 0 if state.done else int(state.bets[seat]),
            "folded": bool(state.folded[seat]),
            "cards": _cards(holes[seat]),
            "payoff": int(state.payoffs[seat]),
        }
        for seat in range(players)
    ]
    return {
        "seats": seats,
        "board": _cards(board),
        "pot": int(state.pot),
        "street": STREETS[int(state.street)],
        "actor": int(state.actor),
        "done": bool(state.done),
    }


def table_view(session: Session) -> Json:
    """What the human's browser is told of the table as it is now."""
    hand, seat, study = session.hand, session.seat, session.study
    seen = hand.may_see(seat, study=study)
    holes = [hand.deal.hole[other].tolist() if other in seen else None for other in range(session.players)]
    names = seat_names(session.players, seat)
    view = frame(hand.state, holes, hand.board, names)
    made = hand.live if hand.showdown else []
    for other in made:
        view["seats"][other]["made"] = poker.CATEGORY_NAMES[int(poker.category(hand.state.strengths[other]))]
    game = session.agent.game
    view |= {
        "number": session.number,
        "you": seat,
        "study": study,
        "carelessness": session.agent.carelessness,
        "decision": len(hand.actions),
        "big_blind": game.big_blind,
        "log": [action_view(hand, number, names) for number in range(len(hand.actions))],
        "result": result_view(session),
    }
    if hand.actor == seat:
        view["legal"] = legal_view(hand.legal, hand.state, seat, game.bet_sizes)
    if hand.done:
        view["thoughts"] = [_thought_view(session, thought) for thought in session.thoughts]
    return view


def study_view(agent: Agent, record: poker.Hand, seat: int, *, done: bool) -> list[Json]:
    """Study mode: the opinions at the decisions of a hand so far, made of nothing that the seat may not see.

    At the human's own decisions what the agent would do with these cards; at those of the agents, while the hand
    lasts, the mean over the hands they could hold. record: `HandInPlay.record` for this seat.
    """
    players = record.rules.num_players
    line = read_line(agent.game, record)
    seats = [seat] if done else list(range(players))
    found = opinions(agent.model, agent.params, line, seats, dead=record.hole[seat] or ())
    return [opinion_view(line, opinion, seat_names(players, seat)) for opinion in found]


def opinion_view(line: Line, opinion: Opinion, names: Sequence[str]) -> Json:
    """One opinion, with the names and the amounts of the menu."""
    number, seat = opinion.number, opinion.seat
    taken = line.taken[number] if number < len(line.taken) else None
    amounts, mask = line.amounts[number].tolist(), line.masks[number].tolist()
    entries = [
        {
            "name": name,
            "amount": max(amounts[entry], 0),
            "probability": round(float(opinion.probabilities[entry]), 5),
            "taken": taken is not None and taken == amounts[entry],
        }
        for entry, name in enumerate(menu.names(line.environment.bet_sizes))
        if mask[entry]
    ]
    return {
        "number": number,
        "seat": seat,
        "name": names[seat],
        "position": position_name(seat, len(names)),
        "street": STREETS[int(line.states.street[number])],
        "of_range": opinion.of_range,
        "entries": entries,
        "value_bb": round(opinion.value_bb, 3),
        "did": None if taken is None else line_words(line, number),
    }


def line_words(line: Line, number: int) -> str:
    """What was done at a decision of a line."""
    opens = not line.states.bets[number].max() > 0
    return words(line.taken[number], int(line.legal.call_amount[number]), opens=opens)


def legal_view(legal: poker.Legal, state: poker.State, seat: int, sizes: Sequence[float]) -> Json:
    """What the seat to act may do, with the amounts that its pot fractions mean."""
    owed, pot, bet = int(legal.call_amount), int(state.pot), int(state.bets[seat])
    least, most = int(legal.min_raise_to), int(legal.max_raise_to)
    level = bet + owed
    sized = [{"size": size, "amount": min(max(level + round(size * (pot + owed)), least), most)} for size in sizes]
    return {
        "fold": bool(legal.fold),
        "call": owed,
        "raises": bool(legal.raises),
        "least": least,
        "most": most,
        "sizes": sized if legal.raises else [],
        "bet": not bool(state.bets.max() > 0),
    }


def action_view(hand: Any, number: int, names: Sequence[str]) -> Json:
    """One action of a hand in play."""
    seat, chips = hand.actors[number], hand.chips[number]
    word = words(chips, hand.owed[number], opens=hand.opens[number])
    street = STREETS[hand.streets[number]]
    return {"seat": seat, "name": names[seat], "street": street, "word": word, "chips": max(chips, 0)}


def result_view(session: Session) -> Json:
    """The running result: hands, chips, bb/100 and the half-width of its 95 % interval (None below two hands)."""
    hands, big_blind = session.hands, session.agent.game.big_blind
    if not hands:
        return {"hands": 0, "won": 0, "bb100": None, "ci95": None}
    mean = session.won / big_blind / hands
    variance = max(session.squares / hands - mean**2, 0.0)
    ci95 = 100 * half_width(math.sqrt(variance / (hands - 1)), hands) if hands > 1 else None
    return {"hands": hands, "won": session.won, "bb100": 100 * mean, "ci95": ci95}


def history_view(session: Session) -> list[Json]:
    """The finished hands that are kept, oldest first: number, the human's seat and result, and the board."""
    first = session.hands - len(session.history) + 1
    return [
        {"number": number, "seat": -number % session.players, "payoff": won, "board": _cards(hand.board)}
        for number, (hand, won) in enumerate(session.history, first)
    ]


def seat_names(players: int, you: int) -> list[str]:
    """ "You" and the agents, numbered from your left."""
    if players == 2:
        return ["You" if seat == you else "Agent" for seat in range(2)]
    return ["You" if seat == you else f"Agent {(seat - you) % players}" for seat in range(players)]


def _thought_view(session: Session, thought: Thought) -> Json:
    """An agent's own probabilities at one of its decisions, told when the hand is over."""
    hand, decision, seat = session.hand, thought.decision, thought.seat
    names = seat_names(session.players, session.seat)
    chosen = hand.chips[thought.number]
    passive = {"fold": poker.FOLD, "check/call": poker.CALL}
    entries = [
        {
            "name": name,
            "amount": decision.amounts[name],
            "probability": round(share, 5),
            "taken": chosen == passive.get(name, decision.amounts[name]),
        }
        for name, share in decision.probabilities.items()
    ]
    return {
        "number": thought.number,
        "seat": seat,
        "name": names[seat],
        "position": position_name(seat, session.players),
        "street": STREETS[hand.streets[thought.number]],
        "of_range": False,
        "entries": entries,
        "value_bb": round(decision.value_bb, 3),
        "did": action_view(hand, thought.number, names)["word"],
    }


def words(chips: int, owed: int, *, opens: bool) -> str:
    """An engine action in words: "fold", "check", "call", "bet 300" (where it opens the betting), "raise to 300"."""
    if chips == poker.FOLD:
        return "fold"
    if chips > 0:
        return f"bet {chips:,}" if opens else f"raise to {chips:,}"
    return "call" if owed else "check"


def _cards(cards: Sequence[int] | None) -> list[str] | None:
    """Card names, "??" for one that is not known; None for cards that are not shown."""
    if cards is None:
        return None
    return ["??" if card == poker.NO_CARD else poker.card_name(int(card)) for card in cards]
