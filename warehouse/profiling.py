"""What the values of a cast batch look like, column by column, over the attached scratch file.

Belongs here: the SQL of each fact. Does not belong here: what is usual for a column, which is judged elsewhere.
Columns of one kind are stacked and grouped, so that a query stays short however wide the batch is: for a batch of five
rows the time goes into planning.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

import duckdb

from warehouse.cast_sql import literal, quoted
from warehouse.counting import number
from warehouse.moments import utc

Fact = int | float | list[int] | dict[str, int]

# More rows than this are profiled by a sample of about this many: 19 shares of 20 are then right to 1.4 percent points
# (two standard errors of a half). Twice as many make it 1, and cost a sync of 100,000 rows 1 to 2 % more.
SAMPLED_ROWS = 5_000
# A column with more values than this is no segment, whatever the contract says.
MOST_SEGMENTS = 50

# What is dear to look for is looked for behind CASE, which leaves out the rows that a cheap look rules out: both sides
# of an AND are worked out for every row.
# U+FFFD and C1 controls, and UTF-8 that was read as Latin-1 or as Windows-1252. Nearly every text is ASCII, which its
# length tells.
_DAMAGED = r"[\x{FFFD}\x{80}-\x{9F}]|[\x{C2}-\x{C5}][\x{A0}-\x{BF}]|\x{E2}\x{20AC}"
_IS_DAMAGED = f"CASE WHEN strlen(value) <> length(value) THEN regexp_matches(value, {literal(_DAMAGED)}) END"
_QUESTIONED = literal("[[:alpha:]][?][[:alpha:]]")
_IS_QUESTIONED = f"CASE WHEN contains(value, '?') THEN regexp_matches(value, {_QUESTIONED}) END"
_IS_HUNDREDS = "CASE WHEN ends_with(value, '00') THEN regexp_full_match(value, '[0-9]+00') END"
# Scripts without capitals have letters, too.
_IS_WORDLESS = r"CASE WHEN upper(value) = lower(value) THEN NOT regexp_matches(value, '\p{L}') END"
# 2^53: above it a double no longer holds every whole number.
_WHOLE = "CASE WHEN strlen(value) BETWEEN 16 AND 38 THEN TRY_CAST(value AS HUGEINT) END"
_IS_LARGE = f"coalesce(abs({_WHOLE}) > 9007199254740992, false)"
_IS_EXPONENT = """CASE WHEN contains(value, '+')
    THEN contains(lower(value), 'e+') AND TRY_CAST(value AS DOUBLE) IS NOT NULL ELSE false END"""
_IS_ROUNDED = f"CASE WHEN {_IS_LARGE} THEN {_WHOLE} = TRY_CAST(CAST({_WHOLE} AS DOUBLE) AS HUGEINT) ELSE false END"
# Day and month exchanged give one of the three days before arrival, and the date as it is does not.
_ARRIVAL = "CAST($landed_at::TIMESTAMP AS DATE)"
_RECENT = f"BETWEEN {_ARRIVAL} - INTERVAL 3 DAY AND {_ARRIVAL}"
_EXCHANGED = "CASE WHEN day(value) <= 12 THEN TRY(make_date(year(value), day(value), month(value))) END"
# The texts of each length and those one shorter: of texts that were cut some end after a blank, which is gone then.
_ABOUT = "list_transform(map_keys(lengths), lambda n: lengths[n] + coalesce(lengths[n - 1], 0))"
_COMMON = f"list_max({_ABOUT})"
_COMMON_LENGTH = f"map_keys(lengths)[list_position({_ABOUT}, {_COMMON})]"
_QUANTILES = "[0.05, 0.5, 0.95]"
# What forms and exports put where there is nothing to say. Whether a column ever has it is learned, not assumed.
_FILLERS = r"(?i)n/?a|none|null|nil|nan|unknown|tbd|todo|default|0{3,}|9{4,}|x{2,}|[-.?_]+"
_FILLER_DAYS = "DATE '1899-12-30', DATE '1900-01-01', DATE '1970-01-01'"

# Kind → the type that its columns are stacked as, and fact → SQL over `value`.
_KINDS: dict[str, tuple[str, dict[str, str]]] = {
    "text": (
        "VARCHAR",
        {
            "longest": "max(length(value))",
            "lengths": "histogram(length(value))",
            "damaged": f"count(*) FILTER ({_IS_DAMAGED})",
            "questioned": f"count(*) FILTER ({_IS_QUESTIONED})",
            "large": f"count(*) FILTER ({_IS_LARGE} OR {_IS_EXPONENT})",
            "rounded": f"count(*) FILTER ({_IS_ROUNDED} OR {_IS_EXPONENT})",
            "hundreds": f"count(*) FILTER ({_IS_HUNDREDS})",
            "wordless": f"count(*) FILTER ({_IS_WORDLESS})",
            "digitless": "count(*) FILTER (NOT regexp_matches(value, '[0-9]'))",
            "fillers": f"count(*) FILTER (regexp_full_match(value, {literal(_FILLERS)}))",
        },
    ),
    "number": (
        "DOUBLE",
        {
            "low": "min(value)",
            "high": "max(value)",
            "quantiles": f"approx_quantile(value, {_QUANTILES})",
            "mean": "avg(value)",
            "zeros": "count(*) FILTER (value = 0)",
            "whole": "count(*) FILTER (value = trunc(value))",
        },
    ),
    "moment": (
        "TIMESTAMP",
        {
            "low": "min(epoch(value))",
            "high": "max(epoch(value))",
            "quantiles": f"approx_quantile(epoch(value), {_QUANTILES})",
            "hours": "histogram(hour(value))",
            "age_p95": "approx_quantile(epoch($landed_at::TIMESTAMP) - epoch(value), 0.95)",
            "days": "approx_count_distinct(CAST(value AS DATE))",
            "low_days": "count(*) FILTER (day(value) <= 12)",
            "fillers": f"count(*) FILTER (CAST(value AS DATE) IN ({_FILLER_DAYS}))",
            "swapped": f"count(*) FILTER ({_EXCHANGED} {_RECENT} AND CAST(value AS DATE) NOT {_RECENT})",
        },
    ),
}
_EVERY_KIND = {
    "rows": "count(*)",
    "nulls": "count(*) - count(value)",
    "distinct": "approx_count_distinct(value)",
    "most_frequent": "approx_top_k(value, 1)[1]",
}


def profile_batch(
    connection: duckdb.DuckDBPyConnection,
    columns: Mapping[str, str],
    *,
    landed_at: datetime,
    segments: Collection[str] = (),
) -> dict[str, dict[str, Fact]]:
    """Facts on each column (name → DuckDB type) of `scratch.batch`: column → fact → value; absent facts do not apply.

    Counts are of the rows looked at, which `rows` tells; see `SAMPLED_ROWS`. `distinct`, `days` and the quantiles are
    estimates (HyperLogLog, t-digest). Test rows and our own are left out. No value leaves the query, but those of
    `segments`. `landed_at` is aware UTC.
    """
    sample = _sample(connection)
    facts: dict[str, dict[str, Fact]] = {}
    for kind in _KINDS:
        names = [name for name, declared in columns.items() if _kind(declared) == kind]
        if names:
            facts |= _facts(connection, kind, names, sample, landed_at)
    for name in segments:
        if (counts := _segments(connection, name, sample)) is not None:
            facts[name]["segments"] = counts
    return {name: facts[name] for name in columns if name in facts}


def _kind(declared: str) -> str:
    if declared == "VARCHAR":
        return "text"
    return "moment" if declared in ("DATE", "TIMESTAMP") else "number"


def _sample(connection: duckdb.DuckDBPyConnection) -> str:
    """The condition that leaves the source's own rows, and of a large batch a sample of them.

    The same rows each time, and in no rhythm of the data.
    """
    every = number(connection, "SELECT count(*) FROM scratch.batch") // SAMPLED_ROWS
    return "WHERE NOT _is_test AND NOT _is_own" + (f" AND hash(row_number) % {every} = 0" if every > 1 else "")


def _facts(
    connection: duckdb.DuckDBPyConnection, kind: str, names: list[str], sample: str, landed_at: datetime
) -> dict[str, dict[str, Fact]]:
    stacked_as, own = _KINDS[kind]
    values = ", ".join(f"CAST({quoted(name)} AS {stacked_as})" for name in names)
    is_text = kind == "text"
    at_longest = ", count(*) FILTER (length(value) = f.longest) AS at_longest" if is_text else ""
    common = f", {_COMMON} AS at_common_length, {_COMMON_LENGTH} AS common_length" if is_text else ""
    cursor = connection.execute(
        f"""
        WITH stacked AS MATERIALIZED (
            SELECT unnest(range({len(names)})) AS place, unnest([{values}]) AS value FROM scratch.batch {sample}
        ),
        fact AS MATERIALIZED (
            SELECT place, {", ".join(f"{sql} AS {fact}" for fact, sql in (_EVERY_KIND | own).items())}
            FROM stacked GROUP BY place
        ),
        counted AS (
            SELECT place, count(*) FILTER (value = f.most_frequent) AS top_count {at_longest}
            FROM stacked JOIN fact f USING (place) GROUP BY place
        )
        SELECT fact.* EXCLUDE (most_frequent{", lengths" if is_text else ""}), counted.* EXCLUDE (place),
            CASE WHEN most_frequent IS NOT NULL THEN hash(most_frequent) END AS top {common}
        FROM fact JOIN counted USING (place)
        """,
        {"landed_at": utc(landed_at)} if kind == "moment" else None,
    )
    facts = [str(column[0]) for column in cursor.description or ()]
    found = (dict(zip(facts, row, strict=True)) for row in cursor.fetchall())
    return {names[row.pop("place")]: _plain(row) for row in found}


def _plain(row: dict[str, object]) -> dict[str, Fact]:
    """Facts as numbers and lists; those that the values do not tell are left out."""
    facts: dict[str, Fact] = {}
    for name, value in row.items():
        if name == "quantiles" and isinstance(value, list):
            facts |= dict(zip(("q05", "q50", "q95"), value, strict=True))
        elif name == "hours" and isinstance(value, dict):
            facts["hours"] = [value.get(hour, 0) for hour in range(24)]
        elif isinstance(value, int | float):
            facts[name] = value
    return facts


def _segments(connection: duckdb.DuckDBPyConnection, name: str, sample: str) -> dict[str, int] | None:
    counts = connection.execute(
        f"SELECT CAST({quoted(name)} AS VARCHAR), count(*) FROM scratch.batch {sample} GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    return {value or "": rows for value, rows in counts} if len(counts) <= MOST_SEGMENTS else None
