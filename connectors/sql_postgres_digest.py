"""Count, check sum and totals of buckets of time, by one query that PostgreSQL answers without sending rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.checksum import joined
from connectors.delivery import Bucketing
from connectors.quoting import quoted

# PostgreSQL type of a column that arrives in an Arrow type of its own → expression of its text, as `checksum` wants it.
# Floats and padded texts have none. All types that are not listed and arrive as text are compared as that text.
_TEXTS = {
    "bool": "{}::text",
    "int2": "{}::text",
    "int4": "{}::text",
    "int8": "{}::text",
    "text": "{}",
    "varchar": "{}",
    "date": "({} - date '1970-01-01')::text",
    "timestamp": "(extract(epoch FROM {}) * 1000000)::bigint::text",
    "timestamptz": "(extract(epoch FROM {}) * 1000000)::bigint::text",
}
_WITHOUT = {"float4", "float8", "bpchar", "name"}
_TIMES = {"timestamp", "timestamptz"}
CHECKED_TIMES = {*_TIMES, "date"}
_EXACT_NUMBERS = {"int2", "int4", "int8", "numeric"}


def has_arrow_value(value: str, kind: str) -> str:
    """SQL: Arrow can hold this date or timestamp; its microseconds end in January 294247."""
    end = "" if kind == "date" else f" AND {value} < '294247-01-01'"
    return f"(isfinite({value}){end})"


def digest_query(
    relation: str,
    types: Mapping[str, str],
    columns: Sequence[str],
    cursor: str,
    bucketing: Bucketing,
    totals: Sequence[str],
) -> str | None:
    """The query, or None where a column has no text that both sides agree on or the cursor is no time.

    Rows with times that Arrow has not are left out, as when the table is read. `types` is column → PostgreSQL type.
    """
    if types[cursor] not in _TIMES or any(types[name] in _WITHOUT for name in columns):
        return None
    if any(types[name] not in _EXACT_NUMBERS for name in totals):
        return None
    texts = [_TEXTS.get(types[name], "{}::text").format(quoted(name)) for name in columns]
    check = f"('x' || substr(md5(convert_to({joined(texts)}, 'UTF8')), 1, 15))::bit(60)::bigint"
    micros = f"(extract(epoch FROM {quoted(cursor)}) * 1000000)::bigint"
    zone = "+00" if types[cursor] == "timestamptz" else ""
    start, end = f"'{bucketing.lower.isoformat()}{zone}'", f"'{bucketing.upper.isoformat()}{zone}'"
    known = "".join(
        f" AND {has_arrow_value(quoted(name), types[name])} IS NOT false"
        for name in columns
        if types[name] in CHECKED_TIMES
    )
    sums = "".join(f", sum(round({quoted(name)}::numeric, 6))::text AS {quoted(name)}" for name in totals)
    first = f"(extract(epoch FROM timestamp '{bucketing.lower.isoformat()}') * 1000000)::bigint"
    return f"""SELECT (({micros} - {first}) / {bucketing.width_us})::bigint AS bucket, count(*) AS row_count,
                      sum({check})::text AS check_sum{sums}
               FROM {relation} WHERE {quoted(cursor)} >= {start} AND {quoted(cursor)} < {end}{known} GROUP BY 1"""
