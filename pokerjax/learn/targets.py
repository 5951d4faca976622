"""What an update knows of each decision of a window: its returns, advantages and weights.

Axes: B tables, W decisions of the window, A menu entries.
"""

from __future__ import annotations

import dataclasses
from functools import partial

import jax
import jax.numpy as jnp

from pokerjax.config import LearnConfig
from pokerjax.learn import mirror
from pokerjax.learn.returns import advantages, of_action, reach_ratios, weighted_mean, weighted_std
from pokerjax.learn.rollout import Steps
from pokerjax.learn.schedules import Rates
from pokerjax.learn.slips import behaviour, drawn_with
from pokerjax.learn.spread import local_spread
from pokerjax.model.attention import NO_SEGMENT
from pokerjax.model.features import depth_bb
from pokerjax.model.transformer import Model


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Targets:
    """What the update knows of each decision beside the recorded step; all arrays share their leading axes."""

    weights: jax.Array  # float32: above 0 for decisions that are trained
    reach: jax.Array  # float32: how much likelier the others' actions are under the policy than as they were drawn
    log_probs: jax.Array  # float32: of the action, as it was drawn
    surprises: jax.Array  # float32: return less the value of the action, over the local spread
    gains: jax.Array  # float32[..., 1 or A]: value of each action less that of the state, over the same
    returns: jax.Array  # float32: of the action, in starting depths
    state_returns: jax.Array  # float32: of the state, in starting depths
    movable: jax.Array  # bool[..., A]: the entries that mirror descent moves
    push: jax.Array  # float32[..., A]: what mirror descent adds to the logits; zeros for PPO
    magnet: jax.Array  # float32[..., A]: log-policy of the averaged parameters; zeros where there is no magnet


def make_targets(
    model: Model, learn: LearnConfig, window: Steps, rates: Rates
) -> tuple[Targets, dict[str, jax.Array]]:
    """The targets of a window [B, W], the magnet's policies still to come, and figures of it."""
    environment = model.environment
    players = environment.layout.num_players
    depth = jnp.maximum(depth_bb(environment.layout, window.tokens), 1e-6)
    values_bb, action_values_bb = window.state_values * depth, window.values * depth[..., None]
    chosen_bb = of_action(action_values_bb, window.actions)
    present = window.segments != NO_SEGMENT
    drawn_from = behaviour(window.log_policy, drawn_with(window.slips, window.masks, learn.exploration))
    log_drawn = _of_taken(drawn_from, window.actions)
    ratios = jnp.exp(_of_taken(behaviour(window.log_policy, window.slips), window.actions) - log_drawn)
    ratios = jnp.where(present & window.learns, ratios, 1.0)
    # A frozen opponent's decisions are drawn from another policy than the values'. PPO did no
    # better with less noise in its advantages (docs/learning.md).
    mirrored = window.learns & (players == 2 and learn.objective == "mirror")
    surprise_bb, finished = jax.vmap(partial(advantages, gae_lambda=learn.gae_lambda))(
        values_bb, chosen_bb, ratios, mirrored, window.segments % players, window.done, window.rewards
    )
    weights = (present & finished & window.learns).astype(jnp.float32)
    trained = weights > 0
    advantage_bb = jnp.where(trained, surprise_bb + chosen_bb - values_bb, 0.0)
    fields = environment.layout.split(window.tokens)
    pot_bb = fields["pot"] / jnp.maximum(fields["big_blind"], 1)
    spread_bb = local_spread(advantage_bb, weights, fields["street"], pot_bb, depth)
    returns = jnp.where(trained, (surprise_bb + chosen_bb) / depth, 0.0)
    movable, push = window.masks, jnp.zeros_like(window.log_policy)
    if learn.objective == "mirror":
        estimates = mirror.action_values(action_values_bb, surprise_bb, jnp.exp(log_drawn), window.actions)
        movable = mirror.movable(
            action_values_bb, window.log_policy, window.masks, rates.temperature, learn.probability_floor
        )
        push = mirror.push(estimates, window.log_policy, movable, rates.mirror_step, rates.temperature)
    unexplained = weighted_std(surprise_bb / depth, weights) ** 2
    spread = weighted_std(returns, weights) ** 2
    everything = jnp.ones_like(weights)
    figures = {
        "advantage/std_bb": weighted_std(advantage_bb, weights),
        "advantage/local_std_bb": weighted_mean(spread_bb, weights),
        "value/explained_variance": 1 - unexplained / jnp.maximum(spread, 1e-8),
        "rollout/trained_share": weighted_mean(weights, everything),
        "rollout/padding_share": 1 - weighted_mean(present.astype(jnp.float32), everything),
    }
    targets = Targets(
        weights=weights,
        reach=jax.vmap(lambda ratio, segment: reach_ratios(ratio, segment, players))(ratios, window.segments),
        log_probs=log_drawn,
        surprises=surprise_bb / spread_bb * weights,
        gains=(action_values_bb - values_bb[..., None]) * (weights / spread_bb)[..., None],
        returns=returns,
        state_returns=jnp.where(trained, (ratios * surprise_bb + values_bb) / depth, 0.0),
        movable=movable,
        push=push,
        magnet=jnp.zeros_like(window.log_policy),
    )
    return targets, figures


def _of_taken(log_policy: jax.Array, actions: jax.Array) -> jax.Array:
    return jnp.take_along_axis(log_policy, actions[..., None], axis=-1)[..., 0]
