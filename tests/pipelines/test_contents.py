"""What files really hold reaches the detectors: from the drop folder through staging and the ledger to a finding."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.contract import FeedContract
from pipelines.books import count_books
from pipelines.cross_feed import count_across, record_cross_feed
from pipelines.deployment import Deployment
from pipelines.freshness.evaluate import evaluate
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import FeedHistory
from pipelines.freshness.reading import read_history
from pipelines.freshness.reconcile import reconcile_feed
from pipelines.ingest import FeedOutcome, sync_feed
from pipelines.ledger import leases
from pipelines.ledger.database import Ledger
from pipelines.ledger.findings import latest_verdicts
from pipelines.ledger.links import last_counted, read_followed
from pipelines.settings import Home
from pipelines.sync import sync
from pipelines.watch import watch
from warehouse.connection import open_warehouse

NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def contract(feed: str, columns: dict[str, object], **watch: object) -> FeedContract:
    return FeedContract.model_validate(
        {
            "feed": feed,
            "description": "Rows of the shop.",
            "grain": "One row each.",
            "owner": "team:shop",
            "schedule": "0 6 * * *",
            "freshness": {"promise": "26h"},
            "source": {"kind": "files", "connection": "DROP", "pattern": f"{feed}_*.csv", "format": "csv"},
            "watch": watch,
            "columns": columns,
        }
    )


ORDERS = contract(
    "shop.orders",
    {
        "order_id": "id",
        "account_id": "customer",
        "ordered_at": "ordered",
        "status": "status",
        "gross_amount": "gross",
        "sales_channel": "channel",
    },
    immutable=["account_id"],
    segments=["sales_channel"],
    own_rows="channel = 'ours'",
)
LINES = contract(
    "shop.order_lines",
    {"order_id": "order", "line_number": "line", "net_amount": "net"},
    parents={"order_id": "shop.orders"},
    totals_with={"feed": "shop.orders", "column": "net_amount", "parent_total": "gross_amount"},
)
HEADER = "id,customer,ordered,status,gross,channel"


class Desk:
    """A home, a drop folder and a clock."""

    def __init__(self, folder: Path) -> None:
        self.drop = folder / "drop"
        self.drop.mkdir()
        self.now = NOON
        self.home = Home(folder / "home")
        self.catalog = {one.feed: one for one in (ORDERS, LINES)}
        self.deployment = Deployment(
            home=self.home,
            catalog=self.catalog,
            environment={"DROP": str(self.drop)},
            clock=lambda: self.now,
            sleep=lambda _seconds: None,
        )

    def sync(self, feed: FeedContract, rows: Sequence[str], header: str = HEADER) -> FeedOutcome:
        """Drop one file and bring its feed up to date, as of now."""
        name = f"{feed.feed}_{self.now:%Y%m%d%H}.csv"
        (self.drop / name).write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        return sync_feed(self.deployment, feed)

    def history(self, feed: FeedContract = ORDERS) -> FeedHistory:
        with Ledger(self.home.ledger) as ledger:
            return read_history(ledger, feed, self.now)

    def found(self, feed: FeedContract, failure: str) -> dict[str, Finding]:
        """Segment → finding."""
        with Ledger(self.home.ledger) as ledger:
            findings = evaluate(ledger, self.catalog, self.now)
        return {one.segment: one for one in findings if (one.feed, one.failure) == (feed.feed, failure)}

    def staged_orders(self) -> list[tuple[str, str, str]]:
        """Order, its amount and the batch that brought it; and the rows that are held."""
        with open_warehouse(self.home.root) as connection:
            return connection.execute(
                "SELECT order_id, CAST(gross_amount AS VARCHAR), _batch_id FROM staging.orders UNION ALL "
                "SELECT _key, status, batch_id FROM quarantine.held_row ORDER BY ALL"
            ).fetchall()

    def count_books(self) -> None:
        with Ledger(self.home.ledger) as ledger:
            count_books(self.deployment, ledger)

    def count_across(self, verified: dict[str, datetime]) -> None:
        with Ledger(self.home.ledger) as ledger, open_warehouse(self.home.root) as connection:
            record_cross_feed(connection, ledger, self.catalog, verified, self.now)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def order(
    number: int, *, customer: str = "Ada", status: str = "paid", gross: str = "10.50", channel: str = "web"
) -> str:
    return f"{number},{customer}{number},2026-11-17 10:00,{status},{gross},{channel}"


def test_a_staged_batch_leaves_profiles_and_breaches_without_a_value_of_a_person(desk: Desk) -> None:
    good = [order(number) for number in range(20)]
    bad = [
        order(20, gross="ten"),
        order(21, status="p@id"),
        order(22, status="p@id"),
        order(23, channel="store"),
        order(24, channel="ours"),
    ]
    outcome = desk.sync(ORDERS, [*good, *bad])
    assert outcome.troubles == []
    history = desk.history()
    ((batch_id, columns),) = history.profiles.items()
    assert set(columns) == set(ORDERS.columns)
    assert (columns["order_id"].rows, columns["gross_amount"].nulls, columns["gross_amount"].whole) == (24, 1, 0)
    assert columns["sales_channel"].segments == {"store": 1, "web": 23}
    assert columns["ordered_at"].hours == (*[0] * 10, 24, *[0] * 13)
    # 26 hours old, so up to 2^5; neither the three that are held are among them nor our own.
    assert columns["ordered_at"].new_ages == (0, 0, 0, 0, 0, 21)
    counted = {(one.kind, one.columns): one.rows for one in history.breaches[batch_id]}
    assert counted == {
        ("unreadable", "gross_amount"): 1,
        ("unknown_code", "status"): 2,
        ("rule", "status"): 2,
        ("own_row", ""): 1,
    }
    written = json.dumps([str(one) for one in (columns, history.breaches)])
    assert "Ada" not in written


def test_keys_that_name_another_customer_are_told_from_file_to_finding(desk: Desk) -> None:
    desk.sync(ORDERS, [order(number) for number in range(60)])
    assert desk.found(ORDERS, "key_reused")[""].verdict == "PASS"
    desk.now += DAY
    desk.sync(ORDERS, [order(number, customer="Eve") for number in range(8)])
    found = desk.found(ORDERS, "key_reused")[""]
    assert (found.verdict, found.rows, found.onset) == ("FAIL", 8, desk.now)


def test_a_renamed_column_is_told_by_both_names_and_passes_when_it_is_back(desk: Desk) -> None:
    desk.sync(ORDERS, [order(1)])
    desk.now += DAY
    desk.sync(ORDERS, [order(2)], HEADER.replace("customer", "customer_no"))
    found = desk.found(ORDERS, "column_renamed")
    assert found["customer"].verdict == "FAIL"
    assert "'customer_no'" in found["customer"].reason
    (desk.drop / f"shop.orders_{desk.now:%Y%m%d%H}.csv").unlink()
    desk.now += DAY
    desk.sync(ORDERS, [order(3)])
    assert {segment: one.verdict for segment, one in desk.found(ORDERS, "column_renamed").items()} == {"": "PASS"}


def test_a_new_column_is_told_by_name(desk: Desk) -> None:
    desk.sync(ORDERS, [order(1)])
    desk.now += DAY
    desk.sync(ORDERS, [order(2) + ",gold"], HEADER + ",loyalty")
    assert desk.found(ORDERS, "column_added")["loyalty"].verdict == "FAIL"


def test_lines_wait_for_their_orders_until_the_orders_were_read_an_hour_later(desk: Desk) -> None:
    desk.sync(ORDERS, [order(number, gross="3.00") for number in range(4)])
    lines = [f"{number},1,3.00" for number in range(30)]
    desk.sync(LINES, lines, "order,line,net")
    desk.count_across({ORDERS.feed: desk.now + timedelta(minutes=59), LINES.feed: desk.now})
    assert desk.found(LINES, "orphans")[""].verdict == "UNKNOWN"
    desk.count_across({ORDERS.feed: desk.now + timedelta(minutes=60), LINES.feed: desk.now})
    found = desk.found(LINES, "orphans")["order_id"]
    assert (found.verdict, found.rows, found.onset) == ("FAIL", 26, NOON)


def test_a_sync_counts_across_feeds_before_it_looks_at_them(desk: Desk) -> None:
    desk.sync(ORDERS, [order(number) for number in range(4)])
    desk.sync(LINES, [f"{number},1,10.50" for number in range(30)], "order,line,net")
    desk.now = NOON + timedelta(hours=2)
    sync(desk.deployment, [ORDERS, LINES], wants_refresh=False)
    with Ledger(desk.home.ledger) as ledger:
        found = latest_verdicts(ledger)[LINES.feed, "orphans"]
    assert (found[0]["segment"], found[0]["verdict"]) == ("order_id", "FAIL")


def test_links_are_counted_again_once_something_was_staged_or_an_hour_went_by(desk: Desk) -> None:
    def counted_after(span: timedelta) -> datetime | None:
        desk.now += span
        count_across(desk.deployment)
        with Ledger(desk.home.ledger) as ledger:
            return last_counted(ledger)

    desk.sync(ORDERS, [order(1)])
    desk.sync(LINES, ["1,1,10.50"], "order,line,net")
    first = counted_after(timedelta(minutes=1))
    assert first == desk.now
    assert counted_after(timedelta(minutes=59)) == first
    assert counted_after(timedelta(minutes=1)) == desk.now
    desk.sync(LINES, ["1,2,3.00"], "order,line,net")
    assert counted_after(timedelta(minutes=1)) == desk.now


def test_totals_are_compared_as_far_as_both_feeds_were_read(desk: Desk) -> None:
    desk.sync(ORDERS, [order(number, gross="3.00") for number in range(30)])
    desk.sync(LINES, [f"{number},1,{'3.00' if number < 20 else '2.00'}" for number in range(30)], "order,line,net")
    # Ordered at ten on the 17th: both feeds have it for sure once both were read an hour after that.
    early = {ORDERS.feed: NOON, LINES.feed: datetime(2026, 11, 17, 11, tzinfo=UTC)}
    desk.count_across(early)
    assert desk.found(LINES, "totals_disagree")[""].verdict == "UNKNOWN"
    desk.count_across({**early, LINES.feed: datetime(2026, 11, 17, 11, 1, tzinfo=UTC)})
    found = desk.found(LINES, "totals_disagree")[""]
    assert (found.verdict, found.rows) == ("FAIL", 10)


def test_a_day_of_parents_is_counted_as_soon_as_it_was_read_whole(desk: Desk) -> None:
    desk.sync(ORDERS, [order(1), order(2)])
    desk.sync(LINES, ["1,1,10.50"], "order,line,net")
    midnight = datetime(2026, 11, 18, tzinfo=UTC)
    for read_at in (midnight + timedelta(minutes=5), midnight + timedelta(hours=23, minutes=30)):
        desk.count_across({ORDERS.feed: read_at, LINES.feed: read_at})
    with Ledger(desk.home.ledger) as ledger:
        found = read_followed(ledger, LINES.feed)
    # Read at 0:05 it is certain up to 23:05; so that a somewhat earlier read will do, the day ends at 22:00.
    begin = midnight - timedelta(hours=26)
    assert [(one.day, one.age, one.parents, one.followed) for one in found] == [(begin, 0, 2, 1), (begin, 1, 2, 1)]


def test_what_was_counted_of_other_parents_is_forgotten_when_the_condition_changes(desk: Desk) -> None:
    desk.sync(ORDERS, [order(1), order(2, gross="3.00")])
    desk.sync(LINES, ["1,1,10.50"], "order,line,net")
    midnight = datetime(2026, 11, 18, tzinfo=UTC)
    read_at = {ORDERS.feed: midnight + timedelta(minutes=5), LINES.feed: midnight + timedelta(minutes=5)}

    def counted(condition: dict[str, str]) -> list[tuple[int, int]]:
        watch = LINES.watch.model_copy(update={"followed_when": condition})
        desk.catalog[LINES.feed] = LINES.model_copy(update={"watch": watch})
        desk.count_across(read_at)
        with Ledger(desk.home.ledger) as ledger:
            return [(one.parents, one.followed) for one in read_followed(ledger, LINES.feed)]

    assert counted({}) == [(2, 1)]
    assert counted({"order_id": "gross_amount > 5"}) == [(1, 1)]
    assert counted({"order_id": "gross_amount < 5"}) == [(1, 0)]
    assert counted({}) == [(2, 1)]


def test_rows_that_vanish_from_staging_are_told_by_the_next_look(desk: Desk) -> None:
    desk.sync(ORDERS, [order(number) for number in range(3)])
    desk.count_books()
    assert desk.found(ORDERS, "ledger_disagrees")[""].verdict == "PASS"
    with open_warehouse(desk.home.root) as connection:
        connection.execute("DELETE FROM staging.orders WHERE order_id = '1'")
    desk.count_books()
    found = desk.found(ORDERS, "ledger_disagrees")[""]
    assert (found.verdict, found.rows) == ("FAIL", 1)


def test_a_warehouse_that_is_gone_is_told(desk: Desk) -> None:
    desk.sync(ORDERS, [order(number) for number in range(3)])
    desk.home.warehouse.unlink()
    desk.count_books()
    found = desk.found(ORDERS, "ledger_disagrees")[""]
    assert (found.verdict, found.rows) == ("FAIL", 3)


def test_a_warehouse_that_is_damaged_is_told_with_what_is_wrong_until_it_can_be_read(desk: Desk) -> None:
    desk.sync(ORDERS, [order(number) for number in range(3)])
    whole = desk.home.warehouse.read_bytes()
    desk.home.warehouse.write_bytes(b"no database" * 1000)
    watch(desk.deployment)
    found = desk.found(ORDERS, "ledger_disagrees")[""]
    assert (found.verdict, found.rows) == ("FAIL", 3)
    assert found.reason.startswith(f"{desk.home.warehouse}: DuckDB cannot open it")
    assert found.reason.endswith("; the ledger counted 3")
    assert not desk.home.faults.exists(), "a damaged file is no fault of the program"
    desk.home.warehouse.write_bytes(whole)
    desk.now += timedelta(minutes=1)
    desk.count_books()
    found = desk.found(ORDERS, "ledger_disagrees")[""]
    assert (found.verdict, found.reason) == ("PASS", "staging holds 3 rows and the ledger counted 3")


def test_batches_that_wait_for_a_damaged_warehouse_do_not_keep_it_from_being_told(desk: Desk) -> None:
    desk.sync(ORDERS, [order(number) for number in range(3)])
    with Ledger(desk.home.ledger) as ledger:
        ledger.write("UPDATE feed_batch SET state = 'landed'")
    desk.home.warehouse.write_bytes(b"no database" * 1000)
    desk.count_books()
    assert desk.found(ORDERS, "ledger_disagrees")[""].verdict == "FAIL"


def test_books_are_left_alone_while_somebody_writes_the_warehouse(desk: Desk) -> None:
    desk.sync(ORDERS, [order(number) for number in range(3)])
    with Ledger(desk.home.ledger) as ledger:
        writer = leases.acquire(ledger, "warehouse", now=desk.now)
        desk.count_books()
        assert desk.found(ORDERS, "ledger_disagrees")[""].verdict == "UNKNOWN"
        leases.release(ledger, writer)
    desk.count_books()
    assert desk.found(ORDERS, "ledger_disagrees")[""].verdict == "PASS"


def test_a_batch_that_waits_to_be_staged_keeps_the_books_from_being_counted(desk: Desk) -> None:
    desk.sync(ORDERS, [order(number) for number in range(3)])
    with Ledger(desk.home.ledger) as ledger:
        ledger.write("UPDATE feed_batch SET state = 'landed'")  # as after a kill between warehouse and ledger
    desk.count_books()
    assert desk.found(ORDERS, "ledger_disagrees")[""].verdict == "UNKNOWN"


def test_a_repair_brings_back_what_staging_lost_and_the_books_agree_again(desk: Desk) -> None:
    desk.sync(ORDERS, [*(order(number) for number in range(3)), order(3, gross="ten")])
    desk.now += timedelta(hours=1)
    desk.sync(ORDERS, [order(1, gross="20.00")])
    before = desk.staged_orders()
    with open_warehouse(desk.home.root) as connection:
        connection.execute("DELETE FROM staging.orders WHERE order_id <> '0'")
    desk.count_books()
    desk.now += timedelta(hours=1)
    repaired = reconcile_feed(desk.deployment, ORDERS, wants_repair=True)
    assert (repaired.trouble, repaired.rows_restaged) == (None, 2)
    assert desk.staged_orders() == before
    desk.count_books()
    assert desk.found(ORDERS, "ledger_disagrees")[""].verdict == "PASS"
    assert reconcile_feed(desk.deployment, ORDERS, wants_repair=True).rows_restaged == 0
