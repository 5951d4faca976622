"""A million random hands against OpenSpiel's dealer and PokerKit, every decision of each.

    python -m pytest -q -m slow tests/poker/test_million_hands.py

Takes 25 minutes at low priority on a busy machine of two cores. Prints a row for each game as it goes: hands and
decisions that agreed, the decisions among them that the oracle is known to see otherwise and why (oracles.py,
rules.md), and the hands whose odd chips OpenSpiel, which pays in fractions, does not pay as we do.
"""

import oracles
import pytest

from pokerjax import poker

BATCH = 2000  # hands played and compared at a time


def _no_limit(num_players, house="acpc", dead_antes=False):
    return poker.no_limit_holdem(num_players, house=house, dead_antes=dead_antes)


def _limit(num_players, house="acpc"):
    return poker.limit_holdem(num_players, house=house)


_CAPPED = poker.Rules(3, house="acpc", max_raises=(2, 1, 0, 3), first_to_act=(1, 2, 0, 1))
_SMALL = poker.Rules(2, "fixed_limit", "acpc", board_cards=(0, 2, 1), num_ranks=6, num_suits=3, raise_sizes=(3, 7, 5))
OPENSPIEL = [
    *[(_no_limit(n), hands) for n, hands in {2: 200, 3: 150, 4: 100, 6: 120, 8: 60, 10: 60}.items()],
    *[(_limit(n), hands) for n, hands in {2: 100, 3: 60, 4: 40}.items()],
    *[(_CAPPED, 14), (_SMALL, 16)],
]
POKERKIT = [
    *[(_no_limit(n, "tda"), hands) for n, hands in {2: 10, 3: 8, 4: 6, 5: 4, 7: 4, 9: 4}.items()],
    *[(_no_limit(n, "tda", dead_antes=True), hands) for n, hands in {6: 4, 8: 2}.items()],
    *[(poker.pot_limit_holdem(n), hands) for n, hands in {2: 6, 3: 6, 6: 4, 9: 2}.items()],
    *[(_limit(n, "tda"), hands) for n, hands in {2: 6, 3: 6, 6: 6, 9: 2}.items()],
]  # thousands of hands


def _openspiel(pyspiel, rules, num_hands, seed):
    return oracles.random_universal(pyspiel, rules, num_hands, games=8, seed=seed)


@pytest.mark.slow
def test_a_million_random_hands(capsys):
    games = [(pytest.importorskip("pokerkit"), oracles.random_pokerkit, *game) for game in POKERKIT]
    games += [(pytest.importorskip("pyspiel"), _openspiel, *game) for game in OPENSPIEL]
    total = oracles.Tally()
    with capsys.disabled():
        print("\noracle    game         players    hands  decisions  odd chips  known to differ")
        for oracle, play, rules, thousands in games:
            tally = oracles.Tally()
            for seed in range(thousands * 1000 // BATCH):
                tally += oracles.compare(rules, play(oracle, rules, BATCH, seed))
            print(_row(oracle.__name__, rules.betting, rules.num_players, tally), flush=True)
            total += tally
        print(_row("all", "", "", total), flush=True)
    assert total.hands == 1_000_000
    assert total.known.total() < 0.01 * total.decisions


def _row(oracle, betting, players, tally):
    known = "; ".join(f"{count} {reason}" for reason, count in tally.known.items())
    return (
        f"{oracle:9} {betting:12} {players:7} {tally.hands:8} {tally.decisions:10} {tally.odd_chips:10}  {known or 0}"
    )
