"""Slips: what seats do apart from their policy, hand by hand."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pokerjax import poker
from pokerjax.checks import check
from pokerjax.config import Config, GameConfig, LearnConfig, ModelConfig
from pokerjax.learn import slips
from pokerjax.learn.learner import Learner
from pokerjax.learn.rollout import carry_prefix
from pokerjax.model.attention import NO_SEGMENT
from pokerjax.model.transformer import masked_log_policy

ENTRIES = 6
SEATS = 40_000
PLACES = 8  # of the prefix, in Leduc


def characters(mask: list[bool], share: float, street: int = 0) -> np.ndarray:
    """Slips [SEATS, ENTRIES] of many seats that may do the same."""
    words = poker.words_at(jax.random.key(0), slips.num_words(ENTRIES), jnp.arange(SEATS), 0)
    masks, streets = jnp.broadcast_to(jnp.array(mask), (SEATS, ENTRIES)), jnp.full((SEATS,), street)
    return np.asarray(slips.character(masks, streets, words, share))


def test_exploration_spreads_its_share_over_what_is_offered():
    mask = jnp.array([True, True, False])
    log_policy = masked_log_policy(jnp.log(jnp.array([0.9, 0.1, 1.0])), mask)
    np.testing.assert_allclose(jnp.exp(slips.behaviour(log_policy, slips.even(mask, 0.2))), [0.82, 0.18, 0], atol=1e-6)
    assert slips.behaviour(log_policy, None) is log_policy
    assert (slips.even(jnp.zeros((2, 3), bool), 0.2) == 0).all()  # padding


def test_behaviour_mixes_policy_and_slips():
    """Literal numbers: a share of 0.5 slips, most of it to the entry that the policy hardly takes."""
    log_policy = masked_log_policy(jnp.array([0.0, -200.0, 3.0]), jnp.array([True, True, False]))
    mixed = jnp.exp(slips.behaviour(log_policy, jnp.array([0.1, 0.4, 0.0])))
    np.testing.assert_allclose(mixed, [0.6, 0.4, 0.0], rtol=1e-6)


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5])
def test_the_mean_share_of_slips_is_what_was_asked(share):
    shares = characters([True] * ENTRIES, share).sum(axis=1)
    assert abs(shares.mean() - share) < 4 * shares.std() / SEATS**0.5
    # U^(1/share - 1) lies above one half with probability 1 - 2^(-share / (1 - share)).
    often = 1 - 0.5 ** (share / (1 - share))
    assert abs((shares > 0.5).mean() - often) < 4 * (often / SEATS) ** 0.5
    assert shares.min() >= 0 and shares.max() <= 1


def test_every_kind_of_action_is_slipped_to_alike_and_most_seats_have_a_favourite():
    found = characters([True] * ENTRIES, 0.5)
    chances = found / found.sum(axis=1, keepdims=True)
    kinds = np.stack([chances[:, 0], chances[:, 1], chances[:, 2:].sum(axis=1)], axis=1)
    np.testing.assert_allclose(kinds.mean(axis=0), 1 / 3, atol=0.01)
    np.testing.assert_allclose(chances[:, 2:].mean(axis=0), 1 / 12, atol=0.01)
    assert (kinds.max(axis=1) > 0.6).mean() > 0.7
    assert (found > 0).all()


def test_where_all_in_is_the_only_raise_it_is_one_on_every_street():
    words = poker.words_at(jax.random.key(0), slips.num_words(3), jnp.arange(9), 0)
    first, later = (slips.character(jnp.ones((9, 3), bool), jnp.full((9,), street), words, 0.3) for street in (0, 1))
    np.testing.assert_array_equal(first, later)


def test_after_the_first_street_all_in_is_a_kind_of_its_own_and_shares_stay():
    first, later = (characters([True] * ENTRIES, 0.5, street) for street in (0, 2))
    np.testing.assert_allclose(first.sum(axis=1), later.sum(axis=1), rtol=1e-5)
    chances = (later / later.sum(axis=1, keepdims=True)).mean(axis=0)
    np.testing.assert_allclose(chances, [1 / 4, 1 / 4, 1 / 12, 1 / 12, 1 / 12, 1 / 4], atol=0.01)


@pytest.mark.parametrize(
    ("mask", "street", "means"),
    [
        ([False, True, True, False, False, True], 0, [0, 1 / 2, 1 / 4, 0, 0, 1 / 4]),
        ([False, True, True, False, False, True], 1, [0, 1 / 3, 1 / 3, 0, 0, 1 / 3]),
        ([True, True, False, False, False, True], 3, [1 / 3, 1 / 3, 0, 0, 0, 1 / 3]),
        ([True, True, False, False, False, False], 1, [1 / 2, 1 / 2, 0, 0, 0, 0]),
        ([False, True, False, False, False, False], 0, [0, 1, 0, 0, 0, 0]),
    ],
)
def test_what_is_not_on_offer_has_no_part(mask, street, means):
    """The other kinds, and the other raises, share it out alike; and the policy keeps what does not slip."""
    found = characters(mask, 0.3, street)
    chances = found / found.sum(axis=1, keepdims=True)
    assert (found[:, ~np.array(mask)] == 0).all()
    np.testing.assert_allclose(chances.mean(axis=0), means, atol=0.01)
    log_policy = masked_log_policy(jnp.zeros((SEATS, ENTRIES)), jnp.array(mask))
    played = np.exp(slips.behaviour(log_policy, jnp.asarray(found)))
    np.testing.assert_allclose(played.sum(axis=1), 1, rtol=1e-5)


def test_seats_at_random_draw_all_of_their_hand_evenly_and_the_others_are_as_they_were():
    """Whatever is on offer and on whichever street; who they are is told by the seat of the hand alone."""
    seats, hands = jnp.arange(SEATS) % 40, jnp.arange(SEATS) // 40
    at_random = []
    for mask, street in (([True] * ENTRIES, 0), ([False, True, True, False, False, True], 2)):
        masks, streets = jnp.broadcast_to(jnp.array(mask), (SEATS, ENTRIES)), jnp.full((SEATS,), street)
        of = (jax.random.key(0), masks, streets, seats, hands)
        before, found = (np.asarray(slips.of_seats(0.1, share, *of)) for share in (0.0, 0.2))
        even = np.array(mask) / np.sum(mask)
        at_random.append(np.isclose(found, even, atol=1e-5).all(axis=1))
        np.testing.assert_array_equal(found[~at_random[-1]], before[~at_random[-1]])
    np.testing.assert_array_equal(*at_random)
    assert abs(at_random[0].mean() - 0.2) < 4 * 0.4 / SEATS**0.5


def test_a_run_may_have_seats_at_random_and_no_other_slips():
    learn = LearnConfig(parallel_games=512, rollout_length=4, random_seats=0.3)
    config = Config(
        game=GameConfig(variant="leduc"), model=ModelConfig(d_model=8, n_layers=1, n_heads=1), learn=learn
    )
    learner = Learner(check(config))
    window = jax.jit(learner.play)(learner.init(jax.random.key(0)), jax.random.key(0))[1]
    shares = np.asarray(window.slips[:, -learn.rollout_length].sum(axis=-1))
    assert np.isclose(shares, 1, atol=1e-5).sum() + (shares == 0).sum() == len(shares)
    assert abs(shares.mean() - 0.3) < 4 * (0.3 * 0.7 / len(shares)) ** 0.5


@pytest.fixture(scope="module")
def rollouts():
    """Windows of three rollouts in a row; every decision of a hand is in one of them, or in more as a prefix."""
    config = Config(
        game=GameConfig(variant="leduc"),
        model=ModelConfig(d_model=8, n_layers=1, n_heads=1),
        learn=LearnConfig(parallel_games=16, rollout_length=8, tremble=0.4),
    )
    learner = Learner(check(config))
    assert learner.model.environment.hand_limit == PLACES
    state, windows = learner.init(jax.random.key(0)), []
    play = jax.jit(learner.play)
    for number in range(3):
        tables, window, *_ = play(state, jax.random.key(number))
        prefix = carry_prefix(learner.model.environment, window, tables[0].hands)
        state = dataclasses.replace(state, tables=tables, prefix=prefix)
        windows.append(jax.device_get(window))
    return windows


def test_slips_become_rarer_over_the_run():
    """From a mean share of 0.5 to 0.02: at the start, in the middle and at the end of the run."""
    learn = LearnConfig(parallel_games=512, rollout_length=4, tremble=0.5, tremble_end=0.04)
    config = Config(
        game=GameConfig(variant="leduc"), model=ModelConfig(d_model=8, n_layers=1, n_heads=1), learn=learn
    )
    learner = Learner(check(config))
    state, play = learner.init(jax.random.key(0)), jax.jit(learner.play)
    for progress, share in ((0.0, 0.5), (0.5, 0.1), (1.0, 0.02)):
        games = jnp.int32(progress * config.run.num_games)
        window = play(dataclasses.replace(state, games=games), jax.random.key(0))[1]
        found = np.asarray(window.slips[:, -learn.rollout_length].sum(axis=-1))
        assert abs(found.mean() - share) < 4 * found.std() / len(found) ** 0.5


def test_a_seat_keeps_its_character_for_a_hand_and_only_for_that(rollouts):
    """Its share, and what it slips to where the same is on offer, over the ends of rollouts too; others have others."""
    found: dict[tuple[int, int], dict[bytes, list[np.ndarray]]] = {}
    spanning = 0
    for window in rollouts:
        before = set(found)
        for table, place in zip(*np.nonzero(window.segments != NO_SEGMENT), strict=True):
            key = (int(table), int(window.segments[table, place]))
            spanning += place >= PLACES and key in before  # decided in this rollout, the hand begun in one before
            offered = window.masks[table, place].tobytes()
            found.setdefault(key, {}).setdefault(offered, []).append(window.slips[table, place])
    assert spanning > 10
    shares = []
    for seat in found.values():
        assert all(np.ptp(rows, axis=0).max() < 1e-6 for rows in seat.values())
        shares.append([rows[0].sum() for rows in seat.values()])
        assert np.ptp(shares[-1]) < 1e-5
    assert sum(len(seat) > 1 for seat in found.values()) > 10  # seats that were offered different things
    assert len(np.unique(np.round([share[0] for share in shares], 4))) > 0.7 * len(shares)


def test_actions_are_drawn_from_the_policy_that_slips(rollouts):
    """Of the decisions of seats that nearly always slip, actions follow the slips: mean log-likelihoods say so."""
    log_played, log_policy = [], []
    for window in rollouts:
        often = (window.segments != NO_SEGMENT) & (window.slips.sum(axis=-1) > 0.7)
        played = np.asarray(slips.behaviour(jnp.asarray(window.log_policy), jnp.asarray(window.slips)))
        for found, kept in ((played, log_played), (window.log_policy, log_policy)):
            kept += np.take_along_axis(found, window.actions[..., None], axis=-1)[often].ravel().tolist()
    assert len(log_played) > 30
    assert np.mean(log_played) > np.mean(log_policy) + 0.1
