"""Late: nothing came for longer than the contract allows, or than it ever does at such an hour."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from connectors.cursors import is_after, source_value
from pipelines.freshness.cadence import RateBand
from pipelines.freshness.day_classes import day_classes
from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.detectors.missed_reads import missed_read
from pipelines.freshness.finding import Fact, Finding
from pipelines.freshness.history import FeedHistory
from pipelines.freshness.ordinary import announcement_at


@detects("late")
def late(history: FeedHistory) -> Iterator[Finding]:
    """Nothing new past the promise and grace, past the learned cadence and grace, or when each read had brought some.

    So shows too what stopped without a word (mode A1) or comes later each time (A6), where the source does not say how
    far it reaches. A source that says itself that it has nothing newer is idle, not late.
    """
    contract, now = history.contract, history.now
    if not history.batches:
        yield Finding(history.feed, "late", "UNKNOWN", "nothing ever came")
        return
    last = _last_arrival(history)
    if (announced := announcement_at(contract, now)) is not None:
        yield Finding(history.feed, "late", "UNKNOWN", f"not expected now: {announced.note}")
        return
    if (idle_at := _idle_at(history, last)) is not None:
        fact = f"the source itself had nothing newer at {idle_at:%Y-%m-%d %H:%M} UTC"
        yield Finding(history.feed, "late", "PASS", fact, evidence_at=idle_at)
        return
    if (missed := missed_read(history)) is not None:
        yield Finding(history.feed, "late", "FAIL", missed.fact, onset=missed.since, evidence_at=now)
        return
    promised = last + contract.freshness.promise
    learned = _learned_due(history, last)
    due = min(promised, learned) if learned else promised
    rule = "by what is usual at such hours" if learned and learned < promised else "by its contract"
    facts: dict[str, Fact] = {
        "last_arrival": f"{last:%Y-%m-%dT%H:%M:%SZ}",
        "promised": f"{promised:%Y-%m-%dT%H:%M:%SZ}",
    }
    if learned:
        facts |= {"learned": f"{learned:%Y-%m-%dT%H:%M:%SZ}", "model": history.bands["late", ""].version}
    if now > promised and _is_usual_silence(history, learned):
        fact = f"nothing came since {last:%Y-%m-%d %H:%M} UTC, which is usual, and the source does not say what it has"
        yield Finding(history.feed, "late", "UNKNOWN", fact, evidence=facts)
        return
    told = f"the last rows came at {last:%Y-%m-%d %H:%M} UTC; more were due at {due:%Y-%m-%d %H:%M} {rule}"
    if now > due + contract.freshness.grace:
        yield Finding(history.feed, "late", "FAIL", told, onset=due, evidence_at=now, evidence=facts)
    elif now > promised:
        yield Finding(history.feed, "late", "WARN", f"{told}, within grace", onset=due, evidence_at=now, evidence=facts)
    else:
        fact = f"the next rows are due by {due:%Y-%m-%d %H:%M} UTC {rule}"
        yield Finding(history.feed, "late", "PASS", fact, evidence_at=last, evidence=facts)


def _last_arrival(history: FeedHistory) -> datetime:
    """When something last came. A full read shows the source as it is, so it has come even if nothing had changed."""
    contract, last = history.contract, history.batches[-1].landed_at
    if contract.delivery == "snapshot" and contract.source.kind != "files":
        return max([last, *(run.started_at for run in history.runs if run.is_good)])
    return last


def _learned_due(history: FeedHistory, last: datetime) -> datetime | None:
    model = history.bands.get(("late", ""))
    if model is None:
        return None
    classes = day_classes(history.contract.timezone, history.contract.watch.calendar)
    if classes.touches_special(last, history.now):
        return None
    return RateBand(**model.parameters).due(last, classes)


def _is_usual_silence(history: FeedHistory, learned: datetime | None) -> bool:
    """Whether nothing is due by what was learned, of a source that never says how far it reaches. Files always come."""
    says_nothing = all(answer.newest is None for answer in history.answers)
    is_known = ("late", "") in history.bands and history.contract.source.kind != "files"
    return is_known and says_nothing and (learned is None or history.now <= learned + history.contract.freshness.grace)


def _idle_at(history: FeedHistory, last: datetime) -> datetime | None:
    """When the source last said, after the last arrival, that its newest row is one that is here; else None."""
    answer, cursor = history.answers[-1] if history.answers else None, history.contract.cursor
    if answer is None or cursor is None or answer.probed_at < last:
        return None
    newest = source_value(cursor, answer.newest)
    landed = source_value(cursor, history.batches[-1].cursor_after)
    if newest is None or landed is None:
        return None
    return None if is_after(newest, landed) else answer.probed_at
