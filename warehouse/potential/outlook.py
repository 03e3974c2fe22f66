"""Both models put together: what a purchase history foretells in money, with the range that it leaves open.

Of two customers with the same number and times of purchases, one who spent twice as much is foretold twice as much, but
for the weight of the mean over all customers. So everything is kept as a factor of ``v + spent``, spent being all that
the customer spent so far: one row serves every customer with the same history.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from warehouse.potential.purchases import (
    Floats,
    Histories,
    PurchaseModel,
    alive_probability,
    drawn_purchases,
    expected_purchases,
)
from warehouse.potential.spending import SpendModel

_ROWS_AT_ONCE = 20_000  # with 100 draws each the arrays of one turn stay below 100 MB


@dataclass(frozen=True)
class Outlook:
    """Per history: the chance to be a customer still, purchases expected, and factors of ``v + spent``."""

    alive: Floats
    purchases: Floats
    expected_factor: Floats
    low_factor: Floats
    high_factor: Floats


def outlook(
    purchase_model: PurchaseModel,
    spend_model: SpendModel,
    histories: Histories,
    *,
    weeks: float,
    interval: float,
    draws: int,
    rng: np.random.Generator,
) -> Outlook:
    """What the ``weeks`` to come may bring from each history.

    Low and high are quantiles of what a single such customer may spend, not of the mean of many: drawn from the
    posterior of both models, and ``interval`` (0.8) is the share of customers who will spend something in between.
    """
    paid = histories.repeats + 1
    purchases = expected_purchases(purchase_model, histories, weeks)
    # Mean of a purchase given the customer's own: p (v + spent) / (p n + q - 1), equation 5 of the gamma-gamma paper.
    expected = purchases * spend_model.p / (spend_model.p * paid + spend_model.q - 1)
    low, high = np.empty_like(expected), np.empty_like(expected)
    for start in range(0, len(expected), _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        some = Histories(*(column[part] for column in vars(histories).values()))
        number = drawn_purchases(purchase_model, some, weeks, draws, rng)
        # nu is Gamma(q + p n, v + spent): in units of v + spent its rate is 1.
        nu = rng.standard_gamma(spend_model.q + spend_model.p * paid[part, None], number.shape)
        spent = rng.standard_gamma(spend_model.p * number) / nu
        low[part], high[part] = np.quantile(spent, [(1 - interval) / 2, (1 + interval) / 2], axis=1)
    return Outlook(alive_probability(purchase_model, histories), purchases, expected, low, high)
