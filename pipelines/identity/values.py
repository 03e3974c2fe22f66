"""Standardised values beside the originals: what `standardise` says, asked once per distinct value and remembered.

Fills `identity.source_records` and its memory, `identity.standardised_value`. How a value is standardised lives in
`standardise`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pyarrow as pa

from pipelines.hashing import hash_sql
from pipelines.identity import names, phones, standardise
from pipelines.identity.vocabulary import load

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb

# Distinct values handled at once; bounds the Python objects alive at a time.
CHUNK = 200_000
KNOWN_VALUE = pa.schema(
    [("kind", pa.string()), ("value", pa.string()), ("value_no", pa.uint64()), ("standard", pa.list_(pa.string()))]
)


def _phone(text: str, region: str) -> list[str | None]:
    number = phones.e164(text, region or None)
    return [number, phones.key(text, number)]


def _full_name(text: str, _region: str) -> list[str | None]:
    """Given and family name, generation, key of the given name; organisation; given and family name as to be shown."""
    name = standardise.person_name(text)
    if name:
        return [*name, names.given_key(name.given), None, *standardise.shown(text, name)]
    organisation = standardise.organisation(text) if standardise.is_organisation(text) else None
    return [None, None, None, None, organisation, None, None]


def _single(function: Callable[[str], str | None]) -> Callable[[str, str], list[str | None]]:
    return lambda text, _region: [function(text)]


# kind → what makes the standard from (value, region). The region matters for telephone numbers only.
STANDARDS: dict[str, Callable[[str, str], list[str | None]]] = {
    "country": _single(standardise.country),
    "email": _single(standardise.email),
    "phone": _phone,
    "name": _full_name,
    "organisation": _single(standardise.organisation),
    "street": _single(standardise.street),
    "postal_code": _single(standardise.postal_code),
}

# Given and family name, where the source keeps them apart, are read as 'Family, Given'; a lone one goes with the full
# name if there is one, because a full name says more.
NAME_TEXT = """CASE WHEN given_name IS NOT NULL AND family_name IS NOT NULL
                    THEN replace(family_name, ',', ' ') || ', ' || replace(given_name, ',', ' ')
                    WHEN full_name IS NOT NULL THEN full_name
                    WHEN family_name IS NOT NULL THEN replace(family_name, ',', ' ') || ','
                    WHEN given_name IS NOT NULL THEN ', ' || replace(given_name, ',', ' ') END"""


def value_number(kind: str, value: str, region: str = "''") -> str:
    """SQL of the number (64 bits) under which a value of a kind is remembered; NULL has one, too, that nothing has."""
    return hash_sql([f"'{kind}'", value, region], [value])


def write_source_records(
    connection: duckdb.DuckDBPyConnection, *, now: datetime, default_region: str | None, everything: bool
) -> None:
    """Bring `identity.source_records` to the state of `incoming`: standardise touched records, drop removed ones."""
    if everything:
        connection.execute("DELETE FROM identity.standardised_value")
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE pending AS
            SELECT incoming.*, touched.record_no, touched.first_seen_at,
                   coalesce(party_type, '') = 'organisation' AND organisation_name IS NULL AS is_named_in_full,
                   {NAME_TEXT} AS name_text
            FROM incoming JOIN touched USING (source_record_key)"""
    )
    _remember(connection, {"country": "SELECT country, ''"})
    number = value_number("country", "pending.country")
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE pending AS
           SELECT pending.*, country.standard[1] AS country_std,
                  coalesce(country.standard[1], $default_region, '') AS phone_region
           FROM pending LEFT JOIN remembered AS country ON country.value_no = {number}""",
        {"default_region": default_region},
    )
    _remember(
        connection,
        {
            "email": "SELECT email, ''",
            "phone": "SELECT unnest([phone, phone_alternate]), phone_region",
            "name": "SELECT name_text, ''",
            "organisation": "SELECT if(is_named_in_full, full_name, organisation_name), ''",
            "street": "SELECT street, ''",
            "postal_code": "SELECT postal_code, ''",
        },
    )
    _write(connection, now)
    if not everything and connection.execute("SELECT 1 FROM outdated LIMIT 1").fetchall():
        forget_unused(connection)


def _remember(connection: duckdb.DuckDBPyConnection, carried: dict[str, str]) -> None:
    """Build `remembered`: what the values in `pending` are standardised to; what is new is kept for good.

    `carried` is SQL of value and region by kind.
    """
    selects = " UNION ALL ".join(
        f"""SELECT DISTINCT '{kind}' AS kind, value, region, {value_number(kind, "value", "region")} AS value_no
            FROM ({values} FROM pending) AS carried(value, region)"""
        for kind, values in carried.items()
    )
    connection.execute(f"CREATE OR REPLACE TEMP TABLE carried AS FROM ({selects}) WHERE value IS NOT NULL")
    # One look through all values, of which there are several times as many as records.
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE remembered AS
           SELECT kind, value_no, standard FROM identity.standardised_value SEMI JOIN carried USING (value_no)"""
    )
    connection.register("fresh_value", pa.concat_tables([_standardise(connection, kind) for kind in carried]))
    connection.execute("INSERT INTO identity.standardised_value FROM fresh_value")
    connection.execute("INSERT INTO remembered SELECT kind, value_no, standard FROM fresh_value")
    connection.unregister("fresh_value")


def _standardise(connection: duckdb.DuckDBPyConnection, kind: str) -> pa.Table:
    """Standards of those values of a kind that are not known."""
    unknown = connection.sql(
        "SELECT kind, value, value_no, region FROM carried ANTI JOIN remembered USING (value_no) WHERE kind = $kind",
        params={"kind": kind},
    ).to_arrow_reader(CHUNK)
    standard = STANDARDS[kind]
    chunks = [KNOWN_VALUE.empty_table()]
    for batch in unknown:
        values, regions = batch.column("value"), batch.column("region")
        standards = [standard(v, r) for v, r in zip(values.to_pylist(), regions.to_pylist(), strict=True)]
        columns = [batch.column(name) for name in KNOWN_VALUE.names[:-1]]
        chunks.append(pa.table([*columns, pa.array(standards, pa.list_(pa.string()))], schema=KNOWN_VALUE))
    return pa.concat_tables(chunks)


def _write(connection: duckdb.DuckDBPyConnection, now: datetime) -> None:
    connection.execute("DELETE FROM identity.source_records WHERE record_no IN (FROM outdated)")
    joins = {
        "name": "name_text", "organisation": "if(is_named_in_full, full_name, organisation_name)", "email": "email",
        "street": "street", "postal_code": "postal_code",
    }  # fmt: skip
    numbers = {kind: (kind, value_number(kind, text)) for kind, text in joins.items()}
    numbers |= {name: ("phone", value_number("phone", name, "phone_region")) for name in ("phone", "phone_alternate")}
    by_value = " ".join(
        f"LEFT JOIN (FROM remembered WHERE kind = '{kind}') AS {name}_value ON {name}_value.value_no = {number}"
        for name, (kind, number) in numbers.items()
    )
    connection.execute(
        f"""INSERT INTO identity.source_records BY NAME
            WITH standardised AS (
              SELECT pending.* EXCLUDE (is_named_in_full, name_text, phone_region),
                name_value.standard[1] AS given_std, name_value.standard[2] AS family_std,
                name_value.standard[3] AS generation_std, name_value.standard[4] AS given_key,
                coalesce(organisation_value.standard[1], name_value.standard[5]) AS organisation_std,
                email_value.standard[1] AS email_std,
                phone_value.standard[1] AS phone_std, phone_value.standard[2] AS phone_key,
                phone_alternate_value.standard[1] AS phone_alternate_std,
                phone_alternate_value.standard[2] AS phone_alternate_key,
                postal_code_value.standard[1] AS postal_code_std,
                -- The town stands in where a source keeps no postal code.
                concat_ws(', ', street_value.standard[1],
                          coalesce(postal_code_value.standard[1], lower(strip_accents(trim(city))))) AS address,
                strftime(date_of_birth, '%Y%m%d') AS birth
              FROM pending {by_value})
            SELECT * EXCLUDE (first_seen_at, address, birth, given_std, family_std, generation_std, given_key),
              coalesce(first_seen_at, $now) AS first_seen_at,
              CASE WHEN organisation_std IS NOT NULL
                    AND (party_type = 'organisation' OR coalesce(given_std, family_std) IS NULL) THEN 'organisation'
                   WHEN coalesce(given_std, family_std) IS NOT NULL THEN 'person' ELSE 'unknown' END AS party_std,
              -- Whoever writes for an organisation is not the customer.
              if(party_std = 'person', given_std, NULL) AS given_std,
              if(party_std = 'person', family_std, NULL) AS family_std,
              if(party_std = 'person', generation_std, NULL) AS generation_std,
              if(party_std = 'person', given_key, NULL) AS given_key,
              if(party_std = 'person', concat_ws(' ', given_std, family_std, generation_std), NULL) AS name_std,
              if(address LIKE '%, %' AND street IS NOT NULL, address, NULL) AS address_std,
              if(list_contains($placeholder_dates, birth), NULL, birth) AS date_of_birth_std
            FROM standardised""",
        {"now": now.replace(tzinfo=None), "placeholder_dates": sorted(load().placeholder_birth_dates)},
    )


def forget_unused(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop remembered values that no record carries any more: personal data must not outlive its record."""
    carried = {
        "country": "country", "email": "email", "name": NAME_TEXT, "street": "street", "postal_code": "postal_code",
        "organisation": "if(party_type = 'organisation', coalesce(organisation_name, full_name), organisation_name)",
        "phone": "unnest([phone, phone_alternate])",
    }  # fmt: skip
    for kind, expression in carried.items():
        connection.execute(
            f"""DELETE FROM identity.standardised_value WHERE kind = ? AND value NOT IN (
                  SELECT value FROM (SELECT {expression} AS value FROM identity.source_records)
                  WHERE value IS NOT NULL)""",
            [kind],
        )
