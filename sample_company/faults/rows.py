"""Statements on the rows that the systems show, for faults that change them."""

from sample_company.faults.shown import Moment, Shown


def on_shop(shown: Shown, moment: Moment, *statements: str) -> None:
    """Run statements on the shop's database; each `?` is the moment at which all was still in order."""
    with shown.shop() as shop:
        since = shop.moment(int(moment.begun.timestamp()))
        for statement in statements:
            shop.run(statement, [(since,) * statement.count("?")])


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
