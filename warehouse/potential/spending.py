"""Gamma-gamma: how much customers spend at a time.

Fader and Hardie, "The Gamma-Gamma Model of Monetary Value" (2013). What a customer spends varies around a mean of his
own (gamma), and the means vary over customers (gamma again). It takes spending to have nothing to do with frequency.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from warehouse.potential.purchases import Floats, NoFit

_FENCE = 8.0


@dataclass(frozen=True)
class Spendings:
    """Customers with the same number of purchases and about the same mean counted together; arrays of one length."""

    purchases: Floats
    mean: Floats
    customers: Floats


@dataclass(frozen=True)
class SpendModel:
    """A purchase is Gamma(p, nu) with nu Gamma(q, v) over customers; v in the currency of the amounts."""

    p: float
    q: float
    v: float


def fit_spending(spendings: Spendings) -> SpendModel:
    """The model under which these means are likeliest. Raises NoFit when the search finds none."""
    total = spendings.customers.sum()
    # In units of the mean over customers, so that the search begins near its end in any currency.
    unit = float((spendings.mean * spendings.customers).sum() / total)
    scaled = Spendings(spendings.purchases, spendings.mean / unit, spendings.customers)

    def unlikelihood(logarithms: Floats) -> float:
        each = log_likelihood(SpendModel(*np.exp(logarithms).tolist()), scaled)
        return -float((each * scaled.customers).sum() / total)

    found = optimize.minimize(unlikelihood, np.log([2.0, 3.0, 1.0]), method="L-BFGS-B", bounds=[(-_FENCE, _FENCE)] * 3)
    if not found.success:
        raise NoFit(str(found.message))
    p, q, v = np.exp(found.x).tolist()
    return SpendModel(p, q, v * unit)


def log_likelihood(model: SpendModel, spendings: Spendings) -> Floats:
    """Logarithm of the likelihood of each mean (equation 1a of the paper)."""
    shape = model.p * spendings.purchases
    return np.asarray(
        special.gammaln(shape + model.q)
        - special.gammaln(shape)
        - special.gammaln(model.q)
        + model.q * np.log(model.v)
        + (shape - 1) * np.log(spendings.mean)
        + shape * np.log(spendings.purchases)
        - (shape + model.q) * np.log(model.v + spendings.purchases * spendings.mean)
    )
