"""What is wrong with one feed is told in a line with feed, fact and next step; the others go on, and nothing is lost.

One sync brings up all feeds at once, so that each stands beside every other. Connectors are tested with each fault in
tests/connectors; here it is the whole command that must not fall over, leak a secret or bend a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pipelines.settings import Home
from tests.bad_sources import (
    ANSWERS,
    LONG,
    MANY_ROWS,
    PASSWORD,
    SCRIPTS,
    SECRETS,
    BadSources,
    declare_broken_files,
    declare_strange_values,
    web_server,
)
from tests.journey_factory import DAY_ONE, Said, c360
from warehouse.connection import open_reader

# Feed → what the line must say: the fact, then the next step.
TROUBLES = {
    "missing_folder.orders": (r"nowhere is not there", r"Check X_MISSING_FOLDER_ORDERS"),
    "denied_folder.orders": (r"no permission to list folder", r"X_DENIED_FOLDER_ORDERS.*readable"),
    "empty_file.orders": (r"'a\.csv' is empty", r"deliver the file again"),
    "cut_off.orders": (r"'a\.csv\.gz' is cut off at byte", r"deliver the file again"),
    "missing_column.orders": (r"'?(name|total)'?", r"(?i)correct|contract|column"),
    "web_page.orders": (r"a\.csv", r"(?i)correct|contract|column"),
    "unauthorised.orders": (r"401", r"(?i)X_TOKEN|credential|token"),
    "forbidden.orders": (r"403", r"(?i)X_TOKEN|right|permission|token"),
    "not_found.orders": (r"404", r"(?i)path|address|contract|X_NOT_FOUND_ORDERS"),
    "too_many.orders": (r"429", r"(?i)next sync|later|again"),
    "broken_server.orders": (r"500", r"(?i)next sync|later|again"),
    "login_page.orders": (r"(?i)html|no json|not json", r"(?i)X_|address|log|check|contract"),
    "cut_json.orders": (r"is not JSON", r"Open the address"),
    "unknown_host.orders": (r"nohost\.invalid", r"(?i)next sync|check|again"),
    "unknown_database_host.orders": (r"nohost\.invalid", r"(?i)next sync|check|again"),
    "wrong_password.orders": (r"password authentication failed", r"(?i)X_WRONG_PASSWORD_ORDERS|password|check"),
    "not_a_database.orders": (r"no_database\.db", r"(?i)X_NOT_A_DATABASE_ORDERS|check|path"),
    "missing_table.orders": (r"nothing_here", r"(?i)contract|table|check"),
}


@dataclass(frozen=True)
class Matrix:
    """One sync over all feeds."""

    home: Home
    said: Said
    troubles: dict[str, str]

    def ask(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with open_reader(self.home.warehouse) as connection:
            return connection.execute(sql, values).fetchall()

    def staged(self, feed: str, columns: str) -> list[tuple[Any, ...]]:
        """Rows of a feed in the order of their keys, as far as keys are numbers."""
        return self.ask(f"SELECT {columns} FROM staging.orders WHERE _feed = ? ORDER BY order_id::BIGINT", feed)

    def held(self, feed: str) -> list[str]:
        """Reasons of the feed's held rows in the order of the file."""
        rows = self.ask(
            """SELECT array_to_string(reasons, '; ') FROM quarantine.held_row WHERE feed = ?
               ORDER BY row_number, held_id""",
            feed,
        )
        return [reason for (reason,) in rows]


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory, guarded_database: str) -> Matrix:
    folder = tmp_path_factory.mktemp("bad")
    bad, home = BadSources(folder), Home(folder / "home")
    bad.good()
    declare_broken_files(bad)
    declare_strange_values(bad)
    (folder / "no_database.db").write_bytes(b"this is no database at all, but a text" * 50)
    bad.feed("not_a_database.orders", "kind: sql, table: orders", f"sqlite:///{folder / 'no_database.db'}")
    bad.feed("missing_table.orders", "kind: sql, table: nothing_here", f"sqlite:///{folder / 'shop.db'}")
    bad.feed("wrong_password.orders", "kind: sql, table: orders", guarded_database)
    bad.feed(
        "unknown_database_host.orders", "kind: sql, table: orders", f"postgresql://me:{PASSWORD}@nohost.invalid/db"
    )
    bad.rest("unknown_host", "http://nohost.invalid")
    with web_server() as url:
        for name in ANSWERS:
            bad.rest(name, f"{url}/{name}")
        bad.write_connections(home.connections)
        said = c360(home, "sync", "--no-refresh", now=DAY_ONE, feeds_folder=bad.contracts)
    found = re.findall(r"^trouble  ([a-z_.0-9]+): (.*)$", said.err, flags=re.MULTILINE)
    return Matrix(home, said, dict(found))


@pytest.fixture(scope="module")
def guarded_database(postgres_url: str, postgres_socket: Path) -> Iterator[str]:
    """URL with a wrong password, of a server that asks for one."""
    import psycopg

    rules = postgres_socket / "pg_hba.conf"
    before = rules.read_text()
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS watched")
        connection.execute("CREATE ROLE watched LOGIN PASSWORD 'another'")
        rules.write_text("local all watched scram-sha-256\n" + before)
        connection.execute("SELECT pg_reload_conf()")
        yield f"postgresql://watched:{PASSWORD}@/postgres?host={postgres_socket}"
        rules.write_text(before)
        connection.execute("SELECT pg_reload_conf()")


def test_every_broken_source_and_no_other_feed_is_in_trouble(matrix: Matrix) -> None:
    assert matrix.said.code == 1
    assert matrix.troubles.keys() == TROUBLES.keys()


@pytest.mark.parametrize("feed", sorted(TROUBLES))
def test_trouble_is_one_line_with_fact_and_next_step(matrix: Matrix, feed: str) -> None:
    fact, step = TROUBLES[feed]
    line = matrix.troubles[feed]
    assert re.search(fact, line), line
    first, _, rest = line.partition(". ")
    assert re.search(step, rest or first), line
    assert len(line) < 500
    assert "fault of the program" not in line, line


def test_no_traceback_and_no_python_error_is_printed(matrix: Matrix) -> None:
    assert "Traceback" not in matrix.said.err + matrix.said.out
    assert not matrix.home.faults.exists(), matrix.home.faults.read_text()


def test_no_secret_is_printed_or_kept(matrix: Matrix) -> None:
    kept = [file for file in matrix.home.root.rglob("*") if file.is_file() and file != matrix.home.connections]
    assert {"ledger.db", "manifest.json", "warehouse.duckdb"} <= {file.name for file in kept}
    for secret in SECRETS:
        assert secret not in matrix.said.out + matrix.said.err
        assert [file for file in kept if secret.encode() in file.read_bytes()] == []


def test_the_good_feed_beside_them_is_staged(matrix: Matrix) -> None:
    assert matrix.staged("shop.orders", "order_id, total_amount") == [("1", Decimal("10.00")), ("2", Decimal("12.50"))]


def test_nothing_of_a_feed_in_trouble_is_landed_by_half(matrix: Matrix) -> None:
    landed = {feed for (feed,) in matrix.ask("SELECT DISTINCT feed FROM staging.applied_batch")}
    assert landed & TROUBLES.keys() == set()
    assert list(matrix.home.landing.glob("*/*/.incoming/*")) == []
    assert [file for file in matrix.home.work.rglob("*") if file.is_file()] == []


def test_no_row_is_lost_between_a_file_and_its_places(matrix: Matrix) -> None:
    rows = matrix.ask(
        """SELECT feed, sum(rows_in), sum(rows_new + rows_changed + rows_unchanged + rows_quarantined + rows_duplicate
                                          + rows_refused) FROM staging.applied_batch GROUP BY feed"""
    )
    counted = {feed: int(rows_in) for feed, rows_in, _ in rows}
    assert {feed: int(ended) for feed, _, ended in rows} == counted
    assert counted == {
        "shop.orders": 2,
        "bom.orders": 1,
        "latin.orders": 1,
        "not_utf8.orders": 3,
        "line_breaks.orders": 2,
        "double_keys.orders": 3,
        "null_keys.orders": 3,
        "dates.orders": 5,
        "amounts.orders": 8,
        "long.orders": 2,
        "scripts.orders": 4,
        "stray_quote.orders": MANY_ROWS,
    }


def test_a_stray_quote_costs_its_own_line_and_none_of_the_others(matrix: Matrix) -> None:
    [(staged, lowest, highest)] = matrix.ask(
        """SELECT count(*), min(order_id::BIGINT), max(order_id::BIGINT) FROM staging.orders
           WHERE _feed = 'stray_quote.orders'"""
    )
    held = matrix.held("stray_quote.orders")
    assert staged + len(held) == MANY_ROWS
    assert len(held) <= 1
    assert (lowest, highest) == (0, MANY_ROWS - 1)


def test_a_byte_order_mark_and_a_declared_encoding_leave_no_trace(matrix: Matrix) -> None:
    assert matrix.staged("bom.orders", "order_id, customer_name") == [("1", "Ada")]
    assert matrix.staged("latin.orders", "customer_name") == [("Jürgen Weiß",)]


def test_bytes_that_are_not_of_the_declared_encoding_are_held_and_their_neighbours_staged(matrix: Matrix) -> None:
    assert matrix.staged("not_utf8.orders", "order_id") == [("1",), ("3",)]
    [reason] = matrix.held("not_utf8.orders")
    assert reason == "is not valid text in the declared encoding"


def test_line_breaks_emoji_and_other_scripts_arrive_as_they_were(matrix: Matrix) -> None:
    assert matrix.staged("line_breaks.orders", "customer_name") == [("Ada\nByron\r\nLovelace",), ("Ada",)]
    assert matrix.staged("scripts.orders", "customer_name") == [(name,) for name in SCRIPTS]


def test_of_a_key_that_comes_twice_in_a_file_the_last_row_counts(matrix: Matrix) -> None:
    assert matrix.staged("double_keys.orders", "order_id, customer_name") == [("1", "last"), ("2", "Ada")]
    [(double,)] = matrix.ask("SELECT rows_duplicate FROM staging.applied_batch WHERE feed = 'double_keys.orders'")
    assert double == 1


def test_rows_without_a_key_are_held(matrix: Matrix) -> None:
    assert matrix.staged("null_keys.orders", "order_id") == [("1",)]
    reasons = matrix.held("null_keys.orders")
    assert len(reasons) == 2
    assert all("order_id is missing" in reason for reason in reasons)


def test_dates_that_cannot_be_are_held_and_1970_is_a_date_but_for_its_first_moment(matrix: Matrix) -> None:
    assert matrix.staged("dates.orders", "order_id, ordered_at::VARCHAR") == [("5", "1970-01-02 00:00:00")]
    far, first, old, none = matrix.held("dates.orders")
    assert "ordered_at lies in the future" in far
    assert "which stands for a missing time" in first
    assert "before 1900" in old
    assert "ordered_at is missing" in none


def test_amounts_that_are_no_amounts_are_held_and_none_is_rounded(matrix: Matrix) -> None:
    staged = matrix.staged("amounts.orders", "order_id, total_amount::VARCHAR")
    assert staged == [("5", "0.00")]
    reasons = matrix.held("amounts.orders")
    for text, reason in zip(
        ("NaN", "inf", "-Infinity", "1e30", "99999999999999999.99", "1,5", "12.345"), reasons, strict=True
    ):
        assert "total_amount" in reason, reason
        assert f"'{text}'" in reason, reason


def test_a_value_of_ten_megabytes_is_staged_whole(matrix: Matrix) -> None:
    assert matrix.staged("long.orders", "length(customer_name), md5(customer_name)") == matrix.ask(
        "VALUES (length(?), md5(?)), (3, md5('Ada'))", LONG, LONG
    )
