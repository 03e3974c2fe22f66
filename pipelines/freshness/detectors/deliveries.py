"""Deliveries as files: whole, in sequence, and each of them new?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import dropwhile, islice, takewhile

from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.detectors.looks import is_announced, trouble_of_last_run
from pipelines.freshness.detectors.source_times import told_behind
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import Batch, FeedHistory
from pipelines.ledger.batches import begins_again
from pipelines.ledger.evidence import Verdict

# A sender who ended this many files with a line end, and at most one in ten without, ends them so.
HABIT = 3
# A file that is still being written at one look is whole at the next.
UNFINISHED_IN_A_ROW = 3
# So many rows without one that is new or changed are no coincidence.
STALE_ROWS = 20
# Fewer will do after so many files of which at least half of the rows were new or changed.
FEW_STALE_ROWS, NEWS_BEFORE = 5, 7
# This share of a sender's files had names of their own; fewer are names that come round again, as those of weekdays.
OWN_NAMES = 0.75
MOST_NAMED = 5


@detects("truncated")
def truncated(history: FeedHistory) -> Iterator[Finding]:
    """A delivery ends before its end (modes B1, B2): its own count, trailer, packing or last line says so."""
    found = trouble_of_last_run(history, "truncated", ("truncated",))
    unfinished = list(takewhile(lambda run: run.error_kind == "unfinished", reversed(history.ended_runs)))
    cut = [batch for batch in history.recent_batches if _is_cut(batch, history.batches)]
    if found.verdict != "FAIL" and len(unfinished) >= UNFINISHED_IN_A_ROW:
        last, first = unfinished[0], unfinished[-1]
        fact = last.error or "a file does not get finished"
        yield Finding(history.feed, "truncated", "FAIL", fact, onset=first.started_at, evidence_at=last.started_at)
    elif found.verdict != "FAIL" and cut:
        fact = f"{_named(cut)} ends in the middle of a line, as no file of this sender did before"
        yield Finding(
            history.feed,
            "truncated",
            "FAIL",
            fact,
            rows=sum(batch.row_count for batch in cut),
            onset=cut[0].landed_at,
            evidence_at=cut[-1].landed_at,
        )
    else:
        yield found


@detects("sequence_gap")
def sequence_gap(history: FeedHistory) -> Iterator[Finding]:
    """Numbers are missing between those of the files that came (mode B3); a sender may begin again at a lower one."""
    numbered = [batch for batch in history.batches if batch.sequence is not None]
    if not numbered:
        yield Finding(history.feed, "sequence_gap", "UNKNOWN", "its deliveries have no sequence numbers")
        return
    missing = missing_numbers(numbered)
    last = numbered[-1]
    if missing:
        shown = ", ".join(str(number) for number in sorted(missing)[:MOST_NAMED])
        more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
        yield Finding(
            history.feed,
            "sequence_gap",
            "FAIL",
            f"number {shown}{more} did not come; {last.label} is number {last.sequence}",
            onset=min(batch.landed_at for batch in missing.values()),
            evidence_at=last.landed_at,
            evidence={"missing": len(missing)},
        )
    else:
        fact = f"no number is missing up to {last.sequence}"
        yield Finding(history.feed, "sequence_gap", "PASS", fact, evidence_at=last.landed_at)


@detects("redelivered")
def redelivered(history: FeedHistory) -> Iterator[Finding]:
    """A file that came before comes again as a new one (modes A12, C1, C2), so what should have come is missing."""
    files = [batch for batch in history.live_batches if batch.file_name is not None]
    if not files:
        yield Finding(history.feed, "redelivered", "UNKNOWN", "no file of it was landed of late")
        return
    is_full = history.contract.delivery == "snapshot"
    recent = {batch.batch_id for batch in history.recent_batches}
    again = [
        (batch, reason)
        for place, batch in enumerate(files)
        if batch.batch_id in recent and (reason := _came_before(batch, files[:place], is_full=is_full))
    ]
    if again and not is_announced(history, "backfill"):
        yield Finding(
            history.feed,
            "redelivered",
            "FAIL",
            "; ".join(f"{batch.label} {reason}" for batch, reason in again[:MOST_NAMED]),
            rows=sum(batch.row_count for batch, _ in again),
            onset=again[0][0].landed_at,
            evidence_at=again[-1][0].landed_at,
        )
    else:
        fact = f"{files[-1].label} is new"
        yield Finding(history.feed, "redelivered", "PASS", fact, evidence_at=files[-1].landed_at)


@detects("stale_source")
def stale_source(history: FeedHistory) -> Iterator[Finding]:
    """The source was itself not fed (mode A13): it says so, or files keep coming from a day that stands still."""
    words = "it says that it was fed up to"
    if by_word := told_behind(history, "stale_source", lambda answer: answer.fed_until, words):
        yield by_word
        return
    dated = [batch for batch in history.live_batches if batch.business_date is not None]
    if not dated:
        yield Finding(history.feed, "stale_source", "UNKNOWN", "its deliveries do not say of which day they are")
        return
    last, before = dated[-1], dated[-2] if len(dated) > 1 else None
    day = date.fromisoformat(last.business_date or "")
    promise = history.contract.freshness.promise + history.contract.freshness.grace
    is_behind = last.landed_at.date() - day > promise + timedelta(days=1)  # a day's data are whole at its end
    is_standing = before is not None and (before.business_date or "") >= (last.business_date or "")
    verdict: Verdict = "FAIL" if is_behind and is_standing else "WARN" if is_behind else "PASS"
    fact = f"{last.label} came on {last.landed_at:%Y-%m-%d} and is of {day.isoformat()}"
    yield Finding(history.feed, "stale_source", verdict, fact, evidence_at=last.landed_at)


def brings_no_news(batch: Batch) -> bool:
    """Whether no row of a staged batch is new or changed, and it has more than a handful."""
    return (batch.rows_in or 0) >= FEW_STALE_ROWS and not _news(batch)


def _is_cut(batch: Batch, batches: Sequence[Batch]) -> bool:
    if not batch.ends_mid_line:
        return False
    former = [one.ends_mid_line for one in batches if one.batch_seq < batch.batch_seq and one.ends_mid_line is not None]
    return former.count(False) >= HABIT and former.count(True) * 10 <= len(former)


def missing_numbers(numbered: Sequence[Batch]) -> dict[int, Batch]:
    """Sequence number that did not come → the batch that came in its place. All of the batches have numbers."""
    missing: dict[int, Batch] = {}
    newest: int | None = None
    for batch in numbered:
        number = batch.sequence or 0
        if newest is None or begins_again(number, newest):
            missing, newest = {}, number
        elif number > newest:
            missing |= dict.fromkeys(range(newest + 1, number), batch)
            newest = number
        else:
            missing.pop(number, None)
    return missing


def is_sent_once_more(batch: Batch, former: Sequence[Batch]) -> bool:
    """Whether a file has the name of a former one, of a sender who gives each file a name of its own: a correction."""
    # A name that comes with the same bytes, as when a whole folder was copied anew, has not come round to new ones.
    names = [name for name, _ in {(one.file_name, one.content_sha256 or one.batch_id) for one in former}]
    return batch.file_name in names and len(set(names)) >= OWN_NAMES * len(names)


def _came_before(batch: Batch, former: Sequence[Batch], *, is_full: bool) -> str | None:
    """Why a file is held to have come before; None when it is new, or when it is a former one sent once more."""
    if is_sent_once_more(batch, former):
        return None
    rows = batch.row_count + batch.reject_count
    same = [one for one in former if rows and one.content_sha256 == batch.content_sha256 is not None]
    # A full list may well be what it was the last time; it does not go back to what it was before that.
    if same and not (is_full and former[-1].content_sha256 == batch.content_sha256):
        return f"holds the same bytes as {same[-1].label}"
    dates = [one.business_date for one in former if one.business_date is not None]
    if dates and batch.business_date is not None and batch.business_date < max(dates):
        numbers = [one.sequence for one in former if one.sequence is not None]
        is_newer = batch.sequence is not None and bool(numbers) and batch.sequence > max(numbers)
        if is_newer or (batch.sequence is None and batch.business_date in dates):
            return f"is of {batch.business_date}, and {max(dates)} came before it"
    known = (batch.rows_unchanged or 0) + (batch.rows_refused or 0) + (batch.rows_duplicate or 0)
    stale_rows = FEW_STALE_ROWS if _brought_news(former) else STALE_ROWS
    if not is_full and known >= stale_rows and brings_no_news(batch):
        return f"holds {known:,} rows that were all here already"
    return None


def _brought_news(former: Sequence[Batch]) -> bool:
    """Whether in each of enough files half of the rows were new or changed, those redelivered just now left out."""
    staged = (one for one in reversed(former) if one.rows_in)
    before = list(islice(dropwhile(brings_no_news, staged), NEWS_BEFORE))
    return len(before) == NEWS_BEFORE and all(_news(one) * 2 >= (one.rows_in or 0) for one in before)


def _news(batch: Batch) -> int:
    return (batch.rows_new or 0) + (batch.rows_changed or 0)


def _named(batches: Sequence[Batch]) -> str:
    shown = ", ".join(batch.label for batch in batches[:MOST_NAMED])
    return shown if len(batches) <= MOST_NAMED else f"{shown} and {len(batches) - MOST_NAMED} more"
