"""One table: a hand started, and the step.

All functions are pure. They are written for one table, with nothing but elementwise operations past the seat
axis, and select with masks instead of branching. So they run under `jax.vmap`, and just as well directly on
states with trailing batch axes (stacks [P, B], actor [B]), which is the layout that vectorises. They are
compiled as they are: written out seat by seat, they would be slow to run operation by operation.
"""

from dataclasses import replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pokerjax.poker import seats
from pokerjax.poker.betting import by_street, legal, next_raise, raise_size
from pokerjax.poker.chips import Stakes
from pokerjax.poker.deck import Deal
from pokerjax.poker.once import compute_once
from pokerjax.poker.pots import settle
from pokerjax.poker.rules import Rules, on_one_line
from pokerjax.poker.state import CALL, NOBODY, NOT_ACTED, State, StateBySeat, by_seat, compute_played_once, stacked
from pokerjax.poker.strengths import strength


@partial(jax.jit, static_argnames="rules", inline=True)
def start(rules: Rules, deal: Deal, stakes: Stakes) -> State:
    """Post antes and blinds and find the first seat to act.

    The hand may be over at once, when the forced bets leave nobody a choice.
    """
    players = range(rules.num_players)
    shape = jnp.broadcast_shapes(deal.hole.shape[2:], stakes.stacks.shape[1:], jnp.shape(stakes.big_blind))

    def each(amounts) -> list[jax.Array]:
        return [jnp.broadcast_to(jnp.asarray(amounts[seat], jnp.int32), shape) for seat in players]

    starting, blinds = each(stakes.stacks), each(stakes.blinds)
    antes = [jnp.minimum(stack, ante) for stack, ante in zip(starting, each(stakes.antes), strict=True)]
    bets = [jnp.minimum(starting[seat] - antes[seat], blinds[seat]) for seat in players]
    largest = seats.largest(blinds)
    min_bet = jnp.broadcast_to(jnp.asarray(stakes.big_blind, jnp.int32), shape)
    if rules.house == "acpc":  # its dealer knows no big blind apart from the largest blind
        min_bet = jnp.maximum(largest, 1)
    last_acted = jnp.zeros(shape, jnp.int32)  # the last seat that "has acted": that of the largest blind
    for seat in players:
        last_acted = jnp.where(blinds[seat] == largest, seat, last_acted)
    if rules.first_to_act is not None:
        last_acted = jnp.full(shape, _seat_before(rules, 0), jnp.int32)
    strengths = deal.strengths
    if strengths is None:
        strengths = [strength([*deal.hole[seat], *deal.board]) for seat in players]
    street = jnp.zeros(shape, jnp.int32)
    first_raise = raise_size(rules, street, min_bet)
    if rules.betting != "fixed_limit":
        first_raise = jnp.maximum(largest, min_bet)
    fields: dict[str, Any] = dict(
        actor=last_acted,
        street=street,
        stacks=[starting[seat] - antes[seat] - bets[seat] for seat in players],
        bets=bets,
        pot=seats.total(antes) + seats.total(bets),
        folded=[jnp.zeros(shape, bool)] * rules.num_players,
        done=jnp.zeros(shape, bool),
        payoffs=[street] * rules.num_players,
        hole=jnp.broadcast_to(jnp.asarray(deal.hole, jnp.int32), deal.hole.shape[:2] + shape),
        board=jnp.broadcast_to(jnp.asarray(deal.board, jnp.int32), deal.board.shape[:1] + shape),
        strengths=each(strengths),
        starting=starting,
        contributed=bets if rules.dead_antes else [antes[seat] + bets[seat] for seat in players],
        level=largest,
        faced=[jnp.full(shape, NOT_ACTED, jnp.int32)] * rules.num_players,
        last_raise=first_raise,
        num_raises=street,
        min_bet=min_bet,
    )
    state = _advance(rules, State(**fields), once=False)  # stakes may be constants of the program
    # Hardly ever is a hand over at once.
    paid_out = jax.lax.cond(jnp.any(state.done), _pay_out, _not_paid_out, state)
    return stacked(replace(state, **paid_out))


def act(rules: Rules, state: State, action: jax.Array | np.ndarray | int) -> State:
    """Play the actor's action: FOLD, CALL, or x > 0 to bet or raise to x chips on this street.

    Never leaves the rules: a raise is moved into its bounds, or becomes a call where none is allowed.
    A fold is always obeyed. Changes nothing once the hand is done. Raises TypeError for what is no integer.
    """
    return _act(rules, state, _narrow(action))


def _narrow(action: Any) -> jax.Array | np.ndarray:
    """The action as int32, what is beyond int32 moved to its end, since it is beyond any bound too."""
    low, high = np.iinfo(np.int32).min, np.iinfo(np.int32).max
    if isinstance(action, int) and not isinstance(action, bool):
        action = min(max(action, low), high)
    if not isinstance(action, jax.Array):
        action = np.asarray(action)
    if not jnp.issubdtype(action.dtype, jnp.integer):
        raise TypeError(f"An action is a whole number of chips, not {on_one_line(action)} ({action.dtype}).")
    if not np.can_cast(action.dtype, np.int32):
        action = action.clip(max(low, int(jnp.iinfo(action.dtype).min)), high)
    return action.astype(np.int32)


@partial(jax.jit, static_argnames="rules", inline=True)
def _act(rules: Rules, state: State, action: jax.Array) -> State:
    may = legal(rules, state)
    old = by_seat(state)
    players = range(rules.num_players)
    me = [old.actor == seat for seat in players]
    folds = action < CALL
    raises = may.raises & (action > CALL)
    raise_to = jnp.clip(action, may.min_raise_to, may.max_raise_to)
    paid = jnp.where(raises, raise_to - seats.at(me, old.bets), jnp.where(folds, 0, may.call_amount))
    level = jnp.where(raises, raise_to, old.level)
    paid, folds, level = compute_once((paid, folds, level))
    by_me = [jnp.where(mine, paid, 0) for mine in me]
    last_raise, counts = next_raise(rules, old, level)
    moved = replace(
        old,
        stacks=[old.stacks[seat] - by_me[seat] for seat in players],
        bets=[old.bets[seat] + by_me[seat] for seat in players],
        pot=old.pot + paid,
        folded=[old.folded[seat] | (me[seat] & folds) for seat in players],
        contributed=[old.contributed[seat] + by_me[seat] for seat in players],
        level=level,
        faced=[jnp.where(me[seat], level, old.faced[seat]) for seat in players],
        last_raise=last_raise,
        num_raises=old.num_raises + counts if rules.max_raises is not None else old.num_raises,
    )
    after = _advance(rules, moved, once=True)
    after = replace(after, **_pay_out(after))
    after = jax.tree.map(lambda before, new: jnp.where(old.done, before, new), old, after)
    return stacked(compute_played_once(after))


def _advance(rules: Rules, state: StateBySeat, *, once: bool) -> StateBySeat:
    """Find who acts next after `state.actor`: on this street, on the next one, or nobody (then the hand is done)."""
    players = range(rules.num_players)
    live = [~folded for folded in state.folded]
    behind = [live[seat] & (state.stacks[seat] > 0) for seat in players]
    num_live, num_behind = seats.count(live), seats.count(behind)
    to_act = [behind[seat] & (state.faced[seat] < state.level) for seat in players]
    if rules.house == "tda":  # the last one with chips acts only if he owes some; the ACPC dealer asks him
        largest_bet = seats.largest(state.bets)
        to_act = [to_act[seat] & ((num_behind > 1) | (state.bets[seat] < largest_bet)) for seat in players]

    street_ends = ~seats.any_of(to_act)
    last_street = rules.num_streets - 1
    showdown = (num_live > 1) & street_ends & ((num_behind < 2) | (state.street == last_street))
    done = showdown | (num_live == 1)
    next_street = street_ends & ~done
    street = jnp.where(showdown, last_street, state.street + next_street)

    among = [jnp.where(next_street, behind[seat], to_act[seat]) for seat in players]
    actor = seats.next_after(jnp.where(next_street, _seat_before(rules, street), state.actor), among)
    first_raise = raise_size(rules, street, state.min_bet)
    turn = actor, street, done, next_street, first_raise
    actor, street, done, next_street, first_raise = compute_once(turn) if once else turn
    sweeps = next_street | done
    return replace(
        state,
        actor=jnp.where(done, NOBODY, actor),
        street=street,
        bets=[jnp.where(sweeps, 0, bet) for bet in state.bets],
        level=jnp.where(next_street, 0, state.level),
        faced=[jnp.where(next_street, NOT_ACTED, faced) for faced in state.faced],
        last_raise=jnp.where(next_street, first_raise, state.last_raise),
        num_raises=jnp.where(next_street, 0, state.num_raises),
        done=done,
    )


def _seat_before(rules: Rules, street: jax.Array | int) -> jax.Array | int:
    """The seat right of the first to act on a street (after the first street unless the rules name one there)."""
    if rules.first_to_act is None:
        return rules.num_players - 1
    before = tuple((seat - 1) % rules.num_players for seat in rules.first_to_act)
    return before[street] if isinstance(street, int) else by_street(before, street)


def _pay_out(state: StateBySeat) -> dict[str, Any]:
    """The fields of the state that change when the pots go to their winners, where the hand is done."""
    dead = state.pot - seats.total(state.contributed)
    winnings = settle(state.contributed, dead, [~folded for folded in state.folded], state.strengths)
    stacks = [stack + jnp.where(state.done, won, 0) for stack, won in zip(state.stacks, winnings, strict=True)]
    gains = [stack - before for stack, before in zip(stacks, state.starting, strict=True)]
    payoffs = [jnp.where(state.done, gain, 0) for gain in gains]
    return {"stacks": stacks, "pot": jnp.where(state.done, 0, state.pot), "payoffs": payoffs}


def _not_paid_out(state: StateBySeat) -> dict[str, Any]:
    return {"stacks": state.stacks, "pot": state.pot, "payoffs": state.payoffs}
