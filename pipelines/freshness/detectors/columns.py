"""Columns: what the source has beside the contract, what it no longer has, and what stands in the wrong place."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from math import log

from pipelines.freshness.detectors import dirt
from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import FeedHistory, Run

# A new column is told for a day: long enough to be read, and the next day it is known.
NEWS = timedelta(days=1)
# Names as near as this are one name, written otherwise (difflib's ratio; 'customer_id' and 'customerId' have 0.86).
SAME_NAME = 0.6
# Some batches in which most rows had a value; fewer tell too little of a column that is filled late or seldom.
BATCHES_BEFORE = 5
MOSTLY = 0.5
# A column that is empty in this few rows is gone when a new one came with the first of them, or when the emptiest batch
# before makes that no chance. A batch is never taken to be emptier than one value in so many rows.
FEW, ONE_IN = 5, 50


@detects("column_added")
def column_added(history: FeedHistory) -> Iterator[Finding]:
    """Columns that the source did not have before (mode D1). The contract names none of them, so none is collected."""
    runs = _telling(history)
    if len(runs) < 2:
        yield Finding(history.feed, "column_added", "UNKNOWN", "there are no two reads under this contract to compare")
        return
    last = runs[-1]
    renamed = set(_renamed(history, runs).values())
    for name in last.undeclared_columns:
        first = next(run for run in runs if name in run.undeclared_columns)
        is_news = first is not runs[0] and last.started_at - first.started_at < NEWS
        if is_news and name not in renamed and not _is_announced(history, first.started_at):
            yield Finding(
                history.feed,
                "column_added",
                "FAIL",
                f"the source has a new column '{name}', which the contract does not name and which is not collected",
                segment=name,
                onset=first.started_at,
                evidence_at=last.started_at,
            )
    yield Finding(history.feed, "column_added", "PASS", "no other column is new", evidence_at=last.started_at)


@detects("column_removed")
def column_removed(history: FeedHistory) -> Iterator[Finding]:
    """Declared columns that a read did not find, or that are empty in all rows since some time (mode D2)."""
    runs = _telling(history)
    if not runs:
        yield Finding(history.feed, "column_removed", "UNKNOWN", "the source was not read under this contract")
        return
    renamed = _renamed(history, runs)
    for name in runs[-1].missing_columns:
        if name not in renamed:
            fact = f"the source has no column '{name}' any more"
            yield _gone(history, "column_removed", fact, name, runs)
    for name, onset in emptied(history).items():
        if name in renamed:
            continue
        yield Finding(
            history.feed,
            "column_removed",
            "FAIL",
            f"{name} is empty in every row since {onset:%Y-%m-%d %H:%M} UTC, and was filled before",
            segment=name,
            onset=onset,
            evidence_at=history.batches[-1].landed_at,
        )
    yield Finding(history.feed, "column_removed", "PASS", "no other column is gone", evidence_at=runs[-1].started_at)


@detects("column_renamed")
def column_renamed(history: FeedHistory) -> Iterator[Finding]:
    """A declared column is gone and another one has come at the same time (mode D3)."""
    runs = _telling(history)
    if not runs:
        yield Finding(history.feed, "column_renamed", "UNKNOWN", "the source was not read under this contract")
        return
    unfilled = emptied(history, is_certain=False)
    for old, new in _renamed(history, runs).items():
        if old in runs[-1].missing_columns:
            fact = f"the source has no column '{old}' any more, and has a new one, '{new}'"
            yield _gone(history, "column_renamed", fact, old, runs)
        else:
            yield Finding(
                history.feed,
                "column_renamed",
                "FAIL",
                f"{old} is empty in every row since {unfilled[old]:%Y-%m-%d %H:%M} UTC, and '{new}' has come with them",
                segment=old,
                onset=unfilled[old],
                evidence_at=history.batches[-1].landed_at,
            )
    yield Finding(history.feed, "column_renamed", "PASS", "no other column is gone", evidence_at=runs[-1].started_at)


def emptied(history: FeedHistory, *, is_certain: bool = True) -> dict[str, datetime]:
    """Columns without a value in the newest rows that had one in most rows of every batch before → since when.

    A source that leaves a key out where it is empty shows no more than that. Fewer than `FEW` rows tell nothing, and
    to be certain there are so many that they are not all empty by chance, at the share of the emptiest batch before.
    """
    batches = history.profiled_batches
    if not batches:
        return {}
    found: dict[str, datetime] = {}
    for column, newest in history.profiles[batches[-1].batch_id].items():
        if newest.nulls < newest.rows:
            continue
        empty, place = 0, len(batches)
        while place > 0 and _filled_share(history, batches[place - 1].batch_id, column) == 0:
            place -= 1
            empty += batches[place].row_count - (batches[place].rows_deleted or 0)
        former = batches[max(0, place - 20) : place]
        before = [_filled_share(history, batch.batch_id, column) for batch in former]
        if empty < FEW or len(before) < BATCHES_BEFORE or min(before) < MOSTLY:
            continue
        emptiest = max(1 - min(before), 1 / ONE_IN)
        if not is_certain or empty * -log(emptiest) > dirt.SURPRISE:
            found[column] = batches[place].landed_at
    return found


def _filled_share(history: FeedHistory, batch_id: str, column: str) -> float:
    profile = history.profiles[batch_id].get(column)
    return 0.0 if profile is None or not profile.rows else 1 - profile.nulls / profile.rows


def _telling(history: FeedHistory) -> list[Run]:
    """Runs under the contract in force that saw the source's columns, oldest first."""
    version = history.contract.version
    return [run for run in history.ended_runs if run.contract_version == version and _saw_columns(history, run)]


def _saw_columns(history: FeedHistory, run: Run) -> bool:
    """A table and a file with a header tell their columns even without rows; records of JSON do not."""
    is_told = bool(run.missing_columns or run.undeclared_columns or run.rows_landed or run.rows_reread)
    return is_told or (run.is_good and history.contract.source.kind == "sql")


def _renamed(history: FeedHistory, runs: Sequence[Run]) -> dict[str, str]:
    """Missing column of the last run → new column that has taken its place.

    Records of JSON tell no missing column; there it is a canonical column that is empty since the new key came.
    """
    last = runs[-1]
    if not last.missing_columns:
        return _refilled(history, runs)
    known = {name for run in runs if not run.missing_columns for name in run.undeclared_columns}
    new = [name for name in last.undeclared_columns if name not in known]
    pairs: dict[str, str] = {}
    for old in last.missing_columns:
        near = difflib.get_close_matches(old.lower(), [name.lower() for name in new], n=1, cutoff=SAME_NAME)
        match = next((name for name in new if near and name.lower() == near[0]), None)
        if match is None and len(new) == len(last.missing_columns) == 1:
            match = new[0]
        if match is not None:
            pairs[old] = match
            new.remove(match)
    return pairs


def _refilled(history: FeedHistory, runs: Sequence[Run]) -> dict[str, str]:
    """Canonical column that one new key may fill → that key; none where more than one column or key is in question."""
    began = emptied(history, is_certain=False)
    if len(began) != 1:
        return {}
    ((column, onset),) = began.items()
    first_seen: dict[str, datetime] = {}
    for run in runs:
        for name in run.undeclared_columns:
            first_seen.setdefault(name, run.started_at)
    before = {run.run_id: earlier.started_at for earlier, run in pairwise(history.runs)}
    batch = next(batch for batch in history.batches if batch.landed_at == onset)
    since = before.get(batch.run_id or "", onset)
    came = [name for name, at in first_seen.items() if since < at <= onset and name in runs[-1].undeclared_columns]
    return {column: came[0]} if len(came) == 1 else {}


def _gone(history: FeedHistory, failure: str, fact: str, name: str, runs: Sequence[Run]) -> Finding:
    since = runs[-1]
    for run in reversed(runs):
        if name not in run.missing_columns:
            break
        since = run
    return Finding(
        history.feed,
        failure,
        "FAIL",
        f"{fact}; nothing of it was landed since {since.started_at:%Y-%m-%d %H:%M} UTC",
        segment=name,
        onset=since.started_at,
        evidence_at=runs[-1].started_at,
    )


def _is_announced(history: FeedHistory, at: datetime) -> bool:
    announced = history.contract.watch.announced
    return any(one.kind == "columns" and one.begins <= at <= one.ends for one in announced)
