"""Self-play: every table adds T decisions, each by one cached step of the model.

Hands that are unfinished when a rollout ends are not cut: their decisions so far, the `prefix`, are carried to
the next rollout, whose first act is to read them again with the current parameters (one teacher-forced pass
that fills the cache). A hand has at most R decisions (`Environment.hand_limit`), so R places of prefix always
hold all of it, and every decision is trained exactly once an epoch: when its hand has ended.

Axes: B tables, T decisions of the rollout, R places of the prefix, W = R + T, P seats, A menu entries.
"""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp

from pokerjax.env import menu, tables, tokens
from pokerjax.env.tables import Environment, Outcome, Table
from pokerjax.model.attention import NO_SEGMENT, segment
from pokerjax.model.transformer import Model, Parameters, masked_log_policy, sample


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Steps:
    """Recorded decisions; leading axes [B, W] (or [T, B] while a rollout is under way)."""

    tokens: jax.Array  # int32[..., width]
    secrets: jax.Array  # int32[..., 4P - 3]: for the critic
    segments: jax.Array  # int32: hand * P + seat, NO_SEGMENT where there is no decision
    masks: jax.Array  # bool[..., A]
    actions: jax.Array  # int32: entry of the menu
    log_probs: jax.Array  # float32: of the action, when it was chosen
    values: jax.Array  # float32: the critic's prediction then, in starting depths
    done: jax.Array  # bool: the action ended the hand
    rewards: jax.Array  # float32[..., P]: big blinds by seat where done


def empty_prefix(environment: Environment, batch: int) -> Steps:
    """The prefix of a first rollout: R places without a decision, leading axes [B, R]."""
    shape = (batch, environment.hand_limit)
    return Steps(
        tokens=jnp.zeros((*shape, environment.layout.width), jnp.int32),
        secrets=jnp.zeros((*shape, 4 * environment.num_players - 3), jnp.int32),
        segments=jnp.full(shape, NO_SEGMENT, jnp.int32),
        masks=jnp.zeros((*shape, environment.num_actions), bool),
        actions=jnp.zeros(shape, jnp.int32),
        log_probs=jnp.zeros(shape, jnp.float32),
        values=jnp.zeros(shape, jnp.float32),
        done=jnp.zeros(shape, bool),
        rewards=jnp.zeros((*shape, environment.num_players), jnp.float32),
    )


def carry_prefix(environment: Environment, window: Steps, current_hand: jax.Array) -> Steps:
    """The last R places of a window [B, W], emptied where the hand is not the table's `current_hand` int32[B]."""
    last = jax.tree.map(lambda x: x[:, -environment.hand_limit :], window)
    keep = last.segments // environment.num_players == current_hand[:, None]
    segments = jnp.where(keep, last.segments, NO_SEGMENT)
    return dataclasses.replace(last, segments=segments, done=jnp.zeros_like(last.done))  # what goes on has no end


def fresh_tables(environment: Environment, batch: int, key: jax.Array) -> Table:
    """`batch` tables at the start of a hand, their buttons spread over the players."""
    bits = jax.random.bits(key, (batch, tables.num_bits(environment)), jnp.uint32)
    rotations = jnp.arange(batch) % environment.num_players
    deal, stakes = jax.vmap(lambda b: tables.fresh_hand(environment, b))(bits)
    return jax.vmap(lambda d, s, r: tables.seat_players(environment, d, s, r))(deal, stakes, rotations)


def rollout(
    model: Model, params: Parameters, table: Table, prefix: Steps, key: jax.Array, *, length: int
) -> tuple[Table, Steps, Outcome]:
    """Play `length` decisions at every table; `key` is consumed.

    Returns the tables after it, the window [B, R + T] of prefix and rollout, and the outcomes [T, B].
    """
    environment = model.environment
    batch = prefix.segments.shape[0]
    deal_next = jax.vmap(lambda bits: tables.fresh_hand(environment, bits))
    read = jax.vmap(lambda t: tables.read(environment, t))
    play = jax.vmap(lambda *arguments: tables.step(environment, *arguments))

    def one_step(carry, time):
        table, cache = carry
        deal_key, action_key = jax.random.split(jax.random.fold_in(key, time))
        with jax.named_scope("engine"):
            decision = read(table)
        segments = segment(decision.hand, decision.seat, environment.num_players)
        secrets = jax.vmap(tokens.secrets)(table.hand)
        logits, values, cache = model.step_with_critic(params, cache, decision.token, segments, secrets, time)
        log_policy = masked_log_policy(logits, decision.mask)
        actions = sample(log_policy, jax.random.uniform(action_key, (batch,)))
        log_probs = jnp.take_along_axis(log_policy, actions[:, None], axis=-1)[:, 0]
        with jax.named_scope("engine"):
            bits = jax.random.bits(deal_key, (batch, tables.num_bits(environment)), jnp.uint32)
            chips = jax.vmap(menu.choose)(decision.amounts, actions)
            table, outcome = play(table, chips, decision.legal, *deal_next(bits))
        steps = Steps(
            tokens=decision.token, secrets=secrets, segments=segments, masks=decision.mask, actions=actions,
            log_probs=log_probs, values=values, done=outcome.done, rewards=outcome.rewards,
        )  # fmt: skip
        return (table, cache), (steps, outcome)

    with jax.named_scope("rollout"):
        # The ring's place j holds prefix place j; step t overwrites place t mod R, by then R decisions old.
        _, _, cache = model.sequence(params, prefix.tokens, prefix.segments)
        (table, _), (steps, outcomes) = jax.lax.scan(one_step, (table, cache), jnp.arange(length))
        steps = jax.tree.map(lambda x: jnp.swapaxes(x, 0, 1), steps)
        window = jax.tree.map(lambda old, new: jnp.concatenate([old, new], axis=1), prefix, steps)
    return table, window, outcomes
