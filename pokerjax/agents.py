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
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pokerjax import checkpoint, device, poker
from pokerjax.checks import check_carelessness
from pokerjax.config import Device, GameConfig, require
from pokerjax.env import menu, tables
from pokerjax.env.recorded import padded_length, replay_decisions
from pokerjax.env.tables import Environment
from pokerjax.model.attention import NO_SEGMENT
from pokerjax.model.features import depth_bb
from pokerjax.model.transformer import Model, Parameters, acting_model, at_carelessness
from pokerjax.poker.chips import is_whole_number

Action = str | tuple[str, int]
"""`"fold"`, `"check"`, `"call"`, `"check/call"` (whichever it is), or `("raise", chips)`: a bet or raise TO so many
chips on this street."""
_STREETS = ("before the flop", "on the flop", "on the turn", "on the river")
_BOARD_CARDS = (0, 3, 4, 5)
FEW_DECISIONS = 8  # of one seat in one hand


@dataclasses.dataclass(frozen=True, kw_only=True)
class Observation:
    """What a seat sees when it must act."""

    seat: int
    """The own seat, by position."""
    hole: str
    """The own cards, as "AhKd"."""
    stacks: Sequence[int]
    """Chips of every seat at the start of the hand, before antes and blinds."""
    blinds: Sequence[int]
    """(small, big), or one amount a seat."""
    big_blind: int | None = None
    """The minimum bet. None: what the seat of the big blind posts, by `blinds`."""
    antes: int | Sequence[int] = 0
    """One amount for all, or one a seat."""
    board: str = ""
    """The cards turned up so far, as "Ts9d2c"."""
    actions: Sequence[Action] = ()
    """Everything that was done in this hand, by all seats in order, blinds and antes left out."""
    house: str = "tda"
    """Whose rules say what may be done: "tda" (live and online play), or "acpc" (the competition's dealer)."""


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
    ):
        """`greedy` always takes the likeliest action; otherwise actions are drawn, with this seed."""
        self.player_id, self.greedy = player_id, greedy
        self.game = model.environment.game
        self.model, self.params = model, params
        self._random = np.random.default_rng(seed)
        self._names = menu.names(self.game.bet_sizes)

    def with_seed(self, seed: int | None) -> Agent:
        """The same agent with draws of its own, different every time if `seed` is None."""
        other = copy.copy(self)
        other._random = np.random.default_rng(seed)
        return other

    def act(self, observation: Observation) -> AgentDecision:
        """Choose a legal action. Raises ValueError, with a sentence, for a description that cannot be."""
        _check_types(observation)
        players = len(observation.stacks)
        if players not in self.game.sizes:
            sizes = " or ".join(map(str, self.game.sizes))
            raise ValueError(f"The agent was trained for {sizes} players, but stacks names {players}.")
        history = _replay_checked(_environment(self.game, players, observation.house), observation)
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

    `carelessness`, from 0 to 1, is what it is told of its table if it was trained with --told-carelessness (None: 0).
    Raises `pokerjax.config.UserError`.
    """
    require(is_whole_number(seed) and seed >= 0, f"seed {seed!r} must be a whole number from 0 on.")
    _select_device(device)
    path, config = checkpoint.resolve(model_path)
    game = f"{path} plays {config.game.variant.capitalize()} poker"
    require(config.game.variant == "holdem", f"{game}, and agents play hold'em: measure it with bin/evaluate.py.")
    model = acting_model(tables.make_environment(config.game), config)
    params = checkpoint.load_parameters(path, jax.eval_shape(model.init, jax.random.key(0)))
    if carelessness is not None:
        check_carelessness(config.model, checkpoint.read_record(path).carelessness, carelessness)
        params = at_carelessness(params, carelessness)
    return Agent(model, params, player_id=player_id, seed=seed, greedy=greedy)


_select_device = device.select  # `create_llm_agent` has an argument of the module's name


def _environment(game: GameConfig, num_players: int, house: str) -> Environment:
    """The game as the agent knows it, at a table of this size and of this house. Raises ValueError."""
    environment = tables.make_environment(game, num_players)
    return dataclasses.replace(environment, rules=dataclasses.replace(environment.rules, house=house))


@dataclasses.dataclass(frozen=True)
class _History:
    """What the seat to act has read so far, and what it may do."""

    tokens: np.ndarray  # int32[n, width]: its decisions of this hand, the present one last
    amounts: np.ndarray  # int32[A]
    mask: np.ndarray  # bool[A]
    call_amount: int


def _replay_checked(environment: Environment, observation: Observation) -> _History:
    """Play the hand up to the decision. Raises ValueError."""
    stakes, deal = _stakes(environment, observation), _deal(environment, observation)
    actions = [_engine_action(index, action) for index, action in enumerate(observation.actions)]
    padded = np.zeros(padded_length(environment, len(actions)), np.int32)
    padded[: len(actions)] = actions
    decisions, states = jax.device_get(replay_decisions(environment, deal, stakes, padded))
    seats, legal, streets = decisions.seat, decisions.legal, states.street
    for index, action in enumerate(observation.actions):
        at = jax.tree.map(lambda x, i=index: x[i], legal)
        _check_action(index, action, actions[index], int(seats[index]), at, observation.house)
    now = len(actions)
    _check_turn(observation, int(seats[now]), int(streets[now]))
    own = [index for index in range(now + 1) if seats[index] == observation.seat]
    return _History(
        tokens=decisions.token[own],
        amounts=decisions.amounts[now],
        mask=decisions.mask[now],
        call_amount=int(legal.call_amount[now]),
    )


@partial(jax.jit, static_argnums=0)
def _policy(model: Model, params: Parameters, read: jax.Array, count: jax.Array, mask: jax.Array):
    """Log-policy [A] and value in big blinds at the last of `count` tokens of a seat, padded to [R, W]."""
    segments = jnp.where(jnp.arange(read.shape[0]) < count, 0, NO_SEGMENT)
    logits, values, _ = model.sequence(params, read[None], segments[None])
    value_bb = values[0, count - 1] * depth_bb(model.environment.layout, read[count - 1])
    return model.log_policy(logits[0, count - 1], mask), value_bb


def _check_types(observation: Observation) -> None:
    """Raise ValueError unless the seat is a number and what is listed is a list."""
    if not is_whole_number(observation.seat):
        raise ValueError(f"seat {observation.seat!r} must be a whole number.")
    for name, listed in (("stacks", observation.stacks), ("actions", observation.actions)):
        if not (isinstance(listed, Sequence) or getattr(listed, "ndim", 0)) or isinstance(listed, str):
            raise ValueError(f"{name} = {listed!r} must be a list.")
    if observation.blinds is None:
        raise ValueError("blinds = None must be the pair (small, big), or one amount a seat.")


def _stakes(environment: Environment, observation: Observation) -> poker.Stakes:
    players = environment.num_players
    if not 0 <= observation.seat < players:
        raise ValueError(f"seat {observation.seat} must be from 0 to {players - 1}.")
    antes: Any = observation.antes  # one amount, or one a seat
    return poker.stakes(
        environment.rules, stacks=observation.stacks, blinds=observation.blinds, antes=antes,
        big_blind=observation.big_blind,
    )  # fmt: skip


def _deal(environment: Environment, observation: Observation) -> poker.Deal:
    """The cards that are seen, filled up with unseen ones, which no decision of this seat can depend on."""
    hole, board = poker.cards(observation.hole), poker.cards(observation.board)
    if len(hole) != 2:
        raise ValueError(f'hole "{observation.hole}" must name two cards.')
    if len(board) not in _BOARD_CARDS:
        raise ValueError(f'board "{observation.board}" must name 0, 3, 4 or 5 cards.')
    seen = [*hole.tolist(), *board.tolist()]
    twice = sorted(card for card in set(seen) if seen.count(card) > 1)
    if twice:
        raise ValueError(f"{poker.card_name(twice[0])} is there twice in hole and board.")
    unseen = iter(card for card in range(52) if card not in seen)
    hands = [[next(unseen), next(unseen)] for _ in range(environment.num_players)]
    hands[observation.seat] = hole.tolist()
    full = [*board.tolist(), *(next(unseen) for _ in range(5 - len(board)))]
    return poker.Deal(hole=jnp.array(hands, jnp.int32), board=jnp.array(full, jnp.int32))


def _engine_action(index: int, action: Action) -> int:
    """The engine's form of an action of the history."""
    if isinstance(action, str) and action in ("fold", "check", "call", "check/call"):
        return poker.FOLD if action == "fold" else poker.CALL
    if isinstance(action, (tuple, list)) and len(action) == 2 and isinstance(action[0], str) and action[0] == "raise":
        chips = action[1]
        if is_whole_number(chips) and 0 < chips < 2**31:
            return int(chips)
    forms = '"fold", "check", "call", "check/call" or ("raise", chips)'
    raise ValueError(f"actions[{index}] = {action!r} is none: write {forms}.")


def _check_action(index: int, action: Action, chips: int, seat: int, legal: poker.Legal, house: str) -> None:
    """Raise ValueError unless the seat may do exactly this."""
    name = f"actions[{index}] = {action!r}"
    if seat == poker.NOBODY:
        raise ValueError(f"{name} comes after the end of the hand.")
    if action == "check" and legal.call_amount > 0:
        raise ValueError(f"{name}: seat {seat} owes {legal.call_amount} chips and cannot check.")
    if action == "call" and legal.call_amount == 0:
        raise ValueError(f"{name}: seat {seat} owes nothing, which is a check.")
    if action == "fold" and house == "acpc" and not legal.fold:
        raise ValueError(f"{name}: seat {seat} owes nothing, and the ACPC dealer allows no fold then.")
    if chips > 0 and not legal.raises:
        raise ValueError(f"{name}: seat {seat} may not raise now.")
    if chips > 0 and not legal.min_raise_to <= chips <= legal.max_raise_to:
        bounds = f"{legal.min_raise_to} up to {legal.max_raise_to} chips"
        raise ValueError(f"{name}: seat {seat} may raise to {bounds}.")


def _check_turn(observation: Observation, actor: int, street: int) -> None:
    """Raise ValueError unless it is the observer's turn, with the board of this street."""
    if actor == poker.NOBODY:
        raise ValueError("The hand is over after these actions.")
    if actor != observation.seat:
        raise ValueError(f"After these actions seat {actor} must act, not seat {observation.seat}.")
    cards = len(poker.cards(observation.board))
    if cards != _BOARD_CARDS[street]:
        shown = f"{_BOARD_CARDS[street]} cards, but board names {cards}"
        raise ValueError(f"After these actions the hand is {_STREETS[street]}, which has {shown}.")
