"""Merges that are undone: who gets which id back, by whatever way records come together and part."""

from __future__ import annotations

from .partition_factory import Partition


def three_customers() -> tuple[Partition, str, str, str]:
    """a, b and c, each a customer, a the oldest and c the youngest."""
    world = Partition()
    world.run("a")
    world.run("a", "b")
    world.run("a", "b", "c")
    return world, *(world.ids()[letter] for letter in "abc")


def test_a_split_gives_back_the_id_that_was_merged_away() -> None:
    world, a, b, c = three_customers()
    world.run("ab", "c")
    assert (world.ids()["b"], world.redirects()) == (a, {b: a})
    changes = world.run("a", "b", "c")
    assert world.ids() == {"a": a, "b": b, "c": c}
    assert world.redirects() == {}
    assert (changes.created, changes.splits) == (0, 1)
    assert world.events() == [("split", a, b)]
    reason = world.connection.execute("SELECT reason FROM identity.identity_event WHERE event_type = 'split'")
    assert "restored" in reason.fetchone()[0]  # type: ignore[index]


def test_merging_and_parting_goes_to_and_fro() -> None:
    world, a, b, c = three_customers()
    for _ in range(3):
        world.run("ab", "c")
        assert world.ids() == {"a": a, "b": a, "c": c}
        assert world.redirects() == {b: a}
        world.run("a", "b", "c")
        assert world.ids() == {"a": a, "b": b, "c": c}
    periods = world.connection.execute(
        """SELECT customer_id FROM identity.crosswalk_history
           WHERE source_record_key = 'shop/accounts/b' ORDER BY valid_from"""
    ).fetchall()
    assert [one for (one,) in periods] == [b, a, b, a, b, a, b]


def test_of_a_chain_of_merges_each_link_comes_back_by_itself() -> None:
    for parted, names in (
        (("ab", "c"), {"a": "a", "b": "a", "c": "c"}),
        (("ac", "b"), {"a": "a", "c": "a", "b": "b"}),
        (("a", "bc"), {"a": "a", "b": "b", "c": "b"}),
        (("a", "b", "c"), {"a": "a", "b": "b", "c": "c"}),
    ):
        world, *found = three_customers()
        ids = dict(zip("abc", found, strict=True))
        # The youngest into the second, the second into the oldest.
        world.run("a", "bc")
        world.run("abc")
        assert world.redirects() == {ids["b"]: ids["a"], ids["c"]: ids["a"]}
        world.run(*parted)
        assert world.ids() == {letter: ids[name] for letter, name in names.items()}, parted
        assert world.redirects() == {ids[one]: ids[name] for one, name in names.items() if one != name}, parted


def test_what_came_back_as_one_parts_into_the_ids_of_before() -> None:
    world, a, b, c = three_customers()
    world.run("a", "bc")
    world.run("abc")
    world.run("a", "bc")
    assert world.redirects() == {c: b}
    world.run("a", "b", "c")
    assert world.ids() == {"a": a, "b": b, "c": c}


def test_a_customer_stays_with_its_own_record_though_an_older_one_was_merged_in() -> None:
    world = Partition()
    # b leaves a, so its new id is younger than c's though its record is older.
    world.run("ab")
    world.run("ab", "c")
    world.run("a", "b", "c")
    ids = world.ids()
    world.run("a", "bc")
    assert world.ids()["b"] == ids["c"]
    world.run("a", "b", "c")
    assert world.ids() == ids


def test_records_that_come_after_the_merge_do_not_carry_the_former_id() -> None:
    world, a, b, _ = three_customers()
    world.run("ab", "c")
    world.run("abd", "c")
    world.run("ab", "c", "d")
    assert world.ids()["d"] not in {a, b}
    assert world.redirects() == {b: a}


def test_without_its_oldest_own_record_an_id_does_not_come_back() -> None:
    world = Partition()
    world.run("a")
    world.run("a", "bd")
    a, b = world.ids()["a"], world.ids()["b"]
    world.run("abd")
    world.run("ab", "d")
    assert world.ids()["d"] not in {a, b}
    world.run("a", "b", "d")
    assert world.ids()["b"] == b


def test_when_the_oldest_own_record_is_gone_the_next_one_carries_the_id() -> None:
    world = Partition()
    world.run("a")
    world.run("a", "b")
    world.run("a", "bd")
    b = world.ids()["b"]
    world.run("abd")
    world.run("ad")
    world.run("a", "d")
    assert world.ids()["d"] == b


def test_a_customer_of_today_is_not_renamed_by_the_return_of_an_older_one() -> None:
    world, a, b, c = three_customers()
    world.run("ab", "c")
    world.run("a", "bc")
    assert world.ids() == {"a": a, "b": c, "c": c}
    assert world.redirects() == {b: c}
    assert world.events() == [("detach", a, c), ("attach", c, a)]
    explained = world.connection.execute(
        """SELECT event_type, run_id FROM identity.customer_id_redirect JOIN identity.identity_event USING (event_id)"""
    ).fetchall()
    assert explained == [("detach", "run-0005")]
