"""Putting the bad rows of one batch aside, and closing held rows that a batch has overtaken.

Belongs here: what happens to quarantine while a batch is applied, over the attached scratch file `scratch` and the
registered table `rule_failure`. Does not belong here: decisions of stewards (`quarantine.py`).
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb

from warehouse.batch import Batch
from warehouse.cast_sql import literal, quoted
from warehouse.counting import number
from warehouse.moments import utc
from warehouse.quarantine import KEY_MISSING, OWN_ROW, TEST_ROW, UNREADABLE

TEMPORARY = ("held_now", "held_row_now")
# What landing adds to a row; not part of what the source sent.
_LANDING_COLUMNS = frozenset({"_row_number", "_key_hash", "_row_hash"})
# One held row stands for every later delivery of the same bad row; without a key its content is the identity.
_IDENTITY = "coalesce('key ' || _key, 'payload ' || CAST(payload AS VARCHAR))"


def find_held(connection: duckdb.DuckDBPyConnection, landed_batch_id: str, *, is_release: bool) -> None:
    """Make temp.held_now: row_number, rules, reasons of every row of scratch.batch that must not be staged."""
    accepted = (
        "ANTI JOIN quarantine.accepted_rule a ON a.held_id = $batch_id || '/' || f.row_number AND a.rule = f.rule"
    )
    connection.execute(
        f"""
        CREATE TEMP TABLE held_now AS
        WITH found AS (
            SELECT row_number, rule, reason FROM scratch.cast_failure
            UNION ALL
            SELECT f.row_number, f.rule, f.reason FROM rule_failure f {accepted if is_release else ""}
            WHERE f.severity = 'stop'
            UNION ALL
            SELECT row_number, '{TEST_ROW}', 'a test row, by the rule in the contract' FROM scratch.batch WHERE _is_test
            UNION ALL
            SELECT row_number, '{OWN_ROW}', 'written by ourselves, by the rule in the contract' FROM scratch.batch
            WHERE _is_own
        ), keyless AS (
            SELECT row_number, '{KEY_MISSING}' AS rule, 'the key is missing' AS reason
            FROM scratch.batch ANTI JOIN found USING (row_number) WHERE _key IS NULL
        )
        SELECT row_number, list(rule ORDER BY rule, reason) AS rules, list(reason ORDER BY rule, reason) AS reasons
        FROM (FROM found UNION ALL FROM keyless) GROUP BY row_number
        """,
        {"batch_id": landed_batch_id} if is_release else None,
    )


def hold(connection: duckdb.DuckDBPyConnection, batch: Batch, landed: Path, rejects: Path | None, now: datetime) -> int:
    """Write the rows of temp.held_now and the unreadable lines to quarantine; the number of rows held.

    A row that is held again, in a later batch or after a release, keeps the time at which it was first held.
    """
    columns = connection.execute(f"DESCRIBE FROM read_parquet({literal(str(landed))})").fetchall()
    names = [str(column[0]) for column in columns if column[0] not in _LANDING_COLUMNS]
    payload = f"json_object({', '.join(f'{literal(name)}, {quoted(name)}' for name in names)})"
    lines = ""
    if rejects is not None and batch.release_of is None:
        lines = f"""
            UNION ALL
            SELECT $landed || '/line-' || line_number, NULL, NULL, ['{UNREADABLE}'], [reason],
                json_object('line_number', line_number, 'raw', raw), NULL
            FROM read_parquet({literal(str(rejects))})"""
    connection.execute(
        f"""
        CREATE TEMP TABLE held_row_now AS
        SELECT $landed || '/' || h.row_number AS held_id, b._key, h.row_number, h.rules, h.reasons, p.payload,
            b._changed_at AS changed_at
        FROM temp.held_now h JOIN scratch.batch b USING (row_number)
        JOIN (
            SELECT _row_number, {payload} AS payload FROM read_parquet({literal(str(landed))})
            WHERE _row_number IN (SELECT row_number FROM temp.held_now)
        ) p ON p._row_number = h.row_number {lines}
        """,
        {"landed": batch.landed_batch_id},
    )
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE held_row_now AS SELECT n.*, coalesce(e.first_held_at, $now) AS first_held_at
        FROM temp.held_row_now n LEFT JOIN (
            SELECT {_IDENTITY} AS identity, min(first_held_at) AS first_held_at FROM quarantine.held_row
            WHERE feed = $feed AND status = 'held' GROUP BY ALL
        ) e ON e.identity = {_IDENTITY}
        """,
        {"now": utc(now), "feed": batch.feed},
    )
    connection.execute("DELETE FROM quarantine.held_row WHERE held_id IN (SELECT held_id FROM temp.held_row_now)")
    return number(
        connection,
        """
        INSERT INTO quarantine.held_row
        SELECT held_id, $feed, $entity, $system, _key, $landed, row_number, rules, reasons, payload, first_held_at,
            'held', NULL, NULL, changed_at, $seq, NULL
        FROM temp.held_row_now ORDER BY row_number NULLS LAST, held_id
        """,
        {
            "feed": batch.feed,
            "entity": batch.entity,
            "system": batch.source_system,
            "landed": batch.landed_batch_id,
            "seq": batch.batch_seq,
        },
    )


def settle(connection: duckdb.DuckDBPyConnection, batch: Batch, now: datetime) -> None:
    """Close held rows that this batch has overtaken or that are dismissed: released ones, those with a newer version
    staged or held, and those that come again as they were when a steward dismissed them."""
    facts = {"now": utc(now), "by": batch.batch_id, "feed": batch.feed}
    if batch.release_of is not None:
        connection.execute(
            """
            UPDATE quarantine.held_row AS h SET settled_at = $now, settled_by = $by,
                status = CASE WHEN v.state IN ('new', 'changed', 'unchanged') THEN 'released' ELSE 'superseded' END
            FROM scratch.batch b ANTI JOIN temp.held_now USING (row_number) LEFT JOIN temp.verdict v USING (row_number)
            WHERE h.held_id = $landed || '/' || b.row_number AND h.feed = $feed AND h.status IN ('held', 'dismissed')
            """,
            {**facts, "landed": batch.landed_batch_id},
        )
    else:
        _leave_dismissed(connection, facts)
    connection.execute(
        """
        UPDATE quarantine.held_row AS h SET status = 'superseded', settled_at = $now, settled_by = $by
        FROM temp.verdict v
        WHERE h.feed = $feed AND h.status = 'held' AND h._key = v._key AND v.state <> 'refused'
            AND CASE WHEN h.changed_at <> v._changed_at THEN h.changed_at < v._changed_at
                WHEN h.batch_id = $landed THEN h.row_number < v.row_number
                ELSE h.batch_seq < $seq END
        """,
        {**facts, "landed": batch.landed_batch_id, "seq": batch.batch_seq},
    )
    connection.execute(
        f"""
        UPDATE quarantine.held_row AS h SET status = 'superseded', settled_at = $now, settled_by = $by
        FROM (
            SELECT held_id FROM quarantine.held_row WHERE feed = $feed AND status = 'held'
                AND {_IDENTITY} IN (SELECT {_IDENTITY} FROM temp.held_row_now)
            QUALIFY row_number() OVER (
                PARTITION BY {_IDENTITY}
                ORDER BY changed_at DESC NULLS LAST, batch_seq DESC, row_number DESC, held_id DESC
            ) > 1
        ) older WHERE h.held_id = older.held_id
        """,
        facts,
    )


def _leave_dismissed(connection: duckdb.DuckDBPyConnection, facts: dict[str, object]) -> None:
    """A row that a steward dismissed, and that came again as it was, for the same reasons, needs no second word."""
    connection.execute(
        """
        UPDATE quarantine.held_row AS h SET status = 'dismissed', settled_at = $now, settled_by = d.settled_by,
            settled_reason = d.settled_reason
        FROM (
            SELECT payload::VARCHAR AS payload, rules, any_value(settled_by) AS settled_by,
                any_value(settled_reason) AS settled_reason
            FROM quarantine.held_row WHERE feed = $feed AND status = 'dismissed' AND payload IS NOT NULL GROUP BY ALL
        ) AS d
        WHERE h.feed = $feed AND h.status = 'held' AND h.rules = d.rules AND h.payload::VARCHAR = d.payload
            AND h.held_id IN (SELECT held_id FROM temp.held_row_now)
        """,
        {"now": facts["now"], "feed": facts["feed"]},
    )
