"""Customers are erased from everything that the home holds, and what their systems send again stays out."""

from __future__ import annotations

import gzip
import json
import os
import re
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from pipelines.settings import Home
from tests.journey.life import Life
from tests.journey_factory import DAY_TWO, Said, c360, query_sqlite

ERASED = 3
REREAD = ("shop.accounts", "shop.orders", "mailer.activity")
# Feeds of files; each is read again when its time of change is another.
FOLDERS = {"bureau": "bureau.profiles", "website": "website.registrations", "frontdesk": "frontdesk.notes"}
LATER = DAY_TWO + timedelta(hours=1)
# What those who watch would tell of rows that are gone.
LOSSES = {"ledger_disagrees", "rows_missing", "rows_outdated", "rows_extra", "rows_unaccounted", "orphans"}
# Signs that people write between the digits of a telephone number.
BETWEEN_DIGITS = b" ()-./"
# Where text, and what lies as bytes between texts, is cut.
LINE_ENDS = re.compile(rb"[\n\r\x0b\x0c\x1c-\x1e]")
# What nobody's system knows of before: a form and a note.
PLANTED, FORMS = "NEW-1", "fct_web_registration"
KEPT = (
    "fct_order", "fct_order_line", "fct_payment", "fct_shipment", "fct_ticket", "fct_campaign_touch",
    FORMS, "interaction", "contact_point", "dim_customer", "dim_customer_history",
    "identity.customer_crosswalk", "identity.attribute_provenance",
)  # fmt: skip


@dataclass(frozen=True)
class Person:
    """An erased person, as the shop's own database has them."""

    customer_id: str
    account_id: int
    email: str
    phone: str
    name: str
    postal_code: str

    @property
    def digits(self) -> str:
        """The last nine digits of the telephone number: the same however it is written."""
        return "".join(sign for sign in self.phone if sign.isdigit())[-9:]


@dataclass(frozen=True)
class Erasure:
    """What was there before and after, and after a sync in which every system sent everything once more."""

    home: Home
    people: list[Person]
    cut_off: Said
    refused: Said
    said: Said
    named: list[str]
    scans: list[str]
    before: dict[str, list[str]]
    after: dict[str, list[str]]
    remains: list[str]
    again: list[Said]
    remains_again: list[str]


@pytest.fixture(scope="module")
def erasure(life: Life) -> Erasure:
    home = life.home
    people = _people(home)
    named, scans = _named_in_forms(home, people), _scans(home, people)
    before = _others(home, people)
    with pytest.MonkeyPatch.context() as patch:
        # The warehouse has forgotten the customers by then, and its former blocks are still there.
        patch.setattr("pipelines.erasure.erase.rewrite_warehouse", _no_space)
        cut_off = _erase(home, *(person.customer_id for person in people))
    refused = _erase(home, people[0].customer_id)
    said = c360(home, "erase", "--resume", "--json", now=DAY_TWO)
    after, remains = _others(home, people), _remains(home, people)
    again = _everything_again(home, people[0])
    return Erasure(
        home, people, cut_off, refused, said, named, scans, before, after, remains, again,
        _remains(home, people),
    )  # fmt: skip


def test_an_erasure_that_was_cut_off_goes_before_any_other(erasure: Erasure) -> None:
    assert erasure.cut_off.code == 1
    assert erasure.refused.code == 1
    assert "c360 erase --resume" in erasure.refused.err


def test_the_certificate_says_what_was_touched_and_that_nothing_is_left(erasure: Erasure) -> None:
    assert (erasure.said.code, erasure.said.err) == (0, "")
    told = erasure.said.document
    assert told["is_clean"]
    assert (told["found"], told["unread"]) == ({}, [])
    assert told["customer_ids"] == [person.customer_id for person in erasure.people]
    assert told["searched_for"]["e-mail addresses"] >= ERASED
    assert told["staged_rows"]["accounts"] >= ERASED
    assert told["records"] >= told["staged_rows"]["accounts"]
    for person in erasure.people:
        assert person.email not in erasure.said.out
        assert person.name not in erasure.said.out


def test_the_certificate_names_the_scans_that_the_post_room_has_to_clear(erasure: Erasure) -> None:
    assert erasure.scans
    assert erasure.said.document["left_at_sources"] == {"postroom.letters": erasure.scans}
    assert all((erasure.home.sample / "postroom" / scan).exists() for scan in erasure.scans)


def test_no_file_under_the_home_holds_anything_of_them(erasure: Erasure) -> None:
    assert erasure.remains == []


def test_no_table_of_the_marts_has_a_row_of_them(erasure: Erasure) -> None:
    tables = [
        name
        for (name,) in _published(
            erasure.home,
            """SELECT table_name FROM duckdb_columns()
               WHERE schema_name = 'main' AND column_name = 'customer_id' AND NOT internal""",
        )
    ]
    assert {"statement", "delivery_preference", "delivery_check", "life_fact", "brief_line"} <= set(tables)
    erased = ", ".join(f"'{person.customer_id}'" for person in erasure.people)
    left = {
        table: _published(erasure.home, f"SELECT count(*) FROM {table} WHERE customer_id IN ({erased})")
        for table in tables
    }
    assert {table: count for table, count in left.items() if count != [(0,)]} == {}


def test_of_anybody_else_nothing_changes_but_that_forms_no_longer_say_who_is_erased(erasure: Erasure) -> None:
    assert erasure.before.keys() == set(KEPT)
    assert erasure.named
    for table in KEPT:
        assert erasure.after[table] == erasure.before[table], table
        assert erasure.after[table], table


def test_what_their_systems_send_again_stays_out(erasure: Erasure) -> None:
    assert [(said.code, said.err) for said in erasure.again] == [(0, "")] * 2
    assert erasure.remains_again == []
    keys = {key for (key,) in _published(erasure.home, "SELECT source_record_key FROM identity.customer_crosswalk")}
    assert not {f"shop/accounts/{person.account_id}" for person in erasure.people} & keys


def test_rows_of_others_that_name_them_come_in_without_it(erasure: Erasure) -> None:
    forms = dict(_published(erasure.home, "SELECT registration_id, referred_by FROM fct_web_registration"))
    assert {forms[form] for form in [*erasure.named, PLANTED]} == {None}
    noted = f"SELECT summary FROM interaction WHERE interaction_id = 'contact:frontdesk/{PLANTED}'"
    assert _published(erasure.home, noted) == [("Neighbour takes parcels of (erased), call (erased)",)]


def test_an_erasure_is_no_loss_to_those_who_watch(erasure: Erasure) -> None:
    told = query_sqlite(erasure.home.ledger, "SELECT failure FROM alert WHERE state = 'OPEN'")
    assert not LOSSES & {failure for (failure,) in told}


def _no_space(home: Home) -> None:
    raise OSError(28, "No space left on device", str(home.warehouse))


def _erase(home: Home, *customer_ids: str) -> Said:
    return c360(
        home, "erase", *customer_ids, "--reason", "request 4711", "--by", "dana", "--yes", "--json", now=DAY_TWO
    )


def _everything_again(home: Home, person: Person) -> list[Said]:
    """Syncs after which feeds that read on from a mark were read from its beginning, and files once more.

    Beside them a form and a note are new, of somebody else, who names a person.
    """
    form = json.loads(_first_file(home, "website").read_text("utf-8").splitlines()[0])
    form |= {"id": PLANTED, "referred_by": person.email.upper()}
    (home.sample / "website" / "registrations_2024-05-15.jsonl").write_text(json.dumps(form) + "\n", "utf-8")
    # All of the erased have gone from the crosswalk.
    ((neighbour,),) = _published(
        home, "SELECT min(record_id) FROM identity.customer_crosswalk WHERE source_record_key LIKE 'shop/accounts/%'"
    )
    header, *_ = _first_file(home, "frontdesk").read_text("latin-1").splitlines()
    told = {
        "note_no": PLANTED, "date": "2024-05-14", "time": "12:00", "recorded": "2024-05-14 12:05:00", "how": "phone",
        "in_out": "in", "customer_no": neighbour, "customer_name": "Neighbour", "topic": "other",
        "note": f"Neighbour takes parcels of {person.email}, call {person.phone}",
    }  # fmt: skip
    row = ";".join(told.get(name, "") for name in header.split(";"))
    (home.sample / "frontdesk" / "notes_2024-05-15.csv").write_text(f"{header}\n{row}\n", "latin-1")
    for folder, feed in FOLDERS.items():
        accepted = c360(home, "feeds", "accept", feed, "--because", "the folder was copied", "--by", "dana", now=LATER)
        assert accepted.code == 0, accepted.err
        for file in (home.sample / folder).iterdir():
            os.utime(file, (LATER.timestamp() - 60, LATER.timestamp() - 60))
    again = c360(home, "sync", *REREAD, "--from", "2020-01-01", now=LATER)
    return [again, c360(home, "sync", *FOLDERS.values(), now=LATER)]


def _first_file(home: Home, folder: str) -> Path:
    return min((home.sample / folder).iterdir())


def _people(home: Home) -> list[Person]:
    """One whom others name in forms, one who wrote a letter, and one with orders: all with an account in the shop, and
    an address, telephone number and home that no other customer has there. None has an order in quarantine, whose lines
    and parcels are published as nobody's.
    """
    accounts = query_sqlite(
        home.sample / "shop" / "shop.db",
        """SELECT id, lower(email), phone, lower(first_name || ' ' || last_name), lower(last_name), lower(zip)
           FROM customers WHERE email LIKE '%@%' AND phone IS NOT NULL AND zip IS NOT NULL AND first_name <> ''
             AND last_name <> '' ORDER BY id""",
    )
    owner = dict(_published(home, "SELECT source_record_key, customer_id FROM identity.customer_crosswalk"))
    ordered = dict(_published(home, "SELECT order_id, customer_id FROM fct_order"))
    placed = query_sqlite(home.sample / "shop" / "shop.db", "SELECT CAST(id AS TEXT), customer_id FROM orders")
    waiting = {owner.get(f"shop/accounts/{account}") for order, account in placed if order not in ordered}
    had: dict[object, set[str]] = {}
    for account, email, phone, _, family, postcode in accounts:
        for value in (email, phone, (family, postcode)):
            had.setdefault(value, set()).add(owner.get(f"shop/accounts/{account}", ""))
    found = [
        Person(next(iter(had[email])), account, email, phone, name, postcode)
        for account, email, phone, name, family, postcode in accounts
        if all(len(had[value]) == 1 for value in (email, phone, (family, postcode))) and not had[email] & {"", *waiting}
    ]
    named = next(person for person in found if _named_in_forms(home, [person]))
    wrote = next(person for person in found if _scans(home, [person]))
    found = [named, wrote, *(person for person in found if person.customer_id in ordered.values())]
    people = list({person.customer_id: person for person in found}.values())[:ERASED]
    assert [len(person.digits) for person in people] == [9] * ERASED
    return people


def _named_in_forms(home: Home, people: list[Person]) -> list[str]:
    """Forms of other people that name these as who sent them."""
    forms = _published(
        home,
        "SELECT registration_id, customer_id, lower(trim(referred_by)) FROM fct_web_registration ORDER BY ALL",
    )
    emails, theirs = {person.email for person in people}, {person.customer_id for person in people}
    return [form for form, customer_id, referrer in forms if referrer in emails and customer_id not in theirs]


def _scans(home: Home, people: list[Person]) -> list[str]:
    """Scans of letters that these people wrote, as readers see them."""
    theirs = _listed(person.customer_id for person in people)
    rows = _published(
        home, f"SELECT media_link FROM interaction WHERE media_link IS NOT NULL AND customer_id IN {theirs} ORDER BY 1"
    )
    return [link for (link,) in rows]


def _published(home: Home, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(home.published), read_only=True) as published:
        return published.execute(sql).fetchall()


def _others(home: Home, people: list[Person]) -> dict[str, list[str]]:
    """Rows of the published tables that are not of these people; of what forms say of them it is left out."""
    mine, emails = (
        _listed(values) for values in ([person.customer_id for person in people], [person.email for person in people])
    )
    without = f"REPLACE (CASE WHEN lower(trim(referred_by)) IN {emails} THEN NULL ELSE referred_by END AS referred_by)"
    rows = f"SELECT * {{}} FROM {{}} WHERE coalesce(customer_id NOT IN {mine}, true)"
    return {
        table: sorted(map(repr, _published(home, rows.format(without if table == FORMS else "", table))))
        for table in KEPT
    }


def _listed(values: Iterable[str]) -> str:
    return "(" + ", ".join(f"'{value}'" for value in values) + ")"


def _remains(home: Home, people: list[Person]) -> list[str]:
    """Files that hold something of these people, read row by row, or as bytes, by other means than the erasure's."""
    files = [path for path in home.root.rglob("*") if path.is_file() and not path.is_relative_to(home.sample)]
    return [
        f"{path.relative_to(home.root)}: {line[:120]!r}"
        for path in files
        for text in _texts(path)
        if _is_about(text, people)  # of most files no line need be looked at
        for line in LINE_ENDS.split(text)
        if _is_about(line, people)
    ]


def _is_about(text: bytes, people: list[Person]) -> bool:
    called = text.translate(None, BETWEEN_DIGITS)
    return any(
        person.email.encode() in text
        or person.digits.encode() in called
        or (person.name.encode() in text and person.postal_code.encode() in text)
        for person in people
    )


def _texts(path: Path) -> Iterator[bytes]:
    """Each table in a file, a line each row, and any other file; of databases the bytes besides. In small letters."""
    if path.suffix == ".parquet":
        yield _lines(pq.read_table(path).to_pylist())
        return
    if path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as connection:
            for (name,) in connection.sql(
                "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE NOT internal"
            ).fetchall():
                yield _lines(connection.sql(f"FROM {name}").fetchall())
    elif path.suffix == ".db":
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            yield _lines(connection.execute(f'SELECT * FROM "{name}"').fetchall())
        connection.close()
    elif path.suffix == ".gz":
        # Each record of a page is a line of its own.
        yield gzip.decompress(path.read_bytes()).decode("utf-8").replace("}, {", "}\n{").lower().encode()
    yield path.read_bytes().lower()


def _lines(rows: Iterable[Any]) -> bytes:
    return "\n".join(map(repr, rows)).lower().encode()
