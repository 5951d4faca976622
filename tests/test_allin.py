"""Pots settled over the boards that can come: against enumeration, with side pots, in every layout."""

from __future__ import annotations

import itertools
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pokerjax import poker
from pokerjax.env import allin

KEY = jax.random.key(11)
BATCH = 6
start, act = (jax.jit(f, static_argnums=0) for f in (poker.start, poker.act))
STACKS = {2: (4_000, 9_000), 3: (3_000, 7_000, 11_000)}  # by seat: side pots, and chips that nobody can call


@partial(jax.jit, static_argnames=("rules", "boards"))
def payoffs(rules, before, after, words, boards=allin.BOARDS):
    return allin.allin_payoffs(rules, before, after, allin.board_strengths(rules, before, words, boards=boards))


def all_in_on(street: int, players: int, batch: int = BATCH):
    """Rules, and the states around the call that ends the betting on a street, batches [B] last."""
    rules = poker.no_limit_holdem(players)
    deal = poker.deal_many(rules, KEY, batch)
    blinds = (100, 50) if players == 2 else (50, 100, 0)
    stakes = poker.stakes(rules, stacks=STACKS[players], blinds=blinds)
    stakes = jax.tree.map(lambda x: jnp.broadcast_to(x[..., None], (*x.shape, batch)), stakes)

    before = after = start(rules, deal, stakes)
    for action in [poker.CALL] * players * street + [20_000] * players:
        before, after = after, act(rules, after, action)
    assert bool(jnp.all(after.done & (before.street == street)))
    return rules, before, after


def mean_over_all_boards(rules, before, after, lane: int) -> np.ndarray:
    """Payoffs of one table, settled by hand on every board that can come; ties share to the fraction of a chip."""
    table, end = (jax.tree.map(lambda x: np.asarray(x[..., lane]), state) for state in (before, after))
    known = table.board[: sum(rules.board_cards[: int(table.street) + 1])]
    left = sorted(set(range(52)) - set(table.hole.reshape(-1).tolist()) - set(known.tolist()))
    to_come = np.array(list(itertools.combinations(left, 5 - len(known))), np.int32).T
    board = [np.full(to_come.shape[1], card, np.int32) for card in known] + list(to_come)
    strength = jax.jit(poker.strength)
    strengths = np.stack([strength([*np.broadcast_arrays(*hole, board[0])[:2], *board]) for hole in table.hole])
    put_in = np.asarray(end.contributed)
    takes = np.zeros(len(put_in))
    for low, high in itertools.pairwise([0, *sorted(set(put_in.tolist()))]):
        paid = put_in >= high
        shown = np.where(paid[:, None], strengths, -1)
        wins = shown == shown.max(axis=0)
        takes += (high - low) * paid.sum() * (wins / wins.sum(axis=0)).mean(axis=1)
    return takes - put_in


@pytest.mark.parametrize("players", [2, 3])
def test_one_card_to_come_is_enumerated_exactly(players):
    """As many boards as cards are left meet every river once; side pots and uncalled chips included."""
    rules, before, after = all_in_on(2, players)
    left = 52 - 2 * players - 4
    paid = payoffs(rules, before, after, jax.random.bits(KEY, (5, BATCH)), boards=left)
    for lane in range(BATCH):
        exact = mean_over_all_boards(rules, before, after, lane)
        np.testing.assert_allclose(paid[:, lane], exact, atol=0.5)  # odd chips of split pots


@pytest.mark.parametrize("street", [0, 1])
def test_several_cards_to_come_have_the_mean_of_all_boards(street):
    rules, before, after = all_in_on(street, 2, batch=1)
    exact = mean_over_all_boards(rules, before, after, 0)
    draws = 1000
    wide = jax.tree.map(lambda x: jnp.broadcast_to(x, (*x.shape[:-1], draws)), (before, after))
    paid = np.asarray(payoffs(rules, *wide, jax.random.bits(KEY, (5, draws))), np.float64)
    error = paid.std(axis=1, ddof=1) / np.sqrt(draws)
    assert np.all(np.abs(paid.mean(axis=1) - exact) < 4 * error + 0.5)  # 4 sigma, key 11
    single = np.asarray(payoffs(rules, *wide, jax.random.bits(KEY, (5, draws)), boards=1))
    assert paid.var() < single.var() / 8  # sixteen boards


def test_every_board_is_drawn_from_what_is_left():
    """Lattice points are whole boards: no card twice, known ones kept, each card as often as any other."""
    rules, before, _ = all_in_on(1, 3, batch=2000)
    hole = [[card[None] for card in cards] for cards in before.hole]
    words = jax.random.bits(KEY, (5, 2000))
    draw = jax.jit(allin._run_outs, static_argnums=(0, 5))
    drawn = draw(rules, hole, [card[None] for card in before.board], before.street[None], words[:, None], 4)
    boards = np.stack([np.broadcast_to(card, (4, 2000)) for card in drawn])
    assert np.array_equal(boards[:3], np.broadcast_to(before.board[:3, None], (3, 4, 2000)))
    held = np.broadcast_to(np.asarray(before.hole).reshape(6, 1, 2000), (6, 4, 2000))
    cards = np.sort(np.concatenate([held, boards]), axis=0)
    assert cards.min() >= 0 and cards.max() < 52 and np.all(np.diff(cards, axis=0) > 0)
    for place in (3, 4):
        counts = np.bincount(boards[place].reshape(-1), minlength=52)
        assert abs(counts - 8000 / 52).max() < 5 * np.sqrt(8000 / 52)


def test_layouts_agree_and_the_rest_is_paid_as_dealt():
    rules, before, after = all_in_on(0, 3)
    words = jax.random.bits(KEY, (5, BATCH))
    paid = payoffs(rules, before, after, words)
    mapped = jax.jit(jax.vmap(lambda *x: payoffs(rules, *x), in_axes=-1, out_axes=-1))
    np.testing.assert_allclose(paid, mapped(before, after, words), rtol=1e-6)
    np.testing.assert_allclose(np.sum(paid, axis=0), 0, atol=1e-2)
    assert paid.dtype == jnp.float32
    # The state that stays after the end, an end by a fold that leaves two or one, and one on the river.
    np.testing.assert_array_equal(payoffs(rules, after, after, words), after.payoffs)
    folded = act(rules, before, poker.FOLD)  # two are left and all-in
    assert not np.array_equal(payoffs(rules, before, folded, words), folded.payoffs)
    rules, before, after = all_in_on(3, 2)
    np.testing.assert_array_equal(payoffs(rules, before, after, words), after.payoffs)
    folded = act(rules, before, poker.FOLD)
    np.testing.assert_array_equal(payoffs(rules, before, folded, words), folded.payoffs)


@pytest.mark.slow
def test_small_decks_keep_their_cards():
    """Leduc: six cards, one on the board; with four left, four boards are all there are."""
    rules = poker.leduc()
    state = start(rules, poker.deal(rules, KEY), poker.stakes(rules))
    strengths = allin.board_strengths(rules, state, jax.random.bits(KEY, (1,)), boards=4)
    equity = allin.equities(state.folded, strengths)
    left = sorted({0, 1, 4, 5, 8, 9} - {int(card) for card in state.hole[:, 0]})
    mine, theirs = (np.array([int(poker.strength(jnp.array([hole[0], c]))) for c in left]) for hole in state.hole)
    assert float(equity[0]) == pytest.approx(np.mean((mine > theirs) + (mine == theirs) / 2))
    assert float(equity.sum()) == pytest.approx(1)
