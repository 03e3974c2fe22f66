"""Customers are erased from everything that the home holds, and what their systems send again stays out."""

from __future__ import annotations

import gzip
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

from pipelines.cli import erase  # noqa: F401  (a command of the app)
from pipelines.settings import Home
from tests.journey_factory import DAY_ONE, Company, Said, query_sqlite, running_company

CUSTOMERS, ERASED = 40, 3
REREAD = ("shop.accounts", "shop.orders", "mailer.activity")
LATER = DAY_ONE + timedelta(hours=1)
# What those who watch would tell of rows that are gone.
LOSSES = {"ledger_disagrees", "rows_missing", "rows_outdated", "rows_extra", "rows_unaccounted", "orphans"}
# Signs that people write between the digits of a telephone number.
BETWEEN_DIGITS = b" ()-./"
# Where text, and what lies as bytes between texts, is cut.
LINE_ENDS = re.compile(rb"[\n\r\x0b\x0c\x1c-\x1e]")
KEPT = (
    "fct_order", "fct_order_line", "fct_payment", "fct_shipment", "fct_ticket", "fct_campaign_touch",
    "fct_web_registration", "interaction", "contact_point", "dim_customer", "dim_customer_history",
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

    people: list[Person]
    cut_off: Said
    refused: Said
    resumed: Said
    said: Said
    before: dict[str, list[str]]
    after: dict[str, list[str]]
    remains: list[str]
    again: Said
    remains_again: list[str]
    keys_again: set[str]
    alerts: list[tuple[Any, ...]]


@pytest.fixture(scope="module")
def erasure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Erasure]:
    with running_company(tmp_path_factory.mktemp("erasure"), customers=CUSTOMERS) as co:
        assert co.c360("sync", now=DAY_ONE).code == 0
        people = _people(co)
        before = _others(co, people)
        first, *others = [person.customer_id for person in people]
        with pytest.MonkeyPatch.context() as patch:
            # The warehouse has forgotten the customer by then, and its former blocks are still there.
            patch.setattr("pipelines.erasure.erase.rewrite_warehouse", _no_space)
            cut_off = _erase(co, first)
        refused = _erase(co, *others)
        resumed = co.c360("erase", "--resume", "--json", now=DAY_ONE)
        said = _erase(co, *others)
        after, remains = _others(co, people), _remains(co, people)
        again = _everything_again(co)
        with duckdb.connect(str(co.home.published), read_only=True) as published:
            keys = {
                key for (key,) in published.sql("SELECT source_record_key FROM identity.customer_crosswalk").fetchall()
            }
        alerts = query_sqlite(co.home.ledger, "SELECT feed, failure, reason FROM alert WHERE state = 'OPEN'")
        yield Erasure(
            people, cut_off, refused, resumed, said, before, after, remains, again, _remains(co, people), keys, alerts,
        )  # fmt: skip


def test_the_certificate_says_what_was_touched_and_that_nothing_is_left(erasure: Erasure) -> None:
    assert (erasure.said.code, erasure.said.err) == (0, "")
    told = erasure.said.document
    assert told["is_clean"]
    assert (told["found"], told["unread"]) == ({}, [])
    assert told["customer_ids"] == [person.customer_id for person in erasure.people[1:]]
    assert told["searched_for"]["e-mail addresses"] >= ERASED - 1
    assert told["staged_rows"]["accounts"] >= ERASED - 1
    for person in erasure.people:
        assert person.email not in erasure.said.out
        assert person.name not in erasure.said.out


def test_an_erasure_that_was_cut_off_goes_before_any_other_and_is_certified_when_resumed(erasure: Erasure) -> None:
    assert erasure.cut_off.code == 1
    assert erasure.refused.code == 1
    assert "c360 erase --resume" in erasure.refused.err
    assert (erasure.resumed.code, erasure.resumed.err) == (0, "")
    told = erasure.resumed.document
    assert told["is_clean"]
    assert told["customer_ids"] == [erasure.people[0].customer_id]
    assert told["staged_rows"]["accounts"] >= 1
    assert told["records"] >= told["staged_rows"]["accounts"]


def test_no_file_under_the_home_holds_anything_of_them(erasure: Erasure) -> None:
    assert erasure.remains == []


def test_nothing_of_anybody_else_changes(erasure: Erasure) -> None:
    assert erasure.before.keys() == set(KEPT)
    for table in KEPT:
        assert erasure.after[table] == erasure.before[table], table
        assert erasure.after[table], table


def test_what_their_systems_send_again_stays_out(erasure: Erasure) -> None:
    assert (erasure.again.code, erasure.again.err) == (0, "")
    assert erasure.remains_again == []
    assert not {f"shop/accounts/{person.account_id}" for person in erasure.people} & erasure.keys_again


def test_an_erasure_is_no_loss_to_those_who_watch(erasure: Erasure) -> None:
    assert not LOSSES & {failure for _, failure, _ in erasure.alerts}


def _no_space(home: Home) -> None:
    raise OSError(28, "No space left on device", str(home.warehouse))


def _erase(co: Company, *customer_ids: str) -> Said:
    return co.c360("erase", *customer_ids, "--reason", "request 4711", "--by", "dana", "--yes", "--json", now=DAY_ONE)


def _everything_again(co: Company) -> Said:
    """A sync after which feeds that read on from a mark were read from its beginning, and a full list once more."""
    for file in (co.folder / "bureau").iterdir():
        os.utime(file, (LATER.timestamp() - 60, LATER.timestamp() - 60))
    said = co.c360("sync", *REREAD, "--from", "2020-01-01", now=LATER)
    assert (said.code, said.err) == (0, "")
    return co.c360("sync", "bureau.profiles", now=LATER)


def _people(co: Company) -> list[Person]:
    """Customers with an account in the shop and an address and telephone number that no other account has."""
    accounts = query_sqlite(
        co.folder / "shop" / "shop.db",
        """SELECT id, email, phone, first_name || ' ' || last_name, zip FROM customers AS mine
           WHERE email LIKE '%@%' AND phone IS NOT NULL AND zip IS NOT NULL AND first_name <> '' AND last_name <> ''
             AND NOT EXISTS (SELECT 1 FROM customers AS other WHERE other.id <> mine.id
                             AND (lower(other.email) = lower(mine.email) OR other.phone = mine.phone
                                  OR (other.last_name = mine.last_name AND other.zip = mine.zip)))
           ORDER BY id""",
    )
    with duckdb.connect(str(co.home.published), read_only=True) as published:
        owner = dict(published.sql("SELECT source_record_key, customer_id FROM identity.customer_crosswalk").fetchall())
        ordered = {one for (one,) in published.sql("SELECT DISTINCT customer_id FROM fct_order").fetchall()}
    found = [
        Person(customer, account, email.lower(), phone, name.lower(), postcode.lower())
        for account, email, phone, name, postcode in accounts
        if (customer := owner.get(f"shop/accounts/{account}")) in ordered
    ]
    people = list({person.customer_id: person for person in found}.values())[:ERASED]
    assert [len(person.digits) for person in people] == [9] * ERASED
    return people


def _others(co: Company, people: list[Person]) -> dict[str, list[str]]:
    """Rows of the published tables that are not of these people."""
    mine = ", ".join(f"'{person.customer_id}'" for person in people)
    with duckdb.connect(str(co.home.published), read_only=True) as published:
        return {
            table: sorted(
                map(
                    repr,
                    published.sql(
                        f"SELECT * FROM {table} WHERE customer_id NOT IN ({mine}) OR customer_id IS NULL"
                    ).fetchall(),
                )
            )
            for table in KEPT
        }


def _remains(co: Company, people: list[Person]) -> list[str]:
    """Files that hold something of these people, read row by row, or as bytes, by other means than the erasure's."""
    files = [path for path in co.home.root.rglob("*") if path.is_file() and not path.is_relative_to(co.home.sample)]
    return [
        f"{path.relative_to(co.home.root)}: {line[:120]!r}"
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
