"""Words of customers: does the company act against what it was told, does it do what it owes?

The data are right then, and what was done is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.finding import Finding
from pipelines.ledger.matters import Matters

MatterDetector = Callable[[Matters | None], Iterable[Finding]]
# In the place of a feed's name, in findings and alerts on what was done to customers.
CUSTOMERS = "customers"
CONTRADICTED, OVERDUE = "instruction_contradicted", "follow_up_overdue"


@detects(CONTRADICTED)
def instruction_contradicted(known: Matters | None) -> Iterator[Finding]:
    """The company acted against an instruction in force and has not made it good; one finding for each customer."""
    yield from _told(known, CONTRADICTED, "against the customer's word", "made good")


@detects(OVERDUE)
def follow_up_overdue(known: Matters | None) -> Iterator[Finding]:
    """What was promised or asked for is past its day, and nothing shows that it was done; one finding for each team."""
    yield from _told(known, OVERDUE, "past its day", "done or given up")


def _told(known: Matters | None, failure: str, wrong: str, settled: str) -> Iterator[Finding]:
    if known is None:
        yield Finding(CUSTOMERS, failure, "UNKNOWN", "nothing is published yet")
        return
    found = known.of(failure)
    for one in found:
        yield Finding(
            CUSTOMERS,
            failure,
            "FAIL" if one.open_count else "PASS",
            f"{wrong if one.open_count else settled}: {one.what}",
            segment=one.segment,
            rows=one.open_count or None,
            onset=one.first_at if one.open_count else None,
            evidence_at=known.counted_at,
        )
    if not any(one.open_count for one in found):
        yield Finding(CUSTOMERS, failure, "PASS", f"nothing open is {wrong}", evidence_at=known.counted_at)
