"""Finding whom new and changed records may belong to, by the keys of all records.

Every record is filed under its blocking keys. New ones meet those filed under the same; whom they resemble is brought
in with the whole chain of records that it is on, since one record may join two customers or part one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from pipelines.identity import comparables
from pipelines.identity.comparables import Comparable
from pipelines.identity.matching import blocking, lines
from pipelines.identity.matching.evidence import MISSING, Ints, distinct, hashes_of, mixed
from pipelines.identity.matching.scoring import attributes_of
from pipelines.identity.representatives import acting

if TYPE_CHECKING:
    from collections.abc import Collection

    import duckdb

    from pipelines.identity.matching.learning import Learned

# Under one key a new record meets everybody, or in a larger block those next to it in alphabetical order; blocks above
# that say too little to be looked through for a few records.
LARGEST_BLOCK = 1_000
# Log2 odds from which a pair is worth keeping though it does not join.
NEAR = -4.0


@dataclass(frozen=True)
class Neighbourhood:
    """Records that may move, and pairs of them to compare (left * number of records + right, left < right)."""

    records: Comparable
    candidates: Ints


def add_keys(connection: duckdb.DuckDBPyConnection, records: Comparable, rules: Collection[str]) -> None:
    """File records under their keys."""
    filed = []
    for block in blocking.keys(records.evidence, rules):
        rule = hashes_of(np.array([block.rule], dtype=object))
        hashes = mixed(np.repeat(rule, len(block.keys)), block.keys)
        filled = hashes != MISSING
        filed.append(pa.table({"block_hash": hashes[filled], "record_no": records.numbers[block.records[filled]]}))
    if filed:
        connection.register("keys", pa.concat_tables(filed))
        connection.execute("INSERT INTO identity.block_key SELECT * FROM keys")
        connection.unregister("keys")


def find(connection: duckdb.DuckDBPyConnection, measure: Learned, rules: Collection[str]) -> Neighbourhood:
    """Find the neighbourhood of the records in `touched` and `removed`.

    `fresh` holds the rows of the former, `outdated` the numbers of what was filed before and has changed or gone.
    Builds the temporary table `concerned`: numbers (record_no) of the records that may move or are gone.
    """
    connection.execute("DELETE FROM identity.block_key WHERE record_no IN (FROM outdated)")
    add_keys(connection, comparables.read(connection, "FROM fresh"), rules)
    _meet(connection)
    seen = comparables.read(
        connection,
        """FROM identity.comparable WHERE record_no IN (
             SELECT unnest([left_no, right_no]) FROM met UNION SELECT record_no FROM fresh)""",
    )
    left, right = _placed(connection, seen.numbers)
    compared = attributes_of(seen.evidence, measure.given_names)
    bits = measure.among(compared).score(compared, left, right) if len(left) else np.zeros(0, dtype=np.float32)
    near = bits > NEAR
    linked = seen.numbers[left[near]], seen.numbers[right[near]]
    connection.register("linked", pa.table({"record_no": np.concatenate(linked)}))
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE concerned AS
            WITH named AS (FROM newly_judged UNION SELECT account_key FROM superseded),
            reached AS (
              SELECT record_no FROM touched
              UNION FROM linked
              UNION FROM outdated
              UNION SELECT record_no FROM identity.comparable SEMI JOIN named USING (source_record_key)
              UNION SELECT other.record_no FROM ({acting("fresh")}) AS mine
                    JOIN ({acting("identity.comparable")}) AS other USING (organisation, domain))
            SELECT record_no FROM identity.chain
            WHERE chain_no IN (SELECT chain_no FROM identity.chain SEMI JOIN reached USING (record_no))
            UNION FROM reached"""
    )
    connection.unregister("linked")
    records = comparables.read(connection, "FROM identity.comparable SEMI JOIN concerned USING (record_no)")
    one, other = (_places(numbers, records.numbers) for numbers in linked)
    candidates = np.minimum(one, other) * len(records.numbers) + np.maximum(one, other)
    return Neighbourhood(records, distinct(candidates))


def _meet(connection: duckdb.DuckDBPyConnection) -> None:
    """Build `met` (left_no, right_no): new records and whom they share a key with, each pair once."""
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE fresh_key AS
           SELECT block_hash, record_no FROM identity.block_key
           WHERE record_no IN (SELECT record_no FROM fresh)"""
    )
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE member AS
            WITH filed AS MATERIALIZED (FROM identity.block_key SEMI JOIN fresh_key USING (block_hash)),
            block AS (SELECT block_hash, count(*) AS size FROM filed GROUP BY block_hash)
            SELECT filed.*, size FROM filed JOIN block USING (block_hash) WHERE size BETWEEN 2 AND {LARGEST_BLOCK}"""
    )
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE met AS
            WITH small AS (
              SELECT fresh_key.record_no AS one, member.record_no AS other
              FROM fresh_key JOIN member USING (block_hash) WHERE size <= {lines.WHOLE_BLOCK}),
            in_line AS (
              SELECT block_hash, record_no, row_number() OVER (
                       PARTITION BY block_hash ORDER BY family, given, organisation, birth_year, birth_month, birth_day,
                                                        source_record_key) AS place
              FROM member JOIN identity.comparable USING (record_no) WHERE size > {lines.WHOLE_BLOCK}),
            large AS (
              SELECT fresh.record_no AS one, beside.record_no AS other
              FROM (SELECT block_hash, record_no,
                           place + unnest(range(-{lines.NEIGHBOURS}, {lines.NEIGHBOURS} + 1)) AS place
                    FROM in_line SEMI JOIN fresh_key USING (block_hash, record_no)) AS fresh
              JOIN in_line AS beside USING (block_hash, place))
            SELECT DISTINCT least(one, other) AS left_no, greatest(one, other) AS right_no
            FROM (FROM small UNION ALL FROM large) WHERE one <> other"""
    )


def _placed(connection: duckdb.DuckDBPyConnection, numbers: Ints) -> tuple[Ints, Ints]:
    """Pairs in `met` by the places of their records among `numbers`."""
    met = connection.sql("FROM met").to_arrow_table()
    one, other = (_places(met.column(side).to_numpy(), numbers) for side in met.column_names)
    return np.minimum(one, other), np.maximum(one, other)


def _places(wanted: Ints, numbers: Ints) -> Ints:
    """Where each number stands among `numbers`, which holds it once; none is much larger than records there are."""
    place = np.empty(numbers.max(initial=0) + 1, dtype=np.int64)
    place[numbers] = np.arange(len(numbers))
    return place[wanted]
