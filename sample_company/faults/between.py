"""Faults between feeds and of the source as a whole (F): each row looks right on its own."""

from dataclasses import replace
from datetime import UTC, datetime

from sample_company.faults.carrier_files import new_files, read_carrier
from sample_company.faults.fault import fault
from sample_company.faults.rows import on_shop, remove_new_orders
from sample_company.faults.shown import Moment, Shown

EVER = datetime.fromtimestamp(0, UTC)


@fault("F1", "shop.orders", others=("shop.payments",))
def parents_missing(shown: Shown, moment: Moment) -> None:
    """Payments come and their orders do not."""
    remove_new_orders(shown, moment)


@fault("F2", "carrier.shipments", others=("shop.orders",))
def children_missing(shown: Shown, moment: Moment) -> None:
    """Files are in order, but many new parcels are not in them; those of orders that had one go on."""
    faulty = new_files(shown, moment)
    sound = [path for path in shown.files("carrier", EVER) if path not in faulty]
    had = {line["order_no"] for path in sound for line in read_carrier(path).lines}
    for path in faulty:
        file = read_carrier(path)
        lines = tuple(line for line in file.lines if line["order_no"] in had or not moment.is_chosen(line["order_no"]))
        shown.rewrite(path, replace(file, lines=lines).honest().content())


@fault("F3", "shop.payments", after="corrects", others=("shop.orders",))
def totals_altered(shown: Shown, moment: Moment) -> None:
    """Payments are a tenth higher than their orders."""
    on_shop(
        shown,
        moment,
        f"UPDATE payments SET amount_cents = amount_cents * 11 / 10 WHERE updated_at > ? AND {moment.chosen('id')}",
    )


@fault("F5", "shop.orders")
def restored_from_backup(shown: Shown, moment: Moment) -> None:
    """The database is that of three days before."""
    shown.show_database("shop/shop.db", max(moment.begun_day - 3, 0))


@fault("F6", "shop.orders", after="stays")
def all_rows_stamped(shown: Shown, moment: Moment) -> None:
    """Every row was stamped with one new time of change; what changes later bears its own."""
    on_shop(
        shown,
        moment,
        "UPDATE orders SET updated_at = datetime(?, '+3 hours') WHERE updated_at < datetime(?, '+3 hours')",
    )


@fault("F7", "shop.accounts", after="corrects")
def accounts_share_addresses(shown: Shown, moment: Moment) -> None:
    """Accounts were merged: many have the e-mail address of one."""
    on_shop(
        shown,
        moment,
        "UPDATE customers SET email = (SELECT min(email) FROM customers), updated_at = datetime(?, '+2 hours') "
        f"WHERE updated_at < ? AND deleted_at IS NULL AND {moment.chosen('id')}",
    )


@fault("F8", "shop.orders")
def own_rows_come_back(shown: Shown, moment: Moment) -> None:
    """Rows that we wrote to the shop are read as the shop's."""
    on_shop(
        shown,
        moment,
        "INSERT INTO orders SELECT (id + 80000000) AS id, customer_id, email, phone, ship_name, ship_address, "
        "ship_city, ship_zip, ship_country, created_at, updated_at, financial_status, fulfillment_status, "
        "cancelled_at, channel, currency, subtotal_cents, discount_cents, shipping_cents, tax_cents, refunded_cents, "
        "total_cents, 'C360-SYNC', employee_id, deleted_at FROM orders "
        f"WHERE updated_at > ? AND id < 10000000 AND {moment.chosen('id')}",
    )
