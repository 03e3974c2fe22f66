"""Attributes that are compared as they stand: words, dates, contacts, organisations.

Names of people and addresses, which are compared in several parts, have files of their own.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from rapidfuzz.fuzz import token_sort_ratio
from typing_extensions import override

from pipelines.identity.matching import levels as known
from pipelines.identity.matching.attribute import Attribute, at_level, compare_codes, share_of_shared, shared_values
from pipelines.identity.matching.contacts import domains, mailboxes
from pipelines.identity.matching.evidence import MISSING, Column, Columns, Ints, Mask, Reals, mixed, ranked, recoded
from pipelines.identity.matching.levels import UNKNOWN, Comparison, Levels
from pipelines.identity.matching.people import Frequencies
from pipelines.identity.matching.spelling import Spellings
from pipelines.identity.vocabulary import load

# Token-sort ratio from which two names of organisations are one with slips, and from which they share a part.
SAME_ORGANISATION, SIMILAR_ORGANISATION = 88.0, 72.0
SHORTEST_MAILBOX = 4
# Of a date as one number with four bits a digit.
LOWEST_OF_DIGIT = np.uint32(0x11111111)
SAME_DOMAIN, DIFFERENT_EMAIL = 9, 10


class Words(Attribute):
    """Same, one slip apart (or an initial, or similar), or different."""

    def __init__(self, column: Column, comparison: Comparison) -> None:
        self.column = column
        self.comparisons = (comparison,)
        names = [level.name for level in comparison.levels]
        self.different = len(names)
        self.knows_slips, self.knows_similar, self.knows_initials = (
            name in names for name in ("slip", "similar", "initial")
        )

    @override
    def levels(self, left: Ints, right: Ints) -> tuple[Levels, ...]:
        result, rows = compare_codes(self.column.codes[left], self.column.codes[right], self.different)
        if len(rows) and (self.knows_slips or self.knows_similar):
            found = Spellings(self.column, self.column.codes[left[rows]], self.column.codes[right[rows]])
            alike = found.is_same | found.is_similar if self.knows_similar else found.is_same
            level = np.where(alike, 2, self.different).astype(np.int8)
            if self.knows_initials:
                unlike = np.flatnonzero(level == self.different)
                level[unlike] = found.each(
                    unlike, lambda one, other: 3 if _is_short_for(one, other) else self.different
                )
            result[rows] = level
        return (result,)

    @override
    def count(self, people: Frequencies) -> None:
        self.share = people.shares(self.comparisons[0].name, self.column.codes, self.column.hashes)

    @override
    def shares(self, levels: tuple[Levels, ...], left: Ints, right: Ints) -> tuple[Reals, ...]:
        if not self.comparisons[0].levels[0].of_value:
            return (np.zeros(len(left), dtype=np.float32),)
        return (at_level(levels[0], 1, self.share, self.column.codes, left),)


class MiddleNames(Words):
    """Middle names; Thuy Linh is one name in two words, and Linh says little more of a Thuy."""

    def __init__(self, column: Column, given: Column | None) -> None:
        super().__init__(column, known.MIDDLE)
        nobody = np.full(len(column.codes), MISSING, dtype=np.int64)
        self.given, self.given_hashes = ranked(given.hashed if given else nobody)
        self.both, self.both_hashes = ranked(mixed(given.hashed, column.hashed) if given else nobody)

    @override
    def count(self, people: Frequencies) -> None:
        super().count(people)
        self.given_share = people.shares("given", self.given, self.given_hashes)
        self.both_share = people.shares("given_and_middle", self.both, self.both_hashes)

    @override
    def shares(self, levels: tuple[Levels, ...], left: Ints, right: Ints) -> tuple[Reals, ...]:
        (shares,) = super().shares(levels, left, right)
        rows = np.flatnonzero((levels[0] == 1) & (self.both[left] >= 0) & (self.both[left] == self.both[right]))
        both, given = self.both[left[rows]], self.given[left[rows]]
        shares[rows] = np.maximum(shares[rows], self.both_share[both] - self.given_share[given])
        return (shares,)


class Identifiers(Words):
    """Numbers that an authority gave, or a system: `system/number`; those of two systems say nothing of each other."""

    def __init__(self, column: Column, comparison: Comparison) -> None:
        super().__init__(column, comparison)
        issuers = [value.rpartition("/")[0] or None for value in column.values]
        self.issuer_of = np.append(recoded(np.arange(len(issuers), dtype=np.int32), issuers).codes, MISSING)

    @override
    def levels(self, left: Ints, right: Ints) -> tuple[Levels, ...]:
        (result,) = super().levels(left, right)
        one, other = (self.issuer_of[self.column.codes[side]] for side in (left, right))
        result[one != other] = UNKNOWN
        return (result,)


class Births(Attribute):
    """Birth dates; one wrong digit, two swapped ones, or day for month are slips."""

    comparisons = (known.BIRTH,)

    def __init__(self, births: Ints) -> None:
        self.year, self.month, self.day = np.ascontiguousarray(births, dtype=np.int16)
        self.is_whole = (self.month > 0) | (self.day > 0)
        written = births[0] * 10_000 + births[1] * 100 + births[2]
        self.dates, self.date_numbers = ranked(np.where(self.year > 0, written, MISSING))
        self.digits, self.digit_sum = np.zeros_like(self.year, np.uint32), np.zeros_like(self.year, np.uint8)
        for part, width in zip(births.astype(np.uint32), (4, 2, 2), strict=True):
            for place in reversed(range(width)):
                digit = part // 10**place % 10
                self.digits = self.digits << 4 | digit
                self.digit_sum += digit.astype(np.uint8)

    @override
    def levels(self, left: Ints, right: Ints) -> tuple[Levels, ...]:
        result = np.full(len(left), 5, dtype=np.int8)
        one_year, one_month, one_day = (part[left] for part in (self.year, self.month, self.day))
        year, month, day = (part[right] for part in (self.year, self.month, self.day))
        years, months, days = one_year == year, one_month == month, one_day == day
        whole = self.is_whole[left] & self.is_whole[right]
        differing = self.digits[left] ^ self.digits[right]
        differing |= differing >> 1
        differing |= differing >> 2
        wrong = np.bitwise_count(differing & LOWEST_OF_DIGIT)
        # Two wrong digits that are each other's leave the sum as it is.
        swapped = (wrong == 2) & (self.digit_sum[left] == self.digit_sum[right])
        turned = years & (one_month == day) & (one_day == month)
        result[years] = 4
        result[(years & months) | (years & days) | (months & days)] = 3
        result[(wrong == 1) | swapped | turned] = 2
        result[wrong == 0] = 1
        result[~whole] = np.where(years[~whole], 4, 5)
        result[(one_year == 0) | (year == 0)] = UNKNOWN
        return (result,)

    @override
    def count(self, people: Frequencies) -> None:
        self.date_share = people.shares("birth_date", self.dates, self.date_numbers)
        years = np.arange(self.year.max(initial=0) + 1)
        self.year_share = people.shares("birth_year", np.where(self.year > 0, self.year, MISSING), years)

    @override
    def shares(self, levels: tuple[Levels, ...], left: Ints, right: Ints) -> tuple[Reals, ...]:
        dates = at_level(levels[0], 1, self.date_share, self.dates, left)
        return (dates + at_level(levels[0], 4, self.year_share, self.year, left),)


class Emails(Attribute):
    """E-mail addresses, any of one record with any of the other."""

    comparisons = (known.EMAIL,)

    def __init__(self, columns: Columns, namesakes: Namesakes | None) -> None:
        self.columns, self.namesakes = columns, namesakes
        mailbox = mailboxes(columns.array)
        every = np.arange(len(columns.values), dtype=np.int32)
        self.mailboxes, self.domains, words = (
            recoded(every, texts)
            for texts in (mailbox, domains(columns.array), pc.replace_substring_regex(columns.array, "[0-9]+", ""))
        )
        self.mailbox_of, self.domain_of, self.word_of = (
            np.append(column.codes, np.int32(MISSING)) for column in (self.mailboxes, self.domains, words)
        )
        self.first_mailbox, self.first_domain = self.mailbox_of[columns.each[0]], self.domain_of[columns.each[0]]
        roles = pc.is_in(mailbox, pa.array(sorted(load().role_mailboxes), mailbox.type))
        self.is_role = np.append(roles.to_numpy(zero_copy_only=False), False)
        long = pc.greater_equal(pc.utf8_length(mailbox), SHORTEST_MAILBOX)
        self.is_telling = np.append(long.to_numpy(zero_copy_only=False), False) & ~self.is_role

    @override
    def levels(self, left: Ints, right: Ints) -> tuple[Levels, ...]:
        shared, both = shared_values(self.columns, left, right)
        result = np.where(both, DIFFERENT_EMAIL, UNKNOWN).astype(np.int8)
        result[shared >= 0] = np.where(self.is_role[shared[shared >= 0]], 2, 1)
        unlike = np.flatnonzero(result == DIFFERENT_EMAIL)
        for one in self.columns.each:
            for other in self.columns.each:
                rows = unlike[result[unlike] == DIFFERENT_EMAIL]
                rows = rows[(one[left[rows]] >= 0) & (other[right[rows]] >= 0)]
                first, second = one[left[rows]], other[right[rows]]
                same = (self.mailbox_of[first] == self.mailbox_of[second]) & self.is_telling[first]
                result[rows[same]] = 3
                rows, first, second = rows[~same], first[~same], second[~same]
                # hans76 and hans97 are two people's; a slip is in the letters.
                alike = (Spellings(self.columns, first, second).slips <= 2) & (
                    self.word_of[first] != self.word_of[second]
                )
                result[rows[alike]] = 4
                result[rows[~alike & (self.domain_of[first] == self.domain_of[second])]] = SAME_DOMAIN
        if self.namesakes is not None:
            similar = np.flatnonzero((result == 3) | (result == 4))
            # Levels 3 and 4 without, 5 and 6 with one, 7 and 8 with both names.
            result[similar] += 2 * self.namesakes.agreeing(left[similar], right[similar])
        return (result,)

    @override
    def count(self, people: Frequencies) -> None:
        codes = self.columns.joined
        self.share = people.shares("email", codes, self.columns.hashes)
        self.mailbox_share = people.shares("mailbox", self.mailbox_of[codes], self.mailboxes.hashes)
        self.domain_share = people.shares("domain", self.domain_of[codes], self.domains.hashes)
        has_role = np.where(codes < 0, MISSING, self.is_role[codes])
        no, yes, _ = np.exp2(people.shares("has_role_mailbox", has_role, np.arange(2)))
        self.role_share = np.float32(np.log2(yes / (no + yes)))

    @override
    def shares(self, levels: tuple[Levels, ...], left: Ints, right: Ints) -> tuple[Reals, ...]:
        shares = share_of_shared(
            self.columns, self.share, np.flatnonzero((levels[0] == 1) | (levels[0] == 2)), left, right
        )
        # Of those who have a mailbox of a role, not of all.
        shares[levels[0] == 2] += self.role_share
        shares += at_level(levels[0], 3, self.mailbox_share, self.first_mailbox, left)
        return (shares + at_level(levels[0], SAME_DOMAIN, self.domain_share, self.first_domain, left),)


class Phones(Attribute):
    """Telephone numbers, any of one record with any of the other."""

    comparisons = (known.PHONE,)

    def __init__(self, columns: Columns) -> None:
        self.columns = columns

    @override
    def levels(self, left: Ints, right: Ints) -> tuple[Levels, ...]:
        shared, both = shared_values(self.columns, left, right)
        result = np.where(both, 3, UNKNOWN).astype(np.int8)
        result[shared >= 0] = 1
        rows = np.flatnonzero(result == 3)
        found = Spellings(self.columns, self.columns.each[0][left[rows]], self.columns.each[0][right[rows]])
        result[rows[found.is_one_slip]] = 2
        return (result,)

    @override
    def count(self, people: Frequencies) -> None:
        self.share = people.shares("phone", self.columns.joined, self.columns.hashes)

    @override
    def shares(self, levels: tuple[Levels, ...], left: Ints, right: Ints) -> tuple[Reals, ...]:
        return (share_of_shared(self.columns, self.share, np.flatnonzero(levels[0] == 1), left, right),)


class Organisations(Words):
    """Names of organisations: words in any order, some left out. Of a person it is the employer, whom others share."""

    def __init__(self, column: Column, is_person: Mask) -> None:
        super().__init__(column, known.ORGANISATION)
        self.comparisons = (known.ORGANISATION, known.EMPLOYER)
        self.is_person = is_person

    @override
    def levels(self, left: Ints, right: Ints) -> tuple[Levels, ...]:
        result, rows = compare_codes(self.column.codes[left], self.column.codes[right], 4)
        if len(rows):
            found = Spellings(self.column, self.column.codes[left[rows]], self.column.codes[right[rows]])
            result[rows] = found.each(np.arange(len(found)), _organisation_level)
        of_person = self.is_person[left] | self.is_person[right]
        return np.where(of_person, UNKNOWN, result).astype(np.int8), np.where(of_person, result, UNKNOWN).astype(
            np.int8
        )

    @override
    def shares(self, levels: tuple[Levels, ...], left: Ints, right: Ints) -> tuple[Reals, ...]:
        of_firm, of_person = (at_level(some, 1, self.share, self.column.codes, left) for some in levels)
        return of_firm, of_person


class Parties(Attribute):
    """Whether both records name a person, or both an organisation alone."""

    comparisons = (known.PARTY,)

    def __init__(self, is_person: Mask, is_firm: Mask) -> None:
        self.kinds = np.where(is_person, 1, np.where(is_firm, 0, MISSING))

    @override
    def levels(self, left: Ints, right: Ints) -> tuple[Levels, ...]:
        return (compare_codes(self.kinds[left], self.kinds[right], 2)[0],)

    @override
    def count(self, people: Frequencies) -> None:
        """How many people and firms there are says nothing about one of them."""

    @override
    def shares(self, levels: tuple[Levels, ...], left: Ints, right: Ints) -> tuple[Reals, ...]:
        return (np.zeros(len(left), dtype=np.float32),)


def _is_short_for(one: str, other: str) -> bool:
    """Say whether one is an initial of the other, or some of its words."""
    short, long = sorted((one, other), key=len)
    return (len(short) == 1 and long.startswith(short)) or set(short.split()) <= set(long.split())


def _organisation_level(one: str, other: str) -> int:
    ratio = token_sort_ratio(one, other, score_cutoff=SIMILAR_ORGANISATION)
    if ratio >= SAME_ORGANISATION:
        return 2
    first, second = set(one.split()), set(other.split())
    if first <= second or second <= first:
        return 2 if min(len(first), len(second)) > 1 else 3
    return 3 if ratio else 4


class Namesakes(Protocol):
    """Knows which pairs have names in common."""

    def agreeing(self, left: Ints, right: Ints) -> Levels:
        """Count which of given and family name agree in each pair."""
