"""What the engine learned from all records, kept, so that a few new ones are judged by the same measure.

`comparison_level` also says in words what the numbers in `scored_pairs` mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from pipelines.identity.matching import levels
from pipelines.identity.matching.calibration import Calibration
from pipelines.identity.matching.learning import Learned
from pipelines.identity.matching.model import Model
from pipelines.identity.matching.people import Census, Counted

if TYPE_CHECKING:
    import duckdb

# The kind of value under which names that are no slips are kept; their share says nothing.
NAMES = "is_given_name"
# So few records are matched anew each time, which takes seconds; of more, when so large a part has changed.
FEW_RECORDS, MOST_CHANGED = 10_000, 0.1
KNOWN = {comparison.name: comparison for comparison in levels.ALL}


def store(
    connection: duckdb.DuckDBPyConnection,
    learned: Learned,
    attributes: list[tuple[str, list[str]]],
    rules: list[str],
    *,
    records: int,
) -> None:
    """Replace what is kept. `attributes` names columns and levels of explanations, `rules` the blocking rules in use.

    It was learned from so many `records`.
    """
    model = learned.model
    rows = []
    for at, (attribute, names) in enumerate(attributes):
        for number, name in enumerate(names, start=1):
            row = {"comparison_no": at + 1, "level_no": number, "attribute": attribute, "level": name}
            if at < len(model.comparisons):
                kinds = {"match": model.match, "home": model.home, "chance": model.chance, "by_name": model.by_name}
                row |= {f"{kind}_log2": float(part[at][number]) for kind, part in kinds.items()}
            rows.append(row)
    _replace(connection, "comparison_level", pa.Table.from_pylist(rows, schema=LEVEL_SCHEMA))
    counted = {
        **learned.census.counted,
        NAMES: Counted(learned.given_names, np.zeros(len(learned.given_names), np.float32)),
    }
    shares = [
        pa.table(
            {
                "kind": pa.array([kind] * len(some.hashes), pa.string()),
                "value_hash": some.hashes,
                "share_log2": some.shares,
            }
        )
        for kind, some in counted.items()
    ]
    _replace(connection, "value_share", pa.concat_tables(shares))
    _replace(
        connection,
        "learned",
        pa.Table.from_pylist([{
            "people": learned.census.count, "match_odds_log2": model.match_odds, "home_odds_log2": model.home_odds,
            "calibration_factor": learned.calibration.factor, "calibration_offset": learned.calibration.offset,
            "blocking_rules": rules, "records": records, "changed_since": 0,
        }]),
    )  # fmt: skip


def attributes(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Names of what is compared, in the order of `comparison_no`, which begins with 1."""
    rows = connection.execute(
        "SELECT attribute FROM identity.comparison_level GROUP BY comparison_no, attribute ORDER BY comparison_no"
    ).fetchall()
    return [name for (name,) in rows]


def is_outgrown(connection: duckdb.DuckDBPyConnection, *, changes: int) -> bool:
    """Count so many changes, and say whether all records are to be matched anew; true before the first match."""
    connection.execute("UPDATE identity.learned SET changed_since = changed_since + ?", [changes])
    kept = connection.execute("SELECT records, changed_since FROM identity.learned").fetchall()
    return not kept or kept[0][0] < FEW_RECORDS or kept[0][1] > MOST_CHANGED * kept[0][0]


def load(connection: duckdb.DuckDBPyConnection) -> tuple[Learned, list[str]]:
    """Return what is kept and the blocking rules in use; something was kept before."""
    (kept,) = connection.execute(
        """SELECT people, match_odds_log2, home_odds_log2, calibration_factor, calibration_offset, blocking_rules
           FROM identity.learned"""
    ).fetchall()
    people, match_odds, home_odds, factor, offset, rules = kept
    rows = connection.execute(
        """SELECT attribute, list([match_log2, home_log2, chance_log2, by_name_log2] ORDER BY level_no)
           FROM identity.comparison_level WHERE match_log2 IS NOT NULL
           GROUP BY comparison_no, attribute ORDER BY comparison_no"""
    ).fetchall()
    parts = [np.array([[0.0] * 4, *frequencies], dtype=np.float64).T for _, frequencies in rows]
    comparisons = [KNOWN.get(name) or levels.other(name) for name, _ in rows]
    by_kind = [[part[kind] for part in parts] for kind in range(4)]
    model = Model(comparisons, by_kind[0], by_kind[1], by_kind[2], by_kind[3], match_odds, home_odds)
    counted = _counted(connection)
    names = counted.pop(NAMES).hashes if NAMES in counted else np.zeros(0, dtype=np.int64)
    return Learned(model, Census(people, counted), names, Calibration(factor, offset)), rules


def _counted(connection: duckdb.DuckDBPyConnection) -> dict[str, Counted]:
    table = connection.sql("FROM identity.value_share ORDER BY kind, value_hash").to_arrow_table()
    kinds = table.column("kind").combine_chunks().dictionary_encode()
    hashes, shares = (table.column(name).to_numpy() for name in ("value_hash", "share_log2"))
    codes = kinds.indices.to_numpy()
    starts = np.searchsorted(codes, np.arange(len(kinds.dictionary) + 1))
    return {
        kind: Counted(hashes[starts[at] : starts[at + 1]], shares[starts[at] : starts[at + 1]])
        for at, kind in enumerate(kinds.dictionary.to_pylist())
    }


def _replace(connection: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    connection.register("replacement", table)
    connection.execute(f"DELETE FROM identity.{name}")
    connection.execute(f"INSERT INTO identity.{name} BY NAME SELECT * FROM replacement")
    connection.unregister("replacement")


LEVEL_SCHEMA = pa.schema(
    [("comparison_no", pa.int32()), ("level_no", pa.int32()), ("attribute", pa.string()), ("level", pa.string())]
    + [(f"{kind}_log2", pa.float64()) for kind in ("match", "home", "chance", "by_name")]
)
