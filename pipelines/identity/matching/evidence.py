"""Records as arrays: one code a value, so that a million comparisons are one step of NumPy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]
Reals = npt.NDArray[np.float32]

Bits = npt.NDArray[np.uint64]

MISSING = -1
# Spreads numbers over all bits (Knuth 1998, 6.4: multiplicative hashing with the golden ratio).
MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(kw_only=True)
class Values:
    """Distinct texts; codes are their numbers."""

    values: list[str]

    @cached_property
    def texts(self) -> npt.NDArray[np.object_]:
        """The values as an array that can be indexed by codes."""
        return np.array(self.values, dtype=object)

    @cached_property
    def hashes(self) -> Ints:
        """A number for each value (63 bits) that is the same in every table and run."""
        return hashes_of(self.texts)

    @cached_property
    def letters(self) -> npt.NDArray[np.uint64]:
        """Which letters and digits each value has, a bit each; beyond Latin ones several may share a bit."""
        return self._over_bytes(np.bitwise_or, lambda byte: np.left_shift(np.uint64(1), byte & np.uint64(63)))

    @cached_property
    def lengths(self) -> Ints:
        """Letters of each value."""
        return np.asarray(pc.utf8_length(self.array).to_numpy(zero_copy_only=False), dtype=np.int64)

    @cached_property
    def first_bytes(self) -> npt.NDArray[np.uint8]:
        """First byte of each value in UTF-8: of a Latin value its first letter."""
        starts, data = self._bytes
        return data[starts]

    @cached_property
    def is_latin(self) -> Mask:
        """Which values are written in Latin letters."""
        return self._over_bytes(np.maximum, lambda byte: byte) < np.uint64(128)

    @cached_property
    def has_blank(self) -> Mask:
        """Which values are more than one word."""
        return self._over_bytes(np.maximum, lambda byte: (byte == ord(" ")).astype(np.uint64)) > 0

    @cached_property
    def array(self) -> pa.Array:
        """The values as Arrow has them."""
        return pa.array(self.values, pa.large_string())

    def _over_bytes(self, combine: np.ufunc, of_byte: Callable[[Bits], Bits]) -> Bits:
        """Combine something of every byte of each value; no value is empty."""
        starts, data = self._bytes
        if not len(starts):
            return np.zeros(0, dtype=np.uint64)
        return np.asarray(combine.reduceat(of_byte(np.arange(256, dtype=np.uint64))[data], starts))

    @cached_property
    def _bytes(self) -> tuple[Ints, npt.NDArray[np.uint8]]:
        """Where each value starts in the UTF-8 of all, and that."""
        _, offsets, data = self.array.buffers()
        starts = np.frombuffer(offsets, dtype=np.int64, count=len(self.values))
        return starts, np.frombuffer(data, dtype=np.uint8) if len(starts) else np.zeros(0, dtype=np.uint8)


@dataclass(kw_only=True)
class Column(Values):
    """One value a record as a code into `values`, MISSING where there is none."""

    codes: Codes

    @cached_property
    def hashed(self) -> Ints:
        """The number of each record's value, MISSING where there is none."""
        return np.append(self.hashes, MISSING)[self.codes]


@dataclass(kw_only=True)
class Columns(Values):
    """Up to several values a record, all coded into the same `values`: e-mail addresses, telephone numbers."""

    each: list[Codes]

    @cached_property
    def joined(self) -> Codes:
        """All values, one position after the other."""
        return np.concatenate(self.each)

    @cached_property
    def hashed(self) -> Ints:
        """The numbers of all values, one position after the other."""
        return np.append(self.hashes, MISSING)[self.joined]


@dataclass
class Evidence:
    """All records in the order of their ids: values by name, `births` as year, month, day (0 = not known)."""

    record_ids: pa.Array
    columns: dict[str, Column]
    lists: dict[str, Columns]
    births: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.record_ids)

    def take(self, records: Ints) -> Evidence:
        """Return the evidence of some records, coded as before."""
        return Evidence(
            self.record_ids.take(pa.array(records)),
            {name: replace(column, codes=column.codes[records]) for name, column in self.columns.items()},
            {name: replace(some, each=[codes[records] for codes in some.each]) for name, some in self.lists.items()},
            self.births[:, records],
        )


def hashes_of(texts: npt.NDArray[np.object_]) -> Ints:
    """A number for each text (63 bits) that is the same in every table and run: pandas' keyed SipHash."""
    # Half a second that a process which matches nothing need not spend.
    from pandas.util import hash_array

    return np.asarray(hash_array(texts, categorize=False) >> np.uint64(1), dtype=np.int64)


def derived(column: Column, form: Callable[[str], str | None]) -> Column:
    """Recode a column by a form of its values, which is computed once a value; None is missing."""
    return recoded(column.codes, [form(value) for value in column.values])


def recoded(codes: Codes, forms: Sequence[str | None] | pa.Array) -> Column:
    """Column whose code i stands for forms[i]; equal forms become one code."""
    formed = (forms if isinstance(forms, pa.Array) else pa.array(forms, pa.string())).dictionary_encode()
    renumbered = np.append(codes_of(formed), np.int32(MISSING))
    return Column(codes=renumbered[codes], values=formed.dictionary.to_pylist())


def codes_of(encoded: pa.DictionaryArray) -> Codes:
    """Codes of an encoded array, in the order in which its values first stand there; MISSING for null."""
    return np.asarray(encoded.indices.fill_null(MISSING).to_numpy(zero_copy_only=False), dtype=np.int32)


def packed(*parts: npt.NDArray[np.integer]) -> Ints:
    """One number for the combination of several codes; MISSING where any of them is."""
    combined = np.zeros(len(parts[0]), dtype=np.int64)
    missing = np.zeros(len(parts[0]), dtype=np.bool_)
    for part in parts:
        combined = combined * (int(part.max(initial=0)) + 1) + part
        missing |= part < 0
    combined[missing] = MISSING
    return combined


def mixed(*parts: Ints) -> Ints:
    """One number for the combination of several (63 bits), the same in every run; MISSING where any of them is.

    Two combinations have one number about once in 10^19 pairs.
    """
    combined = np.zeros(len(parts[0]), dtype=np.uint64)
    missing = np.zeros(len(parts[0]), dtype=np.bool_)
    for part in parts:
        combined = (combined ^ part.astype(np.uint64)) * MIX
        combined ^= combined >> np.uint64(32)
        missing |= part < 0
    result = (combined >> np.uint64(1)).astype(np.int64)
    result[missing] = MISSING
    return result


def numbered(codes: Ints) -> Ints:
    """Renumber codes without gaps; missing ones stay."""
    return ranked(codes)[0]


def ranked(codes: Ints) -> tuple[Ints, Ints]:
    """Renumber codes without gaps, missing ones stay; and the former code of each number."""
    order = np.argsort(codes)
    rising = codes[order]
    is_first = np.append(True, rising[1:] != rising[:-1])[: len(codes)] & (rising >= 0)
    numbers = np.empty(len(codes), dtype=np.int64)
    # Missing ones stand before the first.
    numbers[order] = np.cumsum(is_first) - 1
    return numbers, rising[is_first]


def distinct(numbers: Ints) -> Ints:
    """Sort and drop repetitions; sorting is several times faster than NumPy's hash tables."""
    numbers = np.sort(numbers)
    return numbers[np.append(True, numbers[1:] != numbers[:-1])] if len(numbers) else numbers
