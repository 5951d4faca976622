"""The rules of poker as pure functions: cards, hand strength, betting, pots.

    rules = poker.no_limit_holdem(2)
    stakes = poker.stakes(rules, stacks=20_000, blinds=(50, 100))
    state = poker.start(rules, poker.deal(rules, jax.random.key(0)), stakes)
    state = poker.act(rules, state, poker.CALL)

Everything that takes arrays is unbatched and works under `jax.jit`, `jax.vmap` and `jax.lax.scan`.
"""

from pokerjax.poker.deck import NO_CARD, Deal, card, card_name, cards, deal, deal_from_bits
from pokerjax.poker.rules import Rules, Stakes, no_limit_holdem, stakes
from pokerjax.poker.strengths import CATEGORY_NAMES, category, strength
from pokerjax.poker.table import CALL, FOLD, NOBODY, NOT_ACTED, Legal, State, act, check_action, legal, start

__all__ = [
    "CALL",
    "CATEGORY_NAMES",
    "FOLD",
    "NOBODY",
    "NOT_ACTED",
    "NO_CARD",
    "Deal",
    "Legal",
    "Rules",
    "Stakes",
    "State",
    "act",
    "card",
    "card_name",
    "cards",
    "category",
    "check_action",
    "deal",
    "deal_from_bits",
    "legal",
    "no_limit_holdem",
    "stakes",
    "start",
    "strength",
]
