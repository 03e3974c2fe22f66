"""What every command says of a home that is absent or of another state: one line, the right exit code, no file made."""

from __future__ import annotations

import importlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
import typer

from connectors.catalog import load_catalog
from pipelines import metrics  # noqa: F401  (what another user might not import)
from pipelines.cli import COMMANDS, app
from pipelines.cli.watch import keep_watching
from pipelines.deployment import Deployment
from pipelines.ledger.database import Ledger
from pipelines.settings import Home
from tests.journey_factory import DAY_ONE, Said, c360

for _module in {module for modules in COMMANDS.values() for module in modules}:
    importlib.import_module(f"pipelines.cli.{_module}")

Need = Literal["ledger", "warehouse", "published", "company", "nothing"]
# What a command says where that is absent which it needs.
LACKING = {
    "ledger": "ledger.db: there is no ledger, so nothing was ever synced here. Check --home or C360_HOME, or run c360",
    "warehouse": "warehouse.duckdb: there is no warehouse yet. Check --home or C360_HOME, or run c360 sync first.",
    "published": "customer_360.duckdb: nothing is published yet. Check --home or C360_HOME, or run c360 sync first.",
    "company": "there is no sample company. Run c360 sample create first.",
}


@dataclass(frozen=True)
class Reading:
    """A command that reads a home or decides on what is there. `code` is its exit code once that is there."""

    name: str
    arguments: str
    needs: Need
    code: int = 0

    def __str__(self) -> str:
        return f"{self.name} {self.arguments}".strip()


READING = [
    Reading("query", "FROM_customer_360", "published"),
    Reading("ask", "late_sources", "published"),
    Reading("customer", "ann", "published"),
    Reading("customer", "ann --as-of 2024-01-01", "published"),
    Reading("customer", "ann --why", "warehouse"),
    Reading("export", "none/there", "published"),
    Reading("identity", "", "warehouse"),
    Reading("review", "", "warehouse"),
    Reading("review", "--list", "warehouse"),
    Reading("review", "--score", "warehouse"),
    Reading("review", "--sample 5", "warehouse"),
    Reading("review", "--undo a b --by me", "warehouse"),
    Reading("unmerge", "C1 --because x --by me", "warehouse"),
    Reading("erase", "C1 --reason x --by me --yes", "warehouse"),
    Reading("erase", "--resume", "ledger"),
    Reading("erase", "--lift erasure-1", "ledger", code=2),
    Reading("rematch", "", "warehouse"),
    Reading("rematch", "--apply", "warehouse"),
    Reading("quarantine list", "", "warehouse"),
    Reading("quarantine show", "x", "warehouse"),
    Reading("quarantine release", "shop.orders", "warehouse"),
    Reading("quarantine dismiss", "shop.orders x/1 --reason x --by me", "warehouse"),
    Reading("status", "", "ledger", code=1),
    Reading("watch", "", "ledger"),
    Reading("metrics", "", "ledger"),
    Reading("alerts list", "", "ledger", code=1),
    Reading("alerts show", "A1", "ledger", code=1),
    Reading("alerts ack", "A1 --by me", "ledger", code=1),
    Reading("alerts silence", "shop.orders --for 1h --reason x --by me", "ledger"),
    Reading("alerts resolve", "A1 --reason x --by me", "ledger", code=1),
    Reading("alerts figures", "", "ledger"),
    Reading("feeds status", "", "ledger", code=1),
    Reading("feeds accept", "shop.orders --because x --by me", "ledger", code=1),
    Reading("feeds probe", "shop.orders", "ledger", code=1),
    Reading("feeds reconcile", "shop.orders", "ledger", code=1),
    Reading("sample serve", "", "company"),
    Reading("sample advance", "", "company"),
    Reading("doctor", "", "nothing", code=1),
    Reading("feeds list", "", "nothing"),
    Reading("feeds check", "", "nothing"),
    Reading("ask", "", "nothing"),
    Reading("docs", "--check", "nothing"),
    Reading("resolve", "none --roles none --output none/there", "nothing", code=2),
]
# The first to run in a fresh deployment.
MAKING = {"sync", "demo", "sample create"}
# What asks for the right to write the ledger even where nothing is in it.
WRITING_LEDGER = (
    *("sync", "watch", "alerts ack", "alerts silence", "alerts resolve", "feeds probe", "feeds reconcile"),
    "erase --lift",
)
# Of a home that is there: publishing takes its time, and tests of its own; so have channels.
OTHERS = {"refresh", "alerts test"}
every_reading = pytest.mark.parametrize("command", READING, ids=str)


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    """The names of all commands, those of groups with the group's."""
    for name, one in getattr(command, "commands", {}).items():
        yield from leaves(one, (*path, name)) if hasattr(one, "commands") else [" ".join((*path, name))]


def run(home: Home, command: Reading) -> Said:
    return c360(home, *command.name.split(), *command.arguments.split(), now=DAY_ONE)


def files(home: Home) -> dict[str, int] | None:
    """Path → size; None where there is no folder."""
    if not home.root.exists():
        return None
    return {str(path.relative_to(home.root)): path.stat().st_size for path in home.root.rglob("*")}


def is_told(said: Said, code: int, fact: str) -> bool:
    return said.code == code and fact in said.err and "Traceback" not in said.err + said.out


def with_ledger(home: Home, *, version: int | None = None) -> Home:
    Ledger(home.ledger).close()
    if version:
        connection = sqlite3.connect(home.ledger)
        connection.execute(f"PRAGMA user_version = {version}")
        connection.close()
    return home


def test_every_command_is_known_for_what_it_does_to_a_home() -> None:
    known = {command.name for command in READING} | MAKING | OTHERS
    assert known == set(leaves(typer.main.get_command(app)))


@every_reading
@pytest.mark.parametrize("is_folder", [False, True], ids=["absent", "empty"])
def test_a_home_in_which_nothing_was_synced_is_told_and_left_as_it_is(
    tmp_path: Path, command: Reading, is_folder: bool
) -> None:
    home = Home(tmp_path / "home")
    if is_folder:
        home.root.mkdir()
    said = run(home, command)
    assert is_told(said, 1 if command.needs in LACKING else command.code, LACKING.get(command.needs, ""))
    assert files(home) == ({} if is_folder else None)


@every_reading
def test_a_ledger_of_a_later_version_is_not_read(tmp_path: Path, command: Reading) -> None:
    home = with_ledger(Home(tmp_path / "home"), version=99)
    before = files(home)
    fact = "ledger.db: a later version wrote this ledger (schema 99; this version knows 1). Use that version"
    said = run(home, command)
    code = 1 if command.needs in LACKING else command.code
    assert is_told(said, code, fact if command.needs == "ledger" else LACKING.get(command.needs, ""))
    assert files(home) == before


@every_reading
def test_a_home_with_a_ledger_and_nothing_staged_gets_no_warehouse(tmp_path: Path, command: Reading) -> None:
    home = with_ledger(Home(tmp_path / "home"))
    is_lacking = command.needs in LACKING and command.needs != "ledger"
    said = run(home, command)
    assert is_told(said, 1 if is_lacking else command.code, LACKING[command.needs] if is_lacking else "")
    assert said.out or said.err or command.name == "docs"
    assert files(home) is not None
    assert set(files(home) or ()) == {"ledger.db"}


@contextmanager
def sealed(home: Home) -> Iterator[None]:
    """Nobody may write in the home; root, who may always, is somebody else meanwhile."""
    paths = [home.root, *home.root.rglob("*")]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)
        for path in paths:
            path.chmod(0o755 if path.is_dir() else 0o644)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that another user may enter, as pytest's own are not."""
    with tempfile.TemporaryDirectory(prefix="home-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.parametrize("command", [*READING, Reading("sync", "--no-refresh", "ledger")], ids=str)
def test_a_home_that_may_not_be_written_is_read_and_who_would_write_is_told(
    open_folder: Path, command: Reading
) -> None:
    home = with_ledger(Home(open_folder / "home"))
    with sealed(home):
        said = run(home, command)
    if str(command).startswith(WRITING_LEDGER):
        fact = f"The ledger in the home folder cannot be used: {home.ledger}: this user may only read it. See that"
        assert is_told(said, 1, f"{fact} this user may write in the home folder")
    elif command.name != "doctor":  # which says of the home itself that it may not be written
        assert said == run(home, command)


def test_a_ledger_that_may_not_be_written_and_has_a_log_beside_it_is_read_with_its_log(open_folder: Path) -> None:
    home = with_ledger(Home(open_folder / "home"))
    with Ledger(home.ledger) as writer:  # while it is open, what it wrote stands in the log
        writer.write("INSERT INTO lease (resource, token) VALUES ('warehouse', 7)")
        with sealed(home), Ledger(home.ledger) as reader:
            assert [row["token"] for row in reader.rows("SELECT token FROM lease")] == [7]


def test_who_may_only_read_still_asks_what_is_published(home: Home, open_folder: Path) -> None:
    shutil.copytree(home.root, open_folder / "home")
    copied = Home(open_folder / "home")
    with sealed(copied):
        said = c360(copied, "query", "SELECT count(*) AS n FROM customer_360", "--full", "--json", now=DAY_ONE)
    assert (said.code, said.document, said.err) == (0, [{"n": 3}], "")


def test_the_doctor_names_an_absent_home_an_unwritable_one_and_a_later_ledger(open_folder: Path) -> None:
    home = Home(open_folder / "home")
    told = c360(home, "doctor", now=DAY_ONE).out
    assert f"! home: {home.root} is not there yet. Check --home or C360_HOME; c360 sync makes it." in told
    assert f"! ledger: {home.ledger}: there is no ledger" in told
    with_ledger(home)
    with sealed(home):
        assert f"✗ home: this user may not write in {home.root}." in c360(home, "doctor", now=DAY_ONE).out
    assert f"✓ home: {home.root}\n" in c360(home, "doctor", now=DAY_ONE).out
    with_ledger(home, version=2)
    told = c360(home, "doctor", now=DAY_ONE).out
    assert f"✗ ledger: {home.ledger}: a later version wrote this ledger (schema 2; this version knows 1)." in told


def test_a_first_sync_makes_the_home(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    c360(home, "sync", "--no-refresh", now=DAY_ONE)
    assert home.ledger.exists()
    assert "NEVER" in c360(home, "status", now=DAY_ONE).out


def test_refreshing_what_was_never_synced_is_refused(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    assert is_told(c360(home, "refresh", now=DAY_ONE), 1, LACKING["ledger"])
    assert files(home) is None


def test_a_home_in_which_nothing_was_staged_publishes_no_empty_file_and_is_not_called_well(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    synced = c360(home, "sync", now=DAY_ONE)  # no connection is set
    assert synced.code == 1
    assert "Nothing was staged, so nothing was published." in synced.out
    fact = "refresh: nothing was ever staged here, so there is nothing to publish. See c360 status for what keeps"
    assert is_told(c360(home, "refresh", now=DAY_ONE), 1, fact)
    assert not home.published.exists()
    watched = c360(home, "watch", now=DAY_ONE).out
    assert f"no alert is open; {len(load_catalog())} feeds are not current: c360 status\n" in watched


def test_channels_of_an_absent_home_are_not_tried_for_their_file_would_make_it(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    assert is_told(c360(home, "alerts", "test", now=DAY_ONE), 1, "home: there is no such folder. Check --home")
    assert files(home) is None


def test_watching_goes_on_in_a_home_that_waits_for_its_first_sync(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = Home(tmp_path / "home")
    deployment = Deployment(home, {}, {}, clock=lambda: DAY_ONE, sleep=lambda _: None)
    keep_watching(deployment)
    assert f"note  {home.ledger}: there is no ledger" in capsys.readouterr().err
    assert files(home) is None
    with_ledger(home)
    keep_watching(deployment)
    assert "no alert is open" in capsys.readouterr().out


def test_no_alert_is_open_by_a_look_and_not_because_nobody_looked(tmp_path: Path) -> None:
    home = with_ledger(Home(tmp_path / "home"))
    assert is_told(c360(home, "alerts", "list", now=DAY_ONE), 1, "nobody ever looked whether something is wrong")
    assert c360(home, "watch", now=DAY_ONE).code == 0
    said = c360(home, "alerts", "list", now=DAY_ONE)
    behind = f"; {len(load_catalog())} feeds are not current: c360 status"
    assert (said.code, said.out) == (0, f"No alert is open, by the look of 2024-05-14 06:00 UTC{behind}.\n")


def test_an_erasure_that_does_not_wait_is_null_for_machines(tmp_path: Path) -> None:
    said = c360(with_ledger(Home(tmp_path / "home")), "erase", "--resume", "--json", now=DAY_ONE)
    assert (said.code, said.document) == (0, None)


def test_pages_are_made_in_a_checkout_and_elsewhere_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    said = c360(Home(tmp_path / "home"), "docs", now=DAY_ONE)
    assert is_told(said, 1, f"{tmp_path}: it has no docs/requirements.yml, so it is no checkout of the project.")
    assert list(tmp_path.iterdir()) == []
