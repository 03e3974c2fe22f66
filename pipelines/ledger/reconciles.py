"""Comparisons with sources as the ledger knows them: one row a tier, with counts and hashes of keys, never values."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from pipelines.ledger.database import Ledger, stamp


@dataclass(frozen=True)
class TierResult:
    """What comparing one tier of a feed with its source came to.

    `days` is how far the tier reaches back; 0 is the whole of a feed without cursor. `unit` is what the numbers count:
    rows, or files. `method`: 'checksum' where buckets were added up and only those that differ were read, 'rows' where
    all rows were read, 'files' for files. `totals` has (source, here) by column of the contract's totals; `samples` has
    hashes of keys (hexadecimal), or names of files, by kind of difference. `is_repaired` when what differed was landed.
    """

    days: int
    reconciled_at: datetime
    unit: str
    method: str
    window_lower: str | None
    window_upper: str | None
    rows_source: int
    rows_here: int
    missing: int
    outdated: int
    extra: int
    totals: Mapping[str, tuple[str, str]]
    samples: Mapping[str, tuple[str, ...]]
    is_repaired: bool = False

    @property
    def differing(self) -> int:
        """How many differ in any way."""
        return self.missing + self.outdated + self.extra


def record_results(ledger: Ledger, feed: str, results: Iterable[TierResult], run_id: str | None) -> None:
    """Write a comparison down, all of its tiers or none."""
    with ledger.transaction() as connection:
        connection.executemany(
            "INSERT OR REPLACE INTO reconcile_result VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    feed,
                    stamp(result.reconciled_at),
                    result.days,
                    run_id,
                    result.unit,
                    result.method,
                    result.window_lower,
                    result.window_upper,
                    result.rows_source,
                    result.rows_here,
                    result.missing,
                    result.outdated,
                    result.extra,
                    result.is_repaired,
                    json.dumps(dict(result.totals)),
                    json.dumps(dict(result.samples)),
                )
                for result in results
            ],
        )


def read_results(ledger: Ledger, feed: str, since: datetime) -> list[TierResult]:
    """Comparisons of the feed since a moment, oldest first, youngest tier first."""
    rows = ledger.rows(
        "SELECT * FROM reconcile_result WHERE feed = ? AND reconciled_at >= ? ORDER BY reconciled_at, days",
        feed,
        stamp(since),
    )
    return [_result(row) for row in rows]


def _result(row: sqlite3.Row) -> TierResult:
    same = ("days", "unit", "method", "window_lower", "window_upper", "rows_source", "rows_here")
    return TierResult(
        **{name: row[name] for name in (*same, "missing", "outdated", "extra")},
        reconciled_at=datetime.fromisoformat(row["reconciled_at"]),
        totals={column: (source, here) for column, (source, here) in json.loads(row["totals"]).items()},
        samples={kind: tuple(found) for kind, found in json.loads(row["samples"]).items()},
        is_repaired=bool(row["is_repaired"]),
    )
