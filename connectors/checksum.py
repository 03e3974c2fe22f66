"""A check value of a row that a database and DuckDB compute alike: whole buckets are compared without their rows.

The method is that of data-diff and reladiff (github.com/erezsh/reladiff): count and add up, and look at rows only
where the sums differ. Values are compared as text whose form leaves no room: times as whole microseconds, days as
numbers. Floats have no such text on both sides, so a table with floats has no check value. It is the first 60 bits of
the MD5 of the columns' texts; sums do not depend on the order of rows.
"""

from __future__ import annotations

from collections.abc import Mapping

from connectors.quoting import quoted

# Between two columns, and in place of NULL: control characters that no text has a reason to hold.
SEPARATOR, NULL_MARK = "chr(31)", "chr(30)"

# Arrow type of a landed column → DuckDB expression of its text.
_TEXTS = {
    "bool": "CAST({} AS VARCHAR)",
    "int16": "CAST({} AS VARCHAR)",
    "int32": "CAST({} AS VARCHAR)",
    "int64": "CAST({} AS VARCHAR)",
    "string": "{}",
    "date32[day]": "CAST({} - DATE '1970-01-01' AS VARCHAR)",
    "timestamp[us]": "CAST(epoch_us({}) AS VARCHAR)",
    "timestamp[us, tz=UTC]": "CAST(epoch_us({}) AS VARCHAR)",
}


def joined(texts: list[str]) -> str:
    """SQL: the texts of a row's columns in one, in both dialects."""
    return f" || {SEPARATOR} || ".join(f"coalesce({text}, {NULL_MARK})" for text in texts)


def check_sql(types: Mapping[str, str]) -> str | None:
    """DuckDB expression of a row's check value (BIGINT); `types` is column → Arrow type. None when there is none."""
    if any(kind not in _TEXTS for kind in types.values()):
        return None
    texts = [_TEXTS[kind].format(quoted(name)) for name, kind in types.items()]
    return f"CAST('0x' || md5({joined(texts)})[1:15] AS BIGINT)"
