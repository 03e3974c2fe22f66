"""Runs of feeds as OpenLineage events, for catalogs that collect them (https://openlineage.io/docs/spec/object-model).

Every run that ended is told by two events, from the ledger: START, and COMPLETE, FAIL or ABORT with what is known of
it. The id of a run is the same whenever it is told, so that events that arrive twice say the same.
"""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from cronsim import CronSim

from connectors.contract import FeedContract
from pipelines.freshness.status import next_due
from pipelines.ledger.database import Ledger

NAMESPACE = PRODUCER = "urn:customer-360"
SPEC = "https://openlineage.io/spec"
EVENT_SCHEMA = f"{SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent"
ENDINGS = {"OK": "COMPLETE", "EMPTY_OK": "COMPLETE", "ABANDONED": "ABORT"}  # any other ending is a FAIL


def events_of(ledger: Ledger, contract: FeedContract, run: sqlite3.Row, now: datetime) -> list[dict[str, Any]]:
    """The two events of a run that ended (a row of `feed_run`), as JSON-ready dictionaries."""
    started_at, ended_at = datetime.fromisoformat(run["started_at"]), datetime.fromisoformat(run["ended_at"])
    run_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{NAMESPACE}:{run['run_id']}:{run['started_at']}"))
    batches = batches_of(ledger, run)
    checks = [row for batch in batches for row in _of_batch(ledger, "check_result", batch)]
    nominal = _facet("NominalTimeRunFacet", f"{SPEC}/facets/1-0-1", _interval(contract, started_at))
    facets: dict[str, Any] = {
        "nominalTime": nominal,
        "customer360_freshness": _facet(None, "", _freshness(ledger, run, checks, now)),
    }
    ending = ENDINGS.get(run["status"], "FAIL")
    if ending != "COMPLETE":
        said = {"message": run["error"] or f"the run ended as {run['status']}", "programmingLanguage": "Python"}
        facets["errorMessage"] = _facet("ErrorMessageRunFacet", f"{SPEC}/facets/1-0-0", said)
    job = {"namespace": NAMESPACE, "name": f"sync.{run['feed']}"}
    source = {"namespace": run["source_identity"] or f"{NAMESPACE}:unknown-source", "name": run["feed"]}
    staged = {"namespace": NAMESPACE, "name": f"staging.{run['feed']}"}
    return [
        {
            **_head("START", started_at),
            "job": job,
            "run": {"runId": run_id, "facets": {"nominalTime": nominal}},
            "inputs": [source],
            "outputs": [staged],
        },
        {
            **_head(ending, ended_at),
            "job": job,
            "run": {"runId": run_id, "facets": facets},
            "inputs": [source | {"inputFacets": _judged(checks)}],
            "outputs": [staged | {"outputFacets": _written(ledger, batches)}],
        },
    ]


def batches_of(ledger: Ledger, run: sqlite3.Row) -> list[sqlite3.Row]:
    """The batches that a run landed."""
    return ledger.rows("SELECT * FROM feed_batch WHERE feed = ? AND run_id = ?", run["feed"], run["run_id"])


def as_line(event: Mapping[str, Any]) -> bytes:
    """An event as one line of JSON."""
    return json.dumps(event, ensure_ascii=False).encode()


def _head(event_type: str, at: datetime) -> dict[str, str]:
    return {"eventType": event_type, "eventTime": _time(at), "producer": PRODUCER, "schemaURL": EVENT_SCHEMA}


def _facet(name: str | None, folder: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """A facet of the specification; without a name one of our own, which no schema outside describes."""
    schema = f"{folder}/{name}.json#/$defs/{name}" if name else f"{PRODUCER}:facet:freshness:1"
    return {"_producer": PRODUCER, "_schemaURL": schema, **facts}


def _interval(contract: FeedContract, started_at: datetime) -> dict[str, str]:
    """From the tick of the schedule that the run was for to the next one."""
    local = (started_at + timedelta(microseconds=1)).astimezone(ZoneInfo(contract.timezone))
    tick: datetime = next(CronSim(contract.schedule, local, reverse=True))
    return {"nominalStartTime": _time(tick), "nominalEndTime": _time(next_due(contract, tick))}


def _freshness(ledger: Ledger, run: sqlite3.Row, checks: list[sqlite3.Row], now: datetime) -> dict[str, Any]:
    """How far data of the feed reach, and how old that was when it was told."""
    rows = ledger.rows(
        """SELECT stage, clock, max(value) AS reaches FROM high_water_mark WHERE feed = ?
           GROUP BY stage, clock ORDER BY stage, clock""",
        run["feed"],
    )
    marks = [
        {
            "stage": row["stage"],
            "clock": row["clock"],
            "reaches": row["reaches"],
            "ageSeconds": (now - datetime.fromisoformat(row["reaches"])).total_seconds(),
        }
        for row in rows
    ]
    return {
        "status": run["status"],
        "toldAt": _time(now),
        "contractVersion": run["contract_version"],
        "marks": marks,
        "checksWithoutEvidence": sum(row["verdict"] == "UNKNOWN" for row in checks),
    }


def _judged(checks: list[sqlite3.Row]) -> dict[str, Any]:
    """Checks that had something to look at: one without evidence neither passed nor failed."""
    assertions = [
        {"assertion": row["check_name"], "success": row["verdict"] == "PASS"}
        | ({"column": row["column_name"]} if row["column_name"] else {})
        for row in checks
        if row["verdict"] != "UNKNOWN"
    ]
    facet = _facet("DataQualityAssertionsDatasetFacet", f"{SPEC}/facets/1-0-1", {"assertions": assertions})
    return {"dataQualityAssertions": facet} if assertions else {}


def _written(ledger: Ledger, batches: list[sqlite3.Row]) -> dict[str, Any]:
    """Rows that the run brought to staging (new, changed, deleted), and the bytes that it landed."""
    tallies = [row for batch in batches for row in _of_batch(ledger, "stage_tally", batch) if row["stage"] == "staged"]
    facts = {
        "rowCount": sum(row["rows_new"] + row["rows_changed"] + row["rows_deleted"] for row in tallies),
        "size": sum(batch["byte_count"] for batch in batches),
    }
    return {"outputStatistics": _facet("OutputStatisticsOutputDatasetFacet", f"{SPEC}/facets/1-0-1", facts)}


def _of_batch(ledger: Ledger, table: Literal["check_result", "stage_tally"], batch: sqlite3.Row) -> list[sqlite3.Row]:
    return ledger.rows(f"SELECT * FROM {table} WHERE batch_id = ? ORDER BY 1, 2, 3", batch["batch_id"])


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
