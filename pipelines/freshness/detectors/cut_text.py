"""Cut text: many values end at the same length, as if something had cut them there."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence

from pipelines.freshness import against_bands
from pipelines.freshness.detectors import dirt
from pipelines.freshness.detectors.damage import EVEN_ODDS, chosen, parts
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
    """Texts of one length, or of the greatest, against their usual share, in columns of free text (mode D10)."""
    cut = {finding.segment: finding for finding in _at_one_length(history)}
    yield from cut.values()
    yield from (finding for finding in against_bands.findings(history, AT_LONGEST) if finding.segment not in cut)


def _at_one_length(history: FeedHistory) -> Iterator[Finding]:
    """Columns of which most texts have one length, shorter than usual, and far more of them than ever had the same.

    The first delivery after a cut holds longer texts too, so that none of them has the greatest length.
    """
    batches = chosen(history)
    for column, newest in history.profiles[batches[-1].batch_id].items() if batches else ():
        texts = newest.rows - newest.nulls
        if newest.common_length is None or texts < FEWEST_TEXTS:
            continue
        repeats = max((newest.top_count or 1) - 1, 0)  # one value for many is no cut
        if (newest.at_common_length or 0) - repeats < EVEN_ODDS * texts:
            continue
        found = (history.profiles[batch.batch_id].get(column) for batch in batches[:-1])
        former = [one for one in found if one is not None and one.common_length is not None]
        if sum(one.rows - one.nulls for one in former) < dirt.PRIOR_ROWS:
            continue
        # A first delivery of everything repeats the texts of years, and a small one those of any code hardly ever.
        distinct, usual = (_usual(former, fact) for fact in ("distinct", "at_common_length"))
        if distinct < FREE_TEXT or usual >= EVEN_ODDS:  # postal codes differ, too, and have one length or two
            continue
        usual_length = statistics.median(one.common_length or 0 for one in former)
        seen = dirt.look(parts(history, batches, column, "at_common_length"), usual)
        if seen.is_beyond and newest.common_length < usual_length:
            words = f"end after {newest.common_length} letters"
            evidence_at = batches[-1].landed_at
            yield dirt.finding(history, "cut_text", seen, words, segment=column, evidence_at=evidence_at, is_exact=True)


def _usual(profiles: Sequence[ColumnProfile], fact: str) -> float:
    """The median share of texts with a fact, of batches with enough texts; 0.0 without any."""
    shares = ((one.rows - one.nulls, getattr(one, fact)) for one in profiles)
    return float(statistics.median([count / texts for texts, count in shares if texts >= FEWEST_TEXTS] or [0.0]))
