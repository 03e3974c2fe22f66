"""The statistics as they stand, in SQL, from what `quality` keeps of each customer.

What is expected of a value is not known here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from pipelines.identity.cluster_statistics.declared import Statistic

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb

# One row per customer, for the run of $moment (UTC without a zone).
#   records, systems, given_names, birth_dates  how many; initials are left out where there are more than three names
#   surnames            how many, 0 where there are two at most or one address only
#   is_person           no record is an organisation's
#   mean_confidence     null without a link
#   has_named_mailbox   some record has an e-mail address beside a full name; has_namesake: another customer has both
#   moved               records that came from another customer in the run
#   all_systems, records_that_stayed   of all customers together, the same in every row
_FACTS = """
WITH shared AS (
  SELECT mailbox_no FROM identity.named_mailbox GROUP BY mailbox_no HAVING min(customer_no) <> max(customer_no)),
mailbox AS (
  SELECT customer_no, bool_or(shared.mailbox_no IS NOT NULL) AS has_namesake
  FROM identity.named_mailbox LEFT JOIN shared USING (mailbox_no) GROUP BY customer_no),
moved AS (
  SELECT is_now.customer_id, count(*) AS moved
  FROM identity.crosswalk_history AS was JOIN identity.crosswalk_history AS is_now USING (source_record_key)
  WHERE was.valid_to = $moment AND is_now.valid_from = $moment AND is_now.valid_to IS NULL
    AND was.customer_id <> is_now.customer_id
  GROUP BY is_now.customer_id),
cluster_fact AS (
SELECT customer_id, record_count AS records, source_count AS systems, birth_date_count AS birth_dates, is_person,
       if(given_name_count > 3, full_given_name_count, given_name_count) AS given_names,
       if(surname_count > 2 AND address_count > 1, surname_count, 0) AS surnames, mean_confidence,
       mailbox.customer_no IS NOT NULL AS has_named_mailbox, coalesce(has_namesake, false) AS has_namesake,
       coalesce(moved, 0) AS moved,
       (SELECT count(DISTINCT source_system) FROM identity.customer_crosswalk) AS all_systems,
       (SELECT count(*) FROM identity.crosswalk_history
        WHERE valid_to IS NULL AND valid_from < $moment) AS records_that_stayed
FROM identity.cluster_quality LEFT JOIN mailbox ON mailbox.customer_no = hash(customer_id)
LEFT JOIN moved USING (customer_id))
"""


class Measured(NamedTuple):
    """A value, and of how many; the value is None where the base is 0."""

    value: float | None
    base: int


def measure(
    connection: duckdb.DuckDBPyConnection, declared: Iterable[Statistic], moment: datetime
) -> dict[str, Measured]:
    """Value and base of each statistic over all customers, for the run of `moment` (UTC without a zone)."""
    columns = [column for statistic in declared for column in _aggregates(statistic)]
    (row,) = connection.execute(
        f"{_FACTS} SELECT {', '.join(columns)} FROM cluster_fact", {"moment": moment}
    ).fetchall()
    return {s.name: Measured(*row[2 * i : 2 * i + 2]) for i, s in enumerate(declared)}


def customers_behind(
    connection: duckdb.DuckDBPyConnection, statistic: Statistic, limit: int, moment: datetime
) -> list[tuple[str, str]]:
    """Customers whom the statistic counts (id, name), those with most records first; `moment` as in `measure`.

    Empty for a statistic that is about all customers alike.
    """
    if statistic.counted is None:
        return []
    return connection.execute(
        f"""{_FACTS} SELECT customer_id, coalesce(display_name, '-') FROM cluster_fact
            JOIN identity.golden_customers USING (customer_id)
            WHERE ({statistic.among or "true"}) AND ({statistic.counted})
            ORDER BY records DESC, customer_id LIMIT $limit""",
        {"moment": moment, "limit": limit},
    ).fetchall()


def _aggregates(statistic: Statistic) -> tuple[str, str]:
    """SQL of value and base."""
    if statistic.among is None:
        return f"CAST({statistic.value} AS DOUBLE)", f"CAST({statistic.base} AS BIGINT)"
    base = f"count(*) FILTER ({statistic.among})"
    return f"count(*) FILTER (({statistic.among}) AND ({statistic.counted})) / nullif({base}, 0)", base
