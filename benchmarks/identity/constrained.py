"""Clusters from scored pairs under prohibitions: the least that a peer needs to keep households apart.

Pairs are taken by falling score. A pair is refused when its two clusters hold two clearly different given names
(Jaro-Winkler below CLEARLY_DIFFERENT), two birth dates that differ in more than one digit, or two records of a source
that has nobody twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache

from rapidfuzz.distance import JaroWinkler

CLEARLY_DIFFERENT = 0.8


def constrained_clusters(
    pairs: Iterable[tuple[int, int]],
    given_names: Sequence[str | None],
    births: Sequence[str | None],
    sources: Sequence[str | None],
) -> list[int]:
    """The cluster of each record, as the number of one of its members.

    Pairs come best first. `sources` names the source of a record if it has nobody twice, else nothing.
    """
    parent = list(range(len(given_names)))
    names: list[set[str]] = [{name} if name and len(name) > 1 else set() for name in given_names]
    dates: list[set[str]] = [{date} if date else set() for date in births]
    seen: list[set[str]] = [{source} if source else set() for source in sources]

    def root(record: int) -> int:
        while parent[record] != record:
            parent[record] = parent[parent[record]]
            record = parent[record]
        return record

    for one, other in pairs:
        left, right = root(one), root(other)
        if left == right or not seen[left].isdisjoint(seen[right]):
            continue
        if _clash(names[left], names[right], _differ) or _clash(dates[left], dates[right], _far):
            continue
        if len(names[left]) + len(dates[left]) < len(names[right]) + len(dates[right]):
            left, right = right, left
        parent[right] = left
        names[left] |= names[right]
        dates[left] |= dates[right]
        seen[left] |= seen[right]
    return [root(record) for record in range(len(parent))]


def _clash(one: set[str], other: set[str], test: Callable[[str, str], bool]) -> bool:
    return any(test(min(a, b), max(a, b)) for a in one for b in other if a != b)


@cache
def _differ(one: str, other: str) -> bool:
    return JaroWinkler.similarity(one, other) < CLEARLY_DIFFERENT


@cache
def _far(one: str, other: str) -> bool:
    return len(one) != len(other) or sum(a != b for a, b in zip(one, other, strict=True)) > 1
