"""Faults of schema, type and encoding (D): the same facts in another shape."""

from dataclasses import replace

from sample_company.faults.answers import TICKETS, Document, each_record
from sample_company.faults.carrier_files import CarrierFile, change_lines, new_files, read_carrier
from sample_company.faults.fault import fault
from sample_company.faults.rows import on_shop, rewrite_text
from sample_company.faults.shown import Moment, Shown

_MONTH_FIRST = ("shipped", "promised", "delivered")


@fault("D1", "shop.orders")
def column_added(shown: Shown, moment: Moment) -> None:
    """The table has a new column."""
    on_shop(shown, moment, "ALTER TABLE orders ADD COLUMN loyalty_tier TEXT DEFAULT 'silver'")


@fault("D2", "shop.orders")
def column_dropped(shown: Shown, moment: Moment) -> None:
    """A column of the table is gone."""
    on_shop(shown, moment, "ALTER TABLE orders DROP COLUMN discount_code")


@fault("D2", "helpdesk.tickets", after="corrects")
def field_dropped(shown: Shown, moment: Moment) -> None:
    """Records no longer have a field."""
    del moment
    shown.interference = each_record(TICKETS, "tickets", lambda record: _without(record, "priority"))


@fault("D3", "helpdesk.tickets", after="corrects")
def field_renamed(shown: Shown, moment: Moment) -> None:
    """A field of the records has another name."""
    del moment
    shown.interference = each_record(
        TICKETS, "tickets", lambda record: _without(record, "priority") | {"urgency": record["priority"]}
    )


@fault("D3", "shop.orders")
def column_renamed(shown: Shown, moment: Moment) -> None:
    """A column of the table has another name."""
    on_shop(shown, moment, "ALTER TABLE orders RENAME COLUMN ship_city TO ship_town")


@fault("D4", "carrier.shipments", after="corrects")
def values_in_each_others_columns(shown: Shown, moment: Moment) -> None:
    """Two columns of a file have changed places and its column line has not."""
    change_lines(shown, moment, {"city": "{zip}", "zip": "{city}"})


@fault("D5", "shop.payments", after="corrects")
def numbers_as_people_write_them(shown: Shown, moment: Moment) -> None:
    """Amounts are text with a comma."""
    statement = "UPDATE payments SET amount_cents = '1,' || amount_cents WHERE updated_at > ? AND "
    on_shop(shown, moment, statement + moment.chosen("id"))


@fault("D6", "shop.orders", after="corrects")
def hundredfold(shown: Shown, moment: Moment) -> None:
    """Amounts come in another unit."""
    amounts = ("subtotal", "discount", "shipping", "tax", "refunded", "total")
    changes = ", ".join(f"{name}_cents = {name}_cents * 100" for name in amounts)
    on_shop(shown, moment, f"UPDATE orders SET {changes} WHERE updated_at > ? AND {moment.chosen('id')}")


@fault("D7", "shop.payments", after="corrects")
def new_code(shown: Shown, moment: Moment) -> None:
    """A status is used that nobody announced."""
    on_shop(shown, moment, f"UPDATE payments SET status = 'in_review' WHERE updated_at > ? AND {moment.chosen('id')}")


@fault("D8", "helpdesk.tickets", after="corrects")
def read_in_another_encoding(shown: Shown, moment: Moment) -> None:
    """Text was written in UTF-8 and read as Latin-1."""
    with shown.services() as services:
        known = services.execute("SELECT DISTINCT description FROM tickets").fetchall()
    damaged = {text: f"{text} — ça va?".encode().decode("latin-1") for (text,) in known if text}
    chosen = {text: value for text, value in damaged.items() if moment.is_chosen(text)}
    rewrite_text(shown, moment, "tickets", "description", chosen)


@fault("D8", "carrier.shipments", after="corrects")
def letters_become_question_marks(shown: Shown, moment: Moment) -> None:
    """Vowels of street names were replaced by question marks."""
    for path in new_files(shown, moment):
        file = read_carrier(path)
        damaged = str.maketrans("aeiou", "?????")
        lines = tuple(
            line | {"street": line["street"].translate(damaged)} if moment.is_chosen(line["shipment_no"]) else line
            for line in file.lines
        )
        shown.rewrite(path, replace(file, lines=lines).content())


@fault("D9", "carrier.shipments", after="corrects")
def amounts_rounded(shown: Shown, moment: Moment) -> None:
    """Amounts went through a whole number; the trailer has the sum of before."""
    for path in new_files(shown, moment):
        file = read_carrier(path)
        lines = tuple(
            line | {"freight": f"{round(float(line['freight'])):d}.00"}
            if line["freight"] and moment.is_chosen(line["shipment_no"])
            else line
            for line in file.lines
        )
        shown.rewrite(path, replace(file, lines=lines).content())


@fault("D9", "shop.orders", after="corrects")
def ids_through_a_float(shown: Shown, moment: Moment) -> None:
    """Customer numbers went through a number of few digits."""
    on_shop(
        shown,
        moment,
        "UPDATE orders SET customer_id = CAST(round(customer_id, -2) AS INTEGER) / 100 * 100 "
        f"WHERE customer_id IS NOT NULL AND updated_at > ? AND {moment.chosen('id')}",
    )


@fault("D10", "shop.orders", after="corrects")
def text_is_cut(shown: Shown, moment: Moment) -> None:
    """Addresses end after ten letters."""
    on_shop(
        shown,
        moment,
        f"UPDATE orders SET ship_address = substr(ship_address, 1, 10) WHERE updated_at > ? AND {moment.chosen('id')}",
    )


@fault("D11", "carrier.shipments", after="corrects")
def quote_not_escaped(shown: Shown, moment: Moment) -> None:
    """A quote stands in the middle of a value."""
    for path in new_files(shown, moment):
        head, columns, *lines, trailer = path.read_text(encoding="utf-8").splitlines()
        broken = [_quoted(line) if moment.is_chosen(line.split(",")[0]) else line for line in lines]
        shown.rewrite(path, ("\n".join((head, columns, *broken, trailer)) + "\n").encode())


@fault("D12", "carrier.shipments", after="corrects")
def month_first(shown: Shown, moment: Moment) -> None:
    """Dates have the month before the day."""
    for path in new_files(shown, moment):
        file = read_carrier(path)
        shown.rewrite(path, replace(file, lines=tuple(_month_first(file, line) for line in file.lines)).content())


def _month_first(file: CarrierFile, line: dict[str, str]) -> dict[str, str]:
    def swapped(text: str) -> str:
        day, month, rest = text.split("/", 2) if text.count("/") == 2 else ("", "", "")
        return f"{month}/{day}/{rest}" if rest else text

    return line | {name: swapped(line[name]) for name in _MONTH_FIRST if name in file.columns}


def _quoted(line: str) -> str:
    cells = line.split(",")
    return ",".join([*cells[:4], f'"{cells[4][:3]}"{cells[4][3:]}', *cells[5:]])


def _without(record: Document, name: str) -> Document:
    return {key: value for key, value in record.items() if key != name}
