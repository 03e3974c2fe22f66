"""What is typed wrongly, or lies damaged in the home, is told in one line with thing, fact and next step."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import typer

from connectors.source_spec import LONGEST_DURATION, parse_duration
from pipelines.cli.console import complain
from pipelines.cli.metrics import replace_file
from pipelines.ledger.database import Ledger
from pipelines.settings import Home
from pipelines.trouble import Trouble
from tests.journey_factory import DAY_ONE, Said, c360
from warehouse.connection import WarehouseUnreadable, open_reader


@pytest.fixture
def looked(tmp_path: Path) -> Home:
    """A home with an empty ledger."""
    home = Home(tmp_path / "home")
    Ledger(home.ledger).close()
    return home


def is_told(said: Said, code: int, *facts: str) -> bool:
    """Whether it ended with this code, without a trace, and with each fact."""
    flat = " ".join(said.err.split())
    return said.code == code and "Traceback" not in flat and all(re.search(fact, flat) for fact in facts)


@pytest.mark.parametrize(
    "command", ["sync", "feeds probe", "feeds reconcile", "quarantine release", "alerts list --feed"]
)
def test_a_feed_that_no_contract_names_is_wrong_use_whatever_its_name_holds(looked: Home, command: str) -> None:
    said = c360(looked, *command.split(), "a[red]b[/c]", now=DAY_ONE)
    assert is_told(said, 2, r"No contract for a\[red\]b\[/c\]\.", "shop.orders")


def test_held_rows_of_a_feed_that_no_contract_names_are_wrong_use(home: Home) -> None:
    from warehouse.connection import open_warehouse
    from warehouse.quarantine import ensure_schema

    with open_warehouse(home.root) as connection:
        ensure_schema(connection)
    assert is_told(c360(home, "quarantine", "list", "shop.oders", now=DAY_ONE), 2, "No contract for shop.oders")
    assert c360(home, "quarantine", "list", "shop.orders", "--limit", "0", now=DAY_ONE).out == "No row is held.\n"


@pytest.mark.parametrize(
    "command",
    [
        "alerts silence shop.orders --for 1h --reason",
        "alerts resolve A1 --reason",
        "feeds accept shop.orders --because",
    ],
)
def test_a_blank_reason_is_wrong_use_where_it_is_written_down(looked: Home, command: str) -> None:
    assert is_told(c360(looked, *command.split(), " ", "--by", "me", now=DAY_ONE), 2, "say why")


def test_a_home_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = c360(Home(tmp_path / "file"), "status", now=DAY_ONE)
    assert is_told(said, 1, "file: it is no folder", "--home or C360_HOME")


def test_an_empty_home_is_wrong_use_and_no_other_folder_is_taken_for_it() -> None:
    class Empty:
        root = ""

    assert is_told(c360(Empty(), "status", now=DAY_ONE), 2, "--home is empty")  # type: ignore[arg-type]


def test_an_env_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"A=\xff\xfe\n")
    assert is_told(c360(Home(tmp_path), "doctor", now=DAY_ONE), 1, r"\.env: it is not text in UTF-8")


def test_a_damaged_ledger_sends_to_the_doctor_who_names_the_file(looked: Home) -> None:
    looked.ledger.write_bytes(b"no ledger at all " * 100)
    assert is_told(c360(looked, "alerts", "list", now=DAY_ONE), 1, "ledger .* cannot be used", "See c360 doctor")
    assert f"it is damaged: {looked.ledger}: " in " ".join(c360(looked, "doctor", now=DAY_ONE).out.split())


@pytest.mark.parametrize("size", [0, 5_000, 100_000])
def test_a_damaged_published_file_is_named_with_its_next_step(home: Home, size: int) -> None:
    whole = home.published.read_bytes()
    home.published.write_bytes(whole[:size])
    fact, step = r"customer_360\.duckdb: DuckDB cannot open it", "restore the home folder from one backup"
    for command in (["customer", "Ann"], ["query", "SELECT 1", "--full"]):
        assert is_told(c360(home, *command, now=DAY_ONE), 1, fact, step)
    assert re.search(f"✗ published file: .*{fact}", " ".join(c360(home, "doctor", now=DAY_ONE).out.split()))
    with pytest.raises(WarehouseUnreadable), open_reader(home.published):
        pass


def test_held_rows_of_a_home_without_a_warehouse_lead_to_the_next_command(tmp_path: Path) -> None:
    said = c360(Home(tmp_path / "home"), "quarantine", "show", "x", now=DAY_ONE)
    assert is_told(said, 1, "warehouse.duckdb: there is no warehouse yet. Check --home")


def test_a_question_that_nobody_answers_is_no_fault_of_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    assert complain(typer.Abort()) == 1
    assert "nothing was done. Answer y, or give --yes." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "fact"), [("none", "No such file"), ("", "Is a directory"), ("bin", "not text in UTF-8")]
)
def test_a_list_of_customers_to_erase_that_cannot_be_read_is_named(looked: Home, name: str, fact: str) -> None:
    (looked.root / "bin").write_bytes(b"\xff\xfe")
    said = c360(looked, "erase", "--from", str(looked.root / name), "--reason", "x", "--by", "me", now=DAY_ONE)
    assert is_told(said, 1, re.escape(str(looked.root / name)), fact)


def test_metrics_that_cannot_be_written_name_the_path_and_leave_nothing(tmp_path: Path) -> None:
    for path, fact in ((tmp_path, "it is a folder"), (tmp_path / "none" / "m.prom", "its folder is not there")):
        with pytest.raises(Trouble, match=fact):
            replace_file(path, b"")
    shutil.rmtree(tmp_path)


def test_a_duration_longer_than_a_century_is_refused_before_a_date_overflows() -> None:
    assert parse_duration("36525d") == LONGEST_DURATION
    for text in ("36526d", "99999999999d", "9" * 400 + "s"):
        with pytest.raises(ValueError, match="is longer than 36525 days"):
            parse_duration(text)


@pytest.mark.parametrize("arguments", ["review --minutes 1e300", "feeds reconcile shop.orders --days 999999999999"])
def test_a_number_beyond_what_it_counts_is_wrong_use(looked: Home, arguments: str) -> None:
    assert is_told(c360(looked, *arguments.split(), now=DAY_ONE), 2, "less than or equal to")
