"""Against OpenSpiel: random hands of its universal_poker, which is the ACPC dealer's code (house "acpc"), and the
whole trees of its kuhn_poker and leduc_poker.

OpenSpiel pays split pots in fractions, so payoffs may differ by the odd chips, less than one a pot. Its limit games
know no stacks and have at most four players.
"""

import oracles
import pytest

from pokerjax import poker

HANDS, BATCH = 240, 240


@pytest.mark.parametrize("num_players", [2, 3, 6])
def test_no_limit(num_players):
    pyspiel = pytest.importorskip("pyspiel")
    rules = poker.no_limit_holdem(num_players, house="acpc")
    oracles.compare(rules, oracles.random_universal(pyspiel, rules, HANDS, games=12, seed=num_players), BATCH)


@pytest.mark.parametrize("num_players", [2, 3])
def test_limit(num_players):
    pyspiel = pytest.importorskip("pyspiel")
    rules = poker.limit_holdem(num_players, house="acpc")
    oracles.compare(rules, oracles.random_universal(pyspiel, rules, HANDS, games=3, seed=num_players), BATCH)


@pytest.mark.parametrize(
    "rules",
    [
        poker.Rules(3, house="acpc", max_raises=(2, 1, 0, 3), first_to_act=(1, 2, 0, 1)),
        poker.Rules(2, "fixed_limit", "acpc", board_cards=(0, 2, 1), num_ranks=6, num_suits=3, raise_sizes=(3, 7, 5)),
    ],
    ids=["capped no-limit, others first", "small deck, three streets, no cap"],
)
def test_other_games(rules):
    pyspiel = pytest.importorskip("pyspiel")
    oracles.compare(rules, oracles.random_universal(pyspiel, rules, HANDS, games=6, seed=1), BATCH)


def _tree(game, rules, card, forced):
    """Return all hands of a game of two, every deal with every row of actions."""
    found = []

    def walk(state, dealt, actions, decisions):
        if state.is_terminal():
            cards = [*dealt, *unused(dealt)][: rules.num_cards]
            hand = oracles.Hand(*forced, hole=[[cards[0]], [cards[1]]], board=cards[2:])
            hand.actions, hand.decisions, hand.payoffs = actions, decisions, state.returns()
            found.append(hand)
        elif state.is_chance_node():
            for c in state.legal_actions():
                walk(state.child(c), [*dealt, card(c)], actions, decisions)
        else:
            for action, ours, decision in node(state, len(dealt) - 2, actions, decisions):
                walk(state.child(action), dealt, [*actions, ours], [*decisions, decision])

    def unused(dealt):
        return [c for c in map(card, range(rules.deck_size)) if c not in dealt]

    def node(state, street, actions, decisions):
        """Each of the game's actions as OpenSpiel and as we take it, with what is to be seen here."""
        bets = [0, 0]
        for earlier, action in zip(decisions, actions, strict=True):
            if earlier.street == street and action >= 0:
                bets[earlier.actor] = action or bets[earlier.actor] + earlier.call_amount
        actor, size = state.current_player(), rules.raise_sizes[street]
        owed, legal = max(bets) - bets[actor], state.legal_actions()
        if rules == poker.kuhn():  # pass and bet, which become fold and call when a bet is faced
            names = {0: poker.FOLD, 1: poker.CALL} if owed else {0: poker.CALL, 1: size}
        else:
            names = {0: poker.FOLD, 1: poker.CALL, 2: max(bets) + size}
        choices = [(action, names[action]) for action in legal]
        raises = [ours for _, ours in choices if ours > 0]
        to = raises[0] if raises else 0
        folds = any(ours == poker.FOLD for _, ours in choices)
        decision = oracles.Decision(actor, street, folds, True, owed, bool(raises), to, to)
        return [(action, ours, decision) for action, ours in choices]

    walk(game.new_initial_state(), [], [], [])
    return found


@pytest.mark.parametrize(
    ("name", "rules", "card", "stack", "big_blind", "hands"),
    [
        ("kuhn_poker", poker.kuhn(), lambda c: 4 * c, 2, 1, 30),
        ("leduc_poker", poker.leduc(), lambda c: 4 * (c // 2) + c % 2, 13, 2, 5520),
    ],
    ids=["kuhn", "leduc"],
)
def test_whole_tree(name, rules, card, stack, big_blind, hands):
    pyspiel = pytest.importorskip("pyspiel")
    forced = [stack] * 2, [0, 0], [1, 1], big_blind
    tree = _tree(pyspiel.load_game(name), rules, card, forced)
    assert len(tree) == hands
    tally = oracles.compare(rules, tree)
    assert tally.odd_chips == 0
    _same_forced_bets(rules, tree[0])


def _same_forced_bets(rules, hand):
    stakes = poker.stakes(rules)
    for name in ("stacks", "blinds", "antes", "big_blind"):
        assert getattr(stakes, name).tolist() == getattr(hand, name)
