"""Many devices: eight with an eighth of the tables each do what one does with all of them.

The devices are eight of the CPU's, in a process of their own, since their number is chosen before JAX starts.
"""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pokerjax import checkpoint
from pokerjax.checks import check, check_devices
from pokerjax.config import Config, GameConfig, LearnConfig, ModelConfig, RunConfig, UserError
from pokerjax.learn import sharding
from pokerjax.learn.learner import Learner
from pokerjax.learn.rollout import Steps, empty_prefix
from pokerjax.learn.schedules import rates
from pokerjax.learn.targets import Targets

ROOT = Path(__file__).parents[1]


def config(num_devices: int, variant="leduc", table_sizes=(), **learn) -> Config:
    """A config that compiles in seconds, in the game whose engine is the smaller one unless asked for the other."""
    holdem = GameConfig(bet_sizes=(1.0,), num_players=max(table_sizes, default=2), table_sizes=table_sizes)
    game = GameConfig(variant=variant) if variant == "leduc" else holdem
    sizes = {"parallel_games": 32, "rollout_length": 16, "batch_size": 16 * 16, "learning_rate": 1e-2} | learn
    return check(
        Config(
            game=game,
            model=ModelConfig(d_model=8, n_layers=1, n_heads=2),
            learn=LearnConfig(**sizes),
            run=RunConfig(num_games=500, num_devices=num_devices),
        )
    )


def equal(ours, theirs, *, atol: float) -> None:
    """Two trees of arrays: whole numbers alike, others to rounding."""
    for (path, x), y in zip(jax.tree.leaves_with_path(ours), jax.tree.leaves(theirs), strict=True):
        if jnp.issubdtype(x.dtype, jax.dtypes.prng_key):
            x, y = jax.random.key_data(x), jax.random.key_data(y)
        exact = not jnp.issubdtype(x.dtype, jnp.floating)
        x, y = np.asarray(x), np.asarray(y)
        message = jax.tree_util.keystr(path)
        np.testing.assert_allclose(x, y, rtol=0 if exact else 1e-4, atol=0 if exact else atol, err_msg=message)


def compare_devices(folder: str, **options) -> None:
    """Two iterations on one device and on eight; then what eight have saved goes on on one. Runs on eight devices."""
    one, eight = Learner(config(1, **options)), Learner(config(8, **options))
    start, shared = one.init(jax.random.key(0)), eight.init(jax.random.key(0))
    assert len(jax.tree.leaves(shared.prefix)[0].addressable_shards) == 8
    for _ in range(2):
        start, metrics = one.step(start)
        shared, others = eight.step(shared)
        # Metrics: advantages and their spread, losses, gradient norm, counts of games, statistics of poker.
        equal(metrics, others, atol=2e-4)
    assert int(start.games) > 32
    record = checkpoint.Record(config=eight.config, iteration=2, games=0, seconds=0.0, environment={}, num_devices=8)
    with checkpoint.Checkpoints(Path(folder), keep=1) as checkpoints:
        checkpoints.save(shared, record)
    path = checkpoint.newest(Path(folder))
    restored = checkpoint.restore(path, checkpoint.abstract_like(start))
    restored = one.arranged(restored, before=checkpoint.read_record(path).num_devices)
    # Parameters and Adam's moments after four minibatches; cards, stacks and histories of every table.
    equal(start, restored, atol=1e-5)
    again, _ = one.step(restored)
    there, _ = eight.step(shared)
    assert int(again.games) == int(there.games)
    print("equal")


def in_a_process_of_its_own(call: str, folder: Path) -> None:
    # Compiled quickly rather than well: nothing here runs for long.
    flags = "--xla_force_host_platform_device_count=8 --xla_backend_optimization_level=0"
    environment = os.environ | {"XLA_FLAGS": flags, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "JAX_PLATFORMS": "cpu"}
    code = f"import conftest, test_devices; test_devices.{call}"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0 and done.stdout == "equal\n", done.stdout + done.stderr


def test_eight_devices_do_what_one_does(tmp_path):
    in_a_process_of_its_own(f"compare_devices({str(tmp_path)!r})", tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        "pool_share=0.5, epochs=2, parallel_games=64, tremble=0.3",
        "all_in_equity=True, iterations_per_call=2",
        "table_sizes=(2, 3), tremble=0.3",
    ],
)
def test_so_they_do_in_holdem_with_opponents_epochs_paid_means_and_table_sizes(options, tmp_path):
    in_a_process_of_its_own(f"compare_devices({str(tmp_path)!r}, variant='holdem', {options})", tmp_path)


def test_arrangement_goes_there_and_back():
    """Device d of D holds the numbers d, d + D, d + 2 D ... one after the other."""
    numbers = jnp.arange(12)
    on_four = sharding.rearranged(numbers, 0, before=1, after=4)
    assert on_four.tolist() == [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]
    on_two = sharding.rearranged(on_four, 0, before=4, after=2)
    assert on_two.tolist() == [0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11]
    rows = jnp.stack([on_two, -on_two])
    assert sharding.rearranged(rows, 1, before=2, after=1).tolist() == [numbers.tolist(), (-numbers).tolist()]
    assert sharding.rearranged(jnp.zeros((0, 12)), -1, before=2, after=4).shape == (0, 12)  # a game without a board


def test_minibatches_have_every_table_once_an_epoch_and_one_of_each_class():
    order = np.asarray(sharding.minibatches(jax.random.key(0), 24, 6, 2))
    assert order.shape == (8, 6)
    for epoch in (order[:4], order[4:]):
        assert sorted(epoch.reshape(-1).tolist()) == list(range(24))
        assert all(sorted(batch % 6) == list(range(6)) for batch in epoch)
    assert order[:4].tolist() != order[4:].tolist()


def noise(learner: Learner, key: jax.Array) -> tuple[Steps, Targets]:
    """A window that nobody played, and targets for it: an update does not ask."""
    window = empty_prefix(learner.model, learner.parallel_games)
    names = iter(jax.random.split(key, 8))
    drawn = dataclasses.replace(
        window,
        tokens=jax.random.randint(next(names), window.tokens.shape, 0, 9),
        segments=jax.random.randint(next(names), window.segments.shape, 0, 3),
        masks=jnp.ones_like(window.masks),
        log_policy=jnp.full_like(window.log_policy, -1.0),
    )
    normal = jax.random.normal(next(names), window.segments.shape)
    weights = jax.random.bernoulli(next(names), 0.7, normal.shape).astype(jnp.float32)
    return drawn, Targets(
        log_probs=jnp.full_like(normal, -1.0), surprises=normal * weights, returns=normal * weights,
        state_returns=normal * weights, gains=jnp.zeros_like(window.values), weights=weights,
        reach=jnp.ones_like(normal), movable=window.masks, push=jnp.zeros(window.masks.shape),
        magnet=jnp.full(window.masks.shape, -1.0),
    )  # fmt: skip


@pytest.mark.slow
def test_parts_of_a_minibatch_add_up_to_it():
    """Gradients accumulated over four parts, whose weights differ, give the update of the whole, to rounding."""
    whole = Learner(config(1))
    parted = Learner(dataclasses.replace(whole.config, run=dataclasses.replace(whole.config.run, accumulation=4)))
    params = whole.model.init(jax.random.key(1))
    state = SimpleNamespace(params=params, optimizer=whole._optimizer.init(params))
    window, targets = noise(whole, jax.random.key(2))

    now = rates(whole.config.learn, jnp.zeros(()))

    def update(learner):
        run = jax.jit(lambda window, targets: learner.update(state, window, targets, now, jax.random.key(3)))
        return run(window, targets)

    first, second = update(whole), update(parted)
    equal(first, second, atol=1e-5)
    assert not np.allclose(first[0]["embed"]["kernel"], params["embed"]["kernel"])
    with pytest.raises(UserError, match=r"--accumulation 3 cannot part the 16 tables of a minibatch .* use [24]"):
        Learner(dataclasses.replace(whole.config, run=dataclasses.replace(whole.config.run, accumulation=3)))


@pytest.mark.parametrize(
    ("devices", "learn", "words"),
    [
        (3, {}, "3 devices cannot share out 32 tables evenly: choose multiples of 3, or fewer devices"),
        (8, {"batch_size": 4 * 16}, r"8 devices cannot share out 4 tables of a minibatch \(--batch-size"),
        (8, {"pool_share": 0.5}, "8 devices cannot share out 4 tables that meet one snapshot"),
    ],
)
def test_tables_that_cannot_be_shared_out_are_refused(devices, learn, words):
    settings = config(1, **learn)
    batch = settings.learn.batch_size // settings.learn.rollout_length
    with pytest.raises(UserError, match=words):
        check_devices(settings, devices, 32, batch, 4 if settings.learn.pool_share else 0)


def test_more_devices_than_there_are_is_a_mistake():
    with pytest.raises(UserError, match=r"--num-devices 2 is more than there are here: 1\."):
        Learner(config(2))


def test_one_device_is_what_functions_see_outside():
    assert sharding.count() == 1
    assert sharding.total(3) == 3
    assert sharding.table_numbers(3).tolist() == [0, 1, 2]
    assert dataclasses.replace(config(1).run, num_devices=0) == dataclasses.replace(config(2).run, num_devices=0)
