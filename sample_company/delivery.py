"""Handing rows over to the systems: spoiling a few, writing them all, and telling the truth about them."""

import shutil
import sqlite3
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_company import drops, postroom, services
from sample_company.accounts import STORY_PEOPLE
from sample_company.columns import DAY, Ints, Mask, chance, ints, known, written
from sample_company.contacts import form_lines
from sample_company.mistakes import spoil
from sample_company.shop import Shop
from sample_company.state import Company, read_memory, write_memory
from sample_company.truth import Truth

DAILY_FILES = 14  # days before the first one that have a file of their own; the oldest file holds all that came before


@dataclass
class Delivery:
    """One day's open systems, the truth being told, and what was written so far."""

    company: Company
    shop: Shop
    services: sqlite3.Connection
    truth: Truth
    everyone: pa.Table
    written: dict[str, int] = field(default_factory=dict)
    deleted: dict[str, int] = field(default_factory=dict)
    late: dict[str, int] = field(default_factory=dict)
    kept: dict[str, pa.Table] = field(default_factory=dict)

    def rng(self, topic: str) -> np.random.Generator:
        """The day's random numbers of one topic."""
        return chance(self.company.seed, self.company.day, topic)

    def wrote(self, feed: str, rows: int, *, new: int = 0) -> None:
        """Count rows handed over, and those of them that the source did not hold before."""
        self.written[feed] = self.written.get(feed, 0) + rows
        self.truth.feed(feed)["records"] += new

    def to_shop(self, name: str, rows: pa.Table, key: tuple[str, ...], finished: Mask | None = None) -> None:
        """New rows of a shop table."""
        feed = f"shop.{name}"
        rows, mistakes = spoil(self.rng(f"mistakes {feed}"), feed, rows, key, finished)
        self.truth.bad(feed, mistakes)
        self.shop.put(name, rows)
        self.wrote(feed, rows.num_rows, new=rows.num_rows)

    def to_services(self, feed: str, rows: pa.Table, finished: Mask | None = None) -> None:
        """New rows of the helpdesk or the mailer."""
        columns = {}
        for name in rows.column_names:
            column = rows[name].combine_chunks()
            columns[name] = written(column, services.ISO) if pa.types.is_timestamp(column.type) else column
        spoiled, mistakes = spoil(self.rng(f"mistakes {feed}"), feed, pa.table(columns), ("id",), finished)
        self.truth.bad(feed, mistakes)
        services.put(self.services, feed.split(".")[1], spoiled)
        self.wrote(feed, spoiled.num_rows, new=spoiled.num_rows)

    def remember(self, name: str, table: pa.Table) -> None:
        """Keep what a later day needs: accounts, and what is decided but has not happened yet."""
        self.kept[name] = table

    def remembered(self, name: str) -> pa.Table:
        """What was kept under this name, today or the day before."""
        if name in self.kept:
            return self.kept[name]
        return read_memory(self.company.memory(self.company.day - 1) / f"{name}.arrow")

    def keep(self) -> None:
        """Write the day's memory; what the day did not touch is carried over."""
        before, now = self.company.memory(self.company.day - 1), self.company.memory(self.company.day)
        for name, table in {"people": self.everyone, **self.kept}.items():
            write_memory(now / f"{name}.arrow", table)
        for file in sorted(before.glob("*.arrow")):
            if not (now / file.name).exists():
                shutil.copyfile(file, now / file.name)
        self.truth.save(now)

    def days(self, end: int) -> list[tuple[date, int, int]]:
        """The files due: (business date, after, up to) in seconds. The first day brings two weeks of files."""
        today = self.company.today
        if self.company.day:
            return [(today, self.company.clock, end)]
        midnight = int(datetime(today.year, today.month, today.day, tzinfo=UTC).timestamp())
        return [
            (
                today - timedelta(days=back),
                midnight - back * DAY if back < DAILY_FILES else 0,
                midnight - (back - 1) * DAY if back else end,
            )
            for back in range(DAILY_FILES, -1, -1)
        ]


def deliver_parcels(delivery: Delivery, parcels: pa.Table, end: int) -> None:
    """A carrier file per day with the parcels created or changed on it; spoiled rows have reached their end."""
    company = delivery.company
    for day, after, up_to in delivery.days(end):
        rows = drops.parcels_between(parcels, after, up_to)
        done = np.asarray(pc.is_in(rows["status"], pa.array(["DL", "EX", "RT"])).to_numpy(), dtype=np.bool_)
        rng = chance(company.seed, company.day * 100 + day.toordinal(), "mistakes carrier")
        spoiled, mistakes = spoil(rng, "carrier.shipments", rows, ("shipment_no",), done)
        drops.write_carrier(company.folder, day, company.carrier_sequence, spoiled)
        company.carrier_sequence += 1
        delivery.truth.bad("carrier.shipments", mistakes)
        delivery.wrote("carrier.shipments", spoiled.num_rows)
    shipped = ints(parcels["shipped"])
    begin = company.clock if company.day else 0
    delivery.truth.feed("carrier.shipments")["records"] += int(((shipped > begin) & (shipped <= end)).sum())


def deliver_forms(delivery: Delivery, forms: pa.Table, end: int) -> None:
    """A website file per day; the one of a week before the first day is compressed."""
    filed = ints(forms["filed"])
    for number, (day, after, up_to) in enumerate(delivery.days(end)):
        rows = forms.filter(pa.array((filed > after) & (filed <= up_to))).combine_chunks()
        rng = chance(delivery.company.seed, delivery.company.day * 100 + day.toordinal(), "mistakes website")
        spoiled, mistakes = spoil(rng, "website.registrations", rows, ("id",))
        drops.write_registrations(
            delivery.company.folder, day, form_lines(spoiled), compressed=number == DAILY_FILES // 2
        )
        delivery.truth.bad("website.registrations", mistakes)
        delivery.wrote("website.registrations", spoiled.num_rows, new=rows.num_rows)
        alone = rows.filter(pc.is_null(rows["account_id"]))
        delivery.truth.belongs("website", "web_registrations", alone["id"], ints(alone["person"]), delivery.everyone)


def deliver_notes(delivery: Delivery, notes: pa.Table, end: int) -> None:
    """A front-desk file per day with the notes written down on it, whenever the contact took place."""
    recorded = ints(notes["recorded_s"])
    for day, after, up_to in delivery.days(end):
        rows = notes.filter(pa.array((recorded > after) & (recorded <= up_to))).combine_chunks()
        rng = chance(delivery.company.seed, delivery.company.day * 100 + day.toordinal(), "mistakes frontdesk")
        ordinary = ~np.isin(ints(rows["person"]), delivery.company.customers + np.arange(STORY_PEOPLE))
        spoiled, mistakes = spoil(rng, "frontdesk.notes", rows, ("note_no",), ordinary)
        drops.write_notes(delivery.company.folder, day, spoiled)
        delivery.truth.bad("frontdesk.notes", mistakes)
        delivery.wrote("frontdesk.notes", spoiled.num_rows, new=rows.num_rows)
        alone = rows.filter(pc.is_null(rows["customer_no"]))
        delivery.truth.belongs("frontdesk", "interactions", alone["note_no"], ints(alone["person"]), delivery.everyone)


def deliver_letters(delivery: Delivery, letters: pa.Table, end: int) -> None:
    """A batch per day of the letters scanned on it, also where there are none."""
    company, recorded = delivery.company, ints(letters["recorded_s"])
    for day, after, up_to in delivery.days(end):
        sequence = company.take_ids("batches of letters", 1, 1)
        rows = letters.filter(pa.array((recorded > after) & (recorded <= up_to))).combine_chunks()
        named, scans = postroom.scanned(rows, postroom.batch_name(day, sequence))
        rng = chance(company.seed, company.day * 100 + day.toordinal(), "mistakes postroom")
        ordinary = ~np.isin(ints(rows["person"]), company.customers + np.arange(STORY_PEOPLE))
        spoiled, mistakes = spoil(rng, "postroom.letters", named, ("letter_id",), ordinary)
        postroom.write_letters(company.folder, day, sequence, spoiled, scans)
        delivery.truth.bad("postroom.letters", mistakes)
        delivery.wrote("postroom.letters", spoiled.num_rows, new=rows.num_rows)
        alone = rows.filter(pc.is_null(rows["customer_no"]))
        delivery.truth.belongs("postroom", "interactions", alone["letter_id"], ints(alone["person"]), delivery.everyone)


def deliver_profiles(delivery: Delivery, profiles: pa.Table) -> None:
    """A new full snapshot of the bureau, some rows spoiled afresh."""
    company, day = delivery.company, delivery.company.today
    spoiled, mistakes = spoil(delivery.rng("mistakes bureau"), "bureau.profiles", profiles, ("profile_id",))
    edition = company.take_ids(f"bureau {day:%Y-%m}", 1, 1)
    drops.write_profiles(company.folder, day, edition, spoiled)
    feed = delivery.truth.feed("bureau.profiles")
    feed["bad"] = mistakes
    delivery.wrote("bureau.profiles", spoiled.num_rows)
    delivery.remember("profiles", profiles)
    delivery.truth.belongs(
        "bureau", "demographics", profiles["profile_id"], ints(profiles["person"]), delivery.everyone
    )


def standing_alone(rows: pa.Table, reference: str) -> tuple[pa.ChunkedArray, Ints]:
    """Identifiers and people of the rows that name no account."""
    alone = rows.filter(pa.array(~known(rows[reference].combine_chunks())))
    return alone["id"], ints(alone["person"])
