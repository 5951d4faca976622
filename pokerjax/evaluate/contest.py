"""An agent against a list of opponents: scripted players by name, other runs by path."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from pokerjax import checkpoint
from pokerjax.config import Config, GameConfig, UserError, differences
from pokerjax.env.tables import make_environment
from pokerjax.evaluate import exact, scripted
from pokerjax.evaluate.hands import sample_hands, write_hands
from pokerjax.evaluate.match import MatchResult, play_match
from pokerjax.evaluate.players import ModelPlayer, Player, ScriptedPlayer
from pokerjax.model.transformer import Model, Parameters

# Each player keeps its own action menu and decision limit; the rest of the game must be the same.
_OWN_FIELDS = {"bet_sizes": (), "max_decisions": 0}
SAMPLED_HANDS = 20  # that each evaluation in training writes down
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


def load(run_or_checkpoint: str | Path) -> Contestant:
    """Load the policy that RUN_OR_CHECKPOINT means. Raises `UserError`."""
    path, config = checkpoint.resolve(run_or_checkpoint)
    model = Model(make_environment(config.game), config.model)
    params = checkpoint.load_parameters(path, jax.eval_shape(model.init, jax.random.key(0)))
    record = checkpoint.read_record(path)
    return Contestant(path, config, record.games, ModelPlayer(model), params, record.iteration)


def find_opponent(name: str, game: GameConfig) -> tuple[Player, Parameters]:
    """The scripted player of that name, or else the policy at that path. Raises `UserError`."""
    if name in scripted.SCRIPTED or not (Path(name).exists() or "/" in name):
        return _scripted_player(name, game)
    other = load(name)
    check_same_game(game, name, other.config.game)
    return other.player, other.params


def check_same_game(game: GameConfig, name: str, other: GameConfig) -> None:
    """Raise `UserError` unless two games are the same but for each player's own action menu."""
    ours, theirs = (Config(game=dataclasses.replace(g, **_OWN_FIELDS)) for g in (game, other))
    if changed := differences(ours, theirs, "game"):
        raise UserError(f"{name} was trained for another game (agent / {name}): {', '.join(changed)}.")


def _scripted_player(name: str, game: GameConfig) -> tuple[ScriptedPlayer, Parameters]:
    """The player that knows all scripts, so that one program serves them all, and the number of this one."""
    number = list(scripted.SCRIPTED.values()).index(scripted.find(name))
    return ScriptedPlayer(make_environment(game), tuple(scripted.SCRIPTED.values())), jnp.int32(number)


def play_opponents(
    agent: Contestant, opponents: Sequence[str], key: jax.Array, *, hands: int
) -> Iterator[tuple[str, MatchResult]]:
    """Play the opponents one after the other, all on the same deals; all names are checked first."""
    found = [(name, *find_opponent(name, agent.config.game)) for name in opponents]
    for name, opponent, params in found:
        ours = agent.params
        yield name, play_match(agent.player, opponent, key, hands=hands, params=ours, opponent_params=params)


def during_training(config: Config) -> Callable[[Any, jax.Array, int], dict[str, float]]:
    """The evaluation that a training run repeats: `(params, key, iteration) -> metrics`.

    It plays the config's opponents, and writes some hands of the policy against itself into the run folder.
    In a game small enough for it, it computes the exact exploitability instead.
    Raises `UserError` for an unknown opponent. Compiles one match for all of them, once.
    """
    if config.game.variant != "holdem":
        return lambda params, key, iteration: {"eval/exploitability": exact.exploitability(config, params)}
    agent = ModelPlayer(Model(make_environment(config.game), config.model))
    opponents = {name: _scripted_player(name, config.game) for name in config.run.opponents}

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
