"""Accept a source as it is now, although it is not what it was. The next sync lands it."""

from __future__ import annotations

from connectors.contract import FeedContract
from pipelines.deployment import Deployment
from pipelines.land import opened_source
from pipelines.ledger.acceptances import Acceptance, record_acceptance
from pipelines.ledger.database import existing_ledger


def accept_source(deployment: Deployment, contract: FeedContract, *, by: str, reason: str) -> Acceptance:
    """Ask the source who it is and write down that it is right.

    Raises:
        FeedTrouble: it does not answer.
        NothingThere: nothing was ever synced here, so there is no source that it could differ from.
    """
    with existing_ledger(deployment.home.ledger) as ledger:
        with opened_source(contract, deployment) as source:
            identity = source.probe().identity
        acceptance = Acceptance(contract.feed, identity, deployment.clock(), by, reason)
        record_acceptance(ledger, acceptance)
    return acceptance
