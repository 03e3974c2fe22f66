from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage

from pipelines.identity.matching.clustering import average_linkage


def all_pairs(size: int) -> tuple[np.ndarray, np.ndarray]:
    left, right = np.triu_indices(size, 1)
    return left.astype(np.int64), right.astype(np.int64)


@given(st.integers(2, 9).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, 2**32 - 1))))
def test_where_all_pairs_are_known_the_clusters_are_those_of_average_linkage(case: tuple[int, int]) -> None:
    size, seed = case
    left, right = all_pairs(size)
    # No two averages are equal, so that the tree is one.
    bits = np.random.default_rng(seed).normal(0, 6, len(left))
    found = average_linkage(size, left, right, bits)
    # An independent implementation, on distances: above 0 bits is nearer than 100.
    expected = fcluster(linkage(100 - bits, "average"), 100, "distance")
    assert {frozenset(np.flatnonzero(found == c)) for c in found} == {
        frozenset(np.flatnonzero(expected == c)) for c in expected
    }


def test_one_shared_value_does_not_join_two_people() -> None:
    # a1 a2 are one person, b1 b2 another; a2 and b1 share a telephone (+5), the names say no (-12).
    left, right = np.array([0, 2, 1, 0, 0, 1]), np.array([1, 3, 2, 2, 3, 3])
    bits = np.array([14.0, 14.0, 5.0, -12.0, -12.0, -12.0])
    assert list(average_linkage(4, left, right, bits)) == [0, 0, 2, 2]


def test_pairs_never_compared_speak_mildly_against() -> None:
    # A chain 0-1-2 whose ends were never compared: (3 - 4) / 2 < 0 keeps it apart, (9 - 4) / 2 does not.
    chain = np.array([0, 1]), np.array([1, 2])
    assert list(average_linkage(3, *chain, np.array([10.0, 3.0]))) == [0, 0, 2]
    assert list(average_linkage(3, *chain, np.array([10.0, 9.0]))) == [0, 0, 0]


def test_without_pairs_everybody_is_alone() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    assert list(average_linkage(3, nothing, nothing, np.zeros(0))) == [0, 1, 2]


def test_of_two_equally_near_the_first_is_joined_in_whatever_order_pairs_come() -> None:
    # 1 is as near to 0 as to 2, which are two people: (10 - 30) / 2 < 0 once one of them has it.
    left, right, bits = np.array([0, 1, 0]), np.array([1, 2, 2]), np.array([10.0, 10.0, -30.0])
    for order in ([0, 1, 2], [2, 1, 0], [1, 2, 0]):
        assert list(average_linkage(3, left[order], right[order], bits[order])) == [0, 0, 2]
