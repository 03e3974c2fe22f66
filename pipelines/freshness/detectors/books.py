"""Books: does staging hold what the ledger counted, and were rules changed while something was wrong?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import FeedHistory

# A change of rules is told for a day; what fails under the new ones is told by itself.
NEWS = timedelta(days=1)


@detects("ledger_disagrees")
def ledger_disagrees(history: FeedHistory) -> Iterator[Finding]:
    """Staging has other rows than the ledger counted there (mode G9). Staging deletes none, so both only grow.

    Of a warehouse that is gone or damaged its `trouble` is told, which is the same of all feeds.
    """
    counted = history.staged_count
    if counted is None:
        yield Finding(history.feed, "ledger_disagrees", "UNKNOWN", "staging was not counted yet")
        return
    differ = counted.staged - counted.tallied
    held = f"{counted.trouble.rstrip('.')};" if counted.trouble else f"staging holds {counted.staged:,} rows and"
    yield Finding(
        history.feed,
        "ledger_disagrees",
        "FAIL" if differ else "PASS",
        f"{held} the ledger counted {counted.tallied:,}",
        rows=abs(differ) or None,
        onset=counted.counted_at if differ else None,
        evidence_at=counted.counted_at,
        evidence={"trouble": counted.trouble} if counted.trouble else {},
    )


@detects("rules_changed")
def rules_changed(history: FeedHistory) -> Iterator[Finding]:
    """The contract was changed within a day of a failure (mode G11): it may be mended, or silenced."""
    since = history.rules_since
    if since is None:
        yield Finding(history.feed, "rules_changed", "UNKNOWN", "the feed was never tried under this contract")
        return
    failing = history.failing_before_rules
    if failing and history.now - since < NEWS:
        fact = f"the contract changed at {since:%Y-%m-%d %H:%M} UTC, while failing: {', '.join(failing)}"
        yield Finding(history.feed, "rules_changed", "FAIL", fact, onset=since, evidence_at=since)
    else:
        fact = f"the contract is as it is since {since:%Y-%m-%d %H:%M} UTC"
        yield Finding(history.feed, "rules_changed", "PASS", fact, evidence_at=max(since, history.now - NEWS))
