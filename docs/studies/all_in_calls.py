"""How widely may a big blind call an all-in of 100 big blinds? What it wins of the careless against what it leaves.

    python docs/studies/all_in_calls.py

Heads-up, before the flop, the small blind moves all-in or folds. Against one that moves all-in with everything a wide
call wins most; one that chooses its hands well profits from it. For each amount won from the first, a linear programme
over the 169 classes finds the calls that leave least to the second. One core, half a minute.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from scipy.optimize import linprog

from pokerjax import device
from pokerjax.evaluate.range_equity import compatible, preflop_matrix
from pokerjax.evaluate.ranges import HANDS

STACK = 100.0
SMALL, BIG = 0.5, 1.0  # blinds


def classes() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shares [169] of the classes, how likely another holds each [169, 169] beside one's own, and equities there."""
    hands = np.asarray(HANDS)
    ranks, suited = np.sort(hands // 4, axis=1), hands[:, 0] % 4 == hands[:, 1] % 4
    _, of_class = np.unique(np.column_stack([ranks, suited]), axis=0, return_inverse=True)
    member = np.eye(of_class.max() + 1)[of_class.reshape(-1)].T
    beside = np.asarray(compatible(jnp.asarray(hands)))
    pairs = member @ beside @ member.T
    equities = member @ (np.asarray(preflop_matrix()) * beside) @ member.T / np.maximum(pairs, 1)
    return member.mean(axis=1), pairs / pairs.sum(axis=1, keepdims=True), equities


def main() -> None:
    """Print what is won from all-ins with everything, the share of hands that calls, and what the best reply has."""
    device.use_compilation_cache()
    shares, beside, equities = classes()
    number = len(shares)
    showdown = (2 * equities - 1) * STACK  # of the row's hand against the column's, big blinds
    against_all = np.sum(beside * showdown, axis=1)
    most = np.sum(shares * np.maximum(against_all, -BIG))
    widest = shares[against_all > -BIG].sum()
    print(f"{most:+.2f} bb a hand is the most that is won from all-ins with everything: calls {widest:.1%}")
    gains = beside * (showdown - BIG)  # what each class adds to the small blind's all-in by calling and not folding
    for wanted in np.arange(1.0, np.floor(most) + 1):
        # Variables: how often each class calls, and what the small blind has with each of its own, fold or all-in.
        rules = np.vstack([
            np.hstack([gains, -np.eye(number)]),
            np.concatenate([-shares * (against_all + BIG), np.zeros(number)]),
        ])  # fmt: skip
        bounds = [(0, 1)] * number + [(-SMALL, None)] * number
        limits = np.append(-np.full(number, BIG), -(wanted + BIG))
        costs = np.concatenate([np.zeros(number), shares])
        found = linprog(costs, A_ub=rules, b_ub=limits, bounds=bounds, method="highs")
        calls = np.sum(shares * found.x[:number])
        print(f"{wanted:+.0f} bb a hand: calls {calls:.1%}, the best small blind has {found.fun:+.3f} bb a hand")


if __name__ == "__main__":
    main()
