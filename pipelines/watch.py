"""One round of watching: look at every feed's evidence, then let alerts open and close by what was found."""

from __future__ import annotations

from pipelines.alerts.affected import customers_affected
from pipelines.alerts.triage import triage
from pipelines.deployment import Deployment
from pipelines.freshness.evaluate import evaluate
from pipelines.freshness.failures import load_failures
from pipelines.freshness.finding import Finding
from pipelines.ledger import leases, retention
from pipelines.ledger.alerts import Alert
from pipelines.ledger.database import Ledger


def watch(deployment: Deployment) -> list[Finding]:
    """Evaluate every feed of the catalog; what was found, alerts already moved by it and their notices in the outbox.

    Raises:
        leases.LeaseHeld: another round is at work; it sees the same evidence.
    """

    def customers(alert: Alert) -> int | None:
        contract = deployment.catalog.get(alert.feed)
        return customers_affected(deployment.home.published, alert, load_failures()[alert.failure], contract)

    with (
        Ledger(deployment.home.ledger) as ledger,
        # Of two rounds at once, the slower one would move alerts by what it saw before the other.
        leases.held(ledger, "watch", clock=deployment.clock, patience=deployment.patience, sleep=deployment.sleep),
    ):
        now = deployment.clock()
        retention.forget_if_due(ledger, now)
        findings = evaluate(ledger, deployment.catalog, now)
        triage(ledger, deployment.catalog, findings, now, customers=customers)
    return findings
