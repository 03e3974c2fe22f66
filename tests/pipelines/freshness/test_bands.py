"""Bands: wide enough for what chance does, narrow enough for what people would call wrong."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from pipelines.freshness.bands import (
    LevelBand,
    ShareBand,
    fit_level,
    fit_share,
    from_parameters,
    to_parameters,
)

MONTH = 28


def test_a_share_band_follows_bernstein() -> None:
    band = ShareBand(share=0.02, rho=0.0, surprise=math.log(1e5), rows=1e9, days=10**9)
    # Solve n t² = 2 L (v + t/3) for n = 200, v = 0.0196: the positive root.
    n, log, variance = 200, math.log(1e5), 0.0196
    (root,) = [t for t in np.roots([n, -2 * log / 3, -2 * log * variance]) if t > 0]
    low, high = band.bounds(n, 0.0)
    assert high == pytest.approx(0.02 + root)
    assert low < 0


@pytest.mark.parametrize(("share", "rows"), [(0.01, 30), (0.02, 200), (0.3, 50), (0.5, 1000), (0.97, 400)])
def test_rows_by_chance_alone_leave_a_share_band_less_than_once_in_ten_thousand_looks(share: float, rows: int) -> None:
    from scipy.stats import binom  # dear to import, also for those who only collect tests

    rng = np.random.default_rng(7)
    hits = rng.binomial(rows, share, 300).astype(float)
    low, high = fit_share(hits, np.full(300, float(rows)), MONTH).bounds(rows, 0.0)
    # The exact chance of the binomial distribution, an oracle that the band knows nothing of.
    outside = binom.cdf(math.ceil(low * rows) - 1, rows, share) + binom.sf(math.floor(high * rows), rows, share)
    assert outside < 1e-4


def test_a_fifth_more_of_two_hundred_rows_is_beyond_a_share_of_two_in_a_hundred() -> None:
    rng = np.random.default_rng(8)
    band = fit_share(rng.binomial(200, 0.02, 200).astype(float), np.full(200, 200.0), MONTH)
    assert band.bounds(200, 0.1)[1] < 0.02 + 0.2 * 0.98


def test_batches_that_differ_from_day_to_day_widen_a_share_band() -> None:
    rows = np.full(200, 500.0)
    steady, moving = np.full(200, 250.0), np.where(np.arange(200) % 2, 200.0, 300.0)
    assert fit_share(moving, rows, MONTH).bounds(500, 0.0)[1] > fit_share(steady, rows, MONTH).bounds(500, 0.0)[1] + 0.1


def test_all_rows_can_be_told_where_nearly_all_is_usual() -> None:
    band = fit_share(np.full(100, 2910.0), np.full(100, 3000.0), MONTH)
    assert 0.97 < band.bounds(3000, 0.15)[1] < 1.0


def test_a_band_is_never_narrower_than_the_worst_that_training_saw() -> None:
    values = np.append(np.tile([1.0, 1.1], 50), 4.0)
    band = fit_level(values, np.ones(101), [""] * 101, MONTH)
    assert band.bounds("", 1.0, 0.0)[1] > 4.0


def test_few_days_widen_a_band() -> None:
    values, rows = np.tile([1.0, 1.2, 0.8], 40), np.ones(120)
    week, month = (fit_level(values, rows, [""] * 120, days).bounds("", 1.0, 0.0) for days in (7, 28))
    # (1 + 6/7) against (1 + 6/28), around the same middle of 1.
    assert (week[1] - 1) / (month[1] - 1) == pytest.approx((13 / 7) / (34 / 28))


def test_each_class_has_its_own_level_and_a_rare_one_leans_on_the_wider() -> None:
    classes = ["tue 10"] * 8 + ["wed 10"] * 8 + ["sat 10"] * 8 + ["thu 10"]
    values = np.array([5.0] * 16 + [1.0] * 8 + [9.0])
    band = fit_level(values, np.ones(25), classes, MONTH)
    assert band.centre == 5.0
    assert band.usual("tue 10") == pytest.approx(5.0)
    assert band.usual("sat 10") == pytest.approx(1.0)
    # One value of eight: an eighth of its own level, the rest that of workdays at ten, which is 5.
    assert band.usual("thu 10") == pytest.approx(5.0 + 4.0 / 8)
    assert band.usual("fri 10") == pytest.approx(5.0)


def test_holidays_that_were_hardly_seen_may_lie_a_factor_of_four_off() -> None:
    values, classes = np.tile([5.0, 5.1], 100), ["tue 10"] * 200
    band = fit_level(values, np.ones(200), classes, MONTH)
    low, high = band.bounds("holiday 10", 1.0, 0.0)
    assert high - band.usual("holiday 10") >= math.log(4)
    assert low <= band.usual("holiday 10") - math.log(4)


def test_fewer_rows_behind_a_value_widen_a_level_band_as_for_a_mean() -> None:
    band = fit_level(np.tile([1.0, 1.2], 50), np.full(100, 400.0), [""] * 100, MONTH)
    usual = band.usual("")
    assert band.bounds("", 100.0, 0.0)[1] - usual == pytest.approx(2 * (band.bounds("", 400.0, 0.0)[1] - usual))


@pytest.mark.parametrize(
    "band",
    [
        ShareBand(0.25, 0.01, 11.5, 1000.0, 28),
        LevelBand(1.0, 0.1, 2.0, 3.0, 50.0, 28, {"tue 10": 0.5}, {"work 10": 0.1}, {"tue 10": 9}),
    ],
)
def test_a_band_comes_back_from_the_ledger_as_it_was(band: ShareBand | LevelBand) -> None:
    assert from_parameters(json.loads(json.dumps(to_parameters(band)))) == band
