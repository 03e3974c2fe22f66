"""Faults of values, meaning and identity (E): well-formed rows that are not so."""

import shutil

from sample_company import company
from sample_company.faults.carrier_files import change_lines
from sample_company.faults.fault import fault
from sample_company.faults.rows import freeze_orders, on_shop
from sample_company.faults.shown import Moment, Shown
from sample_company.shop import open_shop

_OTHER_SEED = 1_000_003


@fault("E1", "shop.orders", after="corrects")
def defaults_flood(shown: Shown, moment: Moment) -> None:
    """One postal code stands everywhere."""
    on_shop(shown, moment, f"UPDATE orders SET ship_zip = '00000' WHERE updated_at > ? AND {moment.chosen('id')}")


@fault("E2", "shop.orders", after="corrects")
def nulls_flood(shown: Shown, moment: Moment) -> None:
    """E-mail addresses are empty."""
    on_shop(shown, moment, f"UPDATE orders SET email = NULL WHERE updated_at > ? AND {moment.chosen('id')}")


@fault("E3", "shop.payments", after="corrects", others=("shop.orders",))
def values_move(shown: Shown, moment: Moment) -> None:
    """Amounts are nearly twice what they are."""
    on_shop(
        shown,
        moment,
        f"UPDATE payments SET amount_cents = amount_cents * 18 / 10 WHERE updated_at > ? AND {moment.chosen('id')}",
    )


@fault("E4", "shop.orders", after="corrects")
def keys_used_again(shown: Shown, moment: Moment) -> None:
    """Numbers of old orders are given to new ones, a quarter of them each day.

    What changes later bears the time of that: updates that do not touch the cursor are another mode.
    """
    at = "datetime(?, '+1 hour', (id % 4) || ' days')"
    on_shop(
        shown,
        moment,
        f"UPDATE orders SET created_at = {at}, updated_at = max(updated_at, {at}), "
        "ship_name = 'Maud Ellery', email = 'maud.ellery@letters.example', customer_id = NULL "
        f"WHERE created_at < datetime(?, '-30 days') AND id % 4 <= {moment.step} AND {moment.chosen('id')}",
    )


@fault("E5", "carrier.shipments", after="corrects", others=("shop.orders",))
def keys_in_another_form(shown: Shown, moment: Moment) -> None:
    """Order numbers have another form than before."""
    change_lines(shown, moment, {"order_no": "HL-{order_no}-7"})


@fault("E6", "carrier.shipments", after="corrects")
def code_table_is_old(shown: Shown, moment: Moment) -> None:
    """The carrier has a new status that our table of codes does not know."""
    change_lines(shown, moment, {"status": "PU"})


@fault("E7", "shop.orders")
def test_orders(shown: Shown, moment: Moment) -> None:
    """Somebody tries the shop out where customers are."""
    on_shop(
        shown,
        moment,
        "INSERT INTO orders SELECT (id + 70000000) AS id, NULL, 'test@example.com', phone, 'Test Test', ship_address, "
        "ship_city, ship_zip, ship_country, created_at, updated_at, financial_status, fulfillment_status, "
        "cancelled_at, channel, currency, subtotal_cents, discount_cents, shipping_cents, tax_cents, refunded_cents, "
        "total_cents, discount_code, employee_id, deleted_at FROM orders "
        f"WHERE updated_at > ? AND id < 10000000 AND {moment.chosen('id')}",
    )


@fault("E8", "shop.orders")
def another_shop(shown: Shown, moment: Moment) -> None:
    """The address leads to another shop's database."""
    folder = shown.folder / "another"
    if not (folder / "state" / "company.json").exists():
        shutil.rmtree(folder, ignore_errors=True)
        company.create(folder, customers=60, seed=_OTHER_SEED, start=moment.begun.date())
    with open_shop(f"sqlite:///{folder / 'shop' / 'shop.db'}") as shop:
        shop.run("CREATE TABLE IF NOT EXISTS pulse (beat_at, fed_until)", [()])
        shop.run("DELETE FROM pulse", [()])
        shop.run("INSERT INTO pulse VALUES (?, ?)", [(moment.now.isoformat(), moment.now.isoformat())])
    shown.environment["C360_SHOP_URL"] = f"sqlite:///{folder / 'shop' / 'shop.db'}"


@fault("E9", "shop.orders")
def frozen_rows(shown: Shown, moment: Moment) -> None:
    """Rows of before come again under new times, and nothing in them has changed."""
    freeze_orders(shown, moment)


@fault("E10", "carrier.shipments", after="corrects")
def delivered_before_shipped(shown: Shown, moment: Moment) -> None:
    """Parcels are delivered years before they are sent."""
    change_lines(shown, moment, {"delivered": "01/01/2020 10:00"})


@fault("E10", "shop.orders", after="corrects")
def refunds_above_totals(shown: Shown, moment: Moment) -> None:
    """More is paid back than was paid."""
    on_shop(
        shown,
        moment,
        "UPDATE orders SET refunded_cents = total_cents * 3 + 100, financial_status = 'refunded' "
        f"WHERE updated_at > ? AND {moment.chosen('id')}",
    )
