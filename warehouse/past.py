"""What became of a customer id, and which records it had at a moment; asked of the published file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import duckdb

# Macros of the published file that these questions ask.
MACROS_ASKED = ("crosswalk_as_of",)


@dataclass(frozen=True)
class Fate:
    """Why an id is no customer of today. Times are UTC without a zone.

    `current_id` is the id that it was merged into, or itself; `ended` says what became of that one, None while it is a
    customer.
    """

    customer_id: str
    current_id: str
    merged_at: datetime | None
    ended: Literal["retired", "erased"] | None
    ended_at: datetime | None


@dataclass(frozen=True)
class Period:
    """A record at the moment asked about: the customer that it had, since when, and the one it has now, if any."""

    source_record_key: str
    customer_id: str
    valid_from: datetime
    customer_id_now: str | None


@dataclass(frozen=True)
class Past:
    """The records of a customer at a moment, by key.

    Where the id had none then, they are those that it has now or had last, under the ids that they had then.
    """

    customer_id: str
    moment: datetime
    records: list[Period]

    @property
    def ids(self) -> list[str]:
        """What the customer was called."""
        return sorted({period.customer_id for period in self.records})


def is_known_id(connection: duckdb.DuckDBPyConnection, text: str) -> bool:
    """Whether a text is a customer id that was ever given."""
    return bool(
        connection.execute(
            "SELECT 1 FROM identity.identity_event WHERE event_type = 'create' AND customer_id = ?", [text]
        ).fetchall()
    )


def fate(connection: duckdb.DuckDBPyConnection, customer_id: str) -> Fate | None:
    """What became of an id; None for a customer of today, and for what was never an id."""
    rows = connection.execute(
        """WITH led AS (
             SELECT $id AS customer_id, old_customer_id IS NOT NULL AS is_merged, changed_at,
                    coalesce(current_customer_id, $id) AS current_id
             FROM (SELECT 1) LEFT JOIN identity.customer_id_redirect ON old_customer_id = $id)
           SELECT led.customer_id, current_id, changed_at,
                  CASE last.event_type WHEN 'erase' THEN 'erased' WHEN 'retire' THEN 'retired' END, last.occurred_at
           FROM led LEFT JOIN (FROM identity.identity_event WHERE event_type IN ('retire', 'erase')) AS last
             ON last.customer_id = current_id
           WHERE is_merged OR last.event_type IS NOT NULL
           ORDER BY last.occurred_at DESC, last.event_type LIMIT 1""",
        {"id": customer_id},
    ).fetchall()
    return Fate(*rows[0]) if rows else None


def as_of(connection: duckdb.DuckDBPyConnection, customer_id: str, moment: datetime) -> Past:
    """The records that a customer had at a moment (aware, or UTC without a zone)."""
    rows = connection.execute(
        """WITH held AS (FROM crosswalk_as_of($moment)),
           latest AS (
             SELECT source_record_key FROM identity.crosswalk_history WHERE customer_id = $id
             QUALIFY coalesce(valid_to, 'infinity') = max(coalesce(valid_to, 'infinity')) OVER ())
           SELECT source_record_key, held.customer_id, held.valid_from, now.customer_id
           FROM held LEFT JOIN identity.customer_crosswalk AS now USING (source_record_key)
           WHERE held.customer_id = $id
              OR ($id NOT IN (SELECT customer_id FROM held) AND source_record_key IN (FROM latest))
           ORDER BY source_record_key""",
        {"id": customer_id, "moment": moment},
    ).fetchall()
    return Past(customer_id, moment, [Period(*row) for row in rows])
