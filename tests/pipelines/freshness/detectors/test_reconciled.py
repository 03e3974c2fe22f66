"""Reconciles: the newest comparison of each window speaks, and no window is taken as equal that was not compared."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from pipelines.freshness.detectors.reconciled import rows_extra, rows_missing, rows_outdated
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import FeedHistory
from pipelines.ledger.reconciles import TierResult
from tests.pipelines.freshness.history_factory import CATALOG, NOON, a_history, a_run

MONDAY, TUESDAY = NOON - timedelta(days=2), NOON - timedelta(days=1)


def result(days: int, at: datetime, **facts: object) -> TierResult:
    plain = TierResult(days, at, "row", "rows", None, None, 100, 100, 0, 0, 0, {}, {})
    return replace(plain, **facts)  # type: ignore[arg-type]


def night(at: datetime, **facts: object) -> list[TierResult]:
    """All windows compared at a moment; what differs is in the oldest."""
    return [result(days, at, **(facts if days == 90 else {})) for days in (1, 7, 30, 90)]


def history(*results: TierResult, feed: str = "shop.orders", **facts: object) -> FeedHistory:
    return replace(a_history(contract=CATALOG[feed]), reconciles=results, **facts)


def missing(*results: TierResult, **facts: object) -> Finding:
    (finding,) = rows_missing(history(*results, **facts))  # type: ignore[arg-type]
    return finding


def test_a_feed_that_was_never_compared_is_unknown() -> None:
    assert missing().verdict == "UNKNOWN"


def test_all_windows_equal_pass_with_the_time_of_the_oldest_comparison() -> None:
    young = [result(1, TUESDAY)]
    finding = missing(*night(MONDAY), *young)
    assert (finding.verdict, finding.evidence_at) == ("PASS", MONDAY)


def test_a_window_that_was_not_compared_is_not_taken_as_equal() -> None:
    assert missing(result(1, MONDAY), result(7, MONDAY)).verdict == "UNKNOWN"


def test_two_empty_sides_prove_nothing() -> None:
    assert missing(*(replace(one, rows_source=0, rows_here=0) for one in night(MONDAY))).verdict == "UNKNOWN"


def test_each_kind_of_difference_is_its_own_failure_and_counts_its_rows() -> None:
    facts = history(*night(TUESDAY, missing=3, outdated=2, extra=1))
    found = [finding for detector in (rows_missing, rows_outdated, rows_extra) for finding in detector(facts)]
    assert [(f.failure, f.verdict, f.rows) for f in found] == [
        ("rows_missing", "FAIL", 3),
        ("rows_outdated", "FAIL", 2),
        ("rows_extra", "FAIL", 1),
    ]


def test_a_clean_young_window_does_not_end_the_failure_of_an_old_one() -> None:
    finding = missing(*night(MONDAY, missing=3), result(1, TUESDAY))
    assert (finding.verdict, finding.onset, finding.evidence_at) == ("FAIL", MONDAY, MONDAY)


def test_the_failure_began_with_the_first_of_the_comparisons_that_found_it() -> None:
    finding = missing(*night(MONDAY - timedelta(days=1)), *night(MONDAY, missing=1), *night(TUESDAY, missing=2))
    assert (finding.onset, finding.evidence_at) == (MONDAY, TUESDAY)


def test_what_was_told_and_repaired_fails_until_a_later_comparison_is_clean() -> None:
    repaired = [*night(MONDAY, missing=3), *night(MONDAY + timedelta(hours=1), missing=3, is_repaired=True)]
    assert missing(*repaired).verdict == "FAIL"
    after = missing(*repaired, *night(TUESDAY))
    assert (after.verdict, after.evidence_at) == ("PASS", TUESDAY)


def test_what_is_landed_by_the_comparison_that_finds_it_fails_only_when_the_next_one_finds_some_again() -> None:
    repaired = night(MONDAY, missing=3, is_repaired=True)
    assert missing(*repaired).verdict == "WARN"
    assert missing(*repaired, *night(TUESDAY, missing=3, is_repaired=True)).verdict == "FAIL"


def test_without_cursor_a_row_must_differ_before_and_after_a_full_read() -> None:
    """shop.employees is read whole: a row that came since the last sync is no failure."""
    once = result(0, MONDAY, missing=1, samples={"missing": ("0a",)})
    again = result(0, TUESDAY, missing=1, samples={"missing": ("0a",)})
    other = result(0, TUESDAY, missing=1, samples={"missing": ("0b",)})
    between = (a_run(MONDAY + timedelta(hours=1)),)
    assert missing(once, feed="shop.employees").verdict == "UNKNOWN"
    assert missing(once, again, feed="shop.employees").verdict == "UNKNOWN"
    assert missing(once, other, feed="shop.employees", runs=between).verdict == "UNKNOWN"
    assert missing(once, again, feed="shop.employees", runs=between).verdict == "FAIL"
    assert missing(once, result(0, TUESDAY), feed="shop.employees").verdict == "PASS"
