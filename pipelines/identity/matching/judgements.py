"""What people decided about pairs of records. It outranks all evidence, and must not contradict itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.identity.matching.clustering import connected
from pipelines.identity.matching.evidence import Ints, Mask
from pipelines.identity.matching.roles import WrongInput

COLUMNS = ("left_id", "right_id", "decision")
DECISIONS = ("match", "no_match", "unsure")
SHOWN = 5


@dataclass(frozen=True)
class Judgements:
    """Pairs of record numbers (left < right) and whether each is one person."""

    left: Ints
    right: Ints
    is_match: Mask

    def among(self, place: Ints) -> Judgements:
        """Number the records by their place."""
        return Judgements(place[self.left], place[self.right], self.is_match)


_NONE = np.zeros(0, dtype=np.int64)
NO_JUDGEMENTS = Judgements(_NONE, _NONE, np.zeros(0, dtype=np.bool_))


def read_judgements(path: Path, record_ids: pa.Array) -> Judgements:
    """Read left_id, right_id, decision (match, no_match or unsure) from CSV or Parquet; unsure decides nothing.

    Pairs with a record that is not there are left out. Raises WrongInput for a wrong file, and for decisions that
    contradict each other, directly or by way of others.
    """
    name = str(path).replace("'", "''")
    scan = (
        f"read_parquet('{name}')"
        if path.suffix == ".parquet"
        else f"read_csv('{name}', all_varchar = true, header = true)"
    )
    try:
        with duckdb.connect() as connection:
            query = f"SELECT DISTINCT {', '.join(COLUMNS)} FROM {scan} ORDER BY ALL"
            table: pa.Table = connection.sql(query).to_arrow_table()
    except duckdb.Error as error:
        raise WrongInput(f"{path}: {str(error).splitlines()[0]}. It needs the columns {', '.join(COLUMNS)}.") from None
    unknown = sorted({str(one) for one in table.column("decision").to_pylist()} - set(DECISIONS))
    if unknown:
        raise WrongInput(f"{path}: unknown decision {', '.join(unknown[:SHOWN])}. Write {', '.join(DECISIONS)}.")
    one, other = (
        pc.index_in(table.column(side), record_ids).fill_null(-1).to_numpy().astype(np.int64) for side in COLUMNS[:2]
    )
    decision = table.column("decision")
    is_match, is_unsure = (pc.equal(decision, said).to_numpy() for said in ("match", "unsure"))
    used = (one >= 0) & (other >= 0) & (one != other) & ~is_unsure
    judged = Judgements(
        np.minimum(one, other)[used],
        np.maximum(one, other)[used],
        is_match[used],
    )
    _check(path, judged, record_ids)
    return judged


def _check(path: Path, judged: Judgements, record_ids: pa.Array) -> None:
    matched = judged.is_match
    group = connected(len(record_ids), judged.left[matched], judged.right[matched])
    wrong = np.flatnonzero(~matched & (group[judged.left] == group[judged.right]))
    if len(wrong):
        pairs = "; ".join(
            f"{record_ids[int(judged.left[at])]} and {record_ids[int(judged.right[at])]}" for at in wrong[:SHOWN]
        )
        raise WrongInput(
            f"{path}: {len(wrong)} no_match decisions contradict matches, at once or by way of other records: {pairs}. "
            "Take one of the decisions back, or write unsure."
        )
