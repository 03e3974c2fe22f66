"""The report: docs/benchmarks/feeds.md, written from what was run, with its chart beside it."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import baselines
import must_hold
from bars import Bar, write_bars
from diary import Record
from intervals import poisson, wilson
from metrics import Alarms, Clean, Outcome, alarms_of, clean, is_always, of_baseline, outcome, without
from trial import CLEAN_DAYS, FAULTY_DAYS, HEALED_DAYS, told_of

BASELINES = (
    baselines.NEVER,
    baselines.ALWAYS,
    baselines.FRESHNESS_POLICY,
    baselines.MAX_TIMESTAMP,
    baselines.ROW_COUNT,
    baselines.SUITES,
    baselines.RECONCILE,
)
OURS = "customer-360"
_COLUMNS = (
    "Mode",
    "Class",
    "Fault",
    "Trials",
    "Told of",
    "Prevented",
    "Right cause",
    "Looks until told",
    "Alerts each",
    "Silent row-hours",
    "Left",
    "Needs",
)


@dataclass(frozen=True)
class Results:
    """Looks of each company's clean life, and all trials, each with the look before it (`last_clean`)."""

    clean: list[list[Record]]
    trials: list[Record]


@dataclass(frozen=True)
class _Way:
    """One way of watching, and what it made of everything."""

    name: str
    outcomes: list[Outcome]
    clean: Clean

    @property
    def hits(self) -> int:
        return sum(one.found_at is not None for one in self.outcomes)

    @property
    def silent(self) -> float:
        return sum(one.silent_row_hours for one in self.outcomes)


def write_report(results: Results, file: Path) -> None:
    """Write the report and its chart. Of nothing there is nothing to report: the file stays as it was."""
    if not results.trials:
        return
    ways = [_way(OURS, results, alarms_of), *(_way(name, results, of_baseline(name)) for name in BASELINES)]
    ours = ways[0]
    file.parent.mkdir(parents=True, exist_ok=True)
    sections = (
        _head(results, ours),
        must_hold.table(ours.outcomes, ours.clean),
        _shares_of_rows(ours.outcomes),
        _compared(ways),
        _by_mode(ours.outcomes),
        _undetected(ours.outcomes),
        _false_alarms(ours.clean),
        _ablation(results, ours),
    )
    file.write_text("\n".join(line for section in sections for line in section) + "\n", encoding="utf-8")
    bars = [
        Bar(way.name, way.hits / len(way.outcomes), *wilson(way.hits, len(way.outcomes)), is_ours=way is ours)
        for way in ways
    ]
    write_bars("Share of incidents told of, with 95 % intervals", bars, file.with_suffix(".svg"))


def _way(name: str, results: Results, alarms: Alarms) -> _Way:
    always = is_always(name)
    faulty = [trial for trial in results.trials if not trial["is_clean"]]
    found = [outcome(trial, alarms, alarms(trial["last_clean"]), is_always=always) for trial in faulty]
    lives = [*results.clean, *(trial["looks"] for trial in results.trials if trial["is_clean"])]
    parts = [clean(looks, alarms, is_always=always) for looks in lives]
    return _Way(
        name,
        [one for one in found if one is not None],
        Clean(sum(part.syncs for part in parts), tuple(one for part in parts for one in part.opened)),
    )


def _head(results: Results, ours: _Way) -> Iterator[str]:
    seeds, found = {(trial["seed"], trial["customers"]) for trial in results.trials}, ours.outcomes
    low, high = wilson(ours.hits, len(found))
    faults, modes = len({one.name for one in found}), len({one.mode for one in found})
    companies = f"{len(seeds)} {'company' if len(seeds) == 1 else 'companies'}"
    yield f"""# Feeds that fail: who is told

Written by `benchmarks/feeds/run.py`; what it does and how to read it is in
[its README](../../benchmarks/feeds/README.md).

{len(found)} incidents ({faults} faults of {modes} modes, {companies}), each after {CLEAN_DAYS} clean days,
lasting {FAULTY_DAYS} days and followed for {HEALED_DAYS} more. {len(results.trials)} trials in all; a fault that
changed nothing a reader could see is no incident. Trials are of the commits {_commits(results)}.

- Told of: **{ours.hits} of {len(found)}** ({low:.0%} to {high:.0%}). Prevented without a word:
  **{sum(one.is_prevented and one.found_at is None for one in found)}**.
- Silent wrong row-hours shown as current: **{ours.silent:,.0f}** of {sum(one.row_hours for one in found):,.0f} wrong
  row-hours.
- False alarms: **{_rate(ours.clean)}** per 1,000 clean syncs ({len(ours.clean.opened)} in {ours.clean.syncs:,} syncs).

![Share of incidents told of](feeds.svg)
"""


def _commits(results: Results) -> str:
    """Of which code the trials are, and how many of each."""
    counted = Counter(trial["commit"] for trial in results.trials)
    return ", ".join(f"{commit} ({count})" for commit, count in counted.most_common())


def _shares_of_rows(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Faults that hit a share of the rows, by the rows that they hit."""
    shares = sorted((one for one in outcomes if one.severity < 1), key=_of_a_share)
    if not shares:
        return
    yield f"""## A share of the rows

Rows hit are those that were not as at the source by the third look. Told at are looks, a company after the other.

| Mode | Fault | Customers | Rows hit | Told at | Told within {must_hold.LEARNED_LOOKS} looks | Right cause |
|---|---|---|---|---|---|---|"""
    for (mode, name, severity, customers), group in groupby(shares, key=_of_a_share):
        own = list(group)
        found = [one for one in own if one.found_at is not None]
        cells = (
            mode,
            f"{name.replace('_', ' ')}, {severity:.0%}",
            f"{customers:,}",
            " ".join(str(one.rows_hit) for one in own),
            " ".join(str(one.found_at or "–") for one in own),
            f"{sum(one.is_answered(must_hold.LEARNED_LOOKS) for one in own)} of {len(own)}",
            f"{sum(one.is_right_cause for one in found)}/{len(found)}" if found else "–",
        )
        yield f"| {' | '.join(cells)} |"
    yield ""


def _of_a_share(one: Outcome) -> tuple[str, str, float, int]:
    return one.mode, one.name, one.severity, one.customers


def _compared(ways: Sequence[_Way]) -> Iterator[str]:
    yield """## Beside simpler ways of watching

The same traces, the same looks. A high share, or no false alarm, can be had alone for nothing: look at both.

| Way of watching | Told of | Share (95 %) | Looks until told | Silent wrong row-hours | False per 1,000 clean syncs |
|---|---|---|---|---|---|"""
    for way in ways:
        low, high = wilson(way.hits, len(way.outcomes))
        share = f"{way.hits / len(way.outcomes):.0%} ({low:.0%}–{high:.0%})"
        cells = (way.name, str(way.hits), share, _median(way.outcomes), f"{way.silent:,.0f}", _rate(way.clean))
        yield f"| {' | '.join(cells)} |"
    yield ""


def _by_mode(outcomes: Sequence[Outcome]) -> Iterator[str]:
    yield """## By fault

Class says by what the mode is caught: E exact, P prevented, H learned, R reconciled. Left are the rows missing, extra
and wrong against the oracle three days after the source was healed, over all trials of the line. What a source must be
able to tell before anybody can see the fault stands last.
"""
    yield f"| {' | '.join(_COLUMNS)} |"
    yield "|---" * len(_COLUMNS) + "|"
    ordered = sorted(outcomes, key=lambda one: (one.mode[0], int(one.mode[1:]), one.name, -one.severity, one.customers))
    for (mode, name, severity, customers, needs), group in groupby(
        ordered, key=lambda one: (one.mode, one.name, one.severity, one.customers, one.needs)
    ):
        own = list(group)
        found = [one for one in own if one.found_at is not None]
        cells = (
            mode,
            ", ".join(own[0].means),
            name.replace("_", " ") + (f", {severity:.0%} of rows of {customers:,} customers" if severity < 1 else ""),
            str(len(own)),
            str(len(found)),
            str(sum(one.is_prevented for one in own)),
            f"{sum(one.is_right_cause for one in found)}/{len(found)}" if found else "–",
            _median(own),
            f"{statistics.fmean(one.alerts for one in own):.1f}",
            f"{sum(one.silent_row_hours for one in own):,.0f}",
            " ".join(str(sum(one.left[place] for one in own)) for place in range(3)),
            needs,
        )
        yield f"| {' | '.join(cells)} |"
    yield ""


def _undetected(outcomes: Sequence[Outcome]) -> Iterator[str]:
    silent = sorted({(one.mode, one.name) for one in outcomes if one.found_at is None and not one.is_prevented})
    told = {(one.mode, one.name) for one in outcomes if one.found_at is not None}
    yield from ("## Neither told of nor prevented", "")
    for title, names in (
        ("Never", [one for one in silent if one not in told]),
        ("At times", [one for one in silent if one in told]),
    ):
        listed = ", ".join(f"{mode} {name.replace('_', ' ')}" for mode, name in names)
        yield f"- {title}: {listed or 'none'}."
    yield ""


def _false_alarms(found: Clean) -> Iterator[str]:
    yield from ("## False alarms", "")
    counted = Counter((one.failure, one.feed) for one in found.opened)
    if not counted:
        bound = poisson(0)[1] * 1000 / max(found.syncs, 1)
        yield f"None in {found.syncs:,} clean syncs, which bounds the rate below {bound:.2f} per 1,000."
    else:
        yield from ("| Failure | Feed | Times |", "|---|---|---|")
        for (failure, feed), count in counted.most_common():
            yield f"| {failure} | {feed} | {count} |"
    yield ""


def _ablation(results: Results, ours: _Way) -> Iterator[str]:
    """What each kind of failure adds: incidents of which nothing would be told without it."""
    yield from ("## What each detector adds", "", "| Without | Incidents no longer told of |", "|---|---|")
    named = sorted({one.failure for trial in results.trials for look in trial["looks"] for one in told_of(look)})
    for failure in named:
        lost = ours.hits - _way(failure, results, without([failure])).hits
        yield f"| {failure} | {lost} |"
    yield ""


def _median(outcomes: Sequence[Outcome]) -> str:
    """The median over all trials; those that were never told of count as longer than any."""
    found = sorted(one.found_at or 10**6 for one in outcomes)
    middle = found[len(found) // 2]
    return str(middle) if middle < 10**6 else "never"


def _rate(found: Clean) -> str:
    low, high = poisson(len(found.opened))
    per = 1000 / max(found.syncs, 1)
    return f"{len(found.opened) * per:.2f} ({low * per:.2f}–{high * per:.2f})"
