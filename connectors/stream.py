"""Make a Delivery whose failure keeps its name, whoever reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pyarrow as pa

from connectors.delivery import Delivery, FeedTrouble, Receipt


def stream_delivery(
    label: str, schema: pa.Schema, batches: Iterator[pa.RecordBatch], receipt: Callable[[], Receipt]
) -> Delivery:
    """A delivery that yields `batches`.

    A FeedTrouble on the way reaches a reader in Python as it is. DuckDB, reading the stream, turns it into an error of
    its own; `receipt()` then raises the FeedTrouble itself.
    """
    failed: list[FeedTrouble] = []

    def watched() -> Iterator[pa.RecordBatch]:
        try:
            yield from batches
        except FeedTrouble as trouble:
            failed.append(trouble)
            raise

    def checked() -> Receipt:
        if failed:
            raise failed[0]
        return receipt()

    return Delivery(label, pa.RecordBatchReader.from_batches(schema, watched()), checked)
