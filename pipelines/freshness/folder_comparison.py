"""Hold the files of a folder against the batches made from them, by age."""

from __future__ import annotations

from datetime import datetime, timedelta

from connectors.delivery import FileIdentity
from connectors.reconcile import SAMPLE
from connectors.reconcile_files import ComparedFile, FolderSource, compared_files
from connectors.tiers import windows_up_to
from pipelines.ledger.database import Ledger, moment
from pipelines.ledger.reconciles import TierResult


def compare_folder(ledger: Ledger, feed: str, source: FolderSource, days: int, now: datetime) -> list[TierResult]:
    """One result a tier, in files; none when the folder was never read to its end.

    A file that came after the folder was last read is for the next sync. Raises FeedTrouble.
    """
    closed_end = _last_read(ledger, feed)
    if closed_end is None:
        return []
    files = list(compared_files(source, _landed(ledger, feed), closed_end))
    results: list[TierResult] = []
    upper = closed_end
    for window in windows_up_to(days):
        lower = closed_end - timedelta(days=window)
        here = [file for file in files if _lies_in(file, lower, upper, is_youngest=not results)]
        results.append(_result(window, here, lower, upper, now))
        upper = lower
    return results


def _last_read(ledger: Ledger, feed: str) -> datetime | None:
    row = ledger.row(
        """SELECT max(started_at) AS at FROM feed_run
           WHERE feed = ? AND kind = 'live' AND status IN ('OK', 'EMPTY_OK', 'PARTIAL')""",
        feed,
    )
    return moment(row["at"]) if row else None


def _landed(ledger: Ledger, feed: str) -> dict[FileIdentity, str | None]:
    """File → digest of its content as it was last landed."""
    rows = ledger.rows(
        """SELECT file_name, file_bytes, file_modified_at, content_sha256 FROM feed_batch
           WHERE feed = ? AND file_name IS NOT NULL ORDER BY batch_seq""",
        feed,
    )
    return {
        FileIdentity(row["file_name"], row["file_bytes"], row["file_modified_at"]): row["content_sha256"]
        for row in rows
    }


def _lies_in(file: ComparedFile, lower: datetime, upper: datetime, *, is_youngest: bool) -> bool:
    """A file without a time may be of any age, and is looked at with the youngest."""
    return is_youngest if file.modified_at is None else lower <= file.modified_at < upper


def _result(days: int, files: list[ComparedFile], lower: datetime, upper: datetime, now: datetime) -> TierResult:
    names = {kind: [file.name for file in files if file.kind == kind] for kind in ("missing", "outdated")}
    return TierResult(
        days=days,
        reconciled_at=now,
        unit="file",
        method="files",
        window_lower=lower.isoformat(),
        window_upper=upper.isoformat(),
        rows_source=len(files),
        rows_here=len(files) - len(names["missing"]),
        missing=len(names["missing"]),
        outdated=len(names["outdated"]),
        extra=0,
        totals={},
        samples={kind: tuple(found[:SAMPLE]) for kind, found in names.items() if found},
    )
