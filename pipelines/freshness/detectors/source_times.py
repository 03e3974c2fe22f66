"""Moments that a source tells of itself: an old one means that what it shows is behind."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from pipelines.freshness.finding import Finding
from pipelines.freshness.history import FeedHistory, SourceAnswer


def told_behind(
    history: FeedHistory, failure: str, told: Callable[[SourceAnswer], datetime | None], words: str
) -> Finding | None:
    """FAIL when the newest moment that the source told was too old when it was asked; None when it tells none.

    `words` says what the moment is.
    """
    answers = [(answer.probed_at, moment) for answer in history.answers if (moment := told(answer)) is not None]
    if not answers:
        return None
    most = history.contract.watch.source_behind
    asked_at, newest = answers[-1]
    fact = f"{words} {newest:%Y-%m-%d %H:%M} UTC, asked at {asked_at:%Y-%m-%d %H:%M}"
    if asked_at - newest <= most:
        return Finding(history.feed, failure, "PASS", fact, evidence_at=asked_at)
    onset = min(asked for asked, moment in answers if moment == newest and asked - moment > most)
    return Finding(history.feed, failure, "FAIL", fact, onset=onset, evidence_at=asked_at)
