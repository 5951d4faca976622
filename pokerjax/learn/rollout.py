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
    """`batch` tables at the start of a hand, their buttons spread over the players; arrays end in the axis B."""
    shoe = tables.new_shoe(environment, batch, key)
    deal, stakes, _ = tables.take_hands(environment, shoe, jnp.ones(batch, bool))
    return tables.seat_players(environment, deal, stakes, jnp.arange(batch) % environment.num_players)


def rollout(
    model: Model, params: Parameters, table: Table, prefix: Steps, key: jax.Array, *, length: int
) -> tuple[Table, Steps, Outcome]:
    """Play `length` decisions at every table; `key` is consumed.

    The tables' arrays end in the axis B, all others begin with it. Returns the tables after it, the window
    [B, R + T] of prefix and rollout, and the outcomes [T, ..., B].
    """
    environment = model.environment
    batch = prefix.segments.shape[0]
    deal_key, action_key = jax.random.split(key)

    def one_step(carry, time):
        table, shoe, cache = carry
        with jax.named_scope("engine"):
            decision = tables.read(environment, table)
            secrets = tokens.secrets(table.hand).T
        token, mask = decision.token.T, decision.mask.T
        segments = segment(decision.hand, decision.seat, environment.num_players)
        logits, values, cache = model.step_with_critic(params, cache, token, segments, secrets, time)
        log_policy = masked_log_policy(logits, mask)
        actions = sample(log_policy, jax.random.uniform(jax.random.fold_in(action_key, time), (batch,)))
        log_probs = jnp.take_along_axis(log_policy, actions[:, None], axis=-1)[:, 0]
        with jax.named_scope("engine"):
            chips = menu.choose(decision.amounts, actions)
            table, outcome = tables.play(environment, table, chips, decision.legal)
            deal, stakes, shoe = tables.take_hands(environment, shoe, outcome.done)
            table = tables.next_hand(environment, table, deal, stakes)
        steps = Steps(
            tokens=token, secrets=secrets, segments=segments, masks=mask, actions=actions,
            log_probs=log_probs, values=values, done=outcome.done, rewards=outcome.rewards.T,
        )  # fmt: skip
        return (table, shoe, cache), (steps, outcome)

    with jax.named_scope("rollout"):
        # The ring's place j holds prefix place j; step t overwrites place t mod R, by then R decisions old.
        _, _, cache = model.sequence(params, prefix.tokens, prefix.segments)
        carry = (table, tables.new_shoe(environment, batch, deal_key), cache)
        (table, _, _), (steps, outcomes) = jax.lax.scan(one_step, carry, jnp.arange(length))
        steps = jax.tree.map(lambda x: jnp.swapaxes(x, 0, 1), steps)
        window = jax.tree.map(lambda old, new: jnp.concatenate([old, new], axis=1), prefix, steps)
    return table, window, outcomes
