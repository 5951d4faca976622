"""Local best response: a player that knows the agent's strategy and looks one action ahead.

Lisý and Bowling, "Equilibrium Approximation Quality of Current No-Limit Poker Bots" (arXiv:1612.07547). It keeps
the agent's range exactly, by Bayes from the agent's own probabilities, and takes the action that is best if both
then check and call to the end. What it wins is a lower bound on what a best response would win, however well or
badly it decides: it needs no property of the rule but that it uses nothing hidden.

Why the range is right. Cards are dealt uniformly. Given its own two cards, the visible board and the public
actions, the agent holds h with probability proportional to the product of the agent's probabilities of its own
actions with h (its *reach*), over all h without a known card: the prior is uniform there, the board that is visible
is equally likely with each such h, and the player's own actions depend on h through nothing but what is public.

The rule. With pot P (all chips put in), `asked` A to call and equity w against the range, calling is worth
w P - (1 - w) A against 0 for folding. A raise that puts in S on top of the call is worth
f P + (1 - f)(w' (P + S) - (1 - w')(A + S)), with f the probability that the agent folds to it and w' the equity
against the hands that do not. All of it is computed here for all hands of the player at once. Axes: H hands, of the
player in rows and of the agent in columns of matrices; N hands of the agent that answer raises, K raises. Unbatched.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

from pokerjax.env import menu, tables
from pokerjax.env.tables import Decision, Table
from pokerjax.evaluate.range_policy import RangePolicy
from pokerjax.evaluate.ranges import HANDS

Sizes = tuple[float, ...] | None
FOLD_CALL = ()
POT_ALL_IN = (1.0,)
MOST_TOGETHER = 20  # raises whose answers are asked for at once
FIFTY_SIX = tuple(0.05 * 1.15**k for k in range(56))


@dataclasses.dataclass(frozen=True)
class Setting:
    """What the player may do on each street."""

    name: str
    sizes: tuple[Sizes, Sizes, Sizes, Sizes]
    """By street: None, check and call; (), fold and call by the rule; otherwise also raises of these fractions of
    the pot (with the call in it) and all-in."""
    answers: int | None = None
    """Hands of the range that are asked for their answers to raises short of all-in; None, all of them.

    With N they are drawn by systematic sampling from the range in order of equity, so f and w' are unbiased
    and vary little. It makes the player's choice a little worse and leaves the result as honest as it is.
    """


SETTINGS = (
    Setting("fc 1-4", (FOLD_CALL, FOLD_CALL, FOLD_CALL, FOLD_CALL)),
    Setting("fcpa 3-4", (None, None, POT_ALL_IN, POT_ALL_IN)),
    Setting("56bets 3-4", (None, None, FIFTY_SIX, FIFTY_SIX), answers=64),
    Setting("56bets 2", (None, FIFTY_SIX, FOLD_CALL, FOLD_CALL), answers=64),
)
"""The four settings of DeepStack's table of local best responses (Moravčík et al., arXiv:1701.01724, supplement), as
far as we know them (docs/evaluation.md has the sources). They are named by actions and rounds: fold and call
everywhere; fold, call, pot and all-in on turn and river; 56 sizes, 0.05 x 1.15^k of the pot, and all-in on turn and
river; the same on the flop, then fold and call. Streets that are not named are checked and called."""


def needs_rule(sizes: Sizes, asked: jax.Array) -> jax.Array:
    """Whether the rule has anything to weigh. Without raises, a check that is free is never worse than folding."""
    if sizes is None:
        return jnp.zeros(asked.shape, bool)
    return jnp.ones(asked.shape, bool) if sizes else asked > 0


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Ranges:
    """What both may hold at one table."""

    hands: jax.Array  # int32[H, 2]
    reach: jax.Array  # float32[H], of the agent; 0 for hands that are not possible
    weights: jax.Array  # float32[H], of the player; 0 for hands that are not possible or would not be here
    compatible: jax.Array  # float32[H, H], 1 where both can be held at once
    equity: jax.Array  # float32[H, H], of the player's hand against the agent's, 0 where not compatible
    memory: Any  # the policy's, of the decisions so far, with each hand


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Stake:
    """What the rule counts with, float32 in chips."""

    pot: jax.Array
    """What there is to win: all chips put in, less what the player could not match."""
    asked: jax.Array
    """What calling costs."""


def stake(table: Table, seat: jax.Array, call_amount: jax.Array) -> Stake:
    """The stake of the player in `seat`."""
    state = table.hand
    unmatched = jnp.maximum(state.contributed[1 - seat] - state.contributed[seat] - call_amount, 0)
    return Stake(pot=(state.pot - unmatched).astype(jnp.float32), asked=call_amount.astype(jnp.float32))


def raise_on_top(table: Table, seat: jax.Array, raise_to: jax.Array, call_amount: jax.Array) -> jax.Array:
    """Chips S, float32[K], that raises to `raise_to` int32[K] put in on top of the call and the agent can match."""
    state = table.hand
    matched = jnp.minimum(raise_to, state.bets[1 - seat] + state.stacks[1 - seat])
    return jnp.maximum(matched - state.bets[seat] - call_amount, 0).astype(jnp.float32)


def call_value(stake: Stake, wins: jax.Array, loses: jax.Array) -> jax.Array:
    """w P - (1 - w) A, float32[H], from the shares (or weights) of the range that each hand beats and loses to."""
    return wins * stake.pot - loses * stake.asked


def raise_value(stake: Stake, on_top: jax.Array, folds: jax.Array, wins: jax.Array, loses: jax.Array) -> jax.Array:
    """f P + (1 - f)(w' (P + S) - (1 - w')(A + S)), float32[H, K].

    `folds`, `wins` and `loses` [H, K] are the shares (or weights) of the range that fold, that call and lose to the
    player's hand, and that call and beat it; `on_top` is [K].
    """
    return folds * stake.pot + wins * (stake.pot + on_top) - loses * (stake.asked + on_top)


def weigh(
    policy: RangePolicy, sizes: tuple[float, ...], answers: int | None,
    params: Any, table: Table, seat: jax.Array, held: Ranges, key: jax.Array,
) -> tuple[jax.Array, jax.Array, jax.Array]:  # fmt: skip
    """The rule at a table that waits for the player in `seat`, for all its hands; `key` is consumed.

    Returns the engine actions int32[2 + K] it weighs (fold, call, raises of these fractions of the pot, all-in),
    their values float32[H, 2 + K] in chips times the weight of the range that is compatible with the hand, -inf for
    what is not on offer, and that weight float32[H]. `answers` is as in `Setting`.
    """
    decision = tables.read(policy.environment, table)
    asked = decision.legal.call_amount
    at_stake = stake(table, seat, asked)
    may_raise = decision.mask[-1]  # all-in, which is not offered near the limit of decisions
    amounts, offered = menu.offer(sizes, table.hand, decision.legal, may_raise)
    total, wins = held.compatible @ held.reach, held.equity @ held.reach
    values = jnp.stack([jnp.zeros_like(total), call_value(at_stake, wins, total - wins)], axis=1)
    if sizes:
        on_top = raise_on_top(table, seat, amounts[2:], asked)
        raised = Raised(policy, params, table, decision, held, at_stake, wins, total)
        if answers is None:
            worth = [raised.worth(None, held.reach, amounts[2:], offered[2:], on_top)]
        else:
            rows, weights = some_hands(held, answers, key), jnp.full((answers,), jnp.sum(held.reach) / answers)
            worth = [raised.worth(rows, weights, amounts[2:-1], offered[2:-1], on_top[:-1]),
                     raised.worth(None, held.reach, amounts[-1:], offered[-1:], on_top[-1:])]  # fmt: skip
        values = jnp.concatenate([values, *worth], axis=1)
    amounts, offered = amounts[: values.shape[1]], offered[: values.shape[1]]
    return amounts, jnp.where(offered, values, -jnp.inf), total


def some_hands(held: Ranges, count: int, key: jax.Array) -> jax.Array:
    """`count` of the agent's hands, int32[count], drawn from its reach by systematic sampling in order of equity."""
    order = jnp.argsort(held.weights @ held.equity)
    steps = jnp.cumsum(held.reach[order])
    points = (jax.random.uniform(key) + jnp.arange(count)) / count * steps[-1]
    places = jnp.searchsorted(steps, points, side="right")
    return order[jnp.minimum(places, order.shape[0] - 1)]


def _of_agent(policy: RangePolicy, held: Ranges, rows: jax.Array) -> Ranges:
    """The columns of some of the agent's hands, and its memory with them."""
    return dataclasses.replace(
        held,
        compatible=held.compatible[:, rows],
        equity=held.equity[:, rows],
        memory=policy.choose(held.memory, rows),
    )


@dataclasses.dataclass(frozen=True)
class Raised:
    """Raises at one decision of the player, weighed by what the agent answers."""

    policy: RangePolicy
    params: Any
    table: Table
    decision: Decision
    held: Ranges
    stake: Stake
    wins: jax.Array  # float32[H], the weight of the range that each hand beats
    total: jax.Array  # float32[H], that it can meet

    def worth(
        self, rows: jax.Array | None, weights: jax.Array, amounts: jax.Array, offered: jax.Array, on_top: jax.Array
    ) -> jax.Array:
        """`raise_value` float32[H, K] of raises to `amounts`, where hands `rows` (None: all) answer for the range.

        `weights` [N] are those hands' shares of it.
        """
        some = self.held if rows is None else _of_agent(self.policy, self.held, rows)
        hands = self.held.hands if rows is None else self.held.hands[rows]
        folding = (weights * self._folds(hands, some.memory, amounts, offered)).T  # [N, K]
        folds, folds_winning = some.compatible @ folding, some.equity @ folding
        loses = self.total - self.wins
        calls_losing, calls_winning = self.wins[:, None] - folds_winning, loses[:, None] - (folds - folds_winning)
        return raise_value(self.stake, on_top, folds, calls_losing, calls_winning)

    def _folds(self, hands: jax.Array, memory: Any, amounts: jax.Array, offered: jax.Array) -> jax.Array:
        """The probability that each of the agent's `hands` [N, 2] folds to each raise [K], float32[K, N]."""
        environment = self.policy.environment

        def to_raise(amount_and_offered: tuple[jax.Array, jax.Array]) -> jax.Array:
            amount, offered = amount_and_offered

            def ask() -> jax.Array:
                after, _ = tables.play(environment, self.table, amount, self.decision.legal)
                answer = tables.read(environment, after)
                return jnp.exp(self.policy.read(self.params, memory, answer.token, answer.mask, hands)[0][:, 0])

            return jax.lax.cond(offered, ask, lambda: jnp.zeros(hands.shape[0]))

        # Several together make matrices of a size that pays, but a remainder would be compiled as a second body.
        most = max(1, min(MOST_TOGETHER, len(HANDS) // hands.shape[0]))
        together = max(number for number in range(1, most + 1) if amounts.shape[0] % number == 0)
        return jax.lax.map(to_raise, (amounts, offered), batch_size=together if together > 1 else None)
