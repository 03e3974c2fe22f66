"""Evidence about a feed, as detectors get it, with what a test does not care about filled in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from connectors.catalog import load_catalog
from connectors.contract import FeedContract
from pipelines.freshness.history import Batch, FeedHistory, Run, SourceAnswer

NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)  # a Wednesday
CATALOG = load_catalog()
ORDERS = CATALOG["shop.orders"]


def a_run(at: datetime, status: str = "OK", **facts: object) -> Run:
    """A run that started at a moment and took a minute."""
    plain = Run(
        run_id=f"run-{at.isoformat()}",
        kind="live",
        status=status,
        contract_version=ORDERS.version,
        started_at=at,
        ended_at=at + timedelta(minutes=1),
        clock_offset_seconds=0.0,
    )
    return replace(plain, **facts)  # type: ignore[arg-type]


def a_batch(seq: int, at: datetime, rows: int = 10, **facts: object) -> Batch:
    """A batch landed at a moment and staged a minute later; all of its rows were new."""
    plain = Batch(
        batch_id=f"shop.orders-{seq:08d}",
        batch_seq=seq,
        run_id=f"run-{at.isoformat()}",
        label="orders",
        state="staged",
        row_count=rows,
        landed_at=at,
        staged_at=at + timedelta(minutes=1),
        content_sha256=f"sha-{seq}",
        rows_in=rows,
        rows_new=rows,
        rows_changed=0,
        rows_unchanged=0,
        rows_quarantined=0,
        rows_duplicate=0,
        rows_refused=0,
        rows_deleted=0,
    )
    return replace(plain, **facts)  # type: ignore[arg-type]


def a_history(
    runs: Sequence[Run] = (),
    batches: Sequence[Batch] = (),
    answers: Sequence[SourceAnswer] = (),
    *,
    now: datetime = NOON,
    contract: FeedContract = ORDERS,
) -> FeedHistory:
    """The evidence about one feed at a moment."""
    return FeedHistory(contract, now, tuple(runs), tuple(batches), tuple(answers), marks={}, held_rows=0)
