"""The agent as others use it: from a plain description of what a seat sees to a legal action.

    agent = create_llm_agent(model_path="runs/base")
    decision = agent.act(Observation(
        seat=1, hole="AhKd", stacks=(10_000, 10_000), blinds=(50, 100),
        actions=[("raise", 300), ("raise", 900)],
    ))

Amounts are chips; seats are positions: seat 0 is the first left of the button, the last seat is the button;
heads-up, seat 0 is the big blind and seat 1 the button.
"""

from __future__ import annotations

import copy
import dataclasses
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from pokerjax import checkpoint, device, poker
from pokerjax.checks import check_carelessness
from pokerjax.config import Device, require
from pokerjax.env import menu, tables
from pokerjax.env.observations import Action, Observation, check_types, environment_of, replay_checked
from pokerjax.model.attention import NO_SEGMENT
from pokerjax.model.features import depth_bb
from pokerjax.model.transformer import Model, Parameters, acting_model, at_carelessness
from pokerjax.poker.chips import is_whole_number

__all__ = ["Action", "Agent", "AgentDecision", "Observation", "create_llm_agent"]
FEW_DECISIONS = 8  # of one seat in one hand


@dataclasses.dataclass(frozen=True, kw_only=True)
class AgentDecision:
    """What the agent does, and why."""

    action: str
    """`"fold"`, `"check"`, `"call"` or `"raise"`."""
    amount: int
    """Chips that the raise goes to on this street; 0 unless action is "raise"."""
    probabilities: dict[str, float]
    """Probability of every entry of the menu that is on offer."""
    amounts: dict[str, int]
    """Chips that these entries raise to; 0 for fold, check and call."""
    value_bb: float
    """What the agent expects to win in this hand from its start, in big blinds."""


class Agent:
    """A policy that plays one seat at a time and remembers nothing between calls."""

    def __init__(
        self,
        model: Model,
        params: Parameters,
        *,
        player_id: str = "llm_player",
        seed: int = 0,
        greedy: bool = False,
        carelessness: float | None = None,
    ):
        """`greedy` always takes the likeliest action; otherwise actions are drawn, with this seed. `carelessness` is
        what the parameters are always told of the table, None where that is open."""
        self.player_id, self.greedy = player_id, greedy
        self.game = model.environment.game
        self.model, self.params, self.carelessness = model, params, carelessness
        self._random = np.random.default_rng(seed)
        self._names = menu.names(self.game.bet_sizes)

    def with_seed(self, seed: int | None) -> Agent:
        """The same agent with draws of its own, different every time if `seed` is None."""
        other = copy.copy(self)
        other._random = np.random.default_rng(seed)
        return other

    @property
    def can_be_told(self) -> bool:
        """Whether it was trained to be told how careless its table is, and nobody has said yet."""
        return self.model.config.told_carelessness and self.carelessness is None

    def told(self, carelessness: float | None) -> Agent:
        """The same agent, told how careless its table is, from 0 to 1. Raises `UserError`.

        None, or what it is told already, changes nothing.
        """
        if carelessness is None or carelessness == self.carelessness:
            return self
        check_carelessness(self.model.config, self.carelessness, carelessness)
        other = copy.copy(self)
        other.params, other.carelessness = at_carelessness(self.params, carelessness), carelessness
        return other

    def act(self, observation: Observation) -> AgentDecision:
        """Choose a legal action. Raises ValueError, with a sentence, for a description that cannot be."""
        check_types(observation)
        players = len(observation.stacks)
        if players not in self.game.sizes:
            sizes = " or ".join(map(str, self.game.sizes))
            raise ValueError(f"The agent was trained for {sizes} players, but stacks names {players}.")
        history = replay_checked(environment_of(self.game, players, observation.house), observation)
        probabilities, value = self.policy(history.tokens, history.mask)
        drawn = self._random.choice(len(probabilities), p=probabilities)
        draw = np.argmax(probabilities) if self.greedy else drawn
        chips, owed = int(history.amounts[draw]), history.call_amount > 0
        passive = "fold" if chips == poker.FOLD else "call" if owed else "check"
        offered = [entry for entry in range(len(self._names)) if history.mask[entry]]
        return AgentDecision(
            action="raise" if chips > 0 else passive,
            amount=max(chips, 0),
            probabilities={self._names[i]: float(probabilities[i]) for i in offered},
            amounts={self._names[i]: max(int(history.amounts[i]), 0) for i in offered},
            value_bb=value,
        )

    def policy(self, tokens: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, float]:
        """The probability of each menu entry, float64[A], and the value in big blinds, from what a seat has read.

        tokens: int32[n, layout.width], the seat's decisions of the hand as `pokerjax.env.tokens` writes them, the
        present one last. mask: bool[A], the entries on offer.
        """
        read = tokens[-self.game.hand_limit :]
        # Nearly always few decisions: a short program answers sooner than one for the longest hand.
        places = FEW_DECISIONS if len(read) <= FEW_DECISIONS else self.game.hand_limit
        padded = np.zeros((places, read.shape[1]), np.int32)
        padded[: len(read)] = read
        log_policy, value = _policy(self.model, self.params, padded, np.int32(len(read)), mask)
        probabilities = np.exp(np.asarray(log_policy, np.float64)) * mask
        return probabilities / probabilities.sum(), float(value)


def create_llm_agent(
    player_id: str = "llm_player",
    model_path: str | Path = "runs/base",
    device: Device = "auto",
    *,
    seed: int = 0,
    greedy: bool = False,
    carelessness: float | None = None,
) -> Agent:
    """Load an agent from a run folder or a checkpoint; an empty path means the one that ships with pokerjax.

    `carelessness`, from 0 to 1, is what it is told of its table if it was trained with --told-carelessness (None: 0.2).
    Raises `pokerjax.config.UserError`.
    """
    require(is_whole_number(seed) and seed >= 0, f"seed {seed!r} must be a whole number from 0 on.")
    _select_device(device)
    path, config = checkpoint.resolve(model_path)
    game = f"{path} plays {config.game.variant.capitalize()} poker"
    require(config.game.variant == "holdem", f"{game}, and agents play hold'em: measure it with bin/evaluate.py.")
    model = acting_model(tables.make_environment(config.game), config)
    params = checkpoint.load_parameters(path, jax.eval_shape(model.init, jax.random.key(0)))
    known = checkpoint.read_record(path).carelessness
    agent = Agent(model, params, player_id=player_id, seed=seed, greedy=greedy, carelessness=known)
    return agent.told(carelessness)


_select_device = device.select  # `create_llm_agent` has an argument of the module's name


@partial(jax.jit, static_argnums=0)
def _policy(model: Model, params: Parameters, read: jax.Array, count: jax.Array, mask: jax.Array):
    """Log-policy [A] and value in big blinds at the last of `count` tokens of a seat, padded to [R, W]."""
    segments = jnp.where(jnp.arange(read.shape[0]) < count, 0, NO_SEGMENT)
    logits, values, _ = model.sequence(params, read[None], segments[None])
    value_bb = values[0, count - 1] * depth_bb(model.environment.layout, read[count - 1])
    return model.log_policy(logits[0, count - 1], mask), value_bb


