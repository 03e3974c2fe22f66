"""Whom an erasure is about: every staged row that belongs to them, and the values by which they could be found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connectors.entities import load_entities
from pipelines.erased import belongs_to_erased, own_reference
from warehouse.cast_sql import quoted

if TYPE_CHECKING:
    import duckdb

# Digits that a telephone number is recognised by: without country code and trunk prefix, however it is written.
PHONE_DIGITS = 9
_SHORTEST_PHONE = 7


@dataclass(frozen=True)
class Traces:
    """Values that stand for erased customers and for nobody else, in lower case: what is searched for afterwards.

    `phones` are the last digits of each number; `homes` pairs of name and postal code.
    """

    emails: tuple[str, ...]
    phones: tuple[str, ...]
    homes: tuple[tuple[str, str], ...]


def find_rows(connection: duckdb.DuckDBPyConnection) -> None:
    """Build `erased_reference` (reference): all that belongs to the customers of `erased_key` (identity.erasure).

    Rows that have gone at their source count as well. Orders bring their lines, parcels and payments; tickets their
    comments; so it is asked until nothing more is found.
    """
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE erased_reference AS "
        "SELECT DISTINCT source_record_key AS reference FROM erased_key"
    )
    while _follow(connection):
        pass


def _follow(connection: duckdb.DuckDBPyConnection) -> int:
    """Add rows that refer to what was found so far; how many."""
    found = 0
    for name, entity in load_entities().items():
        ((added,),) = connection.execute(
            f"""INSERT INTO erased_reference
                SELECT DISTINCT {own_reference(name)} FROM staging.{quoted(name)}
                WHERE ({belongs_to_erased(entity, IS_ERASED)})
                  AND NOT coalesce({IS_ERASED.format(own_reference(name))}, false)"""
        ).fetchall()
        found += added
    return found


IS_ERASED = "({}) IN (SELECT reference FROM erased_reference)"


def find_traces(connection: duckdb.DuckDBPyConnection) -> Traces:
    """What could tell the customers of `erased_key`: values of their records that no record of anybody else has."""
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE trace AS
            WITH told AS (
              SELECT 'email' AS kind, lower(trim(email)) AS value, NULL AS beside, source_record_key
              FROM identity.source_records
              UNION ALL
              SELECT 'phone', right(regexp_replace(phone, '[^0-9]', '', 'g'), {PHONE_DIGITS}), NULL, source_record_key
              FROM (SELECT unnest([phone, phone_alternate, phone_std, phone_alternate_std]) AS phone, source_record_key
                    FROM identity.source_records)
              UNION ALL
              SELECT 'home', lower(trim(coalesce(full_name, given_name || ' ' || family_name, organisation_name))),
                     lower(trim(postal_code)), source_record_key
              FROM identity.source_records WHERE regexp_matches(postal_code, '[0-9]'))
            SELECT kind, value, beside FROM told LEFT JOIN erased_key USING (source_record_key)
            WHERE value IS NOT NULL AND value <> ''
              AND (kind <> 'phone' OR length(value) >= {_SHORTEST_PHONE}) AND (kind <> 'email' OR contains(value, '@'))
            GROUP BY ALL HAVING bool_and(erased_key.source_record_key IS NOT NULL)"""
    )
    rows = connection.execute("SELECT kind, value, beside FROM trace ORDER BY ALL").fetchall()
    return Traces(
        tuple(value for kind, value, _ in rows if kind == "email"),
        tuple(value for kind, value, _ in rows if kind == "phone"),
        tuple((value, beside) for kind, value, beside in rows if kind == "home"),
    )
