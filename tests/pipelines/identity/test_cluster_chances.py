from __future__ import annotations

from math import comb

import pytest

from pipelines.identity.cluster_statistics import chances

SHARES = [(0, 150, 0.02), (3, 150, 0.02), (150, 150, 0.02), (12_000, 475_000, 0.02), (1, 1, 0.5)]
GROUPS = [
    (3, 10, 12, 40), (0, 40, 0, 60), (40, 40, 0, 60), (1, 200, 9, 150), (4_300, 475_000, 4_600, 466_000),
    (230_000, 475_855, 231_000, 474_257),
]  # fmt: skip


def test_seven_heads_of_ten_or_more_come_176_times_in_1024() -> None:
    assert chances.as_many(7, 10, 0.5) == pytest.approx(176 / 1024)
    assert chances.as_few(3, 10, 0.5) == pytest.approx(176 / 1024)


def test_the_lady_who_tells_all_cups_of_tea_is_right_by_chance_twice_in_seventy() -> None:
    # Eight cups, four of each kind: all right, or all wrong.
    assert chances.as_different(4, 4, 0, 4) == pytest.approx(2 / comb(8, 4))


@pytest.mark.parametrize(("cases", "base", "share"), SHARES)
def test_tails_are_those_of_scipys_binomial_test(cases: int, base: int, share: float) -> None:
    from scipy import stats  # dear to import, also for those who only collect tests

    for tail, side in ((chances.as_many, "greater"), (chances.as_few, "less")):
        expected = stats.binomtest(cases, base, share, alternative=side).pvalue
        assert tail(cases, base, share) == pytest.approx(expected, rel=1e-6, abs=1e-300)


@pytest.mark.parametrize(("cases", "base", "former_cases", "former_base"), GROUPS)
def test_two_shares_differ_as_scipys_fisher_test_says(
    cases: int, base: int, former_cases: int, former_base: int
) -> None:
    from scipy import stats

    table = [[cases, base - cases], [former_cases, former_base - former_cases]]
    found = chances.as_different(cases, base, former_cases, former_base)
    assert found == pytest.approx(stats.fisher_exact(table).pvalue, rel=1e-5, abs=1e-12)
