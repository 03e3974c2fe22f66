from __future__ import annotations

import pytest

from pipelines.identity.matching import comparable
from pipelines.identity.matching.comparable import Birth, NameParts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Anna Maria de la Cruz", NameParts("anna", "maria", "de la cruz")),
        ("Müller, Hans-Peter Jr.", NameParts("hans", "peter", "muller", "2")),
        ("Dr. John Smith III", NameParts("john", None, "smith", "3")),
        ("Madonna", NameParts("madonna")),
        ("Олег Иванов", NameParts("oleg", None, "ivanov")),
        ("Marsh & Sons Ltd", NameParts(firm="marsh sons")),
        ("Unknown", NameParts()),
        ("a@b.example", NameParts()),
    ],
)
def test_a_full_name_falls_into_its_parts(text: str, expected: NameParts) -> None:
    assert comparable.full_name(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+49 (0)30 1234567", "301234567"), ("030 1234567", "301234567"), ("0044 20 7946 0018", "079460018"),
        ("020 7946 0018", "079460018"), ("555-0100 ext. 12", "5550100"), ("0000000", None), ("123456789", None),
        ("12", None),
    ],
)  # fmt: skip
def test_a_number_reads_the_same_with_and_without_country_code(text: str, expected: str | None) -> None:
    assert comparable.phone(text) == expected


@pytest.mark.parametrize(
    ("text", "is_day_first", "expected"),
    [
        ("1980-03-04", True, Birth(1980, 3, 4)), ("19800304", True, Birth(1980, 3, 4)),
        ("04.03.1980", True, Birth(1980, 3, 4)), ("03/04/1980", False, Birth(1980, 3, 4)),
        ("4/3/80", True, Birth(1980, 3, 4)), ("4/3/12", True, Birth(2012, 3, 4)), ("1980", True, Birth(1980, 0, 0)),
        ("14 Mar 1980", True, Birth(1980, 3, 14)), ("March 14, 1980", False, Birth(1980, 3, 14)),
        ("19341395", True, Birth(1934, 13, 95)), ("soon", True, Birth()),
        ("1980-03-04 00:00:00", True, Birth(1980, 3, 4)),
    ],
)  # fmt: skip
def test_dates_are_read_part_by_part_real_or_not(text: str, is_day_first: bool, expected: Birth) -> None:
    assert comparable.birth(text, is_day_first=is_day_first) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("J.Doe+news@GMAIL.com", "jdoe@gmail.com"), ("jdoe@googlemail.com", "jdoe@gmail.com"),
        ("A.B+x@Firm.example", "a.b@firm.example"), ("none@none.com", None), ("n/a", None), ("@x.example", None),
    ],
)  # fmt: skip
def test_mailboxes_are_compared_as_their_provider_reads_them(text: str, expected: str | None) -> None:
    assert comparable.email(text) == expected


def test_streets_are_compared_without_the_kind_of_way() -> None:
    written = [comparable.street(text) for text in ("12 Main Street", "12 main st.", "Hauptstraße 5", "Hauptstr. 5")]
    assert written[0] == written[1] == "12 main st"
    assert written[2] == written[3] == "hauptstr 5"
    assert (comparable.house("12 main st"), comparable.way("12 main st")) == ("12", "main")
    assert (comparable.house("311 w 17th st"), comparable.way("311 w 17th st")) == ("311", "17th")


def test_an_address_in_one_line_gives_street_code_and_town() -> None:
    assert comparable.address("12 Main Street, Springfield, IL 62704") == ("12 main st", "62704", "il")
    assert comparable.address("Hauptstraße 5, 10115 Berlin") == ("hauptstr 5", "10115", "berlin")
    assert comparable.address("7 High Road, SE10 1NB London")[1] == "SE101NB"
