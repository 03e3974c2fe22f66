"""Building blocks of generated columns: seeded chance, picking from pools, joining and choosing text, times.

Times are whole seconds since 1970 (UTC) as int64; NEVER stands for an event that does not happen.
"""

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

DAY = 86_400
HOUR = 3_600
# Far enough ahead that no clock reaches it, small enough to add days to.
NEVER = np.int64(2**53)


def chance(seed: int, day: int, topic: str) -> np.random.Generator:
    """The random numbers of one topic on one day: changing one topic leaves the others as they were."""
    return np.random.default_rng([seed, day, zlib.crc32(topic.encode())])


def weighted(rng: np.random.Generator, weights: Sequence[float], size: int) -> Ints:
    """Positions 0..len(weights)-1 drawn by weight, one per row."""
    edges = np.cumsum(np.asarray(weights, dtype=np.float64))
    return np.minimum(np.searchsorted(edges / edges[-1], rng.random(size), side="right"), len(edges) - 1).astype(
        np.int64
    )


def pick(pool: pa.Array | Sequence[str | None], positions: Ints) -> pa.Array:
    """One pool value per position."""
    source = pool if isinstance(pool, pa.Array | pa.ChunkedArray) else pa.array(pool, pa.string())
    picked = source.take(pa.array(positions))
    return picked.combine_chunks() if isinstance(picked, pa.ChunkedArray) else picked


def draw(rng: np.random.Generator, pool: Sequence[str | None], weights: Sequence[float], size: int) -> pa.Array:
    """One pool value per row, drawn by weight."""
    return pick(pool, weighted(rng, weights, size))


def glue(*parts: Any, separator: str = "") -> pa.Array:
    """Text parts joined row by row without the missing ones; null where every part is missing."""
    nothing = None
    if all(part.null_count for part in parts if isinstance(part, pa.Array)) and not any(
        isinstance(p, pa.Scalar) for p in parts
    ):
        missing = [pc.is_null(part) for part in parts]
        nothing = missing[0]
        for other in missing[1:]:
            nothing = pc.and_(nothing, other)
        # Arrow drops a row whose parts are all missing, so such a row gets a part first and its null afterwards.
        parts = (pc.if_else(nothing, "", parts[0]), *parts[1:])
    joined = pc.binary_join_element_wise(*parts, pa.scalar(separator), null_handling="skip")
    return joined if nothing is None else pc.if_else(nothing, pa.scalar(None, pa.string()), joined)


def where(mask: Mask, yes: Any, no: Any) -> pa.Array:
    """`yes` on the rows of the mask, `no` elsewhere."""
    chosen = pc.if_else(pa.array(mask), yes, no)
    return chosen.combine_chunks() if isinstance(chosen, pa.ChunkedArray) else chosen


def blank(mask: Mask, column: pa.Array) -> pa.Array:
    """The column with nulls on the rows of the mask."""
    return where(mask, pa.scalar(None, column.type), column)


def replaced(column: pa.Array, rows: Ints, values: pa.Array) -> pa.Array:
    """The column with `values` on the given rows, in that order."""
    source = np.arange(len(column))
    source[rows] = len(column) + np.arange(len(rows))
    return pa.concat_arrays([column, values]).take(pa.array(source))


def digits(numbers: Ints, width: int = 0) -> pa.Array:
    """Whole numbers as text, padded with zeros to the width."""
    text = pa.array(numbers).cast(pa.string())
    return pc.utf8_lpad(text, width, "0") if width else text


def known(column: pa.Array) -> Mask:
    """True where the column has a value."""
    return np.asarray(pc.is_valid(column).to_numpy(zero_copy_only=False), dtype=np.bool_)


def times(seconds: Ints) -> pa.Array:
    """Seconds as timestamps; NEVER becomes null."""
    return pa.array(seconds, pa.int64(), mask=seconds >= NEVER).cast(pa.timestamp("s"))


def seconds(column: pa.Array | pa.ChunkedArray) -> Ints:
    """Timestamps as seconds; null becomes NEVER."""
    return np.asarray(pc.fill_null(column.cast(pa.int64()), int(NEVER)).to_numpy(zero_copy_only=False), dtype=np.int64)


def ints(column: pa.Array | pa.ChunkedArray) -> Ints:
    """A column of whole numbers without nulls as numpy."""
    return np.asarray(column.to_numpy(), dtype=np.int64)


def written(column: pa.Array | pa.ChunkedArray, pattern: str) -> pa.Array:
    """Timestamps as text in a strftime pattern."""
    return pc.strftime(column, format=pattern)


def some(rng: np.random.Generator, candidates: Ints, count: int) -> Ints:
    """Up to `count` different candidates in ascending order."""
    return (
        np.sort(rng.choice(candidates, size=min(count, len(candidates)), replace=False))
        if len(candidates)
        else candidates
    )


def stacked(tables: Sequence[pa.Table]) -> pa.Table:
    """Tables of one schema below each other, in one chunk a column."""
    return pa.concat_tables(tables).combine_chunks()
