"""What the sample company does wrong on purpose, and where each of its mistakes must end."""

from __future__ import annotations

from tests.journey_factory import Stage

# Feed → its entity, and its name in the company's counts.
FEEDS = {
    "bureau.profiles": ("demographics", "bureau.profiles"),
    "carrier.shipments": ("shipments", "carrier.shipments"),
    "frontdesk.notes": ("interactions", "frontdesk.notes"),
    "helpdesk.comments": ("interactions", "helpdesk.comments"),
    "helpdesk.tickets": ("tickets", "helpdesk.tickets"),
    "helpdesk.users": ("accounts", "helpdesk.users"),
    "mailer.activity": ("campaign_responses", "mailer.activity"),
    "postroom.letters": ("interactions", "postroom.letters"),
    "shop.accounts": ("accounts", "shop.customers"),
    "shop.employees": ("employees", "shop.employees"),
    "shop.order_lines": ("order_lines", "shop.order_lines"),
    "shop.orders": ("orders", "shop.orders"),
    "shop.payments": ("payments", "shop.payments"),
    "website.registrations": ("web_registrations", "website.registrations"),
}

# What the company does wrong on purpose and must be kept out: (feed, its reason) → how the quarantine's reason begins.
HELD = {
    ("carrier.shipments", "date unreadable"): "shipped_at: '31/02/2026 10:00' is not a TIMESTAMP",
    ("carrier.shipments", "unknown status code"): "status is not one of created, in_transit",
    ("frontdesk.notes", "date unreadable"): "occurred_at: '2026-02-31 ",
    ("helpdesk.tickets", "unknown status code"): "status is not one of new, open",
    ("mailer.activity", "unknown action"): "action is not one of sent, open",
    ("postroom.letters", "no scan named"): "the scan or recording is not there as the source says it is: 'unnamed'",
    ("postroom.letters", "scan cut off"): "the scan or recording is not there as the source says it is: 'size_differs'",
    ("shop.orders", "order date in the future"): "ordered_at lies in the future",
    ("shop.orders", "unknown status code"): "status is not one of placed, paid",
    ("shop.payments", "amount missing"): "amount is missing",
    ("shop.payments", "unknown status code"): "status is not one of authorised, presented",
    ("website.registrations", "date unreadable"): "registered_at: 'yesterday evening' is not a TIMESTAMP",
}
# The same line sent twice is staged once and counted as a duplicate.
DOUBLE = {("carrier.shipments", "same line twice")}
# Wrong, but in columns that an entity can do without: staged as they came, and told by rules that do not hold rows.
STAGED = {
    ("bureau.profiles", "household size negative"),
    ("carrier.shipments", "freight missing"),
    ("mailer.activity", "time missing"),
    ("shop.order_lines", "price missing"),
    ("shop.order_lines", "quantity negative"),
    ("shop.orders", "amount missing"),
}


def mistakes(stage: Stage, feed: str) -> list[tuple[str, str]]:
    """(record, reason) of what is wrong on purpose in a feed."""
    return [(bad["record_id"], bad["reason"]) for bad in stage.counts[FEEDS[feed][1]]["bad"]]
