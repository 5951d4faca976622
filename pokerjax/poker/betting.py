"""What the seat to act may do, and how a bet or raise moves the price: one rule body behind "may I" and "do it"."""

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp

from pokerjax.poker import seats
from pokerjax.poker.chips import is_whole_number
from pokerjax.poker.once import compute_once
from pokerjax.poker.rules import Rules, on_one_line
from pokerjax.poker.state import CALL, FOLD, NOT_ACTED, State, StateBySeat, by_seat


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


@partial(jax.jit, static_argnames="rules", inline=True)
def legal(rules: Rules, state: State) -> Legal:
    """Return what the seat to act may do (unbatched, or elementwise on any batch)."""
    return compute_once(_legal(rules, by_seat(state)))


def _legal(rules: Rules, state: StateBySeat) -> Legal:
    players = range(rules.num_players)
    me = [state.actor == seat for seat in players]
    stack, bet, faced = (seats.at(me, x) for x in (state.stacks, state.bets, state.faced))
    rivals = [~me[seat] & ~state.folded[seat] for seat in players]

    # A short blind is called in full, unless no rival can match more than the largest real bet.
    largest_bet = seats.largest(state.bets)
    can_match_more = seats.any_of(
        rivals[seat] & (state.bets[seat] + state.stacks[seat] > largest_bet) for seat in players
    )
    price = jnp.where(can_match_more, state.level, largest_bet)
    call_amount = jnp.clip(price - bet, 0, stack)

    most = bet + stack
    can_answer = seats.any_of(rivals[seat] & (state.stacks[seat] > 0) for seat in players)
    raises = ~state.done & (most > state.level) & can_answer
    if rules.house == "tda":  # who has acted may raise again only when faced with a full raise since
        since = state.level - faced
        if rules.betting == "fixed_limit":  # or with half a bet
            reopened = 2 * since >= raise_size(rules, state.street, state.min_bet)
        else:
            reopened = since >= state.last_raise
        raises = raises & ((faced == NOT_ACTED) | reopened)
    if rules.max_raises is not None:
        raises = raises & (state.num_raises < by_street(rules.max_raises, state.street))

    min_raise_to = jnp.minimum(state.level + state.last_raise, most)
    max_raise_to = most
    if rules.betting == "fixed_limit":
        max_raise_to = min_raise_to
    elif rules.betting == "pot_limit":  # call, then raise by all that is in the pot
        pot_raise = state.pot + (state.level - bet)
        max_raise_to = jnp.maximum(min_raise_to, state.level + jnp.minimum(pot_raise, most - state.level))
    return Legal(
        fold=~state.done & (call_amount > 0),
        call=~state.done,
        raises=raises,
        call_amount=call_amount,
        min_raise_to=jnp.where(raises, min_raise_to, 0),
        max_raise_to=jnp.where(raises, max_raise_to, 0),
    )


def next_raise(rules: Rules, state: StateBySeat, level: jax.Array) -> tuple[jax.Array, jax.Array]:
    """What the next raise must add to `level`, the price after this action, and whether this was a raise to count."""
    raised = level - state.level
    if rules.betting == "fixed_limit" and rules.house == "tda":
        # An all-in raise of at least half a bet stands for a whole one; a smaller one may be completed.
        size = raise_size(rules, state.street, state.min_bet)
        counts = (raised > 0) & (2 * (size - state.last_raise + raised) >= size)
        return jnp.where(counts, size, state.last_raise - raised), counts
    if rules.betting == "fixed_limit":
        return state.last_raise, raised > 0
    least = state.last_raise
    if rules.house == "acpc":  # asks for no less in all than before, and for no less on top than now
        least = least - raised
    return jnp.maximum(least, raised), raised > 0


def raise_size(rules: Rules, street: jax.Array, min_bet: jax.Array) -> jax.Array:
    """What a bet or a full raise adds at least on a street before anyone has raised, int32 chips."""
    if rules.betting != "fixed_limit":
        return min_bet
    if rules.raise_sizes is not None:
        return by_street(rules.raise_sizes, street)
    return jnp.where(2 * street >= rules.num_streets, 2 * min_bet, min_bet)


def by_street(values: tuple[int, ...], street: jax.Array) -> jax.Array:
    """`values[street]`, int32, as a chain of comparisons."""
    found = jnp.full_like(street, values[0])
    for number, value in enumerate(values[1:], 1):
        if value != values[number - 1]:
            found = jnp.where(street >= number, value, found)
    return found


def check_action(rules: Rules, state: State, action: int) -> None:
    """Raise ValueError, with a sentence, if `act` would not play this action as it is (host side, unbatched)."""
    if not is_whole_number(action):
        shown = on_one_line(action)
        raise ValueError(f"Action {shown} is none: use -1 to fold, 0 to call, or the whole chips to raise to.")
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
        bounds = f"to {least}" if least == most else f"to {least} up to {most}"
        raise ValueError(f"Seat {int(state.actor)} may raise {bounds} chips, not to {action}.")
