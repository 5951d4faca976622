"""What a hand is worth before the board is complete: the mean over boards instead of the one that was dealt.

When all bets are in before the last card, only luck is left between the seats. Paying the mean over the run-outs
takes this luck out of a result without moving its mean: given everything dealt so far, each board that is drawn
here has the distribution of the one to come (tests/test_allin.py).

    strengths = board_strengths(rules, before, words)
    payoffs = allin_payoffs(rules, before, poker.act(rules, before, action), strengths)

Everything is elementwise past the axes of one hand, as in `pokerjax.poker`: for one table (under `jax.vmap` too)
or on batches that follow these axes. P seats, H hole cards, C board cards, K boards.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from pokerjax import poker
from pokerjax.poker import seats
from pokerjax.poker.deck import digit
from pokerjax.poker.once import compute_once
from pokerjax.poker.pots import settle
from pokerjax.poker.seats import Seats

BOARDS = 16
"""Boards averaged where nothing else is asked for. 16 leave 1/85 of the variance of one board with one card to come,
1/31 with two and 1/25 with five (heads-up, random hands); 8 leave 1/17, 1/11 and 1/10."""

# How far apart neighbouring boards are in the random number of each card to come, the last card first, in units of
# 1/K: a lattice. Odd numbers below 16, so that 16 boards spread each single card evenly.
_STRIDES = (1, 7, 3, 11, 5, 13, 9)


def num_words(rules: poker.Rules) -> int:
    """Random words (uint32) that one mean consumes: one a board card."""
    return rules.num_board_cards


def board_strengths(rules: poker.Rules, state: poker.State, words: jax.Array, *, boards: int = BOARDS) -> jax.Array:
    """Strengths of the seats' hands on K boards that go on from the cards turned up, int32[P, K, ...].

    words: uint32[C, ...] random bits, used for nothing that is played.

    The boards are a lattice with a random shift (Cranley and Patterson 1976): board k adds k times a stride to the
    random number of each card. Each board by itself is uniform over the run-outs, so a mean over them is unbiased
    whatever K is; together they are spread more evenly than independent ones. With one card to come and as many
    boards as cards are left, the lattice meets each card once, and the mean is exact.
    """
    hole = [[card[None] for card in cards] for cards in state.hole]
    board = _run_outs(rules, hole, [card[None] for card in state.board], state.street[None], words[:, None], boards)
    each_seat = [jnp.stack([cards[i] for cards in hole]) for i in range(rules.hole_cards)]
    return compute_once(poker.strength([*each_seat, *(card[None] for card in board)]))


def equities(folded: jax.Array, strengths: jax.Array) -> jax.Array:
    """Each seat's share of a pot that all live seats contest, if nobody bet any more, float32[P, ...]; they sum to 1.

    folded: bool[P, ...].
    strengths: int32[P, K, ...] of `board_strengths`.
    """
    shown = [jnp.where(out[None], -1, strength) for out, strength in zip(folded, strengths, strict=True)]
    best = seats.largest(shown)
    wins = [value == best for value in shown]
    share = 1.0 / seats.count(wins).astype(jnp.float32)
    return jnp.stack([jnp.mean(jnp.where(won, share, 0.0), axis=0) for won in wins])


def allin_payoffs(rules: poker.Rules, before: poker.State, after: poker.State, strengths: jax.Array) -> jax.Array:
    """Payoffs of a step in chips, float32[P, ...]: those of `after`, with the luck of the run-out taken out.

    Where the action ended the betting with cards to come and two or more seats live, the pots are settled on each
    of K boards and their mean is paid; everywhere else the payoffs are `after.payoffs` (0 while the hand goes on).

    before, after: the states around one action.
    strengths: int32[P, K, ...] of `board_strengths(rules, before, words)`.
    """
    players = range(rules.num_players)
    live = [~folded for folded in after.folded]
    showdown = after.done & (seats.count(live) > 1)
    all_in = showdown & ~before.done & (before.street < rules.num_streets - 1)
    dead = before.pot - seats.total(before.contributed)
    contributed = [chips[None] for chips in after.contributed]
    takes = settle(contributed, dead[None], [lives[None] for lives in live], list(strengths))
    winnings = [jnp.mean(take.astype(jnp.float32), axis=0) for take in takes]
    paid_now = [after.contributed[seat] - before.contributed[seat] for seat in players]
    put_in = [after.starting[seat] - before.stacks[seat] + paid_now[seat] for seat in players]
    return jnp.stack([jnp.where(all_in, winnings[seat] - put_in[seat], after.payoffs[seat]) for seat in players])


def _run_outs(rules: poker.Rules, hole, board: Seats, street, words, boards: int) -> list[jax.Array]:
    """C board cards int32[K, ...]: the known ones as they are, the others drawn from what is left of the deck.

    As in `poker.deal_from_bits`, a hand is its Lehmer code: card i is the digit_i-th of those that the cards
    before it left. The known cards keep their digits, the others get new ones, and the code is decoded again.
    """
    suits = rules.num_suits
    places = [(card >> 2) * suits + (card & 3) for card in [*(card for cards in hole for card in cards), *board]]
    digits = [place - sum((other < place).astype(jnp.int32) for other in places[:i]) for i, place in enumerate(places)]
    turns_up = [street for street, count in enumerate(rules.board_cards) for _ in range(count)]
    first = len(places) - len(board)
    index = np.arange(boards, dtype=np.uint32).reshape(boards, *[1] * street[0].ndim)
    drawn = []
    for i, turn in enumerate(turns_up):
        step = index * _STRIDES[len(board) - 1 - i] % boards * np.uint32((2**32 - 1) // boards)
        fresh = digit(words[i] + step, rules.deck_size - first - i)
        digits[first + i] = jnp.where(street >= turn, digits[first + i], fresh)
    digits[first:] = compute_once(digits[first:]) if board else []
    for i in range(first, len(digits)):
        place = digits[i]
        for earlier in reversed(digits[:i]):
            place = place + (place >= earlier)
        drawn.append(place if suits == 4 else 4 * (place // suits) + place % suits)
    return drawn
