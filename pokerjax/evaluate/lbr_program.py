"""The program in which a local best response plays an agent: one line of play, all hands of both at once.

A *line* is a board, a seat for the player and a course of betting. Nobody is dealt a hand: at every decision the
program knows how likely the agent's every hand would have come here (its reach), and which of the player's hands
would be here. What a line is worth is the mean over all pairs of hands, exactly; only the board and the course of
the betting are drawn. That takes the luck of the cards out of the result, and the agent's policy, which is the
expensive part, is asked once for all 1,326 hands of the player and not for each.

Why it is unbiased. At the agent's decisions the hands that fold are paid at once. One of the other actions is drawn,
by its share q of the pairs that go on, and the agent's reach becomes reach x probability / q. At the player's
decisions each hand takes the action that the rule finds best for it. Those that fold are paid, as are those that go
all-in after the flop, whose answers and equities are exact; one of the other actions is drawn, again by its share q of
what goes on, and the hands that take it go on with their weight over q. Both are importance sampling: the mean over
the draw is the sum over the actions. Payments are sums over pairs of hands that the visible board leaves, over the
number of such pairs: when a card is turned up, every pair stays possible with the same probability. Control variates:
for every action that may be drawn, what the player is then worth by a simple reckoning is added, and what it is for
the drawn one, over q, is taken off. The mean of that is zero however good the reckoning is.

Axes: H hands, 1,326 before the flop and the 1,176 that the flop leaves after it; A menu entries; K raises.
"""

from __future__ import annotations

import dataclasses
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp

from pokerjax import poker
from pokerjax.compiler import compiler_options
from pokerjax.env import menu, tables
from pokerjax.env.tables import Decision, Table
from pokerjax.evaluate import lbr_board
from pokerjax.evaluate.lbr_board import FLOP, PAIRS, RIVER, TURN, Board, equity_on, pairs_on, when, work_out
from pokerjax.evaluate.local_best_response import Ranges, Setting, needs_rule, weigh
from pokerjax.evaluate.range_equity import compatible, preflop_matrix
from pokerjax.evaluate.range_policy import CLASS_HANDS, CLASS_NUMBER, RangePolicy
from pokerjax.evaluate.ranges import HANDS

MOST_BOARDS = 64  # of one call


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Line:
    """A line of play between two decisions."""

    table: Table  # the hole cards in it are nobody's
    reach: jax.Array  # float32[H], of the agent's hands
    weights: jax.Array  # float32[H], of the player's hands
    memory: Any  # the policy's, with each of the agent's hands (before the flop: of each class)
    value: jax.Array  # float32: chips that the player has won so far, mean over all pairs of hands
    alive: jax.Array  # bool: some pair goes on
    ended_on: jax.Array  # int32: street of the last action
    decisions: jax.Array  # int32: the agent's so far


@cache
def program(policy: RangePolicy, setting: Setting, size: int):
    """`(params, preflop, key, first, count) -> float32[MOST_BOARDS, 2], bool[MOST_BOARDS]`, for `count` boards.

    The chips won in each seat, and whether the agent's decisions fit a memory of `size`: where they don't, the chips
    mean nothing, and a larger memory plays the same lines. `first` and `count` number the boards and with them
    their deals and draws; `preflop` are the equities before the flop. Compiled once for its arguments.
    """

    def play(params: Any, preflop: jax.Array, key: jax.Array, first: jax.Array, count: jax.Array):
        def one(number: jax.Array, found: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
            player = Player(policy, setting, size, params, preflop)
            values, fits = player.play(jax.random.fold_in(key, first + number))
            return found[0].at[number].set(values), found[1].at[number].set(jnp.all(fits))

        return jax.lax.fori_loop(0, count, one, (jnp.zeros((MOST_BOARDS, 2)), jnp.zeros((MOST_BOARDS,), bool)))

    return jax.jit(play, compiler_options=compiler_options())


def preflop_equities(setting: Setting) -> jax.Array:
    """What `program` wants: nothing, for a setting that only checks and calls before the flop."""
    return preflop_matrix() if setting.sizes[0] is not None else jnp.zeros((0, 0))


@dataclasses.dataclass(frozen=True)
class Player:
    """The program, as functions of what it is called with."""

    policy: RangePolicy
    setting: Setting
    size: int  # of the policy's memory, in decisions
    params: Any
    preflop: jax.Array

    def play(self, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        """What the player wins in each seat, float32[2] chips, one line each; and whether it fits, bool[2]."""
        bits = jax.random.bits(jax.random.fold_in(key, 0), (tables.num_bits(self._environment),))
        deal, stakes = tables.fresh_hand(self._environment, bits)
        table = tables.seat_players(self._environment, deal, stakes, jnp.int32(0))

        def one(board: Board, seat: jax.Array) -> tuple[Board, tuple[jax.Array, jax.Array]]:
            value, board, fits = self.line(jax.random.fold_in(key, 1 + seat), seat, table, board)
            return board, (value, fits)

        return jax.lax.scan(one, lbr_board.board_of(deal.board), jnp.arange(2))[1]

    @property
    def _environment(self):
        return self.policy.environment

    def line(self, key: jax.Array, seat: jax.Array, table: Table, board: Board):
        """The value of one line, the board with what was worked out, and whether the memory was large enough."""
        everything = jnp.ones(len(HANDS))
        line = Line(
            table=table, reach=everything, weights=everything, memory=self.policy.begin(len(CLASS_HANDS), self.size),
            value=jnp.float32(0), alive=jnp.bool(True), ended_on=jnp.int32(0), decisions=jnp.int32(0),
        )  # fmt: skip

        def goes_on(line: Line) -> jax.Array:
            return line.alive & ~line.table.hand.done & (line.decisions < self.size)

        before = partial(self._before_flop, key, seat, board)
        line = jax.lax.while_loop(lambda x: goes_on(x) & (x.table.hand.street == 0), before, line)
        rows = lbr_board.rows_after_flop(board)
        line = dataclasses.replace(
            line,
            reach=line.reach[rows],
            weights=line.weights[rows],
            memory=self.policy.choose(line.memory, jnp.asarray(CLASS_NUMBER)[rows]),
        )
        after = partial(self._after_flop, key, seat)
        line, board = jax.lax.while_loop(lambda x: goes_on(x[0]), after, (line, board))
        shows = line.alive & line.table.hand.done
        line, board = when(shows, _show, (line, board))
        return line.value, board, shows | ~line.alive

    def _before_flop(self, key: jax.Array, seat: jax.Array, board: Board, line: Line) -> Line:
        sizes, hands, number = self.setting.sizes[0], jnp.asarray(HANDS), jnp.asarray(CLASS_NUMBER)
        table, mine = line.table, line.table.hand.actor == seat
        pairs = jnp.float32(PAIRS[0])

        def think(both: tuple[Line, jax.Array]) -> tuple[Line, jax.Array]:
            line, _ = both
            memory = self.policy.choose(line.memory, number)
            held = Ranges(hands, line.reach, line.weights, compatible(hands), self.preflop, memory)
            return self._players_turn(sizes or (), key, seat, held, pairs, line, exact=False)

        def answer(both: tuple[Line, jax.Array]) -> tuple[Line, jax.Array]:
            line, _ = both
            decision = tables.read(self._environment, line.table)
            some = jnp.asarray(CLASS_HANDS)
            log_policy, memory = self.policy.read(self.params, line.memory, decision.token, decision.mask, some)
            facing = lbr_board.sum_compatible(hands, line.weights)
            chances = jnp.exp(log_policy)[number]
            rows, left = lbr_board.rows_after_flop(board), lbr_board.seen(board, jnp.int32(RIVER))
            reach = (line.reach[:, None] * chances)[rows] * left[:, None]
            foreseen = lbr_board.foreseen(
                decision, line.table, seat, line.weights[rows] * left, reach, board.final, board.compatible,
                may_fold=jnp.bool(sizes is not None),
            ) / PAIRS[RIVER]  # fmt: skip
            return self._agents_turn(key, seat, decision, chances, facing, pairs, memory, foreseen, line)

        both = line, jnp.int32(poker.CALL)
        if sizes is not None:
            both = when(mine & needs_rule(sizes, self._asked(table)), think, both)
        return self._act(*when(~mine, answer, both))

    def _after_flop(self, key: jax.Array, seat: jax.Array, both: tuple[Line, Board]) -> tuple[Line, Board]:
        line, board = both
        street, mine, asked = line.table.hand.street, line.table.hand.actor == seat, self._asked(line.table)
        action = jnp.int32(poker.CALL)
        for sizes in dict.fromkeys(self.setting.sizes[FLOP:]):
            if sizes is not None:
                here = jnp.asarray([sizes == some for some in self.setting.sizes])[street]
                thinks = mine & here & needs_rule(sizes, asked)
                for place in (FLOP, TURN):
                    if self.setting.sizes[place] == sizes:
                        board = work_out(board, place, thinks & (street == place))
                think = partial(self._think, sizes, key, seat, board, street)
                line, action = when(thinks, think, (line, action))
        board = work_out(board, TURN, ~mine & (street == TURN))
        answer = partial(self._answer, key, seat, board, street)
        return self._act(*when(~mine, answer, (line, action))), board

    def _think(
        self, sizes: tuple[float, ...], key: jax.Array, seat: jax.Array, board: Board, street: jax.Array,
        both: tuple[Line, jax.Array],
    ) -> tuple[Line, jax.Array]:  # fmt: skip
        line, left = both[0], lbr_board.seen(board, street)
        reach, weights, equity = line.reach * left, line.weights * left, equity_on(board, street)
        held = Ranges(board.hands, reach, weights, board.compatible, equity, line.memory)
        return self._players_turn(sizes, key, seat, held, pairs_on(street), line, exact=True)

    def _answer(
        self, key: jax.Array, seat: jax.Array, board: Board, street: jax.Array, both: tuple[Line, jax.Array]
    ) -> tuple[Line, jax.Array]:
        line, left = both[0], lbr_board.seen(board, street)
        decision = tables.read(self._environment, line.table)
        log_policy, memory = self.policy.read(self.params, line.memory, decision.token, decision.mask, board.hands)
        facing = lbr_board.sum_compatible(board.hands, line.weights * left) * left
        chances = jnp.exp(log_policy)
        rolled = jnp.where(street == TURN, TURN, RIVER)  # what is foreseen on the flop may know the river
        later = lbr_board.seen(board, rolled)
        foreseen = lbr_board.foreseen(
            decision, line.table, seat, line.weights * later, line.reach[:, None] * chances * later[:, None],
            equity_on(board, rolled), board.compatible,
            may_fold=jnp.asarray([x is not None for x in self.setting.sizes])[street],
        ) / pairs_on(rolled)  # fmt: skip
        return self._agents_turn(key, seat, decision, chances, facing, pairs_on(street), memory, foreseen, line)

    def _asked(self, table: Table) -> jax.Array:
        return poker.legal(self._environment.rules, table.hand).call_amount

    def _agents_turn(
        self, key: jax.Array, seat: jax.Array, decision: Decision, chances: jax.Array, facing: jax.Array,
        pairs: jax.Array, memory: Any, foreseen: jax.Array, line: Line,
    ) -> tuple[Line, jax.Array]:  # fmt: skip
        """The agent acts, by `chances` [H, A]; `facing` [H] is how much of the player's weight each hand meets.

        `foreseen` [A] is roughly what the player wins after each action.
        """
        mass = (facing * line.reach) @ chances
        paid = mass[0] * line.table.hand.contributed[1 - seat]
        mass = mass.at[0].set(0)
        entry, share = _draw(key, line, mass)
        foreseen = jnp.where(mass > 0, foreseen, 0)
        line = dataclasses.replace(
            line,
            reach=line.reach * chances[:, entry] / share,
            memory=memory,
            value=line.value + paid / pairs + jnp.sum(foreseen) - foreseen[entry] / share,
            alive=jnp.sum(mass) > 0,
            decisions=line.decisions + 1,
        )
        return line, menu.choose(decision.amounts, entry)

    def _players_turn(
        self, sizes: tuple[float, ...], key: jax.Array, seat: jax.Array, held: Ranges, pairs: jax.Array, line: Line,
        *, exact: bool,
    ) -> tuple[Line, jax.Array]:  # fmt: skip
        """Each hand of the player takes the action that the rule finds best; one of those that go on is drawn.

        `exact` tells that the rule's value of all-in is what it wins: after it there is nothing more to decide.
        """
        answer_key = jax.random.fold_in(key, 2 * line.table.log.count + 1)
        amounts, values, total = weigh(
            self.policy, sizes, self.setting.answers, self.params, line.table, seat, held, answer_key
        )
        best = jnp.argmax(values, axis=1)
        takes = (best[:, None] == jnp.arange(values.shape[1])) * held.weights[:, None]
        mass = (total @ takes).at[0].set(0)
        if sizes and exact:
            mass = mass.at[-1].set(0)
        entry, share = _draw(key, line, mass)
        invested = line.table.hand.contributed[seat] * total[:, None]
        expected = jnp.sum(takes * jnp.where(takes > 0, values - invested, 0), axis=0) / pairs
        alive = jnp.sum(mass) > 0
        drawn = jnp.where(alive, expected[entry] / share, 0)
        line = dataclasses.replace(
            line,
            weights=takes[:, entry] / share,
            value=line.value + jnp.sum(expected) - drawn,
            alive=alive,
        )
        return line, menu.choose(amounts, entry)

    def _act(self, line: Line, action: jax.Array) -> Line:
        street = line.table.hand.street
        legal = poker.legal(self._environment.rules, line.table.hand)
        table, _ = tables.play(self._environment, line.table, action, legal)
        return dataclasses.replace(line, table=table, ended_on=street)


def _draw(key: jax.Array, line: Line, mass: jax.Array) -> tuple[jax.Array, jax.Array]:
    """An entry drawn by `mass` [A], and its share; without any mass, the second and 1."""
    steps = jnp.cumsum(mass)
    uniform = jax.random.uniform(jax.random.fold_in(key, 2 * line.table.log.count))
    last = jnp.max(jnp.where(mass > 0, jnp.arange(len(mass)), 1))
    entry = jnp.minimum(jnp.sum(steps <= uniform * steps[-1]), last)
    return entry, jnp.where(steps[-1] > 0, mass[entry] / steps[-1], 1)


def _show(both: tuple[Line, Board]) -> tuple[Line, Board]:
    """Pay the showdown that ends a line: all-in on the turn over every river, before it on this one."""
    line, board = both
    street = jnp.where(line.ended_on == TURN, TURN, RIVER)
    board = work_out(board, TURN, street == TURN)
    net = lbr_board.showdown(board, line.reach, line.weights, street)
    return dataclasses.replace(line, value=line.value + jnp.min(line.table.hand.contributed) * net), board
