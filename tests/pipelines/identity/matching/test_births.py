from __future__ import annotations

import numpy as np
import pytest

from pipelines.identity.matching.attributes import Births
from pipelines.identity.matching.levels import BIRTH

Date = tuple[int, int, int]


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ((1980, 3, 14), (1980, 3, 14), "same"),
        ((1980, 3, 14), (1980, 3, 15), "slip"),  # one digit
        ((1980, 3, 14), (1988, 3, 14), "slip"),
        ((1980, 3, 14), (1980, 3, 41), "slip"),  # two digits swapped
        ((1980, 3, 14), (1908, 3, 14), "slip"),
        ((1980, 3, 4), (1980, 4, 3), "slip"),  # day for month
        ((1980, 3, 14), (1980, 3, 25), "two_parts"),  # two digits, not each other's
        ((1980, 3, 14), (1993, 3, 14), "two_parts"),
        ((1980, 3, 14), (1980, 7, 29), "year"),
        ((1980, 0, 0), (1980, 3, 14), "year"),
        ((1980, 0, 0), (1981, 3, 14), "different"),
        ((1980, 3, 14), (1957, 11, 28), "different"),
        ((0, 3, 14), (1980, 3, 14), None),
    ],
)
def test_dates_differ_by_a_slip_or_by_more(one: Date, other: Date, level: str | None) -> None:
    births = Births(np.array([one, other], dtype=np.int64).T)
    names = [None, *(known.name for known in BIRTH.levels)]
    for left, right in ((0, 1), (1, 0)):
        (found,) = births.levels(np.array([left]), np.array([right]))
        assert names[found[0]] == level
