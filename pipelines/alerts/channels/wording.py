"""What people read: one line for a phone, and a text that says what to do."""

from __future__ import annotations

from datetime import UTC, datetime

from pipelines.alerts.notice import Notice

VERBS = {"open": "", "update": "Still open: ", "ack": "Seen by somebody: ", "resolve": "Resolved: ", "digest": ""}


def subject(notice: Notice) -> str:
    """One line: how bad it is, whether it begins or ends, where, and what."""
    return f"[{notice.severity}] {headline(notice)}"


def headline(notice: Notice) -> str:
    """The same without the severity. A title that names the feed already is left alone."""
    where = "" if notice.feed in notice.title else f"{notice.feed}: "
    return f"{VERBS[notice.event]}{where}{notice.title}"


def body(notice: Notice) -> str:
    """The text below it: reason, what readers see, who and how many, what to run. What nobody knows is left out."""
    lines = [notice.reason] if notice.reason else []
    lines += [f"{name.replace('_', ' ')}: {fact}" for name, fact in facts(notice).items() if name != "reason"]
    return "\n".join(lines)


def facts(notice: Notice) -> dict[str, str | int]:
    """What is known of the alert, by name, in the order of importance."""
    known: dict[str, str | int | None] = {
        "reason": notice.reason,
        "readers": notice.readers,
        "since": _when(notice.opened_at),
        "last_good": _when(notice.last_good_at),
        "rows": notice.rows,
        "customers": notice.customers,
        "look": notice.look,
        "repair": notice.repair,
        "runbook": notice.runbook,
        "owner": notice.owner,
        "alert": notice.alert_id,
        "covers": "\n".join(notice.covered),
    }
    return {name: fact for name, fact in known.items() if fact is not None and fact != ""}


def _when(moment: datetime | None) -> str | None:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if moment else None
