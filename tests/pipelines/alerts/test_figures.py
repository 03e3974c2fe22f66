"""Figures of alerts and the number of customers concerned, on cases worked out by hand."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from pipelines.alerts import acts
from pipelines.alerts.affected import customers_affected
from pipelines.alerts.figures import Lasting, figures
from pipelines.alerts.lifecycle import begin
from pipelines.freshness.failures import load_failures
from pipelines.freshness.finding import Finding
from tests.pipelines.alerts.alert_factory import CATALOG, HOUR, MINUTE, NOON, Watched, finding


def test_figures_of_a_kind_are_medians_and_worst_cases_over_its_alerts(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    assert figures(watched.ledger) == {}
    # Three alerts, seen 10, 20 and 60 minutes after they began; one taken on after 5, two closed, one of them false.
    began = {"helpdesk.tickets": 10, "shop.orders": 20, "website.registrations": 60}
    watched.give(
        0,
        [
            Finding(feed, "failing", "FAIL", "it fails", onset=NOON - late * MINUTE, evidence_at=NOON)
            for feed, late in began.items()
        ],
    )
    acts.acknowledge(watched.ledger, CATALOG, "A1", by="ana", now=NOON + 5 * MINUTE)
    acts.resolve(watched.ledger, CATALOG, "A1", by="ana", now=NOON + HOUR, reason="never was", is_false=True)
    watched.give(100, [finding("PASS", feed="shop.orders", at=NOON + 100 * MINUTE)])
    found = figures(watched.ledger, NOON)["failing"]
    assert (found.alerts, found.told, found.closed, found.precision) == (3, 3, 2, 0.5)
    assert found.detect == Lasting(20 * MINUTE, 60 * MINUTE)
    assert found.tell == Lasting(timedelta(0), timedelta(0))
    assert found.take == Lasting(5 * MINUTE, 5 * MINUTE)
    assert found.repair == Lasting(95 * MINUTE, 120 * MINUTE)  # 70 and 120 minutes after they began
    assert figures(watched.ledger, NOON + MINUTE) == {}


def test_what_began_nobody_knows_when_tells_nothing_of_how_soon_it_was_seen(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.give(0, [finding("FAIL")])
    watched.give(30, [finding("PASS", at=NOON + 30 * MINUTE)])
    found = figures(watched.ledger)["failing"]
    assert found.detect is None
    assert found.repair == Lasting(30 * MINUTE, 30 * MINUTE)
    assert found.precision == 1.0


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """Orders of C1 (two, one of them of another feed), C2 and of nobody; accounts of C1, C2 and C3."""
    path = tmp_path / "customer_360.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE SCHEMA identity")
        connection.execute(
            """CREATE TABLE identity.customer_crosswalk AS FROM (VALUES
                 ('shop', 'accounts', 'C1'), ('shop', 'accounts', 'C2'), ('shop', 'accounts', 'C3'),
                 ('helpdesk', 'accounts', 'C4')) AS c(source_system, entity, customer_id)"""
        )
        connection.execute(
            """CREATE TABLE fct_order AS FROM (VALUES
                 ('C1', 'shop.orders-00000001'), ('C1', 'other.orders-00000001'), ('C2', 'shop.orders-00000002'),
                 (NULL, 'shop.orders-00000002'), ('C5', 'shop.orders_old-00000001')) AS o(customer_id, batch_id)"""
        )
    return path


@pytest.mark.parametrize(
    ("feed", "failure", "segment", "expected"),
    [
        ("shop.orders", "failing", "", 2),
        ("shop.accounts", "failing", "", 3),
        ("shop.employees", "failing", "", None),
        ("shop.orders", "failing", "web", None),
        ("shop.orders", "unknown_code", "", None),
        ("gone.feed", "failing", "", None),
    ],
)
def test_customers_are_those_who_have_something_from_the_feed_and_unknown_is_never_nought(
    published: Path, feed: str, failure: str, segment: str, expected: int | None
) -> None:
    alert = begin("A1", finding("FAIL", failure, feed, segment=segment), "landed", NOON)
    assert customers_affected(published, alert, load_failures()[failure], CATALOG.get(feed)) == expected


def test_customers_are_unknown_before_anything_is_published(tmp_path: Path) -> None:
    alert = begin("A1", finding("FAIL"), "landed", NOON)
    assert (
        customers_affected(tmp_path / "none.duckdb", alert, load_failures()["failing"], CATALOG["shop.orders"]) is None
    )
