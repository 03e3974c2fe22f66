"""What a full match moves of what was known before, and how much of that is let through unasked.

Only what the matching itself moves counts: records that were there before, did not change and were not judged since.
New records may still be the reason, as when one joins two customers; that is little (see `Limit`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

# Customers of whom a report tells what happens to each.
MOST = 20


@dataclass(frozen=True)
class Limit:
    """How many of the customers there were before may be affected unasked: a share of them, or `floor` if that is more.

    The share: on the sample company (1,500 people), synced one feed after the other, feeds affected 0 to 5.0% of the
    customers there were, and a full match after them 6.3%. With a threshold of four times the odds that would have been
    10%, with one of a quarter 19% (docs/decisions/0007). The floor: as many as the report lists, so that who looks at
    it has seen each of them.
    """

    share: float = 0.10
    floor: int = MOST

    def customers(self, before: int) -> int:
        """Most customers that may be affected, of so many."""
        # 0.29 × 100 is a little less than 29 to a computer.
        return max(self.floor, math.floor(self.share * before + 1e-9))


def limit_of(share: float | None) -> Limit:
    """The declared limit, with another share where one is given."""
    return Limit() if share is None else Limit(share)


@dataclass(frozen=True)
class Churn:
    """What a full match does to the customers there were before.

    `merges` and `splits` are the events of the run; a merge retires one id, and splits make `created_ids`. `moved`
    counts records that change customer though they did not change themselves, `affected` the former customers that
    lose or gain such records.
    """

    customers_before: int
    customers_after: int
    merges: int
    splits: int
    created_ids: int
    moved: int
    affected: int

    @property
    def share(self) -> float:
        """Affected customers among those there were before; 0 when there were none."""
        return self.affected / self.customers_before if self.customers_before else 0.0

    def is_within(self, limit: Limit) -> bool:
        """Whether it may be applied unasked. When nobody was known before, nothing can be affected."""
        return self.affected <= limit.customers(self.customers_before)


@dataclass(frozen=True)
class Affected:
    """A former customer whose unchanged records move: how many go to and come from each other one, most first.

    `records` is how many it had. `merged_into` is the id that takes its place, if it gives its own up.
    """

    customer_id: str
    display_name: str | None
    records: int
    lost_to: dict[str, int]
    gained_from: dict[str, int]
    merged_into: str | None


@dataclass(frozen=True)
class Report:
    """What a full match of so many records does, and how many of them came, changed or went since the last run."""

    churn: Churn
    limit: Limit
    most_affected: list[Affected]
    records: int
    new_records: int
    changed_records: int
    removed_records: int

    @property
    def is_within(self) -> bool:
        """Whether it may be applied unasked."""
        return self.churn.is_within(self.limit)

    @property
    def most_customers(self) -> int:
        """Customers that the limit lets through."""
        return self.limit.customers(self.churn.customers_before)


def measure(connection: duckdb.DuckDBPyConnection) -> Churn:
    """Measure a full match after `crosswalk.update` and before golden records are written.

    Builds the temporary table `flow`: one row per former customer and customer that gets records of it.
    """
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE flow AS
           SELECT former.customer_id AS old_customer_id, next.customer_id, count(*) AS records
           FROM former JOIN next_crosswalk AS next USING (source_record_key)
           WHERE former.customer_id <> next.customer_id AND NOT is_superseded
             AND source_record_key NOT IN (SELECT source_record_key FROM touched WHERE is_changed)
             AND source_record_key NOT IN (FROM newly_judged)
           GROUP BY ALL"""
    )
    (figures,) = connection.execute(
        """SELECT (SELECT count(DISTINCT customer_id) FROM former),
                  (SELECT count(DISTINCT customer_id) FROM next_crosswalk),
                  count(*) FILTER (event_type = 'merge'), count(*) FILTER (event_type = 'split'),
                  count(DISTINCT other_customer_id) FILTER (event_type = 'split'),
                  (SELECT coalesce(sum(records), 0)::BIGINT FROM flow),
                  (SELECT count(*) FROM (SELECT DISTINCT customer_id FROM former)
                   WHERE customer_id IN (SELECT unnest([old_customer_id, customer_id]) FROM flow))
           FROM change_event"""
    ).fetchall()
    return Churn(*figures)


def most_affected(connection: duckdb.DuckDBPyConnection, most: int) -> list[Affected]:
    """So many former customers of those in `flow`, those with most moving records first."""
    rows = connection.execute(
        """WITH lost AS (
             SELECT old_customer_id AS customer_id, sum(records) AS records,
                    map_from_entries(list((customer_id, records) ORDER BY records DESC, customer_id)) AS others
             FROM flow GROUP BY old_customer_id),
           gained AS (
             SELECT customer_id, sum(records) AS records,
                    map_from_entries(list((old_customer_id, records) ORDER BY records DESC, old_customer_id)) AS others
             FROM flow GROUP BY customer_id)
           SELECT customer_id, display_name, before.records, coalesce(lost.others, MAP {}),
                  coalesce(gained.others, MAP {}), merged.current_customer_id
           FROM (SELECT customer_id, count(*) AS records FROM former GROUP BY customer_id) AS before
           LEFT JOIN lost USING (customer_id) LEFT JOIN gained USING (customer_id)
           LEFT JOIN merged ON merged.old_customer_id = customer_id
           LEFT JOIN identity.golden_customers USING (customer_id)
           WHERE lost.records > 0 OR gained.records > 0
           ORDER BY coalesce(lost.records, 0) + coalesce(gained.records, 0) DESC, customer_id LIMIT ?""",
        [most],
    ).fetchall()
    return [Affected(*row) for row in rows]
