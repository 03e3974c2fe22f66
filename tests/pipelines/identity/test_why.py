"""Why records are one customer or two, on graphs drawn by hand."""

from __future__ import annotations

import pytest

from pipelines.identity.pair import read_pairs
from pipelines.identity.why import Split, WhyOne, why_customers, why_one, why_records

from .resolved_factory import Resolved, key, letters


@pytest.fixture
def world() -> Resolved:
    """C1: a-b-c-d with the bridge b-c; C2 (e) looks like d but averages against; C3 (f) looks like a a little."""
    made = Resolved()
    made.customer("C1", "abcd", full_name="Ann Lee")
    made.customer("C2", "e", full_name="Anna Lee")
    made.customer("C3", "f")
    made.write("a", "email", "ann@lee.example")
    made.pair("ab", 9.0, email=("same", 8.0), given_name=("same", 3.0), family_name=("different", -2.0))
    made.pair("cd", 8.0)
    made.pair("bc", 4.0, phone=("same", 5.0), email=("different", -3.0), given_name=("nickname", 2.0))
    made.pair("ac", -2.0)
    made.pair("de", 3.0, phone=("same", 6.0), birth_date=("different", -3.0))
    made.pair("ce", -5.0)
    made.pair("af", -4.0)
    return made


def split(why: WhyOne) -> Split:
    assert why.split
    return why.split


def test_a_customer_is_told_by_its_strongest_tree_with_the_strongest_edge_first(world: Resolved) -> None:
    why = why_one(world.connection, "C1")
    assert [(letters(pair.left_key, pair.right_key), pair.bits) for pair in why.tree] == [
        ("ab", 9.0),
        ("cd", 8.0),
        ("bc", 4.0),
    ]
    assert [(one.attribute, one.level, one.bits) for one in why.tree[0].evidence] == [
        ("email", "same", 8.0),
        ("given_name", "same", 3.0),
        ("family_name", "different", -2.0),
    ]
    assert why.records[key("a")] == "full_name: Ann Lee | email: ann@lee.example"
    assert why.records.keys() == {key(letter) for letter in "abcd"}


def test_where_it_would_split_is_its_weakest_edge_with_the_evidence_between_the_halves(world: Resolved) -> None:
    found = split(why_one(world.connection, "C1"))
    assert letters(found.edge.left_key, found.edge.right_key) == "bc"
    assert (letters(*found.left), letters(*found.right)) == ("ab", "cd")
    # b-c +4 and a-c -2 are kept; a-d and b-d were never compared and count -4 each: (4 - 2 - 8) / 4.
    assert (found.between.compared, found.between.possible, found.between.speak_for) == (2, 4, 1)
    assert found.between.average == pytest.approx(-1.5)


def test_the_fewest_pieces_of_evidence_that_carry_the_weakest_edge_are_named(world: Resolved) -> None:
    """Without the telephone's 5 bits, -1 is left of 4."""
    assert [one.attribute for one in split(why_one(world.connection, "C1")).needed] == ["phone"]


def test_the_nearest_others_come_with_what_speaks_between_them(world: Resolved) -> None:
    first, second = why_one(world.connection, "C1").neighbours
    assert (first.customer_id, second.customer_id) == ("C2", "C3")
    # d-e +3 and c-e -5 are kept, a-e and b-e count -4 each: one for, three against.
    assert (first.between.average, first.between.speak_for) == (pytest.approx(-2.5), 1)
    assert first.between.best
    assert letters(first.between.best.left_key, first.between.best.right_key) == "de"
    assert second.between.average == pytest.approx((-4 * 4) / 4)


def test_a_stewards_word_is_told_and_holds_stronger_than_evidence(world: Resolved) -> None:
    world.judge("ac", "match", reason="spoke with her")
    world.connection.execute(
        "UPDATE identity.scored_pairs SET decided_by = 'steward' WHERE left_key = ? AND right_key = ?",
        [key("a"), key("c")],
    )
    why = why_one(world.connection, "C1")
    assert [letters(pair.left_key, pair.right_key) for pair in why.tree] == ["ac", "ab", "cd"]
    assert [one.reason for one in why.judgements] == ["spoke with her"]


def test_a_customer_with_one_record_has_nothing_to_split(world: Resolved) -> None:
    why = why_one(world.connection, "C3")
    assert (why.tree, why.split) == ((), None)
    with pytest.raises(KeyError):
        why_one(world.connection, "C9")


def test_two_records_of_one_customer_are_told_by_the_chain_that_joins_them(world: Resolved) -> None:
    why = why_records(world.connection, key("d"), key("a"))
    assert why.pair.is_one_customer
    assert why.pair.bits is None
    assert [letters(pair.left_key, pair.right_key) for pair in why.chain] == ["ab", "bc", "cd"]
    assert why.between is None


def test_two_customers_are_told_by_their_likeliest_records(world: Resolved) -> None:
    world.judge("ae", "no_match")
    world.judge("ab", "match")
    why = why_customers(world.connection, "C2", "C1")
    assert letters(why.pair.left_key, why.pair.right_key) == "de"
    assert not why.pair.is_one_customer
    assert why.between
    assert why.between.average == pytest.approx(-2.5)
    # What was judged inside one of them does not speak of the two.
    assert [letters(one.left_key, one.right_key) for one in why.judgements] == ["ae"]


def test_customers_without_any_kept_pair_are_shown_all_the_same(world: Resolved) -> None:
    why = why_customers(world.connection, "C2", "C3")
    assert letters(why.pair.left_key, why.pair.right_key) == "ef"
    assert (why.pair.bits, why.pair.evidence) == (None, ())
    assert why.between
    assert (why.between.best, why.between.average) == (None, -4.0)


def test_records_are_read_as_written_in_the_order_asked_for(world: Resolved) -> None:
    later, first = read_pairs(world.connection, [(key("e"), key("d")), (key("b"), key("a"))])
    assert letters(later.left_key, later.right_key, first.left_key, first.right_key) == "deab"
    assert (first.left["email"], first.right["email"]) == ("ann@lee.example", None)
    assert (later.left["full_name"], later.right["full_name"]) == ("Ann Lee", "Anna Lee")
    with pytest.raises(KeyError):
        read_pairs(world.connection, [(key("a"), key("x"))])
