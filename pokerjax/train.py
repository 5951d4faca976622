"""The host side of training: dispatch a step, read the one before, and keep the run folder.

The device is never waited for while it could work: the metrics of a call are read after the next one was
dispatched. What a run does depends only on the iteration count and the state: it evaluates and saves when the
count passes a multiple, saves a snapshot when the games pass a share of the run, and ends after the first call
that reaches `num_games`. So an interrupted and resumed run logs what an uninterrupted one would have (`speed/`
aside).
"""

from __future__ import annotations

import dataclasses
import math
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import jax

from pokerjax import checkpoint, device, hosts, runfolder
from pokerjax.checks import minibatch_tables
from pokerjax.config import Config, differences, require
from pokerjax.interrupt import StopRequest
from pokerjax.ledger import Evaluate, Ledger, Metrics
from pokerjax.metrics import MetricsWriter, NoMetrics, first_evaluation
from pokerjax.profiler import Profiler
from pokerjax.progress import Progress, count, duration, evaluation_table

Step = Callable[[Any], tuple[Any, Metrics]]
"""The compiled train step: the state, which is donated, -> the next one and the metrics of the call."""


class Learner(Protocol):
    """What the loop needs of `pokerjax.learn.learner`."""

    parallel_games: int
    batch_tables: int
    decisions_per_iteration: int
    num_devices: int

    @property
    def num_parameters(self) -> int: ...
    def compile(self) -> Step: ...
    def init(self, key: jax.Array) -> Any: ...
    def arranged(self, state: Any, *, before: int) -> Any: ...
    def starting_from(self, state: Any, average: Any) -> Any: ...


def train(config: Config) -> None:
    """Train as the config says, into its run folder. Raises `UserError`."""
    exploits = config.learn.opponent == "checkpoint"
    started, alone = time.monotonic(), not config.run.coordinator
    config = runfolder.with_recorded(config)
    if alone and not exploits:  # whose game is known only when its target has been read
        runfolder.check_folder(config)
    device.use_compilation_cache()
    hosts.join(config.run)
    device.select(config.run.device, cpu_devices=config.run.num_devices if alone else 0)
    # Not before the device was chosen: these modules make arrays.
    from pokerjax.evaluate import during_training, find_target
    from pokerjax.learn import learner

    found, opponent = None, None
    if exploits:
        config, found = find_target(config)
        opponent = learner.Target(model=found.player.model, params=found.params)
    hosts.on_first(lambda: runfolder.check_folder(config))
    learns = learner.Learner(config, opponent)
    run(runfolder.with_tables(config, learns.parallel_games), learns, during_training(config, found), started)


def run(config: Config, learner: Learner, evaluate: Evaluate, started: float | None = None) -> None:
    """Run the loop from the newest checkpoint or from the start to the end, or to a signal.

    started: when the command began, by `time.monotonic`, if that was before.
    """
    started = time.monotonic() if started is None else started
    run_dir = Path(config.run.run_dir)
    newest, record = _record(config, learner)
    # Now, so that a mistake is answered before anything compiles. A resumed run that saved nothing starts there again.
    given = None if newest else _given_checkpoint(config)
    if record.games >= config.run.num_games:
        print(f"The run in {run_dir} is finished ({record.games:,} games): nothing to do.")
        return
    first = hosts.is_first()
    if first:
        print(_introduction(config, learner, record), flush=True)
    # The step takes longest to compile: it does so while the state is made, on a CPU also in the first evaluation.
    compiler = ThreadPoolExecutor(1, "compiler")
    step = compiler.submit(learner.compile)
    compiler.shutdown(wait=False)
    state = _starting_point(config, learner, newest, given)
    hosts.on_first(lambda: runfolder.create(config, record.environment))
    progress = Progress(config.run.num_games, silent=not first)
    with (
        StopRequest() as stop,
        checkpoint.Checkpoints(run_dir, keep=config.run.keep) as checkpoints,
        MetricsWriter(run_dir, iteration=record.iteration) if first else NoMetrics() as writer,
        Profiler(run_dir / "logs", wanted=config.run.profile and first) as profiler,
        hosts.Together(),
    ):
        per_iteration = learner.decisions_per_iteration
        ledger = Ledger(config, record, writer, progress, decisions=per_iteration, started=started)
        if record.iteration == 0 and config.run.evaluate_every:
            if jax.default_backend() != "cpu":
                step.result()  # XLA chooses kernels there by timing them: nothing else may run meanwhile
            _evaluate(ledger, evaluate, state.average)
        _loop(config, step.result(), evaluate, state, ledger, checkpoints, stop, profiler, started)


def _loop(
    config: Config,
    step: Step,
    evaluate: Evaluate,
    state: Any,
    ledger: Ledger,
    checkpoints: checkpoint.Checkpoints,
    stop: StopRequest,
    profiler: Profiler,
    started: float,
) -> None:
    settings, per_call = config.run, config.learn.iterations_per_call
    iteration, pending, stepped, agreement = ledger.iteration, None, False, hosts.Agreement()
    milestone = _milestone(config, ledger.games)
    while True:
        profiler.before_call()
        state, metrics = step(state)
        if not stepped:
            jax.block_until_ready(metrics)
            took = time.monotonic() - started
            ledger.progress.say(f"First step done {took:.1f} s after the start, compilation included.")
            stepped = True
        iteration += per_call
        if pending is not None:
            ledger.read(pending)
        pending = metrics
        evaluation_due = _passes_multiple(iteration, per_call, settings.evaluate_every)
        checkpoint_due = _passes_multiple(iteration, per_call, settings.checkpoint_every)
        snapshot_due = _milestone(config, ledger.games) > milestone
        stopping = agreement.reached(stop.requested)
        if evaluation_due or checkpoint_due or snapshot_due or stopping or profiler.ends_now or ledger.may_be_finished:
            ledger.read(pending)
            pending = None
            # What this call passed too: who goes on from what is saved here would not see it pass.
            snapshot_due = _milestone(config, ledger.games) > milestone
        milestone = _milestone(config, ledger.games)
        if note := profiler.after_call():
            ledger.progress.say(note)
        finished = pending is None and ledger.games >= settings.num_games
        score = None
        if evaluation_due or finished:
            score = _evaluate(ledger, evaluate, state.average)
        if finished:
            checkpoints.save_final(state, ledger.record())
            ledger.progress.close()
            if hosts.is_first():
                print(_conclusion(config, ledger))
            return
        if checkpoint_due or snapshot_due or stopping:
            checkpoints.save(state, ledger.record(), score=score, snapshot=snapshot_due)
        if stopping:
            ledger.progress.close()
            ledger.progress.say(
                f"Stopped after {ledger.games:,} games and saved; go on with the same command and --resume."
            )
            return
        if pending is None:
            ledger.restart_clock()


def _evaluate(ledger: Ledger, evaluate: Evaluate, average: Any) -> float | None:
    """The score of an evaluation, which process 0 makes on one of its devices."""
    score = ledger.evaluate(evaluate, hosts.local(average)) if hosts.is_first() else None
    score = hosts.from_first(float("nan") if score is None else score)
    return None if math.isnan(score) else score


def _passes_multiple(iteration: int, step: int, every: int) -> bool:
    return every > 0 and iteration // every > (iteration - step) // every


def _milestone(config: Config, games: int) -> int:
    """How many snapshots are due by so many games."""
    return games * config.run.snapshots // config.run.num_games


def _record(config: Config, learner: Learner) -> tuple[Path | None, checkpoint.Record]:
    """The checkpoint that a run goes on from (`resume`), if any, and how far it is."""
    found, devices = runfolder.environment(), learner.num_devices
    new = checkpoint.Record(config=config, iteration=0, games=0, seconds=0.0, environment=found, num_devices=devices)
    newest = checkpoint.newest(Path(config.run.run_dir)) if config.run.resume else None
    if not newest:
        return None, new
    saved = checkpoint.read_record(newest)
    before, now = (minibatch_tables(config.learn, learner.parallel_games, n) for n in (saved.num_devices, devices))
    shared = f"--resume: {saved.num_devices} devices shared out minibatches of {before} tables, and {devices} share out"
    require(before == now, f"{shared} {now}; name a --num-devices that keeps them.")
    return newest, dataclasses.replace(new, iteration=saved.iteration, games=saved.games, seconds=saved.seconds)


def _starting_point(config: Config, learner: Learner, newest: Path | None, given: Path | None) -> Any:
    """The state to start from: new, that of the `newest` checkpoint, or new with the parameters of a `given` one."""
    state = learner.init(jax.random.key(config.run.seed))
    if newest:
        abstract = checkpoint.abstract_like(state)
        del state  # Two states need not fit into the memory of the device.
        return learner.arranged(
            checkpoint.restore(newest, abstract), before=checkpoint.read_record(newest).num_devices
        )
    if given:
        # The averaged policy is what an agent is, and all that an exported one holds.
        average = checkpoint.load_parameters(given, checkpoint.abstract_like(state.average))
        return learner.starting_from(state, average)
    return state


def _given_checkpoint(config: Config) -> Path | None:
    """The checkpoint that `--checkpoint` means. Raises `UserError` when it is missing or does not fit."""
    if not config.run.checkpoint or (config.learn.opponent == "checkpoint" and not config.learn.copy_target):
        return None
    path, theirs = checkpoint.resolve(config.run.checkpoint)
    # Who sits there, how deep and how it is computed may change; what the network reads and answers may not.
    ours = config.game
    dealt = {name: getattr(ours, name) for name in ("table_sizes", "shortest_stack", "deepest_stack", "unequal_stacks")}
    computed = dataclasses.replace(theirs.model, compute_dtype=config.model.compute_dtype)
    theirs = dataclasses.replace(theirs, game=dataclasses.replace(theirs.game, **dealt), model=computed)
    changed = differences(theirs, config, "game", "model")
    shown = f"{', '.join(changed)}; use its values or another checkpoint"
    require(not changed, f"--checkpoint {path} was made with another config (its / yours): {shown}.")
    return path


def _introduction(config: Config, learner: Learner, record: checkpoint.Record) -> str:
    game, model, learn = config.game, config.model, config.learn
    stacks = f"{game.shortest_stack:g} to {game.deepest_stack:g} big blinds"
    if game.shortest_stack == game.deepest_stack:
        stacks = f"{game.deepest_stack:g} big blinds"
    sizes = " or ".join(map(str, game.sizes))
    table = f"{sizes} players, blinds {game.small_blind}/{game.big_blind}, {stacks}"
    heads = f"{model.n_layers} layers, width {model.d_model}, {model.n_heads} heads, {model.compute_dtype}"
    played = f", from game {record.games:,}" if record.games else ""
    against = f", against {config.run.checkpoint}" if learn.opponent == "checkpoint" else ""
    against += ", from a copy of it" if learn.copy_target else ""
    batch = learner.batch_tables * learn.rollout_length
    batches = f"minibatches of {batch:,}"
    if learn.batch_size not in (0, batch):
        batches += f", whole tables, for --batch-size {learn.batch_size}"
    rows = {
        "game": table if game.variant == "holdem" else f"{game.variant.capitalize()} poker, 2 players",
        "model": f"{count(learner.num_parameters)} parameters: {heads}",
        "learner": f"{learner.parallel_games:,} tables x {learn.rollout_length} decisions an iteration, {batches}",
        "goal": f"{config.run.num_games:,} games{played}{against}, seed {config.run.seed}",
        "device": f"{record.environment['device']}, {os.cpu_count()} CPU cores",
        "folder": config.run.run_dir,
    }
    return "\n".join(f"{name:<8} {text}" for name, text in rows.items())


def _conclusion(config: Config, ledger: Ledger) -> str:
    folder, holdem = config.run.run_dir, config.game.variant == "holdem"
    return "\n".join(
        [
            "",
            evaluation_table(ledger.evaluation, first_evaluation(Path(folder))),
            "",
            f"Played {ledger.games:,} games in {duration(ledger.seconds)}.",
            *_gain(config, ledger),
            f"Measure it   python bin/evaluate.py {folder}" + (" --num-games 100000" if holdem else ""),
            *([f"Play it      python bin/play.py {folder} --terminal"] if holdem else []),
        ]
    )


def _gain(config: Config, ledger: Ledger) -> list[str]:
    """What an exploiter's run has found, in milli-big-blinds a hand."""
    if config.learn.opponent == "self" or "eval/target_bb100" not in ledger.evaluation:
        return []
    gain, half = (10 * ledger.evaluation[f"eval/target_{name}"] for name in ("bb100", "ci95"))
    return [f"{config.run.checkpoint} loses {gain:.0f} ± {half:.0f} mbb/hand to this exploiter."]
