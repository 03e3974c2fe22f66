"""Taking erased people out of a text: their e-mail address, telephone number, and name beside their postal code.

What looks like one of these is taken out of the text, written as a reference and looked up: in the values themselves
while an erasure runs, in tombstones ever after. So a search for a thousand people takes hardly longer than one for a
single person. References begin with what they name: `email/`, `phone/`, `home/` with code and name; `code/` and
`word/` say that a postal code, and the word of it that is looked for first, is somebody's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_OF_ADDRESS = r"""[^\s"'<>,;:(){}\[\]|=\\/]"""
ADDRESS = f"{_OF_ADDRESS}+@{_OF_ADDRESS}+"
# Python's engine would begin anew at each sign of a long text; RE2 neither does nor knows how to look behind.
_WHOLE_ADDRESS = re.compile(f"(?<!{_OF_ADDRESS}){ADDRESS}")
# What looks like a telephone number; a hash or pseudonym is taken as a whole, lest a number be seen within it.
NUMBER = r"\b[0-9a-fA-F]{16,}\b|\+?\(?[0-9][0-9 ().\-/]{5,}[0-9]"
# Digits that a telephone number is recognised by: without country code and trunk prefix, however it is written.
PHONE_DIGITS = 9
# With the sign for abroad; what has more digits is no telephone number, but a hash of a row or the like.
_MOST_DIGITS = 17
# Words with a digit, apart from a line's end as JSON writes it: a postal code is looked up by its longest.
WORD = r"\\[nrt]|[a-z]*[0-9][0-9a-z]*"
_LINE_END = re.compile(r"\\[nrt]")
# What parts the words of a name, or of a postal code, in a text and between the values of a row.
_BETWEEN_WORDS = r"""[\s|"]"""
_AROUND_WORDS = ".,;:()[]{}<>'"
_MOST_NAME_WORDS, _MOST_CODE_WORDS = 6, 3
REDACTED = "(erased)"


def home_references(name: str, postal_code: str) -> list[str]:
    """What a name beside a postal code, both in lower case, is looked up by."""
    code, called = (" ".join(_words(text)).strip(_AROUND_WORDS) for text in (postal_code, name))
    return [f"word/{longest_word(postal_code)}", f"code/{code}", f"home/{code}/{called}"]


def longest_word(postal_code: str) -> str:
    """The word of a postal code in lower case by which texts are looked through."""
    words: list[str] = re.findall(WORD, postal_code)
    return max(words, key=len)


@dataclass(frozen=True)
class Redaction:
    """Takes what is known out of texts. `is_known` says of a reference whether it is an erased person's."""

    is_known: Callable[[str], bool]

    def __call__(self, text: str, beside: str = "") -> str:
        """The text without erased people; a name goes when its postal code stands in the text, or in the whole `beside`
        that the text is part of."""
        text = _WHOLE_ADDRESS.sub(lambda found: self._left(found, f"email/{found[0].rstrip('.').lower()}"), text)
        text = re.sub(NUMBER, lambda found: self._left(found, phone_reference(found[0])), text)
        for name in self._names(beside or text):
            spread = rf"{_BETWEEN_WORDS}+".join(map(re.escape, name.split(" ")))
            text = re.sub(rf"(?<!\w){spread}(?!\w)", REDACTED, text, flags=re.IGNORECASE)
        return text

    def _left(self, found: re.Match[str], reference: str | None) -> str:
        return REDACTED if reference and self.is_known(reference) else found[0]

    def _names(self, told: str) -> list[str]:
        """Names that stand in a text beside their postal code, the longest first, in lower case."""
        lowered = _LINE_END.sub(" ", told.lower())
        if not any(self.is_known(f"word/{word}") for word in set(re.findall(WORD, lowered))):
            return []
        words = _words(lowered)
        codes = {code for code in _runs(words, _MOST_CODE_WORDS) if self.is_known(f"code/{code}")}
        names = set(_runs(words, _MOST_NAME_WORDS)) if codes else set()
        return sorted(
            (name for name in names if any(self.is_known(f"home/{code}/{name}") for code in codes)),
            key=len, reverse=True,
        )  # fmt: skip


def phone_reference(found: str) -> str | None:
    """What a telephone number is looked up by; None of what is none."""
    digits = re.sub("[^0-9]", "", found)
    is_number = len(digits) <= _MOST_DIGITS and not re.search("[a-fA-F]", found)
    return f"phone/{digits[-PHONE_DIGITS:]}" if is_number else None


def phone_digits(found: str) -> str:
    """SQL of the digits that a telephone number in a text (SQL, lower case) is looked up by; null of what is none."""
    digits = f"regexp_replace({found}, '[^0-9]', '', 'g')"
    is_number = f"length({digits}) <= {_MOST_DIGITS} AND NOT regexp_matches({found}, '[a-f]')"
    return f"CASE WHEN {is_number} THEN right({digits}, {PHONE_DIGITS}) END"


def _words(lowered: str) -> list[str]:
    return re.sub(_BETWEEN_WORDS, " ", lowered).split()


def _runs(words: list[str], most: int) -> Iterator[str]:
    """All that stands in up to so many words that follow each other, without the signs around it."""
    for first in range(len(words)):
        for after in range(first + 1, min(first + most, len(words)) + 1):
            yield " ".join(words[first:after]).strip(_AROUND_WORDS)
