"""Against PokerKit (house "tda"): random hands of hold'em, and the whole trees of Kuhn poker and Leduc hold'em.

Where rules.md says that PokerKit differs, a second reading of the rule (`oracles.second_reading`) takes its place,
for a reason that has to be named:
- Short all-ins. PokerKit lets all who have acted raise again once short all-ins in a row add up to a full raise,
  also those who called some of them; and while nobody has made a full raise it measures by the first short one,
  not by the big blind (so a limper may raise again). Here each seat needs a full raise since it acted.
  It also forgets those that have made up a full raise when a further short all-in follows, and then lets the
  first raiser only call.
- Fixed limit. An all-in of at least half a bet stands for a whole one here, one of less may be completed;
  PokerKit knows no half bets, adds the next bet on top of any all-in and counts each towards the cap.
- PokerKit offers no raise when no opponent can match more, even if one has chips; here he has to be all-in.
- PokerKit asks a seat that owes nothing when its last opponent is all-in for less; here nobody has a choice left.
No hand goes on with an action that only one of the two allows. Not played: odd chips (all amounts are multiples of
2520, so that pots split evenly among up to ten), short big blinds, straddles.
"""

from itertools import permutations

import oracles
import pytest

from pokerjax import poker

HANDS = 120


@pytest.mark.parametrize(
    "rules",
    [
        poker.no_limit_holdem(2),
        poker.no_limit_holdem(6, dead_antes=True),
        poker.pot_limit_holdem(3),
        poker.limit_holdem(3),
    ],
    ids=lambda rules: f"{rules.betting} {rules.num_players}",
)
def test_random_hands(rules):
    pokerkit = pytest.importorskip("pokerkit")
    tally = oracles.compare(rules, oracles.random_pokerkit(pokerkit, rules, HANDS, seed=rules.num_players))
    assert tally.odd_chips == 0
    assert tally.known.total() < 0.05 * tally.decisions


def test_kuhn_tree():
    pokerkit = pytest.importorskip("pokerkit")
    deals = [[(rank, 1) for rank in ranks] for ranks in permutations(range(3), 2)]
    _compare_tree(pokerkit, pokerkit.KuhnPoker, poker.kuhn(), deals, hands_a_deal=5)


@pytest.mark.parametrize("step", [8, pytest.param(1, marks=pytest.mark.slow)])
def test_leduc_tree(step):
    pokerkit = pytest.importorskip("pokerkit")
    deals = list(permutations([(rank, suit) for rank in range(3) for suit in range(2)], 3))[::step]
    _compare_tree(pokerkit, pokerkit.LeducHoldem, poker.leduc(), deals, hands_a_deal=49)


def _compare_tree(pokerkit, game, rules, deals, hands_a_deal):
    by_hand = ("HOLE_DEALING", "BOARD_DEALING", "CARD_BURNING")
    automations = tuple(a for a in pokerkit.Automation if a.name not in by_hand)
    hands = oracles.pokerkit_tree(rules, lambda: game.create_state(automations), deals)
    assert len(hands) == hands_a_deal * len(deals)
    tally = oracles.compare(rules, hands)
    assert (tally.odd_chips, tally.known.total()) == (0, 0)
