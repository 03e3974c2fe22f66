"""What holds a customer together: the strongest tree of pairs over its records.

A maximum spanning tree. Between any two records it runs along the way whose weakest pair is strongest (Hu 1961, "The
maximum capacity route problem"), so each of its edges is the best evidence that joins the two halves beside it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import minimum_spanning_tree

from pipelines.identity.matching.clustering import connected

Ints = npt.NDArray[np.int64]


def strongest_tree(left: Ints, right: Ints) -> Ints:
    """Positions of the pairs in the strongest tree of each chain of pairs; strongest first.

    `left` and `right` number the records of each pair, all pairs given once and the strongest first.
    """
    size = int(max(left.max(initial=-1), right.max(initial=-1))) + 1
    # By rank and not by bits: no two ranks are equal, so there is one such tree. Zero would mean no pair.
    rank = np.arange(1, len(left) + 1, dtype=np.float64)
    tree = minimum_spanning_tree(coo_array((rank, (left, right)), shape=(size, size)).tocsr())
    return np.sort(tree.data).astype(np.int64) - 1


def halves(size: int, left: Ints, right: Ints, edge: int) -> npt.NDArray[np.bool_]:
    """Which of `size` records hang on the left end of one edge of a tree once it is cut."""
    others = np.arange(len(left)) != edge
    part = connected(size, left[others], right[others])
    return np.asarray(part == part[left[edge]], dtype=np.bool_)
