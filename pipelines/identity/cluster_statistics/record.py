"""The statistics of each run, kept in `identity.cluster_statistic` beside those of the runs before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pipelines.identity.cluster_statistics.declared import Statistic, statistics
from pipelines.identity.cluster_statistics.judge import Status, chance_of, judge
from pipelines.identity.cluster_statistics.measure import Measured, customers_behind, measure

if TYPE_CHECKING:
    import duckdb

# A run is held against the newest one at least this much older: an alarm stays up for a day, however often runs follow.
LOOKS_BACK = timedelta(days=1)


@dataclass(frozen=True)
class Judged:
    """One statistic of the last run that changed something; `resolved_at` is UTC without a zone."""

    statistic: str
    value: float | None
    base: int
    lowest: float | None
    highest: float | None
    former_value: float | None
    status: Status
    note: str
    run_id: str
    resolved_at: datetime


def update(connection: duckdb.DuckDBPyConnection, *, now: datetime, run_id: str) -> None:
    """Measure, judge and keep every declared statistic, after the other tables of the run are written."""
    moment = now.replace(tzinfo=None)
    declared = statistics()
    measured, former = measure(connection, declared, moment), _former(connection, moment)
    chance = chance_of(len(declared))
    row: list[object] = []
    for statistic in declared:
        value, before = measured[statistic.name], former.get(statistic.name)
        status, note = judge(statistic, value, before, chance)
        row += [run_id, moment, statistic.name, *value, statistic.lowest, statistic.highest,
                before.value if before else None, status, note]  # fmt: skip
    rows = ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"] * len(declared))
    connection.execute(f"INSERT INTO identity.cluster_statistic VALUES {rows}", row)


def latest(connection: duckdb.DuckDBPyConnection) -> list[Judged]:
    """The statistics of the last run that changed something, in declared order; empty before there is one."""
    if not connection.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'cluster_statistic'").fetchall():
        return []
    rows = connection.execute(
        """SELECT statistic, value, base, lowest, highest, former_value, status, note, run_id, resolved_at
           FROM identity.cluster_statistic
           WHERE run_id = (SELECT run_id FROM identity.cluster_statistic
                           ORDER BY resolved_at DESC, run_id DESC LIMIT 1)"""
    ).fetchall()
    order = {statistic.name: place for place, statistic in enumerate(statistics())}
    return sorted((Judged(*row) for row in rows if row[0] in order), key=lambda judged: order[judged.statistic])


def behind(connection: duckdb.DuckDBPyConnection, statistic: Statistic, limit: int) -> list[tuple[str, str]]:
    """Customers whom a statistic counts now (id, name), those with most records first."""
    ((resolved_at,),) = connection.execute("SELECT max(resolved_at) FROM identity.resolution").fetchall()
    return [] if resolved_at is None else customers_behind(connection, statistic, limit, resolved_at)


def _former(connection: duckdb.DuckDBPyConnection, moment: datetime) -> dict[str, Measured]:
    """What this run is held against: the newest run that is old enough, else the oldest; empty for the first."""
    rows = connection.execute(
        """SELECT statistic, value, base FROM identity.cluster_statistic
           WHERE run_id = (SELECT run_id FROM identity.cluster_statistic WHERE resolved_at < $moment
                           ORDER BY if(resolved_at <= $old_enough, resolved_at, NULL) DESC NULLS LAST, resolved_at
                           LIMIT 1)""",
        {"moment": moment, "old_enough": moment - LOOKS_BACK},
    ).fetchall()
    return {name: Measured(value, base) for name, value, base in rows}
