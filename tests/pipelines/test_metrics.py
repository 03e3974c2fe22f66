"""Metrics: what the ledger holds, in a text that the standard's own parser reads."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from pipelines.cli.metrics import CONTENT_TYPE, metrics_server, replace_file
from pipelines.deployment import Deployment
from pipelines.ledger import deliveries
from pipelines.ledger.channel_states import ChannelState, record_state
from pipelines.ledger.database import Ledger, stamp
from pipelines.ledger.deliveries import Attempt
from pipelines.ledger.retention import forget
from pipelines.ledger.watching import record_look
from pipelines.metrics import exposition
from pipelines.settings import Home
from tests.journey_factory import c360
from tests.pipelines.alerts.notice_factory import NOON, a_notice, put
from tests.pipelines.freshness.history_factory import CATALOG, ORDERS

HOUR = timedelta(hours=1)
Values = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    """shop.orders: a batch of 10 rows staged (7 new, 2 changed, 1 quarantined), one of 5 held, one cut read."""
    watched = ORDERS.watch.model_copy(update={"credentials_expire": "SHOP_ENDS"})
    catalog = {"shop.orders": ORDERS.model_copy(update={"watch": watched}), "shop.payments": CATALOG["shop.payments"]}
    made = Deployment(Home(tmp_path), catalog, {"SHOP_ENDS": "2027-01-31"}, lambda: NOON, lambda _: None)
    with Ledger(made.home.ledger) as ledger:
        for status, at in (("OK", NOON - HOUR), ("PARTIAL", NOON - HOUR / 2)):
            ledger.write(
                """INSERT INTO feed_run
                       (run_id, feed, kind, status, lease_token, contract_version, rows_landed, started_at, ended_at)
                   VALUES (?, 'shop.orders', 'live', ?, 1, 'v', 15, ?, ?)""",
                f"run-{status}",
                status,
                stamp(at),
                stamp(at),
            )
        for seq, rows, state, at in ((1, 10, "staged", NOON - HOUR), (2, 5, "held", NOON - HOUR / 4)):
            ledger.write(
                """INSERT INTO feed_batch (batch_id, feed, batch_seq, label, kind, state, row_count, reject_count,
                   reread_count, future_count, byte_count,
                                           schema_fingerprint, held_reason, landed_at, staged_at)
                   VALUES (?, 'shop.orders', ?, 'orders', 'live', ?, ?, 1, 0, 0, 0, 's', ?, ?, ?)""",
                f"b-{seq}",
                seq,
                state,
                rows,
                "it would delete too much" if state == "held" else None,
                stamp(at),
                stamp(at) if state == "staged" else None,
            )
        ledger.write(
            "INSERT INTO stage_tally VALUES ('b-1', 'staged', 'shop.orders', 10, 7, 2, 0, 1, 0, 0, 0, ?)", stamp(NOON)
        )
        ledger.write(
            "INSERT INTO high_water_mark VALUES ('shop.orders', 'staged', 'event', ?, 'run-OK', ?)",
            stamp(NOON - 2 * HOUR),
            stamp(NOON),
        )
        ledger.write("INSERT INTO quarantine_count (feed, held, counted_at) VALUES ('shop.orders', 1, ?)", stamp(NOON))
        put(ledger, a_notice(fingerprint="open", severity="critical"))
        put(ledger, a_notice(fingerprint="over"))
        put(ledger, a_notice("resolve", 2, fingerprint="over"))
        with ledger.transaction() as connection:
            deliveries.dispatch(connection, 1, ["pager"], NOON - timedelta(minutes=1))
            deliveries.dispatch(connection, 2, ["chat"], NOON)
            deliveries.record_attempt(connection, [1], Attempt("pager", NOON, False, "HTTP 500", None, NOON))
            deliveries.record_attempt(connection, [2], Attempt("chat", NOON + HOUR / 60, True, "HTTP 200", None, None))
            record_state(connection, ChannelState("chat", last_taken_at=NOON))
        record_look(ledger, NOON - HOUR / 2, None)
    return made


def values(text: str) -> Values:
    assert text.endswith("# EOF\n")
    families = text_string_to_metric_families(text)
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for family in families for s in family.samples}


def found(deployment: Deployment, name: str, **labels: str) -> float | None:
    return values(exposition(deployment).decode()).get((name, tuple(sorted(labels.items()))))


@pytest.mark.parametrize(
    ("name", "labels", "expected"),
    [
        ("feed_high_water_mark_timestamp_seconds", {"stage": "staged", "clock": "event"}, NOON - 2 * HOUR),
        ("feed_last_success_timestamp_seconds", {"stage": "landed"}, NOON - HOUR),
        ("feed_last_success_timestamp_seconds", {"stage": "published"}, None),
        ("feed_last_nonempty_timestamp_seconds", {}, NOON - HOUR / 4),
        # Each quarter of an hour, after the last read to the end at 11:00.
        ("feed_next_arrival_due_timestamp_seconds", {}, NOON - timedelta(minutes=45)),
        ("feed_held_oldest_timestamp_seconds", {}, NOON - HOUR / 4),
        ("feed_credential_expiry_timestamp_seconds", {}, datetime(2027, 1, 31, tzinfo=UTC)),
        ("feed_rows_total", {"stage": "landed", "outcome": "landed"}, 30),
        ("feed_rows_total", {"stage": "staged", "outcome": "in"}, 10),
        ("feed_rows_total", {"stage": "staged", "outcome": "new"}, 7),
        ("feed_rows_total", {"stage": "staged", "outcome": "quarantined"}, 1),
        ("feed_control_mismatch_timestamp_seconds", {"kind": "incomplete"}, NOON - HOUR / 2),
        ("feed_held_rows", {}, 1),
        ("feed_status", {"status": "HELD"}, 1),
        ("feed_status", {"status": "FRESH"}, 0),
    ],
)
def test_a_feed_is_told_by_what_the_ledger_holds(
    deployment: Deployment, name: str, labels: dict[str, str], expected: float | datetime | None
) -> None:
    as_number = expected.timestamp() if isinstance(expected, datetime) else expected
    assert found(deployment, name, feed="shop.orders", **labels) == as_number


def test_counters_do_not_go_back_when_the_ledger_forgets(deployment: Deployment) -> None:
    before = {labels: value for labels, value in _totals(deployment).items() if labels[0] == "feed_rows_total"}
    with Ledger(deployment.home.ledger) as ledger:
        # A newer run and batch, so that those of the fixture are not the newest, which are kept.
        ledger.write("UPDATE feed_batch SET state = 'staged'")
        ledger.write(
            """INSERT INTO feed_run (run_id, feed, kind, status, lease_token, contract_version, rows_landed, started_at)
               VALUES ('run-Z', 'shop.orders', 'live', 'OK', 1, 'v', 0, ?)""",
            stamp(NOON),
        )
        forget(ledger, NOON + timedelta(days=60))
        assert ledger.rows("SELECT run_id FROM feed_run WHERE run_id <> 'run-Z'") == []
        assert ledger.rows("SELECT 1 FROM stage_tally") == []
    after = {labels: value for labels, value in _totals(deployment).items() if labels[0] == "feed_rows_total"}
    assert after == before


def _totals(deployment: Deployment) -> Values:
    return values(exposition(deployment).decode())


def test_a_feed_without_evidence_has_a_status_and_no_times(deployment: Deployment) -> None:
    assert found(deployment, "feed_status", feed="shop.payments", status="NEVER") == 1
    assert found(deployment, "feed_last_success_timestamp_seconds", feed="shop.payments", stage="landed") is None


def test_alerts_and_their_delivery_are_told(deployment: Deployment) -> None:
    labels = {"feed": "shop.orders", "class": "late"}
    assert found(deployment, "alert_open", severity="critical", **labels) == 1
    assert found(deployment, "alert_open", severity="error", **labels) is None  # it is over
    assert found(deployment, "alert_delivery_failures_total", channel="pager") == 1
    assert found(deployment, "alert_delivery_failures_total", channel="chat") == 0
    assert found(deployment, "alert_notify_seconds_count", channel="chat") == 1
    assert found(deployment, "alert_notify_seconds_sum", channel="chat") == pytest.approx(60, abs=0.001)
    assert found(deployment, "alert_notify_seconds_sum", channel="pager") is None  # nothing arrived there
    assert found(deployment, "alert_undelivered", channel="pager") == 1
    assert found(deployment, "alert_undelivered", channel="chat") == 0
    assert found(deployment, "monitor_last_evaluation_timestamp_seconds") == (NOON - HOUR / 2).timestamp()


def test_the_command_prints_and_writes_the_same_in_an_empty_home(tmp_path: Path) -> None:
    home, target = Home(tmp_path / "home"), tmp_path / "c360.prom"
    Ledger(home.ledger).close()
    printed = c360(home, "metrics", now=NOON)
    assert printed.code == 0
    assert ("feed_status", (("feed", "shop.orders"), ("status", "NEVER"))) in values(printed.out)
    assert c360(home, "metrics", "--write", str(target), now=NOON).code == 0
    assert target.read_text() == printed.out
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["c360.prom"]
    assert c360(home, "metrics", "--write", str(target), "--serve", "0", now=NOON).code == 2


def test_who_reads_while_the_file_is_replaced_keeps_the_whole_former_one(tmp_path: Path) -> None:
    path = tmp_path / "c360.prom"
    replace_file(path, b"former")
    with path.open("rb") as reader:
        replace_file(path, b"new")
        assert reader.read() == b"former"
    assert path.read_bytes() == b"new"


def test_the_ledger_is_served_as_it_is_at_each_request(deployment: Deployment) -> None:
    with metrics_server(deployment, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        first = httpx.get(f"{address}/metrics")
        with Ledger(deployment.home.ledger) as ledger:
            record_look(ledger, NOON, None)
        second = httpx.get(f"{address}/metrics")
        elsewhere = httpx.get(f"{address}/")
        server.shutdown()
    name = ("monitor_last_evaluation_timestamp_seconds", ())
    assert values(second.text)[name] - values(first.text)[name] == HOUR.total_seconds() / 2
    assert first.headers["content-type"] == CONTENT_TYPE
    assert elsewhere.status_code == 404


def test_who_serves_metrics_before_the_first_sync_says_that_there_are_none(tmp_path: Path) -> None:
    waiting = Deployment(Home(tmp_path / "home"), {}, {}, lambda: NOON, lambda _: None)
    with metrics_server(waiting, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        said = httpx.get(f"http://127.0.0.1:{server.server_port}/metrics")
        server.shutdown()
    assert said.status_code == 503
    assert "there is no ledger" in said.text
    assert not waiting.home.root.exists()
