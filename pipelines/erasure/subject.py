"""Whom an erasure is about: every staged row that belongs to them, and the values by which they could be found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connectors.entities import load_entities
from pipelines.erased import belongs_to_erased, own_reference
from pipelines.mentions import called
from pipelines.redaction import PHONE_DIGITS, home_references
from warehouse.cast_sql import quoted

if TYPE_CHECKING:
    import duckdb

_SHORTEST_PHONE = 7
_NAME_ROLES = ("full_name", "given_name", "family_name", "organisation_name")
# As written and as standardised: names that only accents tell apart stand there in the same letters.
_PHONES_OF_RECORDS = ("phone", "phone_alternate", "phone_std", "phone_alternate_std")
_CODES_OF_RECORDS = ("postal_code", "postal_code_std")


@dataclass(frozen=True)
class Traces:
    """Values that stand for erased customers and for nobody else, in lower case: what is searched for afterwards.

    `phones` are the last digits of each number; `homes` pairs of name and postal code.
    """

    emails: tuple[str, ...]
    phones: tuple[str, ...]
    homes: tuple[tuple[str, str], ...]

    def references(self) -> frozenset[str]:
        """What each of them is looked up by in a text."""
        told = [*(f"email/{email}" for email in self.emails), *(f"phone/{phone}" for phone in self.phones)]
        return frozenset(told).union(*(home_references(name, postal_code) for name, postal_code in self.homes))


def find_rows(connection: duckdb.DuckDBPyConnection) -> None:
    """Build `erased_reference` (reference): all that belongs to the customers of `erased_key` (identity.erasure).

    Rows that have gone at their source count as well. Orders bring their lines, parcels and payments; tickets their
    comments; so it is asked until nothing more is found.
    """
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE erased_reference AS "
        "SELECT DISTINCT source_record_key AS reference FROM erased_key"
    )
    follow_rows(connection)


def follow_rows(connection: duckdb.DuckDBPyConnection) -> None:
    """Add to `erased_reference` what refers to what is in it."""
    while _follow(connection):
        pass


def _follow(connection: duckdb.DuckDBPyConnection) -> int:
    """Add rows that refer to what was found so far; how many. A record that identity gave to others is theirs."""
    found = 0
    for name, entity in load_entities().items():
        ((added,),) = connection.execute(
            f"""INSERT INTO erased_reference
                SELECT DISTINCT {own_reference(name)} FROM staging.{quoted(name)}
                WHERE ({belongs_to_erased(entity, IS_ERASED)})
                  AND NOT coalesce({IS_ERASED.format(own_reference(name))}, false)
                  AND {own_reference(name)} NOT IN (SELECT source_record_key FROM identity.customer_crosswalk)"""
        ).fetchall()
        found += added
    return found


IS_ERASED = "({}) IN (SELECT reference FROM erased_reference)"


def find_traces(connection: duckdb.DuckDBPyConnection) -> Traces:
    """What could tell the customers of `erased_key`: values of their records that nobody else has.

    Somebody else has what a record of theirs says, or a row that belongs to them, or both together as their name and
    postal code. Needs `erased_reference`, and `erased_customer` (identity.erasure).
    """
    name = "coalesce({full_name}, {given_name} || ' ' || {family_name}, {organisation_name})"
    own = {role: role for role in _NAME_ROLES}
    said = [
        *(("email", email, "NULL") for email in ("email", "email_std")),
        *(("phone", phone, "NULL") for phone in _PHONES_OF_RECORDS),
        *(("home", called, code) for called in (name.format(**own), "name_std") for code in _CODES_OF_RECORDS),
    ]
    told = [
        f"SELECT {_trace(kind, value, beside)}, erased_key.source_record_key IS NOT NULL AS is_theirs "
        "FROM identity.source_records LEFT JOIN erased_key USING (source_record_key)"
        for kind, value, beside in said
    ]
    for entity_name, entity in load_entities().items():
        roles = entity.identity_roles()
        named = {role: quoted(roles[role][0]) if role in roles else "NULL::VARCHAR" for role in _NAME_ROLES}
        theirs = IS_ERASED.format(own_reference(entity_name))
        others = f"false FROM staging.{quoted(entity_name)} WHERE NOT coalesce({theirs}, false)"
        told += [
            f"SELECT {_trace(kind, quoted(column), 'NULL')}, {others}"
            for kind in ("email", "phone")
            for column in roles.get(kind, ())
        ]
        if "postal_code" in roles:
            told.append(f"SELECT {_trace('home', name.format(**named), quoted(roles['postal_code'][0]))}, {others}")
    told.append(
        f"SELECT {_trace('home', 'display_name', 'postal_code')}, false FROM identity.golden_customers "
        "WHERE customer_id NOT IN (SELECT customer_id FROM erased_customer)"
    )
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE trace AS
            SELECT kind, value, beside FROM ({" UNION ALL ".join(told)})
            WHERE value <> '' AND (kind <> 'phone' OR length(value) >= {_SHORTEST_PHONE})
              AND (kind <> 'email' OR contains(value, '@')) AND (kind <> 'home' OR regexp_matches(beside, '[0-9]'))
            GROUP BY ALL HAVING bool_and(is_theirs)"""
    )
    rows = connection.execute("SELECT kind, value, beside FROM trace ORDER BY ALL").fetchall()
    return Traces(
        tuple(value for kind, value, _ in rows if kind == "email"),
        tuple(value for kind, value, _ in rows if kind == "phone"),
        tuple((value, beside) for kind, value, beside in rows if kind == "home"),
    )


def names_of_their_own() -> str:
    """SQL select of what others may call them by: ids, and numbers of accounts that nobody else has in any system.

    Needs `erased_reference` and `erased_customer`.
    """
    return f"""SELECT {called("customer_id")} AS reference FROM erased_customer
               UNION ALL SELECT {called("old_customer_id")} FROM identity.customer_id_redirect
                         JOIN erased_customer ON current_customer_id = customer_id
               UNION ALL SELECT {called("_key")} FROM staging.accounts GROUP BY _key
                         HAVING bool_and({IS_ERASED.format(own_reference("accounts"))})"""


def _trace(kind: str, value: str, beside: str) -> str:
    """SQL columns kind, value and beside of a trace, as texts are searched for it."""
    written = f"lower(trim({value}))"
    if kind == "phone":
        written = f"right(regexp_replace({value}, '[^0-9]', '', 'g'), {PHONE_DIGITS})"
    return f"'{kind}' AS kind, {written} AS value, lower(trim({beside})) AS beside"
