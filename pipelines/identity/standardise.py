"""Making values comparable: e-mail, names, organisations, streets, postal codes, countries.

Pure functions of one value each. They never change a record: the original stays beside the standardised value, and a
value that cannot be read, or that stands for "no value", becomes None here and nowhere else. Telephone numbers have
`phones`; `values` applies both to tables.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

from pipelines.identity.names import Name
from pipelines.identity.vocabulary import load

# Letters that Unicode does not take apart into letter and accent.
UNDECOMPOSED = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"})
# Marks inside a word: O'Brien is one word.
QUOTES = str.maketrans(dict.fromkeys("'’‘`´ʼ"))
ASCII_FOLDED = {code: " " for code in range(128) if not chr(code).isalnum()} | {
    code: mark for code, mark in QUOTES.items() if code < 128
}
# Accents are stripped from Latin, Greek and Cyrillic only (code points below Armenian): in Indic or Semitic scripts a
# combining mark may be a vowel.
FIRST_SCRIPT_WITH_VOWEL_MARKS = "԰"
# An unquoted local part (RFC 5322 dot-atom); everything else goes through the full validator.
PLAIN_LOCAL_PART = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
MAX_LOCAL_PART = 64
MAX_EMAIL = 254


def fold(text: str) -> str:
    """Case-fold, strip accents (NFKD) and turn everything but letters, digits and vowel signs into single blanks."""
    if text.isascii():
        return " ".join(text.casefold().translate(ASCII_FOLDED).split())
    # Again after decomposing: a letter in a square becomes a capital.
    text = _strip_accents(text.casefold()).casefold().translate(UNDECOMPOSED)
    kept = (char if char.isalnum() or unicodedata.category(char)[0] == "M" else " " for char in text.translate(QUOTES))
    return " ".join("".join(kept).split())


def email(text: str) -> str | None:
    """Lower-case valid address, or None for an invalid one or a placeholder (none@..., test@test...)."""
    local, _, domain = text.strip().lower().rpartition("@")
    words = load()
    plain = len(local) <= MAX_LOCAL_PART and PLAIN_LOCAL_PART.fullmatch(local)
    if not plain:
        domain_read = _full_email(text.strip())
        local, _, domain = domain_read.rpartition("@") if domain_read else ("", "", "")
    else:
        domain = _email_domain(domain) or ""
    if not domain or len(local) + len(domain) >= MAX_EMAIL:
        return None
    mailbox = local.split("+")[0]
    if mailbox in words.placeholder_mailboxes or domain in words.placeholder_domains:
        return None
    return f"{local}@{domain}"


def person_name(text: str) -> Name | None:
    """Given name(s), family name and generation from 'Given Family' or 'Family, Given'; None for no name.

    A single word is a mononym and stands as the given name; 'Word,' is a family name alone.
    """
    if "@" in text or is_organisation(text):
        return None
    words = load()
    before, comma, after = text.partition(",")
    left, generation = _without_titles(fold(before))
    right, generation_behind = _without_titles(fold(after))
    generation = generation or generation_behind
    if " ".join([*right, *left]) in words.placeholder_names or not (left or right):
        return None
    if comma and (right or not (fold(after) or generation)):
        return Name(" ".join(right) or None, " ".join(left) or None, generation)
    if len(left) == 1:
        return Name(left[0], None, generation)
    cut = len(left) - 1
    while cut > 1 and left[cut - 1] in words.family_particles:
        cut -= 1
    return Name(" ".join(left[:cut]), " ".join(left[cut:]), generation)


def shown(text: str, name: Name) -> tuple[str | None, str | None]:
    """Given and family name of `name` in the letters of `text`, from which it was read, capitalised as names are."""
    words = text.replace(",", " ").split()
    folded = [fold(word) for word in words]
    if folded == [name.given, name.family]:
        return _capitalised(words[0]), _capitalised(words[1])
    if folded == [name.family, name.given]:
        return _capitalised(words[1]), _capitalised(words[0])

    def written(part: str | None) -> str | None:
        if not part:
            return None
        for start in range(len(words)):
            for end in range(start + 1, len(words) + 1):
                if " ".join(filter(None, folded[start:end])) == part and folded[start] and folded[end - 1]:
                    return " ".join(map(_capitalised, words[start:end]))
        return part.title()

    return written(name.given), written(name.family)


def organisation(text: str) -> str | None:
    """Folded name without legal forms; None for a placeholder."""
    folded = fold(text)
    words = load()
    if not folded or folded in words.placeholder_names:
        return None
    # 'S.p.A.' and 'e.V.' fold to single letters; joined they are legal forms again.
    joined = re.sub(r"\b(\w) (?=\w\b)", r"\1", folded)
    kept = [word for word in joined.split() if word not in words.legal_forms]
    return " ".join(kept) or folded


def is_organisation(text: str) -> bool:
    """Say whether a full name ends in a legal form: 'Marsh Ltd', 'Nowak Sp. z o.o.', 'Vogt e.K.', 'Roth AG'.

    A short form that may be a name or initials counts in its own spelling only, and not after a comma.
    """
    words = text.replace(",", " ").split()
    if len(words) < 2:
        return False
    vocabulary = load()
    last = fold(words[-1]).replace(" ", "")
    if last in vocabulary.telling_legal_forms:
        return True
    return (
        words[-1].replace(".", "") in vocabulary.cased_legal_forms
        and "," not in text
        and not " ".join(words[:-1]).isupper()
    )


def street(text: str) -> str | None:
    """Folded street with house number, street words in their short form; None for a placeholder."""
    folded = fold(text)
    words = load()
    if not folded or folded in words.placeholder_names:
        return None
    return " ".join(map(_short_street_word, folded.split()))


def postal_code(text: str) -> str | None:
    """Upper-case letters and digits without blanks; None for runs of one digit such as 00000."""
    code = re.sub(r"[^0-9A-Z]", "", text.upper())
    return None if len(set(code)) < 2 and code[:1] in {"0", "9", "X", ""} else code


def country(text: str) -> str | None:
    """Two-letter ISO 3166 code of a code or a country's name; None if unknown."""
    code = text.strip().upper()
    if len(code) == 2 and code.isalpha() and code != "UK":
        return code
    return load().countries.get(fold(text))


def _strip_accents(text: str) -> str:
    stripped: list[str] = []
    for char in unicodedata.normalize("NFKD", text):
        if unicodedata.combining(char) and stripped and stripped[-1] < FIRST_SCRIPT_WITH_VOWEL_MARKS:
            continue
        stripped.append(char)
    return unicodedata.normalize("NFC", "".join(stripped))


def _capitalised(word: str) -> str:
    if not (word.isupper() or word.islower()):
        return word
    return word.lower() if fold(word) in load().family_particles else word.title()


@lru_cache(maxsize=1 << 16)
def _email_domain(domain: str) -> str | None:
    read = _full_email(f"x@{domain}")
    return read.rpartition("@")[2] if read else None


def _full_email(text: str) -> str | None:
    try:
        return validate_email(text, check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        return None


def _without_titles(folded: str) -> tuple[list[str], str | None]:
    """Words of a name without titles and degrees, and the generation if one was given."""
    vocabulary = load()
    words, generation = folded.split(), None
    while len(words) > 1 and words[0] in vocabulary.titles:
        words = words[1:]
    while words and (words[-1] in vocabulary.suffixes or words[-1] in vocabulary.generations) and len(words) > 1:
        generation = vocabulary.generations.get(words[-1], generation)
        words = words[:-1]
    if words and words[0] in vocabulary.generations and len(words) == 1 and folded == words[0]:
        return [], vocabulary.generations[words[0]]
    if len(words) == 1 and words[0] in (vocabulary.suffixes | vocabulary.titles):
        return [], generation
    return words, generation


@lru_cache(maxsize=1 << 16)
def _short_street_word(word: str) -> str:
    vocabulary = load()
    if word in vocabulary.street_words:
        return vocabulary.street_words[word]
    for tail, short in vocabulary.street_tails.items():
        if word.endswith(tail) and len(word) > len(tail):
            return word[: -len(tail)] + short
    return word
