"""Lineage: every run that ended is told once, with what the ledger knows of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.deployment import Deployment
from pipelines.ledger.database import Ledger, stamp
from pipelines.lineage import tell_lineage
from pipelines.settings import Home
from tests.pipelines.alerts.notice_factory import NOON, VirtualClock
from tests.pipelines.alerts.outside import Reply, an_outside
from tests.pipelines.freshness.history_factory import CATALOG

MINUTE = timedelta(minutes=1)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "ledger.db") as opened:
        yield opened


def a_run(ledger: Ledger, number: int, at: datetime, status: str = "OK", error: str | None = None) -> None:
    ledger.write(
        """INSERT INTO feed_run (run_id, feed, kind, status, lease_token, contract_version, started_at, ended_at,
                                 source_identity, error)
           VALUES (?, 'shop.orders', 'live', ?, 1, 'v1', ?, ?, 'sqlite:shop', ?)""",
        f"shop.orders-run-{number:08d}",
        status,
        stamp(at),
        stamp(at + MINUTE),
        error,
    )


def a_batch(ledger: Ledger, number: int, state: str = "staged") -> None:
    """A batch of run `number`, 6 rows new and 1 changed; a check that passed, one that failed, one without evidence."""
    ledger.write(
        """INSERT INTO feed_batch (batch_id, feed, run_id, batch_seq, label, kind, state, row_count, reject_count,
                   reread_count, future_count, byte_count,
                                   schema_fingerprint, landed_at)
           VALUES (?, 'shop.orders', ?, ?, 'orders', 'live', ?, 10, 0, 0, 0, 4096, 's', ?)""",
        f"b-{number}",
        f"shop.orders-run-{number:08d}",
        number,
        state,
        stamp(NOON),
    )
    if state != "staged":
        return
    ledger.write(
        "INSERT INTO stage_tally VALUES (?, 'staged', 'shop.orders', 10, 6, 1, 3, 0, 0, 0, 0, ?)",
        f"b-{number}",
        stamp(NOON),
    )
    for name, column, verdict in (("not_null", "order_id", "PASS"), ("known", None, "WARN"), ("sum", None, "UNKNOWN")):
        ledger.write(
            "INSERT INTO check_result VALUES ('shop.orders', ?, ?, ?, 'tell', ?, 1, 0, 'r', ?)",
            f"b-{number}",
            name,
            column,
            verdict,
            stamp(NOON),
        )


def a_deployment(tmp_path: Path, destination: str | None, clock: VirtualClock) -> Deployment:
    return Deployment(Home(tmp_path), CATALOG, {}, clock, lambda _: None, openlineage=destination)


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_a_run_is_told_with_its_rows_checks_schedule_and_marks(tmp_path: Path, ledger: Ledger) -> None:
    a_run(ledger, 1, NOON - 20 * MINUTE)  # at 11:40; the schedule is each quarter of an hour, from 11:30 to 11:45
    a_batch(ledger, 1)
    ledger.write(
        "INSERT INTO high_water_mark VALUES ('shop.orders', 'staged', 'event', ?, 'r', ?)",
        stamp(NOON - 30 * MINUTE),
        stamp(NOON),
    )
    target = tmp_path / "lineage.jsonl"
    assert tell_lineage(a_deployment(tmp_path, str(target), VirtualClock()), ledger) == 1
    start, complete = lines(target)
    assert (start["eventType"], complete["eventType"]) == ("START", "COMPLETE")
    assert start["run"]["runId"] == complete["run"]["runId"]
    assert complete["eventTime"] == "2026-11-18T11:41:00+00:00"
    facets = complete["run"]["facets"]
    assert facets["nominalTime"]["nominalStartTime"] == "2026-11-18T11:30:00+00:00"
    assert facets["nominalTime"]["nominalEndTime"] == "2026-11-18T11:45:00+00:00"
    (mark,) = facets["customer360_freshness"]["marks"]
    assert (mark["stage"], mark["clock"], mark["ageSeconds"]) == ("staged", "event", 1800.0)
    assert facets["customer360_freshness"]["checksWithoutEvidence"] == 1
    assert "errorMessage" not in facets
    assertions = complete["inputs"][0]["inputFacets"]["dataQualityAssertions"]["assertions"]
    assert assertions == [
        {"assertion": "known", "success": False},
        {"assertion": "not_null", "success": True, "column": "order_id"},
    ]
    statistics = complete["outputs"][0]["outputFacets"]["outputStatistics"]
    assert (statistics["rowCount"], statistics["size"]) == (7, 4096)
    for facet in (*facets.values(), statistics):
        assert {"_producer", "_schemaURL"} <= set(facet)


@pytest.mark.parametrize(
    ("status", "told"), [("EMPTY_OK", "COMPLETE"), ("FAILED", "FAIL"), ("PARTIAL", "FAIL"), ("ABANDONED", "ABORT")]
)
def test_how_a_run_ended_is_told_with_its_error(tmp_path: Path, ledger: Ledger, status: str, told: str) -> None:
    a_run(ledger, 1, NOON - 20 * MINUTE, status, error=None if told == "COMPLETE" else "no route to host")
    target = tmp_path / "lineage.jsonl"
    tell_lineage(a_deployment(tmp_path, str(target), VirtualClock()), ledger)
    end = lines(target)[1]
    assert end["eventType"] == told
    message = end["run"]["facets"].get("errorMessage", {}).get("message")
    assert message == (None if told == "COMPLETE" else "no route to host")


def test_each_run_is_told_once_and_one_that_is_being_staged_waits(tmp_path: Path, ledger: Ledger) -> None:
    clock, target = VirtualClock(), tmp_path / "lineage.jsonl"
    deployment = a_deployment(tmp_path, str(target), clock)
    a_run(ledger, 1, NOON - 30 * MINUTE)
    a_run(ledger, 2, NOON - 15 * MINUTE)
    a_batch(ledger, 2, state="landed")
    a_run(ledger, 3, NOON - 5 * MINUTE)
    assert [tell_lineage(deployment, ledger) for _ in range(2)] == [1, 0]
    ledger.write("UPDATE feed_batch SET state = 'staged'")
    assert [tell_lineage(deployment, ledger) for _ in range(2)] == [2, 0]
    a_run(ledger, 4, NOON)
    a_batch(ledger, 4, state="landed")
    clock.forward(hours=1)
    assert tell_lineage(deployment, ledger) == 0
    clock.forward(minutes=1)  # an hour after the run ended nobody waits for its staging any more
    assert tell_lineage(deployment, ledger) == 1
    assert len(lines(target)) == 8


def test_what_a_collector_does_not_take_is_told_again_and_what_it_refuses_is_left(
    tmp_path: Path, ledger: Ledger
) -> None:
    for number in (1, 2):
        a_run(ledger, number, NOON - (30 - number) * MINUTE)
    with an_outside(Reply(201), Reply(503), Reply(201)) as outside:
        deployment = a_deployment(tmp_path, f"{outside.url}/api/v1/lineage?key=T0KEN", VirtualClock())
        assert tell_lineage(deployment, ledger) == 0
        assert tell_lineage(deployment, ledger) == 2
        told = [(sent.json["eventType"], sent.json["run"]["runId"]) for sent in outside.sent]
        a_run(ledger, 3, NOON)
        outside.replies = [Reply(400)]
        assert tell_lineage(deployment, ledger) == 1
    assert [event for event, _ in told] == ["START", "COMPLETE"] * 3
    assert [told[0][1] == run_id for _, run_id in told] == [True] * 4 + [False] * 2
    kept = ledger.rows("SELECT * FROM lineage_mark")
    assert "T0KEN" not in repr([tuple(row) for row in kept])


def test_nothing_is_told_when_nobody_collects(tmp_path: Path, ledger: Ledger) -> None:
    a_run(ledger, 1, NOON - 20 * MINUTE)
    assert tell_lineage(a_deployment(tmp_path, None, VirtualClock()), ledger) == 0
