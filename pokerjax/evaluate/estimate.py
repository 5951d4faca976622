"""From the sums of a match to its result: control variates fitted across folds of the deals.

With y the result of a deal and x its control variates (mean zero), y - b.x has the mean of y for every b that does
not depend on this deal. The best b is the regression of y on x. It is fitted to all folds but one and used on that
one, so the result is unbiased without any assumption about x beyond its mean.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

PRIORS = (0.0, 0.1, 0.25, 0.5, 1.0)
"""Deviations of b that may be expected beforehand; results and terms are both in big blinds."""


class Estimate(NamedTuple):
    """A mean and the standard error of it."""

    mean: float
    error: float


def estimate(moments: np.ndarray, result: int, terms: list[int]) -> Estimate:
    """The mean of column `result` with the terms fitted and subtracted, from sums over independent deals.

    moments: float64[K, Z, Z], for each of K folds of the deals the sum over deals of z z', where z[0] = 1; at least
    3 folds where there are terms.

    The error is that of the residuals, whose variance includes what the fit to the other folds gets wrong; that
    the folds share some deals' worth of noise through their fits is of order (terms / deals) and left out.
    """
    everything = moments.sum(0)
    number, sums, squares = everything[0, 0], 0.0, 0.0
    for fold in range(len(moments)):
        others, weights = np.delete(moments, fold, axis=0), _weights(len(everything), result)
        if terms:  # the prior too is chosen without this fold
            prior = min(PRIORS, key=lambda prior, others=others: _left(others, result, terms, prior))
            weights = _controlled(others.sum(0), result, terms, prior)
        sums += weights @ moments[fold, 0]
        squares += weights @ moments[fold] @ weights
    mean = sums / number
    variance = max(squares / number - mean**2, 0.0) * number / (number - 1)
    return Estimate(mean=float(mean), error=float(np.sqrt(variance / number)))


def half_width(error: float, number: int) -> float:
    """Half-width of the 95 % interval about a mean of so many independent values (at least 2), from its standard error.

    By Student's t, which is 1.96 for many values and 2.26 for ten; exact where the values are normal.
    """
    return float(stdtrit(number - 1, 0.975)) * error


def _left(moments: np.ndarray, result: int, terms: list[int], prior: float) -> float:
    """The sum of squares about their mean that fits with this prior leave in the folds they are not fitted to."""
    everything = moments.sum(0)
    sums, squares = 0.0, 0.0
    for fold in moments:
        weights = _controlled(everything - fold, result, terms, prior)
        sums += weights @ fold[0]
        squares += weights @ fold @ weights
    return squares - sums**2 / everything[0, 0]


def _weights(size: int, result: int) -> np.ndarray:
    weights = np.zeros(size)
    weights[result] = 1
    return weights


def _controlled(moments: np.ndarray, result: int, terms: list[int], prior: float) -> np.ndarray:
    """Weights [Z] of the columns in the result less the fitted terms, each coefficient held near 0 by a prior of that
    deviation.

    A term that was hardly ever moved in these deals says nothing of its coefficient. Unheld, it would get any, and
    one deal of the other folds that does move it would outweigh all others.
    """
    weights = _weights(len(moments), result)
    if prior:
        number = moments[0, 0]
        means = moments[0] / number
        covariance = moments / number - np.outer(means, means)
        held = np.eye(len(terms)) * max(covariance[result, result], 1e-12) / (number * prior**2)
        weights[terms] = -np.linalg.solve(covariance[np.ix_(terms, terms)] + held, covariance[terms, result])
    return weights
