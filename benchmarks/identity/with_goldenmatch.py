"""goldenmatch on a labelled set, without any configuration: the columns as they are, the record id kept out.

Usage: with_goldenmatch.py RECORDS ROLES OUTPUT (roles are read by other peers; this one guesses them)
"""

from __future__ import annotations

import argparse
from pathlib import Path

import goldenmatch  # type: ignore[import-not-found,unused-ignore]
import pyarrow as pa
import pyarrow.parquet as pq


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("records", type=Path)
    parser.add_argument("roles", type=Path)
    parser.add_argument("output", type=Path)
    options = parser.parse_args()
    records = pq.read_table(options.records)
    result = goldenmatch.dedupe_df(
        records.drop_columns(["record_id"]), confidence_required=False, allow_red_config=True
    )
    record_ids = records["record_id"].to_pylist()
    cluster = [f"alone-{position}" for position in range(len(record_ids))]
    for number, members in ((number, found["members"]) for number, found in result.clusters.items()):
        for position in members:
            cluster[position] = str(number)
    pq.write_table(pa.table({"record_id": record_ids, "customer_id": cluster}), options.output)


if __name__ == "__main__":
    main()
