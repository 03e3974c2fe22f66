"""Find a customer in the published file, and what anybody should know before speaking with them.

Reads published tables only, so it works while the warehouse is being written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import duckdb

# Fewer digits than this are part of too many telephone numbers to find anybody by.
MINIMUM_PHONE_DIGITS = 6
FOUND_AT_MOST = 20
TIMELINE_ROWS = 15
# What a brief reads, for those who count which tables are used.
READS = ("main.customer_360", "main.interaction", "identity.customer_crosswalk", "ops.feed_status")


@dataclass(frozen=True)
class Found:
    """One customer that answers to a text, and by what."""

    customer_id: str
    display_name: str | None
    found_by: str


@dataclass(frozen=True)
class Brief:
    """One customer on one screen. `profile` is the row of customer_360; `timeline` the newest contacts first."""

    profile: dict[str, Any]
    records: list[dict[str, Any]]
    timeline: list[dict[str, Any]]
    sources: list[dict[str, Any]]


def find_customers(connection: duckdb.DuckDBPyConnection, text: str) -> list[Found]:
    """Customers that answer to a text: an id (also a retired one), a source's id, an e-mail, a phone or a name.

    The most exact kind that finds anybody wins; at most FOUND_AT_MOST rows, by customer id.
    """
    wanted = text.strip()
    digits = re.sub(r"\D", "", wanted).lstrip("0")
    looks_like_phone = len(digits) >= MINIMUM_PHONE_DIGITS and re.fullmatch(r"[\d\s()+./-]+", wanted) is not None
    searches: list[tuple[str, str, str | None]] = [
        ("customer id", "SELECT customer_id FROM dim_customer WHERE customer_id = $text", wanted),
        (
            "retired customer id",
            "SELECT current_customer_id FROM identity.customer_id_redirect WHERE old_customer_id = $text",
            wanted,
        ),
        (
            "source id",
            "SELECT customer_id FROM identity.customer_crosswalk WHERE source_record_key = $text OR record_id = $text",
            wanted,
        ),
        (
            "e-mail",
            "SELECT customer_id FROM contact_point WHERE contact_point_type = 'email' AND value = lower($text)",
            wanted if "@" in wanted else None,
        ),
        (
            "phone",
            "SELECT customer_id FROM contact_point WHERE contact_point_type = 'phone' AND ends_with(value, $text)",
            digits if looks_like_phone else None,
        ),
        (
            "name",
            """SELECT customer_id FROM dim_customer
               WHERE display_name IS NOT NULL AND len(list_filter(
                   string_split(strip_accents(lower($text)), ' '),
                   lambda word: NOT contains(strip_accents(lower(display_name)), word))) = 0""",
            wanted or None,
        ),
    ]
    for found_by, sql, value in searches:
        if value is None:
            continue
        rows = connection.execute(
            f"""SELECT customer_id, display_name FROM dim_customer WHERE customer_id IN ({sql})
                ORDER BY customer_id LIMIT {FOUND_AT_MOST}""",
            {"text": value},
        ).fetchall()
        if rows:
            return [Found(customer_id, name, found_by) for customer_id, name in rows]
    return []


def customer_brief(
    connection: duckdb.DuckDBPyConnection, customer_id: str, *, timeline_rows: int = TIMELINE_ROWS
) -> Brief:
    """Everything on one customer.

    Raises:
        KeyError: no such customer is published.
    """
    profile = _rows(connection, "SELECT * FROM customer_360 WHERE customer_id = ?", [customer_id])
    if not profile:
        raise KeyError(customer_id)
    return Brief(
        profile=profile[0],
        records=_rows(
            connection,
            """SELECT source_system, entity, count(*) AS records, min(record_id) AS example,
                      any_value(match_method) AS match_method
               FROM identity.customer_crosswalk WHERE customer_id = ? GROUP BY ALL ORDER BY source_system, entity""",
            [customer_id],
        ),
        timeline=_rows(
            connection,
            """SELECT occurred_at, channel, direction, interaction_type, topic, summary, source_system, employee_id
               FROM interaction WHERE customer_id = ? ORDER BY occurred_at DESC, interaction_id LIMIT ?""",
            [customer_id, timeline_rows],
        ),
        sources=_rows(
            connection,
            """SELECT feed, status_now, data_age_seconds, as_of FROM ops.feed_status
               WHERE status_now NOT IN ('FRESH', 'IDLE') ORDER BY feed""",
            [],
        ),
    )


def _rows(connection: duckdb.DuckDBPyConnection, sql: str, values: list[object]) -> list[dict[str, Any]]:
    result = connection.execute(sql, values)
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
