"""Play an agent at a dealer of the competition: python -m pokerjax.play.acpc HOST PORT --agent RUN."""

from __future__ import annotations

import dataclasses
import secrets
import sys
from typing import Annotated

import tyro

from pokerjax import commandline
from pokerjax.checks import check_seed
from pokerjax.config import Device, require


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Arguments:
    """Play an agent at a dealer that speaks the protocol of the Annual Computer Poker Competition, version 2.0.0."""

    host: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="HOST")]
    """Where the dealer is."""
    port: Annotated[tyro.conf.Positional[int], tyro.conf.arg(metavar="PORT")]
    """The dealer's port for this player."""
    agent: str = ""
    """A run folder or a checkpoint. None, or `shipped`: the agent that ships with pokerjax."""
    game: str = "holdem.nolimit.2p"
    """The game that the dealer deals: a .game file, or holdem.nolimit.2p, holdem.nolimit.3p, holdem.limit.2p,
    holdem.limit.3p."""
    greedy: bool = False
    """Always take the likeliest action."""
    seed: int | None = None
    """Seed of the agent's actions. None: different every time."""
    device: Device = "cpu"
    """Where the agent thinks."""


def main(arguments: list[str]) -> None:
    """Check the flags before JAX is imported, play, and end with the result on one line."""
    settings = commandline.parse(_Arguments, arguments, program="python -m pokerjax.play.acpc")
    seed = secrets.randbits(32) if settings.seed is None else settings.seed
    check_seed(seed)
    require(0 < settings.port < 2**16, f"PORT {settings.port} must be from 1 to 65535.")
    from pokerjax import device
    from pokerjax.agents import create_llm_agent
    from pokerjax.play.acpc import client, games, hands

    device.use_compilation_cache()
    rules = games.read_game(settings.game)
    agent = create_llm_agent(model_path=settings.agent, device=settings.device, seed=seed, greedy=settings.greedy)
    hands.check_agent(agent.game, rules)
    lines = client.connect(settings.host, settings.port)
    try:
        books = client.play(agent, rules, lines, note=lambda text: print(text, file=sys.stderr, flush=True))
    finally:
        lines.close()
    print(f"{books}.", flush=True)
    if books.ended_by:
        print(f"error: The match is not whole: {books.ended_by}.", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    commandline.run(main)
