"""The queue of pairs that are worth a steward's minute: where a wrong decision would harm most.

Harm = value at stake × probability that the decision is wrong. That is the expected loss that an answer takes away, the
value of information (Howard 1966, "Information Value Theory"). Entropy would not do: it is the same for a match at .1
and at .9, of which the first is almost surely a mistake.

Of two records of one customer the probability is 1 - p, of two customers p. One pair is asked at a time: of a customer
the weakest edge of its strongest tree, since no better evidence joins the two halves; of two customers their strongest
pair. Whoever was asked about already is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from pipelines.identity import judgements, spanning
from pipelines.identity.stakes import NOTHING_PUBLISHED, TYPICAL, UNKNOWN_TOLD

if TYPE_CHECKING:
    import duckdb

# What a steward takes to read two records and decide.
SECONDS_PER_PAIR = 20

# Customers, or two of them, that change with the next resolve, or of whom it was said that nobody can tell.
_DECIDED = f"""decided AS (
    SELECT DISTINCT least(one.customer_id, other.customer_id) AS low,
           greatest(one.customer_id, other.customer_id) AS high
    FROM ({judgements.SETTLED}) AS settled
    JOIN identity.customer_crosswalk AS one ON one.source_record_key = settled.left_key
    JOIN identity.customer_crosswalk AS other ON other.source_record_key = settled.right_key
    WHERE one.customer_id <> other.customer_id OR settled.decision = 'no_match')"""


def pairs_in(minutes: float) -> int:
    """How many pairs a steward gets through; at least one."""
    return max(1, int(minutes * 60 / SECONDS_PER_PAIR))


def queue(connection: duckdb.DuckDBPyConnection, *, limit: int, stakes: pa.Table = NOTHING_PUBLISHED) -> pa.Table:
    """Pairs to look at, the most harmful doubt first, at most `limit`; schema `identity` is only read.

    One row a customer or two: left_key, right_key, left_customer_id, right_customer_id, decision ('match' = they are
    one customer now), probability (of a match), bits, wrong (probability that the decision is), stake (in typical
    customers, see `stakes`), at_stake (in words; says UNKNOWN where nothing is published), harm.
    """
    build_placed(connection)
    _build_bridges(connection)
    connection.register("stakes", stakes)
    result = connection.sql(
        f"""WITH {_DECIDED},
            between AS (
              SELECT placed.* FROM placed
              ANTI JOIN decided ON low = least(left_customer_id, right_customer_id)
                               AND high = greatest(left_customer_id, right_customer_id)
              WHERE left_customer_id <> right_customer_id
              QUALIFY row_number() OVER (
                PARTITION BY least(left_customer_id, right_customer_id), greatest(left_customer_id, right_customer_id)
                ORDER BY bits DESC, left_key, right_key) = 1),
            asked AS (
              SELECT *, 'apart' AS decision, probability AS wrong FROM between
              UNION ALL
              SELECT bridge.*, 'match', 1 - probability
              FROM bridge ANTI JOIN decided ON low = left_customer_id AND high = right_customer_id),
            weighed AS (
              SELECT asked.*, coalesce(one.weight, {TYPICAL})
                       + if(decision = 'match', 0, coalesce(other.weight, {TYPICAL})) AS stake,
                     concat_ws(' + ', coalesce(one.told, '{UNKNOWN_TOLD}'),
                               if(decision = 'match', NULL, coalesce(other.told, '{UNKNOWN_TOLD}'))) AS at_stake
              FROM asked LEFT JOIN stakes AS one ON one.customer_id = left_customer_id
                         LEFT JOIN stakes AS other ON other.customer_id = right_customer_id)
            SELECT left_key, right_key, left_customer_id, right_customer_id, decision, probability, bits, wrong, stake,
                   at_stake, stake * wrong AS harm
            FROM weighed ORDER BY harm DESC, left_key, right_key LIMIT $limit""",
        params={"limit": limit},
    ).to_arrow_table()
    connection.unregister("stakes")
    return result


def build_placed(connection: duckdb.DuckDBPyConnection) -> None:
    """Build `placed`, one row per scored pair: its customers now, and what a steward said (`settled`)."""
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE placed AS
            SELECT pair.left_key, pair.right_key, pair.bits, pair.probability, one.customer_id AS left_customer_id,
                   other.customer_id AS right_customer_id, settled.decision AS settled
            FROM identity.scored_pairs AS pair
            JOIN identity.customer_crosswalk AS one ON one.source_record_key = pair.left_key
            JOIN identity.customer_crosswalk AS other ON other.source_record_key = pair.right_key
            LEFT JOIN ({judgements.SETTLED}) AS settled ON settled.left_key = pair.left_key
                                                       AND settled.right_key = pair.right_key"""
    )


def _build_bridges(connection: duckdb.DuckDBPyConnection) -> None:
    """Build `bridge`: of each customer's strongest tree the weakest edge that nobody was asked about."""
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE inner_pair AS
           WITH numbered AS (SELECT source_record_key, row_number() OVER (ORDER BY source_record_key) - 1 AS record_no
                             FROM identity.customer_crosswalk)
           SELECT placed.*, one.record_no AS left_no, other.record_no AS right_no,
                  row_number() OVER (ORDER BY settled IS NOT DISTINCT FROM 'match' DESC, bits DESC,
                                              left_key, right_key) - 1 AS position
           FROM placed JOIN numbered AS one ON one.source_record_key = left_key
                       JOIN numbered AS other ON other.source_record_key = right_key
           WHERE left_customer_id = right_customer_id"""
    )
    numbers = connection.execute("SELECT left_no, right_no FROM inner_pair ORDER BY position").fetchnumpy()
    left, right = (np.asarray(numbers[side], dtype=np.int64) for side in ("left_no", "right_no"))
    edges = spanning.strongest_tree(left, right)
    connection.register("edge", pa.table({"position": edges}))
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE bridge AS
           SELECT * EXCLUDE (position, left_no, right_no) FROM inner_pair JOIN edge USING (position)
           WHERE settled IS NULL
           QUALIFY row_number() OVER (PARTITION BY left_customer_id ORDER BY bits, left_key, right_key) = 1"""
    )
    connection.unregister("edge")
    connection.execute("DROP TABLE inner_pair")
