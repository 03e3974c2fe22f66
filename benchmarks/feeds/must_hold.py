"""The lines that must hold, and by whom each is broken: the table at the head of the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from metrics import LOOKS_OF_ROWS, Clean, Outcome
from world import CUSTOMERS_OF_A_SHARE

# Of learned modes, the share to be told of, from which severity on, and within how many looks.
LEARNED_SHARE, LEARNED_SEVERITY, LEARNED_LOOKS = 0.95, 0.2, LOOKS_OF_ROWS
MOST_FALSE = 1.0  # of 1,000 clean syncs

_HEAD = """## What must hold

A mode is *exact* or *prevented* when the catalogue of modes gives it E or P, *learned* with H and *reconciled* with R
alone. Prevented counts what needed no word: no row was other than at the source at any look. A share of the rows is
that of a company of {customers:,} customers; what is told of a share of fewer rows stands in the next table.

| What | Bound | Found | Holds | But for |
|---|---|---|---|---|"""


def table(outcomes: Sequence[Outcome], clean: Clean) -> Iterator[str]:
    """The lines of the table."""
    strict = [one for one in outcomes if {"E", "P"} & set(one.means)]
    learned = [one for one in outcomes if set(one.means) == {"H"} and _is_enough(one)]
    reconciled = [one for one in outcomes if set(one.means) == {"R"}]
    told = [one for one in outcomes if one.found_at is not None]
    yield _HEAD.format(customers=CUSTOMERS_OF_A_SHARE)
    yield _share("exact, prevented: told of in the first look, or prevented", strict, lambda one: one.is_answered(1))
    yield _share(
        f"learned, from {LEARNED_SEVERITY:.0%} of rows on: told of within {LEARNED_LOOKS} looks",
        learned,
        lambda one: one.is_answered(LEARNED_LOOKS),
        LEARNED_SHARE,
    )
    yield _share("reconciled: told of by the first comparison", reconciled, lambda one: one.is_answered(1))
    yield _share("told by a name that is its cause", told, lambda one: one.is_right_cause)
    yield _share("one incident, one alert", told, lambda one: one.alerts == 1)
    yield _share("exact, prevented: no silent wrong row-hour", strict, lambda one: one.silent_row_hours == 0)
    yield _share("no row lost, doubled or wrong three days after", outcomes, lambda one: not any(one.left))
    rate = len(clean.opened) * 1000 / max(clean.syncs, 1)
    named = ", ".join(sorted({f"{one.failure} of {one.feed}" for one in clean.opened}))
    cells = ("false alarms in 1,000 clean syncs", f"{MOST_FALSE:g}", f"{rate:.2f}", _holds(rate <= MOST_FALSE), named)
    yield f"| {' | '.join(cells)} |"
    yield ""


def _is_enough(one: Outcome) -> bool:
    """Whether so many rows are hit that learned detectors can be held to them: all, or a share of many."""
    return one.severity == 1 or (one.severity >= LEARNED_SEVERITY and one.customers >= CUSTOMERS_OF_A_SHARE)


def _share(what: str, outcomes: Sequence[Outcome], holds: Callable[[Outcome], bool], least: float = 1.0) -> str:
    """One line: how many of these incidents hold, and the names of the others."""
    broken = Counter(f"{one.mode} {one.name.replace('_', ' ')}" for one in outcomes if not holds(one))
    found = len(outcomes) - broken.total()
    verdict = _holds(found >= least * len(outcomes)) if outcomes else "UNKNOWN"
    named = ", ".join(f"{name} ×{count}" if count > 1 else name for name, count in sorted(broken.items()))
    bound = "all" if least == 1 else f"{least:.0%}"
    return f"| {what} | {bound} | {found} of {len(outcomes)} | {verdict} | {named} |"


def _holds(is_so: bool) -> str:
    return "yes" if is_so else "**no**"
