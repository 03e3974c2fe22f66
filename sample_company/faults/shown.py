"""What the company's systems show to who reads them: the truth of a day, until a fault changes it."""

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from sample_company.faults.chronicle import DATABASES, FOLDERS, Chronicle, copy_database
from sample_company.server import Interference
from sample_company.services import ISO, open_services
from sample_company.shop import Shop, open_shop


@dataclass(frozen=True)
class Moment:
    """A look at the source while something is wrong with it.

    `begun` is when it was last seen in order; `severity` the share of what could be hit that is hit, above 0 and up to
    1. `wait` lets time go by while the reader waits for an answer.
    """

    day: int
    begun_day: int
    begun: datetime
    now: datetime
    severity: float
    wait: Callable[[timedelta], None]

    @property
    def step(self) -> int:
        """0 at the first look, one more at each."""
        return self.day - self.begun_day - 1

    def chosen(self, column: str) -> str:
        """SQL: this row is among the share that is hit. The same rows at each look; `column` holds whole numbers."""
        return f'(abs("{column}") * 48271 % 9973) < {int(self.severity * 9973)}'

    def is_chosen(self, text: str) -> bool:
        """As `chosen`, for a key that is text."""
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) < self.severity * 2**32

    @property
    def iso(self) -> str:
        """Since when it lasts, as the services write times."""
        return self.begun.strftime(ISO)


@dataclass
class Shown:
    """The systems as a reader finds them, in `folder`.

    `interference` changes the answers of the services; `environment` replaces how a reader reaches them;
    `clock_offset` is how far the services' clock is ahead, `day` the day whose truth was shown last.
    """

    folder: Path
    chronicle: Chronicle
    interference: Interference | None = None
    environment: dict[str, str] = field(default_factory=dict)
    clock_offset: timedelta = timedelta(0)
    day: int = 0

    def show(self, day: int) -> None:
        """Show the truth of a day. Files that are as before stay untouched, databases stay the files they are."""
        self.interference, self.clock_offset = None, timedelta(0)
        self.environment.clear()
        self.day, truth = day, self.chronicle.day(day)
        for name in DATABASES:
            self.show_database(name, day)
        for name in FOLDERS:
            self._show_files(truth / name, self.folder / name)

    def show_database(self, name: str, day: int) -> None:
        """Show one of the databases as it was on a day. The shop says that it lives and is fed all the same."""
        copy_database(self.chronicle.day(day) / name, self.folder / name)
        self.beat(self.day, fed_until=self.day)

    def beat(self, day: int, *, fed_until: int) -> None:
        """Show the shop's heartbeat: the days at whose end its primary last wrote, and was itself last fed."""
        self.beat_at(self.chronicle.read_at(day), self.chronicle.read_at(fed_until))

    def beat_at(self, moment: datetime, fed_until: datetime) -> None:
        """As `beat`, by the clock."""
        with self.shop() as shop:
            shop.run("CREATE TABLE IF NOT EXISTS pulse (beat_at, fed_until)", [()])
            shop.run("DELETE FROM pulse", [()])
            shop.run("INSERT INTO pulse VALUES (?, ?)", [(moment.isoformat(), fed_until.isoformat())])

    @staticmethod
    def _show_files(truth: Path, shown: Path) -> None:
        shown.mkdir(parents=True, exist_ok=True)
        true = {file.name: file for file in truth.iterdir()}
        for file in shown.iterdir():
            if file.name not in true:
                file.unlink()
        for name, file in true.items():
            target, facts = shown / name, file.stat()
            known = target.stat() if target.exists() else None
            same = known is not None and (known.st_size, known.st_mtime) == (facts.st_size, facts.st_mtime)
            if not same or target.read_bytes() != file.read_bytes():
                shutil.copy2(file, target)

    def shop(self) -> AbstractContextManager[Shop]:
        """The shop's database, one transaction."""
        return open_shop(f"sqlite:///{self.folder / 'shop' / 'shop.db'}")

    def services(self) -> AbstractContextManager[sqlite3.Connection]:
        """The database behind helpdesk and mailer, one transaction."""
        return open_services(self.folder / "services.db")

    def files(self, system: str, since: datetime) -> list[Path]:
        """Files that arrived after a moment, oldest first."""
        files = (self.folder / system).iterdir()
        return sorted(file for file in files if file.stat().st_mtime > since.timestamp())

    def rewrite(self, file: Path, content: bytes) -> None:
        """Give a file another content; when it arrived stays."""
        arrived = file.stat().st_mtime
        file.write_bytes(content)
        os.utime(file, (arrived, arrived))

    def add(self, file: Path, content: bytes, arrived: datetime) -> None:
        """A file that is not in the truth."""
        file.write_bytes(content)
        os.utime(file, (arrived.timestamp(), arrived.timestamp()))

    def fingerprint(self) -> str:
        """Changes with anything that is shown in databases, files or way of access; not with interference."""
        digest = hashlib.sha256(repr((sorted(self.environment.items()), self.clock_offset)).encode())
        for part in self._parts():
            digest.update(part)
        return digest.hexdigest()

    def _parts(self) -> Iterator[bytes]:
        for name in DATABASES:
            connection = sqlite3.connect(self.folder / name)
            try:
                tables = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY 1")
                for table, sql in tables.fetchall():
                    rows = connection.execute(f'SELECT * FROM "{table}" ORDER BY 1, 2').fetchall()
                    yield repr((sql, rows)).encode()
            finally:
                connection.close()
        for name in FOLDERS:
            for file in sorted((self.folder / name).iterdir()):
                yield file.name.encode() + str(file.stat().st_mtime).encode() + file.read_bytes()
