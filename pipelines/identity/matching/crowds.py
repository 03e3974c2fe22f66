"""Records that say exactly the same in great number: a few of them are compared, the others follow these.

Five hundred orders of one guest are one customer, and a thousand visitors who left nothing but one first name are a
thousand; either way comparing three of them tells. It also keeps a customer with many records from being so large that
the pairs nobody compared outvote those that were.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.identity.matching.evidence import Evidence, Ints, Mask, mixed

# So many of the records that say the same are compared.
COMPARED_ALIKE = 3


@dataclass(frozen=True)
class Crowds:
    """`front`: the records that are compared. `leader`: for every record the place in `front` of the one it follows.

    `crowd`: the place in `front` of the first record that says the same.
    """

    front: Ints
    leader: Ints
    crowd: Ints

    def spread(self, cluster: Ints) -> Ints:
        """Cluster numbers of all records from those of the front: who stands behind joins if the crowd is one.

        Both are lowest record numbers, of the front and of all records.
        """
        size, everybody = len(self.front), np.arange(len(self.leader))
        lowest, highest = np.full(size, size), np.full(size, -1)
        np.minimum.at(lowest, self.crowd[self.front], cluster)
        np.maximum.at(highest, self.crowd[self.front], cluster)
        is_one = lowest[self.crowd] == highest[self.crowd]
        in_front = np.zeros(len(self.leader), dtype=np.bool_)
        in_front[self.front] = True
        return np.where(in_front | is_one, self.front[cluster[self.leader]], everybody)


def find(evidence: Evidence, spoken_of: Ints) -> Crowds:
    """Tell the front from those behind it; records that people have spoken of are always in front."""
    size = len(evidence)
    saying = _saying(evidence)
    order = np.argsort(saying, kind="stable")
    starts = np.append(True, saying[order][1:] != saying[order][:-1])[:size]
    number = np.cumsum(starts) - 1
    place = np.arange(size) - np.flatnonzero(starts)[number] if size else order
    in_front = np.zeros(size, dtype=np.bool_)
    in_front[order] = place < COMPARED_ALIKE
    in_front[spoken_of] = True
    first = np.empty(size, dtype=np.int64)
    first[order] = order[np.flatnonzero(starts)][number] if size else order
    in_front |= ~_says_the_same(evidence, first)
    position = np.cumsum(in_front) - 1
    return Crowds(np.flatnonzero(in_front), np.where(in_front, position, position[first]), position[first])


def _saying(evidence: Evidence) -> Ints:
    """One number for everything that a record says of somebody; what system it is from is no part of it."""
    parts = [column.codes + 1 for name, column in evidence.columns.items() if name != "source"]
    parts += [codes + 1 for some in evidence.lists.values() for codes in some.each]
    return mixed(*(part.astype(np.int64) for part in parts), *evidence.births) if parts else np.arange(len(evidence))


def _says_the_same(evidence: Evidence, first: Ints) -> Mask:
    """Whether each record says what `first` says: two sayings may fall on one number."""
    same = (evidence.births == evidence.births[:, first]).all(axis=0)
    for name, column in evidence.columns.items():
        if name != "source":
            same &= column.codes == column.codes[first]
    for some in evidence.lists.values():
        for codes in some.each:
            same &= codes == codes[first]
    return np.asarray(same)
