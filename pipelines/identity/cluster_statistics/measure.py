"""The statistics as they stand, in SQL: one pass over all records, then one over all customers.

About one second of processor time for a million records. What is expected of a value is not known here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from pipelines.identity.cluster_statistics.declared import Statistic

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb

# Hashes stand for texts, which spares a third of the time. Two of a million texts share one of 64 bits in one of 40
# million tables, and then one customer in one figure is counted wrongly.
_MEMBER = """
CREATE OR REPLACE TEMP TABLE cluster_member AS
SELECT hash(customer_id) AS customer, party_std = 'organisation' AS is_organisation, confidence,
       if(family_std IS NULL, NULL, hash(family_std)) AS surname,
       CASE WHEN email_std IS NULL THEN NULL
            WHEN organisation_std IS NOT NULL THEN hash(email_std, organisation_std)
            WHEN given_std IS NOT NULL AND family_std IS NOT NULL THEN hash(email_std, name_std) END AS named_mailbox
FROM (SELECT hash(source_record_key) AS record, customer_id, confidence FROM identity.customer_crosswalk)
JOIN (SELECT *, hash(source_record_key) AS record FROM identity.source_records) USING (record)
"""
_FACT = """
CREATE OR REPLACE TEMP TABLE cluster_fact AS
WITH summed AS (
  SELECT customer, bool_or(is_organisation) IS NOT TRUE AS is_person, avg(confidence) AS mean_confidence,
         count(named_mailbox) > 0 AS has_named_mailbox, min(surname) <> max(surname) AS has_several_surnames
  FROM cluster_member GROUP BY customer),
customer AS (
  SELECT * FROM (SELECT *, hash(customer_id) AS customer FROM identity.cluster_quality) JOIN summed USING (customer)),
surnamed AS (
  SELECT customer FROM cluster_member SEMI JOIN (FROM summed WHERE has_several_surnames) USING (customer)
  GROUP BY customer HAVING count(DISTINCT surname) > 2),
-- Only where there may be too many names is it worth asking for initials and addresses.
named AS (
  SELECT customer_id, count(DISTINCT given_key) FILTER (length(given_key) > 1) AS given_names,
         if(min(address_std) <> max(address_std), count(DISTINCT family_std), 0) AS surnames
  FROM (FROM customer WHERE given_name_count > 3 OR customer IN (FROM surnamed))
  JOIN identity.customer_crosswalk USING (customer_id) JOIN identity.source_records USING (source_record_key)
  GROUP BY customer_id),
namesake AS (
  SELECT DISTINCT customer FROM cluster_member SEMI JOIN (
    SELECT named_mailbox FROM cluster_member WHERE named_mailbox IS NOT NULL
    GROUP BY named_mailbox HAVING min(customer) <> max(customer)) USING (named_mailbox)),
moved AS (
  SELECT is_now.customer_id, count(*) AS moved
  FROM identity.crosswalk_history AS was JOIN identity.crosswalk_history AS is_now USING (source_record_key)
  WHERE was.valid_to = $moment AND is_now.valid_from = $moment AND is_now.valid_to IS NULL
    AND was.customer_id <> is_now.customer_id
  GROUP BY is_now.customer_id)
SELECT customer.customer_id, record_count AS records, source_count AS systems, birth_date_count AS birth_dates,
       is_person, coalesce(given_names, given_name_count) AS given_names, coalesce(surnames, 0) AS surnames,
       mean_confidence, has_named_mailbox, namesake.customer IS NOT NULL AS has_namesake, coalesce(moved, 0) AS moved,
       (SELECT count(DISTINCT source_system) FROM identity.customer_crosswalk) AS all_systems,
       (SELECT count(*) FROM identity.crosswalk_history
        WHERE valid_to IS NULL AND valid_from < $moment) AS records_that_stayed
FROM customer LEFT JOIN namesake USING (customer)
LEFT JOIN named USING (customer_id) LEFT JOIN moved USING (customer_id)
"""


class Measured(NamedTuple):
    """A value, and of how many; the value is None where the base is 0."""

    value: float | None
    base: int


def build_facts(connection: duckdb.DuckDBPyConnection, moment: datetime) -> None:
    """Build the temporary table `cluster_fact`, one row per customer, for the run of `moment` (UTC without a zone).

    records, systems, given_names, birth_dates: how many. Initials are left out where there are more than three names.
    surnames: how many, 0 where there are two at most or one address only. is_person: no record is an organisation's.
    mean_confidence: null without a link. has_named_mailbox: some record has an e-mail address beside a
    full name; has_namesake: another customer has both. moved: records that came from another customer in the run.
    all_systems, records_that_stayed: of all customers together, the same in every row.
    """
    connection.execute(_MEMBER)
    connection.execute(_FACT, {"moment": moment})
    connection.execute("DROP TABLE cluster_member")


def measure(connection: duckdb.DuckDBPyConnection, declared: Iterable[Statistic]) -> dict[str, Measured]:
    """Value and base of each statistic over `cluster_fact`."""
    columns = [column for statistic in declared for column in _aggregates(statistic)]
    row = connection.execute(f"SELECT {', '.join(columns)} FROM cluster_fact").fetchone()
    assert row  # noqa: S101
    return {s.name: Measured(*row[2 * i : 2 * i + 2]) for i, s in enumerate(declared)}


def customers_behind(connection: duckdb.DuckDBPyConnection, statistic: Statistic, limit: int) -> list[tuple[str, str]]:
    """Customers whom the statistic counts (id, name), those with most records first, from `cluster_fact`.

    Empty for a statistic that is about all customers alike.
    """
    if statistic.counted is None:
        return []
    return connection.execute(
        f"""SELECT customer_id, coalesce(display_name, '-') FROM cluster_fact
            JOIN identity.golden_customers USING (customer_id)
            WHERE ({statistic.among or "true"}) AND ({statistic.counted}) ORDER BY records DESC, customer_id LIMIT ?""",
        [limit],
    ).fetchall()


def _aggregates(statistic: Statistic) -> tuple[str, str]:
    """SQL of value and base."""
    if statistic.among is None:
        return f"CAST({statistic.value} AS DOUBLE)", f"CAST({statistic.base} AS BIGINT)"
    base = f"count(*) FILTER ({statistic.among})"
    return f"count(*) FILTER (({statistic.among}) AND ({statistic.counted})) / nullif({base}, 0)", base
