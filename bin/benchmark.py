"""Measure speed: python bin/benchmark.py {engine|strength|train|host|scaling|attention} [--json] [flags; see --help].

engine    random legal hold'em at many tables, dealing, hand strength and settling included
          (--peers: beside other engines; --plot FILE: as a picture)
strength  strength of seven cards
train     the train step of a config, as a share of the matrix rate of the device, and where its time goes
          (--config FILE and every field of the config as a flag, as for bin/train.py; --iterations N)
host      the loop of bin/train.py against bare calls of the train step, in turn
          (as for train; --iterations N: rounds, at least 6)
scaling   the train step against tables, players, layers, rollout length and devices
          (as for train; --axes NAME ...: only these; --plot FOLDER: as pictures too)
attention the attention of the update beside the ways not taken
          (as for train; --iterations N: seconds for each measurement)

With --json each measurement is one JSON object a line. Speeds are medians of repetitions in steady state.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pokerjax import commandline
from pokerjax.config import Config, Device, UserError, require
from pokerjax.pictures import check_picture

_CPU_DEVICES = 8  # that `scaling` lets a CPU pretend to be; they share its cores
_ATTENTION_TABLES = 32


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Engine:
    """Play random legal hold'em at 100 big blinds, many tables at once."""

    num_players: tuple[int, ...] = (2, 6)
    """Table sizes, one measurement each."""
    tables: tuple[int, ...] = (16_384,)
    """Numbers of tables, one measurement each."""
    length: int = 128
    """Decisions of each table in one call of the compiled program."""
    environment: bool = False
    """Also time the learner's environment: menu, tokens, sampling and records on top of the rules."""
    peers: bool = False
    """Also let other engines do the same work, in one process a core, and give the ratio (extra: bench)."""
    plot: Path | None = None
    """Also draw the measurements of the rules to this file, as .svg or .png (extra: plot)."""
    seconds: float = 5.0
    """Time for each measurement."""
    json: bool = False
    """Print one JSON object a line instead of the table."""
    device: Device = "auto"
    """Where to run: auto takes the best there is."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Strength:
    """Find the strength of random seven-card hands."""

    hands: int = 1 << 18
    """Hands in the batch."""
    seconds: float = 5.0
    """Time for the measurement."""
    json: bool = False
    """Print one JSON object instead of the table."""
    device: Device = "auto"
    """Where to run: auto takes the best there is."""


def main(arguments: list[str]) -> None:
    """Check the flags before JAX is imported, so that a typing mistake is answered at once."""
    if arguments[:1] in (["-h"], ["--help"]):
        print(__doc__)
        return
    kinds = {
        "engine": _engine, "strength": _strength, "train": _train, "host": _host, "scaling": _scaling,
        "attention": _attention,
    }  # fmt: skip
    require(bool(arguments), f"Name a benchmark: {', '.join(kinds)}.")
    name, *rest = arguments
    require(name in kinds, f"There is no benchmark {name}: name one of {', '.join(kinds)}.")
    kinds[name](rest, f"bin/benchmark.py {name}")


def _engine(arguments: list[str], program: str) -> None:
    settings = commandline.parse(_Engine, arguments, program=program)
    for players in settings.num_players:
        require(2 <= players <= 10, f"--num-players {players} is outside 2 to 10.")
    for tables in settings.tables:
        require(tables >= 1, f"--tables {tables} must be at least 1.")
    require(settings.length >= 1, f"--length {settings.length} must be at least 1.")
    if settings.plot:
        check_picture("--plot", settings.plot)
    if settings.peers:
        import peers

        require(not peers.missing(), f"--peers needs {', '.join(peers.missing())}: pip install -e '.[bench]'.")
    show = _start(settings.device, as_json=settings.json)
    from pokerjax.benchmark import plot, simulation

    kinds = [simulation.engine, simulation.environment] if settings.environment else [simulation.engine]
    results = []
    for players, tables in itertools.product(settings.num_players, settings.tables):
        for kind in kinds:
            results.append(kind(players, tables, length=settings.length, seconds=settings.seconds))
            show(results[-1])
    if settings.plot:
        from pokerjax import device

        rules_alone = [result for result in results if result["benchmark"] == "engine"]
        plot.engine_growth(rules_alone, settings.plot, device=device.describe())
    if settings.peers:
        _peers(settings, results, show)


def _peers(settings: _Engine, results: list[dict[str, Any]], show: Callable[[dict[str, Any]], None]) -> None:
    """Measure the other engines, and our best figure as a multiple of theirs."""
    import peers

    for players, name in itertools.product(settings.num_players, peers.PEERS):
        peer = peers.measure(name, players, seconds=settings.seconds)
        ours = max(
            result["decisions_per_second"]
            for result in results
            if result["num_players"] == players and result["benchmark"] == "engine"
        )
        ratio = ours / peer["decisions_per_second"]
        show({"benchmark": name, "num_players": players, "tables": None, **peer, "ratio": ratio})


def _strength(arguments: list[str], program: str) -> None:
    settings = commandline.parse(_Strength, arguments, program=program)
    require(settings.hands >= 1, f"--hands {settings.hands} must be at least 1.")
    show = _start(settings.device, as_json=settings.json)
    from pokerjax.benchmark import simulation

    show(simulation.strength(settings.hands, seconds=settings.seconds))


def _train(arguments: list[str], program: str) -> None:
    config, own = _train_arguments(arguments, program)
    show = _start(config.run.device, as_json=own.json)
    from pokerjax.benchmark import training

    show(training.train(config, iterations=own.iterations, note=_note))


def _host(arguments: list[str], program: str) -> None:
    config, own = _train_arguments(arguments, program, iterations=16)
    show = _start(config.run.device, as_json=own.json)
    from pokerjax.benchmark import loop

    show(loop.measure_host(config, rounds=own.iterations, note=_note))


def _scaling(arguments: list[str], program: str) -> None:
    config, own = _train_arguments(arguments, program, default="configs/quick.py", plot=True)
    named = f"--parallel-games {config.learn.parallel_games}: name the tables, a multiple of 8, from which to vary."
    require(config.learn.parallel_games > 0 and config.learn.parallel_games % 8 == 0, named)
    show = _start(config.run.device, as_json=own.json, cpu_devices=_CPU_DEVICES)
    from pokerjax import device
    from pokerjax.benchmark import scaling

    unknown = sorted(set(own.axes) - set(scaling.AXES))
    require(not unknown, f"--axes {' '.join(unknown)}: there are {', '.join(scaling.AXES)}.")
    if own.plot:
        check_picture("--plot", own.plot / "scaling.svg")
    device.use_compilation_cache()
    results = []
    for result in scaling.scaling(config, own.axes or tuple(scaling.AXES), iterations=own.iterations, note=_note):
        results.append(result)
        show(result)
    if own.plot:
        found = device.describe()  # of a CPU, the devices that it passes for
        cores = f"{os.cpu_count()} CPU cores"
        scaling.draw(results, own.plot, device=cores if found.endswith("cpu") else found)


def _attention(arguments: list[str], program: str) -> None:
    config, own = _train_arguments(arguments, program)
    show = _start(config.run.device, as_json=own.json)
    from pokerjax.benchmark.attention import measure_attention

    context, length = config.game.hand_limit, config.learn.rollout_length
    for result in measure_attention(config.model, context, length, _ATTENTION_TABLES, seconds=own.iterations):
        show(result)


def _note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _train_arguments(
    arguments: list[str], program: str, *, default: str = "configs/base.py", iterations: int = 3, plot: bool = False
) -> tuple[Config, argparse.Namespace]:
    """The config, as bin/train.py would load it, and the flags that only this command has."""
    own = argparse.ArgumentParser(prog=program, add_help=False, allow_abbrev=False, exit_on_error=False)
    own.add_argument("--config", default=default, metavar="FILE")
    own.add_argument("--iterations", type=int, default=iterations, metavar="N")
    own.add_argument("--json", action="store_true")
    if plot:
        own.add_argument("--axes", nargs="+", default=(), metavar="NAME")
        own.add_argument("--plot", type=Path, metavar="FOLDER")
    try:
        flags, rest = own.parse_known_args(arguments)
    except argparse.ArgumentError as error:
        raise UserError(f"{error}; see python {program} --help.") from None
    if {"-h", "--help"} & set(rest):
        print(f"{own.format_usage()}and the flags of bin/train.py:\n")
    require(flags.iterations >= 1, f"--iterations {flags.iterations} must be at least 1.")
    config = commandline.load_config(["--config", flags.config, *rest], program=program)
    alone = "--opponent checkpoint: speed is measured in self-play; name a config without it."
    require(config.learn.opponent == "self", alone)
    return config, flags


def _start(name: Device, *, as_json: bool, cpu_devices: int = 0) -> Callable[[dict[str, Any]], None]:
    """Choose the device and return what prints a measurement, together with what it was measured on.

    No cache of compiled programs is used, so that the seconds of compilation are true.
    """
    from pokerjax import device, runfolder

    device.select(name, cpu_devices=cpu_devices)
    from pokerjax.benchmark import report

    found = runfolder.environment()
    machine = {"device": found["device"], "cpu_cores": os.cpu_count()}
    software = {"versions": found["versions"], "commit": found["git_commit"]}
    if not as_json:
        print(report.head(found["device"]), flush=True)

    def show(result: dict[str, Any]) -> None:
        whole = {"benchmark": result["benchmark"], **machine, **result, **software}
        print(json.dumps(whole) if as_json else report.text(result), flush=True)

    return show


if __name__ == "__main__":
    commandline.run(main)
