"""By which last bets does one agent win from another? Made for exploiters: it says where their target leaks.

    python docs/studies/where_it_wins.py HANDS AGENT OPPONENT

Heads-up at 100 big blinds. Every hand falls under its last bet or raise: whose it was, on which street, whether it was
at most the pot, more or all-in, and whether a fold or a showdown followed; hands without a bet are two more lines. The
lines add up to the result; those that matter most come first. Against itself an agent shows what it would be without an
exploiter. HANDS is rounded up to a multiple of 4,096; 16,384 hands took 35 seconds on one core with agents of 400 k
parameters.
"""

from __future__ import annotations

import sys
from collections import defaultdict

import jax
import numpy as np

from pokerjax import device, poker
from pokerjax.evaluate import load, seat
from pokerjax.evaluate.hands import sample_hands

BATCH = 4_096  # hands at a time
STREETS = ("before the flop", "flop", "turn", "river")


def main() -> None:
    """Print a line a kind of last bet, with its share of the hands and what it brings in bb/100."""
    device.use_compilation_cache()
    hands = int(sys.argv[1])
    agent, opponent = (seat(load(path), 2, 100.0) for path in sys.argv[2:4])
    won = defaultdict(list)
    for batch in range(-(-hands // BATCH)):
        played = sample_hands(
            agent.player, agent.params, jax.random.key(batch), hands=BATCH,
            opponent=opponent.player, opponent_params=opponent.params,
        )  # fmt: skip
        for number, hand in enumerate(played):
            own = number % 2
            won[last_bet(hand, own)].append((hand.finishing_stacks[own] - hand.stacks[own]) / hand.big_blind)
    count = sum(map(len, won.values()))
    print(f"{100 * sum(map(sum, won.values())) / count:+.0f} bb/100 in {count:,} hands")
    for kind, results in sorted(won.items(), key=lambda item: -abs(sum(item[1]))):
        share, mean = len(results) / count, np.mean(results)
        print(f"{kind:48} {share:7.2%} of the hands   {mean:+7.2f} bb each   {100 * share * mean:+7.1f} bb/100")


def last_bet(hand: poker.Hand, own: int) -> str:
    """The last bet or raise of a heads-up hand and how it ended after that, in words; `own` is the agent's seat."""
    put, street_bets, street, last = list(hand.blinds), list(hand.blinds), 0, "no bet"
    for action, actor, on in zip(hand.actions, hand.actors, hand.streets, strict=True):
        if on != street:
            street, street_bets = on, [0, 0]
        to_call = max(street_bets) - street_bets[actor]
        if action > 0:
            share = (action - street_bets[actor] - to_call) / (sum(put) + to_call)
            put[actor] += action - street_bets[actor]
            street_bets[actor] = action
            size = "all-in" if put[actor] == hand.stacks[actor] else "up to the pot" if share < 1.05 else "over the pot"
            last = f"{'own' if actor == own else 'theirs'}, {STREETS[on]}, {size}"
        elif action == poker.CALL:
            put[actor] += to_call
            street_bets[actor] += to_call
    return f"{last}, {'fold' if hand.actions[-1] == poker.FOLD else 'showdown'}"


if __name__ == "__main__":
    main()
