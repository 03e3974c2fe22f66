"""Telephone numbers in whatever spelling."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.identity import phones


@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("0151 2345678", "DE", "+491512345678"),
        ("+49 151 2345678", None, "+491512345678"),
        ("(212) 555-0123", "US", "+12125550123"),
        ("2125550123", None, None),
        ("000000000", "DE", None),
        ("123456789", "PL", None),
        ("n/a", "US", None),
    ],
)
def test_a_phone_is_international_or_nothing(text: str, region: str | None, expected: str | None) -> None:
    assert phones.e164(text, region) == expected


def test_a_national_and_an_international_number_share_their_key() -> None:
    assert phones.key("0151 2345678", None) == phones.key("x", "+491512345678") == "512345678"


@given(
    st.sampled_from(
        [
            "",
            "+",
            "00",
            "+1 ",
            "+49 (0)",
            "+39 0",
            "1",
            "0",
            "44",
            "+7",
            "+353 ",
            "8 (",
            "0049",
            "0044 0",
            "011",
            "0033",
        ]
    ),
    st.text("0123456789 -.()/", max_size=14),
    st.sampled_from([None, "US", "CA", "GB", "DE", "IT", "FR", "RU", "HU", "MX", "XX", "SM", "AT", "AR", "GG", "BR"]),
)
def test_the_fast_way_reads_exactly_what_the_parser_reads(front: str, rest: str, region: str | None) -> None:
    # 27 and 83 keep it from being a placeholder, which the parser does not know.
    text = f"{front}27{rest}83"
    try:
        number = phonenumbers.parse(text, region)
        possible = phonenumbers.is_possible_number(number)
        expected = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if possible else None
    except phonenumbers.NumberParseException:
        expected = None
    assert phones.e164(text, region) == expected
