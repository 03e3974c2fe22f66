"""What stewards write, under the warehouse's lease, so that the next sync obeys: judgements, samples, held rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.deployment import Deployment
from pipelines.identity import judgements, review_file, sample, unmerging
from pipelines.identity.judgements import Judgement
from pipelines.identity.tables import ensure_schema
from pipelines.identity.unmerging import Unmerge
from pipelines.ledger import evidence, judging, leases
from pipelines.ledger.database import Ledger, existing_ledger
from pipelines.trouble import Trouble
from pipelines.writing import require_warehouse, writing
from warehouse import quarantine
from warehouse.connection import WarehouseBusy, open_warehouse

if TYPE_CHECKING:
    import duckdb

WAIT = "Nothing was written. Wait for the sync to end, then run it again."


class Busy(Trouble):
    """Somebody else writes the warehouse, which has one writer at a time."""


def keep(deployment: Deployment, judged: Sequence[Judgement]) -> None:
    """Keep judgements, all or none.

    Raises:
        Busy: a sync writes the warehouse.
        judgements.JudgementRefused: one names an unknown record, or contradicts those in force.
    """
    with _writing(deployment) as (ledger, connection):
        judgements.record_judgements(connection, judged)
        _note(ledger, deployment, judged)


def take_back(deployment: Deployment, one_key: str, other_key: str, *, by: str, reason: str) -> list[Judgement]:
    """Let the decision on two records no longer count, and return it with those that go with it. Raises as `keep`."""
    with _writing(deployment) as (ledger, connection):
        now = deployment.clock()
        former = unmerging.take_back(connection, one_key, other_key, by=by, at=now, reason=reason)
        _note(ledger, deployment, former)
    return former


def unmerge(deployment: Deployment, customer_id: str, *, by: str, reason: str) -> Unmerge:
    """Undo a merge by judgements (see `unmerging`). Raises as `keep`, and unmerging.UnmergeRefused."""
    with _writing(deployment) as (ledger, connection):
        done = unmerging.unmerge(connection, customer_id, decided_by=by, decided_at=deployment.clock(), reason=reason)
        _note(ledger, deployment, done.judged)
    return done


def take_over(deployment: Deployment, path: Path, *, by: str) -> list[Judgement]:
    """Keep the decisions of a file (see `review_file`), all or none, and return them.

    Raises:
        Busy: a sync writes the warehouse.
        review_file.WrongFile: some of its lines are wrong.
    """
    with _writing(deployment) as (ledger, connection):
        judged = review_file.read_decisions(connection, path, decided_by=by, decided_at=deployment.clock())
        judgements.record_judgements(connection, judged)
        if judged:
            _note(ledger, deployment, judged)
    return judged


def accept_held(deployment: Deployment, held_ids: Sequence[str], *, by: str, reason: str) -> None:
    """Let the rules that hold rows in quarantine no longer count for them; the next release stages them.

    Raises:
        Busy: a sync writes the warehouse.
        quarantine.QuarantineTrouble: a row is not held, or has nothing that could be staged.
    """
    with _writing(deployment) as (_, connection):
        quarantine.accept_as_is(connection, held_ids, accepted_by=by, reason=reason, now=deployment.clock())


def dismiss_held(
    deployment: Deployment, feed: str, held_ids: Sequence[str] = (), *, rule: str | None = None, by: str, reason: str
) -> int:
    """Close rows of a feed in quarantine without staging them: those named, and all that a rule holds; how many.

    Raises:
        Busy: a sync writes the warehouse.
        quarantine.QuarantineTrouble: a row is not held, the rule holds none, or no reason is given.
    """
    with _writing(deployment) as (ledger, connection):
        quarantine.ensure_schema(connection)
        of_rule = quarantine.held_by(connection, feed, rule) if rule else []
        chosen = sorted({*held_ids, *of_rule})
        now = deployment.clock()
        quarantine.dismiss(connection, chosen, feed=feed, dismissed_by=by, reason=reason, now=now)
        # Before the warehouse commits: of a kill in between, a count that the next batch corrects is the better half.
        evidence.record_held_rows(ledger, feed, *quarantine.count_held(connection, feed), now)
    return len(chosen)


def draw_sample(deployment: Deployment, *, size: int, seed: int) -> str:
    """Draw pairs by chance (see `sample.draw`); the sample's name. Raises Busy as `keep`."""
    with _writing(deployment) as (_, connection):
        return sample.draw(connection, size=size, seed=seed, now=deployment.clock())


def _note(ledger: Ledger, deployment: Deployment, judged: Sequence[Judgement]) -> None:
    # Before the warehouse commits: of a kill in between, a refresh with nothing to do is the better half.
    judging.note(ledger, judged[0].decided_by, len(judged), deployment.clock())


@contextmanager
def _writing(deployment: Deployment) -> Iterator[tuple[Ledger, duckdb.DuckDBPyConnection]]:
    """The ledger, and the warehouse in one transaction under its lease."""
    home = deployment.home
    require_warehouse(home)
    try:
        with (
            existing_ledger(home.ledger) as ledger,
            writing(deployment, ledger) as lease,
            open_warehouse(home.root) as connection,
        ):
            ensure_schema(connection)
            connection.begin()
            yield ledger, connection
            leases.check(ledger, lease)
            connection.commit()
    except leases.LeaseHeld as held:
        raise Busy("warehouse", f"it is being written by {held.holder}", WAIT) from held
    except WarehouseBusy as busy:
        raise Busy("warehouse", str(busy), WAIT) from busy
