"""Accept a source as it is now, although it is not what it was. The next sync lands it."""

from __future__ import annotations

from connectors.contract import FeedContract
from connectors.source import open_source
from pipelines.deployment import Deployment
from pipelines.ledger.acceptances import Acceptance, record_acceptance
from pipelines.ledger.database import Ledger


def accept_source(deployment: Deployment, contract: FeedContract, *, by: str, reason: str) -> Acceptance:
    """Ask the source who it is and write down that it is right. Raises FeedTrouble when it does not answer."""
    source = open_source(contract, deployment.environment, sleep=deployment.sleep)
    try:
        identity = source.probe().identity
    finally:
        source.close()
    acceptance = Acceptance(contract.feed, identity, deployment.clock(), by, reason)
    with Ledger(deployment.home.ledger) as ledger:
        record_acceptance(ledger, acceptance)
    return acceptance
