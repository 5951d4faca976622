"""An untrained agent that is quick to compile: one shape for all the tests of the page, so that they share programs."""

from __future__ import annotations

import jax

from pokerjax.agents import Agent
from pokerjax.config import GameConfig, ModelConfig
from pokerjax.env.tables import make_environment
from pokerjax.model.transformer import Model

GAME = GameConfig(num_players=3, table_sizes=(2, 3), bet_sizes=(0.5, 1.0))


def tiny_agent(*, told_carelessness: bool = False, **options) -> Agent:
    """An agent whose choices differ from hand to hand."""
    config = ModelConfig(d_model=8, n_layers=1, n_heads=1, told_carelessness=told_carelessness)
    model = Model(make_environment(GAME), config)
    params = jax.jit(model.init)(jax.random.key(3))
    params = params | {name: jax.tree.map(lambda x: 60 * x, params[name]) for name in ("policy", "value")}
    return Agent(model, params, **options)
