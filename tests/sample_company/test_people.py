from itertools import pairwise

import phonenumbers
import pyarrow as pa
import pyarrow.compute as pc

from sample_company import people
from sample_company.noise import PLACEHOLDER_PHONES


def test_the_same_seed_gives_the_same_people_and_another_seed_others() -> None:
    assert people.generate(300, 4).equals(people.generate(300, 4))
    assert not people.generate(300, 4).equals(people.generate(300, 5))


def test_no_two_people_share_an_identifier_a_mailbox_or_a_mobile_even_across_two_runs() -> None:
    persons = pa.concat_tables([people.generate(3000, 1), people.generate(500, 2, first_number=3001)])
    for column in ("person_id", "email"):
        assert pc.count_distinct(persons[column]).as_py() == 3500
    numbers = pc.binary_join_element_wise(persons["country"], persons["mobile"], "-")
    assert pc.count_distinct(numbers).as_py() == 3500


def test_the_share_of_people_who_live_with_others_is_the_one_asked_for() -> None:
    persons = people.generate(20_000, 3, household_share=0.5)
    sizes = persons.group_by("household_id").aggregate([("person_id", "count")])["person_id_count"]
    together = pc.sum(pc.if_else(pc.greater(sizes, 1), sizes, 0)).as_py()
    assert 0.45 < together / 20_000 < 0.55


def test_people_of_one_household_share_the_address_and_children_have_names_of_their_own() -> None:
    homes: dict[str, list[dict[str, object]]] = {}
    for person in people.generate(5000, 6, household_share=0.6).to_pylist():
        homes.setdefault(str(person["household_id"]), []).append(person)
    full = [home for home in homes.values() if len(home) >= 4]
    assert len(full) > 50
    assert all(len({(person["street"], person["postal_code"]) for person in home}) == 1 for home in full)
    assert all(home[2]["given_name"] != home[3]["given_name"] for home in full if home[2]["culture"] != "indonesian")


def test_twins_share_the_birth_date_but_not_the_name() -> None:
    persons = people.generate(20_000, 8, household_share=0.8).to_pylist()
    pairs = [
        (one, two)
        for one, two in pairwise(persons)
        if one["household_id"] == two["household_id"]
        and one["date_of_birth"]
        and one["date_of_birth"] == two["date_of_birth"]
    ]
    assert len(pairs) > 10
    assert sum(one["given_name"] != two["given_name"] for one, two in pairs) > 0.9 * len(pairs)


def test_namesakes_mononyms_firms_and_other_scripts_are_among_the_people() -> None:
    persons = people.generate(20_000, 9)
    names = (
        persons.filter(pc.equal(persons["party_type"], "person"))
        .group_by(["given_name", "family_name"])
        .aggregate([("person_id", "count")])
    )
    assert pc.max(names["person_id_count"]).as_py() > 3
    assert pc.sum(pc.is_null(persons["family_name"])).as_py() > 50
    assert 0.02 < pc.mean(pc.cast(pc.equal(persons["party_type"], "organisation"), pa.int8())).as_py() < 0.07
    for script in ("[а-я]", "[α-ω]", "[ء-ي]", "[一-龥]"):
        assert pc.sum(pc.match_substring_regex(persons["given_name"], script)).as_py() > 20


def test_most_telephone_numbers_are_valid_in_their_country() -> None:
    records = people.records(people.generate(1500, 10), 11)
    checked = valid = 0
    for number, country in zip(records["phone"].to_pylist(), records["country"].to_pylist(), strict=True):
        if number and number not in PLACEHOLDER_PHONES:
            checked += 1
            valid += phonenumbers.is_valid_number(phonenumbers.parse(number, country))
    assert checked > 1500
    assert valid / checked > 0.95


def test_records_name_every_person_and_spell_them_differently() -> None:
    persons = people.generate(2000, 12)
    records = people.records(persons, 13, per_person=2.5)
    assert records.equals(people.records(persons, 13, per_person=2.5))
    assert pc.count_distinct(records["person_id"]).as_py() == 2000
    assert 2.3 < records.num_rows / 2000 < 2.7
    spellings = records.group_by("person_id").aggregate([("full_name", "count_distinct")])["full_name_count_distinct"]
    assert pc.max(spellings).as_py() >= 3
    assert 0.03 < records["email"].null_count / records.num_rows < 0.12
    assert pc.sum(pc.is_in(records["phone"], pa.array(PLACEHOLDER_PHONES))).as_py() > 10
