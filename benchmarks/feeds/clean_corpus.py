"""How often the whole pipeline cries wolf: long clean lives through `sync`, the nightly reconcile and the watching.

.venv/bin/python benchmarks/feeds/clean_corpus.py                  # 5 lives of 250 days: hours; goes on where it was
.venv/bin/python benchmarks/feeds/clean_corpus.py --days 40        # the first days of each, then more with --days 80
.venv/bin/python benchmarks/feeds/clean_corpus.py --report         # only write the report anew

Stopped with ctrl-C, or by SIGTERM, it ends the look that it is in. Killed within a look, the life goes on from the day
at which its home was last kept aside.
"""

from __future__ import annotations

import argparse
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from itertools import groupby
from pathlib import Path
from zoneinfo import ZoneInfo

import clean_deeds
import diary
from clean_calendar import LIVES, Life
from clean_report import REPORT, write_report
from code_commit import commit_of_code
from diary import Record
from oracle import differences
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from told import told
from world import FEEDS, World, cpu_seconds

from connectors.contract import FeedContract
from pipelines.ledger.database import Ledger, stamp
from pipelines.ledger.publications import Publication, record_publication
from pipelines.settings import silence_telemetry
from pipelines.sync import sync
from sample_company.faults.chronicle import Chronicle

FOLDER = Path("build/benchmarks/feeds-clean")
DAYS, PART = 250, 40
# A life is asked for the truth on the last day of each week, and its home kept aside on every tenth.
PROVEN_EVERY, KEPT_EVERY = 7, 10
KEPT, DIARY = "kept", "looks.jsonl"
_SEEDS_FROM = 60  # apart from those of the trials, as is the port of a seed's server


class CleanLife:
    """A life that is being lived in a folder. Its diary, a line a look, lies in the home and is kept aside with it."""

    def __init__(self, life: Life, folder: Path, feeds: Sequence[str] = FEEDS) -> None:
        self._life, self._folder, seed = life, folder, _SEEDS_FROM + life.number
        chronicle = Chronicle(
            folder / "chronicle",
            customers=life.customers,
            seed=seed,
            start=life.start,
            volumes=life.volumes,
            besides=partial(clean_deeds.besides, life),
        )
        self.world = World(folder, seed, feeds=feeds, chronicle=chronicle)
        self.diary = self.world.home.root / DIARY
        self._within = folder / "within-a-look"
        self._contracts = {name: self._read_as_lived(one) for name, one in self.world.deployment(feeds).catalog.items()}
        self._often = [name for name, one in self._contracts.items() if one.source.kind != "files"]
        self._commit, self._is_shown = commit_of_code(), -1

    def live(self, until: int) -> Iterator[Record]:
        """Live up to a day, and tell of each look that was not taken before."""
        if self._within.exists() or not self.world.home.ledger.exists():
            self._go_back()
        looks = diary.read(self.diary)
        for day in range(looks[-1]["day"] if looks else 0, until):
            read_at = self.world.chronicle.read_at
            moments = list(self._life.moments(read_at(day), read_at(day + 1)))
            for place, moment in enumerate(moments):
                if looks and moment <= datetime.fromisoformat(looks[-1]["due"]):
                    continue
                self._within.touch()
                looks.append(self._look(day, moment, place, is_last=place == len(moments) - 1))
                diary.write(self.diary, looks[-1], within=self._folder)
                self._within.unlink()
                yield looks[-1]
            if day % KEPT_EVERY == KEPT_EVERY - 1:
                shutil.rmtree(self._folder / KEPT, ignore_errors=True)
                self.world.keep(KEPT)
                self.world.chronicle.forget(day)

    def _look(self, day: int, moment: datetime, place: int, *, is_last: bool) -> Record:
        """Sync what is due as the systems show themselves at a moment.

        The first look of a day finds its rows, also in files; before the second goes the reconcile of the night.
        """
        world, life, began = self.world, self._life, cpu_seconds()
        if self._is_shown != day:
            world.shown.show(day)
            self._is_shown = day
        world.set_clock(moment)
        clean_deeds.show(life, world.shown, day, moment)
        world.server.interference = world.shown.interference
        for name, contract in self._contracts.items():
            now = clean_deeds.contract_at(life, contract, day, moment)
            world.edit_contract(
                name, **{key: getattr(now, key) for key in ("schedule", "timezone", "watch", "columns")}
            )
        if place == 1:
            world.reconcile(world.deployment(world.feeds))
        deployment = world.deployment(world.feeds)
        due = [one for name, one in deployment.catalog.items() if place == 0 or name in self._often]
        outcome = sync(deployment, due, wants_refresh=False)
        with Ledger(world.home.ledger) as ledger:
            open_alerts = told(ledger)
            # In place of the refresh, which would publish: readers have what was staged.
            record_publication(ledger, Publication("published", "", stamp(world.clock()), {}, life.customers))
        announced = life.announced_at(moment)
        return {
            "life": life.number,
            "day": day,
            "due": moment.isoformat(),
            "landed": {feed.feed: feed.rows_landed for feed in outcome.feeds},
            "told": open_alerts,
            "kinds": life.kinds_of_day(day, moment),
            "announced": {feed: names for feed, names in announced.items() if feed in world.feeds},
            "wrong": self._wrong(day, announced) if is_last and day % PROVEN_EVERY == PROVEN_EVERY - 1 else {},
            "troubles": [trouble for feed in outcome.feeds for trouble in feed.troubles],
            "cpu_seconds": round(cpu_seconds() - began, 2),
            "commit": self._commit,
        }

    def _wrong(self, day: int, announced: dict[str, list[str]]) -> dict[str, int]:
        """Rows of each feed that are not as at the source; of one that is away nobody can tell."""
        away = {one.name for one in self._life.happenings if one.kind == "outage"}
        asked = [feed for feed in self.world.feeds if not away & set(announced.get(feed, ()))]
        truth = self.world.chronicle.day(day)
        return {feed: one.rows for feed, one in differences(truth, truth, self.world.home.warehouse, asked).items()}

    def _read_as_lived(self, contract: FeedContract) -> FeedContract:
        """The contract with the life's time zone, holidays and hours of reading: files once a day."""
        world, zone = self.world, ZoneInfo(self._life.zone)
        first = next(self._life.moments(world.chronicle.read_at(0), world.chronicle.read_at(1)))
        hours = [first.astimezone(zone).hour] if contract.source.kind == "files" else self._life.hours
        changes = {
            "schedule": f"30 {','.join(map(str, hours))} * * *",
            "timezone": self._life.zone,
            "watch": contract.watch.model_copy(update={"calendar": self._life.country}),
        }
        return contract.model_copy(update=changes)

    def _go_back(self) -> None:
        """The last look was killed, and what it left behind is a crash and no clean life; or there is but a diary."""
        if self.world.is_kept(KEPT):
            self.world.restore(KEPT, 0)
        else:
            shutil.rmtree(self.world.home.root, ignore_errors=True)
        self._within.unlink(missing_ok=True)


@contextmanager
def stopped_gently() -> Iterator[Callable[[], bool]]:
    """Whether somebody asked to stop, in place of being stopped in the middle of a look."""
    asked: list[int] = []
    before = {
        number: signal.signal(number, lambda got, _frame: asked.append(got))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def main() -> None:
    """Live the lives side by side, a part of each after the other, and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lives", default=",".join(str(life.number) for life in LIVES), help="numbers, with commas")
    parser.add_argument("--days", type=int, default=DAYS)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--report", action="store_true", help="only write the report of what was lived before")
    options = parser.parse_args()
    silence_telemetry()
    console = Console()
    known = {str(life.number): life for life in LIVES}
    chosen = [known[number] for number in options.lives.split(",")]
    if not options.report:
        parts = [(min(days, options.days), life) for days in range(PART, options.days + PART, PART) for life in chosen]
        with stopped_gently() as is_stopped:
            for until, life in parts:
                if not is_stopped():
                    live_shown(console, life, options.folder / f"life_{life.number}", until, is_stopped)
    looks = [diary.read(options.folder / f"life_{life.number}" / "home" / DIARY) for life in LIVES]
    write_report([life for life in looks if life], REPORT)
    console.print(f"{sum(map(len, looks)):,} looks: {REPORT}")


def live_shown(console: Console, life: Life, folder: Path, until: int, is_stopped: Callable[[], bool]) -> None:
    """Live a life up to a day, with a bar that says where it is; each alert that opens is printed."""
    folder.mkdir(parents=True, exist_ok=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    lived = CleanLife(life, folder)
    with lived.world, Progress(*columns, console=console) as progress:
        task = progress.add_task(f"life {life.number}, days", total=until)
        before = {tuple(one) for look in diary.read(lived.diary)[-1:] for one in look["told"]}
        for day, looks in groupby(lived.live(until), key=lambda look: look["day"]):
            for look in looks:
                now = {tuple(one) for one in look["told"]}
                for new in sorted(now - before):
                    progress.console.print(f"life {life.number}, day {day}, {look['due']}: {' '.join(new)}")
                if any(look["wrong"].values()):
                    progress.console.print(f"life {life.number}, day {day}: not as at the source: {look['wrong']}")
                before = now
                if is_stopped():
                    return
            progress.update(task, completed=day + 1)


if __name__ == "__main__":
    main()
