"""Which judgements can stand beside each other: what matches make one customer, no other judgement may part.

Pure: it knows pairs and decisions, no database. Judgements are few, people make them one by one.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping

Pair = tuple[str, str]
Neighbours = Mapping[str, set[str]]


class Verdicts:
    """The judgements in force, as a graph: matches are its edges, and some pairs of nodes must not be connected."""

    def __init__(self) -> None:
        self._matched: defaultdict[str, set[str]] = defaultdict(set)
        self._parted: defaultdict[str, set[str]] = defaultdict(set)

    def put(self, left: str, right: str, decision: str) -> None:
        """Let a decision on a pair take the place of the former one; `unsure` leaves none."""
        for one, other in ((left, right), (right, left)):
            self._matched[one].discard(other)
            self._parted[one].discard(other)
            if decision == "match":
                self._matched[one].add(other)
            elif decision == "no_match":
                self._parted[one].add(other)

    def objections(self, left: str, right: str, decision: str) -> list[Pair]:
        """Pairs already judged that the decision cannot stand beside; empty when it can.

        For no_match: the shortest chain of matches between the two. For match: the pair that would be both one and
        two, after the chains of matches that lead to it from either side.
        """
        if decision == "no_match":
            return chain(self._matched, left, right)
        if decision == "match":
            reached = _parents(self._matched, right).keys()
            for one in sorted(_parents(self._matched, left)):
                for other in sorted(self._parted[one] & reached):
                    return [*chain(self._matched, left, one), (one, other), *chain(self._matched, other, right)]
        return []


def chain(neighbours: Neighbours, start: str, end: str) -> list[Pair]:
    """Pairs of neighbours on a shortest way from one record to another; empty when there is none, or nothing to go."""
    parents, steps = _parents(neighbours, end), list[Pair]()
    while start in parents and start != end:
        steps.append((start, parents[start]))
        start = parents[start]
    return steps


def _parents(neighbours: Neighbours, root: str) -> dict[str, str]:
    """Each record that is connected with `root`: its neighbour on a shortest way there."""
    parents, waiting = {root: root}, deque([root])
    while waiting:
        one = waiting.popleft()
        for other in sorted(neighbours.get(one, set()) - parents.keys()):
            parents[other] = one
            waiting.append(other)
    return parents
