"""What `c360 rematch` says and does, on a small shop that was synced when the threshold let nobody join."""

from __future__ import annotations

import shutil
import sqlite3
import time
from datetime import timedelta
from pathlib import Path

import pytest

from pipelines import refresh
from pipelines.identity import fingerprints, linkage
from pipelines.ledger import leases
from pipelines.ledger.database import Ledger
from pipelines.settings import Home
from pipelines.trouble import Trouble
from tests.journey_factory import Said, c360, contents
from tests.pipelines.defs.deployment_factory import ACCOUNTS, NOON
from warehouse.connection import open_reader

TWINS = ("Ann Lee", "Bo Yu", "Zoe Quill", "Ida Moss", "Per Hay", "Eve Dorn", "Kim Vance", "Olaf Berg", "Uma Iyer",
         "Jan Kool", "Rosa Diaz", "Finn Wade")  # fmt: skip
ALL_AFFECTED = "24 of 25 customers (96.0%)"


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with shop, contract and home: twelve people with two accounts each and one with one, all 25 apart."""
    folder = tmp_path_factory.mktemp("rematch")
    rows = [(name, f"{name.split()[0].lower()}@mail.example") for name in TWINS for _ in range(2)]
    with sqlite3.connect(folder / "shop.db") as shop:
        shop.execute("CREATE TABLE customers (id INTEGER PRIMARY KEY, name, email)")
        shop.executemany(
            "INSERT INTO customers (name, email) VALUES (?, ?)", [*rows, ("Lea Stone", "lea@mail.example")]
        )
    contract = folder / "feeds" / "shop" / "accounts.yml"
    contract.parent.mkdir(parents=True)
    contract.write_text(ACCOUNTS, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(linkage, "THRESHOLD", 1000.0)
        said = at(folder, "sync", hour=0)
    assert said.code == 0, said
    assert published(folder) == 25
    return folder


@pytest.fixture
def folder(synced: Path, tmp_path: Path) -> Path:
    """A copy to change. Its shop lies elsewhere, which somebody has to accept."""
    copy = Path(shutil.copytree(synced, tmp_path / "copy"))
    said = at(copy, "feeds", "accept", "shop.accounts", "--because", "it is a copy", "--by", "ana", hour=0)
    assert said.code == 0, said
    return copy


def home(folder: Path) -> Home:
    return Home(folder / "home")


def at(folder: Path, *arguments: str, hour: int = 1) -> Said:
    """Run a command on the folder's home, so many hours after noon."""
    home(folder).root.mkdir(exist_ok=True)
    home(folder).connections.write_text(f"SHOP=sqlite:///{folder / 'shop.db'}\n", encoding="utf-8")
    return c360(home(folder), *arguments, now=NOON + timedelta(hours=hour), feeds_folder=folder / "feeds")


def published(folder: Path) -> int:
    with open_reader(home(folder).published) as connection:
        return int(connection.execute("SELECT count(*) FROM customer_360").fetchall()[0][0])


def new_customer(folder: Path) -> None:
    with sqlite3.connect(folder / "shop.db") as shop:
        shop.execute("INSERT INTO customers (name, email) VALUES ('Wim Oost', 'wim@mail.example')")


def test_a_preview_above_the_limit_says_what_would_happen_and_gives_exit_code_1(synced: Path) -> None:
    before = contents(home(synced).warehouse)
    said = at(synced, "rematch")
    assert said.code == 1
    assert said.out.startswith(f"Matching all 25 records anew would affect {ALL_AFFECTED}. Nothing was written.")
    lines = {" ".join(line.split()) for line in said.out.splitlines()}
    assert {
        "customers before 25",
        "customers after 13",
        "merges (ids that are retired and redirect) 12",
        "splits 0",
        "ids that splits create 0",
        "records that change customer 12",
        "customers affected 24",
        "customers that may be affected unasked 20",
        "FAIL Above the limit. If it is right: c360 rematch --apply --churn 0.96",
    } <= lines
    assert sum("merged into C" in line or "takes in 1 record of C" in line for line in lines) == 20
    assert contents(home(synced).warehouse) == before
    assert published(synced) == 25


def test_the_document_holds_what_the_screen_shows_and_every_id(synced: Path) -> None:
    said = at(synced, "rematch", "--json", "--limit", "24")
    assert said.code == 1
    document = said.document
    assert document["churn"]["customers_before"] == 25
    assert (document["churn"]["merges"], document["churn"]["affected"]) == (12, 24)
    assert (document["affected_share"], document["most_customers"], document["is_within"]) == (0.96, 20, False)
    into = {one["customer_id"]: one["merged_into"] for one in document["most_affected"]}
    assert len(into) == 24
    retired = {customer: other for customer, other in into.items() if other}
    assert len(retired) == 12
    assert set(retired.values()) == set(into) - set(retired)


def test_a_limit_for_this_once_or_in_the_environment_lets_it_through(
    synced: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = at(synced, "rematch", "--churn", "0.96")
    assert said.code == 0
    assert "PASS  Within the limit. To do it: c360 rematch --apply" in said.out
    monkeypatch.setenv("C360_CHURN_LIMIT", "0.96")
    assert at(synced, "rematch").code == 0
    assert at(synced, "rematch", "--churn", "0.9").code == 1


@pytest.mark.parametrize("share", ["2", "-0.1", "many", "nan"])
def test_what_is_no_share_is_wrong_use_and_in_the_environment_trouble(
    synced: Path, monkeypatch: pytest.MonkeyPatch, share: str
) -> None:
    assert at(synced, "rematch", "--churn", share).code == 2
    monkeypatch.setenv("C360_CHURN_LIMIT", share)
    said = at(synced, "rematch")
    assert said.code == 1
    assert f"C360_CHURN_LIMIT: '{share}' is no share of customers. Write a number from 0 to 1" in said.err


def test_above_the_limit_nothing_is_applied(folder: Path) -> None:
    before = contents(home(folder).warehouse)
    said = at(folder, "rematch", "--apply")
    assert said.code == 1
    assert f"re-match held back: matching all records anew would affect {ALL_AFFECTED}." in said.err
    assert "if it is right, c360 rematch --apply --churn 0.96." in said.err
    # What the published file tells, and what work cost, is taken in at the beginning of every refresh, also of one that
    # is refused.
    assert _now(contents(home(folder).warehouse)) == _now(before)
    assert published(folder) == 25


def _now(tables: dict[str, list[str]]) -> dict[str, list[str]]:
    taken_in = ("history.", "ops.running_cost")
    return {name: rows for name, rows in tables.items() if not name.startswith(taken_in)}


def test_with_a_raised_limit_it_is_applied_and_published(folder: Path) -> None:
    said = at(folder, "rematch", "--apply", "--churn", "0.96")
    assert said.code == 0, said.err
    assert "All 25 records were matched anew: 12 merges, 0 splits." in said.out
    assert "13 customers." in said.out
    assert published(folder) == 13
    assert "Nothing changed; the published file still tells the truth." in at(folder, "sync").out


def test_what_was_applied_and_not_published_is_published_by_the_next_sync(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_deployment: object) -> None:
        raise Trouble("models", "they are not built", "Run it again.")

    with monkeypatch.context() as patched:
        patched.setattr(refresh, "build_models", fail)
        assert at(folder, "rematch", "--apply", "--churn", "0.96").code == 1
    assert published(folder) == 25
    assert at(folder, "sync", hour=2).code == 0
    assert published(folder) == 13


def test_a_sync_holds_it_back_and_says_so_and_so_does_identity(folder: Path) -> None:
    new_customer(folder)
    said = at(folder, "sync")
    assert said.code == 0
    assert f"WARN  re-match held back: it would affect {ALL_AFFECTED}. See whom with c360 rematch." in said.out
    assert published(folder) == 26
    shown = at(folder, "identity")
    assert shown.code == 1
    assert f"A re-match was held back at 2026-11-21 13:00 UTC: it would affect {ALL_AFFECTED}." in shown.out
    assert "See 'Re-match held back' in docs/runbook.md." in shown.out
    (entry,) = (one for one in at(folder, "identity", "--json").document if one["statistic"] == "rematch_held_back")
    assert (entry["status"], entry["value"], entry["cause"]) == ("WARN", 0.96, "outgrown")


def test_other_rules_are_not_applied_and_the_published_file_stays(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fingerprints, "RULES", fingerprints.RULES[1:])
    said = at(folder, "refresh")
    assert said.code == 1
    assert f"matching by the rules of this version would affect {ALL_AFFECTED}" in said.err
    assert "c360 rematch --apply --churn 0.96, and if not, install the former version." in said.err
    assert published(folder) == 25
    shown = at(folder, "identity")
    assert shown.code == 1
    assert "Nothing new is published meanwhile, as the rules are others than before." in shown.out


def test_while_another_run_writes_it_is_refused(synced: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    with Ledger(home(synced).ledger) as ledger:
        lease = leases.acquire(ledger, "warehouse", now=NOON)
        try:
            for arguments in (("rematch",), ("rematch", "--apply")):
                said = at(synced, *arguments)
                assert said.code == 1
                assert "warehouse is being worked on by process" in said.err
        finally:
            leases.release(ledger, lease)


def test_without_a_warehouse_the_next_step_is_named(tmp_path: Path) -> None:
    said = c360(Home(tmp_path), "rematch", now=NOON)
    assert said.code == 1
    assert "there is no warehouse yet. Check --home or C360_HOME, or run c360 sync first." in said.err
    assert not Home(tmp_path).warehouse.exists()
