"""What the ledger keeps of the contents of batches comes back as it was, stays small, and is forgotten in time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipelines.ledger.breaches import BreachRecord, read_breaches, record_breaches
from pipelines.ledger.database import Ledger
from pipelines.ledger.evidence import Verdict
from pipelines.ledger.findings import FindingRecord, failing_before, record_findings
from pipelines.ledger.links import (
    LinkDay,
    StagedCount,
    TotalDay,
    read_count,
    read_links,
    read_totals,
    record_count,
    record_links,
)
from pipelines.ledger.profiles import ColumnProfile, profiles_by_batch, record_profiles

NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)
HOURS = (0, 3, *[0] * 22)
CITY = ColumnProfile("b1", "city", rows=10, nulls=1, distinct=4, top=2**63, top_count=5, segments={"Bonn": 5, "": 1})
TIME = ColumnProfile("b1", "ordered_at", rows=10, nulls=0, distinct=9, low=1763467200.5, hours=HOURS)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "ledger.db") as opened:
        yield opened


def test_profiles_come_back_as_they_were(ledger: Ledger) -> None:
    record_profiles(ledger, "shop.orders", [CITY, TIME], NOON)
    assert profiles_by_batch(ledger, "shop.orders", NOON) == {"b1": {"city": CITY, "ordered_at": TIME}}
    assert profiles_by_batch(ledger, "shop.accounts", NOON) == {}


def test_a_batch_that_was_profiled_stays_as_it_is(ledger: Ledger) -> None:
    record_profiles(ledger, "shop.orders", [CITY], NOON)
    record_profiles(ledger, "shop.orders", [replace(CITY, nulls=9)], NOON)
    assert profiles_by_batch(ledger, "shop.orders", NOON) == {"b1": {"city": CITY}}


def test_a_profile_of_twenty_columns_takes_less_than_a_kilobyte(ledger: Ledger) -> None:
    # Twelve feeds each quarter of an hour over five weeks are 40,320 batches: below 40 MB.
    columns = [
        replace(
            TIME,
            column=f"column_{number}",
            rows=10 + number,
            distinct=7 * number,
            top=hash(str(number)) % 2**63,
            high=1763467200.25 + 97 * number,
            q05=1763467200.123 + number,
            q50=1763467201.456 + number,
            q95=1763467207.891 + number,
        )
        for number in range(20)
    ]
    record_profiles(ledger, "shop.orders", columns, NOON)
    (row,) = ledger.rows("SELECT length(columns) AS bytes FROM batch_profile")
    assert row["bytes"] < 1024


def test_breaches_come_back_as_they_were(ledger: Ledger) -> None:
    breaches = [
        BreachRecord("b1", "unknown_code", "status_unknown", "status", "a1b2", 4),
        BreachRecord("b1", "unreadable", "amount_cast", "amount", "", 2),
    ]
    record_breaches(ledger, "shop.orders", breaches, NOON)
    assert read_breaches(ledger, "shop.orders", NOON) == breaches


def test_links_totals_and_counts_are_those_of_the_last_time(ledger: Ledger) -> None:
    link = LinkDay("shop.orders", "order_id", NOON, 10, 1, NOON, NOON)
    total = TotalDay("shop.orders", NOON, 10, 2, NOON)
    record_links(ledger, "shop.order_lines", [link, replace(link, column="other")], [total])
    record_links(ledger, "shop.order_lines", [link], [total])
    assert read_links(ledger, "shop.order_lines") == (link,)
    assert read_totals(ledger, "shop.order_lines") == (total,)
    assert read_count(ledger, "shop.orders") is None
    for count in (StagedCount(5, 4, NOON), StagedCount(0, 5, NOON, "it is damaged"), StagedCount(5, 5, NOON)):
        record_count(ledger, "shop.orders", count)
        assert read_count(ledger, "shop.orders") == count


def finding(verdict: Verdict, version: str, failure: str = "late") -> FindingRecord:
    return FindingRecord("shop.orders", failure, "", verdict, "said", None, None, None, {}, version)


def test_what_failed_last_under_former_rules_is_told_and_what_had_passed_again_is_not(ledger: Ledger) -> None:
    record_findings(ledger, [finding("FAIL", "old"), finding("FAIL", "old", "orphans")], NOON)
    record_findings(ledger, [finding("PASS", "old", "orphans")], NOON + timedelta(hours=1))
    record_findings(ledger, [finding("PASS", "new"), finding("FAIL", "new", "drift")], NOON + timedelta(hours=2))
    assert failing_before(ledger, "shop.orders", "new", NOON - timedelta(days=1)) == ["late"]
    assert failing_before(ledger, "shop.orders", "new", NOON + timedelta(hours=1)) == []
    assert failing_before(ledger, "shop.accounts", "new", NOON - timedelta(days=1)) == []
