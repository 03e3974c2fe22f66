"""Stewards' decisions on pairs of source records. They outrank all evidence; only erasing a customer
deletes them.

A decision yields only to a later one on the same pair; none may contradict those in force, at once or by way of other
records. Taking one back is a decision too: `unsure`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal, cast

import pyarrow as pa

from pipelines.identity.verdicts import Verdicts

if TYPE_CHECKING:
    import duckdb

Decision = Literal["match", "no_match", "unsure"]
DECISIONS: tuple[Decision, ...] = ("match", "no_match", "unsure")

_TEXTS = ("left_key", "right_key", "decision", "decided_by")
_FRESH = pa.schema(
    [*((name, pa.string()) for name in _TEXTS), ("decided_at", pa.timestamp("us")), ("reason", pa.string())]
)

# Of two decisions at the same instant the more cautious one counts.
_NEWEST_FIRST = "ORDER BY decided_at DESC, decision = 'no_match' DESC, decision, decided_by"
# One row per pair: the decision in force.
IN_FORCE = f"""SELECT left_key, right_key, decision, decided_by, reason, decided_at FROM identity.judgements
               QUALIFY row_number() OVER (PARTITION BY left_key, right_key {_NEWEST_FIRST}) = 1"""
# One row per pair that a steward has dealt with. A pair whose decision was taken back is open again.
SETTLED = f"""SELECT left_key, right_key, decision FROM (
                SELECT *, row_number() OVER pair AS age, lead(decision) OVER pair AS former FROM identity.judgements
                WINDOW pair AS (PARTITION BY left_key, right_key {_NEWEST_FIRST}))
              WHERE age = 1 AND (decision <> 'unsure' OR former IS NULL OR former = 'unsure')"""


@dataclass(frozen=True)
class Judgement:
    """One decision on two source records. `decided_at` is aware."""

    left_key: str
    right_key: str
    decision: Decision
    decided_by: str
    decided_at: datetime
    reason: str


class JudgementRefused(Exception):
    """A judgement that cannot be kept. The message names records, fact and next step."""


class UnknownRecord(JudgementRefused, LookupError):
    """A judgement on a record that no source has, or on a pair of which nothing is in force."""


class Contradiction(JudgementRefused, ValueError):
    """A judgement that cannot stand beside those in force."""


def record_judgement(
    connection: duckdb.DuckDBPyConnection,
    one_key: str,
    other_key: str,
    decision: Decision,
    *,
    decided_by: str,
    decided_at: datetime,
    reason: str,
) -> None:
    """Keep a decision on two source records, in either order. As `record_judgements` for one."""
    record_judgements(connection, [Judgement(one_key, other_key, decision, decided_by, decided_at, reason)])


def record_judgements(connection: duckdb.DuckDBPyConnection, judged: Sequence[Judgement]) -> None:
    """Keep decisions, all or none, each with what the model says of its pair; the next `resolve` obeys them.

    The caller's transaction makes it one change. Raises the first of `refusals`.
    """
    for refusal in refusals(connection, judged):
        if refusal is not None:
            raise refusal
    dated = _in_order_of_time(connection, map(_ordered, judged))
    fresh = pa.Table.from_pylist([asdict(one) for one in dated], schema=_FRESH)
    connection.register("fresh_judgement", fresh)
    columns = ", ".join(_FRESH.names)
    connection.execute(f"INSERT INTO identity.judgements SELECT {columns} FROM fresh_judgement")
    _keep_basis(connection)
    connection.unregister("fresh_judgement")


def take_back(
    connection: duckdb.DuckDBPyConnection, one_key: str, other_key: str, *, by: str, at: datetime, reason: str
) -> Judgement:
    """Let the decision in force on two records no longer count, and return it. Both stay on record.

    Raises UnknownRecord when neither match nor no_match is in force between the two.
    """
    left, right = sorted((one_key, other_key))
    for former in in_force(connection):
        if (former.left_key, former.right_key) == (left, right) and former.decision != "unsure":
            record_judgement(connection, left, right, "unsure", decided_by=by, decided_at=at, reason=reason)
            return former
    raise UnknownRecord(
        f"Nothing is decided between {left} and {right}, so nothing can be taken back. See c360 review --list."
    )


def in_force(connection: duckdb.DuckDBPyConnection) -> list[Judgement]:
    """The decision that counts for each judged pair, the newest first; `unsure` ones among them."""
    rows = connection.execute(f"FROM ({IN_FORCE}) ORDER BY decided_at DESC, left_key, right_key").fetchall()
    return [
        Judgement(left, right, cast("Decision", decision), by, at.replace(tzinfo=UTC), reason)
        for left, right, decision, by, reason, at in rows
    ]


def refusals(connection: duckdb.DuckDBPyConnection, judged: Sequence[Judgement]) -> list[JudgementRefused | None]:
    """Why each judgement cannot be kept beside those in force and those before it in the list; None when it can.

    UnknownRecord for a key that no source record has; Contradiction for a pair of a record with itself, and for a
    decision against one in force: on the same pair, or by way of other records.
    """
    known, standing, verdicts = in_force(connection), dict[tuple[str, str], Judgement](), Verdicts()
    for judgement in known:
        verdicts.put(judgement.left_key, judgement.right_key, judgement.decision)
        standing[judgement.left_key, judgement.right_key] = judgement
    missing = _missing(connection, {key for one in judged for key in (one.left_key, one.right_key)})
    found: list[JudgementRefused | None] = []
    for judgement in map(_ordered, judged):
        refusal = _refusal(judgement, missing, standing, verdicts)
        if refusal is None:
            verdicts.put(judgement.left_key, judgement.right_key, judgement.decision)
            standing[judgement.left_key, judgement.right_key] = judgement
        found.append(refusal)
    return found


def _refusal(
    judgement: Judgement, missing: set[str], standing: dict[tuple[str, str], Judgement], verdicts: Verdicts
) -> JudgementRefused | None:
    left, right, decision = judgement.left_key, judgement.right_key, judgement.decision
    former = standing.get((left, right))
    if left == right:
        return Contradiction(f"A judgement needs two source records; {left} was given twice.")
    # What was decided on a record that is gone can still be taken back.
    if (gone := [key for key in (left, right) if key in missing]) and not (former and decision == "unsure"):
        return UnknownRecord(
            f"There is no source record {gone[0]}; find the key with c360 customer --why or in identity.source_records."
        )
    if former and {former.decision, decision} == {"match", "no_match"}:
        return Contradiction(
            f"{_told(former)} Take that back with c360 review --undo {left} {right} before you decide otherwise."
        )
    if objections := verdicts.objections(left, right, decision):
        chain = " ".join(_told(standing[min(pair), max(pair)]) for pair in objections if pair != (left, right))
        return Contradiction(
            f"{left} and {right} cannot be judged {decision} while these stand: {chain} "
            "Take the wrong one back with c360 review --undo LEFT RIGHT, then decide again."
        )
    return None


def _told(judgement: Judgement) -> str:
    relation = "are one customer" if judgement.decision == "match" else "are two customers"
    day = judgement.decided_at.strftime("%Y-%m-%d")
    return f"{judgement.left_key} and {judgement.right_key} {relation} ({judgement.decided_by}, {day})."


def _ordered(judgement: Judgement) -> Judgement:
    left, right = sorted((judgement.left_key, judgement.right_key))
    return replace(judgement, left_key=left, right_key=right)


def _missing(connection: duckdb.DuckDBPyConnection, keys: set[str]) -> set[str]:
    rows = connection.execute(
        """SELECT key FROM (SELECT unnest($keys) AS key)
           WHERE key NOT IN (SELECT source_record_key FROM identity.source_records)""",
        {"keys": sorted(keys)},
    ).fetchall()
    return {key for (key,) in rows}


def _in_order_of_time(connection: duckdb.DuckDBPyConnection, judged: Iterable[Judgement]) -> list[Judgement]:
    """Date each decision after the former ones on its pair: a clock that stands or goes back must not revive those."""
    rows = connection.execute("SELECT left_key, right_key, max(decided_at) FROM identity.judgements GROUP BY ALL")
    newest = {(left, right): at.replace(tzinfo=UTC) for left, right, at in rows.fetchall()}
    dated = []
    for judgement in judged:
        pair = (judgement.left_key, judgement.right_key)
        at = judgement.decided_at.astimezone(UTC)
        newest[pair] = max(at, newest[pair] + timedelta(microseconds=1)) if pair in newest else at
        dated.append(replace(judgement, decided_at=newest[pair].replace(tzinfo=None)))
    return dated


def _keep_basis(connection: duckdb.DuckDBPyConnection) -> None:
    """Write down what the model says of the pairs: the next `resolve` obeys the judgements and no longer tells.

    For a pair that is decreed already, what it said when it was last asked.
    """
    connection.execute(
        """INSERT INTO identity.judgement_basis
           SELECT left_key, right_key, fresh.decided_at,
                  coalesce(said.decision, former.model_decision, 'apart'),
                  coalesce(said.probability, former.probability)
           FROM fresh_judgement AS fresh
           LEFT JOIN (FROM identity.scored_pairs WHERE decided_by = 'model') AS said USING (left_key, right_key)
           LEFT JOIN (SELECT left_key, right_key, arg_max(model_decision, decided_at) AS model_decision,
                             arg_max(probability, decided_at) AS probability
                      FROM identity.judgement_basis GROUP BY ALL) AS former USING (left_key, right_key)"""
    )
