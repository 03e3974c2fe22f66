"""From judged pairs of profiles to links between source records, through clustering, to `identity.scored_pairs`.

The bridge between tables (`compare`, `judgements`) and the pure algorithm in `cluster`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pyarrow as pa

from pipelines.identity import cluster, judgements
from pipelines.identity.names import Name

if TYPE_CHECKING:
    import duckdb

CHUNK = 200_000


def cluster_records(connection: duckdb.DuckDBPyConnection) -> None:
    """Build the temporary tables `clustered` and `spanning_link`; rewrite `identity.scored_pairs`.

    `clustered`: one row per source record (source_record_key, cluster_no).
    `spanning_link`: one row per link that joined two clusters (left_key, right_key, strength, rule_id, is_decreed).
    """
    _build_links(connection)
    records = connection.sql(
        """SELECT coalesce(name_id, 0) AS name_id, date_of_birth_std,
                  -- Who writes for an organisation may belong to its customer.
                  if(party_std = 'person' AND company_domain IS NOT NULL, 'unknown', party_std) AS party_std
           FROM numbered JOIN profile USING (profile_id) LEFT JOIN profile_name USING (profile_id) ORDER BY record_no"""
    ).to_arrow_table()
    rows = connection.execute("SELECT name_id, given_std, family_std, generation_std FROM person_name").fetchall()
    apart = connection.execute(
        """SELECT one.record_no, other.record_no FROM judgement_in_force
           JOIN numbered AS one ON one.source_record_key = left_key
           JOIN numbered AS other ON other.source_record_key = right_key WHERE decision = 'no_match'"""
    ).fetchall()
    clustering = cluster.cluster(
        records.num_rows,
        _read_links(connection),
        names=records.column("name_id").to_numpy().tolist(),
        name_of={name_id: Name(*parts) for name_id, *parts in rows},
        birth_dates=_interned(records.column("date_of_birth_std")),
        parties=[party or "unknown" for party in _interned(records.column("party_std"))],
        apart=apart,
    )
    _keep(connection, clustering)
    _write_scored_pairs(connection)


def _build_links(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(f"CREATE OR REPLACE TEMP TABLE judgement_in_force AS {judgements.IN_FORCE}")
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE numbered AS
           SELECT row_number() OVER (ORDER BY source_record_key) - 1 AS record_no, source_record_key, profile_id
           FROM record_profile"""
    )
    # Record numbers follow the order of the keys, so a tie goes to the lowest keys.
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE link AS
           WITH representative AS (
             SELECT profile.profile_id, record_no FROM profile JOIN numbered ON source_record_key = representative),
           every_link AS (
             SELECT one.record_no AS left_no, other.record_no AS right_no, left_id, right_id, name_agreement, strength,
                    false AS is_decreed
             FROM judged JOIN representative AS one ON one.profile_id = left_id
                         JOIN representative AS other ON other.profile_id = right_id
             WHERE guard IS NULL AND left_id < right_id
             UNION ALL
             SELECT representative.record_no, numbered.record_no, left_id, right_id, name_agreement, strength, false
             FROM judged JOIN representative ON representative.profile_id = left_id
                         JOIN numbered ON numbered.profile_id = left_id
             WHERE guard IS NULL AND left_id = right_id AND numbered.record_no <> representative.record_no
             UNION ALL
             SELECT one.record_no, other.record_no, NULL, NULL, NULL, 1.0, true
             FROM judgement_in_force JOIN numbered AS one ON one.source_record_key = left_key
                                     JOIN numbered AS other ON other.source_record_key = right_key
             WHERE decision = 'match')
           SELECT row_number() OVER (ORDER BY is_decreed DESC, strength DESC, name_agreement DESC NULLS LAST,
                                              least(left_no, right_no), greatest(left_no, right_no)) - 1 AS position,
                  least(left_no, right_no) AS left_no, greatest(left_no, right_no) AS right_no,
                  left_id, right_id, strength, is_decreed
           FROM every_link"""
    )


def _read_links(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[int, int, bool]]:
    reader = connection.sql("SELECT left_no, right_no, is_decreed FROM link ORDER BY position").to_arrow_reader(CHUNK)
    for batch in reader:
        columns = (batch.column(name).to_pylist() for name in ("left_no", "right_no", "is_decreed"))
        yield from zip(*columns, strict=True)


def _interned(column: pa.ChunkedArray) -> list[str | None]:
    """One Python text per distinct value instead of one per record."""
    encoded = column.combine_chunks().dictionary_encode()
    words = [*encoded.dictionary.to_pylist(), None]
    return [words[index] for index in encoded.indices.fill_null(len(words) - 1).to_numpy(zero_copy_only=False).tolist()]


def _keep(connection: duckdb.DuckDBPyConnection, clustering: cluster.Clustering) -> None:
    roots = pa.table({"record_no": pa.array(range(len(clustering.roots)), pa.int64()),
                      "cluster_no": pa.array(clustering.roots, pa.int64())})  # fmt: skip
    guarded = pa.table({"position": pa.array(list(clustering.guarded), pa.int64()),
                        "guard": pa.array(list(clustering.guarded.values()), pa.string())})  # fmt: skip
    spanning = pa.table({"position": pa.array(clustering.spanning, pa.int64())})
    for name, table in (("roots", roots), ("guarded", guarded), ("spanning", spanning)):
        connection.register(name, table)
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE clustered AS
           SELECT source_record_key, cluster_no FROM numbered JOIN roots USING (record_no)"""
    )
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE spanning_link AS
           SELECT one.source_record_key AS left_key, other.source_record_key AS right_key, link.strength,
                  coalesce(rules[1], 'judgement') AS rule_id, is_decreed
           FROM link JOIN spanning USING (position) LEFT JOIN judged USING (left_id, right_id)
           JOIN numbered AS one ON one.record_no = left_no JOIN numbered AS other ON other.record_no = right_no"""
    )
    connection.execute("CREATE OR REPLACE TEMP TABLE guarded_link AS SELECT * FROM guarded")
    for name in ("roots", "guarded", "spanning"):
        connection.unregister(name)


def _write_scored_pairs(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("DELETE FROM identity.scored_pairs")
    connection.execute(
        """INSERT INTO identity.scored_pairs
           SELECT one.source_record_key, other.source_record_key, coalesce(rules, ['judgement']), judged.name_agreement,
                  link.strength,
                  CASE WHEN guarded_link.guard IS NULL THEN 'match'
                       WHEN guarded_link.guard = 'judged_apart' THEN 'no_match' ELSE 'guarded' END,
                  guarded_link.guard, evidence
           FROM link LEFT JOIN guarded_link USING (position) LEFT JOIN judged USING (left_id, right_id)
           JOIN numbered AS one ON one.record_no = left_no JOIN numbered AS other ON other.record_no = right_no
           UNION ALL
           SELECT least(one.representative, other.representative), greatest(one.representative, other.representative),
                  rules, name_agreement, strength, 'guarded', guard, evidence
           FROM judged JOIN profile AS one ON one.profile_id = left_id
                       JOIN profile AS other ON other.profile_id = right_id
           WHERE guard IS NOT NULL AND left_id < right_id"""
    )
