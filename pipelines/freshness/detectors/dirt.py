"""Dirt: every feed has a few bad rows, and only more of them than are usual for the feed are worth a word.

A share of bad rows is too high when the dirt that the feed had before hardly ever gives so many. The chance is bounded
by Chernoff's inequality, P(X ≥ k) ≤ exp(−n · KL(k/n ‖ p)) for n rows with usual share p (Hoeffding, Journal of the
American Statistical Association 58, 1963, theorem 1), which holds for any n without a table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import log
from typing import NamedTuple

from pipelines.freshness.finding import Finding
from pipelines.freshness.history import Batch, FeedHistory

# Fewer bad rows than this are never told, whatever their share: somebody mistyped.
LEAST_ROWS = 5
# What is told with fewer, of which nothing is good or that never was before: a single line may be a slip.
NONE_GOOD = 2
# Less than this share of a batch is told only where there was none in `PRIOR_ROWS` rows before.
LEAST_SHARE = 0.05
# Natural logarithm of one in 100,000: with some hundred looks at columns a sync, clean syncs stay silent.
SURPRISE = 11.5
# What is usual before anything is known: a few bad rows in a hundred, held as firmly as this many rows would show it.
PRIOR_ROWS = 200
USUAL = 0.02
# What should not be at all, as a key that names another thing.
NEVER = 0.001
# A batch of a few rows is looked at together with those before it, up to this many rows.
WINDOW_ROWS = 20
NOTHING = "no batch with rows was staged in the last four weeks"


class Part(NamedTuple):
    """Some rows that arrived together, and how many of them are bad."""

    at: datetime
    rows: int
    bad: int


@dataclass(frozen=True)
class Look:
    """The newest rows beside what was usual before. `onset` is set when they are beyond it: since when that is so."""

    rows: int
    bad: int
    usual: float
    bad_before: int
    rows_before: int
    onset: datetime | None

    @property
    def is_beyond(self) -> bool:
        """Whether there are more bad rows than usual dirt explains."""
        return self.onset is not None

    @property
    def is_new(self) -> bool:
        """Whether there are bad rows of a kind that the feed did not have before."""
        return self.bad > 0 and self.bad_before == 0 and self.rows_before > 0


def look(parts: Sequence[Part], usual: float = USUAL, *, together: int = 1) -> Look:
    """Judge the newest of some parts, oldest first. Parts that were beyond what was usual are not learned from.

    Beside each part alone, so many newest parts are judged `together`: few bad rows in each may be too many in all.
    """
    bad_before = rows_before = 0
    before: list[tuple[int, int]] = []  # of each part
    onset: datetime | None = None
    seen = (0, 0)
    if parts and sum(part.bad for part in parts) < LEAST_ROWS:  # nowhere enough, so nothing is weighed part by part
        last = parts[-1]
        bad_before, rows_before = sum(part.bad for part in parts[:-1]), sum(part.rows for part in parts[:-1])
        return Look(last.rows, last.bad, _expected(bad_before, rows_before, usual), bad_before, rows_before, None)
    for place, part in enumerate(parts):
        before.append((bad_before, rows_before))
        seen = (part.rows, part.bad)
        windows = (((rows, bad), before[first]) for rows, bad, first in _windows(parts, place, together))
        worst = next((seen for seen, former in windows if _is_beyond(*seen, *former, usual)), None)
        if worst is not None:
            seen, onset = worst, onset or part.at
            continue
        onset = None
        if place < len(parts) - 1:
            bad_before, rows_before = bad_before + part.bad, rows_before + part.rows
    return Look(*seen, _expected(bad_before, rows_before, usual), bad_before, rows_before, onset)


def is_first(parts: Sequence[Part]) -> bool:
    """Whether the newest part has what should not be at all and none of many rows before it was: two are no slip."""
    *before, newest = parts
    rows_before = sum(part.rows for part in before)
    if newest.bad < NONE_GOOD or rows_before < PRIOR_ROWS or any(part.bad for part in before):
        return False
    return newest.rows * _divergence(newest.bad / newest.rows, _expected(0, rows_before, NEVER)) > SURPRISE


def _windows(parts: Sequence[Part], last: int, together: int) -> Iterator[tuple[int, int, int]]:
    """(rows, bad, place of the first) of a part alone, of a small part with those before it, of so many together."""
    yield parts[last].rows, parts[last].bad, last
    small = last
    while small > 0 and sum(part.rows for part in parts[small : last + 1]) < WINDOW_ROWS:
        small -= 1
    for first in (small, max(0, last - together + 1)):
        if first < last:
            window = parts[first : last + 1]
            yield sum(part.rows for part in window), sum(part.bad for part in window), first


def _is_beyond(rows: int, bad: int, bad_before: int, rows_before: int, usual: float) -> bool:
    is_first_seen = bad_before == 0 and rows_before >= PRIOR_ROWS
    if bad < LEAST_ROWS or (bad < rows * LEAST_SHARE and not is_first_seen):
        return False
    share, expected = bad / rows, _expected(bad_before, rows_before, usual)
    return share > expected and rows * _divergence(share, expected) > SURPRISE


def _expected(bad_before: int, rows_before: int, usual: float) -> float:
    return (bad_before + usual * PRIOR_ROWS) / (rows_before + PRIOR_ROWS)


def _divergence(share: float, expected: float) -> float:
    """Kullback-Leibler divergence of two shares, in nats."""
    rest = (1 - share) * log((1 - share) / (1 - expected)) if share < 1 else 0.0
    return share * log(share / expected) + rest


def parts_of(batches: Iterable[Batch], bad: Mapping[str, int]) -> list[Part]:
    """Batches as parts; `bad` counts rows by batch."""
    return [
        Part(batch.landed_at, batch.row_count, min(bad.get(batch.batch_id, 0), batch.row_count)) for batch in batches
    ]


def findings(
    history: FeedHistory,
    failure: str,
    segments: Mapping[str, Mapping[str, int]],
    words: str,
    *,
    usual: float = USUAL,
) -> Iterator[Finding]:
    """One finding for each segment with too many bad rows, and one for all others. `segments` → batch → bad rows.

    `words` says what is wrong with the rows.
    """
    batches = history.staged_batches
    if not batches:
        yield Finding(history.feed, failure, "UNKNOWN", NOTHING)
        return
    evidence_at = batches[-1].landed_at
    told = {segment: look(parts_of(batches, bad), usual) for segment, bad in segments.items()}
    for segment, seen in told.items():
        if seen.is_beyond or seen.is_new:
            yield finding(history, failure, seen, words, segment=segment, evidence_at=evidence_at)
    if "" not in segments or not (told[""].is_beyond or told[""].is_new):
        yield Finding(history.feed, failure, "PASS", "no more than usual", evidence_at=evidence_at)


def finding(
    history: FeedHistory,
    failure: str,
    seen: Look,
    words: str,
    *,
    segment: str = "",
    evidence_at: datetime,
    is_exact: bool = False,
) -> Finding:
    """FAIL for more bad rows than usual, WARN for the first few."""
    place = f" in {segment}" if segment else ""
    usually = f"usual is {seen.usual:.1%}" if seen.bad_before else "there were none before"
    return Finding(
        history.feed,
        failure,
        "FAIL" if seen.is_beyond else "WARN",
        f"{seen.bad:,} of {seen.rows:,} rows {words}{place}; {usually}",
        segment=segment,
        rows=seen.bad,
        onset=seen.onset,
        evidence_at=evidence_at,
        evidence={"rows": seen.rows, "bad": seen.bad, "usual_share": round(seen.usual, 5)},
        is_exact=is_exact,
    )
