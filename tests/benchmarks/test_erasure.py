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


_COLUMNS = """customer_id VARCHAR, city VARCHAR, referred_by VARCHAR, order_key VARCHAR, source_record_key VARCHAR,
    source_system VARCHAR, payment_id VARCHAR, shipment_id VARCHAR"""


def _published(root: Path, rows: dict[str, list[tuple[str | None, ...]]], city: str = "Lyon") -> Home:
    """A home with a row of C2 in every table that is compared, and `rows` (customer_id, then the keys) besides."""
    home = Home(root)
    root.mkdir()
    with duckdb.connect(str(home.published)) as connection:
        connection.execute("CREATE SCHEMA identity")
        connection.execute(
            """CREATE TABLE identity.customer_id_redirect AS
               SELECT 'C0' AS old_customer_id, 'C1' AS current_customer_id"""
        )
        for table in PUBLISHED:
            connection.execute(f"CREATE TABLE {table} ({_COLUMNS})")
            connection.execute(f"INSERT INTO {table} (customer_id, city) VALUES ('C2', ?)", [city])
            for row in rows.get(table, []):
                names = ("customer_id", "order_key", "source_record_key", "source_system", "payment_id")[: len(row)]
                marks = ", ".join("?" * len(row))
                connection.execute(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", row)
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("CREATE SCHEMA staging")
        connection.execute(
            """CREATE TABLE staging.orders AS
               SELECT * FROM (VALUES ('shop', '1', 'Ann@mail.example', true), ('shop', '2', 'jo@mail.example', true))
                 AS orders(_source_system, order_id, email, _is_deleted), (SELECT NULL::VARCHAR AS account_id)"""
        )
    return home


def test_a_row_of_somebody_else_that_changed_is_told(tmp_path: Path) -> None:
    former = _published(tmp_path / "before", {table: [("C1",)] for table in PUBLISHED})
    assert differences(former, _published(tmp_path / "same", {}), [ANN]) == []
    found = differences(former, _published(tmp_path / "moved", {}, city="Nice"), [ANN])
    assert found == [f"{table}: 1 rows gone and 1 come, of 1" for table in PUBLISHED]


def test_that_an_erased_one_sent_a_form_may_go_from_forms_of_others(tmp_path: Path) -> None:
    former, present = _published(tmp_path / "before", {}), _published(tmp_path / "after", {})
    with duckdb.connect(str(former.published)) as connection:
        connection.execute("UPDATE fct_web_registration SET referred_by = ?", [ANN.email])
    assert differences(former, present, [ANN]) == []
    with duckdb.connect(str(former.published)) as connection:
        connection.execute("UPDATE fct_web_registration SET referred_by = 'jo@mail.example'")
    assert differences(former, present, [ANN]) == ["fct_web_registration: 1 rows gone and 1 come, of 1"]


def test_rows_of_deleted_orders_and_of_merged_ids_are_of_whom_they_were(tmp_path: Path) -> None:
    paid = ("shop/payments/p1", "shop", "p1")
    theirs = {
        "fct_payment": [(None, "shop/1", *paid)],
        "interaction": [(None, None, "shop/payments/p1")],
        "dim_customer_history": [("C0",)],
    }
    present = _published(tmp_path / "after", {})
    assert differences(_published(tmp_path / "theirs", theirs), present, [ANN]) == []
    others = {"fct_payment": [(None, "shop/2", *paid)], "interaction": [(None, None, "shop/payments/p1")]}
    assert differences(_published(tmp_path / "others", others), present, [ANN]) == [
        "fct_payment: 1 rows gone and 0 come, of 1", "interaction: 1 rows gone and 0 come, of 1"
    ]  # fmt: skip
