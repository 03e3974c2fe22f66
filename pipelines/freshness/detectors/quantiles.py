"""Quantiles of a column as levels: the logarithm of one more than the value, with its sign."""

from __future__ import annotations

import math
from typing import Literal

from pipelines.freshness.history import FeedHistory
from pipelines.freshness.signals import Series, per_column
from pipelines.ledger.profiles import ColumnProfile

# Quantiles of fewer values say little.
FEWEST_VALUES = 20


Quantile = Literal["q05", "q50", "q95"]
QUANTILES: tuple[Quantile, ...] = ("q05", "q50", "q95")


def is_amount(history: FeedHistory, column: str) -> bool:
    """Whether a column is declared to be money."""
    declared = history.contract.canonical.columns.get(column)
    return declared is not None and declared.unit == "currency"


def quantile_series(quantile: Quantile, *, of_amounts: bool) -> Series:
    """Levels of a quantile, of amounts or of all other numbers.

    Zero is left out: it is the value of what has none, and a flood of it is a failure of its own.
    """

    def read(history: FeedHistory, column: ColumnProfile) -> tuple[float, float] | None:
        value: float | None = getattr(column, quantile)
        values = column.rows - column.nulls
        if not value or column.hours is not None or values < FEWEST_VALUES:
            return None
        if is_amount(history, column.column) != of_amounts:
            return None
        return level(value), values

    return per_column(read, quantile)


def level(value: float) -> float:
    """A value on the scale on which bands of levels live."""
    return math.copysign(math.log1p(abs(value)), value)
