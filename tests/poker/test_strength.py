"""Hand strength against counts known from combinatorics, a slow evaluator written apart, and PokerKit."""

import hashlib
from collections import Counter
from itertools import combinations, pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pokerjax import poker

strengths = jax.jit(jax.vmap(poker.strength))
strengths_of_columns = jax.jit(jax.vmap(poker.strength, in_axes=1))

# Hands of each category, from high card to straight flush.
FIVE_CARD_COUNTS = [1302540, 1098240, 123552, 54912, 10200, 5108, 3744, 624, 40]
FIVE_CARD_CLASSES = [1277, 2860, 858, 858, 10, 1277, 156, 156, 10]
# Of each hand's place among the 7,462 as uint16, hands in lexicographic order.
FIVE_CARD_ORDER_MD5 = "50aa7347e47912ccb01e14c9a0cd23b3"
SEVEN_CARD_COUNTS = [23294460, 58627800, 31433400, 6461620, 6180020, 4047644, 3473184, 224848, 41584]


def random_hands(seed, num_hands, num_cards):
    return np.random.default_rng(seed).random((num_hands, 52)).argsort(axis=1)[:, :num_cards].astype(np.int32)


def all_five_card_hands():
    flat = np.fromiter((c for hand in combinations(range(52), 5) for c in hand), np.int32)
    return flat.reshape(-1, 5)


def slow_strength(cards):
    """Return (category, ranks in order of weight) of the best five cards, by trying all of them."""

    def five(hand):
        ranks = sorted((card // 4 for card in hand), reverse=True)
        groups = sorted(Counter(ranks).items(), key=lambda item: (item[1], item[0]), reverse=True)
        sizes = [size for _, size in groups]
        flush = len({card % 4 for card in hand}) == 1
        top = 3 if ranks == [12, 3, 2, 1, 0] else ranks[0]
        straight = len(groups) == 5 and (ranks[0] - ranks[4] == 4 or (top == 3 and ranks[0] == 12))
        if straight:
            return (8 if flush else 4), [top]
        kind = {(4, 1): 7, (3, 2): 6, (3, 1, 1): 3, (2, 2, 1): 2, (2, 1, 1, 1): 1}.get(tuple(sizes), 0)
        return max(kind, 5 if flush else 0), [rank for rank, _ in groups]

    return max(five(hand) for hand in combinations(cards, 5))


def assert_same_order(ours, theirs):
    """Equal where equal, larger where larger: sort by ours and compare neighbours."""
    order = np.argsort(np.asarray(ours), kind="stable")
    for a, b in pairwise(order):
        assert theirs[a] <= theirs[b]
        assert (ours[a] == ours[b]) == (theirs[a] == theirs[b])


def test_all_five_card_hands():
    found = np.asarray(strengths_of_columns(all_five_card_hands().T))
    assert np.bincount(found >> 26).tolist() == FIVE_CARD_COUNTS
    classes = np.unique(found)
    assert len(classes) == 7462
    assert np.bincount(classes >> 26).tolist() == FIVE_CARD_CLASSES


def test_order_of_all_five_card_hands_against_pokerkit():
    """2,598,960 hands. PokerKit ranks one hand of each set of ranks, suited or not; the others of it are equal."""
    pokerkit = pytest.importorskip("pokerkit")
    hands = all_five_card_hands()
    ranks = np.sort(hands // 4, axis=1)
    suited = (hands % 4 == hands[:, :1] % 4).all(axis=1)
    signature = ranks @ 13 ** np.arange(5) * 2 + suited
    _, first, members = np.unique(signature, return_index=True, return_inverse=True)
    assert len(first) == 7462
    lookup = pokerkit.StandardLookup()
    indices = [lookup.get_entry("".join(poker.card_name(card) for card in hand)).index for hand in hands[first]]
    theirs = np.unique(np.array(indices)[members], return_inverse=True)[1]
    ours = np.unique(np.asarray(strengths_of_columns(hands.T)), return_inverse=True)[1]
    digests = [hashlib.md5(order.astype(np.uint16).tobytes()).hexdigest() for order in (ours, theirs)]
    assert digests[0] == digests[1] == FIVE_CARD_ORDER_MD5


def test_a_million_seven_card_hands_are_their_best_five_cards():
    """The order of five cards being right, seven cards must be worth the best of their 21 fives."""

    @jax.jit
    def both(hands):
        fives = [poker.strength([hands[i] for i in five]) for five in combinations(range(7), 5)]
        return poker.strength(hands), jnp.max(jnp.stack(fives), axis=0)

    for seed in range(16):
        deals = poker.deal_many(poker.no_limit_holdem(2), jax.random.key(seed), 62_500)
        seven, best = both(jnp.concatenate([deals.hole[0], deals.board]))
        np.testing.assert_array_equal(seven, best)


@pytest.mark.slow
def test_all_seven_card_hands():
    """All 133,784,560 hands: the two lowest cards, then five of the cards above them."""
    fives = all_five_card_hands()

    @jax.jit
    def count(low_cards, first, rows):
        def one(low, row):
            return poker.category(poker.strength(jnp.concatenate([jnp.stack([low, first]), row])))

        found = jax.vmap(jax.vmap(one, (None, 1)), (0, None))(low_cards, rows)
        real = (low_cards >= 0)[:, None] & (rows[0] > first)[None]
        return jnp.stack([jnp.sum(real & (found == kind)) for kind in range(9)])

    total = np.zeros(9, np.int64)
    for second in range(1, 47):
        rows = fives[fives[:, 0] > second].T
        rows = np.pad(rows, ((0, 0), (0, -rows.shape[1] % 2**18)))  # few shapes, few compilations
        low = np.array([a if a < second else -1 for a in range(-(-second // 8) * 8)], np.int32)
        for chunk in np.split(rows, rows.shape[1] // 2**18, axis=1):
            total += sum(np.asarray(count(part, second, chunk)) for part in np.split(low, len(low) // 8))
    assert total.tolist() == SEVEN_CARD_COUNTS


@pytest.mark.parametrize("num_cards", [5, 6, 7])
def test_against_a_slow_evaluator(num_cards):
    hands = random_hands(num_cards, 4000, num_cards)
    ours = np.asarray(strengths(hands))
    theirs = [slow_strength(hand.tolist()) for hand in hands]
    np.testing.assert_array_equal(ours >> 26, [kind for kind, _ in theirs])
    assert_same_order(ours, theirs)


def test_against_a_slow_evaluator_on_rare_hands():
    """Seven cards of one suit or of three ranks, where flushes, straights, fours and full houses abound."""
    rng = np.random.default_rng(3)
    suited = np.stack([4 * rng.permutation(13)[:7] + 1 for _ in range(1000)])
    suited[:, :2] += rng.integers(0, 3, (1000, 2)) - 1
    few_ranks = np.stack([4 * rng.integers(0, 11) + rng.permutation(12)[:7] for _ in range(1000)])
    hands = np.concatenate([suited, few_ranks]).astype(np.int32)
    assert_same_order(np.asarray(strengths(hands)), [slow_strength(hand.tolist()) for hand in hands])


def test_against_pokerkit():
    pokerkit = pytest.importorskip("pokerkit")
    hands = random_hands(8, 2000, 7)
    names = ["".join(poker.card_name(card) for card in hand) for hand in hands]
    theirs = [pokerkit.StandardHighHand.from_game(name[:4], name[4:]) for name in names]
    assert_same_order(np.asarray(strengths(hands)), theirs)


@pytest.mark.parametrize(
    ("names", "category", "made", "kickers"),
    [
        ("AhKhQhJhTh2c3c", "straight flush", "A", ""),
        ("Ah2h3h4h5h6d6c", "straight flush", "5", ""),
        ("AcAdAhAs2c2d2h", "four of a kind", "A", "2"),
        ("AcAdAh2s2c2d3h", "full house", "A", "2"),
        ("AcAdAh2s2c3c3d", "full house", "A", "3"),
        ("AcKcQcTc8c8d8h", "flush", "", "AKQT8"),
        ("5c4d3h2cAc9d9h", "straight", "5", ""),
        ("9c8d7h6c5c4d3h", "straight", "9", ""),
        ("8c8d8hKcQd2h3s", "three of a kind", "8", "KQ"),
        ("AcAdKcKdQcQdJc", "two pair", "AK", "Q"),
        ("2c2dAhKcQd9h8s", "pair", "2", "AKQ"),
        ("AcKdQhJc9d7h5s", "high card", "", "AKQJ9"),
        ("AcAd", "pair", "A", ""),
        ("AcKd", "high card", "", "AK"),
        ("AcAdAhKs", "three of a kind", "A", "K"),
        ("AcAdAhAs", "four of a kind", "A", ""),
        ("AcAdKhKs", "two pair", "AK", ""),
    ],
)
def test_structure(names, category, made, kickers):
    def mask(ranks):
        return sum(1 << "23456789TJQKA".index(rank) for rank in ranks)

    expected = poker.CATEGORY_NAMES.index(category) << 26 | mask(made) << 13 | mask(kickers)
    assert int(poker.strength(poker.cards(names))) == expected


def test_absent_cards_count_for_nothing():
    hands = random_hands(5, 500, 7)
    for num_cards in range(2, 7):
        absent = np.where(np.arange(7) < num_cards, hands, poker.NO_CARD)
        np.testing.assert_array_equal(strengths(absent), strengths(hands[:, :num_cards]))


def test_order_and_suits_do_not_matter_and_dtype_is_int32():
    hands = random_hands(6, 500, 7)
    rng = np.random.default_rng(6)
    shuffled = rng.permuted(hands, axis=1)
    resuited = 4 * (shuffled // 4) + np.array([2, 0, 3, 1])[shuffled % 4]
    found = strengths(hands)
    assert found.dtype == jnp.int32
    np.testing.assert_array_equal(found, strengths(resuited.astype(np.int32)))


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "int64", "uint64"])
@pytest.mark.parametrize("wide", [False, True])
def test_cards_of_any_integer_type(dtype, wide):
    """A deck may well be kept in bytes; a process may well have turned 64 bits on."""
    hands = random_hands(8, 50, 7)
    found = strengths(hands)
    with jax.enable_x64(wide):
        again = poker.strength(hands.T.astype(dtype))
        assert again.dtype == jnp.int32
        np.testing.assert_array_equal(again, found)
