"""What is seen when two values lie beside each other, and how often before the data has spoken.

A level says what is seen, not what it is worth; that is learned in `model`. Level 0 is "not known on both sides" and is
no evidence; the others are numbered from 1 in the order below. The frequencies are starting points of the learning and
weigh as much as a few dozen pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Levels = npt.NDArray[np.int8]
UNKNOWN = 0


@dataclass(frozen=True)
class Level:
    """One way for two values to agree or not.

    `match`: how often two records of one person look so. `home`: how often two people of one household or firm do;
    None where they are as alike as any two people. `of_value`: by chance it is as likely as the value is common, so a
    rare value says more. `of_names`: it is seen only where so many names agree, and weighed among such pairs.
    `of_whole_name`: the share of the value already counts those who have the same given name as well.
    """

    name: str
    match: float
    home: float | None = None
    of_value: bool = False
    of_names: int = 0
    of_whole_name: bool = False


@dataclass(frozen=True)
class Comparison:
    """One attribute and its levels.

    `home_bits` stands for `home` where two housemates are alike a known number of times as often as any two people.
    """

    name: str
    levels: tuple[Level, ...]
    home_bits: tuple[float, ...] = ()
    names_agree_to: int = 0  # of a name: the last level at which it agrees
    goes_with_names: bool = False  # people of one given name are more alike in it than any two people

    @property
    def is_shared_at_home(self) -> bool:
        """People of one household are more alike in it than any two people."""
        return self.levels[0].home is not None


# Children of one home are not given one name; that two people of a home share it is so much rarer (bits).
NAMESAKE_AT_HOME = -2.0
# Twins are about one in 85 births and siblings live together: 1/1000 of housemates against 1/25,000 of strangers.
TWINS_AT_HOME = 4.3

GIVEN = Comparison(
    "given_name",
    (Level("same", 0.78, of_value=True), Level("nickname", 0.04), Level("slip", 0.07), Level("initial", 0.03),
     Level("similar", 0.02), Level("two_names", 0.005), Level("different", 0.055)),
    (NAMESAKE_AT_HOME, NAMESAKE_AT_HOME, NAMESAKE_AT_HOME, 0, 0, 0, 0),
    names_agree_to=4,
)  # fmt: skip
FAMILY = Comparison(
    "family_name",
    (Level("same", 0.84, 0.7, of_value=True, of_whole_name=True), Level("slip", 0.07, 0.05), Level("part", 0.02, 0.02),
     Level("similar", 0.02, 0.01), Level("different", 0.05, 0.22)),
    names_agree_to=2,
    goes_with_names=True,
)  # fmt: skip
ORDER = Comparison("name_order", (Level("straight", 0.97), Level("swapped", 0.03, of_names=2)))
MIDDLE = Comparison(
    "middle_name",
    (Level("same", 0.7, of_value=True), Level("slip", 0.08), Level("initial", 0.12), Level("different", 0.1)),
)
GENERATION = Comparison("generation", (Level("same", 0.97, of_value=True), Level("different", 0.03)))
BIRTH = Comparison(
    "birth_date",
    (Level("same", 0.86, of_value=True), Level("slip", 0.07), Level("two_parts", 0.02),
     Level("year", 0.02, of_value=True), Level("different", 0.03)),
    (TWINS_AT_HOME, 0, 0, 0, 0),
)  # fmt: skip
SEX = Comparison("sex", (Level("same", 0.97, of_value=True), Level("different", 0.03)))
EMAIL = Comparison(
    "email",
    (Level("same", 0.65, 0.15, of_value=True), Level("role_mailbox", 0.05, 0.1, of_value=True),
     Level("mailbox", 0.05, 0.01, of_value=True), Level("slip", 0.05, 0.01),
     # A mailbox is called after its owner, so namesakes have similar ones.
     Level("mailbox_with_a_name", 0.01, 0.02, of_names=1), Level("slip_with_a_name", 0.01, 0.03, of_names=1),
     Level("mailbox_with_both_names", 0.05, 0.01, of_names=2), Level("slip_with_both_names", 0.05, 0.01, of_names=2),
     Level("domain", 0.03, 0.15, of_value=True), Level("different", 0.17, 0.54)),
)  # fmt: skip
PHONE = Comparison(
    "phone", (Level("same", 0.6, 0.3, of_value=True), Level("slip", 0.05, 0.02), Level("different", 0.35, 0.68))
)
# Street and place are one piece of evidence, since who moves changes both.
ADDRESS = Comparison(
    "address",
    (Level("same", 0.62, 0.7, of_value=True), Level("slip", 0.10, 0.1), Level("street_elsewhere", 0.03, 0.02),
     Level("postal_code", 0.06, 0.05, of_value=True), Level("city", 0.08, 0.06, of_value=True),
     Level("region", 0.04, 0.03, of_value=True), Level("different", 0.07, 0.04)),
    goes_with_names=True,
)  # fmt: skip
NATIONAL_ID = Comparison(
    "national_id", (Level("same", 0.85, of_value=True), Level("slip", 0.1), Level("different", 0.05))
)
ORGANISATION = Comparison(
    "organisation",
    (Level("same", 0.6, of_value=True), Level("slip", 0.2), Level("part", 0.1), Level("different", 0.1)),
)
EMPLOYER = Comparison(
    "employer",
    (Level("same", 0.6, 0.5, of_value=True), Level("slip", 0.2, 0.05), Level("part", 0.1, 0.05),
     Level("different", 0.1, 0.4)),
)  # fmt: skip
# A system that keeps one record a customer has no two of one person, which shows in how often it seems to.
SOURCE = Comparison("source", (Level("same", 0.3), Level("different", 0.7)))
PARTY = Comparison("party", (Level("same", 0.98), Level("different", 0.02)))


def other(name: str) -> Comparison:
    """An attribute of which nothing is known beforehand."""
    return Comparison(name, (Level("same", 0.75, of_value=True), Level("similar", 0.1), Level("different", 0.15)))


def agreeing(comparison: Comparison, levels: Levels) -> Levels:
    """1 for each pair whose names agree in this comparison of names, else 0."""
    return np.asarray((levels > UNKNOWN) & (levels <= comparison.names_agree_to), dtype=np.int8)


ALL = (
    GIVEN, FAMILY, ORDER, MIDDLE, GENERATION, BIRTH, SEX, EMAIL, PHONE, ADDRESS, NATIONAL_ID, ORGANISATION, EMPLOYER,
    SOURCE, PARTY,
)  # fmt: skip
