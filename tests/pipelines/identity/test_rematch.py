"""Matching all records anew: told before it is done, and held back when it moves too many customers.

A world that was matched by a stricter or laxer threshold than the one in force is one that a full match moves.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.identity import linkage
from pipelines.identity.churn import Affected, Churn, Limit, Report
from pipelines.identity.fingerprints import rules_fingerprint
from pipelines.identity.full_match import Refused, apply_command, held_back, merged_since
from pipelines.identity.judgements import record_judgement
from pipelines.identity.resolve import preview

from .factory import DAY_ONE, ENTITIES, World
from .test_resolve import contents

ANN = {"name": "Ann Lee", "email": "ann@lee.example"}
BO = {"name": "Bo Yu", "email": "bo@yu.example"}
ZOE = {"name": "Zoe Quill", "email": "zoe@quill.example"}
# No pair is as sure, every pair that is compared is surer.
NOBODY, EVERYBODY = 1000.0, -1000.0
NOTHING = Limit(share=0.0, floor=0)
ANYTHING = Limit(share=1.0)


def matched_by(monkeypatch: pytest.MonkeyPatch, threshold: float, accounts: dict[int, dict[str, Any]]) -> World:
    """Accounts that another threshold made customers of."""
    world = World()
    for key, values in accounts.items():
        world.account(key, **values)
    with monkeypatch.context() as patched:
        patched.setattr(linkage, "THRESHOLD", threshold)
        world.resolve()
    return world


def apart(monkeypatch: pytest.MonkeyPatch, strangers: int = 0) -> World:
    """Ann (1, 2) and Bo (3, 4) are two customers each, Zoe (5) and each stranger (from 101) one."""
    accounts = {1: ANN, 2: ANN, 3: BO, 4: BO, 5: ZOE}
    names = {100 + at: {"name": f"Olaf{at} Berg{at}", "email": f"o{at}@berg.example"} for at in range(1, strangers + 1)}
    world = matched_by(monkeypatch, NOBODY, accounts | names)
    assert len(world.clusters()) == 5 + strangers
    return world


def previewed(world: World, limit: Limit | None = None, most: int = 20) -> Report:
    world.stage()
    return preview(
        world.connection,
        entities=ENTITIES,
        now=DAY_ONE,
        run_id="preview",
        default_region="US",
        limit=limit,
        most=most,
    )


def older(world: World, one: str, other: str) -> tuple[str, str]:
    """Ids of two records, the one that survives a merge first: they are as old, so the lower one."""
    first, second = sorted((world.customer(one), world.customer(other)))
    return first, second


def test_a_preview_tells_the_merges_and_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    world = apart(monkeypatch)
    (ann, also_ann), (bo, also_bo) = older(world, "accounts/1", "accounts/2"), older(world, "accounts/3", "accounts/4")
    before = contents(world)
    report = previewed(world)
    assert contents(world) == before
    assert report.churn == Churn(
        customers_before=5, customers_after=3, merges=2, splits=0, created_ids=0, moved=2, affected=4
    )
    assert sorted(report.most_affected, key=lambda one: one.customer_id) == sorted(
        [
            Affected(ann, "Ann Lee", 1, {}, {also_ann: 1}, None),
            Affected(also_ann, "Ann Lee", 1, {ann: 1}, {}, ann),
            Affected(bo, "Bo Yu", 1, {}, {also_bo: 1}, None),
            Affected(also_bo, "Bo Yu", 1, {bo: 1}, {}, bo),
        ],
        key=lambda one: one.customer_id,
    )
    assert len(previewed(world, most=3).most_affected) == 3
    # No working table is left either.
    assert world.all("SELECT table_name FROM duckdb_tables() WHERE temporary") == []


def test_applying_does_what_the_preview_told(monkeypatch: pytest.MonkeyPatch) -> None:
    world = apart(monkeypatch)
    (ann, also_ann), (bo, also_bo) = older(world, "accounts/1", "accounts/2"), older(world, "accounts/3", "accounts/4")
    told = previewed(world).churn
    applied = world.resolve(is_rematch=True)
    assert (applied.changed, applied.is_full, applied.held_back) == (True, True, None)
    assert (applied.merges, applied.splits, applied.customers) == (told.merges, told.splits, told.customers_after)
    assert sorted(world.events()) == sorted([("merge", ann, also_ann), ("merge", bo, also_bo)])
    assert previewed(world).churn == Churn(3, 3, 0, 0, 0, 0, 0)


def test_a_preview_tells_the_splits(monkeypatch: pytest.MonkeyPatch) -> None:
    accounts = {1: {**ANN, "phone": "212 555 0123"}, 2: {**ZOE, "phone": "212 555 0123"}}
    world = matched_by(monkeypatch, EVERYBODY, accounts)
    (both,) = {world.customer("accounts/1"), world.customer("accounts/2")}
    report = previewed(world)
    assert report.churn == Churn(1, 2, merges=0, splits=1, created_ids=1, moved=1, affected=1)
    # The id stays with the record whose key comes first, as both are as old.
    (one,) = report.most_affected
    assert (one.customer_id, one.records, one.gained_from, one.merged_into) == (both, 2, {}, None)
    world.resolve(is_rematch=True)
    other = world.customer("accounts/2")
    assert one.lost_to == {other: 1}
    assert world.events() == [("create", other, None), ("split", both, other)]


def test_what_changed_or_was_judged_does_not_count_as_moved_by_matching(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    for key, values in {1: ANN, 2: ANN, 3: BO, 4: BO}.items():
        world.account(key, **values)
    world.resolve()
    assert len(world.clusters()) == 2
    world.account(2, **ZOE)
    world.account(9, "Ida Moss")
    record_judgement(
        world.connection, "shop/accounts/3", "shop/accounts/4", "no_match",
        decided_by="ana", decided_at=DAY_ONE, reason="two people",
    )  # fmt: skip
    report = previewed(world)
    assert (report.new_records, report.changed_records, report.removed_records) == (1, 1, 0)
    assert (report.churn.splits, report.churn.moved, report.churn.affected) == (2, 0, 0)
    assert world.resolve(is_rematch=True, limit=NOTHING).splits == 2


def test_a_first_match_is_no_churn() -> None:
    world = World()
    world.account(1, **ANN)
    assert previewed(world).churn == Churn(0, 1, 0, 0, 0, 0, 0)
    assert world.resolve(limit=NOTHING).created == 1


def test_above_the_limit_it_is_refused_as_a_whole_and_a_raised_limit_applies_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = apart(monkeypatch)
    before = contents(world)
    with pytest.raises(Refused, match=r"4 of 5 customers \(80.0%\).*c360 rematch --apply --churn 0.8\.") as refused:
        world.resolve(is_rematch=True, limit=Limit(share=0.79, floor=3))
    assert refused.value.report == previewed(world, limit=Limit(share=0.79, floor=3))
    assert contents(world) == before
    assert world.resolve(is_rematch=True, limit=Limit(share=0.8, floor=3)).merges == 2


def test_who_was_merged_since_a_publication_is_known_also_when_the_clock_is_held_still(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = apart(monkeypatch)  # by run-1, a day after DAY_ONE
    published_at = DAY_ONE + timedelta(days=1)
    world.resolve(is_rematch=True, limit=ANYTHING, now=published_at)
    assert merged_since(world.connection, published_at, "run-1") == 2
    assert merged_since(world.connection, published_at, "run-2") == 0, "what a publication itself merged is in it"


def test_in_a_small_table_the_floor_lets_through_what_a_share_would_not(monkeypatch: pytest.MonkeyPatch) -> None:
    assert apart(monkeypatch).resolve(is_rematch=True, limit=Limit(share=0.1, floor=4)).merges == 2


def test_one_that_comes_by_itself_is_held_back_and_what_changed_is_matched(monkeypatch: pytest.MonkeyPatch) -> None:
    world = apart(monkeypatch)
    world.account(6, "Ida Moss", email="ida@moss.example")
    result = world.resolve(limit=NOTHING)
    # The newcomer is nobody who was affected: 5 customers were there before, 4 of them move, 4 are left.
    assert result.held_back == Churn(5, 4, merges=2, splits=0, created_ids=0, moved=2, affected=4)
    assert (result.changed, result.is_full, result.new_records) == (True, False, 1)
    assert world.clusters() == {frozenset({str(key)}) for key in range(1, 7)}
    kept = world.one("SELECT is_full, full_match.* FROM identity.resolution JOIN identity.full_match USING (run_id)"
                     " WHERE NOT is_applied")  # fmt: skip
    assert (kept["is_full"], kept["cause"], kept["affected"], kept["records"]) == (False, "outgrown", 4, 6)
    standing = held_back(world.connection, rules_fingerprint("US"))
    assert standing is not None
    assert (standing.status, standing.churn) == ("WARN", result.held_back)


def test_it_is_not_tried_again_before_the_records_have_grown_by_a_tenth(monkeypatch: pytest.MonkeyPatch) -> None:
    tries = []
    match_all = linkage.match_all

    def counted(connection: Any) -> int:
        tries.append(1)
        return match_all(connection)

    world = apart(monkeypatch, strangers=14)
    monkeypatch.setattr(linkage, "match_all", counted)
    world.account(201, "Ida Moss", email="ida@moss.example")
    assert world.resolve(limit=NOTHING).held_back
    # 20 records were there then: 21 and 22 are not more by more than a tenth, 23 are.
    for key, name, tried in ((202, "Per Hay", 1), (203, "Eve Dorn", 1), (204, "Kim Vance", 2)):
        world.account(key, name)
        result = world.resolve(limit=NOTHING)
        assert (result.held_back is not None, result.is_full, len(tries)) == (True, False, tried)


def test_a_decision_or_a_raised_limit_ends_the_holding_back(monkeypatch: pytest.MonkeyPatch) -> None:
    for decide in ({"is_rematch": True, "limit": ANYTHING}, {"limit": ANYTHING}):
        world = apart(monkeypatch, strangers=14)
        world.account(201, "Ida Moss", email="ida@moss.example")
        assert world.resolve(limit=NOTHING).held_back
        world.account(202, "Per Hay", email="per@hay.example")
        result = world.resolve(**decide)
        assert (result.merges, result.is_full, result.held_back) == (2, True, None)
        assert held_back(world.connection, rules_fingerprint("US")) is None
        world.account(203, "Eve Dorn", email="eve@dorn.example")
        assert world.resolve(limit=NOTHING).is_full


def test_other_rules_are_refused_above_the_limit_and_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    world = apart(monkeypatch)
    before = contents(world)
    # A default region is a rule: it says how numbers are read.
    other_rules = {"default_region": "DE", "limit": NOTHING}
    with pytest.raises(Refused, match=r"the rules of this version would affect 4 of 5 .*install the former version"):
        world.resolve(**other_rules)
    after = contents(world)
    assert {name for name in before if before[name] != after[name]} == {"full_match"}
    standing = held_back(world.connection, rules_fingerprint("DE"))
    assert standing is not None
    assert (standing.cause, standing.status) == ("rules", "FAIL")

    with monkeypatch.context() as patched:
        patched.setattr(linkage, "match_all", None)
        with pytest.raises(Refused, match="4 of 5 customers"):
            world.resolve(**other_rules)
        # By the former rules nothing is held back.
        assert world.resolve().changed is False
    assert held_back(world.connection, rules_fingerprint("US")) is None
    assert world.resolve(default_region="DE", is_rematch=True, limit=ANYTHING).merges == 2
    assert held_back(world.connection, rules_fingerprint("DE")) is None


@given(st.integers(1, 10**7).flatmap(lambda before: st.tuples(st.just(before), st.integers(0, before))))
def test_the_command_that_is_named_lets_it_through(numbers: tuple[int, int]) -> None:
    before, affected = numbers
    churn = Churn(before, before, 0, 0, 0, affected, affected)
    share = float(apply_command(churn).split()[-1])
    assert churn.is_within(Limit(share, floor=0))
    assert 0 <= share <= 1


def test_a_limit_counts_whole_customers() -> None:
    assert Limit(share=0.29, floor=0).customers(100) == 29
    assert Limit(share=0.29, floor=0).customers(101) == 29
    assert Limit(share=0.29, floor=20).customers(10) == 20
