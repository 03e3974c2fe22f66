"""Full matches that were weighed: which were applied, and which is held back until somebody decides.

A full match costs as much when it is held back as when it is applied, so it is not tried again before the records
have grown by as much as outgrows what was learned.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from pipelines.identity.churn import Churn, Limit, Report
from pipelines.identity.learned import MOST_CHANGED
from pipelines.trouble import Trouble

if TYPE_CHECKING:
    import duckdb

# Why all records are matched anew: somebody asks, the rules are others than before, or what was learned is outgrown.
Cause = Literal["asked", "rules", "outgrown"]
MEASURES = tuple(field.name for field in fields(Churn))


class AboveLimit(Exception):
    """A full match affects more customers than may be affected unasked; the transaction it ran in is rolled back."""

    def __init__(self, cause: Cause, report: Report) -> None:
        super().__init__(cause)
        self.cause, self.report = cause, report


class Refused(Trouble):
    """All records had to be matched anew, and that affects too many customers. `report` is None when it is long known.

    Nothing of the run was written.
    """

    def __init__(self, cause: Cause, churn: Churn, report: Report | None = None) -> None:
        self.report = report
        reason = "matching by the rules of this version" if cause == "rules" else "matching all records anew"
        step = f"See whom with c360 rematch; if it is right, {apply_command(churn)}"
        former = ", and if not, install the former version" if cause == "rules" else ""
        super().__init__("re-match held back", f"{reason} would affect {told(churn)}", f"{step}{former}.")


@dataclass(frozen=True)
class HeldBack:
    """The newest full match, when it was not applied and nobody decided since. `weighed_at` is UTC without a zone."""

    cause: Cause
    weighed_at: datetime
    records: int
    churn: Churn

    @property
    def status(self) -> Literal["WARN", "FAIL"]:
        """FAIL when nothing is published until somebody decides."""
        return "FAIL" if self.cause == "rules" else "WARN"

    @property
    def meanwhile(self) -> str:
        """What is done until somebody decides."""
        if self.cause == "rules":
            return "Nothing new is published meanwhile, as the rules are others than before."
        return "New and changed records are matched meanwhile by what was learned before."

    def still_stands(self, limit: Limit, records: int) -> bool:
        """Whether another try is spared, now that there are so many records."""
        has_grown = abs(records - self.records) > MOST_CHANGED * self.records
        return not has_grown and not self.churn.is_within(limit)


def told(churn: Churn) -> str:
    """'812 of 10,432 customers (7.8%)'."""
    return f"{churn.affected:,} of {churn.customers_before:,} customers ({churn.share:.1%})"


def apply_command(churn: Churn) -> str:
    """The command that applies it: with the least limit, in whole percents, that lets it through."""
    return f"c360 rematch --apply --churn {math.ceil(churn.share * 100) / 100:g}"


def note(
    connection: duckdb.DuckDBPyConnection,
    cause: Cause,
    report: Report,
    *,
    is_applied: bool,
    rules: str,
    now: datetime,
    run_id: str,
) -> None:
    """Keep what was weighed, by rules with the fingerprint `rules`."""
    row = {
        "run_id": run_id, "weighed_at": now.replace(tzinfo=None), "cause": cause, "is_applied": is_applied,
        "rules_fingerprint": rules, "records": report.records, **asdict(report.churn),
    }  # fmt: skip
    connection.execute(
        f"INSERT INTO identity.full_match ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values())
    )


def merged_since(connection: duckdb.DuckDBPyConnection, since: datetime, run_id: str) -> int:
    """Customers whom full matches that were applied after a run merged away, by what was weighed alone.

    The run is that of `run_id`, at `since` (aware). Where the clock is held still, later ones are of the same moment.
    """
    ((merged,),) = connection.execute(
        """SELECT coalesce(sum(least(merges, affected)), 0)::BIGINT FROM identity.full_match
           WHERE is_applied AND weighed_at >= ? AND run_id <> ?""",
        [since.astimezone(UTC).replace(tzinfo=None), run_id],
    ).fetchall()
    return int(merged)


def held_back(connection: duckdb.DuckDBPyConnection, rules: str) -> HeldBack | None:
    """What is held back by rules with this fingerprint; None when all is applied, or nothing was matched yet."""
    if not connection.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'full_match'").fetchall():
        return None
    # Rows are only ever added, so the last one is the newest, also of two of one moment.
    rows = connection.execute(
        f"""SELECT is_applied, rules_fingerprint, cause, weighed_at, records, {", ".join(MEASURES)}
            FROM identity.full_match ORDER BY rowid DESC LIMIT 1"""
    ).fetchall()
    for is_applied, its_rules, cause, weighed_at, records, *measures in rows:
        if not is_applied and its_rules == rules:
            return HeldBack(cause, weighed_at, records, Churn(*measures))
    return None
