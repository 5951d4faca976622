"""One table: the state of a hand, what the seat to act may do, and the step.

All functions are pure and unbatched; batch them with `jax.vmap`. They select with masks instead of
indexing and compute both sides of every choice, which is what vectorises.
"""

from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp

from pokerjax.poker.deck import Deal
from pokerjax.poker.pots import settle
from pokerjax.poker.rules import Rules, Stakes
from pokerjax.poker.strengths import strength

FOLD = -1  # action: fold
CALL = 0  # action: check or call; any larger int is a raise (or bet) to so many chips on this street
NOBODY = -1  # actor once the hand is done
NOT_ACTED = -1  # in State.faced


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False)
class State:
    """A hand in progress. P seats by position, seat 0 first left of the button."""

    actor: jax.Array  # int32 seat to act, NOBODY once done
    street: jax.Array  # int32 0 = before the flop ... 3 = river; the last one after a showdown
    stacks: jax.Array  # int32[P] chips behind; once done, what the seat ends with
    bets: jax.Array  # int32[P] chips put in on this street, antes excluded
    pot: jax.Array  # int32 all chips put in, bets included; 0 once paid out
    folded: jax.Array  # bool[P]
    done: jax.Array  # bool the hand is over and paid out
    payoffs: jax.Array  # int32[P] final - starting stacks in chips, 0 until done
    hole: jax.Array  # int32[P, H] cards
    board: jax.Array  # int32[C] cards, all of them; `street` tells how many are turned up
    strengths: jax.Array  # int32[P] of each seat's hand at a showdown
    starting: jax.Array  # int32[P] chips, stacks before antes and blinds
    contributed: jax.Array  # int32[P] chips put in over the hand, dead antes excluded
    level: jax.Array  # int32 chips to have in on this street: the nominal blind or the last bet or raise
    faced: jax.Array  # int32[P] `level` when the seat last acted on this street, or NOT_ACTED
    last_raise: jax.Array  # int32 chips, what the next raise must add to `level`
    min_bet: jax.Array  # int32 chips


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False)
class Legal:
    """What the seat to act may do; all False and 0 once the hand is done."""

    fold: jax.Array  # bool, only when something is owed (`act` obeys a fold all the same)
    call: jax.Array  # bool, check or call
    raises: jax.Array  # bool, bet or raise
    call_amount: jax.Array  # int32 chips that a call adds, 0 = check
    min_raise_to: jax.Array  # int32 chips on this street, 0 if raises is False
    max_raise_to: jax.Array  # int32 chips on this street, 0 if raises is False


def start(rules: Rules, deal: Deal, stakes: Stakes) -> State:
    """Post antes and blinds and find the first seat to act (unbatched).

    The hand may be over at once, when the forced bets leave nobody a choice.
    """
    num_players = rules.num_players
    antes = jnp.minimum(stakes.stacks, stakes.antes)
    bets = jnp.minimum(stakes.stacks - antes, stakes.blinds)
    largest = jnp.max(stakes.blinds)
    min_bet = stakes.big_blind
    if rules.house == "acpc":  # its dealer knows no big blind apart from the largest blind
        min_bet = jnp.maximum(largest, 1)
    shared = jnp.broadcast_to(deal.board, (num_players, rules.num_board_cards))
    seats = jnp.arange(num_players, dtype=jnp.int32)
    state = State(
        actor=jnp.max(jnp.where(stakes.blinds == largest, seats, 0)),  # the last seat that "has acted"
        street=jnp.int32(0),
        stacks=stakes.stacks - antes - bets,
        bets=bets,
        pot=jnp.sum(antes + bets, dtype=jnp.int32),
        folded=jnp.zeros(num_players, bool),
        done=jnp.bool_(False),
        payoffs=jnp.zeros(num_players, jnp.int32),
        hole=deal.hole,
        board=deal.board,
        strengths=jax.vmap(strength)(jnp.concatenate([deal.hole, shared], axis=1)),
        starting=stakes.stacks,
        contributed=bets if rules.dead_antes else antes + bets,
        level=largest,
        faced=jnp.full(num_players, NOT_ACTED, jnp.int32),
        last_raise=jnp.maximum(largest, min_bet),
        min_bet=min_bet,
    )
    return _advance(rules, state)


def legal(rules: Rules, state: State) -> Legal:
    """Return what the seat to act may do (unbatched)."""
    me = _one_hot(rules, state.actor)
    stack, bet, faced = (_at(me, x) for x in (state.stacks, state.bets, state.faced))
    rivals = ~me & ~state.folded

    # A short blind is called in full, unless no rival can match more than the largest real bet.
    largest_bet = jnp.max(state.bets)
    can_match_more = jnp.any(rivals & (state.bets + state.stacks > largest_bet))
    price = jnp.where(can_match_more, state.level, largest_bet)
    call_amount = jnp.clip(price - bet, 0, stack)

    most = bet + stack
    raises = ~state.done & (most > state.level) & jnp.any(rivals & (state.stacks > 0))
    if rules.house == "tda":  # who has acted may raise again only when faced with a full raise since
        raises = raises & ((faced == NOT_ACTED) | (state.level - faced >= state.last_raise))
    return Legal(
        fold=~state.done & (call_amount > 0),
        call=~state.done,
        raises=raises,
        call_amount=call_amount,
        min_raise_to=jnp.where(raises, jnp.minimum(state.level + state.last_raise, most), 0),
        max_raise_to=jnp.where(raises, most, 0),
    )


def act(rules: Rules, state: State, action: jax.Array | int) -> State:
    """Play the actor's action: FOLD, CALL, or x > 0 to bet or raise to x chips on this street (unbatched).

    Never leaves the rules: a raise is moved into its bounds, or becomes a call where none is allowed.
    A fold is always obeyed. Changes nothing once the hand is done.
    """
    action = jnp.asarray(action, jnp.int32)
    may = legal(rules, state)
    me = _one_hot(rules, state.actor)
    folds = action < CALL
    raises = may.raises & (action > CALL)
    raise_to = jnp.clip(action, may.min_raise_to, may.max_raise_to)
    paid = jnp.where(raises, raise_to - _at(me, state.bets), jnp.where(folds, 0, may.call_amount))
    paid_by_seat = jnp.where(me, paid, 0)

    level = jnp.where(raises, raise_to, state.level)
    last_raise = state.last_raise
    if rules.house == "acpc":  # asks for no less in all than before, and for no less on top than now
        last_raise = state.level + last_raise - level
    moved = replace(
        state,
        stacks=state.stacks - paid_by_seat,
        bets=state.bets + paid_by_seat,
        pot=state.pot + paid,
        folded=state.folded | (me & folds),
        contributed=state.contributed + paid_by_seat,
        level=level,
        faced=jnp.where(me, level, state.faced),
        last_raise=jnp.maximum(last_raise, level - state.level),
    )
    after = _advance(rules, moved)
    return jax.tree.map(lambda old, new: jnp.where(state.done, old, new), state, after)


def _advance(rules: Rules, state: State) -> State:
    """Find who acts next after `state.actor`: on this street, on the next one, or nobody (then pay out)."""
    live = ~state.folded
    behind = live & (state.stacks > 0)
    num_live = jnp.sum(live, dtype=jnp.int32)
    num_behind = jnp.sum(behind, dtype=jnp.int32)
    to_act = behind & (state.faced < state.level)
    if rules.house == "tda":  # the last one with chips acts only if he owes some; the ACPC dealer asks him
        to_act = to_act & ((num_behind > 1) | (state.bets < jnp.max(state.bets)))

    street_ends = ~jnp.any(to_act)
    last_street = rules.num_streets - 1
    showdown = (num_live > 1) & street_ends & ((num_behind < 2) | (state.street == last_street))
    done = showdown | (num_live == 1)
    next_street = street_ends & ~done

    actor = jnp.where(
        next_street,
        _next_seat(rules, jnp.int32(rules.num_players - 1), behind),
        _next_seat(rules, state.actor, to_act),
    )
    return _pay_out(
        replace(
            state,
            actor=jnp.where(done, NOBODY, actor),
            street=jnp.where(showdown, last_street, state.street + next_street),
            bets=jnp.where(next_street | done, 0, state.bets),
            level=jnp.where(next_street, 0, state.level),
            faced=jnp.where(next_street, NOT_ACTED, state.faced),
            last_raise=jnp.where(next_street, state.min_bet, state.last_raise),
            done=done,
        )
    )


def _pay_out(state: State) -> State:
    """Give the pots to their winners if the hand is done."""
    dead = state.pot - jnp.sum(state.contributed, dtype=jnp.int32)
    winnings = settle(state.contributed, dead, ~state.folded, state.strengths)
    stacks = state.stacks + jnp.where(state.done, winnings, 0)
    return replace(
        state,
        stacks=stacks,
        pot=jnp.where(state.done, 0, state.pot),
        payoffs=jnp.where(state.done, stacks - state.starting, 0),
    )


def _one_hot(rules: Rules, seat: jax.Array) -> jax.Array:
    return jnp.arange(rules.num_players, dtype=jnp.int32) == seat


def _at(me: jax.Array, amounts: jax.Array) -> jax.Array:
    """Return the entry of int32[P] where the one-hot mask `me` is True, 0 if it nowhere is."""
    return jnp.sum(jnp.where(me, amounts, 0), dtype=jnp.int32)


def _next_seat(rules: Rules, seat: jax.Array, among: jax.Array) -> jax.Array:
    """Return the first seat of the mask `among` bool[P] to the left of `seat`; any seat if there is none."""
    num_players = rules.num_players
    steps = jnp.arange(num_players, dtype=jnp.int32) - seat
    steps = jnp.where(steps <= 0, steps + num_players, steps)
    next_seat = seat + jnp.min(jnp.where(among, steps, num_players))
    return jnp.where(next_seat >= num_players, next_seat - num_players, next_seat)


def check_action(rules: Rules, state: State, action: int) -> None:
    """Raise ValueError, with a sentence, if `act` would not play this action as it is (host side)."""
    if bool(state.done):
        raise ValueError("The hand is done, so no action can be taken: start a new one.")
    may = legal(rules, state)
    action, least, most = int(action), int(may.min_raise_to), int(may.max_raise_to)
    if action < FOLD:
        raise ValueError(f"Action {action} is none: use -1 to fold, 0 to call, or the chips to raise to.")
    if action == FOLD and rules.house == "acpc" and not bool(may.fold):
        raise ValueError("Folding with nothing owed is not allowed by the ACPC dealer: check instead.")
    if action > CALL and not bool(may.raises):
        raise ValueError(f"Seat {int(state.actor)} may not raise to {action} now: only fold or call.")
    if action > CALL and not least <= action <= most:
        raise ValueError(f"Seat {int(state.actor)} may raise to {least} up to {most} chips, not to {action}.")
