"""Flags that a run would not read: refused on the command line, where somebody expects something of them.

A config file may hold such fields: another flag, like `--objective mirror`, may make them idle.
"""

from __future__ import annotations

from collections.abc import Iterable

from pokerjax.config import Config, ModelConfig, require

_PPO = ("clip", "dual_clip", "entropy_coefficient", "entropy_end", "magnet_coefficient")
_MIRROR = ("temperature", "temperature_end", "mirror_step", "probability_floor")
_OF_THE_TARGET = (*(ModelConfig.__dataclass_fields__.keys() - {"compute_dtype"}), "bet_sizes")
_OF_HOLDEM = ("all_in_equity", "rivals", "opponents", "evaluate_games")
_OF_SLIPS = ("tremble", "tremble_end", "random_seats", "told_carelessness")


def check_named(config: Config, fields: Iterable[str]) -> None:
    """Raise `UserError` for the first of the fields, those that were named as flags, that the run does not read."""
    reasons = _idle(config)
    for field in fields:
        flag = f"--{field.replace('_', '-')}"
        require(field not in reasons, f"{flag} would do nothing: {reasons.get(field)}; leave it out.")


def _idle(config: Config) -> dict[str, str]:
    """Why this run does not read a field, by the name of the field."""
    learn, idle = config.learn, {}
    if learn.objective == "ppo":
        idle |= dict.fromkeys(_MIRROR, "it belongs to --objective mirror, and this run has ppo")
    else:
        idle |= dict.fromkeys(_PPO, "it belongs to --objective ppo, and this run has mirror")
    if config.game.variant != "holdem":
        idle |= dict.fromkeys(_OF_HOLDEM, f"it belongs to hold'em, and this run plays {config.game.variant}")
    if learn.objective == "ppo" and not learn.entropy_coefficient:
        idle["entropy_end"] = "there is no entropy bonus without --entropy-coefficient"
    if learn.copy_target:
        idle |= dict.fromkeys(_OF_THE_TARGET, "with --copy-target the model and the bet sizes are the target's")
    if not learn.pool_share:
        idle["pool_size"] = "there is no pool without --pool-share"
    if learn.opponent == "checkpoint":
        idle |= dict.fromkeys(_OF_SLIPS, "nobody slips against a frozen agent")
        idle["opponents"] = "the run is measured against the agent that it exploits"
    elif learn.pool_share == 1:
        idle |= dict.fromkeys(_OF_SLIPS, "with --pool-share 1 all tables have frozen opponents, and nobody slips there")
    elif not learn.tremble:
        idle["tremble_end"] = "there are no slips without --tremble"
    return idle
