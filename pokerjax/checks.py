"""The rules that a config's values must keep: each mistake is one sentence that names value, rule and remedy."""

from __future__ import annotations

import dataclasses
import math
import os
import typing
from pathlib import Path
from typing import Any, Literal

from pokerjax.config import GROUPS, Config, GameConfig, LearnConfig, ModelConfig, RunConfig, require

MOST_COUNTED = 2**30
OPPONENT_GROUPS = 4  # snapshots met in one iteration
MOST_CHIPS = 2**30  # poker.rules.MAX_CHIPS, which is behind an import of JAX
LARGEST_BET = 20  # pots


def check(config: Config) -> Config:
    """Return the config unchanged, or raise `UserError` naming the first value that breaks a rule."""
    check_types(config)
    exploits = config.learn.opponent == "checkpoint"
    _check_game(config.game, may_be_larger=exploits)
    _check_model(config.model)
    _check_learn(config.learn)
    run = config.run
    _at_least(1, run, "num_games", "checkpoint_every", "keep", "evaluate_games")
    _at_least(0, run, "evaluate_every", "snapshots", "num_devices", "accumulation")
    # Games are counted in int32 on the device, and the last call overshoots.
    _at_most(MOST_COUNTED, run, "num_games", "checkpoint_every", "keep", "evaluate_every", "snapshots")
    _at_most(MOST_COUNTED, run, "accumulation")
    _at_most(4096, run, "num_devices")
    _at_most(100_000_000, run, "evaluate_games")
    check_seed(run.seed)
    judged = config.learn.objective == "ppo" or config.model.critic == "action"
    require(judged, "--objective mirror needs values of all actions: add --critic action.")
    _check_processes(run)
    untold = "--told-carelessness needs seats that slip: add --tremble 0.2 --random-seats 0.5, or leave it out."
    require(exploits or config.learn.has_slips or not config.model.told_carelessness, untold)
    missing = "--opponent checkpoint plays against a frozen agent: name its run or checkpoint by --checkpoint."
    require(not exploits or bool(run.checkpoint), missing)
    copies = "--copy-target is for a run that exploits an agent: add --opponent checkpoint, or leave it out."
    require(exploits or not config.learn.copy_target, copies)
    stack = config.learn.target_stack_bb
    stacks = f"{_flag('target_stack_bb', stack)} is for a run that exploits an agent: name --shortest-stack and"
    require(exploits or not stack, f"{stacks} --deepest-stack instead.")
    deep = f"{_flag('target_stack_bb', stack)} must be from 2 to 2000, or 0 for the target's own stacks."
    require(stack == 0 or 2 <= stack <= 2000, deep)
    alone = "--opponent checkpoint leaves no table to --pool-share: set it to 0."
    require(not exploits or config.learn.pool_share == 0, alone)
    opposed = "Frozen opponents (--opponent checkpoint, --pool-share) sit at tables of one size only: name one"
    one_size = len(config.game.sizes) == 1 or not (exploits or config.learn.pool_share)
    require(one_size, f"{opposed} in --table-sizes.")
    return config


def _check_processes(run: RunConfig) -> None:
    if run.coordinator in ("", "auto"):
        alone = f"--num-processes {run.num_processes} needs --coordinator HOST:PORT, the address of process 0."
        require(run.num_processes == 0 and run.process_id == 0, alone)
        return
    port = run.coordinator.rpartition(":")[2]
    require(port.isdecimal() and ":" in run.coordinator, f"--coordinator {run.coordinator} must be HOST:PORT or auto.")
    _at_least(1, run, "num_processes")
    rule = f"must lie from 0 to {run.num_processes - 1}, as there are --num-processes {run.num_processes}"
    require(0 <= run.process_id < run.num_processes, f"{_flag('process_id', run.process_id)} {rule}.")


def check_seed(seed: int) -> None:
    """Raise `UserError` for a seed that JAX's 32-bit keys do not tell apart."""
    require(0 <= seed < 2**32, f"--seed {seed} must be from 0 to 2**32 - 1.")


def check_output(flag: str, path: Path) -> None:
    """Raise `UserError` unless a file can be written there, so that a measurement is not lost in the end."""
    require(path != Path(), f"{flag} must name a file.")
    # os.path answers where Path raises: in a folder that may not be looked into.
    require(not os.path.isdir(path), f"{flag} {path} is a folder; name a file in it.")
    folder = next(parent for parent in path.absolute().parents if os.path.exists(parent))
    writable = os.path.isdir(folder) and os.access(path if os.path.exists(path) else folder, os.W_OK)
    require(writable, f"{flag} {path} cannot be written; name a file elsewhere.")


def check_stacks(game: GameConfig, flags: str) -> None:
    """Raise `UserError`, naming the flags, where blinds or antes leave nobody a decision or chips do not fit."""
    forced = game.big_blind + game.ante
    shallow = f"{flags} must outlast big blind and ante ({forced} chips), so that somebody has a decision"
    require(round(game.shortest_stack * game.big_blind) > forced, f"{shallow}; choose deeper stacks.")
    chips = game.num_players * game.deepest_stack * game.big_blind
    table = f"--big-blind {game.big_blind} and {game.num_players} players"
    many = f"{flags} with {table} put {chips:,.0f} chips on the table"
    require(chips <= MOST_CHIPS, f"{many}; at most {MOST_CHIPS:,} can be counted: choose a smaller big blind.")


def _flag(field: str, value: object) -> str:
    shown = f"{value:g}" if isinstance(value, float) else value
    return f"--{field.replace('_', '-')} {shown}"


def _at_least(least: int, group: object, *fields: str) -> None:
    for field in fields:
        value = getattr(group, field)
        require(value >= least, f"{_flag(field, value)} must be at least {least}.")


def _at_most(most: int, group: object, *fields: str) -> None:
    for field in fields:
        value = getattr(group, field)
        require(value <= most, f"{_flag(field, value)} must be at most {most}.")


def check_types(config: Config) -> None:
    """Keep lists and strings out: tyro types the flags, but a config file may hold anything."""
    for group, kind in GROUPS.items():
        values = getattr(config, group)
        require(type(values) is kind, f"config.{group} must be a {kind.__name__}, not {values!r}.")
        for name, wanted in typing.get_type_hints(kind).items():
            shown = wanted.__name__ if wanted in (bool, int, float, str) else str(wanted).split("typing.")[-1]
            value = getattr(values, name)
            require(_has_type(value, wanted), f"{group}.{name} = {value!r} must be of type {shown}.")


def _has_type(value: Any, wanted: Any) -> bool:
    if typing.get_origin(wanted) is Literal:
        return value in typing.get_args(wanted)
    if typing.get_origin(wanted) is tuple:
        return isinstance(value, tuple) and all(_has_type(v, typing.get_args(wanted)[0]) for v in value)
    if isinstance(value, bool):
        return wanted is bool
    return isinstance(value, (int, float) if wanted is float else wanted)


def _check_game(game: GameConfig, *, may_be_larger: bool) -> None:
    """may_be_larger: the game will be another's, so tables may be larger than this one says."""
    if game.variant != "holdem":
        own = [field.name for field in dataclasses.fields(game) if field.name != "variant"]
        changed = [name for name in own if getattr(game, name) != getattr(GameConfig(), name)]
        rule = f"--variant {game.variant} has players, stakes and bets of its own"
        require(not changed, f"{rule}: leave out {', '.join(_flag(name, getattr(game, name)) for name in changed)}.")
        return
    players = (
        f"{_flag('num_players', game.num_players)} is outside 2 to 10; choose a table size in that range."
    )
    require(2 <= game.num_players <= 10, players)
    shown = " ".join(map(str, game.sizes))
    most = 10 if may_be_larger else game.num_players
    within = min(game.sizes) >= 2 and max(game.sizes) <= most
    sizes_rule = f"must rise from 2 at least to {most if may_be_larger else f'--num-players {most}'} at most"
    require(within and list(game.sizes) == sorted(set(game.sizes)), f"--table-sizes {shown} {sizes_rule}.")
    _at_least(1, game, "big_blind")
    for field in ("small_blind", "ante"):
        value = getattr(game, field)
        rule = f"must lie between 0 and the big blind ({game.big_blind})"
        require(0 <= value <= game.big_blind, f"{_flag(field, value)} {rule}.")
    shortest, deepest = game.shortest_stack, game.deepest_stack
    ends = f"{_flag('shortest_stack', shortest)} and {_flag('deepest_stack', deepest)}"
    rule = "must satisfy 1 <= shortest <= deepest <= 2000 big blinds"
    require(1 <= shortest <= deepest <= 2000, f"{ends} {rule}.")
    check_stacks(game, ends)
    sizes = game.bet_sizes
    require(len(sizes) <= 16, f"--bet-sizes has {len(sizes)} entries, and the menu takes at most 16.")
    rising = all(math.isfinite(s) and s > 0 for s in sizes) and list(sizes) == sorted(set(sizes))
    shown = " ".join(f"{s:g}" for s in sizes)
    require(rising, f"--bet-sizes {shown} must be positive pot fractions in rising order.")
    fractions = f"--bet-sizes {shown} are fractions of the pot, 0.5 for half of it; use at most {LARGEST_BET}."
    require(not sizes or sizes[-1] <= LARGEST_BET, fractions)
    least = 6 * game.num_players
    limit = f"{_flag('max_decisions', game.max_decisions)} is too small for {game.num_players} players"
    require(game.hand_limit >= least, f"{limit}; use 0 or at least {least}.")


def _check_model(model: ModelConfig) -> None:
    _at_least(1, model, "d_model", "n_layers", "n_heads", "mlp_ratio")
    _at_most(2**16, model, "d_model", "n_heads", "mlp_ratio")
    _at_most(1000, model, "n_layers")  # each is compiled
    width, heads = model.d_model, model.n_heads
    remedy = f"use --n-heads {_nearest_divisor(width, heads)} or another --d-model"
    require(width % heads == 0, f"--n-heads {heads} does not divide --d-model {width}; {remedy}.")
    _at_least(0, model, "n_kv_heads", "rivals")
    require(model.rivals <= 1326, f"{_flag('rivals', model.rivals)} is more than there are hands; use at most 1326.")
    remedy = f"use --n-kv-heads {_nearest_divisor(heads, model.kv_heads)}"
    rule = f"--n-kv-heads {model.kv_heads} does not divide --n-heads {heads}"
    require(heads % model.kv_heads == 0, f"{rule}; {remedy}.")


def _nearest_divisor(number: int, wanted: int) -> int:
    return min(_divisors(number), key=lambda d: abs(d - wanted))


def _divisors(number: int) -> list[int]:
    small = [d for d in range(1, math.isqrt(number) + 1) if number % d == 0]
    return small + [number // d for d in reversed(small) if d * d < number]


def _check_learn(learn: LearnConfig) -> None:
    _at_least(1, learn, "rollout_length", "epochs", "iterations_per_call", "pool_size")
    _at_least(0, learn, "parallel_games", "batch_size")
    _at_most(MOST_COUNTED, learn, "parallel_games", "batch_size", "rollout_length", "pool_size")
    _at_most(100_000, learn, "iterations_per_call")  # a call keeps the metrics of each, and reports at its end
    _at_most(1000, learn, "epochs")
    for field in ("learning_rate", "max_grad_norm", "clip", "magnet_half_life", "temperature", "mirror_step"):
        value = getattr(learn, field)
        require(math.isfinite(value) and value > 0, f"{_flag(field, value)} must be a positive number.")
    own = f"{_flag('critic_learning_rate', learn.critic_learning_rate)} must be 0, the policy's rate, or positive."
    require(math.isfinite(learn.critic_learning_rate) and learn.critic_learning_rate >= 0, own)
    require(learn.dual_clip > 1, f"{_flag('dual_clip', learn.dual_clip)} must be above 1 (3 is usual).")
    for field in ("value_coefficient", "entropy_coefficient", "magnet_coefficient"):
        value = getattr(learn, field)
        require(math.isfinite(value) and value >= 0, f"{_flag(field, value)} must not be negative.")
    ends = ("learning_rate_end", "entropy_end", "temperature_end", "tremble_end")
    for field in ("gae_lambda", "pool_share", "exploration", "tremble", "random_seats", "probability_floor", *ends):
        value = getattr(learn, field)
        require(0 <= value <= 1, f"{_flag(field, value)} must lie between 0 and 1.")
    inertia = f"{_flag('momentum', learn.momentum)} must be at least 0 and below 1."
    require(0 <= learn.momentum < 1, inertia)
    least = f"{_flag('temperature_end', learn.temperature_end)} must be above 0, since the annealing is geometric."
    require(learn.temperature_end > 0, least)
    # PPO's clip is about the policy that acted: ratios to one that explores start outside of it.
    of_one = {"exploration": "mirror", "tremble": "ppo", "random_seats": "ppo"}
    for field, objective in of_one.items():
        value, instead = getattr(learn, field), "under ppo seats slip by --tremble, under mirror by --exploration"
        fits = learn.objective == objective or not value
        require(fits, f"{_flag(field, value)} needs --objective {objective}: {instead}.")


def check_carelessness(model: ModelConfig, known: float | None, carelessness: float) -> None:
    """Raise `UserError` unless a model that is always told `known`, if anything, can be told this carelessness."""
    flag = f"--carelessness {carelessness:g}"
    require(0 <= carelessness <= 1, f"{flag} must be from 0, for tables where nobody slips, to 1.")
    untold = f"{flag} is for agents that were trained with --told-carelessness, and this one was not: leave it out."
    require(model.told_carelessness, untold)
    fixed = f"{flag}: this agent was exported to be told {known}; name the checkpoint that it was exported from."
    require(known is None, fixed)


def minibatch_tables(learn: LearnConfig, parallel_games: int, num_devices: int = 1) -> int:
    """How many tables make a minibatch, which is of whole tables that the devices share out evenly.

    Of the numbers that all tables can be shared out by, the nearest to --batch-size, or to an eighth of them without.
    """
    shares = num_devices if parallel_games % num_devices == 0 else 1
    each = parallel_games // shares
    wanted = learn.batch_size / learn.rollout_length or parallel_games / 8
    return shares * min(_divisors(each), key=lambda tables: abs(math.log(tables * shares / wanted)))


def check_devices(config: Config, num_devices: int, tables_each: int, batch_tables: int, group_tables: int) -> None:
    """Raise `UserError` unless the devices can share out evenly the tables of each size, of a minibatch and of a
    group of opponents."""
    length, pool = config.learn.rollout_length, config.learn.pool_share
    shares = {
        f"{tables_each} tables" + (" of each size" if len(config.game.sizes) > 1 else ""): tables_each,
        f"{batch_tables} tables of a minibatch (--batch-size / --rollout-length {length})": batch_tables,
        f"{group_tables} tables that meet one snapshot (--pool-share {pool:g})": group_tables,
    }
    for what, tables in shares.items():
        rule = f"{num_devices} devices cannot share out {what} evenly"
        remedy = f"choose multiples of {num_devices}, or fewer devices by --num-devices"
        require(tables % num_devices == 0, f"{rule}: {remedy}.")
    parts, tables = config.run.accumulation or 1, batch_tables // num_devices
    rule = f"--accumulation {parts} cannot part the {tables} tables of a minibatch on a device evenly"
    require(tables % parts == 0, f"{rule}; use {_nearest_divisor(tables, parts)}.")


def check_size(game: GameConfig, num_players: int) -> None:
    """Raise `UserError` unless agents of this game know tables of that size."""
    known = " or ".join(map(str, game.sizes))
    given = f"--num-players {num_players} is a table that the agent does not know"
    require(num_players in game.sizes, f"{given}; it was trained for {known}.")


def check_sizes(game: GameConfig, parallel_games: int) -> int:
    """Return how many tables each table size gets, or raise `UserError` when they cannot be shared out evenly."""
    each, rest = divmod(parallel_games, len(game.sizes))
    rule = f"cannot be shared out evenly over the {len(game.sizes)} table sizes; choose a multiple"
    require(rest == 0, f"{_flag('parallel_games', parallel_games)} {rule}.")
    return each


def check_pool(learn: LearnConfig, parallel_games: int) -> int:
    """Return how many tables play against the pool, or raise `UserError` when they cannot be shared out."""
    share, groups = learn.pool_share, min(learn.pool_size, OPPONENT_GROUPS)
    tables = round(share * parallel_games / groups) * groups
    rule = f"of {parallel_games} tables are fewer than the {groups} groups that meet different snapshots"
    require(share == 0 or tables > 0, f"{_flag('pool_share', share)} {rule}; raise it or --parallel-games.")
    return min(tables, parallel_games // groups * groups)
