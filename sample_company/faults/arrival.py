"""Faults of arrival and time (A): nothing comes, it comes late, or its times are wrong."""

from datetime import timedelta
from http import HTTPStatus

from sample_company.faults.answers import TICKETS, ending_after
from sample_company.faults.carrier_files import new_files, read_carrier
from sample_company.faults.fault import fault
from sample_company.faults.rows import on_services, on_shop
from sample_company.faults.shown import Moment, Shown
from sample_company.server import Answer

_HANGS_FOR = timedelta(hours=6)


@fault("A1", "helpdesk.tickets")
def export_is_empty(shown: Shown, moment: Moment) -> None:
    """The export succeeds and is empty."""
    del moment
    shown.interference = ending_after(TICKETS, "tickets", 0)


@fault("A1", "carrier.shipments")
def no_files(shown: Shown, moment: Moment) -> None:
    """The carrier sends no more files."""
    for file in new_files(shown, moment):
        file.unlink()


@fault("A2", "shop.orders")
def database_is_away(shown: Shown, moment: Moment) -> None:
    """Every attempt to open the database fails."""
    del moment
    shown.environment["C360_SHOP_URL"] = f"sqlite:///{shown.folder / 'moved' / 'shop.db'}"


@fault("A4", "carrier.shipments")
def files_come_late(shown: Shown, moment: Moment) -> None:
    """Each file comes three days after its day."""
    for file in new_files(shown, moment):
        if file.stat().st_mtime > (moment.now - timedelta(days=3)).timestamp():
            file.unlink()


@fault("A5", "helpdesk.tickets")
def answer_never_comes(shown: Shown, moment: Moment) -> None:
    """The connection stands open and nothing comes for hours."""

    waits = iter((_HANGS_FOR,))

    def hang(target: str, answer: Answer) -> Answer:
        if TICKETS not in target:
            return answer
        moment.wait(next(waits, timedelta(0)))
        return HTTPStatus.GATEWAY_TIMEOUT, {}, {"error": "Gateway Timeout"}

    shown.interference = hang


@fault("A6", "carrier.shipments")
def later_every_day(shown: Shown, moment: Moment) -> None:
    """Each day's file comes later than that of the day before."""
    files = new_files(shown, moment)
    for file in files[len(files) - (moment.step + 1) // 2 :] if moment.step else []:
        file.unlink()


@fault("A7", "shop.orders", after="corrects")
def old_orders_arrive(shown: Shown, moment: Moment) -> None:
    """What arrives as new took place three months ago."""
    on_shop(
        shown,
        moment,
        "UPDATE orders SET created_at = datetime(created_at, '-90 days') "
        f"WHERE created_at > ? AND updated_at > ? AND {moment.chosen('id')}",
    )


@fault("A9", "helpdesk.tickets")
def clock_is_ahead(shown: Shown, moment: Moment) -> None:
    """The server's clock is 27 hours ahead."""
    del moment
    shown.clock_offset = timedelta(hours=27)


@fault("A9", "shop.orders", after="corrects")
def dated_far_ahead(shown: Shown, moment: Moment) -> None:
    """Rows are changed in the year 2999."""
    on_shop(
        shown,
        moment,
        f"UPDATE orders SET updated_at = '2999-01-01 00:00:00' WHERE updated_at > ? AND {moment.chosen('id')}",
    )


@fault("A10", "helpdesk.tickets", after="corrects")
def other_time_zone(shown: Shown, moment: Moment) -> None:
    """Times are five and a half hours behind."""
    on_services(
        shown,
        moment,
        "UPDATE tickets SET created_at = strftime('%Y-%m-%dT%H:%M:%SZ', created_at, '-330 minutes'), "
        "updated_at = strftime('%Y-%m-%dT%H:%M:%SZ', updated_at, '-330 minutes') WHERE generated_timestamp > ?",
    )


@fault("A12", "carrier.shipments")
def yesterdays_file_again(shown: Shown, moment: Moment) -> None:
    """The file of the day has the next number and date, and the lines of the last good day."""
    old = read_carrier(
        max(file for file in (shown.folder / "carrier").iterdir() if file not in new_files(shown, moment))
    )
    for path in new_files(shown, moment):
        new = read_carrier(path)
        shown.rewrite(path, old.renamed(new.sequence, new.header.split("|")[3]).content())


@fault("A13", "shop.orders", needs="the time up to which the source itself was fed, which the contract asks for")
def source_was_not_fed(shown: Shown, moment: Moment) -> None:
    """The database answers and nothing new comes into it."""
    shown.show_database("shop/shop.db", moment.begun_day)
    shown.beat(moment.day, fed_until=moment.begun_day)
