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

# The rule that is about all candidates of a value, and not about one.
MOST_FREQUENT = "most_frequent"
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
            # `records` counts the candidates of one value.
            MOST_FREQUENT: "-records",
            # Microseconds; a record without a change time counts as the oldest.
            "most_recent": "-coalesce(epoch_us(source_updated_at), 0)",
            # Filled parts first, then length; no attribute is a million letters long.
            "most_complete": f"-(({filled}) * 1000000 + length(concat({written})))",
        }
        return ranks[rule]

    def ranks(self) -> dict[str, tuple[str, str]]:
        """For each rule in order: its column, what provenance calls it, and SQL of how a candidate stands under it."""
        return {
            f"rank_{i}": ("source_order" if isinstance(rule, tuple) else rule, self.rank(rule))
            for i, rule in enumerate(self.rules)
        }


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
            WITH record AS (
              SELECT customer_id, record.*, {value_number("name", "record.full_name")} AS value_no
              FROM next_crosswalk JOIN changed_customer USING (customer_id)
              JOIN concerned_record AS record USING (record_no)),
            read AS (
              SELECT value_no, standard FROM identity.standardised_value
              SEMI JOIN (FROM record WHERE full_name IS NOT NULL) USING (value_no))
            SELECT record.*, read.standard[6] AS shown_given_name, read.standard[7] AS shown_family_name
            FROM record LEFT JOIN read USING (value_no)"""
    )
    for table in ("golden_customers", "attribute_provenance"):
        connection.execute(
            f"DELETE FROM identity.{table} WHERE customer_id IN (SELECT customer_id FROM changed_customer)"
        )
    declared = attributes()
    for attribute in declared:
        _choose(connection, attribute)
    _write_provenance(connection, declared)
    _write_golden(connection, declared)
    connection.execute("; ".join(["DROP TABLE member", *(f"DROP TABLE {one.name}_survivor" for one in declared)]))


def _choose(connection: duckdb.DuckDBPyConnection, attribute: Attribute) -> None:
    """Build `<attribute>_survivor`, one row per customer: the best candidate, how many there were, and the rule.

    The rule is the first under which the best candidate of another value stands behind.
    """
    ranks = attribute.ranks()
    kept = ["source_record_key", "source_system", "source_updated_at", *map(_golden, attribute.columns)]
    columns = ", ".join(f"{expression} AS {_golden(column)}" for column, expression in attribute.columns.items())
    # What makes a candidate is its first column or, for a group, any; a verified flag alone is none.
    texts = [f"CAST({_golden(column)} AS VARCHAR)" for column in attribute.columns if not column.startswith("is_")]
    # A key is there once, so that the least of these, which begin with the ranks, is the best candidate. How often a
    # value stands there is the same for all that carry it.
    within = [f"{rank}: {sql}" for rank, (name, sql) in ranks.items() if name != MOST_FREQUENT]
    across = [f"{rank}: {sql if name == MOST_FREQUENT else f'best.{rank}'}" for rank, (name, sql) in ranks.items()]
    behind = " ".join(f"WHEN line[2].{rank} <> line[1].{rank} THEN '{name}'" for rank, (name, _) in ranks.items())
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE {attribute.name}_survivor AS
            WITH candidate AS (
              SELECT *, coalesce(nullif({attribute.compare}, ''), lower(concat_ws(' ', {", ".join(texts)}))) AS compared
              FROM (SELECT *, {columns} FROM member) WHERE coalesce({", ".join(texts)}) IS NOT NULL),
            carried AS (
              SELECT customer_id, count(*) AS records,
                     min({{{", ".join([*within, *(f"{name}: {name}" for name in kept)])}}}) AS best
              FROM candidate GROUP BY customer_id, compared),
            lined AS (
              SELECT customer_id, sum(records) AS candidate_count, count(*) > 1 AS is_conflict,
                     min({{{", ".join([*across, *(f"{name}: best.{name}" for name in kept)])}}}, 2) AS line
              FROM carried GROUP BY customer_id)
            SELECT customer_id, candidate_count, is_conflict, {", ".join(f"line[1].{name} AS {name}" for name in kept)},
                   CASE WHEN candidate_count = 1 THEN 'only_value' WHEN NOT is_conflict THEN 'agreed'
                        {behind} ELSE 'lowest_key' END AS rule
            FROM lined"""
    )


def _golden(column: str) -> str:
    return f"golden_{column}"


def _write_provenance(connection: duckdb.DuckDBPyConnection, declared: Iterable[Attribute]) -> None:
    rows = " UNION ALL ".join(
        f"""SELECT customer_id, golden.name, golden.value, source_system, source_record_key, rule, candidate_count,
                   is_conflict, source_updated_at
            FROM (SELECT *, unnest([{
            ", ".join(f"{{name: '{column}', value: CAST({_golden(column)} AS VARCHAR)}}" for column in one.columns)
        }]) AS golden FROM {one.name}_survivor)
            WHERE golden.value IS NOT NULL"""
        for one in declared
    )
    connection.execute(f"INSERT INTO identity.attribute_provenance {rows}")


def _write_golden(connection: duckdb.DuckDBPyConnection, declared: Iterable[Attribute]) -> None:
    chosen = [(attribute.name, column) for attribute in declared for column in attribute.columns]
    values = ", ".join(f"{name}_survivor.{_golden(column)} AS {column}" for name, column in chosen)
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
