"""Replaying many recorded hands at once."""

from dataclasses import dataclass, field
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pokerjax import poker


@dataclass
class RecordedHand:
    """A hand played elsewhere. Seats by position; amounts in chips; cards as ints."""

    stacks: list
    blinds: list
    antes: list
    big_blind: int
    hole: list
    board: list
    actions: list = field(default_factory=list)  # ints as poker.act takes them

    def deal(self, rules: poker.Rules) -> tuple[np.ndarray, np.ndarray]:
        """Return hole and board, unknown cards (None, or not turned up) replaced by unused ones."""
        known = {c for pair in [*self.hole, self.board] if pair is not None for c in pair}
        unused = iter(c for c in range(52) if c not in known)
        hole = [pair if pair is not None else [next(unused), next(unused)] for pair in self.hole]
        board = [*self.board, *unused][: rules.num_board_cards]
        return np.array(hole, np.int32), np.array(board, np.int32)


@partial(jax.jit, static_argnums=0)
@partial(jax.vmap, in_axes=(None, 0, 0, 0))
def _play(rules, deal, stakes, actions):
    def step(state, action):
        seen = state, poker.legal(rules, state)
        return poker.act(rules, state, action), seen

    return jax.lax.scan(step, poker.start(rules, deal, stakes), actions)


@pytest.fixture(scope="session")
def replay():
    """Return `replay(rules, hands, num_steps) -> final, before, legal`, numpy trees [N, ...], [N, T, ...].

    Seats, hands and steps are padded up to few sizes, so that few programs are compiled.
    """

    def run(rules, hands, num_steps=64, num_hands=None):
        num_hands = num_hands or len(hands)
        padded = hands + [hands[-1]] * (num_hands - len(hands))
        deals = [hand.deal(rules) for hand in padded]
        deal = poker.Deal(*(jnp.asarray(np.stack(x)) for x in zip(*deals, strict=True)))
        columns = ([getattr(h, name) for h in padded] for name in ("stacks", "blinds", "antes", "big_blind"))
        stakes = poker.Stakes(*(jnp.asarray(np.array(x), jnp.int32) for x in columns))
        actions = np.zeros((num_hands, num_steps), np.int32)
        for row, hand in zip(actions, padded, strict=True):
            row[: len(hand.actions)] = hand.actions
        final, (before, legal) = _play(rules, deal, stakes, jnp.asarray(actions))
        return jax.tree.map(lambda x: np.asarray(x)[: len(hands)], (final, before, legal))

    run.RecordedHand = RecordedHand
    return run
