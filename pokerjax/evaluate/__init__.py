"""How well an agent plays: duplicate matches against scripted players and other checkpoints."""

from pokerjax.evaluate.contest import (
    at_temperature,
    during_training,
    export_agent,
    find_target,
    load,
    play_opponents,
    seat,
    told,
    write_matches,
)
from pokerjax.evaluate.match import MatchResult, play_match
from pokerjax.evaluate.players import ModelPlayer, Player, ScriptedPlayer
from pokerjax.evaluate.scripted import SCRIPTED

__all__ = [
    "SCRIPTED",
    "MatchResult",
    "ModelPlayer",
    "Player",
    "ScriptedPlayer",
    "at_temperature",
    "during_training",
    "export_agent",
    "find_target",
    "load",
    "play_match",
    "play_opponents",
    "seat",
    "told",
    "write_matches",
]
