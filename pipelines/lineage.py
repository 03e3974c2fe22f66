"""Lineage: runs that ended are told where C360_OPENLINEAGE_URL says, each once it is staged, oldest first.

At least once: a mark in the ledger says how far it got, and moves when the other side has a run's events.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from pipelines.alerts.channels.post import post
from pipelines.alerts.notice import Receipt
from pipelines.deployment import Deployment
from pipelines.ledger.database import Ledger, stamp
from pipelines.lineage_events import as_line, batches_of, events_of

# Who begins to collect gets the last day, and who was away gets the rest in the rounds that follow.
FIRST_SPAN = timedelta(days=1)
MOST_RUNS = 200
LONGEST_RUN = timedelta(days=1)
# A run is told with its checks; one that is not staged by then never may be.
STAGING_PATIENCE = timedelta(hours=1)


def tell_lineage(deployment: Deployment, ledger: Ledger) -> int:
    """Tell what ended since the last time; the number of runs told. What is not taken waits for the next round."""
    if deployment.openlineage is None:
        return 0
    now, told = deployment.clock(), 0
    # The address may hold a token, and the ledger keeps none.
    destination = "http" if deployment.openlineage.startswith(("http://", "https://")) else "file"
    for run in _untold(ledger, deployment.catalog.keys(), destination, now):
        contract = deployment.catalog[run["feed"]]
        events = [as_line(event) for event in events_of(ledger, contract, run, now)]
        if not _taken(deployment.openlineage, events):
            break
        ledger.write(
            "INSERT OR REPLACE INTO lineage_mark VALUES (?, ?, ?)", destination, run["ended_at"], run["run_id"]
        )
        told += 1
    return told


def _untold(ledger: Ledger, feeds: Collection[str], destination: str, now: datetime) -> Iterator[sqlite3.Row]:
    """Runs after the mark, up to the first that is still to be staged."""
    mark = ledger.row("SELECT ended_at, run_id FROM lineage_mark WHERE destination = ?", destination)
    ended_at, run_id = (mark["ended_at"], mark["run_id"]) if mark else (stamp(now - FIRST_SPAN), "")
    rows = ledger.rows(
        f"""SELECT * FROM feed_run WHERE feed IN ({", ".join("?" for _ in feeds)}) AND started_at >= ?
            AND status <> 'OPEN' AND (ended_at, run_id) > (?, ?) ORDER BY ended_at, run_id LIMIT ?""",
        *feeds,
        stamp(datetime.fromisoformat(ended_at) - LONGEST_RUN),  # for the sake of the index
        ended_at,
        run_id,
        MOST_RUNS,
    )
    for row in rows:
        is_patient = now - datetime.fromisoformat(row["ended_at"]) < STAGING_PATIENCE
        if is_patient and any(batch["state"] == "landed" for batch in batches_of(ledger, row)):
            return
        yield row


def _taken(destination: str, events: list[bytes]) -> bool:
    if destination.startswith(("http://", "https://")):
        answers = (post(destination, event) for event in events)
        # An event that is refused would be refused for ever, and hold up all that follow.
        return all(not isinstance(answer, Receipt) or answer.is_refused for answer in answers)
    return _appended(Path(destination.removeprefix("file://")), events)


def _appended(path: Path, events: list[bytes]) -> bool:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(b"".join(event + b"\n" for event in events))
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        return False
    return True
