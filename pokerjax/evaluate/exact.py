"""Exact measures of a trained policy in the games that are small enough, and its export for another judge."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from pokerjax.config import Config, UserError, require
from pokerjax.env.tables import make_environment
from pokerjax.evaluate import tabular
from pokerjax.evaluate.exploitability import exploitability as exploitability_of
from pokerjax.evaluate.exploitability import openspiel_policy
from pokerjax.evaluate.game_tree import game_tree
from pokerjax.model.transformer import Model, Parameters, acting_model


def exploitability(config: Config, params: Parameters) -> float:
    """NashConv / 2 of a policy in chips a hand. Raises `UserError` in games too large for it."""
    model = _model(config)
    tree = game_tree(model.environment.rules)
    return float(exploitability_of(tree, tabular.model_policy(model, params)))


def export_policy(config: Config, params: Parameters, path: Path) -> None:
    """Write the policy as JSON, {information state: {action: probability}} with OpenSpiel's strings and numbers.

    Raises `UserError` in games too large for it, and when the file cannot be written.
    """
    model = _model(config)
    policy = np.asarray(tabular.model_policy(model, params))
    exported = openspiel_policy(game_tree(model.environment.rules), policy)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(exported, indent=1) + "\n")
    except OSError as error:
        raise UserError(f"--export-policy {path} cannot be written: {error.strerror}.") from None


def _model(config: Config) -> Model:
    variant = config.game.variant
    rule = "can be computed for Kuhn and Leduc poker only"
    require(variant != "holdem", f"Exact exploitability {rule}, but this agent plays hold'em: leave the flag out.")
    return acting_model(make_environment(config.game), config)
