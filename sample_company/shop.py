"""The shop's database: its tables in SQLite or PostgreSQL, and writing to them. What is written is decided elsewhere.

SQLite keeps times as text `YYYY-MM-DD HH:MM:SS` in UTC and dates as `YYYY-MM-DD`; PostgreSQL keeps timestamptz and
date.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from sample_company.columns import written
from sample_company.state import CompanyTrouble

# Column types: i whole number, t text, b yes/no, d date, s time (UTC). The first names are the primary key.
TABLES: dict[str, tuple[tuple[str, ...], str]] = {
    "customers": (
        ("id",),
        """id:i email:t first_name:t last_name:t company:t phone:t address1:t address2:t city:t province:t zip:t
        country_code:t date_of_birth:d accepts_marketing:b verified_email:b contact_by:t state:t created_at:s
        updated_at:s deleted_at:s""",
    ),
    "orders": (
        ("id",),
        """id:i customer_id:i email:t phone:t ship_name:t ship_address:t ship_city:t ship_zip:t ship_country:t
        created_at:s updated_at:s financial_status:t fulfillment_status:t cancelled_at:s channel:t currency:t
        subtotal_cents:i discount_cents:i shipping_cents:i tax_cents:i refunded_cents:i total_cents:i discount_code:t
        employee_id:t deleted_at:s""",
    ),
    "order_lines": (
        ("order_id", "line_no"),
        """order_id:i line_no:i sku:t title:t category:t quantity:i unit_price_cents:i unit_cost_cents:i
        discount_cents:i updated_at:s""",
    ),
    "payments": (
        ("id",),
        """id:i order_id:i customer_id:i invoice_no:t kind:t instrument_no:t amount_cents:i currency:t status:t
        occurred_at:s updated_at:s""",
    ),
    "employees": (("id",), "id:t full_name:t email:t team:t function:t started_on:d updated_at:s"),
}
_SQLITE = {"i": "INTEGER", "t": "TEXT", "b": "INTEGER", "d": "TEXT", "s": "TEXT"}
_POSTGRES = {"i": "bigint", "t": "text", "b": "boolean", "d": "date", "s": "timestamptz"}
_ROWS_AT_ONCE = 50_000


def columns_of(table: str) -> list[str]:
    """Column names of a shop table in order."""
    return [column.split(":")[0] for column in TABLES[table][1].split()]


class Shop:
    """An open shop database; one transaction from opening to `commit`."""

    def __init__(self, connection: Any, *, postgres: bool) -> None:
        self._connection = connection
        self._postgres = postgres

    def create_tables(self) -> None:
        """Create the empty tables. Raises CompanyTrouble when one exists: nobody's orders are overwritten."""
        kinds = _POSTGRES if self._postgres else _SQLITE
        for name, (key, columns) in TABLES.items():
            catalogue = (
                "SELECT to_regclass(?) IS NOT NULL"
                if self._postgres
                else "SELECT count(*) FROM sqlite_master WHERE name = ?"
            )
            if self.rows(catalogue, (name,))[0][0]:
                raise CompanyTrouble(
                    f"The shop database already has a table {name!r}. Give an empty database or another schema, "
                    "for example ...?options=-csearch_path%3Dharbour_lane."
                )
            body = ", ".join(f'"{c}" {kinds[k]}' for c, k in (column.split(":") for column in columns.split()))
            keys = ", ".join(f'"{c}"' for c in key)
            self.run(f'CREATE TABLE "{name}" ({body}, PRIMARY KEY ({keys}))', [()])
            self.run(f'CREATE INDEX "{name}_updated_at" ON "{name}" (updated_at)', [()])

    def run(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement written with `?` once per row of values."""
        cursor = self._connection.cursor()
        if self._postgres:
            cursor.executemany(statement.replace("?", "%s"), list(rows))
        else:
            cursor.executemany(statement, rows)

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query written with `?`."""
        cursor = self._connection.cursor()
        cursor.execute(query.replace("?", "%s") if self._postgres else query, values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found

    def put(self, name: str, table: pa.Table) -> None:
        """Insert rows, replacing those of the same key: a day that was interrupted can be done again."""
        columns = columns_of(name)
        key = TABLES[name][0]
        names, marks = ", ".join(f'"{c}"' for c in columns), ", ".join("?" for _ in columns)
        changes = ", ".join(f'"{c}" = excluded."{c}"' for c in columns if c not in key)
        insert = f'INSERT INTO "{name}" ({names}) VALUES ({marks})'
        fresh = not self.rows(f'SELECT 1 FROM "{name}" LIMIT 1')
        for batch in table.select(columns).to_batches(max_chunksize=_ROWS_AT_ONCE):
            if fresh and self._postgres:
                with self._connection.cursor().copy(f'COPY "{name}" ({names}) FROM STDIN') as copy:
                    for row in self._values(batch):
                        copy.write_row(row)
            else:
                keys = ", ".join(f'"{c}"' for c in key)
                self.run(f"{insert} ON CONFLICT ({keys}) DO UPDATE SET {changes}", self._values(batch))

    def change(self, name: str, table: pa.Table, columns: Sequence[str]) -> None:
        """Set these columns on the rows with the table's keys."""
        key = TABLES[name][0]
        changes, where = ", ".join(f'"{c}" = ?' for c in columns), " AND ".join(f'"{c}" = ?' for c in key)
        for batch in table.select([*columns, *key]).to_batches():
            self.run(f'UPDATE "{name}" SET {changes} WHERE {where}', self._values(batch))

    def moment(self, seconds: int) -> Any:
        """A time in the database's own form."""
        stamp = pa.array([seconds], pa.int64()).cast(pa.timestamp("s", "UTC"))
        return stamp[0].as_py() if self._postgres else written(stamp, "%Y-%m-%d %H:%M:%S")[0].as_py()

    def _values(self, batch: pa.RecordBatch) -> Iterator[tuple[Any, ...]]:
        return zip(*(self._native(column).to_pylist() for column in batch.columns), strict=True)

    def _native(self, column: pa.Array) -> pa.Array:
        if pa.types.is_timestamp(column.type):
            return column.cast(pa.timestamp("s", "UTC")) if self._postgres else written(column, "%Y-%m-%d %H:%M:%S")
        if self._postgres:
            return column
        if pa.types.is_date(column.type):
            return pc.strftime(column, format="%Y-%m-%d")
        return column.cast(pa.int8()) if pa.types.is_boolean(column.type) else column


@contextmanager
def open_shop(url: str) -> Iterator[Shop]:
    """The shop behind `sqlite:///path` or `postgresql://...`; commits at the end, rolls back when something raises."""
    scheme, _, rest = url.partition(":///")
    if scheme == "sqlite":
        Path(rest).parent.mkdir(parents=True, exist_ok=True)
        connection: Any = sqlite3.connect(rest, timeout=30.0)
    elif url.startswith(("postgresql://", "postgres://")):
        import psycopg

        connection = psycopg.connect(url)
    else:
        raise CompanyTrouble(
            f"The shop URL {url.partition(':')[0]!r}:… is neither sqlite:///path nor postgresql://…. Give one of them."
        )
    try:
        with connection:
            yield Shop(connection, postgres=scheme != "sqlite")
    finally:
        connection.close()
