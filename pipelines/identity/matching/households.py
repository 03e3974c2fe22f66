"""Who lives together: an output beside identity, never a reason to merge."""

from __future__ import annotations

import numpy as np

from pipelines.identity.matching.addresses import Addresses
from pipelines.identity.matching.clustering import connected
from pipelines.identity.matching.evidence import MISSING, Evidence, Ints, distinct, numbered, packed

# More customers do not live at one address or share a telephone; it is a block of flats or a switchboard.
LARGEST_HOUSEHOLD = 10


def households(evidence: Evidence, cluster: Ints) -> Ints:
    """Lowest cluster number of each record's household: customers with one surname and one address or contact.

    `cluster` is the lowest record number of each record's customer. A record without any of these is a household alone.
    """
    size = len(evidence)
    family = evidence.columns["family"].codes.astype(np.int64) if "family" in evidence.columns else None
    left, right = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    if family is not None:
        shared = [Addresses(evidence).homes] if "street" in evidence.columns else []
        shared += [codes.astype(np.int64) for values in evidence.lists.values() for codes in values.each]
        for codes in shared:
            key = numbered(packed(codes, family))
            filled = np.flatnonzero(key != MISSING)
            members = distinct(key[filled] * size + cluster[filled])
            value, customer = members // size, members % size
            small = np.bincount(value)[value] <= LARGEST_HOUSEHOLD if len(value) else np.zeros(0, dtype=np.bool_)
            value, customer = value[small], customer[small]
            together = value[:-1] == value[1:]
            left.append(customer[:-1][together])
            right.append(customer[1:][together])
    one, other = np.concatenate(left), np.concatenate(right)
    group = connected(size, one, other)
    lowest = np.full(size, size, dtype=np.int64)
    np.minimum.at(lowest, group[cluster], cluster)
    return np.asarray(lowest[group[cluster]], dtype=np.int64)
