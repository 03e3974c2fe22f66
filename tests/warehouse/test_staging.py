from __future__ import annotations

import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.warehouse.batch_factory import NOW, ORDER_TYPES, Desk
from warehouse import staging
from warehouse.absence import ShrinkRefused
from warehouse.batch import Batch
from warehouse.staging import ConservationBroken, SchemaConflict, ensure_schema


def order(order_id: str | None, amount: str = "1.00", at: str | None = None, **more: Any) -> dict[str, Any]:
    """One order as landed; `at` is its time of change on 2026-11-20."""
    return {"order_id": order_id, "amount": amount, "updated_at": at and f"2026-11-20 {at}", **more}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_rows_of_a_first_batch_are_new_and_carry_where_they_come_from(desk):
    tally = desk.apply(1, [order("a", "1.00", "10:00"), order("b", "2.00")])
    assert (tally.rows_in, tally.rows_new) == (2, 2)
    found = desk.rows(
        "SELECT _feed, _source_system, _key, _batch_id, _batch_seq, _changed_at::VARCHAR, _is_deleted "
        "FROM staging.orders ORDER BY _key"
    )
    assert found == [
        ("shop.orders", "shop", "a", "b1", 1, "2026-11-20 10:00:00", False),
        ("shop.orders", "shop", "b", "b1", 1, None, False),
    ]


def test_applying_a_batch_twice_gives_its_stored_tally_and_changes_nothing(desk):
    first = desk.apply(1, [order("a"), order("a"), order("x", "bad")], rejects=["a;b"])
    before = desk.rows("FROM staging.orders"), desk.rows("FROM quarantine.held_row")
    assert desk.apply(1, [order("a"), order("a"), order("x", "bad")], rejects=["a;b"]) == first
    assert (desk.rows("FROM staging.orders"), desk.rows("FROM quarantine.held_row")) == before


def test_identical_content_is_unchanged_and_the_staged_row_is_not_touched(desk):
    desk.apply(1, [order("a", "1.00", "10:00")])
    before = desk.rows("FROM staging.orders")
    tally = desk.apply(2, [order("a", "1.00", "10:00")])
    assert (tally.rows_unchanged, tally.rows_changed) == (1, 0)
    assert desk.rows("FROM staging.orders") == before


def test_of_two_versions_the_later_changed_stands_whatever_batch_brought_it(desk):
    desk.apply(2, [order("a", "2.00", "11:00")])
    assert desk.apply(3, [order("a", "1.00", "10:00")]).rows_refused == 1
    assert desk.apply(1, [order("a", "3.00", "12:00")]).rows_changed == 1
    assert desk.staged()["a"][0] == Decimal("3.00")


def test_without_a_time_of_change_the_later_batch_stands(desk):
    desk.apply(2, [order("a", "2.00")])
    assert desk.apply(1, [order("a", "1.00")]).rows_refused == 1
    assert desk.apply(3, [order("a", "3.00")]).rows_changed == 1
    assert desk.staged()["a"][0] == Decimal("3.00")


def test_a_batch_that_only_confirmed_a_row_still_outranks_an_older_late_one(desk):
    desk.apply(1, [order("a", "1.00")])
    desk.apply(3, [order("a", "1.00")])
    assert desk.apply(2, [order("a", "2.00")]).rows_refused == 1
    assert desk.staged()["a"][0] == Decimal("1.00")


def test_of_several_versions_in_a_batch_the_last_stands_and_the_others_are_duplicates(desk):
    rows = [
        order("a", "1.00", "11:00"),
        order("a", "2.00", "12:00"),
        order("a", "3.00", "10:00"),
        order("b", "4.00"),
        order("b", "5.00"),
    ]
    tally = desk.apply(1, rows)
    assert (tally.rows_new, tally.rows_duplicate) == (2, 3)
    assert {key: row[0] for key, row in desk.staged().items()} == {"a": Decimal("2.00"), "b": Decimal("5.00")}


def test_a_held_last_version_leaves_the_stage_to_the_good_one_before_it(desk):
    tally = desk.apply(1, [order("a", "1.00", "10:00"), order("a", "bad", "11:00")])
    assert (tally.rows_new, tally.rows_quarantined) == (1, 1)
    assert desk.held() == {"b1/2": "held"}


def test_a_tombstone_deletes_and_keeps_the_last_values(desk):
    desk.apply(1, [order("a", "7.00", "10:00", status="paid")])
    tally = desk.apply(2, [{"order_id": "a", "gone": "yes"}])
    assert (tally.rows_changed, tally.rows_deleted) == (1, 1)
    assert desk.staged()["a"] == (Decimal("7.00"), "paid", True)
    assert desk.rows("SELECT _deleted_at FROM staging.orders") == [(NOW.replace(hour=10, day=20, tzinfo=None),)]


def test_a_tombstone_with_values_brings_them(desk):
    desk.apply(1, [order("a", "7.00", "10:00", status="paid")])
    desk.apply(2, [order("a", "8.00", "11:00", gone="yes")])
    assert desk.staged()["a"] == (Decimal("8.00"), "paid", True)


def test_a_tombstone_of_a_row_never_seen_is_a_new_deleted_row(desk):
    tally = desk.apply(1, [{"order_id": "a", "gone": "yes"}])
    assert (tally.rows_new, tally.rows_deleted) == (1, 1)
    assert desk.staged()["a"] == (None, None, True)


def test_a_second_tombstone_changes_nothing(desk):
    desk.apply(1, [order("a", "7.00", "10:00")])
    desk.apply(2, [{"order_id": "a", "gone": "yes"}])
    tally = desk.apply(3, [{"order_id": "a", "gone": "yes"}])
    assert (tally.rows_unchanged, tally.rows_deleted) == (1, 0)


def test_only_a_newer_version_revives_a_deleted_row(desk):
    desk.apply(1, [order("a", "1.00", "10:00")])
    desk.apply(2, [order("a", "1.00", "12:00", gone="yes")])
    assert desk.apply(3, [order("a", "2.00", "11:00")]).rows_refused == 1
    assert desk.staged()["a"][2] is True
    assert desk.apply(4, [order("a", "3.00", "13:00")]).rows_changed == 1
    assert desk.staged()["a"] == (Decimal("3.00"), None, False)
    assert desk.rows("SELECT _deleted_at FROM staging.orders") == [(None,)]


def test_rows_absent_from_a_full_delivery_are_deleted(tmp_path):
    desk = Desk(tmp_path, is_full=True, deletes_absent=True)
    desk.apply(1, [order("a"), order("b"), order("c")])
    tally = desk.apply(2, [order("a"), order("b", "bad")])
    assert (tally.rows_unchanged, tally.rows_quarantined, tally.rows_deleted) == (1, 1, 1)
    # b is in the delivery, though not readable: it is not gone.
    assert {key: row[2] for key, row in desk.staged().items()} == {"a": False, "b": False, "c": True}
    assert desk.apply(3, [order("a"), order("b"), order("c")]).rows_changed == 1
    assert desk.staged()["c"][2] is False


def test_a_full_delivery_that_shrinks_too_much_is_refused_and_nothing_is_applied(tmp_path):
    desk = Desk(tmp_path, is_full=True, deletes_absent=True, max_shrink=0.5)
    desk.apply(1, [order(key) for key in "abcd"])
    before = desk.rows("FROM staging.orders")
    with pytest.raises(ShrinkRefused, match="lacks 3 of 4 live rows; the contract allows 50%"):
        desk.apply(2, [order("a", "9.00")])
    with pytest.raises(ShrinkRefused, match="lacks 4 of 4"):
        desk.apply(3, [])
    assert desk.rows("FROM staging.orders") == before
    assert desk.rows("SELECT batch_id FROM staging.applied_batch") == [("b1",)]
    assert desk.apply(4, [order("a"), order("b")]).rows_deleted == 2


def test_absence_deletes_nothing_when_the_delivery_has_lines_that_may_be_the_missing_rows(tmp_path):
    desk = Desk(tmp_path, is_full=True, deletes_absent=True)
    desk.apply(1, [order("a"), order("b")])
    tally = desk.apply(2, [order("a")], rejects=["b;?;?"])
    assert (tally.rows_deleted, tally.rows_delete_withheld) == (0, 1)
    tally = desk.apply(3, [order("a"), order(None)])
    assert (tally.rows_deleted, tally.rows_delete_withheld) == (0, 1)
    assert desk.staged()["b"][2] is False


def test_an_older_full_delivery_neither_deletes_nor_revives(tmp_path):
    desk = Desk(tmp_path, is_full=True, deletes_absent=True)
    desk.apply(1, [order("a"), order("b")])
    desk.apply(3, [order("a"), order("c")])
    tally = desk.apply(2, [order("a", "5.00"), order("b"), order("d")])
    assert (tally.rows_refused, tally.rows_deleted) == (3, 0)
    assert {key: row[2] for key, row in desk.staged().items()} == {"a": False, "b": True, "c": False}


def test_absence_touches_no_row_of_another_feed(tmp_path):
    desk = Desk(tmp_path, is_full=True, deletes_absent=True, max_shrink=1.0)
    desk.apply(1, [order("a")])
    desk.connection.execute("UPDATE staging.orders SET _feed = 'till.orders', _source_system = 'till'")
    assert desk.apply(2, [order("b")]).rows_deleted == 0
    assert desk.staged()["a"][2] is False


def test_a_row_without_a_key_is_held(desk):
    assert desk.apply(1, [order(None)]).rows_quarantined == 1
    assert desk.rows("SELECT rules, reasons FROM quarantine.held_row") == [(["key_missing"], ["the key is missing"])]


def test_numbers_that_do_not_add_up_roll_everything_back(desk):
    desk.apply(1, [order("a", "1.00")])
    # A key staged twice: the update of one incoming row takes two staged rows away.
    desk.connection.execute("INSERT INTO staging.orders FROM staging.orders")
    before = desk.rows("FROM staging.orders")
    with pytest.raises(ConservationBroken, match=r"b2 landed 1 rows, but .* = 2"):
        desk.apply(2, [order("a", "2.00")])
    assert desk.rows("FROM staging.orders") == before
    assert desk.rows("SELECT batch_id FROM staging.applied_batch") == [("b1",)]


def test_a_landed_row_lost_on_the_way_to_the_scratch_file_is_noticed(desk, monkeypatch):
    original = desk.cast

    def lossy(batch_id, rows, only_rows=None):
        result = original(batch_id, rows, only_rows)
        with duckdb.connect(str(desk.folder / f"{batch_id}.duckdb")) as scratch:
            scratch.execute("DELETE FROM batch WHERE row_number = 2")
        return result

    monkeypatch.setattr(desk, "cast", lossy)
    with pytest.raises(ConservationBroken, match="landed 2 rows, but 1 new"):
        desk.apply(1, [order("a"), order("b")])
    assert desk.staged() == {}


def test_a_column_that_the_entity_gains_is_added_and_null_in_older_rows(desk):
    desk.apply(1, [order("a")])
    ensure_schema(desk.connection, {"orders": {**ORDER_TYPES, "currency": "VARCHAR"}})
    assert desk.rows("SELECT order_id, currency FROM staging.orders") == [("a", None)]
    assert desk.apply(2, [order("b")]).rows_new == 1


def test_a_column_that_changes_its_type_is_refused_by_name(desk):
    with pytest.raises(SchemaConflict, match=r"staging.orders.amount is DECIMAL\(18,2\), the entity declares DATE"):
        ensure_schema(desk.connection, {"orders": {**ORDER_TYPES, "amount": "DATE"}})


def test_a_batch_of_an_entity_without_table_is_refused(desk, tmp_path):
    desk.cast("b1", [order("a")])
    batch = Batch("b1", "shop.parcels", "parcels", "shop", 1, NOW)
    with pytest.raises(SchemaConflict, match=r"no table staging\.parcels"):
        desk._apply(batch, "b1", ())


def test_a_moment_without_zone_is_refused(desk):
    desk.cast("b1", [order("a")])
    with pytest.raises(ValueError, match="has no zone"):
        desk._apply(Batch("b1", "shop.orders", "orders", "shop", 1, NOW.replace(tzinfo=None)), "b1", ())
    assert staging.applied_tally(desk.connection, "b1") is None


ROW = st.tuples(
    st.sampled_from("abc"),
    st.integers(0, 3),  # hour of change: small, so that versions meet
    st.integers(1, 3),  # amount
    st.sampled_from(["live", "live", "gone", "bad", "test"]),
)


@settings(max_examples=12, deadline=None)
@given(batches=st.lists(st.lists(ROW, max_size=6), min_size=1, max_size=5), data=st.data(), has_times=st.booleans())
def test_any_batches_in_any_order_and_repeated_end_in_the_latest_version_of_every_row(
    tmp_path_factory, batches, data, has_times
):
    """The oracle is a dict: batch by batch, of every key the later version replaces, an older one does not."""
    desk = Desk(tmp_path_factory.mktemp("desk"))
    arrivals = data.draw(st.permutations(list(enumerate(batches, start=1))))
    latest: dict[str, tuple[Any, ...]] = {}
    for seq, rows in arrivals:
        landed = [
            {"order_id": key, "amount": "x" if kind == "bad" else f"{amount}.00", "status": "s",
             "updated_at": f"2026-01-01 {hour:02}:00:00" if has_times else None,
             "gone": "yes" if kind == "gone" else None, "test": "yes" if kind == "test" else None}
            for key, hour, amount, kind in rows
        ]  # fmt: skip
        tally = desk.apply(seq, landed)
        assert tally.rows_in == len(rows)
        assert tally.rows_quarantined == sum(kind in ("bad", "test") for *_, kind in rows)
        assert desk.apply(seq, landed) == tally
        best: dict[str, tuple[Any, ...]] = {}
        for number, (key, hour, amount, kind) in enumerate(rows):
            version = (hour if has_times else 0, number)
            if kind in ("live", "gone") and (key not in best or version > best[key][0]):
                best[key] = (version, amount, kind == "gone")
        for key, ((hour, _), amount, is_gone) in best.items():
            version = (hour, seq)
            if key not in latest or version > latest[key][0]:
                latest[key] = (version, Decimal(amount), is_gone)
    assert desk.staged() == {key: (amount, "s", is_gone) for key, (_, amount, is_gone) in latest.items()}
    assert all(count == 1 for (count,) in desk.rows("SELECT count(*) FROM quarantine.held_row GROUP BY held_id"))


def test_a_hundred_thousand_rows_are_staged_and_a_thousand_updated_in_seconds(desk):
    import pyarrow as pa
    import pyarrow.parquet as pq

    def land(batch_id: str, count: int, amount: str) -> None:
        table = {
            "_row_number": range(1, count + 1),
            "order_id": [str(n) for n in range(count)],
            "amount": [amount] * count,
        }
        columns = {name: pa.array(list(values)) for name, values in table.items()}
        columns |= {name: pa.nulls(count, pa.string()) for name in ("status", "updated_at", "gone", "test", "own")}
        pq.write_table(pa.table(columns), desk.folder / f"{batch_id}.parquet")

    land("b1", 100_000, "1.00")
    land("b2", 1_000, "2.00")
    started = time.process_time()
    assert desk.apply(1, []).rows_new == 100_000
    loaded = time.process_time()
    assert desk.apply(2, []).rows_changed == 1_000
    assert loaded - started < 15.0  # CPU seconds; about 1 on a free core
    assert time.process_time() - loaded < 5.0
