"""All faults by name, and how a source is healed of them."""

import os
from datetime import datetime, timedelta

from sample_company.faults import (
    arrival,
    between,
    completeness,
    contents,
    operation,
    repeats,
    shapes,
)
from sample_company.faults.fault import FAULTS, Fault, fault
from sample_company.faults.shown import Moment, Shown

__all__ = ["MODULES", "NOOP", "all_faults", "heal"]

MODULES = (arrival, completeness, repeats, shapes, contents, between, operation)
_TABLES = {
    "shop.orders": "orders",
    "shop.payments": "payments",
    "shop.accounts": "customers",
}
_BEFORE_READING = timedelta(minutes=1)
# Readers ask for what lies a little behind too, and got that wrong as well.
_SENT_TWICE = timedelta(hours=1)
_FOLDERS = {"carrier.shipments": "carrier", "website.registrations": "website", "bureau.profiles": "bureau"}


@fault("-", "shop.orders")
def nothing(shown: Shown, moment: Moment) -> None:
    """Nothing is wrong."""
    del shown, moment


NOOP: Fault = FAULTS["nothing"]


def all_faults() -> dict[str, Fault]:
    """Name → fault, without the one that does nothing, in the order of the modes."""
    named = (item for item in FAULTS.items() if item[1] is not NOOP)
    return dict(sorted(named, key=lambda item: (item[1].mode[0], int(item[1].mode[1:]), item[0])))


def heal(fault: Fault, shown: Shown, moment: Moment, healed_day: int) -> None:
    """What a source shows on a day after the fault, on top of the truth.

    `moment` is the day's own; `healed_day` the first on which the fault was gone. A source that corrects itself sends
    on that day, once, all that it sent wrong; one for which the change was true goes on showing it.
    """
    if fault.after == "stays":
        fault.act(shown, moment)
    if fault.after == "corrects":
        _send_again(fault, shown, moment, shown.chronicle.read_at(healed_day) - _BEFORE_READING)


def _send_again(fault: Fault, shown: Shown, moment: Moment, healed_at: datetime) -> None:
    now, begun = healed_at.timestamp(), (moment.begun - _SENT_TWICE).timestamp()
    if fault.feed in _FOLDERS:
        for file in (shown.folder / _FOLDERS[fault.feed]).iterdir():
            if begun < file.stat().st_mtime < now:
                os.utime(file, (now, now))
    elif fault.feed in _TABLES:
        _stamp_what_was_wrong(fault, shown, moment, healed_at)
    else:
        with shown.services() as services:
            services.execute(
                "UPDATE tickets SET generated_timestamp = ? WHERE generated_timestamp > ? AND generated_timestamp < ?",
                (int(now), int(begun), int(now)),
            )


def _stamp_what_was_wrong(fault: Fault, shown: Shown, moment: Moment, healed_at: datetime) -> None:
    """Rows that the fault would show otherwise get the time of healing, unless they changed after it."""
    table = _TABLES[fault.feed]
    true = _rows(shown, table)
    fault.act(shown, moment)
    wrong = [key for key, row in _rows(shown, table).items() if true.get(key, row) != row]
    shown.show(moment.day)
    with shown.shop() as shop:
        stamp = shop.moment(int(healed_at.timestamp()))
        shop.run(
            f'UPDATE "{table}" SET updated_at = ? WHERE id = ? AND updated_at < ?',
            [(stamp, key, stamp) for key in wrong],
        )


def _rows(shown: Shown, table: str) -> dict[object, tuple[object, ...]]:
    with shown.shop() as shop:
        return {row[0]: row for row in shop.rows(f'SELECT * FROM "{table}"')}
