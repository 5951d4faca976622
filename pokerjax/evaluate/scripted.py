"""Scripted players: fixed ways to play, to measure an agent against.

A scripted player is a pure, unbatched function `(layout, decision, key) -> action`, an engine action in chips.
It is given a `Decision`, which is what the seat legally sees (its token, what it may do) and no more, so none
can look at a hidden card. Every raise is a share of the pot, as in the action menu, and the engine moves it
into the legal bounds. Thresholds for hole cards are points of Bill Chen's formula.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from pokerjax import poker
from pokerjax.config import UserError
from pokerjax.env import menu, tokens
from pokerjax.env.tables import Decision
from pokerjax.evaluate.equity import equity

Script = Callable[[tokens.Layout, Decision, jax.Array], jax.Array]

SAMPLES = 24  # completions from which `pot_odds` estimates its equity
RAISE = 0.75  # what the playing styles bet and raise, in pots
NOTHING, PAIR, TOP_PAIR, STRONG = range(4)  # what the own cards made of the board


def random(layout: tokens.Layout, decision: Decision, key: jax.Array) -> jax.Array:
    """Take any entry of the menu that is on offer, each with the same probability."""
    entry = jax.random.categorical(key, jnp.where(decision.mask, 0.0, -jnp.inf))
    return menu.choose(decision.amounts, entry)


def always_call(layout: tokens.Layout, decision: Decision, key: jax.Array) -> jax.Array:
    """Check or call, whatever happens."""
    return jnp.int32(poker.CALL)


def always_all_in(layout: tokens.Layout, decision: Decision, key: jax.Array) -> jax.Array:
    """Put everything in at once; call where no raise is allowed."""
    return _raise_to(decision, decision.legal.max_raise_to)


def tight_aggressive(layout: tokens.Layout, decision: Decision, key: jax.Array) -> jax.Array:
    """Play 24 % of the hands, by raising, and go on betting while they hit.

    Before the flop (Chen points): unraised, raise from 6 (24 % of hands). Facing a raise to at most 5 big
    blinds, raise from 10 (4 %) and call from 8 (10 %); facing more, raise from 12 (2 %) and call from 10.
    After it: with two pair of its own or better, bet and raise. With top pair or an overpair, bet, and call
    bets of up to the pot. With a lower pair, bet, and call up to half the pot. Otherwise check or fold.
    Bets and raises are three quarters of the pot.
    """
    preflop, postflop = ((6, 6), (8, 10), (10, 12)), (0.0, 0.5, 1.0)
    return _styled(layout, decision, preflop, bet_from=PAIR, calls_up_to=postflop)


def rock(layout: tokens.Layout, decision: Decision, key: jax.Array) -> jax.Array:
    """Wait for premium hands and give up when they miss.

    Before the flop (Chen points): unraised, raise from 9 (7 % of hands) and call from 8 (10 %). Facing a
    raise to at most 5 big blinds, raise from 12 (2 %) and call from 9 (7 %); facing more, raise from 14
    (queens or better) and call from 12. After it: with two pair of its own or better, bet and raise. With top
    pair or an overpair, bet, and call bets of up to half the pot. Otherwise check or fold. Bets and raises
    are three quarters of the pot.
    """
    preflop, postflop = ((8, 9), (9, 12), (12, 14)), (0.0, 0.0, 0.5)
    return _styled(layout, decision, preflop, bet_from=TOP_PAIR, calls_up_to=postflop)


def pot_odds(layout: tokens.Layout, decision: Decision, key: jax.Array) -> jax.Array:
    """Play by equity against random hands: call when it exceeds the pot odds, raise when far ahead.

    The equity is that of the own cards in 24 random completions of the board and of the other hands still in.
    Bet or raise the pot when it is at least 1.4 times an even share (heads-up: 70 %), call when it is at
    least call / (pot + call), otherwise fold. Its weakness: it takes a raiser's hand for a random one.
    """
    fields = layout.split(decision.token)
    share = equity(fields, key, samples=SAMPLES)
    live = 1 + jnp.sum(fields["folded"][1:] == 0)
    call = decision.legal.call_amount
    odds = call / jnp.maximum(fields["pot"] + call, 1)
    raised = _raise_to(decision, _pot_share(fields, 1.0))
    return jnp.where(share * live >= 1.4, raised, jnp.where(share >= odds, poker.CALL, _give_up(decision)))


_SCRIPTS = (random, always_call, always_all_in, tight_aggressive, rock, pot_odds)
SCRIPTED: dict[str, Script] = {script.__name__: script for script in _SCRIPTS}


def find(name: str) -> Script:
    """The scripted player of that name. Raises `UserError` with the nearest spelling."""
    if name not in SCRIPTED:
        close = difflib.get_close_matches(name, SCRIPTED, n=1, cutoff=0.5)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(SCRIPTED)}."
        raise UserError(f"There is no scripted player {name}; {hint}")
    return SCRIPTED[name]


def chen_points(high: jax.Array, low: jax.Array) -> jax.Array:
    """Twice the points of Bill Chen's formula for hole cards high >= low, so that halves are whole (int32).

    In points: AA 20, AKs 12, JTs 9, 72o -1.5.
    """
    top, bottom, suited = high // 4, low // 4, high % 4 == low % 4
    points = jnp.select([top == 12, top == 11, top == 10, top == 9], [20, 16, 14, 12], top + 2)
    gap = top - bottom - 1
    close = jnp.where((gap <= 1) & (top < 10), 2, 0)  # may make a straight above both cards
    penalty = jnp.select([gap <= 0, gap == 1, gap == 2, gap == 3], [0, 2, 4, 8], 10)
    unpaired = points - penalty + close + jnp.where(suited, 4, 0)
    return jnp.where(top == bottom, jnp.maximum(2 * points, 10), unpaired)


def made_hand(hole: jax.Array, board: jax.Array) -> jax.Array:
    """What two hole cards int32[2] make of a board int32[5]: NOTHING, PAIR, TOP_PAIR (or overpair) or STRONG.

    Only what the own cards add counts: with a pair on the board, another pair is a PAIR and not two pair.
    """
    own = poker.category(poker.strength(jnp.concatenate([hole, board])))
    added = own - poker.category(poker.strength(board))
    ranks, board_ranks = hole // 4, jnp.where(board >= 0, board // 4, -1)
    pocket_pair = ranks[0] == ranks[1]
    paired = jnp.where(pocket_pair | jnp.any(ranks[:, None] == board_ranks, axis=1), ranks, -1)
    pair = jnp.where(jnp.max(paired) >= jnp.max(board_ranks), TOP_PAIR, PAIR)
    strong = ((own >= 3) & (added >= 1)) | ((own == 2) & (added == 2))
    return jnp.where(strong, STRONG, jnp.where((own <= 2) & (added == 1), pair, NOTHING))


class _Wish(NamedTuple):
    """Which of raise and call a style wants; else it gives up."""

    raises: jax.Array
    calls: jax.Array


def _styled(layout, decision: Decision, preflop, *, bet_from: int, calls_up_to) -> jax.Array:
    """Play by thresholds: those of `_before_flop` and `_after_flop`."""
    fields = layout.split(decision.token)
    before, after = _before_flop(fields, preflop), _after_flop(fields, bet_from, calls_up_to)
    is_preflop = fields["street"] == 0
    raises = jnp.where(is_preflop, before.raises, after.raises)
    calls = jnp.where(is_preflop, before.calls, after.calls)
    raised = _raise_to(decision, _pot_share(fields, RAISE))
    return jnp.where(raises, raised, jnp.where(calls, poker.CALL, _give_up(decision)))


def _before_flop(fields: dict[str, jax.Array], thresholds) -> _Wish:
    """(call from, raise from) in Chen points, for an unraised pot, one small raise, and more."""
    points = chen_points(fields["hole_high"], fields["hole_low"])
    level, big_blind = jnp.max(fields["bets"]), fields["big_blind"]
    rows = jnp.array(thresholds)
    raised = jnp.where(level <= 5 * big_blind, rows[1], rows[2])
    call_from, raise_from = jnp.where(level <= big_blind, rows[0], raised)
    return _Wish(raises=points >= 2 * raise_from, calls=points >= 2 * call_from)


def _after_flop(fields: dict[str, jax.Array], bet_from: int, calls_up_to) -> _Wish:
    """Bet from a made hand on, raise if STRONG, and call bets up to a share of the pot by made hand."""
    hole = jnp.stack([fields["hole_high"], fields["hole_low"]])
    made = made_hand(hole, jnp.stack([fields[f"board_{i}"] for i in range(5)]))
    call = fields["call_amount"]
    limit = jnp.select([made == NOTHING, made == PAIR], calls_up_to[:2], calls_up_to[2])
    calls = call <= limit * (fields["pot"] - call)  # the pot before a bet of `call`
    return _Wish(raises=(made == STRONG) | ((made >= bet_from) & (call == 0)), calls=calls)


def _pot_share(fields: dict[str, jax.Array], share: float) -> jax.Array:
    """Where a raise by this share of the pot (with the call in it) leads to, in chips."""
    call = fields["call_amount"]
    return fields["bets"][0] + call + jnp.round(share * (fields["pot"] + call)).astype(jnp.int32)


def _raise_to(decision: Decision, amount: jax.Array) -> jax.Array:
    """Raise where the menu offers all-in, so the hand is not near its decision limit either; else call."""
    return jnp.where(decision.mask[-1], amount, poker.CALL)


def _give_up(decision: Decision) -> jax.Array:
    return jnp.where(decision.legal.fold, poker.FOLD, poker.CALL)
