"""Replay of 17,012 no-limit hands that others recorded or dealt: humans, Pluribus, the ACPC dealer."""

import gzip
import json
import os
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from pokerjax import poker

FOLDER = Path(os.environ.get("POKERJAX_HANDS", Path(__file__).parents[3] / "shared" / "hands"))
NUM_STEPS = 32  # the longest recorded hand has 28 actions


def _load(name):
    path = FOLDER / f"{name}.jsonl.gz"
    if not path.exists():
        pytest.skip(f"{path} is absent: set POKERJAX_HANDS to the folder of recorded hands to replay them.")
    with gzip.open(path, "rt") as lines:
        return [json.loads(line) for line in lines]


def _recorded(replay, hand):
    """Return a RecordedHand. Seats whose cards are unknown never reach a showdown."""
    names = {"f": lambda _: poker.FOLD, "c": lambda _: poker.CALL, "r": lambda amount: amount}
    return replay.RecordedHand(
        stacks=hand["stacks"],
        blinds=hand["blinds"],
        antes=hand["antes"],
        big_blind=hand["bb"],
        hole=[None if pair is None else [poker.card(c) for c in pair] for pair in hand["hole"]],
        board=[poker.card(c) for c in hand["board"]],
        actions=[names[kind](amount) for _, _, kind, amount in hand["actions"]],
    )


@pytest.mark.parametrize("name", ["pluribus", "phh_televised", "acpc_logs", "acpc_dealer_generated"])
def test_recorded_hands_are_legal_and_pay_what_was_paid(replay, name):
    groups = defaultdict(list)
    for hand in _load(name):
        groups[poker.Rules(hand["n"], house=hand["rules"], dead_antes=hand["ante_mode"] == "dead")].append(
            hand
        )

    for rules, hands in groups.items():
        final, before, legal = replay(rules, [_recorded(replay, hand) for hand in hands], NUM_STEPS)
        for i, hand in enumerate(hands):
            for t, (street, seat, kind, amount) in enumerate(hand["actions"]):
                at = (hand["id"], t)
                assert not before.done[i, t], at
                assert (before.actor[i, t], before.street[i, t]) == (seat, street), at
                if kind == "c":
                    assert before.bets[i, t, seat] + legal.call_amount[i, t] == amount, at
                elif kind == "r":
                    assert legal.raises[i, t], at
                    assert legal.min_raise_to[i, t] <= amount <= legal.max_raise_to[i, t], at
                else:
                    assert legal.fold[i, t] or "fold_free" in hand["flags"], at
            assert final.done[i], hand["id"]
            if len(hand["actions"]) < NUM_STEPS:
                assert before.done[i, len(hand["actions"])], hand["id"]
            np.testing.assert_array_equal(final.stacks[i], hand["final"], err_msg=hand["id"])
            np.testing.assert_array_equal(final.payoffs[i], hand["payoff"], err_msg=hand["id"])
