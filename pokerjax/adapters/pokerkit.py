"""The agent at a table of PokerKit: from its `State` to a decision, and back.

    while state.actor_index is not None:
        act(agent, state)

PokerKit plays by the rules of live and online poker ("tda" here). Where it allows a raise after short all-ins that
those rules do not (docs/engine.md), the agent is told the hand by the competition's rules, which allow it.
"""

from __future__ import annotations

import dataclasses

import pokerkit

from pokerjax.agents import Action, Agent, AgentDecision, Observation


def observation(state: pokerkit.State) -> Observation:
    """What the seat to act sees. Raises ValueError if nobody is to act, or the game has a board that is not shared."""
    seat = state.actor_index
    if seat is None:
        raise ValueError("Nobody is to act in this state: deal what is missing, or let PokerKit's automations do it.")
    if state.board_count != 1:
        raise ValueError(f"The agent plays with one board, and this game has {state.board_count}.")
    # PokerKit lists the small blind first, heads-up too, and lets a short one be called for what it is.
    owed = [abs(int(chips)) for chips in state.blinds_or_straddles]
    return Observation(
        seat=seat,
        hole="".join(map(repr, state.hole_cards[seat])),
        board="".join(map(repr, state.get_board_cards(0))),
        stacks=[int(chips) for chips in state.starting_stacks],
        blinds=[int(state.get_effective_blind_or_straddle(player)) for player in state.player_indices],
        big_blind=owed[1] or max(owed),
        antes=[int(state.get_effective_ante(player)) for player in state.player_indices],
        actions=[action for action in map(_action, state.operations) if action is not None],
    )


def decide(agent: Agent, state: pokerkit.State) -> AgentDecision:
    """The agent's decision for the seat to act. Raises ValueError, with a sentence, for a game it does not know."""
    seen = observation(state)
    try:
        return agent.act(seen)
    except ValueError as error:
        try:
            return agent.act(dataclasses.replace(seen, house="acpc"))
        except ValueError:
            raise error from None


def act(agent: Agent, state: pokerkit.State) -> AgentDecision:
    """Let the agent act in the state; a raise is moved to the nearest one that PokerKit allows."""
    decision = decide(agent, state)
    if decision.action == "fold" and state.can_fold():
        state.fold()
    elif decision.action == "raise" and state.can_complete_bet_or_raise_to():
        least = state.min_completion_betting_or_raising_to_amount
        most = state.max_completion_betting_or_raising_to_amount
        assert least is not None and most is not None
        state.complete_bet_or_raise_to(min(max(decision.amount, int(least)), int(most)))
    else:
        state.check_or_call()
    return decision


def _action(operation: object) -> Action | None:
    """The agent's form of an operation that a seat has chosen; None for dealing, posting and the like."""
    if isinstance(operation, pokerkit.Folding):
        return "fold"
    if isinstance(operation, pokerkit.CheckingOrCalling):
        return "check/call"
    if isinstance(operation, pokerkit.CompletionBettingOrRaisingTo):
        return "raise", int(operation.amount)
    return None
