"""How strong a hand is, without tables: bit tricks on 13-bit rank masks, so that batches vectorise.

A strength is `category << 26 | made << 13 | kickers`. `made` and `kickers` are masks of ranks (bit 0 =
deuce ... bit 12 = ace); masks with equally many bits compare as the sorted ranks do, so strengths
compare as plain ints.

    category            made                     kickers
    0 high card         -                        5 ranks
    1 pair              the pair                 3 ranks
    2 two pair          both pairs               1 rank
    3 three of a kind   the three                2 ranks
    4 straight          its top card (5 = wheel) -
    5 flush             -                        5 ranks
    6 full house        the three                the pair
    7 four of a kind    the four                 1 rank
    8 straight flush    its top card             -
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jax import lax

CATEGORY_NAMES = (
    "high card",
    "pair",
    "two pair",
    "three of a kind",
    "straight",
    "flush",
    "full house",
    "four of a kind",
    "straight flush",
)
_RANK_BITS = 13


def category(strength: jax.Array) -> jax.Array:
    """Return the category 0 ... 8 of a strength, int32."""
    return strength >> (2 * _RANK_BITS)


def strength(cards: jax.Array | Sequence[jax.Array]) -> jax.Array:
    """Return the strength of the best five of 1 to 7 cards, int32; larger is better.

    Unbatched, or elementwise: cards of shape [n, ...] give strengths of shape [...].

    cards: integers[n, ...] or n arrays; NO_CARD stands for a card that is not there. With fewer than five cards
    the strength tells the pairs and high cards of what there is; compare only strengths of equally many cards.
    """
    suits = _suit_masks([jnp.asarray(card).astype(jnp.int32) for card in cards])  # a narrow type has no room for them
    ranks, pairs, trips, quads = _multiples(*suits)

    flush = jnp.int32(0)
    for suit in suits:  # at most one of four can hold five of seven cards
        flush = flush | jnp.where(lax.population_count(suit) >= 5, suit, 0)
    is_flush = flush != 0
    straight = _straight(jnp.where(is_flush, flush, ranks))

    first = _highest(jnp.where(quads != 0, quads, jnp.where(trips != 0, trips, pairs)))
    second = _highest(pairs & ~first)
    full_house = (trips != 0) & (second != 0)
    two_pair = (trips == 0) & (second != 0)

    made = jnp.where(two_pair, first | second, first)
    num_kickers = jnp.where(first == 0, 5, jnp.where(trips == 0, 3, 2))
    num_kickers = jnp.where(two_pair | (quads != 0), 1, num_kickers)
    kickers = _keep_highest(jnp.where(is_flush, flush, ranks & ~made), jnp.where(is_flush, 5, num_kickers))

    # No seven cards hold a flush besides four of a kind or a full house.
    plain = jnp.where(first == 0, 0, jnp.where(trips == 0, jnp.where(second == 0, 1, 2), 3))
    plain = jnp.where(straight != 0, 4, plain)
    kind = jnp.where(quads != 0, 7, jnp.where(full_house, 6, plain))
    kind = jnp.where(is_flush, jnp.where(straight != 0, 8, 5), kind).astype(jnp.int32)

    is_straight = (kind == 4) | (kind == 8)
    made = jnp.where(is_straight, straight, jnp.where(is_flush, 0, made))
    kickers = jnp.where(is_straight, 0, jnp.where(kind == 6, second, kickers))
    return kind << (2 * _RANK_BITS) | made << _RANK_BITS | kickers


def _suit_masks(cards: jax.Array | Sequence[jax.Array]) -> tuple[jax.Array, ...]:
    """Return the ranks held in each of the four suits as 13-bit masks, two suits built in one word."""
    clubs_diamonds = hearts_spades = jnp.int32(0)
    for card in cards:
        bit = jnp.where(card < 0, 0, 1 << ((card >> 2) + 16 * (card & 1) & 31))
        minor = (card & 2) == 0
        clubs_diamonds = clubs_diamonds | jnp.where(minor, bit, 0)
        hearts_spades = hearts_spades | jnp.where(minor, 0, bit)
    low = 0xFFFF
    return clubs_diamonds & low, clubs_diamonds >> 16, hearts_spades & low, hearts_spades >> 16


def _multiples(c: jax.Array, d: jax.Array, h: jax.Array, s: jax.Array) -> tuple[jax.Array, ...]:
    """Return the ranks held at least once, twice, three times and four times, by adding bitwise."""
    either_cd, either_hs = c | d, h | s
    both_cd, both_hs = c & d, h & s
    once = either_cd | either_hs
    twice = both_cd | both_hs | (either_cd & either_hs)
    thrice = (both_cd & either_hs) | (both_hs & either_cd)
    return once, twice, thrice, both_cd & both_hs


def _straight(ranks: jax.Array) -> jax.Array:
    """Return the top rank of the best five in a row as a mask of one bit, 0 if there is none."""
    run = ranks << 1 | ranks >> (_RANK_BITS - 1)  # the ace also below the deuce
    two = run & run << 1
    five = two & two << 2 & run << 4
    return _highest(five >> 1)


def _highest(mask: jax.Array) -> jax.Array:
    """Return the highest set bit of a mask of at most 24 bits: a float's value without its fraction."""
    bits = lax.bitcast_convert_type(mask.astype(jnp.float32), jnp.int32)
    return lax.bitcast_convert_type(bits & 0x7F800000, jnp.float32).astype(jnp.int32)


def _keep_highest(mask: jax.Array, count: jax.Array) -> jax.Array:
    """Clear the lowest set bits until at most `count` are left; there are at most two to clear."""
    excess = lax.population_count(mask) - count
    mask = jnp.where(excess > 0, mask & (mask - 1), mask)
    return jnp.where(excess > 1, mask & (mask - 1), mask)
