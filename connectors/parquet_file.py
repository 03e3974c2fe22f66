"""Parquet files → Arrow columns in the file's own types."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from connectors.contract import FeedContract
from connectors.declared import missing_column, undeclared
from connectors.delivery import FeedTrouble, Receipt

BATCH_ROWS = 100_000


class ParquetFile:
    """One Parquet file, row group by row group.

    Raises:
        FeedTrouble: 'truncated' when it is no whole Parquet file; 'contract' when a declared column is missing.
    """

    def __init__(self, path: Path, name: str, contract: FeedContract) -> None:
        self._contract, self._name = contract, name
        try:
            self._file = pq.ParquetFile(path)
        except (pa.ArrowInvalid, OSError) as error:
            raise self._broken(error) from None
        self._present = list(self._file.schema_arrow.names)
        declared = contract.source_columns()
        missing = [column for column in declared if column not in self._present]
        if missing:
            raise missing_column(contract, f"file '{name}'", missing, self._present)
        self.schema = pa.schema([self._file.schema_arrow.field(column).remove_metadata() for column in declared])

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Rows of the declared columns, in the order of the file."""
        try:
            with self._file as file:
                for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=self.schema.names):
                    columns = [batch.column(column) for column in self.schema.names]
                    yield pa.RecordBatch.from_arrays(columns, schema=self.schema)
        except (pa.ArrowInvalid, OSError) as error:
            raise self._broken(error) from None

    def _broken(self, error: Exception) -> FeedTrouble:
        return FeedTrouble(
            self._contract.feed,
            f"file '{self._name}' is not a whole Parquet file ({str(error).splitlines()[0]})",
            "Have the sender deliver it again.",
            kind="truncated",
        )

    def receipt(self) -> Receipt:
        """The row count in the file's footer, and columns that nobody declared."""
        return Receipt(
            claimed_rows=self._file.metadata.num_rows,
            undeclared_columns=undeclared(self._contract.source_columns(), self._present),
        )
