"""An act against a customer's word opens an alert while it can still be made good, and closes when it is."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipelines.deployment import Deployment
from pipelines.ledger.alerts import Alert, read_alerts
from pipelines.ledger.database import Ledger
from pipelines.settings import Home
from pipelines.watch import watch
from tests.warehouse import marts_factory as make
from tests.warehouse.said_factory import SNAPSHOT_AT, at, note
from warehouse import models
from warehouse.connection import marts_path, open_reader, open_warehouse, published_path, warehouse_path

FAILURE = "instruction_contradicted"


def look(home: Path, moment: datetime) -> dict[str, Alert]:
    """What one round of watching over the published file leaves: customer → alert."""
    here = Deployment(
        Home(home), {}, {}, lambda: moment.replace(tzinfo=UTC), lambda _: None, patience=timedelta(0)
    )  # fmt: skip
    watch(here)
    with Ledger(here.home.ledger) as ledger:
        found = read_alerts(ledger, closed_since=SNAPSHOT_AT.replace(tzinfo=UTC))
        return {alert.segment: alert for alert in found if alert.failure == FAILURE}


def notice(home: Path) -> str:
    with Ledger(Home(home).ledger) as ledger:
        return "\n".join(row["body"] for row in ledger.rows("SELECT body FROM outbox"))


@pytest.fixture
def home(said_home: Path, tmp_path: Path) -> Path:
    """As a refresh leaves it: built and published."""
    marts_path(tmp_path).parent.mkdir()
    shutil.copy(warehouse_path(said_home), warehouse_path(tmp_path))
    shutil.copy(marts_path(said_home), published_path(tmp_path))
    return tmp_path


def test_the_alert_is_raised_before_the_fee_and_ends_when_the_payment_is_withdrawn(home: Path) -> None:
    with open_reader(published_path(home)) as published:
        fees = published.execute("SELECT count(*) FROM fct_payment WHERE status = 'fee_charged'").fetchall()
    assert fees == [(0,)]
    alerts = look(home, SNAPSHOT_AT + timedelta(minutes=1))
    assert set(alerts) == {"STOP", "CANCEL"}, "whoever got a message too many is in no alert"
    stopped = alerts["STOP"]
    assert (stopped.state, stopped.severity, stopped.customers_affected) == ("OPEN", "error", 1)
    assert "check-7 payment presented" in stopped.reason
    assert "c360 customer STOP" in notice(home)

    with open_warehouse(home) as connection:
        note(
            connection, "made good", "1", at(20, 14), "Told him that we have withdrawn check-7.",
            direction="outbound", subject_type="payment", subject_id="check-7", employee_id="M",
        )  # fmt: skip
        make.snapshot(connection, "s2", at(20, 18))
    models.build(home)
    shutil.copy(marts_path(home), published_path(home))
    alerts = look(home, at(20, 18) + timedelta(minutes=1))
    assert (alerts["STOP"].state, alerts["CANCEL"].state) == ("RESOLVED", "OPEN")
