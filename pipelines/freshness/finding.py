"""What a detector says of a feed: a verdict on one kind of failure, with the facts behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pipelines.ledger.evidence import Verdict

Fact = str | int | float | bool | None


@dataclass(frozen=True)
class Finding:
    """One verdict. FAIL: it is so. WARN: it is likely, or it has begun. PASS: looked at, and it is not so.

    UNKNOWN: there was nothing to look at, which is never a PASS. `failure` is a name of the catalogue
    (`failures.yml`). `segment` says which part of the feed (a column, a file, a region); '' is all of it, and a PASS
    there speaks for every segment that is not named. `rows` counts rows affected. `onset` is when it began as far as
    the evidence tells; `evidence_at` is the moment of the newest evidence looked at, without which nothing resolves.
    `is_exact`: no deviation but a fact, which is told at the first look where its failure else takes more of them.
    """

    feed: str
    failure: str
    verdict: Verdict
    reason: str
    segment: str = ""
    rows: int | None = None
    onset: datetime | None = None
    evidence_at: datetime | None = None
    evidence: Mapping[str, Fact] = field(default_factory=dict)
    is_exact: bool = False
