"""ADBC to Parquet and nothing else: what reading the rows costs at least. Usage: by_hand.py URL FOLDER."""

import sys
from pathlib import Path

import adbc_driver_postgresql.dbapi as postgresql
import pyarrow as pa
import pyarrow.parquet as pq
from orders import COLUMNS


def main(url: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with postgresql.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(COLUMNS)} FROM orders")
        reader = cursor.fetch_record_batch()
        # ADBC hands numeric over as an opaque type, which Parquet does not know; its storage is the exact text.
        fields = [
            pa.field(f.name, f.type.storage_type if isinstance(f.type, pa.BaseExtensionType) else f.type)
            for f in reader.schema
        ]
        schema = pa.schema(fields)
        with pq.ParquetWriter(folder / "orders.parquet", schema, compression="zstd", compression_level=1) as writer:
            for batch in reader:
                columns = [c.storage if isinstance(c, pa.ExtensionArray) else c for c in batch.columns]
                writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
