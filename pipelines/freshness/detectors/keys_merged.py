"""Keys merged: the same account, e-mail address or telephone number names far more rows than usual."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, expm1

from pipelines.freshness import against_bands
from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import Batch, FeedHistory
from pipelines.freshness.signals import Reading, Signal

# What names one person or account: where it repeats more often, keys were merged or split.
NAMING = frozenset({"record_id", "account_ref", "email", "phone", "strong_id"})
# So many batches in ten have at most the usual number of rows.
USUAL_TENTHS = 8


@dataclass(frozen=True)
class _Crowd:
    """Whom the rows of a column are of: the usual number of rows, and the chance that two of them are of the same."""

    rows: int
    chance: float

    def added(self, rows: int) -> float:
        """Repetitions that come of more rows than usual, were nobody merged."""
        return rows * (self._share(rows) - self._share(self.rows)) if rows > self.rows else 0.0

    def _share(self, rows: int) -> float:
        """Share of repetitions among rows that are of 1 / chance people, each as likely: the birthday problem."""
        expected = rows * self.chance
        return 1 + expm1(-expected) / expected if expected else 0.0


def _repeated(history: FeedHistory, batches: Sequence[Batch]) -> Iterator[Reading]:
    """Repetitions in what names somebody, without those that more rows than usual bring by themselves."""
    crowds = _crowds(history)
    for batch in batches:
        for name, column in history.profiles.get(batch.batch_id, {}).items():
            rows = column.rows - column.nulls
            if rows and name in crowds:
                repeated = rows - column.distinct - crowds[name].added(rows)  # distinct values may be an estimate
                yield Reading(name, batch.landed_at, max(repeated, 0), rows)


def _crowds(history: FeedHistory) -> Mapping[str, _Crowd]:
    """Column that names somebody → its crowd, by the batches of no more rows than usual."""
    entity = history.contract.canonical
    profiles = [history.profiles[batch.batch_id] for batch in history.profiled_batches]
    found = {}
    for name, declared in entity.columns.items():
        came = sorted((one[name].rows - one[name].nulls, one[name].distinct) for one in profiles if name in one)
        usual = came[: ceil(len(came) * USUAL_TENTHS / 10)]
        if usual and declared.identity in NAMING and name not in entity.key:
            repeated = sum(max(rows - distinct, 0) for rows, distinct in usual)
            pairs = sum(rows * rows for rows, _ in usual) / 2
            found[name] = _Crowd(usual[-1][0], repeated / pairs if pairs else 0.0)
    return found


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
