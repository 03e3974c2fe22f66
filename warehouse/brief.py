"""Find a customer in the published file, and what anybody should know before speaking with them.

Reads published tables only, so it works while the warehouse is being written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

# Fewer digits than this are part of too many telephone numbers to find anybody by.
MINIMUM_PHONE_DIGITS = 6
FOUND_AT_MOST = 20
TIMELINE_ROWS = 15
# Macros of the published file that a brief asks.
MACROS_OF_BRIEF = ("brief_now", "brief_of_today", "brief_moment")
# The section that is the same whoever is asked for.
_ABOUT_NOBODY = "source"
# What a brief reads, for those who count which tables are used.
READS = (
    *("main.dim_customer", "main.dim_customer_history", "main.customer_360", "main.household_member"),
    *("main.interaction", "main.statement", "main.follow_up", "main.contradiction", "main.dim_employee"),
    *("main.dim_channel", "main.channel_preference", "main.consent_current", "main.delivery_preference"),
    *("main.life_fact", "main.fct_ticket", "main.fct_shipment"),
    *("main.customer_value", "main.customer_health", "main.relationship_type", "main.customer_value_history"),
    *("main.customer_health_history", "main.relationship_type_history"),
    *("main.lifecycle_event", "main.ask_next", "main.reference_guard"),
    *("identity.customer_crosswalk", "identity.attribute_provenance", "identity.customer_id_redirect"),
    *("main.brief_line", "ops.channel_arrival", "ops.feed_status", "ops.source_status", "ops.snapshot"),
)


@dataclass(frozen=True)
class Found:
    """One customer that answers to a text, and by what."""

    customer_id: str
    display_name: str | None
    found_by: str


@dataclass(frozen=True)
class Brief:
    """One customer on one screen, as known at a moment (UTC without a zone).

    `rows` are those of the published macro brief().
    """

    customer_id: str
    as_of: datetime
    is_past: bool
    rows: list[dict[str, Any]]

    def section(self, name: str) -> list[dict[str, Any]]:
        """Its rows of one section, in order."""
        return [row for row in self.rows if row["section"] == name]


@dataclass(frozen=True)
class State:
    """What programs are told beside a brief, all of it of today and so None beside a past one.

    `profile` is the row of customer_360, `timeline` the newest contacts first, `sources` what feeds are not current.
    """

    profile: dict[str, Any] | None = None
    records: list[dict[str, Any]] | None = None
    timeline: list[dict[str, Any]] | None = None
    sources: list[dict[str, Any]] | None = None


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


def customer_brief(connection: duckdb.DuckDBPyConnection, customer_id: str, known_at: datetime | None = None) -> Brief:
    """Everything on one customer: as published, or as it was known at a moment (aware, or UTC without a zone).

    Raises:
        KeyError: no such customer is published, now or formerly.
    """
    if known_at is None:
        # Nearly every id that is asked for is one of today, which has lines. So nobody looks first for whom it stands.
        rows = _lines_now(connection, customer_id)
        if all(row["section"] == _ABOUT_NOBODY for row in rows):
            customer_id = _id_of_today(connection, customer_id)
            rows = _lines_now(connection, customer_id)
        ((as_of,),) = connection.execute("SELECT snapshot_at FROM ops.snapshot").fetchall()
        return Brief(customer_id, as_of, False, rows)
    # A constant lets every table be read by parts.
    today = _id_of_today(connection, customer_id)
    lines = "FROM brief_of_today($id, $moment) ORDER BY section, place"
    rows = _rows(connection, lines, {"id": today, "moment": known_at})
    [(as_of, is_past)] = connection.execute(
        "SELECT as_of, is_past FROM brief_moment($moment)", {"moment": known_at}
    ).fetchall()
    return Brief(today, as_of, is_past, rows)


def state_beside(connection: duckdb.DuckDBPyConnection, brief: Brief) -> State:
    """The customer's row, records, last contacts and sources in full; only machines ask for them."""
    if brief.is_past:
        return State()
    asked = {"id": brief.customer_id}
    return State(
        profile=_rows(connection, "SELECT * FROM customer_360 WHERE customer_id = $id", asked)[0],
        records=_rows(
            connection,
            """SELECT source_system, entity, count(*) AS records, min(record_id) AS example,
                      any_value(match_method) AS match_method
               FROM identity.customer_crosswalk WHERE customer_id = $id GROUP BY ALL ORDER BY source_system, entity""",
            asked,
        ),
        timeline=_rows(
            connection,
            """SELECT occurred_at, channel, direction, interaction_type, topic, summary, source_system, employee_id
               FROM interaction WHERE customer_id = $id ORDER BY occurred_at DESC, interaction_id LIMIT $n""",
            asked | {"n": TIMELINE_ROWS},
        ),
        sources=_rows(
            connection,
            """SELECT feed, status_now, data_age_seconds, as_of FROM ops.feed_status
               WHERE status_now NOT IN ('FRESH', 'IDLE') ORDER BY feed""",
            {},
        ),
    )


def _lines_now(connection: duckdb.DuckDBPyConnection, customer_id: str) -> list[dict[str, Any]]:
    return _rows(connection, "FROM brief_now($id) ORDER BY section, place", {"id": customer_id})


def _id_of_today(connection: duckdb.DuckDBPyConnection, customer_id: str) -> str:
    ((today,),) = connection.execute("SELECT current_customer_id($1)", [customer_id]).fetchall()
    if today is None:
        raise KeyError(customer_id)
    return str(today)


def _rows(connection: duckdb.DuckDBPyConnection, sql: str, values: Mapping[str, object]) -> list[dict[str, Any]]:
    result = connection.execute(sql, dict(values))
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
