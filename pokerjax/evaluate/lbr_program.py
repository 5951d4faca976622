"""The program in which a local best response plays an agent: one line of play, all hands of both at once.

A *line* is a board, a seat for the player and a course of betting. Nobody is dealt a hand: at every decision the
program knows how likely the agent's every hand would have come here (its reach), and which of the player's hands
would be here. What a line is worth is the mean over all pairs of hands, exactly; only the board and the course of
the betting are drawn. That takes the luck of the cards out of the result, and the agent's policy, which is the
expensive part, is asked once for all 1,326 hands of the player and not for each.

Why it is unbiased. At the agent's decisions the hands that fold are paid at once. One of the other actions is drawn,
by its share q of the pairs that go on, and the agent's reach becomes reach x probability / q. At the player's
decisions each hand takes the action that the rule finds best for it. Those that fold are paid, as are those that go
all-in, where every answer was asked for; one of the other actions is drawn, again by its share q of what goes on, and
the hands that take it go on with their weight over q. Both are importance sampling: the mean over the draw is the sum
over the actions. Payments are sums over pairs of hands that the visible board leaves, over the number of such pairs:
when a card is turned up, every pair stays possible with the same probability. Control variates: for every action
that may be drawn, what the player is then worth by a simple reckoning is added, and what it is for the drawn one,
over q, is taken off. The mean of that is zero however good the reckoning is.

Axes: H hands, 1,326 before the flop and the 1,176 that the flop leaves after it; A menu entries; K raises.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pokerjax import poker
from pokerjax.compiler import compiler_options
from pokerjax.env import menu, tables
from pokerjax.env.tables import Decision, Table
from pokerjax.evaluate.local_best_response import Ranges, Setting, needs_rule, weigh
from pokerjax.evaluate.range_equity import compatible, equity_matrix, hands_without, preflop_matrix, visible_board
from pokerjax.evaluate.range_policy import CLASS_HANDS, CLASS_NUMBER, RangePolicy
from pokerjax.evaluate.ranges import HANDS, unseen

FLOP, TURN, RIVER = 1, 2, 3
PAIRS = [math.comb(52 - known, 2) * math.comb(50 - known, 2) for known in (0, 3, 4, 5)]
"""Pairs of hands that the board of each street leaves."""
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


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Board:
    """A board and what is worked out on it when first asked for."""

    cards: jax.Array  # int32[5]
    hands: jax.Array  # int32[1176, 2], those that the flop leaves
    compatible: jax.Array  # float32[1176, 1176]
    final: jax.Array  # float32[1176, 1176], equities on the river
    earlier: tuple[jax.Array, jax.Array]  # float32[1176, 1176], equities on flop and turn, where `known`
    known: jax.Array  # bool[2]


@cache
def program(policy: RangePolicy, setting: Setting):
    """`(params, preflop, key, first, count) -> float32[MOST_BOARDS, 2]`: chips won in each seat on some boards.

    `first` and `count` number the boards and with them their deals and draws; `preflop` are the equities before the
    flop. Compiled once for a policy and a setting.
    """

    def play(params: Any, preflop: jax.Array, key: jax.Array, first: jax.Array, count: jax.Array) -> jax.Array:
        def one(number: jax.Array, values: jax.Array) -> jax.Array:
            player = Player(policy, setting, params, preflop, jax.random.fold_in(key, first + number))
            return values.at[number].set(player.play())

        return jax.lax.fori_loop(0, count, one, jnp.zeros((MOST_BOARDS, 2)))

    return jax.jit(play, compiler_options=compiler_options())


def preflop_equities(setting: Setting) -> jax.Array:
    """What `program` wants: nothing, for a setting that only checks and calls before the flop."""
    return preflop_matrix() if setting.sizes[0] is not None else jnp.zeros((0, 0))


@dataclasses.dataclass(frozen=True)
class Player:
    """The program on one board, as functions of what it is called with."""

    policy: RangePolicy
    setting: Setting
    params: Any
    preflop: jax.Array
    key: jax.Array

    def play(self) -> jax.Array:
        """What the player wins in each seat, float32[2] chips: one line each."""
        bits = jax.random.bits(jax.random.fold_in(self.key, 0), (tables.num_bits(self._environment),))
        deal, stakes = tables.fresh_hand(self._environment, bits)

        def one(board: Board, seat: jax.Array) -> tuple[Board, jax.Array]:
            key = jax.random.fold_in(self.key, 1 + seat)
            table = tables.seat_players(self._environment, deal, stakes, jnp.int32(0))
            small, large = self.policy.memory_sizes[0], self.policy.memory_sizes[-1]
            value, board, fits = self.line(key, seat, table, board, small)
            if small == large:
                return board, value
            # The same line once more, where the agent decided too often for the small memory.
            again = lambda: self.line(key, seat, table, board, large)[0]  # noqa: E731
            return board, jax.lax.cond(fits, lambda: value, again)

        return jax.lax.scan(one, board_of(deal.board), jnp.arange(2))[1]

    @property
    def _environment(self):
        return self.policy.environment

    def line(self, key: jax.Array, seat: jax.Array, table: Table, board: Board, size: int):
        """The value of one line, the board with what was worked out, and whether the memory was large enough."""
        everything = jnp.ones(len(HANDS))
        line = Line(
            table=table, reach=everything, weights=everything, memory=self.policy.begin(len(CLASS_HANDS), size),
            value=jnp.float32(0), alive=jnp.bool(True), ended_on=jnp.int32(0), decisions=jnp.int32(0),
        )  # fmt: skip

        def goes_on(line: Line) -> jax.Array:
            return line.alive & ~line.table.hand.done & (line.decisions < size)

        before = partial(self._before_flop, key, seat, board)
        line = jax.lax.while_loop(lambda x: goes_on(x) & (x.table.hand.street == 0), before, line)
        rows = _rows_after_flop(board)
        line = dataclasses.replace(
            line,
            reach=line.reach[rows],
            weights=line.weights[rows],
            memory=self.policy.choose(line.memory, jnp.asarray(CLASS_NUMBER)[rows]),
        )
        after = partial(self._after_flop, key, seat)
        line, board = jax.lax.while_loop(lambda x: goes_on(x[0]), after, (line, board))
        shows = line.alive & line.table.hand.done
        line, board = _when(shows, partial(_showdown, seat), (line, board))
        return line.value, board, shows | ~line.alive

    def _before_flop(self, key: jax.Array, seat: jax.Array, board: Board, line: Line) -> Line:
        sizes, hands, number = self.setting.sizes[0], jnp.asarray(HANDS), jnp.asarray(CLASS_NUMBER)
        table, mine = line.table, line.table.hand.actor == seat

        def think(both: tuple[Line, jax.Array]) -> tuple[Line, jax.Array]:
            line, _ = both
            memory = self.policy.choose(line.memory, number)
            held = Ranges(hands, line.reach, line.weights, compatible(hands), self.preflop, memory)
            return self._players_turn(sizes or (), key, seat, held, jnp.float32(PAIRS[0]), line)

        def answer(both: tuple[Line, jax.Array]) -> tuple[Line, jax.Array]:
            line, _ = both
            decision = tables.read(self._environment, line.table)
            some = jnp.asarray(CLASS_HANDS)
            log_policy, memory = self.policy.read(self.params, line.memory, decision.token, decision.mask, some)
            facing = _sum_compatible(hands, line.weights)
            chances = jnp.exp(log_policy)[number]
            rows, seen = _rows_after_flop(board), _seen(board, jnp.int32(RIVER))
            reach = (line.reach[:, None] * chances)[rows] * seen[:, None]
            foreseen = _foreseen(
                decision, line.table, seat, line.weights[rows] * seen, reach, board.final, board.compatible,
                may_fold=jnp.bool(sizes is not None),
            ) / PAIRS[RIVER]  # fmt: skip
            return self._agents_turn(
                key, seat, decision, chances, facing, jnp.float32(PAIRS[0]), memory, foreseen, line
            )

        both = line, jnp.int32(poker.CALL)
        if sizes is not None:
            both = _when(mine & needs_rule(sizes, self._asked(table)), think, both)
        return self._act(*_when(~mine, answer, both))

    def _after_flop(self, key: jax.Array, seat: jax.Array, both: tuple[Line, Board]) -> tuple[Line, Board]:
        line, board = both
        street, mine, asked = line.table.hand.street, line.table.hand.actor == seat, self._asked(line.table)
        all_pairs = jnp.asarray(np.array(PAIRS, np.float32))
        seen, pairs = _seen(board, street), all_pairs[street]
        rolled = jnp.where(street == TURN, TURN, RIVER)  # what is foreseen on the flop may know the river
        later = _seen(board, rolled)
        action = jnp.int32(poker.CALL)

        def equity() -> jax.Array:
            return jax.lax.cond(street == TURN, lambda: board.earlier[1], lambda: board.final)

        def think(sizes: tuple[float, ...], carry):
            line, board, _ = carry
            matrices = [*board.earlier, board.final]
            visible = jax.lax.switch(street - FLOP, [lambda matrix=matrix: matrix for matrix in matrices])
            held = Ranges(board.hands, line.reach * seen, line.weights * seen, board.compatible, visible, line.memory)
            line, action = self._players_turn(sizes, key, seat, held, pairs, line)
            return line, board, action

        def answer(both: tuple[Line, jax.Array]) -> tuple[Line, jax.Array]:
            line, _ = both
            decision = tables.read(self._environment, line.table)
            log_policy, memory = self.policy.read(self.params, line.memory, decision.token, decision.mask, board.hands)
            facing = _sum_compatible(board.hands, line.weights * seen) * seen
            chances = jnp.exp(log_policy)
            foreseen = _foreseen(
                decision, line.table, seat, line.weights * later, line.reach[:, None] * chances * later[:, None],
                equity(), board.compatible, may_fold=jnp.asarray([x is not None for x in self.setting.sizes])[street],
            ) / all_pairs[rolled]  # fmt: skip
            return self._agents_turn(key, seat, decision, chances, facing, pairs, memory, foreseen, line)

        for sizes in dict.fromkeys(self.setting.sizes[FLOP:]):
            if sizes is not None:
                here = jnp.asarray([sizes == some for some in self.setting.sizes])[street]
                thinks = mine & here & needs_rule(sizes, asked)
                for place in (FLOP, TURN):
                    if self.setting.sizes[place] == sizes:
                        board = _work_out(board, place, thinks & (street == place))
                line, board, action = _when(thinks, partial(think, sizes), (line, board, action))
        board = _work_out(board, TURN, ~mine & (street == TURN))
        return self._act(*_when(~mine, answer, (line, action))), board

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
        entry, share = self._draw(key, line, mass)
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
        self, sizes: tuple[float, ...], key: jax.Array, seat: jax.Array, held: Ranges, pairs: jax.Array, line: Line
    ) -> tuple[Line, jax.Array]:
        """Each hand of the player takes the action that the rule finds best; one of those that go on is drawn."""
        answer_key = jax.random.fold_in(key, 2 * line.table.log.count + 1)
        amounts, values, total = weigh(
            self.policy, sizes, self.setting.answers, self.params, line.table, seat, held, answer_key
        )
        best = jnp.argmax(values, axis=1)
        takes = (best[:, None] == jnp.arange(values.shape[1])) * held.weights[:, None]
        mass = (total @ takes).at[0].set(0)
        if sizes and self.setting.answers is None:
            mass = mass.at[-1].set(0)  # all-in there is nothing more to decide: the rule's value is what it wins
        entry, share = self._draw(key, line, mass)
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

    def _draw(self, key: jax.Array, line: Line, mass: jax.Array) -> tuple[jax.Array, jax.Array]:
        """An entry drawn by `mass` [A], and its share; without any mass, the second and 1."""
        steps = jnp.cumsum(mass)
        uniform = jax.random.uniform(jax.random.fold_in(key, 2 * line.table.log.count))
        last = jnp.max(jnp.where(mass > 0, jnp.arange(len(mass)), 1))
        entry = jnp.minimum(jnp.sum(steps <= uniform * steps[-1]), last)
        return entry, jnp.where(steps[-1] > 0, mass[entry] / steps[-1], 1)

    def _act(self, line: Line, action: jax.Array) -> Line:
        street = line.table.hand.street
        legal = poker.legal(self._environment.rules, line.table.hand)
        table, _ = tables.play(self._environment, line.table, action, legal)
        return dataclasses.replace(line, table=table, ended_on=street)


def board_of(cards: jax.Array) -> Board:
    """What is known of the board int32[5] from the start."""
    hands = hands_without(cards[:3])
    both = compatible(hands)
    unknown = jnp.zeros_like(both)
    return Board(cards, hands, both, equity_matrix(hands, cards), (unknown, unknown), jnp.zeros((2,), bool))


def _seen(board: Board, street: jax.Array) -> jax.Array:
    """Which hands the visible board leaves, float32[H] of 0 and 1."""
    return unseen(visible_board(board.cards, street), board.hands).astype(jnp.float32)


def _foreseen(
    decision: Decision, table: Table, seat: jax.Array, weights: jax.Array, reach: jax.Array, equity: jax.Array,
    compatible: jax.Array, *, may_fold: jax.Array,
) -> jax.Array:  # fmt: skip
    """What the player wins after each action of the agent if it calls or folds and no more is bet, float32[A] chips.

    `reach` [H, A] is the agent's after each action. Summed over pairs of hands.
    """
    state = table.hand
    raised = state.contributed[1 - seat] - state.bets[1 - seat] + decision.amounts
    after = jnp.where(decision.amounts == poker.CALL, state.contributed[1 - seat] + decision.legal.call_amount, raised)
    matched = jnp.minimum(after, state.contributed[seat] + state.stacks[seat])
    total = compatible @ reach
    shown = (2 * (equity @ reach) - total) * matched
    folds = may_fold & (decision.amounts > poker.CALL)
    return weights @ jnp.where(folds, jnp.maximum(shown, -state.contributed[seat] * total), shown)


def _rows_after_flop(board: Board) -> jax.Array:
    """Which of `HANDS` the flop leaves, int32[1176]."""
    return jnp.nonzero(unseen(board.cards[:3], jnp.asarray(HANDS)), size=len(board.hands))[0]


def _when(predicate: jax.Array, change: Callable[[Any], Any], state: Any) -> Any:
    """`change(state)` where the predicate holds, else `state`.

    A loop of one turn or none, since XLA's conditionals copy what they hand on unchanged: tens of megabytes here.
    """
    return jax.lax.while_loop(lambda x: x[0], lambda x: (jnp.bool(False), change(x[1])), (predicate, state))[1]


def _work_out(board: Board, street: int, wanted: jax.Array) -> Board:
    """The board with the equities of flop or turn (static), if they are wanted and not there yet."""
    place = street - FLOP

    def compute(_: jax.Array) -> jax.Array:
        return equity_matrix(board.hands, board.cards[: 2 + street])

    earlier = list(board.earlier)
    earlier[place] = _when(wanted & ~board.known[place], compute, earlier[place])
    return dataclasses.replace(board, earlier=tuple(earlier), known=board.known.at[place].max(wanted))


def _sum_compatible(hands: jax.Array, weights: jax.Array) -> jax.Array:
    """For each hand the sum of `weights` [H] over the hands that share no card with it, float32[H]."""
    by_card = jnp.zeros((52,)).at[hands[:, 0]].add(weights).at[hands[:, 1]].add(weights)
    return jnp.sum(weights) - by_card[hands[:, 0]] - by_card[hands[:, 1]] + weights


def _showdown(seat: jax.Array, both: tuple[Line, Board]) -> tuple[Line, Board]:
    """Pay the showdown that ends a line: all-in on the turn over every river, before it on this one."""
    line, board = both
    street = jnp.where(line.ended_on == TURN, TURN, RIVER)
    board = _work_out(board, TURN, street == TURN)
    seen = _seen(board, street)
    equity = jax.lax.cond(street == TURN, lambda: board.earlier[1], lambda: board.final)
    reach = line.reach * seen
    net = (line.weights * seen) @ (2 * (equity @ reach) - board.compatible @ reach)
    pairs = jnp.asarray(np.array(PAIRS, np.float32))[street]
    paid = jnp.min(line.table.hand.contributed) * net / pairs
    return dataclasses.replace(line, value=line.value + paid), board
