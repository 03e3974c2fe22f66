"""The report on long clean lives: docs/benchmarks/feeds-clean.md, written from the diaries of the lives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from clean_calendar import LIVES
from diary import Record
from intervals import poisson
from told import Told

REPORT = Path("docs/benchmarks/feeds-clean.md")
ORDINARY = "none of these"


@dataclass
class Clean:
    """Syncs, one feed at one look each, and the alerts that opened; both by feed and by what there was about the look.

    A sync counts for everything that was about it: for the weekend, and for the campaign that was announced.
    """

    syncs: Counter[str] = field(default_factory=Counter)
    idle: Counter[str] = field(default_factory=Counter)
    about: Counter[str] = field(default_factory=Counter)
    announced: int = 0
    opened: list[tuple[Told, Record]] = field(default_factory=list)

    @property
    def total(self) -> int:
        """All syncs."""
        return self.syncs.total()


def counted(lives: Iterable[Sequence[Record]]) -> Clean:
    """What is in the diaries. An alert counts when it opens, and again when it opens again."""
    found = Clean()
    for looks in lives:
        before: set[Told] = set()
        for look in looks:
            for feed, rows in look["landed"].items():
                found.syncs[feed] += 1
                found.idle[feed] += rows == 0
                found.announced += feed in look["announced"]
                found.about.update(about(look, feed))
            now = {Told(*one) for one in look["told"]}
            found.opened += [(one, look) for one in sorted(now - before)]
            before = now
    return found


def about(look: Record, feed: str) -> list[str]:
    """What there was about a look at a feed."""
    announced = (f"announced: {name}" for name in look["announced"].get(feed, ()))
    return [*look["kinds"], *announced] or [ORDINARY]


def write_report(lives: Sequence[Sequence[Record]], file: Path) -> None:
    """Write the report; of nothing there is nothing to report."""
    if not lives:
        return
    found = counted(lives)
    sections = (_head(lives, found), _opened(found), _by_feed(found), _by_happening(found), _lives(lives))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(line for section in sections for line in section) + "\n", encoding="utf-8")


def _head(lives: Sequence[Sequence[Record]], found: Clean) -> Iterator[str]:
    days = sum(len({look["day"] for look in looks}) for looks in lives)
    brought = found.total - found.idle.total()
    cpu = sum(look["cpu_seconds"] for looks in lives for look in looks)
    commits = Counter(look["commit"] for looks in lives for look in looks)
    asked = [rows for looks in lives for look in looks for rows in look["wrong"].values()]
    yield f"""# Clean lives: how often the whole pipeline cries wolf

Written by `benchmarks/feeds/clean_corpus.py`; what lies in these lives and how to read this is in
[its README](../../benchmarks/feeds/README.md#long-clean-lives).

{found.total:,} clean syncs of {len(found.syncs)} feeds, {len(lives)} companies, {days} days, through the real pipeline;
{brought:,} of them brought rows, {found.idle.total():,} found nothing new.
{found.announced:,} lay in time that was announced for their feed. {cpu / 60:,.0f} minutes of processor time, of the
commits {", ".join(f"{commit} ({count:,} looks)" for commit, count in commits.most_common())}.

- False alarms: **{rate(len(found.opened), found.total)}** per 1,000 clean syncs (95 %, Garwood): {len(found.opened)}.
- All of them held against the syncs that brought rows alone: {rate(len(found.opened), brought)}.
- Whether staging is as at the source was asked {len(asked):,} times, of each feed once a week: it was not
  {sum(map(bool, asked))} times.
"""


def _opened(found: Clean) -> Iterator[str]:
    yield "## By failure\n"
    if not found.opened:
        yield "No alert opened.\n"
        return
    yield "| Failure | Alerts | Per 1,000 syncs (95 %) | Which |\n|---|---|---|---|"
    for failure, count in Counter(one.failure for one, _ in found.opened).most_common():
        which = "; ".join(
            f"{one.feed}{f' ({one.segment})' if one.segment else ''}, life {look['life']}, {look['due'][:10]}"
            for one, look in found.opened
            if one.failure == failure
        )
        yield f"| {failure} | {count} | {rate(count, found.total)} | {which} |"
    yield ""


def _by_feed(found: Clean) -> Iterator[str]:
    yield "## By feed\n\n| Feed | Syncs | With rows | Alerts | Per 1,000 syncs (95 %) |\n|---|---|---|---|---|"
    alerts = Counter(one.feed for one, _ in found.opened)
    for feed in sorted({*found.syncs, *alerts}):
        syncs = found.syncs[feed]
        yield f"| {feed} | {syncs:,} | {syncs - found.idle[feed]:,} | {alerts[feed]} | {rate(alerts[feed], syncs)} |"
    yield ""


def _by_happening(found: Clean) -> Iterator[str]:
    yield """## By what there was about it

A sync counts in every line that fits it. What was announced counts for the feeds for which it was, and for all of the
time for which it was.

| | Syncs | Alerts | Per 1,000 syncs (95 %) |
|---|---|---|---|"""
    alerts = Counter(name for one, look in found.opened for name in about(look, one.feed))
    for name in sorted({*found.about, *alerts}, key=lambda name: (name.startswith("announced"), name)):
        yield f"| {name} | {found.about[name]:,} | {alerts[name]} | {rate(alerts[name], found.about[name])} |"
    yield ""


def _lives(lives: Sequence[Sequence[Record]]) -> Iterator[str]:
    yield "## The lives\n\n| | From | To | Clock and holidays | Customers at first | Days | Syncs | Alerts |"
    yield "|---|---|---|---|---|---|---|---|"
    known = {life.number: life for life in LIVES}
    for looks in lives:
        life, found = known[looks[0]["life"]], counted([looks])
        days = len({look["day"] for look in looks})
        cells = (f"{life.zone}, {life.country}", f"{life.customers:,}", str(days), f"{found.total:,}")
        yield f"| {life.number} | {life.start} | {looks[-1]['due'][:10]} | {' | '.join(cells)} | {len(found.opened)} |"
    yield ""


def rate(count: int, syncs: int) -> str:
    """A count per 1,000 syncs with its exact interval; that of feeds that were never synced is no rate."""
    if syncs == 0:
        return "–"
    low, high = (1000 * bound / syncs for bound in poisson(count))
    return f"{1000 * count / syncs:.2f} ({low:.2f} to {high:.2f})"
