"""What a source system sees of a person: spellings, nicknames, old names and addresses, shared and missing contact
values.

Every share below is a probability per row unless said otherwise. Nothing here knows a system; systems pass their
Habits.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_company.columns import Mask, blank, glue, known, pick, replaced, weighted, where
from sample_company.phones import written_numbers
from sample_company.places import COUNTRY_CODES

PLACEHOLDER_EMAILS = ("none@none.com", "n/a", "test@test.com", "noemail@example.com", "unknown")
PLACEHOLDER_PHONES = ("000000000", "0000000000", "123456789", "n/a", "999999999")
_LONGEST_TYPO_POSITION = 6


@dataclass(frozen=True)
class Habits:
    """How a system and those who type into it treat people."""

    latin: float = 0.5  # names of other scripts written in Latin letters
    nickname: float = 0.12
    typo: float = 0.03  # per name part
    swapped: float = 0.01  # given and family name in each other's field
    initial: float = 0.02
    shouted: float = 0.04
    former: float = 0.3  # of those who changed name or moved: the old one is still on file
    family_first: float = 0.0  # "Family, Given" in the name in one piece
    second_email: float = 0.3  # of those who have one
    household_email: float = 0.35  # of those whose household has one
    landline: float = 0.25
    missing_email: float = 0.06
    missing_phone: float = 0.2
    missing_birth: float = 0.4
    wrong_birth: float = 0.01
    placeholder: float = 0.012
    contact_named: float = 0.5  # organisations: the contact's name is given too


def _typos(rng: np.random.Generator, text: pa.Array, share: float) -> pa.Array:
    """On `share` of the rows one letter is dropped, doubled or swapped with its neighbour."""
    size = len(text)
    hit = rng.random(size) < share
    at, kind = rng.integers(1, _LONGEST_TYPO_POSITION, size), rng.integers(0, 3, size)
    length = np.nan_to_num(pc.utf8_length(text).to_numpy(zero_copy_only=False).astype(np.float64))
    # Short names stay whole: with one letter lost they would be another name.
    hit &= (length > at + 1) & (length >= 4)
    rows = np.flatnonzero(hit)
    if not len(rows):
        return text
    chosen = text.take(pa.array(rows))
    changed = chosen
    for position in range(1, _LONGEST_TYPO_POSITION):
        before, letter = (
            pc.utf8_slice_codeunits(chosen, 0, position),
            pc.utf8_slice_codeunits(chosen, position, position + 1),
        )
        following = pc.utf8_slice_codeunits(chosen, position + 1, position + 2)
        after = pc.utf8_slice_codeunits(chosen, position + 2)
        variants = (
            glue(before, following, after),
            glue(before, letter, letter, following, after),
            glue(before, following, letter, after),
        )
        for number, variant in enumerate(variants):
            changed = where((at[rows] == position) & (kind[rows] == number), variant, changed)
    return replaced(text, rows, changed)


def _cased(rng: np.random.Generator, text: pa.Array, share: float) -> pa.Array:
    dice = rng.random(len(text))
    return where(dice < share / 2, pc.utf8_upper(text), where(dice > 1 - share / 2, pc.utf8_lower(text), text))


def _streets(rng: np.random.Generator, street: pa.Array) -> pa.Array:
    """A third of the streets abbreviated the way their country does it."""
    short = street
    for long, brief in (
        ("Street", "St."), ("Avenue", "Ave"), ("Boulevard", "Blvd"), ("Road", "Rd"), ("Drive", "Dr"), ("Lane", "Ln"),
        ("straße", "str."), ("avenue", "av."), ("boulevard", "bd"), ("Apt", "#"),
    ):  # fmt: skip
        short = pc.replace_substring(short, long, brief)
    return where(rng.random(len(street)) < 0.35, short, street)


def observe(persons: pa.Table, who: np.ndarray, rng: np.random.Generator, habits: Habits) -> pa.Table:
    """One row per entry of `who` (row numbers of persons): how a system with these habits has that person on file."""
    size = len(who)
    true = persons.take(pa.array(who)).combine_chunks()

    def column(name: str) -> pa.Array:
        value = true.column(name)
        return value.combine_chunks() if isinstance(value, pa.ChunkedArray) else value

    organisation = np.asarray(
        pc.equal(column("party_type"), "organisation").to_numpy(zero_copy_only=False), dtype=np.bool_
    )
    latin = rng.random(size) < habits.latin
    given = where(latin, column("given_latin"), column("given_name"))
    family = where(latin, column("family_latin"), column("family_name"))
    stale = rng.random(size) < habits.former
    old_name = stale & known(column("former_family_name"))
    family = where(old_name, where(latin, column("former_family_latin"), column("former_family_name")), family)
    familiar = (rng.random(size) < habits.nickname) & known(column("nickname"))
    given = _typos(rng, where(familiar, column("nickname"), given), habits.typo)
    family = _typos(rng, family, habits.typo)
    initial = (rng.random(size) < habits.initial) & known(family)
    given = where(initial, glue(pc.utf8_slice_codeunits(given, 0, 1), pa.scalar(".")), given)
    swap = (rng.random(size) < habits.swapped) & known(family)
    given, family = where(swap, family, given), where(swap, given, family)
    unnamed: Mask = organisation & (rng.random(size) >= habits.contact_named)
    given, family = (_cased(rng, blank(unnamed, part), habits.shouted) for part in (given, family))

    eastern = np.asarray(
        pc.is_in(column("culture"), pa.array(["chinese", "vietnamese"])).to_numpy(zero_copy_only=False), dtype=np.bool_
    )
    full = where(eastern & ~latin, glue(family, given, separator=" "), glue(given, family, separator=" "))
    comma = (rng.random(size) < habits.family_first) & known(family)
    full = blank(unnamed, where(comma, glue(family, given, separator=", "), full))

    email = where(
        (rng.random(size) < habits.second_email) & known(column("second_email")),
        column("second_email"),
        column("email"),
    )
    email = where(
        (rng.random(size) < habits.household_email) & known(column("household_email")), column("household_email"), email
    )
    email = where(rng.random(size) < habits.shouted, pc.utf8_upper(email), email)
    email = blank(rng.random(size) < habits.missing_email, email)
    fake = rng.random(size) < habits.placeholder
    email = where(fake, pick(PLACEHOLDER_EMAILS, weighted(rng, [3, 2, 1, 1, 1], size)), email)

    country = pc.index_in(column("country"), pa.array(COUNTRY_CODES)).cast(pa.int64()).to_numpy()
    number = where((rng.random(size) < habits.landline) | organisation, column("landline"), column("mobile"))
    phone = blank(rng.random(size) < habits.missing_phone, written_numbers(number, country, rng.integers(0, 4, size)))
    fake = rng.random(size) < habits.placeholder
    phone = where(fake, pick(PLACEHOLDER_PHONES, weighted(rng, [3, 2, 1, 2, 1], size)), phone)

    old_home = stale & known(column("former_street"))
    home = {
        name: where(old_home, column(f"former_{name}"), column(name))
        for name in ("street", "city", "region", "postal_code")
    }
    birth = column("date_of_birth")
    wrong = rng.random(size) < habits.wrong_birth
    birth = where(
        wrong,
        pc.add(birth.cast(pa.timestamp("s")), pa.scalar(9 * 86_400, pa.duration("s"))).cast(pa.date32(), safe=False),
        birth,
    )
    return pa.table(
        {
            "party_type": column("party_type"),
            "given_name": given,
            "family_name": family,
            "full_name": full,
            "organisation_name": column("organisation_name"),
            "email": email,
            "phone": phone,
            "street": _typos(rng, _streets(rng, home["street"]), habits.typo / 2),
            "city": _cased(rng, home["city"], habits.shouted),
            "region": home["region"],
            "postal_code": home["postal_code"],
            "country": column("country"),
            "date_of_birth": blank(rng.random(size) < habits.missing_birth, birth),
        }
    )
