"""Lasting ids: what happens to them when records come, change, part and go."""

from __future__ import annotations

from .factory import World

ANN = {"email": "ann@lee.example"}


def test_a_new_customer_gets_one_create_event_and_open_history() -> None:
    world = World()
    world.account(1, "Ann Lee", **ANN)
    world.account(2, "Ann Lee", **ANN)
    world.resolve()
    customer = world.customer("accounts/1")
    assert world.events() == [("create", customer, None)]
    assert [row["valid_to"] for row in world.all("FROM identity.crosswalk_history")] == [None, None]
    assert len(customer) == 14
    assert customer[0] == "C"


def test_a_guest_order_attaches_to_the_customer() -> None:
    world = World()
    world.account(1, "Ann Lee", **ANN)
    world.resolve()
    world.guest_order(9, "Ann Lee", **ANN)
    result = world.resolve()
    customer = world.customer("accounts/1")
    assert world.customer("orders/9") == customer
    assert world.events() == [("attach", customer, None)]
    assert (result.created, result.merges) == (0, 0)


def test_guest_orders_of_a_household_stay_apart() -> None:
    world = World()
    world.guest_order(1, "John Smith", email="f@smith.example")
    world.guest_order(2, "Jane Smith", email="f@smith.example")
    world.guest_order(3, "Jane Smith", email="f@smith.example")
    world.resolve()
    assert world.clusters() == {frozenset({"orders/1"}), frozenset({"orders/2", "orders/3"})}


def test_a_referenced_account_keeps_its_id_when_it_arrives() -> None:
    world = World()
    world.guest_order(9, "Ann Lee", account_id="77")
    world.resolve()
    stub = world.one("FROM identity.source_records")
    assert (stub["source_record_key"], stub["is_stub"]) == ("shop/accounts/77", True)
    before = world.customer("accounts/77")
    world.account(77, "Ann Lee", **ANN)
    world.resolve()
    assert world.customer("accounts/77") == before
    assert world.events() == []
    assert world.golden("accounts/77")["primary_email"] == "ann@lee.example"


def test_the_key_of_a_stub_escapes_as_staging_does() -> None:
    world = World()
    world.guest_order(9, "Ann Lee", account_id="a|b", account_source="crm")
    world.resolve()
    assert world.one("FROM identity.source_records")["source_record_key"] == r"crm/accounts/a\|b"


def test_a_merge_keeps_the_older_id_and_redirects_the_other() -> None:
    world = World()
    world.account(2, "Ann Lee", **ANN)
    world.resolve()
    old = world.customer("accounts/2")
    world.account(1, "Ann Lee", phone="212 555 0123")
    world.resolve()
    young = world.customer("accounts/1")
    assert young != old
    world.account(1, "Ann Lee", phone="212 555 0123", **ANN)
    result = world.resolve()
    assert result.merges == 1
    assert world.customer("accounts/1") == world.customer("accounts/2") == old
    assert world.events() == [("merge", old, young)]
    redirect = world.one("FROM identity.customer_id_redirect")
    assert (redirect["old_customer_id"], redirect["current_customer_id"]) == (young, old)
    periods = world.all(
        "FROM identity.crosswalk_history WHERE source_record_key = 'shop/accounts/1' ORDER BY valid_from"
    )
    assert [(row["customer_id"], row["valid_to"] is None) for row in periods] == [(young, False), (old, True)]
    assert periods[0]["valid_to"] == periods[1]["valid_from"]
    assert world.all("FROM identity.golden_customers WHERE customer_id = ?", young) == []


def test_redirects_are_followed_to_the_end() -> None:
    world = World()
    ids = []
    for key, phone in ((1, "212 555 0121"), (2, "212 555 0122"), (3, "212 555 0123")):
        world.account(key, "Ann Lee", phone=phone)
        world.resolve()
        ids.append(world.customer(f"accounts/{key}"))
    world.account(3, "Ann Lee", phone="212 555 0122")
    world.resolve()
    for key in (1, 2, 3):
        world.account(key, "Ann Lee", phone="212 555 0121")
    world.resolve()
    redirects = {
        row["old_customer_id"]: row["current_customer_id"] for row in world.all("FROM identity.customer_id_redirect")
    }
    assert redirects == {ids[1]: ids[0], ids[2]: ids[0]}


def test_a_split_keeps_the_id_on_the_oldest_record() -> None:
    world = World()
    world.account(2, "Ann Lee", **ANN)
    world.resolve()
    world.account(1, "Ann Lee", **ANN)
    world.resolve()
    customer = world.customer("accounts/1")
    world.account(1, "Zoe Quill", **ANN)
    result = world.resolve()
    assert result.splits == 1
    assert world.customer("accounts/2") == customer
    other = world.customer("accounts/1")
    assert other != customer
    assert world.events() == [("create", other, None), ("split", customer, other)]


def test_a_customer_without_records_is_retired_and_its_id_never_given_again() -> None:
    world = World()
    world.account(1, "Ann Lee", **ANN)
    world.account(2, "Bo Yu")
    world.resolve()
    first = world.customer("accounts/1")
    world.remove("accounts", "shop", 1)
    assert world.resolve().retired == 1
    assert ("retire", first, None) in world.events()
    assert world.all("FROM identity.golden_customers WHERE customer_id = ?", first) == []
    world.account(1, "Ann Lee", **ANN)
    world.resolve()
    assert world.customer("accounts/1") != first


def test_a_deleted_account_stays_a_known_customer() -> None:
    world = World()
    world.account(1, "Ann Lee", **ANN)
    world.resolve()
    before = world.customer("accounts/1")
    world.account(1, "Ann Lee", _is_deleted=True, **ANN)
    world.resolve()
    assert world.customer("accounts/1") == before
    assert world.golden("accounts/1")["is_deleted"] is True


def test_a_guest_whose_order_comes_to_name_its_account_is_merged_into_it() -> None:
    world = World()
    world.account(1, "Ann Lee", phone="212 555 0123")
    world.resolve()
    account = world.customer("accounts/1")
    world.guest_order(9, "Ann Lee", **ANN)
    world.resolve()
    guest = world.customer("orders/9")
    world.guest_order(9, "Ann Lee", account_id="1", **ANN)
    world.resolve()
    assert world.one("FROM identity.customer_id_redirect")["old_customer_id"] == guest
    assert [event[:2] for event in world.events()] == [("merge", account), ("detach", guest)]
