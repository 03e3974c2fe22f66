"""Faults of completeness and cursors (B): rows that never come, or come where nobody looks any more."""

from datetime import timedelta
from http import HTTPStatus

import pyarrow.parquet as pq

from sample_company.faults.answers import ACTIVITY, TICKETS, Document, changing, ending_after
from sample_company.faults.carrier_files import new_files
from sample_company.faults.fault import fault
from sample_company.faults.rows import on_services, on_shop, remove_new_orders, restore_orders
from sample_company.faults.shown import Moment, Shown
from sample_company.orders import FIRST_ORDER
from sample_company.server import Answer, Interference
from sample_company.shop import columns_of, open_shop
from sample_company.state import write_table

_PROBE = "a count of the source's keys by another way"
# Orders that the company has wrong on purpose are held by every reader.
_IS_RIGHT = (
    "financial_status IN ('pending', 'paid', 'partially_refunded', 'refunded', 'voided') AND created_at < '2100'"
)


@fault("B1", "carrier.shipments")
def file_is_cut(shown: Shown, moment: Moment) -> None:
    """Files end in the middle of a line."""
    for file in new_files(shown, moment):
        content = file.read_bytes()
        shown.rewrite(file, content[: max(1, int(len(content) * (1 - moment.severity * 0.6)))])


@fault("B1", "website.registrations")
def file_without_end_is_cut(shown: Shown, moment: Moment) -> None:
    """Files without a trailer end in the middle of a line."""
    for file in shown.files("website", moment.begun):
        content = file.read_bytes()
        shown.rewrite(file, content[: max(1, int(len(content) * (1 - moment.severity * 0.6)))])


@fault("B2", "carrier.shipments")
def read_while_written(shown: Shown, moment: Moment) -> None:
    """The newest file is half written when it is read, and whole a day later."""
    files = new_files(shown, moment)
    if files:
        content = files[-1].read_bytes()
        shown.rewrite(files[-1], content[: len(content) // 2])


@fault("B3", "carrier.shipments")
def file_of_the_sequence_lost(shown: Shown, moment: Moment) -> None:
    """One file never comes; those after it do."""
    files = new_files(shown, moment)
    if files:
        files[0].unlink()


@fault("B4", "helpdesk.tickets", needs=_PROBE)
def equal_times_at_a_page_edge(shown: Shown, moment: Moment) -> None:
    """Rows of one second lie across the edge of a page, and the next page starts after that second."""
    on_services(
        shown,
        moment,
        "UPDATE tickets SET generated_timestamp = (SELECT max(generated_timestamp) FROM tickets) "
        "WHERE generated_timestamp > ?",
    )

    def skip(document: Document) -> Document:
        last = max((ticket["generated_timestamp"] for ticket in document["tickets"]), default=0)
        tied = [ticket for ticket in document["tickets"] if ticket["generated_timestamp"] == last]
        kept = len(document["tickets"]) - int(len(tied) * moment.severity)
        return document | {"tickets": document["tickets"][:kept], "count": kept}

    shown.interference = changing(TICKETS, skip)


@fault("B5", "shop.orders", after="commits", needs=_PROBE)
def late_commits(shown: Shown, moment: Moment) -> None:
    """Transactions commit days after the time that their rows bear; until then all see the rows as they were."""
    restore_orders(shown, moment)


@fault("B6", "shop.orders", after="stays", needs=_PROBE)
def updates_do_not_touch_the_cursor(shown: Shown, moment: Moment) -> None:
    """Rows change and their time of change does not."""
    on_shop(
        shown,
        moment,
        "UPDATE orders SET shipping_cents = shipping_cents + 100, total_cents = total_cents + 100 "
        f"WHERE updated_at < ? AND total_cents IS NOT NULL AND {moment.chosen('id')}",
    )


@fault("B7", "helpdesk.tickets")
def same_page_every_time(shown: Shown, moment: Moment) -> None:
    """The export answers with the same rows whatever is asked."""
    begun = int(moment.begun.timestamp())

    def stand(document: Document) -> Document:
        known = [ticket for ticket in document["tickets"] if ticket["generated_timestamp"] <= begun]
        return document | {"tickets": known, "count": len(known), "end_of_stream": True}

    shown.interference = changing(TICKETS, stand)


@fault("B11", "shop.orders", after="stays", needs=_PROBE)
def backdated_rows(shown: Shown, moment: Moment) -> None:
    """Orders of forty days ago are entered with the times of then."""
    with open_shop(f"sqlite:///{shown.chronicle.day(moment.begun_day) / 'shop/shop.db'}") as before:
        entered = before.rows(
            "SELECT (id + 50000000) AS id, customer_id, email, phone, ship_name, ship_address, ship_city, ship_zip, "
            "ship_country, datetime(created_at, '-40 days'), datetime(updated_at, '-40 days'), financial_status, "
            "fulfillment_status, cancelled_at, channel, currency, subtotal_cents, discount_cents, shipping_cents, "
            "tax_cents, refunded_cents, total_cents, discount_code, employee_id, deleted_at FROM orders "
            f"WHERE deleted_at IS NULL AND total_cents IS NOT NULL AND {_IS_RIGHT} AND {moment.chosen('id')}"
        )
    with shown.shop() as shop:
        shop.run(f"INSERT INTO orders VALUES ({', '.join('?' * len(columns_of('orders')))})", entered)


@fault("B12", "shop.orders", after="stays", needs=_PROBE)
def hard_deletes(shown: Shown, moment: Moment) -> None:
    """Rows are deleted without a trace."""
    on_shop(shown, moment, f"DELETE FROM orders WHERE updated_at < ? AND {moment.chosen('id')}")


@fault("B13", "mailer.activity")
def pages_drift(shown: Shown, moment: Moment) -> None:
    """Rows are deleted in front of the page that is read next, so that it starts too late."""
    del moment

    def drift(target: str, answer: Answer) -> Answer:
        status, headers, body = answer
        if ACTIVITY not in target or isinstance(body, bytes) or status is not HTTPStatus.OK:
            return answer
        rows = body["activity"]
        return status, headers, body | {"activity": rows[1:] if "offset=0" not in target else rows[: len(rows) // 2]}

    shown.interference = drift


@fault("B14", "helpdesk.tickets")
def cap(shown: Shown, moment: Moment) -> None:
    """No answer has more than five rows, and each is said to be the last."""
    del moment
    shown.interference = ending_after(TICKETS, "tickets", 5)


@fault("B15", "shop.orders")
def a_country_is_hidden(shown: Shown, moment: Moment) -> None:
    """The account that reads no longer sees the orders of a country."""
    on_shop(
        shown,
        moment,
        "DELETE FROM orders WHERE ship_country = (SELECT ship_country FROM orders WHERE updated_at <= ? "
        "GROUP BY 1 ORDER BY count(*) DESC LIMIT 1)",
    )


@fault("B15", "helpdesk.tickets")
def part_is_forbidden(shown: Shown, moment: Moment) -> None:
    """The account may read the first page of the export and none after it."""
    del moment
    shown.interference = _after_half_a_page((HTTPStatus.FORBIDDEN, {}, {"error": "Forbidden"}))


@fault("B16", "helpdesk.tickets")
def too_many_requests(shown: Shown, moment: Moment) -> None:
    """After the first page every request is told to come back later."""
    del moment
    later = (HTTPStatus.TOO_MANY_REQUESTS, {"Retry-After": "3600"}, {"error": "Too Many Requests"})
    shown.interference = _after_half_a_page(later)


def _after_half_a_page(refusal: Answer) -> Interference:
    """The export's first page with half of its rows, and a refusal in place of every other."""

    def interfere(target: str, answer: Answer) -> Answer:
        status, headers, body = answer
        if TICKETS not in target or isinstance(body, bytes):
            return answer
        if "cursor=" in target:
            return refusal
        half = len(body["tickets"]) // 2
        return status, headers, body | {"tickets": body["tickets"][:half], "count": half, "end_of_stream": False}

    return interfere


@fault("B17", "website.registrations")
def lines_cannot_be_read(shown: Shown, moment: Moment) -> None:
    """Lines of a file without a trailer are no JSON."""
    for file in shown.files("website", moment.begun):
        lines = file.read_text(encoding="utf-8").splitlines()
        broken = [line[:-9] if moment.is_chosen(line) else line for line in lines]
        shown.rewrite(file, ("\n".join(broken) + "\n").encode())


@fault("B18", "shop.orders", needs="a heartbeat row, which the benchmark's contract asks for")
def lagging_replica(shown: Shown, moment: Moment) -> None:
    """The copy that is read is behind, and falls back further each day."""
    day = moment.begun_day + moment.step // 3
    shown.show_database("shop/shop.db", day)
    shown.beat(day, fed_until=day)


@fault("B19", "shop.orders", others=("shop.payments", "carrier.shipments"))
def volume_drops(shown: Shown, moment: Moment) -> None:
    """A part of the new rows is missing."""
    remove_new_orders(shown, moment)


@fault("B19", "shop.orders")
def volume_triples(shown: Shown, moment: Moment) -> None:
    """Three orders come where one would: two more under other numbers, of those who ordered long ago."""
    for number in (1, 2):
        on_shop(
            shown,
            moment,
            f"INSERT INTO orders SELECT (new.id + {number}0000000) AS id, old.customer_id, old.email, old.phone, "
            "old.ship_name, new.ship_address, new.ship_city, new.ship_zip, new.ship_country, new.created_at, "
            "new.updated_at, new.financial_status, new.fulfillment_status, new.cancelled_at, new.channel, "
            "new.currency, new.subtotal_cents, new.discount_cents, new.shipping_cents, new.tax_cents, "
            "new.refunded_cents, new.total_cents, new.discount_code, new.employee_id, new.deleted_at "
            "FROM orders new JOIN orders old "
            f"ON old.id = {FIRST_ORDER} + (7 * new.id + {number}31) % 500 "
            "WHERE new.updated_at > ? AND new.id < 10000000",
        )


@fault("B20", "bureau.profiles")
def full_list_is_nearly_empty(shown: Shown, moment: Moment) -> None:
    """A new full list has next to no rows."""
    folder = shown.folder / "bureau"
    whole = pq.read_table(max(folder.iterdir(), key=lambda file: (file.stat().st_mtime, file.name)), partitioning=None)
    file = folder / f"profiles_{moment.now:%Y%m}_{moment.step + 20}.parquet"
    write_table(file, whole.slice(0, int(whole.num_rows * (1 - moment.severity))))
    shown.add(file, file.read_bytes(), moment.now - timedelta(minutes=1))
