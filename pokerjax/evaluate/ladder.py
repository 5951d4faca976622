"""A ladder: checkpoints play each other, and each gets a rating in big blinds per 100 hands.

The ratings r are those whose differences come nearest to the results: least squares of m[i, j] = r[i] - r[j], each
match weighted by one over its variance, with mean rating zero. It is the Bradley-Terry model with a result in
bb/100 in place of the chance to win. Poker need not be transitive, so differences of ratings need not be the
results; `Ratings.misfit` tells how far they are from it.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np

from pokerjax import checkpoint
from pokerjax.config import UserError, require
from pokerjax.evaluate.contest import Contestant, at_table, check_same_game, load, seat
from pokerjax.evaluate.match import MatchResult, play_match

Results = Mapping[tuple[int, int], MatchResult]
"""Of contestant i against j, from the view of i."""
_LEAST_ERROR = 1e-3  # bb/100: no match is taken for more exact than that


class Ratings(NamedTuple):
    """Strengths in bb/100, their mean zero."""

    rating: np.ndarray  # float64[N]
    ci95: np.ndarray  # float64[N]: half-width of the 95 % interval, from the matches' variances alone
    misfit: float
    """Chi-squared of the results per degree of freedom: about 1 where ratings explain them up to their noise,
    more where who beats whom is not transitive. NaN where nothing is left over to tell."""


def find_contestants(
    runs: Sequence[str], num_players: int | None = None, stack_bb: float | None = None
) -> list[Contestant]:
    """All kept checkpoints of runs, and single checkpoints as they are, by run and games, at one table.

    That is the first one's, as `contest.seat` would have it. Raises `UserError`.
    """
    paths: list[Path] = []
    for run in runs:
        found, _ = checkpoint.resolve(run)
        single = found == Path(run) or found.parent.name != "checkpoints"
        paths += [found] if single else checkpoint.every(found.parents[1])
    contestants: dict[tuple[Path, int], Contestant] = {}
    for path in paths:
        loaded = load(path)
        # The final checkpoint of a run replaces one of the same iteration.
        contestants[loaded.run.absolute(), loaded.iteration] = loaded
    found = list(contestants.values())
    game, first = found[0].config.game, found[0].path
    require(game.variant == "holdem", f"--ladder plays hold'em, but {first} plays {game.variant}: leave it out.")
    table = seat(found[0], num_players, stack_bb).player.environment
    for other in found[1:]:
        check_same_game(table.game, str(other.path), other.config.game)
    if len(found) < 2:
        raise UserError(f"--ladder needs two checkpoints or more, but {first} is alone: name another run besides.")
    return [dataclasses.replace(each, player=at_table(each, table)) for each in found]


def find_rungs(agent: Contestant, *, most: int) -> list[Contestant]:
    """At most `most` checkpoints of the agent's run, evenly spread and its own the last, at its table.

    Only the agent itself where its checkpoint lies in no run.
    """
    folder = agent.path.parent
    paths = checkpoint.every(folder.parent) if folder.name == "checkpoints" else []
    earlier: dict[int, Path] = {}
    for path in paths:
        iteration = checkpoint.read_record(path).iteration
        if iteration < agent.iteration and iteration not in earlier:
            earlier[iteration] = path
    chosen = sorted(earlier)
    if len(chosen) > most - 1:
        chosen = [chosen[round(i * (len(chosen) - 1) / (max(most - 2, 1)))] for i in range(most - 1)]
    loaded = [load(earlier[iteration]) for iteration in chosen]
    return [*(dataclasses.replace(one, player=at_table(one, agent.player.environment)) for one in loaded), agent]


def play_all(
    contestants: Sequence[Contestant], key: jax.Array, *, hands: int
) -> Iterator[tuple[tuple[int, int], MatchResult]]:
    """Play every pair, each on deals of its own, so that the results are independent; `key` is consumed.

    With more than two players a match is one against copies of the other, so both sides of a pair are played.
    Models of equal shape share one compiled match.
    """
    pairs = list(itertools.permutations(range(len(contestants)), 2))
    if contestants[0].player.environment.num_players == 2:
        pairs = [(i, j) for i, j in pairs if i < j]
    for number, (i, j) in enumerate(pairs):
        one, two = contestants[i], contestants[j]
        pair_key = jax.random.fold_in(key, number)
        yield (
            (i, j),
            play_match(one.player, two.player, pair_key, hands=hands, params=one.params, opponent_params=two.params),
        )


def rate(results: Results) -> Ratings:
    """Ratings of contestants 0 to N - 1 that have all been played, by weighted least squares.

    The intervals come from the covariance of the estimate, the pseudo-inverse of the weighted graph Laplacian
    sum of w[i, j] (e_i - e_j)(e_i - e_j)', w one over the variance of a match.
    """
    number = 1 + max(itertools.chain.from_iterable(results))
    pairs = np.array(list(results))
    means = np.array([result.bb100 for result in results.values()])
    errors = np.array([result.ci95 / 1.96 for result in results.values()])
    # A match of a few hands may show no spread at all, and would outweigh all others.
    errors = np.maximum(errors, max(np.median(errors) / 10, _LEAST_ERROR))
    design = np.zeros((len(pairs), number))
    rows = np.arange(len(pairs))
    design[rows, pairs[:, 0]], design[rows, pairs[:, 1]] = 1, -1
    weights = errors**-2.0
    covariance = np.linalg.pinv(design.T @ (weights[:, None] * design), hermitian=True)
    rating = covariance @ design.T @ (weights * means)
    left_over = weights @ (means - design @ rating) ** 2
    freedom = len(pairs) - (number - 1)
    misfit = float(left_over / freedom) if freedom else float("nan")
    return Ratings(rating, 1.96 * np.sqrt(np.diag(covariance)), misfit)
