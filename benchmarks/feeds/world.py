"""A company, its systems as they are shown, and a home that the real pipeline keeps, all under one virtual clock.

Only time is virtual: files are files, requests go over HTTP, DuckDB and SQLite are what they are in production. The
contracts are the shipped ones, read once a day, because the sample company lives a day at a time.
"""

from __future__ import annotations

import resource
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from baselines import told_by_baselines
from oracle import Difference, differences
from told import Told, told

from connectors.catalog import load_catalog
from connectors.contract import FeedContract
from connectors.tiers import EVERYTHING, days_compared
from pipelines.acceptance import accept_source
from pipelines.deployment import Deployment
from pipelines.freshness.reconcile import reconcile_feed
from pipelines.freshness.status import feed_status
from pipelines.ingest import stage_feed
from pipelines.ledger.database import Ledger
from pipelines.settings import Home
from pipelines.sync import sync
from pipelines.watch import watch
from sample_company import company
from sample_company.faults.chronicle import Chronicle
from sample_company.faults.shown import Shown
from sample_company.server import serve

FEEDS = (
    "shop.orders",
    "shop.payments",
    "shop.accounts",
    "helpdesk.tickets",
    "mailer.activity",
    "carrier.shipments",
    "website.registrations",
    "bureau.profiles",
)
START = date(2024, 3, 4)  # a Monday; the clocks of Europe change in the fourth week
CUSTOMERS = 300
# Of a company in which a share of the rows is hit: a fifth of six orders a day would be one row.
CUSTOMERS_OF_A_SHARE = 1500
DAILY = "5 0 * * *"
PULSE = {"heartbeat": "SELECT beat_at FROM pulse", "fed_until": "SELECT fed_until FROM pulse"}
# At the moment at which a sync is due nobody can tell that nobody starts it.
UNSYNCED = timedelta(hours=7)
PORT = 18_360  # one a seed: the address is part of what a source is known by


@dataclass
class Look:
    """What a sync and the watching after it came to. `wrong` is by the oracle, `told` what is open afterwards."""

    day: int
    now: datetime
    told: list[Told]
    status: dict[str, str]
    wrong: dict[str, Difference]
    landed: dict[str, int]
    baselines: dict[str, list[str]]
    cpu_seconds: float
    troubles: list[str] = field(default_factory=list)


class World:
    """One seed's world in a folder; a context manager. `chronicle`, in the folder of that name: another life."""

    def __init__(
        self,
        folder: Path,
        seed: int,
        *,
        customers: int = CUSTOMERS,
        feeds: Sequence[str] = FEEDS,
        chronicle: Chronicle | None = None,
    ) -> None:
        self._folder = folder.resolve()
        self.chronicle = chronicle or Chronicle(self._folder / "chronicle", customers=customers, seed=seed, start=START)
        self.shown = Shown(self._folder / "shown", self.chronicle)
        self.home = Home(self._folder / "home")
        self.shown.show(0)
        (self.shown.folder / "state").mkdir(exist_ok=True)
        shutil.copy2(self._folder / "chronicle" / "company" / "state" / "company.json", self.shown.folder / "state")
        self._now = self.chronicle.read_at(0)
        self._passing = threading.Lock()
        self._while_waiting: list[Told] = []
        self._shipped = {name: _daily(contract) for name, contract in load_catalog().items() if name in feeds}
        self._catalog = dict(self._shipped)
        self.feeds = tuple(self._catalog)
        self._watched = self.feeds
        self._beside: threading.Thread | None = None
        self.server = serve(self.shown.folder, port=PORT + seed, refuse_every=0, clock=self._servers_clock)

    def __enter__(self) -> World:
        self.server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.stop()

    def clock(self) -> datetime:
        """The virtual time."""
        return self._now

    def edit_contract(self, feed: str, **changes: object) -> None:
        """Put other terms into a feed's contract, until the next `restore`."""
        self._catalog[feed] = self._catalog[feed].model_copy(update=changes)

    def wait(self, span: timedelta) -> None:
        """Time goes by while a reader waits, and those who watch go on watching."""
        self.pass_time(span.total_seconds())
        if span > timedelta(minutes=10):
            watch(self.deployment(self._watched))
            self._while_waiting += self._told()

    def sync_beside(self, feeds: Sequence[str]) -> None:
        """Start another sync of feeds; the next look waits for its end."""
        deployment = self.deployment(feeds)
        contracts = list(deployment.catalog.values())
        self._beside = threading.Thread(target=sync, args=(deployment, contracts), kwargs={"wants_refresh": False})
        self._beside.start()

    def pass_time(self, seconds: float) -> None:
        """Time goes by, and really so while another sync works: its work takes as long as it takes."""
        if self._beside is not None:
            time.sleep(seconds)
        with self._passing:
            self._now += timedelta(seconds=seconds)

    def set_time(self, day: int) -> None:
        """It is the moment at which a day is read, unless it is later already."""
        self.set_clock(self.chronicle.read_at(day))

    def set_clock(self, moment: datetime) -> None:
        """It is a moment, unless it is later already."""
        with self._passing:
            self._now = max(self._now, moment)

    def deployment(self, feeds: Sequence[str]) -> Deployment:
        """The deployment that keeps these feeds."""
        environment = company.connections(self.shown.folder, self.server.url)
        environment["C360_SHOP_URL"] = f"sqlite:///{self.shown.folder / 'shop' / 'shop.db'}"
        catalog = {name: self._catalog[name] for name in feeds}
        return Deployment(self.home, catalog, environment | self.shown.environment, self.clock, self.pass_time)

    def look(
        self,
        day: int,
        feeds: Sequence[str],
        *,
        truth: Path | None = None,
        is_synced: bool = True,
        wants_repair: bool = False,
    ) -> Look:
        """Sync the feeds as they are shown, reconcile them as each night, watch, and ask the oracle.

        Where nothing is synced, watching goes on, and the look is so much later. `truth`: what is true, else the day's
        own. With `wants_repair`, what the reconcile finds is landed again.
        """
        self.set_time(day)
        self._while_waiting, self._watched = [], tuple(feeds)
        self.server.interference = self.shown.interference
        began, deployment = cpu_seconds(), self.deployment(feeds)
        outcome = sync(deployment, list(deployment.catalog.values()), wants_refresh=False) if is_synced else None
        if not is_synced:
            self.pass_time(UNSYNCED.total_seconds())
        if self._beside is not None:
            self._beside.join()
            self._beside = None
        if is_synced:
            self.reconcile(deployment, wants_repair=wants_repair, is_true=truth is not None)
        watch(deployment)
        spent = cpu_seconds() - began
        wrong = differences(truth or self.chronicle.day(day), self.chronicle.day(day), self.home.warehouse, feeds)
        with Ledger(self.home.ledger) as ledger:
            status = {name: feed_status(ledger, self._catalog[name], self._now).status for name in feeds}
            baselines = told_by_baselines(
                ledger, self.home.warehouse, deployment.catalog, self._now, self._unlike_source(day)
            )
        return Look(
            day=day,
            now=self._now,
            told=sorted({*self._while_waiting, *self._told()}),
            status=status,
            wrong=wrong,
            landed={feed.feed: feed.rows_landed for feed in outcome.feeds} if outcome else {},
            baselines=baselines,
            cpu_seconds=spent,
            troubles=[trouble for feed in outcome.feeds for trouble in feed.troubles] if outcome else [],
        )

    def reconcile(self, deployment: Deployment, *, wants_repair: bool = False, is_true: bool = True) -> None:
        """As the shipped schedule (but for Sundays databases alone), or as the alert's command with `--repair`.

        What is held because so much is gone is accepted where it is so.
        """
        days = EVERYTHING if wants_repair else days_compared(self._now)
        for contract in deployment.catalog.values():
            if days < EVERYTHING and contract.source.kind != "sql":
                continue
            found = reconcile_feed(deployment, contract, days=days, wants_repair=wants_repair)
            if wants_repair and is_true and found.trouble is not None and found.trouble.kind == "held":
                accept_source(deployment, contract, by="operator", reason="the rows are gone")
                found = reconcile_feed(deployment, contract, days=days, wants_repair=True)
            if found.batch_ids:
                stage_feed(deployment, contract, None)

    def keep(self, name: str) -> None:
        """Keep the home as it is, for `restore`."""
        aside = self._folder / f".{name}"
        shutil.rmtree(aside, ignore_errors=True)
        shutil.copytree(self.home.root, aside)
        aside.rename(self._folder / name)

    def is_kept(self, name: str) -> bool:
        """Whether there is a home of that name."""
        return (self._folder / name).exists()

    def restore(self, name: str, day: int) -> None:
        """Make the home what was kept, and the systems and the clock those of a day."""
        self._catalog = dict(self._shipped)
        shutil.rmtree(self.home.root, ignore_errors=True)
        shutil.copytree(self._folder / name, self.home.root)
        self.shown.show(day)
        with self._passing:
            self._now = self.chronicle.read_at(day)

    def _unlike_source(self, day: int) -> Callable[[str], bool]:
        """Whether a feed differs from what its source shows; a source that cannot be compared differs too."""

        def is_unlike(feed: str) -> bool:
            try:
                found = differences(self.shown.folder, self.chronicle.day(day), self.home.warehouse, [feed])
            except sqlite3.Error:
                return True
            return found[feed].rows > 0

        return is_unlike

    def _told(self) -> list[Told]:
        with Ledger(self.home.ledger) as ledger:
            return told(ledger)

    def _servers_clock(self) -> datetime:
        return self._now.astimezone(UTC) + self.shown.clock_offset


def by_size(severities: Sequence[float], customers: int | None) -> dict[int, list[float]]:
    """Customers of a company → the severities to be tried on it."""
    found: dict[int, list[float]] = {}
    for severity in severities:
        size = customers or (CUSTOMERS if severity == 1 else CUSTOMERS_OF_A_SHARE)
        found.setdefault(size, []).append(severity)
    return found


def _daily(contract: FeedContract) -> FeedContract:
    """The contract with a schedule of once a day; what comes as a full list each week stays as it is promised.

    Of the shop it also asks for the heartbeat and the time up to which it was fed.
    """
    changes: dict[str, object] = {"schedule": DAILY, "timezone": "UTC"}
    if contract.source.kind == "sql":
        changes["source"] = contract.source.model_copy(update=PULSE)
    return contract.model_copy(update=changes)


def cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
