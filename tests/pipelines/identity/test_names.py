"""How two names relate."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.identity.names import Name, birth_dates_agree, compare, slips_of
from pipelines.identity.standardise import person_name

WORDS = st.sampled_from(
    ["john", "jon", "jane", "j", "mary ann", "mary", "smith", "smyth", "jones", "иван", "daniel", "daniela"]
)
NAMES = st.builds(Name, st.none() | WORDS, st.none() | WORDS, st.sampled_from([None, "1", "2"])).filter(
    lambda name: name.given or name.family
)


def relation(one: str, other: str) -> str:
    left, right = person_name(one), person_name(other)
    assert left
    assert right
    return compare(left, right).relation


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("Bob Smith", "Robert Smith", "full"),
        ("Smith John", "John Smith", "full"),
        ("Jon Smyth", "John Smith", "full"),
        ("Juan García López", "Juan García", "full"),
        ("Jean-Pierre Blanc", "Jeanpierre Blanc", "full"),
        ("Anna Huber", "Anna Maier", "given_only"),
        ("J. Smith", "John Smith", "partial"),
        ("Sukarno", "Sukarno", "full"),
        ("John", "John Smith", "partial"),
        ("John Smith", "Jane Smith", "different"),
        ("J. Smith", "Mary Smith", "different"),
        ("Daniel Roth", "Daniela Roth", "different"),
        ("Mario Rossi", "Maria Rossi", "different"),
        ("John Smith Jr.", "John Smith Sr.", "different"),
        ("Sukarno", "Budi Hartono", "different"),
        ("Bill Fairweather", "Willliam Fairweather", "full"),
        ("Peggy Hughes", "M. Hughes", "partial"),
        ("Bill Hughes", "M. Hughes", "different"),
        ("Rob Roth", "Roberta Roth", "unclear"),
        ("Stan Roth", "Susan Roth", "different"),
        ("John Roth", "Joan Roth", "different"),
        ("Tih Lan Ho", "Thi Lan Ho", "full"),
        ("NgocA nh Pham", "Ngoc Anh Pham", "full"),
        ("Mnh Chau Bui", "Bui Minh Chau", "full"),
        ("Jean-Paul Blanc", "Jean-Pierre Blanc", "unclear"),
        ("Иван Петров", "Ivan Petrov", "full"),
        ("Νίκος Γεωργίου", "Nikos Georgiou", "full"),
        ("Иван Петров", "Olga Petrova", "other_script"),
        ("王小明", "Wang Xiaoming", "other_script"),
    ],
)
def test_names_relate_as_a_clerk_would_say(one: str, other: str, expected: str) -> None:
    assert relation(one, other) == expected


@pytest.mark.parametrize(
    ("one", "other", "known", "expected"),
    [
        ("Rmi Rousseau", "Reim Rousseau", "Remi Rousseau", True),
        ("Rmi Rousseau", "Reim Rousseau", "Jean Rousseau", False),
        ("Mario Rossi", "Maria Rossi", "Mari Rossi", False),  # man and woman
        ("Jack Rossi", "John Rossi", "Jacky Rossi", False),  # both are names
        ("Rmi Rousseau Jr.", "Reim Rousseau Sr.", "Remi Rousseau", False),
    ],
)
def test_two_misspellings_agree_through_the_right_spelling_only(
    one: str, other: str, known: str, expected: bool
) -> None:
    left, right, true = person_name(one), person_name(other), person_name(known)
    assert left
    assert right
    assert true
    assert slips_of(true, left, right) is slips_of(true, right, left) is expected


@given(NAMES, NAMES)
def test_the_order_of_two_names_does_not_matter(left: Name, right: Name) -> None:
    assert compare(left, right) == compare(right, left)


@given(NAMES)
def test_no_name_differs_from_itself(name: Name) -> None:
    assert compare(name, name).relation in {"full", "partial"}


def test_birth_dates_forgive_one_slip_or_a_swap_and_no_more() -> None:
    assert birth_dates_agree("19800102", "19800102")
    assert birth_dates_agree("19800102", "19800201")  # day and month swapped
    assert birth_dates_agree("19800102", "19810102")  # one digit
    assert not birth_dates_agree("19800102", "19820304")
    assert not birth_dates_agree("19800102", "19801223")
