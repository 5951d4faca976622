"""A model's policy in a small game, written out: its probabilities in every information state."""

from __future__ import annotations

import dataclasses
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np

from pokerjax import poker
from pokerjax.compiler import compiler_options
from pokerjax.env import tables
from pokerjax.env.tables import Environment
from pokerjax.evaluate.game_tree import CALL, RAISE, GameTree, game_tree
from pokerjax.model.attention import NO_SEGMENT
from pokerjax.model.transformer import Model, Parameters


def model_policy(model: Model, params: Parameters) -> jax.Array:
    """Probabilities [I, 3] of fold, call and raise in the information states of the model's game."""
    program, reads = _program(model)
    return program(params, reads)


@dataclasses.dataclass(frozen=True)
class _Reads:
    """What is read on the way to each information state: I lanes of L decisions, the last one its own."""

    tokens: jax.Array  # int32[I, L, width]
    segments: jax.Array  # int32[I, L]: the seat that reads, NO_SEGMENT after the last
    masks: jax.Array  # bool[I, 3], of the last decision
    last: jax.Array  # int32[I]


jax.tree_util.register_dataclass(_Reads)


@cache
def _program(model: Model):
    """The compiled `(params, reads) -> probabilities` and what it reads, once for each model."""
    reads = _read(model.environment, game_tree(model.environment.rules))

    def run(params: Parameters, reads: _Reads) -> jax.Array:
        logits, _, _ = model.sequence(params, reads.tokens, reads.segments)
        own = jnp.take_along_axis(logits, reads.last[:, None, None], axis=1)[:, 0]
        return jnp.exp(model.log_policy(own, reads.masks))

    return jax.jit(run, compiler_options=compiler_options()), reads


def _read(environment: Environment, tree: GameTree) -> _Reads:
    """Play every information state's history, each in its own lane, and read each decision on the way."""
    players = environment.num_players
    node, deal = tree.examples.T
    cards = tree.cards[deal].T
    lengths = np.array([len(tree.histories[n]) for n in node])
    actions = np.full((lengths.max() + 1, len(node)), CALL, np.int32)
    for lane, n in enumerate(node):
        actions[: lengths[lane], lane] = tree.histories[n]

    @jax.jit
    def play(cards: jax.Array, actions: jax.Array):
        deals = poker.Deal(hole=cards[:players, None], board=cards[players:])
        stakes = tables.draw_stakes(environment, jnp.zeros((0, len(node)), jnp.uint32), (len(node),))
        table = tables.seat_players(environment, deals, stakes, jnp.zeros(len(node), jnp.int32))

        def step(table: tables.Table, action: jax.Array):
            decision = tables.read(environment, table)
            raise_to = decision.legal.max_raise_to
            chips = jnp.where(action == RAISE, raise_to, jnp.where(action == CALL, poker.CALL, poker.FOLD))
            return tables.play(environment, table, chips, decision.legal)[0], decision

        return jax.lax.scan(step, table, actions)[1]

    decisions = play(cards, actions)
    times = np.arange(len(actions))[:, None]
    segments = jnp.where(times <= lengths, decisions.seat, NO_SEGMENT)
    masks = jnp.moveaxis(decisions.mask, 1, 2)[lengths, np.arange(len(node))]
    return _Reads(
        tokens=jnp.moveaxis(decisions.token, 2, 0), segments=segments.T, masks=masks, last=jnp.asarray(lengths)
    )
