"""What an exact check has blamed and closed is not held against what is usual."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from pipelines.alerts.triage import triage
from pipelines.freshness.blamed import Blamed, blamed_batches, closed_blames
from pipelines.freshness.detectors.null_flood import null_flood
from pipelines.freshness.finding import Finding
from pipelines.ledger.database import Ledger
from pipelines.ledger.evidence import Verdict
from pipelines.ledger.findings import FindingRecord, record_findings
from tests.pipelines.freshness.history_factory import CATALOG, NOON, a_batch
from tests.pipelines.freshness.learned_factory import HOUR, ROWS, a_profile, followed, lived, next_batch, trained


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "ledger.db") as made:
        yield made


def said(ledger: Ledger, failure: str, verdict: Verdict, hour: int) -> Finding:
    """A finding about the batch of an hour after noon, written down when it was made."""
    at = NOON + hour * HOUR
    record = FindingRecord("shop.orders", failure, "", verdict, "", None, None, at, {}, "v1")
    record_findings(ledger, [record], at)
    return Finding("shop.orders", failure, verdict, "", evidence_at=at)


def test_a_failure_that_is_over_blames_the_batches_of_its_time_and_of_the_run_after_it() -> None:
    batches = [a_batch(hour + 2, NOON + hour * HOUR) for hour in range(6)]
    # The run of the fourth hour landed two batches.
    batches[4] = replace(batches[4], run_id=batches[3].run_id, landed_at=batches[3].landed_at + timedelta(seconds=1))
    found = blamed_batches(batches, [Blamed(NOON + HOUR, NOON + 2 * HOUR)])
    assert found == {batch.batch_id for batch in batches[1:5]}


def test_only_an_exact_failure_of_what_comes_blames_and_only_once_it_is_over(ledger: Ledger) -> None:
    for hour in (0, 1):
        for failure in ("unknown_code", "null_flood", "rows_extra", "quarantine_forgotten"):
            now = said(ledger, failure, "FAIL", hour)
    still = replace(now, failure="unknown_code")
    assert closed_blames(ledger, "shop.orders", [still], NOON - HOUR) == ()
    over = said(ledger, "unknown_code", "PASS", 2)
    assert closed_blames(ledger, "shop.orders", [over], NOON - HOUR) == (Blamed(NOON, NOON + HOUR),)
    assert closed_blames(ledger, "shop.accounts", [over], NOON - HOUR) == ()


def test_a_learned_failure_blames_once_its_alert_was_opened_and_resolved_and_not_when_it_was_false(
    ledger: Ledger,
) -> None:
    for hour, verdict in enumerate(("FAIL", "FAIL", "PASS", "PASS")):
        assert closed_blames(ledger, "shop.orders", [], NOON - HOUR) == ()
        said_now = replace(said(ledger, "null_flood", verdict, hour), onset=NOON + hour * HOUR)  # type: ignore[arg-type]
        triage(ledger, CATALOG, [said_now], NOON + hour * HOUR)
    assert closed_blames(ledger, "shop.orders", [], NOON - HOUR) == (Blamed(NOON, NOON + HOUR),)
    ledger.write("UPDATE alert SET is_false = 1")
    assert closed_blames(ledger, "shop.orders", [], NOON - HOUR) == ()


def test_a_column_that_was_empty_while_something_else_was_blamed_is_not_unusual_afterwards() -> None:
    life = trained(lived())
    bad, good = next_batch(life), next_batch(life, ahead=2)
    empty = [a_profile(bad, "email", nulls=ROWS), a_profile(good, "email", nulls=5)]
    after = followed(life, bad, good, email=empty)
    assert [found.verdict for found in null_flood(after)] == ["FAIL"], "three batches together are still unusual"
    blamed = replace(after, blames=(Blamed(bad.landed_at, bad.landed_at),))
    later = followed(blamed, next_batch(blamed))
    assert [found.verdict for found in null_flood(later)] == ["PASS"]
    # What comes after it is looked at as ever.
    worse = next_batch(blamed, ahead=2)
    (found,) = null_flood(followed(later, worse, email=[a_profile(worse, "email", nulls=ROWS)]))
    assert (found.verdict, found.segment) == ("FAIL", "email")
