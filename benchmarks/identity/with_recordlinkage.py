"""recordlinkage on a labelled set: its ECM classifier on compared pairs, in its own environment.

Values count as equal from a Jaro-Winkler similarity of 0.85 on (names, places), else when they are the same. Pairs that
ECM calls matches are clustered by connected components. Blocks are narrower than
Splink's: from wide ones ECM learns what a block has in common, not what a person has.

Usage: with_recordlinkage.py RECORDS ROLES OUTPUT
"""

from __future__ import annotations

import argparse
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import recordlinkage  # type: ignore[import-not-found,unused-ignore]
from blocking import rules_for
from prepared import prepare
from scipy.sparse import coo_matrix  # type: ignore[import-not-found,import-untyped,unused-ignore]
from scipy.sparse.csgraph import connected_components  # type: ignore[import-not-found,import-untyped,unused-ignore]

PAIRS_A_RECORD = 3
ALIKE = 0.85
_TEXT = ("given_name", "middle_name", "family_name", "organisation_name", "street", "city", "email")
_EXACT = ("date_of_birth", "phone", "postal_code", "national_id", "category")


def candidate_pairs(connection: duckdb.DuckDBPyConnection, columns: list[str]) -> pd.MultiIndex:
    """Positions of the two records of each candidate pair, the smaller one first, each pair once."""
    connection.execute("CREATE TABLE numbered AS SELECT row_number() OVER () - 1 AS position, * FROM records")
    joins = []
    for rule in rules_for(connection, columns, PAIRS_A_RECORD):
        parts = [part.replace("substr(", "substr({side}.") if "(" in part else "{side}." + part for part in rule]
        on = " AND ".join(f"{part.format(side='l')} = {part.format(side='r')}" for part in parts)
        joins.append(
            f"SELECT l.position AS one, r.position AS other FROM numbered l JOIN numbered r ON {on} "
            "WHERE l.position < r.position"
        )
    pairs = connection.execute(" UNION ".join(joins) + " ORDER BY ALL").fetchnumpy()
    return pd.MultiIndex.from_arrays([pairs["one"], pairs["other"]])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("records", type=Path)
    parser.add_argument("roles", type=Path)
    parser.add_argument("output", type=Path)
    options = parser.parse_args()
    connection, columns = prepare(options.records, options.roles)
    pairs = candidate_pairs(connection, columns)
    frame = connection.execute("SELECT * FROM numbered ORDER BY position").fetchdf().set_index("position")

    comparer = recordlinkage.Compare()
    for column in columns:
        if column in _TEXT:
            comparer.string(column, column, method="jarowinkler", threshold=ALIKE, label=column)
        elif column in _EXACT:
            comparer.exact(column, column, label=column)
    vectors = comparer.compute(pairs, frame)
    # A comparison that never differs teaches nothing, and ECM cannot learn from it.
    vectors = vectors.loc[:, vectors.nunique() > 1]
    matches = recordlinkage.ECMClassifier(binarize=0.5).fit_predict(vectors)

    one, other = (np.asarray(matches.get_level_values(level), dtype=np.int64) for level in (0, 1))
    graph = coo_matrix((np.ones(len(one)), (one, other)), shape=(len(frame), len(frame)))
    _, cluster = connected_components(graph, directed=False)
    table = pa.table({"record_id": frame["record_id"].tolist(), "customer_id": [str(number) for number in cluster]})
    pq.write_table(table, options.output)


if __name__ == "__main__":
    main()
