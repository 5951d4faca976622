"""What the environments of others have in common: the table they play at, and what a seat sees of it."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp

from pokerjax import poker
from pokerjax.config import GameConfig, require
from pokerjax.env import tables, tokens
from pokerjax.env.tables import Environment


def table_environment(game: GameConfig | None, num_players: int | None, betting: str) -> Environment:
    """Hold'em with the stakes, stacks and menu of a game config at a table of so many players.

    num_players: the most that the game has if None; without a game, two. betting: "no_limit" or "fixed_limit".
    Raises `UserError`.
    """
    game = game or GameConfig(num_players=num_players or 2)
    num_players = num_players or game.num_players
    is_holdem = game.variant == "holdem" and betting in ("no_limit", "fixed_limit")
    require(is_holdem, f"{game.variant} with betting {betting} is not there: use hold'em, no_limit or fixed_limit.")
    sizes = " or ".join(map(str, game.sizes))
    require(num_players in game.sizes, f"num_players {num_players} must be {sizes}, as in the game.")
    environment = tables.make_environment(game, num_players)
    if betting == "no_limit":
        return environment
    return dataclasses.replace(environment, rules=poker.limit_holdem(num_players))


def view(environment: Environment, table: tables.Table, seat: jax.Array | int) -> jax.Array:
    """The token that a seat would read if it were to act now, int32[width]; nothing in it is another seat's secret."""
    hand = dataclasses.replace(table.hand, actor=jnp.asarray(seat, jnp.int32))
    legal = poker.legal(environment.rules, hand)
    return tokens.decision_token(environment.rules, environment.layout, hand, legal, table.log)
