"""Luck that a match can see, as control variates: numbers with mean zero that move with the result.

Each term below is the surprise in one random event: what an estimate of the hand's value became when the event
was drawn, minus its mean over what could have been drawn. So its mean is zero whatever the estimate is worth, as
in AIVAT (Burch et al., arXiv:1612.06915), and subtracting any fixed multiple of it keeps a result unbiased. How
much to subtract is fitted to the results (`evaluate.estimate`), so the estimate need not be good, only cheap: it is
the equity, the share of the pot that a seat would win if nobody bet any more (`env.allin`). It needs no model,
and all cards, which a match knows.

    deal      equity of the dealt hole cards on the button, minus 1/P, for the agent.
              All cards are drawn alike, so every seat's mean is the same, and the equities sum to one.
    flop, turn, river
              pot x (equity after the cards - equity before), for the agent. The equity before is the mean of the
              equity after over the cards that can come, given all hole cards; the pot and who is in it are fixed
              before they come.
    own and other, before and after the flop: call, bet, size
              f(action taken) - sum over actions a of policy(a) f(a), for the actor. The policy is what the action
              was drawn from; f depends on what was there before the draw.

The equities are themselves means over drawn boards. Their random words are used for nothing else: the terms of the
deal and of the actions have mean zero for every value of them, those of flop, turn and river over words and cards
together, since neither the pot nor the play depends on the words.

Functions are unbatched; amounts are in big blinds. P seats, A actions.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from pokerjax import poker
from pokerjax.env.tables import Table
from pokerjax.evaluate.players import Policy

CHANCE = ("deal", "flop", "turn", "river")
_ACTION = ("preflop call", "preflop bet", "preflop size", "call", "bet", "size")
OWN = tuple(f"own {name}" for name in _ACTION)
OTHER = tuple(f"other {name}" for name in _ACTION)
TERMS = CHANCE + OWN + OTHER


def chance_terms(table: Table, equities: jax.Array, foreseen: jax.Array, turned: jax.Array, agent: jax.Array):
    """The terms `CHANCE` of the cards that came since the last action, float32[4].

    equities: float32[P] of the seats now.
    foreseen: float32[P], what they were after that action and before the cards.
    turned: bool, whether cards of the board came since then.
    agent: int32, its seat.
    """
    players = equities.shape[0]
    deal = jnp.where((table.log.count == 0) & (agent == players - 1), equities[-1] - 1 / players, 0.0)
    change = jnp.sum(jnp.where(jnp.arange(players) == agent, equities - foreseen, 0))
    street = turned & (jnp.arange(1, len(CHANCE)) == table.hand.street)
    return jnp.concatenate([deal[None], jnp.where(street, table.hand.pot / table.hand.min_bet * change, 0)])


def action_terms(
    state: poker.State, legal: poker.Legal, action: jax.Array, policy: Policy, equities: jax.Array
) -> jax.Array:
    """The terms of the actor's draw of `action` (engine action) from its policy [A], float32[6]."""
    mine = jnp.arange(state.bets.shape[0]) == state.actor
    equity = jnp.sum(jnp.where(mine, equities, 0))
    taken = _values(state, legal, action, equity)
    mean = _values(state, legal, policy.amounts, equity) @ policy.probabilities
    surprise = taken - mean / jnp.sum(policy.probabilities)
    preflop = state.street == 0
    return jnp.concatenate([jnp.where(preflop, surprise, 0), jnp.where(preflop, 0, surprise)])


def _values(state: poker.State, legal: poker.Legal, action: jax.Array, equity: jax.Array) -> jax.Array:
    """What an action may be worth to the actor, in three parts, float32[3, ...] for actions int32[...].

    Of a call: its share of the pot less the price. Of a bet: the pot, which it takes if all fold; and its share
    of the pot less the price if one calls it. A fold is worth nothing.
    """
    seats = jnp.arange(state.bets.shape[0])
    pot, call = state.pot, legal.call_amount
    others = (seats != state.actor) & ~state.folded
    deepest = jnp.max(jnp.where(others, state.stacks + state.bets, 0))
    raised = jnp.minimum(action, deepest) - state.level  # more than any other can call comes back
    raises = action > poker.CALL
    called = equity * (pot + call) - call
    bet_called = equity * (pot + call + 2 * raised) - call - raised
    parts = [jnp.where(action == poker.CALL, called, 0), jnp.where(raises, pot, 0), jnp.where(raises, bet_called, 0)]
    return jnp.stack([jnp.broadcast_to(part, action.shape) for part in parts]) / state.min_bet
