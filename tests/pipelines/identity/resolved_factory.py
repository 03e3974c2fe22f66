"""A resolved world drawn by hand: records in customers, pairs with their bits, as `resolve` leaves them to readers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from pipelines.identity.judgements import Decision, record_judgement
from pipelines.identity.tables import ensure_schema

NOW = datetime(2026, 3, 1, 6, tzinfo=UTC)
MOMENT = NOW.replace(tzinfo=None)


def probability_of(bits: float) -> float:
    """Log2 odds as a probability."""
    return float(2**bits / (1 + 2**bits))


class Resolved:
    """Records are named by letters: 'a' is shop/accounts/a. Closes nothing; the caller closes `connection`."""

    def __init__(self, path: Path | None = None) -> None:
        self.connection = duckdb.connect(str(path) if path else ":memory:")
        self.clock = NOW
        self.columns: dict[str, list[str]] = {}
        ensure_schema(self.connection)
        self.connection.execute("DROP VIEW identity.pair_evidence")
        self.connection.execute(
            """CREATE TABLE identity.pair_evidence (
                 left_key VARCHAR, right_key VARCHAR, attribute VARCHAR, level VARCHAR, bits FLOAT)"""
        )
        self._insert("resolution", run_id="run-1", resolved_at=MOMENT, rules_fingerprint="",
                     records=0, new_records=0, changed_records=0, removed_records=0, is_full=True,
                     compared_pairs=0, customers=0, created=0, merges=0, splits=0, retired=0)  # fmt: skip

    def _insert(self, table: str, **values: Any) -> None:
        if table not in self.columns:
            self.columns[table] = [
                name for name, *_ in self.connection.execute(f"DESCRIBE identity.{table}").fetchall()
            ]
        kept = {name: value for name, value in values.items() if name in self.columns[table]}
        self.connection.execute(
            f"INSERT INTO identity.{table} ({', '.join(kept)}) VALUES ({', '.join('?' * len(kept))})",
            list(kept.values()),
        )

    def customer(self, customer_id: str, records: str, **written: Any) -> None:
        """A customer with one record a letter, all written alike."""
        self._insert("golden_customers", customer_id=customer_id, display_name=f"Name {customer_id}",
                     record_count=len(records), source_count=1, is_deleted=False, first_seen_at=MOMENT)  # fmt: skip
        for letter in records:
            named = {"record_no": ord(letter), "source_record_key": key(letter), "source_system": "shop",
                     "entity": "accounts", "record_id": letter}  # fmt: skip
            self._insert("source_records", **named, is_stub=False, is_deleted=False, record_hash=0,
                         first_seen_at=MOMENT, **written)  # fmt: skip
            self._insert("customer_crosswalk", **named, customer_id=customer_id, match_method="auto",
                         valid_from=MOMENT)  # fmt: skip

    def write(self, letter: str, column: str, value: str) -> None:
        self.connection.execute(
            f"UPDATE identity.source_records SET {column} = ? WHERE source_record_key = ?", [value, key(letter)]
        )

    def pair(self, letters: str, bits: float, *, by: str = "model", **evidence: tuple[str, float]) -> None:
        """A scored pair of two letters; whether it is a match follows from the customers that they are in."""
        left, right = sorted(letters)
        same = self.connection.execute(
            """SELECT count(DISTINCT customer_id) = 1 FROM identity.customer_crosswalk
               WHERE source_record_key IN (?, ?)""",
            [key(left), key(right)],
        ).fetchone()
        assert same
        self._insert("scored_pairs", left_no=ord(left), right_no=ord(right), left_key=key(left), right_key=key(right),
                     bits=bits, decided_by=by, probability=probability_of(bits), levels=[], level_bits=[],
                     decision="match" if same[0] else "apart")  # fmt: skip
        for attribute, (level, worth) in evidence.items():
            self._insert("pair_evidence", left_key=key(left), right_key=key(right), attribute=attribute, level=level,
                         bits=worth)  # fmt: skip

    def judge(self, letters: str, decision: Decision, *, by: str = "ana", reason: str = "") -> None:
        """A steward's word, a minute after the one before."""
        self.clock += timedelta(minutes=1)
        one, other = letters
        record_judgement(
            self.connection, key(one), key(other), decision, decided_by=by, decided_at=self.clock, reason=reason
        )


def key(letter: str) -> str:
    return f"shop/accounts/{letter}"


def letters(*keys: str) -> str:
    """Record keys as their letters."""
    return "".join(one.removeprefix("shop/accounts/") for one in keys)
