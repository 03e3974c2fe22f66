"""What an attribute of records can do: be compared, be counted, and say how common a value is."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import numpy.typing as npt

from pipelines.identity.matching.evidence import MISSING, Codes, Columns, Ints, Mask, Reals
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


def at_level(levels: Levels, level: int, share: Reals, codes: npt.NDArray[np.integer], records: Ints) -> Reals:
    """Share of the value that `records` have, on the rows of one level, else 0."""
    result = np.zeros(len(levels), dtype=np.float32)
    rows = np.flatnonzero(levels == level)
    result[rows] = share[codes[records[rows]]]
    return result


def shared_values(columns: Columns, left: Ints, right: Ints) -> tuple[Codes, Mask]:
    """A value that both records have (else MISSING), and whether both have any."""
    ones, others = ([codes[side] for codes in columns.each] for side in (left, right))
    shared = np.full(len(left), MISSING, dtype=np.int32)
    for one in ones:
        for other in others:
            same = (one == other) & (one >= 0) & (shared < 0)
            shared[same] = one[same]
    # Values stand first in first; a record without a first one has none.
    return shared, (ones[0] >= 0) & (others[0] >= 0)


def share_of_shared(columns: Columns, share: Reals, rows: Ints, left: Ints, right: Ints) -> Reals:
    """Share of the value that both records have, on some rows, else 0."""
    result = np.zeros(len(left), dtype=np.float32)
    shared, _ = shared_values(columns, left[rows], right[rows])
    result[rows] = share[shared]
    return result
