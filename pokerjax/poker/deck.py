"""Cards, their names, and the deal.

A card is the int `4 * rank + suit`, rank 0 = deuce ... 12 = ace, suits c d h s = 0 ... 3.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from pokerjax.poker.chips import is_whole_number
from pokerjax.poker.rules import Rules, on_one_line
from pokerjax.poker.words import random_words

RANKS = "23456789TJQKA"
SUITS = "cdhs"
NUM_CARDS = 52
NO_CARD = -1  # in place of a card that is not there


def card(name: str) -> int:
    """Return the card of a two-letter name, as "Ah" or "Td"."""
    if not isinstance(name, str) or len(name) != 2 or name[0] not in RANKS or name[1] not in SUITS:
        shown = f'"{name}"' if isinstance(name, str) and name.isprintable() else on_one_line(name)
        raise ValueError(f'{shown} is no card: write a rank of {RANKS} and a suit of {SUITS}, as in "Ah".')
    return 4 * RANKS.index(name[0]) + SUITS.index(name[1])


def cards(names: str) -> np.ndarray:
    """Return the cards of a row of names, as "AhKd" or "Ah Kd", as int32[n]. No card may come twice."""
    if not isinstance(names, str):
        raise ValueError(f'{on_one_line(names)} is no row of cards: write their names, as in "AhKd".')
    names = "".join(names.split())
    found = [card(names[i : i + 2]) for i in range(0, len(names), 2)]
    if len(set(found)) < len(found):
        twice = next(c for i, c in enumerate(found) if c in found[:i])
        raise ValueError(f'{card_name(twice)} is there twice in "{names}": a deck has one of each card.')
    return np.array(found, np.int32)


def card_name(card: int) -> str:
    """Return the two-letter name of a card."""
    if not is_whole_number(card) or not 0 <= card < NUM_CARDS:
        raise ValueError(f"{on_one_line(card)} is no card: cards are ints from 0 to {NUM_CARDS - 1}.")
    return RANKS[card // 4] + SUITS[card % 4]


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False)
class Deal:
    """All cards of a hand, those not yet turned up included. A batch, if there is one, follows the shapes."""

    hole: jax.Array  # int32[P, H] cards
    board: jax.Array  # int32[C] cards, in the order they are turned up
    strengths: jax.Array | None = None  # int32[P] of each seat's hand at a showdown; None: `start` finds them


def deal(rules: Rules, key: jax.Array) -> Deal:
    """Deal a hand from a shuffled deck (unbatched). Consumes the key."""
    return deal_from_bits(rules, jax.random.bits(key, (rules.num_cards,), jnp.uint32))


def deal_many(rules: Rules, key: jax.Array, count: int) -> Deal:
    """Deal `count` hands at once: hole [P, H, count], board [C, count]. Consumes the key."""
    return deal_from_bits(rules, random_words(key, rules.num_cards, (count,)))


def deal_from_bits(rules: Rules, bits: jax.Array | Sequence[jax.Array]) -> Deal:
    """Deal a hand from random bits, uint32[rules.num_cards, ...] (unbatched, or elementwise on any batch).

    Card i is the digit_i-th of the D - i cards that the i draws before it left of the deck of D. Each digit is
    the high word of bits * (D - i), so no card is likelier than another by more than D / 2**32. The digits are
    the hand's Lehmer code; it is decoded without a deck by undoing the draws, the latest first: what is
    now at or behind the place where a card was taken out was one place further back before.
    """
    drawn = [digit(word, rules.deck_size - i) for i, word in enumerate(bits)]
    for i in reversed(range(len(drawn) - 1)):
        for later in range(i + 1, len(drawn)):
            drawn[later] = drawn[later] + (drawn[later] >= drawn[i])
    if rules.num_suits < 4:  # cards keep their numbers in any deck
        drawn = [4 * (place // rules.num_suits) + place % rules.num_suits for place in drawn]
    num_hole = rules.num_players * rules.hole_cards
    shape = (rules.num_players, rules.hole_cards, *drawn[0].shape)
    board = jnp.stack(drawn[num_hole:]) if num_hole < len(drawn) else jnp.zeros((0, *drawn[0].shape), jnp.int32)
    return Deal(hole=jnp.stack(drawn[:num_hole]).reshape(shape), board=board)


def digit(word: jax.Array, left: int) -> jax.Array:
    """The high word of word * left: one of `left` numbers, int32."""
    high, low = word >> 16, word & 0xFFFF
    return ((high * left + (low * left >> 16)) >> 16).astype(jnp.int32)
