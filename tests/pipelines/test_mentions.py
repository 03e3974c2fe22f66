"""What rows of other people say of somebody erased is taken out of them, and nothing else of these rows."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.catalog import load_catalog
from connectors.contract import FeedContract
from connectors.entities import load_entities
from pipelines.column_rules import all_types
from pipelines.erased import keep_out, keep_out_of_lines
from pipelines.erasure.named import redact_warehouse
from pipelines.erasure.staged import find_held
from pipelines.erasure.subject import Traces
from pipelines.identity import tables
from pipelines.mentions import Graves, telling_of, telling_of_source
from pipelines.redaction import phone_digits, phone_reference
from warehouse import staging
from warehouse.casting import row_hash_sql

SALT = "salt"
TRACES = Traces(("ann.lee@mail.example",), ("301234567",), (("ann lee", "ls11 2pp"),))
KNOWN = Graves(
    SALT,
    frozenset(
        hashlib.sha256(f"{SALT}{one}".encode()).hexdigest()
        for one in (*TRACES.references(), "called/77", "called/C0000001", "website/web_registrations/W1")
    ),
)
CATALOG = load_catalog()
FORMS, NOTES = CATALOG["website.registrations"], CATALOG["frontdesk.notes"]


def landed(folder: Path, contract: FeedContract, *rows: dict[str, str]) -> Path:
    """A landed table: what a row does not say is null."""
    table = folder / "data.parquet"
    columns = list(contract.source_columns())
    told: list[dict[str, Any]] = [
        {name: row.get(name) for name in columns} | {"_row_number": number, "_key_hash": number, "_row_hash": number}
        for number, row in enumerate(rows, start=1)
    ]
    kinds = [*((name, pa.string()) for name in columns), ("_row_number", pa.int64())]
    hashes = [("_key_hash", pa.uint64()), ("_row_hash", pa.uint64())]
    pq.write_table(pa.Table.from_pylist(told, pa.schema([*kinds, *hashes])), table)
    return table


def test_what_a_row_says_of_its_own_customer_is_never_among_what_it_may_say_of_others() -> None:
    forms, notes = telling_of(load_entities()["web_registrations"]), telling_of_source(NOTES)
    assert forms.referring == {"referred_by"}
    assert not {"registration_id", "account_id", "email", "phone", "full_name", "postal_code"} & set(forms.texts)
    # The front desk's `how` is its channel as well, which has a closed set of values.
    assert set(notes.texts) == {"topic", "about_type", "about_no", "clerk", "note"}
    assert telling_of_source(FORMS).referring == {"referred_by"}


@pytest.mark.parametrize("referrer", [" Ann.Lee@mail.example", "77", "C0000001"])
def test_a_form_comes_in_without_who_is_erased_and_otherwise_as_it_was_sent(tmp_path: Path, referrer: str) -> None:
    sent = [
        {"id": "W1", "referred_by": "jo@mail.example"},
        {"id": "W2", "referred_by": referrer, "person.email": "jo@mail.example", "browser": "Firefox"},
        {"id": "W3", "referred_by": "78"},
    ]
    table = landed(tmp_path, FORMS, *sent)
    (_, second, third) = pq.read_table(table).to_pylist()
    assert keep_out(table, tmp_path / "scratch.duckdb", FORMS, KNOWN)
    assert pq.read_table(table).to_pylist() == [second | {"referred_by": None}, third]
    assert not keep_out(table, tmp_path / "scratch.duckdb", FORMS, KNOWN)


@pytest.mark.parametrize(
    ("note", "left"),
    [
        ("Wants Ann.Lee@mail.example told, 12 May.", "Wants (erased) told, 12 May."),
        ("Call +49 30 123-4567 for her", "Call (erased) for her"),
        ("Parcel went to Ann Lee, LS11 2PP", "Parcel went to (erased), LS11 2PP"),
        ("Parcel went to Joann Lee, LS11 2PP", None),
        ("Ann Lee came by", None),
        ("joann.lee@mail.example", None),
    ],
)
def test_a_note_loses_the_very_words(tmp_path: Path, note: str, left: str | None) -> None:
    table = landed(tmp_path, NOTES, {"note_no": "N1", "customer_no": "5", "note": note, "how": "phone"})
    assert keep_out(table, tmp_path / "scratch.duckdb", NOTES, KNOWN) is (left is not None)
    assert pq.read_table(table).to_pylist()[0]["note"] == (left or note)


def test_a_name_in_a_note_stands_beside_the_postal_code_of_its_row(tmp_path: Path) -> None:
    housemate = {"note_no": "N1", "customer_no": "5", "note": "Speak to Ann Lee", "zip": "LS11 2PP"}
    table = landed(tmp_path, NOTES, housemate, housemate | {"note_no": "N2", "zip": "LS11 3QQ"})
    assert keep_out(table, tmp_path / "scratch.duckdb", NOTES, KNOWN)
    told = [(row["note"], row["zip"]) for row in pq.read_table(table).to_pylist()]
    assert told == [("Speak to (erased)", "LS11 2PP"), ("Speak to Ann Lee", "LS11 3QQ")]


def test_a_line_that_cannot_be_read_stays_without_the_erased(tmp_path: Path) -> None:
    lines = ["N1;?;Ann.Lee@mail.example called", "N2;?;joann.lee@mail.example called"]
    table: dict[str, Any] = {"line_number": pa.array([3, 9]), "raw": lines, "reason": ["two fields too many"] * 2}
    pq.write_table(pa.table(table), tmp_path / "rejects.parquet")
    assert keep_out_of_lines(tmp_path / "rejects.parquet", KNOWN)
    left = pq.read_table(tmp_path / "rejects.parquet")
    assert left.column("raw").to_pylist() == ["N1;?;(erased) called", lines[1]]
    assert left.drop(["raw"]).to_pydict() == {"line_number": [3, 9], "reason": table["reason"]}


@pytest.fixture
def c() -> duckdb.DuckDBPyConnection:
    """A warehouse without rows."""
    made = duckdb.connect()
    staging.ensure_schema(made, all_types())
    tables.ensure_schema(made)
    return made


def test_a_staged_row_ends_as_the_one_that_comes_in_again(c: duckdb.DuckDBPyConnection) -> None:
    entity = load_entities()["web_registrations"]
    c.execute("SET TimeZone = 'UTC'")
    for key, referrer in (("W2", "ann.lee@mail.example"), ("W3", "jo@mail.example")):
        c.execute(
            "INSERT INTO staging.web_registrations (registration_id, email, referred_by, _key, _row_hash) "
            "VALUES ($key, 'jo@mail.example', $referrer, $key, 1)",
            {"key": key, "referrer": referrer},
        )
    assert redact_warehouse(c, [], KNOWN) == {"web_registrations": 1}
    is_as_it_comes = f"_row_hash = {row_hash_sql(entity.columns)}"
    assert c.execute(
        f"SELECT _key, email, referred_by, {is_as_it_comes} FROM staging.web_registrations ORDER BY _key"
    ).fetchall() == [("W2", "jo@mail.example", None, True), ("W3", "jo@mail.example", "jo@mail.example", False)]
    assert redact_warehouse(c, [], KNOWN) == {}


def test_a_held_row_of_somebody_else_stays_without_the_erased(c: duckdb.DuckDBPyConnection) -> None:
    held = {
        "theirs": '{"id":"W5","person.email":"Ann.Lee@mail.example","referred_by":null}',
        "names": '{"id":"W6","person.email":"jo@mail.example","referred_by":"ann.lee@mail.example"}',
        "calls": '{"id":"W7","person.email":"jo@mail.example","referred_by":"77"}',
        "other": '{"id":"W8","person.email":"jo@mail.example","referred_by":"78"}',
    }
    for number, (held_id, payload) in enumerate(held.items(), start=1):
        c.execute(
            "INSERT INTO quarantine.held_row (held_id, feed, entity, source_system, batch_id, row_number, reasons, "
            "payload) VALUES (?, 'website.registrations', 'web_registrations', 'website', 'B', ?, ?, ?)",
            [held_id, number, ["registered_at: '?' is no time; sent by Ann.Lee@mail.example"], payload],
        )
    c.execute("CREATE TEMP TABLE erased_reference (reference VARCHAR)")
    assert find_held(c, TRACES, [FORMS]) == {"B": {1}}
    c.execute("DELETE FROM quarantine.held_row WHERE held_id = 'theirs'")
    assert redact_warehouse(c, [FORMS], KNOWN) == {"quarantine": 3}
    reason = ["registered_at: '?' is no time; sent by (erased)"]
    nobody = '{"id":"%s","person.email":"jo@mail.example","referred_by":null}'
    assert c.execute("SELECT held_id, payload, reasons FROM quarantine.held_row ORDER BY row_number").fetchall() == [
        ("names", nobody % "W6", reason), ("calls", nobody % "W7", reason), ("other", held["other"], reason),
    ]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.text("0123456789 +-/().abxyz", max_size=30))
def test_a_telephone_number_is_looked_up_alike_by_python_and_by_sql(found: str) -> None:
    [(digits,)] = duckdb.execute(f"SELECT {phone_digits('$found')}", {"found": found}).fetchall()
    assert phone_reference(found) == (None if digits is None else f"phone/{digits}")
