"""A home is searched for erased customers in every file, and what is somebody else's is not taken for theirs."""

from __future__ import annotations

import gzip
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from pipelines.erasure.matching import addresses_in
from pipelines.erasure.remains import search
from pipelines.erasure.subject import Traces
from pipelines.redaction import REDACTED, Redaction
from pipelines.settings import Home

TRACES = Traces(
    emails=("ann.lee@mail.example", "jo@mail.example"),
    phones=("301234567",),
    homes=(("ann lee", "ls11 2pp"), ("jo day", "12345")),
)
# One that each of them is in, whatever its writing, and one that only looks like it.
TOLD = {
    "ann.lee@mail.example": "joann.lee@mail.example",
    "Mail to Ann.Lee@Mail.example.": "ann.lee@mail.example.org",
    "call +49 (30) 123-4567 now": "order 30123456789",
    "called 0049301234567": "row 9876543210301234567",
    "called 0301234567x12": "pseudonym 0301234567a2c4ef",
    "Ann Lee, 1 Elm Row, Leeds LS11 2PP": "Ann Lee, 1 Elm Row, Leeds XLS11 2PP",
    "Ann Lee|LS11 2PP": "Joann Lee|LS11 2PP",
    '{"name": "Jo Day", "home": "Oak 1\\n12345 Town"}': '{"name": "Jo Day", "home": "Oak 1, 123456 Town"}',
}


def _in_parquet(folder: Path, text: str) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT 1.5 AS amount, $text AS said) TO '{folder}/told.parquet'", {"text": text})


def _in_duckdb(folder: Path, text: str) -> None:
    with duckdb.connect(str(folder / "told.duckdb")) as connection:
        connection.execute("CREATE TABLE told (told_at TIMESTAMP, said STRUCT(line VARCHAR)[])")
        connection.execute("INSERT INTO told VALUES (NULL, [{'line': 'nothing'}, {'line': ?}])", [text])


def _in_sqlite(folder: Path, text: str) -> None:
    with closing(sqlite3.connect(folder / "told.db")) as connection, connection:
        connection.execute("CREATE TABLE told (number INTEGER, said TEXT)")
        connection.execute("INSERT INTO told VALUES (1, ?)", [text])


def _packed(folder: Path, text: str) -> None:
    (folder / "told.json.gz").write_bytes(gzip.compress(f"[{text}]".encode()))


def _in_lines(folder: Path, text: str) -> None:
    (folder / "told.jsonl").write_text(f"nothing\n{text}\n", "utf-8")


@pytest.mark.parametrize("write", [_in_parquet, _in_duckdb, _in_sqlite, _packed, _in_lines])
@pytest.mark.parametrize("said", TOLD)
def test_a_trace_is_found_in_every_kind_of_file(tmp_path: Path, write: Callable[[Path, str], None], said: str) -> None:
    write(tmp_path, TOLD[said])
    found = search(Home(tmp_path), TRACES, aside=tmp_path / "aside")
    assert found.found == ()
    for file in tmp_path.iterdir():
        file.unlink()
    write(tmp_path, said)
    found = search(Home(tmp_path), TRACES, aside=tmp_path / "aside")
    assert [one.rows for one in found.found if not one.place.endswith("(bytes)")] == [1]
    assert found.unread == ()


def test_a_name_and_a_postal_code_in_two_records_of_a_page_are_not_beside_each_other(tmp_path: Path) -> None:
    page = '[{"name": "Jo Day", "zip": "99999"}, {"name": "Ann Lee", "zip": "12345"}]'
    _packed(tmp_path, page)
    assert search(Home(tmp_path), TRACES, aside=tmp_path / "aside").found == ()


def test_a_packed_file_that_cannot_be_read_is_no_pass(tmp_path: Path) -> None:
    (tmp_path / "page.json.gz").write_bytes(gzip.compress(b"ann.lee@mail.example" * 20)[:20])
    assert search(Home(tmp_path), TRACES, aside=tmp_path / "aside").unread == ("page.json.gz",)


@pytest.mark.parametrize(
    ("held", "count"),
    [
        (b"xjo@mail.exampleann.lee@mail.examplejo@mail.example", 2),
        (b"@mail.example", 0),
        (b"o@mail.example an.lee@mail.example", 0),
        (b"jo@mail.example", 1),
    ],
)
def test_addresses_are_found_among_bytes_where_nothing_parts_them(held: bytes, count: int) -> None:
    assert len(addresses_in(held, TRACES.emails)) == count


def test_an_address_among_bytes_is_no_trace_where_a_longer_one_of_somebody_else_stands() -> None:
    others = ["joann.lee@mail.example", "jo@mail.example.org"]
    assert addresses_in(b"exampleJOann.lee@mail.examplejo@mail.example.org".lower(), TRACES.emails, others) == set()
    beside = b"joann.lee@mail.exampleann.lee@mail.example"
    assert addresses_in(beside, TRACES.emails, others) == {"ann.lee@mail.example"}


def test_a_text_is_told_without_its_traces() -> None:
    redact = Redaction(TRACES.references().__contains__)
    assert redact("key ann.lee@mail.example, called 0 30 1234567") == f"key {REDACTED}, called {REDACTED}"
    assert redact("Jo Day of 12345") == f"{REDACTED} of 12345"
    assert redact("Jo Day of 54321") == "Jo Day of 54321"
