"""Reads that ended well and left rows at the source, by its own word."""

from __future__ import annotations

from datetime import datetime

from connectors.contract import Cursor
from connectors.cursors import cursor_value, is_after, source_value
from pipelines.freshness.history import FeedHistory, Run

Value = datetime | int


def reads_behind(history: FeedHistory) -> list[Run]:
    """The good reads in a row, up to the last, before each of which the source had newer rows than the read left here.

    Oldest first. Rows that a window leaves for later are not missed.
    """
    cursor, newest_of = history.contract.cursor, {one.run_id: one.newest for one in history.answers}
    behind: list[Run] = []
    for run in reversed(history.good_runs):
        newest = source_value(cursor, newest_of.get(run.run_id)) if cursor is not None else None
        if cursor is None or newest is None or not _is_left(cursor, newest, run):
            break
        behind.append(run)
    return behind[::-1]


def landed_value(cursor: Cursor, text: str | None) -> Value | None:
    """A cursor value of the ledger; None too where it is of the kind that the cursor had under a former contract."""
    try:
        return cursor_value(cursor, text)
    except ValueError:
        return None


def _is_left(cursor: Cursor, newest: Value, run: Run) -> bool:
    reached, upper = landed_value(cursor, run.cursor_after), landed_value(cursor, run.window_upper)
    is_due = upper is None or not is_after(newest, upper)
    return is_due and (reached is None or is_after(newest, reached))
