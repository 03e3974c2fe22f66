"""The detectors: each is one small function over the evidence of a feed, or of all feeds together.

A detector tells which failures of the catalogue it looks for (`@detects`), asks no database and no clock, and gives one
finding for each of them: PASS only on evidence, UNKNOWN without. Where it looks at parts (columns, files), it gives one
finding for each part that fails, and one for the whole (segment '') otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from pipelines.freshness.finding import Finding
from pipelines.freshness.history import FeedHistory

FeedDetector = Callable[[FeedHistory], Iterable[Finding]]
CrossDetector = Callable[[Mapping[str, FeedHistory]], Iterable[Finding]]
