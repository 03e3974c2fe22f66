"""From staging to source records: which rows tell of a customer, under which key, and which of them changed.

A source record is every account; every row of another entity that names somebody but no account (a guest order, a
front-desk note); and a stub for an account that is referred to before it arrives, so that it keeps its id when it does.
Standardised values are not made here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipelines.identity.erasure import leave_out_erased
from warehouse.cast_sql import quoted

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
# SQL: digest of all judgements.
JUDGEMENTS = """(SELECT concat_ws(':', count(*), sum(hash(left_key, right_key, decision, decided_at)))
                 FROM identity.judgements)"""
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


def roles_of(definition: Mapping[str, Any]) -> EntityRoles:
    """Read the identity roles from an entity definition in the shape of connectors/entities/*.yml."""
    roles: dict[str, tuple[str, ...]] = {}
    for name, column in definition["columns"].items():
        if role := column.get("identity"):
            roles[role] = (*roles.get(role, ()), name)
    return EntityRoles(definition["entity"], tuple(definition["key"]), roles, definition.get("event_time"))


def gather(connection: duckdb.DuckDBPyConnection, entities: Mapping[str, EntityRoles]) -> None:
    """Build temporary tables from staging.

    `incoming`: one row per source record, as written, with its `record_hash`; those that were erased are left out.
    `superseded`: one row per key of a non-account row that carries an account reference, with that account's key.
    """
    naming = [roles for _, roles in sorted(entities.items()) if roles.columns("record_id")]
    selects = [_records_of(connection, roles) for roles in naming]
    referring = [roles for roles in naming if roles.entity != ACCOUNTS and roles.columns("account_ref")]
    references = " UNION ALL BY NAME ".join(_references_of(roles) for roles in referring) or _no_references()
    connection.execute(f"CREATE OR REPLACE TEMP TABLE account_reference AS {references}")
    selects.append(_stubs())
    attributes = ", ".join(ATTRIBUTES)
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE incoming AS
            SELECT *, hash(is_stub, is_deleted, {attributes}, source_created_at, source_updated_at) AS record_hash
            FROM ({" UNION ALL BY NAME ".join(selects)})"""
    )
    leave_out_erased(connection)
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE superseded AS
           SELECT source_record_key, min(account_key) AS account_key FROM account_reference
           WHERE source_record_key IN (SELECT source_record_key FROM identity.source_records) GROUP BY ALL"""
    )


def staging_fingerprint(connection: duckdb.DuckDBPyConnection, entities: Mapping[str, EntityRoles]) -> str:
    """Digest of the staged rows that `gather` reads, by their row hashes, and of all judgements, whatever their order.

    Cheap, but it also changes with columns that say nothing of identity.
    """
    tables = ", ".join(
        f"""(SELECT concat_ws(':', count(*),
                    sum(hash(_source_system, _key, _row_hash, _changed_at, _is_deleted)))
             FROM staging.{quoted(roles.entity)})"""
        for _, roles in sorted(entities.items())
        if roles.columns("record_id")
    )
    row = connection.execute(f"SELECT concat_ws('/', {tables or 'NULL'}, {JUDGEMENTS})").fetchone()
    assert row  # noqa: S101
    return str(row[0])


def fingerprint(connection: duckdb.DuckDBPyConnection) -> str:
    """Digest of all incoming records and all judgements; the same whatever their order."""
    row = connection.execute(
        f"""SELECT concat_ws('/', (SELECT concat_ws(':', count(*), sum(hash(source_record_key, record_hash)))
                                   FROM incoming), {JUDGEMENTS})"""
    ).fetchone()
    assert row  # noqa: S101
    return str(row[0])


def find_changes(connection: duckdb.DuckDBPyConnection, *, everything: bool) -> tuple[int, int, int]:
    """Build `touched` (key, is_new, first_seen_at so far) and `removed` (key); count new, changed and removed records.

    With `everything`, records that did not change are touched as well: the rules changed.
    """
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE touched AS
           SELECT incoming.source_record_key, known.source_record_key IS NULL AS is_new, known.first_seen_at,
                  known.record_hash IS DISTINCT FROM incoming.record_hash AS is_changed
           FROM incoming LEFT JOIN identity.source_records AS known USING (source_record_key)
           WHERE $everything OR known.record_hash IS DISTINCT FROM incoming.record_hash""",
        {"everything": everything},
    )
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE removed AS
           SELECT source_record_key FROM identity.source_records
           WHERE source_record_key NOT IN (SELECT source_record_key FROM incoming)"""
    )
    counts = connection.execute(
        """SELECT count(*) FILTER (is_new), count(*) FILTER (is_changed AND NOT is_new),
                  (SELECT count(*) FROM removed) FROM touched"""
    ).fetchone()
    assert counts  # noqa: S101
    return counts[0], counts[1], counts[2]


def _text(column: str) -> str:
    return f"nullif(trim(CAST({quoted(column)} AS VARCHAR)), '')"


def _first_filled(columns: tuple[str, ...]) -> str:
    return f"coalesce({', '.join(map(_text, columns))})" if columns else "CAST(NULL AS VARCHAR)"


def _record_key(system: str, entity: str, record: str) -> str:
    return f"concat({system}, '/', {entity}, '/', {record})"


def _key_part(expression: str) -> str:
    # The same escapes as in staging's _key, so that a reference and the account's own key are one text.
    return rf"replace(replace({expression}, '\', '\\'), '|', '\|')"


def _account_source(roles: EntityRoles) -> str:
    source = roles.columns("account_source")
    return f"coalesce({_first_filled(source)}, _source_system)" if source else "_source_system"


def _records_of(connection: duckdb.DuckDBPyConnection, roles: EntityRoles) -> str:
    present = {
        name
        for (name,) in connection.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = 'staging' AND table_name = ?",
            [roles.entity],
        ).fetchall()
    }
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
               FROM staging.{quoted(roles.entity)} WHERE {_is_own_record(roles, by_role)}"""


def _is_own_record(roles: EntityRoles, by_role: Mapping[str, str]) -> str:
    if roles.entity == ACCOUNTS:
        return "true"
    conditions = [f"coalesce({', '.join(by_role[name] for name in NAMING_ATTRIBUTES)}) IS NOT NULL"]
    if reference := roles.columns("account_ref"):
        conditions.append(f"{_first_filled(reference)} IS NULL")
    if roles.entity in FOLLOWS_ORDER:
        conditions.append(f"{_text('order_id')} IS NULL")
    return " AND ".join(conditions)


def _references_of(roles: EntityRoles) -> str:
    account = _first_filled(roles.columns("account_ref"))
    return f"""SELECT {_record_key("_source_system", f"'{roles.entity}'", "_key")} AS source_record_key,
                      {_account_source(roles)} AS source_system, {_key_part(account)} AS record_id,
                      {_record_key(_account_source(roles), f"'{ACCOUNTS}'", _key_part(account))} AS account_key
               FROM staging.{quoted(roles.entity)} WHERE {account} IS NOT NULL"""


def _no_references() -> str:
    columns = ("source_record_key", "source_system", "record_id", "account_key")
    return f"SELECT {', '.join(f'CAST(NULL AS VARCHAR) AS {name}' for name in columns)} WHERE false"


def _stubs() -> str:
    return f"""SELECT DISTINCT account_key AS source_record_key, source_system, '{ACCOUNTS}' AS entity, record_id,
                      true AS is_stub, false AS is_deleted
               FROM account_reference
               WHERE account_key NOT IN (SELECT concat(_source_system, '/{ACCOUNTS}/', _key) FROM staging.{ACCOUNTS})"""
