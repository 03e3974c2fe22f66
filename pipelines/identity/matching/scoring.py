"""What can be compared in some records, and what pairs of them weigh."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain

import numpy as np
import numpy.typing as npt

from pipelines.identity.matching import attributes, levels
from pipelines.identity.matching.addresses import Addresses
from pipelines.identity.matching.attribute import Attribute
from pipelines.identity.matching.evidence import Evidence, Ints
from pipelines.identity.matching.model import Judged, Model
from pipelines.identity.matching.person_names import PersonNames
from pipelines.identity.matching.threads import each

# Pairs judged at once, and how many times; bounds memory.
CHUNK = 250_000
# What is compared as it stands.
WORDS = {
    "generation": levels.GENERATION, "sex": levels.SEX, "source": levels.SOURCE,
}  # fmt: skip
PLACE = {"street", "postal_code", "city", "region"}

# Levels of pairs: one row a comparison, one column a pair.
Seen = npt.NDArray[np.int8]


def attributes_of(evidence: Evidence, given_names: Ints | None = None) -> list[Attribute]:
    """What can be compared in these records.

    `given_names` are the numbers of the texts known to be names, where these records are too few to tell.
    """
    columns, lists = evidence.columns, evidence.lists
    names = PersonNames(evidence, given_names) if "given" in columns or "family" in columns else None
    found: list[Attribute] = [names] if names else []
    found += [attributes.Words(columns[name], comparison) for name, comparison in WORDS.items() if name in columns]
    if "middle" in columns:
        found.append(attributes.MiddleNames(columns["middle"], columns.get("given")))
    if "national_id" in columns:
        found.append(attributes.Identifiers(columns["national_id"], levels.NATIONAL_ID))
    if evidence.births[0].any():
        found.append(attributes.Births(evidence.births))
    if "emails" in lists:
        found.append(attributes.Emails(lists["emails"], names))
    if "phones" in lists:
        found.append(attributes.Phones(lists["phones"]))
    if PLACE & set(columns):
        found.append(Addresses(evidence))
    if "organisation" in columns:
        is_person = np.zeros(len(evidence), dtype=np.bool_)
        for name in {"given", "family"} & set(columns):
            is_person |= columns[name].codes >= 0
        found.append(attributes.Organisations(columns["organisation"], is_person))
        found.append(attributes.Parties(is_person, columns["organisation"].codes >= 0))
    for name, column in columns.items():
        # What has one value throughout tells nobody from anybody.
        if name.startswith(("category_", "other_")) and len(column.values) > 1:
            found.append(attributes.Words(column, levels.other(name)))
    return found


def levels_of(compared: list[Attribute], left: Ints, right: Ints) -> Seen:
    """Compare records `left` with records `right`."""
    seen = np.empty((sum(len(attribute.comparisons) for attribute in compared), len(left)), dtype=np.int8)

    def fill(pairs: slice) -> None:
        found = chain.from_iterable(attribute.levels(left[pairs], right[pairs]) for attribute in compared)
        for row, of_comparison in zip(seen, found, strict=True):
            row[pairs] = of_comparison

    _in_chunks(fill, len(left))
    return seen


def judge(compared: list[Attribute], seen: Seen, left: Ints, right: Ints) -> list[Judged]:
    """Add to the levels the shares of the values that agree."""
    judged: list[Judged] = []
    for attribute in compared:
        of_attribute = tuple(seen[len(judged) : len(judged) + len(attribute.comparisons)])
        judged += map(Judged, of_attribute, attribute.shares(of_attribute, left, right))
    return judged


def score(fitted: Model, compared: list[Attribute], seen: Seen, left: Ints, right: Ints) -> npt.NDArray[np.float32]:
    """Bits for each pair of which `levels_of` has seen the levels."""
    bits = np.empty(len(left), dtype=np.float32)

    def fill(pairs: slice) -> None:
        bits[pairs] = fitted.score(judge(compared, seen[:, pairs], left[pairs], right[pairs]))

    _in_chunks(fill, len(left))
    return bits


def _in_chunks(fill: Callable[[slice], None], size: int) -> None:
    each(lambda start: fill(slice(start, start + CHUNK)), range(0, size, CHUNK))
