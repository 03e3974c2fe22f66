"""Cut text: many values end at the same greatest length, as if something had cut them there."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.freshness import against_bands
from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import FeedHistory
from pipelines.freshness.signals import Signal, per_column
from pipelines.ledger.profiles import ColumnProfile

# A column of codes has few lengths, and its longest code may well not come in a batch.
FREE_TEXT = 0.5
# Of fewer texts the longest one alone is a large share.
FEWEST_TEXTS = 20


def _at_longest(_history: FeedHistory, column: ColumnProfile) -> tuple[float, float] | None:
    texts = column.rows - column.nulls
    if column.at_longest is None or texts < FEWEST_TEXTS or column.distinct < FREE_TEXT * texts:
        return None
    return column.at_longest, texts


AT_LONGEST = Signal(
    failure="cut_text",
    kind="share",
    series=per_column(_at_longest),
    least=0.1,
    side="high",
    says="share of texts of the greatest length",
)


@detects("cut_text")
def cut_text(history: FeedHistory) -> Iterator[Finding]:
    """Texts of the greatest length against their usual share, in columns of free text (mode D10)."""
    return against_bands.findings(history, AT_LONGEST)
