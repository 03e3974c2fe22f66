"""Values in the wrong columns: two columns that fail at once, or two that now look as others did.

A column of words that turns into numbers while one of numbers turns into words has changed places with it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from pipelines.freshness.detectors import dirt
from pipelines.freshness.detectors.damage import chosen
from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.detectors.forms import strange_columns
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import Batch, FeedHistory
from pipelines.ledger.breaches import BreachRecord

# Of a column that holds another one's values, at least so many do not fit.
MOST = 0.5
# The most frequent value says something of a column when it has this share of a batch of this many rows.
TOP_SHARE = 0.05
TOP_ROWS = 40
BATCHES_BEFORE = 10


@detects("columns_shifted")
def columns_shifted(history: FeedHistory) -> Iterator[Finding]:
    """Values stand in the wrong columns (mode D4), as in a file whose columns changed places below their names."""
    batches = history.profiled_batches
    if not batches:
        fact = dirt.NOTHING
        yield Finding(history.feed, "columns_shifted", "UNKNOWN", fact)
        return
    newest = batches[-1]
    misfits = _misfits(history, batches)
    taken = _taken_places(history, batches)
    strange = list(strange_columns(history, chosen(history)))
    if len({one.form.is_numeric for one in strange}) > 1:
        reason = "; ".join(f"{one.look.bad:,} values of {one.column} are {one.form.words}" for one in strange)
        reason += ", as none of them were before"
    elif misfits:
        reason = f"most values of {' and of '.join(misfits)} do not fit their columns"
    else:
        reason = "; ".join(f"{column} now holds what {other} held" for column, other in taken.items())
    if reason:
        yield Finding(
            history.feed,
            "columns_shifted",
            "FAIL",
            reason,
            rows=newest.row_count,
            onset=newest.landed_at,
            evidence_at=newest.landed_at,
        )
    else:
        fact = "values look as they did in their columns"
        yield Finding(history.feed, "columns_shifted", "PASS", fact, evidence_at=newest.landed_at)


def _misfits(history: FeedHistory, batches: Sequence[Batch]) -> list[str]:
    """Columns of which most values do not fit, more than usual, when there are two that fail in different ways.

    Several columns that fail in one way, as dates in another format, are where they belong.
    """
    rows: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    ways: dict[str, set[str]] = defaultdict(set)
    newest = batches[-1].batch_id
    for batch_id, breaches in history.breaches.items():
        for breach in breaches:
            if _is_misfit(breach):
                rows[breach.columns][batch_id] += breach.rows
                if batch_id == newest:
                    ways[breach.columns].add(_way(history, breach))
    misfits = []
    for column in ways:
        seen = dirt.look(dirt.parts_of(batches, rows[column]))
        if seen.is_beyond and seen.bad >= MOST * seen.rows:
            misfits.append(column)
    kinds = {way for column in misfits for way in ways[column]}
    return sorted(misfits) if len(misfits) > 1 and len(kinds) > 1 else []


def _is_misfit(breach: BreachRecord) -> bool:
    return breach.kind in ("unreadable", "unknown_code") or (breach.kind == "rule" and breach.rule.endswith("_form"))


def _way(history: FeedHistory, breach: BreachRecord) -> str:
    if breach.kind == "unreadable":
        return history.contract.canonical.columns[breach.columns].type
    return breach.rule


def _taken_places(history: FeedHistory, batches: Sequence[Batch]) -> dict[str, str]:
    """Column → the other column whose most frequent value it has now, and neither had so before.

    Two amounts may come to share a price for a day; columns that change places do so in pairs at least.
    """
    if batches[-1].row_count < TOP_ROWS:
        return {}
    before = [batch for batch in batches[:-1] if batch.row_count >= TOP_ROWS][-BATCHES_BEFORE:]
    former: dict[str, set[int]] = defaultdict(set)
    for batch in before:
        for column, profile in history.profiles[batch.batch_id].items():
            if profile.top is not None and (profile.top_count or 0) >= TOP_SHARE * profile.rows:
                former[column].add(profile.top)
    now = {
        column: profile.top
        for column, profile in history.profiles[batches[-1].batch_id].items()
        if profile.top is not None and (profile.top_count or 0) >= TOP_SHARE * profile.rows
    }
    taken: dict[str, str] = {}
    for column, top in now.items():
        others = [other for other, tops in former.items() if top in tops and now.get(other) not in tops]
        if len(others) == 1 and others[0] != column and column in former and top not in former[column]:
            taken[column] = others[0]
    return taken if len(taken) > 1 else {}
