"""How common a value is: the share of people that carry it, where one person's records count once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from pipelines.identity.matching.evidence import Ints, Reals, distinct, numbered

# One of the two is not another one; half a person stands for those not seen yet.
UNSEEN = 0.5


class Frequencies(Protocol):
    """Knows how common values are: by counting them, or from a former count."""

    def shares(self, kind: str, codes: npt.NDArray[np.integer], hashes: Ints, /) -> Reals:
        """log2 of the share of other people who carry each value, and behind the last that of a value not seen yet.

        `codes` holds the value of each record (below 0 is none), once or several times over; `hashes` numbers the
        values of a `kind` for good.
        """


@dataclass(frozen=True)
class Counted:
    """The values of one kind that several people share: their numbers, rising, and log2 of their shares."""

    hashes: Ints
    shares: Reals


class People:
    """Counts holders of values, given who each record is taken to be. `counted` is what was asked so far, by kind."""

    def __init__(self, person_of: Ints) -> None:
        self.person_of = numbered(person_of)
        self.count = int(self.person_of.max(initial=0)) + 1
        self.counted: dict[str, Counted] = {}

    def shares(self, kind: str, codes: npt.NDArray[np.integer], hashes: Ints) -> Reals:
        """See Frequencies."""
        owners = np.tile(self.person_of, len(codes) // len(self.person_of))
        filled = codes >= 0
        holders = distinct(codes[filled].astype(np.int64) * self.count + owners[filled]) // self.count
        counts = np.bincount(holders, minlength=len(hashes))
        result = np.log2(np.maximum(counts - 1, UNSEEN) / self.count).astype(np.float32)
        several = np.flatnonzero(counts > 1)
        several = several[np.argsort(hashes[several], kind="stable")]
        self.counted[kind] = Counted(hashes[several], result[several])
        return np.append(result, np.log2(UNSEEN / self.count)).astype(np.float32)


@dataclass(frozen=True)
class Census:
    """A former count of `count` people: the values of each kind that several of them share."""

    count: int
    counted: dict[str, Counted]

    def shares(self, kind: str, _codes: npt.NDArray[np.integer], hashes: Ints) -> Reals:
        """See Frequencies; a value that was not shared by several counts as one not seen."""
        result = np.full(len(hashes) + 1, np.log2(UNSEEN / self.count), dtype=np.float32)
        known = self.counted.get(kind)
        if known is not None and len(known.hashes):
            at = np.minimum(np.searchsorted(known.hashes, hashes), len(known.hashes) - 1)
            found = np.flatnonzero(known.hashes[at] == hashes)
            result[found] = known.shares[at[found]]
        return result
