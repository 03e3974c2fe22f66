"""In how many rows of a cast and judged batch something is wrong, by kind; over the attached scratch file.

Belongs here: counting. Does not belong here: why a row fails (casting, expectations), and how many are too many.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import duckdb

from warehouse.cast_sql import quoted

# unreadable: a value is not of its type. swapped_date: and is one once day and month change places. unknown_code: a
# value outside a closed set. rule: of the entity's suite. test_row, own_row: by the rule in the contract. key_reused:
# another value in a column that never changes for a key. shifted: a time among them moved by the most common step, of
# which the code is the seconds. restamped: nothing but the time of change is another.
Rows = Literal["unreadable", "swapped_date", "unknown_code", "rule", "test_row", "own_row"]
Changes = Literal["key_reused", "shifted", "restamped"]
Kind = Rows | Changes

# A column that holds something else than codes has thousands of unknown ones; a few tell that.
MOST_CODES = 20


@dataclass(frozen=True)
class Breach:
    """`rows` of a batch with one kind of breach. `columns` are joined by ', '; `code` is a hash, or seconds."""

    kind: Kind
    rule: str
    columns: str
    rows: int
    code: str = ""


def count_breaches(connection: duckdb.DuckDBPyConnection, closed_sets: Mapping[str, Sequence[str]]) -> list[Breach]:
    """Breaches in `scratch.batch` and in the registered `rule_failure` (row_number, rule, severity, reason, column).

    `closed_sets`: column → the values that it may have. Rows of a rule that only tells are counted as far as they are
    listed there.
    """
    found = connection.execute(
        """
        SELECT 'unreadable', rule, column_name, count(*) FROM scratch.cast_failure GROUP BY ALL
        UNION ALL
        SELECT 'swapped_date', rule, column_name, count(*) FROM scratch.cast_failure WHERE is_swapped GROUP BY ALL
        UNION ALL
        SELECT 'rule', rule, "column", count(*) FROM rule_failure GROUP BY ALL
        UNION ALL
        SELECT 'test_row', 'test_row', '', count(*) FROM scratch.batch WHERE _is_test HAVING count(*) > 0
        UNION ALL
        SELECT 'own_row', 'own_row', '', count(*) FROM scratch.batch WHERE _is_own HAVING count(*) > 0
        ORDER BY ALL
        """
    ).fetchall()
    breaches = [Breach(*row) for row in found]
    for column, values in closed_sets.items():
        codes = connection.execute(
            f"""SELECT left(md5({quoted(column)}), 12) AS code, count(*) FROM scratch.batch
                WHERE NOT _is_deleted AND NOT _is_test AND NOT _is_own
                    AND NOT list_contains(?::VARCHAR[], {quoted(column)})
                GROUP BY ALL ORDER BY count(*) DESC, code LIMIT {MOST_CODES}""",
            [list(values)],
        ).fetchall()
        breaches += [Breach("unknown_code", f"{column}_unknown", column, rows, code) for code, rows in codes]
    return breaches
