"""Access: does the source let us in, does it answer with data, and can our own machine write them down?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.detectors.looks import trouble_of_last_run
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import FeedHistory

# Two weeks are enough to have new credentials issued.
NOTICE = timedelta(days=14)


@detects("credentials")
def credentials(history: FeedHistory) -> Iterator[Finding]:
    """The source refuses our credentials, or they end soon (mode G1)."""
    found = trouble_of_last_run(history, "credentials", ("denied",))
    ended = history.ended_runs
    end = ended[-1].credentials_end if ended else None
    if found.verdict == "FAIL" or end is None or end - history.now > NOTICE:
        yield found
        return
    is_over = end <= history.now
    fact = f"they {'ended' if is_over else 'end'} on {end:%Y-%m-%d %H:%M} UTC"
    yield Finding(
        history.feed,
        "credentials",
        "FAIL" if is_over else "WARN",
        fact,
        onset=end if is_over else end - NOTICE,
        evidence_at=ended[-1].started_at,
    )


@detects("error_page")
def error_page(history: FeedHistory) -> Iterator[Finding]:
    """The source answers with a page or document that tells an error, and calls it a success (mode G2)."""
    yield trouble_of_last_run(history, "error_page", ("error_page",))


@detects("storage")
def storage(history: FeedHistory) -> Iterator[Finding]:
    """The home folder is full or cannot be written (mode G3)."""
    yield trouble_of_last_run(history, "storage", ("storage",))
