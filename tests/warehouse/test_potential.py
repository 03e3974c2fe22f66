"""The two models against the papers' own figures, and against worlds whose parameters are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import integrate, special

from warehouse.potential.outlook import outlook
from warehouse.potential.purchases import (
    Floats,
    Histories,
    NoFit,
    PurchaseModel,
    alive_probability,
    drawn_purchases,
    expected_purchases,
    fit_purchases,
    log_likelihood,
)
from warehouse.potential.spending import Spendings, SpendModel, fit_spending
from warehouse.potential.spending import log_likelihood as spending_likelihood

# Estimated from the CDNOW customers in Fader, Hardie and Lee (2005), in weeks.
CDNOW = PurchaseModel(r=0.243, alpha=4.414, a=0.793, b=2.426)


def one(x: float, t_x: float, age: float) -> Histories:
    return Histories(*(np.array([value]) for value in (x, t_x, age, 1.0)))


def lives(model: PurchaseModel, customers: int, weeks: int, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """Purchases of simulated customers, one after the other as the model tells its story: x, t_x and T."""
    age = rng.integers(weeks // 2, weeks, customers).astype(float)
    rate, leaving = rng.gamma(model.r, 1 / model.alpha, customers), rng.beta(model.a, model.b, customers)
    repeats, last_at, alive = np.zeros(customers), np.zeros(customers), np.ones(customers, dtype=bool)
    while alive.any():
        following = last_at + rng.exponential(1 / np.maximum(rate, 1e-300))
        bought = alive & (following <= age)
        repeats += bought
        last_at = np.where(bought, following, last_at)
        alive = bought & (rng.random(customers) >= leaving)
    return repeats, last_at, age


def test_the_paper_expects_what_we_expect_of_its_customer() -> None:
    # The authors' note on the model in Excel: two repeat purchases, the last in week 30.43 of 38.86, the next 39 weeks.
    assert expected_purchases(CDNOW, one(2, 30.43, 38.86), 39) == pytest.approx(1.226, abs=5e-4)


def test_the_likelihood_is_the_mean_over_rates_and_chances_of_leaving() -> None:
    rng = np.random.default_rng(2)
    rate = rng.gamma(CDNOW.r, 1 / CDNOW.alpha, 1_000_000)
    leaving = rng.beta(CDNOW.a, CDNOW.b, 1_000_000)
    # Three purchases, the last in week 20 of 30: stayed after each, or left after the last.
    stayed = (1 - leaving) ** 3 * rate**3 * np.exp(-rate * 30)
    left = leaving * (1 - leaving) ** 2 * rate**3 * np.exp(-rate * 20)
    assert np.exp(log_likelihood(CDNOW, one(3, 20.0, 30.0))) == pytest.approx((stayed + left).mean(), rel=0.02)
    is_alive = stayed.sum() / (stayed + left).sum()
    assert alive_probability(CDNOW, one(3, 20.0, 30.0)) == pytest.approx(is_alive, rel=0.02)


def test_a_customer_who_bought_once_cannot_have_left() -> None:
    assert alive_probability(CDNOW, one(0, 0, 80)) == 1.0


def test_the_parameters_of_a_simulated_world_are_found_again() -> None:
    world = PurchaseModel(r=0.6, alpha=6.0, a=0.8, b=2.4)
    repeats, last_at, age = lives(world, 40_000, 78, np.random.default_rng(11))
    found = fit_purchases(Histories(repeats, last_at, age, np.ones(len(age))))
    # Means of rate and of the chance of leaving are told far better than the four numbers apart.
    assert found.r / found.alpha == pytest.approx(0.1, rel=0.05)
    assert found.a / (found.a + found.b) == pytest.approx(0.25, rel=0.1)
    assert (found.r, found.alpha) == (pytest.approx(0.6, rel=0.1), pytest.approx(6.0, rel=0.1))


def test_the_model_found_is_a_peak_in_every_direction() -> None:
    repeats, last_at, age = lives(CDNOW, 3_000, 52, np.random.default_rng(7))
    histories = Histories(repeats, last_at, age, np.ones(len(age)))
    found = fit_purchases(histories)
    peak = log_likelihood(found, histories).sum()
    for name, value in vars(found).items():
        for factor in (0.97, 1.03):
            beside = replace(found, **{name: value * factor})
            assert log_likelihood(beside, histories).sum() < peak


def test_counting_customers_of_the_same_history_together_fits_the_same() -> None:
    repeats, last_at, age = lives(CDNOW, 2_000, 52, np.random.default_rng(3))
    weeks = np.stack([repeats, np.floor(last_at), age])
    together, customers = np.unique(weeks, axis=1, return_counts=True)
    apart = fit_purchases(Histories(*weeks, np.ones(2_000)))
    assert vars(fit_purchases(Histories(*together, customers.astype(float)))) == pytest.approx(vars(apart), rel=1e-3)


@pytest.mark.parametrize(("x", "t_x", "age"), [(0, 0, 10), (1, 3, 40), (4, 38, 40), (2_000, 300, 301)])
def test_the_expected_number_is_the_mean_of_the_drawn_ones(x: float, t_x: float, age: float) -> None:
    drawn = drawn_purchases(CDNOW, one(x, t_x, age), 52, 200_000, np.random.default_rng(5))
    expected = expected_purchases(CDNOW, one(x, t_x, age), 52)
    assert drawn.mean() == pytest.approx(expected, abs=4 * drawn.std() / np.sqrt(200_000))


@pytest.mark.parametrize("model", [CDNOW, PurchaseModel(2.0, 12.0, 0.02, 9.0), PurchaseModel(1.5, 8.0, 1.4, 3.0)])
def test_the_integral_is_the_formula_of_the_paper(model: PurchaseModel) -> None:
    for x, t_x, age in ((0, 0, 10), (1, 3, 40), (7, 38, 40)):
        # Equation 10, as it stands there.
        z = 52 / (model.alpha + age + 52)
        series = special.hyp2f1(model.r + x, model.b + x, model.a + model.b + x - 1, z)
        still_there = ((model.alpha + age) / (model.alpha + age + 52)) ** (model.r + x)
        unending = (model.a + model.b + x - 1) / (model.a - 1) * (1 - still_there * series)
        gone = model.a / (model.b + max(x, 1) - 1) * ((model.alpha + age) / (model.alpha + t_x)) ** (model.r + x)
        expected = unending / (1 + (gone if x else 0))
        assert expected_purchases(model, one(x, t_x, age), 52) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(("a", "b"), [(1e-3, 2980.0), (2980.0, 1e-3), (2980.0, 2980.0), (1e-3, 1e-3), (1.0, 3.0)])
def test_models_at_the_fence_foretell_numbers(a: float, b: float) -> None:
    model = PurchaseModel(2.0, 12.0, a, b)
    for x, t_x, age in ((0, 0, 0), (1, 0, 100), (300, 100, 100)):
        expected = expected_purchases(model, one(x, t_x, age), 52)[0]
        # No more than whoever never leaves: (r + x) / (alpha + T) a week.
        assert 0 <= expected <= (2.0 + x) / (12.0 + age) * 52 * 1.0001


@pytest.mark.filterwarnings("ignore:invalid value")
def test_histories_without_a_peak_are_refused() -> None:
    broken = Histories(*(np.array([value]) for value in (2.0, np.nan, 10.0, 5.0)))
    with pytest.raises(NoFit):
        fit_purchases(broken)


def test_what_customers_spend_is_found_again() -> None:
    rng = np.random.default_rng(17)
    number = rng.integers(1, 8, 30_000).astype(float)
    own = rng.gamma(4.0, 1 / 15.0, len(number))
    mean = rng.gamma(6.0 * number, 1 / own) / number
    found = fit_spending(Spendings(number, mean, np.ones(len(number))))
    assert (found.p, found.q, found.v) == (
        pytest.approx(6, rel=0.1),
        pytest.approx(4, rel=0.1),
        pytest.approx(15, rel=0.15),
    )


def test_the_likelihood_of_a_mean_is_the_mean_over_customers() -> None:
    from scipy import stats  # dear to import, also for those who only collect tests

    model = SpendModel(6.25, 3.74, 15.44)  # the estimates of the paper

    def of_customer(nu: float) -> float:
        # The mean of 3 amounts that are Gamma(p, nu) is Gamma(3 p, 3 nu).
        return float(stats.gamma.pdf(40.0, 3 * 6.25, scale=1 / (3 * nu)) * stats.gamma.pdf(nu, 3.74, scale=1 / 15.44))

    mean, _ = integrate.quad(of_customer, 0, 5, limit=200)
    told = spending_likelihood(model, Spendings(*(np.array([value]) for value in (3.0, 40.0, 1.0))))
    assert np.exp(told) == pytest.approx(mean, rel=1e-6)


def test_four_of_five_customers_spend_within_the_range_and_all_together_what_is_expected() -> None:
    rng = np.random.default_rng(23)
    buying, spending = PurchaseModel(2.0, 12.0, 0.8, 3.0), SpendModel(6.25, 3.74, 15.44)
    customers, weeks, ahead = 20_000, 60, 40
    rate, leaving = rng.gamma(buying.r, 1 / buying.alpha, customers), rng.beta(buying.a, buying.b, customers)
    nu = rng.gamma(spending.q, 1 / spending.v, customers)
    # Each customer's whole life: the times of 80 purchases, and the number after which they leave.
    times = np.cumsum(rng.exponential(1 / rate[:, None], (customers, 80)), axis=1)
    times[np.arange(80)[None, :] >= rng.geometric(leaving)[:, None]] = np.inf
    repeats = (times <= weeks).sum(axis=1).astype(float)
    last_at = np.where(times <= weeks, times, 0).max(axis=1)
    to_come = ((times > weeks) & (times <= weeks + ahead)).sum(axis=1)
    spent = rng.gamma(spending.p * (repeats + 1), 1 / nu)
    actual = np.where(to_come > 0, rng.gamma(spending.p * np.maximum(to_come, 1), 1 / nu), 0)

    histories = Histories(repeats, last_at, np.full(customers, float(weeks)), np.ones(customers))
    told = outlook(buying, spending, histories, weeks=ahead, interval=0.8, draws=200, rng=rng)
    weight = spending.v + spent
    assert (told.expected_factor * weight).sum() == pytest.approx(actual.sum(), rel=0.03)
    below, above = (actual < told.low_factor * weight).mean(), (actual > told.high_factor * weight).mean()
    # Whoever is likely to buy nothing at all has both ends at 0; the others leave a tenth on either side.
    assert max(below, above) <= 0.105
    buyers = told.low_factor > 0
    assert buyers.sum() > 1_000
    assert (actual < told.low_factor * weight)[buyers].mean() == pytest.approx(0.1, abs=0.02)
    assert (actual > told.high_factor * weight)[buyers].mean() == pytest.approx(0.1, abs=0.02)


def test_twice_the_spending_is_foretold_twice_but_for_the_weight_of_all() -> None:
    told = outlook(
        CDNOW, SpendModel(6.25, 3.74, 15.44), one(2, 30.43, 38.86),
        weeks=39, interval=0.8, draws=10, rng=np.random.default_rng(1),
    )  # fmt: skip
    # 1.226 purchases of (15.44 + 90) x 6.25 / (3 x 6.25 + 3.74 - 1): equation 5 of the gamma-gamma paper.
    assert told.expected_factor[0] * (15.44 + 90) == pytest.approx(1.226 * 105.44 * 6.25 / 21.49, rel=1e-3)
