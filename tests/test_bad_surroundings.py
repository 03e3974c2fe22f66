"""What goes wrong around feeds: a wrong contract, two syncs at once, a full disk, a read-only home, Ctrl-C."""

from __future__ import annotations

import json
import resource
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.catalog import load_catalog
from pipelines.deployment import Deployment
from pipelines.ingest import FeedOutcome
from pipelines.settings import Home, load_settings
from pipelines.sync import sync
from tests.bad_sources import BadSources, csv_of, sound, web_server
from tests.journey_factory import DAY_ONE, Said, c360
from warehouse.connection import open_reader

C360 = [sys.executable, "-c", "from pipelines.cli import main; main()"]


@pytest.fixture
def bad(tmp_path: Path) -> BadSources:
    made = BadSources(tmp_path)
    made.good()
    return made


def home_of(bad: BadSources) -> Home:
    home = Home(bad.folder / "home")
    bad.write_connections(home.connections)
    return home


def deployment_of(bad: BadSources) -> Deployment:
    home = home_of(bad)
    return Deployment(
        home=home,
        catalog=load_catalog([bad.contracts]),
        environment=load_settings(home.root, environment={}).environment,
        clock=lambda: DAY_ONE,
        sleep=time.sleep,
    )


def command(bad: BadSources, home: Home, *arguments: str) -> list[str]:
    options = ["--home", str(home.root), "--now", DAY_ONE.isoformat(), "--feeds", str(bad.contracts)]
    return [*C360, *options, *arguments]


def staged(home: Home, feed: str) -> int:
    with open_reader(home.warehouse) as connection:
        [(count,)] = connection.execute("SELECT count(*) FROM staging.orders WHERE _feed = ?", [feed]).fetchall()
    return int(count)


def test_a_wrong_contract_stops_before_anything_is_touched_and_is_told_by_file_and_line(bad: BadSources) -> None:
    path = bad.contracts / "shop" / "orders.yml"
    path.write_text(path.read_text().replace("order_id: id", "order_idd: id"))
    home = home_of(bad)
    said = c360(home, "sync", now=DAY_ONE, feeds_folder=bad.contracts)
    assert said.code == 2
    assert f"{path}:" in said.err
    assert "Did you mean 'order_id'?" in said.err
    assert [file.name for file in home.root.iterdir()] == [".env"]


def test_a_folder_without_contracts_is_wrong_use(tmp_path: Path) -> None:
    said = c360(Home(tmp_path / "home"), "sync", now=DAY_ONE, feeds_folder=tmp_path / "no-contracts")
    assert said.code == 2
    assert "holds no contract" in said.err


def test_a_feed_that_no_contract_names_is_wrong_use_and_the_known_ones_are_shown(bad: BadSources) -> None:
    deployment = home_of(bad)
    done = subprocess.run(command(bad, deployment, "sync", "shop.oders"), capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "No contract for shop.oders." in done.stderr
    assert "shop.orders" in done.stderr


def test_a_variable_that_is_not_set_is_named(bad: BadSources) -> None:
    home = home_of(bad)
    home.connections.write_text("")
    said = c360(home, "sync", "--no-refresh", now=DAY_ONE, feeds_folder=bad.contracts)
    assert said.code == 1
    assert "shop.orders: environment variable X_SHOP_ORDERS is not set. Set X_SHOP_ORDERS" in said.err


def test_two_syncs_at_once_stage_every_row_once_and_neither_is_in_trouble(bad: BadSources) -> None:
    bad.files("notes", a_csv=csv_of(sound(1), sound(2)), b_csv=csv_of(sound(3)))
    deployment = deployment_of(bad)
    together = threading.Barrier(2)

    def run() -> list[FeedOutcome]:
        together.wait()
        return sync(deployment, list(deployment.catalog.values()), wants_refresh=False).feeds

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.submit(run), pool.submit(run)
        outcomes = [*first.result(), *second.result()]
    assert [outcome.troubles for outcome in outcomes] == [[], [], [], []]
    assert sum(outcome.rows_landed for outcome in outcomes) == 5
    assert sum(outcome.tally.rows_new for outcome in outcomes) == 5
    assert (staged(deployment.home, "shop.orders"), staged(deployment.home, "notes.orders")) == (2, 3)


_HOLD = """
import sys, time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from pipelines.ledger import leases
from pipelines.ledger.database import Ledger
with Ledger(Path(sys.argv[1])) as ledger:
    leases.acquire(ledger, sys.argv[2], now=datetime(2024, 5, 14, tzinfo=UTC))
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def somebody_works_on(home: Home, resource_name: str) -> Iterator[int]:
    """Another living process holds a lease."""
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(home.ledger), resource_name], stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield holder.pid
    finally:
        holder.kill()
        holder.communicate()


@pytest.mark.parametrize(
    ("work", "fact"),
    [("feed:shop.orders", "another sync is at work on it"), ("warehouse", "the warehouse is being written")],
)
def test_who_is_at_work_is_named_and_what_waited_is_staged_later(bad: BadSources, work: str, fact: str) -> None:
    deployment = deployment_of(bad)
    contracts = list(deployment.catalog.values())
    with somebody_works_on(deployment.home, work) as pid:
        [outcome] = sync(replace(deployment, patience=timedelta(0)), contracts, wants_refresh=False).feeds
    [trouble] = outcome.troubles
    assert trouble.startswith(f"shop.orders: {fact} (process {pid} on ")
    assert outcome.is_retryable
    # Its holder is dead by now, so the lease is free although it was never given back.
    [again] = sync(deployment, contracts, wants_refresh=False).feeds
    assert again.troubles == []
    assert staged(deployment.home, "shop.orders") == 2


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system of its own that is soon full."""
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only root may mount a small disk; a limit on file sizes is tested beside this")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def big_file(rows: int = 60_000) -> bytes:
    """Rows that pack badly."""
    words = (format(number * 2654435761 % 2**61, "x") for number in range(1, rows * 4))
    return csv_of(*(sound(number, " ".join(next(words) for _ in range(3))) for number in range(rows)))


def test_a_full_disk_is_told_and_nothing_half_landed_stays(bad: BadSources) -> None:
    bad.files("big", a_csv=big_file())
    with small_disk(bad.folder / "disk", "2m") as disk:
        deployment = replace(deployment_of(bad), home=Home(disk / "home"))
        deployment.home.root.mkdir()
        contracts = [deployment.catalog["big.orders"]]
        [outcome] = sync(deployment, contracts, wants_refresh=False).feeds
        [trouble] = outcome.troubles
        assert trouble.startswith("big.orders: the disk of the home folder is full. Free space there")
        assert list(deployment.home.landing.glob("*/*/*/*")) == []
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        [again] = sync(deployment, contracts, wants_refresh=False).feeds
        assert again.troubles == []
        assert staged(deployment.home, "big.orders") == 60_000


def test_a_disk_that_is_full_before_the_marts_are_built_gets_back_what_was_built_and_publishes_once_there_is_space(
    bad: BadSources,
) -> None:
    with small_disk(bad.folder / "disk", "256m") as disk:
        home = Home(disk / "home")
        bad.write_connections(home.connections)
        assert c360(home, "sync", "--no-refresh", now=DAY_ONE, feeds_folder=bad.contracts).code == 0
        used = shutil.disk_usage(disk).used // 2**20 + 1
        subprocess.run(["mount", "-o", f"remount,size={used + 7}m", str(disk)], check=True)
        said = c360(home, "refresh", now=DAY_ONE, feeds_folder=bad.contracts)
        assert said.code == 1
        assert said.err.startswith("The disk is full: ")
        assert "Free space, then run it again." in said.err
        synced = c360(home, "sync", now=DAY_ONE, feeds_folder=bad.contracts)
        assert synced.code == 1
        assert "a fault of the program" not in synced.err
        assert "is full" in synced.err
        assert not home.published.exists()
        assert not home.faults.exists()
        assert [path.name for path in disk.glob("home/marts/*")] == []
        subprocess.run(["mount", "-o", "remount,size=256m", str(disk)], check=True)
        assert c360(home, "refresh", now=DAY_ONE, feeds_folder=bad.contracts).code == 0
        assert home.published.exists()


def test_a_masked_file_that_is_gone_is_made_anew_by_the_sync_that_who_misses_it_is_sent_to(bad: BadSources) -> None:
    home = home_of(bad)
    assert c360(home, "sync", now=DAY_ONE, feeds_folder=bad.contracts).code == 0
    home.masked.unlink()
    missed = c360(home, "query", "SELECT count(*) AS n FROM fct_order", "--json", now=DAY_ONE)
    assert (missed.code, "run c360 sync first" in missed.err) == (1, True)
    assert "Published snapshot" in c360(home, "sync", now=DAY_ONE, feeds_folder=bad.contracts).out
    found = c360(home, "query", "SELECT count(*) AS n FROM fct_order", "--json", now=DAY_ONE)
    assert (found.code, found.document) == (0, [{"n": 2}])


@pytest.mark.parametrize("is_gone", [False, True], ids=["damaged", "gone"])
def test_a_landed_file_that_cannot_be_read_is_named_with_its_next_step(bad: BadSources, is_gone: bool) -> None:
    home = home_of(bad)
    assert c360(home, "sync", "--no-refresh", now=DAY_ONE, feeds_folder=bad.contracts).code == 0
    [landed] = home.landing.glob("*/*/*/*.parquet")
    whole = landed.read_bytes()
    landed.unlink()
    if not is_gone:
        landed.write_bytes(whole[:100])
    told = c360(home, "feeds", "reconcile", "shop.orders", now=DAY_ONE, feeds_folder=bad.contracts)
    assert told.code == 1
    assert told.err.startswith(f"{landed} is damaged or not there (")
    assert told.err.endswith("). Restore its folder from a backup of the home, then run it again.\n")
    landed.write_bytes(whole)
    again = c360(home, "feeds", "reconcile", "shop.orders", now=DAY_ONE, feeds_folder=bad.contracts)
    assert "Both sides hold the same." in again.out


def test_a_command_whose_output_nobody_takes_leaves_no_trace(bad: BadSources) -> None:
    home = home_of(bad)
    line = " ".join(shlex.quote(word) for word in command(bad, home, "feeds", "list"))
    done = subprocess.run(["sh", "-c", f"{line} >&-"], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr


def test_a_limit_on_file_sizes_is_told_in_a_line_and_nothing_half_landed_stays(bad: BadSources) -> None:
    bad.files("big", a_csv=big_file())
    home = home_of(bad)

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    done = subprocess.run(
        command(bad, home, "sync", "big.orders", "--no-refresh"),
        capture_output=True, text=True, check=False, preexec_fn=limit,
    )  # fmt: skip
    assert done.returncode == 1
    [trouble] = [line for line in done.stderr.splitlines() if line.startswith("trouble")]
    assert trouble.startswith("trouble  big.orders: ")
    assert "run c360 sync again" in trouble
    assert "Traceback" not in done.stderr
    assert list(home.landing.glob("*/*/*/*")) == []
    said = c360(home, "sync", "big.orders", "--no-refresh", now=DAY_ONE, feeds_folder=bad.contracts)
    assert said.code == 0
    assert staged(home, "big.orders") == 60_000


def test_a_home_that_may_not_be_written_is_told(bad: BadSources) -> None:
    with small_disk(bad.folder / "disk", "64m") as disk:
        home = Home(disk / "home")
        bad.write_connections(home.connections)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        said = c360(home, "sync", "--no-refresh", now=DAY_ONE, feeds_folder=bad.contracts)
        assert said.code == 1
        assert "Traceback" not in said.err
        assert "The ledger in the home folder cannot be used" in said.err
        assert "See that this user may write in the home folder" in said.err
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
        assert c360(home, "sync", "--no-refresh", now=DAY_ONE, feeds_folder=bad.contracts).code == 0
        assert staged(home, "shop.orders") == 2


def test_ctrl_c_stops_soon_with_130_and_the_next_sync_brings_everything(bad: BadSources) -> None:
    asked, released = threading.Event(), threading.Event()

    def wait() -> None:
        asked.set()
        released.wait(60)

    with web_server(wait) as url:
        bad.rest("slow", f"{url}/slow")
        home = home_of(bad)
        process = subprocess.Popen(
            command(bad, home, "sync", "--no-refresh"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert asked.wait(30)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=50)
        took = time.monotonic() - began
        released.set()
        assert process.returncode == 130
        assert "Stopped. Nothing half-landed or half-published is left" in errors
        assert "Traceback" not in errors
        assert took < 5
        said = c360(home, "sync", "--no-refresh", now=DAY_ONE, feeds_folder=bad.contracts)
    assert (said.code, said.err) == (0, "")
    assert staged(home, "shop.orders") == 2
    with sqlite3.connect(home.ledger) as connection:
        runs = connection.execute("SELECT status FROM feed_run WHERE feed = 'slow.orders' ORDER BY run_id").fetchall()
    assert runs == [("ABANDONED",), ("OK",)], "an empty list, delivered in full, is a batch of its own"


def test_a_sync_that_does_not_publish_says_so_and_does_not_vouch_for_the_published_file(bad: BadSources) -> None:
    home = home_of(bad)
    staged_only = c360(home, "sync", "--no-refresh", now=DAY_ONE, feeds_folder=bad.contracts)
    assert "What is new was staged, and not published: c360 refresh does that." in staged_only.out
    home.connections.write_text("")
    troubled = c360(home, "sync", "--no-refresh", now=DAY_ONE, feeds_folder=bad.contracts)
    assert troubled.code == 1
    assert "Nothing was staged, so nothing was published." in troubled.out
    for said in (staged_only, troubled):
        assert "still tells the truth" not in said.out


def test_a_warehouse_that_is_damaged_is_named_with_its_next_step_and_is_no_fault_of_the_program(
    bad: BadSources,
) -> None:
    home = home_of(bad)
    home.warehouse.write_bytes(b"no database" * 1000)
    said = c360(home, "sync", now=DAY_ONE, feeds_folder=bad.contracts)
    assert said.code == 1
    assert f"shop.orders: {home.warehouse}: DuckDB cannot open it" in said.err
    assert "restore the home folder from one backup" in said.err
    assert "a fault of the program" not in said.err


def test_feeds_that_no_contract_in_force_names_are_told_of_until_the_home_names_their_folder(bad: BadSources) -> None:
    bad.files("notes", a_csv=csv_of(sound(1)))
    home = home_of(bad)
    assert "named by no contract" not in c360(home, "sync", now=DAY_ONE, feeds_folder=bad.contracts).err
    told = "named by no contract in force, so nothing is judged of it: notes.orders. Give --feeds the folder of its"
    for command in (["status"], ["status", "--json"], ["feeds", "status"], ["watch"]):
        assert told in c360(home, *command, now=DAY_ONE).err
    with home.connections.open("a") as file:
        file.write(f"C360_FEEDS={bad.contracts}\n")
    said = c360(home, "status", now=DAY_ONE)
    assert (said.code, said.err) == (0, "")
    assert "notes.orders" in said.out


def test_contracts_and_an_alerts_file_that_the_home_names_are_looked_for_from_the_home(
    bad: BadSources, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = home_of(bad)
    (home.root / "mine").mkdir()
    with home.connections.open("a") as file:
        file.write("C360_FEEDS=../contracts:mine\nC360_ALERTS=mine/alerts.yml\n")
    elsewhere = bad.folder / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    settings = load_settings(home.root, environment={})
    assert [folder.resolve() for folder in settings.feeds] == [bad.contracts.resolve(), home.root / "mine"]
    assert settings.alerts_file == home.root / "mine" / "alerts.yml"
    here = load_settings(home.root, environment={"C360_FEEDS": "there", "C360_ALERTS": "there.yml"})
    assert (here.feeds, here.alerts_file) == ((Path("there"),), elsewhere / "there.yml")


def test_rows_that_nobody_wants_are_dismissed_and_readers_see_who_closed_them_and_why(bad: BadSources) -> None:
    undated = "2,yesterday,10.00,Bo"
    bad.files("notes", a_csv=csv_of(sound(1), undated, "3,tomorrow,1.00,Cy", "4,2024-05-13 08:00:00,ten,Di"))
    home = home_of(bad)

    def said(*words: str) -> Said:
        return c360(home, *words, now=DAY_ONE, feeds_folder=bad.contracts)

    assert "held  3 rows" in said("sync").out
    held = {shown(said, one)["payload"]["id"]: one for one in held_ids(said)}
    assert sorted(held) == ["2", "3", "4"]

    nobody = said("quarantine", "dismiss", "notes.orders", held["2"], "--reason", "no date")
    assert (nobody.code, "Say who decides: --by NAME" in nobody.err) == (2, True)
    nothing = said("quarantine", "dismiss", "notes.orders", "--by", "ana", "--reason", "no date")
    assert (nothing.code, "Name the rows, or --rule" in nothing.err) == (2, True)
    unknown = said("quarantine", "dismiss", "notes.orders", "--rule", "no_rule", "--by", "ana", "--reason", "no date")
    assert (unknown.code, "no row is held by no_rule" in unknown.err) == (1, True)
    assert len(held_ids(said)) == 3

    one = said("quarantine", "dismiss", "notes.orders", held["4"], "--by", "ana", "--reason", "a typing exercise")
    assert (one.code, one.out.splitlines()[0]) == (0, "1 row was dismissed by ana.")
    rule = shown(said, held["2"])["rules"][0]
    two = said("quarantine", "dismiss", "notes.orders", "--rule", rule, "--by", "bo", "--reason", "no dates")
    assert (two.code, two.out.splitlines()[0]) == (0, "2 rows were dismissed by bo.")
    assert said("quarantine", "list").out == "No row is held.\n"
    with open_reader(home.published) as connection:
        settled = connection.execute(
            "SELECT status, settled_by, settled_reason, count(*) FROM ops.quarantine GROUP BY ALL ORDER BY ALL"
        ).fetchall()
    assert settled == [("dismissed", "ana", "a typing exercise", 1), ("dismissed", "bo", "no dates", 2)]
    again = said("quarantine", "dismiss", "notes.orders", "--rule", rule, "--by", "bo", "--reason", "no dates")
    assert (again.code, f"no row is held by {rule}" in again.err) == (1, True)
    assert said("quarantine", "release", "notes.orders").out.splitlines() == ["0 rows were released, 0 are still held."]


def held_ids(said: Callable[..., Said]) -> list[str]:
    return [row["held_id"] for row in said("quarantine", "list", "--json").document]


def shown(said: Callable[..., Said], held_id: str) -> dict[str, Any]:
    """A held row as the command shows it, with its payload read."""
    row = dict(said("quarantine", "show", held_id).document)
    return row | {"payload": json.loads(row["payload"])}


def test_what_a_source_writes_cannot_steer_the_terminal_and_is_shown(bad: BadSources) -> None:
    row = "2,\x1b[2J\x1b]0;title\x07day\x9b31m\u202eltr,10.00,Bo"
    bad.files("notes", a_csv=csv_of(sound(1), row))
    home = home_of(bad)
    c360(home, "sync", "notes.orders", "--no-refresh", now=DAY_ONE, feeds_folder=bad.contracts)
    said = c360(home, "quarantine", "list", now=DAY_ONE).out
    assert "ordered_at: '␛[2J␛]0;title␇day\N{REPLACEMENT CHARACTER}31m\N{REPLACEMENT CHARACTER}ltr' is not a" in said
    assert {sign for sign in said if not sign.isprintable()} == {"\n"}


def test_a_ledger_that_is_gone_is_no_home_in_which_nothing_was_synced(bad: BadSources) -> None:
    home = home_of(bad)
    c360(home, "sync", "--no-refresh", now=DAY_ONE, feeds_folder=bad.contracts)
    for end in ("", "-wal", "-shm"):
        home.ledger.with_name(home.ledger.name + end).unlink(missing_ok=True)
    fact = f"{home.ledger}: the ledger is gone, although there is a warehouse beside it. Restore the home folder from"
    for words in (["status"], ["watch"], ["alerts", "list"], ["refresh"]):
        said = c360(home, *words, now=DAY_ONE, feeds_folder=bad.contracts)
        assert (said.code, said.err.startswith(fact)) == (1, True)
        assert "nothing was ever synced" not in said.err
    doctor = c360(home, "doctor", now=DAY_ONE, feeds_folder=bad.contracts)
    assert (doctor.code, f"✗ ledger: {fact}" in doctor.out) == (1, True)
    assert c360(home, "sync", "--no-refresh", now=DAY_ONE, feeds_folder=bad.contracts).code == 0
    assert staged(home, "shop.orders") == 2
    assert "shop.orders" in c360(home, "status", now=DAY_ONE, feeds_folder=bad.contracts).out


@pytest.mark.parametrize("name", ["probe", "reconcile"])
def test_a_source_that_is_gone_is_told_to_machines_as_one_document(bad: BadSources, name: str) -> None:
    home = home_of(bad)
    c360(home, "sync", "--no-refresh", now=DAY_ONE, feeds_folder=bad.contracts)
    (bad.folder / "shop.db").unlink()
    said = c360(home, "feeds", name, "shop.orders", "--json", now=DAY_ONE, feeds_folder=bad.contracts)
    fact = f"shop.orders: database file {bad.folder / 'shop.db'} is not there. Check the path in X_SHOP_ORDERS."
    told = [said.document[0]["trouble"]] if name == "probe" else said.document["troubles"]
    assert (said.code, said.err, told) == (1, "", [fact])
