"""Making single values comparable."""

from __future__ import annotations

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from pipelines.identity import standardise
from pipelines.identity.names import Name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("John Smith", Name("john", "smith", None)),
        ("SMITH, John Jr.", Name("john", "smith", "2")),
        ("Dr. Hans-Peter von der Heide", Name("hans peter", "von der heide", None)),
        ("Łukasz Żółć", Name("lukasz", "zolc", None)),
        ("O'Brien, Pat", Name("pat", "obrien", None)),
        ("Sukarno", Name("sukarno", None, None)),
        ("Smith,", Name(None, "smith", None)),
        ("Иван Петров", Name("иван", "петров", None)),
        ("शर्मा राम", Name("शर्मा", "राम", None)),
        ("N/A", None),
        ("john@smith.example", None),
        ("...", None),
    ],
)
def test_a_person_name_is_taken_apart(text: str, expected: Name | None) -> None:
    assert standardise.person_name(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Marsh Garden Supplies Inc.", True),
        ("Nowak Bakery Sp. z o.o.", True),
        ("Acme, Inc.", True),
        ("Vogt Textiles e.K.", True),
        ("Roth AG", True),
        ("Muller, AG", False),  # initials behind the family name
        ("MULLER SE", False),
        ("Inc.", False),
        ("Anna Huber", False),
    ],
)
def test_a_legal_form_at_the_end_tells_an_organisation(text: str, expected: bool) -> None:
    assert standardise.is_organisation(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("garcía lópez, José", ("José", "García López")),
        ("DR. MARIA O'NEIL", ("Maria", "O'Neil")),
        ("HANS VAN DER BERG", ("Hans", "van der Berg")),
        ("Mohammed El-Ali", ("Mohammed", "El-Ali")),
        ("Sukarno", ("Sukarno", None)),
    ],
)
def test_a_name_is_shown_in_the_letters_of_its_source(text: str, expected: tuple[str, str | None]) -> None:
    name = standardise.person_name(text)
    assert name
    assert standardise.shown(text, name) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" John.Smith@Example.COM ", "john.smith@example.com"),
        ("a+shop@mailbox.example", "a+shop@mailbox.example"),
        ("none@none.com", None),
        ("test@test.com", None),
        ("a..b@mailbox.example", None),
        ("no at sign", None),
        ("x@nodot", None),
    ],
)
def test_an_email_is_lower_case_and_valid_or_nothing(text: str, expected: str | None) -> None:
    assert standardise.email(text) == expected


@given(
    st.text("abc.+-_!@ \"'ü", max_size=12),
    st.sampled_from(["smith.example", "a-b.org", "-a.org", "a..b.org", "local", "x.test"]),
)
def test_the_fast_way_accepts_exactly_what_the_validator_accepts(local: str, domain: str) -> None:
    text = f"{local}@{domain}"
    try:
        expected = validate_email(text.strip(), check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        expected = None
    assert standardise.email(text) == expected


def test_legal_forms_and_street_words_do_not_count() -> None:
    assert standardise.organisation("Müller & Söhne GmbH & Co. KG") == "muller sohne"
    assert standardise.organisation("Fiat S.p.A.") == "fiat"
    assert standardise.street("Hauptstraße 5") == standardise.street("Hauptstr. 5") == "hauptstr 5"
    assert standardise.street("12 Main Street") == standardise.street("12 Main St.") == "12 main st"


def test_postal_codes_and_countries_have_one_spelling() -> None:
    assert standardise.postal_code("sw1a 1aa") == "SW1A1AA"
    assert standardise.postal_code("00000") is None
    assert [standardise.country(text) for text in ("Deutschland", "de", "UK", "Narnia")] == ["DE", "DE", "GB", None]


@given(st.text(max_size=30))
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert standardise.fold(standardise.fold(text)) == standardise.fold(text)
