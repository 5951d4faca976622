"""From the sums of a match to its result: control variates fitted across two halves of the deals.

With y the result of a deal and x its control variates (mean zero), y - b.x has the mean of y for every b that does
not depend on this deal. The best b is the regression of y on x. It is fitted to each half of the deals and used on
the other half, so the result is unbiased without any assumption about x beyond its mean.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

PRIOR = 1.0  # deviation of b expected beforehand: results and terms are both in big blinds


class Estimate(NamedTuple):
    """A mean and the standard error of it."""

    mean: float
    error: float


def estimate(moments: np.ndarray, result: int, terms: list[int]) -> Estimate:
    """The mean of column `result` with the terms fitted and subtracted, from sums over independent deals.

    moments: float64[2, Z, Z], for each half of the deals the sum over deals of z z', where z[0] = 1.

    The error is that of the residuals, whose variance includes what the fit to the other half gets wrong; that
    the halves share two deals' worth of noise through their fits is of order (terms / deals) and left out.
    """
    number = moments[:, 0, 0]
    sums, squares = np.zeros(2), np.zeros(2)
    for half in range(2):
        weights = np.zeros(moments.shape[1])
        weights[result] = 1
        if terms:
            weights[terms] = -_fit(moments[1 - half], result, terms)
        sums[half] = weights @ moments[half, 0]
        squares[half] = weights @ moments[half] @ weights
    total = number.sum()
    mean = sums.sum() / total
    variance = max(squares.sum() / total - mean**2, 0.0) * total / (total - 1)
    return Estimate(mean=float(mean), error=float(np.sqrt(variance / total)))


def _fit(moments: np.ndarray, result: int, terms: list[int]) -> np.ndarray:
    """Regression coefficients of the result on the terms, held near 0 by a prior of deviation PRIOR each.

    A term that was hardly ever moved in these deals says nothing of its coefficient. Unheld, it would get any, and
    one deal of the other half that does move it would outweigh all others.
    """
    number = moments[0, 0]
    means = moments[0] / number
    covariance = moments / number - np.outer(means, means)
    held = np.eye(len(terms)) * max(covariance[result, result], 1e-12) / (number * PRIOR**2)
    return np.linalg.solve(covariance[np.ix_(terms, terms)] + held, covariance[terms, result])
