"""How an agent plays against itself, in the numbers that players use."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from pokerjax import poker


@dataclasses.dataclass(frozen=True)
class Style:
    """Shares are 0 to 1."""

    hands: int
    vpip: float  # of dealt hands: chips put in before the flop of its own will
    pfr: float  # of dealt hands: raised before the flop
    three_bet: float  # of the chances to raise a raise before the flop
    aggression: float  # bets and raises per call, after the flop
    showdown: float  # of hands that reach one
    continuation: float  # of the flops seen by the last raiser, first to bet: a bet


def measure_style(hands: Sequence[poker.Hand]) -> Style:
    """Count recorded hands, all seats together. Raises ValueError for a hand that is illegal."""
    dealt = vpip = pfr = chances = three_bets = bets = calls = showdowns = flops = continued = 0
    for played in poker.replay_many(hands):
        if played.error is not None:
            raise ValueError(played.error)
        states, legal, actions = played.states, played.legal, played.hand.actions
        entered, raised, raises = set(), set(), 0
        last_raiser, led = poker.NOBODY, False
        for t, chips in enumerate(actions):
            seat, street, owed = int(states.actor[t]), int(states.street[t]), int(legal.call_amount[t])
            if street == 0:
                if chips > 0 or (chips == poker.CALL and owed):
                    entered.add(seat)
                if raises == 1 and seat != last_raiser and legal.raises[t]:
                    chances += 1
                    three_bets += chips > 0
                if chips > 0:
                    raised.add(seat)
                    raises, last_raiser = raises + 1, seat
                continue
            bets += chips > 0
            calls += chips == poker.CALL and owed > 0
            if street == 1 and seat == last_raiser and not led and not owed:
                flops += 1
                continued += chips > 0
                led = True
            led = led or (street == 1 and chips > 0)
        dealt += hands[0].rules.num_players
        vpip, pfr = vpip + len(entered), pfr + len(raised)
        showdowns += np.count_nonzero(~states.folded[-1]) > 1
    return Style(
        hands=len(hands),
        vpip=vpip / dealt,
        pfr=pfr / dealt,
        three_bet=three_bets / max(chances, 1),
        aggression=bets / max(calls, 1),
        showdown=showdowns / len(hands),
        continuation=continued / max(flops, 1),
    )
