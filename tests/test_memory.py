"""The memory that a device needs, foreseen and as compiled; and the tables that fit."""

from __future__ import annotations

import dataclasses

import jax
import pytest

from pokerjax import device
from pokerjax.config import Config, GameConfig, LearnConfig, ModelConfig, RunConfig, UserError
from pokerjax.env.tables import make_environment
from pokerjax.learn import memory
from pokerjax.learn.learner import Learner
from pokerjax.model.transformer import Model

GIB = 2**30


@pytest.fixture
def having(monkeypatch):
    """Let a device have so many bytes."""
    return lambda count: monkeypatch.setattr(memory, "memory_bytes", lambda: count)


def test_a_container_has_what_its_limit_leaves(monkeypatch, tmp_path):
    """Copies of files, which give way, not counted; without a limit, what the system has available."""
    monkeypatch.setattr(device, "_CGROUP", tmp_path)
    everything = device._available_bytes()
    assert everything > 10**8
    files = {"memory.max": "5000\n", "memory.current": "3000\n"}
    files["memory.stat"] = "anon 100\ninactive_file 900\nactive_file 100\n"
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert device._available_bytes() == 3000
    (tmp_path / "memory.max").write_text("max\n")
    assert device._available_bytes() > 10**8


def tables_of(config: Config) -> int:
    return memory.choose_tables(Model(make_environment(config.game), config.model), config, 1)


def test_the_largest_number_of_tables_that_fits_is_chosen(having):
    config = Config(learn=LearnConfig(rollout_length=256), run=RunConfig(accumulation=1))
    model = Model(make_environment(config.game), config.model)
    having(64 * GIB)
    assert tables_of(config) == 64  # what suits the CPU
    for there in (11 * GIB // 20, 9 * GIB // 20):
        having(there)
        chosen = tables_of(config)
        needed = [memory.bytes_needed(model, config.learn, n, max(n // 8, 1)) for n in (chosen, 2 * chosen)]
        fits = [count <= 0.9 * there for count in needed]
        assert fits == [True, False] and 4 <= chosen < 64


def test_accumulation_and_half_precision_save_memory():
    config = Config(learn=LearnConfig(rollout_length=256))
    environment = make_environment(config.game)
    half = Model(environment, dataclasses.replace(config.model, compute_dtype="bfloat16"))
    full = Model(environment, config.model)
    cases = ((full, 32), (full, 8), (half, 32))
    whole, parted, rough = (memory.bytes_needed(model, config.learn, 128, part) for model, part in cases)
    assert parted < whole / 2 and rough < 0.7 * whole


def test_frozen_opponents_take_memory_too():
    """A full-size target at all tables of a small exploiter, and snapshots at a quarter of a run's."""
    sizes = ModelConfig(d_model=32, n_layers=1), ModelConfig()
    small, full = (Config(learn=LearnConfig(rollout_length=32), model=size) for size in sizes)
    exploiter, target = (Model(make_environment(config.game), config.model) for config in (small, full))
    alone, against = (memory.bytes_needed(exploiter, small.learn, 256, 1, other) for other in (None, target))
    assert against - alone > 8 * target.num_parameters + 256 * memory.cache_bytes(target)
    pooled = dataclasses.replace(full.learn, pool_share=0.25)
    more = memory.bytes_needed(target, pooled, 256, 1) - memory.bytes_needed(target, full.learn, 256, 1)
    assert more > 4 * pooled.pool_size * target.num_parameters + 64 * memory.cache_bytes(target)


def test_a_cpu_reads_minibatches_in_parts():
    """32 tables of 24 + 256 places are 8,960: 4.4 times 2,048, so eight parts; tables are not divided further."""
    config = Config(learn=LearnConfig(rollout_length=256))
    model = Model(make_environment(config.game), config.model)
    assert [memory.choose_parts(model, config, tables) for tables in (1, 7, 14, 32)] == [1, 1, 2, 8]
    asked = dataclasses.replace(config, run=RunConfig(accumulation=2))
    assert memory.choose_parts(model, asked, 32) == 2
    long = dataclasses.replace(config, learn=LearnConfig(rollout_length=4096))
    assert memory.choose_parts(model, long, 3) == 3


def test_what_cannot_fit_is_one_sentence(having):
    having(GIB // 4)
    sentence = r"4 tables x 128 steps .* of 14,\d+,\d+ parameters need about 0\.\d GiB on a device that has 0\.2: lower"
    with pytest.raises(UserError, match=sentence):
        Learner(Config())
    with pytest.raises(UserError, match=r"512 tables x .* raise --accumulation"):
        Learner(Config(learn=LearnConfig(parallel_games=512)))


def _in_quarters(tables: int) -> LearnConfig:
    """Minibatches of a quarter of the rollout. (Of smaller ones, here 33 MB, up to 1.9 times as much is foreseen.)"""
    return LearnConfig(parallel_games=tables, batch_size=tables // 4 * LearnConfig().rollout_length)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("game", "model", "learn"),
    [
        (GameConfig(), ModelConfig(d_model=64, n_layers=2, n_heads=2), _in_quarters(256)),
        (GameConfig(variant="leduc"), ModelConfig(d_model=128), _in_quarters(512)),
    ],
)
@pytest.mark.parametrize("accumulation", [1, 4])
def test_foreseen_is_what_the_compiled_program_takes(game, model, learn, accumulation):
    """Within a factor of 1.5 either way."""
    learner = Learner(Config(game=game, model=model, learn=learn, run=RunConfig(accumulation=accumulation)))
    found = learner.step.lower(jax.eval_shape(learner.init, jax.random.key(0))).compile().memory_analysis()
    taken = found.argument_size_in_bytes + found.output_size_in_bytes - found.alias_size_in_bytes
    taken += found.temp_size_in_bytes
    part = learner.batch_tables // accumulation
    foreseen = memory.bytes_needed(learner.model, learn, learner.parallel_games, part)
    assert taken / 1.5 < foreseen < 1.5 * taken, (foreseen, taken)
