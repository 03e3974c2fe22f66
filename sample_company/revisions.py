"""What a later day changes about the past: events that were due, late rows, corrections, repairs and deletions."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_company import contacts, helpdesk, orders, services, stories
from sample_company.columns import Ints, ints, known, replaced, some, times, where
from sample_company.delivery import Delivery, deliver_profiles, standing_alone
from sample_company.happenings import Volumes, buyers, happen, ordinary

LATE_SECONDS = 30 * 60  # no late row lies further behind the newest one that readers may have seen
_LATE_ORDERS, _LATE_ACTIONS = 3, 3
_BUREAU_EVERY_DAYS = 7
_BUREAU_CHANGED, _BUREAU_REMOVED = 0.02, 0.002
_GOODWILL_CENTS = 100


def ordinary_day(delivery: Delivery, newcomers: Ints, begin: int, end: int, volumes: Volumes) -> None:
    """One later day from begin (exclusive) to end (inclusive), in seconds."""
    # Lateness is measured against what yesterday's readers saw, so it comes before today's rows.
    _late_orders(delivery, begin, end)
    _late_actions(delivery, begin, end)
    _catch_up_with_orders(delivery, begin, end)
    _catch_up_with_tickets(delivery, begin, end)
    happen(delivery, newcomers, begin, end, volumes)
    _correct_addresses(delivery, begin, end)
    _correct_amounts(delivery, begin, end)
    _repair(delivery, end)
    _delete(delivery, begin, end)
    if delivery.company.day % _BUREAU_EVERY_DAYS == 0:
        _new_profiles(delivery, newcomers)


def _due(table: pa.Table, columns: tuple[str, ...], begin: int, end: int) -> pa.Table:
    """Rows with an event in (begin, end]."""
    touched = np.zeros(table.num_rows, dtype=np.bool_)
    for name in columns:
        moment = ints(table[name])
        touched |= (moment > begin) & (moment <= end)
    return table.filter(pa.array(touched)).combine_chunks()


def _catch_up_with_orders(delivery: Delivery, begin: int, end: int) -> None:
    """Orders are paid, shipped, delivered, cancelled, refunded; payments clear."""
    due = orders.orders_as_of(_due(delivery.remembered("orders"), orders.ORDER_EVENTS, begin, end), end)
    delivery.shop.change(
        "orders", due, ("financial_status", "fulfillment_status", "cancelled_at", "refunded_cents", "updated_at")
    )
    delivery.wrote("shop.orders", due.num_rows)
    payments = _due(delivery.remembered("payments"), orders.PAYMENT_EVENTS, begin, end)
    shown = orders.payments_as_of(payments, end)
    delivery.shop.put("payments", shown)
    delivery.wrote("shop.payments", shown.num_rows, new=int((ints(shown["occurred"]) > begin).sum()))


def _catch_up_with_tickets(delivery: Delivery, begin: int, end: int) -> None:
    """Tickets are answered, solved, closed by the nightly run or deleted; comments arrive."""
    tickets, comments = delivery.remembered("tickets"), delivery.remembered("comments")
    said = helpdesk.comments_as_of(_due(comments, ("created",), begin, end), end)
    touched = np.union1d(ints(_due(tickets, helpdesk.TICKET_EVENTS, begin, end)["id"]), ints(said["ticket_id"]))
    shown = helpdesk.tickets_as_of(tickets.filter(pa.array(np.isin(ints(tickets["id"]), touched))), comments, end)
    services.put(delivery.services, "tickets", shown)
    services.put(delivery.services, "comments", said)
    delivery.wrote("helpdesk.tickets", shown.num_rows)
    delivery.wrote("helpdesk.comments", said.num_rows, new=said.num_rows)
    gone = _due(tickets, ("deleted",), begin, end).num_rows
    delivery.truth.feed("helpdesk.tickets")["deleted"] += gone
    delivery.deleted["helpdesk.tickets"] = gone
    ahead = np.union1d(
        ints(orders.unfinished(tickets, helpdesk.TICKET_EVENTS, end)["id"]),
        ints(orders.unfinished(comments, ("created",), end)["ticket_id"]),
    )
    delivery.remember("tickets", tickets.filter(pa.array(np.isin(ints(tickets["id"]), ahead))))
    delivery.remember("comments", comments.filter(pa.array(np.isin(ints(comments["ticket_id"]), ahead))))


def _newest_order(delivery: Delivery, begin: int) -> int:
    """Newest change of an order up to the last clock; rows dated in the far future do not count."""
    moment = delivery.shop.moment(begin)
    (newest,) = delivery.shop.rows("SELECT max(updated_at) FROM orders WHERE updated_at <= ?", (moment,))[0]
    when = datetime.fromisoformat(newest).replace(tzinfo=UTC) if isinstance(newest, str) else newest
    return int(when.timestamp())


def _late_orders(delivery: Delivery, begin: int, end: int) -> None:
    """Orders that a slow till sends today although they lie just behind the newest order of yesterday."""
    rng = delivery.rng("late orders")
    newest = _newest_order(delivery, begin)
    moments = np.sort(newest - rng.integers(60, LATE_SECONDS, _LATE_ORDERS))
    customers = delivery.remembered("customers")
    living = (
        customers.filter(pa.array(ordinary(delivery, customers)))
        .filter(pc.field("deleted_at").is_null())
        .combine_chunks()
    )
    sales = orders.place(delivery.company, rng, buyers(delivery, rng, living, moments), moments, quiet_until=end + 600)
    shown, paid = orders.orders_as_of(sales.orders, end), orders.payments_as_of(sales.payments, end)
    for name, rows in (("orders", shown), ("order_lines", sales.lines), ("payments", paid)):
        delivery.shop.put(name, rows)
        delivery.wrote(f"shop.{name}", rows.num_rows, new=rows.num_rows)
    delivery.truth.belongs("shop", "orders", *standing_alone(shown, "customer_id"), delivery.everyone)
    for name, rows in (("orders", sales.orders), ("payments", sales.payments), ("parcels", sales.parcels)):
        delivery.remember(name, pa.concat_tables([delivery.remembered(name), rows]).combine_chunks())
    delivery.late["shop.orders"] = shown.num_rows


def _late_actions(delivery: Delivery, begin: int, end: int) -> None:
    """Opens and clicks that the mailer learns of today although they lie just behind its newest action."""
    activity = delivery.remembered("activity")
    rows = np.flatnonzero((ints(activity["moment"]) > begin) & (ints(activity["moment"]) <= end))[:_LATE_ACTIONS]
    newest = delivery.services.execute("SELECT max(timestamp) FROM activity").fetchone()[0]
    if not len(rows) or not newest:
        return
    stamp = int(pc.strptime(pa.array([newest]), format=services.ISO, unit="s").cast(pa.int64())[0].as_py())
    moments = stamp - delivery.rng("late actions").integers(30, LATE_SECONDS, len(rows))
    column = replaced(activity["moment"].combine_chunks(), rows, pa.array(moments))
    delivery.remember("activity", activity.set_column(activity.column_names.index("moment"), "moment", column))
    delivery.late["mailer.activity"] = len(rows)


def _moments(delivery: Delivery, topic: str, count: int, begin: int, end: int) -> Ints:
    return end - delivery.rng(topic).integers(0, max(1, end - begin), count)


def _correct_addresses(delivery: Delivery, begin: int, end: int) -> None:
    """People who moved or married tell the shop."""
    customers, everyone = delivery.remembered("customers"), delivery.everyone
    who = ints(customers["person"])
    true = everyone.take(pa.array(who)).combine_chunks()
    stale = known(true["former_street"].combine_chunks()) | known(true["former_family_name"].combine_chunks())
    stale &= ~np.isin(ints(customers["id"]), _bad_numbers(delivery, "shop.customers"))
    rows = np.flatnonzero(stale & ~known(customers["deleted_at"].combine_chunks()))
    rows = some(delivery.rng("corrected customers"), rows, max(2, delivery.company.customers // 1000))
    own, person = customers.take(pa.array(rows)).combine_chunks(), true.take(pa.array(rows)).combine_chunks()
    moved = known(person["former_street"].combine_chunks())
    fixed = {
        field: where(moved, person[truth].combine_chunks(), own[field].combine_chunks())
        for field, truth in (("address1", "street"), ("city", "city"), ("province", "region"), ("zip", "postal_code"))
    }
    married = known(person["former_family_name"].combine_chunks())
    fixed["last_name"] = where(married, person["family_name"].combine_chunks(), own["last_name"].combine_chunks())
    fixed["address2"] = where(moved, pa.scalar(None, pa.string()), own["address2"].combine_chunks())
    moments = _moments(delivery, "when corrected", len(rows), begin, end)
    changed = pa.table({"id": own["id"], **fixed, "updated_at": times(moments)})
    delivery.shop.change("customers", changed, (*fixed, "updated_at"))
    delivery.wrote("shop.customers", len(rows))
    for field in fixed:
        column = replaced(customers[field].combine_chunks(), rows, fixed[field])
        customers = customers.set_column(customers.column_names.index(field), field, column)
    delivery.remember("customers", customers)


def _bad_numbers(delivery: Delivery, feed: str) -> Ints:
    """Numbers of the records that are wrong on purpose; of order lines the number of the order."""
    return np.array([int(key.split("|")[0]) for key in sorted(delivery.truth.bad_ids(feed))], dtype=np.int64)


def _settled_orders(delivery: Delivery, extra: str) -> Ints:
    """Orders to which nothing more happens and that are neither wrong on purpose nor part of a story."""
    found = np.array(
        [row[0] for row in delivery.shop.rows(f"SELECT id FROM orders WHERE deleted_at IS NULL {extra} ORDER BY id")],
        dtype=np.int64,
    )
    bad, spoiled = _bad_numbers(delivery, "shop.orders"), _bad_numbers(delivery, "shop.order_lines")
    open_ids = ints(delivery.remembered("orders")["id"])
    return found[~np.isin(found, np.concatenate([bad, spoiled, open_ids, [stories.REFERENCE_ORDER]]))]


def _correct_amounts(delivery: Delivery, begin: int, end: int) -> None:
    """A goodwill discount is booked on some finished orders: order and first line change, the total still balances."""
    candidates = _settled_orders(
        delivery, "AND financial_status = 'paid' AND refunded_cents = 0 AND total_cents > 1000"
    )
    chosen = some(delivery.rng("corrected orders"), candidates, max(2, delivery.company.customers // 2000))
    moments = _moments(delivery, "when amounts", len(chosen), begin, end)
    stamps = [delivery.shop.moment(moment) for moment in moments.tolist()]
    delivery.shop.run(
        "UPDATE orders SET discount_cents = discount_cents + ?, total_cents = total_cents - ?, updated_at = ? "
        "WHERE id = ?",
        [
            (_GOODWILL_CENTS, _GOODWILL_CENTS, stamp, number)
            for stamp, number in zip(stamps, chosen.tolist(), strict=True)
        ],
    )
    delivery.shop.run(
        "UPDATE order_lines SET discount_cents = discount_cents + ?, updated_at = ? WHERE order_id = ? AND line_no = 1",
        [(_GOODWILL_CENTS, stamp, number) for stamp, number in zip(stamps, chosen.tolist(), strict=True)],
    )
    delivery.wrote("shop.orders", len(chosen))
    delivery.wrote("shop.order_lines", len(chosen))


def _repair(delivery: Delivery, end: int) -> None:
    """A third of the orders without amounts get them back, summed from their lines."""
    feed = delivery.truth.feed("shop.orders")
    missing = [mistake for mistake in feed["bad"] if mistake["reason"] == "amount missing"]
    broken_lines = {key.split("|")[0] for key in delivery.truth.bad_ids("shop.order_lines")}
    chosen = [mistake for mistake in missing if mistake["record_id"] not in broken_lines][: max(1, len(missing) // 3)]
    stamp = delivery.shop.moment(end)
    numbers = [int(mistake["record_id"]) for mistake in chosen]
    delivery.shop.run(
        "UPDATE orders SET subtotal_cents = (SELECT sum(quantity * unit_price_cents) FROM order_lines WHERE "
        "order_id = ?), updated_at = ? WHERE id = ?",
        [(number, stamp, number) for number in numbers],
    )
    delivery.shop.run(
        "UPDATE orders SET total_cents = subtotal_cents - discount_cents + shipping_cents + tax_cents WHERE id = ?",
        [(number,) for number in numbers],
    )
    feed["bad"] = [mistake for mistake in feed["bad"] if mistake not in chosen]
    feed["corrected"] += chosen
    delivery.wrote("shop.orders", len(numbers))


def _delete(delivery: Delivery, begin: int, end: int) -> None:
    """Customers ask to be forgotten, orders are withdrawn, tickets are deleted; each leaves a tombstone."""
    rng = delivery.rng("deletions")
    customers = delivery.remembered("customers")
    living = ~known(customers["deleted_at"].combine_chunks()) & ordinary(delivery, customers)
    living &= ~np.isin(ints(customers["id"]), _bad_numbers(delivery, "shop.customers"))
    rows = some(rng, np.flatnonzero(living), max(1, delivery.company.customers // 1500))
    moments = _moments(delivery, "when customers leave", len(rows), begin, end)
    gone = pa.table(
        {"id": customers["id"].take(pa.array(rows)), "updated_at": times(moments), "deleted_at": times(moments)}
    )
    delivery.shop.change("customers", gone, ("updated_at", "deleted_at"))
    column = replaced(customers["deleted_at"].combine_chunks(), rows, times(moments))
    delivery.remember(
        "customers", customers.set_column(customers.column_names.index("deleted_at"), "deleted_at", column)
    )

    numbers = some(rng, _settled_orders(delivery, ""), max(1, delivery.company.customers // 2000))
    moments = _moments(delivery, "when orders go", len(numbers), begin, end)
    delivery.shop.change(
        "orders",
        pa.table({"id": numbers, "updated_at": times(moments), "deleted_at": times(moments)}),
        ("updated_at", "deleted_at"),
    )

    bad = ",".join(sorted(delivery.truth.bad_ids("helpdesk.tickets"))) or "0"
    closed = delivery.services.execute(
        f"SELECT id FROM tickets WHERE status = 'closed' AND id NOT IN ({bad}) ORDER BY id"
    ).fetchall()
    tickets = some(rng, np.array([row[0] for row in closed], dtype=np.int64), 1)
    stamp = int(end - rng.integers(0, max(1, min(end - begin, 3600))))
    iso = pc.strftime(times(np.array([stamp])), format=services.ISO)[0].as_py()
    delivery.services.executemany(
        "UPDATE tickets SET status = 'deleted', updated_at = ?, generated_timestamp = ? WHERE id = ?",
        [(iso, stamp, number) for number in tickets.tolist()],
    )
    for name, count in (
        ("shop.customers", len(rows)),
        ("shop.orders", len(numbers)),
        ("helpdesk.tickets", len(tickets)),
    ):
        delivery.truth.feed(name)["deleted"] += count
        delivery.deleted[name] = delivery.deleted.get(name, 0) + count
        delivery.wrote(name, count)


def _new_profiles(delivery: Delivery, newcomers: Ints) -> None:
    """The bureau's next snapshot: some bands change, a few people opt out, newcomers appear."""
    rng, before = delivery.rng("profiles"), delivery.remembered("profiles")
    stay = rng.random(before.num_rows) >= _BUREAU_REMOVED
    profiles = before.filter(pa.array(stay)).combine_chunks()
    rows = some(rng, np.arange(profiles.num_rows), max(1, int(profiles.num_rows * _BUREAU_CHANGED)))
    bands = pa.array(
        [contacts.INCOME_BANDS[number] for number in rng.integers(0, len(contacts.INCOME_BANDS), len(rows))]
    )
    day = np.datetime64(delivery.company.today)
    fresh = {"income_band": bands, "observed_on": pa.array(np.full(len(rows), day - 1, dtype="datetime64[D]"))}
    for field, values in fresh.items():
        profiles = profiles.set_column(
            profiles.column_names.index(field), field, replaced(profiles[field].combine_chunks(), rows, values)
        )
    extra = contacts.profiles(delivery.company, rng, delivery.everyone, newcomers, day)
    profiles = stories.added(profiles, extra.to_pylist())
    feed = delivery.truth.feed("bureau.profiles")
    feed["records"] += extra.num_rows
    gone = int((~stay).sum())
    feed["deleted"] += gone
    delivery.deleted["bureau.profiles"] = gone
    deliver_profiles(delivery, profiles)
