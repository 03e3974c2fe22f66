"""Telephone numbers: E.164 where a country is known, else the last digits, and what stands for "no number".

Pure functions of one value each; `values` applies them to tables.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE as REGIONS_OF_CODE
from phonenumbers import PhoneMetadata

# Digits compared when the country is unknown: enough to be one subscriber, few enough to leave out trunk prefixes.
PHONE_KEY_DIGITS = 9
LONGEST_CALLING_CODE = 3
SEPARATORS = str.maketrans(dict.fromkeys(" -.()/"))
EXTENSION = re.compile(r"(?i)(?:x|ext|extension|#)\s*\.?\s*\d+\s*$")
NO_DIGIT = re.compile(r"\D")


def e164(text: str, region: str | None) -> str | None:
    """E.164, read as a number of `region` (ISO 3166 code) where it has no country prefix; None if impossible."""
    if _is_placeholder(text):
        return None
    return _plain(text.translate(SEPARATORS), region) or _parsed(text, region)


def key(text: str, number: str | None) -> str | None:
    """Last nine digits, comparable between a national and an international spelling; None if there are fewer.

    `number` is the text's E.164 number if it has one.
    """
    digits = number[1:] if number else NO_DIGIT.sub("", EXTENSION.sub("", text))
    return None if len(digits) < PHONE_KEY_DIGITS or _is_placeholder(digits) else digits[-PHONE_KEY_DIGITS:]


class _Plan(NamedTuple):
    """How numbers of a region are dialled: what may stand in front, and how long a national number is."""

    code: str
    lengths: frozenset[int]
    prefix: re.Pattern[str] | None
    abroad: re.Pattern[str] | None
    # 0 stands in front at home and in no number; "00" is how abroad is dialled.
    has_trunk_zero: bool
    dials_00: bool


def _plain(digits: str, region: str | None) -> str | None:
    """Read a number as the full parser would, ten times faster; None if unsure, as of unusual trunk prefixes."""
    if not digits.isascii():
        return None
    plan = _plan(region) if region else None
    if plan and plan.dials_00 and digits[:2] == "00" and digits[2:3] != "0":
        digits = f"+{digits[2:]}"
    if digits[:1] == "+" and digits[1:].isdecimal():
        codes = (digits[1 : 1 + length] for length in range(1, LONGEST_CALLING_CODE + 1))
        code = next((code for code in codes if code.isdecimal() and int(code) in REGIONS_OF_CODE), None)
        plan = _plan(REGIONS_OF_CODE[int(code)][0]) if code else None
        national = digits[1 + len(code) :] if code else ""
    elif plan and digits.isdecimal() and not (plan.abroad and plan.abroad.match(digits)):
        if digits.startswith(plan.code):
            return None
        national = digits[1:] if plan.has_trunk_zero and digits[:1] == "0" else digits
    else:
        return None
    # A leading zero may belong to the number (Italy) or not.
    if not plan or national[:1] == "0" or len(national) not in plan.lengths or _is_placeholder(national):
        return None
    return None if plan.prefix and plan.prefix.match(national) else f"+{plan.code}{national}"


@lru_cache(maxsize=512)
def _plan(region: str) -> _Plan | None:
    metadata = PhoneMetadata.metadata_for_region(region)
    if metadata is None or metadata.country_code is None:
        return None
    main = PhoneMetadata.metadata_for_region(REGIONS_OF_CODE[metadata.country_code][0])
    if main is None or main.general_desc is None:
        return None
    prefix, abroad = metadata.national_prefix_for_parsing, metadata.international_prefix
    return _Plan(
        str(metadata.country_code),
        frozenset(main.general_desc.possible_length),
        re.compile(prefix) if prefix else None,
        re.compile(abroad) if abroad else None,
        prefix == "0" and metadata.national_prefix_transform_rule is None and metadata.leading_digits is None,
        abroad == "00",
    )


def _parsed(text: str, region: str | None) -> str | None:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number) or _is_placeholder(str(number.national_number)):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _is_placeholder(text: str) -> bool:
    """One digit repeated, or a plain run up or down such as 123456789, apart from a leading trunk zero."""
    tail = (text if text.isdecimal() else NO_DIGIT.sub("", text)).lstrip("0")
    # A subscriber number may well contain runs; only a number that is nothing else is a placeholder.
    return len(set(tail)) <= 1 or tail in "1234567890123" or tail in "9876543210987"
