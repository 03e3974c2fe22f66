"""Two source records side by side: what is written in each, and what the model makes of it in bits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    import duckdb

Keys = tuple[str, str]

# What a person compares, in the order in which they read: the name of the row, its SQL over source_records, and the
# attribute of the evidence that speaks of it.
WRITTEN: tuple[tuple[str, str, str | None], ...] = (
    ("full_name", "full_name", None),
    ("given_name", "given_name", "given_name"),
    ("family_name", "family_name", "family_name"),
    ("organisation", "organisation_name", "organisation"),
    ("birth_date", "CAST(date_of_birth AS VARCHAR)", "birth_date"),
    ("email", "email", "email"),
    ("phone", "concat_ws(' / ', phone, phone_alternate)", "phone"),
    ("address", "concat_ws(', ', street, postal_code, city, region, country)", "address"),
    ("national_id", "strong_id", "national_id"),
)


@dataclass(frozen=True)
class Evidence:
    """What one attribute says of a pair: the level that was seen, and log2 of how much likelier it makes one person."""

    attribute: str
    level: str
    bits: float


@dataclass(frozen=True)
class Pair:
    """Two records as written (attribute → value, None where nothing is) and what speaks for and against them.

    `bits`, `probability` and `decided_by` are None for two records that were never judged alike enough to keep.
    `is_one_customer` says what holds now. `evidence` is the strongest first, for or against.
    """

    left_key: str
    right_key: str
    left: dict[str, str | None]
    right: dict[str, str | None]
    left_customer_id: str
    right_customer_id: str
    bits: float | None
    probability: float | None
    decided_by: str | None
    evidence: tuple[Evidence, ...]

    @property
    def is_one_customer(self) -> bool:
        """Whether the two are one customer now."""
        return self.left_customer_id == self.right_customer_id


def read_pairs(connection: duckdb.DuckDBPyConnection, wanted: Sequence[Keys]) -> list[Pair]:
    """Read pairs (keys in either order) in the order asked for; records must be in the crosswalk."""
    if not wanted:
        return []
    ordered = [(min(pair), max(pair)) for pair in wanted]
    # As values in the text of the query they reach the scan below the view; a join alone would unnest all evidence.
    lefts = f"left_key IN ({', '.join('?' * len(ordered))})"
    left_keys = [left for left, _ in ordered]
    columns = (pa.array([pair[side] for pair in ordered], pa.string()) for side in (0, 1))
    connection.register("wanted", pa.table(dict(zip(("left_key", "right_key"), columns, strict=True))))
    records = read_records(connection, sorted({key for pair in ordered for key in pair}))
    scores = {
        (left, right): (bits, probability, by)
        for left, right, bits, probability, by in connection.execute(
            f"""SELECT left_key, right_key, bits, probability, decided_by
                FROM identity.scored_pairs SEMI JOIN wanted USING (left_key, right_key) WHERE {lefts}""",
            left_keys,
        ).fetchall()
    }
    evidence: defaultdict[Keys, list[Evidence]] = defaultdict(list)
    rows = connection.execute(
        f"""SELECT left_key, right_key, attribute, level, bits
            FROM identity.pair_evidence SEMI JOIN wanted USING (left_key, right_key) WHERE {lefts}
            ORDER BY abs(bits) DESC, attribute""",
        left_keys,
    ).fetchall()
    for left, right, *seen in rows:
        evidence[left, right].append(Evidence(*seen))
    connection.unregister("wanted")
    return [
        Pair(
            left, right, as_written(records[left]), as_written(records[right]),
            records[left]["customer_id"], records[right]["customer_id"],
            *scores.get((left, right), (None, None, None)), tuple(evidence[left, right]),
        )
        for left, right in ordered
    ]  # fmt: skip


def read_records(connection: duckdb.DuckDBPyConnection, keys: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Key → customer_id and what is written in each record (see WRITTEN); empty texts are None."""
    columns = ", ".join(f"nullif({sql}, '') AS {name}" for name, sql, _ in WRITTEN)
    table = connection.sql(
        f"""SELECT source_record_key, customer_id, {columns}
            FROM identity.source_records JOIN identity.customer_crosswalk USING (source_record_key)
            WHERE source_record_key IN (SELECT unnest($keys))""",
        params={"keys": list(keys)},
    ).to_arrow_table()
    return {row["source_record_key"]: row for row in table.to_pylist()}


def in_words(record: dict[str, str | None]) -> str:
    """A record on one line; each value after its name, so that no spreadsheet takes one for a formula."""
    return " | ".join(f"{name}: {value}" for name, value in record.items() if value)


def as_written(record: dict[str, Any]) -> dict[str, str | None]:
    """What a person reads of a record of `read_records`, in the order of WRITTEN."""
    return {name: record[name] for name, _, _ in WRITTEN}
