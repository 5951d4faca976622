"""An agent against a list of opponents: scripted players by name, other runs by path."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from pokerjax import checkpoint
from pokerjax.checks import check_carelessness, check_size, check_stacks
from pokerjax.config import Config, GameConfig, UserError, differences, require
from pokerjax.env.tables import Environment, make_environment
from pokerjax.evaluate import exact, scripted
from pokerjax.evaluate.hands import sample_hands, write_hands
from pokerjax.evaluate.match import MatchResult, play_match
from pokerjax.evaluate.players import ModelPlayer, Player, ScriptedPlayer
from pokerjax.model import transformer
from pokerjax.model.transformer import Model, Parameters, acting_model

# Each player keeps its own action menu, decision limit and table sizes, and may have learned at other depths;
# the rest of the game must be the same.
_STACKS = ("shortest_stack", "deepest_stack", "unequal_stacks")
_DEFAULTS = GameConfig()
_OWN_FIELDS = {
    name: getattr(_DEFAULTS, name) for name in ("bet_sizes", "max_decisions", "num_players", "table_sizes", *_STACKS)
}
TARGET = "target"  # what the agent that a run exploits is called in its metrics
AGENT_NAME = "agent"  # in the hands of matches
SAMPLED_HANDS = 20  # that each evaluation writes down, in training in all, else against each opponent
_SAMPLE_STREAM = 2  # The matches split the same key, which takes 0 and 1.


@dataclasses.dataclass(frozen=True)
class Contestant:
    """The averaged policy of a checkpoint."""

    path: Path
    config: Config
    games: int
    player: ModelPlayer
    params: Parameters
    iteration: int = 0
    temperature: float = 1.0
    """What its logits have been divided by since it was trained."""
    carelessness: float | None = None
    """What it is always told of its table; None if nothing: what is said of unknown tables, `tokens.UNTOLD`."""

    @property
    def run(self) -> Path:
        """The folder of its run; an exported agent, which lies in none, is its own."""
        return self.path.parents[1] if self.path.parent.name == "checkpoints" else self.path

    @property
    def label(self) -> str:
        """Where it is from, its temperature where that was changed, and what it is told."""
        heat = f", at temperature {self.temperature:.3g}" if self.temperature != 1 else ""
        told = "" if self.carelessness is None else f", told of carelessness {self.carelessness:.3g}"
        return f"{self.path}{heat}{told}"


def load(run_or_checkpoint: str | Path) -> Contestant:
    """Load the policy that RUN_OR_CHECKPOINT means. Raises `UserError`."""
    path, config = checkpoint.resolve(run_or_checkpoint)
    model = acting_model(make_environment(config.game), config)
    params = checkpoint.load_parameters(path, jax.eval_shape(model.init, jax.random.key(0)))
    record = checkpoint.read_record(path)
    return Contestant(
        path, config, record.games, ModelPlayer(model), params, record.iteration, record.temperature,
        record.carelessness,
    )  # fmt: skip


def export_agent(agent: Contestant, folder: Path) -> None:
    """Write the policy alone, as a checkpoint. Raises `UserError` when the folder exists or cannot be written.

    Matrices that the run multiplied in bfloat16 are kept in it, which its products lose nothing by and takes half the
    space.
    """
    record = dataclasses.replace(
        checkpoint.read_record(agent.path), temperature=agent.temperature, carelessness=agent.carelessness
    )
    trained = Model(make_environment(agent.config.game), agent.config.model)
    checkpoint.export_parameters(trained.in_compute_type(agent.params), record, folder)


def at_temperature(agent: Contestant, temperature: float) -> Contestant:
    """The agent with its logits divided by `temperature`: below 1 its likeliest actions become likelier."""
    params, since_training = transformer.at_temperature(agent.params, temperature), agent.temperature * temperature
    return dataclasses.replace(agent, params=params, temperature=since_training)


def told(agent: Contestant, carelessness: float) -> Contestant:
    """The agent when it is told how careless its table is, from 0 to 1. Raises `UserError` if it cannot be, or was."""
    check_carelessness(agent.config.model, agent.carelessness, carelessness)
    params = transformer.at_carelessness(agent.params, carelessness)
    return dataclasses.replace(agent, params=params, carelessness=carelessness)


def seat(agent: Contestant, num_players: int | None = None, stack_bb: float | None = None) -> Contestant:
    """The agent at tables of `num_players` (the fewest it knows if None), with stacks of `stack_bb` if given.

    Raises `UserError` for a table size that it was not trained for. It may play depths it has not seen.
    """
    game = agent.config.game
    if stack_bb is not None:
        _require_stacks("--stack-bb", stack_bb, game)
    num_players = game.sizes[0] if num_players is None else num_players
    check_size(game, num_players)
    environment = make_environment(game, num_players, stack_bb)
    return dataclasses.replace(agent, player=ModelPlayer(agent.player.model, environment))


def _require_stacks(flag: str, stack_bb: float, game: GameConfig) -> None:
    plays = f"this agent plays {game.variant.capitalize()} poker"
    require(game.variant == "holdem", f"{flag} is for hold'em, but {plays}: leave it out.")
    check_stacks(game.with_stacks(stack_bb), f"{flag} {stack_bb:g}")


def find_opponent(name: str, environment: Environment) -> tuple[Player, Parameters]:
    """The scripted player of that name, or else the policy at that path, in this game. Raises `UserError`."""
    is_agent = name in checkpoint.SHIPPED or Path(name).exists() or "/" in name
    if name in scripted.SCRIPTED or not is_agent:
        return _scripted_player(name, environment)
    other = load(name)
    check_same_game(environment.game, name, other.config.game)
    return at_table(other, environment), other.params


def check_same_game(game: GameConfig, name: str, other: GameConfig) -> None:
    """Raise `UserError` unless an agent of the game `other` can sit at a table of `game`."""
    check_size(other, game.num_players)
    ours, theirs = (Config(game=dataclasses.replace(g, **_OWN_FIELDS)) for g in (game, other))
    if changed := differences(ours, theirs, "game"):
        raise UserError(f"{name} was trained for another game (agent / {name}): {', '.join(changed)}.")


def at_table(agent: Contestant, environment: Environment) -> ModelPlayer:
    """The agent, with its own menu and tokens, in the stacks and at the table size of another's environment."""
    stacks = {field: getattr(environment.game, field) for field in _STACKS}
    own = make_environment(dataclasses.replace(agent.config.game, **stacks), environment.num_players)
    return ModelPlayer(agent.player.model, own)


def _scripted_player(name: str, environment: Environment) -> tuple[ScriptedPlayer, Parameters]:
    """The player that knows all scripts, so that one program serves them all, and the number of this one."""
    number = list(scripted.SCRIPTED.values()).index(scripted.find(name))
    return ScriptedPlayer(environment, tuple(scripted.SCRIPTED.values())), jnp.int32(number)


def play_opponents(
    agent: Contestant, opponents: Sequence[str], key: jax.Array, *, hands: int
) -> Iterator[tuple[str, MatchResult]]:
    """Play the opponents one after the other, all on the same deals; all names are checked first."""
    found = [(name, *find_opponent(name, agent.player.environment)) for name in opponents]
    for name, opponent, params in found:
        ours = agent.params
        yield name, play_match(agent.player, opponent, key, hands=hands, params=ours, opponent_params=params)


def write_matches(path: Path, agent: Contestant, opponents: Sequence[str], key: jax.Array) -> int:
    """Write hands against each of the opponents to a .phhs file, with the players' names; how many they are.

    The agent sits in each seat in turn. `key` may be that of `play_opponents`. Raises `UserError`.
    """
    found = [(name, *find_opponent(name, agent.player.environment)) for name in opponents]
    sampled = []
    for number, (name, opponent, params) in enumerate(found):
        hand_key = jax.random.fold_in(jax.random.fold_in(key, _SAMPLE_STREAM), number)
        played = sample_hands(
            agent.player, agent.params, hand_key, hands=SAMPLED_HANDS, opponent=opponent, opponent_params=params
        )
        for lane, hand in enumerate(played):
            names = [name] * len(hand.stacks)
            names[lane % len(names)] = AGENT_NAME
            sampled.append(dataclasses.replace(hand, fields={"players": names}))
    try:
        write_hands(path, sampled, iteration=agent.iteration)
    except OSError as error:
        raise UserError(f"--hands {path} cannot be written: {error.strerror}.") from None
    return len(sampled)


def find_target(config: Config) -> tuple[Config, Contestant]:
    """The frozen agent that a run exploits, and the run's config in that agent's game.

    The game is the agent's, at the smallest table that it knows, with its stacks unless the config names one depth;
    the exploiter keeps its own model and bet sizes, unless it starts as a copy. Raises `UserError` when the config
    names another game.
    """
    target, stack = load(config.run.checkpoint), config.learn.target_stack_bb
    theirs = target.config.game
    exactly = f"bin/evaluate.py {config.run.checkpoint} says exactly what can be won from a {theirs.variant} agent"
    require(theirs.variant == "holdem", f"--opponent checkpoint is for hold'em: python {exactly}.")
    if stack:
        _require_stacks("--target-stack-bb", stack, theirs)
        theirs = theirs.with_stacks(stack)
    if config.learn.copy_target:
        own = dataclasses.replace(config.game, bet_sizes=theirs.bet_sizes)
        model = dataclasses.replace(target.config.model, compute_dtype=config.model.compute_dtype)
        config = dataclasses.replace(config, game=own, model=model)
        judged = config.learn.objective == "ppo" or config.model.critic == "action"
        blind = "--copy-target takes its target's critic, which has no values of all actions: use --objective ppo."
        require(judged, blind)
    sizes = config.game.table_sizes or theirs.sizes[:1]
    for size in sizes:
        check_size(theirs, size)
    game = dataclasses.replace(theirs, bet_sizes=config.game.bet_sizes, table_sizes=sizes)
    given = dataclasses.replace(config.game, table_sizes=sizes)
    changed = differences(Config(game=given), Config(game=game), "game")
    untouched = dataclasses.replace(_DEFAULTS, bet_sizes=game.bet_sizes, table_sizes=sizes)
    if changed and given not in (untouched, dataclasses.replace(untouched, num_players=theirs.num_players)):
        shown = f"{', '.join(changed)}; leave these fields out (another depth: --target-stack-bb)"
        raise UserError(f"--checkpoint {target.path} plays another game (yours / its): {shown}.")
    # A run gets newer checkpoints: the one that is exploited is what the run records, and goes on with.
    ships = [name for name, folder in checkpoint.SHIPPED.items() if folder == target.path]
    path = ships[0] if ships else str(target.path.resolve())
    return dataclasses.replace(config, game=game, run=dataclasses.replace(config.run, checkpoint=path)), target


def during_training(
    config: Config, target: Contestant | None = None
) -> Callable[[Any, jax.Array, int], dict[str, float]]:
    """The evaluation that a training run repeats: `(params, key, iteration) -> metrics`.

    It plays the config's opponents, or only the `target` that the run exploits, and writes some hands of the
    policy against itself into the run folder.
    In a game small enough for it, it computes the exact exploitability instead.
    Raises `UserError` for an unknown opponent. Compiles one match for all of them, once.
    """
    if config.game.variant != "holdem":
        return lambda params, key, iteration: {"eval/exploitability": exact.exploitability(config, params)}
    model = acting_model(make_environment(config.game), config)
    # Hands are played and shown at the smallest of several table sizes.
    agent = ModelPlayer(model, make_environment(config.game, config.game.sizes[0]))
    opponents: dict[str, tuple[Player, Parameters]] = (
        {TARGET: (at_table(target, agent.environment), target.params)}
        if target
        else {name: _scripted_player(name, agent.environment) for name in config.run.opponents}
    )

    def evaluate(params: Parameters, key: jax.Array, iteration: int) -> dict[str, float]:
        metrics = {}
        for name, (opponent, number) in opponents.items():
            hands = config.run.evaluate_games
            result = play_match(agent, opponent, key, hands=hands, params=params, opponent_params=number)
            metrics[f"eval/{name}_bb100"] = result.bb100
            metrics[f"eval/{name}_ci95"] = result.ci95
        sampled = sample_hands(agent, params, jax.random.fold_in(key, _SAMPLE_STREAM), hands=SAMPLED_HANDS)
        write_hands(Path(config.run.run_dir) / "hands" / f"{iteration}.phhs", sampled, iteration=iteration)
        return metrics

    return evaluate
