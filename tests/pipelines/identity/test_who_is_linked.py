"""Who is linked and who is not: a few accounts each, in a town of strangers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from .factory import World
from .town_factory import Scene, Town

BORN = date(1980, 5, 17)
TOWN = Town()
scene = TOWN.scene

NICKNAME = scene(
    {"name": "Bob Smith", "email": "r@smith.example"}, {"name": "Robert Smith", "email": "R@Smith.example"}
)


def test_a_nickname_and_one_email_are_one_person() -> None:
    assert NICKNAME.is_one_customer()


COUPLE = scene(
    {"name": "John Hobart", "email": "f@hobart.example"}, {"name": "Jane Hobart", "email": "f@hobart.example"}
)


def test_different_given_names_on_one_household_email_stay_apart() -> None:
    assert COUPLE.customers() == {frozenset({1}), frozenset({2})}


def test_a_pair_kept_apart_is_listed_with_its_evidence() -> None:
    keys = (COUPLE.key(1), COUPLE.key(2))
    pair = TOWN.world.one("FROM identity.scored_pairs WHERE left_key = ? AND right_key = ?", *keys)
    said = TOWN.world.all("FROM identity.pair_evidence WHERE left_key = ? AND right_key = ?", *keys)
    assert pair["decision"] == "apart"
    assert {row["attribute"]: row["level"] for row in said}["email"] == "same"
    # What is told adds up to what decided.
    assert sum(row["bits"] for row in said) == pytest.approx(pair["bits"], abs=1e-3)


BARE_EMAIL = scene({"name": "Peter Danforth", "email": "p@danforth.example"}, {"email": "p@danforth.example"})


def test_a_bare_email_joins_the_only_person_who_uses_it() -> None:
    assert BARE_EMAIL.is_one_customer()


SHARED_EMAIL = scene(
    {"name": "Martin Ellery", "email": "f@ellery.example"},
    {"name": "Susan Ellery", "email": "f@ellery.example"},
    {"email": "f@ellery.example"},
)


def test_a_bare_email_joins_nobody_when_a_household_shares_it() -> None:
    assert SHARED_EMAIL.customers() == {frozenset({1}), frozenset({2}), frozenset({3})}


MISTYPED = scene(
    {"name": "Henry Frobisher", "email": "h@frobisher.example", "date_of_birth": BORN},
    {"name": "Henry Frobisher", "email": "h@frobisher.example", "date_of_birth": date(1980, 5, 11)},
)


def test_a_mistyped_birth_date_does_not_part_one_person() -> None:
    assert MISTYPED.is_one_customer()


MARRIED = scene(
    {"name": "Anna Huber", "email": "anna@mailbox.example", "date_of_birth": date(1981, 6, 18)},
    {"name": "Anna Maier", "email": "anna@mailbox.example", "date_of_birth": date(1981, 6, 18)},
)


def test_marriage_changes_the_surname_and_not_the_person() -> None:
    assert MARRIED.is_one_customer()


SWAPPED = scene(
    {"given_name": "Gruber", "family_name": "Clara", "date_of_birth": date(1982, 7, 19)},
    {"name": "Clara Gruber", "date_of_birth": date(1982, 7, 19)},
)


def test_a_swapped_name_with_the_birth_date_is_one_person() -> None:
    assert SWAPPED.is_one_customer()


ONE_NAME_AT_WORK = scene(*[{"name": "Ann Ingram", "email": "info@ingram.example"}] * 2)
NAME_AND_NONE_AT_WORK = scene({"name": "Bea Jessop", "email": "info@jessop.example"}, {"email": "info@jessop.example"})
TWO_NAMES_AT_WORK = scene(
    {"name": "Cora Kimball", "email": "info@kimball.example"}, {"name": "Bo Kimball", "email": "info@kimball.example"}
)
ORGANISATION_AT_WORK = scene(
    {"organisation_name": "Acme GmbH", "email": "info@acme.example"},
    {"organisation_name": "ACME", "email": "info@acme.example"},
)


def test_a_role_mailbox_links_organisations_and_people_of_one_full_name() -> None:
    assert ONE_NAME_AT_WORK.is_one_customer()
    assert not NAME_AND_NONE_AT_WORK.is_one_customer()
    assert not TWO_NAMES_AT_WORK.is_one_customer()
    assert ORGANISATION_AT_WORK.is_one_customer()


LEGAL_FORM = scene(
    {"name": "Lomax Garden Ltd", "email": "info@lomax.example"},
    {"name": "Lomax Garden Ltd", "email": "l@lomax.example"},
)


def test_a_full_name_with_a_legal_form_is_an_organisation() -> None:
    assert LEGAL_FORM.is_one_customer()
    golden = LEGAL_FORM.golden(1)
    assert (golden["party_type"], golden["organisation_name"], golden["given_name"]) == (
        "organisation", "Lomax Garden Ltd", None,
    )  # fmt: skip


EMPLOYEE = scene(
    {"organisation_name": "Marsh Ltd", "email": "info@marsh.example"},
    {"name": "Leo Marsh", "email": "info@marsh.example", "phone": "212 555 0123"},
    {"name": "Leo Marsh", "email": "leo@gmail.com", "phone": "212 555 0123"},
)


def test_an_employee_as_a_private_customer_is_not_the_company() -> None:
    assert EMPLOYEE.customers() == {frozenset({1}), frozenset({2, 3})}


def with_slips(family: str, value: Mapping[str, Any]) -> Scene:
    """Two names that are one person's if the value says so, and two people's without it."""
    return scene({"name": f"Dora {family}", **value}, {"name": f"Doris {family[:-1]}", **value})


PLACEHOLDERS = {
    "email": (
        with_slips("Norwood", {"email": "none@none.com"}), with_slips("Osgood", {"email": "dora@osgood.example"}),
    ),
    "noughts": (with_slips("Pickford", {"phone": "000000000"}), with_slips("Quimby", {"phone": "212 555 0125"})),
    "digits in order": (with_slips("Redfern", {"phone": "123456789"}), with_slips("Selwyn", {"phone": "212 555 0126"})),
    "birth date": (
        with_slips("Thursby", {"date_of_birth": date(1900, 1, 1)}),
        with_slips("Upjohn", {"date_of_birth": date(1900, 1, 2)}),
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", PLACEHOLDERS)
def test_placeholder_values_are_no_evidence(kind: str) -> None:
    placeholder, genuine = PLACEHOLDERS[kind]
    assert not placeholder.is_one_customer()
    assert genuine.is_one_customer()


MONONYM = scene(
    {"name": "Sukarno", "date_of_birth": date(1983, 8, 20)}, {"name": "sukarno", "date_of_birth": date(1983, 8, 20)}
)


def test_a_mononym_with_birth_date_is_one_person() -> None:
    assert MONONYM.is_one_customer()


CYRILLIC = scene(
    {"name": "Иван Петров", "date_of_birth": date(1984, 9, 21)},
    {"name": "Петров, Иван", "date_of_birth": date(1984, 9, 21)},
)
CHINESE = scene({"name": "王小明", "phone": "212 555 0124"}, {"name": "李大华", "phone": "212 555 0124"})


def test_non_latin_names_compare_in_their_script() -> None:
    assert CYRILLIC.is_one_customer()
    assert not CHINESE.is_one_customer()


TWO_SCRIPTS = scene(
    {"name": "张伟强", "email": "wq@zhang.example"}, {"name": "Weiqiang Zhang", "email": "wq@zhang.example"}
)
TWO_SCRIPTS_TWO_PEOPLE = scene(
    {"name": "陈志远", "email": "chen@mail.example"},
    {"name": "Zhiyuan Chen", "email": "chen@mail.example"},
    {"name": "Lili Chen", "email": "chen@mail.example"},
)


def test_a_name_in_another_script_needs_an_email_that_only_one_person_uses() -> None:
    assert TWO_SCRIPTS.is_one_customer()
    assert TWO_SCRIPTS_TWO_PEOPLE.customers() == {frozenset({1}), frozenset({2}), frozenset({3})}


ROMANISED = scene(
    {"name": "Сергей Волков", "email": "volkov@mail.example"},
    {"name": "Sergei Volkov", "email": "volkov@mail.example"},
    {"name": "Olga Volkova", "email": "volkov@mail.example"},
)


def test_cyrillic_and_latin_spellings_of_one_name_agree_in_a_household() -> None:
    assert ROMANISED.customers() == {frozenset({1, 2}), frozenset({3})}


PERSON_AND_FIRM = scene(
    {"name": "Hilda Tarrant", "email": "hilda@tarrant.example"},
    {"organisation_name": "Tarrant Ltd", "email": "hilda@tarrant.example"},
)


def test_a_person_and_an_organisation_stay_apart() -> None:
    assert not PERSON_AND_FIRM.is_one_customer()


def test_no_scene_lends_another_its_evidence() -> None:
    scenes_of = [{key.rpartition("-")[0] for key in keys} for keys in TOWN.customers]
    assert [scenes for scenes in scenes_of if len(scenes) > 1] == []
    assert len(set().union(*scenes_of) - {""}) == len(TOWN.scenes)


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
