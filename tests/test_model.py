"""The transformer: cache equals sequence, segments do not see each other, hidden cards reach nothing."""

import dataclasses
from functools import partial
from itertools import combinations, permutations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pokerjax import poker
from pokerjax.config import Config, GameConfig, LearnConfig, ModelConfig
from pokerjax.env.tables import make_environment
from pokerjax.learn.rollout import sample
from pokerjax.model import features
from pokerjax.model.attention import NO_SEGMENT, banded_mask, blocks, with_previous
from pokerjax.model.transformer import Model, acting_model, masked_log_policy


@pytest.fixture(scope="module")
def model():
    return Model(make_environment(GameConfig(max_decisions=12)), ModelConfig(d_model=32, n_layers=2, n_heads=2))


@pytest.fixture(scope="module")
def params(model):
    return jax.tree.map(lambda x: x * 2, model.init(jax.random.key(0)))


def random_sequence(model, batch=3, length=40, seed=0):
    """Tokens of noise and segments of interleaved seats, none longer than the context."""
    rng = np.random.default_rng(seed)
    tokens = rng.integers(0, 50, (batch, length, model.environment.layout.width)).astype(np.int32)
    hands = np.arange(length) // rng.integers(5, model.environment.hand_limit + 1, (batch, 1))
    segments = hands * 2 + rng.integers(0, 2, (batch, length))
    return jnp.asarray(tokens), jnp.asarray(segments, jnp.int32)


def test_cached_steps_equal_the_sequence(model, params):
    tokens, segments = random_sequence(model)
    logits, values, _ = jax.jit(model.sequence)(params, tokens, segments)
    cache, step = model.empty_cache(tokens.shape[0]), jax.jit(model.step)
    for t in range(tokens.shape[1]):
        one_logits, one_values, cache = step(params, cache, tokens[:, t], segments[:, t], t)
        np.testing.assert_allclose(one_logits, logits[:, t], atol=2e-5)
        np.testing.assert_allclose(one_values, values[:, t], atol=2e-5)


@pytest.mark.parametrize("shared", [1, 2])
def test_shared_keys_are_those_of_each_head_alike(shared):
    """With few key/value heads the model is one of as many as heads whose projections repeat; cached steps too."""
    environment = make_environment(GameConfig(max_decisions=12))
    few = Model(environment, ModelConfig(d_model=16, n_layers=1, n_heads=4, n_kv_heads=shared))
    many = Model(environment, ModelConfig(d_model=16, n_layers=1, n_heads=4))
    params = jax.tree.map(lambda x: x * 2, few.init(jax.random.key(0)))
    repeated = jax.tree.map(lambda x: x, params)
    kernel = params["blocks"][0]["attention"]["qkv"]["kernel"]
    queries, *others = jnp.split(kernel, [16, 16 + 4 * shared], axis=1)
    others = [jnp.repeat(x.reshape(16, shared, 4), 4 // shared, axis=1).reshape(16, 16) for x in others]
    repeated["blocks"][0]["attention"]["qkv"]["kernel"] = jnp.concatenate([queries, *others], axis=1)
    tokens, segments = random_sequence(few, batch=2, length=20)
    logits, _, cache = jax.jit(few.sequence)(params, tokens, segments)
    expected, *_ = jax.jit(many.sequence)(repeated, tokens, segments)
    np.testing.assert_allclose(logits, expected, atol=1e-5)
    assert cache.keys[0].shape == (2, 20, 4 * shared)
    ring, step = few.empty_cache(2), jax.jit(few.step)
    for t in range(20):
        one, _, ring = step(params, ring, tokens[:, t], segments[:, t], t)
        np.testing.assert_allclose(one, logits[:, t], atol=2e-5)


def test_the_banded_mask_equals_the_plain_one(model):
    """Same segment and not later, by brute force over all pairs."""
    _, segments = random_sequence(model, seed=1)
    segments = segments.at[0, :7].set(NO_SEGMENT)
    size = model.environment.hand_limit
    mask = np.asarray(banded_mask(segments, size))
    places = np.asarray(with_previous(blocks(jnp.arange(segments.shape[1])[None], size, -1)))[0]
    batch, length = segments.shape
    got = np.zeros((batch, length, length), bool)
    for c, q, k in np.ndindex(mask.shape[1:]):
        query, key = c * size + q, places[c, k]
        if query < length and 0 <= key < length:
            got[:, query, key] |= mask[:, c, q, k]
    s = np.asarray(segments)
    plain = (s[:, :, None] == s[:, None, :]) & np.tri(length, dtype=bool) & (s != NO_SEGMENT)[:, None, :]
    np.testing.assert_array_equal(got, plain)


def test_gradients_flow_within_the_segment_and_backwards_only(model, params):
    """Change one token: only later decisions of its own segment may change (and by gradients, do)."""
    tokens, segments = random_sequence(model, batch=1)
    run = jax.jit(lambda t: model.sequence(params, t, segments)[0])
    base = run(tokens)
    for place in (0, 9, 23):
        changed = np.asarray(jnp.abs(run(tokens.at[0, place, 12].add(40)) - base).max(-1))[0] > 0
        own = np.asarray(segments[0] == segments[0, place]) & (np.arange(tokens.shape[1]) >= place)
        assert not changed[~own].any()
        assert changed[place]


def test_equivalent_hands_are_one_hand(model):
    """Other names of the suits, and another order of the flop, change no feature of a token."""
    layout = model.environment.layout
    rng = np.random.default_rng(0)
    read = jax.jit(jax.vmap(lambda token: features.features(layout, token, 50)))
    for number in range(40):
        cards = rng.choice(52, 7, replace=False)
        if number % 2:  # a pocket pair, and a paired flop
            cards = cards % 4 + 4 * np.array([3, 3, 3 + number % 3, 8, 8, 1, 2])
        if len(set(cards)) < 7:
            continue
        shown = rng.choice([0, 3, 4, 5])
        tokens = []
        for _ in range(8):
            renamed = cards // 4 * 4 + rng.permutation(4)[cards % 4]
            token = np.zeros(layout.width, np.int32)
            token[:2] = sorted(renamed[:2], reverse=True)  # as `env.tokens` has them
            token[2:7] = np.where(np.arange(5) < shown, [*rng.permutation(renamed[2:5]), *renamed[5:]], -1)
            tokens.append(token)
        vectors = np.asarray(read(np.stack(tokens)))
        np.testing.assert_array_equal(vectors, np.broadcast_to(vectors[0], vectors.shape))


@pytest.mark.parametrize("shown", [0, 3, 4, 5])
def test_hands_that_differ_stay_apart(shown):
    """As many canonical hands as classes by brute force, of 2,000 from 16 cards, where many are equivalent."""
    rng = np.random.default_rng(shown)
    dealt = np.stack([rng.choice(16, 7, replace=False) for _ in range(2_000)])
    dealt[:, 2 + shown :] = poker.NO_CARD
    suits = list(permutations(range(4)))

    def plain(hand):
        named = [np.where(hand >= 0, hand // 4 * 4 + np.array(names)[hand % 4], hand) for names in suits]
        return min((*sorted(h[:2]), *sorted(h[2:5]), *h[5:]) for h in named)

    ours = [tuple(hand) for hand in np.asarray(jax.jit(jax.vmap(features.canonical))(dealt)).tolist()]
    theirs = [tuple(int(card) for card in plain(hand)) for hand in dealt]
    assert len(set(ours)) == len(set(theirs)) == len(set(zip(ours, theirs, strict=True))) < 2_000
    assert {plain(np.array(hand)) for hand in ours} == set(theirs)


@pytest.mark.parametrize("shown", [0, 3, 4, 5])
def test_the_standing_is_the_share_of_other_hands_that_are_beaten(shown):
    """With all 1,326 hands as rivals: counted one by one. A tenth of them is near to it."""
    rng = np.random.default_rng(shown)
    exact, tenth = (jax.jit(partial(features.standing, rivals=rivals)) for rivals in (1326, 132))
    errors = []
    for _ in range(20):
        cards = rng.choice(52, 2 + shown, replace=False)
        left = np.setdiff1d(np.arange(52), cards)
        pairs = np.array(list(combinations(left, 2))).T
        board = np.repeat(cards[2:, None], pairs.shape[1], axis=1)
        others = poker.strength([jnp.asarray(row) for row in (*pairs, *board)])
        mine = poker.strength([jnp.int32(card) for card in cards])
        seen = jnp.asarray(np.pad(cards, (0, 5 - shown), constant_values=poker.NO_CARD))
        share, ties = exact(seen)
        np.testing.assert_allclose(ties, np.mean(others == mine), atol=1e-6)
        np.testing.assert_allclose(share, np.mean(others < mine) + np.mean(others == mine) / 2, atol=1e-6)
        errors.append(float(tenth(seen)[0] - share))
    assert np.sqrt(np.mean(np.square(errors))) < 0.03


def test_weights_between_knots_give_the_share_back():
    for share in (0.0, 0.05, 0.1, 0.83, 0.999, 1.0):
        weights = features.between_knots(jnp.float32(share))
        np.testing.assert_allclose([weights.sum(), weights @ np.array(features.KNOTS)], [1, share], atol=1e-6)
        assert (weights >= 0).all() and (weights > 0).sum() <= 2


def test_games_of_one_card_have_no_rivals():
    config = ModelConfig(d_model=16, n_layers=1, n_heads=2, rivals=50)
    assert [Model(make_environment(GameConfig(variant=game)), config).rivals for game in ("leduc", "holdem")] == [0, 50]


def test_the_full_size_has_about_fifteen_million_parameters():
    model = Model(make_environment(GameConfig()), ModelConfig())
    assert 14_000_000 < model.num_parameters < 16_000_000
    assert 0.99 < model.num_matmul_parameters / model.num_parameters < 1


def test_sampling_follows_the_policy_and_never_leaves_the_mask():
    """100,000 draws, every frequency within 5 sigma; extremes of the uniform stay on offer."""
    logits = jnp.array([1.0, 0.0, 2.0, -1.0, 5.0])
    mask = jnp.array([False, True, True, True, False])
    log_policy = masked_log_policy(logits, mask)
    draws = 100_000
    uniform = jax.random.uniform(jax.random.key(0), (draws,))
    counts = np.bincount(sample(jnp.broadcast_to(log_policy, (draws, 5)), uniform), minlength=5)
    p = np.exp(np.asarray(log_policy))
    assert (np.abs(counts - draws * p) <= 5 * np.sqrt(draws * p * (1 - p)) + 1e-9).all()
    edges = jnp.array([0.0, 1 - 2.0**-24])
    assert sample(jnp.broadcast_to(log_policy, (2, 5)), edges).tolist() == [1, 3]


def test_who_acts_leaves_out_what_is_rarer_than_the_threshold(model):
    """Literal numbers; what is left keeps its proportions, and of an even policy all is left, however high it is."""
    mask = jnp.array([True, True, True, True, False])
    logits = jnp.log(jnp.array([0.6, 0.389, 0.006, 0.005, 0.9]))
    acts = dataclasses.replace(model, threshold=0.0055)
    np.testing.assert_allclose(np.exp(acts.log_policy(logits, mask)), np.array([0.6, 0.389, 0.006, 0, 0]) / 0.995, 1e-5)
    np.testing.assert_array_equal(model.log_policy(logits, mask), masked_log_policy(logits, mask))
    even = dataclasses.replace(model, threshold=0.9).log_policy(jnp.zeros(5), mask)
    np.testing.assert_allclose(np.exp(even), [0.25, 0.25, 0.25, 0.25, 0], 1e-6)


def test_only_mirror_descent_has_a_threshold_to_act_by(model):
    """Its floor, and the learner itself has none."""
    mirror = Config(model=ModelConfig(critic="action"), learn=LearnConfig(objective="mirror"))
    assert acting_model(model.environment, mirror).threshold == mirror.learn.probability_floor > 0
    assert acting_model(model.environment, Config()).threshold == Model(model.environment, mirror.model).threshold == 0


def test_matrices_already_in_the_compute_type_give_the_same(model, params):
    """Bit for bit, and what is kept is exactly what is multiplied, so that an agent can be exported so."""
    half = Model(model.environment, dataclasses.replace(model.config, compute_dtype="bfloat16"))
    cast = half.in_compute_type(params)
    assert {str(x.dtype) for x in jax.tree.leaves(cast["blocks"]) if x.ndim > 1} == {"bfloat16"}
    assert {str(x.dtype) for name in ("policy", "critic_value") for x in jax.tree.leaves(cast[name])} == {"float32"}
    tokens, segments = random_sequence(model, batch=2, length=1)
    step = jax.jit(half.step)
    plain, ours = (step(p, half.empty_cache(2), tokens[:, 0], segments[:, 0], 0)[0] for p in (params, cast))
    np.testing.assert_array_equal(plain, ours)
    assert all(x is y for x, y in zip(*map(jax.tree.leaves, (params, model.in_compute_type(params))), strict=True))


@pytest.mark.slow
def test_bfloat16_stays_close_to_float32(model, params):
    """Compute in bfloat16 with float32 parameters: log-policies within 0.05."""
    half = Model(model.environment, ModelConfig(d_model=32, n_layers=2, n_heads=2, compute_dtype="bfloat16"))
    tokens, segments = random_sequence(model, batch=1)
    exact = jax.nn.log_softmax(model.sequence(params, tokens, segments)[0])
    rough = jax.nn.log_softmax(half.sequence(params, tokens, segments)[0])
    assert rough.dtype == jnp.float32
    assert float(jnp.abs(exact - rough).max()) < 0.05
