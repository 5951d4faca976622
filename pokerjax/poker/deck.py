"""Cards, their names, and the deal.

A card is the int `4 * rank + suit`, rank 0 = deuce ... 12 = ace, suits c d h s = 0 ... 3.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from pokerjax.poker.rules import Rules

RANKS = "23456789TJQKA"
SUITS = "cdhs"
NUM_CARDS = 52
NO_CARD = -1  # in place of a card that is not there


def card(name: str) -> int:
    """Return the card of a two-letter name, as "Ah" or "Td"."""
    if len(name) != 2 or name[0] not in RANKS or name[1] not in SUITS:
        raise ValueError(f'"{name}" is no card: write a rank of {RANKS} and a suit of {SUITS}, as in "Ah".')
    return 4 * RANKS.index(name[0]) + SUITS.index(name[1])


def cards(names: str) -> np.ndarray:
    """Return the cards of a row of names, as "AhKd" or "Ah Kd", as int32[n]."""
    names = "".join(names.split())
    return np.array([card(names[i : i + 2]) for i in range(0, len(names), 2)], np.int32)


def card_name(card: int) -> str:
    """Return the two-letter name of a card."""
    if not 0 <= card < NUM_CARDS:
        raise ValueError(f"{card} is no card: cards are ints from 0 to {NUM_CARDS - 1}.")
    return RANKS[card // 4] + SUITS[card % 4]


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False)
class Deal:
    """All cards of a hand, those not yet turned up included."""

    hole: jax.Array  # int32[P, H] cards
    board: jax.Array  # int32[C] cards, in the order they are turned up


def deal(rules: Rules, key: jax.Array) -> Deal:
    """Deal a hand from a shuffled deck (unbatched). Consumes the key."""
    return deal_from_bits(rules, jax.random.bits(key, (rules.num_cards,), jnp.uint32))


def deal_from_bits(rules: Rules, bits: jax.Array) -> Deal:
    """Deal a hand from random bits uint32[rules.num_cards] (unbatched).

    Card i is the digit_i-th of the 52 - i cards that the i draws before it left. Each digit is the high
    word of bits * (52 - i), so no card is likelier than another by more than 52 / 2**32. The digits are
    the hand's Lehmer code; it is decoded without a deck by undoing the draws, the latest first: what is
    now at or behind the place where a card was taken out was one place further back before.
    """
    n = rules.num_cards
    left = jnp.arange(NUM_CARDS, NUM_CARDS - n, -1, dtype=jnp.uint32)
    high, low = bits >> 16, bits & 0xFFFF
    digits = ((high * left + (low * left >> 16)) >> 16).astype(jnp.int32)
    index = jnp.arange(n)
    drawn = digits
    for i in reversed(range(n - 1)):
        drawn = drawn + ((index > i) & (drawn >= digits[i]))
    num_hole = rules.num_players * rules.hole_cards
    return Deal(hole=drawn[:num_hole].reshape(rules.num_players, rules.hole_cards), board=drawn[num_hole:])
