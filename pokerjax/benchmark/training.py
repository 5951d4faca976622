"""How fast a config learns, and what share of the device's matrix rate that is.

All in one process, one after the other: the train step, the best rate of plain matrix products in the model's
compute type, and each part of the step as a program of its own.

FLOP are those of matrix products, 2 a weight forward and 4 backward; attention scores, norms and the optimiser
are not counted. Axes: B tables, T decisions of a rollout, R places of the prefix, W = R + T.
"""

from __future__ import annotations

import copy
import dataclasses
import resource
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from pokerjax.benchmark.floor import copy_rate, floors
from pokerjax.benchmark.loop import host_gap
from pokerjax.benchmark.simulation import UniformModel
from pokerjax.benchmark.timing import Result, Timing, compile_for, measure, measure_loop
from pokerjax.config import Config
from pokerjax.learn import schedules
from pokerjax.learn.learner import Learner, LearnerState
from pokerjax.learn.rollout import Steps
from pokerjax.learn.targets import make_targets

_SQUARES = {"cpu": (512, 1024, 2048), "gpu": (2048, 4096, 8192), "tpu": (2048, 4096, 8192)}
_SECONDS = 1.0  # for each product and each part
_MOST_ROWS = 1 << 17  # of a matrix in the measurement of the peak


@dataclasses.dataclass(frozen=True)
class Steady:
    """The train step after warming up."""

    timing: Timing  # of calls
    hands: int  # finished in the timed calls
    compile_seconds: float  # tracing included
    first_step_seconds: float  # from nothing to the end of the first call: initial state, compilation, the call
    program_bytes: int | None  # that the compiled step takes on a device, as XLA laid it out
    peak_memory_bytes: int | None  # of an accelerator
    padding_share: float  # of the places that the update reads
    state: LearnerState  # after the last call
    step: Callable[[LearnerState], Any]  # compiled


def train(config: Config, *, iterations: int, note: Callable[[str], None] = lambda text: None) -> Result:
    """Measure a checked config over about so many iterations; `note` hears what is going on."""
    learner = Learner(config)
    note(f"compiling the train step of {learner.num_parameters:,} parameters ...")
    steady = steady_state(learner, iterations, note)
    note("measuring the rate of matrix products ...")
    rates, copied = matmul_rates(learner, seconds=_SECONDS), copy_rate(seconds=_SECONDS)
    note("measuring the parts of the step ...")
    parts = part_seconds(learner, steady.state, seconds=_SECONDS)
    note("measuring the loop around the step ...")
    gap = host_gap(learner, steady.step, steady.timing.median)
    least = {"copy_bytes_per_second": copied, "floors": floors(learner, max(rates.values()), copied)}
    return _result(learner, steady, rates, parts) | least | gap


def steady_state(learner: Learner, iterations: int, note: Callable[[str], None]) -> Steady:
    """Compile the train step, make one call to warm up, and time the next ones."""
    beginning = time.perf_counter()
    state = learner.init(jax.random.key(learner.config.run.seed))
    start = time.perf_counter()
    step = learner.step.lower(state).compile()
    compile_seconds = time.perf_counter() - start
    calls = -(-iterations // learner.config.learn.iterations_per_call)
    note(f"compiled in {compile_seconds:.1f} s; timing {calls} calls after one that warms up ...")
    state, metrics = step(state)
    games = int(state.games)
    first_step_seconds = time.perf_counter() - beginning
    times = []
    for _ in range(calls):
        start = time.perf_counter()
        state, metrics = step(state)
        jax.block_until_ready((state, metrics))
        times.append(time.perf_counter() - start)
    memory = (jax.devices()[0].memory_stats() or {}).get("peak_bytes_in_use")
    padding, program = float(metrics["rollout/padding_share"][-1]), _program_bytes(step.memory_analysis())
    played = int(state.games) - games
    return Steady(
        Timing(tuple(times)), played, compile_seconds, first_step_seconds, program, memory, padding, state, step
    )


def _program_bytes(analysis: Any) -> int | None:
    """Arguments, results that do not lie in their place, and what the program takes in between."""
    if analysis is None:  # a backend that does not tell
        return None
    kept = analysis.argument_size_in_bytes + analysis.output_size_in_bytes - analysis.alias_size_in_bytes
    return kept + analysis.temp_size_in_bytes


def matmul_rates(learner: Learner, *, seconds: float) -> dict[str, float]:
    """FLOP/s of matrix products in the compute type, by shape `rows x inner x columns`.

    Square ones, and the model's own: queries, keys and values, and feed-forward, as the update and acting see them.
    """
    model = learner.config.model
    width, hidden = model.d_model, model.d_model * model.mlp_ratio
    window = learner.model.environment.hand_limit + learner.config.learn.rollout_length
    updated = min(learner.batch_tables * window, _MOST_ROWS)
    shapes = [(n, n, n) for n in _SQUARES[jax.default_backend()]]
    shapes += [(updated, width, hidden), (updated, width, 3 * width), (learner.parallel_games, width, hidden)]
    dtype = jnp.dtype(model.compute_dtype)
    return {f"{m}x{k}x{n}": _matmul_rate(m, k, n, dtype, seconds) for m, k, n in shapes}


def _matmul_rate(rows: int, inner: int, columns: int, dtype: jnp.dtype, seconds: float) -> float:
    """FLOP/s of [rows, inner] times [inner, columns] and back again, in a loop on the device."""
    keys = jax.random.split(jax.random.key(0), 3)
    x = jax.random.normal(keys[0], (rows, inner), dtype)
    up = (jax.random.normal(keys[1], (inner, columns)) * inner**-0.5).astype(dtype)
    down = (jax.random.normal(keys[2], (columns, inner)) * columns**-0.5).astype(dtype)

    def loop(turns, x, up, down):
        # The barrier keeps the compiler from multiplying the two weights with each other instead.
        return jax.lax.fori_loop(0, turns, lambda _, x: jax.lax.optimization_barrier(x @ up) @ down, x)

    run = compile_for(loop)
    timing, turns = measure_loop(lambda turns: run(turns, x, up, down), seconds=seconds)
    return 4.0 * rows * inner * columns * turns / timing.best


def part_seconds(learner: Learner, state: LearnerState, *, seconds: float) -> dict[str, float]:
    """Least seconds an iteration of each part of the step, compiled and timed as a program of its own.

    `engine` is the rollout with a model that costs nothing, so sampling and recording are in it.
    `rollout_model` is the reading of the prefix and T cached steps on tokens that are given.
    """
    key = jax.random.key(1)
    play = compile_for(uniform_learner(learner).play)
    window: Steps = play(state, key)[1]
    think, judge = compile_for(_rollout_model(learner)), compile_for(learner.log_policy)
    # What an update costs does not depend on the data, so the uniform policy's window serves.
    now = schedules.rates(learner.config.learn, jnp.float32(0))
    returns = compile_for(lambda window: make_targets(learner.model, learner.config.learn, window, now))
    targets, _ = returns(window)
    update = compile_for(lambda state, window, targets: learner.update(state, window, targets, now, key))
    programs: dict[str, Callable[[], Any]] = {
        "engine": lambda: play(state, key),
        "rollout_model": lambda: think(state.params, window),
        "returns": lambda: returns(window),
        "update": lambda: update(state, window, targets),
    }
    if learner.has_magnet:
        programs["magnet"] = lambda: judge(state.average, window)
    return {name: measure(call, seconds=seconds).best for name, call in programs.items()}


def uniform_learner(learner: Learner) -> Learner:
    """The same learner with a model that costs nothing."""
    twin = copy.copy(learner)
    twin.model = UniformModel(learner.model.environment, learner.model.config)
    return twin


def _rollout_model(learner: Learner):
    model, length = learner.model, learner.config.learn.rollout_length

    def think(params, window: Steps):
        params = model.in_compute_type(params)
        tokens, segments = window.tokens[:, :-length], window.segments[:, :-length]
        _, _, cache = model.sequence(params, tokens, segments)

        def one_step(cache, inputs):
            steps, time = inputs
            logits, values, cache = model.step_with_critic(
                params, cache, steps.tokens, steps.segments, steps.secrets, time
            )
            return cache, (logits, values)

        steps = jax.tree.map(lambda x: jnp.swapaxes(x[:, -length:], 0, 1), window)
        return jax.lax.scan(one_step, cache, (steps, jnp.arange(length)))[1]

    return think


def flops_per_decision(learner: Learner) -> tuple[int, float]:
    """FLOP that one trained decision takes at least, and what this learner spends on one.

    At least: act on it (2N) and train on it (6N an epoch). Spent: the magnet's reading (2N) too, where there is one,
    and the prefix, which is read again before acting, by the magnet and in every epoch.
    """
    weights, learn = learner.model.num_matmul_parameters, learner.config.learn
    prefix = learner.model.environment.hand_limit / learn.rollout_length
    least = 2 * weights + 6 * weights * learn.epochs
    spent = 2 * weights * (1 + prefix) + (2 * learner.has_magnet + 6 * learn.epochs) * weights * (1 + prefix)
    return least, spent


def _result(learner: Learner, steady: Steady, rates: dict[str, float], parts: dict[str, float]) -> Result:
    config, timing = learner.config, steady.timing
    per_call = config.learn.iterations_per_call
    iteration_seconds = timing.median / per_call
    decisions = learner.decisions_per_iteration
    all_decisions = decisions * per_call * len(timing.seconds)
    speed = decisions / iteration_seconds
    least, spent = flops_per_decision(learner)
    peak = max(rates.values())
    # Fastest against fastest: other work on the machine would otherwise pass for a share.
    shares = {name: seconds * per_call / timing.best for name, seconds in parts.items()}
    shares["everything_else"] = 1 - sum(shares.values())
    return {
        "benchmark": "train",
        "num_players": config.game.num_players,
        "tables": learner.parallel_games,
        "decisions_per_second": speed,
        "hands_per_second": speed * steady.hands / all_decisions,
        "seconds": timing.total,
        "best_decisions_per_second": decisions * per_call / timing.best,
        "iterations": per_call * len(timing.seconds),
        "iteration_seconds": iteration_seconds,
        "rollout_length": config.learn.rollout_length,
        "batch_size": learner.batch_tables * config.learn.rollout_length,
        "compute_dtype": config.model.compute_dtype,
        "parameters": learner.num_parameters,
        "matmul_parameters": learner.model.num_matmul_parameters,
        "flops_per_decision": least,
        "flops_per_decision_all": spent,
        "matmul_peak_flops_per_second": peak,
        "matmul_flops_per_second": rates,
        "model_flops_utilization": speed * least / (peak * learner.num_devices),
        "hardware_flops_utilization": speed * spent / (peak * learner.num_devices),
        "shares_of_step": shares,
        "shares_note": "fastest run of each part as a separate program / fastest step; everything_else is the rest",
        "padding_share": steady.padding_share,
        "program_bytes": steady.program_bytes,
        "peak_memory_bytes": steady.peak_memory_bytes,
        "peak_process_bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        "compile_seconds": steady.compile_seconds,
        "first_step_seconds": steady.first_step_seconds,
    }
