"""The games that the competition played, by the names of their files, and game files of others."""

from __future__ import annotations

from pathlib import Path

from pokerjax import poker
from pokerjax.config import UserError, require

_HOLDEM = """\
numRounds = 4
numSuits = 4
numRanks = 13
numHoleCards = 2
numBoardCards = 0 3 1 1
END GAMEDEF
"""
_TWO = "numPlayers = 2\nfirstPlayer = 2 1 1 1\n"
_THREE = "numPlayers = 3\nfirstPlayer = 3 1 1 1\n"
_LIMIT = "GAMEDEF\nlimit\nraiseSize = 10 10 20 20\nmaxRaises = 3 4 4 4\n"
_NO_LIMIT = "GAMEDEF\nnolimit\n"
GAMES = {
    "holdem.nolimit.2p": f"{_NO_LIMIT}{_TWO}stack = 20000 20000\nblind = 100 50\n{_HOLDEM}",
    "holdem.nolimit.3p": f"{_NO_LIMIT}{_THREE}stack = 20000 20000 20000\nblind = 50 100 0\n{_HOLDEM}",
    "holdem.limit.2p": f"{_LIMIT}{_TWO}blind = 10 5\n{_HOLDEM}",
    "holdem.limit.3p": f"{_LIMIT}{_THREE}blind = 5 10 0\n{_HOLDEM}",
}


def read_game(name: str) -> poker.Rules:
    """The rules of a game of the competition, or of a `.game` file. Raises `UserError`."""
    if name in GAMES:
        return poker.rules_from_acpc(GAMES[name])
    path = Path(name)
    require(path.is_file(), f"There is no game file {name}; name one, or one of {', '.join(GAMES)}.")
    try:
        return poker.rules_from_acpc(path.read_text())
    except OSError as error:
        raise UserError(f"{name} cannot be read ({error.strerror}); name another file.") from None
    except UnicodeDecodeError:
        raise UserError(f"{name} is no text; name a .game file.") from None
    except ValueError as error:
        raise UserError(f"{name} is no game. {error}") from None
