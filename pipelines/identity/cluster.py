"""From linked pairs to clusters: connected components that never hold two clearly different people.

Pure Python and numpy over links, not over data. Links are followed from the strongest to the weakest; a link that would
bring two clearly different names, birth dates or kinds of party together, or records that a steward holds apart, is
refused with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from pipelines.identity.names import Name, birth_dates_agree, compare, slips_of


class Link(NamedTuple):
    """An accepted pair of records, by their numbers; a decreed link is a steward's and passes every guard but one."""

    left: int
    right: int
    is_decreed: bool = False


@dataclass
class Clustering:
    """`roots[i]` is the same number for all records of a cluster: its lowest.

    `guarded` maps the position of a refused link to the reason; `spanning` lists the positions of the links that joined
    two clusters. Links come strongest first, so the spanning links form a maximum spanning forest.
    """

    roots: list[int]
    guarded: dict[int, str] = field(default_factory=dict)
    spanning: list[int] = field(default_factory=list)


def cluster(
    size: int,
    links: Iterable[tuple[int, int, bool]],
    *,
    names: Sequence[int],
    name_of: Mapping[int, Name],
    birth_dates: Sequence[str | None],
    parties: Sequence[str],
    apart: Iterable[tuple[int, int]] = (),
) -> Clustering:
    """Cluster records 0 … size-1 by links (each a Link or a plain tuple like it).

    `names[i]` is a number into `name_of`, or 0 for none. `parties[i]` is person, organisation or unknown. `apart` are
    pairs that must not share a cluster. Links must come strongest first; their order decides which of two contradicting
    links holds.
    """
    parents = list(range(size))
    holdings = _Holdings(names, name_of, birth_dates, parties)
    enemies: dict[int, set[int]] = {}
    for left, right in apart:
        enemies.setdefault(left, set()).add(right)
        enemies.setdefault(right, set()).add(left)

    def root(record: int) -> int:
        while parents[record] != record:
            parents[record] = parents[parents[record]]
            record = parents[record]
        return record

    result = Clustering(parents)
    for position, (left, right, is_decreed) in enumerate(links):
        low, high = root(left), root(right)
        if low == high:
            continue
        if low > high:
            low, high = high, low
        if enemies and any(root(enemy) == low for enemy in enemies.get(high, ())):
            result.guarded[position] = "judged_apart"
            continue
        if not is_decreed and (reason := holdings.conflict(low, high)):
            result.guarded[position] = reason
            continue
        parents[high] = low
        holdings.merge(low, high)
        if high in enemies:
            enemies.setdefault(low, set()).update(enemies.pop(high))
        result.spanning.append(position)
    result.roots = [root(record) for record in range(size)]
    return result


# Distinct names, birth dates and parties of a cluster.
_Held = tuple[frozenset[int], frozenset[str], frozenset[str]]


class _Holdings:
    """What each cluster holds, kept only once records that say different things have met in it."""

    def __init__(
        self,
        names: Sequence[int],
        name_of: Mapping[int, Name],
        birth_dates: Sequence[str | None],
        parties: Sequence[str],
    ) -> None:
        self._names, self._name_of, self._birth_dates, self._parties = names, name_of, birth_dates, parties
        self._of_cluster: dict[int, _Held] = {}
        self._differ = lru_cache(maxsize=1 << 18)(self._names_differ)

    def conflict(self, low: int, high: int) -> str | None:
        """Say why the two clusters may not be one, or None."""
        if low not in self._of_cluster and high not in self._of_cluster:
            return self._conflict_of_two(low, high)
        left_names, left_dates, left_parties = self._held(low)
        right_names, right_dates, right_parties = self._held(high)
        if left_parties and right_parties and left_parties != right_parties:
            return "person_and_organisation"
        clashes = ((a, b) for a in left_names - right_names for b in right_names - left_names if self._differ(a, b))
        if any(not self._is_slip(a, b, left_names | right_names) for a, b in clashes):
            return "names_differ"
        if any(not birth_dates_agree(a, b) for a in left_dates - right_dates for b in right_dates - left_dates):
            return "birth_dates_differ"
        return None

    def _conflict_of_two(self, left: int, right: int) -> str | None:
        """The same for two single records: without sets, since most clusters are small."""
        parties = self._parties[left], self._parties[right]
        if parties[0] != parties[1] and "unknown" not in parties:
            return "person_and_organisation"
        one, other = self._names[left], self._names[right]
        if one != other and one and other and self._differ(one, other):
            return "names_differ"
        born, also = self._birth_dates[left], self._birth_dates[right]
        return "birth_dates_differ" if born and also and born != also and not birth_dates_agree(born, also) else None

    def merge(self, low: int, high: int) -> None:
        if low not in self._of_cluster and high not in self._of_cluster and self._says_the_same(low, high):
            return
        left, right = self._held(low), self._held(high)
        self._of_cluster[low] = (left[0] | right[0], left[1] | right[1], left[2] | right[2])
        self._of_cluster.pop(high, None)

    def _says_the_same(self, low: int, high: int) -> bool:
        return (
            self._names[low] == self._names[high]
            and self._birth_dates[low] == self._birth_dates[high]
            and self._parties[low] == self._parties[high]
        )

    def _held(self, root: int) -> _Held:
        if root in self._of_cluster:
            return self._of_cluster[root]
        name, birth, party = self._names[root], self._birth_dates[root], self._parties[root]
        return (
            frozenset((name,)) if name else frozenset(),
            frozenset((birth,)) if birth else frozenset(),
            frozenset() if party == "unknown" else frozenset((party,)),
        )

    def _is_slip(self, left: int, right: int, held: frozenset[int]) -> bool:
        """Two wrong spellings of a name that a third record of the clusters has right."""
        one, other = self._name_of[left], self._name_of[right]
        return any(slips_of(self._name_of[known], one, other) for known in held - {left, right})

    def _names_differ(self, left: int, right: int) -> bool:
        return compare(self._name_of[left], self._name_of[right]).relation == "different"
