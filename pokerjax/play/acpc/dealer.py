"""A dealer for bots that speak the competition's protocol: python -m pokerjax.play.acpc.dealer GAME HANDS SEED.

It prints the ports of the players on one line, waits for a connection at each, plays the match, and ends with the
line SCORE. For each hand a line STATE is logged, as the competition's dealer does.
"""

from __future__ import annotations

import dataclasses
import socket
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import tyro

from pokerjax import commandline
from pokerjax.checks import check_seed
from pokerjax.config import UserError, require

MOST_HANDS = 10_000_000


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Arguments:
    """Deal a match for bots that speak the protocol of the Annual Computer Poker Competition, version 2.0.0."""

    game: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="GAME")]
    """A .game file, or holdem.nolimit.2p, holdem.nolimit.3p, holdem.limit.2p, holdem.limit.3p."""
    hands: Annotated[tyro.conf.Positional[int], tyro.conf.arg(metavar="HANDS")]
    """Hands to deal."""
    seed: Annotated[tyro.conf.Positional[int], tyro.conf.arg(metavar="SEED")]
    """Seed of the cards."""
    ports: tuple[int, ...] = ()
    """Ports, one a player; 0 or none: any that is free."""
    names: tuple[str, ...] = ()
    """Names, one a player, for the log."""
    log: str = ""
    """A file for the lines STATE and SCORE."""
    response_time: float = 60.0
    """Seconds that a player has for an answer."""
    average_time: float = 7.0
    """Seconds that a player has on average for all its answers of a hand."""
    start_time: float = 600.0
    """Seconds that the dealer waits for the players to connect."""
    fixed_button: bool = False
    """Let every player keep its position."""
    lenient: bool = False
    """Play a call for an illegal action, as the competition's dealer does, instead of asking again."""
    host: str = "127.0.0.1"
    """The address to listen at; 0.0.0.0 for everybody who can reach this machine."""


def main(arguments: list[str]) -> None:
    """Check the flags before JAX is imported, then deal. Exit status 1 if a player could not go on."""
    settings = commandline.parse(_Arguments, arguments, program="python -m pokerjax.play.acpc.dealer")
    check_seed(settings.seed)
    require(0 < settings.hands <= MOST_HANDS, f"HANDS {settings.hands} must be from 1 to {MOST_HANDS}.")
    for name in ("response_time", "average_time", "start_time"):
        seconds = getattr(settings, name)
        flag = f"--{name.replace('_', '-')} {seconds:g}"
        require(0 < seconds < 1e6, f"{flag} must be more than 0 and less than 1000000 seconds.")
    from pokerjax import device
    from pokerjax.play.acpc import games

    device.select("cpu")
    device.use_compilation_cache()
    _deal(settings, games.read_game(settings.game))


def _deal(settings: _Arguments, rules) -> None:
    from pokerjax.play.acpc.match import Match, MatchEnded, Player, Times

    players = rules.num_players
    names = settings.names or tuple(f"player{number}" for number in range(1, players + 1))
    ports = settings.ports or (0,) * players
    require(len(names) == players, f"--names must be {players}, one a player, not {len(names)}.")
    require(len(ports) == players, f"--ports must be {players}, one a player, not {len(ports)}.")
    unfit = [name for name in names if not name.isprintable() or not name or set(name) & set(":| ")]
    require(not unfit, f"--names {' '.join(unfit)}: a name in a log has no space, : or |.")
    with ExitStack() as stack:
        file = stack.enter_context(_open(settings.log)) if settings.log else None

        def log(line: str) -> None:
            if line.startswith("SCORE"):
                print(line, flush=True)
            if file:
                print(line, file=file, flush=True)

        listeners = [stack.enter_context(listen(settings.host, port)) for port in ports]
        print(*(listener.getsockname()[1] for listener in listeners), flush=True)
        log(f"# name/game/hands/seed pokerjax {settings.game} {settings.hands} {settings.seed}")
        lines = accept(listeners, settings.start_time)
        for each in lines:
            stack.callback(each.close)
        match = Match(
            rules, [Player(name, each) for name, each in zip(names, lines, strict=True)],
            num_hands=settings.hands, seed=settings.seed, fixed_button=settings.fixed_button,
            times=Times(response=settings.response_time, average=settings.average_time),
            log=log, note=lambda text: print(f"WARNING: {text}", file=sys.stderr), lenient=settings.lenient,
        )  # fmt: skip
        try:
            match.play()
        except MatchEnded as ended:
            print(f"error: The match ended in hand {match.hands}: {ended}.", file=sys.stderr)
            sys.exit(1)


def _open(path: str):
    try:
        return Path(path).open("w")
    except OSError as error:
        raise UserError(f"--log {path} cannot be written: {error.strerror}.") from None


def listen(host: str, port: int) -> socket.socket:
    """A socket that one player may connect to. Raises `UserError`."""
    require(0 <= port < 2**16, f"--ports {port} must be from 0 (any that is free) to 65535.")
    try:
        return socket.create_server((host, port), backlog=1)
    except OSError as error:
        reason = " ".join((error.strerror or str(error)).split())
        raise UserError(f"--ports {port} at {host} cannot be had ({reason}); name another, or 0.") from None


def accept(listeners: Sequence[socket.socket], timeout: float):
    """The connections of all players, in order. Raises `UserError` when one does not come in so many seconds."""
    import time

    from pokerjax.play.acpc.lines import Lines

    deadline = time.monotonic() + timeout
    found = []
    for number, listener in enumerate(listeners, 1):
        listener.settimeout(max(deadline - time.monotonic(), 0.001))
        try:
            found.append(Lines(listener.accept()[0]))
        except TimeoutError:
            for lines in found:
                lines.close()
            raise UserError(f"Player {number} did not connect within {timeout:g} seconds (--start-time).") from None
        listener.close()
    return found


if __name__ == "__main__":
    commandline.run(main)
