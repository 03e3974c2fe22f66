"""Who is linked and who is not: whole runs on a few accounts in a town of strangers."""

from __future__ import annotations

from datetime import date

import pytest

from .factory import World, clusters_of, together, townspeople

BORN = date(1980, 5, 17)


def test_a_nickname_and_one_email_are_one_person() -> None:
    assert together(
        {"name": "Bob Smith", "email": "r@smith.example"}, {"name": "Robert Smith", "email": "R@Smith.example"}
    )


def test_different_given_names_on_one_household_email_stay_apart() -> None:
    assert not together(
        {"name": "John Smith", "email": "f@smith.example"}, {"name": "Jane Smith", "email": "f@smith.example"}
    )


def test_a_bare_email_joins_the_only_person_who_uses_it() -> None:
    assert together({"name": "John Smith", "email": "f@smith.example"}, {"email": "f@smith.example"})


def test_a_bare_email_joins_nobody_when_a_household_shares_it() -> None:
    assert clusters_of(
        {"name": "John Smith", "email": "f@smith.example"},
        {"name": "Jane Smith", "email": "f@smith.example"},
        {"email": "f@smith.example"},
    ) == {frozenset("1"), frozenset("2"), frozenset("3")}


def test_a_mistyped_birth_date_does_not_part_one_person() -> None:
    person = {"name": "John Smith", "email": "j@smith.example"}
    assert together(person | {"date_of_birth": BORN}, person | {"date_of_birth": date(1980, 5, 11)})


def test_marriage_changes_the_surname_and_not_the_person() -> None:
    person = {"email": "anna@mailbox.example", "date_of_birth": BORN}
    assert together(person | {"name": "Anna Huber"}, person | {"name": "Anna Maier"})


def test_a_swapped_name_with_the_birth_date_is_one_person() -> None:
    assert together(
        {"given_name": "Huber", "family_name": "Anna", "date_of_birth": BORN},
        {"name": "Anna Huber", "date_of_birth": BORN},
    )


def test_a_role_mailbox_links_organisations_and_people_of_one_full_name() -> None:
    ann = {"name": "Ann Lee", "email": "info@acme.example"}
    assert together(ann, ann)
    assert not together(ann, {"email": "info@acme.example"})
    assert not together(ann, ann | {"name": "Bo Lee"})
    acme = {"organisation_name": "Acme GmbH", "email": "info@acme.example"}
    assert together(acme, acme | {"organisation_name": "ACME"})


def test_a_full_name_with_a_legal_form_is_an_organisation() -> None:
    marsh = {"name": "Marsh Garden Ltd", "email": "info@marsh.example"}
    assert together(marsh, marsh | {"email": "l.marsh@marsh.example"})
    world = World()
    world.account(1, **marsh)
    world.resolve()
    golden = world.golden("accounts/1")
    assert (golden["party_type"], golden["organisation_name"], golden["given_name"]) == (
        "organisation", "Marsh Garden Ltd", None,
    )  # fmt: skip


def test_an_employee_as_a_private_customer_is_not_the_company() -> None:
    assert clusters_of(
        {"organisation_name": "Marsh Ltd", "email": "info@marsh.example"},
        {"name": "Leo Marsh", "email": "info@marsh.example", "phone": "212 555 0123"},
        {"name": "Leo Marsh", "email": "leo@gmail.com", "phone": "212 555 0123"},
    ) == {frozenset("1"), frozenset("23")}


@pytest.mark.parametrize(
    "dummy",
    [{"email": "none@none.com"}, {"phone": "000000000"}, {"phone": "123456789"}, {"date_of_birth": date(1900, 1, 1)}],
)
def test_placeholder_values_are_no_evidence(dummy: dict[str, object]) -> None:
    assert not together(dummy | {"name": "Ann Lee"}, dummy | {"name": "Ann Lee"})


def test_a_mononym_with_birth_date_is_one_person() -> None:
    assert together({"name": "Sukarno", "date_of_birth": BORN}, {"name": "sukarno", "date_of_birth": BORN})


def test_non_latin_names_compare_in_their_script() -> None:
    assert together({"name": "Иван Петров", "date_of_birth": BORN}, {"name": "Петров, Иван", "date_of_birth": BORN})
    assert not together({"name": "王小明", "phone": "212 555 0123"}, {"name": "李大华", "phone": "212 555 0123"})


def test_a_name_in_another_script_needs_an_email_that_only_one_person_uses() -> None:
    wang = {"name": "王小明", "email": "xm@wang.example"}
    assert together(wang, wang | {"name": "Xiaoming Wang"})
    assert len(clusters_of(wang, wang | {"name": "Xiaoming Wang"}, wang | {"name": "Lili Wang"})) == 3


def test_cyrillic_and_latin_spellings_of_one_name_agree_in_a_household() -> None:
    ivan = {"name": "Иван Петров", "email": "petrov@mail.example"}
    assert clusters_of(ivan, ivan | {"name": "Ivan Petrov"}, ivan | {"name": "Olga Petrova"}) == {
        frozenset("12"),
        frozenset("3"),
    }


def test_a_person_and_an_organisation_stay_apart() -> None:
    assert not together(
        {"name": "Ann Lee", "email": "ann@lee.example"}, {"organisation_name": "Lee Ltd", "email": "ann@lee.example"}
    )


def test_a_national_number_meets_its_international_spelling() -> None:
    world = World()
    world.account(1, "Ann Lee", phone="0151 2345678")
    world.account(2, "Ann Lee", phone="+49 151 2345678")
    world.resolve(default_region=None)
    assert world.clusters() == {frozenset({"1", "2"})}


def test_a_source_id_of_one_system_says_nothing_in_another() -> None:
    world = World()
    world.account(1, "Ann Lee", person_ref="7")
    world.account(2, "Ann Li", person_ref="7")
    world.account(3, "Ann Lee", person_ref="7", system="crm")
    world.resolve()
    assert world.customer("accounts/1") == world.customer("accounts/2") != world.customer("crm/accounts/3")


def test_a_pair_kept_apart_is_listed_with_its_evidence() -> None:
    world = World()
    world.account(1, "John Smith", email="f@smith.example")
    world.account(2, "Jane Smith", email="f@smith.example")
    for number, values in enumerate(townspeople()):
        world.add("accounts", "town", number, **values)
    world.resolve()
    keys = ("shop/accounts/1", "shop/accounts/2")
    pair = world.one("FROM identity.scored_pairs WHERE left_key = ? AND right_key = ?", *keys)
    said = world.all("FROM identity.pair_evidence WHERE left_key = ? AND right_key = ?", *keys)
    assert pair["decision"] == "apart"
    assert {row["attribute"]: row["level"] for row in said}["email"] == "same"
    # What is told adds up to what decided.
    assert sum(row["bits"] for row in said) == pytest.approx(pair["bits"], abs=1e-3)
