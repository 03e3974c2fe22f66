"""How common a value is: the share of people that carry it, where one person's records count once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pipelines.identity.matching.evidence import Ints, Reals, distinct, numbered


class People:
    """Counts holders of values, given who each record is taken to be."""

    def __init__(self, person_of: Ints) -> None:
        self.person_of = numbered(person_of)
        self.count = int(self.person_of.max(initial=0)) + 1

    def shares(self, codes: npt.NDArray[np.integer], values: int) -> Reals:
        """log2 of the share of other people who carry each of `values` values; codes below 0 are no value.

        `codes` holds one or several rounds of all records.
        """
        owners = np.tile(self.person_of, len(codes) // len(self.person_of))
        filled = codes >= 0
        holders = distinct(codes[filled].astype(np.int64) * self.count + owners[filled]) // self.count
        counts = np.bincount(holders, minlength=values)[:values]
        # One of the two is not another one; half a person stands for those not seen yet.
        return np.log2(np.maximum(counts - 1, 0.5) / self.count).astype(np.float32)
