"""The sample company's life: `create` builds everything up to the first day, `advance` adds a day, `connections` says
where.

What a day consists of lives in `sample_company.happenings`, what changes about the past in
`sample_company.revisions`.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

import numpy as np

from sample_company import stories, truth
from sample_company.columns import DAY, chance, stacked
from sample_company.delivery import Delivery
from sample_company.happenings import DAILY_VOLUMES, FIRST_DAY_VOLUMES, Volumes, happen
from sample_company.people import generate
from sample_company.revisions import ordinary_day
from sample_company.services import open_services
from sample_company.shop import open_shop
from sample_company.state import Company, CompanyTrouble, load, read_memory, save

HISTORY_DAYS = 400
# Not secrets: they guard invented data on this machine.
HELPDESK_TOKEN = "sample-helpdesk-token"  # noqa: S105
MAILER_USER, MAILER_TOKEN = "sample", "sample-mailer-token"


@dataclass(frozen=True)
class CompanySummary:
    """What `create` built: business date, parties, records and rows wrong on purpose per feed."""

    folder: Path
    day: date
    customers: int
    records: Mapping[str, int]
    bad: Mapping[str, int]


@dataclass(frozen=True)
class AdvanceSummary:
    """What one more day brought, per feed: rows written, rows deleted, and rows behind the newest seen before."""

    folder: Path
    number: int
    day: date
    clock: datetime
    written: Mapping[str, int]
    deleted: Mapping[str, int]
    late: Mapping[str, int]


def _second(day: date, at: time) -> int:
    return int(datetime.combine(day, at, UTC).timestamp())


def create(folder: Path, *, customers: int, seed: int, start: date, shop_url: str | None = None) -> CompanySummary:
    """Build the company as it stands at the end of `start` (UTC), with 400 days of history and the two stories.

    Raises CompanyTrouble when the folder already holds a company or the shop database has tables of the shop's names.
    """
    folder = folder.resolve()
    if (folder / "state" / "company.json").exists():
        raise CompanyTrouble(f"{folder}: a sample company lives here already. Advance it, or remove the folder first.")
    if customers < 1:
        raise CompanyTrouble(f"A company of {customers} customers has no business. Ask for at least 1.")
    # Without company.json whatever lies here is the rest of an interrupted creation.
    for rest in ("state", "truth", "carrier", "website", "frontdesk", "postroom", "bureau", "shop"):
        shutil.rmtree(folder / rest, ignore_errors=True)
    for rest in ("services.db", "services.db-wal", "services.db-shm"):
        (folder / rest).unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    clock = _second(start, time(23, 59, 59))
    company = Company(folder, seed, customers, start, shop_url or f"sqlite:///{folder / 'shop' / 'shop.db'}", 0, clock)
    everyone = stories.added(generate(customers, [seed, 0, 1]), stories.people())
    with open_shop(company.shop_url) as shop, open_services(company.services) as services:
        shop.create_tables()
        delivery = Delivery(company, shop, services, truth.Truth(folder), everyone)
        happen(delivery, np.arange(customers), clock - HISTORY_DAYS * DAY, clock, FIRST_DAY_VOLUMES)
    delivery.keep()
    save(company)
    feeds = delivery.truth.feeds
    return CompanySummary(
        folder,
        start,
        customers,
        {name: feeds[name]["records"] for name in sorted(feeds)},
        {name: len(feeds[name]["bad"]) for name in sorted(feeds)},
    )


def advance(folder: Path, *, until: datetime | None = None, volumes: Volumes = DAILY_VOLUMES) -> AdvanceSummary:
    """Let one more day pass: new rows, changes, late rows, corrections and deletions, the same for the same seed and
    day.

    `until` (aware) cuts the day short so that nothing lies after it; what it cuts off happens on the next day.
    `volumes`: how much happens on it. Raises CompanyTrouble when `until` lies before the day begins.
    """
    company = load(folder.resolve())
    company.day += 1
    begin, end = company.clock, _second(company.today, time(23, 59, 59))
    if until is not None:
        end = min(end, int(until.timestamp()))
    if end < _second(company.today, time(0, 1)):
        moment = datetime.fromtimestamp(end, UTC)
        raise CompanyTrouble(
            f"{folder}: the next day of the sample company is {company.today}, which has hardly begun at "
            f"{moment:%Y-%m-%d %H:%M} UTC. "
            "Wait for it, or let the company run ahead of the clock: c360 --now MOMENT, here and with each sync."
        )
    everyone = read_memory(company.memory(company.day - 1) / "people.arrow")
    rng = chance(company.seed, company.day, "newcomers")
    newcomers = 2 + rng.poisson(company.customers * 0.002)
    before = everyone.num_rows
    everyone = stacked([everyone, generate(int(newcomers), [company.seed, company.day, 1], first_number=before + 1)])
    with open_shop(company.shop_url) as shop, open_services(company.services) as services:
        delivery = Delivery(
            company, shop, services, truth.reopen(company.folder, company.memory(company.day - 1)), everyone
        )
        ordinary_day(delivery, np.arange(before, everyone.num_rows), begin, end, volumes)
    company.clock = end
    delivery.keep()
    save(company)
    moment = datetime.fromtimestamp(end, UTC)
    return AdvanceSummary(
        company.folder, company.day, company.today, moment, delivery.written, delivery.deleted, delivery.late
    )


def connections(folder: Path, helpdesk_url: str) -> dict[str, str]:
    """Environment variables with which feed contracts reach the company; `helpdesk_url` is the server's address."""
    company, base = load(folder.resolve()), helpdesk_url.rstrip("/")
    return {
        "C360_SHOP_URL": company.shop_url,
        "C360_HELPDESK_URL": f"{base}/helpdesk/api/v2",
        "C360_HELPDESK_TOKEN": HELPDESK_TOKEN,
        "C360_MAILER_URL": f"{base}/mailer/3.0",
        "C360_MAILER_USER": MAILER_USER,
        "C360_MAILER_TOKEN": MAILER_TOKEN,
        "C360_CARRIER_FOLDER": str(company.folder / "carrier"),
        "C360_WEBSITE_FOLDER": str(company.folder / "website"),
        "C360_FRONTDESK_FOLDER": str(company.folder / "frontdesk"),
        "C360_POSTROOM_FOLDER": str(company.folder / "postroom"),
        "C360_BUREAU_FOLDER": str(company.folder / "bureau"),
    }
