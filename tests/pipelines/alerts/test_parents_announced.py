"""What is announced for a feed keeps quiet, too, what it brings about in feeds that name its rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from connectors.catalog import load_catalog
from connectors.contract import Announced
from pipelines.alerts.rules import why_silent

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
MOVE = Announced(kind="outage", begins=NOON - timedelta(hours=2), ends=NOON + timedelta(hours=2), note="move")


def test_parcels_of_orders_that_cannot_be_read_for_a_planned_outage_of_the_shop_are_no_alarm() -> None:
    catalog = dict(load_catalog())
    orders = catalog["shop.orders"]
    catalog["shop.orders"] = orders.model_copy(update={"watch": orders.watch.model_copy(update={"announced": (MOVE,)})})

    def why(failure: str, at: datetime) -> str | None:
        return why_silent("carrier.shipments", failure, (), catalog, at)

    assert why("orphans", NOON) == "announced in the contract of shop.orders (outage): move"
    assert why("orphans", NOON + timedelta(days=1)) is None
    assert why("late", NOON) is None  # the carrier itself was to go on
    assert why_silent("helpdesk.tickets", "orphans", (), catalog, NOON) is None
