"""Who is who, on tables small enough to judge by hand and on crowds with a known truth."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from pipelines.identity.matching import blocking, engine, reading
from pipelines.identity.matching.attributes import MiddleNames
from pipelines.identity.matching.people import Census, People
from pipelines.identity.matching.scoring import attributes_of
from tests.pipelines.identity.matching.factory import CRM_ROLES, ROLES, clusters, crowd, pairwise_f1, table_of

HOME = {"street": "12 Elm Street", "code": "62704", "city": "Springfield", "phone": "2175550100"}


@pytest.fixture(scope="module")
def family_town() -> pa.Table:
    """A crowd most of which lives in households that share contacts."""
    return crowd(800, household_share=0.6)


def f1_of(table: pa.Table) -> float:
    truth = table.column("person_id").combine_chunks().dictionary_encode().indices.to_numpy()
    return pairwise_f1(engine.match(reading.read(table, CRM_ROLES)).cluster, truth)


def test_singles_and_households_are_told_apart_with_one_default(family_town: pa.Table) -> None:
    assert f1_of(crowd(800)) > 0.97
    assert f1_of(family_town) > 0.95


def test_what_is_found_does_not_depend_on_the_order_of_rows() -> None:
    table = crowd(300, household_share=0.4)
    shuffled = table.take(np.random.default_rng(5).permutation(table.num_rows)).sort_by("record_id")
    assert clusters(table, CRM_ROLES) == clusters(shuffled, CRM_ROLES)


def test_the_same_table_gives_the_same_bits_twice() -> None:
    evidence = reading.read(crowd(200, household_share=0.4), CRM_ROLES)
    one, other = engine.match(evidence), engine.match(evidence)
    assert np.array_equal(one.bits, other.bits)
    assert np.array_equal(one.cluster, other.cluster)


def in_a_crowd(*rows: dict[str, str]) -> set[frozenset[str]]:
    """Clusters of some records among those of a town, from which the engine learns what agreement is worth."""
    town = crowd(400, household_share=0.4)
    names = dict(
        zip(("given", "family", "born", "email", "phone", "street", "code", "city", "firm"),
            ("given_name", "family_name", "date_of_birth", "email", "phone", "street", "postal_code", "city",
             "organisation_name"), strict=True)
    )  # fmt: skip
    few = table_of(*rows).drop_columns(["name"])
    columns = {"record_id": pa.concat_arrays([few["record_id"].combine_chunks(), town["record_id"].combine_chunks()])}
    for ours, theirs in names.items():
        columns[ours] = pa.concat_arrays([few[ours].combine_chunks(), town[theirs].combine_chunks()])
    roles = {role: some for role, some in ROLES.items() if role != "full_name"}
    found = clusters(pa.table(columns).sort_by("record_id"), roles)
    return {some for some in found if any(name.startswith("r") for name in some)}


def test_agreement_in_what_was_not_there_to_learn_from_says_nothing() -> None:
    town = crowd(200)
    measure = engine.match(reading.read(town, CRM_ROLES)).learned
    coloured = town.append_column("colour", pa.array(["teal" if at < 40 else "red" for at in range(town.num_rows)]))
    left = np.arange(0, 40, 2)
    bits = []
    for table, roles in ((town, CRM_ROLES), (coloured, CRM_ROLES | {"other": ("colour",)})):
        compared = attributes_of(reading.read(table, roles), measure.given_names)
        bits.append(measure.among(compared).score(compared, left, left + 1))
    assert np.array_equal(*bits)


def test_brother_and_sister_at_one_telephone_stay_two() -> None:
    boy = {"given": "Oliver", "family": "Kowalczyk", "born": "1991-05-02", **HOME}
    girl = {"given": "Sophie", "family": "Kowalczyk", "born": "1994-11-20", **HOME}
    assert in_a_crowd(boy, girl, boy | {"given": "Oliwer"}) == {frozenset({"r0", "r2"}), frozenset({"r1"})}


def test_a_nickname_a_slip_and_swapped_fields_are_one_person() -> None:
    person = {"given": "William", "family": "Ashworth", "born": "1971-02-03", "email": "w.ashworth@mail.example"}
    assert in_a_crowd(
        person,
        person | {"given": "Bill", "email": ""},
        person | {"family": "Ashwroth", "born": "1971-03-02"},
        person | {"given": "Ashworth", "family": "William", "born": ""},
    ) == {frozenset({"r0", "r1", "r2", "r3"})}


def test_one_mailbox_and_number_in_two_scripts_is_one_person() -> None:
    person = {"email": "zhiqiang.sun@mail.example", "born": "2001-01-31", **HOME}
    assert in_a_crowd(
        person | {"given": "Zhiqiang", "family": "Sun"}, person | {"given": "志强", "family": "孙"}
    ) == {frozenset({"r0", "r1"})}  # fmt: skip


def test_a_person_is_not_the_firm_whose_mailbox_they_use() -> None:
    firm = {"firm": "Ashworth Interiors Ltd", "email": "info@ashworth.example"}
    clerk = {"given": "Zelda", "family": "Quarrington", "email": "info@ashworth.example"}
    other = {"given": "Thaddeus", "family": "Birnbaum", "email": "info@ashworth.example"}
    assert frozenset({"r1"}) in in_a_crowd(firm, clerk, other)
    assert frozenset({"r2"}) in in_a_crowd(firm, clerk, other)


@pytest.mark.parametrize("size", [0, 1, 2])
def test_hardly_any_records_are_no_trouble(size: int) -> None:
    rows = [{"given": "Ann", "family": "Lee", "email": "ann@mail.example"}] * size
    assert len(clusters(table_of(*rows))) == min(size, 1)


def test_a_first_name_alone_joins_nobody() -> None:
    assert len(clusters(table_of(*[{"given": "Maria"}] * 1000))) == 1000


def test_rows_without_any_value_stay_apart() -> None:
    assert len(clusters(table_of(*[{}] * 50))) == 50


def test_a_value_that_everybody_has_is_no_evidence() -> None:
    town = crowd(400)
    constant = town.append_column("list", pa.array(["newsletter"] * town.num_rows))
    assert clusters(constant, {**CRM_ROLES, "category": ("list",)}) == clusters(town, CRM_ROLES)


def test_a_telephone_shared_by_thousands_costs_few_pairs() -> None:
    town = crowd(4000)
    shared = town.set_column(town.column_names.index("phone"), "phone", pa.array(["0301234567"] * town.num_rows))
    left, _, by_rule = blocking.candidate_pairs(reading.read(shared, CRM_ROLES))
    assert by_rule["phones"] == 3 * town.num_rows - 6  # three neighbours each, none beyond the end of the line
    assert len(left) < 70 * town.num_rows
    assert f1_of(shared) > 0.9


def test_a_share_counts_people_and_not_their_records() -> None:
    # 2,000 people with a record each but the first, who has three: value 700 is on three records of person 0 and one of
    # person 1, value 300 on person 2.
    owners = np.concatenate([[0, 0], np.arange(2000)])
    values = np.full(2002, -1)
    values[[0, 1, 2, 3]] = 0
    values[4] = 1
    people, numbers = People(owners), np.array([700, 300])
    # One other holds value 700; of value 300 nobody else is known, which counts as half a person.
    expected = [1 / 2000, 0.5 / 2000, 0.5 / 2000]
    assert np.allclose(np.exp2(people.shares("phone", values, numbers)), expected)
    # The same from what was counted, asked of other records; 500 was never seen.
    census = Census(people.count, people.counted)
    asked = np.exp2(census.shares("phone", values, np.array([500, 700])))
    assert np.allclose(asked, [0.5 / 2000, 1 / 2000, 0.5 / 2000])


def test_a_small_table_counts_as_drawn_from_a_thousand_people() -> None:
    shares = People(np.arange(4)).shares("phone", np.array([0, 0, 1, -1]), np.array([7, 8]))
    assert np.allclose(np.exp2(shares), [1 / 1000, 0.5 / 1000, 0.5 / 1000])


def test_a_name_in_two_words_counts_once() -> None:
    # Everybody called Thuy is Thuy Linh, so the second word says nothing that the first has not said.
    rows = [{"given": "Thuy Linh", "family": f"Family{at}"} for at in range(50)]
    rows += [{"given": f"Name{at} Anna", "family": f"Other{at}"} for at in range(50)]
    evidence = reading.read(table_of(*rows), ROLES)
    middle = MiddleNames(evidence.columns["middle"], evidence.columns["given"])
    middle.count(People(np.arange(100)))
    (shares,) = middle.shares((np.ones(2, dtype=np.int8),), np.array([0, 50]), np.array([1, 51]))
    # Of 50 Thuys the 49 others are Linh as well; Anna is the second name of 49 others of a thousand.
    assert np.allclose(np.exp2(shares), [1.0, 49 / 1000])
