"""Which blocks Splink learns from: expectation maximisation needs pairs of which a good part are matches.

A block teaches nothing of what it blocks on, so several are needed. They are tried in the order in which their pairs
tell matches from others; those of one home come last, for housemates look like matches there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.identity.matching.evidence import Ints, numbered, packed
from pipelines.identity.matching.with_splink.records import HOME

BLOCKS = (
    ("given", "family"), ("emails_0",), ("birth",), ("phones_0",), ("national_id",), ("organisation",),
    ("family", "postal_code"), ("family", "city"), (HOME,), ("given",), ("family",),
)  # fmt: skip
COMPARED_COLUMN = re.compile(r"\b(\w+)_[lr]\b")


def training_blocks(records: pa.Table, comparisons: list[dict[str, Any]]) -> Iterator[tuple[str, ...]]:
    """Columns to block on, in turn, so that each comparison is learned in one block at least if any block allows it.

    Blocks without a pair, and those that teach nothing new, are left out.
    """
    unlearned = [_columns_of(comparison) for comparison in comparisons]
    for block in BLOCKS:
        rest = [columns for columns in unlearned if columns & set(block)]
        if len(rest) < len(unlearned) and set(block) <= set(records.column_names) and _has_pairs(records, block):
            yield block
            unlearned = rest


def _columns_of(comparison: dict[str, Any]) -> set[str]:
    conditions = " ".join(level["sql_condition"] for level in comparison["comparison_levels"])
    return set(COMPARED_COLUMN.findall(conditions))


def _has_pairs(records: pa.Table, block: tuple[str, ...]) -> bool:
    keys = numbered(packed(*(_codes(records.column(name)) for name in block)))
    return bool((np.bincount(keys[keys >= 0]) > 1).any())


def _codes(column: pa.ChunkedArray) -> Ints:
    indices = pc.dictionary_encode(column.combine_chunks()).indices
    return np.asarray(indices.fill_null(-1).to_numpy(zero_copy_only=False), dtype=np.int64)
