"""Keys merged: the same account, e-mail address or telephone number names far more rows than usual."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import ceil

from pipelines.freshness import against_bands
from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import Batch, FeedHistory
from pipelines.freshness.signals import Reading, Signal

# What names one person or account: where it repeats more often, keys were merged or split.
NAMING = frozenset({"record_id", "account_ref", "email", "phone", "strong_id"})
# So many batches in ten have at most the usual number of rows.
USUAL_TENTHS = 8


def _repeated(history: FeedHistory, batches: Sequence[Batch]) -> Iterator[Reading]:
    """Repetitions in what names somebody, in no more rows than usual: of more rows more are of the same people."""
    usual = _usual_rows(history)
    for batch in batches:
        for name, column in history.profiles.get(batch.batch_id, {}).items():
            if rows := min(column.rows - column.nulls, usual.get(name, 0)):
                yield Reading(name, batch.landed_at, max(rows - column.distinct, 0), rows)  # distinct may be estimated


def _usual_rows(history: FeedHistory) -> Mapping[str, int]:
    """Column that names somebody → rows with a value in it, which `USUAL_TENTHS` of the batches do not exceed."""
    entity = history.contract.canonical
    named = [name for name, one in entity.columns.items() if one.identity in NAMING and name not in entity.key]
    profiles = [history.profiles[batch.batch_id] for batch in history.profiled_batches]
    filled = {name: sorted(one[name].rows - one[name].nulls for one in profiles if name in one) for name in named}
    return {name: rows[ceil(len(rows) * USUAL_TENTHS / 10) - 1] for name, rows in filled.items() if rows}


REPEATED = Signal(
    failure="keys_merged",
    kind="share",
    series=_repeated,
    least=0.1,
    side="high",
    says="share of repeated values",
)


@detects("keys_merged")
def keys_merged(history: FeedHistory) -> Iterator[Finding]:
    """Repetitions of what names a person or account against their usual share (mode F7)."""
    return against_bands.findings(history, REPEATED)
