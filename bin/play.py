"""Play and study an agent: python bin/play.py [RUN_OR_CHECKPOINT] opens a web page; --terminal plays in the shell."""

from __future__ import annotations

import dataclasses
import secrets
import sys
from typing import TYPE_CHECKING, Annotated

import tyro

from pokerjax import commandline
from pokerjax.checks import check_seed
from pokerjax.config import Device, UserError, require

if TYPE_CHECKING:
    from pokerjax.agents import Agent


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Arguments:
    """Play hands against a trained agent, and study what it would do."""

    run_or_checkpoint: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="[RUN_OR_CHECKPOINT]")] = ""
    """A run folder (its final or newest checkpoint) or one checkpoint. None, or `shipped`: the agent that ships with
    pokerjax; `shipped/told`: its second one, which can be told how careless its table is."""
    terminal: bool = False
    """Play in this shell instead of the browser."""
    study: bool = False
    """Study mode from the start: what the agents think, and after each hand what they held."""
    carelessness: float | None = None
    """How careless the agent is told that you are, if it was trained with --told-carelessness: from 0, you never slip,
    to 1. None: 0.2, and on the page you choose."""
    num_players: int | None = None
    """Players at the table, you included (--terminal; the page asks). None: the fewest that the agent knows."""
    host: str = "127.0.0.1"
    """Address that the page is served on. Anything but 127.0.0.1 lets other machines in: there is no password."""
    names: tuple[str, ...] = ()
    """Further names by which the page is called: of this machine in its network, or of a proxy before it."""
    port: int = 8642
    """Port of the page; 0 takes any that is free."""
    seed: int | None = None
    """Seed of the cards and of the agent's actions. None: different every time."""
    device: Device = "cpu"
    """Where the agent thinks; one decision is quick on the CPU."""


def main(arguments: list[str]) -> None:
    """Check the flags before JAX is imported, so that a typing mistake is answered at once."""
    settings = commandline.parse(_Arguments, arguments, program="bin/play.py")
    require(0 <= settings.port < 65536, f"--port {settings.port} must be from 0 to 65535.")
    require(bool(settings.host.strip()), "--host is empty; name an address, 127.0.0.1 for this machine alone.")
    of_page = {"host": settings.host != _Arguments.host, "port": settings.port != _Arguments.port}
    of_page["names"] = bool(settings.names)
    idle = [f"--{name}" for name, given in of_page.items() if given]
    require(not (settings.terminal and idle), f"--terminal opens no page: leave it or {' and '.join(idle)} out.")
    require(settings.terminal or settings.num_players is None, "--num-players is for --terminal: the page asks for it.")
    seed = secrets.randbits(32) if settings.seed is None else settings.seed
    check_seed(seed)
    if not settings.terminal:
        _check_extra()
    from pokerjax import device
    from pokerjax.agents import create_llm_agent

    device.use_compilation_cache()
    agent = create_llm_agent(
        model_path=settings.run_or_checkpoint, device=settings.device, seed=seed, carelessness=settings.carelessness
    )
    if settings.terminal:
        from pokerjax.play import terminal

        terminal.play(agent, sys.stdin, sys.stdout, study=settings.study, seed=seed, num_players=settings.num_players)
    else:
        _serve(settings, agent)


def _check_extra() -> None:
    try:
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError:
        remedy = "pip install -e '.[play]', or add --terminal to play in the shell"
        raise UserError(f"The web page needs Starlette and uvicorn: {remedy}.") from None


def _serve(settings: _Arguments, agent: Agent) -> None:
    from pokerjax.play.web.app import create_app
    from pokerjax.play.web.serve import address, listen, server

    listener = listen(settings.host.strip(), settings.port)
    name = settings.run_or_checkpoint or "the agent that ships"
    hosts = tuple(each.strip().lower() for each in (settings.host, *settings.names))
    app = create_app(agent, name=name, study=settings.study, seed=settings.seed, hosts=hosts)
    print(f"{name}: open {address(listener)} in a browser. Ctrl-C ends.", flush=True)
    with listener:
        server(app).run(sockets=[listener])


if __name__ == "__main__":
    commandline.run(main)
