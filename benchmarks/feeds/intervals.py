"""Intervals for shares and rates, so that few trials are not read as many."""

from __future__ import annotations

import math

from scipy.special import gammaincinv

CONFIDENCE = 0.95
_Z = 1.959963984540054  # 97.5 % of a normal distribution


def wilson(hits: int, trials: int) -> tuple[float, float]:
    """Bounds of a share (Wilson, JASA 22, 1927, p. 209); (0, 1) when nothing was tried."""
    if trials == 0:
        return 0.0, 1.0
    share, z2 = hits / trials, _Z**2
    centre = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    reach = _Z / (1 + z2 / trials) * math.sqrt(share * (1 - share) / trials + z2 / (4 * trials**2))
    return max(0.0, centre - reach), min(1.0, centre + reach)


def poisson(count: int) -> tuple[float, float]:
    """Exact bounds of the mean of a count (Garwood, Biometrika 28, 1936, p. 437)."""
    tail = (1 - CONFIDENCE) / 2
    # The quantile of gamma with this shape, which is half of that of chi-squared with twice the degrees of freedom.
    low = gammaincinv(count, tail) if count else 0.0
    return float(low), float(gammaincinv(count + 1, 1 - tail))
