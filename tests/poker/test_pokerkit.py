"""Random hands against PokerKit (house "tda"): every decision and every payoff.

Where rules.md says that PokerKit differs:
- Short all-ins. PokerKit lets all who have acted raise again once short all-ins in a row add up to a full
  raise, also those who called some of them; and while nobody has made a full raise it measures by the
  first short one, not by the big blind (so a limper may raise again). Here each seat needs a full raise
  since it acted. Such decisions are recognised by a second reading of the rule, and where PokerKit's
  hand goes on with that raise, the rest of the hand is left out.
- PokerKit offers no raise when no opponent can match more, even if one has chips; here he has to be
  all-in. Recognised, and never played.
- PokerKit asks a big blind whose last opponent is all-in for less; here nobody has a choice left.
- Odd chips: all amounts are multiples of 2520, so that pots split evenly among up to ten.
- Short big blinds and straddles are not played.
"""

import random
import warnings
from dataclasses import dataclass, field

import jax
import numpy as np
import pytest

from pokerjax import poker

UNIT = 2520  # chips; the small blind
BIG_BLIND = 2 * UNIT
NUM_STEPS = 64


@dataclass
class Decision:
    """What PokerKit says at one decision."""

    actor: int
    street: int
    call_amount: int
    min_raise_to: int | None  # None: no raise
    max_raise_to: int | None


@dataclass
class Game:
    """A PokerKit hand, and the same hand as `replay` takes it."""

    recorded: object
    decisions: list = field(default_factory=list)
    payoffs: list = field(default_factory=list)


def choose(rng, seen):
    """Return a random legal action: mostly calls, a third of the raises all-in, a third the least."""
    roll = rng.random()
    if roll < 0.12 and seen.call_amount > 0:
        return poker.FOLD
    if roll < 0.65 or seen.min_raise_to is None:
        return poker.CALL
    between = rng.randint(seen.min_raise_to // UNIT, seen.max_raise_to // UNIT) * UNIT
    return rng.choice([seen.min_raise_to, between, seen.max_raise_to])


def play_pokerkit(pokerkit, rng, recorded_hand, num_players, dead_antes):
    """Play one random hand in PokerKit."""
    big_blind_seat = 0 if num_players == 2 else 1
    ante = rng.choice([0, 0, UNIT])
    antes = [ante] * num_players
    if dead_antes:
        antes = [BIG_BLIND * (seat == big_blind_seat) for seat in range(num_players)]
    depth = rng.choice([6, 20, 60])
    stacks = [rng.randint(1, depth) * UNIT for _ in range(num_players)]
    stacks[big_blind_seat] += antes[big_blind_seat] + BIG_BLIND
    blinds = [BIG_BLIND, UNIT] if num_players == 2 else [UNIT, BIG_BLIND] + [0] * (num_players - 2)

    state = pokerkit.NoLimitTexasHoldem.create_state(
        tuple(pokerkit.Automation),
        not dead_antes,
        tuple(reversed(antes)) if num_players == 2 else tuple(antes),  # heads-up it turns antes and blinds
        (UNIT, BIG_BLIND),
        BIG_BLIND,
        tuple(stacks),
        num_players,
    )
    hole = [[] for _ in range(num_players)]
    for operation in state.operations:  # state.hole_cards forgets what was mucked
        if isinstance(operation, pokerkit.HoleDealing):
            hole[operation.player_index].extend(poker.card(repr(card)) for card in operation.cards)
    game = Game(recorded_hand(stacks, blinds, antes, BIG_BLIND, hole, board=[]))
    while state.status:
        seen = Decision(
            state.actor_index,
            state.street_index,
            state.checking_or_calling_amount,
            state.min_completion_betting_or_raising_to_amount,
            state.max_completion_betting_or_raising_to_amount,
        )
        action = choose(rng, seen)
        if action == poker.FOLD:
            state.fold()
        elif action == poker.CALL:
            state.check_or_call()
        else:
            state.complete_bet_or_raise_to(action)
        game.decisions.append(seen)
        game.recorded.actions.append(action)
    game.recorded.board.extend(poker.card(repr(card)) for cards in state.board_cards for card in cards)
    game.payoffs = list(state.payoffs)
    return game


def reopened(game, t):
    """Say, from the recorded actions alone, whether the actor faces a full raise since he acted."""
    me, street = game.decisions[t].actor, game.decisions[t].street
    full_raise, since, acted = BIG_BLIND, 0, False
    level = BIG_BLIND if street == 0 else 0
    for seen, action in zip(game.decisions[:t], game.recorded.actions[:t], strict=True):
        if seen.street != street:
            continue
        raised = max(action - level, 0)
        level += raised
        full_raise = max(full_raise, raised)
        acted = acted or seen.actor == me
        since = 0 if seen.actor == me else since + raised
    return not acted or since >= full_raise


def assert_agree(game, final, before, legal):
    """Compare one hand. Return how many of its decisions PokerKit is known to see otherwise."""
    known = 0
    for t, (seen, action) in enumerate(zip(game.decisions, game.recorded.actions, strict=True)):
        at = (t, game)
        if before.done[t]:
            assert (seen.call_amount, seen.min_raise_to) == (0, None), at
            known += 1
            continue
        assert (before.actor[t], before.street[t]) == (seen.actor, seen.street), at
        assert legal.call_amount[t] == seen.call_amount, at
        assert legal.fold[t] == (seen.call_amount > 0), at
        if legal.raises[t] == (seen.min_raise_to is not None):
            if legal.raises[t]:
                assert (legal.min_raise_to[t], legal.max_raise_to[t]) == (
                    seen.min_raise_to,
                    seen.max_raise_to,
                ), at
            continue
        known += 1
        rivals = ~before.folded[t] & (np.arange(len(before.bets[t])) != seen.actor)
        if legal.raises[t]:
            assert not np.any(rivals & (before.bets[t] + before.stacks[t] > before.level[t])), at
            continue
        assert not reopened(game, t), at
        if action > 0:
            return known
    assert final.done, game
    assert final.payoffs.tolist() == game.payoffs, game
    return known


def compare(replay, num_hands, sizes, dead_antes, seed):
    pokerkit = pytest.importorskip("pokerkit")
    random.seed(seed)  # PokerKit shuffles with the global generator
    rng = random.Random(seed)
    for num_players in sizes:
        rules = poker.no_limit_holdem(num_players, dead_antes=dead_antes)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PokerKit warns of short all-ins and the like
            games = [
                play_pokerkit(pokerkit, rng, replay.RecordedHand, num_players, dead_antes)
                for _ in range(num_hands)
            ]
        assert max(len(game.decisions) for game in games) < NUM_STEPS
        final, before, legal = replay(rules, [game.recorded for game in games], NUM_STEPS)
        known = 0
        for i, game in enumerate(games):
            row = jax.tree.map(lambda x, i=i: x[i], (final, before, legal))
            known += assert_agree(game, *row)
        assert known < 0.05 * sum(len(game.decisions) for game in games)


@pytest.mark.parametrize(("num_players", "dead_antes"), [(2, False), (5, False), (6, True)])
def test_random_hands(replay, num_players, dead_antes):
    compare(replay, 120, [num_players], dead_antes, seed=num_players)


@pytest.mark.slow
@pytest.mark.parametrize("dead_antes", [False, True])
def test_ten_thousand_random_hands(replay, dead_antes):
    compare(replay, 700, range(2, 10), dead_antes, seed=100)
