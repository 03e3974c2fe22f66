"""What a value means: small tables whose chances are worked out by hand, and a company in which nothing changes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from pipelines.identity.cluster_statistics.declared import Statistic, statistics
from pipelines.identity.cluster_statistics.judge import chance_of, judge
from pipelines.identity.cluster_statistics.measure import Measured

DECLARED = {statistic.name: statistic for statistic in statistics()}
CHANCE = chance_of(len(DECLARED))


def status(name: str, value: float | None, base: int, former: Measured | None = None, chance: float = CHANCE) -> str:
    return judge(DECLARED[name], Measured(value, base), former, chance).status


def test_a_share_fails_when_chance_does_not_explain_how_far_it_is_out() -> None:
    # Three of three, where at most 2% are expected: .02³ = 8e-6.
    assert status("several_birth_dates", 1.0, 3, chance=9e-6) == "FAIL"
    assert status("several_birth_dates", 1.0, 3, chance=7e-6) == "UNKNOWN"


def test_a_share_changes_when_chance_does_not_explain_it() -> None:
    # None of ten, then all of ten: 2 of the C(20, 10) = 184,756 ways to deal ten cases are as uneven, 1.08e-5.
    former = Measured(0.0, 10)
    assert status("one_system", 1.0, 10, former, chance=1.1e-5) == "WARN"
    assert status("one_system", 1.0, 10, former, chance=1.05e-5) == "UNKNOWN"


def test_a_change_below_the_step_is_none_however_certain() -> None:
    assert status("one_system", 0.549, 10**6, Measured(0.5, 10**6)) == "PASS"
    assert status("one_system", 0.551, 10**6, Measured(0.5, 10**6)) == "WARN"
    assert status("one_system", 0.449, 10**6, Measured(0.5, 10**6)) == "WARN"


def test_a_share_in_its_range_passes_from_the_declared_base_on() -> None:
    assert status("several_birth_dates", 0.0, 150) == "PASS"
    assert status("several_birth_dates", 0.0, 149) == "UNKNOWN"


def test_a_share_a_little_out_of_its_range_is_not_passed() -> None:
    assert status("several_birth_dates", 0.021, 1000) == "UNKNOWN"
    assert status("several_birth_dates", 0.021, 10**6) == "FAIL"


def test_what_has_no_range_is_unknown_in_the_first_run_and_passed_in_the_second() -> None:
    assert status("single_records", 0.4, 5000) == "UNKNOWN"
    assert status("single_records", 0.4, 5000, Measured(0.4, 5000)) == "PASS"
    assert status("single_records", 0.4, 3999, Measured(0.4, 3999)) == "UNKNOWN"


@pytest.mark.parametrize("name", DECLARED)
def test_nothing_to_look_at_is_unknown(name: str) -> None:
    assert status(name, None, 0) == "UNKNOWN"
    assert status(name, None, 0, Measured(None, 0)) == "UNKNOWN"
    assert status(name, None, 0, Measured(1.0, 9000)) == "UNKNOWN"


def test_a_customer_of_hundreds_of_records_fails_at_any_base() -> None:
    assert status("largest_customer", 201, 5) == "FAIL"
    assert status("largest_customer", 200, 5) == "PASS"


def test_a_part_of_all_records_says_nothing_where_one_customer_decides_it() -> None:
    assert status("churn", 0.06, 3999) == "UNKNOWN"
    assert status("churn", 0.06, 4000) == "FAIL"
    assert status("churn", 0.05, 4000) == "PASS"


def test_a_size_changes_by_more_than_its_factor_either_way() -> None:
    assert status("largest_customer", 40, 1000, Measured(20, 1000)) == "PASS"
    assert status("largest_customer", 41, 1000, Measured(20, 1000)) == "WARN"
    assert status("largest_customer", 20, 1000, Measured(41, 1000)) == "WARN"
    assert status("largest_customer", 41, 1000, Measured(20, 999)) == "PASS"


def test_the_note_names_both_values() -> None:
    verdict = judge(DECLARED["one_system"], Measured(0.6, 10**5), Measured(0.5, 10**5), CHANCE)
    assert verdict.note == "rose from 50% to 60%"


def test_a_base_that_suffices_leaves_a_share_above_its_limit_improbable() -> None:
    for statistic in DECLARED.values():
        if statistic.is_share_of_customers and statistic.highest is not None:
            assert (1 - statistic.highest) ** statistic.smallest_base < 0.05, statistic.name


def test_a_base_that_suffices_shows_a_change_by_one_step() -> None:
    for statistic in DECLARED.values():
        if statistic.is_share_of_customers and statistic.highest is None:
            assert statistic.step is not None
            former, now = (Measured(0.5 + side * statistic.step / 2, statistic.smallest_base) for side in (-1, 1))
            assert judge(statistic, now, former, CHANCE).status == "WARN", statistic.name


def test_every_range_has_a_reason_and_what_has_none_is_held_against_former_runs() -> None:
    for statistic in DECLARED.values():
        assert statistic.reason if statistic.has_range else statistic.step, statistic.name
        assert (statistic.among is None) == (statistic.value is not None) == (statistic.base is not None)


@pytest.mark.parametrize("customers", [30, 1_000, 30_000])
def test_a_company_in_which_nothing_changes_gives_one_alarm_in_a_thousand_runs_at_most(customers: int) -> None:
    """Shares are drawn anew for all customers in every run, and are as high as expected at most: the worst case.

    Were each test made at the usual level of 1%, there would be 16 to 87 alarms.
    """
    alarms, former = 0, None
    for now in steady_runs(customers, 1001, np.random.default_rng(customers)):
        if former is not None:
            verdicts = {judge(one, now[one.name], former[one.name], CHANCE).status for one in DECLARED.values()}
            alarms += not verdicts.isdisjoint({"WARN", "FAIL"})
        former = now
    assert alarms <= 1


def test_a_company_that_takes_households_for_people_gives_alarms() -> None:
    """Shares as the sample company shows them with its truth, and then with each household taken for one customer."""
    true = {
        "several_given_names": (0.006, 7000),
        "several_birth_dates": (0.006, 5000),
        "several_surnames": (0.013, 7000),
    }
    merged = {
        "several_given_names": (0.11, 5000),
        "several_birth_dates": (0.2, 4000),
        "several_surnames": (0.041, 5000),
    }
    for name in true:
        assert status(name, *true[name]) == "PASS", name
        assert status(name, *merged[name], Measured(*true[name])) == "FAIL", name


def steady_runs(customers: int, runs: int, random: np.random.Generator) -> Iterator[dict[str, Measured]]:
    """Runs of a company in which one customer in a hundred goes and comes between two runs.

    The number of records of a customer is skewed: 4 in the mean, 1 in the mode, tens of records of some.
    """
    sizes = 1 + random.negative_binomial(0.5, 0.5 / 3.5, customers)
    for _ in range(runs):
        coming = random.choice(customers, customers // 100, replace=False)
        sizes[coming] = 1 + random.negative_binomial(0.5, 0.5 / 3.5, len(coming))
        yield {one.name: steady_value(one, sizes, random) for one in DECLARED.values()}


def steady_value(statistic: Statistic, sizes: NDArray[np.int64], random: np.random.Generator) -> Measured:
    customers, records = len(sizes), int(sizes.sum())
    if statistic.is_share_of_customers:
        rate = 0.4 if statistic.highest is None else statistic.highest
        return Measured(random.binomial(customers, rate) / customers, customers)
    values = {
        "largest_customer": (float(sizes.max()), customers),
        "size_999": (float(np.quantile(sizes, 0.999, method="inverted_cdf")), customers),
        "records_per_customer": (records / customers, customers),
        "records_in_large": (float(sizes[sizes > 50].sum()) / records, records),
        "churn": (random.binomial(records, 0.01) / records, records),
    }
    return Measured(*values[statistic.name])
