"""The monitor: does anybody look, and do alerts reach anybody? It is itself one computer that feeds another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.finding import Finding
from pipelines.freshness.monitor_history import MonitorHistory

MonitorDetector = Callable[[MonitorHistory], Iterable[Finding]]
# In the place of a feed's name, in findings and alerts on watching itself.
MONITOR = "monitor"


@detects("undelivered")
def undelivered(history: MonitorHistory) -> Iterator[Finding]:
    """A channel did not take in time what it was to tell (mode G4); one finding for each channel.

    A channel passes by what it took, not by having nothing to tell.
    """
    since = {late.channel: late.since for late in reversed(history.late)}
    counts = [late.channel for late in history.late]
    evidence = {state.channel: state for state in history.channels}
    for channel in sorted(since):
        state = evidence.get(channel)
        yield Finding(
            MONITOR,
            "undelivered",
            "FAIL",
            f"{counts.count(channel)} notices wait for channel {channel}, since {since[channel]:%Y-%m-%d %H:%M} UTC",
            segment=channel,
            onset=since[channel],
            evidence_at=max(filter(None, (since[channel], state.last_failed_at if state else None))),
            evidence={"notices": counts.count(channel), "failures": state.failures if state else 0},
        )
    taken = {name: state.last_taken_at for name, state in evidence.items() if state.last_taken_at and name not in since}
    for channel, at in sorted(taken.items()):
        fact = f"channel {channel} last took a notice at {at:%Y-%m-%d %H:%M} UTC"
        yield Finding(MONITOR, "undelivered", "PASS", fact, segment=channel, evidence_at=at)
    if not since and not taken:
        yield Finding(MONITOR, "undelivered", "UNKNOWN", "nothing was told yet")


@detects("unwatched")
def unwatched(history: MonitorHistory) -> Iterator[Finding]:
    """Nobody looked when a look was agreed on (mode G6). The look that finds this out says so, and the next one passes.

    While nobody looks, only an outside can tell: see `pipelines/alerts/dead_man.py`.
    """
    watched = history.watched
    if watched is None or watched.next_by is None:
        fact = "this is the first look" if watched is None else "no period is agreed on (dead_man.period)"
        yield Finding(MONITOR, "unwatched", "UNKNOWN", fact)
    elif watched.next_by < history.now:
        fact = f"nobody looked between {watched.last_at:%Y-%m-%d %H:%M} and {history.now:%Y-%m-%d %H:%M} UTC"
        yield Finding(MONITOR, "unwatched", "FAIL", fact, onset=watched.next_by, evidence_at=watched.last_at)
    else:
        fact = f"looked at as agreed since {watched.began_at:%Y-%m-%d %H:%M} UTC"
        yield Finding(MONITOR, "unwatched", "PASS", fact, evidence_at=watched.last_at)
