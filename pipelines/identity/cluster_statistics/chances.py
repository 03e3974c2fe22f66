"""How likely chance alone makes a share as it is, reckoned exactly: bases may be small, and faults are rare.

What SciPy has in `scipy.stats`, which takes half a second to import.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special

# Outcomes that are equally likely differ by rounding (Fisher's test of R allows for as much).
ROUNDING = 1e-7


def as_many(cases: int, base: int, share: float) -> float:
    """Probability of so many cases or more among `base`, each a case with probability `share` (binomial)."""
    return float(special.bdtrc(cases - 1, base, share)) if cases else 1.0


def as_few(cases: int, base: int, share: float) -> float:
    """Probability of so many cases or fewer among `base`."""
    return float(special.bdtr(cases, base, share))


def as_different(cases: int, base: int, former_cases: int, former_base: int) -> float:
    """Probability that two groups of one share differ as much or more: Fisher's exact test, two-sided.

    Fisher 1922, Journal of the Royal Statistical Society 85(1) 87–94; it holds its level at any base.
    """
    together = cases + former_cases
    outcomes = np.arange(max(0, together - former_base), min(together, base) + 1)
    logs = _log_ways(base, outcomes) + _log_ways(former_base, together - outcomes)
    likelihood = np.exp(logs - logs.max())
    seen = likelihood[cases - outcomes[0]]
    return float(likelihood[likelihood <= seen * (1 + ROUNDING)].sum() / likelihood.sum())


def _log_ways(base: int, cases: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Logarithm of how many ways there are to choose the cases."""
    return np.asarray(special.gammaln(base + 1) - special.gammaln(cases + 1) - special.gammaln(base - cases + 1))
