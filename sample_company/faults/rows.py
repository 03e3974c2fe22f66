"""Statements on the rows that the systems show, for faults that change them."""

import sqlite3

from sample_company.faults.shown import Moment, Shown
from sample_company.shop import columns_of


def on_shop(shown: Shown, moment: Moment, *statements: str) -> None:
    """Run statements on the shop's database; each `?` is the moment at which all was still in order."""
    with shown.shop() as shop:
        since = shop.moment(int(moment.begun.timestamp()))
        for statement in statements:
            shop.run(statement, [(since,) * statement.count("?")])


def remove_new_orders(shown: Shown, moment: Moment) -> None:
    """Leave out the share that is hit of the orders placed since; those that were always dated wrong stay."""
    on_shop(shown, moment, f"DELETE FROM orders WHERE created_at > ? AND created_at < '2100' AND {moment.chosen('id')}")


def restore_orders(shown: Shown, moment: Moment) -> None:
    """Show the share that is hit of the orders changed since as they were before, and those placed since not at all.

    The newest changes of each day are shown in any case: they lead readers past the others, and stay shown.
    """
    names = ", ".join(f'"{name}"' for name in columns_of("orders"))
    insert = f"INTO orders ({names}) VALUES ({', '.join('?' * len(columns_of('orders')))})"
    before = _orders_of(shown, moment.begun_day, f"SELECT {names} FROM orders")
    newest = f"SELECT {names} FROM orders WHERE updated_at = (SELECT max(updated_at) FROM orders)"
    led = [row for day in range(moment.begun_day + 1, moment.day) for row in _orders_of(shown, day, newest)]
    with shown.shop() as shop:
        since = shop.moment(int(moment.begun.timestamp()))
        is_hidden = f"updated_at > ? AND updated_at < (SELECT max(updated_at) FROM orders) AND {moment.chosen('id')}"
        hidden = {key for (key,) in shop.rows(f"SELECT id FROM orders WHERE {is_hidden}", (since,))}
        shop.run(f"DELETE FROM orders WHERE {is_hidden}", [(since,)])
        shop.run(f"INSERT OR IGNORE {insert}", before)
        shop.run(f"INSERT OR REPLACE {insert}", [row for row in led if row[0] in hidden])


def freeze_orders(shown: Shown, moment: Moment) -> None:
    """Show the share that is hit of the orders as they were when all was still in order, those placed since not at all.

    Those of the last three days before come again under a new time each day.
    """
    names = ", ".join(f'"{name}"' for name in columns_of("orders"))
    before = _orders_of(shown, moment.begun_day, f"SELECT {names} FROM orders WHERE {moment.chosen('id')}")
    with shown.shop() as shop:
        shop.run(f"DELETE FROM orders WHERE {moment.chosen('id')}", [()])
        shop.run(f"INSERT INTO orders ({names}) VALUES ({', '.join('?' * len(columns_of('orders')))})", before)
    on_shop(
        shown,
        moment,
        f"UPDATE orders SET updated_at = datetime(?, '+{moment.step} days', '+20 hours') "
        f"WHERE updated_at > datetime(?, '-3 days') AND {moment.chosen('id')}",
    )


def _orders_of(shown: Shown, day: int, statement: str) -> list[tuple[object, ...]]:
    """Rows of the shop's database as it truly was on a day."""
    former = sqlite3.connect(f"file:{shown.chronicle.day(day) / 'shop' / 'shop.db'}?mode=ro", uri=True)
    try:
        return former.execute(statement).fetchall()
    finally:
        former.close()


def on_services(shown: Shown, moment: Moment, *statements: str) -> None:
    """Run statements on the services' database; each `?` is the moment, in epoch seconds, at which all was in order."""
    with shown.services() as services:
        for statement in statements:
            services.execute(statement, (int(moment.begun.timestamp()),) * statement.count("?"))


def rewrite_text(shown: Shown, moment: Moment, table: str, column: str, change: dict[str, str]) -> None:
    """Give texts of a services table another value, wherever a row that is hit has one of `change`'s keys."""
    with shown.services() as services:
        services.executemany(
            f'UPDATE "{table}" SET "{column}" = ? WHERE "{column}" = ? AND generated_timestamp > ?',
            [(new, old, int(moment.begun.timestamp())) for old, new in change.items()],
        )
