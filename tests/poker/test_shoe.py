"""The shoe and the random words it deals from."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pokerjax import poker
from pokerjax.poker.once import compute_once
from pokerjax.poker.words import threefry

TABLES, HANDS = 6, 16


@partial(jax.jit, static_argnums=0)
def take_in_turn(rules, shoe, wanted):
    """The hands taken by masks bool[T, B], one step after the other."""

    def step(shoe, mask):
        deal, extra, shoe = poker.take_hands(rules, shoe, mask)
        return shoe, (deal, extra)

    return jax.lax.scan(step, shoe, wanted)


def hands_of(rules, deal, mask):
    """The hands that were wanted, in order, as rows of cards."""
    cards = np.concatenate([np.asarray(deal.hole).reshape(len(mask), -1, TABLES), np.asarray(deal.board)], axis=1)
    return np.moveaxis(cards, 1, 2)[mask]


@pytest.mark.parametrize("rules", [poker.no_limit_holdem(3), poker.leduc()], ids=["holdem", "leduc"])
def test_every_hand_is_dealt_once_in_order(rules):
    rng = np.random.default_rng(0)
    wanted = rng.random((40, TABLES)) < 0.4
    shoe = poker.new_shoe(rules, jax.random.key(1), HANDS, num_extra=1)
    _, (deal, extra) = take_in_turn(rules, shoe, wanted)
    taken, words = hands_of(rules, deal, wanted), np.asarray(extra)[:, 0][wanted]

    # The same shoes, filled by hand: what a step does not find in one it takes from the next.
    key, place, expected, fillings = jax.random.key(1), HANDS, [], 0
    for count in wanted.sum(axis=1):
        if place + TABLES > HANDS:
            this, key = jax.random.split(key)
            deals = poker.deal_from_bits(rules, poker.random_words(this, rules.num_cards, (HANDS,)))
            shoe_cards = np.concatenate([np.asarray(deals.hole).reshape(-1, HANDS), np.asarray(deals.board)]).T
            place, fillings = 0, fillings + 1
        expected.extend(shoe_cards[place : place + count])
        place += count
    assert fillings > 3
    np.testing.assert_array_equal(taken, expected)
    assert len(np.unique(words)) == len(words)


def test_strengths_of_the_shoe_are_those_that_start_would_find():
    rules = poker.no_limit_holdem(3)
    stakes = poker.stakes(rules, stacks=1000)
    shoe = poker.new_shoe(rules, jax.random.key(2), TABLES)
    deal, extra, _ = poker.take_hands(rules, shoe, jnp.ones(TABLES, bool))
    assert extra.shape == (0, TABLES)
    plain = poker.Deal(hole=deal.hole, board=deal.board)
    found, expected = poker.start(rules, deal, stakes), poker.start(rules, plain, stakes)
    jax.tree.map(np.testing.assert_array_equal, found, expected)


def test_cards_of_a_shoe_are_uniform():
    """32,768 heads-up hands, seed 3: chi-square of each place within 5 sigma, and no card twice in a hand."""
    rules, count = poker.no_limit_holdem(2), 32_768
    shoe = poker.new_shoe(rules, jax.random.key(3), count)
    deal, _, _ = jax.jit(poker.take_hands, static_argnums=0)(rules, shoe, jnp.ones(count, bool))
    cards = np.concatenate([np.asarray(deal.hole).reshape(4, count), np.asarray(deal.board)])
    counts = np.stack([np.bincount(place, minlength=52) for place in cards])
    chi_square = ((counts - count / 52) ** 2 / (count / 52)).sum(axis=1)
    assert np.all(np.abs(chi_square - 51) < 5 * np.sqrt(2 * 51))
    assert np.all(np.diff(np.sort(cards, axis=0), axis=0) > 0)


def test_a_shoe_smaller_than_the_tables_is_refused():
    rules = poker.kuhn()
    shoe = poker.new_shoe(rules, jax.random.key(0), 4)
    with pytest.raises(ValueError, match="4 hands cannot serve 5 tables"):
        poker.take_hands(rules, shoe, jnp.ones(5, bool))


def test_threefry_is_that_of_jax():
    from jax.extend.random import threefry_2x32

    rng = np.random.default_rng(0)
    key = rng.integers(2**32, size=2, dtype=np.uint32)
    counter = rng.integers(2**32, size=(2, 500), dtype=np.uint32)
    found = threefry((jnp.uint32(key[0]), jnp.uint32(key[1])), (counter[0], counter[1]))
    expected = np.asarray(threefry_2x32(jnp.asarray(key), jnp.asarray(counter.reshape(-1))))
    np.testing.assert_array_equal(np.concatenate(found), expected)


@pytest.mark.parametrize("implementation", ["threefry2x32", "rbg"])
def test_random_words_differ_by_key_word_and_lane(implementation):
    keys = jax.random.split(jax.random.key(0, impl=implementation), 2)
    words = np.stack([word for key in keys for word in poker.random_words(key, 5, (50, 4))])
    assert words.shape == (10, 50, 4) and words.dtype == np.uint32
    assert len(np.unique(words)) == words.size
    bits = np.unpackbits(words.view(np.uint8)).mean()
    assert abs(bits - 0.5) < 5 * 0.5 / np.sqrt(32 * words.size)  # 5 sigma


def test_words_at_depend_on_lane_and_turn_alone():
    """Turn 0 is `random_words`; a lane has the same words beside whichever others; turns and words all differ."""
    key, lanes = jax.random.key(0), jnp.array([7, 3, 40])
    whole = np.stack([np.stack(poker.words_at(key, 3, jnp.arange(50), turn)) for turn in range(4)])
    np.testing.assert_array_equal(whole[0], np.stack(poker.random_words(key, 3, (50,))))
    assert len(np.unique(whole)) == whole.size
    some = np.stack(poker.words_at(key, 3, lanes, jnp.array([2, 0, 3])))
    np.testing.assert_array_equal(some, np.stack([whole[2, :, 7], whole[0, :, 3], whole[3, :, 40]], axis=1))
    numbers = np.asarray(poker.uniform(jnp.array([0, 2**31, 2**32 - 1], jnp.uint32)))
    np.testing.assert_array_equal(numbers, [0, 0.5, 1 - 2.0**-24])


def test_compute_once_changes_nothing():
    arrays = {"chips": jnp.array([-(2**31), -1, 0, 2**31 - 1], jnp.int32), "mask": jnp.array([True, False, True, True])}
    for run in (compute_once, jax.jit(compute_once), jax.jit(jax.vmap(compute_once))):
        same = run(arrays)
        jax.tree.map(np.testing.assert_array_equal, same, arrays)
        assert {name: array.dtype for name, array in same.items()} == {"chips": jnp.int32, "mask": bool}
