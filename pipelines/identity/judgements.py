"""Stewards' decisions on pairs of source records. They outrank every rule and yield only to later ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb

Decision = Literal["match", "no_match", "unsure"]


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
    """Keep a decision on two source records, in either order; the next `resolve` obeys it.

    `unsure` takes an earlier decision back. Raises LookupError for a key that no source record has, ValueError for a
    pair of a record with itself.
    """
    if one_key == other_key:
        raise ValueError(f"A judgement needs two source records; {one_key} was given twice.")
    for key in (one_key, other_key):
        if not connection.execute(
            "SELECT 1 FROM identity.source_records WHERE source_record_key = ?", [key]
        ).fetchone():
            raise LookupError(
                f"There is no source record {key}; find the key with `find` or in identity.source_records."
            )
    left, right = sorted((one_key, other_key))
    connection.execute(
        "INSERT INTO identity.judgements VALUES (?, ?, ?, ?, ?, ?)",
        [left, right, decision, decided_by, decided_at.replace(tzinfo=None), reason],
    )


# One row per pair: the decision in force. Of two at the same instant the more cautious one counts.
IN_FORCE = """SELECT left_key, right_key, decision, decided_by, reason FROM identity.judgements
              QUALIFY row_number() OVER (PARTITION BY left_key, right_key
                ORDER BY decided_at DESC, decision = 'no_match' DESC, decision, decided_by) = 1"""
