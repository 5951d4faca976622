"""PettingZoo's AEC environment over the engine: one hand of hold'em an episode.

    game = env(num_players=3)
    game.reset(seed=1)
    for player in game.agent_iter():
        observation, reward, terminated, truncated, info = game.last()
        game.step(None if terminated else game.action_space(player).sample(info["action_mask"]))

Actions are the entries of the menu (`pokerjax.env.menu`); rewards are big blinds, paid when the hand ends. An
observation is what the seat has read in this hand: one token a decision, oldest first, each `width` integers
(`pokerjax.env.tokens`), the last one the table as it is now; zeros fill it up.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
from pettingzoo import AECEnv
from pettingzoo.utils import wrappers

from pokerjax import poker
from pokerjax.adapters.holdem import table_environment, view
from pokerjax.agents import Agent
from pokerjax.config import GameConfig
from pokerjax.env import menu, tables, tokens
from pokerjax.env.tables import Environment
from pokerjax.poker.rules import MAX_CHIPS

_LEAST = -1  # of any integer in a token: no card


def env(**options: Any) -> AECEnv:
    """The environment with PettingZoo's checks of the order of calls. Options are those of `HoldemEnv`."""
    return wrappers.OrderEnforcingWrapper(HoldemEnv(**options))


class HoldemEnv(AECEnv):
    """No-limit hold'em with the action menu of a game config, or fixed-limit hold'em. `player_p` is at seat p."""

    metadata: dict[str, Any] = {"name": "pokerjax_holdem_v0", "render_modes": ["ansi"], "is_parallelizable": False}  # noqa: RUF012

    def __init__(
        self, *, num_players: int | None = None, game: GameConfig | None = None, betting: str = "no_limit",
        render_mode: str | None = None,
    ):  # fmt: skip
        """A table of `num_players` (the most that the game has if None). Raises `UserError`.

        game: stakes, stacks and menu; an agent's own `agent.game` gives the tokens that it reads.
        betting: "no_limit" or "fixed_limit".
        """
        self._environment = table_environment(game, num_players, betting)
        self.render_mode = render_mode
        self.possible_agents = [f"player_{seat}" for seat in range(self._environment.num_players)]
        shape = (self._environment.hand_limit * self.width,)
        space = gymnasium.spaces.Box(_LEAST, MAX_CHIPS, shape, np.int32)
        self.observation_spaces = dict.fromkeys(self.possible_agents, space)
        self.action_spaces = {
            player: gymnasium.spaces.Discrete(self._environment.num_actions) for player in self.possible_agents
        }
        self._random = np.random.default_rng()

    @property
    def width(self) -> int:
        """Integers in one token."""
        return self._environment.layout.width

    @property
    def action_names(self) -> list[str]:
        """What each action is called."""
        names = menu.names(self._environment.bet_sizes)
        return names if self._environment.rules.betting == "no_limit" else [*names[:-1], "raise"]

    def observation_space(self, agent: str) -> gymnasium.Space:
        """Integers, `hand_limit` tokens of `width`."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> gymnasium.Space:
        """The entries of the menu."""
        return self.action_spaces[agent]

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        """Deal the next hand; with a seed the same hands come again."""
        if seed is not None:
            self._random = np.random.default_rng(seed)
        words = self._random.integers(2**32, size=tables.num_bits(self._environment), dtype=np.uint32)
        self.agents = list(self.possible_agents)
        self.rewards = dict.fromkeys(self.agents, 0.0)
        self._cumulative_rewards = dict.fromkeys(self.agents, 0.0)
        self.terminations = dict.fromkeys(self.agents, False)
        self.truncations = dict.fromkeys(self.agents, False)
        self._read: dict[str, list[np.ndarray]] = {player: [] for player in self.agents}
        self._table, *seen = _deal(self._environment, words)
        self._look(*jax.device_get(seen))

    def observe(self, agent: str) -> np.ndarray:
        """What the seat of a player has read in this hand, its present view last."""
        rows = [*self._read[agent], self._views[self.possible_agents.index(agent)]][-self._environment.hand_limit :]
        padded = np.zeros((self._environment.hand_limit, self.width), np.int32)
        padded[: len(rows)] = rows
        return padded.ravel()

    def step(self, action: int | None) -> None:
        """Play a menu entry. Raises ValueError, and changes nothing, for one that is not on offer."""
        player = self.agent_selection
        if self.terminations[player]:
            self._was_dead_step(action)
            return
        if action is None or not 0 <= int(action) < len(self._decision.mask) or not self._decision.mask[int(action)]:
            offered = [name for name, on_offer in zip(self.action_names, self._decision.mask, strict=True) if on_offer]
            raise ValueError(f"Action {action} is not on offer to {player}: choose one of {', '.join(offered)}.")
        self._cumulative_rewards[player] = 0.0
        self._read[player].append(self._views[self.possible_agents.index(player)])
        chips = np.int32(self._decision.amounts[int(action)])
        self._table, outcome, *seen = _play(self._environment, self._table, chips)
        done, rewards = jax.device_get((outcome.done, outcome.rewards))
        self.rewards = {each: float(rewards[self.possible_agents.index(each)]) for each in self.agents}
        self.terminations = dict.fromkeys(self.agents, bool(done))
        self._look(*jax.device_get(seen))
        self._accumulate_rewards()

    def render(self) -> str:
        """The table in words, no hole cards."""
        state = jax.device_get(self._table.hand)
        shown = sum(self._environment.rules.board_cards[: int(state.street) + 1])
        board = " ".join(poker.card_name(int(card)) for card in state.board[:shown]) or "no board"
        chips = zip(self.possible_agents, state.stacks, state.bets, strict=True)
        seats = [f"{player} {stack}+{bet}" for player, stack, bet in chips]
        return f"{board}; pot {state.pot}; {', '.join(seats)}; to act: {self.agent_selection}"

    def close(self) -> None:
        """Nothing is held."""

    def _look(self, decision: tables.Decision, views: np.ndarray) -> None:
        """Keep what the seats see now, and whose turn it is (after the end, the first that is left)."""
        self._decision, self._views = decision, views
        over = any(self.terminations.values())
        self.agent_selection = self.agents[0] if over else self.possible_agents[int(decision.seat)]
        self.infos: dict[str, dict[str, Any]] = {player: {} for player in self.agents}
        if not over:
            self.infos[self.agent_selection] = {"action_mask": decision.mask.astype(np.int8)}


def policy(agent: Agent, observation: np.ndarray, info: dict[str, Any]) -> dict[str, float]:
    """The agent's probability of each action on offer, from what `last()` returns at its turn.

    The environment must have been made with `game=agent.game` and no-limit betting.
    """
    width = tokens.Layout(agent.game.num_players).width
    rows = observation.reshape(-1, width)
    read = rows[rows[:, tokens.SINGLE_FIELDS.index("big_blind")] > 0]
    mask = info["action_mask"].astype(bool)
    shares, _ = agent.policy(read, mask)
    names = menu.names(agent.game.bet_sizes)
    return {name: float(share) for name, share, offered in zip(names, shares, mask, strict=True) if offered}


@partial(jax.jit, static_argnums=0)
def _deal(environment: Environment, words: jax.Array):
    table = tables.seat_players(environment, *tables.fresh_hand(environment, words), jnp.int32(0))
    return table, *_seen(environment, table)


@partial(jax.jit, static_argnums=0)
def _play(environment: Environment, table: tables.Table, chips: jax.Array):
    decision = tables.read(environment, table)
    table, outcome = tables.play(environment, table, chips, decision.legal)
    return table, outcome, *_seen(environment, table)


def _seen(environment: Environment, table: tables.Table):
    """The decision that the table waits for, and the view of every seat [P, width]."""
    views = [view(environment, table, seat) for seat in range(environment.num_players)]
    return tables.read(environment, table), jnp.stack(views)
