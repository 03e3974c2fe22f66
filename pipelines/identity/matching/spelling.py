"""Whether two spellings are one word."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import OSA, JaroWinkler
from rapidfuzz.process import cpdist

from pipelines.identity.matching.evidence import Ints, Mask, Values

Codes = npt.NDArray[np.integer]
# Jaro-Winkler similarity from which two spellings count as one word, and from which they may.
SAME_SPELLING, SIMILAR_SPELLING = 0.92, 0.82
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
        return cpdist(*self._texts(), scorer=JaroWinkler.similarity, score_cutoff=0.8, dtype=np.float32)

    @cached_property
    def slips(self) -> npt.NDArray[np.int8]:
        """Letters added, dropped, changed or swapped with their neighbour; 3 stands for three and more."""
        result = np.full(len(self), 3, dtype=np.int8)
        # A slip changes which letters there are by two at most, which is quick to see.
        rows = np.flatnonzero(self.differing_letters <= 4)
        result[rows] = cpdist(*self._texts(rows), scorer=OSA.distance, score_cutoff=2, dtype=np.int8)
        return result

    @cached_property
    def differing_letters(self) -> npt.NDArray[np.uint8]:
        """Letters and digits that only one of the two has."""
        letters = self.values.letters
        return np.asarray(np.bitwise_count(letters[self.one] ^ letters[self.other]), dtype=np.uint8)

    @cached_property
    def shorter(self) -> Ints:
        """Length of the shorter value."""
        return np.minimum(self.values.lengths[self.one], self.values.lengths[self.other])

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

    def _texts(self, rows: Ints | slice = slice(None)) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]]:
        return self.values.texts[self.one[rows]], self.values.texts[self.other[rows]]
