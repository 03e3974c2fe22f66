"""The truth about the sample company: which record belongs to which person, and how many rows each feed holds.

Only the demonstration, tests and benchmarks read it; a pipeline never does.

`truth/people.parquet`: one row per source record that stands for a person on its own: every account (shop, helpdesk),
guest orders, tickets without requester, notes and letters without customer number, mailer actions, web forms without
account, bureau profiles. Events that name an account belong to that account's person. Employees with a helpdesk
account appear as `employee-<id>`.

`truth/counts.json`: per feed `records` (different ids the source holds now), `deleted` (of them: tombstoned, or gone
from the newest full snapshot), `alive` = records − deleted, `bad` (records wrong on purpose, with reason) and
`corrected` (were bad, are right now). A record of a file feed counts once however many files repeat it.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sample_company.accounts import EMPLOYEE_IDS, FIRST_AGENT
from sample_company.columns import Ints, glue
from sample_company.state import replace_file, write_table

SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("source_system", "entity", "record_id", "person_id", "household_id")]
)


def load(folder: Path) -> pa.Table:
    """Which record belongs to which person: source_system, entity, record_id, person_id, household_id (null: none)."""
    return pq.read_table(folder / "truth" / "people.parquet", partitioning=None)


def counts(folder: Path) -> dict[str, dict[str, Any]]:
    """Per feed: records, deleted, alive, bad, corrected."""
    found: dict[str, dict[str, Any]] = json.loads((folder / "truth" / "counts.json").read_text())
    return found


@dataclass
class Truth:
    """The truth of a folder while a day is being made; `save` makes it visible."""

    folder: Path
    people: list[pa.Table] = field(default_factory=list)
    feeds: dict[str, dict[str, Any]] = field(default_factory=dict)

    def belongs(
        self, system: str, entity: str, record_ids: pa.Array | pa.ChunkedArray, person: Ints, everyone: pa.Table
    ) -> None:
        """These records stand for these people (row numbers of `everyone`)."""
        who = everyone.select(["person_id", "household_id"]).take(pa.array(person))
        ids = record_ids.cast(pa.string())
        size = len(ids)
        columns = [
            pa.array([system] * size, pa.string()),
            pa.array([entity] * size, pa.string()),
            ids,
            who["person_id"],
            who["household_id"],
        ]
        self.people.append(pa.table(columns, names=SCHEMA.names).cast(SCHEMA))

    def staff(self) -> None:
        """The helpdesk accounts of employees stand for themselves."""
        size = len(EMPLOYEE_IDS)
        ids = pa.array([str(FIRST_AGENT + number) for number in range(size)])
        people = glue(pa.scalar("employee-"), pa.array(EMPLOYEE_IDS))
        nobody = pa.nulls(size, pa.string())
        columns = [pa.array(["helpdesk"] * size), pa.array(["accounts"] * size), ids, people, nobody]
        self.people.append(pa.table(columns, names=SCHEMA.names).cast(SCHEMA))

    def feed(self, name: str) -> dict[str, Any]:
        """The counts of one feed, to be changed in place."""
        return self.feeds.setdefault(name, {"records": 0, "deleted": 0, "alive": 0, "bad": [], "corrected": []})

    def bad(self, name: str, mistakes: list[dict[str, str]]) -> None:
        """These records are wrong on purpose."""
        self.feed(name)["bad"] += mistakes

    def bad_ids(self, name: str) -> set[str]:
        """Records of a feed that are wrong on purpose."""
        return {mistake["record_id"] for mistake in self.feed(name)["bad"]}

    def save(self, memory: Path) -> None:
        """Write both files, and the counts into the day's memory.

        A record named twice keeps its newest entry, so that an interrupted day can be done again.
        """
        people = pa.concat_tables(self.people).combine_chunks()
        name = pc.binary_join_element_wise(people["source_system"], people["entity"], people["record_id"], "/")
        last = (
            pa.table({"name": name, "row": pa.array(range(people.num_rows))})
            .group_by("name")
            .aggregate([("row", "max")])
        )
        write_table(self.folder / "truth" / "people.parquet", people.take(last["row_max"].combine_chunks().sort()))
        for feed in self.feeds.values():
            feed["alive"] = feed["records"] - feed["deleted"]
        text = json.dumps(self.feeds, indent=1, sort_keys=True, ensure_ascii=False).encode()
        for file in (memory / "counts.json", self.folder / "truth" / "counts.json"):
            replace_file(file, text)


def reopen(folder: Path, memory: Path) -> Truth:
    """The truth of a folder, to be carried on from the memory of a finished day."""
    return Truth(folder, [load(folder)], json.loads((memory / "counts.json").read_text()))
