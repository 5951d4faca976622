"""Scripted players: hand values, equity, and each style in the spots its docstring names."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pokerjax import poker
from pokerjax.config import GameConfig, UserError
from pokerjax.env import tables
from pokerjax.evaluate import scripted
from pokerjax.evaluate.equity import draw_unseen, equity

ENVIRONMENT = tables.make_environment(GameConfig(num_players=2))
NO_BOARD = np.full(5, poker.NO_CARD)


def pair(names: str) -> tuple[int, int]:
    low, high = sorted(poker.cards(names).tolist())
    return high, low


def board(names: str) -> jax.Array:
    return jnp.array([*poker.cards(names), *NO_BOARD][:5], jnp.int32)


@pytest.mark.parametrize(
    ("hand", "points"),
    [("AhAd", 20), ("KhKd", 16), ("TcTd", 10), ("2h2c", 5), ("AhKh", 12), ("AhKd", 10), ("JsTs", 9)]
    + [("5c7c", 5.5), ("7h2c", -1.5), ("AhTd", 6), ("Qs9s", 7), ("Ac2d", 5), ("3d2d", 4.5)],
)
def test_chen_points(hand, points):
    assert int(scripted.chen_points(*map(jnp.int32, pair(hand)))) == 2 * points


def test_share_of_hands_that_styles_open():
    hands = np.array([pair[::-1] for pair in itertools.combinations(range(52), 2)], np.int32)
    points = jax.vmap(scripted.chen_points)(hands[:, 0], hands[:, 1]) / 2
    shares = {least: float(np.mean(points >= least)) for least in (6, 8, 9, 10, 12, 14)}
    expected = {6: 0.240, 8: 0.104, 9: 0.066, 10: 0.044, 12: 0.021, 14: 0.014}
    assert shares == pytest.approx(expected, abs=6e-4)


@pytest.mark.parametrize(
    ("hand", "on", "made"),
    [
        ("AhKd", "As7d2c", scripted.TOP_PAIR), ("QhQd", "Js7d2c", scripted.TOP_PAIR),
        ("7hKd", "As7d2c", scripted.PAIR), ("QhQd", "As7d2c", scripted.PAIR), ("KhQd", "As7d2c", scripted.NOTHING),
        ("Ah7h", "As7d2c", scripted.STRONG), ("7h7c", "As7d2c", scripted.STRONG),
        ("KhQd", "AsAd2c", scripted.NOTHING), ("2hQd", "AsAd2c", scripted.PAIR), ("AhQd", "AsAd2c", scripted.STRONG),
        ("QhJd", "TsAdKc", scripted.STRONG), ("2h3d", "AhKhQhJhTh", scripted.NOTHING),
    ],
)  # fmt: skip
def test_made_hand(hand, on, made):
    assert int(jax.jit(scripted.made_hand)(poker.cards(hand), board(on))) == made


def test_unseen_cards_are_all_equally_likely_and_different():
    known = jnp.array([51, 0, 17, 18, -1, -1, -1], jnp.int32)
    bits = jax.random.bits(jax.random.key(0), (20_000, 9), jnp.uint32)
    drawn = np.asarray(jax.jit(jax.vmap(lambda b: draw_unseen(known, b)))(bits))
    assert (np.diff(np.sort(drawn, axis=1), axis=1) > 0).all()
    counts = np.stack([np.bincount(column, minlength=52) for column in drawn.T])
    assert (counts[:, [51, 0, 17, 18]] == 0).all()
    expected = len(drawn) / 48
    others = np.delete(counts, [51, 0, 17, 18], axis=1)
    assert np.abs(others - expected).max() < 5 * expected**0.5  # 5 sigma, 432 counts, seed 0


@pytest.mark.parametrize(
    ("hand", "on", "share"), [("AhAd", "", 0.852), ("AhKh", "", 0.670), ("2c7d", "", 0.346), ("AhKh", "QhJhTh", 1.0)]
)
def test_equity_against_a_random_hand(hand, on, share):
    # Published heads-up equities; 4,000 samples are 0.8 % of sigma, and 4 sigma are allowed.
    high, low = pair(hand)
    cards = board(on)
    fields = {"hole_high": high, "hole_low": low, "folded": jnp.zeros(2), **{f"board_{i}": cards[i] for i in range(5)}}
    fields = {name: jnp.asarray(value, jnp.int32) for name, value in fields.items()}
    found = jax.jit(lambda f, k: equity(f, k, samples=4000))(fields, jax.random.key(1))
    assert abs(float(found) - share) < 0.032


def act(name: str, hand: str, actions: list[int], on: str = "2c2d2h2s3c", seed: int = 0) -> int:
    """What the script does with this hand after these engine actions, heads-up at 100 big blinds."""
    cards = poker.cards(hand)
    spare = [card for card in range(52) if card not in (*cards, *poker.cards(on))][:2]
    # The button, seat 1, acts first before the flop and second after it.
    seat_cards = [cards, spare] if len(actions) in (1, 2) else [spare, cards]
    deal = poker.Deal(hole=jnp.array(seat_cards, jnp.int32), board=jnp.array(poker.cards(on), jnp.int32))
    stakes = tables.stakes_for(ENVIRONMENT, jnp.full(2, 10_000, jnp.int32))
    table = tables.seat_players(ENVIRONMENT, deal, stakes, jnp.int32(0))
    for action in actions:
        table, _ = STEP(table, action, poker.legal(ENVIRONMENT.rules, table.hand), deal, stakes)
    return int(SCRIPTS[name](READ(table), jax.random.key(seed)))


STEP = jax.jit(lambda *arguments: tables.step(ENVIRONMENT, *arguments)[0:2])
READ = jax.jit(lambda table: tables.read(ENVIRONMENT, table))
SCRIPTS = {
    name: jax.jit(lambda d, k, f=script: f(ENVIRONMENT.layout, d, k)) for name, script in scripted.SCRIPTED.items()
}


@pytest.mark.parametrize("players", [2, 3, 6])
def test_a_board_that_everybody_plays_is_shared_by_all(players):
    fields = dict.fromkeys((f"board_{i}" for i in range(5)), jnp.int32(0))
    fields |= {f"board_{i}": card for i, card in enumerate(board("AsKsQsJsTs"))}
    high, low = pair("3h2d")
    fields |= {"hole_high": jnp.int32(high), "hole_low": jnp.int32(low), "folded": jnp.zeros(players, jnp.int32)}
    assert float(equity(fields, jax.random.key(0), samples=8)) == pytest.approx(1 / players)


@pytest.mark.parametrize(
    ("name", "hand", "actions", "expected"),
    [
        ("always_call", "7h2s", [10_000], poker.CALL),
        ("always_all_in", "7h2s", [], 10_000),
        ("always_all_in", "7h2s", [10_000], poker.CALL),
        ("tight_aggressive", "AhTd", [], 250),  # 1 bb + 0.75 x (1.5 + 0.5) bb
        ("tight_aggressive", "9h6d", [], poker.FOLD),
        ("tight_aggressive", "9h6d", [0], poker.CALL),
        ("tight_aggressive", "AhTd", [250], poker.FOLD),
        ("tight_aggressive", "KhQd", [250], poker.CALL),
        ("tight_aggressive", "QhQd", [10_000], poker.CALL),
        ("rock", "AhTd", [], poker.FOLD),
        ("rock", "AhQd", [], 250),
        ("rock", "KhQd", [], poker.CALL),
        ("rock", "TcTd", [10_000], poker.FOLD),
        ("rock", "AhAd", [10_000], poker.CALL),
        ("pot_odds", "AhAd", [10_000], poker.CALL),
        ("pot_odds", "7h2s", [10_000], poker.FOLD),
    ],
)
def test_before_the_flop(name, hand, actions, expected):
    assert act(name, hand, actions) == expected


@pytest.mark.parametrize(
    ("name", "hand", "actions", "expected"),
    [
        ("tight_aggressive", "7hKd", [0, 0, 0], 150),  # a pair bets three quarters of 200
        ("tight_aggressive", "KhQd", [0, 0, 0], poker.CALL),
        ("rock", "7hKd", [0, 0, 0], poker.CALL),
        ("rock", "AhKd", [0, 0, 0], 150),
        ("tight_aggressive", "7hKd", [0, 0, 100], poker.CALL),
        ("tight_aggressive", "7hKd", [0, 0, 150], poker.FOLD),
        ("tight_aggressive", "AhKd", [0, 0, 200], poker.CALL),
        ("tight_aggressive", "AhKd", [0, 0, 400], poker.FOLD),
        ("rock", "AhKd", [0, 0, 150], poker.FOLD),
        ("rock", "7h7s", [0, 0, 200], 650),  # 200 + 0.75 x 600
    ],
)
def test_on_the_flop(name, hand, actions, expected):
    assert act(name, hand, actions, on="As7d2cKsQc") == expected


def test_random_takes_every_entry_on_offer():
    taken = {act("random", "7h2s", [], seed=seed) for seed in range(60)}
    assert {poker.FOLD, poker.CALL, 10_000} < taken
    assert len(taken) > 5


def test_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(UserError, match=r"no scripted player alway_call; did you mean always_call\?"):
        scripted.find("alway_call")
