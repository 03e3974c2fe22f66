"""Stage once more what was landed, when rows of it are gone from staging: the way back after a mishap at home."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from connectors.contract import FeedContract
from connectors.manifest import Manifest, since_last_full
from pipelines.deployment import Deployment
from pipelines.judge import Judged, ToJudge, groups, judged
from pipelines.ledger import batches, links
from pipelines.ledger.database import Ledger
from pipelines.stage import Staging, as_counted, is_current


def restage_lost(deployment: Deployment, contract: FeedContract) -> int:
    """Bring back what staging lost of the feed since the ledger counted it there; the number of rows.

    Rows that are there stay as they are, and so do rows in quarantine. Of a feed that is delivered in full, what came
    before the last full delivery is not needed. Nothing is done while the books agree (`pipelines.books`).

    Raises:
        FeedTrouble: as in `stage_pending`.
    """
    with Ledger(deployment.home.ledger) as ledger:
        counted = links.read_count(ledger, contract.feed)
        if counted is None or counted.staged >= counted.tallied:
            return 0
        with Staging(deployment, ledger, contract).opened() as staging_run:
            return sum(_again(staging_run))


def _again(run: Staging) -> Iterator[int]:
    """Every staged batch applied once more, in order, under an id of its own; the rows that each brought back."""
    pending = set(batches.pending_batches(run.ledger, run.contract.feed))
    manifests = [run.folder.manifest(one) for one in run.folder.committed() if one not in pending]
    if run.contract.delivery == "snapshot":
        manifests = since_last_full(manifests)
    suffix = f"/again-{run.deployment.clock():%Y%m%dT%H%M%S}"
    by_id = {manifest.batch_id + suffix: manifest for manifest in manifests}
    for group in groups([_to_judge(run, again, manifest) for again, manifest in by_id.items()]):
        with run.troubles_told(), judged(run.deployment, run.contract, group) as (judged_batches, _):
            for one in judged_batches:
                yield _applied(run, one, by_id[one.batch_id])


def _to_judge(run: Staging, batch_id: str, manifest: Manifest) -> ToJudge:
    held = run.connection.execute(
        "SELECT row_number FROM quarantine.held_row WHERE batch_id = ? AND row_number IS NOT NULL "
        "AND status <> 'released'",
        [manifest.batch_id],
    ).fetchall()
    kept = set(range(1, manifest.row_count + 1)) - {number for (number,) in held} if held else None
    return ToJudge(
        batch_id,
        run.folder.table(manifest.batch_id),
        manifest.row_count,
        None if kept is None else tuple(sorted(kept)),
        says_gone=is_current(run.contract, manifest),
    )


def _applied(run: Staging, one: Judged, manifest: Manifest) -> int:
    """The ledger counted these rows as new already: what comes back is a change of staging."""
    applied = run.merge(one, manifest)
    tally = as_counted(applied)
    tally = replace(tally, rows_new=0, rows_changed=tally.rows_changed + tally.rows_new)
    batches.mark_staged(run.ledger, one.batch_id, run.contract.feed, tally, run.deployment.clock())
    return applied.rows_new
