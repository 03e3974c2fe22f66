"""Given and family names beside each other, in the order in which they agree best."""

from __future__ import annotations

import numpy as np
from typing_extensions import override

from pipelines.identity.matching.attribute import Attribute, at_level, compare_codes
from pipelines.identity.matching.evidence import MISSING, Column, Evidence, Ints, Reals, mixed, ranked
from pipelines.identity.matching.levels import FAMILY, GIVEN, ORDER, UNKNOWN, Levels, agreeing
from pipelines.identity.matching.people import Frequencies
from pipelines.identity.matching.spelling import Codes, Spellings
from pipelines.identity.vocabulary import load

SAME, NICKNAME, SLIP, INITIAL, SIMILAR, TWO_NAMES, DIFFERENT = range(1, 8)
FAMILY_SLIP, FAMILY_PART, FAMILY_SIMILAR, FAMILY_DIFFERENT = range(2, 6)
STRAIGHT, SWAPPED = 1, 2
# A given name that so many records carry, or one in so many of them, is a name and not a slip of another.
FEWEST_BEARERS, BEARERS = 4, 10_000


class PersonNames(Attribute):
    """Compares the names of pairs of records."""

    comparisons = (GIVEN, FAMILY, ORDER)

    def __init__(self, evidence: Evidence, given_names: Ints | None = None) -> None:
        self.words, self.given, self.family = _one_vocabulary(evidence)
        numbers = np.append(self.words.hashes, MISSING)
        self.whole, self.whole_hashes = ranked(mixed(numbers[self.given], numbers[self.family]))
        counts = np.bincount(self.given[self.given >= 0], minlength=len(self.words.values))
        formal = load().formal_names
        self.has_nickname = np.fromiter((word in formal for word in self.words.values), np.bool_, len(counts))
        is_borne = counts >= max(FEWEST_BEARERS, len(evidence) // BEARERS)
        self.is_name = self.has_nickname | (
            is_borne if given_names is None else np.isin(self.words.hashes, given_names)
        )
        self.nicknames = _nicknames(self.words)
        self.is_initial = (self.words.lengths == 1) & self.words.is_latin
        self.first_letters = np.array([ord(word[0]) for word in self.words.values] or [0])

    @property
    def names(self) -> Ints:
        """Numbers of the texts that are names, and not a slip in one."""
        return np.sort(self.words.hashes[self.is_name])

    @override
    def levels(self, left: Ints, right: Ints) -> tuple[Levels, ...]:
        given_one, given_other = self.given[left], self.given[right]
        family_one, family_other = self.family[left], self.family[right]
        given, family = self._given(given_one, given_other), self._family(family_one, family_other)
        order = np.full(len(left), STRAIGHT, dtype=np.int8)
        # Fields are swapped if that makes both names agree that do not agree as they stand.
        doubtful = np.flatnonzero((given > SLIP) & (family > FAMILY_SLIP))
        crossed = self._given(given_one[doubtful], family_other[doubtful])
        back = self._family(family_one[doubtful], given_other[doubtful])
        both = (crossed > UNKNOWN) & (crossed <= INITIAL) & (back > UNKNOWN) & (back <= FAMILY_SLIP)
        order[doubtful[both]] = SWAPPED
        given[doubtful[both]], family[doubtful[both]] = crossed[both], back[both]
        order[(given == UNKNOWN) | (family == UNKNOWN)] = UNKNOWN
        for (lone, other), missing in (
            ((given_one, family_other), family_one),
            ((given_other, family_one), family_other),
        ):
            # A name in one word may be the family name.
            rows = np.flatnonzero((given > SLIP) & (missing < 0) & (other >= 0))
            as_family = self._family(lone[rows], other[rows])
            fits = (as_family > UNKNOWN) & (as_family <= FAMILY_SLIP)
            given[rows[fits]], family[rows[fits]] = UNKNOWN, as_family[fits]
        return given, family, order

    def agreeing(self, left: Ints, right: Ints) -> Levels:
        """Count which of given and family name agree in each pair."""
        given, family, _ = self.levels(left, right)
        return agreeing(GIVEN, given) + agreeing(FAMILY, family)

    @override
    def count(self, people: Frequencies) -> None:
        self.given_share = people.shares("given", self.given, self.words.hashes)
        self.family_share = people.shares("family", self.family, self.words.hashes)
        self.whole_share = people.shares("whole_name", self.whole, self.whole_hashes)

    @override
    def shares(self, levels: tuple[Levels, ...], left: Ints, right: Ints) -> tuple[Reals, ...]:
        given = at_level(levels[0], SAME, self.given_share, self.given, left)
        # Where the left name is one word, the right one says which it is.
        has_family = self.family[left] >= 0
        family = at_level(levels[1], SAME, self.family_share, self.family, np.where(has_family, left, right))
        # Given names go with family names (Minh with Ngo): among namesakes they are commoner than elsewhere.
        both = np.flatnonzero((levels[0] == SAME) & (levels[1] == SAME))
        whole = np.maximum(*(self.whole_share[self.whole[side[both]]] for side in (left, right)))
        given[both] = np.maximum(given[both], whole - family[both])
        return given, family, np.zeros(len(left), dtype=np.float32)

    def _given(self, one: Codes, other: Codes) -> Levels:
        result, rows = self._compare(one, other, DIFFERENT)
        if len(rows):
            ones, others = one[rows], other[rows]
            found = Spellings(self.words, ones, others)
            level = np.where(found.is_same, SLIP, np.where(found.is_similar, SIMILAR, DIFFERENT))
            # Two names that people have are two names, however alike: maria and mario, jon and john.
            level[(level < DIFFERENT) & self.is_name[ones] & self.is_name[others]] = TWO_NAMES
            fits = self.first_letters[ones] == self.first_letters[others]
            level = np.where(self.is_initial[ones] | self.is_initial[others], np.where(fits, INITIAL, DIFFERENT), level)
            formal = np.flatnonzero(self.has_nickname[ones] & self.has_nickname[others])
            low, high = np.minimum(ones[formal], others[formal]), np.maximum(ones[formal], others[formal])
            level[formal[np.isin(low * len(self.words.values) + high, self.nicknames)]] = NICKNAME
            result[rows] = level
        # An initial beside the same initial is no name.
        short = np.flatnonzero(result == SAME)
        result[short[self.is_initial[one[short]]]] = INITIAL
        return result

    def _compare(self, one: Codes, other: Codes, different: int) -> tuple[Levels, Ints]:
        result, rows = compare_codes(one, other, different)
        # Written in two scripts, their spelling says nothing.
        is_latin = self.words.is_latin
        result[rows[is_latin[one[rows]] != is_latin[other[rows]]]] = UNKNOWN
        return result, np.flatnonzero(result == different)

    def _family(self, one: Codes, other: Codes) -> Levels:
        result, rows = self._compare(one, other, FAMILY_DIFFERENT)
        if len(rows):
            found = Spellings(self.words, one[rows], other[rows])
            level = np.where(found.is_same, FAMILY_SLIP, np.where(found.is_similar, FAMILY_SIMILAR, FAMILY_DIFFERENT))
            several = self.words.has_blank[one[rows]] | self.words.has_blank[other[rows]]
            doubtful = np.flatnonzero((level == FAMILY_DIFFERENT) & several)
            level[doubtful] = found.each(doubtful, _double_name)
            result[rows] = level
        return result


def _double_name(one: str, other: str) -> int:
    """One word of a double-barrelled name is a part of it."""
    shared = set(one.split()) & set(other.split())
    return FAMILY_PART if any(len(word) > 2 for word in shared) else FAMILY_DIFFERENT


def _one_vocabulary(evidence: Evidence) -> tuple[Column, Ints, Ints]:
    """Given and family names coded into the same values, so that one can be held against the other."""
    nobody = Column(codes=np.full(len(evidence), MISSING, dtype=np.int32), values=[])
    given, family = evidence.columns.get("given", nobody), evidence.columns.get("family", nobody)
    place = {word: at for at, word in enumerate(given.values)}
    for word in family.values:
        place.setdefault(word, len(place))
    moved = np.array([place[word] for word in family.values] + [MISSING], dtype=np.int64)
    return Column(codes=given.codes, values=list(place)), given.codes.astype(np.int64), moved[family.codes]


def _nicknames(words: Column) -> Ints:
    """Pairs of values that are forms of one name, as low * number of values + high."""
    place = {word: at for at, word in enumerate(words.values)}
    groups: dict[str, list[int]] = {}
    for word, formal in load().formal_names.items():
        if word in place:
            for name in formal:
                groups.setdefault(name, []).append(place[word])
    pairs = {(one, other) for group in groups.values() for one in group for other in group if one < other}
    return np.array(sorted(one * len(words.values) + other for one, other in pairs), dtype=np.int64)
