"""Access: credentials that are refused or end, error pages, and a home folder that cannot be written."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pipelines.freshness.detectors.access import credentials, error_page, storage
from tests.pipelines.freshness.detectors.evidence_factory import a_failed_run, ago, only
from tests.pipelines.freshness.history_factory import NOON, a_history, a_run

BY_KIND = [(credentials, "denied"), (error_page, "error_page"), (storage, "storage")]


@pytest.mark.parametrize(("detector", "kind"), BY_KIND)
def test_the_last_attempt_says_it_since_the_first_of_its_kind(detector, kind) -> None:
    runs = [a_run(ago(4)), a_failed_run(ago(3), kind), a_failed_run(ago(2), kind), a_failed_run(ago(1), kind)]
    found = only(detector(a_history(runs)))
    assert (found.verdict, found.onset, found.evidence_at) == ("FAIL", ago(3), ago(1))
    assert f"{kind} it was" in found.reason


@pytest.mark.parametrize(("detector", "kind"), BY_KIND)
def test_a_good_attempt_ends_it_and_another_trouble_proves_nothing(detector, kind) -> None:
    failed = a_failed_run(ago(2), kind)
    good = only(detector(a_history([failed, a_run(ago(1), "EMPTY_OK")])))
    assert (good.verdict, good.evidence_at) == ("PASS", ago(1))
    assert only(detector(a_history([failed, a_failed_run(ago(1), "unreachable")]))).verdict == "UNKNOWN"
    assert only(detector(a_history())).verdict == "UNKNOWN"


def test_credentials_that_end_within_two_weeks_are_told_before_and_when_they_have_ended() -> None:
    def verdict(end_in: timedelta) -> str:
        return only(credentials(a_history([a_run(ago(1), credentials_end=NOON + end_in)]))).verdict

    day = timedelta(days=1)
    assert [verdict(15 * day), verdict(14 * day), verdict(timedelta(0))] == ["PASS", "WARN", "FAIL"]


def test_credentials_that_are_refused_are_refused_whatever_their_date_says() -> None:
    run = a_failed_run(ago(1), "denied")
    assert only(credentials(a_history([run]))).verdict == "FAIL"
