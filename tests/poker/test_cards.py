"""Cards, names and the deal."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pokerjax import poker


def test_card_encoding():
    assert [poker.card(name) for name in ("2c", "2d", "2h", "2s", "3c", "Ac", "As")] == [
        0,
        1,
        2,
        3,
        4,
        48,
        51,
    ]


def test_names_and_cards_are_inverse():
    assert [poker.card(poker.card_name(card)) for card in range(52)] == list(range(52))


def test_rows_of_cards():
    np.testing.assert_array_equal(poker.cards("AhKd 2c"), [50, 45, 0])
    assert poker.cards("").shape == (0,)


@pytest.mark.parametrize("name", ["", "A", "ah", "AH", "1h", "10h", "Ahh"])
def test_bad_names_are_refused(name):
    with pytest.raises(ValueError, match="is no card"):
        poker.card(name)


@pytest.mark.parametrize("card", [-1, 52])
def test_bad_cards_have_no_name(card):
    with pytest.raises(ValueError, match="is no card"):
        poker.card_name(card)


def test_a_deal_is_the_draw_from_a_deck_without_replacement():
    rules = poker.no_limit_holdem(9)
    bits = np.random.default_rng(0).integers(2**32, size=(500, rules.num_cards), dtype=np.uint32)
    bits[0], bits[1] = 0, 2**32 - 1
    deals = jax.jit(jax.vmap(lambda b: poker.deal_from_bits(rules, b)))(bits)
    dealt = np.concatenate([np.asarray(deals.hole).reshape(500, -1), np.asarray(deals.board)], axis=1)
    for row, words in zip(dealt, bits, strict=True):
        deck = list(range(52))
        assert row.tolist() == [deck.pop(int(word) * len(deck) >> 32) for word in words]


@pytest.mark.parametrize("num_players", [2, 10])
def test_every_card_is_equally_likely_everywhere(num_players):
    """20,000 deals, seed 1: chi-square of each place (sigma 10.1) and its mean within 5 sigma."""
    rules, num_deals = poker.no_limit_holdem(num_players), 20_000
    deals = jax.jit(jax.vmap(lambda key: poker.deal(rules, key)))(
        jax.random.split(jax.random.key(1), num_deals)
    )
    dealt = np.concatenate([np.asarray(deals.hole).reshape(num_deals, -1), np.asarray(deals.board)], axis=1)
    counts = np.stack([np.bincount(place, minlength=52) for place in dealt.T])
    chi_square = ((counts - num_deals / 52) ** 2 / (num_deals / 52)).sum(axis=1)
    sigma = np.sqrt(2 * 51)
    assert np.all(np.abs(chi_square - 51) < 5 * sigma)
    assert abs(chi_square.mean() - 51) < 5 * sigma / np.sqrt(rules.num_cards)
    assert np.all(np.diff(np.sort(dealt, axis=1), axis=1) > 0), "a card was dealt twice"


def test_shapes_and_dtypes():
    deal = poker.deal(poker.no_limit_holdem(6), jax.random.key(0))
    assert (deal.hole.shape, deal.board.shape) == ((6, 2), (5,))
    assert deal.hole.dtype == deal.board.dtype == jnp.int32
