"""Hold what a source says of a delivery, and what it sent last time, against what was read."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow.compute as pc
import pyarrow.parquet as pq

from connectors.contract import FeedContract
from connectors.delivery import FeedTrouble, Receipt
from connectors.manifest import Manifest
from connectors.quoting import literal, quoted

_READ_AGAIN = "Nothing of it was landed; it is read again at the next sync."
_DELIVER_AGAIN = "Nothing of it was landed. Ask the sender to deliver it again; the next sync reads it again."


@dataclass(frozen=True)
class Delivered:
    """One delivery that was read to its end. `handed_over` counts its rows as they came from the source."""

    label: str
    receipt: Receipt
    table: Path
    handed_over: int

    @property
    def rows_read(self) -> int:
        """Rows that the source handed over, those included that could not be read."""
        return self.handed_over + int(self.receipt.rejects.num_rows)

    @property
    def lines_read(self) -> int:
        """Those of them that the sender can have counted: what arrived beside the lines is in no claim."""
        beside = pc.sum(pc.less(self.receipt.rejects["line_number"], 0), min_count=0).as_py()
        return self.rows_read - int(beside)


def check_claims(
    connection: duckdb.DuckDBPyConnection,
    contract: FeedContract,
    delivered: Delivered,
    previous: Manifest | None,
    *,
    may_be_empty: bool,
) -> None:
    """Raise FeedTrouble unless a delivery is whole as far as can be known."""
    _check_rows(contract, delivered)
    _check_totals(connection, contract, delivered)
    if not may_be_empty:
        _check_not_emptied(contract, delivered, previous)


def exact_total(connection: duckdb.DuckDBPyConnection, table: Path, column: str) -> Decimal:
    """Exact sum of a column; values that are no numbers do not count, as the sender cannot have added them either."""
    total: Decimal
    ((total,),) = connection.execute(
        f"SELECT coalesce(sum(TRY_CAST({quoted(column)} AS DECIMAL(38, 6))), 0) FROM read_parquet({literal(table)})"
    ).fetchall()
    return total


def _check_rows(contract: FeedContract, delivered: Delivered) -> None:
    label, receipt = delivered.label, delivered.receipt
    if receipt.partial_reason is not None:
        fact = f"{label} is incomplete: {receipt.partial_reason}"
        raise FeedTrouble(contract.feed, fact, _READ_AGAIN, kind="partial", is_retryable=True)
    written = pq.read_metadata(delivered.table).num_rows
    if written != delivered.handed_over:
        fact = f"{label} handed over {delivered.handed_over:,} rows and {written:,} were written"
        step = "Nothing of it was landed. Report this: it is a defect of the pipeline."
        raise FeedTrouble(contract.feed, fact, step, kind="broken")
    if receipt.claimed_rows is not None and receipt.claimed_rows != delivered.lines_read:
        kind = "partial"
        if contract.source.kind == "files" and delivered.lines_read < receipt.claimed_rows:
            kind = "truncated"
        # Pages that are asked for by position skip or repeat rows when rows come or go in front of them.
        if contract.source.kind == "rest" and contract.source.paging.kind in ("offset", "page"):
            kind = "pages"
        raise FeedTrouble(
            contract.feed,
            f"{label} claims {receipt.claimed_rows:,} rows and holds {delivered.lines_read:,}",
            _DELIVER_AGAIN,
            kind=kind,
            is_retryable=True,
        )


def _check_totals(connection: duckdb.DuckDBPyConnection, contract: FeedContract, delivered: Delivered) -> None:
    # A rejected row keeps its amount from being added up, so totals prove something only where all rows were read.
    if delivered.lines_read > delivered.handed_over:
        return
    for name, claimed in delivered.receipt.claimed_totals.items():
        found = exact_total(connection, delivered.table, name) if name in contract.source_columns() else None
        if found is not None and found != claimed:
            fact = f"{delivered.label} claims a total {name} of {claimed} and holds {found}"
            raise FeedTrouble(contract.feed, fact, _DELIVER_AGAIN, kind="totals")


def _check_not_emptied(contract: FeedContract, delivered: Delivered, previous: Manifest | None) -> None:
    """An empty full delivery after one with rows. Where absence means deletion, staging weighs it (`max_shrink`)."""
    if contract.delivery != "snapshot" or contract.deletes.policy == "snapshot" or delivered.rows_read:
        return
    if previous is not None and previous.row_count:
        fact = f"{delivered.label} is empty; the full delivery before it had {previous.row_count:,} rows"
        step = f"Nothing was landed. If it is meant: c360 feeds accept {contract.feed} --by NAME --because WHY."
        raise FeedTrouble(contract.feed, fact, step, kind="emptied")
