"""Breaches of a cast batch are counted by kind and column, and never show a value."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa

from expectations.validation import FAILURE_SCHEMA
from tests.warehouse.batch_factory import NOW, Desk, land
from warehouse.breaches import MOST_CODES, Breach, count_breaches
from warehouse.cast_sql import ColumnRule
from warehouse.casting import cast_batch
from warehouse.staging import scratch_attached

DATES = ("25/11/2026", "11/25/2026", "13/13/2026", "11/12/2026")


def counted(folder: Path, rows: list[dict[str, object]], failures: pa.Table | None = None) -> list[Breach]:
    desk = Desk(folder)
    desk.cast("b1", rows)
    listed = FAILURE_SCHEMA.empty_table() if failures is None else failures
    with scratch_attached(desk.connection, folder / "b1.duckdb", listed):
        return count_breaches(desk.connection, {"status": ("paid", "placed")})


def test_unreadable_values_test_rows_and_rules_are_counted(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"order_id": "a", "amount": "ten"},
        {"order_id": "b", "amount": "1,5"},
        {"order_id": "c", "amount": "1.5", "updated_at": "soon"},
        {"order_id": "d", "test": "yes"},
        {"order_id": "e"},
    ]
    failures = pa.table(
        [[3, 5], ["amount_low", "amount_low"], ["tell"] * 2, ["low"] * 2, ["amount"] * 2], schema=FAILURE_SCHEMA
    )
    assert counted(tmp_path, rows, failures) == [
        Breach("rule", "amount_low", "amount", 2),
        Breach("test_row", "test_row", "", 1),
        Breach("unreadable", "amount_cast", "amount", 2),
        Breach("unreadable", "updated_at_cast", "updated_at", 1),
    ]


def test_unknown_codes_are_counted_one_by_one_without_being_shown(tmp_path: Path) -> None:
    codes = ["paid", "placed", "p@id", "p@id", "lost", None]
    breaches = counted(tmp_path, [{"order_id": str(n), "status": code} for n, code in enumerate(codes)])
    assert [(one.kind, one.columns, one.rows) for one in breaches] == [
        ("unknown_code", "status", 2),
        ("unknown_code", "status", 1),
    ]
    assert len({one.code for one in breaches}) == 2
    assert not any("p@id" in one.code for one in breaches)


def test_tombstones_and_test_rows_have_no_unknown_codes(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"order_id": "a", "status": "x", "gone": "yes"},
        {"order_id": "b", "status": "y", "test": "yes"},
    ]
    assert [one.kind for one in counted(tmp_path, rows)] == ["test_row"]


def test_a_column_of_anything_but_codes_leaves_a_few_of_them(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"order_id": str(n), "status": f"name {n}"} for n in range(MOST_CODES + 5)]
    assert len(counted(tmp_path, rows)) == MOST_CODES


def test_rows_that_we_wrote_are_counted_and_kept_out_of_staging(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    rows: list[dict[str, object]] = [{"order_id": "a", "own": "yes", "status": "?"}, {"order_id": "b", "own": None}]
    tally = desk.apply(1, rows)
    assert (tally.rows_new, tally.rows_quarantined) == (1, 1)
    assert desk.rows("SELECT rules FROM quarantine.held_row") == [(["own_row"],)]
    assert counted(tmp_path, rows) == [Breach("own_row", "own_row", "", 1)]


def test_a_date_that_can_be_read_with_day_and_month_exchanged_is_counted_as_such(tmp_path: Path) -> None:
    landed = land(tmp_path / "dates.parquet", [{"id": str(n), "on": on} for n, on in enumerate(DATES)])
    scratch = tmp_path / "dates.duckdb"
    rules = [ColumnRule("id", column="id"), ColumnRule("on", column="on", formats=("%d/%m/%Y",))]
    cast_batch(landed, scratch, rules=rules, types={"id": "VARCHAR", "on": "DATE"}, key=["id"])
    with duckdb.connect() as connection, scratch_attached(connection, scratch, FAILURE_SCHEMA.empty_table()):
        # 11/25 is one; 13/13 is none either way, and 11/12 cannot be told from the twelfth of November.
        assert count_breaches(connection, {}) == [
            Breach("swapped_date", "on_cast", "on", 1),
            Breach("unreadable", "on_cast", "on", 2),
        ]


def test_rows_with_nothing_new_but_their_time_of_change_are_counted(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    row: dict[str, object] = {"order_id": "a", "amount": None, "status": "paid", "updated_at": "2026-11-01 10:00"}
    other = row | {"order_id": "b"}
    assert desk.apply(1, [row, other]).rows_restamped == 0
    later = {"updated_at": "2026-11-02 10:00"}
    tally = desk.apply(2, [row | later, other | later | {"amount": "5.00"}])
    assert (tally.rows_changed, tally.rows_restamped) == (2, 1)


def test_another_value_in_an_immutable_column_is_a_key_that_was_used_again(tmp_path: Path) -> None:
    desk = Desk(tmp_path, immutable=["status"])
    first = desk.apply(1, [{"order_id": key, "status": "paid", "amount": "1"} for key in "abcd"])
    second = desk.apply(
        2,
        [
            {"order_id": "a", "status": "placed", "amount": "1"},  # another thing
            {"order_id": "b", "status": "paid", "amount": "2"},  # the same, changed elsewhere
            {"order_id": "c", "status": None, "amount": "2"},  # nothing is said
            {"order_id": "d", "status": "paid", "amount": "1"},  # unchanged
            {"order_id": "e", "status": "placed", "amount": "1"},  # new
        ],
    )
    assert (first.rows_reused, second.rows_reused, second.rows_changed) == (0, 1, 3)
    assert desk.apply(2, [{"order_id": "a"}]).rows_reused == 1  # a second time tells the same
    assert desk.rows("SELECT max(rows_reused), max(applied_at) FROM staging.applied_batch") == [
        (1, NOW.replace(tzinfo=None))
    ]


def test_the_most_common_step_of_an_immutable_time_is_counted(tmp_path: Path) -> None:
    desk = Desk(tmp_path, immutable=["updated_at", "status"])
    times = {"a": "10:00", "b": "11:00", "c": "12:00", "d": "13:00"}
    desk.apply(1, [{"order_id": key, "updated_at": f"2026-11-02 {at}"} for key, at in times.items()])
    moved = {"a": "15:30", "b": "16:30", "c": "14:00", "d": "13:00"}
    tally = desk.apply(2, [{"order_id": key, "updated_at": f"2026-11-02 {at}"} for key, at in moved.items()])
    assert (tally.rows_shifted, tally.shift_seconds) == (2, 19_800)


def test_rows_of_keys_that_were_never_here_are_counted_by_the_power_of_two_of_their_age(tmp_path: Path) -> None:
    desk = Desk(tmp_path, event_time="updated_at")  # all land on the 22nd at noon
    known = {"order_id": "a", "updated_at": "2026-11-22 11:30"}
    assert desk.apply(1, [known]).new_ages == [1]
    ages = {
        "b": "2026-11-22 13:00",  # yet to come
        "c": "2026-11-22 11:00",  # an hour: 2^0
        "d": "2026-11-22 10:59",  # over one, up to two
        "e": "2026-11-21 12:00",  # 24, up to 32: 2^5
        "f": None,
    }
    changed = known | {"updated_at": "2020-01-01 00:00", "amount": "2"}
    rows = [changed, *({"order_id": key, "updated_at": at} for key, at in ages.items())]
    test_row = {"order_id": "t", "updated_at": "2026-01-01 00:00", "test": "yes"}
    gone = {"order_id": "g", "updated_at": "2026-01-01 00:00", "gone": "yes"}
    assert desk.apply(2, [*rows, test_row, gone]).new_ages == [2, 1, 0, 0, 0, 1]
    assert desk.apply(2, rows).new_ages == [2, 1, 0, 0, 0, 1]  # a second time tells the same
    assert desk.apply(3, rows).new_ages == []


def test_where_no_column_says_when_a_row_came_about_nothing_is_said_of_ages(tmp_path: Path) -> None:
    assert Desk(tmp_path).apply(1, [{"order_id": "a", "updated_at": "2026-11-22 11:30"}]).new_ages == []
