"""How the train step grows: with tables, players, layers, rollout length and devices, one of them at a time.

Every point is a config of its own, compiled and timed in steady state. Minibatches are an eighth of the rollout.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import jax

from pokerjax.benchmark.timing import Result
from pokerjax.benchmark.training import flops_per_decision, steady_state
from pokerjax.config import Config
from pokerjax.learn.learner import Learner
from pokerjax.pictures import picture

AXES: dict[str, tuple[int, ...]] = {
    "tables": (32, 64, 128, 256, 512, 1024),
    "players": (2, 3, 6, 9),
    "layers": (1, 2, 4, 8),
    "rollout_length": (32, 64, 128, 256),
    "devices_strong": (1, 2, 4, 8),
    "devices_weak": (1, 2, 4, 8),
}
"""What is varied, and the values it takes. Strong: the tables of the config over ever more devices; weak: an eighth of
them on each device."""


def variation(config: Config, axis: str, value: int) -> Config:
    """The config with one thing changed; on one device unless devices are what changes."""
    game, model, learn, run = config.game, config.model, config.learn, config.run
    learn, run = dataclasses.replace(learn, batch_size=0), dataclasses.replace(run, num_devices=1)
    if axis == "tables":
        learn = dataclasses.replace(learn, parallel_games=value)
    elif axis == "players":
        game = dataclasses.replace(game, num_players=value)
    elif axis == "layers":
        model = dataclasses.replace(model, n_layers=value)
    elif axis == "rollout_length":
        learn = dataclasses.replace(learn, rollout_length=value)
    else:
        run = dataclasses.replace(run, num_devices=value)
        if axis == "devices_weak":
            learn = dataclasses.replace(learn, parallel_games=learn.parallel_games // 8 * value)
    return Config(game=game, model=model, learn=learn, run=run)


def scaling(
    config: Config, axes: Sequence[str], *, iterations: int, note: Callable[[str], None] = lambda text: None
) -> Iterator[Result]:
    """Measure a checked config, whose tables are named, along each of the axes."""
    for axis in axes:
        for value in AXES[axis]:
            if axis.startswith("devices") and value > len(jax.devices()):
                continue
            note(f"{axis} {value} ...")
            learner = Learner(variation(config, axis, value))
            yield _point(learner, axis, value, iterations)


def _point(learner: Learner, axis: str, value: int, iterations: int) -> Result:
    steady = steady_state(learner, iterations, lambda text: None)
    calls, timing = len(steady.timing.seconds), steady.timing
    decisions = learner.decisions_per_iteration * learner.config.learn.iterations_per_call
    return {
        "benchmark": "scaling",
        "axis": axis,
        "value": value,
        "num_players": learner.config.game.num_players,
        "tables": learner.parallel_games,
        "num_devices": learner.num_devices,
        "rollout_length": learner.config.learn.rollout_length,
        "parameters": learner.num_parameters,
        "flops_per_decision": flops_per_decision(learner)[0],
        "decisions_per_second": decisions / timing.median,
        "best_decisions_per_second": decisions / timing.best,
        "hands_per_second": steady.hands / calls / timing.median,
        "padding_share": steady.padding_share,
        "program_bytes": steady.program_bytes,
        "compile_seconds": steady.compile_seconds,
        "seconds": timing.total,
    }


def draw(results: Sequence[Result], folder: Path, *, device: str) -> None:
    """Write scaling_<axis>.svg for each axis that was measured. Raises `UserError` when matplotlib is missing."""
    for axis in AXES:
        points = [result for result in results if result["axis"] == axis]
        if not points:
            continue
        words = axis.replace("_", " ").replace("devices strong", "devices (tables in all the same)")
        words = words.replace("devices weak", "devices (tables on each the same)")
        with picture(folder / f"scaling_{axis}.svg", f"Train step on {device}") as axes:
            values = [point["value"] for point in points]
            for name, key in (("median", "decisions_per_second"), ("best", "best_decisions_per_second")):
                axes.plot(values, [point[key] / 1e3 for point in points], marker="o", label=name)
            axes.set_xscale("log", base=2)
            axes.set_xticks(values, [f"{value:,}" for value in values])
            axes.set_xlabel(words)
            axes.set_ylabel("thousand decisions a second")
            axes.set_ylim(bottom=0)
