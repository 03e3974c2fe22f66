"""The status of a feed: what readers may believe about how current it is, and why.

FRESH: data within the promise. IDLE: older, but the source, which is not itself behind, has nothing newer. LATE: past
due, within grace, or the last attempt failed. STALE: past promise and grace. PARTIAL: the last read was incomplete, or
rows are known to be missing or wrong. HELD: a batch is kept out of staging, or the source is not what it was. UNKNOWN:
there is no evidence either way, or the clock stands before it; never shown as fresh. NEVER: nothing was ever staged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from cronsim import CronSim

from connectors.contract import FeedContract
from connectors.cursors import cursor_text
from pipelines.freshness.failures import Failure, load_failures
from pipelines.ledger.alerts import alerts_at_work, told_alerts
from pipelines.ledger.batches import rows_staged
from pipelines.ledger.database import Ledger, moment
from pipelines.ledger.findings import latest_verdicts

Status = Literal["FRESH", "IDLE", "LATE", "STALE", "PARTIAL", "HELD", "UNKNOWN", "NEVER"]
CURRENT: frozenset[Status] = frozenset({"FRESH", "IDLE"})
# What reconciling with the source finds.
RECONCILED = frozenset({"rows_missing", "rows_outdated", "rows_extra"})
# A clock this far before what the ledger tells of is no evidence of a wrong one: machines that are set by the network
# differ by less, and any promise is longer. Behind it ages are unknown, as nobody knows how long the clock stood still.
# `clock_tolerance_seconds` in warehouse/macros/status.sql is the same, for readers of the published file.
CLOCK_TOLERANCE = timedelta(minutes=1)
# A source that is itself behind does not know whether there is something newer.
SOURCE_BEHIND = frozenset({"stale_source", "lagging_replica"})


@dataclass(frozen=True)
class FeedStatus:
    """One feed at one moment. `as_of` is how far its staged data reach; `verified_at` when its source was last read."""

    feed: str
    source_system: str
    entity: str
    owner: str
    description: str
    status: Status
    reason: str
    as_of: datetime | None
    verified_at: datetime | None
    last_attempt_at: datetime | None
    last_error: str | None
    last_batch_id: str | None
    last_loaded_at: datetime | None
    next_due_at: datetime
    promise: timedelta
    grace: timedelta
    schedule: str
    rows_held: int
    rows_staged: int
    is_complete: bool | None
    contract_version: str

    def data_age(self, now: datetime) -> timedelta | None:
        """How old its newest data are; None where there are none, or where the clock stands before them."""
        if self.as_of is None or now < self.as_of - CLOCK_TOLERANCE:
            return None
        return max(now - self.as_of, timedelta(0))


@dataclass(frozen=True)
class _Evidence:
    """What the ledger holds about a feed."""

    as_of: datetime | None
    verified_at: datetime | None
    last_attempt_at: datetime | None
    last_run_status: str | None
    last_error: str | None
    held_reason: str | None
    is_source_ahead: bool | None
    last_batch_id: str | None
    last_loaded_at: datetime | None
    rows_staged: int
    rows_held: int
    is_complete: bool | None
    suspicion: str | None
    source_behind: str | None


def feed_statuses(ledger: Ledger, catalog: Mapping[str, FeedContract], now: datetime) -> list[FeedStatus]:
    """The status of every feed of the catalog, in its order."""
    return [feed_status(ledger, contract, now) for contract in catalog.values()]


def feed_status(ledger: Ledger, contract: FeedContract, now: datetime) -> FeedStatus:
    """The status of one feed, from the ledger alone."""
    found = _evidence(ledger, contract)
    status, reason = _judge(contract, found, now)
    return FeedStatus(
        feed=contract.feed,
        source_system=contract.system,
        entity=contract.entity,
        owner=contract.owner,
        description=contract.description,
        status=status,
        reason=reason,
        as_of=found.as_of,
        verified_at=found.verified_at,
        last_attempt_at=found.last_attempt_at,
        last_error=found.last_error,
        last_batch_id=found.last_batch_id,
        last_loaded_at=found.last_loaded_at,
        next_due_at=next_due(contract, found.verified_at or now),
        promise=contract.freshness.promise,
        grace=contract.freshness.grace,
        schedule=contract.schedule,
        rows_held=found.rows_held,
        rows_staged=found.rows_staged,
        is_complete=found.is_complete,
        contract_version=contract.version,
    )


def next_due(contract: FeedContract, after: datetime) -> datetime:
    """The first scheduled moment after `after`, in UTC. The schedule is read in the contract's time zone."""
    local = after.astimezone(ZoneInfo(contract.timezone))
    due: datetime = next(CronSim(contract.schedule, local))
    return due.astimezone(UTC)


def _judge(contract: FeedContract, found: _Evidence, now: datetime) -> tuple[Status, str]:
    promise, grace = contract.freshness.promise, contract.freshness.grace
    if found.held_reason is not None:
        return "HELD", found.held_reason
    if found.last_run_status == "HELD":
        return "HELD", found.last_error or "its source is not what it was"
    if found.as_of is None:
        return "NEVER", found.last_error or "nothing was ever staged from it"
    if found.last_run_status == "PARTIAL" or found.verified_at is None:
        return "PARTIAL", found.last_error or "it was never read to the end"
    if found.suspicion is not None:
        return "PARTIAL", found.suspicion
    latest = max(filter(None, (found.as_of, found.verified_at, found.last_attempt_at)))
    if now < latest - CLOCK_TOLERANCE:
        behind = f"the clock stands {_words(latest - now)} before {latest:%Y-%m-%d %H:%M} UTC"
        return "UNKNOWN", f"{behind}, when the feed was last read; set this machine's clock right"
    silence = now - found.verified_at
    if silence > promise + grace:
        return "STALE", f"its source was last read {_words(silence)} ago; promised within {_words(promise)}"
    status, reason = _judge_age(contract, found, now - found.as_of)
    if found.last_run_status == "FAILED":
        # A failure makes nothing better: what was too old, or unknown, before it is no less so after it.
        return status if status in ("STALE", "UNKNOWN") else "LATE", found.last_error or "the last attempt failed"
    if silence > promise:
        return "LATE", f"its source was last read {_words(silence)} ago; promised within {_words(promise)}"
    return status, reason


def _judge_age(contract: FeedContract, found: _Evidence, age: timedelta) -> tuple[Status, str]:
    """Of a feed whose source was read in time: how old its newest data are, and whether they should be newer."""
    promise = contract.freshness.promise
    overdue: Status = "LATE" if age <= promise + contract.freshness.grace else "STALE"
    if age <= promise:
        return "FRESH", f"newest data are {_words(age)} old; promised within {_words(promise)}"
    if found.source_behind is not None:
        return overdue, found.source_behind
    if found.is_source_ahead is False:
        return "IDLE", f"the source has had nothing newer for {_words(age)}"
    if contract.source.kind == "files":
        return overdue, f"no new file for {_words(age)}; promised within {_words(promise)}"
    return "UNKNOWN", f"newest data are {_words(age)} old and the source does not say whether it has newer ones"


def _evidence(ledger: Ledger, contract: FeedContract) -> _Evidence:
    feed = contract.feed
    run = ledger.row(
        "SELECT * FROM feed_run WHERE feed = ? AND kind = 'live' AND status <> 'OPEN' ORDER BY run_id DESC LIMIT 1",
        feed,
    )
    good = ledger.row(
        """SELECT max(started_at) AS at FROM feed_run
           WHERE feed = ? AND kind = 'live' AND status IN ('OK', 'EMPTY_OK')""",
        feed,
    )
    mark = ledger.row("SELECT max(value) AS value FROM high_water_mark WHERE feed = ? AND stage = 'staged'", feed)
    batch = ledger.row("SELECT * FROM feed_batch WHERE feed = ? ORDER BY batch_seq DESC LIMIT 1", feed)
    held = ledger.row(
        "SELECT held_reason FROM feed_batch WHERE feed = ? AND state = 'held' ORDER BY batch_seq LIMIT 1", feed
    )
    quarantined = ledger.row("SELECT held FROM quarantine_count WHERE feed = ?", feed)
    verified_at, reached = moment(good["at"]) if good else None, moment(mark["value"]) if mark else None
    is_full_read = contract.delivery == "snapshot" and contract.source.kind != "files"
    return _Evidence(
        # A full read that succeeded shows the source as it was at that time, however old its rows are.
        as_of=verified_at if is_full_read and reached else reached,
        verified_at=verified_at,
        last_attempt_at=moment(run["started_at"]) if run else None,
        last_run_status=run["status"] if run else None,
        last_error=run["error"] if run else None,
        held_reason=held["held_reason"] if held else None,
        is_source_ahead=_is_source_ahead(ledger, contract),
        last_batch_id=batch["batch_id"] if batch else None,
        last_loaded_at=moment(batch["staged_at"]) if batch and batch["staged_at"] else None,
        rows_staged=rows_staged(ledger, feed),
        rows_held=quarantined["held"] if quarantined else 0,
        is_complete=_is_complete(ledger, feed),
        suspicion=_told(ledger, feed, _is_of_rows) or _waited_for(ledger, feed),
        source_behind=_told(ledger, feed, lambda failure: failure.name in SOURCE_BEHIND),
    )


def _is_complete(ledger: Ledger, feed: str) -> bool | None:
    """What reconciling said last: False when rows differ, True when none do, None when that is not known."""
    latest = latest_verdicts(ledger, feed)
    verdicts = {row["verdict"] for failure in RECONCILED for row in latest.get((feed, failure), ())}
    return False if "FAIL" in verdicts else True if verdicts == {"PASS"} else None


def _told(ledger: Ledger, feed: str, is_meant: Callable[[Failure], bool]) -> str | None:
    """What an alert says that tells of such a failure: readers should not take the feed for what it seems to be."""
    failures = load_failures()
    for alert in alerts_at_work(ledger, feed):
        failure = failures.get(alert.failure)
        if failure is not None and is_meant(failure):
            return f"{failure.title.lower()}: {alert.reason}"
    return None


def _is_of_rows(failure: Failure) -> bool:
    return failure.effect in ("missing", "wrong")


def _waited_for(ledger: Ledger, feed: str) -> str | None:
    """What a told alert of another feed says of rows that wait for rows of this one."""
    for alert in told_alerts(ledger, "orphans"):
        if alert.evidence.get("parent") == feed:
            return f"{alert.feed}: {alert.reason}"
    return None


def _is_source_ahead(ledger: Ledger, contract: FeedContract) -> bool | None:
    """Does the source, asked apart from the data, have more than was landed? None when it did not say."""
    probe = ledger.row(
        "SELECT newest FROM source_probe WHERE feed = ? ORDER BY probed_at DESC, rowid DESC LIMIT 1", contract.feed
    )
    # Where the cursor stands: it never goes back, and rows dated in the future do not move it.
    landed = ledger.row(
        "SELECT cursor_after AS high FROM feed_batch WHERE feed = ? ORDER BY batch_seq DESC LIMIT 1", contract.feed
    )
    if contract.cursor is None or probe is None or probe["newest"] is None or landed is None or landed["high"] is None:
        return None
    if contract.cursor.type == "integer":
        return int(probe["newest"]) > int(landed["high"])
    return bool(_comparable(probe["newest"]) > _comparable(landed["high"]))


def _comparable(text: str) -> str:
    try:
        return cursor_text(datetime.fromisoformat(text)) or text
    except ValueError:
        return text


def _words(span: timedelta) -> str:
    """A span as people say it: '45 min', '26 h', '9 days'."""
    minutes = span.total_seconds() / 60
    if minutes < 120:
        return f"{max(minutes, 0):.0f} min"
    return f"{minutes / 60:.0f} h" if minutes < 72 * 60 else f"{minutes / 1440:.0f} days"
