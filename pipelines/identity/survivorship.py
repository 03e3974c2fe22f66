"""The golden record: which value of each attribute survives, from which record, by which rule.

The rules are declared in `survivorship.yml`; here they become SQL. Which records are one customer is not decided here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from pipelines.identity.values import value_number

if TYPE_CHECKING:
    import duckdb

DECLARATION = Path(__file__).with_name("survivorship.yml")


@dataclass(frozen=True)
class Attribute:
    """One attribute: its golden columns with the expression over source_records, and its rules in order.

    Two candidates are the same value if `compare` (SQL) is equal. A rule is a name, or a tuple of source systems.
    """

    name: str
    columns: Mapping[str, str]
    compare: str
    rules: tuple[str | tuple[str, ...], ...]

    def rank(self, rule: str | tuple[str, ...]) -> str:
        """SQL for how a candidate stands under a rule; lower is better."""
        if isinstance(rule, tuple):
            systems = ", ".join("'" + system.replace("'", "''") + "'" for system in rule)
            return f"coalesce(list_position([{systems}], source_system), {len(rule) + 1})"
        filled = " + ".join(f"(({expression}) IS NOT NULL)::BIGINT" for expression in self.columns.values())
        written = ", ".join(f"CAST({expression} AS VARCHAR)" for expression in self.columns.values())
        ranks = {
            "not_deleted": "is_deleted::INT",
            "verified": "(is_email_verified IS NOT TRUE)::INT",
            "readable": f"(nullif({self.compare}, '') IS NULL)::INT",
            "spelled_out": "((length(given_std) > 1 AND family_std IS NOT NULL) IS NOT TRUE)::INT",
            "most_frequent": "-count(*) OVER (PARTITION BY customer_id, compared)",
            # Microseconds; a record without a change time counts as the oldest.
            "most_recent": "-coalesce(epoch_us(source_updated_at), 0)",
            # Filled parts first, then length; no attribute is a million letters long.
            "most_complete": f"-(({filled}) * 1000000 + length(concat({written})))",
        }
        return ranks[rule]

    def rule_names(self) -> list[str]:
        """What provenance calls the rules."""
        return ["source_order" if isinstance(rule, tuple) else rule for rule in self.rules]


@cache
def attributes() -> tuple[Attribute, ...]:
    """Read the declared attributes, once a process."""
    declared = yaml.safe_load(DECLARATION.read_text(encoding="utf-8"))["attributes"]
    return tuple(
        Attribute(
            name,
            entry["columns"],
            entry.get("compare") or f"CAST({next(iter(entry['columns'].values()))} AS VARCHAR)",
            tuple(tuple(rule) if isinstance(rule, list) else rule for rule in entry["rules"]),
        )
        for name, entry in declared.items()
    )


def update(connection: duckdb.DuckDBPyConnection) -> None:
    """Bring golden_customers and attribute_provenance up to date for the customers in `changed_customer`."""
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE member AS
           SELECT customer_id, record.*, read.standard[6] AS shown_given_name, read.standard[7] AS shown_family_name
           FROM next_crosswalk JOIN changed_customer USING (customer_id)
           JOIN concerned_record AS record USING (record_no)
           LEFT JOIN (FROM identity.standardised_value WHERE kind = 'name') AS read
             ON read.value_no = {value_number("name", "record.full_name")}"""
    )
    for table in ("golden_customers", "attribute_provenance"):
        connection.execute(
            f"DELETE FROM identity.{table} WHERE customer_id IN (SELECT customer_id FROM changed_customer)"
        )
    for attribute in attributes():
        _choose(connection, attribute)
        _write_provenance(connection, attribute)
    _write_golden(connection, attributes())
    connection.execute("DROP TABLE member")


def _choose(connection: duckdb.DuckDBPyConnection, attribute: Attribute) -> None:
    """Build `<attribute>_candidate` with a rank per rule, and `<attribute>_survivor`, one row per customer."""
    name = attribute.name
    columns = ", ".join(f"{expression} AS golden_{column}" for column, expression in attribute.columns.items())
    # What makes a candidate is its first column or, for a group, any; a verified flag alone is none.
    parts = [c for c in attribute.columns if not c.startswith("is_")]
    filled = f"coalesce({', '.join(f'CAST(golden_{c} AS VARCHAR)' for c in parts)}) IS NOT NULL"
    as_text = f"lower(concat_ws(' ', {', '.join(f'CAST({attribute.columns[c]} AS VARCHAR)' for c in parts)}))"
    ranks = ", ".join(f"{attribute.rank(rule)} AS rank_{i}" for i, rule in enumerate(attribute.rules))
    order = ", ".join(f"rank_{i}" for i in range(len(attribute.rules)))
    kept = ", ".join(f"golden_{column}" for column in attribute.columns)
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE {name}_candidate AS
            SELECT customer_id, source_record_key, source_system, source_updated_at, compared, {kept}, {ranks} FROM (
              SELECT *, {columns}, coalesce(nullif({attribute.compare}, ''), {as_text}) AS compared FROM member)
            WHERE {filled}"""
    )
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE {name}_survivor AS
            SELECT customer_id, source_record_key, source_system, source_updated_at, compared, {order}, {kept},
                   count(*) OVER customer AS candidate_count,
                   min(compared) OVER customer <> max(compared) OVER customer AS is_conflict
            FROM {name}_candidate
            WINDOW customer AS (PARTITION BY customer_id)
            QUALIFY row_number() OVER (PARTITION BY customer_id ORDER BY {order}, source_record_key) = 1"""
    )


def _write_provenance(connection: duckdb.DuckDBPyConnection, attribute: Attribute) -> None:
    name = attribute.name
    # The first rule after which nobody of another value stands level with the survivor.
    settled, level = [], "true"
    for i, rule in enumerate(attribute.rule_names()):
        level += f" AND candidate.rank_{i} = survivor.rank_{i}"
        settled.append(f"WHEN bool_and(candidate.compared = survivor.compared) FILTER ({level}) THEN '{rule}'")
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE deciding_rule AS
            SELECT customer_id, CASE {" ".join(settled)} ELSE 'lowest_key' END AS rule
            FROM {name}_candidate AS candidate
            JOIN (FROM {name}_survivor WHERE is_conflict) AS survivor USING (customer_id)
            GROUP BY customer_id"""
    )
    values = ", ".join(f"{{name: '{column}', value: CAST(golden_{column} AS VARCHAR)}}" for column in attribute.columns)
    connection.execute(
        f"""INSERT INTO identity.attribute_provenance
            SELECT customer_id, golden.name, golden.value, source_system, source_record_key,
                   coalesce(rule, if(candidate_count = 1, 'only_value', 'agreed')), candidate_count, is_conflict,
                   source_updated_at
            FROM (SELECT *, unnest([{values}]) AS golden FROM {name}_survivor)
            LEFT JOIN deciding_rule USING (customer_id)
            WHERE golden.value IS NOT NULL"""
    )
    connection.execute(f"DROP TABLE {name}_candidate")


def _write_golden(connection: duckdb.DuckDBPyConnection, declared: Iterable[Attribute]) -> None:
    chosen = [(attribute.name, column) for attribute in declared for column in attribute.columns]
    values = ", ".join(f"{name}_survivor.golden_{column} AS {column}" for name, column in chosen)
    joins = " ".join(f"LEFT JOIN {attribute.name}_survivor USING (customer_id)" for attribute in declared)
    connection.execute(
        f"""INSERT INTO identity.golden_customers BY NAME
            WITH customer AS (
              SELECT customer_id, bool_and(is_deleted) AS is_deleted, min(first_seen_at) AS first_seen_at,
                     max(source_updated_at) AS last_changed_at
              FROM member GROUP BY customer_id),
            surviving AS (
              SELECT customer.*, {values}, quality.record_count, quality.source_count,
                     quality.weakest_edge AS identity_confidence
              FROM customer JOIN identity.cluster_quality AS quality USING (customer_id) {joins}),
            named AS (
              SELECT * REPLACE (coalesce(full_name, nullif(concat_ws(' ', given_name, family_name), '')) AS full_name,
                                coalesce(party_type, 'unknown') AS party_type)
              FROM surviving)
            SELECT *, if(party_type = 'organisation',
                         coalesce(organisation_name, full_name, primary_email, primary_phone_e164),
                         -- 'Smith, Ann' is how lists are sorted, not how people are called.
                         coalesce(if(contains(full_name, ',') AND given_name IS NOT NULL AND family_name IS NOT NULL,
                                     given_name || ' ' || family_name, full_name),
                                  organisation_name, primary_email, primary_phone_e164)) AS display_name
            FROM named"""
    )
    for attribute in declared:
        connection.execute(f"DROP TABLE {attribute.name}_survivor")
