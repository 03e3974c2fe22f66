"""Ask a source about itself, apart from its data, and write the answer down."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.contract import FeedContract
from connectors.cursors import believed_until
from connectors.delivery import Credentials, FeedTrouble, Probe
from pipelines.deployment import Deployment
from pipelines.land import opened_source
from pipelines.ledger import evidence
from pipelines.ledger.database import Ledger, existing_ledger


@dataclass(frozen=True)
class Answer:
    """What a source said. `probe` is None when it did not answer; `trouble` says why."""

    feed: str
    credentials: Credentials
    probe: Probe | None
    trouble: FeedTrouble | None


def probe_feed(deployment: Deployment, contract: FeedContract) -> Answer:
    """Ask the feed's source for its credentials, then for its extent; both are in the ledger. No row is read.

    Raises NothingThere where nothing was ever synced, before anything is asked.
    """
    with existing_ledger(deployment.home.ledger) as ledger:
        return _probed(deployment, contract, ledger)


def _probed(deployment: Deployment, contract: FeedContract, ledger: Ledger) -> Answer:
    probe, trouble = None, None
    credentials = Credentials("unknown", "the source could not be opened")
    try:
        with opened_source(contract, deployment) as source:
            credentials = source.probe_credentials()
            if credentials.verdict != "denied":
                probe = source.probe(before=believed_until(contract.cursor, deployment.clock()))
    except FeedTrouble as failed:
        trouble = failed
    now = deployment.clock()
    evidence.record_credentials(ledger, contract.feed, credentials.verdict, credentials.reason, now)
    if probe is not None:
        evidence.record_probe(ledger, contract.feed, None, now=now, **vars(probe))
    return Answer(contract.feed, credentials, probe, trouble)
