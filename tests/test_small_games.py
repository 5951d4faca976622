"""Kuhn and Leduc poker on the whole path: environment, transformer, training, exact measures, export."""

import dataclasses
import importlib.util
import json
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pokerjax import poker
from pokerjax.agents import create_llm_agent
from pokerjax.checks import check
from pokerjax.config import Config, GameConfig, LearnConfig, ModelConfig, RunConfig, UserError
from pokerjax.env import tables
from pokerjax.env.tables import make_environment
from pokerjax.evaluate.game_tree import CALL, RAISE, game_tree
from pokerjax.evaluate.tabular import model_policy
from pokerjax.model.attention import segment
from pokerjax.model.transformer import Model, masked_log_policy
from pokerjax.train import train

SMALL = ModelConfig(d_model=16, n_layers=1, n_heads=2)


def config(run_dir, **run):
    return Config(
        game=GameConfig(variant="kuhn"),
        model=SMALL,
        learn=LearnConfig(parallel_games=64, rollout_length=16),
        run=RunConfig(run_dir=str(run_dir), num_games=2_000, opponents=(), evaluate_every=2, **run),
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    run_dir = tmp_path_factory.mktemp("kuhn")
    train(check(config(run_dir)))
    return run_dir


@pytest.fixture(scope="module")
def evaluate():
    """bin/evaluate.py's main."""
    spec = importlib.util.spec_from_file_location("evaluate_command", Path(__file__).parents[1] / "bin" / "evaluate.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where the types of its dataclasses are looked up
    spec.loader.exec_module(module)
    return module.main


@pytest.mark.parametrize("variant", ["kuhn", "leduc"])
def test_the_written_out_policy_is_the_one_that_plays(variant):
    """For some information states: walk there with the cached step that the rollout uses."""
    model = Model(make_environment(GameConfig(variant=variant)), SMALL)
    environment, tree = model.environment, game_tree(model.environment.rules)
    params = jax.tree.map(lambda x: x * 3, model.init(jax.random.key(0)))
    policy = model_policy(model, params)
    legal = tree.legal[tree.examples[:, 0]]
    np.testing.assert_allclose(np.where(legal, policy, 0).sum(axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(policy[~legal] < 1e-9, True)

    read = jax.jit(lambda table: tables.read(environment, table))
    play = jax.jit(lambda table, chips, legal: tables.play(environment, table, chips, legal)[0])
    step = jax.jit(model.step)
    rng = np.random.default_rng(0)
    for place in rng.choice(len(tree.examples), 12, replace=False):
        node, deal = tree.examples[place]
        cards = jnp.asarray(tree.cards[deal])
        stakes = tables.draw_stakes(environment, jnp.zeros(0, jnp.uint32))
        table = tables.seat_players(environment, poker.Deal(hole=cards[:2, None], board=cards[2:]), stakes, 0)
        cache = model.empty_cache(1)
        for time, action in enumerate([*tree.histories[node], None]):
            decision = read(table)
            segments = segment(decision.hand, decision.seat, 2)[None]
            logits, _, cache = step(params, cache, decision.token[None], segments, jnp.int32(time))
            if action is not None:
                chips = {RAISE: decision.legal.max_raise_to, CALL: poker.CALL}.get(action, poker.FOLD)
                table = play(table, jnp.int32(chips), decision.legal)
        found = jnp.exp(masked_log_policy(logits[0], decision.mask))
        np.testing.assert_allclose(found, policy[place], atol=1e-5)


def test_training_logs_the_exploitability(trained, capsys):
    rows = [json.loads(line) for line in (trained / "metrics.jsonl").read_text().splitlines()]
    logged = [row["eval/exploitability"] for row in rows if "eval/exploitability" in row]
    assert len(logged) >= 3 and logged[0] > 0.3 and all(np.isfinite(logged))
    assert len(set(logged)) == len(logged)


def test_evaluate_computes_and_exports(trained, evaluate, tmp_path, capsys):
    pyspiel = pytest.importorskip("pyspiel")
    from open_spiel.python.algorithms import exploitability as judge
    from open_spiel.python.policy import tabular_policy_from_callable

    evaluate([str(trained), "--export-policy", str(tmp_path / "policy.json"), "--json"])
    result = json.loads(capsys.readouterr().out)
    exported = json.loads((tmp_path / "policy.json").read_text())
    game = pyspiel.load_game("kuhn_poker")
    policy = tabular_policy_from_callable(
        game, lambda state: {int(a): p for a, p in exported[state.information_state_string()].items()}
    )
    assert result["exploitability"] == pytest.approx(judge.exploitability(game, policy), abs=1e-6)
    evaluate([str(trained)])
    assert f"{result['exploitability']:.5f} chips a hand" in capsys.readouterr().out


def test_what_is_of_holdem_only_says_so(trained, evaluate, tmp_path):
    with pytest.raises(UserError, match="Kuhn poker, and agents play hold'em"):
        create_llm_agent(model_path=trained)
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"file/policy.json cannot be written; name a file elsewhere"):
        evaluate([str(trained), "--export-policy", str(tmp_path / "file" / "policy.json")])
    with pytest.raises(UserError, match="--opponents is for hold'em, and this agent plays Kuhn poker"):
        evaluate([str(trained), "--opponents", "rock"])
    evaluate([str(trained), "--export-policy", str(tmp_path / "new" / "policy.json")])
    assert (tmp_path / "new" / "policy.json").is_file()
    kuhn = config(tmp_path)
    with pytest.raises(UserError, match="--variant kuhn has players, stakes and bets of its own: leave out --ante 1"):
        check(dataclasses.replace(kuhn, game=GameConfig(variant="kuhn", ante=1)))


def test_leduc_rewards_are_the_chips_of_the_engine():
    """Random play: rewards sum to zero, nobody wins or loses more than 13 chips, hands last 8 decisions at most."""
    environment = make_environment(GameConfig(variant="leduc"))
    shoe = tables.new_shoe(environment, 64, jax.random.key(0))

    @jax.jit
    def run(key):
        deal, stakes, _ = tables.take_hands(environment, shoe, jnp.ones(64, bool))
        table = tables.seat_players(environment, deal, stakes, jnp.zeros(64, jnp.int32))

        def step(table, key):
            decision = tables.read(environment, table)
            logits = jnp.where(decision.mask, 0.0, -jnp.inf)
            entry = jax.random.categorical(key, logits, axis=0)
            chips = jnp.take_along_axis(decision.amounts, entry[None], axis=0)[0]
            table, outcome = tables.play(environment, table, chips, decision.legal)
            return table, (outcome, decision.mask)

        return jax.lax.scan(step, table, jax.random.split(key, environment.hand_limit))

    table, (outcome, mask) = run(jax.random.key(1))
    assert table.hand.done.all()
    won = np.asarray(outcome.rewards)[-1] * 2  # the unit is the small bet of two chips
    np.testing.assert_allclose(won.sum(axis=0), 0, atol=1e-6)
    assert np.abs(won).max() <= 13 and len(np.unique(np.abs(won))) > 4
    assert mask.shape == (8, 3, 64)
