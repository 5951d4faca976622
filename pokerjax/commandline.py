"""From a command line to checked settings: config files, flags, and one sentence for every mistake.

Flags are the fields of a dataclass without the names of the groups between: `--d-model 64`. tyro parses them
and writes `--help`; unknown flags and fields are named here, with the nearest spelling.
"""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import errno
import io
import itertools
import logging
import os
import re
import runpy
import sys
import traceback
import typing
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import tyro

from pokerjax.checks import check, check_types
from pokerjax.config import Config, UserError, require
from pokerjax.idle import check_named

Settings = TypeVar("Settings")


@dataclasses.dataclass(frozen=True, kw_only=True)
class _TrainArguments:
    """Train an agent by self-play. Every field of the config is a flag and overrides the file."""

    config: Annotated[str, tyro.conf.arg(metavar="FILE")] = ""
    """The config file, such as configs/base.py."""
    settings: Annotated[Config, tyro.conf.arg(name="")] = dataclasses.field(default_factory=Config)


def run(main: Callable[[list[str]], None]) -> NoReturn:
    """Call `main` with the arguments of the process and exit: 0, or 2 with one line for a user's mistake."""
    os.environ["JAX_ENABLE_X64"] = "0"  # for JAX, which is not imported yet: the programs are of 32 bits
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without ± costs no result
    _hush_late_tasks()
    try:
        main(sys.argv[1:])
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        _leave(2)
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        _leave(130)
    except BrokenPipeError:  # Whoever read our output has left, as `| head` does; nothing is wrong.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        print(f"error: {error.filename} is no path: {error.strerror}.", file=sys.stderr)
        _leave(2)
    sys.exit(0)


def _leave(status: int) -> NoReturn:
    """Exit without waiting for what still compiles in a thread.

    One of several processes waits: it has to take its leave of the others.
    """
    jax = sys.modules.get("jax")
    if jax is not None and jax.distributed.is_initialized():
        sys.exit(status)
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status)


def _hush_late_tasks() -> None:
    """Drop what Orbax's reading threads still report once a damaged checkpoint has been answered.

    Orbax closes its event loop at the first failure while other reads are under way; each of those then raises
    "Event loop is closed" in a thread nobody waits for, which would bury the sentence under tracebacks. It
    takes the hooks of the whole process, so it belongs to the commands and not to the library.
    """
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
    report, report_unraisable = sys.excepthook, sys.unraisablehook

    def is_late(error: BaseException | None) -> bool:
        return isinstance(error, RuntimeError) and str(error) == "Event loop is closed"

    sys.excepthook = lambda kind, error, trace: None if is_late(error) else report(kind, error, trace)
    sys.unraisablehook = lambda args: None if is_late(args.exc_value) else report_unraisable(args)


def parse(
    kind: type[Settings], arguments: Sequence[str], *, program: str, default: Settings | None = None
) -> Settings:
    """Return the dataclass `kind` filled from flags. Raises `UserError`; `--help` prints and exits."""
    _check_flags(arguments, _flags(kind), program)
    errors = io.StringIO()
    options: dict[str, Any] = {} if default is None else {"default": default}
    try:
        with contextlib.redirect_stderr(errors):
            return tyro.cli(
                kind, args=arguments, prog=program, config=(tyro.conf.OmitArgPrefixes,), **options
            )
    except SystemExit as stop:
        if not stop.code:
            raise
        raise UserError(_sentence(errors.getvalue(), program)) from None


def load_config(arguments: Sequence[str], *, program: str = "bin/train.py") -> Config:
    """Return the checked config of `--config FILE` with the other flags on top.

    An empty `run_dir` becomes `runs/<name of the file>`, so what is recorded always names its folder.
    """
    path = _value_of("--config", arguments)
    asks_for_help = any(argument in ("-h", "--help") for argument in arguments)
    _check_flags(arguments, _flags(_TrainArguments), program)
    require(bool(path) or asks_for_help, "--config is missing: name a config file, such as configs/base.py.")
    settings = read_config(Path(path)) if path else Config()
    default = _TrainArguments(config=path, settings=settings)
    config = parse(_TrainArguments, arguments, program=program, default=default).settings
    if not config.run.run_dir:
        folder = f"runs/{Path(path).stem}"
        config = dataclasses.replace(config, run=dataclasses.replace(config.run, run_dir=folder))
    check_named(check(config), _named(arguments))
    return config


def read_config(path: Path) -> Config:
    """Return the `config` that a config file defines. Raises `UserError` when it can't be had."""
    require(path.is_file(), f"There is no config file {path}{_others(path)}.")
    try:
        config = runpy.run_path(str(path)).get("config")
    except (Exception, SystemExit) as error:  # A config file is code: whatever goes wrong in it is the user's to mend.
        raise UserError(_blame(path, error)) from None
    require(isinstance(config, Config), f"{path} must define `config`, a pokerjax.config.Config.")
    assert isinstance(config, Config)
    check_types(config)
    return config


def _named(arguments: Sequence[str]) -> list[str]:
    """The fields that flags name, in their order; `--no-` forms left out, since they ask for nothing."""
    flags = (argument.partition("=")[0] for argument in arguments if argument.startswith("--"))
    return [flag[2:].replace("-", "_") for flag in flags]


def _value_of(flag: str, arguments: Sequence[str]) -> str:
    """What the flag is given, the last time as for all flags; empty if it is missing."""
    found = ""
    for argument, following in itertools.zip_longest(arguments, arguments[1:], fillvalue=""):
        name, _, value = argument.partition("=")
        if name == flag:
            found = value or following
    return found


def _others(path: Path) -> str:
    there = sorted(str(other) for other in path.parent.glob("*.py"))
    return f"; there are {', '.join(there)}" if there else ""


def _blame(path: Path, error: BaseException) -> str:
    if isinstance(error, TypeError) and (
        found := re.search(r"unexpected keyword argument '(\w+)'", str(error))
    ):
        name = found[1]
        fields = [flag[2:].replace("-", "_") for flag in _flags(Config)]
        return f"{path} sets the unknown field {name}{_nearest(name, fields) or '.'}"
    lines = [
        frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)
    ]
    line = getattr(error, "lineno", None) or (lines[-1] if lines else None)
    where = f"{path}, line {line}," if line else f"{path}"
    return f"{where} cannot be read: {type(error).__name__}: {error}."


def _flags(kind: type) -> list[str]:
    """The flags of a dataclass and of the dataclasses in it, `--no-` forms left out."""
    found = []
    for name, hint in typing.get_type_hints(kind).items():
        if dataclasses.is_dataclass(hint):
            found += _flags(typing.cast(type, hint))
        else:
            found.append(f"--{name.replace('_', '-')}")
    return found


def _check_flags(arguments: Sequence[str], flags: list[str], program: str) -> None:
    known = {*flags, *(flag.replace("--", "--no-", 1) for flag in flags), "--help"}
    for argument in arguments:
        name = argument.partition("=")[0]
        if name.startswith("--") and name.replace("_", "-") not in known:
            hint = _nearest(name.replace("_", "-"), flags) or f"; {_see_help(program)}"
            raise UserError(f"Unknown flag {name}{hint}")


def _nearest(name: str, candidates: list[str]) -> str:
    """The candidate that is meant: one with all these words or initials (`--players`, `--lr`), or a like spelling."""
    words = {candidate: re.findall(r"[a-z0-9]+", candidate) for candidate in candidates}
    given = re.findall(r"[a-z0-9]+", name.lower())
    longer = [candidate for candidate in candidates if given and set(given) <= set(words[candidate])]
    short = [candidate for candidate in candidates if given == ["".join(word[0] for word in words[candidate])]]
    close = difflib.get_close_matches(name, candidates, n=1, cutoff=0.6)
    found = difflib.get_close_matches(name, longer, n=1, cutoff=0) or short or close
    return f"; did you mean {found[0]}?" if found else ""


def _sentence(box: str, program: str) -> str:
    """The first paragraph of the box that tyro draws around an error, as one line."""
    lines = [line.strip("│ ").strip() for line in box.splitlines()[1:]]
    paragraph = []
    for line in lines:
        if not line or line[0] in "─╰":
            break
        paragraph.append(line)
    text = " ".join(paragraph).rstrip(".") or "The flags cannot be read"
    return f"{text}; {_see_help(program)}"


def _see_help(program: str) -> str:
    """Where the flags are explained; a module is started by `python -m` and says so in its name."""
    return f"see {program if program.startswith('python ') else f'python {program}'} --help."
