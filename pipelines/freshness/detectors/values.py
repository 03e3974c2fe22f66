"""Values: rows of the newest batches that cannot be used as they came, more of them than the feed always has."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

from pipelines.freshness.detectors import dirt
from pipelines.freshness.detectors.damage import chosen
from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.detectors.forms import strange_columns
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import Batch, FeedHistory
from pipelines.ledger.breaches import BreachRecord

# A code is new for so long, and stays told until it has not come for a day.
NEW_CODE = timedelta(days=7)
CODE_GONE = timedelta(days=1)
# Other failures speak of these rules: a value that is missing, a code, a value's form.
_NOT_IMPOSSIBLE = ("_missing", "_unknown", "_form")


@detects("unreadable_values")
def unreadable_values(history: FeedHistory) -> Iterator[Finding]:
    """Values that are not of their column's type (mode D5), by column."""
    columns = _rows_by(history, "unreadable", lambda breach: breach.columns)
    yield from dirt.findings(history, "unreadable_values", columns, "have an unreadable value")


@detects("test_rows")
def test_rows(history: FeedHistory) -> Iterator[Finding]:
    """Rows that the contract knows as test rows (mode E7)."""
    yield from dirt.findings(history, "test_rows", _rows_by(history, "test_row"), "are test rows")


@detects("own_rows")
def own_rows(history: FeedHistory) -> Iterator[Finding]:
    """Rows that we wrote to the source ourselves (mode F8)."""
    if history.contract.watch.own_rows is None:
        yield Finding(history.feed, "own_rows", "UNKNOWN", "the contract does not say which rows are ours")
        return
    rows = _rows_by(history, "own_row")
    yield from dirt.findings(history, "own_rows", rows, "were written by ourselves", usual=dirt.NEVER)


@detects("key_reused")
def key_reused(history: FeedHistory) -> Iterator[Finding]:
    """Rows whose key named something else before: an immutable column changed (mode E4)."""
    names = history.contract.watch.immutable
    if not names:
        yield Finding(history.feed, "key_reused", "UNKNOWN", "the contract names no immutable column")
        return
    if _are_set_right(history):
        fact = "keys that came in another form are sent once more"
        yield Finding(history.feed, "key_reused", "UNKNOWN", fact)
        return
    words = f"changed {', '.join(names)}, which never changes"
    yield from dirt.findings(history, "key_reused", _rows_by(history, "key_reused"), words, usual=dirt.NEVER)


def _are_set_right(history: FeedHistory) -> bool:
    """Whether what came before the newest run had an immutable column in another form, which is now changed back."""
    batches = chosen(history)
    former = [batch for batch in batches if batch.run_id != batches[-1].run_id]
    strange = {one.column for one in strange_columns(history, former)} if former else set()
    return bool(strange & set(history.contract.watch.immutable))


@detects("impossible")
def impossible(history: FeedHistory) -> Iterator[Finding]:
    """Rows that break a rule between columns, or one against impossible times and amounts (mode E10), by rule."""
    rules = {
        rule: rows
        for rule, rows in _rows_by(history, "rule", lambda breach: breach.rule).items()
        if not rule.endswith(_NOT_IMPOSSIBLE)
    }
    yield from dirt.findings(history, "impossible", rules, "break the rule")


@detects("broken_lines")
def broken_lines(history: FeedHistory) -> Iterator[Finding]:
    """Lines of a file that are no record (mode D11)."""
    batches = [batch for batch in history.batches if batch.row_count + batch.reject_count]
    if not batches:
        yield Finding(history.feed, "broken_lines", "UNKNOWN", "no batch with rows was landed in the last four weeks")
        return
    parts = [dirt.Part(batch.landed_at, batch.row_count + batch.reject_count, batch.reject_count) for batch in batches]
    seen, evidence_at = dirt.look(parts, dirt.NEVER), batches[-1].landed_at
    if not batches[-1].row_count and batches[-1].reject_count >= dirt.NONE_GOOD:
        yield Finding(
            history.feed,
            "broken_lines",
            "FAIL",
            f"none of the {batches[-1].reject_count:,} lines of {batches[-1].label} can be read",
            rows=batches[-1].reject_count,
            onset=seen.onset or evidence_at,
            evidence_at=evidence_at,
        )
    elif seen.is_beyond or seen.is_new:
        yield dirt.finding(history, "broken_lines", seen, "are lines that cannot be read", evidence_at=evidence_at)
    else:
        yield Finding(history.feed, "broken_lines", "PASS", "no more than usual", evidence_at=evidence_at)


@detects("unknown_code")
def unknown_code(history: FeedHistory) -> Iterator[Finding]:
    """Codes outside a declared set (modes D7, E6), by column: more than usual, or one that never came before.

    A new code is told although it is rare, as it will come again; `LEAST_ROWS` of it are a code and no slip.
    """
    columns = _rows_by(history, "unknown_code", lambda breach: breach.columns)
    new = _new_codes(history)
    for found in dirt.findings(history, "unknown_code", columns, "have a code that the contract does not know"):
        if found.verdict == "FAIL" or found.segment not in new:
            yield found
    batches = history.staged_batches
    for column, (rows, first) in new.items():
        if not dirt.look(dirt.parts_of(batches, columns[column])).is_beyond:
            yield Finding(
                history.feed,
                "unknown_code",
                "FAIL",
                f"{rows:,} rows have a code in {column} that never came before and that the contract does not know",
                segment=column,
                rows=rows,
                onset=first.landed_at,
                evidence_at=batches[-1].landed_at,
            )


def _new_codes(history: FeedHistory) -> dict[str, tuple[int, Batch]]:
    """Column → rows with codes that began to come lately, and the batch with the first of them."""
    batches = {batch.batch_id: batch for batch in history.staged_batches}
    if not batches:
        return {}
    oldest, newest = next(iter(batches)), list(batches.values())[-1].landed_at
    came: dict[tuple[str, str], list[tuple[Batch, int]]] = defaultdict(list)
    for batch_id, batch in batches.items():
        for breach in history.breaches.get(batch_id, ()):
            if breach.kind == "unknown_code":
                came[breach.columns, breach.code].append((batch, breach.rows))
    new: dict[str, tuple[int, Batch]] = {}
    for (column, code), times in came.items():
        first, last = times[0][0], times[-1][0]
        rows = sum(count for _, count in times)
        since = min(first.landed_at, history.codes_since.get((column, code), first.landed_at))
        is_new = first.batch_id != oldest and newest - since < NEW_CODE
        if is_new and rows >= dirt.LEAST_ROWS and newest - last.landed_at < CODE_GONE:
            before, onset = new.get(column, (0, first))
            new[column] = (before + rows, min(onset, first, key=lambda batch: batch.batch_seq))
    return new


def _rows_by(
    history: FeedHistory, kind: str, segment: Callable[[BreachRecord], str] = lambda _: ""
) -> Mapping[str, Mapping[str, int]]:
    """Segment → batch → rows with a breach of a kind."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for batch_id, breaches in history.breaches.items():
        for breach in breaches:
            if breach.kind == kind:
                found[segment(breach)][batch_id] += breach.rows
    return found
