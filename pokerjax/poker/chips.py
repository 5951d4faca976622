"""For how much a hand is played (`Stakes`, traced), checked on the host."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from pokerjax.poker.rules import MAX_CHIPS, Rules, on_one_line

HALF = MAX_CHIPS // 2


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False)
class Stakes:
    """Chips at the start of a hand. Traced, so one compiled program serves every depth.

    Forced bets are nominal: a seat posts min(stack, nominal), antes first.
    """

    stacks: jax.Array  # int32[P] chips, before antes and blinds
    blinds: jax.Array  # int32[P] chips
    antes: jax.Array  # int32[P] chips
    big_blind: jax.Array  # int32 chips, the minimum bet; smaller than the largest blind in a straddled hand


def stakes(rules: Rules, *, stacks=None, blinds=None, antes=None, big_blind: int | None = None) -> Stakes:
    """Build and check the stakes of a hand (host side).

    What is left out is as the rules say (`Rules.stacks` and so on); where they say nothing, blinds are
    (50, 100), there are no antes, and stacks have to be given.

    stacks, antes: one amount for all seats, or one a seat.
    blinds: one a seat, or the pair (small, big), which sits where the rules put it: seats 0 and 1,
        heads-up 1 and 0. Heads-up, one a seat and the pair have the same length: (100, 50) is by seat,
        (50, 100) the pair.
    big_blind: the minimum bet; by default what the big blind's seat posts. Give it when that is 0.

    Raises ValueError with the value, the rule and the remedy.
    """
    num_players = rules.num_players
    if stacks is None and rules.stacks is None:
        raise ValueError("stacks must be given: these rules name none.")
    if big_blind is None:
        big_blind = rules.big_blind
    stacks = _per_seat("stacks", rules.stacks if stacks is None else stacks, num_players)
    antes = _per_seat("antes", (rules.antes or 0) if antes is None else antes, num_players)
    if blinds is None and rules.blinds is not None:
        blinds = _per_seat("blinds", rules.blinds, num_players)
    else:
        blinds = _blinds_per_seat((50, 100) if blinds is None else blinds, num_players)
    if stacks.min() < 1:
        raise ValueError(f"stacks {stacks.tolist()} must be positive: leave empty seats out of the hand.")
    if stacks.sum() > MAX_CHIPS:
        raise ValueError(f"stacks add up to more than {MAX_CHIPS} chips ({stacks.sum()}): use a larger unit.")
    if max(blinds.max(), antes.max()) > HALF:
        raise ValueError(f"blinds and antes must be at most {HALF} chips: use a larger unit.")
    if big_blind is None:
        big_blind = int(blinds[0 if num_players == 2 else 1])
    if not is_whole_number(big_blind):
        raise ValueError(f"big_blind (the minimum bet) must be whole chips, not {on_one_line(big_blind)}.")
    if not 1 <= big_blind <= HALF:
        name = ": give it, where its seat posts none" if big_blind == 0 else ""
        raise ValueError(f"big_blind (the minimum bet) must be 1 to {HALF} chips, not {big_blind}{name}.")
    return Stakes(*(jnp.asarray(x, jnp.int32) for x in (stacks, blinds, antes, big_blind)))


def is_whole_number(value: object) -> bool:
    """Whether a value is one whole number: an int, or an integer array without axes."""
    if isinstance(value, np.ndarray | jax.Array):
        return value.ndim == 0 and jnp.issubdtype(value.dtype, jnp.integer)
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _per_seat(name: str, amounts, num_players: int) -> np.ndarray:
    """Return whole, non-negative amounts as int64[P]."""
    try:
        amounts = np.asarray(amounts)
    except ValueError:  # rows of different lengths
        raise ValueError(
            f"{name} must be one amount or {num_players}, one a seat, not {on_one_line(amounts)}."
        ) from None
    if amounts.ndim > 1 or (amounts.ndim == 1 and len(amounts) != num_players):
        raise ValueError(f"{name} must be one amount or {num_players}, one a seat, not {amounts.tolist()!r}.")
    _check_whole(name, amounts)
    if amounts.min() < 0:
        raise ValueError(f"{name} must not be negative, but are {amounts.tolist()}.")
    if amounts.max() > MAX_CHIPS:
        raise ValueError(f"{name} must be at most {MAX_CHIPS} chips, but are {amounts.tolist()}: use a larger unit.")
    return np.broadcast_to(amounts.astype(np.int64), (num_players,))


def _check_whole(name: str, amounts: np.ndarray) -> None:
    shown = on_one_line(amounts.tolist())
    if np.issubdtype(amounts.dtype, np.floating):
        raise ValueError(f"{name} must be whole chips, not {shown}: use a smaller chip unit.")
    if amounts.dtype == object and all(isinstance(amount, int) for amount in amounts.flat):
        raise ValueError(f"{name} must be at most {MAX_CHIPS} chips, but are {shown}: use a larger unit.")
    if not np.issubdtype(amounts.dtype, np.integer):
        raise ValueError(f"{name} must be whole numbers of chips, one or a list of them, not {shown}.")


def _blinds_per_seat(blinds, num_players: int) -> np.ndarray:
    try:
        blinds = np.asarray(blinds)
    except ValueError:
        raise ValueError(
            f"blinds must be one amount a seat or the pair (small, big), not {on_one_line(blinds)}."
        ) from None
    _check_whole("blinds", blinds)
    if blinds.shape == (2,) and num_players > 2:
        if blinds[0] > blinds[1]:
            raise ValueError(f"blinds {tuple(blinds.tolist())} must be (small, big): swap them, or give one a seat.")
        blinds = np.concatenate([blinds, np.zeros(num_players - 2, blinds.dtype)])
    elif blinds.shape == (2,) and blinds[0] < blinds[1]:
        blinds = blinds[::-1]
    elif blinds.ndim == 0:
        raise ValueError(f"blinds must be one amount a seat or the pair (small, big), not {blinds}.")
    return _per_seat("blinds", blinds, num_players)
