"""Street and place beside each other."""

from __future__ import annotations

import numpy as np
from typing_extensions import override

from pipelines.identity.matching.attribute import Attribute, at_level
from pipelines.identity.matching.evidence import MISSING, Column, Evidence, Ints, Mask, Reals, mixed, ranked
from pipelines.identity.matching.levels import ADDRESS, UNKNOWN, Levels
from pipelines.identity.matching.people import Frequencies
from pipelines.identity.matching.spelling import Spellings

SAME, SLIP, ELSEWHERE, POSTAL_CODE, CITY, REGION, DIFFERENT = range(1, 8)
# Jaro-Winkler similarity from which two streets are one with slips.
SAME_STREET = 0.93
PARTS = ("street", "house", "way", "postal_code", "city", "region")


class Addresses(Attribute):
    """Compares the addresses of pairs of records."""

    comparisons = (ADDRESS,)

    def __init__(self, evidence: Evidence) -> None:
        nothing = Column(codes=np.full(len(evidence), MISSING, dtype=np.int32), values=[])
        self.parts = {name: evidence.columns.get(name, nothing) for name in PARTS}
        code, city = self.parts["postal_code"].hashed, self.parts["city"].hashed
        place = np.where(code >= 0, code, np.maximum(city, 0))
        home = mixed(self.parts["street"].hashed, place)
        self.homes, self.home_hashes = ranked(home)

    @override
    def levels(self, left: Ints, right: Ints) -> tuple[Levels, ...]:
        street_known, street = self._same("street", left, right)
        postal_known, postal = self._same("postal_code", left, right)
        city_known, city = self._same("city", left, right)
        region_known, region = self._same("region", left, right)
        near_city = city | self._near("city", left, right, city_known & ~city)
        place = near_city | postal | self._near_postal_code(left, right, postal_known & ~postal & ~near_city)
        place |= ~(postal_known | city_known)
        near_street = street | self._near_street(left, right, street_known & ~street)
        result = np.full(len(left), DIFFERENT, dtype=np.int8)
        result[region] = REGION
        result[near_city] = CITY
        result[postal] = POSTAL_CODE
        result[near_street & ~place] = ELSEWHERE
        result[near_street & place] = SLIP
        result[street & place] = SAME
        result[~(street_known | postal_known | city_known | region_known)] = UNKNOWN
        return (result,)

    @override
    def count(self, people: Frequencies) -> None:
        self.share_of = {
            name: people.shares(name, self.parts[name].codes, self.parts[name].hashes)
            for name in ("postal_code", "city", "region")
        }
        self.home_share = people.shares("home", self.homes, self.home_hashes)

    @override
    def shares(self, levels: tuple[Levels, ...], left: Ints, right: Ints) -> tuple[Reals, ...]:
        # Of a home with and without its town, and of a town in two spellings, the commoner one counts.
        shares = np.maximum(*(at_level(levels[0], SAME, self.home_share, self.homes, side) for side in (left, right)))
        for level, name in ((POSTAL_CODE, "postal_code"), (CITY, "city"), (REGION, "region")):
            codes, share = self.parts[name].codes, self.share_of[name]
            shares += np.maximum(*(at_level(levels[0], level, share, codes, side) for side in (left, right)))
        return (shares,)

    def _same(self, name: str, left: Ints, right: Ints) -> tuple[Mask, Mask]:
        one, other = self.parts[name].codes[left], self.parts[name].codes[right]
        both = (one >= 0) & (other >= 0)
        return both, both & (one == other)

    def _near_postal_code(self, left: Ints, right: Ints, unsure: Mask) -> Mask:
        result = np.zeros(len(left), dtype=np.bool_)
        rows = np.flatnonzero(unsure)
        column = self.parts["postal_code"]
        found = Spellings(column, column.codes[left[rows]], column.codes[right[rows]])
        result[rows] = found.is_one_slip
        return result

    def _near(self, name: str, left: Ints, right: Ints, unsure: Mask) -> Mask:
        result = np.zeros(len(left), dtype=np.bool_)
        rows = np.flatnonzero(unsure)
        column = self.parts[name]
        found = Spellings(column, column.codes[left[rows]], column.codes[right[rows]])
        result[rows] = found.is_same
        return result

    def _near_street(self, left: Ints, right: Ints, unsure: Mask) -> Mask:
        """One street with slips and the same house, or the same house on a way of like name."""
        result = np.zeros(len(left), dtype=np.bool_)
        rows = np.flatnonzero(unsure)
        one, other = left[rows], right[rows]
        house_known, house = self._same("house", one, other)
        way_known, way = self._same("way", one, other)
        way |= self._near("way", one, other, way_known & ~way & house)
        near = house & way
        unsure_rows = np.flatnonzero(~near & (house | ~house_known))
        column = self.parts["street"]
        found = Spellings(column, column.codes[one[unsure_rows]], column.codes[other[unsure_rows]])
        near[unsure_rows] = (found.similarity >= SAME_STREET) | (found.slips <= 2)
        result[rows] = near
        return result
