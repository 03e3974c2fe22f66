"""What an attribute of records can do: be compared, be counted, and say how common a value is."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import numpy.typing as npt

from pipelines.identity.matching.evidence import MISSING, Columns, Ints, Reals
from pipelines.identity.matching.levels import UNKNOWN, Comparison, Levels
from pipelines.identity.matching.people import Frequencies


class Attribute(ABC):
    """One or more comparisons of the same values.

    It turns pairs of records into levels (see `levels`) and, once it is known who counts as one person, into the
    shares of the values that agree.
    """

    comparisons: tuple[Comparison, ...]

    @abstractmethod
    def levels(self, left: Ints, right: Ints) -> tuple[Levels, ...]:
        """Compare records `left` with records `right`; one array a comparison."""

    @abstractmethod
    def count(self, people: Frequencies) -> None:
        """Learn how common values are."""

    @abstractmethod
    def shares(self, levels: tuple[Levels, ...], left: Ints, right: Ints) -> tuple[Reals, ...]:
        """log2 of the share of people with the value, for levels that are `of_value`; 0 for others."""


def compare_codes(one: npt.NDArray[np.integer], other: npt.NDArray[np.integer], different: int) -> tuple[Levels, Ints]:
    """Levels 1 where codes are equal, UNKNOWN where one is missing, else `different`; and the rows of the latter."""
    result = np.full(len(one), different, dtype=np.int8)
    result[one == other] = 1
    result[(one < 0) | (other < 0)] = UNKNOWN
    return result, np.flatnonzero(result == different)


def at_level(levels: Levels, level: int, share: Reals, codes: npt.NDArray[np.integer]) -> Reals:
    """Share of the value on the rows of one level, else 0."""
    return np.where(levels == level, share[codes], np.float32(0))


def shared_values(columns: Columns, left: Ints, right: Ints, different: int) -> tuple[Ints, Levels]:
    """A value that both records have (else MISSING), and levels `different`, or UNKNOWN where a record has none."""
    shared = np.full(len(left), MISSING, dtype=np.int64)
    for one in columns.each:
        for other in columns.each:
            first = one[left]
            same = (first == other[right]) & (first >= 0) & (shared < 0)
            shared[same] = first[same]
    levels = np.full(len(left), different, dtype=np.int8)
    # Values stand first in first; a record without a first one has none.
    levels[(columns.each[0][left] < 0) | (columns.each[0][right] < 0)] = UNKNOWN
    return shared, levels
