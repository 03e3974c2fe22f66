"""Judging candidate pairs: what two profiles agree on, which rule that satisfies, and what keeps them apart.

The rules themselves live in `rules`. Whether linked pairs may share a cluster is decided in `cluster`; how two names
relate in `names`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pyarrow as pa
from rapidfuzz import fuzz
from rapidfuzz.process import cpdist

from pipelines.identity import names
from pipelines.identity.rules import CONTACT_RULES, MEETING_PLACES, ORGANISATION_RULES, PERSON_RULES, strongest

if TYPE_CHECKING:
    import duckdb

# Distinct pairs of values compared at once; bounds the Python objects alive at a time.
CHUNK = 200_000
# Token-sort similarity (0 to 100) from which two organisation names are one: word order and a slip are forgiven.
SAME_ORGANISATION = 90.0
# Jaro-Winkler similarity of two streets with one postal code from which they are one street with a slip.
SIMILAR_STREET = 0.9


def judge_candidates(connection: duckdb.DuckDBPyConnection) -> None:
    """Build the temporary table `judged`: one row per candidate pair that a rule links, or would link but for a veto.

    Columns: left_id, right_id, rules (the matching rule first, then the blocking rules), name_agreement, strength,
    guard (null = linked; else what keeps the two apart) and evidence (JSON).
    """
    _compare_names(connection)
    _compare_organisations(connection)
    _compare_birth_dates(connection)
    _build_features(connection)
    _find_contested(connection)
    linked = f"""CASE WHEN both_persons THEN {strongest(PERSON_RULES)}
                      WHEN both_organisations THEN {strongest(ORGANISATION_RULES)}
                      WHEN is_contact THEN {strongest(CONTACT_RULES)} END"""
    contested = ", ".join(
        f"""(left_id IN (SELECT profile_id FROM contested WHERE kind = '{kind}')
             OR right_id IN (SELECT profile_id FROM contested WHERE kind = '{kind}')) AS is_{kind}_contested"""
        for kind in MEETING_PLACES
    )
    # What would have linked two people had their names or birth dates not spoken against it: worth explaining.
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE judged AS
            SELECT left_id, right_id, [coalesce(rule.rule_id, 'shared_contact')] || rules AS rules,
                   agreement AS name_agreement, rule.strength AS strength, guard,
                   to_json({{same_email: same_email, same_phone: same_phone, same_address: same_address,
                             same_strong_id: same_strong_id, same_postal_code: same_postal_code, birth_date: birth,
                             names: relation, same_organisation: same_organisation}}) AS evidence
            FROM (SELECT *, if(guard IS NULL, {linked}, NULL) AS rule
                  FROM (SELECT *, {contested} FROM feature))
            WHERE rule IS NOT NULL
               OR (guard IS NOT NULL
                   AND (same_email OR same_phone OR same_strong_id OR (relation = 'full' AND same_address)))"""
    )


def _compare_names(connection: duckdb.DuckDBPyConnection) -> None:
    """Build `person_name`, one row per distinct name, and `name_comparison`, one per distinct candidate pair."""
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE person_name AS
           SELECT row_number() OVER (ORDER BY given_std, family_std, generation_std) AS name_id, *
           FROM (SELECT DISTINCT given_std, family_std, generation_std FROM profile WHERE name_std IS NOT NULL)"""
    )
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE profile_name AS
           SELECT profile_id, name_id FROM profile JOIN person_name
             ON profile.given_std IS NOT DISTINCT FROM person_name.given_std
            AND profile.family_std IS NOT DISTINCT FROM person_name.family_std
            AND profile.generation_std IS NOT DISTINCT FROM person_name.generation_std
           WHERE profile.name_std IS NOT NULL"""
    )

    def compare(batch: pa.RecordBatch) -> pa.Table:
        left = zip(*(batch.column(f"left_{part}").to_pylist() for part in names.Name._fields), strict=True)
        right = zip(*(batch.column(f"right_{part}").to_pylist() for part in names.Name._fields), strict=True)
        results = [names.compare(names.Name(*a), names.Name(*b)) for a, b in zip(left, right, strict=True)]
        relations, agreements = zip(*results, strict=True)
        return _keyed(batch, relation=pa.array(relations), agreement=pa.array(agreements))

    pairs = """SELECT key.left_key, key.right_key,
                      one.given_std AS left_given, one.family_std AS left_family, one.generation_std AS left_generation,
                      other.given_std AS right_given, other.family_std AS right_family,
                      other.generation_std AS right_generation
               FROM (SELECT DISTINCT least(one.name_id, other.name_id) AS left_key,
                                     greatest(one.name_id, other.name_id) AS right_key
                     FROM candidate JOIN profile_name AS one ON one.profile_id = left_id
                                    JOIN profile_name AS other ON other.profile_id = right_id) AS key
               JOIN person_name AS one ON one.name_id = left_key
               JOIN person_name AS other ON other.name_id = right_key"""
    schema = [
        ("left_key", pa.int64()),
        ("right_key", pa.int64()),
        ("relation", pa.string()),
        ("agreement", pa.float64()),
    ]
    _store(connection, "name_comparison", pairs, compare, pa.schema(schema))


def _compare_organisations(connection: duckdb.DuckDBPyConnection) -> None:
    def compare(batch: pa.RecordBatch) -> pa.Table:
        left, right = batch.column("left_key").to_pylist(), batch.column("right_key").to_pylist()
        scores = cpdist(left, right, scorer=fuzz.token_sort_ratio, workers=1)
        return _keyed(batch, is_same=pa.array(scores >= SAME_ORGANISATION))

    pairs = """SELECT DISTINCT least(one.organisation_std, other.organisation_std) AS left_key,
                               greatest(one.organisation_std, other.organisation_std) AS right_key
               FROM candidate JOIN profile AS one ON one.profile_id = left_id
                              JOIN profile AS other ON other.profile_id = right_id
               WHERE one.organisation_std IS NOT NULL AND other.organisation_std IS NOT NULL
                 AND one.party_std = 'organisation' AND other.party_std = 'organisation'"""
    schema = pa.schema([("left_key", pa.string()), ("right_key", pa.string()), ("is_same", pa.bool_())])
    _store(connection, "organisation_comparison", pairs, compare, schema)


def _compare_birth_dates(connection: duckdb.DuckDBPyConnection) -> None:
    def compare(batch: pa.RecordBatch) -> pa.Table:
        pairs = zip(batch.column("left_key").to_pylist(), batch.column("right_key").to_pylist(), strict=True)
        return _keyed(batch, is_near=pa.array([names.birth_dates_agree(a, b) for a, b in pairs]))

    pairs = """SELECT DISTINCT least(one.date_of_birth_std, other.date_of_birth_std) AS left_key,
                               greatest(one.date_of_birth_std, other.date_of_birth_std) AS right_key
               FROM candidate JOIN profile AS one ON one.profile_id = left_id
                              JOIN profile AS other ON other.profile_id = right_id
               WHERE one.date_of_birth_std <> other.date_of_birth_std"""
    schema = pa.schema([("left_key", pa.string()), ("right_key", pa.string()), ("is_near", pa.bool_())])
    _store(connection, "birth_date_comparison", pairs, compare, schema)


def _build_features(connection: duckdb.DuckDBPyConnection) -> None:
    """Build `feature`: one row per candidate pair and what the two agree on; a false where a value is missing."""
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE feature AS
            SELECT candidate.left_id, candidate.right_id, rules,
              one.party_std <> 'organisation' AND other.party_std <> 'organisation' AS both_persons,
              one.party_std <> 'person' AND other.party_std <> 'person'
                AND 'organisation' IN (one.party_std, other.party_std) AS both_organisations,
              'unknown' IN (one.party_std, other.party_std) AS is_one_unnamed,
              coalesce(one.strong_key = other.strong_key, false) AS same_strong_id,
              coalesce(one.email = other.email, false) AS same_email,
              {_same_phone()} AS same_phone,
              coalesce(one.address = other.address, false) AS same_address,
              coalesce(list_has_any(one.homes, other.homes), false) AS same_household,
              coalesce(one.postal_code_std = other.postal_code_std, false) AS same_postal_code,
              coalesce(one.postal_code_std = other.postal_code_std AND jaro_winkler_similarity(
                split_part(one.address, ', ', 1), split_part(other.address, ', ', 1)) >= {SIMILAR_STREET}, false)
                AS similar_street,
              coalesce(one.domain = other.domain, false) AS same_domain,
              coalesce(one.mailbox = other.mailbox, false) AS same_mailbox,
              one.is_role_mailbox AS is_role_mailbox,
              coalesce(one.company_domain = other.company_domain, false) AS same_company,
              {_is_contact("one")} AND other.party_std = 'organisation'
                OR {_is_contact("other")} AND one.party_std = 'organisation' AS is_contact,
              coalesce(organisation_comparison.is_same, false) AS same_organisation,
              CASE WHEN one.date_of_birth_std = other.date_of_birth_std THEN 'equal'
                   WHEN is_near THEN 'near' WHEN NOT is_near THEN 'differ' END AS birth,
              relation, agreement,
              CASE WHEN one.party_std <> other.party_std AND 'unknown' NOT IN (one.party_std, other.party_std)
                        AND NOT is_contact THEN 'person_and_organisation'
                   WHEN relation = 'different' THEN 'names_differ'
                   WHEN birth = 'differ' THEN 'birth_dates_differ' END AS guard
            FROM candidate
            JOIN profile AS one ON one.profile_id = left_id JOIN profile AS other ON other.profile_id = right_id
            LEFT JOIN profile_name AS one_name ON one_name.profile_id = left_id
            LEFT JOIN profile_name AS other_name ON other_name.profile_id = right_id
            LEFT JOIN name_comparison ON name_comparison.left_key = least(one_name.name_id, other_name.name_id)
                                     AND name_comparison.right_key = greatest(one_name.name_id, other_name.name_id)
                                     AND one_name.name_id IS NOT NULL AND other_name.name_id IS NOT NULL
            LEFT JOIN birth_date_comparison
              ON birth_date_comparison.left_key = least(one.date_of_birth_std, other.date_of_birth_std)
             AND birth_date_comparison.right_key = greatest(one.date_of_birth_std, other.date_of_birth_std)
            LEFT JOIN organisation_comparison
              ON organisation_comparison.left_key = least(one.organisation_std, other.organisation_std)
             AND organisation_comparison.right_key = greatest(one.organisation_std, other.organisation_std)"""
    )


def _find_contested(connection: duckdb.DuckDBPyConnection) -> None:
    """Build `contested` (kind, profile_id): profiles that may mean either of two customers with different names.

    They meet both on one e-mail, phone or company domain, and nothing in them speaks against the one or the other.
    """
    found = " UNION ALL ".join(
        f"""SELECT DISTINCT '{kind}' AS kind, one.profile_id
            FROM (FROM feature WHERE {meeting} AND guard IS NOT NULL) AS apart
            JOIN {kind}_neighbour AS one ON one.other_id = apart.left_id
            JOIN {kind}_neighbour AS other ON other.other_id = apart.right_id AND other.profile_id = one.profile_id"""
        for kind, meeting in MEETING_PLACES.items()
    )
    neighbours = ", ".join(
        f"""{kind}_neighbour AS (
              SELECT unnest([left_id, right_id]) AS profile_id, unnest([right_id, left_id]) AS other_id
              FROM feature WHERE {meeting} AND guard IS NULL AND left_id < right_id)"""
        for kind, meeting in MEETING_PLACES.items()
    )
    connection.execute(f"CREATE OR REPLACE TEMP TABLE contested AS WITH {neighbours} {found}")


def _is_contact(side: str) -> str:
    """SQL: a person known to write for an organisation, who may stand for it."""
    return f"({side}.party_std = 'person' AND {side}.company_domain IS NOT NULL)"


def _same_phone() -> str:
    """SQL: any number of one equals any of the other; two international numbers must be equal in full."""
    tests = [
        f"""coalesce(one.{a} = other.{b} AND coalesce(one.{a_full} = other.{b_full}, true), false)"""
        for a, a_full in (("phone", "phone_std"), ("phone_alternate", "phone_alternate_std"))
        for b, b_full in (("phone", "phone_std"), ("phone_alternate", "phone_alternate_std"))
    ]
    return f"({' OR '.join(tests)})"


def _keyed(batch: pa.RecordBatch, **columns: pa.Array) -> pa.Table:
    return pa.table({"left_key": batch.column("left_key"), "right_key": batch.column("right_key"), **columns})


def _store(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    pairs: str,
    compare: Callable[[pa.RecordBatch], pa.Table],
    schema: pa.Schema,
) -> None:
    """Apply `compare` to the distinct pairs chunk by chunk and keep the result as a temporary table."""
    reader = connection.sql(pairs).to_arrow_reader(CHUNK)
    compared = [compare(batch) for batch in reader if batch.num_rows]
    connection.register("compared", pa.concat_tables(compared) if compared else schema.empty_table())
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT * FROM compared")
    connection.unregister("compared")
