"""Schema `identity` of the warehouse, opened for commands that only read it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from pipelines.trouble import NothingThere, Trouble
from warehouse.connection import WarehouseAbsent, open_reader

READ = ("scored_pairs", "pair_evidence", "customer_crosswalk", "judgements", "judgement_basis", "review_sample")


@contextmanager
def identities(warehouse: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse, read-only; a sync cannot write while it is open, so close it before a person thinks.

    Raises Trouble when nothing is resolved there yet, WarehouseBusy when a sync holds the file.
    """
    try:
        with open_reader(warehouse) as connection:
            found = connection.execute(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = 'identity'"
            ).fetchall()
            if missing := sorted(set(READ) - {name for (name,) in found}):
                fact = f"identities were not resolved yet by this version ({', '.join(missing)} missing)"
                raise Trouble(str(warehouse), fact, "Run c360 refresh first.")
            yield connection
    except WarehouseAbsent:
        raise NothingThere(warehouse, "there is no warehouse yet") from None
