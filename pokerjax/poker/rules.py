"""What game is played (`Rules`, static) and for how much (`Stakes`, traced).

Both are checked here, on the host, once: the traced functions of the package trust them.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

MAX_CHIPS = 2**30  # all chips of a table together; leaves room for sums and doubled raises in int32


@dataclass(frozen=True)
class Rules:
    """The rules of a game. Hashable, so it can be a static argument of `jax.jit`.

    Seats are positions: seat 0 is the first left of the button, seat num_players - 1 is the button.

    num_players: 2 to 10.
    betting: "no_limit".
    house: "tda" (live and online play) or "acpc" (the Annual Computer Poker Competition's dealer).
    dead_antes: antes go dead into the main pot instead of counting for side pots.
    hole_cards: cards of each seat.
    board_cards: board cards turned up at the start of each street.
    """

    num_players: int
    betting: str = "no_limit"
    house: str = "tda"
    dead_antes: bool = False
    hole_cards: int = 2
    board_cards: tuple[int, ...] = (0, 3, 1, 1)

    def __post_init__(self):
        if isinstance(self.num_players, bool) or not isinstance(self.num_players, int):
            raise ValueError(f"num_players must be an int from 2 to 10, not {self.num_players!r}.")
        if not 2 <= self.num_players <= 10:
            raise ValueError(f"num_players must be from 2 to 10, not {self.num_players}.")
        if self.betting != "no_limit":
            raise ValueError(f'betting must be "no_limit" (no other is played so far), not {self.betting!r}.')
        if self.house not in ("tda", "acpc"):
            raise ValueError(f'house must be "tda" or "acpc", not {self.house!r}.')
        if not isinstance(self.dead_antes, bool):
            raise ValueError(f"dead_antes must be True or False, not {self.dead_antes!r}.")
        if (self.hole_cards, self.board_cards) != (2, (0, 3, 1, 1)):
            raise ValueError("hole_cards must be 2 and board_cards (0, 3, 1, 1): only hold'em is played.")

    @property
    def num_streets(self) -> int:
        return len(self.board_cards)

    @property
    def num_board_cards(self) -> int:
        return sum(self.board_cards)

    @property
    def num_cards(self) -> int:
        """Cards dealt in a hand: all hole cards, then the whole board."""
        return self.num_players * self.hole_cards + self.num_board_cards


def no_limit_holdem(num_players: int, *, house: str = "tda", dead_antes: bool = False) -> Rules:
    """Return the rules of no-limit Texas hold'em."""
    return Rules(num_players, "no_limit", house, dead_antes)


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


def stakes(rules: Rules, *, stacks, blinds=(50, 100), antes=0, big_blind: int | None = None) -> Stakes:
    """Build and check the stakes of a hand (host side).

    stacks, antes: one amount for all seats, or one a seat.
    blinds: one a seat, or the pair (small, big), which sits where the rules put it: seats 0 and 1,
        heads-up 1 and 0. Heads-up, one a seat and the pair have the same length: (100, 50) is by seat,
        (50, 100) the pair.
    big_blind: the minimum bet; by default what the big blind's seat posts. Give it when that is 0.

    Raises ValueError with the value, the rule and the remedy.
    """
    num_players = rules.num_players
    stacks = _per_seat("stacks", stacks, num_players)
    antes = _per_seat("antes", antes, num_players)
    blinds = _blinds_per_seat(blinds, num_players)
    if stacks.min() < 1:
        raise ValueError(f"stacks {stacks.tolist()} must be positive: leave empty seats out of the hand.")
    if stacks.sum() > MAX_CHIPS:
        raise ValueError(f"stacks add up to more than {MAX_CHIPS} chips ({stacks.sum()}): use a larger unit.")
    if max(blinds.max(), antes.max()) > MAX_CHIPS // 2:
        raise ValueError(f"blinds and antes must be at most {MAX_CHIPS // 2} chips: use a larger unit.")
    if big_blind is None:
        big_blind = int(blinds[0 if num_players == 2 else 1])
    if not 1 <= big_blind <= MAX_CHIPS // 2:
        raise ValueError(f"big_blind (the minimum bet) must be 1 to {MAX_CHIPS // 2} chips, not {big_blind}.")
    return Stakes(*(jnp.asarray(x, jnp.int32) for x in (stacks, blinds, antes, big_blind)))


def _per_seat(name: str, amounts, num_players: int) -> np.ndarray:
    """Return whole, non-negative amounts as int64[P]."""
    amounts = np.asarray(amounts)
    if amounts.ndim > 1 or (amounts.ndim == 1 and len(amounts) != num_players):
        raise ValueError(f"{name} must be one amount or {num_players}, one a seat, not {amounts.tolist()}.")
    if not np.issubdtype(amounts.dtype, np.integer):
        raise ValueError(f"{name} must be whole chips, not {amounts.tolist()}: use a smaller chip unit.")
    if amounts.min() < 0:
        raise ValueError(f"{name} must not be negative, but are {amounts.tolist()}.")
    return np.broadcast_to(amounts.astype(np.int64), (num_players,))


def _blinds_per_seat(blinds, num_players: int) -> np.ndarray:
    blinds = np.asarray(blinds)
    if blinds.shape == (2,) and num_players > 2:
        blinds = np.concatenate([blinds, np.zeros(num_players - 2, blinds.dtype)])
    elif blinds.shape == (2,) and blinds[0] < blinds[1]:
        blinds = blinds[::-1]
    elif blinds.ndim == 0:
        raise ValueError(f"blinds must be one amount a seat or the pair (small, big), not {blinds}.")
    return _per_seat("blinds", blinds, num_players)
