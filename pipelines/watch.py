"""One round of watching: look at the evidence of every feed, let alerts open and close by it, and tell people."""

from __future__ import annotations

import duckdb

from pipelines.alerts.affected import customers_affected
from pipelines.alerts.dead_man import next_by, pinged
from pipelines.alerts.plan import AlertsFileError
from pipelines.alerts.tell import plan_of, tell
from pipelines.alerts.triage import triage
from pipelines.books import count_books
from pipelines.deployment import Deployment
from pipelines.faults import record_fault
from pipelines.freshness.detectors.matters import CUSTOMERS
from pipelines.freshness.evaluate import evaluate
from pipelines.freshness.failures import load_failures
from pipelines.freshness.finding import Finding
from pipelines.ledger import leases, retention
from pipelines.ledger.alerts import Alert
from pipelines.ledger.database import Ledger, existing_ledger
from pipelines.ledger.matters import read_matters
from pipelines.ledger.watching import record_look
from pipelines.lineage import tell_lineage
from pipelines.matters import count_matters


def watch(deployment: Deployment) -> list[Finding]:
    """Evaluate every feed of the catalog; what was found, alerts already moved by it and told.

    Raises:
        NothingThere: nothing was ever synced here, so there is nothing to look at.
        leases.LeaseHeld: another round is at work; it sees the same evidence.
        AlertsFileError: the alerts file is wrong. What was found stands in the ledger, and notices wait in the outbox.
    """
    plan, mistake = None, None
    try:
        plan = plan_of(deployment)
    except AlertsFileError as error:
        mistake = error
    dead_man = plan.dead_man if plan else None
    with pinged(dead_man, deployment.environment), existing_ledger(deployment.home.ledger) as ledger:
        findings = _look(deployment, ledger)
        record_look(ledger, deployment.clock(), next_by(dead_man, deployment.clock()))
        if plan:
            tell(deployment, ledger, plan)
        tell_lineage(deployment, ledger)
    if mistake:
        raise mistake
    return findings


def _look(deployment: Deployment, ledger: Ledger) -> list[Finding]:
    """Findings of this round, with alerts moved by them and their notices in the outbox."""

    def customers(alert: Alert) -> int | None:
        if alert.feed == CUSTOMERS:
            return affected.get((alert.failure, alert.segment))
        contract = deployment.catalog.get(alert.feed)
        return customers_affected(deployment.home.published, alert, load_failures()[alert.failure], contract)

    def on_fault(detector: str, error: Exception) -> None:
        record_fault(deployment, f"detector {detector}", error, "The other detectors have looked")

    # Of two rounds at once, the slower one would move alerts by what it saw before the other.
    with leases.held(ledger, "watch", clock=deployment.clock, patience=deployment.patience, sleep=deployment.sleep):
        now = deployment.clock()
        retention.forget_if_due(ledger, now)
        try:
            count_books(deployment, ledger)
        except duckdb.Error as error:
            on_fault("ledger_disagrees", error)
        count_matters(deployment, ledger)
        matters = read_matters(ledger)
        affected = {(one.failure, one.segment): one.customer_count for one in matters.found} if matters else {}
        findings = evaluate(ledger, deployment.catalog, now, on_fault=on_fault)
        triage(ledger, deployment.catalog, findings, now, customers=customers)
    return findings
