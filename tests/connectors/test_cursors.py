"""Windows overlap, cursors never go back, and the future moves nothing."""

from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from connectors.contract import Cursor
from connectors.cursors import cursor_expression, cursor_text, cursor_value, later, next_window

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_a_first_read_has_no_lower_bound() -> None:
    assert next_window(Cursor(column="changed"), None, NOON).lower is None


def test_the_next_read_goes_back_by_the_overlap() -> None:
    window = next_window(Cursor(column="changed", overlap="30m"), "2026-11-21T11:00:00+00:00", NOON)
    assert window.lower == datetime(2026, 11, 21, 10, 30, tzinfo=UTC)


def test_a_lag_keeps_the_newest_rows_for_later_while_future_rows_are_still_seen() -> None:
    window = next_window(Cursor(column="changed", lag="10m", future_skew="5m"), None, NOON)
    assert window.upper == NOON - timedelta(minutes=10)
    assert window.future_from == NOON + timedelta(minutes=5)


def test_a_sequence_is_read_from_its_last_number_on() -> None:
    window = next_window(Cursor(column="id", type="integer"), "41", NOON)
    assert (window.lower, window.upper) == (41, None)


def test_a_cursor_never_goes_back() -> None:
    cursor = Cursor(column="changed")
    assert later(cursor, "2026-11-21T11:00:00+00:00", "2026-11-20T11:00:00+00:00") == "2026-11-21T11:00:00+00:00"
    assert later(Cursor(column="id", type="integer"), "9", "10") == "10"
    assert later(cursor, "2026-11-21T11:00:00+00:00", None) == "2026-11-21T11:00:00+00:00"


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("timestamp", "2026-11-21 11:30:00", "2026-11-21T11:30:00+00:00"),
        ("timestamp", "2026-11-21T11:30:00Z", "2026-11-21T11:30:00+00:00"),
        ("timestamp", "2026-11-21T12:30:00+01:00", "2026-11-21T11:30:00+00:00"),
        ("timestamp", "soon", None),
        ("epoch", "1795260600", "2026-11-21T11:30:00+00:00"),
        ("epoch_ms", "1795260600500", "2026-11-21T11:30:00.500000+00:00"),
        ("integer", "42", "42"),
    ],
)
def test_cursor_texts_of_every_kind_are_read_as_utc(kind: str, text: str, expected: str | None) -> None:
    cursor = Cursor(column="c", type=kind)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        ((value,),) = connection.execute(f"SELECT {cursor_expression(cursor)} FROM (SELECT ? AS c)", [text]).fetchall()
    assert cursor_text(value) == expected
    assert cursor_text(cursor_value(cursor, expected)) == expected
