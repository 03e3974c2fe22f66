"""The comparable form of every source record, made once and kept, and handed to the engine as evidence.

Bridges `identity.source_records` and `matching`: what a column says of identity is told here and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from pipelines.hashing import hash_sql
from pipelines.identity.matching import reading
from pipelines.identity.matching.evidence import MISSING, Column, Columns, Evidence, Ints

if TYPE_CHECKING:
    import duckdb

    from pipelines.identity.matching.roles import Roles

# Records read at once; bounds the Python objects alive at a time.
CHUNK = 200_000
ROLES: Roles = {
    "given_name": ("given_std",), "family_name": ("family_std",), "name_suffix": ("generation_std",),
    "organisation_name": ("organisation_std",), "email": ("email_std",),
    "phone": ("phone_text", "phone_alternate_text"),
    "street": ("street",), "city": ("city",), "region": ("region",), "postal_code": ("postal_code",),
    "date_of_birth": ("date_of_birth_std",), "source": ("source",),
}  # fmt: skip
# Of a number that cannot be read as international, the digits that are compared.
TEXTS = """record_no, source_record_key AS record_id, given_std, family_std, generation_std, organisation_std,
           email_std, street, city, region, postal_code, date_of_birth_std,
           coalesce(phone_std, phone_key) AS phone_text,
           coalesce(phone_alternate_std, phone_alternate_key) AS phone_alternate_text,
           source_system || '/' || entity AS source, source_system || '/' || strong_id AS national_id"""
COLUMNS = (
    "given", "middle", "family", "generation", "organisation", "street", "house", "way", "postal_code", "city",
    "region", "national_id", "source",
)  # fmt: skip
LISTS = {"emails": ("email",), "phones": ("phone", "phone_alternate")}
BIRTH = ("birth_year", "birth_month", "birth_day")
# SQL: numbers of what a record shares with those of its household.
HOME_VALUES = ", ".join(
    f"if(family IS NULL OR {name} IS NULL, NULL, {hash_sql(['family', name])})"
    for name in ("email", "phone", "phone_alternate", "street")
)


def update(connection: duckdb.DuckDBPyConnection) -> None:
    """Bring `identity.comparable` and `identity.home_value` up to date for the records in `touched` and `outdated`.

    Builds `fresh`: the rows of those in `touched`.
    """
    for table in ("comparable", "home_value"):
        connection.execute(f"DELETE FROM identity.{table} WHERE record_no IN (FROM outdated)")
    fresh = connection.sql(
        f"""SELECT {TEXTS} FROM identity.source_records SEMI JOIN touched USING (record_no)
            ORDER BY source_record_key"""
    ).to_arrow_reader(CHUNK)
    # An open result keeps the connection busy, so it is read to its end first.
    written = [_written(reading.read(pa.table(batch), ROLES), batch) for batch in fresh]
    nothing = "FROM identity.comparable WHERE false"
    connection.register(
        "comparable_batch", pa.concat_tables(written) if written else connection.sql(nothing).to_arrow_table()
    )
    connection.execute("CREATE OR REPLACE TEMP TABLE fresh AS FROM comparable_batch")
    connection.unregister("comparable_batch")
    connection.execute("INSERT INTO identity.comparable BY NAME FROM fresh")
    connection.execute(
        f"""INSERT INTO identity.home_value BY NAME
            SELECT value_no, record_no FROM (SELECT record_no, unnest([{HOME_VALUES}]) AS value_no FROM fresh)
            WHERE value_no IS NOT NULL"""
    )


@dataclass(frozen=True)
class Comparable:
    """The evidence of records, in the order of their keys, and the number of each."""

    evidence: Evidence
    numbers: Ints


def read(connection: duckdb.DuckDBPyConnection, records: str = "FROM identity.comparable") -> Comparable:
    """Read records; `records` is SQL for rows of identity.comparable, or of some of its columns."""
    table = connection.sql(f"FROM ({records}) ORDER BY source_record_key").to_arrow_table()
    return Comparable(evidence_of(table), np.asarray(table.column("record_no").to_numpy(), dtype=np.int64))


def evidence_of(table: pa.Table) -> Evidence:
    """The evidence in rows of identity.comparable, or in some of its columns."""
    coded = {name: reading.encoded(table.column(name)) for name in COLUMNS if name in table.column_names}
    lists = {name: _several(table, parts) for name, parts in LISTS.items()}
    return Evidence(
        table.column("source_record_key").combine_chunks(),
        {name: column for name, column in coded.items() if column.values},
        {name: some for name, some in lists.items() if some.values},
        np.stack([table.column(part).to_numpy().astype(np.int64) for part in BIRTH]),
    )


def _several(table: pa.Table, names: tuple[str, ...]) -> Columns:
    chunks = [chunk for name in names for chunk in table.column(name).chunks]
    every = reading.encoded(pa.chunked_array(chunks, pa.string()))
    return Columns(each=np.split(every.codes, len(names)), values=every.values)


def _written(read: Evidence, batch: pa.RecordBatch) -> pa.Table:
    """The evidence of some records as rows of `identity.comparable`."""
    nothing = pa.nulls(len(read), pa.string())

    def text(column: Column) -> pa.Array:
        return pa.array(column.values, pa.string()).take(pa.array(column.codes, mask=column.codes == MISSING))

    data = {name: text(read.columns[name]) if name in read.columns else nothing for name in COLUMNS}
    for name, parts in LISTS.items():
        for at, part in enumerate(parts):
            some = read.lists.get(name)
            data[part] = text(Column(values=some.values, codes=some.each[at])) if some else nothing
    data |= {part: pa.array(read.births[at]) for at, part in enumerate(BIRTH)}
    # An id is compared as it stands, with the system that gave it.
    kept = {name: batch.column(name) for name in ("record_no", "national_id")}
    return pa.table({"source_record_key": read.record_ids, **data, **kept})
