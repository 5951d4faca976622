"""Hands played by other engines, and the comparison of all their decisions with ours.

An oracle plays a hand by itself and writes down at each decision what pokerjax has to say there (`Decision`). That
is what the oracle says; where rules.md says that the two differ, it is what a second reading of the rule says
instead, written here from the rule and not from the engine, and the reason is counted. `compare` then replays all
hands at once and compares every decision and every payoff.
"""

import random
import re
import warnings
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from pokerjax import poker


class Decision(NamedTuple):
    """What is to be seen at one decision. All but the street 0, and no actor, once the hand is done."""

    actor: int
    street: int
    fold: bool
    call: bool
    call_amount: int
    raises: bool
    min_raise_to: int
    max_raise_to: int


@dataclass
class Hand:
    """A hand as an oracle played it. Seats by position; amounts in chips; cards as ints."""

    stacks: list
    blinds: list
    antes: list
    big_blind: int
    hole: list
    board: list
    actions: list = field(default_factory=list)  # as poker.act takes them
    decisions: list = field(default_factory=list)
    payoffs: list = field(default_factory=list)
    odd_chips: bool = False  # some share of a pot may be a fraction, as the oracle splits it
    known: Counter = field(default_factory=Counter)  # decisions the oracle is known to see otherwise, by reason


@dataclass
class Tally:
    """How many hands and decisions agreed."""

    hands: int = 0
    decisions: int = 0
    odd_chips: int = 0  # hands in which they were not paid as here
    known: Counter = field(default_factory=Counter)

    def __add__(self, other):
        return Tally(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))


def compare(rules, hands, batch=None) -> Tally:
    """Replay the hands, batches trailing, `batch` of them at a time, and compare them."""
    batch = batch or len(hands)
    batches = [hands[first : first + batch] for first in range(0, len(hands), batch)]
    odd_chips = sum(_compare_batch(rules, some, batch) for some in batches)
    return Tally(
        len(hands),
        sum(len(hand.decisions) for hand in hands),
        odd_chips,
        sum((hand.known for hand in hands), Counter()),
    )


def _compare_batch(rules, hands, batch):
    """Compare some hands. Return in how many of them odd chips were not paid as here."""
    padded = hands + [hands[-1]] * (batch - len(hands))

    def column(name):
        return jnp.asarray(np.array([getattr(hand, name) for hand in padded], np.int32).T)

    hole = np.array([hand.hole for hand in padded], np.int32).transpose(1, 2, 0)
    board = np.array([hand.board for hand in padded], np.int32).reshape(batch, rules.num_board_cards).T
    deal = poker.Deal(hole=jnp.asarray(hole), board=jnp.asarray(board))
    stakes = poker.Stakes(*(column(name) for name in ("stacks", "blinds", "antes", "big_blind")))
    state = poker.start(rules, deal, stakes)
    for t in range(max(len(hand.actions) for hand in hands)):
        legal = jax.device_get(poker.legal(rules, state))
        seen = np.stack(
            [*jax.device_get((state.actor, state.street)), legal.fold, legal.call, legal.call_amount]
            + [legal.raises, legal.min_raise_to, legal.max_raise_to]
        )[:, : len(hands)]
        running = np.array([t < len(hand.actions) for hand in hands])
        wanted = np.array([hand.decisions[t] if t < len(hand.actions) else [0] * 8 for hand in hands], np.int32).T
        for i in np.flatnonzero(np.any(seen != wanted, axis=0) & running):
            raise AssertionError(f"Decision {t}: {Decision(*seen[:, i].tolist())} of {rules}, {hands[i]}.")
        done = np.asarray(state.done)[: len(hands)]
        assert np.all(done | running), f"Not done at {t}: {hands[np.flatnonzero(~done & ~running)[0]]}"
        actions = [hand.actions[t] if t < len(hand.actions) else poker.CALL for hand in padded]
        state = poker.act(rules, state, jnp.asarray(actions, jnp.int32))
    done, payoffs, stacks = jax.device_get((state.done, state.payoffs, state.stacks))
    odd_chips = 0
    for i, hand in enumerate(hands):
        assert done[i], f"Not done at the end: {hand}"
        off = np.max(np.abs(payoffs[:, i] - np.array(hand.payoffs)))
        odd_chips += int(off > 0)
        most = len(hand.stacks) - 1 if hand.odd_chips else 0  # less than a chip a pot
        assert off <= most and payoffs[:, i].sum() == 0, f"Payoffs {payoffs[:, i]} of {rules}, {hand}"
        assert stacks[:, i].tolist() == [a + b for a, b in zip(hand.stacks, payoffs[:, i], strict=True)]
    return odd_chips


# --- OpenSpiel's universal_poker: the ACPC dealer's code ---


def universal_poker(pyspiel, rules, stacks, blinds):
    """Return OpenSpiel's game of these rules (house "acpc"). Its limit games know no stacks: nobody is all-in."""
    limit = rules.betting == "fixed_limit"
    first = rules.first_to_act
    if first is None:
        last_largest = max(seat for seat, blind in enumerate(blinds) if blind == max(blinds))
        first = ((last_largest + 1) % rules.num_players,) + (0,) * (rules.num_streets - 1)

    def row(values):
        return " ".join(map(str, values))

    parameters = dict(
        betting="limit" if limit else "nolimit",
        bettingAbstraction="fcpa" if limit else "fullgame",  # in a limit game "fcpa" is fold, call, raise
        numPlayers=rules.num_players,
        numRounds=rules.num_streets,
        stack=row(stacks),
        blind=row(blinds),
        firstPlayer=row(seat + 1 for seat in first),
        raiseSize=row(raise_sizes(rules, max(blinds))),
        numSuits=rules.num_suits,
        numRanks=rules.num_ranks,
        numHoleCards=rules.hole_cards,
        numBoardCards=row(rules.board_cards),
    )
    if rules.max_raises is not None:
        parameters["maxRaises"] = row(rules.max_raises)
    return pyspiel.load_game("universal_poker", parameters)


def raise_sizes(rules, big_blind):
    """What a bet adds on each street of a fixed-limit game."""
    streets = range(rules.num_streets)
    return rules.raise_sizes or [big_blind * (2 if 2 * street >= rules.num_streets else 1) for street in streets]


_SEEN = re.compile(r"Round: (\d+)|P\d+: (\d+)")


def _round_and_spent(state):
    found = _SEEN.findall(str(state))
    return next(int(number) for number, _ in found if number), [int(chips) for _, chips in found if chips]


def play_universal_poker(game, rules, stacks, blinds, rng, unit) -> Hand:
    """Play one random hand; all amounts are multiples of `unit`."""
    deck = rng.sample(range(rules.deck_size), rules.num_cards)
    cards = [4 * (c // rules.num_suits) + c % rules.num_suits for c in deck]
    split = rules.num_players * rules.hole_cards
    hole = [cards[i : i + rules.hole_cards] for i in range(0, split, rules.hole_cards)]
    hand = Hand(stacks, blinds, [0] * rules.num_players, max(blinds), hole, cards[split:])
    sizes = raise_sizes(rules, max(blinds))
    folds = 0.02 + 0.3 / rules.num_players
    state, dealt = game.new_initial_state(), iter(deck)
    price = earlier = 0  # chips of the seat that has put in most: now, and when this street began
    expected = None
    while not state.is_terminal():
        if state.is_chance_node():
            state.apply_action(next(dealt))
            earlier = price
            continue
        actions, actor = state.legal_actions(), state.current_player()
        street, spent = _round_and_spent(state)
        assert expected is None or spent[expected[0]] == expected[1], "our reading of the last action"
        price = max(spent)
        may_fold, raises = actions[0] == 0, actions[1 + (actions[0] == 0) :]
        assert actions[may_fold] == 1
        call_to = min(price, stacks[actor])
        if rules.betting == "fixed_limit" and raises:
            raises = [price + sizes[street]]
        assert not raises or raises[-1] - raises[0] == len(raises) - 1
        bounds = (raises[0] - earlier, raises[-1] - earlier) if raises else (0, 0)
        hand.decisions.append(Decision(actor, street, may_fold, True, call_to - spent[actor], bool(raises), *bounds))
        roll = rng.random()
        if may_fold and roll < folds:
            action, expected = poker.FOLD, (actor, spent[actor])
            state.apply_action(0)
        elif not raises or roll < 0.7:
            action, expected = poker.CALL, (actor, call_to)
            state.apply_action(1)
        else:
            to = raises[0] if roll < 0.85 else raises[-1] if roll > 0.97 else rng.choice(raises)
            to = max(to - to % unit, raises[0])
            action, expected = to - earlier, (actor, to)
            state.apply_action(2 if rules.betting == "fixed_limit" else to)
        price = max(price, expected[1])
        hand.actions.append(action)
    hand.payoffs = state.returns()
    whole = all(chips == int(chips) for chips in hand.payoffs)
    hand.odd_chips = not whole or (unit == 1 and _may_have_split_twice(state, stacks))
    return hand


def _may_have_split_twice(state, stacks):
    """Whether fractions of two pots may add up to whole payoffs: four seats have won or paid different shares."""
    _, spent = _round_and_spent(state)
    losses = [round(-chips) for chips in state.returns()]
    winners = sum(paid > loss for paid, loss in zip(spent, losses, strict=True))
    return winners > 1 and len(set(spent)) > 1


def random_universal(pyspiel, rules, num_hands, games, seed, stakes=None) -> list[Hand]:
    """Return random hands of these rules at so many different stakes, or at the given (stacks, blinds)."""
    rng, hands = random.Random(seed), []
    for game in range(games):
        unit = 12 if game % 2 and rules.betting == "no_limit" else 1
        stacks, blinds = map(list, stakes or _random_stakes(rules, rng, unit))
        oracle = universal_poker(pyspiel, rules, stacks, blinds)
        count = num_hands * (game + 1) // games - num_hands * game // games
        hands += [play_universal_poker(oracle, rules, stacks, blinds, rng, unit) for _ in range(count)]
    return hands


def _random_stakes(rules, rng, unit):
    """Stacks and blinds, no blind above its stack, at least two seats with chips behind."""
    players = rules.num_players
    small, big, *straddle = rng.choice([(1, 2), (1, 2), (1, 2), (1, 1), (2, 5), (0, 2), (1, 2, 4), (2, 1, 2)])
    straddle = straddle[: players - 2]
    blinds = [big, small] if players == 2 else [small, big, *straddle] + [0] * (players - 2 - len(straddle))
    if rules.betting == "fixed_limit":
        return [poker.rules.MAX_CHIPS // players] * players, blinds
    depth = rng.choice([8, 30, 100])
    stacks = [rng.randint(max(blind, 1), depth) for blind in blinds]
    for seat in rng.sample(range(players), 2):
        stacks[seat] = max(stacks[seat], blinds[seat] + 1)
    return [chips * unit for chips in stacks], [chips * unit for chips in blinds]


# --- PokerKit (house "tda") ---

# Where rules.md says that PokerKit differs:
SHORT_ALL_INS = "after short all-ins it lets seats raise that face no full raise since they acted"
FORGOTTEN = "it forgets short all-ins that made up a full raise once a further one follows"
NO_RIVAL = "it offers no raise that nobody can match in full"
NOT_ASKED = "it asks a seat with nothing to decide"
HALF_BETS = "it gives short all-ins of fixed limit no part of a bet"
ODD_CHIPS_UNIT = 2520  # chips; pots of so many split evenly among up to ten, PokerKit's odd chips being its own


def pokerkit_game(pokerkit, rules, antes, blinds, big_blind):
    """Return PokerKit's game of these rules, a function of the stacks."""
    automations, trim = tuple(pokerkit.Automation), not rules.dead_antes
    if rules.num_players == 2:  # heads-up it turns antes and blinds
        antes, blinds = antes[::-1], blinds[::-1]
    if rules.betting == "fixed_limit":
        game = pokerkit.FixedLimitTexasHoldem(automations, trim, tuple(antes), tuple(blinds), big_blind, 2 * big_blind)
        caps = rules.max_raises or (None,) * 4
        streets = zip(game.streets, caps, strict=True)
        game.streets = tuple(replace(s, max_completion_betting_or_raising_count=cap) for s, cap in streets)
    else:
        bases = (pokerkit.NoLimitTexasHoldem,)
        if rules.betting == "pot_limit":
            games = pokerkit.games
            bases = (games.PotLimitPokerMixin, games.TexasHoldemMixin, games.UnfixedLimitHoldem)
        game = type("TexasHoldem", bases, {})(automations, trim, tuple(antes), tuple(blinds), big_blind)
    return lambda stacks: game(tuple(stacks), rules.num_players)


def second_reading(rules, hand, actor, street, stacks, bets, live) -> Decision:
    """Say what the seat to act may do by the rules (house "tda"), from the chips on the table and the actions."""
    price, call = max(bets), min(max(bets) - bets[actor], stacks[actor])
    most = bets[actor] + stacks[actor]
    others = [seat for seat in range(len(stacks)) if live[seat] and seat != actor]
    if call <= 0 and not any(stacks[seat] for seat in others):
        return Decision(poker.NOBODY, rules.num_streets - 1, False, False, 0, False, 0, 0)
    fixed, big_blind = rules.betting == "fixed_limit", hand.big_blind
    size = raise_sizes(rules, big_blind)[street] if fixed else big_blind
    # `level` is the price as it went, `whole` the price of the last bet that stands as a whole one.
    level = whole = 0 if street else max(hand.blinds)
    full_raise, count, increase = size, 0, None  # increase: since the actor has acted, None if he has not
    for seen, action in zip(hand.decisions, hand.actions, strict=True):
        if seen.street != street:
            continue
        raised = max(action - level, 0)
        level += raised
        full_raise = max(full_raise, raised)
        if fixed and raised and 2 * (level - whole) >= size:
            whole, count = level, count + 1
        elif not fixed and raised:
            count += 1
        if seen.actor == actor:
            increase = 0
        elif increase is not None:
            increase += raised
    reopened = increase is None or (2 * increase >= size if fixed else increase >= full_raise)
    capped = rules.max_raises is not None and count >= rules.max_raises[street]
    raises = most > price and reopened and not capped and any(stacks[seat] for seat in others)
    least = highest = 0
    if raises:
        least = min(most, whole + size if fixed else price + full_raise)
        pot = sum(hand.stacks) - sum(stacks)
        limits = {"fixed_limit": least, "no_limit": most, "pot_limit": price + pot + price - bets[actor]}
        highest = max(least, min(most, limits[rules.betting]))
    return Decision(actor, street, call > 0, True, call, raises, least, highest)


def _why(rules, hand, said, reading, stacks, bets, live):
    """Name the reason for which PokerKit says otherwise than the rules; None if there is none."""
    if reading.actor == poker.NOBODY:
        return NOT_ASKED if not (said.fold or said.call_amount or said.raises) else None
    if said._replace(raises=False, min_raise_to=0, max_raise_to=0) != reading._replace(
        raises=False, min_raise_to=0, max_raise_to=0
    ):
        return None
    rivals = [seat for seat, lives in enumerate(live) if lives and seat != said.actor]
    if reading.raises and not said.raises and all(stacks[s] + bets[s] <= max(bets) for s in rivals):
        return NO_RIVAL
    acted = any(seen.street == said.street and seen.actor == said.actor for seen in hand.decisions)
    level = 0 if said.street else max(hand.blinds)
    size = raise_sizes(rules, hand.big_blind)[said.street] if rules.betting == "fixed_limit" else hand.big_blind
    # Whether somebody was all-in on this street for less than a full raise; and the short ones as PokerKit adds them
    # up, which starts anew once they make the largest raise there was.
    short, largest, added_up = False, 0, 0
    for seen, action in zip(hand.decisions, hand.actions, strict=True):
        if seen.street != said.street or action <= level:
            continue
        raised, level = action - level, action
        short |= raised < size
        size = size if rules.betting == "fixed_limit" else max(size, raised)
        largest = max(largest, raised)
        added_up = added_up + raised if raised < largest else 0
        added_up = added_up if added_up < largest else 0
    if rules.betting == "fixed_limit":
        return HALF_BETS if short else None
    if short and acted and said.raises and not reading.raises:
        return SHORT_ALL_INS
    return FORGOTTEN if acted and added_up and reading.raises and not said.raises else None


def play_pokerkit(pokerkit, rules, rng) -> Hand:
    """Play one random hand of hold'em. PokerKit shuffles with the global generator."""
    players, unit = rules.num_players, ODD_CHIPS_UNIT  # the small blind
    big_blind, big_seat = 2 * unit, 0 if rules.num_players == 2 else 1
    antes = [rng.choice([0, 0, unit])] * players
    if rules.dead_antes:
        antes = [big_blind * (seat == big_seat) for seat in range(players)]
    depth = rng.choice([6, 20, 60])
    stacks = [rng.randint(1, depth) * unit for _ in range(players)]
    stacks[big_seat] += antes[big_seat] + big_blind  # no short big blinds
    blinds = [big_blind, unit] if players == 2 else [unit, big_blind] + [0] * (players - 2)
    state = pokerkit_game(pokerkit, rules, antes, blinds, big_blind)(stacks)
    hole = [[] for _ in range(players)]
    for operation in state.operations:  # state.hole_cards forgets what was mucked
        if isinstance(operation, pokerkit.HoleDealing):
            hole[operation.player_index].extend(poker.card(repr(card)) for card in operation.cards)
    hand = Hand(stacks, blinds, antes, big_blind, hole, board=[])
    while state.status:
        said, reading = _note(rules, hand, state)
        _take(hand, state, _choose(rng, said, reading, unit))
    board = [poker.card(repr(card)) for cards in state.board_cards for card in cards]
    unseen = (c for c in range(52) if c not in board and all(c not in pair for pair in hole))
    hand.board = [*board, *unseen][: rules.num_board_cards]
    hand.payoffs = list(state.payoffs)
    return hand


def random_pokerkit(pokerkit, rules, num_hands, seed) -> list[Hand]:
    """Return random hands of these rules, each at its own stakes."""
    random.seed(seed)
    rng = random.Random(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PokerKit warns of short all-ins and the like
        return [play_pokerkit(pokerkit, rules, rng) for _ in range(num_hands)]


def _note(rules, hand, state) -> tuple[Decision, Decision]:
    """Write down the decision that PokerKit asks for. Return what it says, and the rules."""
    least = state.min_completion_betting_or_raising_to_amount
    most = state.max_completion_betting_or_raising_to_amount
    actor, street, call = state.actor_index, state.street_index, state.checking_or_calling_amount
    said = Decision(actor, street, call > 0, True, call, least is not None, least or 0, most or 0)
    table = list(state.stacks), list(state.bets), list(state.statuses)
    reading = second_reading(rules, hand, actor, street, *table)
    if reading != said:
        reason = _why(rules, hand, said, reading, *table)
        assert reason is not None, f"PokerKit says {said}, the rules {reading}: {hand}"
        hand.known[reason] += 1
    hand.decisions.append(reading)
    return said, reading


def _take(hand, state, action):
    """Play an action in PokerKit and write it down."""
    if action == poker.FOLD:
        state.fold()
    elif action == poker.CALL:
        state.check_or_call()
    else:
        state.complete_bet_or_raise_to(action)
    hand.actions.append(action)


def _choose(rng, said, reading, unit) -> int:
    """Return a random action that PokerKit and the rules both allow."""
    least, most = max(said.min_raise_to, reading.min_raise_to), min(said.max_raise_to, reading.max_raise_to)
    roll = rng.random()
    if said.fold and roll < 0.1:
        return poker.FOLD
    if roll < 0.65 or not (said.raises and reading.raises) or least > most:
        return poker.CALL
    between = rng.randint(-(-least // unit), most // unit) * unit
    return rng.choice([least, between, most])


def pokerkit_tree(rules, create_state, deals) -> list[Hand]:
    """Return all hands of a small game without blinds for two: of these deals, every row of actions.

    deals: rows of (rank, suit), the hole cards first.
    """
    hands = []
    for deal in deals:
        cards = ["JQK"[rank] + "hs"[suit] for rank, suit in deal]
        ours = [4 * rank + suit for rank, suit in deal]
        rows = [[]]
        while rows:
            row = rows.pop()
            state = create_state()
            hand = Hand(*map(list, (rules.stacks, rules.blinds, rules.antes)), rules.big_blind, [], [])
            hand.hole, hand.board = [ours[:1], ours[1:2]], ours[2:]
            for card in cards[:2]:
                state.deal_hole(card)
            while state.status:
                if state.can_burn_card():
                    state.burn_card("??")
                if state.can_deal_board():
                    state.deal_board(cards[2])
                    continue
                said, _ = _note(rules, hand, state)
                choices = [poker.FOLD] * said.fold + [poker.CALL] + [said.min_raise_to] * said.raises
                if len(hand.actions) == len(row):  # go on with the first, come back for the others
                    rows += [[*row, action] for action in choices[1:]]
                    row = [*row, choices[0]]
                _take(hand, state, row[len(hand.actions)])
            hand.payoffs = list(state.payoffs)
            hands.append(hand)
    return hands
