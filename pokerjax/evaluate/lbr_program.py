"""The program in which a local best response plays an agent, thousands of hands on the device.

Every deal is played twice, with the player in each seat once, and the mean over the two hands is one sample, as in
`match`. The agent's hand is dealt and acts; a showdown pays the player its average over the agent's range
(`expected_payoff`). That is unbiased: cards are dealt as in any match, and what is paid is the expectation of what
the dealt hand would have won, given everything else that happened. (Drawing the agent's actions from the mixture
over its range, with no hand dealt at all, would need a board drawn with the range's card removal at each street.)

Thinking costs a thousand times what the other steps of a hand do. So B tables move at once wherever the agent acts
or the player checks or calls by rote, and those at which the player has to think, or at which a showdown is to be
paid, wait until C of them need the same (`_Service`, `_Work`); then these are gathered, served, and scattered back.
Each table plays a number of hands fixed beforehand, so quick hands are not favoured.
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
from pokerjax.evaluate.local_best_response import (
    Setting,
    agents_range,
    decide,
    expected_payoff,
    needs_rule,
    some_hands,
)
from pokerjax.evaluate.range_policy import History, RangePolicy, empty_history, first_places, remember
from pokerjax.model.transformer import sample

PREFLOP = 0
SHOWDOWN = 4  # what a table can wait for besides the four streets
NO_WAIT = -1
CHUNK = {"cpu": 2, "gpu": 64, "tpu": 64}  # C: on a CPU what two ranges need still fits its caches


@dataclasses.dataclass(frozen=True)
class _Work:
    """What C tables can be served for together: those that wait for one of `waits`, with one menu of raises."""

    waits: tuple[int, ...]
    sizes: tuple[float, ...]


def _kinds_of_work(setting: Setting) -> tuple[list[_Work], list[_Work]]:
    """One kind for each menu of raises: before the flop, and after it, where showdowns go with those without any."""
    preflop = setting.sizes[PREFLOP]
    by_menu: dict[tuple[float, ...], list[int]] = {(): [SHOWDOWN]}
    for street, sizes in enumerate(setting.sizes):
        if street != PREFLOP and sizes is not None:
            by_menu.setdefault(sizes, []).append(street)
    before = [] if preflop is None else [_Work((PREFLOP,), preflop)]
    return before, [_Work(tuple(waits), sizes) for sizes, waits in by_menu.items()]


@dataclasses.dataclass(frozen=True)
class _Service:
    """One program: the range of an agent that has made from `least` to `most` decisions, then one kind of work."""

    kinds: list[_Work]
    least: int
    most: int

    @property
    def preflop(self) -> bool:
        return PREFLOP in self.kinds[0].waits

    def demand(self, lanes: Lanes, waits: jax.Array) -> jax.Array:
        """Which tables wait for each kind of work, bool[kinds, B]."""
        count = lanes.history.count
        fits = (count >= self.least) & (count <= self.most)
        return jnp.stack([fits & jnp.isin(waits, jnp.asarray(work.waits)) for work in self.kinds])


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Lanes:
    """B tables and what was counted at each."""

    table: Table
    history: History
    payoff: jax.Array  # float32[B]: of the hand that is done, once settled, in chips
    settled: jax.Array  # bool[B]: the hand is done and its payoff known
    current: jax.Array  # float32[B]: big blinds won so far in the current deal
    total: jax.Array  # float32[B]: sum over finished deals of the deal's mean, in big blinds
    squares: jax.Array  # float32[B]: sum of the squares of these means


@cache
def program(policy: RangePolicy, setting: Setting, batch: int):
    """`(params, key, deals) -> Lanes`, compiled once for this policy, setting and number of tables."""

    def play(params: Any, key: jax.Array, deals: jax.Array) -> Lanes:
        return _Exploiter(policy, setting, batch, params, key, deals).play()

    return jax.jit(play, compiler_options=compiler_options())


@dataclasses.dataclass(frozen=True)
class _Exploiter:
    """The program, as functions of what it is compiled for and called with."""

    policy: RangePolicy
    setting: Setting
    batch: int
    params: Any
    key: jax.Array
    deals: jax.Array

    def play(self) -> Lanes:
        """Move and serve until every table has played its hands."""

        def unfinished(carry) -> jax.Array:
            return jnp.any(self._active(carry[1]))

        def one_step(carry):
            time, lanes = carry
            key = jax.random.fold_in(self.key, 2 * time)
            waits = self._waits(lanes)
            demand = [service.demand(lanes, waits) for service in self._services]
            most = jnp.stack([jnp.max(jnp.sum(waiting, axis=1)) for waiting in demand])
            movers = jnp.any(self._active(lanes) & (waits == NO_WAIT))
            serves = (jnp.max(most) >= self._chunk) | ~movers
            serve = [partial(self._serve, *both) for both in zip(self._services, demand, strict=True)]
            branches = [partial(self._move, waits), *serve]
            return time + 1, jax.lax.switch(jnp.where(serves, 1 + jnp.argmax(most), 0), branches, lanes, key)

        return jax.lax.while_loop(unfinished, one_step, (jnp.int32(0), self._start()))[1]

    @property
    def _environment(self):
        return self.policy.environment

    @property
    def _services(self) -> list[_Service]:
        lengths = self.policy.history_lengths
        least = (0, *(length + 1 for length in lengths))
        groups = [kinds for kinds in _kinds_of_work(self.setting) if kinds]
        return [_Service(kinds, *tier) for kinds in groups for tier in zip(least, lengths, strict=False)]

    @property
    def _chunk(self) -> int:
        return min(CHUNK[jax.default_backend()], self.batch)

    def _hand(self, hands: jax.Array, lane: jax.Array):
        """Deal and stakes of a table's hand number `hands`: the same for two hands in succession."""
        key = jax.random.fold_in(jax.random.fold_in(self.key, 1), lane + self.batch * (hands // 2))
        return tables.fresh_hand(self._environment, jax.random.bits(key, (tables.num_bits(self._environment),)))

    def _start(self) -> Lanes:
        batch = self.batch
        deal, stakes = jax.vmap(self._hand)(jnp.zeros((batch,), jnp.int32), jnp.arange(batch))
        table = jax.vmap(lambda d, s: tables.seat_players(self._environment, d, s, jnp.int32(0)))(deal, stakes)
        zeros = jnp.zeros((batch,))
        return Lanes(
            table=table, history=empty_history(self._environment, batch), payoff=zeros,
            settled=jnp.zeros((batch,), bool), current=zeros, total=zeros, squares=zeros,
        )  # fmt: skip

    def _active(self, lanes: Lanes) -> jax.Array:
        """Whether the table has hands to play, bool[B]."""
        lane = jnp.arange(self.batch)
        quota = 2 * (self.deals // self.batch + (lane < self.deals % self.batch))
        return lanes.table.hands < quota

    def _seat(self, table: Table) -> jax.Array:
        """The player's seat, int32[B]: the other one in the second hand of a deal."""
        return table.rotation % 2

    def _waits(self, lanes: Lanes) -> jax.Array:
        """What each table waits for: a street, SHOWDOWN, or NO_WAIT, int32[B]."""
        state = lanes.table.hand
        asked = jax.vmap(lambda hand: poker.legal(self._environment.rules, hand).call_amount)(state)
        mine = ~state.done & (state.actor == self._seat(lanes.table))
        waits = jnp.full((self.batch,), NO_WAIT)
        for street, sizes in enumerate(self.setting.sizes):
            waits = jnp.where(mine & (state.street == street) & needs_rule(sizes, asked), street, waits)
        showdown = state.done & ~lanes.settled & ~jnp.any(state.folded, axis=1)
        return jnp.where(self._active(lanes), jnp.where(showdown, SHOWDOWN, waits), NO_WAIT)

    def _move(self, waits: jax.Array, lanes: Lanes, key: jax.Array) -> Lanes:
        """All tables that wait for nothing: the agent acts, the player checks or calls, a finished hand is counted."""
        environment, table = self._environment, lanes.table
        moves = self._active(lanes) & (waits == NO_WAIT)
        decision = jax.vmap(lambda t: tables.read(environment, t))(table)
        agents_turn = moves & ~table.hand.done & (decision.seat != self._seat(table))
        entry = self._agents_entry(lanes, decision, key)
        chips = jnp.where(agents_turn, jax.vmap(menu.choose)(decision.amounts, entry), poker.CALL)
        played, _ = jax.vmap(lambda *x: tables.play(environment, *x))(table, chips, decision.legal)
        plays = moves & ~table.hand.done
        history = remember(lanes.history, decision.token, decision.mask, entry, agents_turn)
        lanes = dataclasses.replace(lanes, table=_where(plays, played, table), history=history)
        return self._count(lanes, moves & table.hand.done)

    def _agents_entry(self, lanes: Lanes, decision: Decision, key: jax.Array) -> jax.Array:
        """The menu entry that the agent takes with the hand it was dealt, int32[B]."""
        others = jax.vmap(lambda hole, seat: hole[1 - seat])(lanes.table.hand.hole, self._seat(lanes.table))
        hand = jnp.stack([jnp.max(others, axis=1), jnp.min(others, axis=1)], axis=1)[:, None]
        _, memory = self.policy.likelihood(self.params, lanes.history, hand)
        log_policy = self.policy.log_policy(self.params, memory, decision.token, decision.mask, hand)[:, 0]
        return sample(log_policy, jax.random.uniform(key, (self.batch,)))

    def _count(self, lanes: Lanes, ended: jax.Array) -> Lanes:
        """Add the hands that ended (bool[B]) to the tally and deal the next ones."""
        environment, table = self._environment, lanes.table
        seat = self._seat(table)
        folded = jnp.where(seat == 0, table.hand.payoffs[:, 0], table.hand.payoffs[:, 1])
        chips = jnp.where(lanes.settled, lanes.payoff, folded.astype(jnp.float32))
        current = lanes.current + jnp.where(ended, chips / environment.game.big_blind, 0)
        deal_ended = ended & (table.hands % 2 == 1)
        mean = jnp.where(deal_ended, current / 2, 0)
        fresh = jax.vmap(lambda t, d, s: tables.next_hand(environment, t, d, s))(
            table, *jax.vmap(self._hand)(table.hands + 1, jnp.arange(self.batch))
        )
        return Lanes(
            table=_where(ended, fresh, table),
            history=dataclasses.replace(lanes.history, count=jnp.where(ended, 0, lanes.history.count)),
            payoff=lanes.payoff,
            settled=lanes.settled & ~ended,
            current=jnp.where(deal_ended, 0, current),
            total=lanes.total + mean,
            squares=lanes.squares + mean**2,
        )

    def _serve(self, service: _Service, demand: jax.Array, lanes: Lanes, key: jax.Array) -> Lanes:
        """Up to C tables that wait for the same work: the player thinks, or is paid a showdown."""
        policy, environment = self.policy, self._environment
        kind = jnp.argmax(jnp.sum(demand, axis=1))
        rows = jnp.nonzero(demand[kind], size=self._chunk, fill_value=self.batch)[0]
        some = jnp.where(rows < self.batch, rows, rows[0])  # the first fills up the chunk, and is dropped
        table, history = jax.tree.map(lambda x: x[some], (lanes.table, lanes.history))
        history, seat = first_places(history, service.most), self._seat(table)
        range_key, answer_key = jax.random.split(key)
        held = agents_range(policy, self.params, table, history, seat, range_key, preflop=service.preflop)
        paid = jnp.where(table.hand.done, rows, self.batch)
        lanes = dataclasses.replace(
            lanes,
            payoff=lanes.payoff.at[paid].set(expected_payoff(table, seat, held), mode="drop"),
            settled=lanes.settled.at[paid].set(True, mode="drop"),
        )

        def think(work: _Work) -> jax.Array:
            drawn = held
            if work.sizes and self.setting.answers is not None:
                drawn = some_hands(policy, held, self.setting.answers, answer_key)
            return decide(policy, work.sizes, self.params, table, seat, drawn)[0]

        action = jax.lax.switch(kind, [partial(think, work) for work in service.kinds])
        legal = jax.vmap(lambda hand: poker.legal(environment.rules, hand))(table.hand)
        played, _ = jax.vmap(lambda *x: tables.play(environment, *x))(table, action, legal)  # a hand that is done stays
        scattered = jax.tree.map(lambda x, new: x.at[rows].set(new, mode="drop"), lanes.table, played)
        return dataclasses.replace(lanes, table=scattered)


def _where(choose: jax.Array, new: Any, old: Any) -> Any:
    """`new` where bool[B], else `old`, leaf by leaf."""
    return jax.tree.map(lambda n, o: jnp.where(choose.reshape(-1, *(1,) * (n.ndim - 1)), n, o), new, old)
