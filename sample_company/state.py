"""What the company remembers from one day to the next: its clock, its counters and what is already decided for later.

Folder `state/`: company.json and one folder per day with people, accounts and everything that has a future. A day
writes a folder of its own and company.json last, so that an interrupted day is done again from the same memory and
gives the same rows. Nothing here is data that a connector reads.
"""

import json
import shutil
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq


class CompanyTrouble(Exception):
    """The sample company cannot do what was asked; the message says why and what to do."""


@dataclass
class Company:
    """One sample company between two days; `clock` is the second (UTC) up to which everything has happened."""

    folder: Path
    seed: int
    customers: int
    start: date
    shop_url: str
    day: int
    clock: int
    next_id: dict[str, int] = field(default_factory=dict)
    carrier_sequence: int = 1

    @property
    def today(self) -> date:
        """Business date of the newest day."""
        return self.start + timedelta(days=self.day)

    def memory(self, day: int) -> Path:
        """Folder of what was known at the end of a day."""
        return self.folder / "state" / f"day_{day:04d}"

    @property
    def services(self) -> Path:
        """SQLite file behind the helpdesk, the mailer and the carrier."""
        return self.folder / "services.db"

    def take_ids(self, name: str, count: int, first: int) -> int:
        """First of `count` new identifiers; numbering of `name` starts at `first`."""
        number = self.next_id.get(name, first)
        self.next_id[name] = number + count
        return number


def replace_file(target: Path, content: bytes) -> None:
    """Write a file so that a reader sees the whole of it or nothing."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    part.write_bytes(content)
    part.replace(target)


def write_table(target: Path, table: pa.Table) -> None:
    """Write a Parquet file so that a reader sees the whole of it or nothing."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    replace_file(target, sink.getvalue().to_pybytes())


def write_memory(target: Path, table: pa.Table) -> None:
    """Write a table for a later day, types unchanged."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    replace_file(target, sink.getvalue().to_pybytes())


def read_memory(source: Path) -> pa.Table:
    """A table that an earlier day wrote, in one chunk a column."""
    with pa.ipc.open_file(pa.BufferReader(source.read_bytes())) as reader:
        return reader.read_all().combine_chunks()


def save(company: Company) -> None:
    """Make the day final and forget the memory of the day before."""
    facts: dict[str, Any] = asdict(company) | {"start": company.start.isoformat()}
    del facts["folder"]
    replace_file(company.folder / "state" / "company.json", json.dumps(facts, indent=1).encode())
    for old in (company.folder / "state").glob("day_*"):
        if old != company.memory(company.day):
            shutil.rmtree(old)


def load(folder: Path) -> Company:
    """The company kept in a folder."""
    memory = folder / "state" / "company.json"
    if not memory.exists():
        raise CompanyTrouble(
            f"{folder}: no sample company here ({memory} is missing). Create one first, or give its folder."
        )
    facts = json.loads(memory.read_text())
    return Company(**facts | {"folder": folder, "start": date.fromisoformat(facts["start"])})
