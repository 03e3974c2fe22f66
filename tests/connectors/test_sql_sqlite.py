"""SQLite files: mixed types, exact values, and times in any form, none of them missed."""

import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.delivery import FeedTrouble, Window
from connectors.source import open_source
from tests.connectors.source_factory import column, order_contract, read_one, rejects

COLUMNS = {"order_id": "id", "ordered_at": "at", "total_amount": "total"}


def database(folder: Path, *statements: str, rows: list[tuple[object, ...]] | None = None) -> str:
    path = folder / "shop.db"
    with sqlite3.connect(path) as connection:
        for statement in statements or ("CREATE TABLE orders (id, at, total)",):
            connection.execute(statement)
        if rows:
            connection.executemany("INSERT INTO orders VALUES (?, ?, ?)", rows)
    connection.close()
    return f"sqlite:///{path}"


def sql_contract(**changes: object):
    return order_contract({"kind": "sql", "table": "orders"}, COLUMNS, **changes)


def times_read(folder: Path, times: list[object], window: Window, **cursor: object) -> list[object]:
    url = database(folder, rows=[(i, time, None) for i, time in enumerate(times)])
    table, _ = read_one(sql_contract(cursor={"column": "at", **cursor}), url, folder, window)
    return [times[int(i)] for i in column(table, "id")]


def test_a_column_may_hold_any_type_in_any_row(tmp_path):
    """A driver that guesses types from the first rows fails at the 2,000th."""
    rows = [(i, None, i) for i in range(2000)] + [(2000, "2026-11-20", "n/a"), (2001, 1.5, b"\x00\xff")]
    table, _ = read_one(sql_contract(), database(tmp_path, rows=rows), tmp_path)
    assert table.num_rows == 2002
    assert column(table, "total")[1999:] == ["1999", "n/a", "\\x00ff"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (9_007_199_254_740_993, "9007199254740993"),
        (-(2**63), "-9223372036854775808"),
        (19.99, "19.99"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1e300, "1.0e+300"),
        (float("inf"), "Inf"),
        (float("nan"), None),
        (5e-324, "4.9406564584124654e-324"),
        ("12.50", "12.50"),
        ("a\x00b", "a\x00b"),
        ("שלום 😀", "שלום 😀"),
        ("", ""),
        (None, None),
    ],
)
def test_each_value_becomes_text_that_brings_the_same_value_back(tmp_path, value, text):
    table, _ = read_one(sql_contract(), database(tmp_path, rows=[(1, None, value)]), tmp_path)
    assert column(table, "total") == [text]
    if isinstance(value, float) and value == value:
        assert float(text) == value


def test_text_that_is_no_utf8_is_rejected_and_its_neighbours_are_not(tmp_path):
    url = database(
        tmp_path,
        "CREATE TABLE orders (id, at, total)",
        "INSERT INTO orders VALUES (1, 'a', 1), (2, CAST(x'63e9' AS TEXT), 2), (3, 'c', 3)",
    )
    table, receipt = read_one(sql_contract(), url, tmp_path)
    assert column(table, "id") == ["1", "3"]
    assert rejects(receipt) == [(None, "{'id': '2', 'at': 'c\\\\xe9', 'total': '2'}", "holds text that is not UTF-8")]


def test_the_lower_bound_takes_every_way_to_write_the_same_moment(tmp_path):
    moment = datetime(2026, 11, 20, 10, tzinfo=UTC)
    same = [
        "2026-11-20T10:00:00Z",
        "2026-11-20 10:00:00",
        "2026-11-20 10:00",
        "2026-11-20T10:00:00.000+00:00",
        "2026-11-20T12:00:00+02:00",
        "2026-11-20 10:00:00.000001",
    ]
    assert times_read(tmp_path, same, Window(lower=moment)) == same


def test_only_rows_in_the_window_are_read_but_none_without_a_readable_time_is_missed(tmp_path):
    times = ["2026-11-20 09:59:59", "2026-11-20 10:00:00", "2026-11-20T11:00:00Z", "2026-11-20 12:00:01"]
    unreadable = [None, "soon", "", 1_763_600_000]
    window = Window(datetime(2026, 11, 20, 10, tzinfo=UTC), datetime(2026, 11, 20, 12, tzinfo=UTC))
    assert times_read(tmp_path, times + unreadable, window) == times[1:3] + unreadable


def test_rows_from_the_future_are_read_above_the_upper_bound(tmp_path):
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    times = ["2026-11-20 11:00:00", "2026-11-20 12:01:00", "2999-01-01 00:00:00"]
    window = Window(now - timedelta(hours=2), now, now + timedelta(minutes=5))
    assert times_read(tmp_path, times, window) == [times[0], times[2]]


def test_whole_numbers_bound_an_integer_cursor_whatever_their_type(tmp_path):
    values: list[object] = [9, 10, "10", 11, "9", "eleven", None]
    assert times_read(tmp_path, values, Window(lower=10), type="integer") == [10, "10", 11, "eleven", None]


def test_an_epoch_cursor_takes_moments(tmp_path):
    values: list[object] = [1_763_632_799, 1_763_632_800, 1_763_632_801]
    window = Window(lower=datetime(2025, 11, 20, 10, tzinfo=UTC))
    assert times_read(tmp_path, values, window, type="epoch") == values[1:]
    thousands: list[object] = [value * 1000 for value in values]  # type: ignore[operator]
    (tmp_path / "shop.db").unlink()
    assert times_read(tmp_path, thousands, window, type="epoch_ms") == thousands[1:]


def test_a_query_can_be_a_source(tmp_path):
    url = database(tmp_path, rows=[(1, "a", 5), (2, "b", 6)])
    contract = order_contract({"kind": "sql", "query": "SELECT id, at, total FROM orders WHERE total > 5;"}, COLUMNS)
    assert column(read_one(contract, url, tmp_path)[0], "id") == ["2"]


def test_a_query_may_end_in_a_comment(tmp_path):
    url = database(tmp_path, rows=[(1, "a", 5)])
    contract = order_contract({"kind": "sql", "query": "SELECT id, at, total FROM orders -- all of them"}, COLUMNS)
    assert column(read_one(contract, url, tmp_path)[0], "id") == ["1"]


@pytest.mark.parametrize(
    "query",
    ["SELECT id, at, total FROM orders WHERE (", "SELECT id, at, nothing(total) AS total FROM orders", "SELECT 'id"],
)
def test_a_wrong_query_is_a_matter_of_the_contract_and_not_of_the_file(tmp_path, query):
    url = database(tmp_path, rows=[(1, "a", 5)])
    with pytest.raises(FeedTrouble, match="Correct table, query or columns in the contract") as trouble:
        read_one(order_contract({"kind": "sql", "query": query}, COLUMNS), url, tmp_path)
    assert trouble.value.kind == "contract"


def test_names_that_need_quotes_are_quoted(tmp_path):
    url = database(tmp_path, 'CREATE TABLE "order list" ("id" INT, "the ""at""" TEXT, "select" INT)')
    contract = order_contract(
        {"kind": "sql", "table": "order list"},
        {"order_id": "id", "ordered_at": 'the "at"', "total_amount": "select"},
    )
    assert read_one(contract, url, tmp_path)[0].schema.names == ["id", 'the "at"', "select"]


def test_a_missing_column_is_named_with_the_nearest_one(tmp_path):
    url = database(tmp_path, "CREATE TABLE orders (id INT, at TEXT, totals INT)")
    with pytest.raises(FeedTrouble, match=r"column 'total' is not in table orders \(it has: id, at, totals; did"):
        read_one(sql_contract(), url, tmp_path)


def test_columns_that_nobody_declared_are_reported_by_name(tmp_path):
    url = database(tmp_path, "CREATE TABLE orders (id INT, note TEXT, at TEXT, total INT, phone TEXT)")
    table, receipt = read_one(sql_contract(), url, tmp_path)
    assert receipt.undeclared_columns == ("note", "phone")
    assert table.schema.names == ["id", "at", "total"]


def test_a_missing_table_is_a_matter_of_the_contract(tmp_path):
    with pytest.raises(FeedTrouble, match="no such table: orders") as caught:
        read_one(sql_contract(), database(tmp_path, "CREATE TABLE other (id)"), tmp_path)
    assert caught.value.kind == "contract"


def test_a_missing_file_is_reported_and_not_created(tmp_path):
    with pytest.raises(FeedTrouble, match=r"gone\.db is not there") as caught:
        read_one(sql_contract(), f"sqlite:///{tmp_path}/gone.db", tmp_path)
    assert caught.value.kind == "missing"
    assert not (tmp_path / "gone.db").exists()


def test_a_file_that_is_no_database_is_broken(tmp_path):
    (tmp_path / "shop.db").write_bytes(b"hello " * 1000)
    with pytest.raises(FeedTrouble, match="file is not a database") as caught:
        read_one(sql_contract(), f"sqlite:///{tmp_path}/shop.db", tmp_path)
    assert caught.value.kind == "broken"


def test_a_locked_database_is_busy_and_may_be_tried_again(tmp_path):
    url = database(tmp_path, rows=[(1, "a", 5)])
    # File locks hold between processes, not inside one.
    hold = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); c.execute('BEGIN EXCLUSIVE')"
    command = [sys.executable, "-c", hold + "; print('held', flush=True); sys.stdin.read()", str(tmp_path / "shop.db")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(FeedTrouble, match="locked") as caught:
            read_one(sql_contract(), url, tmp_path)
        holder.communicate()
    assert (caught.value.kind, caught.value.is_retryable) == ("busy", True)


def test_the_probe_counts_all_rows_and_knows_the_file(tmp_path):
    url = database(tmp_path, rows=[(1, "2026-11-20T10:00:00Z", 1), (2, "2026-11-20 11:00:00", 1), (3, None, 1)])
    source = open_source(sql_contract(cursor={"column": "at"}), {"SHOP": url})
    probe = source.probe()
    source.close()
    assert probe.identity == f"sqlite {tmp_path}/shop.db"
    assert (probe.clock, probe.row_count, probe.newest) == (None, 3, "2026-11-20 11:00:00")
    assert (probe.lowest_key, probe.highest_key) == ("1", "3")


@pytest.mark.parametrize("told", ["'2026-11-20 10:00:00'", "'2026-11-20T11:00:00+01:00'", "1795168800", "1795168800.0"])
def test_the_probe_tells_the_moments_that_the_contract_knows_how_to_ask_for(tmp_path, told):
    url = database(tmp_path)
    asked = {"heartbeat": f"SELECT {told}", "fed_until": "SELECT at FROM orders"}
    source = open_source(order_contract({"kind": "sql", "table": "orders", **asked}, COLUMNS), {"SHOP": url})
    probe = source.probe()
    source.close()
    assert (probe.heartbeat, probe.fed_until) == (datetime(2026, 11, 20, 10, tzinfo=UTC), None)


def test_a_heartbeat_that_is_no_moment_is_named(tmp_path):
    asked = {"kind": "sql", "table": "orders", "heartbeat": "SELECT 'yes'"}
    source = open_source(order_contract(asked, COLUMNS), {"SHOP": database(tmp_path)})
    with pytest.raises(FeedTrouble, match=r"source\.heartbeat gives 'yes', which is no moment") as caught:
        source.probe()
    source.close()
    assert caught.value.kind == "contract"


def test_rows_are_streamed_in_batches(tmp_path):
    url = database(tmp_path, rows=[(i, "x" * 100, i) for i in range(20_000)])
    source = open_source(sql_contract(), {"SHOP": url})
    [delivery] = source.deliveries(Window(), is_landed=lambda _: False, raw_folder=lambda: tmp_path)
    sizes = [batch.num_rows for batch in delivery.reader]
    source.close()
    assert sum(sizes) == 20_000
    assert len(sizes) > 5
