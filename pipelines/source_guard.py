"""Is this still the source that was read before? If it is not, nothing of it is landed until somebody accepts it.

A cursor, keys and totals mean something in one source only. Another tenant, the staging copy, or the same database
restored from an old backup would be landed without an error, and what it lacks would be lost without a trace.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from connectors.contract import Cursor, FeedContract
from connectors.cursors import is_after, source_value
from connectors.delivery import FeedTrouble, Probe
from connectors.manifest import Manifest
from pipelines.ledger.acceptances import Acceptance
from pipelines.ledger.database import Ledger
from pipelines.ledger.evidence import last_answer
from pipelines.ledger.runs import last_error_kind

# A few newest rows may be deleted; a restore from a backup takes more than these with it.
FEW_ROWS = 10


def check_source(
    ledger: Ledger, contract: FeedContract, probe: Probe, previous: Manifest | None, acceptance: Acceptance | None
) -> None:
    """Raise FeedTrouble when the source is another one ('other_source') or went back in time ('rolled_back')."""
    if previous is None:
        return
    is_known = acceptance is not None and acceptance.identity == probe.identity and is_accepted(acceptance, previous)
    if probe.identity != previous.source_identity and not is_known:
        fact = f"this is another source than before: it was {previous.source_identity} and is {probe.identity}"
        raise _held(contract, fact, "other_source")
    if contract.cursor is not None and contract.source.kind == "sql":
        _check_not_rolled_back(ledger, contract, contract.cursor, probe, acceptance)


def is_accepted(acceptance: Acceptance | None, previous: Manifest | None) -> bool:
    """Whether somebody accepted the source as it is since its last batch."""
    if acceptance is None or previous is None:
        return False
    return acceptance.accepted_at >= datetime.fromisoformat(previous.landed_at)


def credentials_end(contract: FeedContract, environment: Mapping[str, str]) -> datetime | None:
    """When the source's credentials end, from the variable that the contract names; None when it says no date."""
    said = environment.get(contract.watch.credentials_expire or "", "").strip()
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _check_not_rolled_back(
    ledger: Ledger, contract: FeedContract, cursor: Cursor, probe: Probe, acceptance: Acceptance | None
) -> None:
    """Both fell since the last good read: the newest value, by more than the overlap, and the count of rows.

    One of them alone happens in healthy sources: newest rows are deleted, old rows are archived. Once held, newer
    values prove nothing, as a restored source goes on with new rows; it must have its old ones back.
    """
    before = last_answer(ledger, contract.feed, acceptance.accepted_at if acceptance else None)
    if before is None or before.row_count is None or probe.row_count is None:
        return
    newest_before, newest = source_value(cursor, before.newest), source_value(cursor, probe.newest)
    if newest_before is None or probe.row_count > before.row_count - FEW_ROWS:
        return
    if newest is None and probe.row_count > 0:
        return
    is_held = last_error_kind(ledger, contract.feed) == "rolled_back"
    if newest is None or is_held or _is_behind(newest, newest_before, cursor):
        fact = (
            f"the source went back in time: its newest {cursor.column} was {before.newest} with {before.row_count:,} "
            f"rows and is {probe.newest or 'none'} with {probe.row_count:,}"
        )
        raise _held(contract, fact, "rolled_back")


def _is_behind(newest: datetime | int, before: datetime | int, cursor: Cursor) -> bool:
    return is_after(before - cursor.overlap if isinstance(before, datetime) else before, newest)


def _held(contract: FeedContract, fact: str, kind: str) -> FeedTrouble:
    step = f"Nothing was landed. If this is right, run c360 feeds accept {contract.feed} --by NAME --because WHY."
    return FeedTrouble(contract.feed, fact, step, kind=kind)
