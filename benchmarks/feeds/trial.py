"""One trial: a home with weeks of clean life, a fault for some days, the days after it, and what was told each day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import diary
from diary import Record
from mishaps import Mishap
from told import Told
from world import Look, World

from sample_company.faults.fault import Fault
from sample_company.faults.registry import NOOP, heal
from sample_company.faults.shown import Moment
from sample_company.server import Answer

WARM = "warm"
CLEAN_DAYS, FAULTY_DAYS, HEALED_DAYS = 21, 4, 3


def live_clean(world: World, folder: Path, days: int) -> list[Record]:
    """Live days without a fault and keep the home after the last.

    An interrupted life goes on where it was; one whose home is not there is lived anew.
    """
    kept = folder / "clean.jsonl"
    if not (world.is_kept(WARM) or world.home.root.exists()):
        kept.unlink(missing_ok=True)
    looks = diary.read(kept)
    for day in range(len(looks), days):
        world.shown.show(day)
        looks.append(_written(world.look(day, world.feeds), "clean"))
        diary.write(kept, looks[-1], within=folder)
    if not world.is_kept(WARM):
        world.keep(WARM)
    return looks


def run_trial(
    world: World,
    what: Fault | Mishap,
    severity: float,
    *,
    onset: int,
    faulty: int = FAULTY_DAYS,
    healed: int = HEALED_DAYS,
) -> Record:
    """What was told of one fault. `onset` is the last clean day; the home of that day is kept as `WARM`."""
    world.restore(WARM, onset)
    feeds = (what.feed, *what.others)
    begun, looks = world.chronicle.read_at(onset), []
    for day in range(onset + 1, onset + faulty + healed + 1):
        world.shown.show(day)
        world.set_time(day)
        moment = Moment(day, onset, begun, world.clock(), severity, world.wait)
        is_late = isinstance(what, Fault) and what.is_visible_afterwards
        is_faulty = day <= onset + faulty
        truth = world.shown.folder if what.is_true or (is_late and is_faulty) else None
        if is_faulty:
            changed = _Changes(world)
            what.act(*((world, moment) if isinstance(what, Mishap) else (world.shown, moment)))
            changed.observe()
            is_synced = what.is_synced if isinstance(what, Mishap) else True
            look = _written(world.look(day, feeds, truth=truth, is_synced=is_synced), "fault")
            is_begun = moment.step >= what.begins if isinstance(what, Mishap) else changed.happened
            look["is_acting"] = is_begun and not is_late
        else:
            if isinstance(what, Fault):
                heal(what, world.shown, moment, onset + faulty + 1)
            # Of what comes to light only now nobody knows yet that it is to be repaired.
            is_acting = is_late and day == onset + faulty + 1
            look = _written(world.look(day, feeds, truth=truth, wants_repair=not is_acting), "healed")
            look["is_acting"] = is_acting
        looks.append(look)
    return {
        "mode": what.mode,
        "name": what.name,
        "title": what.title,
        "feed": what.feed,
        "needs": what.needs,
        "severity": severity,
        "is_clean": what is NOOP,
        "looks": looks,
    }


class _Changes:
    """Whether a fault changed what is shown: rows, files, ways of access, or an answer on its way out."""

    def __init__(self, world: World) -> None:
        self._world, self._before, self._answers = world, world.shown.fingerprint(), 0

    def observe(self) -> None:
        """Count the answers that will be changed from now on."""
        self._after = self._world.shown.fingerprint()
        interference = self._world.shown.interference
        if interference is None:
            return

        def counted(target: str, answer: Answer) -> Answer:
            given = interference(target, answer)
            self._answers += given != answer
            return given

        self._world.shown.interference = counted

    @property
    def happened(self) -> bool:
        return self._before != self._after or self._answers > 0


def _written(look: Look, phase: str) -> Record:
    return asdict(look) | {"phase": phase, "now": look.now.isoformat()}


def told_of(look: Record) -> set[Told]:
    """What was open after a look."""
    return {Told(*one) for one in look["told"]}


def hours_between(looks: Sequence[Record]) -> list[float]:
    """Hours from each look to the next; the last counts as a day."""
    moments = [datetime.fromisoformat(look["now"]) for look in looks]
    spans = [(after - before).total_seconds() / 3600 for before, after in pairwise(moments)]
    return [*spans, 24.0]
