"""The engine as a Pgx environment: functional, jittable, vmappable; one hand of hold'em an episode.

    env = Holdem(num_players=3)
    state = jax.vmap(env.init)(jax.random.split(key, 4096))
    state = jax.vmap(env.step)(state, actions)  # entries of the menu

Observations are decision tokens (`pokerjax.env.tokens`), rewards big blinds. As in Pgx, players are not seats: who
sits where is drawn with the cards, an action that is not on offer ends the hand against who chose it, and a finished
state stays as it is.
"""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import pgx
from flax import struct

from pokerjax import poker
from pokerjax.adapters.holdem import table_environment, view
from pokerjax.config import GameConfig
from pokerjax.env import menu, tables

ENV_ID = "pokerjax_holdem"
VERSION = "v0"


@struct.dataclass
class State(pgx.State):
    """A hand in progress, as Pgx's environments keep theirs."""

    current_player: jax.Array  # int32: player to act, not seat; the last one once terminated
    observation: jax.Array  # int32[width]: the token of that player's seat
    rewards: jax.Array  # float32[P], big blinds, by player
    terminated: jax.Array  # bool
    truncated: jax.Array  # bool
    legal_action_mask: jax.Array  # bool[A]
    _step_count: jax.Array  # int32
    _table: tables.Table

    @property
    def env_id(self) -> pgx.EnvId:
        """The name of the environment, which is none of Pgx's own."""
        return ENV_ID  # type: ignore

    def to_svg(self, *, color_theme=None, scale=None) -> str:
        """The board and pot of each table, a line each."""
        hands = self._table.hand
        boards = hands.board.reshape(5, -1).T
        shown = jnp.where(hands.street > 0, hands.street + 2, 0).reshape(-1)
        pots = hands.pot.reshape(-1)
        lines = []
        for place, (board, count, pot) in enumerate(zip(*jax.device_get((boards, shown, pots)), strict=True)):
            cards = " ".join(poker.card_name(int(card)) for card in board[:count])
            lines.append(f'<text x="8" y="{20 * place + 20}">{f"{cards} pot {pot}".strip()}</text>')
        height = 20 * len(lines) + 12
        return f'<svg xmlns="http://www.w3.org/2000/svg" width="240" height="{height}">{"".join(lines)}</svg>'

    def save_svg(self, filename, *, color_theme=None, scale=None) -> None:
        """Write `to_svg` to a file."""
        with open(filename, "w") as file:
            file.write(self.to_svg())


class Holdem(pgx.Env):
    """No-limit hold'em with the action menu of a game config, or fixed-limit hold'em."""

    def __init__(
        self, num_players: int | None = None, *, game: GameConfig | None = None, betting: str = "no_limit"
    ):  # fmt: skip
        """A table of `num_players` (the most that the game has if None), the game's stakes, stacks and menu.

        Raises `UserError`.
        """
        super().__init__()
        self.environment = table_environment(game, num_players, betting)

    @property
    def id(self) -> pgx.EnvId:
        """The name of the environment, which is none of Pgx's own."""
        return ENV_ID  # type: ignore

    @property
    def version(self) -> str:
        """Changes when behaviour does."""
        return VERSION

    @property
    def num_players(self) -> int:
        """Players at the table, P."""
        return self.environment.num_players

    def _init(self, key: jax.Array) -> State:
        deal_key, seat_key = jax.random.split(key)
        words = jax.random.bits(deal_key, (tables.num_bits(self.environment),))
        rotation = jax.random.randint(seat_key, (), 0, self.num_players)
        table = tables.seat_players(self.environment, *tables.fresh_hand(self.environment, words), rotation)
        decision = tables.read(self.environment, table)
        return State(
            current_player=(decision.seat + rotation) % self.num_players,
            observation=decision.token,
            rewards=jnp.zeros(self.num_players, jnp.float32),
            terminated=jnp.bool_(False),
            truncated=jnp.bool_(False),
            legal_action_mask=decision.mask,
            _step_count=jnp.int32(0),
            _table=table,
        )

    def _step(self, state: State, action: jax.Array, key: jax.Array | None) -> State:
        decision = tables.read(self.environment, state._table)
        chips = menu.choose(decision.amounts, action)
        table, outcome = tables.play(self.environment, state._table, chips, decision.legal)
        following = tables.read(self.environment, table)
        player = (following.seat + table.rotation) % self.num_players
        return dataclasses.replace(
            state,
            current_player=jnp.where(outcome.done, state.current_player, player),
            rewards=jnp.roll(outcome.rewards, table.rotation),  # player p sits in seat (p - rotation) mod P
            terminated=outcome.done,
            legal_action_mask=following.mask,
            _table=table,
        )

    def _observe(self, state: State, player_id: jax.Array) -> jax.Array:
        seat = (player_id - state._table.rotation) % self.num_players
        return view(self.environment, state._table, seat)
