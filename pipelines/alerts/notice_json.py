"""Notices as JSON: the outbox keeps them so, and files and webhooks tell them so."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime

from pipelines.alerts.notice import Notice

TIMES = ("opened_at", "last_good_at")


def as_json(notice: Notice) -> str:
    """A notice in one line; times are ISO 8601 in UTC. The same notice is always the same text."""
    facts = asdict(notice)
    for name in TIMES:
        facts[name] = facts[name] and facts[name].astimezone(UTC).isoformat()
    return json.dumps(facts, ensure_ascii=False, sort_keys=True)


def from_json(text: str) -> Notice:
    """The reverse of `as_json`."""
    facts = json.loads(text)
    for name in TIMES:
        facts[name] = facts[name] and datetime.fromisoformat(facts[name])
    facts["covered"] = tuple(facts["covered"])
    return Notice(**facts)


def message_key(notice: Notice) -> str:
    """What two copies of one message have in common, for those who must not take both."""
    return f"{notice.fingerprint}:{notice.version}:{notice.event}"
