"""A storm told as one: people who get forty messages in a minute read none of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from pipelines.alerts.channels.wording import headline
from pipelines.alerts.collapse import Message
from pipelines.alerts.notice import Notice

# More messages than this of one severity, in one round and to one channel of people, become one.
MOST_APART = 10


def grouped(messages: Sequence[Message]) -> list[Message]:
    """The same messages, those of a severity with too many in one digest at the place of its first."""
    storms = {
        severity: found
        for severity in {message.notice.severity for message in messages}
        if len(found := [message for message in messages if message.notice.severity == severity]) > MOST_APART
    }
    told = []
    for message in messages:
        storm = storms.get(message.notice.severity)
        if storm is None:
            told.append(message)
        elif message is storm[0]:
            told.append(_digest(storm))
    return told


def _digest(messages: Sequence[Message]) -> Message:
    notices = [message.notice for message in messages]
    tells = tuple(notice_id for message in messages for notice_id in message.tells)
    named = hashlib.sha256(repr(tells).encode()).hexdigest()[:16]
    rows = [notice.rows for notice in notices if notice.rows is not None]
    return Message(
        Notice(
            event="digest",
            fingerprint=f"digest|{notices[0].severity}|{named}",
            version=1,
            alert_id="",
            feed="",
            failure="",
            severity=notices[0].severity,
            title=f"{len(notices)} changes of alerts at once",
            reason=f"Feeds: {', '.join(sorted({notice.feed for notice in notices}))}",
            readers="",
            look="c360 alerts list",
            repair="",
            runbook="",
            owner=", ".join(sorted({notice.owner for notice in notices})),
            opened_at=min(notice.opened_at for notice in notices),
            last_good_at=None,
            rows=sum(rows) if rows else None,
            customers=None,  # one customer may be in several, so that they cannot be added up
            covered=tuple(_line(notice) for notice in notices),
        ),
        tells,
    )


def _line(notice: Notice) -> str:
    return headline(notice) + (f" ({notice.alert_id})" if notice.alert_id else "")
