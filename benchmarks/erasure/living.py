"""A company of any size with two days behind it, synced on each, and whom to erase from the home that follows it."""

from __future__ import annotations

import csv
import gzip
import json
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from unicodedata import combining, normalize

import duckdb
from cost import run

from pipelines.settings import Home
from sample_company import company
from sample_company.server import serve

# What is known of each customer from any source, forms and profiles that were bought among them.
_SHOWN = """
    SELECT customer_id, if(contact_point_type = 'email', value, NULL), if(contact_point_type = 'phone', value, NULL),
           NULL, NULL FROM contact_point
    UNION ALL SELECT customer_id, NULL, NULL, display_name, postal_code FROM dim_customer
"""
# Long past, so that the clocks of the company's services, which are real, never lie before its data.
START = date(2024, 5, 13)
_NAME, _ASKER = "first_name || ' ' || last_name", "requester_email, requester_phone, requester_name"
DAY_ONE, DAY_TWO = datetime(2024, 5, 14, 6, tzinfo=UTC), datetime(2024, 5, 14, 18, tzinfo=UTC)


def live(home: Home, customers: int, seed: int) -> None:
    """Create the company and sync two days of it. The second reads again what lies just behind the first."""
    company.create(home.sample, customers=customers, seed=seed, start=START)
    with serve(home.sample, port=0, refuse_every=0) as server:
        pairs = company.connections(home.sample, server.url)
        home.connections.write_text("".join(f"{name}={value}\n" for name, value in pairs.items()), encoding="utf-8")
        for now in (DAY_ONE, DAY_TWO):
            print(run(home, now, "sync").told)
            if now == DAY_ONE:
                company.advance(home.sample, until=DAY_TWO)


@dataclass(frozen=True)
class Person:
    """A customer as the shop's own database has them, in lower case."""

    customer_id: str
    email: str
    digits: str
    name: str
    postal_code: str

    def told(self) -> tuple[object, ...]:
        """What tells them from others."""
        letters = "".join(sign for sign in normalize("NFKD", self.name) if not combining(sign))
        return self.email, self.digits, (frozenset(letters.replace(",", " ").split()), self.postal_code)


def people(home: Home, count: int) -> list[Person]:
    """The first customers whose address, number and name beside postal code nobody else has, in any system.

    Names that differ in accents or the order of their words alone are one. Nor is their address the end of another.
    """
    with duckdb.connect(str(home.published), read_only=True) as published:
        owner = dict(published.sql("SELECT source_record_key, customer_id FROM identity.customer_crosswalk").fetchall())
        shown = published.sql(_SHOWN).fetchall()
        owner |= {f"published/{customer_id}": customer_id for customer_id, *_ in shown}
    asked = (
        ("shop/accounts", "shop/shop.db", f"SELECT id, email, phone, {_NAME}, zip FROM customers"),
        ("shop/orders", "shop/shop.db", "SELECT id, email, phone, ship_name, ship_zip FROM orders"),
        ("helpdesk/accounts", "services.db", "SELECT id, email, phone, name, NULL FROM users"),
        ("helpdesk/tickets", "services.db", f"SELECT id, {_ASKER}, NULL FROM tickets"),
        ("mailer/campaign_responses", "services.db", "SELECT id, email_address, NULL, member_name, NULL FROM activity"),
    )  # fmt: skip
    had: dict[object, set[str]] = {}
    found: list[Person] = []
    answers: list[tuple[str, list[tuple[Any, ...]]]] = [
        ("frontdesk/interactions", _notes(home)), ("postroom/interactions", _letters(home)),
        ("website/web_registrations", _forms(home)), ("bureau/demographics", _profiles(home)), ("published", shown),
    ]  # fmt: skip
    for kind, file, sql in asked:
        with closing(sqlite3.connect(home.sample / file)) as source:
            answers.append((kind, source.execute(sql + " ORDER BY 1").fetchall()))
    for kind, rows in answers:
        for number, email, phone, name, postal_code in rows:
            person = Person(
                owner.get(f"{kind}/{number}", f"{kind}/{number}"), (email or "").strip().lower(), last_digits(phone),
                (name or "").strip().lower(), (postal_code or "").strip().lower(),
            )  # fmt: skip
            for value in person.told():
                had.setdefault(value, set()).add(person.customer_id)
            if kind == "shop/accounts" and "@" in person.email and len(person.digits) == 9 and " " in person.name:
                found.append(person)
    # Among the bytes of a database nothing parts an address from the text before it.
    ends = {value[begin:] for value in had if isinstance(value, str) and "@" in value for begin in range(1, len(value))}
    alone = [
        person
        for person in found
        if person.customer_id.startswith("C") and person.postal_code and person.email not in ends
        and all(len(had[value]) == 1 for value in person.told())
    ]  # fmt: skip
    chosen = list({person.customer_id: person for person in alone}.values())[:count]
    if len(chosen) < count:
        raise SystemExit(f"only {len(chosen)} customers can be told from all others; ask for a larger company")
    return chosen


def _notes(home: Home) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []
    for file in sorted((home.sample / "frontdesk").iterdir()):
        with file.open(encoding="latin-1", newline="") as lines:
            rows = csv.DictReader(lines, delimiter=";")
            found += [(row["note_no"], row["email"], row["phone"], row["customer_name"], row["zip"]) for row in rows]
    return found


def _letters(home: Home) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []
    for file in sorted((home.sample / "postroom").glob("*.csv")):
        with file.open(encoding="utf-8", newline="") as lines:
            next(lines)  # the header record; the trailer has none of the columns
            rows = csv.DictReader(lines)
            found += [(row["letter_id"], row["email"], row["phone"], row["sender"], row["zip"]) for row in rows]
    return found


def _forms(home: Home) -> list[tuple[Any, ...]]:
    """Forms that visitors sent; a line that is cut or no object says nothing of anybody."""
    found: list[tuple[Any, ...]] = []
    for file in sorted((home.sample / "website").iterdir()):
        opened = gzip.open if file.suffix == ".gz" else open
        with opened(file, "rt", encoding="utf-8", errors="replace") as lines:
            for line in lines:
                with suppress(ValueError, TypeError, KeyError, AttributeError):
                    sent = json.loads(line)
                    who = sent["person"]
                    name = who["name"] or f"{who['first'] or ''} {who['last'] or ''}"
                    found.append((sent["id"], who["email"], who["phone"], name, (sent["address"] or {}).get("zip")))
    return found


def _profiles(home: Home) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        return connection.execute(
            "SELECT profile_id, email, phone, concat_ws(' ', first_name, last_name), zip FROM read_parquet(?)",
            [str(home.sample / "bureau" / "*.parquet")],
        ).fetchall()


def last_digits(phone: str | None) -> str:
    """The last nine digits of a telephone number: the same however it is written."""
    return "".join(sign for sign in phone or "" if sign.isdigit())[-9:]
