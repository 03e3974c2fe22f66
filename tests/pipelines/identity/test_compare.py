"""Who is linked and who is not: whole runs on two to ten accounts."""

from __future__ import annotations

from datetime import date

import pytest

from .factory import World, clusters_of, together

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


def test_namesakes_with_different_birth_dates_stay_apart() -> None:
    namesake = {"name": "John Smith", "phone": "212 555 0123"}
    assert not together(namesake | {"date_of_birth": BORN}, namesake | {"date_of_birth": date(1951, 11, 2)})


def test_namesakes_without_common_evidence_stay_apart() -> None:
    assert not together({"name": "John Smith"}, {"name": "John Smith"})


def test_twins_stay_apart() -> None:
    home = {"phone": "212 555 0123", "street": "1 Elm St", "postal_code": "10001", "date_of_birth": BORN}
    assert not together(home | {"name": "Mark Smith"}, home | {"name": "Luke Smith"})


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


def test_a_phone_shared_by_many_people_is_no_evidence() -> None:
    given = ["Anna", "Boris", "Carla", "Dmitri", "Eva", "Fritz", "Gudrun", "Hugo", "Ines"]
    crowd = [{"name": f"{name} Wong", "phone": "212 555 0123"} for name in given]
    two = [{"name": "Zoe Quill", "phone": "212 555 0123"}] * 2
    assert together(*two)
    assert len(clusters_of(*crowd, *two)) == 11


def test_a_role_mailbox_links_organisations_and_people_of_one_full_name() -> None:
    ann = {"name": "Ann Lee", "email": "info@acme.example"}
    assert together(ann, ann)
    assert not together(ann, {"email": "info@acme.example"})
    assert not together(ann, ann | {"name": "Bo Lee"})
    acme = {"organisation_name": "Acme GmbH", "email": "info@acme.example"}
    assert together(acme, acme | {"organisation_name": "ACME"})


def test_a_role_mailbox_at_a_provider_links_nobody() -> None:
    ann = {"name": "Ann Lee", "email": "office@gmail.com"}
    assert not together(ann, ann)


def test_a_mailbox_of_very_many_people_is_no_evidence_even_with_the_name() -> None:
    crowd = [{"name": f"{chr(97 + i) * 5} Wong", "email": "desk@hotel.example"} for i in range(26)]
    two = [{"name": "Zoe Quill", "email": "desk@hotel.example"}] * 2
    assert together(*two)
    assert len(clusters_of(*crowd, *two)) == 28


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


def test_a_company_and_the_one_person_who_writes_for_it_are_one_customer() -> None:
    company = {"organisation_name": "Marsh Ltd", "email": "info@marsh.example"}
    contact = {"name": "Leo Marsh", "email": "info@marsh.example"}
    his_own = {"name": "Leo Marsh", "email": "l.marsh@marsh.example"}
    assert together(company, contact, his_own, contact | {"name": "L. Marsh"})
    assert clusters_of(company, contact, contact | {"name": "Eva Marsh"}, contact | {"name": "L. Marsh"}) == {
        frozenset("1"),
        frozenset("24"),
        frozenset("3"),
    }


def test_an_employee_as_a_private_customer_is_not_the_company() -> None:
    assert clusters_of(
        {"organisation_name": "Marsh Ltd", "email": "info@marsh.example"},
        {"name": "Leo Marsh", "email": "info@marsh.example", "phone": "212 555 0123"},
        {"name": "Leo Marsh", "email": "leo@gmail.com", "phone": "212 555 0123"},
    ) == {frozenset("1"), frozenset("23")}


def test_a_person_is_known_at_the_home_of_the_family_mailbox() -> None:
    mailbox, home = {"email": "roux@mail.example"}, {"street": "1 Elm St", "postal_code": "10001"}
    ann = mailbox | home | {"name": "Ann Roux"}
    assert clusters_of(ann, mailbox | {"name": "Leo Roux"}, home | {"name": "Leo Roux"}) == {
        frozenset("1"),
        frozenset("23"),
    }


def test_an_initial_joins_the_only_one_in_the_household_whom_it_fits() -> None:
    mailbox = {"email": "roux@mail.example"}
    family = [mailbox | {"name": name} for name in ("Stan Roux", "Eva Roux", "S. Roux")]
    assert clusters_of(*family) == {frozenset("13"), frozenset("2")}
    assert frozenset("3") in clusters_of(*family, mailbox | {"name": "Susan Roux"})


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


def test_organisations_need_more_than_a_name() -> None:
    acme = {"organisation_name": "Acme Ltd", "party_type": "organisation"}
    assert not together(acme, acme)
    assert together(
        acme | {"email": "a@acme.example"}, acme | {"organisation_name": "ACME Limited", "email": "b@acme.example"}
    )
    assert not together(acme | {"email": "acme1@gmail.com"}, acme | {"email": "acme2@gmail.com"})


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


def test_a_pair_kept_apart_is_listed_with_the_reason() -> None:
    world = World()
    world.account(1, "John Smith", email="f@smith.example")
    world.account(2, "Jane Smith", email="f@smith.example")
    world.resolve()
    pair = world.one("FROM identity.scored_pairs")
    assert (pair["left_key"], pair["right_key"], pair["decision"], pair["guard"]) == (
        "shop/accounts/1", "shop/accounts/2", "guarded", "names_differ",
    )  # fmt: skip
