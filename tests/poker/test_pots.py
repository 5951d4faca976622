"""Settlement: hands worked out on paper, then a slow settlement that deals with one chip at a time."""

import jax
import numpy as np
import pytest

from pokerjax.poker.pots import _divide, settle


@pytest.mark.parametrize(
    ("contributed", "dead", "live", "strengths", "winnings"),
    [
        ([100, 100], 0, [1, 1], [5, 3], [200, 0]),
        ([100, 100], 0, [1, 1], [5, 5], [100, 100]),
        ([100, 40], 0, [1, 1], [3, 5], [60, 80]),  # uncalled 60 returned
        ([50, 100, 300, 300], 0, [1, 1, 1, 1], [9, 7, 5, 5], [200, 150, 200, 200]),
        ([1, 10, 10, 10], 0, [0, 1, 1, 1], [9, 5, 5, 5], [0, 11, 10, 10]),  # one odd chip
        ([0, 10, 10], 5, [1, 1, 1], [9, 5, 3], [5, 20, 0]),  # all-in with the dead ante only
        ([30, 100, 0], 0, [1, 0, 0], [1, 9, 9], [130, 0, 0]),  # the folded seat had put in more
    ],
)
def test_literal_pots(contributed, dead, live, strengths, winnings):
    found = settle(np.array(contributed), np.int32(dead), np.array(live, bool), np.array(strengths))
    assert [int(chips) for chips in found] == winnings


def slow_settle(contributed, dead, live, strengths):
    """Put each chip into the pot of the live seats that matched it, then split pot by pot."""
    live_seats = [seat for seat in range(len(live)) if live[seat]]
    main, pots = tuple(live_seats), {}
    pots[main] = dead
    for seat_chips in contributed:
        contenders = main
        for chip in range(seat_chips):
            contenders = tuple(s for s in live_seats if contributed[s] > chip) or contenders
            pots[contenders] = pots.get(contenders, 0) + 1
    winnings = [0] * len(live)
    for contenders, chips in pots.items():
        best = max(strengths[seat] for seat in contenders)
        winners = [seat for seat in contenders if strengths[seat] == best]
        for i, seat in enumerate(winners):
            winnings[seat] += chips // len(winners) + (i < chips % len(winners))
    return winnings


@pytest.mark.parametrize("num_players", [2, 5, 10])
def test_against_a_slow_settlement(num_players):
    rng = np.random.default_rng(num_players)
    shape = 300, num_players
    contributed = rng.integers(0, 12, shape).astype(np.int32)
    live = rng.random(shape) < 0.7
    live[~live.any(axis=1), 0] = True
    strengths = rng.integers(0, 3, shape).astype(np.int32)
    dead = np.where(contributed.min(axis=1) > 0, rng.integers(0, 4, 300), 0).astype(np.int32)
    found = np.stack(jax.jit(settle)(list(contributed.T), dead, list(live.T), list(strengths.T)), axis=1)
    for row, hand in zip(found, zip(contributed, dead, live, strengths, strict=True), strict=True):
        assert row.tolist() == slow_settle(*(x.tolist() for x in hand)), hand
    np.testing.assert_array_equal(found.sum(axis=1), contributed.sum(axis=1) + dead)


def test_division_without_integer_division():
    rng = np.random.default_rng(0)
    chips = np.concatenate([rng.integers(0, 2**30 + 1, 20_000), np.arange(2000), 2**30 - np.arange(2000)])
    for ways in range(1, 11):
        near = chips // ways * ways  # where the quotient steps
        for amount in (chips, near, np.maximum(near - 1, 0)):
            quotient, remainder = jax.jit(_divide)(amount.astype(np.int32), np.int32(ways))
            np.testing.assert_array_equal(quotient, amount // ways)
            np.testing.assert_array_equal(remainder, amount % ways)
