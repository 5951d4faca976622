"""How fast hands are played without a model: the rules alone, the learner's whole environment, hand strength.

The tables deal themselves the next hand as the learner's do, so dealing, hand strength and settling are in
every figure. Axes: B tables, P seats, T decisions of each table.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import partial

import jax
import jax.numpy as jnp

from pokerjax import poker
from pokerjax.benchmark.timing import Result, Timing, compile_for, measure, measure_loop
from pokerjax.config import GameConfig, ModelConfig
from pokerjax.env import tables
from pokerjax.env.tables import Environment, make_environment
from pokerjax.learn.rollout import empty_prefix, fresh_tables, rollout
from pokerjax.model.transformer import Model

_ACTION_WORDS = 2  # Random words of one action: its kind and its size.


@dataclasses.dataclass(frozen=True)
class UniformModel(Model):
    """Stands in for the model in a rollout and costs nothing: every entry of the menu is equally likely."""

    def in_compute_type(self, params):
        """There are none."""
        return params

    def sequence(self, params, tokens_BxSxW, segments_BxS):
        """No logits, no values, and a cache that holds nothing."""
        return None, None, ()

    def step_with_critic(self, params, cache, tokens_BxW, segments_B, secrets_BxK, time):
        """Equal logits and values of 0."""
        batch = tokens_BxW.shape[0]
        return jnp.zeros((batch, self.environment.num_actions)), jnp.zeros((batch, self.num_values)), cache


def random_action(legal: poker.Legal, bits: Sequence[jax.Array]) -> jax.Array:
    """Fold, call or raise, equally likely among the legal; a raise is uniform in its bounds.

    bits: two words uint32.
    """
    kinds = legal.fold.astype(jnp.uint32) + legal.call.astype(jnp.uint32) + legal.raises.astype(jnp.uint32)
    kind = (bits[0] >> 16) * kinds >> 16
    folds = legal.fold & (kind == 0)
    raises = legal.raises & (kind + 1 == kinds)
    span = (legal.max_raise_to - legal.min_raise_to + 1).astype(jnp.float32)
    raise_to = jnp.minimum(legal.min_raise_to + (poker.uniform(bits[1]) * span).astype(jnp.int32), legal.max_raise_to)
    return jnp.where(folds, poker.FOLD, jnp.where(raises, raise_to, poker.CALL))


def play(environment: Environment, state: poker.State, key: jax.Array, *, length: int):
    """Play `length` random decisions at every table, states with trailing axis B; `key` is consumed.

    Returns the states, the hands finished, and what each seat won int32[P, B] in chips: a figure that rests on
    every settlement, so none can be optimised away.
    """
    rules, batch = environment.rules, state.actor.shape[0]
    deal_key, action_key = jax.random.split(key)

    def one_step(carry, key):
        state, shoe, hands, won = carry
        action = random_action(poker.legal(rules, state), poker.random_words(key, _ACTION_WORDS, (batch,)))
        state = poker.act(rules, state, action)
        done = state.done
        hands, won = hands + jnp.sum(done), won + state.payoffs
        deal, stakes, shoe = tables.take_hands(environment, shoe, done)
        fresh = poker.start(rules, deal, stakes)
        state = jax.tree.map(lambda new, old: jnp.where(done, new, old), fresh, state)
        return (state, shoe, hands, won), None

    shoe = tables.new_shoe(environment, batch, deal_key)
    start = (state, shoe, jnp.zeros((), jnp.int32), jnp.zeros_like(state.stacks))
    (state, _, hands, won), _ = jax.lax.scan(one_step, start, jax.random.split(action_key, length))
    return state, hands, won


def engine(num_players: int, num_tables: int, *, length: int, seconds: float, seed: int = 0) -> Result:
    """Measure the rules alone: random legal play at 100 big blinds."""
    environment = make_environment(GameConfig(num_players=num_players))
    first_key, key = jax.random.split(jax.random.key(seed))
    state = _seat(environment, num_tables, first_key).hand
    run = jax.jit(partial(play, environment, length=length), donate_argnums=0)
    hands = []

    def once():
        nonlocal state, key
        use, key = jax.random.split(key)
        state, finished, won = run(state, use)
        hands.append(finished)
        return won

    return _result("engine", num_players, num_tables, length, measure(once, seconds=seconds), hands)


def environment(num_players: int, num_tables: int, *, length: int, seconds: float, seed: int = 0) -> Result:
    """Measure the learner's rollout with a model that costs nothing: menu, tokens, sampling and records included."""
    game = make_environment(GameConfig(num_players=num_players))
    first_key, key = jax.random.split(jax.random.key(seed))
    table, run, hands = _seat(game, num_tables, first_key), uniform_rollout(game, length), []
    prefix = empty_prefix(UniformModel(game, ModelConfig()), num_tables)

    def once():
        nonlocal table, key
        use, key = jax.random.split(key)
        (table,), window, (outcome,) = run((table,), prefix, use)
        hands.append(jnp.sum(outcome.done))
        return window

    return _result("environment", num_players, num_tables, length, measure(once, seconds=seconds), hands)


_seat = jax.jit(fresh_tables, static_argnums=(0, 1))


def uniform_rollout(environment: Environment, length: int):
    """The compiled rollout of `UniformModel`: (tables by size, prefix, key) -> (tables, window, outcomes)."""
    model = UniformModel(environment, ModelConfig())
    return compile_for(lambda by_size, prefix, key: rollout(model, {}, by_size, prefix, key, length=length))


def _result(name: str, num_players: int, num_tables: int, length: int, timing: Timing, hands: list) -> Result:
    decisions = num_tables * length
    counted = [int(count) for count in hands[1:]]  # The first call only warmed up.
    hands_per_decision = sum(counted) / (decisions * len(counted))
    return {
        "benchmark": name,
        "num_players": num_players,
        "tables": num_tables,
        "decisions_per_second": decisions / timing.median,
        "hands_per_second": hands_per_decision * decisions / timing.median,
        "seconds": timing.total,
        "best_decisions_per_second": decisions / timing.best,
        "repetitions": len(timing.seconds),
        "decisions_per_repetition": decisions,
    }


def random_hands(count: int, key: jax.Array) -> jax.Array:
    """Random seven-card hands, int32[7, count]."""
    deals = poker.deal_many(poker.no_limit_holdem(2), key, count)
    return jnp.concatenate([deals.hole[0], deals.board])


def strength_checksum(cards: jax.Array, turns: jax.Array) -> jax.Array:
    """The sum, modulo 2**32, of the strengths of hands int32[7, N] in `turns` rounds, uint32.

    Round i plays them with suit s renamed to s ^ (i % 4): other cards as far as the compiler knows.
    """

    def round_(i, total):
        strengths = poker.strength(cards ^ (i & 3))
        return total + jnp.sum(strengths.astype(jnp.uint32), dtype=jnp.uint32)

    return jax.lax.fori_loop(0, turns, round_, jnp.uint32(0))


def strength(num_hands: int, *, seconds: float, seed: int = 0) -> Result:
    """Measure the strength of seven cards."""
    cards = jax.jit(random_hands, static_argnums=0)(num_hands, jax.random.key(seed))
    run = jax.jit(strength_checksum)
    timing, turns = measure_loop(lambda turns: run(cards, turns), seconds=seconds)
    return {
        "benchmark": "strength",
        "num_players": None,
        "tables": None,
        "decisions_per_second": None,
        "hands_per_second": num_hands * turns / timing.median,
        "seconds": timing.total,
        "best_hands_per_second": num_hands * turns / timing.best,
        "repetitions": len(timing.seconds),
        "hands_per_repetition": num_hands * turns,
        "batch": num_hands,
        "checksum": int(run(cards, 1)),
    }
