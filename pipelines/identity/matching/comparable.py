"""Comparable forms of single values: what is compared, never what is kept or shown.

Pure functions of one text each, applied once a distinct value. A text that stands for "no value" becomes None. Values
that many people share stay: how common a value is, is weighed later, from the data. More cautious forms, which are
shown and published, are made in `pipelines.identity.standardise`.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import NamedTuple

from pipelines.identity import standardise
from pipelines.identity.standardise import fold, is_organisation
from pipelines.identity.vocabulary import load

# Digits of a telephone number that are compared: without country code and trunk prefix, which are written or not.
PHONE_DIGITS, FEWEST_PHONE_DIGITS = 9, 6
COUNTED_UP = frozenset("1234567890"[:length] for length in range(FEWEST_PHONE_DIGITS, 11))
# Providers that ignore dots in a mailbox.
GMAIL = frozenset({"gmail.com", "googlemail.com"})
EXTENSION = re.compile(r"(?i)(?<=\d)\s*(x|ext|durchwahl).*$")
NOT_DIGITS = re.compile(r"\D+")
LETTERS = re.compile(r"[^\W\d_]{3}")
# Dates with the month as a word.
WORDED_DATES = ("%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%Y", "%b %d %Y", "%B %d %Y", "%d. %B %Y")
# Two-digit years above it are of the last century.
LAST_CENTURY = 25
POSTAL_CODE = re.compile(r"\b(\d{4,6}|[A-Z]{1,2}\d[\dA-Z]? ?\d[A-Z]{2})(?:-\d{4})?\b(?=[^\d]*$)")
# Words of a street that say what kind of way it is, or where along it.
WAY_WORDS = frozenset((
    "st", "rd", "ave", "blvd", "dr", "ln", "ct", "pl", "sq", "hwy", "pkwy", "ter", "cir", "way", "str", "al", "rue",
    "via", "calle", "the", "of", "n", "s", "e", "w", "north", "south", "east", "west", "apt", "unit",
))  # fmt: skip
HOUSE = re.compile(r"\d+")
WITH_DIGITS = re.compile(r"\w*\d\w*")


class NameParts(NamedTuple):
    """Words of a name; None where it does not say. `firm` is set, and nothing else, if it is an organisation's."""

    given: str | None = None
    middle: str | None = None
    family: str | None = None
    generation: str | None = None
    firm: str | None = None


class Birth(NamedTuple):
    """Parts of a date as they stand, real or not; 0 where it does not say."""

    year: int = 0
    month: int = 0
    day: int = 0


def words_of_name(text: str) -> tuple[list[str], str | None]:
    """Words without titles and degrees, and the generation ('2' for Jr.)."""
    vocabulary = load()
    folded = latin(text)
    if not folded or folded in vocabulary.placeholder_names:
        return [], None
    words = folded.split()
    if len(words) == 1:
        return words, None
    kept = [word for word in words if word not in vocabulary.titles and word not in vocabulary.suffixes]
    generation = None
    while len(kept) > 1 and kept[-1] in vocabulary.generations:
        generation = vocabulary.generations[kept.pop()]
    return kept or words, generation


def generation(text: str) -> str | None:
    """Number of the generation that a suffix says: '2' for Jr. and II."""
    return load().generations.get(fold(text))


def full_name(text: str) -> NameParts:
    """Take apart 'Given Middle Family Jr.', 'Family, Given' and names of organisations."""
    if "@" in text:
        return NameParts()
    if is_organisation(text):
        return NameParts(firm=organisation(text))
    before, comma, after = text.partition(",")
    words, generation = words_of_name(before)
    given, generation_behind = words_of_name(after)
    generation = generation or generation_behind
    if not given and comma:
        generation = generation or load().generations.get(fold(after))
    if given:
        return NameParts(given[0], " ".join(given[1:]) or None, " ".join(words) or None, generation)
    if not words:
        return NameParts()
    if len(words) == 1:
        return NameParts(given=words[0], generation=generation)
    cut = len(words) - 1
    while cut > 1 and words[cut - 1] in load().family_particles:
        cut -= 1
    return NameParts(words[0], " ".join(words[1:cut]) or None, " ".join(words[cut:]), generation)


def email(text: str) -> str | None:
    """Lower case, without what follows a plus; dots are left out where the provider ignores them."""
    mailbox, _, domain = text.lower().replace(" ", "").rpartition("@")
    mailbox = mailbox.split("+")[0]
    vocabulary = load()
    if (
        not mailbox
        or not domain
        or mailbox in vocabulary.placeholder_mailboxes
        or domain in vocabulary.placeholder_domains
    ):
        return None
    if domain in GMAIL:
        return f"{mailbox.replace('.', '')}@gmail.com"
    return f"{mailbox}@{domain}"


def phone(text: str) -> str | None:
    """Last digits of a number, the same with and without country code and trunk prefix."""
    digits = NOT_DIGITS.sub("", EXTENSION.sub("", text)).lstrip("0")
    if len(digits) < FEWEST_PHONE_DIGITS or digits in COUNTED_UP or len(set(digits)) == 1:
        return None
    return digits[-PHONE_DIGITS:]


def birth(text: str, *, is_day_first: bool) -> Birth:
    """Read a date in any usual notation; numbers before the year are day and month in the order that is given."""
    if LETTERS.search(text):
        for notation in WORDED_DATES:
            try:
                moment = datetime.strptime(text, notation)  # noqa: DTZ007
            except ValueError:
                continue
            return Birth(moment.year, moment.month, moment.day)
        return Birth()
    parts = [part for part in NOT_DIGITS.split(text) if part]
    if len(parts) >= 3 and len(parts[0]) == 4:
        return Birth(*map(_small, parts[:3]))
    if len(parts) == 3:
        year = _small(parts[2])
        if len(parts[2]) == 2:
            year += 1900 if year > LAST_CENTURY else 2000
        first, second = _small(parts[0]), _small(parts[1])
        return Birth(year, second, first) if is_day_first else Birth(year, first, second)
    digits = "".join(parts)
    if len(digits) in {4, 6, 8}:
        return Birth(int(digits[:4]), int(digits[4:6] or 0), int(digits[6:] or 0))
    return Birth()


def starts_with_day(text: str) -> int:
    """1 if a date can only be day before month, -1 if only month before day, else 0."""
    parts = [part for part in NOT_DIGITS.split(text) if part]
    if len(parts) != 3 or len(parts[0]) > 2:
        return 0
    first, second = int(parts[0]), int(parts[1])
    return (12 < first <= 31) - (12 < second <= 31)


def street(text: str) -> str | None:
    """Folded, kinds of streets in their short form."""
    found = standardise.street(text)
    return _in_latin(found) if found else None


def house(comparable: str) -> str | None:
    """First number of a comparable street."""
    found = HOUSE.search(comparable)
    return found[0] if found else None


def way(comparable: str) -> str | None:
    """First word of a comparable street that is neither the house nor the kind of way."""
    words = [word for word in comparable.split() if word not in WAY_WORDS]
    if words and words[0][0].isdigit():
        words = words[1:]
    return words[0] if words else None


def address(text: str) -> tuple[str | None, str | None, str | None]:
    """Street, postal code and town of an address in one line; the street stands first, the town last."""
    code = POSTAL_CODE.search(text.upper())
    parts = text.split(",")
    town = WITH_DIGITS.sub(" ", parts[-1]) if len(parts) > 1 else None
    return street(parts[0]), postal_code(code[1]) if code else None, words(town) if town else None


def postal_code(text: str) -> str | None:
    """Upper-case letters and digits; the five digits of a ZIP+4."""
    code = "".join(filter(str.isalnum, text.upper()))
    if len(code) == 9 and code.isdigit():
        code = code[:5]
    return code if len(set(code)) > 1 else None


def identifier(text: str) -> str | None:
    """Upper-case letters and digits of a number that an authority gave."""
    code = "".join(filter(str.isalnum, text.upper()))
    return code if len(set(code)) > 1 else None


def organisation(text: str) -> str | None:
    """Folded without legal forms."""
    found = standardise.organisation(text)
    return _in_latin(found) if found else None


def sex(text: str) -> str | None:
    """First letter, in English or German or French."""
    folded = fold(text)
    return {"w": "f", "h": "m"}.get(folded[:1], folded[:1]) or None


def words(text: str) -> str | None:
    """Folded; None for a placeholder."""
    folded = latin(text)
    return None if not folded or folded in load().placeholder_names else folded


def latin(text: str) -> str:
    """Fold, and write letters of other scripts in Latin ones where the vocabulary knows how."""
    return _in_latin(fold(text))


def _in_latin(folded: str) -> str:
    if folded.isascii():
        return folded
    letters = load().latin_letters
    return "".join(letters.get(char, char) for char in folded)


def _small(digits: str) -> int:
    return int(digits[:4])
