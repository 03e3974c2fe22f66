"""From pairs to clusters: records join while the evidence between all of them, on average, says one person.

Connected components join whoever is linked by a chain; a household is such a chain. Average linkage asks every pair
across two clusters, so one shared telephone does not outvote two names. Pairs nobody compared count as a mild no.
Mutually nearest clusters are merged at once, in rounds; for average linkage that gives the same tree as merging one by
one (Bruynooghe 1978; Müllner 2011), and a round is one sort however many clusters merge in it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from pipelines.identity.matching.evidence import Ints

Reals = npt.NDArray[np.float64]

# Bits of a pair that shares no block, so that it was never compared.
NEVER_COMPARED = -4.0


def average_linkage(size: int, left: Ints, right: Ints, bits: npt.NDArray[np.floating], threshold: float = 0.0) -> Ints:
    """Cluster number of each of `size` records: the lowest record number in its cluster.

    `bits` is log2 odds of a match for each pair (left < right, each pair once), which the caller bounds so that none
    outvotes all others; clusters merge while their average is above `threshold`.
    """
    cluster = np.arange(size, dtype=np.int64)
    component = components(size, left, right, bits, threshold)
    # Records that no chain of good pairs connects never meet.
    together = component[left] == component[right]
    left, right, bits = left[together], right[together], bits[together]
    members = np.ones(size, dtype=np.int64)
    one, other, total, count = _joined(left, right, bits.astype(np.float64), np.ones(len(left), dtype=np.int64), size)
    while len(one):
        possible = members[one] * members[other]
        average = (total + NEVER_COMPARED * (possible - count)) / possible
        good = np.flatnonzero(average > threshold)
        if not len(good):
            break
        mutual = good[_mutually_nearest(one[good], other[good], np.round(average[good], 6), size)]
        into = np.arange(size, dtype=np.int64)
        into[other[mutual]] = one[mutual]
        members[one[mutual]] += members[other[mutual]]
        cluster = into[cluster]
        one, other, total, count = _joined(into[one], into[other], total, count, size)
    return cluster


def _mutually_nearest(one: Ints, other: Ints, average: Reals, size: int) -> Ints:
    """Pairs that are the strongest of both their clusters; among equals the first counts, so that the order is total.

    `one` and `other` are sorted.
    """
    strongest = np.full(size, -np.inf)
    for ends in (one, other):
        np.maximum.at(strongest, ends, average)
    nearest = np.full(size, len(one), dtype=np.int64)
    for ends in (one, other):
        first = np.full(size, len(one), dtype=np.int64)
        # Backwards, so that of several the first is written last.
        pairs = np.flatnonzero(average == strongest[ends])[::-1]
        first[ends[pairs]] = pairs
        nearest = np.minimum(nearest, first)
    return np.flatnonzero(nearest[one] == nearest[other])


def _joined(one: Ints, other: Ints, total: Reals, count: Ints, size: int) -> tuple[Ints, Ints, Reals, Ints]:
    """Sum what lies between the same two clusters, and drop what lies within one."""
    coded = np.minimum(one, other) * size + np.maximum(one, other)
    coded[one == other] = -1
    order = np.argsort(coded, kind="stable")
    order = order[np.searchsorted(coded, 0, sorter=order) :]
    coded = coded[order]
    starts = np.flatnonzero(np.append(True, coded[1:] != coded[:-1])[: len(coded)])
    if not len(starts):
        return coded, coded, total[:0], count[:0]
    low, high = np.divmod(coded[starts], size)
    return low, high, np.add.reduceat(total[order], starts), np.add.reduceat(count[order], starts)


def components(size: int, left: Ints, right: Ints, bits: npt.NDArray[np.floating], threshold: float) -> Ints:
    """Number of the chain of pairs above the threshold that each record is on."""
    good = bits > threshold
    return connected(size, left[good], right[good])


def connected(size: int, left: Ints, right: Ints) -> Ints:
    """Number of the connected component of each of `size` nodes under the links."""
    links = coo_array((np.ones(len(left), dtype=np.bool_), (left, right)), shape=(size, size))
    return np.asarray(connected_components(links, directed=False)[1], dtype=np.int64)
