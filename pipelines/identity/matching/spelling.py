"""Whether two spellings are one word."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import OSA, JaroWinkler
from rapidfuzz.process import cpdist

from pipelines.identity.matching.evidence import Bits, Ints, Mask, Values

Codes = npt.NDArray[np.integer]
# Jaro-Winkler similarity from which two spellings count as one word, and from which they may.
SAME_SPELLING, SIMILAR_SPELLING = 0.92, 0.82
# Jaro-Winkler similarity below which two spellings are nowhere near, and Jaro similarity from which Winkler's bonus
# counts (Winkler 1990); both are held against a bound with some room for rounding.
LEAST, BONUS_FROM, ROUNDING = 0.8, 0.7, 1e-6
# One slip of the keyboard is forgiven from this length on, two from the other.
ONE_SLIP, TWO_SLIPS = 4, 7


class Spellings:
    """Pairs of values of a column, by their codes `one` and `other`."""

    def __init__(self, values: Values, one: Codes, other: Codes) -> None:
        self.values, self.one, self.other = values, one, other

    def __len__(self) -> int:
        return len(self.one)

    @cached_property
    def similarity(self) -> npt.NDArray[np.float32]:
        """Jaro-Winkler; 0 below .8."""
        result = np.zeros(len(self), dtype=np.float32)
        rows = np.flatnonzero(self._may_be_similar)
        result[rows] = cpdist(*self._texts(rows), scorer=JaroWinkler.similarity, score_cutoff=LEAST, dtype=np.float32)
        return result

    @cached_property
    def slips(self) -> npt.NDArray[np.int8]:
        """Letters added, dropped, changed or swapped with their neighbour; 3 stands for three and more."""
        return self._slips_up_to(2)

    @property
    def is_one_slip(self) -> Mask:
        """Whether at most one letter is added, dropped, changed or swapped with its neighbour."""
        return np.asarray(self._slips_up_to(1) <= 1)

    @cached_property
    def differing_letters(self) -> npt.NDArray[np.uint8]:
        """Letters and digits that only one of the two has."""
        one, other = self._letters
        return np.asarray(np.bitwise_count(one ^ other), dtype=np.uint8)

    @cached_property
    def shorter(self) -> Ints:
        """Length of the shorter value."""
        return np.minimum(*self._lengths)

    @property
    def is_same(self) -> Mask:
        """One word with slips of the keyboard."""
        slips = ((self.slips <= 1) & (self.shorter >= ONE_SLIP)) | ((self.slips <= 2) & (self.shorter >= TWO_SLIPS))
        return np.asarray(slips | ((self.similarity >= SAME_SPELLING) & (self.shorter >= ONE_SLIP - 1)))

    @property
    def is_similar(self) -> Mask:
        """Perhaps one word."""
        slips = ((self.slips <= 1) & (self.shorter > 1)) | ((self.slips <= 2) & (self.shorter > ONE_SLIP))
        return np.asarray(slips | (self.similarity >= SIMILAR_SPELLING))

    def each(self, rows: Ints, level: Callable[[str, str], int]) -> npt.NDArray[np.int8]:
        """Apply `level` to the two texts of some rows, once for each pair of values."""
        known: dict[tuple[int, int], int] = {}
        texts, result = self.values.values, np.empty(len(rows), dtype=np.int8)
        for at, pair in enumerate(zip(self.one[rows].tolist(), self.other[rows].tolist(), strict=True)):
            found = known.get(pair)
            if found is None:
                found = known[pair] = level(texts[pair[0]], texts[pair[1]])
            result[at] = found
        return result

    @cached_property
    def _may_be_similar(self) -> Mask:
        """Whether Jaro-Winkler can reach .8, from a bound that needs the letters only and spares most pairs the rest.

        A letter that the other value lacks matches nothing in it. Values of one first letter need a Jaro similarity of
        .7, from which on Winkler's bonus for a common beginning counts; others get no bonus.
        """
        (one, other), (length, other_length) = self._letters, self._lengths
        matching = np.minimum(length - np.bitwise_count(one & ~other), other_length - np.bitwise_count(other & ~one))
        initials, is_latin = self.values.first_bytes, self.values.is_latin
        needed = np.where(initials[self.one] == initials[self.other], BONUS_FROM, LEAST)
        jaro = (matching / length + matching / other_length + 1) / 3
        # Beyond Latin a letter is several bytes, so what is lacking says less.
        return np.asarray((jaro > needed - ROUNDING) | ~(is_latin[self.one] & is_latin[self.other]))

    @cached_property
    def _letters(self) -> tuple[Bits, Bits]:
        return self.values.letters[self.one], self.values.letters[self.other]

    @cached_property
    def _lengths(self) -> tuple[Ints, Ints]:
        return self.values.lengths[self.one], self.values.lengths[self.other]

    def _slips_up_to(self, most: int) -> npt.NDArray[np.int8]:
        result = np.full(len(self), most + 1, dtype=np.int8)
        # A slip changes which letters there are by two at most, and how many by one, which is quick to see.
        one, other = self._lengths
        rows = np.flatnonzero((self.differing_letters <= 2 * most) & (np.abs(one - other) <= most))
        result[rows] = cpdist(*self._texts(rows), scorer=OSA.distance, score_cutoff=most, dtype=np.int8)
        return result

    def _texts(self, rows: Ints | slice = slice(None)) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]]:
        return self.values.texts[self.one[rows]], self.values.texts[self.other[rows]]
