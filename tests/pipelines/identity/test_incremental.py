"""New and changed records, judged by what was learned from all: the result is that of matching everything anew."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest

from pipelines.identity import learned
from pipelines.identity.judgements import record_judgement
from sample_company.people import generate, records
from tests.pipelines.identity.matching.factory import pairwise_f1

from .factory import DAY_ONE, World

COLUMNS = ("name", "email", "phone", "street", "city", "postal_code", "date_of_birth")
PEOPLE = 400
BORN = date(1980, 5, 17)
ANN = {"name": "Ann Zuckermann", "email": "ann@zuckermann.example", "phone": "212 555 0123"}


@pytest.fixture(autouse=True)
def _always_incremental(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learned, "FEW_RECORDS", 0)
    monkeypatch.setattr(learned, "MOST_CHANGED", 10.0)


def town() -> list[dict[str, Any]]:
    made = records(generate(PEOPLE, 7, household_share=0.3), 8, per_person=2.5).sort_by("record_id").to_pylist()
    return [row | {"name": row["full_name"]} for row in made]


def world_of(rows: list[dict[str, Any]]) -> World:
    world = World()
    for row in rows:
        world.account(row["record_id"], **{name: row[name] for name in COLUMNS})
    return world


def f1_of(world: World, rows: list[dict[str, Any]]) -> float:
    customers = {
        row["record_id"]: row["customer_id"]
        for row in world.all("FROM identity.customer_crosswalk WHERE entity = 'accounts'")
    }
    found = np.unique([customers[str(row["record_id"])] for row in rows], return_inverse=True)[1]
    truth = np.unique([row["person_id"] for row in rows], return_inverse=True)[1]
    return pairwise_f1(found, truth)


def test_records_that_come_late_find_their_customers_as_well_as_if_all_had_come_at_once() -> None:
    rows = town()
    at_once = world_of(rows)
    at_once.resolve()
    # Every 17th record comes later, on two days.
    late = rows[::17]
    in_time = [row for row in rows if row not in late]
    world = world_of(in_time)
    assert world.resolve().is_full
    for some in (late[: len(late) // 2], late[len(late) // 2 :]):
        for row in some:
            world.account(row["record_id"], **{name: row[name] for name in COLUMNS})
        result = world.resolve()
        assert (result.is_full, result.new_records) == (False, len(some))
    # On so few records a single pair is worth .001.
    assert f1_of(world, rows) > f1_of(at_once, rows) - 0.01
    assert f1_of(at_once, rows) > 0.85


def test_a_record_that_changes_leaves_its_customer_and_comes_back() -> None:
    world = world_of(town())
    world.account("x1", **ANN)
    world.account("x2", **ANN)
    assert world.resolve().is_full
    both = world.customer("accounts/x1")
    assert world.customer("accounts/x2") == both
    world.account("x2", name="Bob Yakimoto", email="bob@yakimoto.example", phone="646 555 0199")
    assert not world.resolve().is_full
    assert world.customer("accounts/x1") == both != world.customer("accounts/x2")
    assert world.events()[-1][0] == "split"
    bob = world.customer("accounts/x2")
    world.account("x2", **ANN)
    assert not world.resolve().is_full
    assert world.customer("accounts/x2") == both
    assert world.events() == [("merge", both, bob)]


def test_a_record_between_two_joins_them_and_parts_them_when_it_goes() -> None:
    world = world_of(town())
    world.account("x1", "Ann Zuckermann", email="ann@zuckermann.example")
    world.account("x2", phone="212 555 0123", date_of_birth=BORN)
    world.resolve()
    assert world.customer("accounts/x1") != world.customer("accounts/x2")
    untouched = world.clusters()
    world.account("x3", date_of_birth=BORN, **ANN)
    world.resolve()
    assert world.customer("accounts/x1") == world.customer("accounts/x2") == world.customer("accounts/x3")
    world.remove("accounts", "shop", "x3")
    assert not world.resolve().is_full
    assert world.clusters() == untouched


def test_evidence_is_told_by_the_names_of_the_full_match_though_few_attributes_are_there() -> None:
    world = world_of(town())
    world.account("x1", name="Ann Zuckermann", email="ann@zuckermann.example")
    world.resolve()
    world.account("x2", name="Ann Zuckermann", email="ann@zuckermann.example")
    assert not world.resolve().is_full
    pair = "left_key = 'shop/accounts/x1' AND right_key = 'shop/accounts/x2'"
    said = {row["attribute"]: row for row in world.all(f"FROM identity.pair_evidence WHERE {pair}")}
    assert (said["given_name"]["level"], said["family_name"]["level"], said["email"]["level"]) == ("same",) * 3
    assert not {"birth_date", "phone", "address"} & set(said)
    bits = world.one(f"FROM identity.scored_pairs WHERE {pair}")["bits"]
    assert sum(row["bits"] for row in said.values()) == pytest.approx(bits, abs=1e-3)


def test_a_judgement_moves_records_that_did_not_change_to_and_fro() -> None:
    world = world_of(town())
    world.account("x1", **ANN)
    world.account("x2", **ANN)
    world.resolve()
    one, ids = world.customer("accounts/x1"), []
    for decision in ("no_match", "unsure", "no_match"):
        record_judgement(
            world.connection, "shop/accounts/x1", "shop/accounts/x2", decision,
            decided_by="ana", decided_at=DAY_ONE, reason="two sisters",
        )  # fmt: skip
        assert not world.resolve().is_full
        assert world.customer("accounts/x1") == one
        ids.append(world.customer("accounts/x2"))
    assert ids == [ids[0], one, ids[0]]
    assert ids[0] != one


def test_a_household_grows_with_its_customers() -> None:
    world = world_of(town())
    home = {"street": "77 Quince Lane", "city": "Springfield", "postal_code": "62704"}
    world.account("x1", "Ann Zuckermann", email="ann@zuckermann.example", **home)
    world.resolve()
    world.account("x2", "Leo Zuckermann", email="leo@zuckermann.example", **home)
    assert not world.resolve().is_full
    households = {row["customer_id"]: row["household_id"] for row in world.all("FROM identity.customer_household")}
    ann, leo = world.customer("accounts/x1"), world.customer("accounts/x2")
    assert ann != leo
    assert households[ann] == households[leo] == "H" + ann[1:]
    # Every customer has one household.
    assert set(households) == {row["customer_id"] for row in world.all("FROM identity.golden_customers")}


def test_the_one_person_who_writes_for_a_company_is_its_customer_until_a_second_does() -> None:
    world = world_of(town())
    company = {"organisation_name": "Harrow & Finch Bindery Ltd"}
    world.account("x1", email="info@harrowfinch.example", party_type="organisation", **company)
    world.resolve()
    world.account("x2", "Odette Harrow", email="o.harrow@harrowfinch.example", **company)
    assert not world.resolve().is_full
    assert world.customer("accounts/x1") == world.customer("accounts/x2")
    world.account("x3", "Simon Quint", email="s.quint@harrowfinch.example", **company)
    assert not world.resolve().is_full
    assert len({world.customer(f"accounts/x{number}") for number in (1, 2, 3)}) == 3
