"""Which records to compare at all: those that share a key, or stand side by side when sorted.

A key that many records share says little; who belongs together in it stands close when its records are sorted by name
and birth date, so each record of a large block meets its nearest neighbours only. No block is dropped, and the number
of pairs grows with the number of records, whatever is in them. Telling rules always run; broad ones run, the cheapest
first, while pairs are left in the budget, which is larger a record where there are few records.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import cache, partial
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.identity.matching.attributes import SHORTEST_MAILBOX
from pipelines.identity.matching.contacts import mailboxes
from pipelines.identity.matching.evidence import (
    MISSING,
    Column,
    Evidence,
    Ints,
    Mask,
    derived,
    distinct,
    mixed,
    packed,
    recoded,
)
from pipelines.identity.matching.lines import Block, Lines, in_blocks
from pipelines.identity.matching.threads import each

# Pairs a record that broad rules may add: many in small tables, where missing one costs most, few in large ones.
BUDGET = 1_500_000
FEWEST_A_RECORD, MOST_A_RECORD = 0.5, 60
# What the names of rules begin with that have no keys.
NEAR = "near_"
ALPHABET_WINDOWS = (1, 2, 4, 8, 16)
# Words of an organisation's name that more records share make no key by themselves.
RARE_WORD = 40


def keys(evidence: Evidence, rules: Collection[str]) -> Iterator[Block]:
    """Yield the keys of telling rules, and of those broad ones that are among `rules`; the same in every table."""
    found = _Keys(evidence)
    yield from _telling(evidence, found)
    yield from (block for block in _broad(evidence, found) if block.rule in rules)


def candidate_pairs(evidence: Evidence, budget: int = BUDGET) -> tuple[Ints, Ints, dict[str, int]]:
    """Left and right record numbers of the pairs to compare (left < right, sorted), and how many each rule found.

    Without a `budget` only telling rules propose pairs.
    """
    size = len(evidence)
    by_order = _in_reading_order(evidence)
    filed = _Keys(evidence)
    left = int(np.clip(budget, FEWEST_A_RECORD * size, MOST_A_RECORD * size)) if budget else 0
    order = np.empty(size, dtype=np.int64)
    order[by_order] = np.arange(size)

    def in_line(block: Block) -> Lines:
        return in_blocks(block, order, by_order)

    chosen = each(in_line, _telling(evidence, filed))
    broad = []
    if left:
        # One by one, since a pool would hold the keys of all at once.
        broad = [in_line(block) for block in _broad(evidence, filed)]
        broad += _alphabets(evidence, left)
    for lines in sorted(broad, key=lambda lines: lines.count):
        if lines.count <= left:
            left -= lines.count
            chosen.append(lines)
    found = each(lambda lines: lines.pairs(size), chosen)
    every = distinct(np.concatenate(found or [np.zeros(0, dtype=np.int64)]))
    one, other = np.divmod(every, max(size, 1))
    return one, other, {lines.rule: lines.count for lines in chosen}


def sound(text: str) -> str | None:
    """First letter and the consonants that follow, like sounds as one: schmidt, schmitt and smith are s-m-t."""
    letters = text.replace(" ", "").translate(_SOUNDS)
    if not letters:
        return None
    kept = [letters[0]]
    for letter in letters[1:]:
        if letter not in "aeiouyhw" and letter != kept[-1]:
            kept.append(letter)
    return "".join(kept[:5])


_SOUNDS = str.maketrans({"d": "t", "b": "p", "v": "f", "w": "f", "c": "s", "z": "s", "x": "s", "k": "s", "q": "s",
                         "g": "s", "j": "s", "n": "m", "r": "l"})  # fmt: skip


class _Keys:
    """Numbers of values and of what they begin with or sound like; MISSING throughout where a column is absent."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.nothing = np.full(len(evidence), MISSING, dtype=np.int64)
        year, month, day = evidence.births
        whole = (month > 0) & (day > 0)
        self.born = np.where(whole, year * 10_000 + month * 100 + day, MISSING)
        self.birthday = np.where(whole, month * 100 + day, MISSING)
        self.year = np.where(year > 0, year, MISSING)
        postal, city = self.of("postal_code"), self.of("city")
        self.place = np.where(postal >= 0, postal, city)

    def of(self, name: str, form: Callable[[str], str | None] | None = None) -> Ints:
        column = self.evidence.columns.get(name)
        if column is None:
            return self.nothing
        return (derived(column, form) if form else column).hashed


def _begin(length: int) -> Callable[[str], str | None]:
    return lambda text: text.replace(" ", "")[:length] or None


def _telling(evidence: Evidence, keys: _Keys) -> Iterator[Block]:
    for name, values in evidence.lists.items():
        yield Block(name, np.tile(np.arange(len(evidence)), len(values.each)), values.hashed)
    initial, short = keys.of("given", _begin(1)), keys.of("given", _begin(3))
    heard, given_heard = keys.of("family", sound), keys.of("given", sound)
    house, way = keys.of("house"), keys.of("way")
    yield from _filled(
        national_id=(keys.of("national_id"),),
        birth_date_and_initials=(keys.born, *_unordered(initial, keys.of("family", _begin(1)))),
        birth_date_and_family_name=(keys.born, heard),
        birth_date_and_given_name=(keys.born, given_heard),
        birth_date_and_place=(keys.born, keys.place),
        name=_unordered(keys.of("given"), keys.of("family")),
        name_sound_and_birth_year=(heard, given_heard, keys.year),
        name_sound_and_birthday=(heard, initial, keys.birthday),
        name_sound_and_place=(heard, initial, keys.place),
        given_name_and_place=(short, keys.place),
        address=(house, way, keys.place),
        house_and_family_name=(house, way, heard),
        house_and_given_name=(house, way, short),
        organisation=(keys.of("organisation"),),
        organisation_and_house=(keys.of("organisation", _begin(4)), house),
        organisation_and_place=(keys.of("organisation", _begin(4)), keys.place),
    )
    if "organisation" in evidence.columns:
        yield _rare_words(evidence.columns["organisation"])


def _broad(evidence: Evidence, keys: _Keys) -> Iterator[Block]:
    if "emails" in evidence.lists:
        values = evidence.lists["emails"]
        texts = mailboxes(values.array)
        long = pc.if_else(pc.greater_equal(pc.utf8_length(texts), SHORTEST_MAILBOX), texts, None)
        mailbox = recoded(values.joined, long)
        records = np.tile(np.arange(len(evidence)), len(values.each))
        yield Block("mailbox", records, mailbox.hashed)
    initial, family_initial = keys.of("given", _begin(1)), keys.of("family", _begin(1))
    yield from _filled(
        birth_date=(keys.born,),
        given_name_and_birthday=(keys.of("given"), keys.birthday),
        family_name_and_birth_year=(keys.of("family"), keys.year),
        family_name_and_place=(keys.of("family"), keys.place),
        given_name_and_city=(keys.of("given"), family_initial, keys.of("city")),
        family_name_and_city=(keys.of("family"), initial, keys.of("city")),
        street=(keys.of("street"),),
        organisation_and_city=(keys.of("organisation", _begin(6)), keys.of("city")),
    )


def _filled(**rules: tuple[Ints, ...]) -> Iterator[Block]:
    for rule, parts in rules.items():
        keys = mixed(*parts)
        records = np.flatnonzero(keys >= 0)
        if len(records):
            yield Block(rule, records, keys[records])


def _unordered(one: Ints, other: Ints) -> tuple[Ints, Ints]:
    """The same parts of a key, whichever stands first; MISSING where either is."""
    return np.minimum(one, other), np.maximum(one, other)


def _rare_words(column: Column) -> Block:
    """Words of an organisation's name that few share."""
    words = [name.split() for name in column.values]
    sizes = np.array([len(some) for some in words], dtype=np.int64)
    every = recoded(np.arange(sizes.sum(), dtype=np.int32), [word for some in words for word in some])
    flat = every.codes
    starts = np.concatenate([[0], np.cumsum(sizes)])
    known = np.flatnonzero(column.codes >= 0)
    counts = sizes[column.codes[known]]
    records = np.repeat(known, counts)
    within = np.arange(len(records)) - np.repeat(np.cumsum(counts) - counts, counts)
    codes = flat[starts[column.codes[records]] + within]
    rare = np.bincount(codes, minlength=1)[codes] <= RARE_WORD
    return Block("organisation_word", records[rare], every.hashes[codes[rare]])


def _in_reading_order(evidence: Evidence) -> Ints:
    """Records sorted by family name, given name and birth date."""
    parts = [name for name in ("family", "given", "organisation") if name in evidence.columns]
    return np.lexsort(_sort_keys(evidence, [evidence.columns[name] for name in parts]))


def _sort_keys(evidence: Evidence, columns: list[Column]) -> list[Ints]:
    """Keys by which `lexsort` puts records in the order of some columns, the first before all, then of birth."""
    return [packed(*evidence.births), *(_rank(column) for column in reversed(columns))]


def _alphabets(evidence: Evidence, budget: int) -> Iterator[Lines]:
    """Records in orders in which those that belong together are likely neighbours; those without a value left out."""
    columns = dict(evidence.columns)
    if "emails" in evidence.lists:
        emails = evidence.lists["emails"]
        columns["email"] = Column(codes=emails.each[0], values=emails.values)
    orders: dict[str, tuple[str, ...]] = {name: (name,) for name in ("email", "organisation", "street")}
    orders |= {"family": ("family", "given"), "given": ("given", "family")}
    for name, parts in orders.items():
        if all(part in columns for part in parts):
            filled = columns[name].codes >= 0
            nobody_apart = np.broadcast_to(np.int64(0), int(np.count_nonzero(filled)))
            if len(nobody_apart) <= budget:
                line = cache(partial(_alphabetical, evidence, [columns[part] for part in parts], filled))
                for former, window in pairwise((0, *ALPHABET_WINDOWS)):
                    yield Lines(f"{NEAR}{name}_{window}", line, nobody_apart, range(former + 1, window + 1))


def _alphabetical(evidence: Evidence, columns: list[Column], filled: Mask) -> Ints:
    """Records with a value in the order of columns; of several columns, also in that of birth."""
    order = (
        np.lexsort(_sort_keys(evidence, columns)) if len(columns) > 1 else np.argsort(_rank(columns[0]), kind="stable")
    )
    return order[filled[order]]


def _rank(column: Column) -> Ints:
    """Alphabetical place of each record's value."""
    place = np.full(len(column.values) + 1, MISSING, dtype=np.int64)
    place[pc.sort_indices(pa.array(column.values, pa.string())).to_numpy()] = np.arange(len(column.values))
    return place[column.codes]
