"""Acts against a customer's word, and what is owed past its day, open alerts while something can be done."""

from __future__ import annotations

import json
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
from warehouse.answer import answer
from warehouse.connection import marts_path, open_reader, open_warehouse, published_path, warehouse_path
from warehouse.questions import questions


def look(home: Path, moment: datetime, failure: str = "instruction_contradicted") -> dict[str, Alert]:
    """What one round of watching over the published file leaves: customer or team → alert."""
    here = Deployment(
        Home(home), {}, {}, lambda: moment.replace(tzinfo=UTC), lambda _: None, patience=timedelta(0)
    )  # fmt: skip
    watch(here)
    with Ledger(here.home.ledger) as ledger:
        found = read_alerts(ledger, closed_since=SNAPSHOT_AT.replace(tzinfo=UTC))
        return {alert.segment: alert for alert in found if alert.failure == failure}


def notice(home: Path) -> str:
    with Ledger(Home(home).ledger) as ledger:
        return "\n".join(row["body"] for row in ledger.rows("SELECT body FROM outbox"))


@pytest.fixture
def home(said_home: Path, tmp_path: Path) -> Path:
    """As a refresh leaves it: built and published."""
    Ledger(Home(tmp_path).ledger).close()
    marts_path(tmp_path).parent.mkdir()
    shutil.copy(warehouse_path(said_home), warehouse_path(tmp_path))
    shutil.copy(marts_path(said_home), published_path(tmp_path))
    return tmp_path


def test_the_alert_is_raised_before_the_fee_and_ends_when_the_payment_is_withdrawn(home: Path) -> None:
    with open_reader(published_path(home)) as published:
        fees = published.execute("SELECT count(*) FROM fct_payment WHERE status = 'fee_charged'").fetchall()
    assert fees == [(0,)]
    alerts = look(home, SNAPSHOT_AT + timedelta(minutes=1))
    assert set(alerts) == {"STOP", "CANCEL", "WISH"}, "whoever got a message too many is in no alert"
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


def test_what_a_team_owes_past_its_day_is_told_to_the_team_and_after_a_week_as_an_error(home: Path) -> None:
    with open_reader(published_path(home)) as published:
        owed = answer(published, questions()["overdue_promises"], {"team": "service desk"}).rows
    still_open = [row for row in owed if row[9] == "open"]
    assert "STOP" in {row[0] for row in still_open}
    assert len(still_open) < len(owed), "broken promises are in no alert"
    told = look(home, SNAPSHOT_AT + timedelta(minutes=1), "follow_up_overdue")["service desk"]
    assert (told.state, told.severity, told.rows_affected) == ("OPEN", "warning", len(still_open))
    assert told.customers_affected == len({row[0] for row in still_open} - {None})
    assert told.reason == f"past its day: B owes {len(still_open)}"
    [said] = [one for one in map(json.loads, notice(home).splitlines()) if one["fingerprint"] == told.fingerprint]
    assert (said["owner"], said["look"]) == (
        "team:service desk", 'c360 ask overdue_promises --param team="service desk"'
    )  # fmt: skip
    later = look(home, SNAPSHOT_AT + timedelta(days=7, minutes=1), "follow_up_overdue")["service desk"]
    assert (later.state, later.severity) == ("OPEN", "error")
