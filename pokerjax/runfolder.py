"""The folder of a run: who may write to it, and what wrote it.

A folder holds one run. It is touched only after everything about the run was found good, so a mistake leaves
no folder behind and overwrites nothing.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import platform
import subprocess
from pathlib import Path
from typing import Any

from pokerjax.checkpoint import SHIPPED
from pokerjax.config import Config, UserError, differences, from_json, require, to_json
from pokerjax.device import describe

_PACKAGES = ("pokerjax", "jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy")


def check_folder(config: Config) -> None:
    """Raise `UserError` unless the run may use its folder: a new one, or with `resume` its own.

    Schedules depend on `num_games` and everything random on `seed`, so neither may change on the way.
    """
    folder = Path(config.run.run_dir)
    recorded = folder / "config.json"
    if not config.run.resume:
        remedy = "go on with it by --resume, choose another --run-dir, or delete the folder"
        files = ("config.json", "checkpoints", "metrics.jsonl", "hands", "logs")
        taken = any((folder / name).exists() for name in files)
        require(not taken, f"{folder} already holds a run; {remedy}.")
        require(folder.is_dir() or not folder.exists(), f"--run-dir {folder} is a file, not a folder.")
        return
    require(recorded.is_file(), f"There is no run to resume in {folder}; leave out --resume to start one.")
    started = _recorded(config)
    if started is None:
        raise UserError(f"{recorded} is damaged, so the run cannot be resumed.")
    changed = differences(started, config, "game", "model", "learn")
    for field in ("num_games", "seed"):
        ours, theirs = getattr(started.run, field), getattr(config.run, field)
        if ours != theirs:
            changed.append(f"{field} {ours} / {theirs}")
    remedy = "use the values it was started with, or another --run-dir"
    shown = ", ".join(changed)
    require(
        not changed, f"--resume: the config differs from that of {folder} (run / config): {shown}; {remedy}."
    )


def with_recorded(config: Config) -> Config:
    """The config of a run that is resumed, with what it leaves open as it was recorded.

    That is the number of tables, which another device might choose otherwise, and the checkpoint that it started from
    or exploits. Raises `UserError` when it names another.
    """
    started = _recorded(config) if config.run.resume else None
    if started is None:  # no run yet, or a damaged one, which `check_folder` says in a sentence
        return config
    given, recorded = config.run.checkpoint, started.run.checkpoint
    from_nothing = f"the run in {config.run.run_dir} began from nothing, not with --checkpoint {given}"
    require(bool(recorded) or not given, f"--resume: {from_nothing}; leave it out, or name another --run-dir.")
    if given:
        rule = f"the run in {config.run.run_dir} began with {recorded}, not with --checkpoint {given}"
        require(_is_of(recorded, given), f"--resume: {rule}; name that one, or another --run-dir.")
    if recorded and config.learn.opponent == "checkpoint":
        remedy = "begin anew against an agent that stays, as bin/evaluate.py RUN --export-agent FOLDER writes it"
        there = recorded in SHIPPED or Path(recorded).exists()
        require(there, f"--resume: {recorded}, which this run exploits, is gone; {remedy}.")
    config = dataclasses.replace(config, run=dataclasses.replace(config.run, checkpoint=recorded))
    return config if config.learn.parallel_games else with_tables(config, started.learn.parallel_games)


def _is_of(recorded: str, given: str) -> bool:
    """Whether a checkpoint that was recorded is the one that is given now, by itself or by its run."""
    one, other = (SHIPPED.get(name, Path(name)).resolve() for name in (recorded, given))
    return one == other or _run_of(one) == other or one == _run_of(other) or one.parent == other


def _run_of(path: Path) -> Path:
    return path.parents[1] if path.parent.name == "checkpoints" else path


def _recorded(config: Config) -> Config | None:
    """The config that the run in the folder was started with, if there is one that can be read."""
    try:
        return from_json(json.loads((Path(config.run.run_dir) / "config.json").read_text())["config"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def with_tables(config: Config, tables: int) -> Config:
    """The config with its number of tables named, as a run records it: another device might choose another."""
    return dataclasses.replace(config, learn=dataclasses.replace(config.learn, parallel_games=tables))


def create(config: Config, environment: dict[str, Any]) -> None:
    """Make the folder of a new run with its `config.json`; a resumed one keeps what it recorded."""
    folder = Path(config.run.run_dir)
    recorded = folder / "config.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not recorded.exists():
            recorded.write_text(json.dumps({"config": to_json(config), **environment}, indent=2) + "\n")
    except OSError as error:
        raise UserError(f"--run-dir {folder} cannot be written: {error.strerror}.") from None


def environment() -> dict[str, Any]:
    """What runs this: package versions, device and, in a git checkout, the commit."""
    versions = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = "not installed"
    return {"versions": versions, "device": describe(), "git_commit": _git_commit()}


def _git_commit() -> str | None:
    root = Path(__file__).parents[1]
    if not (root / ".git").exists():
        return None
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
