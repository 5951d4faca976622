"""Random hands against OpenSpiel's universal_poker, which is the ACPC dealer's code (house "acpc").

Every decision's legal actions are compared whole. OpenSpiel pays split pots in fractions, so payoffs may
differ by the odd chips, less than one a pot.
"""

import random

import numpy as np
import pytest

from pokerjax import poker

STACKS = {2: [60, 45], 3: [60, 35, 90]}
NUM_STEPS = 64


def load(num_players):
    pyspiel = pytest.importorskip("pyspiel")
    heads_up = num_players == 2
    return pyspiel.load_game(
        "universal_poker",
        {
            "betting": "nolimit",
            "bettingAbstraction": "fullgame",
            "numPlayers": num_players,
            "numRounds": 4,
            "stack": " ".join(map(str, STACKS[num_players])),
            "blind": "10 5" if heads_up else "5 10 0",
            "firstPlayer": "2 1 1 1" if heads_up else "3 1 1 1",
            "numSuits": 4,
            "numRanks": 13,
            "numHoleCards": 2,
            "numBoardCards": "0 3 1 1",
        },
    )


def play_openspiel(game, rng, recorded_hand, num_players):
    """Play one random hand. Return it with each decision's (actor, legal actions) and the returns.

    OpenSpiel's raises count the chips of the whole hand, ours those of the street.
    """
    state, dealt, decisions, ours = game.new_initial_state(), [], [], []
    highest = earlier = 0  # chips of the seat that has put in most: now, and when this street began
    while not state.is_terminal():
        actions = state.legal_actions()
        if state.is_chance_node():
            dealt.append(rng.choice(actions))
            state.apply_action(dealt[-1])
            earlier = highest
            continue
        few = [a for a in actions if a < 2] * 2 + [a for a in actions if a >= 2][:2] + actions[-1:]
        action = rng.choice([a for a in few if a > 0] * 4 + few)
        decisions.append((state.current_player(), actions))
        ours.append({0: poker.FOLD, 1: poker.CALL}.get(action, action - earlier))
        highest = max(highest, action, 10)
        state.apply_action(action)
    hole = [dealt[2 * seat : 2 * seat + 2] for seat in range(num_players)]
    blinds = [10, 5] if num_players == 2 else [5, 10, 0]
    board = dealt[2 * num_players :]
    hand = recorded_hand(STACKS[num_players], blinds, [0] * num_players, 10, hole, board, ours)
    return hand, decisions, state.returns()


@pytest.mark.parametrize("num_players", [2, 3])
def test_random_hands(replay, num_players):
    game, rng = load(num_players), random.Random(num_players)
    rules = poker.no_limit_holdem(num_players, house="acpc")
    games = [play_openspiel(game, rng, replay.RecordedHand, num_players) for _ in range(300)]
    final, before, legal = replay(rules, [hand for hand, *_ in games], NUM_STEPS)
    for i, (_, decisions, returns) in enumerate(games):
        for t, (actor, actions) in enumerate(decisions):
            assert before.actor[i, t] == actor
            earlier = before.contributed[i, t, actor] - before.bets[i, t, actor]
            ours = [0] * bool(legal.fold[i, t]) + [1]
            if legal.raises[i, t]:
                ours += range(earlier + legal.min_raise_to[i, t], earlier + legal.max_raise_to[i, t] + 1)
            assert ours == actions, (i, t)
        assert final.done[i]
        assert np.all(np.abs(final.payoffs[i] - returns) < 2)
