"""Records in line: those that stand close are pairs to compare."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pipelines.identity.matching.evidence import MIX, Ints

# All pairs of a block up to this size; in a larger one each record meets so many that stand next to it.
WHOLE_BLOCK = 24
NEIGHBOURS = 3


@dataclass(frozen=True)
class Block:
    """A rule's keys: `records[i]` has key `keys[i]`; a record may have several."""

    rule: str
    records: Ints
    keys: Ints


@dataclass(frozen=True)
class Lines:
    """Records in line, in blocks or in one; those at some distance within a block are pairs."""

    rule: str
    records: Callable[[], Ints]  # sorted when asked for, since many a rule is too costly
    block: Ints  # number of each record's block, rising from 0
    near: range  # distances in any block
    far: range = range(0)  # distances that come on top in blocks of up to WHOLE_BLOCK records

    @cached_property
    def count(self) -> int:
        """Pairs, some perhaps twice."""
        sizes = np.bincount(self.block)
        small = sizes[sizes <= WHOLE_BLOCK]
        return int(
            sum(np.maximum(sizes - step, 0).sum() for step in self.near)
            + sum(np.maximum(small - step, 0).sum() for step in self.far)
        )

    def pairs(self, size: int) -> Ints:
        """Pairs of records as left * size + right."""
        found = [np.zeros(0, dtype=np.int64)]
        records = self.records()
        at = np.arange(len(records))
        for step in (*self.near, *self.far):
            if self.far and step == self.far.start:
                at = at[(np.bincount(self.block) <= WHOLE_BLOCK)[self.block[at]]]
            # Whoever has nobody at this distance has nobody further on.
            at = at[: np.searchsorted(at, len(records) - step)]
            at = at[self.block[at] == self.block[at + step]]
            if not len(at):
                break
            one, other = records[at], records[at + step]
            coded = np.minimum(one, other) * size + np.maximum(one, other)
            found.append(coded[one != other])
        return np.concatenate(found)


def in_blocks(block: Block, order: Ints, by_order: Ints) -> Lines:
    """Sort the records of a rule by key, and those with one key in reading order.

    `order` is the place of each record when read, `by_order` the record at each place.
    """
    filled = block.keys >= 0
    # Key and place in one number sort fastest. Keys that fall together by chance only cost comparisons.
    bits = max(len(order).bit_length(), 1)
    mixed = (block.keys[filled].astype(np.uint64) * MIX) >> np.uint64(bits + 1)
    coded = np.sort((mixed.astype(np.int64) << bits) | order[block.records[filled]])
    keys = coded >> bits
    starts = np.append(True, keys[1:] != keys[:-1])[: len(keys)]
    shared = ~(starts & np.append(starts[1:], True)[: len(keys)])
    records = by_order[coded[shared] & ((1 << bits) - 1)]
    number = np.cumsum(starts[shared]) - 1
    return Lines(block.rule, lambda: records, number, range(1, NEIGHBOURS + 1), range(NEIGHBOURS + 1, WHOLE_BLOCK))


def pairs_within(groups: Ints, most: int) -> Ints:
    """All pairs of records with one group number, as left * size + right, sorted; groups above `most` are left out."""
    counts = np.bincount(groups)
    records = np.flatnonzero((counts[groups] > 1) & (counts[groups] <= most))
    records = records[np.argsort(groups[records], kind="stable")]
    number = np.cumsum(np.append(True, groups[records][1:] != groups[records][:-1])[: len(records)]) - 1
    return np.sort(Lines("", lambda: records, number, range(1, most)).pairs(len(groups)))
