"""Duplicate matches: an agent against P - 1 opponents of one kind, thousands of tables in one program.

Every deal (cards by seat, starting stacks) is played P times in succession, with the agent in each seat once,
and the mean over these P hands is one sample. So the luck of the cards mostly cancels, and the interval is
honest, since samples of different deals are independent. Each table plays a number of deals fixed beforehand;
tables that finish early play on uncounted, so quick hands are not favoured.

Two more things take luck out and leave the mean where it is: a hand that is all-in before the river is paid the
mean over its run-outs (`env.allin`), and what the cards and the drawn actions did to the agent's equity is
subtracted (`control_variates`).
"""

from __future__ import annotations

import dataclasses
import time
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pokerjax.compiler import compiler_options
from pokerjax.env import allin, tables
from pokerjax.env.tables import Environment, Outcome, Table
from pokerjax.evaluate import control_variates
from pokerjax.evaluate.estimate import Estimate, estimate, half_width
from pokerjax.evaluate.players import OpenPlayer, Player, Policy

AGENT = 0  # the agent's number at the table, which sits in seat (0 - rotation) mod P
DEALS_PER_TABLE = 8  # fewer tables than deals / this, or the tables that finish last wait alone
MEMORY_BYTES = {"cpu": 2**28, "gpu": 2**33, "tpu": 2**32}  # that the players' caches may take
MOST_TABLES = {"cpu": 1024, "gpu": 16_384, "tpu": 8192}
FOLDS = 8  # of the deals, across which control variates are fitted
FEWEST_DEALS, FEWEST_FOLDS = 500, 4  # for which they are; with fewer the fit may cost more than it gains
ALL_INS = "all-ins paid their mean"
CONTROLLED = "all-ins paid their mean, luck of cards and of drawn actions subtracted"
_WORDS_STREAM = 1  # of a deal's key, which itself draws the cards

# What is added up over the hands of a deal: one (for the counts), the result as dealt, the result with all-ins paid
# their mean, and the control variates.
DEALT, PAID_MEAN = 1, 2
FIRST_TERM = 3
NUM_SUMS = FIRST_TERM + len(control_variates.TERMS)


@dataclasses.dataclass(frozen=True, kw_only=True)
class MatchResult:
    """How an agent did, in big blinds per 100 hands."""

    bb100: float
    """With known luck taken out, as `method` says."""
    ci95: float
    """Half-width of the 95 % interval (Student's), from the means of the deals."""
    method: str
    """The luck that was taken out: CONTROLLED, or ALL_INS where there were too few deals for it."""
    dealt_bb100: float
    """The mean of the duplicate hands as they were dealt."""
    dealt_ci95: float
    """Half-width of its 95 % interval."""
    hands: int
    """Hands counted: deals x players."""
    seconds: float
    """Wall-clock seconds, compilation included."""
    vpip: float
    """Share of hands in which the agent put chips in before the flop of its own will."""
    pfr: float
    """Share of hands in which the agent raised before the flop."""

    @property
    def low(self) -> float:
        """Lower end of the 95 % interval."""
        return self.bb100 - self.ci95

    @property
    def high(self) -> float:
        """Upper end of the 95 % interval."""
        return self.bb100 + self.ci95


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Tally:
    """What was counted at each table, [B]; Z = NUM_SUMS."""

    current: jax.Array  # float32[B, Z]: sums over the hands so far of the current deal, in big blinds
    moments: jax.Array  # float32[B, Z, Z]: sum over finished deals of z z', z the deal's mean of these
    voluntary: jax.Array  # int32: hands
    raised: jax.Array  # int32: hands


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class _Luck:
    """What is carried from step to step to tell luck, [B]."""

    words: jax.Array  # uint32[B, C]: draw the boards that the equities of a deal are means over
    foreseen: jax.Array  # float32[B, P]: the seats' equities after the last action, before cards were turned up
    turned: jax.Array  # bool[B]: cards were turned up after it


def play_match(
    agent: Player,
    opponent: Player,
    key: jax.Array,
    *,
    hands: int,
    params: Any = None,
    opponent_params: Any = None,
) -> MatchResult:
    """Play at least `hands` hands, rounded up to whole deals; `key` is consumed.

    The game is the agent's; the opponents sit in all other seats. Programs are kept by agent, opponent and
    number of tables, so a match with other parameters, hands or key is not compiled again.
    """
    started = time.monotonic()
    players = agent.environment.num_players
    deals = max(-(-hands // players), 2)
    batch = _num_tables(agent, opponent, deals)
    tally = _program(agent, opponent, batch)(params, opponent_params, key, jnp.int32(deals))
    moments = folds(tally)
    dealt, (best, method) = estimate(moments, DEALT, []), best_estimate(moments)
    return MatchResult(
        bb100=100 * best.mean,
        ci95=100 * half_width(best.error, deals),
        method=method,
        dealt_bb100=100 * dealt.mean,
        dealt_ci95=100 * half_width(dealt.error, deals),
        hands=deals * players,
        seconds=time.monotonic() - started,
        vpip=float(tally.voluntary.sum()) / (deals * players),
        pfr=float(tally.raised.sum()) / (deals * players),
    )


def folds(tally: Tally) -> np.ndarray:
    """The moments of every FOLDS-th table, float64[K, Z, Z] for K = FOLDS or the number of tables, if that is less."""
    moments = np.asarray(tally.moments, np.float64)
    return np.stack([moments[fold::FOLDS].sum(0) for fold in range(min(FOLDS, len(moments)))])


def best_estimate(moments: np.ndarray) -> tuple[Estimate, str]:
    """All techniques together, and what was done: it depends on numbers of deals and tables alone, lest it bias."""
    if moments[:, 0, 0].sum() < FEWEST_DEALS or len(moments) < FEWEST_FOLDS:
        return estimate(moments, PAID_MEAN, []), ALL_INS
    return estimate(moments, PAID_MEAN, list(range(FIRST_TERM, NUM_SUMS))), CONTROLLED


def _num_tables(agent: Player, opponent: Player, deals: int) -> int:
    """A power of two, so that few programs are compiled, that suits the deals, the device and its memory."""
    memory = jax.eval_shape(lambda: (agent.memory(1), opponent.memory(1)))
    table_bytes = sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(memory)) or 1
    device = jax.default_backend()
    most = min(MOST_TABLES[device], MEMORY_BYTES[device] // table_bytes, deals // DEALS_PER_TABLE)
    return 1 << (max(most, 1).bit_length() - 1)


@cache
def _program(agent: Player, opponent: Player, batch: int):
    """`(params, opponent_params, key, deals) -> Tally`, compiled once for these players and tables."""

    def play(params: Any, opponent_params: Any, key: jax.Array, deals: jax.Array) -> Tally:
        return _play(agent, opponent, params, opponent_params, key, deals, batch)

    return jax.jit(play, compiler_options=compiler_options())


def _play(agent, opponent, params, opponent_params, key, deals, batch: int) -> Tally:
    environment = agent.environment
    players = environment.num_players
    deal_key, action_key = jax.random.split(key)
    lanes = jnp.arange(batch)
    quota = players * (deals // batch + (lanes < deals % batch))  # hands a table plays

    def hand(hands: jax.Array, lane: jax.Array):
        """Deal, stakes and words of a table's hand number `hands`: the same for P hands in succession."""
        number = lane + batch * (hands // players)
        key = jax.random.fold_in(deal_key, number)
        bits = jax.random.bits(key, (tables.num_bits(environment),), jnp.uint32)
        run_outs = jax.random.fold_in(key, _WORDS_STREAM)
        return *tables.fresh_hand(environment, bits), jax.random.bits(run_outs, (allin.num_words(environment.rules),))

    @jax.vmap
    def step(table: Table, luck: _Luck, chips, other_chips, own: Policy | None, other: Policy | None, lane):
        """One step of one table, and what it adds to the sums of its deal."""
        agent_seat = (AGENT - table.rotation) % players
        is_agent = table.hand.actor == agent_seat
        action = jnp.where(is_agent, chips, other_chips)
        legal = tables.read(environment, table).legal
        played, outcome = tables.play(environment, table, action, legal)
        deal, stakes, words = hand(table.hands + 1, lane)
        after = tables.next_hand(environment, played, deal, stakes)

        strengths = allin.board_strengths(environment.rules, table.hand, luck.words)
        equities = allin.equities(table.hand.folded, strengths)
        terms = [control_variates.chance_terms(table, equities, luck.foreseen, luck.turned, agent_seat)]
        for policy, acts in ((own, is_agent), (other, ~is_agent)):
            terms.append(_action_terms(table, legal, action, policy, equities, acts))
        paid = allin.allin_payoffs(environment.rules, table.hand, played.hand, strengths) / table.hand.min_bet
        results = jnp.stack([outcome.rewards, paid])[:, agent_seat]
        sums = jnp.concatenate([outcome.done[None].astype(jnp.float32), results, *terms])
        luck = _Luck(
            words=jnp.where(outcome.done, words, luck.words),
            foreseen=allin.equities(played.hand.folded, strengths),
            turned=~outcome.done & (played.hand.street > table.hand.street),
        )
        return after, luck, outcome, sums

    def unfinished(carry) -> jax.Array:
        return jnp.any(carry[1].hands < quota)

    def one_step(carry):
        time, table, memory, opponent_memory, luck, tally = carry
        agent_key, opponent_key = jax.random.split(jax.random.fold_in(action_key, time))
        chips, memory, own = _act(agent, params, memory, table, agent_key, time)
        others, opponent_memory, other = _act(opponent, opponent_params, opponent_memory, table, opponent_key, time)
        after, luck, outcome, sums = step(table, luck, chips, others, own, other, lanes)
        tally = _count(environment, tally, table, outcome, sums, table.hands < quota)
        return time + 1, after, memory, opponent_memory, luck, tally

    deal, stakes, words = jax.vmap(hand)(jnp.zeros_like(lanes), lanes)
    table = jax.vmap(lambda d, s: tables.seat_players(environment, d, s, jnp.int32(0)))(deal, stakes)
    luck = _Luck(words=words, foreseen=jnp.zeros((batch, players)), turned=jnp.zeros((batch,), bool))
    tally = Tally(
        current=jnp.zeros((batch, NUM_SUMS)),
        moments=jnp.zeros((batch, NUM_SUMS, NUM_SUMS)),
        voluntary=jnp.zeros((batch,), jnp.int32),
        raised=jnp.zeros((batch,), jnp.int32),
    )
    carry = (jnp.int32(0), table, agent.memory(batch), opponent.memory(batch), luck, tally)
    return jax.lax.while_loop(unfinished, one_step, carry)[-1]


def _act(player: Player, params: Any, memory: Any, table: Table, key: jax.Array, time: jax.Array):
    """Actions, memory, and the policy if the player tells it."""
    if isinstance(player, OpenPlayer):
        return player.act_openly(params, memory, table, key, time)
    return *player.act(params, memory, table, key, time), None


def _action_terms(table: Table, legal, action, policy: Policy | None, equities, acts) -> jax.Array:
    """The control variates of a decision, zero if another kind of player acts or does not tell its policy."""
    if policy is None:
        return jnp.zeros(len(control_variates.OWN))
    return jnp.where(acts, control_variates.action_terms(table.hand, legal, action, policy, equities), 0)


def _count(environment: Environment, tally: Tally, table: Table, outcome: Outcome, sums, counts) -> Tally:
    """Add the step to the deal, and the deals that ended to the moments, at the tables that still count."""
    players = environment.num_players
    mine = jnp.arange(players) == ((AGENT - table.rotation) % players)[:, None]
    ended = outcome.done & counts
    current = tally.current + jnp.where(counts[:, None], sums, 0)
    deal_ended = ended & ((table.hands + 1) % players == 0)
    mean = jnp.where(deal_ended[:, None], current / players, 0)
    return Tally(
        current=jnp.where(deal_ended[:, None], 0, current),
        moments=tally.moments + mean[:, :, None] * mean[:, None, :],
        voluntary=tally.voluntary + (ended & jnp.any(outcome.voluntary & mine, axis=1)),
        raised=tally.raised + (ended & jnp.any(outcome.raised & mine, axis=1)),
    )
