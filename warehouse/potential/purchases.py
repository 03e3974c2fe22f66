"""BG/NBD: how often customers come back who never say goodbye.

Fader, Hardie and Lee, "Counting Your Customers the Easy Way", Marketing Science 24 (2005), 275-284. While alive a
customer buys at random at a rate of their own (gamma over customers); after each purchase they may be gone for good,
with a chance of their own (beta over customers). A history is x purchases after the first, the last of them t_x
after the first, in a time T since the first; any unit of time will do, here it is the week.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

Floats = npt.NDArray[np.float64]
# Where the search may go, in logarithms: a likelihood that has no peak (nobody ever leaves) ends at the fence.
_FENCE = 8.0
# Points of an integral over the chance of leaving: with 32 the third digit after the point is right.
_POINTS = 32
_TINY = 1e-12  # a chance of leaving as good as none, that can be divided by


class NoFit(ValueError):
    """The likelihood has no peak that the search could find. The message says what the search said."""


@dataclass(frozen=True)
class Histories:
    """Customers with the same history counted together; all arrays of one length."""

    repeats: Floats  # x
    last_at: Floats  # t_x, weeks
    age: Floats  # T, weeks
    customers: Floats


@dataclass(frozen=True)
class PurchaseModel:
    """Rates of purchase are Gamma(r, alpha) over customers, in weeks; chances of leaving are Beta(a, b)."""

    r: float
    alpha: float
    a: float
    b: float


def fit_purchases(histories: Histories) -> PurchaseModel:
    """The model under which these histories are likeliest. Raises NoFit when the search finds none."""
    total = histories.customers.sum()

    def unlikelihood(logarithms: Floats) -> tuple[float, Floats]:
        model = PurchaseModel(*np.exp(logarithms).tolist())
        weight = histories.customers / total
        slope = np.exp(logarithms) * (_slopes(model, histories) * weight).sum(axis=1)
        return -float((log_likelihood(model, histories) * weight).sum()), -slope

    found = optimize.minimize(unlikelihood, np.zeros(4), jac=True, method="L-BFGS-B", bounds=[(-_FENCE, _FENCE)] * 4)
    if not found.success:
        raise NoFit(str(found.message))
    return PurchaseModel(*np.exp(found.x).tolist())


def log_likelihood(model: PurchaseModel, histories: Histories) -> Floats:
    """Logarithm of the likelihood of each history (equation 6 of the paper)."""
    shape = model.r + histories.repeats
    rate = _of_count(lambda x: special.gammaln(model.r + x), histories.repeats) - special.gammaln(model.r)
    chance = _of_count(lambda x: special.betaln(model.a, model.b + x), histories.repeats)
    scale = model.r * np.log(model.alpha) - special.betaln(model.a, model.b)
    alive = -shape * np.log(model.alpha + histories.age)
    return np.asarray(rate + chance + scale + np.logaddexp(alive, _log_of_gone(model, histories)))


def alive_probability(model: PurchaseModel, histories: Histories) -> Floats:
    """The chance that a customer with this history still is one; 1 for whoever bought once, as leaving takes a purchase
    after the first in this model (equation 4 of the authors' note on P(alive), 2008).
    """
    alive = -(model.r + histories.repeats) * np.log(model.alpha + histories.age)
    return np.asarray(special.expit(alive - _log_of_gone(model, histories)))


def expected_purchases(model: PurchaseModel, histories: Histories, weeks: float) -> Floats:
    """Purchases to be expected in the ``weeks`` to come (equation 10 of the paper).

    The paper's hypergeometric function overflows for customers who buy often and for models in which nearly all stay or
    leave. The integral that it stands for does not: of a customer alive, with a chance p to leave after each purchase,
    (1 - (1 + p t / (alpha + T))^-(r + x)) / p are to come, and p is Beta(a, b + x).
    """
    x, until = histories.repeats, model.alpha + histories.age
    roots, weights = special.roots_legendre(_POINTS)
    shares = (roots + 1) / 2
    expected = np.zeros(len(x))
    for share, weight in zip(shares, weights / 2, strict=True):
        leaving = _of_count(partial(_quantile, model, share), x)
        expected += weight * -np.expm1(-(model.r + x) * np.log1p(leaving * weeks / until)) / leaving
    return np.asarray(expected * alive_probability(model, histories))


def _quantile(model: PurchaseModel, share: float, x: Floats) -> Floats:
    """The chance of leaving below which ``share`` of the customers lie who came back x times."""
    return np.asarray(np.maximum(special.betaincinv(model.a, model.b + x, share), _TINY))


def drawn_purchases(
    model: PurchaseModel, histories: Histories, weeks: float, draws: int, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Purchases in the ``weeks`` to come, drawn from what is left open by each history: histories x draws.

    Given that a customer is alive, the rate is Gamma(r + x, alpha + T) and the chance of leaving Beta(a, b + x), each
    apart from the other. Purchases go on at that rate until the one after which the customer leaves.
    """
    shape = (len(histories.repeats), draws)
    x = histories.repeats[:, None]
    is_alive = rng.random(shape) < alive_probability(model, histories)[:, None]
    rate = rng.gamma(model.r + x, 1 / (model.alpha + histories.age[:, None]), shape)
    leaving = np.maximum(rng.beta(model.a, model.b + x, shape), _TINY)
    purchases = np.minimum(rng.poisson(rate * weeks), rng.geometric(leaving))
    return np.where(is_alive, purchases, 0)


def _slopes(model: PurchaseModel, histories: Histories) -> Floats:
    """Slopes of the log likelihood along r, alpha, a and b: 4 x histories. They make the search six times faster."""
    x, both = histories.repeats, model.a + model.b
    alive = alive_probability(model, histories)
    gone = 1 - alive
    until, last = model.alpha + histories.age, model.alpha + histories.last_at
    rate = _of_count(lambda x: special.digamma(model.r + x) - special.digamma(model.r), x)
    stays = _of_count(lambda x: special.digamma(both) - special.digamma(both + x), x)
    chance = _of_count(lambda x: special.digamma(model.b + x) - special.digamma(model.b), x)
    return np.stack(
        [
            rate + np.log(model.alpha) - alive * np.log(until) - gone * np.log(last),
            model.r / model.alpha - (model.r + x) * (alive / until + gone / last),
            stays + gone / model.a,
            stays + chance - gone / (model.b + np.maximum(x, 1) - 1),
        ]
    )


def _of_count(function: Callable[[Floats], Floats], x: Floats) -> Floats:
    """A function of numbers of purchases, computed once for each number there is."""
    return function(np.arange(x.max(initial=0) + 1))[x.astype(np.int64)]


def _log_of_gone(model: PurchaseModel, histories: Histories) -> Floats:
    """The second term of the likelihood: the customer left after the last purchase. Not after the first."""
    x = histories.repeats
    came_back = np.maximum(x, 1)
    gone = np.log(model.a) - np.log(model.b + came_back - 1) - (model.r + x) * np.log(model.alpha + histories.last_at)
    return np.asarray(np.where(x > 0, gone, -np.inf))
