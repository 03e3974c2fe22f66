# ruff: noqa: DTZ001 (DuckDB hands out a TIMESTAMP, which is UTC here, without a zone)
from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.warehouse.batch_factory import cast_one, land
from warehouse.cast_sql import ColumnRule
from warehouse.casting import CastTrouble, cast_batch


def cast_rows(folder: Path, rows: list[dict[str, Any]], rules: list[ColumnRule], types: dict[str, str], **more: Any):
    landed = land(folder / "landed.parquet", rows)
    cast_batch(landed, folder / "scratch.duckdb", rules=rules, types=types, **({"key": ["id"]} | more))
    return duckdb.connect(str(folder / "scratch.duckdb"), read_only=True)


@pytest.mark.parametrize(
    ("text", "target", "expected"),
    [
        ("12.30", "DECIMAL(18,2)", Decimal("12.30")),
        (" -0.05\t", "DECIMAL(18,2)", Decimal("-0.05")),
        ("1.5000", "DECIMAL(18,2)", Decimal("1.50")),
        ("1.2e3", "DECIMAL(18,2)", Decimal("1200.00")),
        ("12." + 40 * "0", "DECIMAL(18,2)", Decimal("12.00")),
        ("1200000e-5", "DECIMAL(18,2)", Decimal("12.00")),
        ("9999999999999999.99", "DECIMAL(18,2)", Decimal("9999999999999999.99")),
        ("0042", "INTEGER", 42),
        ("7.0", "INTEGER", 7),
        ("0042", "VARCHAR", "0042"),
        ("\u00a0Ann \n", "VARCHAR", "Ann"),
        ("YES", "BOOLEAN", True),
        ("0", "BOOLEAN", False),
        ("2026-02-28", "DATE", date(2026, 2, 28)),
        ("2026-02-28T00:00:00", "DATE", date(2026, 2, 28)),
        ("2026-02-28", "TIMESTAMP", datetime(2026, 2, 28)),
        ("2026-02-28 10:00:00.25", "TIMESTAMP", datetime(2026, 2, 28, 10, 0, 0, 250000)),
        ("2026-02-28T10:00:00Z", "TIMESTAMP", datetime(2026, 2, 28, 10)),
        ("2026-02-28T10:00:00z", "TIMESTAMP", datetime(2026, 2, 28, 10)),
        ("2026-02-28T10:00:00+05:30", "TIMESTAMP", datetime(2026, 2, 28, 4, 30)),
        ("2026-02-28 10:00:00-0800", "TIMESTAMP", datetime(2026, 2, 28, 18)),
    ],
)
def test_a_text_is_read_as_its_type_without_changing_its_value(tmp_path, text, target, expected):
    assert cast_one(tmp_path, text, target) == (expected, None)


@pytest.mark.parametrize(
    ("text", "target", "reason"),
    [
        ("1.005", "DECIMAL(18,2)", "x: '1.005' has more decimals than DECIMAL(18,2) keeps"),
        ("0.30000000000000004", "DECIMAL(18,2)", "x: '0.30000000000000004' has more decimals than DECIMAL(18,2) keeps"),
        ("0." + 28 * "9", "DECIMAL(18,2)", f"x: '0.{28 * '9'}' has more decimals than DECIMAL(18,2) keeps"),
        ("1e-40", "DECIMAL(18,2)", "x: '1e-40' has more decimals than DECIMAL(18,2) keeps"),
        ("1,234", "DECIMAL(18,2)", "x: '1,234' is not a DECIMAL(18,2)"),
        ("1_000", "DECIMAL(18,2)", "x: '1_000' is not a DECIMAL(18,2)"),
        ("NaN", "DECIMAL(18,2)", "x: 'NaN' is not a DECIMAL(18,2)"),
        ("Infinity", "DECIMAL(18,2)", "x: 'Infinity' is not a DECIMAL(18,2)"),
        ("1e30", "DECIMAL(18,2)", "x: '1e30' is not a DECIMAL(18,2)"),
        ("99999999999999999.99", "DECIMAL(18,2)", "x: '99999999999999999.99' is not a DECIMAL(18,2)"),
        ("1.5", "INTEGER", "x: '1.5' has more decimals than INTEGER keeps"),
        ("0x10", "INTEGER", "x: '0x10' is not a INTEGER"),
        ("2147483648", "INTEGER", None),
        ("maybe", "BOOLEAN", "x: 'maybe' is not a BOOLEAN"),
        ("2026-02-30", "DATE", "x: '2026-02-30' is not a DATE (or has a time of day)"),
        ("1980-05-16T22:00:00Z", "DATE", "x: '1980-05-16T22:00:00Z' is not a DATE (or has a time of day)"),
        ("infinity", "TIMESTAMP", "x: 'infinity' is not a TIMESTAMP"),
        ("12026-01-01", "TIMESTAMP", "x: '12026-01-01' is not a TIMESTAMP"),
        ("1700000000", "TIMESTAMP", "x: '1700000000' is not a TIMESTAMP"),
        ("01/02/2026", "TIMESTAMP", "x: '01/02/2026' is not a TIMESTAMP"),
        ("2026-02-28T10:00:00+25:00", "TIMESTAMP", "x: '2026-02-28T10:00:00+25:00' is not a TIMESTAMP"),
        ("2026-02-28T10:00:00+0575", "TIMESTAMP", "x: '2026-02-28T10:00:00+0575' is not a TIMESTAMP"),
    ],
)
def test_a_value_that_would_have_to_be_bent_fails_with_its_text_named(tmp_path, text, target, reason):
    typed, found = cast_one(tmp_path, text, target)
    assert typed is None
    assert found is not None
    assert reason is None or found == reason


@pytest.mark.parametrize("blank", ["", "   ", "\t\u00a0", None])
def test_an_empty_text_is_null_and_no_failure(tmp_path, blank):
    assert cast_one(tmp_path, blank, "DECIMAL(18,2)") == (None, None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.234,56", "1234.56"),
        ("1234,5", "1234.50"),
        ("1 234,50", "1234.50"),
        ("-7", "-7.00"),
        ("12.34", None),
        ("1,2,3", None),
    ],
)
def test_a_decimal_comma_is_read_and_a_misplaced_group_of_thousands_is_not_guessed(tmp_path, text, expected):
    typed, reason = cast_one(tmp_path, text, "DECIMAL(18,2)", decimal_comma=True)
    assert typed == (Decimal(expected) if expected else None)
    assert (reason is None) == (expected is not None)


@pytest.mark.parametrize("value", [Decimal("12.345"), 12.345])
def test_a_decimal_comma_is_looked_for_in_texts_alone(tmp_path, value):
    assert cast_one(tmp_path, value, "DECIMAL(18,3)", decimal_comma=True) == (Decimal("12.345"), None)


@pytest.mark.parametrize(
    ("value", "divisor", "expected"),
    [
        ("12345", 100, "123.45"),
        (12345, 100, "123.45"),
        ("12345", 1000, None),
        ("12340", 1000, "12.34"),
        ("30", 60, "0.50"),
        ("20", 60, None),
        ("30." + 30 * "0" + "1", 60, None),
        ("30." + 30 * "0" + "1", 100, None),
    ],
)
def test_minor_units_are_divided_exactly_or_held(tmp_path, value, divisor, expected):
    typed, reason = cast_one(tmp_path, value, "DECIMAL(18,2)", divide_by=divisor)
    assert typed == (Decimal(expected) if expected else None)
    assert (reason is None) == (expected is not None)


@settings(max_examples=8, deadline=None)
@given(cents=st.lists(st.integers(-(10**18) + 1, 10**18 - 1), min_size=30))
def test_every_amount_in_cents_survives_the_cast_exactly(tmp_path_factory, cents):
    amounts = [Decimal(number).scaleb(-2) for number in cents]
    rows = [{"id": str(number), "v": f"{amount:f}"} for number, amount in enumerate(amounts)]
    rules = [ColumnRule("id", column="id"), ColumnRule("v", column="v")]
    types = {"id": "VARCHAR", "v": "DECIMAL(18,2)"}
    connection = cast_rows(tmp_path_factory.mktemp("cast"), rows, rules, types)
    assert [row[0] for row in connection.execute("SELECT v FROM batch ORDER BY row_number").fetchall()] == amounts
    connection.close()


def test_a_float_keeps_its_value_when_only_float_noise_is_rounded_away(tmp_path):
    assert cast_one(tmp_path, 0.1 + 0.2, "DECIMAL(18,2)") == (Decimal("0.30"), None)
    assert cast_one(tmp_path, 1.005, "DECIMAL(18,2)")[1] == "x: '1.005' has more decimals than DECIMAL(18,2) keeps"
    assert cast_one(tmp_path, float("nan"), "DECIMAL(18,2)")[1] == "x: 'nan' is not a DECIMAL(18,2)"


@pytest.mark.parametrize(
    ("text", "target", "expected"),
    [
        ("200000.1", "DECIMAL(18,2)", "200000.10"),  # the float itself is 200000.09375
        ("1234567.9", "DECIMAL(18,2)", "1234567.90"),
        ("0.07", "DECIMAL(18,2)", "0.07"),
        ("59.969997", "DECIMAL(18,2)", "59.97"),  # 3 × 19.99
        ("9999.999", "DECIMAL(18,2)", None),
        ("12345.678", "DECIMAL(18,2)", None),
        ("999999.9", "INTEGER", None),
    ],
)
def test_a_float_of_four_bytes_is_the_number_that_its_source_shows_or_held(tmp_path, text, target, expected):
    typed, reason = cast_one(tmp_path, np.float32(text), target)
    assert typed == (Decimal(expected) if expected else None)
    assert reason == (None if expected else f"x: '{text}' has more decimals than {target} keeps")


def test_an_id_that_an_export_made_a_float_loses_its_point_zero(tmp_path):
    assert cast_one(tmp_path, 10023.0, "VARCHAR") == ("10023", None)


def test_ids_beyond_the_exact_range_of_floats_survive_as_text(tmp_path):
    assert cast_one(tmp_path, 9007199254740993, "VARCHAR") == ("9007199254740993", None)


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        ("2026-01-15 12:00:00", datetime(2026, 1, 15, 11)),
        ("2026-07-15 12:00:00", datetime(2026, 7, 15, 10)),
        ("2026-10-25 02:30:00", datetime(2026, 10, 25, 1, 30)),  # occurs twice: the second one, in winter time
        ("2026-07-15T12:00:00Z", datetime(2026, 7, 15, 12)),  # says itself where it is
    ],
)
def test_local_times_become_utc_by_the_rules_of_their_zone(tmp_path, local, expected):
    assert cast_one(tmp_path, local, "TIMESTAMP", zone="Europe/Berlin") == (expected, None)


def test_a_local_time_that_the_clocks_skipped_is_held(tmp_path):
    typed, reason = cast_one(tmp_path, "2026-03-29 02:30:00", "TIMESTAMP", zone="Europe/Berlin")
    assert typed is None
    assert reason == "x: '2026-03-29 02:30:00' is not a TIMESTAMP (or the clocks of Europe/Berlin skipped it)"


def test_an_instant_gives_the_calendar_day_of_the_zone(tmp_path):
    assert cast_one(tmp_path, "1980-05-16T22:00:00Z", "DATE", zone="Europe/Berlin") == (date(1980, 5, 17), None)


@pytest.mark.parametrize("year", [1960, 2026])
def test_the_last_instant_of_a_year_stays_in_it_whatever_it_is_written_in(tmp_path, year):
    text, last = f"{year}-12-31 23:59:59.9999999", datetime(year, 12, 31, 23, 59, 59, 999999)
    assert cast_one(tmp_path, text, "TIMESTAMP") == (last, None)
    assert cast_one(tmp_path, text, "TIMESTAMP", formats=("%Y-%m-%d %H:%M:%S.%n",)) == (last, None)
    assert cast_one(tmp_path, np.datetime64(text, "ns"), "TIMESTAMP") == (last, None)


@pytest.mark.parametrize(
    ("target", "reason"),
    [("DATE", "is not a DATE (or has a time of day)"), ("TIMESTAMP", "is not a TIMESTAMP")],
)
def test_a_day_beyond_the_last_moment_fails_alone_and_not_its_batch(tmp_path, target, reason):
    """PostgreSQL knows the day 5874897-12-31: 2,145,042,905 days after 1970; DuckDB's moments end in 294247."""
    landed = land(tmp_path / "landed.parquet", [{"id": "1"}, {"id": "2"}])
    days = pa.array([2_145_042_905, 0], pa.int32()).cast(pa.date32())
    pq.write_table(pq.read_table(landed).append_column("v", days), landed)
    rules = [ColumnRule("id", column="id"), ColumnRule("x", column="v")]
    cast_batch(landed, tmp_path / "cast.duckdb", rules=rules, types={"id": "VARCHAR", "x": target}, key=["id"])
    with duckdb.connect(str(tmp_path / "cast.duckdb"), read_only=True) as connection:
        assert connection.execute("SELECT CAST(x AS DATE) FROM checked").fetchall() == [(date(1970, 1, 1),)]
        [(number, found)] = connection.execute("SELECT row_number, reason FROM cast_failure").fetchall()
    assert number == 1
    assert found.endswith(reason)


def test_typed_instants_become_utc(tmp_path):
    instant = datetime(2026, 7, 15, 12, tzinfo=UTC)
    assert cast_one(tmp_path, instant, "TIMESTAMP") == (datetime(2026, 7, 15, 12), None)
    assert cast_one(tmp_path, datetime(2026, 7, 15, 12), "TIMESTAMP", zone="Europe/Berlin") == (
        datetime(2026, 7, 15, 10),
        None,
    )


def test_formats_are_tried_in_order(tmp_path):
    formats = ("%d.%m.%Y", "%Y%m%d")
    assert cast_one(tmp_path, "03.04.2026", "DATE", formats=formats) == (date(2026, 4, 3), None)
    assert cast_one(tmp_path, "20260403", "DATE", formats=formats) == (date(2026, 4, 3), None)
    assert cast_one(tmp_path, "03.04.2026 10:00 +0200", "TIMESTAMP", formats=("%d.%m.%Y %H:%M %z",))[0] == datetime(
        2026, 4, 3, 8
    )
    assert cast_one(tmp_path, "2026-04-03", "DATE", formats=formats)[0] is None


def test_codes_are_translated_and_an_unknown_code_stays_to_be_seen(tmp_path):
    codes = {"P": "paid", "C": "cancelled", "?": None}
    assert cast_one(tmp_path, "P", "VARCHAR", values=codes) == ("paid", None)
    assert cast_one(tmp_path, "?", "VARCHAR", values=codes) == (None, None)
    assert cast_one(tmp_path, "Z", "VARCHAR", values=codes) == ("Z", None)
    assert cast_one(tmp_path, "Z", "VARCHAR", values={**codes, "*": "other"}) == ("other", None)
    assert cast_one(tmp_path, None, "VARCHAR", values={**codes, "*": "other"}) == (None, None)
    assert cast_one(tmp_path, "J", "BOOLEAN", values={"J": "true", "N": "false"}) == (True, None)


def test_texts_that_mean_nothing_become_null_and_are_no_failures(tmp_path):
    rules = [ColumnRule("id", column="id"), ColumnRule("v", column="v", nulls=("N/A", "-"))]
    rows = [{"id": str(n), "v": v} for n, v in enumerate(["N/A", "-", "n/a", "3", None, ""])]
    connection = cast_rows(tmp_path, rows, rules, {"id": "VARCHAR", "v": "DECIMAL(5,1)"})
    values = connection.execute("SELECT v FROM batch ORDER BY row_number").fetchall()
    assert values == [(None,), (None,), (None,), (Decimal("3.0"),), (None,), (None,)]
    assert connection.execute("SELECT reason FROM cast_failure").fetchall() == [("v: 'n/a' is not a DECIMAL(5,1)",)]


def test_an_expression_that_fails_on_one_row_fails_only_this_row(tmp_path):
    rules = [ColumnRule("id", column="id"), ColumnRule("v", sql="CAST(a AS INTEGER) / CAST(b AS INTEGER)")]
    rows = [{"id": "1", "a": "6", "b": "2"}, {"id": "2", "a": "x", "b": "2"}, {"id": "3", "a": None, "b": "2"}]
    connection = cast_rows(tmp_path, rows, rules, {"id": "VARCHAR", "v": "DECIMAL(9,2)"})
    assert connection.execute("SELECT v FROM batch ORDER BY row_number").fetchall() == [
        (Decimal("3.00"),),
        (None,),
        (None,),
    ]
    assert connection.execute("SELECT row_number FROM batch WHERE _cast_failed").fetchall() == [(2,)]
    assert connection.execute("SELECT row_number, rule, reason FROM cast_failure").fetchall() == [
        (2, "v_cast", "v: the expression CAST(a AS INTEGER) / CAST(b AS INTEGER) fails on this row")
    ]


def test_an_expression_may_name_a_nested_column_by_its_path(tmp_path):
    rules = [ColumnRule("id", column="id"), ColumnRule("v", sql="lower(requester.email)")]
    connection = cast_rows(
        tmp_path, [{"id": "1", "requester.email": "ANN@X.ORG"}], rules, {"id": "VARCHAR", "v": "VARCHAR"}
    )
    assert connection.execute("SELECT v FROM batch").fetchall() == [("ann@x.org",)]


def test_a_json_path_is_read_within_its_column_and_broken_json_fails_its_row(tmp_path):
    rules = [ColumnRule("id", column="id"), ColumnRule("v", column="meta", json_path="$.score.value")]
    rows = [
        {"id": "1", "meta": '{"score": {"value": 4.5}}'},
        {"id": "2", "meta": '{"score": '},
        {"id": "3", "meta": "{}"},
    ]
    connection = cast_rows(tmp_path, rows, rules, {"id": "VARCHAR", "v": "DECIMAL(5,2)"})
    assert connection.execute("SELECT v FROM batch ORDER BY row_number").fetchall() == [
        (Decimal("4.50"),),
        (None,),
        (None,),
    ]
    assert connection.execute("SELECT row_number FROM cast_failure").fetchall() == [(2,)]


def test_a_constant_fills_every_row_and_an_unmapped_column_is_null_of_its_type(tmp_path):
    rules = [ColumnRule("id", column="id"), ColumnRule("v", value="EUR")]
    types = {"id": "VARCHAR", "v": "VARCHAR", "born": "DATE"}
    connection = cast_rows(tmp_path, [{"id": "1"}, {"id": "2"}], rules, types)
    assert connection.execute("SELECT v, born, typeof(born) FROM batch").fetchall() == [("EUR", None, "DATE")] * 2


def test_personal_data_is_shown_in_reasons_by_its_length_only(tmp_path):
    rules = [ColumnRule("id", column="id"), ColumnRule("born", column="born")]
    rows = [{"id": "1", "born": "31 of May 1980"}]
    connection = cast_rows(tmp_path, rows, rules, {"id": "VARCHAR", "born": "DATE"}, masked=["born"])
    reason = connection.execute("SELECT reason FROM cast_failure").fetchone()
    assert reason == ("born: <14 characters> is not a DATE (or has a time of day)",)


def test_a_long_value_is_cut_to_sixty_characters_in_the_reason(tmp_path):
    _, reason = cast_one(tmp_path, "9" * 70 + "x", "DECIMAL(18,2)")
    assert reason == f"x: '{'9' * 60}…' is not a DECIMAL(18,2)"


def test_the_key_joins_its_parts_so_that_no_two_keys_look_alike(tmp_path):
    rules = [ColumnRule("a", column="a"), ColumnRule("b", column="b")]
    rows = [{"a": "x|y", "b": "z"}, {"a": "x", "b": "y|z"}, {"a": "x\\", "b": "z"}, {"a": None, "b": "z"}]
    connection = cast_rows(tmp_path, rows, rules, {"a": "VARCHAR", "b": "VARCHAR"}, key=["a", "b"])
    keys = [row[0] for row in connection.execute("SELECT _key FROM batch ORDER BY row_number").fetchall()]
    assert keys == ["x\\|y|z", "x|y\\|z", "x\\\\|z", None]


def test_flags_mark_tombstones_and_test_rows_and_keep_them_from_being_judged(tmp_path):
    rules = [ColumnRule("id", column="id"), ColumnRule("v", column="v")]
    rows = [
        {"id": "1", "v": "1", "state": "live"},
        {"id": "2", "v": None, "state": "gone"},
        {"id": "3", "v": "3", "state": "test"},
        {"id": "4", "v": "four", "state": "live"},
        {"id": "5", "v": "five", "state": "gone"},
    ]
    connection = cast_rows(
        tmp_path,
        rows,
        rules,
        {"id": "VARCHAR", "v": "INTEGER"},
        deleted_when="state = 'gone'",
        test_when="state = 'test'",
    )
    assert connection.execute("SELECT row_number FROM checked").fetchall() == [(1,)]
    # The tombstone's unreadable value does not keep the deletion from arriving.
    assert connection.execute("SELECT row_number FROM cast_failure").fetchall() == [(4,)]
    flags = "SELECT row_number, _is_deleted, _is_test, _cast_failed FROM batch ORDER BY row_number"
    assert connection.execute(flags).fetchall() == [
        (1, False, False, False),
        (2, True, False, False),
        (3, False, True, False),
        (4, False, False, True),
        (5, True, False, False),
    ]


def test_the_time_of_change_is_that_of_updated_at(tmp_path):
    rules = [ColumnRule("id", column="id"), ColumnRule("updated_at", column="u")]
    types = {"id": "VARCHAR", "updated_at": "TIMESTAMP"}
    connection = cast_rows(tmp_path, [{"id": "1", "u": "2026-01-01"}], rules, types)
    assert connection.execute("SELECT _changed_at FROM batch").fetchall() == [(datetime(2026, 1, 1),)]


def test_only_chosen_rows_are_cast_for_a_release(tmp_path):
    rules = [ColumnRule("id", column="id")]
    connection = cast_rows(tmp_path, [{"id": "a"}, {"id": "b"}, {"id": "c"}], rules, {"id": "VARCHAR"}, only_rows=[2])
    assert connection.execute("SELECT row_number, id FROM batch").fetchall() == [(2, "b")]


def test_a_batch_without_rows_casts_to_an_empty_table(tmp_path):
    connection = cast_rows(tmp_path, [], [ColumnRule("id", value="1")], {"id": "VARCHAR"})
    for table in ("batch", "cast_failure", "checked"):
        assert connection.execute(f"FROM {table}").fetchall() == []


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (ColumnRule("v", column="amuont"), "has no column 'amuont'"),
        (ColumnRule("v", sql="nosuch(id)"), "DuckDB refuses the expression nosuch(id)"),
        (ColumnRule("v", sql="random()"), "DuckDB refuses the expression random()"),
        (ColumnRule("w", column="id"), "is not a column of the entity"),
    ],
)
def test_a_mapping_that_does_not_fit_stops_with_the_column_named(tmp_path, rule, said):
    with pytest.raises(CastTrouble, match=r"^'[vw]'") as trouble:
        cast_rows(tmp_path, [{"id": "1"}], [rule], {"id": "VARCHAR", "v": "VARCHAR"})
    assert said in str(trouble.value)


def test_the_fingerprint_does_not_depend_on_the_order_of_columns_or_rows(tmp_path):
    rules = [ColumnRule("id", column="id"), ColumnRule("v", column="v")]
    rows = [{"id": "1", "v": "a"}, {"id": "2", "v": "b"}]
    one = cast_rows(tmp_path, rows, rules, {"id": "VARCHAR", "v": "VARCHAR"})
    first = set(one.execute("SELECT id, _row_hash FROM batch").fetchall())
    one.close()
    other = cast_rows(tmp_path, rows[::-1], rules[::-1], {"v": "VARCHAR", "id": "VARCHAR"})
    assert set(other.execute("SELECT id, _row_hash FROM batch").fetchall()) == first
    assert len({row[1] for row in first}) == 2
