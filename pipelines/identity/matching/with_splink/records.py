"""Evidence as the flat table that Splink reads: one text column a value, so that SQL can compare it.

The names of columns are ours and plain words, so they can stand unquoted in SQL of any dialect.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.identity.matching.addresses import Addresses
from pipelines.identity.matching.evidence import Evidence, Values

RECORD = "record"
HOME = "home"
# Parts of a street, which SQL compares as a whole.
PARTS_OF_STREET = ("house", "way")


def records(evidence: Evidence) -> pa.Table:
    """One row a record: its number (`record`), and its values by column; null where a value is missing.

    A list becomes numbered columns (`emails_0`, `emails_1`); `birth` is YYYYMMDD with 0 for parts that are not known;
    `home` is a number for a street in a place. What has one value throughout tells nobody from anybody; it is left out.
    """
    columns = {name: column for name, column in _columns(evidence) if len(column.unique().drop_null()) > 1}
    return pa.table({RECORD: np.arange(len(evidence)), **columns})


def _columns(evidence: Evidence) -> Iterator[tuple[str, pa.Array]]:
    for name, column in evidence.columns.items():
        if name not in PARTS_OF_STREET:
            yield name, _texts(column, column.codes)
    for name, values in evidence.lists.items():
        for at, codes in enumerate(values.each):
            yield f"{name}_{at}", _texts(values, codes)
    if evidence.births[0].any():
        yield "birth", _births(evidence)
    if "street" in evidence.columns:
        homes = Addresses(evidence).homes
        yield HOME, pa.array(homes, mask=homes < 0).cast(pa.string())


def _texts(values: Values, codes: npt.NDArray[np.integer]) -> pa.Array:
    return pa.array(values.values, pa.string()).take(pa.array(codes, mask=codes < 0))


def _births(evidence: Evidence) -> pa.Array:
    year, month, day = evidence.births
    dates = np.char.mod("%08d", year * 10_000 + month * 100 + day)
    return pa.array(dates, pa.string(), mask=year == 0)
