"""From staging to source records: which rows tell of a customer, and under which key.

A source record is every account; every row of another entity that names somebody but no account (a guest order, a
front-desk note); and a stub for an account that is referred to before it arrives, so that it keeps its id when it does.
Which rows changed is told in `changes`; standardised values are made in `values`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.hashing import hash_sql
from warehouse.cast_sql import key_part, quoted

if TYPE_CHECKING:
    import duckdb

ACCOUNTS = "accounts"
# A parcel or a payment belongs to the customer of its order; it is a record of its own only without one.
FOLLOWS_ORDER = frozenset({"shipments", "payments"})
# What names somebody. A postal address or a birth date alone does not.
NAMING_ATTRIBUTES = ("full_name", "given_name", "family_name", "organisation_name", "email", "phone", "strong_id")
TEXT_ATTRIBUTES = (
    "party_type", "full_name", "given_name", "family_name", "organisation_name", "email", "phone", "phone_alternate",
    "street", "city", "region", "postal_code", "country", "strong_id",
)  # fmt: skip
# Columns without identity role that survivorship wants, taken where an entity has them.
CARRIED = {"language": "VARCHAR", "is_email_verified": "BOOLEAN"}
ATTRIBUTES = (*TEXT_ATTRIBUTES, "date_of_birth", *CARRIED)


@dataclass(frozen=True)
class EntityRoles:
    """What the columns of one canonical entity say about identity.

    `roles` maps a role (email, phone, account_ref, ...) to its columns in order; a second phone is the alternate one.
    `event_time` is the column that dates the row, used to tell which of two records is older.
    """

    entity: str
    key: tuple[str, ...]
    roles: Mapping[str, tuple[str, ...]]
    event_time: str | None = None

    def columns(self, role: str) -> tuple[str, ...]:
        """Columns of a role, in order; empty if the entity has none."""
        return self.roles.get(role, ())


def row_number(entity: str, system: str = "_source_system", record: str = "_key") -> str:
    """SQL of the number of a row, the same wherever it stands: that of its entity, system and key."""
    return _number(f"'{entity}'", system, record)


def _number(entity: str, system: str, record: str) -> str:
    return hash_sql([entity, system, record], [record])


# SQL of the number that the row of a source record has.
RECORD_NUMBER = _number("entity", "source_system", "record_id")


def _text(column: str) -> str:
    return f"nullif(trim(CAST({quoted(column)} AS VARCHAR)), '')"


def _first_filled(columns: tuple[str, ...]) -> str:
    return f"coalesce({', '.join(map(_text, columns))})" if columns else "CAST(NULL AS VARCHAR)"


def _record_key(system: str, entity: str, record: str) -> str:
    return f"concat({system}, '/', {entity}, '/', {record})"


def _account_source(roles: EntityRoles) -> str:
    source = roles.columns("account_source")
    return f"coalesce({_first_filled(source)}, _source_system)" if source else "_source_system"


def staged_columns(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """Names of the columns that each entity has in staging."""
    return dict(
        connection.execute(
            """SELECT table_name, list(column_name) FROM duckdb_columns() WHERE schema_name = 'staging'
               GROUP BY table_name"""
        ).fetchall()
    )


def records_of(roles: EntityRoles, present: Collection[str], rows: str) -> str:
    """SQL of the source records in staged rows of one entity, which has the columns `present`.

    `rows` (SQL) is true of those to read.
    """
    phones = roles.columns("phone")
    if len(phones) > 2:
        raise ValueError(
            f"{roles.entity}: {len(phones)} columns have the identity role phone ({', '.join(phones)}); identity "
            f"compares two. Remove the role from the others in connectors/entities/{roles.entity}.yml."
        )
    by_role = {name: _first_filled(roles.columns(name)) for name in TEXT_ATTRIBUTES}
    by_role |= {"phone": _first_filled(phones[:1]), "phone_alternate": _first_filled(phones[1:])}
    birth = roles.columns("date_of_birth")
    by_role["date_of_birth"] = f"CAST({quoted(birth[0])} AS DATE)" if birth else "CAST(NULL AS DATE)"
    for name, kind in CARRIED.items():
        by_role[name] = f"CAST({name} AS {kind})" if name in present else f"CAST(NULL AS {kind})"
    created = f"CAST({quoted(roles.event_time)} AS TIMESTAMP)" if roles.event_time else "CAST(NULL AS TIMESTAMP)"
    return f"""SELECT {_record_key("_source_system", f"'{roles.entity}'", "_key")} AS source_record_key,
                      _source_system AS source_system, '{roles.entity}' AS entity, _key AS record_id,
                      {", ".join(f"{expression} AS {name}" for name, expression in by_role.items())},
                      false AS is_stub, coalesce(_is_deleted, false) AS is_deleted,
                      {created} AS source_created_at, _changed_at AS source_updated_at
               FROM staging.{quoted(roles.entity)} WHERE {rows} AND {_is_own_record(roles, by_role)}"""


def _is_own_record(roles: EntityRoles, by_role: Mapping[str, str]) -> str:
    if roles.entity == ACCOUNTS:
        return "true"
    conditions = [f"coalesce({', '.join(by_role[name] for name in NAMING_ATTRIBUTES)}) IS NOT NULL"]
    if reference := roles.columns("account_ref"):
        conditions.append(f"{_first_filled(reference)} IS NULL")
    if roles.entity in FOLLOWS_ORDER:
        conditions.append(f"{_text('order_id')} IS NULL")
    return " AND ".join(conditions)


def references_of(roles: EntityRoles, rows: str) -> str:
    """SQL of the accounts that staged rows refer to, with the number of the row; `rows` as in `records_of`."""
    account = _first_filled(roles.columns("account_ref"))
    return f"""SELECT {row_number(roles.entity)} AS row_no,
                      {_record_key("_source_system", f"'{roles.entity}'", "_key")} AS source_record_key,
                      {_account_source(roles)} AS source_system, {key_part(account)} AS record_id,
                      {_record_key(_account_source(roles), f"'{ACCOUNTS}'", key_part(account))} AS account_key
               FROM staging.{quoted(roles.entity)} WHERE {rows} AND {account} IS NOT NULL"""
