"""What happens in a long clean life is done here: to the company itself, or to what its systems show at a moment."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import datetime
from http import HTTPStatus
from pathlib import Path

from clean_calendar import KNOWN_BEFORE, Happening, Life

from connectors.contract import FeedContract
from connectors.mapping import ColumnMapping
from sample_company.faults.answers import TICKETS, each_record, refusing
from sample_company.faults.shown import Shown
from sample_company.shop import columns_of

OLD_ORDERS = "orders of the old shop"
LANGUAGE = "language of accounts"
# Of old orders two in five come, as they were so many days before.
_OLDER = "-400 days"
_TWO_IN_FIVE = "% 5 < 2"
# Numbers of the old shop lie so far above those of the shop, each time anew.
_APART = 50_000_000


def besides(life: Life, company: Path, day: int) -> None:
    """Do to the company what happens to it on a day. Doing it twice is doing it once."""
    with closing(sqlite3.connect(company / "shop" / "shop.db")) as shop, shop:
        for one in life.happenings:
            if one.name == OLD_ORDERS and one.first == day:
                _take_over_old_orders(life, company, shop, one)
            if one.name == LANGUAGE and one.first <= day:
                _ask_for_language(shop, one)


def show(life: Life, shown: Shown, day: int, moment: datetime) -> None:
    """Let the systems be away that are away at a moment, and show what they show from some day on."""
    shown.environment.clear()
    shown.interference = None
    for one in life.happenings:
        if one.name == "mood of tickets" and one.first <= day:
            shown.interference = each_record(TICKETS, "tickets", lambda record: record | {"mood": "unknown"})
        if one.kind == "outage" and one.is_on(moment):
            _take_away(shown, one)
    shown.beat_at(moment, moment)


def contract_at(life: Life, contract: FeedContract, day: int, moment: datetime) -> FeedContract:
    """A feed's contract at a moment: what is announced by then, and the columns that it names."""
    told = tuple(
        one.announcement
        for one in life.happenings
        if contract.feed in one.feeds and one.begins - KNOWN_BEFORE <= moment
    )
    changes: dict[str, object] = {"watch": contract.watch.model_copy(update={"announced": told})}
    if any(one.name == LANGUAGE and contract.feed in one.feeds and one.first <= day for one in life.happenings):
        changes["columns"] = contract.columns | {"language": ColumnMapping(column="language")}
    return contract.model_copy(update=changes)


def _take_away(shown: Shown, one: Happening) -> None:
    if one.feeds[0].startswith("shop."):
        shown.environment["C360_SHOP_URL"] = f"sqlite:///{shown.folder / 'moved' / 'shop.db'}"
    elif one.feeds[0].startswith("helpdesk."):
        shown.interference = refusing("/helpdesk/", HTTPStatus.SERVICE_UNAVAILABLE, "down for maintenance")
    else:
        for file in shown.files("carrier", one.begins):
            file.unlink()


def _take_over_old_orders(life: Life, company: Path, shop: sqlite3.Connection, one: Happening) -> None:
    """Orders and payments as another shop had them, entered in the course of the day; none that is wrong on purpose."""
    feeds = json.loads((company / "truth" / "counts.json").read_text())
    apart = _APART * (1 + life.happenings.index(one))
    begin = _as_written(one.begins)
    entered = f"datetime('{begin}', '+' || (id % 80000) || ' seconds')"
    for table, order, times in (
        ("orders", "id", ("created_at", "cancelled_at")),
        ("payments", "order_id", ("occurred_at",)),
    ):
        values = {name: f'"{name}"' for name in columns_of(table)}
        values |= {name: f"{name} + {apart}" for name in {"id", order}} | {"updated_at": entered}
        values |= {name: f"datetime({name}, '{_OLDER}')" for name in times}
        wrong = _wrong(feeds, "shop.orders"), _wrong(feeds, f"shop.{table}")
        shop.execute(
            f'INSERT OR IGNORE INTO "{table}" ({", ".join(values)}) SELECT {", ".join(values.values())} FROM "{table}" '
            f"WHERE {order} {_TWO_IN_FIVE} AND {order} < {_APART} AND {times[0]} < ? AND {order} IN "
            f"(SELECT id FROM orders WHERE deleted_at IS NULL AND id NOT IN ({wrong[0]})) AND id NOT IN ({wrong[1]})",
            (begin,),
        )


def _wrong(feeds: dict[str, dict[str, list[dict[str, str]]]], feed: str) -> str:
    return ", ".join(one["record_id"] for kind in ("bad", "corrected") for one in feeds.get(feed, {}).get(kind, []))


def _ask_for_language(shop: sqlite3.Connection, one: Happening) -> None:
    """Accounts have a new column, which is filled on those that are opened or changed from then on."""
    if "language" not in {row[1] for row in shop.execute("PRAGMA table_info(customers)")}:
        shop.execute("ALTER TABLE customers ADD COLUMN language TEXT")
    shop.execute(
        "UPDATE customers SET language = CASE country_code WHEN 'DE' THEN 'de' WHEN 'FR' THEN 'fr' ELSE 'en' END "
        "WHERE language IS NULL AND updated_at >= ? AND updated_at < '2100'",
        (_as_written(one.begins),),
    )


def _as_written(moment: datetime) -> str:
    """A time as the shop writes it."""
    return moment.strftime("%Y-%m-%d %H:%M:%S")
