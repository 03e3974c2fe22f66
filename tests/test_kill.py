"""`kill -9` while `c360 sync` works, then a plain rerun: readers get what an undisturbed run gives, row for row.

Each kill waits until a part of the work is under way and then a moment that is drawn from a seed. The rerun is in this
process, where the slow libraries are imported already; `benchmarks/resilience/kill.py` does it with whole commands.
"""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipelines.settings import Home
from tests.journey_factory import DAY_ONE, Company, c360, contents, running_company

FEEDS = ("frontdesk.notes", "helpdesk.users", "shop.accounts")
NOTE_FILES = 3
PATIENCE_SECONDS = 60.0

# Part of the work → what shows that it is under way, and how long it may still last at least on a fast machine.
PARTS: dict[str, tuple[Callable[[Home], bool], float]] = {
    "landing": (lambda home: any(home.landing.glob("*/*/*/manifest.json")), 0.1),
    "staging": (lambda home: any(home.work.rglob("*.duckdb")), 1.0),
    "building": (lambda home: (home.root / "marts" / "customer_360.duckdb").exists(), 1.0),
}


@pytest.fixture(scope="module")
def co(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    with running_company(tmp_path_factory.mktemp("kill"), customers=40, seed=2) as made:
        for file in sorted((made.folder / "frontdesk").iterdir())[:-NOTE_FILES]:
            file.unlink()
        yield made


@pytest.fixture(scope="module")
def undisturbed(co: Company) -> dict[str, list[str]]:
    home = _fresh_home(co)
    said = c360(home, "sync", *FEEDS, now=DAY_ONE)
    assert (said.code, said.err) == (0, "")
    found = _published(home)
    assert len(found["main.customer_360"]) > 40
    return found


def _published(home: Home) -> dict[str, list[str]]:
    """What readers see, but for what work cost: a rerun costs more."""
    return {table: rows for table, rows in contents(home.published).items() if table != "ops.running_cost"}


def _fresh_home(co: Company) -> Home:
    """An empty home for the company. Always the same folder, so that dbt need not parse its project anew."""
    home = Home(co.stages.parent / "tried")
    for part in home.root.iterdir() if home.root.exists() else ():
        if part.name != "dbt":
            shutil.rmtree(part) if part.is_dir() else part.unlink()
    home.root.mkdir(exist_ok=True)
    shutil.copy(co.home.connections, home.connections)
    return home


def _kill_during(home: Home, part: str, seed: int) -> None:
    is_under_way, span = PARTS[part]
    command = [sys.executable, "-c", "from pipelines.cli import main; main()"]
    command += ["--home", str(home.root), "--now", DAY_ONE.isoformat()]
    process = subprocess.Popen([*command, "sync", *FEEDS], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not is_under_way(home):
        assert process.poll() is None, f"it ended before {part} was seen"
        assert time.monotonic() < give_up_at, f"{part} was not seen"
        time.sleep(0.002)
    time.sleep(random.Random(seed).random() * span)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, f"it ended before it was killed while {part}"


@pytest.mark.parametrize(("part", "seed"), [("landing", 1), ("staging", 2), ("building", 3)])
def test_after_a_kill_a_plain_rerun_publishes_what_an_undisturbed_run_does(
    co: Company, undisturbed: dict[str, list[str]], part: str, seed: int
) -> None:
    home = _fresh_home(co)
    _kill_during(home, part, seed)
    assert not home.published.exists()
    said = c360(home, "sync", *FEEDS, now=DAY_ONE)
    assert (said.code, said.err) == (0, "")
    assert _published(home) == undisturbed
    assert _leftovers(home) == []


def _leftovers(home: Home) -> list[Path]:
    """What a killed run leaves and the next one is to sweep."""
    found = [*home.landing.glob("*/*/.incoming/*"), *home.root.glob(".customer_360.publishing*")]
    return sorted([*found, *home.work.rglob("*.duckdb*")])
