"""The benchmark's own look at a home finds people wherever they stand, and rows of others that changed."""

from __future__ import annotations

import gzip
from pathlib import Path

import duckdb
import pytest
from living import Person
from looking import PUBLISHED, differences, remains

from pipelines.settings import Home

ANN = Person("C1", "ann@mail.example", "301234567", "ann lee", "12345")


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Mail to ANN@mail.example", "address"),
        ("call (030) 123-4567", "number"),
        ('{"name": "Ann Lee", "home": {"zip": "12345"}}', "name beside postal code"),
        ("Ann Lee of 123456, mail@ann.example, 30123456", None),
        ('[{"name": "Ann Lee"}, {"zip": "12345"}]', None),
    ],
)
def test_people_are_found_in_packed_files_and_in_tables(tmp_path: Path, said: str, kind: str | None) -> None:
    (tmp_path / "page.json.gz").write_bytes(gzip.compress(said.encode()))
    with duckdb.connect(str(tmp_path / "told.duckdb")) as connection:
        connection.execute("CREATE TABLE told AS SELECT 1.5 AS amount, [$said] AS said", {"said": said})
    found = remains(Home(tmp_path), [ANN])
    of_rows = [one for one in found if ": bytes" not in one]
    if kind is None:
        assert [one for one in of_rows if one.startswith("page")] == []
    else:
        assert [one.partition(" (")[0] for one in of_rows] == [f"page.json.gz: {kind}", f"told.duckdb: {kind}"]


def test_a_row_of_somebody_else_that_changed_is_told(tmp_path: Path) -> None:
    # That ann sent them no longer stands in the forms of others, and is the one thing that may go.
    files = (("before", "Lyon", ANN.email), ("same", "Lyon", None), ("moved", "Nice", None))
    for file, city, sent_by in files:
        with duckdb.connect(str(tmp_path / file)) as connection:
            connection.execute("CREATE SCHEMA identity")
            for table in PUBLISHED:
                connection.execute(f"CREATE TABLE {table} (customer_id VARCHAR, city VARCHAR, referred_by VARCHAR)")
                referrer = sent_by if table == "fct_web_registration" else None
                connection.execute(f"INSERT INTO {table} VALUES ('C2', ?, ?)", [city, referrer])
                if file == "before":
                    connection.execute(f"INSERT INTO {table} VALUES ('C1', 'Bonn', NULL)")
    assert differences(tmp_path / "before", tmp_path / "same", [ANN]) == []
    found = differences(tmp_path / "before", tmp_path / "moved", [ANN])
    assert found == [f"{table}: 1 rows gone and 1 come, of 1" for table in PUBLISHED]
