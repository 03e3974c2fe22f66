"""Figures from trials: detected or not, with the right cause, how soon, and what readers were shown meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from baselines import ALWAYS
from diary import Record
from told import Told
from trial import hours_between, told_of

from pipelines.freshness.failures import load_failures, load_modes
from pipelines.freshness.status import CURRENT

# An alarm still counts for an incident in this many looks after its end.
LOOKS_AFTER_END = 2
# What a fault did to rows is counted up to this look.
LOOKS_OF_ROWS = 3
Alarms = Callable[[Record], set[Told]]


@dataclass(frozen=True)
class Outcome:
    """What one way of watching made of one trial. Looks are counted from the first in which the fault acted: 1 is it.

    `silent_row_hours`: rows that were not as at the source × hours in which the feed was shown as current and nothing
    was told of it. `rows_hit` are those that were not as at the source at the worst of the first `LOOKS_OF_ROWS` looks.
    `customers` are those of the company. `means` are the letters of the mode in the catalogue of modes.
    """

    mode: str
    name: str
    severity: float
    needs: str
    found_at: int | None
    is_right_cause: bool
    alerts: int
    silent_row_hours: float
    row_hours: float
    rows_hit: int
    customers: int
    left: tuple[int, int, int]
    means: tuple[str, ...]
    failures: tuple[str, ...] = field(default=())

    @property
    def is_prevented(self) -> bool:
        """Whether the way of loading left it no room: no row was other than at the source at any look."""
        return "P" in self.means and self.row_hours == 0

    def is_answered(self, looks: int) -> bool:
        """Whether it was told of within so many looks, or prevented."""
        return self.is_prevented or (self.found_at is not None and self.found_at <= looks)


def alarms_of(look: Record) -> set[Told]:
    """What the project itself told."""
    return told_of(look)


def without(failures: Iterable[str]) -> Alarms:
    """What would be told if the detectors of these failures were not there."""
    left_out = frozenset(failures)
    return lambda look: {one for one in told_of(look) if one.failure not in left_out}


def of_baseline(name: str) -> Alarms:
    """What a baseline would tell."""
    return lambda look: {Told(feed, name, "") for feed in look["baselines"][name]}


def outcome(trial: Record, alarms: Alarms, already: set[Told], *, is_always: bool = False) -> Outcome | None:
    """The outcome of a trial; None when the fault changed nothing that is shown.

    `already` was open before it, as is what was told in looks in which it did not act yet.
    """
    looks = trial["looks"]
    first = next((place for place, look in enumerate(looks) if look.get("is_acting")), None)
    if first is None:
        return None
    last = max(place for place, look in enumerate(looks) if look["phase"] == "fault" or look.get("is_acting"))
    found_at, first_told, opened, before = None, set[Told](), set[Told](), set() if is_always else already
    silent = total = 0.0
    for place, (look, hours) in enumerate(zip(looks, hours_between(looks), strict=True)):
        now = alarms(look)
        if place < first and not is_always:
            before = before | now
        new = now - before
        opened |= new
        if new and found_at is None and first <= place <= last + LOOKS_AFTER_END:
            found_at, first_told = place - first + 1, new
        told_feeds = {one.feed for one in now}
        for feed, wrong in look["wrong"].items():
            total += sum(wrong) * hours
            if look["status"][feed] in CURRENT and feed not in told_feeds:
                silent += sum(wrong) * hours
    modes = {one.failure: load_failures()[one.failure].modes for one in first_told if one.failure in load_failures()}
    ends = looks[-1]["wrong"].values()
    hit = max(sum(map(sum, look["wrong"].values())) for look in looks[first : first + LOOKS_OF_ROWS])
    return Outcome(
        mode=trial["mode"],
        name=trial["name"],
        severity=trial["severity"],
        needs=trial["needs"],
        found_at=found_at,
        is_right_cause=any(trial["mode"] in modes[one.failure] for one in first_told if one.failure in modes),
        alerts=len(opened),
        silent_row_hours=silent,
        row_hours=total,
        rows_hit=hit,
        customers=trial["customers"],
        left=(sum(one[0] for one in ends), sum(one[1] for one in ends), sum(one[2] for one in ends)),
        means=load_modes()[trial["mode"]].by,
        failures=tuple(sorted({one.failure for one in opened})),
    )


@dataclass(frozen=True)
class Clean:
    """False alarms over clean life. `syncs` counts feeds × looks; `opened` names what was told."""

    syncs: int
    opened: tuple[Told, ...]


def clean(looks: Sequence[Record], alarms: Alarms, *, is_always: bool = False) -> Clean:
    """Alarms that opened although nothing was wrong; one that stays open counts once, of `always` each look's."""
    opened: list[Told] = []
    before: set[Told] = set()
    for look in looks:
        now = alarms(look)
        opened += sorted(now if is_always else now - before)
        before = now
    return Clean(sum(len(look["status"]) for look in looks), tuple(opened))


def is_always(name: str) -> bool:
    """Whether a baseline tells anew at each look."""
    return name == ALWAYS
