"""Check sums: PostgreSQL and DuckDB make the same number of the same row, whatever it holds."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import adbc_driver_postgresql.dbapi as driver
import duckdb
import pytest

from connectors.checksum import check_sql
from connectors.delivery import Bucketing, KeyedSource
from connectors.source import open_source
from tests.connectors.source_factory import order_contract, read_one

LOWER = datetime(2026, 11, 20)  # noqa: DTZ001
DAY = Bucketing(LOWER, LOWER + timedelta(days=1), 3_600_000_000)
COLUMNS = {
    "order_id": "id", "ordered_at": "at", "street": "words", "total_amount": "n", "city": "u", "region": "local",
    "postal_code": "born", "status": "ok", "country": "tags",
}  # fmt: skip


@pytest.fixture
def url(postgres_url: str) -> str:
    with driver.connect(postgres_url, autocommit=True) as connection, connection.cursor() as cursor:
        for statement in (
            "DROP SCHEMA IF EXISTS sales CASCADE",
            "CREATE SCHEMA sales",
            """CREATE TABLE sales.orders (id bigint, at timestamptz, words text, n numeric, u uuid, local timestamp,
               born date, ok boolean, tags text[], f float8)""",
            """INSERT INTO sales.orders VALUES
               (9007199254740993, '2026-11-20 01:00:00.000001+01', 'Zoë ''quoted'' "x" \\ ' || chr(10) || chr(128169),
                12345678901234567890.10, 'b1c7f0d2-0000-4000-8000-000000000001', '1899-12-31 23:59:59.999999',
                '0001-01-01', true, '{a,"b c"}', 0.1),
               (-1, '2026-11-20 00:30+00', '', 'NaN', NULL, NULL, NULL, NULL, NULL, 'NaN'),
               (2, '2026-11-20 05:00+00', NULL, -0.50, NULL, '1969-12-31 23:59:59.5', '9999-12-31', false, '{}', 1e300),
               (3, '2026-11-20 05:00+00', 'infinite', 1, NULL, 'infinity', NULL, false, '{}', 1),
               (4, '2026-11-21 00:00+00', 'after', 1, NULL, NULL, NULL, false, '{}', 1),
               (5, NULL, 'without a time', 1, NULL, NULL, NULL, false, '{}', 1)""",
        ):
            cursor.execute(statement)
    return postgres_url


def contract(columns: dict[str, object], **changes: object):  # type: ignore[no-untyped-def]
    return order_contract({"kind": "sql", "table": "sales.orders"}, columns, cursor={"column": "at"}, **changes)


def test_both_sides_add_up_the_same(url: str, tmp_path: Path) -> None:
    made = contract(COLUMNS, totals=["n"])
    table, receipt = read_one(made, url, tmp_path)
    assert receipt.rejects.num_rows == 1  # the infinite one
    check = check_sql({field.name: str(field.type) for field in table.schema})
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.register("rows", table)
    here = connection.execute(
        f"""SELECT (epoch_us("at") - epoch_us(TIMESTAMPTZ '2026-11-20 00:00+00')) // 3600000000 AS bucket, count(*),
                   CAST(sum(CAST({check} AS HUGEINT)) AS VARCHAR) FROM rows
            WHERE "at" >= '2026-11-20 00:00+00' AND "at" < '2026-11-21 00:00+00' GROUP BY 1 ORDER BY 1"""
    ).fetchall()
    source = open_source(made, {"SHOP": url})
    assert isinstance(source, KeyedSource)
    digests = source.digests(DAY, ["n"])
    source.close()
    assert digests is not None
    there = sorted(digests.to_pylist(), key=lambda row: row["bucket"])
    assert [(row["bucket"], row["row_count"], row["check_sum"]) for row in there] == here
    assert [bucket for bucket, *_ in here] == [0, 5]
    assert Decimal(there[1]["n"]) == Decimal("-0.50")


def test_any_value_that_changes_changes_the_sum(url: str) -> None:
    source = open_source(contract(COLUMNS), {"SHOP": url})
    assert isinstance(source, KeyedSource)

    def check_sum() -> str:
        digests = source.digests(DAY, [])
        assert digests is not None
        return str({row["bucket"]: row["check_sum"] for row in digests.to_pylist()}[5])

    seen = {check_sum()}
    changes = ["words = ''", "n = -0.5", "ok = true", "born = '9999-12-30'", "local = NULL", "tags = NULL"]
    with driver.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
        for change in changes:
            cursor.execute(f"UPDATE sales.orders SET {change} WHERE id = 2")
            seen.add(check_sum())
    source.close()
    assert len(seen) == len(changes) + 1


def test_floats_have_no_check_value(url: str) -> None:
    source = open_source(contract({**COLUMNS, "tax_amount": "f"}), {"SHOP": url})
    assert isinstance(source, KeyedSource)
    assert source.digests(DAY, []) is None
    source.close()
    assert check_sql({"id": "int64", "f": "double"}) is None
