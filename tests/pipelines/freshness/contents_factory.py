"""What batches held, as detectors get it: profiles, breaches and histories of many like batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from connectors.contract import FeedContract
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import FeedHistory
from pipelines.ledger.breaches import BreachRecord
from pipelines.ledger.profiles import ColumnProfile
from tests.pipelines.freshness.history_factory import NOON, ORDERS, a_batch, a_history

Facts = Mapping[str, Mapping[str, object]]  # column → fact → value


def a_breach(kind: str, rows: int, *, rule: str = "", columns: str = "", code: str = "") -> BreachRecord:
    """A breach of a batch that `contents` will name."""
    return BreachRecord("", kind, rule or kind, columns, code, rows)


def contents(
    sizes: Sequence[int],
    breaches: Mapping[int, Sequence[BreachRecord]] | None = None,
    profiles: Mapping[int, Facts] | None = None,
    *,
    usual: Facts | None = None,
    contract: FeedContract = ORDERS,
    every: timedelta = timedelta(days=1),
) -> FeedHistory:
    """Batches of these sizes, the last of them landed at noon; `breaches` and `profiles` by place in the list.

    A batch that has no profile of its own has the `usual` one.
    """
    last = len(sizes) - 1
    batches = [a_batch(place + 1, NOON - every * (last - place), rows) for place, rows in enumerate(sizes)]
    named = {
        batches[place].batch_id: [replace(one, batch_id=batches[place].batch_id) for one in found]
        for place, found in (breaches or {}).items()
    }
    seen = {
        batch.batch_id: {
            column: _profile(batch.batch_id, column, batch.row_count, facts)
            for column, facts in (profiles or {}).get(place, usual or {"order_id": {}}).items()
        }
        for place, batch in enumerate(batches)
    }
    return replace(a_history([], batches, contract=contract), breaches=named, profiles=seen)


def _profile(batch_id: str, column: str, rows: int, facts: Mapping[str, object]) -> ColumnProfile:
    plain = ColumnProfile(batch_id, column, rows=rows, nulls=0, distinct=rows)
    return replace(plain, **facts)  # type: ignore[arg-type]


def told(findings: object) -> dict[str, str]:
    """Segment → verdict of those that did not pass."""
    found: list[Finding] = list(findings)  # type: ignore[call-overload]
    return {one.segment: one.verdict for one in found if one.verdict != "PASS"}
