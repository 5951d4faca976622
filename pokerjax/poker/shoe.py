"""Hands dealt in advance, so that a step deals as many as were finished and not one for every table.

A dealer's shoe holds what is dealt next. Here it is an array of hands; the tables whose hand is over take the
next ones in order, and when fewer are left than there are tables, the shoe is filled anew. Which cards a table
gets does not depend on any card that was seen, so nothing is biased by it.

    shoe = poker.new_shoe(rules, key, num_hands=4 * tables)
    deal, _, shoe = poker.take_hands(rules, shoe, state.done)
    fresh = poker.start(rules, deal, stakes)
    state = jax.tree.map(lambda new, old: jnp.where(state.done, new, old), fresh, state)
"""

from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp

from pokerjax.poker.deck import Deal, deal_from_bits
from pokerjax.poker.once import compute_once
from pokerjax.poker.rules import Rules
from pokerjax.poker.strengths import strength
from pokerjax.poker.words import random_words

_CARD_BITS = 6
_CARDS_A_WORD = 5


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False)
class Shoe:
    """N hands of W words each: the cards, five a word, the strength of each seat's hand, then the extra words."""

    words: jax.Array  # int32[W, N]
    taken: jax.Array  # int32: hands taken since it was filled
    key: jax.Array  # of the next filling


def new_shoe(rules: Rules, key: jax.Array, num_hands: int, *, num_extra: int = 0) -> Shoe:
    """Return a shoe for `num_hands` hands, which its first use will fill. Consumes the key.

    num_hands: at least as many as there are tables; four times as many wastes an eighth of the dealing.
    num_extra: random words to be dealt with each hand, for whatever else is drawn anew.
    """
    words = jnp.zeros((_num_words(rules) + num_extra, num_hands), jnp.int32)
    return Shoe(words=words, taken=jnp.int32(num_hands), key=key)


def take_hands(rules: Rules, shoe: Shoe, wanted: jax.Array) -> tuple[Deal, jax.Array, Shoe]:
    """Take a hand for each table that wants one.

    wanted: bool[B], B at most the shoe's N. Tables that want none get some hand that others get as well.

    Returns the deals (hole [P, H, B], board [C, B], strengths [P, B]), the extra words uint32[num_extra, B], and
    the shoe without these hands.
    """
    tables, num_hands = wanted.shape[0], shoe.words.shape[1]
    if tables > num_hands:
        raise ValueError(f"A shoe of {num_hands} hands cannot serve {tables} tables at once: make it larger.")
    # Zero turns or one: unlike a branch, a loop leaves the words where they are in memory.
    shoe = jax.lax.while_loop(lambda s: s.taken + tables > num_hands, lambda s: _fill(rules, s), shoe)
    upto = jnp.cumsum(wanted.astype(jnp.int32))
    place = jnp.maximum(shoe.taken + upto - 1, 0)
    words = shoe.words.at[:, place].get(mode="promise_in_bounds")
    deal, extra = _unpack(rules, words)
    return deal, extra, replace(shoe, taken=shoe.taken + upto[-1])


def _num_words(rules: Rules) -> int:
    """Words of a hand before the extra ones."""
    return -(-rules.num_cards // _CARDS_A_WORD) + rules.num_players


def _fill(rules: Rules, shoe: Shoe) -> Shoe:
    """Deal all hands of the shoe anew."""
    num_words, count = shoe.words.shape
    this, following = jax.random.split(shoe.key)
    num_extra = num_words - _num_words(rules)
    bits = random_words(this, rules.num_cards + num_extra, (count,))
    deal = deal_from_bits(rules, bits[: rules.num_cards])
    cards = [*deal.hole.reshape(-1, count), *deal.board]
    packed = []
    for first in range(0, len(cards), _CARDS_A_WORD):
        word = cards[first]
        for place, card in enumerate(cards[first + 1 : first + _CARDS_A_WORD], 1):
            word = word | card << (_CARD_BITS * place)
        packed.append(word)
    strengths = [strength([*hole, *deal.board]) for hole in deal.hole]
    extra = [jax.lax.bitcast_convert_type(word, jnp.int32) for word in bits[rules.num_cards :]]
    words = jnp.stack(compute_once(packed + strengths + extra))
    return Shoe(words=words, taken=jnp.int32(0), key=following)


def _unpack(rules: Rules, words: jax.Array) -> tuple[Deal, jax.Array]:
    """The deals and the extra words of packed hands int32[W, B]."""
    mask = (1 << _CARD_BITS) - 1
    places = [divmod(i, _CARDS_A_WORD) for i in range(rules.num_cards)]
    cards = [words[word] >> (_CARD_BITS * place) & mask for word, place in places]
    num_hole, shape = rules.num_players * rules.hole_cards, words.shape[1:]
    hole = jnp.stack(cards[:num_hole]).reshape(rules.num_players, rules.hole_cards, *shape)
    board = jnp.stack(cards[num_hole:]) if rules.num_board_cards else jnp.zeros((0, *shape), jnp.int32)
    first_extra = _num_words(rules)
    extra = jax.lax.bitcast_convert_type(words[first_extra:], jnp.uint32)
    return Deal(hole=hole, board=board, strengths=words[first_extra - rules.num_players : first_extra]), extra
