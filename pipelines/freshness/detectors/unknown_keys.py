"""Unknown keys: references to a parent are written in another form than before, so that they point at nothing."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.freshness.detectors import dirt
from pipelines.freshness.detectors.damage import chosen
from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.detectors.forms import strange_columns
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import FeedHistory


@detects("unknown_keys")
def unknown_keys(history: FeedHistory) -> Iterator[Finding]:
    """References to a parent in a form that none had before (mode E5), by column.

    Keys that are others in the same form wait for their parents: `orphans` tells of them.
    """
    batches = chosen(history)
    if not history.contract.watch.parents or not batches:
        fact = dirt.NOTHING if history.contract.watch.parents else "the contract names no parent"
        yield Finding(history.feed, "unknown_keys", "UNKNOWN", fact)
        return
    evidence_at = batches[-1].landed_at
    for strange in strange_columns(history, batches):
        if strange.column in history.contract.watch.parents:
            words = f"name a {history.contract.watch.parents[strange.column]} {strange.form.words}"
            yield dirt.finding(
                history, "unknown_keys", strange.look, words, segment=strange.column, evidence_at=evidence_at
            )
    yield Finding(history.feed, "unknown_keys", "PASS", "keys look as they did", evidence_at=evidence_at)
