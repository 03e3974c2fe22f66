"""Words of customers: does the company act against what it was told? The data are right then, and the act is not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.finding import Finding
from pipelines.ledger.contradictions import Contradictions

CustomerDetector = Callable[[Contradictions | None], Iterable[Finding]]
# In the place of a feed's name, in findings and alerts on what was done to customers; the segment is the customer_id.
CUSTOMERS = "customers"


@detects("instruction_contradicted")
def instruction_contradicted(known: Contradictions | None) -> Iterator[Finding]:
    """The company acted against an instruction in force and has not made it good; one finding for each customer."""
    if known is None:
        yield Finding(CUSTOMERS, "instruction_contradicted", "UNKNOWN", "nothing is published yet")
        return
    for one in known.customers:
        yield Finding(
            CUSTOMERS,
            "instruction_contradicted",
            "FAIL" if one.open_count else "PASS",
            f"against the customer's word: {one.what}" if one.open_count else f"made good: {one.what}",
            segment=one.customer_id,
            rows=one.open_count or None,
            onset=one.first_at if one.open_count else None,
            evidence_at=known.counted_at,
        )
    if not any(one.open_count for one in known.customers):
        fact = "nothing open was done against a customer's word"
        yield Finding(CUSTOMERS, "instruction_contradicted", "PASS", fact, evidence_at=known.counted_at)
