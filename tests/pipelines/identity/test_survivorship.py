"""Which value survives, and what provenance says about it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from pipelines.identity.survivorship import Attribute, attributes

from .factory import World

OLD, NEW = datetime(2025, 1, 1), datetime(2026, 1, 1)  # noqa: DTZ001  staging keeps UTC without a zone
PHONE = "212 555 0123"
SAME = {"phone": PHONE, "date_of_birth": date(1980, 5, 17)}


def provenance(world: World, attribute: str) -> dict[str, Any]:
    return dict(world.one("FROM identity.attribute_provenance WHERE attribute_name = ?", attribute))


def test_given_and_family_name_are_read_from_a_full_name() -> None:
    world = World()
    world.account(1, "LÓPEZ, José")
    world.resolve()
    golden = world.golden("accounts/1")
    assert (golden["full_name"], golden["given_name"], golden["family_name"]) == ("LÓPEZ, José", "José", "López")
    assert provenance(world, "given_name")["attribute_value"] == "José"


def test_a_name_spelled_out_outranks_an_initial_and_a_frequent_one_a_slip() -> None:
    world = World()
    for number, name in enumerate(["W. Roth", "W. Roth", "William Roth", "Willliam Roth", "William Roth"]):
        world.account(number, name, **SAME)
    world.resolve()
    assert world.golden("accounts/1")["full_name"] == "William Roth"


def test_a_verified_email_outranks_a_newer_one() -> None:
    world = World()
    world.account(
        1,
        "Ann Lee",
        **SAME,
        email="proved@lee.example",
        is_email_verified=True,
        _changed_at=OLD,
    )
    world.account(2, "Ann Lee", **SAME, email="typed@lee.example", _changed_at=NEW)
    world.resolve()
    assert world.golden("accounts/1")["primary_email"] == "proved@lee.example"
    row = provenance(world, "primary_email")
    assert (row["survivorship_rule"], row["candidate_count"], row["is_conflict"], row["source_record_key"]) == (
        "verified", 2, True, "shop/accounts/1",
    )  # fmt: skip


def test_the_newer_email_survives_when_none_is_verified() -> None:
    world = World()
    world.account(1, "Ann Lee", **SAME, email="old@lee.example", _changed_at=OLD)
    world.account(2, "Ann Lee", **SAME, email="new@lee.example", _changed_at=NEW)
    world.resolve()
    assert world.golden("accounts/1")["primary_email"] == "new@lee.example"
    assert provenance(world, "primary_email")["survivorship_rule"] == "most_recent"


def test_an_address_survives_in_one_piece() -> None:
    world = World()
    world.account(
        1,
        "Ann Lee",
        **SAME,
        street="1 Elm Street",
        city="Springfield",
        postal_code="10001",
        _changed_at=OLD,
    )
    world.account(2, "Ann Lee", **SAME, city="Shelbyville", _changed_at=NEW)
    world.resolve()
    golden = world.golden("accounts/1")
    assert (golden["street"], golden["city"], golden["postal_code"]) == ("1 Elm Street", "Springfield", "10001")


def test_a_deleted_record_gives_way() -> None:
    world = World()
    world.account(1, "Ann Lee", **SAME, email="gone@lee.example", _changed_at=NEW, _is_deleted=True)
    world.account(2, "Ann Lee", **SAME, email="here@lee.example", _changed_at=OLD)
    world.resolve()
    assert world.golden("accounts/1")["primary_email"] == "here@lee.example"
    assert provenance(world, "primary_email")["survivorship_rule"] == "not_deleted"


def test_a_lone_value_and_an_agreed_value_say_so() -> None:
    world = World()
    world.account(1, "Ann Lee", **SAME, language="de")
    world.account(2, "Ann Lee", **SAME)
    world.resolve()
    assert provenance(world, "language")["survivorship_rule"] == "only_value"
    assert provenance(world, "full_name")["survivorship_rule"] == "agreed"


def test_confidence_is_the_weakest_link_of_the_strongest_tree_and_absent_without_one() -> None:
    world = World()
    world.account(1, "Ann Lee", email="ann@lee.example")
    world.account(2, "Ann Lee", email="ann@lee.example", phone=PHONE)
    world.account(3, "Ann Lee", phone=PHONE)
    world.account(4, "Bo Yu")
    world.resolve()
    pairs = {
        row["left_key"][-1] + row["right_key"][-1]: row["probability"]
        for row in world.all("FROM identity.scored_pairs WHERE decision = 'match'")
    }
    # 1 and 3 share the name alone, so the tree goes by way of 2.
    assert pairs["13"] < min(pairs["12"], pairs["23"])
    weakest = min(pairs["12"], pairs["23"])
    assert world.golden("accounts/1")["identity_confidence"] == pytest.approx(weakest)
    assert world.golden("accounts/4")["identity_confidence"] is None
    quality = world.one("FROM identity.cluster_quality WHERE customer_id = ?", world.customer("accounts/1"))
    assert (quality["record_count"], quality["weakest_edge"]) == (3, pytest.approx(weakest))


def test_only_customers_that_changed_are_rewritten() -> None:
    world = World()
    world.account(1, "Ann Lee", email="ann@lee.example")
    world.account(2, "Bo Yu", email="bo@yu.example")
    world.resolve()
    world.connection.execute("UPDATE identity.golden_customers SET display_name = 'untouched'")
    world.account(1, "Ann B Lee", email="ann@lee.example")
    world.resolve()
    assert world.golden("accounts/1")["display_name"] == "Ann B Lee"
    assert world.golden("accounts/2")["display_name"] == "untouched"


def test_every_declared_rule_is_known_and_every_attribute_has_one() -> None:
    assert {attribute.name for attribute in attributes()} >= {"name", "email", "phone", "address", "date_of_birth"}
    for attribute in attributes():
        assert attribute.rules
        assert all(attribute.rank(rule) for rule in attribute.rules)


def test_source_order_ranks_named_systems_before_others() -> None:
    attribute = Attribute("x", {"x": "x"}, "x", (("crm", "shop"),))
    assert attribute.rank(("crm", "shop")) == "coalesce(list_position(['crm', 'shop'], source_system), 3)"
    assert [name for name, _ in attribute.ranks().values()] == ["source_order"]
