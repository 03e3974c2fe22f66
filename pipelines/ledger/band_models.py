"""Learned bands as the ledger keeps them, so that an alert can be explained by what was held to be usual then."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pipelines.ledger.database import Ledger, moment, stamp

# The newest training is what counts; those before it stay for a week, and for good where a finding names them.
KEPT = timedelta(days=7)


@dataclass(frozen=True)
class BandModel:
    """What is usual of one part of a feed. `span_days` is how far back training reached, `n` the values it rests on.

    `excluded` counts batches of that span that were left out: announced, initial, beside an open failure.
    """

    failure: str
    segment: str
    version: int
    span_days: float
    n: int
    excluded: int
    parameters: Mapping[str, Any]


def record_training(ledger: Ledger, feed: str, version: int, models: Iterable[BandModel], now: datetime) -> None:
    """Write one training of a feed down and forget former ones that no finding rests on."""
    with ledger.transaction() as connection:
        connection.execute("INSERT OR REPLACE INTO band_training VALUES (?, ?, ?)", (feed, version, stamp(now)))
        connection.executemany(
            "INSERT OR REPLACE INTO band_model VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    feed,
                    model.failure,
                    model.segment,
                    version,
                    stamp(now),
                    model.span_days,
                    model.n,
                    model.excluded,
                    json.dumps(dict(model.parameters), separators=(",", ":")),
                )
                for model in models
            ],
        )
        connection.execute(
            """DELETE FROM band_model AS m WHERE m.feed = ? AND m.trained_at < ? AND NOT EXISTS (
                   SELECT 1 FROM finding AS f WHERE f.feed = m.feed AND f.failure = m.failure AND f.verdict = 'FAIL'
                   AND json_extract(f.evidence, '$.model') = m.version)""",
            (feed, stamp(now - KEPT)),
        )
        connection.execute(
            "DELETE FROM band_training WHERE feed = ? AND trained_at < ? AND version < ?",
            (feed, stamp(now - KEPT), version),
        )


def last_training(ledger: Ledger, feed: str) -> tuple[int, datetime | None]:
    """Version and time of the feed's newest training; (0, None) before the first."""
    row = ledger.row("SELECT version, trained_at FROM band_training WHERE feed = ? ORDER BY version DESC LIMIT 1", feed)
    return (row["version"], moment(row["trained_at"])) if row else (0, None)


def read_bands(ledger: Ledger, feed: str, version: int) -> list[BandModel]:
    """The feed's bands of one training."""
    rows = ledger.rows("SELECT * FROM band_model WHERE feed = ? AND version = ?", feed, version)
    return [
        BandModel(
            failure=row["failure"],
            segment=row["segment"],
            version=row["version"],
            span_days=row["span_days"],
            n=row["n"],
            excluded=row["excluded"],
            parameters=json.loads(row["parameters"]),
        )
        for row in rows
    ]
