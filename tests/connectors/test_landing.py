"""The batch protocol: committed is complete, uncommitted leaves nothing, landed is not landed again."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.catalog import load_catalog
from connectors.contract import FeedContract
from connectors.cursors import next_window
from connectors.delivery import REJECT_SCHEMA, Delivery, FeedTrouble, Receipt
from connectors.landing import LandedBatch, LandingFolder, LandingRequest
from connectors.manifest import read_manifest

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
OLD, NEW = "2026-11-21 10:00:00", "2026-11-21 11:00:00"


def contract(**changes: object) -> FeedContract:
    body: dict[str, object] = {
        "feed": "shop.orders",
        "description": "Orders.",
        "grain": "One row per order.",
        "owner": "team:shop",
        "schedule": "0 * * * *",
        "freshness": {"promise": "26h"},
        "source": {"kind": "sql", "connection": "SHOP_URL", "table": "orders"},
        "cursor": {"column": "changed", "overlap": "2h"},
        "totals": ["amount"],
        "columns": {"order_id": "id", "ordered_at": "changed", "total_amount": "amount"},
    }
    return FeedContract.model_validate(body | changes)


def delivery(rows: list[tuple[str, str, str]], receipt: Receipt | None = None) -> Delivery:
    columns = list(zip(*rows, strict=True)) or [[], [], []]
    table = pa.table(
        {name: pa.array(values, pa.string()) for name, values in zip(["id", "changed", "amount"], columns, strict=True)}
    )
    return Delivery("orders", table.to_reader(), lambda: receipt or Receipt())


class Feed:
    """Lands deliveries one after the other, as a run does."""

    def __init__(self, root: Path, **changes: object) -> None:
        self.contract = contract(**changes)
        self.folder = LandingFolder(root, self.contract)

    def land(self, rows: list[tuple[str, str, str]], receipt: Receipt | None = None) -> tuple[LandedBatch | None, int]:
        return self.deliver(delivery(rows, receipt))

    def deliver(self, delivered: Delivery) -> tuple[LandedBatch | None, int]:
        committed = self.folder.committed()
        previous = self.folder.manifest(committed[-1]) if committed else None
        batch_id = f"shop.orders-{len(committed) + 1:08d}"
        request = LandingRequest(
            batch_seq=len(committed) + 1,
            batch_id=batch_id,
            lease_token=1,
            landed_at=NOON,
            window=next_window(self.contract.cursor, previous.cursor_after if previous else None, NOON),
            cursor_before=previous.cursor_after if previous else None,
            source_identity="test",
            source_clock=NOON,
            recent_tables=[self.folder.table(name) for name in committed],
            previous=previous,
        )
        written = self.folder.write(delivered, self.folder.incoming(batch_id), request)
        if written.batch is not None:
            written.batch.rename()
        return written.batch, written.rows_reread


def test_a_batch_exists_only_after_the_rename(tmp_path: Path) -> None:
    feed = Feed(tmp_path)
    feed.folder.incoming("shop.orders-00000001")
    assert feed.folder.committed() == []
    assert feed.folder.sweep() == 1
    feed.land([("1", OLD, "10.00")])
    assert feed.folder.committed() == ["shop.orders-00000001"]


def test_the_manifest_holds_exact_totals_the_cursor_and_the_rows(tmp_path: Path) -> None:
    feed = Feed(tmp_path)
    feed.land([("1", OLD, "0.10"), ("2", NEW, "0.20")])
    manifest = read_manifest(feed.folder.folder / "shop.orders-00000001")
    assert manifest.row_count == 2
    assert Decimal(manifest.totals["amount"]) == Decimal("0.30")
    assert (manifest.cursor_low, manifest.cursor_after) == ("2026-11-21T10:00:00+00:00", "2026-11-21T11:00:00+00:00")


def test_rows_that_an_overlapping_read_delivers_again_are_not_landed_again(tmp_path: Path) -> None:
    feed = Feed(tmp_path)
    feed.land([("1", OLD, "10.00"), ("2", NEW, "20.00")])
    batch, reread = feed.land([("2", NEW, "20.00"), ("3", OLD, "30.00")])
    assert batch is not None
    assert (batch.manifest.row_count, reread) == (1, 1)
    assert pq.read_table(feed.folder.table(batch.manifest.batch_id))["id"].to_pylist() == ["3"]


def test_a_quiet_source_adds_no_batch(tmp_path: Path) -> None:
    feed = Feed(tmp_path)
    feed.land([("1", OLD, "10.00")])
    assert feed.land([("1", OLD, "10.00")]) == (None, 1)
    assert len(feed.folder.committed()) == 1


def test_a_value_that_went_back_to_what_it_was_is_landed(tmp_path: Path) -> None:
    feed = Feed(tmp_path)
    for amount in ("10.00", "11.00", "10.00"):
        feed.land([("1", OLD, amount)])
    assert len(feed.folder.committed()) == 3


def test_a_row_from_the_future_is_landed_but_does_not_move_the_cursor(tmp_path: Path) -> None:
    feed = Feed(tmp_path)
    batch, _ = feed.land([("1", OLD, "10.00"), ("2", "2999-12-31 00:00:00", "20.00")])
    assert batch is not None
    assert batch.manifest.row_count == 2
    assert batch.manifest.cursor_after == "2026-11-21T10:00:00+00:00"
    assert batch.manifest.cursor_high == "2999-12-31T00:00:00+00:00"


def test_a_full_delivery_equal_to_the_last_one_is_no_batch_and_a_changed_one_is(tmp_path: Path) -> None:
    feed = Feed(tmp_path, cursor=None, delivery="snapshot")
    feed.land([("1", OLD, "10.00"), ("2", OLD, "20.00")])
    batch, _ = feed.land([("2", OLD, "20.00"), ("1", OLD, "10.00")])
    assert batch is None
    batch, _ = feed.land([("1", OLD, "10.00")])
    assert batch is not None


def test_fewer_rows_than_the_source_claims_land_nothing(tmp_path: Path) -> None:
    feed = Feed(tmp_path)
    with pytest.raises(FeedTrouble, match="claims 3 rows and holds 1") as caught:
        feed.land([("1", OLD, "10.00")], Receipt(claimed_rows=3))
    assert caught.value.kind == "partial"
    assert feed.folder.committed() == []


def test_pages_asked_for_by_position_that_hold_fewer_rows_than_claimed_have_drifted(tmp_path: Path) -> None:
    feed = Feed(tmp_path, source=load_catalog()["mailer.activity"].source)
    with pytest.raises(FeedTrouble, match="claims 3 rows and holds 1") as caught:
        feed.land([("1", OLD, "10.00")], Receipt(claimed_rows=3))
    assert caught.value.kind == "pages"


def test_rejected_lines_count_towards_the_claim_and_are_kept(tmp_path: Path) -> None:
    feed = Feed(tmp_path)
    rejects = pa.table({"line_number": [2], "raw": ['"x'], "reason": ["stray quote"]}, schema=REJECT_SCHEMA)
    batch, _ = feed.land([("1", OLD, "10.00")], Receipt(claimed_rows=2, rejects=rejects))
    assert batch is not None
    assert batch.manifest.reject_count == 1
    kept = feed.folder.rejects(batch.manifest.batch_id)
    assert kept is not None
    assert pq.read_table(kept)["raw"].to_pylist() == ['"x']


def test_another_total_than_the_source_claims_lands_nothing(tmp_path: Path) -> None:
    feed = Feed(tmp_path)
    with pytest.raises(FeedTrouble, match=r"claims a total amount of 10\.01 and holds 10"):
        feed.land([("1", OLD, "10.00")], Receipt(claimed_totals={"amount": Decimal("10.01")}))
    assert feed.folder.committed() == []


def test_a_source_that_fails_half_way_is_told_as_it_was_raised_and_lands_nothing(tmp_path: Path) -> None:
    feed = Feed(tmp_path)
    whole = delivery([("1", OLD, "10.00")])

    def failing() -> Iterator[pa.RecordBatch]:
        yield from whole.reader
        raise FeedTrouble("shop.orders", "page 2 answers 401", "Renew SHOP_TOKEN.", kind="denied")

    reader = pa.RecordBatchReader.from_batches(whole.reader.schema, failing())
    with pytest.raises(FeedTrouble, match="page 2 answers 401") as caught:
        feed.deliver(Delivery("orders", reader, whole.receipt))
    assert caught.value.kind == "denied"
    assert feed.folder.committed() == []


def test_bytes_of_a_batch_that_read_an_erased_row_again_are_told(tmp_path: Path) -> None:
    feed = Feed(tmp_path)
    feed.land([("1", OLD, "0.10"), ("2", NEW, "0.20")])
    feed.land([("2", NEW, "0.20"), ("3", NEW, "0.30")])
    feed.land([("4", NEW, "0.40")])
    first, again, _ = feed.folder.committed()
    for batch_id in feed.folder.committed():
        (feed.folder.folder / batch_id / "raw").mkdir(exist_ok=True)
    assert feed.folder.with_erased_rows_read_again() == []
    with duckdb.connect() as connection:
        feed.folder.erase(connection, first, rows=[2], lines=[])
    assert feed.folder.with_erased_rows_read_again() == [again]
    feed.folder.remove_raw(again)
    assert feed.folder.with_erased_rows_read_again() == []
