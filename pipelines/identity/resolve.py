"""Who is who, on one screen: the way from staged rows to customers.

`resolve` is the entry point. It runs in one transaction, so that a kill leaves the former state, and it depends on the
rows, the rules and the judgements only: not on row order, threads or chance. A full match that moves too much is rolled
back as a whole (DuckDB has no savepoints), and what changed is then matched by what was learned before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from pipelines.identity import (
    changes,
    churn,
    comparables,
    crosswalk,
    fingerprints,
    full_match,
    households,
    learned,
    linkage,
    quality,
    survivorship,
    values,
)
from pipelines.identity.changes import Counts
from pipelines.identity.churn import Churn, Limit, Report
from pipelines.identity.cluster_statistics import record as cluster_statistics
from pipelines.identity.fingerprints import rules_fingerprint
from pipelines.identity.full_match import AboveLimit, Cause, Refused
from pipelines.identity.records import EntityRoles
from pipelines.identity.tables import ensure_schema
from pipelines.identity.transaction import rolled_back, transaction

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb


@dataclass(frozen=True)
class Resolution:
    """What a run found and did, as counts; `changed` is false if there was nothing to do and nothing was written.

    `held_back`: it was time to match all records anew, which would have moved more than may move unasked, so that only
    what changed was matched.
    """

    changed: bool
    records: int = 0
    new_records: int = 0
    changed_records: int = 0
    removed_records: int = 0
    is_full: bool = False
    compared_pairs: int = 0
    customers: int = 0
    created: int = 0
    merges: int = 0
    splits: int = 0
    retired: int = 0
    held_back: Churn | None = None


@dataclass(frozen=True)
class _Run:
    """What a run works on, and what it may move unasked; `is_asked`: all records are to be matched anew."""

    connection: duckdb.DuckDBPyConnection
    entities: Mapping[str, EntityRoles]
    now: datetime
    run_id: str
    default_region: str | None
    limit: Limit
    is_asked: bool

    @cached_property
    def rules(self) -> str:
        """Fingerprint of the rules in force."""
        return rules_fingerprint(self.default_region)


def resolve(
    connection: duckdb.DuckDBPyConnection,
    *,
    entities: Mapping[str, EntityRoles],
    now: datetime,
    run_id: str,
    default_region: str | None = None,
    limit: Limit | None = None,
    is_rematch: bool = False,
) -> Resolution:
    """Bring schema `identity` to the state of `staging`.

    `connection` is open read-write on the warehouse and in no transaction. `now` (aware, UTC) dates every change.
    `default_region` (ISO 3166) reads national telephone numbers of records without a country; without it they are
    compared by their last digits. `limit` (the declared one by default) says how many customers a full match may
    affect; `is_rematch` asks for one though nothing may have changed.

    Raises:
        full_match.Refused: the full match that was asked for, or that other rules make necessary, is above the limit;
            the former state stands.
    """
    run = _Run(connection, entities, now, run_id, default_region, limit or Limit(), is_rematch)
    try:
        with transaction(connection):
            return _resolve(run)
    except AboveLimit as above:
        if above.cause == "asked":
            raise Refused(above.cause, above.report.churn, above.report) from None
        with transaction(connection):
            ensure_schema(connection)
            _note(run, above.cause, above.report, is_applied=False)
    # What was noted spares another try: this one matches what changed, or refuses other rules.
    with transaction(connection):
        return _resolve(run)


def preview(
    connection: duckdb.DuckDBPyConnection,
    *,
    entities: Mapping[str, EntityRoles],
    now: datetime,
    run_id: str,
    default_region: str | None = None,
    limit: Limit | None = None,
    most: int = churn.MOST,
) -> Report:
    """Match all records anew and say what that does to the customers there are, to `most` of them one by one.

    Nothing is written. Arguments as of `resolve`.
    """
    run = _Run(connection, entities, now, run_id, default_region, limit or Limit(), is_asked=True)
    with rolled_back(connection):
        ensure_schema(connection)
        rules_changed = fingerprints.former(connection) not in {None, run.rules}
        counts = changes.gather(connection, entities, everything=rules_changed)
        linkage.read_judgements(connection)
        _take_in(run, rules_changed=rules_changed)
        linkage.match_all(connection)
        crosswalk.update(connection, now=now, run_id=run_id)
        return _report(run, counts, most)


def _resolve(run: _Run) -> Resolution:
    connection = run.connection
    ensure_schema(connection)
    former = fingerprints.former(connection)
    rules_changed = former not in {None, run.rules}
    counts = changes.gather(connection, run.entities, everything=rules_changed)
    is_judged = linkage.read_judgements(connection)
    if former == run.rules and not (run.is_asked or is_judged or any(counts)):
        return _unchanged(connection)
    resolution = _rebuild(run, counts, rules_changed=rules_changed)
    _log(run, resolution)
    return resolution


def _rebuild(run: _Run, counts: Counts, *, rules_changed: bool) -> Resolution:
    connection = run.connection
    held = full_match.held_back(connection, run.rules)
    if held and not held.still_stands(run.limit, _records(connection) + counts.new - counts.removed):
        held = None
    if held and rules_changed and not run.is_asked:
        raise Refused("rules", held.churn)
    _take_in(run, rules_changed=rules_changed)
    due = _due(run, sum(counts), rules_changed=rules_changed)
    spared = held if due == "outgrown" else None
    cause = None if spared else due
    pairs = linkage.match_all(connection) if cause else linkage.match_changes(connection)
    moves = crosswalk.update(connection, now=run.now, run_id=run.run_id)
    if cause:
        report = _report(run, counts, churn.MOST)
        if not report.is_within:
            raise AboveLimit(cause, report)
        _note(run, cause, report, is_applied=True)
    households.update(connection, everything=cause is not None)
    quality.update(connection)
    survivorship.update(connection)
    cluster_statistics.update(connection, now=run.now, run_id=run.run_id)
    return Resolution(
        True,
        _records(connection),
        *counts,
        is_full=cause is not None,
        compared_pairs=pairs,
        customers=_customers(connection),
        **asdict(moves),
        held_back=spared.churn if spared else None,
    )


def _due(run: _Run, changed: int, *, rules_changed: bool) -> Cause | None:
    """Why all records are to be matched anew after so many changes; None when it is enough to match what changed."""
    is_outgrown = learned.is_outgrown(run.connection, changes=changed)
    if run.is_asked:
        return "asked"
    if rules_changed:
        return "rules"
    return "outgrown" if is_outgrown else None


def _take_in(run: _Run, *, rules_changed: bool) -> None:
    """Standardise what `changes.gather` found, ready to be matched."""
    values.write_source_records(
        run.connection, now=run.now, default_region=run.default_region, everything=rules_changed
    )
    comparables.update(run.connection)


def _report(run: _Run, counts: Counts, most: int) -> Report:
    connection = run.connection
    moved = churn.measure(connection)
    customers = churn.most_affected(connection, most)
    return Report(moved, run.limit, customers, _records(connection), *counts)


def _note(run: _Run, cause: Cause, report: Report, *, is_applied: bool) -> None:
    full_match.note(
        run.connection, cause, report, is_applied=is_applied, rules=run.rules, now=run.now, run_id=run.run_id
    )


def _unchanged(connection: duckdb.DuckDBPyConnection) -> Resolution:
    return Resolution(
        changed=False,
        records=_records(connection),
        customers=_customers(connection),
    )


def _records(connection: duckdb.DuckDBPyConnection) -> int:
    return int(connection.execute("SELECT count(*) FROM identity.source_records").fetchall()[0][0])


def _customers(connection: duckdb.DuckDBPyConnection) -> int:
    return int(connection.execute("SELECT count(*) FROM identity.golden_customers").fetchall()[0][0])


def _log(run: _Run, resolution: Resolution) -> None:
    """Keep the counts of a run; what it held back is in `identity.full_match` under the same run_id."""
    counts = {name: count for name, count in asdict(resolution).items() if name not in {"changed", "held_back"}}
    row = {
        "run_id": run.run_id, "resolved_at": run.now.replace(tzinfo=None),
        "rules_fingerprint": run.rules, **counts,
    }  # fmt: skip
    run.connection.execute(
        f"INSERT INTO identity.resolution ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values())
    )
