"""Faults of repetition and order (C): what comes twice, or in another order than it happened."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import zip_longest

from sample_company.faults.carrier_files import new_files, read_carrier
from sample_company.faults.fault import fault
from sample_company.faults.rows import on_shop
from sample_company.faults.shown import Moment, Shown
from sample_company.shop import columns_of, open_shop

_DAYS_BACK = 3


@fault("C1", "carrier.shipments")
def delivered_twice(shown: Shown, moment: Moment) -> None:
    """Each file comes a second time under another name."""
    for path in new_files(shown, moment):
        shown.add(path.with_name(f"{path.stem}_again.csv"), path.read_bytes(), moment.now - timedelta(minutes=1))


@fault("C2", "carrier.shipments")
def delivered_twice_in_another_order(shown: Shown, moment: Moment) -> None:
    """Each file comes a second time with its lines in another order."""
    for path in new_files(shown, moment):
        file = read_carrier(path)
        again = replace(file, lines=file.lines[::-1])
        shown.add(path.with_name(f"{path.stem}_again.csv"), again.content(), moment.now - timedelta(minutes=1))


@fault("C3", "carrier.shipments")
def lines_repeat(shown: Shown, moment: Moment) -> None:
    """Lines stand in a file twice, and its trailer counts them twice."""
    for path in new_files(shown, moment):
        file = read_carrier(path)
        again = tuple(line for line in file.lines if moment.is_chosen(line["shipment_no"]))
        shown.rewrite(path, replace(file, lines=file.lines + again).honest().content())


@fault("C4", "carrier.shipments")
def files_swapped(shown: Shown, moment: Moment) -> None:
    """Of each two files the second comes first, and the first a day after it."""
    files = new_files(shown, moment)
    for first, next_day in zip_longest(files[::2], files[2::2]):
        if next_day is None:
            first.unlink()
        else:
            shown.add(first, first.read_bytes(), datetime.fromtimestamp(next_day.stat().st_mtime, UTC))


@fault("C4", "shop.orders", needs="a count of the source's keys by another way")
def old_versions_come_back(shown: Shown, moment: Moment) -> None:
    """Rows of which newer versions were read are shown as they were days before, with the times of then."""
    former = shown.chronicle.day(max(moment.begun_day - _DAYS_BACK, 0)) / "shop/shop.db"
    with open_shop(f"sqlite:///{former}") as before:
        versions = before.rows(f"SELECT * FROM orders WHERE {moment.chosen('id')}")
    with shown.shop() as shop:
        since = shop.moment(int(moment.begun.timestamp()))
        known = {key for (key,) in shop.rows("SELECT id FROM orders WHERE updated_at < ?", (since,))}
        old = [row for row in versions if row[0] in known]
        shop.run(f"INSERT OR REPLACE INTO orders VALUES ({', '.join('?' * len(columns_of('orders')))})", old)


@fault("C5", "shop.orders", needs="a count of the source's keys by another way")
def deleted_and_back(shown: Shown, moment: Moment) -> None:
    """Rows are marked as deleted, and are back later with the time that they had before."""
    on_shop(
        shown,
        moment,
        "UPDATE orders SET deleted_at = datetime(?, '+1 minute'), updated_at = datetime(?, '+1 minute') "
        f"WHERE deleted_at IS NULL AND updated_at < ? AND {moment.chosen('id')}",
    )
