"""dlt on the benchmark's table, to Parquet. Usage: with_dlt.py arrow|rows URL FOLDER, in dlt's own environment."""

import os
import sys
from pathlib import Path

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"

import dlt
from dlt.sources.sql_database import sql_table
from orders import COLUMNS


def main(path: str, url: str, folder: Path) -> None:
    table = sql_table(
        credentials=url,
        table="orders",
        backend={"arrow": "connectorx", "rows": "sqlalchemy"}[path],
        included_columns=COLUMNS,
        incremental=dlt.sources.incremental("updated_at"),
        chunk_size=50_000,
        reflection_level="full",
    )
    pipeline = dlt.pipeline(
        "bench",
        pipelines_dir=str(folder / "pipelines"),
        destination=dlt.destinations.filesystem(bucket_url=(folder / "out").absolute().as_uri()),
        dataset_name="bench",
    )
    pipeline.run(table, loader_file_format="parquet")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
