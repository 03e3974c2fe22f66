"""One round of watching: look at every feed's evidence, then let alerts open and close by what was found."""

from __future__ import annotations

from pipelines.deployment import Deployment
from pipelines.freshness.evaluate import evaluate
from pipelines.freshness.finding import Finding
from pipelines.ledger import retention
from pipelines.ledger.database import Ledger


def watch(deployment: Deployment) -> list[Finding]:
    """Evaluate every feed of the catalog; what was found, alerts already moved by it."""
    with Ledger(deployment.home.ledger) as ledger:
        retention.forget_if_due(ledger, deployment.clock())
        return evaluate(ledger, deployment.catalog, deployment.clock())
