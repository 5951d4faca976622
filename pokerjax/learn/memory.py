"""How many tables a device holds: a model of the bytes that the train step needs, and the choice that rests on it.

Counted are the arrays that matter, in float32 or the compute type: parameters and what goes with them, the windows
of recorded decisions, the ring caches, and what the backward pass of one part of a minibatch keeps. What XLA
allocates beside them is a factor; tests/test_memory.py compares with the compiled program.
Axes: B tables on a device, T decisions of a rollout, R places of the prefix, W = R + T, D width, E width of the keys.
"""

from __future__ import annotations

import jax

from pokerjax.checks import OPPONENT_GROUPS, minibatch_tables
from pokerjax.config import Config, LearnConfig, UserError
from pokerjax.device import memory_bytes
from pokerjax.model import features
from pokerjax.model.transformer import Model

_ROWS = {"cpu": 32_768, "gpu": 524_288, "tpu": 524_288}
"""Tables times width that fill a device's matrix unit; more only make the iterations longer."""
_PART_PLACES = 2048
"""Places that a CPU reads at once where gradients are taken: more leave its caches (docs/performance.md)."""
_USABLE = 0.9  # of the memory
_COPIES = 3  # of a window at the same time: while it is recorded, turned batch first, and joined to its prefix


def bytes_needed(
    model: Model, learn: LearnConfig, tables: int, part_tables: int, target: Model | None = None
) -> int:
    """Bytes of the train step on a device of so many tables that takes gradients of `part_tables` at once.

    `target` is the model of the agent that is exploited, at all tables; without it the run's own snapshots sit at some.
    """
    frozen, opposed = target or model, tables if target else learn.pool_share * tables
    state = _parameter_bytes(model, learn) + _COPIES * tables * window_bytes(model, learn)
    state += 4 * 2 * target.num_parameters if target else 0  # in its pool and drawn from it
    window = model.environment.hand_limit + learn.rollout_length
    rollout = tables * _reading_bytes(model) + round(opposed * _reading_bytes(frozen))
    update = part_tables * window * backward_bytes(model)
    return state + max(rollout, update)


def _parameter_bytes(model: Model, learn: LearnConfig) -> int:
    """Parameters, their average, Adam's two moments, gradients and updates, and the pool's snapshots, some of them
    drawn."""
    snapshots = learn.pool_size + min(learn.pool_size, OPPONENT_GROUPS) if learn.pool_share else 0
    return 4 * model.num_parameters * (6 + snapshots)


def window_bytes(model: Model, learn: LearnConfig) -> int:
    """Recorded decisions of one table."""
    environment = model.environment
    players, entries = environment.layout.num_players, environment.num_actions
    slips = entries if learn.has_slips else 0
    numbers = environment.layout.width + 4 * players - 3 + players + 2 * model.num_values + entries + slips + 8
    return (environment.hand_limit + learn.rollout_length) * (4 * numbers + entries + 2)


def _item_bytes(model: Model) -> int:
    return 2 if model.config.compute_dtype == "bfloat16" else 4


def cache_bytes(model: Model) -> int:
    """The ring of one table."""
    config = model.config
    keys = config.d_model // config.n_heads * config.kv_heads
    return 2 * config.n_layers * model.environment.hand_limit * keys * _item_bytes(model)


def _reading_bytes(model: Model) -> int:
    """The ring of one table, and what its unfinished hand takes while it is read into it."""
    return cache_bytes(model) + model.environment.hand_limit * forward_bytes(model)


def forward_bytes(model: Model) -> int:
    """What a token takes while it passes through a block."""
    return (6 + 2 * model.config.mlp_ratio) * model.config.d_model * _item_bytes(model)


def backward_bytes(model: Model) -> int:
    """What a token leaves for the backward pass: in each block inputs, norms, projections, scores, hidden layer."""
    config, ring = model.config, model.environment.hand_limit
    keys = config.d_model // config.n_heads * config.kv_heads
    wide = (6 + 2 * config.mlp_ratio) * config.d_model + 2 * keys
    scores = config.n_heads * 2 * ring
    inputs = features.num_features(model.environment.layout, model.rivals) + config.d_model
    return config.n_layers * (wide * _item_bytes(model) + scores * (4 + _item_bytes(model))) + 4 * inputs


def choose_tables(model: Model, config: Config, num_devices: int, target: Model | None = None) -> int:
    """Tables for each device: enough rows to fill its matrix unit, few enough for short iterations and its memory.

    A power of two for each of the table sizes, and not less than four.
    """
    sizes = len(config.game.sizes)
    wanted = max(32, min(4096, _ROWS[jax.default_backend()] // config.model.d_model)) // sizes
    each, there = 1 << (wanted.bit_length() - 1), _USABLE * memory_bytes()
    while each > 4 and _needed(model, config, each * sizes, num_devices, target) > there:
        each //= 2
    return each * sizes


def choose_parts(model: Model, config: Config, batch_tables: int) -> int:
    """Parts in which a device computes its `batch_tables` of a minibatch: as asked, or as suits the device."""
    if config.run.accumulation or jax.default_backend() != "cpu":
        return config.run.accumulation or 1
    places = (model.environment.hand_limit + config.learn.rollout_length) * batch_tables
    divisors = (parts for parts in range(1, batch_tables + 1) if batch_tables % parts == 0)
    return next((parts for parts in divisors if places <= parts * _PART_PLACES), batch_tables)


def check_memory(
    model: Model, config: Config, tables: int, num_devices: int, target: Model | None = None
) -> None:
    """Raise `UserError` when so many tables on a device, or the model itself, are beyond its memory."""
    there, needed = memory_bytes(), _needed(model, config, tables, num_devices, target)
    if needed <= there:
        return
    steps = f"{tables} tables x {config.learn.rollout_length} steps (--parallel-games, --rollout-length)"
    sizes = f"{steps} of {model.num_parameters:,} parameters need about {needed / 2**30:.1f} GiB"
    remedy = "lower them, --batch-size or --d-model, or raise --accumulation"
    raise UserError(f"{sizes} on a device that has {there / 2**30:.1f}: {remedy}.")


def _needed(model: Model, config: Config, tables: int, num_devices: int, target: Model | None) -> int:
    """Bytes with the minibatches that the config would have."""
    learn = config.learn
    batch = minibatch_tables(learn, tables * num_devices, num_devices) // num_devices
    return bytes_needed(model, learn, tables, max(batch // choose_parts(model, config, batch), 1), target)
