"""Rows that are wrong on purpose, a few in a hundred, each remembered with its reason so that nothing wrong goes
unseen.

A mistake changes one row that is finished: no later event of the company repairs it by accident.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from sample_company.columns import Mask, replaced, some

FAR_AHEAD = datetime(2199, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Mistake:
    """A reason and the values that replace good ones; no values at all means that the row is there twice."""

    reason: str
    values: Mapping[str, Any]


# Feed → share of rows, and what goes wrong in turn.
MISTAKES: dict[str, tuple[float, Sequence[Mistake]]] = {
    "shop.customers": (
        0.004,
        (
            Mistake("birth date in the future", {"date_of_birth": date(2190, 1, 1)}),
            Mistake("changed in the future", {"updated_at": FAR_AHEAD}),
        ),
    ),
    "shop.orders": (
        0.01,
        (
            Mistake("amount missing", {"subtotal_cents": None, "total_cents": None}),
            Mistake("unknown status code", {"financial_status": "p@id"}),
            Mistake("order date in the future", {"created_at": FAR_AHEAD}),
        ),
    ),
    "shop.order_lines": (
        0.005,
        (Mistake("quantity negative", {"quantity": -3}), Mistake("price missing", {"unit_price_cents": None})),
    ),
    "shop.payments": (
        0.01,
        (Mistake("amount missing", {"amount_cents": None}), Mistake("unknown status code", {"status": "??"})),
    ),
    "helpdesk.users": (0.005, (Mistake("date unreadable", {"created_at": "a while ago"}),)),
    "helpdesk.tickets": (
        0.01,
        (
            Mistake("unknown status code", {"status": "parked"}),
            Mistake("date unreadable", {"created_at": "2026-02-31T25:00:00Z"}),
        ),
    ),
    "helpdesk.comments": (0.005, (Mistake("time missing", {"created_at": None}),)),
    "mailer.activity": (
        0.005,
        (Mistake("unknown action", {"action": "teleport"}), Mistake("time missing", {"timestamp": ""})),
    ),
    "carrier.shipments": (
        0.02,
        (
            Mistake("date unreadable", {"shipped": "31/02/2026 10:00"}),
            Mistake("unknown status code", {"status": "ZZ"}),
            Mistake("freight missing", {"freight": None}),
            Mistake("same line twice", {}),
        ),
    ),
    "website.registrations": (
        0.02,
        (
            Mistake("date unreadable", {"submitted_at": "yesterday evening"}),
            Mistake("unknown outcome", {"outcome": "???"}),
            Mistake("same line twice", {}),
        ),
    ),
    "frontdesk.notes": (
        0.02,
        (
            Mistake("date unreadable", {"date": "2026-02-31"}),
            Mistake("unknown channel", {"how": "carrier pigeon"}),
            Mistake("same line twice", {}),
        ),
    ),
    "postroom.letters": (
        0.02,
        (
            Mistake("scan cut off", {"scan_bytes": "17"}),
            Mistake("no scan named", {"scan_file": None}),
            Mistake("same line twice", {}),
        ),
    ),
    "bureau.profiles": (
        0.01,
        (
            Mistake("household size negative", {"household_size": -1}),
            Mistake("birth date in the future", {"birth_date": date(2190, 1, 1)}),
        ),
    ),
}


def spoil(
    rng: np.random.Generator, feed: str, rows: pa.Table, key: Sequence[str], eligible: Mask | None = None
) -> tuple[pa.Table, list[dict[str, str]]]:
    """The rows with the feed's share of mistakes among the eligible ones, and the list of (record_id, reason)."""
    share, mistakes = MISTAKES[feed]
    candidates = np.arange(rows.num_rows) if eligible is None else np.flatnonzero(eligible)
    chosen = some(rng, candidates, int(rows.num_rows * share + rng.random()))
    columns = {name: rows[name].combine_chunks() for name in rows.column_names}
    listed: list[tuple[int, str]] = []
    twice: list[int] = []
    for number, mistake in enumerate(mistakes):
        own = chosen[number :: len(mistakes)]
        listed += [(row, mistake.reason) for row in own.tolist()]
        twice += own.tolist() if not mistake.values else []
        for name, value in mistake.values.items():
            kind = columns[name].type
            if isinstance(value, datetime):
                value = value.replace(tzinfo=None)
            columns[name] = replaced(columns[name], own, pa.array([value] * len(own), kind))
    spoiled = pa.table(columns)
    if twice:
        spoiled = pa.concat_tables([spoiled, spoiled.take(pa.array(sorted(twice)))]).combine_chunks()
    identity = rows.select(list(key)).take(pa.array([row for row, _ in listed], pa.int64())).to_pylist()
    return spoiled, [
        {"record_id": "|".join(str(record[name]) for name in key), "reason": reason}
        for record, (_, reason) in zip(identity, listed, strict=True)
    ]
