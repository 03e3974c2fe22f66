"""Erasing a customer: nothing of the person is left in schema identity, and nobody else notices."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from pipelines.identity import learned, sample, unmerging
from pipelines.identity.erasure import Erased, EraseRefused, erase
from pipelines.identity.judgements import record_judgement

from .factory import DAY_ONE, World
from .partition_factory import Partition
from .town_factory import townspeople

ANN = {"email": "ann@zuckermann.example", "phone": "212 555 0188", "street": "77 Quince Lane", "city": "Springfield",
       "postal_code": "62704", "date_of_birth": date(1980, 5, 17)}  # fmt: skip
KEY = "ann@zuckermann.example"
# Whatever of her may stand in a table: as written, standardised, or in a key.
TRACES = ("zuckermann", "5550188", "555 0188", "quince", "1980-05-17", "19800517", "ann-17", "order-99", "order-98")


def evening(world: World) -> datetime:
    return DAY_ONE + timedelta(days=world.runs, hours=12)


def erased(world: World, customer_id: str) -> Erased:
    [done] = erase(
        world.connection, [customer_id], now=evening(world), run_id="erasure-1", actor="dana", reason="request 4711"
    )
    return done


def tables_with_traces(world: World) -> set[str]:
    """Tables of schema identity of which some row, written out, holds something of the person."""
    names = world.connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'identity' ORDER BY table_name"
    ).fetchall()
    found = set()
    for (name,) in names:
        rows = world.connection.execute(f"SELECT lower(CAST(told AS VARCHAR)) FROM identity.{name} AS told").fetchall()
        if any(trace in row for (row,) in rows for trace in TRACES):
            found.add(name)
    return found


def world_with_ann() -> World:
    """Ann in a town: an account keyed by her address, a login, a guest order that came to name her account."""
    world = World()
    for number, values in enumerate(townspeople()[:80]):
        world.add("accounts", "town", number, **values)
    world.account("ann-17", "Ann Zuckermann", system="helpdesk", email="a.z@work.example")
    world.guest_order("order-98", "Ann Zuckermann", email=KEY)
    world.guest_order("order-99", "Ann Zuckermann", email="guest@home.example")
    world.account(KEY, "Ann Zuckermann", **ANN)
    world.account(2, "Leo Zuckerman", email="leo@other.example", phone="646 555 0177")
    world.resolve()
    record_judgement(
        world.connection, f"shop/accounts/{KEY}", "shop/accounts/2", "no_match",
        decided_by="ana", decided_at=evening(world), reason="Ann Zuckermann has no brother",
    )  # fmt: skip
    # The login was a customer of its own until it told its address; the guest until the order named an account.
    login = world.customer("helpdesk/accounts/ann-17")
    world.account("ann-17", "Ann Zuckermann", system="helpdesk", **ANN)
    world.guest_order("order-99", "Ann Zuckermann", email="guest@home.example", account_id=KEY)
    world.resolve()
    done = unmerging.unmerge(
        world.connection, login, decided_by="ana", decided_at=evening(world), reason="Zuckermann twice?"
    )
    one = done.judged[0]
    unmerging.take_back(world.connection, one.left_key, one.right_key, by="ana", at=evening(world), reason="no")
    sample.draw(world.connection, size=60, seed=1, now=evening(world))
    return world


def ids(world: World) -> dict[str, str]:
    return {row["source_record_key"]: row["customer_id"] for row in world.all("FROM identity.customer_crosswalk")}


@pytest.mark.parametrize("is_incremental", [False, True])
def test_nothing_of_the_person_is_left_and_feeds_do_not_bring_it_back(
    monkeypatch: pytest.MonkeyPatch, is_incremental: bool
) -> None:
    if is_incremental:
        monkeypatch.setattr(learned, "FEW_RECORDS", 0)
        monkeypatch.setattr(learned, "MOST_CHANGED", 10.0)
    world = world_with_ann()
    customer = world.customer(f"shop/accounts/{KEY}")
    assert customer == world.customer("helpdesk/accounts/ann-17") == world.customer("shop/orders/order-98")
    assert tables_with_traces(world) == {
        "source_records", "standardised_value", "comparable", "scored_pairs", "customer_crosswalk", "crosswalk_history",
        "identity_event", "judgements", "judgement_basis", "applied_judgement", "unmerge", "review_sample",
        "golden_customers", "attribute_provenance", "account_reference",
    }  # fmt: skip
    others = {key: owner for key, owner in ids(world).items() if owner != customer}
    households = world.all("FROM identity.customer_household WHERE customer_id <> ? ORDER BY ALL", customer)

    # Three records and the guest order that had become one with the account.
    assert erased(world, customer) == Erased(customer, 4)
    assert tables_with_traces(world) == set()
    assert ids(world) == others
    assert world.all("FROM identity.customer_household ORDER BY ALL") == households
    known = "SELECT record_no FROM identity.comparable"
    assert world.all(f"FROM identity.block_key WHERE record_no NOT IN ({known})") == []
    assert world.all(f"FROM identity.chain WHERE record_no NOT IN ({known}) OR chain_no NOT IN ({known})") == []

    world.account(KEY, "Ann Zuckermann", **(ANN | {"phone": "917 555 0109"}))
    world.guest_order("order-97", "Ann Zuckermann", account_id=KEY)
    world.account(3, "Mia Stone", email="mia@stone.example")
    assert world.resolve().is_full is not is_incremental
    assert tables_with_traces(world) == set()
    assert {key: owner for key, owner in ids(world).items() if key != "shop/accounts/3"} == others


def test_the_id_and_those_merged_into_it_still_tell_that_it_was_erased() -> None:
    world = Partition()
    for groups in (("a",), ("a", "b"), ("ab",)):
        before = world.ids()
        world.run(*groups)
    erase(world.connection, [before["a"]], now=world.now, run_id="erasure-1", actor="dana", reason="request 4711")
    assert world.redirects() == {before["b"]: before["a"]}
    told = world.connection.execute(
        "SELECT customer_id, source_record_key, actor, reason FROM identity.identity_event WHERE event_type = 'erase'"
    ).fetchall()
    assert told == [(before["a"], None, "dana", "request 4711")]
    # As the feeds would have it: the records do not come again, and if they did, not under these ids.
    world.run("a", "b")
    assert not set(world.ids().values()) & set(before.values())


def test_what_former_customers_tell_of_a_record_goes_with_it() -> None:
    world = Partition()
    world.run("ab", "c")
    world.run("b", "ac")
    # a was the first record of its customer, went to c, and took the id along: so b got one anew.
    customer = world.ids()["a"]
    erase(world.connection, [customer], now=world.now, run_id="erasure-1", actor="dana", reason="request 4711")
    left = world.connection.execute(
        """SELECT DISTINCT source_record_key FROM identity.identity_event WHERE source_record_key IS NOT NULL
           UNION SELECT source_record_key FROM identity.crosswalk_history ORDER BY ALL"""
    ).fetchall()
    assert left == [("erased",), ("shop/accounts/b",)]


def test_a_customer_of_whom_no_record_is_left_is_erased_from_history() -> None:
    world = Partition()
    world.run("a", "b")
    gone = world.ids()["a"]
    world.run("b")
    [done] = erase(world.connection, [gone], now=world.now, run_id="erasure-1", actor="dana", reason="request 4711")
    assert done == Erased(gone, 1)
    assert world.ids_as_of(world.now - timedelta(hours=1)).keys() == {"b"}


def test_what_cannot_be_erased_is_told_with_the_next_step() -> None:
    world = Partition()
    world.run("a")
    world.run("a", "b")
    a, b = world.ids()["a"], world.ids()["b"]
    world.run("ab")

    def attempt(customer_id: str) -> list[Erased]:
        return erase(world.connection, [customer_id], now=world.now, run_id="e", actor="dana", reason="request 4711")

    with pytest.raises(EraseRefused, match=f"{b} is merged into {a}; .*c360 unmerge {b} first"):
        attempt(b)
    with pytest.raises(EraseRefused, match="C0000000000000 was never given to a customer"):
        attempt("C0000000000000")
    attempt(a)
    with pytest.raises(EraseRefused, match=f"{a} was erased on 2026-03-04 already"):
        attempt(a)
