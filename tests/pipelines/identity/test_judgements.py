"""Judgements: what may stand beside what, how one is taken back, and what is kept with it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pipelines.identity import judgements
from pipelines.identity.judgements import Contradiction, Judgement, UnknownRecord, record_judgement

from .resolved_factory import NOW, Resolved, key, letters


@pytest.fixture
def world() -> Resolved:
    made = Resolved()
    for number, letter in enumerate("abcde"):
        made.customer(f"C{number}", letter)
    return made


def in_force(world: Resolved) -> dict[str, str]:
    return {letters(one.left_key, one.right_key): one.decision for one in judgements.in_force(world.connection)}


def stored(world: Resolved) -> int:
    rows = world.connection.execute("SELECT count(*) FROM identity.judgements").fetchall()
    return int(rows[0][0])


def test_what_chains_of_matches_make_one_cannot_be_judged_two(world: Resolved) -> None:
    for pair in ("ab", "bc", "cd"):
        world.judge(pair, "match", by="bo")
    with pytest.raises(Contradiction) as refused:
        world.judge("ad", "no_match")
    told = str(refused.value)
    # The whole chain, and nobody else.
    assert [told.count(key(letter)) for letter in "abcde"] == [2, 2, 2, 2, 0]
    assert "bo, 2026-03-01" in told
    assert "c360 review --undo" in told
    assert in_force(world) == {"ab": "match", "bc": "match", "cd": "match"}


def test_the_shortest_chain_is_named(world: Resolved) -> None:
    for pair in ("ab", "bc", "cd", "ae", "de"):
        world.judge(pair, "match")
    with pytest.raises(Contradiction) as refused:
        world.judge("ad", "no_match")
    assert key("e") in str(refused.value)
    assert key("b") not in str(refused.value)


def test_a_match_that_would_join_two_who_were_parted_is_refused_with_the_way_there(world: Resolved) -> None:
    """a=b and c=d, a≠d: b=c would make a and d one."""
    world.judge("ab", "match")
    world.judge("cd", "match")
    world.judge("ad", "no_match")
    with pytest.raises(Contradiction) as refused:
        world.judge("bc", "match")
    told = str(refused.value)
    assert f"{key('a')} and {key('d')} are two customers" in told
    assert f"{key('a')} and {key('b')} are one customer" in told
    assert f"{key('c')} and {key('d')} are one customer" in told
    world.judge("be", "match")
    assert in_force(world)["be"] == "match"


def test_the_opposite_decision_on_a_pair_needs_the_former_taken_back(world: Resolved) -> None:
    world.judge("ab", "match", by="bo")
    with pytest.raises(Contradiction, match=rf"bo.*--undo {key('a')} {key('b')}"):
        world.judge("ba", "no_match")
    former = judgements.take_back(world.connection, key("b"), key("a"), by="ana", at=world.clock, reason="mixed up")
    assert (former.decision, former.decided_by) == ("match", "bo")
    world.judge("ab", "no_match")
    assert in_force(world) == {"ab": "no_match"}
    assert stored(world) == 3


def test_taking_one_link_of_a_chain_back_makes_way(world: Resolved) -> None:
    world.judge("ab", "match")
    world.judge("bc", "match")
    judgements.take_back(world.connection, key("a"), key("b"), by="ana", at=world.clock, reason="")
    world.judge("ac", "no_match")
    assert in_force(world) == {"ab": "unsure", "bc": "match", "ac": "no_match"}


def test_nothing_can_be_taken_back_where_nothing_is_decided(world: Resolved) -> None:
    world.judge("ab", "unsure")
    for pair in ("ab", "cd"):
        with pytest.raises(UnknownRecord, match="Nothing is decided"):
            judgements.take_back(world.connection, key(pair[0]), key(pair[1]), by="ana", at=NOW, reason="")


def test_a_decision_on_a_record_that_is_gone_can_be_taken_back_but_not_made(world: Resolved) -> None:
    world.judge("ab", "match")
    world.connection.execute("DELETE FROM identity.source_records WHERE source_record_key = ?", [key("b")])
    judgements.take_back(world.connection, key("a"), key("b"), by="ana", at=world.clock, reason="")
    assert in_force(world) == {"ab": "unsure"}
    with pytest.raises(UnknownRecord, match=f"no source record {key('b')}"):
        world.judge("bc", "match")


def test_a_clock_that_goes_back_does_not_revive_a_former_decision(world: Resolved) -> None:
    world.judge("ab", "match")
    judgements.take_back(world.connection, key("a"), key("b"), by="ana", at=NOW - timedelta(days=9), reason="")
    assert in_force(world) == {"ab": "unsure"}


def test_of_several_judgements_all_are_kept_or_none(world: Resolved) -> None:
    def said(pair: str, decision: judgements.Decision) -> Judgement:
        return Judgement(key(pair[0]), key(pair[1]), decision, "ana", NOW, "")

    wrong = [said("ba", "match"), said("bc", "match"), said("ac", "no_match"), said("dd", "match"), said("xa", "match")]
    reasons = judgements.refusals(world.connection, wrong)
    assert [type(reason) for reason in reasons] == [type(None), type(None), Contradiction, Contradiction, UnknownRecord]
    with pytest.raises(Contradiction):
        judgements.record_judgements(world.connection, wrong)
    assert stored(world) == 0
    judgements.record_judgements(world.connection, wrong[:2])
    assert in_force(world) == {"ab": "match", "bc": "match"}


def test_what_the_model_said_is_kept_from_before_it_was_overruled() -> None:
    world = Resolved()
    world.customer("C1", "ab")
    world.customer("C2", "c")
    world.pair("ab", 3.0)
    world.judge("ab", "match")
    world.judge("bc", "no_match")
    # As the next resolve leaves it: the steward's word, no longer the model's.
    world.connection.execute("UPDATE identity.scored_pairs SET decided_by = 'steward', probability = 1")
    judgements.take_back(world.connection, key("a"), key("b"), by="ana", at=world.clock, reason="")
    basis = world.connection.execute(
        "SELECT left_key, right_key, model_decision, probability FROM identity.judgement_basis ORDER BY decided_at"
    ).fetchall()
    assert [(letters(left, right), *rest) for left, right, *rest in basis] == [
        ("ab", "match", pytest.approx(8 / 9)),  # 3 bits: odds of 8 to 1
        ("bc", "apart", None),
        ("ab", "match", pytest.approx(8 / 9)),
    ]


def test_a_judgement_needs_two_records_that_exist(world: Resolved) -> None:
    with pytest.raises(ValueError, match="given twice"):
        record_judgement(world.connection, key("a"), key("a"), "match", decided_by="ana", decided_at=NOW, reason="")
    with pytest.raises(LookupError, match="no source record"):
        record_judgement(world.connection, key("a"), "x", "match", decided_by="ana", decided_at=NOW, reason="")
