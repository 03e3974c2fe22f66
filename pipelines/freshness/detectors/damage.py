"""Damage: text, numbers and dates that something on the way here has changed, which the values themselves show."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from pipelines.freshness.detectors import dirt
from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.detectors.looks import trouble_of_last_run
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import Batch, FeedHistory

# So many values that all look alike are no chance: one in a million at even odds. Small batches are taken together.
ENOUGH = 20
EVEN_ODDS = 0.5
# The 12 first days are 2 of 5 in a month: that 60 days are all among them is no chance, and no first fortnight.
MANY_DAYS = 60
# When day and month are swapped, days after the 12th cannot be read: 3 of 5 where all days occur.
SWAPPED_UNREADABLE = 0.4
# Digits by which the middle of amounts moves when their unit does, as from cents to euros.
UNIT_DIGITS = 1.0
# So many batches, evenly over the time before, tell what was usual; and the newest as they follow each other.
BATCHES_BEFORE = 40
BATCHES_NEWEST = 20


@dataclass(frozen=True)
class Damage:
    """`rows` of a column, and what is wrong with them."""

    rows: int
    reason: str


@detects("damaged_text")
def damaged_text(history: FeedHistory) -> Iterator[Finding]:
    """Text that was read in another encoding than it was written in (mode D8), by column.

    Damaged are characters that no text holds; a '?' between letters is damage only where it is far more than usual.
    """
    batches = chosen(history)
    if not batches:
        yield Finding(history.feed, "damaged_text", "UNKNOWN", dirt.NOTHING)
        return
    evidence_at = batches[-1].landed_at
    for column, newest in history.profiles[batches[-1].batch_id].items():
        if newest.damaged is None:
            continue
        damaged = dirt.look(parts(history, batches, column, "damaged"), dirt.NEVER)
        questioned = dirt.look(parts(history, batches, column, "questioned"))
        if damaged.is_beyond or damaged.is_new:
            words = "have damaged text"
            yield dirt.finding(history, "damaged_text", damaged, words, segment=column, evidence_at=evidence_at)
        elif questioned.is_beyond and questioned.bad >= dirt.LEAST_SHARE * questioned.rows:
            words = "have a '?' between letters"
            yield dirt.finding(history, "damaged_text", questioned, words, segment=column, evidence_at=evidence_at)
    yield Finding(history.feed, "damaged_text", "PASS", "no more than usual", evidence_at=evidence_at)


@detects("damaged_numbers")
def damaged_numbers(history: FeedHistory) -> Iterator[Finding]:
    """Identifiers and amounts that went through a float or a rounding (mode D9), by column.

    A delivery whose rows are all there and do not come to the sender's total is one of these before it is landed.
    """
    refused = trouble_of_last_run(history, "damaged_numbers", ("totals",))
    if refused.verdict == "FAIL":
        yield refused
    else:
        yield from _by_column(history, "damaged_numbers", _lost_digits)


@detects("swapped_dates")
def swapped_dates(history: FeedHistory) -> Iterator[Finding]:
    """Dates whose day and month changed places (mode D12), by column.

    Exact where the contract's format makes a date unreadable that the other order can read.
    """
    yield from _by_column(history, "swapped_dates", _swapped)


Judge = Callable[[FeedHistory, list[Batch], list[Batch], str], Damage | None]


def _by_column(history: FeedHistory, failure: str, judge: Judge) -> Iterator[Finding]:
    """A FAIL for each column of the newest rows that the judge finds damaged, and a PASS for the others."""
    batches = chosen(history)
    if not batches:
        yield Finding(history.feed, failure, "UNKNOWN", dirt.NOTHING)
        return
    newest = _newest(batches)
    before = batches[: len(batches) - len(newest)]
    evidence_at = batches[-1].landed_at
    for column in history.profiles[batches[-1].batch_id]:
        damage = judge(history, before, newest, column)
        if damage is not None:
            onset = newest[0].landed_at
            yield Finding(history.feed, failure, "FAIL", damage.reason, column, damage.rows, onset, evidence_at)
    yield Finding(history.feed, failure, "PASS", "the newest rows show none", evidence_at=evidence_at)


def _lost_digits(history: FeedHistory, before: list[Batch], newest: list[Batch], column: str) -> Damage | None:
    """All of the newest values are round, and in some batch before fewer than half of them were."""
    now = _sums(history, newest, column)
    for part, whole, words in (
        ("rounded", "large", "identifiers above 2^53 in {} are as a float holds them"),
        ("whole", "amounts", "amounts in {} are without decimals"),
    ):
        if now[part] == now[whole] >= ENOUGH and _was_mixed(history, before, column, part, whole):
            if part == "whole" and _is_other_unit(history, before, newest, column):
                continue
            return Damage(now[part], f"all {now[part]:,} " + words.format(column))
    if column in {*history.contract.watch.parents, *history.contract.canonical.key}:
        seen = parts(history, [*before, *newest], column, "hundreds")
        hundreds, was_mixed = dirt.look(seen), any(one.bad < EVEN_ODDS * one.rows for one in seen[: -len(newest)])
        if hundreds.is_beyond and hundreds.bad >= EVEN_ODDS * hundreds.rows and was_mixed:
            return Damage(hundreds.bad, f"{hundreds.bad:,} of {hundreds.rows:,} identifiers in {column} end with 00")
    return None


def _is_other_unit(history: FeedHistory, before: list[Batch], newest: list[Batch], column: str) -> bool:
    """Whether amounts are so much larger or smaller than before that a change of unit took the decimals."""
    then, now = ([*_middles(history, some, column)] for some in (before, newest[-1:]))
    return bool(then and now) and abs(math.log10(now[0] / statistics.median(then))) > UNIT_DIGITS


def _middles(history: FeedHistory, batches: list[Batch], column: str) -> Iterator[float]:
    profiles = (history.profiles[batch.batch_id].get(column) for batch in batches)
    return (abs(one.q50) for one in profiles if one is not None and one.q50)


def _was_mixed(history: FeedHistory, before: list[Batch], column: str, part: str, whole: str) -> bool:
    """Whether some batch before had enough values of which no more than half were so."""
    then = (_sums(history, [batch], column) for batch in before)
    return any(one[whole] >= ENOUGH and one[part] <= EVEN_ODDS * one[whole] for one in then)


def _swapped(history: FeedHistory, before: list[Batch], newest: list[Batch], column: str) -> Damage | None:
    now = _sums(history, newest, column)
    values = now["values"]
    if now["swapped"] >= dirt.LEAST_ROWS and now["swapped"] >= EVEN_ODDS * values:
        fact = f"{now['swapped']:,} of {values:,} dates in {column} are of the last days once day and month swap"
        return Damage(now["swapped"], fact)
    exchanged = dirt.look(_exchanged(history, column), dirt.NEVER) if _has_exchanged(history, newest, column) else None
    if exchanged is not None and exchanged.is_beyond:
        fact = f"{exchanged.bad:,} of {exchanged.rows:,} dates in {column} are dates only once day and month swap"
        return Damage(exchanged.bad, fact)
    if not now["days"] or now["low_days"] < values:
        return None
    if now["days"] >= MANY_DAYS and _was_mixed(history, before, column, "low_days", "values"):
        return Damage(values, f"none of {now['days']} dates in {column} is later than the 12th of its month")
    unreadable = sum(
        breach.rows
        for batch in newest
        for breach in history.breaches.get(batch.batch_id, ())
        if breach.kind == "unreadable" and breach.columns == column
    )
    if values >= ENOUGH and unreadable >= SWAPPED_UNREADABLE * sum(batch.row_count for batch in newest):
        fact = f"{unreadable:,} dates in {column} cannot be read, and all that can are up to the 12th of their month"
        return Damage(unreadable, fact)
    return None


def _exchanged(history: FeedHistory, column: str) -> list[dirt.Part]:
    rows: Counter[str] = Counter()
    for batch_id, breaches in history.breaches.items():
        rows[batch_id] += sum(one.rows for one in breaches if (one.kind, one.columns) == ("swapped_date", column))
    return dirt.parts_of(history.staged_batches, rows)


def _has_exchanged(history: FeedHistory, batches: list[Batch], column: str) -> bool:
    breaches = (one for batch in batches for one in history.breaches.get(batch.batch_id, ()))
    return any((one.kind, one.columns) == ("swapped_date", column) for one in breaches)


def chosen(history: FeedHistory) -> list[Batch]:
    """Batches with profiles to compare, oldest first: some of all times, and the newest."""
    batches = history.profiled_batches
    older, newest = batches[:-BATCHES_NEWEST], batches[-BATCHES_NEWEST:]
    return older[:: len(older) // BATCHES_BEFORE + 1] + newest


def _newest(batches: Sequence[Batch]) -> list[Batch]:
    """The newest batch, with those before it until there are enough rows."""
    rows, place = 0, len(batches)
    while place > 0 and rows < ENOUGH:
        place -= 1
        rows += batches[place].row_count
    return list(batches[place:])


def parts(history: FeedHistory, batches: Iterable[Batch], column: str, fact: str) -> list[dirt.Part]:
    """Of each batch that has the column, its rows and how many of them have a fact."""
    profiles = ((batch, history.profiles[batch.batch_id].get(column)) for batch in batches)
    return [
        dirt.Part(batch.landed_at, profile.rows, getattr(profile, fact) or 0)
        for batch, profile in profiles
        if profile is not None and profile.rows
    ]


def _sums(history: FeedHistory, batches: Iterable[Batch], column: str) -> Counter[str]:
    """Facts of a column over batches; 'values' are rows that hold one."""
    total: Counter[str] = Counter()
    for batch in batches:
        profile = history.profiles[batch.batch_id].get(column)
        if profile is not None:
            total["values"] += profile.rows - profile.nulls
            for fact in ("large", "rounded", "low_days", "swapped", "days"):
                total[fact] += getattr(profile, fact) or 0
            if profile.whole is not None:
                total["amounts"] += profile.rows - profile.nulls - (profile.zeros or 0)
                total["whole"] += profile.whole - (profile.zeros or 0)
    return total
