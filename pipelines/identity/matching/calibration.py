"""What people decided, as a correction of the evidence: where they say no to pairs at 4 bits, 4 bits are worth less.

Logistic calibration (Platt 1999) of the log odds, held to "no correction" by a prior as strong as a few dozen
decisions (MacKay 1992: the penalty is a Gaussian prior). Choosing pairs for review by their odds does not bias it,
because it asks how often pairs of given odds are one customer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipelines.identity.matching.evidence import Mask

# Standard deviations of the factor around 1, and of the offset around 0 (bits), before anybody has decided anything.
FACTOR_SPREAD, OFFSET_SPREAD = 0.2, 1.5


@dataclass(frozen=True)
class Calibration:
    """Calibrated bits are `factor` times the bits of the evidence plus `offset`."""

    factor: float = 1.0
    offset: float = 0.0

    def apply(self, bits: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """Calibrate log2 odds."""
        return (self.factor * bits + self.offset).astype(np.float32)


NO_CALIBRATION = Calibration()


def fit(bits: npt.NDArray[np.floating], is_match: Mask) -> Calibration:
    """Find the most probable calibration given decisions on pairs with so many bits; the problem is convex."""
    if not len(bits):
        return NO_CALIBRATION
    # Half a second to import, and most commands and runs calibrate nothing.
    from scipy.optimize import minimize

    sides = np.where(is_match, -np.log(2), np.log(2))

    def cost(found: npt.NDArray[np.float64]) -> float:
        factor, offset = found
        prior = ((factor - 1) / FACTOR_SPREAD) ** 2 + (offset / OFFSET_SPREAD) ** 2
        return float(np.logaddexp(0, sides * (factor * bits + offset)).sum() + prior / 2)

    # Evidence for a match never turns into evidence against it.
    factor, offset = minimize(cost, (1.0, 0.0), method="L-BFGS-B", bounds=[(0.0, None), (None, None)]).x
    return Calibration(float(factor), float(offset))
