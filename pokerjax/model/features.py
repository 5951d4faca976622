"""From the integers of a decision token to the numbers the transformer reads.

Hands that differ only by the names of the suits, by which hole card came first or by the order of the flop are one
hand to the model (`canonical`). Amounts are given three ways: as a logarithm of big blinds,
as a share of the pot, and as a share of the own starting stack.

How good a hand is depends on what others could hold on the same board. A network has to learn that from the cards;
with `rivals` it is told: the share of so many hands, the same for every token, that the own one beats there. How the
others play it cannot see in one hand; with `carelessness` it is told how careless the table is.
"""

from __future__ import annotations

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np

from pokerjax import poker
from pokerjax.env import tokens
from pokerjax.poker.once import compute_once

NUM_RANKS = 13
NUM_SUITS = 4
NUM_CATEGORIES = 9
NUM_STREETS = 4
NUM_KINDS = 5
KNOTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.86, 0.92, 0.96, 1.0)  # closer where it is about big pots


def num_features(layout: tokens.Layout, rivals: int = 0, *, carelessness: bool = False) -> int:
    """Length of a token's feature vector."""
    token = jax.ShapeDtypeStruct((layout.width,), jnp.int32)
    return jax.eval_shape(lambda t: features(layout, t, rivals, carelessness=carelessness), token).shape[0]


def features(layout: tokens.Layout, token: jax.Array, rivals: int = 0, *, carelessness: bool = False) -> jax.Array:
    """Features float32[F] of one token int32[width] (unbatched); those of its `carelessness`, if any, come last."""
    fields = layout.split(token)
    parts = [_cards(fields, rivals), _situation(layout, fields), _amounts(fields), _events(layout, fields)]
    if carelessness:
        parts.append(between_knots(fields["carelessness"] / tokens.CARELESSNESS_UNIT))
    return jnp.concatenate(parts).astype(jnp.float32)


def secret_features(num_players: int, secrets: jax.Array) -> jax.Array:
    """Features float32[F'] of one int32[4P - 3] of `tokens.secrets` (unbatched), for the critic of the training."""
    own_category, others = secrets[0], secrets[1:].reshape(num_players - 1, 4)
    high, low, sign, category = (others[:, i, None] for i in range(4))
    ranks = jnp.arange(NUM_RANKS)
    counts = (high // NUM_SUITS == ranks).astype(jnp.float32) + (low // NUM_SUITS == ranks)
    parts = [
        counts,
        high // NUM_SUITS == low // NUM_SUITS,
        high % NUM_SUITS == low % NUM_SUITS,
        sign == jnp.arange(-1, 2),
        category == jnp.arange(NUM_CATEGORIES),
    ]
    others = jnp.concatenate([x.astype(jnp.float32) for x in parts], axis=1).reshape(-1)
    return jnp.concatenate([others, (own_category == jnp.arange(NUM_CATEGORIES)).astype(jnp.float32)])


def num_secret_features(num_players: int) -> int:
    """Length of what `secret_features` returns."""
    return (NUM_RANKS + 2 + 3 + NUM_CATEGORIES) * (num_players - 1) + NUM_CATEGORIES


def depth_bb(layout: tokens.Layout, token: jax.Array) -> jax.Array:
    """The most a seat can lose, in big blinds: the unit of the value heads. [..., width] -> [...]."""
    fields = layout.split(token)
    stacks = fields["starting_stacks"]
    at_risk = jnp.minimum(stacks[..., 0], jnp.max(stacks[..., 1:], axis=-1))
    return at_risk.astype(jnp.float32) / jnp.maximum(fields["big_blind"], 1).astype(jnp.float32)


def _cards(fields: dict[str, jax.Array], rivals: int) -> jax.Array:
    names = ("hole_high", "hole_low", "board_0", "board_1", "board_2", "board_3", "board_4")
    cards = canonical(jnp.stack([fields[name] for name in names]))
    known = cards >= 0
    ranks = (cards[:, None] // NUM_SUITS == jnp.arange(NUM_RANKS)) & known[:, None]
    suits = (cards[:, None] % NUM_SUITS == jnp.arange(NUM_SUITS)) & known[:, None]
    strength = fields["strength"]
    category = poker.category(strength) == jnp.arange(NUM_CATEGORIES)
    counts = [jnp.sum(ranks[2:], axis=0), jnp.sum(suits[:2], axis=0), jnp.sum(suits[2:], axis=0)]
    # A strength holds, below its category, the masks of the ranks that make the hand and of its kickers.
    made_and_kickers = (strength >> jnp.arange(2 * NUM_RANKS)) & 1
    parts = [ranks.reshape(-1), suits.reshape(-1), category, jnp.concatenate(counts) / 2, made_and_kickers]
    if rivals:
        share, ties = standing(cards, rivals)
        parts += [between_knots(share), ties[None]]
    return jnp.concatenate(parts)


def canonical(cards: jax.Array) -> jax.Array:
    """The one of all equivalent hands that the model reads: int32[7], hole cards first, NO_CARD for what is not seen.

    Equivalent are hands that differ by the names of the suits, by which of the hole cards came first or by the order of
    the three cards of the flop. Suits are named by what they hold, 0 the one with the highest of the hole cards, then
    of the flop, then with the turn, then with the river.
    """
    known, (hole, flop, later) = cards >= 0, (slice(0, 2), slice(2, 5), slice(5, 7))
    held = (cards[:, None] % NUM_SUITS == jnp.arange(NUM_SUITS)) & known[:, None]
    ranks = jnp.where(held, 1 << (cards // NUM_SUITS)[:, None], 0)
    first = jnp.sum(ranks[hole], axis=0) << NUM_RANKS | jnp.sum(ranks[flop], axis=0)
    second = 2 * held[5] + held[6]
    # Suits that tie hold the same cards, so it does not matter which of them is named first.
    before = (first[:, None] > first) | ((first[:, None] == first) & (second[:, None] > second))
    tied = (first[:, None] == first) & (second[:, None] == second)
    before |= tied & (jnp.arange(NUM_SUITS)[:, None] < jnp.arange(NUM_SUITS))
    name = jnp.sum(before, axis=0)
    suit = jnp.sum(jnp.where(held, name, 0), axis=1)
    # Larger is earlier: by rank, then by the name of the suit.
    order = jnp.where(known, cards // NUM_SUITS * NUM_SUITS + NUM_SUITS - 1 - suit, poker.NO_CARD)
    order = jnp.concatenate([_falling(order[hole]), _falling(order[flop]), order[later]]).astype(jnp.int32)
    return jnp.where(order >= 0, order // NUM_SUITS * NUM_SUITS + NUM_SUITS - 1 - order % NUM_SUITS, poker.NO_CARD)


def _falling(values: jax.Array) -> jax.Array:
    """The two or three values from the largest to the smallest."""
    largest, smallest = jnp.max(values), jnp.min(values)
    middle = jnp.sum(values) - largest - smallest
    return jnp.stack([largest, smallest] if len(values) == 2 else [largest, middle, smallest])


def standing(cards: jax.Array, rivals: int) -> tuple[jax.Array, jax.Array]:
    """What share of `rivals` hands the two hole cards beat, ties half, on the visible board, and what share ties.

    cards: int32[7], hole cards first, NO_CARD for what is not seen. Float32 scalars. Hands that cannot be held beside
    these cards do not count. Before the flop pairs beat high cards; draws count for what they are now.
    """
    high, low = (jnp.asarray(column) for column in _spread_hands(rivals).T)
    theirs = poker.strength([high, low, *(jnp.broadcast_to(card, high.shape) for card in cards[2:])])
    (theirs,) = compute_once([theirs])
    mine = poker.strength(list(cards))
    possible = ~jnp.any((cards == high[:, None]) | (cards == low[:, None]), axis=1)
    total = jnp.maximum(jnp.sum(possible), 1)
    ties = jnp.sum(possible & (theirs == mine)) / total
    return jnp.sum(possible & (theirs < mine)) / total + ties / 2, ties


def between_knots(share: jax.Array) -> jax.Array:
    """Weights float32[K] of the KNOTS whose sum with them is the share, all 0 but those of the two nearest.

    So a linear layer reads any function of the share that is linear between the knots.
    """
    knots = np.array(KNOTS)
    left, right = np.diff(knots, prepend=-1.0), np.diff(knots, append=2.0)
    return jnp.maximum(jnp.minimum(1 - (knots - share) / left, 1 - (share - knots) / right), 0.0)


@cache
def _spread_hands(number: int) -> np.ndarray:
    """So many of the 1,326 hands of two cards, evenly spaced in their order by ranks, int32[K, 2]."""
    hands = [(high, low) for high in range(52) for low in range(high)]
    hands.sort(key=lambda hand: [card // NUM_SUITS for card in hand])
    places = (np.arange(number) + 0.5) * len(hands) / number
    return np.array(hands, np.int32)[places.astype(int)]


def _situation(layout: tokens.Layout, fields: dict[str, jax.Array]) -> jax.Array:
    players = layout.num_players
    street = fields["street"] == jnp.arange(NUM_STREETS)
    seat = fields["seat"] == jnp.arange(players)
    decision = fields["decision"].astype(jnp.float32)
    order = jnp.stack([decision / 8, jnp.log1p(decision)])
    return jnp.concatenate([street, seat, fields["folded"], order])


def _amounts(fields: dict[str, jax.Array]) -> jax.Array:
    single = ("pot", "call_amount", "min_raise_to", "max_raise_to")
    chips = [jnp.stack([fields[name] for name in single]), fields["stacks"], fields["bets"], fields["starting_stacks"]]
    odds = fields["call_amount"] / jnp.maximum(fields["pot"] + fields["call_amount"], 1)
    return jnp.concatenate([_scaled(fields, jnp.concatenate(chips)), odds[None]])


def _scaled(fields: dict[str, jax.Array], chips: jax.Array) -> jax.Array:
    chips = chips.astype(jnp.float32)
    big_blind = jnp.maximum(fields["big_blind"], 1).astype(jnp.float32)
    pot = jnp.maximum(fields["pot"], 1).astype(jnp.float32)
    own = jnp.maximum(fields["starting_stacks"][0], 1).astype(jnp.float32)
    logarithm = jnp.log1p(chips / big_blind) / 2
    return jnp.concatenate([logarithm, jnp.minimum(chips / pot, 4.0) / 2, jnp.minimum(chips / own, 4.0)])


def _events(layout: tokens.Layout, fields: dict[str, jax.Array]) -> jax.Array:
    seat, kind, to, street = (fields["events"][:, i] for i in range(4))
    real = (kind != tokens.NO_EVENT)[:, None]
    return jnp.concatenate([
        ((seat[:, None] == jnp.arange(layout.num_players)) & real).reshape(-1),
        (kind[:, None] == jnp.arange(1, NUM_KINDS)).reshape(-1),
        ((street[:, None] == jnp.arange(NUM_STREETS)) & real).reshape(-1),
        _scaled(fields, to),
    ])  # fmt: skip
