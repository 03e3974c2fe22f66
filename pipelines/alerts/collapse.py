"""What is still worth telling of notices that had to wait: the state of things now, and nothing that is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipelines.alerts.notice import Notice


@dataclass(frozen=True)
class Message:
    """One thing to send, and the notices of the outbox that are told by it."""

    notice: Notice
    tells: tuple[int, ...]


def outstanding(waiting: Sequence[tuple[int, Notice]]) -> list[Message]:
    """The messages that bring a channel up to date on one alert.

    `waiting` are the alert's notices that the channel did not get, oldest first. The last of them says how things
    stand. Two things of the former ones stay: an alert must be opened before it is acknowledged, and who never heard
    of it is told of it as new; or, when it is over by now, that it was.
    """
    *former, (last_id, last) = waiting
    if last.event == "ack" and former:
        return [*outstanding(former), Message(last, (last_id,))]
    told = last
    if last.event == "update" and any(notice.event == "open" for _, notice in former):
        told = replace(last, event="open")
    if last.event == "resolve" and waiting[0][1].event == "open":
        told = replace(last, reason=f"It was over before it could be told here. {last.reason}".rstrip())
    return [Message(told, tuple(notice_id for notice_id, _ in waiting))]
