"""Land exactly the rows that a comparison found to differ.

A repair is an ordinary batch under the feed's lease, by the protocol of every landing: a kill at any moment leaves
either the batch or nothing. It moves no cursor and makes no feed fresher. Done again, it finds nothing to land.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from connectors.contract import FeedContract
from connectors.delivery import Delivery, FeedTrouble, Receipt, SourceReader, Window
from connectors.landing import LandingFolder, LandingRequest
from connectors.manifest import RAW_FOLDER, Manifest
from pipelines.commit import batch_id_of, commit, recover
from pipelines.deployment import Deployment
from pipelines.freshness.comparison import Comparison
from pipelines.ledger import batches, runs
from pipelines.ledger.acceptances import last_acceptance
from pipelines.ledger.database import Ledger
from pipelines.ledger.leases import Lease
from pipelines.ledger.reconciles import TierResult
from pipelines.source_guard import is_accepted


class Repair:
    """One run of kind 'reconcile' on a feed, under its lease. `source_identity` is what the source says who it is."""

    def __init__(
        self, deployment: Deployment, ledger: Ledger, contract: FeedContract, lease: Lease, source_identity: str
    ) -> None:
        self._deployment, self._ledger, self._contract, self._lease = deployment, ledger, contract, lease
        self._source_identity = source_identity
        self._folder = LandingFolder(deployment.home.landing, contract)
        self._run_id = runs.next_run_id(ledger, contract.feed)
        self._previous: Manifest | None = None
        self._incoming = Path()
        self.batch_ids: list[str] = []
        self.rows_landed = 0

    @contextmanager
    def running(self) -> Iterator[str]:
        """Open the run in the ledger, and close it with what came of it; gives its id."""
        contract, now = self._contract, self._deployment.clock()
        opening = runs.RunOpening(self._run_id, contract.feed, "reconcile", self._lease.token, contract.version, now)
        runs.open_run(self._ledger, opening, contract.model_dump_json())
        recover(self._ledger, self._folder)
        if committed := self._folder.committed():
            self._previous = self._folder.manifest(committed[-1])
        trouble: FeedTrouble | None = None
        try:
            yield self._run_id
        except FeedTrouble as failed:
            trouble = failed
            raise
        finally:
            self._folder.sweep()
            runs.close_run(self._ledger, self._run_id, self._closing(trouble))

    def land(self, comparison: Comparison, source: SourceReader) -> list[TierResult]:
        """Land what differs; the comparison's results, marked as repaired.

        Raises:
            FeedTrouble: the source lacks so much that it is not believed, or the feed needs no repair of this kind.
        """
        if not any(result.differing for result in comparison.results):
            return comparison.results
        self._check(comparison.results)
        if comparison.sides is not None:
            delivery = Delivery(_label(comparison.results), comparison.sides.to_land(), Receipt)
            self._write(lambda _raw_folder: iter([delivery]))
        else:
            names = {name for result in comparison.results for name in result.samples.get("outdated", ())}
            self._write(
                lambda raw_folder: source.deliveries(
                    Window(), is_landed=lambda file: file.name not in names, raw_folder=raw_folder
                )
            )
        return [replace(result, is_repaired=result.differing > 0) for result in comparison.results]

    def _check(self, results: list[TierResult]) -> None:
        feed, most = self._contract.feed, self._contract.deletes.max_shrink
        if self._contract.cursor is None and self._contract.source.kind != "files":
            fact = "each sync reads all of it, as it has no cursor, and brings what differs"
            raise FeedTrouble(feed, fact, "Run c360 sync, then reconcile again.", kind="contract")
        gone, here = sum(result.extra for result in results), sum(result.rows_here for result in results)
        if gone > most * here and not is_accepted(last_acceptance(self._ledger, feed), self._previous):
            fact = f"the source lacks {gone:,} of {here:,} rows; its contract allows {most:.0%} to go at once"
            step = (
                f"Nothing was repaired. If they are gone: c360 feeds accept {feed} --by NAME --because WHY, and again."
            )
            raise FeedTrouble(feed, fact, step, kind="held")

    def _write(self, deliveries: Callable[[Callable[[], Path]], Iterator[Delivery]]) -> None:
        number = max(
            batches.last_batch_seq(self._ledger, self._contract.feed),
            self._previous.batch_seq if self._previous else 0,
        )
        self._incoming = self._folder.incoming(batch_id_of(self._contract, number + 1))
        for delivery in deliveries(lambda: self._incoming / RAW_FOLDER):
            number += 1
            written = self._folder.write(delivery, self._incoming, self._request(number))
            if written.batch is not None:
                commit(self._ledger, self._lease, written.batch, self._run_id)
                self._previous = written.batch.manifest
                self.batch_ids.append(self._previous.batch_id)
                self.rows_landed += self._previous.row_count
            self._incoming = self._folder.incoming(batch_id_of(self._contract, number + 1))

    def _request(self, number: int) -> LandingRequest:
        previous = self._previous
        return LandingRequest(
            batch_seq=number,
            batch_id=batch_id_of(self._contract, number),
            lease_token=self._lease.token,
            landed_at=self._deployment.clock(),
            window=Window(),
            cursor_before=previous.cursor_after if previous else None,
            source_identity=self._source_identity,
            source_clock=None,
            recent_tables=[],
            previous=previous,
            kind="reconcile",
        )

    def _closing(self, trouble: FeedTrouble | None) -> runs.RunClosing:
        cursor = self._previous.cursor_after if self._previous else None
        return runs.RunClosing(
            status="FAILED" if trouble else "OK" if self.batch_ids else "EMPTY_OK",
            ended_at=self._deployment.clock(),
            cursor_before=cursor,
            cursor_after=cursor,
            source_identity=self._source_identity,
            rows_landed=self.rows_landed,
            error_kind=trouble.kind if trouble else None,
            error=f"{trouble.fact}. {trouble.next_step}" if trouble else None,
        )


def _label(results: list[TierResult]) -> str:
    missing, outdated, gone = (sum(getattr(r, kind) for r in results) for kind in ("missing", "outdated", "extra"))
    return f"what differed from the source: {missing:,} rows missing, {outdated:,} outdated, {gone:,} gone"
