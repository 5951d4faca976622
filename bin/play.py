"""Play against an agent: python bin/play.py RUN_OR_CHECKPOINT --terminal [--study]."""

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
    """Play hands against a trained agent."""

    run_or_checkpoint: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="[RUN_OR_CHECKPOINT]")] = ""
    """A run folder (its final or newest checkpoint) or one checkpoint. None: the agent that ships with pokerjax."""
    terminal: bool = False
    """Play in this shell."""
    study: bool = False
    """Show after each hand what the agent held and the probabilities of its actions."""
    num_players: int | None = None
    """Players at the table, you included. None: the fewest that the agent knows."""
    seed: int | None = None
    """Seed of the cards and of the agent's actions. None: different every time."""
    device: Device = "cpu"
    """Where the agent thinks; one decision is quick on the CPU."""


def main(arguments: list[str]) -> None:
    """Check the flags before JAX is imported, so that a typing mistake is answered at once."""
    settings = commandline.parse(_Arguments, arguments, program="bin/play.py")
    require(settings.terminal, "The web page is not there yet; add --terminal to play in the shell.")
    seed = secrets.randbits(32) if settings.seed is None else settings.seed
    check_seed(seed)
    from pokerjax import device
    from pokerjax.agents import create_llm_agent
    from pokerjax.play import terminal

    device.use_compilation_cache()
    agent = create_llm_agent(model_path=settings.run_or_checkpoint, device=settings.device, seed=seed)
    terminal.play(agent, sys.stdin, sys.stdout, study=settings.study, seed=seed, num_players=settings.num_players)


if __name__ == "__main__":
    commandline.run(main)
