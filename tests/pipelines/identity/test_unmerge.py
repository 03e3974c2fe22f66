"""A steward undoes a merge: the records go back under their former id, and everything can go to and fro."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import duckdb
import pytest

from pipelines.identity import unmerging
from pipelines.identity.judgements import Contradiction, Decision, in_force, record_judgement
from pipelines.identity.unmerging import Unmerge, UnmergeRefused

from .factory import DAY_ONE, World
from .partition_factory import Partition, key


def unmerge(world: Partition, customer_id: str) -> Unmerge:
    return unmerging.unmerge(
        world.connection, customer_id, decided_by="ana", decided_at=evening(world.runs), reason="two sisters"
    )


def undo(connection: duckdb.DuckDBPyConnection, one_key: str, other_key: str, at: datetime) -> int:
    return len(unmerging.take_back(connection, one_key, other_key, by="ana", at=at, reason="one after all"))


def judge(world: Partition, letters: str, decision: Decision) -> None:
    one, other = map(key, letters)
    record_judgement(
        world.connection, one, other, decision, decided_by="bo", decided_at=evening(world.runs), reason="I know both"
    )


def evening(runs: int) -> datetime:
    """After the last run and before the next."""
    return DAY_ONE + timedelta(days=runs, hours=12)


def chain() -> tuple[Partition, str, str, str]:
    """a, b, c, each a customer at first; the third merged into the second, and both into the first."""
    world = Partition()
    for groups in (("a",), ("a", "b"), ("a", "b", "c")):
        world.run(*groups)
    first, second, third = (world.ids()[letter] for letter in "abc")
    world.run("a", "bc")
    world.run("abc")
    assert world.ids() == dict.fromkeys("abc", first)
    return world, first, second, third


def test_a_merge_by_evidence_is_undone_and_done_again_as_often_as_a_steward_likes() -> None:
    world = World()
    ids = []
    for number, phone in enumerate(("212 555 0121", "212 555 0122", "212 555 0123"), start=1):
        world.account(number, "Ann Lee", phone=phone)
        world.resolve()
        ids.append(world.customer(f"accounts/{number}"))
    for number in (1, 2, 3):
        world.account(number, "Ann Lee", phone="212 555 0121")
    world.resolve()

    def customers() -> list[str]:
        return [world.customer(f"accounts/{number}") for number in (1, 2, 3)]

    first, second, third = ids
    assert customers() == [first, first, first]
    for _ in range(2):
        unmerging.unmerge(
            world.connection, third, decided_by="ana", decided_at=evening(world.runs), reason="two sisters"
        )
        assert customers() == [first, first, first]
        result = world.resolve()
        assert customers() == [first, first, third]
        assert (result.splits, result.created) == (1, 0)
        assert world.events() == [("split", first, third)]
        redirects = world.all("FROM identity.customer_id_redirect")
        assert [(row["old_customer_id"], row["current_customer_id"]) for row in redirects] == [(second, first)]
        # Undoing one of its two judgements takes both back.
        assert undo(world.connection, "shop/accounts/3", "shop/accounts/1", evening(world.runs)) == 2
        world.resolve()
        assert customers() == [first, first, first]
        assert world.events() == [("merge", first, third)]


def test_the_first_link_of_a_chain_leaves_the_last_customer() -> None:
    world, first, _, third = chain()
    done = unmerge(world, third)
    assert (done.customer_id, done.from_customer_id) == (third, first)
    assert (done.leaving, done.staying) == ((key("c"),), (key("a"), key("b")))
    assert [(one.left_key, one.right_key, one.decision, one.decided_by) for one in done.judged] == [
        (key("a"), key("c"), "no_match", "ana"),
        (key("b"), key("c"), "no_match", "ana"),
    ]


def test_a_customer_goes_with_what_was_merged_into_it() -> None:
    world, first, second, third = chain()
    assert unmerge(world, second).leaving == (key("b"), key("c"))
    world.run("a", "bc")
    assert world.ids() == {"a": first, "b": second, "c": second}
    assert world.redirects() == {third: second}


def test_a_record_that_came_after_the_merge_is_in_no_judgement() -> None:
    world, _, _, third = chain()
    world.run("abcd")
    assert unmerge(world, third).staying == (key("a"), key("b"))


def test_what_was_judged_apart_before_stays_so_when_the_unmerge_is_taken_back() -> None:
    world, _, _, third = chain()
    judge(world, "bc", "no_match")
    assert [one.left_key for one in unmerge(world, third).judged] == [key("a")]
    assert undo(world.connection, key("a"), key("c"), evening(world.runs)) == 1
    standing = [(one.left_key, one.right_key) for one in in_force(world.connection) if one.decision == "no_match"]
    assert standing == [(key("b"), key("c"))]


def test_an_unmerge_made_at_the_moment_of_the_former_one_is_taken_back_as_well() -> None:
    world, _, _, third = chain()
    for _ in range(2):
        unmerge(world, third)
        assert undo(world.connection, key("a"), key("c"), evening(world.runs)) == 2
    assert {one.decision for one in in_force(world.connection)} == {"unsure"}


def test_an_id_that_is_not_merged_away_is_refused() -> None:
    world, first, *_ = chain()
    for customer_id in (first, "C0000000000000"):
        with pytest.raises(UnmergeRefused, match=f"{customer_id} is not merged into any customer"):
            unmerge(world, customer_id)


def test_saying_it_twice_is_refused() -> None:
    world, first, _, third = chain()
    unmerge(world, third)
    with pytest.raises(UnmergeRefused, match=f"{third} is judged apart from {first} already. Run c360 sync"):
        unmerge(world, third)
    assert len(in_force(world.connection)) == 2


def test_what_a_steward_has_joined_is_not_parted_over_their_head() -> None:
    world, _, _, third = chain()
    judge(world, "ac", "match")
    with pytest.raises(Contradiction, match=re.escape(f"c360 review --undo {key('a')} {key('c')}")):
        unmerge(world, third)
    assert [one.decision for one in in_force(world.connection)] == ["match"]


def test_more_judgements_than_a_mistake_is_worth_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unmerging, "MOST_PAIRS", 1)
    world, first, _, third = chain()
    with pytest.raises(
        UnmergeRefused, match=f"1 records of {third} from 2 of {first} takes 2 judgements, more than 1.*--why"
    ):
        unmerge(world, third)


def test_an_id_of_which_no_own_record_is_left_is_refused_and_the_one_before_it_named() -> None:
    world, first, second, third = chain()
    world.run("ac")
    with pytest.raises(
        UnmergeRefused, match=f"No record of its own of {second} is left in {first}.* was {third} before"
    ):
        unmerge(world, second)
    assert unmerge(world, third).leaving == (key("c"),)
