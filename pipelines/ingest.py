"""The way of one feed: land → validate → stage. What could not be used is held with its reason; nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from connectors.contract import FeedContract
from connectors.delivery import FeedTrouble
from pipelines.deployment import Deployment
from pipelines.faults import record_fault
from pipelines.land import Landing, land_feed
from pipelines.ledger import runs
from pipelines.ledger.batches import Tally
from pipelines.ledger.database import Ledger
from pipelines.ledger.evidence import CheckRecord
from pipelines.stage import stage_pending

NOTHING = Tally(0, 0, 0, 0, 0, 0, 0, 0)


@dataclass
class FeedOutcome:
    """What bringing one feed up to date came to.

    `tally` sums over the batches staged; `checks` are their results. `troubles` are sentences that name the feed, the
    fact and the next step; `notes` are worth knowing but harm nothing.
    """

    feed: str
    batch_ids: list[str] = field(default_factory=list)
    rows_landed: int = 0
    rows_rejected: int = 0
    rows_reread: int = 0
    undeclared_columns: list[str] = field(default_factory=list)
    tally: Tally = NOTHING
    checks: list[CheckRecord] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    is_retryable: bool = False


def sync_feed(deployment: Deployment, contract: FeedContract) -> FeedOutcome:
    """Bring one feed up to date, from its source to staging. Trouble is in the outcome, not raised."""
    return stage_feed(deployment, contract, land_feed(deployment, contract))


def stage_feed(deployment: Deployment, contract: FeedContract, landing: Landing | None) -> FeedOutcome:
    """Validate and stage every landed batch of the feed that is not staged yet; `landing` is what landing came to."""
    outcome = FeedOutcome(contract.feed)
    if landing is not None:
        _take_over(outcome, contract, landing)
    try:
        with _effort_noted(deployment, contract, outcome):
            for staged in stage_pending(deployment, contract):
                outcome.batch_ids.append(staged.batch_id)
                outcome.tally = outcome.tally + staged.tally
                outcome.checks += staged.checks
    except FeedTrouble as trouble:
        outcome.troubles.append(str(trouble))
        outcome.is_retryable |= trouble.is_retryable
    except Exception as error:  # a fault of the program in one feed must not keep the others from their data
        safe = "What was landed is safe and is tried again by the next sync"
        outcome.troubles.append(record_fault(deployment, contract.feed, error, safe))
    return outcome


@contextmanager
def _effort_noted(deployment: Deployment, contract: FeedContract, outcome: FeedOutcome) -> Iterator[None]:
    """Add what the block took to the feed's newest run, if it staged anything before it ended, well or not."""
    with deployment.stopwatch.measured() as effort:
        try:
            yield
        finally:
            if outcome.batch_ids:
                with Ledger(deployment.home.ledger) as ledger:
                    runs.add_effort(ledger, contract.feed, *effort.milliseconds())


def _take_over(outcome: FeedOutcome, contract: FeedContract, landing: Landing) -> None:
    outcome.rows_landed = landing.rows_landed
    outcome.rows_rejected = landing.rows_rejected
    outcome.rows_reread = landing.rows_reread
    outcome.undeclared_columns = landing.undeclared_columns
    if landing.undeclared_columns and landing.batch_ids:
        outcome.notes.append(
            f"{contract.feed}: not collected, as the contract does not name them: "
            f"{', '.join(landing.undeclared_columns)}"
        )
    if landing.trouble is not None:
        outcome.troubles.append(str(landing.trouble))
        outcome.is_retryable = landing.trouble.is_retryable
