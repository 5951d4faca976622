"""Local best response: a player that knows the agent's strategy and looks one action ahead.

Lisý and Bowling, "Equilibrium Approximation Quality of Current No-Limit Poker Bots" (arXiv:1612.07547). It keeps
the agent's range exactly, by Bayes from the agent's own probabilities, and takes the action that is best if both
then check and call to the end. What it wins is a lower bound on what a best response would win, however well or
badly it decides: it needs no property of the rule but that it uses nothing hidden.

Why the range is right. Cards are dealt uniformly. Given its own two cards, the visible board and the public
actions, the agent holds h with probability proportional to the product of the agent's probabilities of its own
actions with h, over all h without a known card: the prior is uniform there, the board that is visible is equally
likely with each such h, and the player's own actions depend on h through nothing but what is public.

The rule. With pot P (all chips put in), `asked` A to call and equity w against the range, calling is worth
w P - (1 - w) A against 0 for folding. A raise that puts in S on top of the call is worth
f P + (1 - f)(w' (P + S) - (1 - w')(A + S)), with f the probability that the agent folds to it and w' the equity
against the hands that do not. Axes: C tables, H hands of the agent, N of them that answer raises, K raises.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

from pokerjax.env import menu, tables
from pokerjax.env.tables import Table
from pokerjax.evaluate.range_equity import equities, live_hands, preflop_equities, visible_board
from pokerjax.evaluate.range_policy import History, RangePolicy

Sizes = tuple[float, ...] | None
FOLD_CALL: Sizes = ()
POT_ALL_IN: Sizes = (1.0,)
FIFTY_SIX: Sizes = tuple(0.05 * 1.15**k for k in range(56))


@dataclasses.dataclass(frozen=True)
class Setting:
    """What the player may do on each street."""

    name: str
    sizes: tuple[Sizes, Sizes, Sizes, Sizes]
    """By street: None, check and call; (), fold and call by the rule; otherwise also raises of these fractions of
    the pot (with the call in it) and all-in."""
    answers: int | None = None
    """Hands of the range that are asked for their answers to raises; None, all of them.

    With N they are drawn by systematic sampling from the range in order of equity, so f and w' are unbiased
    and vary little. It makes the player's choice a little worse and leaves the result as honest as it is.
    """


SETTINGS = (
    Setting("fc 1-4", (FOLD_CALL, FOLD_CALL, FOLD_CALL, FOLD_CALL)),
    Setting("fcpa 3-4", (None, None, POT_ALL_IN, POT_ALL_IN)),
    Setting("56bets 3-4", (None, None, FIFTY_SIX, FIFTY_SIX), answers=64),
    Setting("56bets 2", (None, FIFTY_SIX, FOLD_CALL, FOLD_CALL), answers=64),
)
"""Four settings after DeepStack's table of local best responses (Moravčík et al., arXiv:1701.01724, supplement). The
table itself could not be read here: the sizes follow a third party's reading of the released logs, the streets our
memory, so compare with published figures with care. They are named by actions and rounds: fold and call everywhere;
fold, call, pot and all-in on turn and river; 56 sizes, 0.05 x 1.15^k of the pot, and all-in on turn and river; the same
on the flop, then fold and call. Streets that are not named are checked and called."""


def needs_rule(sizes: Sizes, asked: jax.Array) -> jax.Array:
    """Whether the rule has anything to weigh. Without raises, a check that is free is never worse than folding."""
    if sizes is None:
        return jnp.zeros(asked.shape, bool)
    return jnp.ones(asked.shape, bool) if sizes else asked > 0


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Range:
    """The agent's range at C tables, as the player in `seat` knows it."""

    hands: jax.Array
    """int32[C, H, 2]"""
    weights: jax.Array
    """float32[C, H], the probability of each hand; rows of sum 1, 0 for hands that are not possible."""
    equity: jax.Array
    """float32[C, H], of the player's hand against it."""
    memory: Any
    """The policy's, of the decisions so far."""


def agents_range(
    policy: RangePolicy, params: Any, table: Table, history: History, seat: jax.Array, key: jax.Array, *, preflop: bool
) -> Range:
    """The range of the agent at tables [C], before the flop or after it, by Bayes; `key` is consumed."""
    hole = jax.vmap(lambda h, s: h[s])(table.hand.hole, seat)
    street = table.hand.street
    board = jax.vmap(visible_board)(table.hand.board, street)
    known = jnp.concatenate([hole, board], axis=1)
    hands, live = jax.vmap(lambda k: live_hands(k, least_known=2 if preflop else 5))(known)
    likelihood, memory = policy.likelihood(params, history, hands)
    weights = jax.nn.softmax(jnp.where(live, likelihood, -jnp.inf), axis=1)

    def one(arguments) -> jax.Array:  # table after table, since a flop alone has a million showdowns
        hole, board, street, hands, key = arguments
        return preflop_equities(hole, hands, key) if preflop else equities(hole, board, street, hands, key)

    keys = jax.random.split(key, hole.shape[0])
    return Range(hands, weights, jax.lax.map(one, (hole, board, street, hands, keys)), memory)


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Stake:
    """What the rule counts with, float32[C] in chips."""

    pot: jax.Array
    """What there is to win: all chips put in, less what the player could not match."""
    asked: jax.Array
    """What calling costs."""


def stake(table: Table, seat: jax.Array, call_amount: jax.Array) -> Stake:
    """The stake of `seat` int32[C] at tables [C]."""
    state = table.hand
    mine, theirs = _both(state.contributed, seat)
    unmatched = jnp.maximum(theirs - mine - call_amount, 0)
    return Stake(pot=(state.pot - unmatched).astype(jnp.float32), asked=call_amount.astype(jnp.float32))


def raise_on_top(table: Table, seat: jax.Array, raise_to: jax.Array, call_amount: jax.Array) -> jax.Array:
    """Chips S, float32[C], that a raise to `raise_to` int32[C] puts in on top of the call and the agent can match."""
    my_bet, their_bet = _both(table.hand.bets, seat)
    _, their_stack = _both(table.hand.stacks, seat)
    matched = jnp.minimum(raise_to, their_bet + their_stack)
    return jnp.maximum(matched - my_bet - call_amount, 0).astype(jnp.float32)


def call_value(stake: Stake, weights: jax.Array, equity: jax.Array) -> jax.Array:
    """w P - (1 - w) A, float32[C], from weights and equities [C, H]."""
    win = jnp.sum(weights * equity, axis=1)
    return win * stake.pot - (1 - win) * stake.asked


def raise_value(stake: Stake, on_top: jax.Array, weights: jax.Array, equity: jax.Array, fold: jax.Array) -> jax.Array:
    """f P + (1 - f)(w' (P + S) - (1 - w')(A + S)), float32[C]; `fold` [C, H] is each hand's probability of folding."""
    folds = jnp.sum(weights * fold, axis=1)
    stays = weights * (1 - fold)
    wins, loses = jnp.sum(stays * equity, axis=1), jnp.sum(stays * (1 - equity), axis=1)
    return folds * stake.pot + wins * (stake.pot + on_top) - loses * (stake.asked + on_top)


def decide(
    policy: RangePolicy, sizes: tuple[float, ...], params: Any, table: Table, seat: jax.Array, held: Range
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """The rule at tables [C] that wait for the player in `seat` int32[C], whose opponent's range is `held`.

    Returns the engine actions int32[C] it takes, those it weighs int32[C, 2 + K] (fold, call, raises of these
    fractions of the pot, all-in) and their values float32[C, 2 + K] in chips, -inf for what is not on offer.
    """
    decision = jax.vmap(lambda t: tables.read(policy.environment, t))(table)
    asked = decision.legal.call_amount
    at_stake = stake(table, seat, asked)
    may_raise = decision.mask[:, -1]  # all-in, which is not offered near the limit of decisions
    offer = jax.vmap(lambda t, may, legal: menu.offer(sizes, t.hand, legal, may))
    amounts, offered = offer(table, may_raise, decision.legal)
    values = jnp.stack([jnp.zeros(seat.shape), call_value(at_stake, held.weights, held.equity)])
    if sizes:
        folds = _answers(policy, params, table, decision, held, amounts[:, 2:], offered[:, 2:])
        on_top = jax.vmap(lambda raise_to: raise_on_top(table, seat, raise_to, asked))(amounts[:, 2:].T)
        each = jax.vmap(lambda more, fold: raise_value(at_stake, more, held.weights, held.equity, fold))
        values = jnp.concatenate([values, each(on_top, folds)])
    amounts, offered = amounts[:, : len(values)], offered[:, : len(values)]
    worth = jnp.where(offered, values.T, -jnp.inf)
    best = jnp.argmax(worth, axis=1)
    return jnp.take_along_axis(amounts, best[:, None], axis=1)[:, 0], amounts, worth


def _answers(policy: RangePolicy, params, table: Table, decision, held: Range, amounts, offered) -> jax.Array:
    """The probability that each hand folds to each raise [C, K], float32[K, C, H]; raise after raise."""
    environment = policy.environment

    def to_raise(amount_and_offered) -> jax.Array:
        amount, offered = amount_and_offered

        def ask() -> jax.Array:
            after, _ = jax.vmap(lambda *x: tables.play(environment, *x))(table, amount, decision.legal)
            answer = jax.vmap(lambda t: tables.read(environment, t))(after)
            return jnp.exp(policy.log_policy(params, held.memory, answer.token, answer.mask, held.hands)[..., 0])

        return jax.lax.cond(jnp.any(offered), ask, lambda: jnp.zeros(held.weights.shape))

    return jax.lax.map(to_raise, (amounts.T, offered.T))


def some_hands(policy: RangePolicy, held: Range, count: int, key: jax.Array) -> Range:
    """`count` hands, each of weight 1 / count, drawn from the range by systematic sampling in order of equity."""
    order = jnp.argsort(held.equity, axis=1)
    steps = jnp.cumsum(jnp.take_along_axis(held.weights, order, axis=1), axis=1)
    start = jax.random.uniform(key, (order.shape[0], 1))
    points = (start + jnp.arange(count)) / count * steps[:, -1:]
    places = jax.vmap(lambda s, p: jnp.searchsorted(s, p, side="right"))(steps, points)
    rows = jnp.take_along_axis(order, jnp.minimum(places, order.shape[1] - 1), axis=1)
    return Range(
        hands=jnp.take_along_axis(held.hands, rows[..., None], axis=1),
        weights=jnp.full(rows.shape, 1 / count),
        equity=jnp.take_along_axis(held.equity, rows, axis=1),
        memory=policy.choose(held.memory, rows),
    )


def expected_payoff(table: Table, seat: jax.Array, held: Range) -> jax.Array:
    """What a showdown pays the player on average over the agent's range, float32[C] in chips, at tables [C].

    Given the player's cards, all five board cards and the public actions, the agent's hand follows the range; so
    this is the payoff's conditional expectation: its mean is the same and the luck of the agent's cards is gone.
    """
    mine, theirs = _both(table.hand.contributed, seat)
    matched = jnp.minimum(mine, theirs).astype(jnp.float32)
    return matched * (2 * jnp.sum(held.weights * held.equity, axis=1) - 1)


def _both(by_seat: jax.Array, seat: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Values [C, 2] of two seats as those of `seat` int32[C] and of the other, each [C]."""
    return jnp.where(seat == 0, by_seat[:, 0], by_seat[:, 1]), jnp.where(seat == 0, by_seat[:, 1], by_seat[:, 0])
