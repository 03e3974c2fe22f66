"""The landed rows of a feed beside those of its source: which are missing here, which differ, which are gone there.

Both sides are hashed by the same DuckDB function over the same types, so that floats, zones and NULLs agree. Both lie
in a scratch file on disk, so that memory stays bounded whatever the size of the feed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from connectors.checksum import check_sql
from connectors.contract import FeedContract
from connectors.cursors import cursor_expression
from connectors.delivery import Bucketing
from connectors.landed_table import texts_of, watched, write_table
from connectors.landing import LandingFolder
from connectors.manifest import IS_GONE, TABLE_NAME, Manifest
from connectors.quoting import literal, quoted
from connectors.tiers import Bound, Tier, bound_literal, within, within_any
from pipelines.hashing import hash_sql

MEMORY_LIMIT = "512MB"
BATCH_ROWS = 65_536
SAMPLE = 20  # key hashes kept of each kind of difference, the lowest, so that two samples of the same rows meet
# Sorts after all rows of earlier batches: batch number and row number in one.
_PLACE = r"(CAST(regexp_extract(_file, '-(\d+)/[^/]+$', 1) AS BIGINT) << 32) + _row_number"


@dataclass(frozen=True)
class Differences:
    """What differs in one tier, in rows. `samples` has hashes of keys (hexadecimal) by kind of difference."""

    missing: int
    outdated: int
    extra: int
    samples: Mapping[str, tuple[str, ...]]


class SideBySide:
    """One comparison, in a scratch folder of its own. `types` are the source's columns as they arrive now.

    `is_deleted` is a DuckDB condition over landed columns: true on a row that says itself that it is gone. `keep_out`
    takes out of a table of the source what belongs to somebody erased: it is missing here on purpose.
    """

    def __init__(
        self,
        contract: FeedContract,
        scratch: Path,
        tiers: Sequence[Tier],
        schema: pa.Schema,
        is_deleted: str | None,
        keep_out: Callable[[Path], bool] = lambda _table: False,
    ) -> None:
        self._keep_out = keep_out
        self.contract, self.tiers, self._schema = contract, tiers, schema
        self._scratch, self._is_deleted = scratch, is_deleted or "false"
        self._read = 0
        self._types = {name: str(schema.field(name).type) for name in contract.source_columns()}
        self._compared = list(self._types)
        self.has_check_values = False
        self._connection = duckdb.connect(scratch / "side_by_side.duckdb")
        self._connection.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
        self._connection.execute("SET TimeZone = 'UTC'")
        self._connection.execute("SET preserve_insertion_order = false")
        self._landed = self._nothing()

    def close(self) -> None:
        """Give the scratch file back."""
        self._connection.close()

    def take_landed(self, folder: LandingFolder, manifests: Sequence[Manifest], *, wants_check_values: bool) -> None:
        """Keep the latest landed version of each key, with its check value where that is wanted.

        Columns that some batch lacks, or holds in another type than the source has now, are not compared.
        """
        full = [manifest for manifest in manifests if manifest.row_count]
        self._landed = self._all_columns([str(folder.table(manifest.batch_id)) for manifest in full])
        self._compared = [name for name, kind in self._types.items() if all(m.columns.get(name) == kind for m in full)]
        gone = f"coalesce({IS_GONE}, false)" if any(m.kind == "reconcile" for m in full) else "false"
        is_whole = len(self._compared) == len(self._types) and check_sql(self._types) is not None
        self.has_check_values = wants_check_values and is_whole
        check = self._check_in_tiers() if self.has_check_values else "CAST(NULL AS BIGINT)"
        facts = f"""{self._facts()}, {gone} AS is_gone, coalesce({self._is_deleted}, false) AS is_deleted,
                    {check} AS check_value"""
        source = f"SELECT {facts} FROM ({self._landed})"
        names = ["row_hash", "position", *self._totals(), "is_gone", "is_deleted", "check_value"]
        packed = ", ".join(f"{name} := {name}" for name in names)
        unpacked = ", ".join(f"v.{name}" for name in names)
        self._connection.execute(
            f"""CREATE TABLE ours AS SELECT key_hash, place, {unpacked}, {self._tier("v.position")} AS tier FROM (
                    SELECT key_hash, max(place) AS place, arg_max(struct_pack({packed}), place) AS v
                    FROM ({source}) GROUP BY key_hash)"""
        )
        self._connection.execute(f"CREATE TABLE theirs AS SELECT {self._facts()} FROM ({self._nothing()})")

    def take_source(self, reader: pa.RecordBatchReader) -> None:
        """Add rows that the source handed over now. Raises what the source raises."""
        self._read += 1
        table = self._scratch / f"theirs-{self._read:08d}" / TABLE_NAME
        table.parent.mkdir()
        with watched(reader) as (rows, _):
            write_table(self._connection, self.contract, rows, table)
        self._keep_out(table)
        self._connection.execute(f"INSERT INTO theirs SELECT {self._facts()} FROM {_parquet([str(table)])}")

    def buckets_that_differ(self, bucketing: Bucketing, digests: pa.Table) -> list[tuple[datetime, datetime]]:
        """The buckets whose count or check sum is not the source's, each from its lower to its upper bound."""
        self._connection.register("digest", digests)
        first, upper = f"epoch_us({bound_literal(bucketing.lower)})", bound_literal(bucketing.upper)
        found = self._connection.execute(
            f"""WITH here AS (
                    SELECT (epoch_us(position) - {first}) // {bucketing.width_us} AS bucket, count(*) AS row_count,
                           CAST(sum(CAST(check_value AS HUGEINT)) AS VARCHAR) AS check_sum
                    FROM ours WHERE NOT is_gone AND {within("position", bucketing.lower, bucketing.upper)} GROUP BY 1)
                SELECT make_timestamp({first} + bucket * {bucketing.width_us}),
                       least(make_timestamp({first} + (bucket + 1) * {bucketing.width_us}), {upper})
                FROM here FULL JOIN digest USING (bucket)
                WHERE here.row_count IS DISTINCT FROM digest.row_count
                   OR here.check_sum IS DISTINCT FROM digest.check_sum ORDER BY 1"""
        ).fetchall()
        self._connection.unregister("digest")
        return [(lower, upper) for lower, upper in found]

    def keys_to_confirm(self, scope: Sequence[tuple[Bound, Bound]]) -> pa.Table:
        """Keys, as text, of live rows here whose stretch of the source was read and did not hold them.

        They are gone at the source, or stand elsewhere in it: ask for them by key, and take the answer in.
        """
        self._connection.execute(
            f"""CREATE OR REPLACE TABLE candidate AS SELECT key_hash, place FROM ours
                WHERE NOT is_gone AND NOT is_deleted AND ({within_any("position", scope)})
                  AND key_hash NOT IN (SELECT key_hash FROM theirs)"""
        )
        names = self.contract.key_source_columns()
        columns = ", ".join(f"CAST({quoted(name)} AS VARCHAR) AS {quoted(name)}" for name in names)
        return self._connection.sql(
            f"SELECT {columns} FROM ({self._landed}) WHERE {_PLACE} IN (SELECT place FROM candidate)"
        ).to_arrow_table()

    def find_differences(self, scope: Sequence[tuple[Bound, Bound]]) -> None:
        """Make table `difference`: key_hash, kind (missing, outdated, extra), tier and place of the row to land.

        A row that left the stretch read for later times is no difference: the next sync brings it.
        """
        end = self.tiers[0].upper
        is_closed = "true" if end is None else f"t.position < {bound_literal(end)}"
        self._connection.execute(
            f"""CREATE OR REPLACE TABLE difference AS
                SELECT key_hash, CASE WHEN is_here THEN 'outdated' ELSE 'missing' END AS kind, tier, place FROM (
                    SELECT t.key_hash, max(t.place) AS place, min(coalesce({self._tier("t.position")}, o.tier)) AS tier,
                           coalesce(bool_or(NOT o.is_gone), false) AS is_here,
                           coalesce(bool_or(NOT o.is_gone AND o.row_hash = t.row_hash), false) AS is_same
                    FROM theirs t LEFT JOIN ours o USING (key_hash)
                    WHERE ({within_any("t.position", scope)}) OR (o.tier IS NOT NULL AND {is_closed})
                    GROUP BY t.key_hash)
                WHERE NOT is_same
                UNION ALL
                SELECT c.key_hash, 'extra', o.tier, c.place FROM candidate c JOIN ours o USING (key_hash)
                WHERE c.key_hash NOT IN (SELECT key_hash FROM theirs)"""
        )

    def differences(self, tier: Tier) -> Differences:
        """What differs in one tier."""
        found = self._connection.execute(
            f"SELECT kind, count(*), min(key_hash, {SAMPLE}) FROM difference WHERE tier = ? GROUP BY kind",
            [tier.days],
        ).fetchall()
        counts = {kind: count for kind, count, _ in found}
        samples = {kind: tuple(f"{key_hash:016x}" for key_hash in lowest) for kind, _, lowest in found}
        return Differences(counts.get("missing", 0), counts.get("outdated", 0), counts.get("extra", 0), samples)

    def rows_here(self, tier: Tier) -> tuple[int, dict[str, str]]:
        """Rows of a tier here, and their exact totals per column of the contract's totals."""
        return self._counted("ours", f"NOT is_gone AND tier = {tier.days}")

    def rows_read(self, tier: Tier) -> tuple[int, dict[str, str]]:
        """Rows of a tier among those that the source handed over, and their exact totals."""
        return self._counted("theirs", f"{self._tier('position')} = {tier.days}")

    def to_land(self) -> pa.RecordBatchReader:
        """The rows that make both sides equal: the source's rows, and those that are gone with `IS_GONE` set."""
        names = list(self._types)
        now = self._connection.from_arrow(self._schema.empty_table())
        kinds = dict(zip(now.columns, now.types, strict=True))
        as_now = ", ".join(f"TRY_CAST({quoted(name)} AS {kinds[name]}) AS {quoted(name)}" for name in names)
        parts = [f"SELECT {as_now}, true AS {IS_GONE} FROM ({self._landed}) WHERE {_at_difference('=')}"]
        if self._read:
            columns = ", ".join(quoted(name) for name in names)
            read = _parquet([str(path) for path in self._scratch.glob(f"theirs-*/{TABLE_NAME}")])
            parts.append(f"SELECT {columns}, false AS {IS_GONE} FROM {read} WHERE {_at_difference('<>')}")
        schema = pa.schema([*(self._schema.field(name) for name in names), pa.field(IS_GONE, pa.bool_())])
        found: pa.RecordBatchReader = self._connection.sql(" UNION ALL ".join(parts)).to_arrow_reader(BATCH_ROWS)
        return pa.RecordBatchReader.from_batches(schema, (batch.cast(schema) for batch in found))

    def _facts(self) -> str:
        """What is compared of a row of a landed table, or of one that the source handed over."""
        key_columns = self.contract.key_source_columns()
        as_text = {name: f"CAST({quoted(name)} AS VARCHAR)" for name in key_columns if name not in self._compared}
        key = [as_text.get(name, quoted(name)) for name in key_columns]
        key_texts = [*as_text.values(), *texts_of(self._schema, [name for name in key_columns if name not in as_text])]
        row = hash_sql(map(quoted, self._compared), texts_of(self._schema, self._compared))
        cursor = self.contract.cursor
        position = cursor_expression(cursor) if cursor is not None else "CAST(NULL AS BIGINT)"
        totals = "".join(
            f", TRY_CAST({quoted(column)} AS DECIMAL(38, 6)) AS {name}" for name, column in self._totals().items()
        )
        return (
            f"{_PLACE} AS place, {hash_sql(key, key_texts)} AS key_hash, {row} AS row_hash, "
            f"{position} AS position{totals}"
        )

    def _check_in_tiers(self) -> str:
        """The check value of a row that lies in a tier: it costs ten times what a hash does."""
        assert self.contract.cursor is not None  # noqa: S101  (without a cursor there are no buckets to add up)
        is_in = within(cursor_expression(self.contract.cursor), self.tiers[-1].lower, self.tiers[0].upper)
        return f"CASE WHEN {is_in} THEN {check_sql(self._types)} END"

    def _nothing(self) -> str:
        """No row, with the columns of a landed table."""
        self._connection.register("no_rows", self._schema.empty_table())
        return "SELECT *, CAST(0 AS BIGINT) AS _row_number, '-0/' AS _file FROM no_rows"

    def _all_columns(self, files: Sequence[str]) -> str:
        """Landed tables as one; a column that the contract gained since is NULL in them."""
        if not files:
            return self._nothing()
        described = self._connection.execute(f"DESCRIBE FROM {_parquet(files)}").fetchall()
        landed = {str(row[0]) for row in described}
        absent = "".join(f", NULL AS {quoted(name)}" for name in self._types if name not in landed)
        return f"SELECT *{absent} FROM {_parquet(files)}"

    def _totals(self) -> dict[str, str]:
        return {f"total_{number}": column for number, column in enumerate(self.contract.totals)}

    def _tier(self, position: str) -> str:
        """SQL: the days of the tier that a position lies in; NULL outside all of them."""
        if self.contract.cursor is None:
            return str(self.tiers[0].days)
        cases = " ".join(f"WHEN {within(position, tier.lower, tier.upper)} THEN {tier.days}" for tier in self.tiers)
        return f"CASE {cases} END"

    def _counted(self, table: str, condition: str) -> tuple[int, dict[str, str]]:
        sums = "".join(f", CAST(coalesce(sum({name}), 0) AS VARCHAR)" for name in self._totals())
        ((rows, *totals),) = self._connection.execute(
            f"SELECT count(*){sums} FROM {table} WHERE {condition}"
        ).fetchall()
        return rows, dict(zip(self.contract.totals, totals, strict=True))


def _at_difference(is_kind: str) -> str:
    return f"{_PLACE} IN (SELECT place FROM difference WHERE kind {is_kind} 'extra')"


def _parquet(files: Sequence[str]) -> str:
    return f"read_parquet([{', '.join(map(literal, files))}], filename = '_file', union_by_name = true)"
