"""The company as it was at the end of each of its days: the truth that faults hide, kept aside for who measures."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from sample_company import company, state
from sample_company.happenings import DAILY_VOLUMES, Volumes

FOLDERS = ("carrier", "website", "frontdesk", "bureau")
DATABASES = ("shop/shop.db", "services.db")
# A day is read five minutes after it ended.
READ_AT = time(0, 5)


class Chronicle:
    """Day n of a seeded company with its shop in SQLite; days are lived when they are first asked for, and kept.

    `volumes` says how much happens on a day. `besides` does to the company's folder, at the end of a day, what the
    company does not do by itself; it may be called twice for the day.
    """

    def __init__(
        self,
        folder: Path,
        *,
        customers: int,
        seed: int,
        start: date,
        volumes: Callable[[int], Volumes] = lambda _day: DAILY_VOLUMES,
        besides: Callable[[Path, int], None] = lambda _company, _day: None,
    ) -> None:
        self._folder, self._start = folder.resolve(), start
        self._volumes, self._besides = volumes, besides
        self._company = self._folder / "company"
        if not (self._company / "state" / "company.json").exists():
            company.create(self._company, customers=customers, seed=seed, start=start)

    def read_at(self, day: int) -> datetime:
        """The moment (UTC) at which day `day` is over and can be read; file times of that day are it too."""
        return datetime.combine(self._start + timedelta(days=day + 1), READ_AT, UTC)

    def day(self, day: int) -> Path:
        """Folder of the company at the end of a day: databases, drop folders and truth."""
        kept = self._folder / "days" / f"{day:04d}"
        if not kept.exists():
            while (lived := state.load(self._company).day) < day:
                self._keep(lived)
                company.advance(self._company, volumes=self._volumes(lived + 1))
            self._keep(day)
        return kept

    def forget(self, before: int) -> None:
        """Give up the folders of the days before one, but that of the first."""
        for kept in (self._folder / "days").glob("[0-9]*"):
            if 0 < int(kept.name) < before:
                shutil.rmtree(kept)

    def _keep(self, day: int) -> None:
        kept = self._folder / "days" / f"{day:04d}"
        if kept.exists():
            return
        self._besides(self._company, day)
        aside, before = kept.with_name(f".{kept.name}"), self._folder / "days" / f"{day - 1:04d}"
        shutil.rmtree(aside, ignore_errors=True)
        for name in DATABASES:
            copy_database(self._company / name, aside / name)
        for name in (*FOLDERS, "truth"):
            shutil.copytree(self._company / name, aside / name)
        arrived = self.read_at(day).timestamp()
        for file in (file for name in FOLDERS for file in (aside / name).iterdir()):
            known = before / file.relative_to(aside)
            moment = known.stat().st_mtime if known.exists() else arrived
            os.utime(file, (moment, moment))
        aside.rename(kept)


def copy_database(source: Path, target: Path) -> None:
    """Give a SQLite file the content of another; the target stays the file it is for who has it open."""
    target.parent.mkdir(parents=True, exist_ok=True)
    read, write = sqlite3.connect(source), sqlite3.connect(target, timeout=30.0)
    try:
        write.execute("PRAGMA synchronous = OFF")  # a copy that is made anew when the power fails
        read.backup(write)
    finally:
        read.close()
        write.close()
