"""Undoing a merge: a steward says that the records which a former id brought are not the others' customer.

It is said in judgements, one on each pair across, so that nothing brings the two together again; the next resolve parts
them, and `crosswalk` gives the former id back. Records that came with the merge or after it were of neither before: no
judgement is made on them, and evidence places them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow as pa

from pipelines.identity import judgements, redirects
from pipelines.identity.judgements import Judgement, JudgementRefused

if TYPE_CHECKING:
    import duckdb

# Judgements also teach what evidence is worth; more of them than these, all from one mistake, would drown the others.
MOST_PAIRS = 400


class UnmergeRefused(JudgementRefused, ValueError):
    """A merge that cannot be undone. The message names the id, fact and next step."""


@dataclass(frozen=True)
class Unmerge:
    """What was decided: records that go back under `customer_id`, and those of `from_customer_id` that stay."""

    customer_id: str
    from_customer_id: str
    leaving: tuple[str, ...]
    staying: tuple[str, ...]
    judged: tuple[Judgement, ...]


def unmerge(
    connection: duckdb.DuckDBPyConnection, customer_id: str, *, decided_by: str, decided_at: datetime, reason: str
) -> Unmerge:
    """Judge the records that a former id brought apart from those it was merged with; the next `resolve` obeys.

    The caller's transaction makes it one change. Raises UnmergeRefused when there is no merge to undo, or it would take
    more than MOST_PAIRS judgements; Contradiction when records across were judged one customer.
    """
    current = _merged_into(connection, customer_id)
    leaving, staying = _sides(connection, customer_id, current)
    pairs = [(min(pair), max(pair)) for pair in ((one, other) for one in leaving for other in staying)]
    if len(pairs) > MOST_PAIRS:
        raise UnmergeRefused(
            f"To part {len(leaving)} records of {customer_id} from {len(staying)} of {current} takes {len(pairs)} "
            f"judgements, more than {MOST_PAIRS}. See with c360 customer {current} --why where it would split first, "
            "and judge that pair no_match with c360 review --import."
        )
    settled = {(one.left_key, one.right_key) for one in judgements.in_force(connection) if one.decision == "no_match"}
    judged = [
        Judgement(left, right, "no_match", decided_by, decided_at, reason)
        for left, right in pairs
        if (left, right) not in settled
    ]
    if not judged:
        raise UnmergeRefused(f"{customer_id} is judged apart from {current} already. Run c360 sync to have it back.")
    judgements.record_judgements(connection, judged)
    fresh = pa.table({"left_key": [one.left_key for one in judged], "right_key": [one.right_key for one in judged]})
    connection.register("parted", fresh)
    connection.execute(
        """INSERT INTO identity.unmerge
           SELECT $customer_id, $now, left_key, right_key, max(decided_at)
           FROM identity.judgements SEMI JOIN parted USING (left_key, right_key) GROUP BY left_key, right_key""",
        {"customer_id": customer_id, "now": decided_at.astimezone(UTC).replace(tzinfo=None)},
    )
    connection.unregister("parted")
    return Unmerge(customer_id, current, leaving, staying, tuple(judged))


def take_back(
    connection: duckdb.DuckDBPyConnection, one_key: str, other_key: str, *, by: str, at: datetime, reason: str
) -> list[Judgement]:
    """Let the decision on two records no longer count, with all others of the unmerge that it belongs to.

    Returns what is taken back, the pair's own first. Raises as `judgements.take_back`.
    """
    former = judgements.take_back(connection, one_key, other_key, by=by, at=at, reason=reason)
    told = connection.execute(
        """WITH asked AS (
             SELECT customer_id, unmerged_at FROM identity.unmerge
             WHERE left_key = $left AND right_key = $right AND decided_at = $decided_at)
           SELECT left_key, right_key, decided_at
           FROM identity.unmerge SEMI JOIN asked USING (customer_id, unmerged_at)""",
        {"left": former.left_key, "right": former.right_key, "decided_at": former.decided_at.replace(tzinfo=None)},
    ).fetchall()
    others = [
        one
        for one in judgements.in_force(connection)
        if (one.left_key, one.right_key, one.decided_at.replace(tzinfo=None)) in told
    ]
    if others:
        unsure = [Judgement(one.left_key, one.right_key, "unsure", by, at, reason) for one in others]
        judgements.record_judgements(connection, unsure)
    return [former, *others]


def _merged_into(connection: duckdb.DuckDBPyConnection, customer_id: str) -> str:
    rows = connection.execute(
        "SELECT current_customer_id FROM identity.customer_id_redirect WHERE old_customer_id = ?", [customer_id]
    ).fetchall()
    for (current,) in rows:
        return str(current)
    raise UnmergeRefused(
        f"{customer_id} is not merged into any customer, so nothing can be undone. "
        f"See c360 customer {customer_id}; a former id stands in identity.customer_id_redirect."
    )


def _sides(
    connection: duckdb.DuckDBPyConnection, customer_id: str, current: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Keys of the records that go back under the former id, and of those that were of the others before."""
    rows = connection.execute(
        f"""WITH member AS (
              SELECT source_record_key, valid_from, first_seen_at
              FROM identity.customer_crosswalk JOIN identity.source_records USING (source_record_key)
              WHERE customer_id = $current),
            brought AS (
              SELECT DISTINCT history.source_record_key
              FROM identity.crosswalk_history AS history JOIN identity.identity_event ON event_id = change_event_id
              WHERE event_type = 'merge' AND other_customer_id = $former),
            own AS ({redirects.origins("SELECT source_record_key FROM member")}),
            side AS (
              SELECT source_record_key, brought.source_record_key IS NOT NULL AS is_leaving, own_id, first_seen_at,
                     max(if(is_leaving, valid_from, NULL)) OVER () AS since
              FROM member LEFT JOIN brought USING (source_record_key) JOIN own USING (source_record_key))
            SELECT source_record_key, is_leaving, own_id FROM side WHERE is_leaving OR first_seen_at < since
            ORDER BY source_record_key""",
        {"former": customer_id, "current": current},
    ).fetchall()
    leaving = tuple(key for key, is_leaving, _ in rows if is_leaving)
    staying = tuple(key for key, is_leaving, _ in rows if not is_leaving)
    own = {own_id for _, is_leaving, own_id in rows if is_leaving}
    if customer_id not in own:
        rest = f" What came with them was {', '.join(sorted(own))} before: name that." if own else ""
        raise UnmergeRefused(f"No record of its own of {customer_id} is left in {current}, to give the id to.{rest}")
    if not staying:
        raise UnmergeRefused(
            f"Of {current} no record is left that was there before {customer_id}, so there is nothing to part from."
        )
    return leaving, staying
