"""The rules of poker as pure functions: cards, hand strength, betting, pots.

    rules = poker.no_limit_holdem(2)
    stakes = poker.stakes(rules, stacks=20_000, blinds=(50, 100))
    state = poker.start(rules, poker.deal(rules, jax.random.key(0)), stakes)
    state = poker.act(rules, state, poker.CALL)

Everything that takes arrays is unbatched and works under `jax.jit`, `jax.vmap` and `jax.lax.scan`; it also takes
batches as they are when they follow the axes of one hand (stacks [P, B]), which is the fastest way (docs/engine.md).
"""

from pokerjax.poker.acpc import rules_from_acpc
from pokerjax.poker.betting import Legal, check_action, legal
from pokerjax.poker.chips import Stakes, stakes
from pokerjax.poker.deck import NO_CARD, Deal, card, card_name, cards, deal, deal_from_bits, deal_many
from pokerjax.poker.hand import Hand
from pokerjax.poker.phh_reader import read_phh, read_phhs
from pokerjax.poker.phh_writer import write_phh, write_phhs
from pokerjax.poker.replays import Replay, replay, replay_many
from pokerjax.poker.rules import Rules, kuhn, leduc, limit_holdem, no_limit_holdem, pot_limit_holdem
from pokerjax.poker.shoe import Shoe, new_shoe, take_hands
from pokerjax.poker.state import CALL, FOLD, NOBODY, NOT_ACTED, State
from pokerjax.poker.strengths import CATEGORY_NAMES, category, strength
from pokerjax.poker.table import act, start
from pokerjax.poker.words import random_words, uniform, words_at

__all__ = [
    "CALL",
    "CATEGORY_NAMES",
    "FOLD",
    "NOBODY",
    "NOT_ACTED",
    "NO_CARD",
    "Deal",
    "Hand",
    "Legal",
    "Replay",
    "Rules",
    "Shoe",
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
    "deal_many",
    "kuhn",
    "leduc",
    "legal",
    "limit_holdem",
    "new_shoe",
    "no_limit_holdem",
    "pot_limit_holdem",
    "random_words",
    "read_phh",
    "read_phhs",
    "replay",
    "replay_many",
    "rules_from_acpc",
    "stakes",
    "start",
    "strength",
    "take_hands",
    "uniform",
    "words_at",
    "write_phh",
    "write_phhs",
]
