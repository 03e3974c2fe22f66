from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from pipelines.refresh import forget_settled_rows
from tests.connectors.test_landing import contract
from tests.warehouse.batch_factory import NOW, Desk
from warehouse import quarantine
from warehouse.quarantine import QuarantineTrouble, Release

BAD_STATUS = ("status_unknown", "stop", "status is not one of paid, placed: 'payd'")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def order(order_id: str | None, amount: str = "1.00", at: str | None = None, **more):
    return {"order_id": order_id, "amount": amount, "updated_at": at and f"2026-11-20 {at}", **more}


def test_a_row_that_fails_is_held_with_every_rule_and_its_source_columns(desk):
    failures = [
        (1, *BAD_STATUS),
        (1, "amount_impossible", "stop", "amount is larger than any real amount: '9'"),
        (1, "phone_form", "tell", "phone"),
    ]
    desk.apply(1, [order("a", "9", status="payd")], failures=failures)
    held = desk.rows(
        "SELECT held_id, feed, entity, source_system, _key, batch_id, row_number, rules, reasons, status "
        "FROM quarantine.held_row"
    )
    assert held == [
        ("b1/1", "shop.orders", "orders", "shop", "a", "b1", 1, ["amount_impossible", "status_unknown"],
         ["amount is larger than any real amount: '9'", "status is not one of paid, placed: 'payd'"], "held")
    ]  # fmt: skip
    payload = json.loads(desk.rows("SELECT payload FROM quarantine.held_row")[0][0])
    assert payload == {
        "order_id": "a",
        "amount": "9",
        "status": "payd",
        "updated_at": None,
        "gone": None,
        "test": None,
        "own": None,
    }


def test_a_row_that_fails_only_a_tell_rule_goes_on(desk):
    assert desk.apply(1, [order("a")], failures=[(1, "phone_form", "tell", "phone has not the form")]).rows_new == 1


def test_unreadable_lines_are_held_as_they_arrived(desk):
    tally = desk.apply(1, [order("a")], rejects=['b;"x', "c;;;;"])
    assert (tally.rows_in, tally.rows_quarantined) == (3, 2)
    found = desk.rows(
        "SELECT held_id, row_number, rules, reasons, payload->>'raw' FROM quarantine.held_row ORDER BY held_id"
    )
    assert found == [
        ("b1/line-10", None, ["unreadable"], ["expected 6 columns, found 7"], 'b;"x'),
        ("b1/line-11", None, ["unreadable"], ["expected 6 columns, found 7"], "c;;;;"),
    ]


def test_a_test_row_is_held_and_never_staged(desk):
    assert desk.apply(1, [order("a", test="yes")]).rows_quarantined == 1
    assert desk.rows("SELECT rules FROM quarantine.held_row") == [(["test_row"],)]
    assert desk.staged() == {}


def test_a_newer_good_version_closes_the_held_one(desk):
    desk.apply(1, [order("a", "bad", "10:00")])
    desk.apply(2, [order("a", "2.00", "11:00")])
    assert desk.rows("SELECT status, settled_by FROM quarantine.held_row") == [("superseded", "b2")]


def test_an_older_good_version_leaves_the_held_one_open(desk):
    desk.apply(2, [order("a", "bad", "11:00")])
    desk.apply(1, [order("a", "2.00", "10:00")])
    assert desk.held() == {"b2/1": "held"}


def test_a_bad_row_delivered_again_is_held_once_and_since_its_first_time(desk):
    desk.apply(1, [order("a", "bad"), order(None)])
    desk.connection.execute("UPDATE quarantine.held_row SET first_held_at = '2026-11-01'")
    desk.apply(2, [order("a", "bad"), order(None)])
    assert desk.held() == {"b1/1": "superseded", "b1/2": "superseded", "b2/1": "held", "b2/2": "held"}
    assert desk.rows("SELECT DISTINCT first_held_at::DATE::VARCHAR FROM quarantine.held_row") == [("2026-11-01",)]


def test_a_release_stages_what_is_good_by_todays_rules_and_closes_it(desk):
    desk.apply(
        1,
        [order("a", status="payd"), order("b", status="payd"), order("c")],
        failures=[(1, *BAD_STATUS), (2, *BAD_STATUS)],
    )
    assert quarantine.release_batch(desk.connection, feed="shop.orders") == [Release("b1", (1, 2))]
    tally = desk.release("b1", 1, [1, 2], failures=[(2, "status_unknown", "stop", "still unknown")])
    assert (tally.rows_in, tally.rows_new, tally.rows_quarantined) == (2, 1, 1)
    assert set(desk.staged()) == {"a", "c"}
    assert desk.rows("SELECT held_id, status, settled_by, reasons FROM quarantine.held_row ORDER BY held_id") == [
        ("b1/1", "released", "b1+release", ["status is not one of paid, placed: 'payd'"]),
        ("b1/2", "held", None, ["still unknown"]),
    ]
    # The row lies in the landed batch, so that is what staging names.
    assert desk.rows("SELECT DISTINCT _batch_id FROM staging.orders") == [("b1",)]


def test_releasing_a_version_that_was_overtaken_does_not_bring_it_back(desk):
    desk.apply(1, [order("a", "1.00", "10:00", status="payd")], failures=[(1, *BAD_STATUS)])
    desk.apply(2, [order("a", "2.00", "09:00")])
    desk.connection.execute("UPDATE staging.orders SET _changed_at = '2026-11-20 12:00:00'")
    assert desk.release("b1", 1, [1]).rows_refused == 1
    assert desk.held() == {"b1/1": "superseded"}


def test_only_rows_that_are_held_and_can_be_read_can_be_released(desk):
    desk.apply(1, [order("a", "bad")], rejects=["?"])
    assert quarantine.release_batch(desk.connection, feed="shop.orders") == [Release("b1", (1,))]
    assert quarantine.release_batch(desk.connection, feed="shop.refunds") == []
    with pytest.raises(QuarantineTrouble, match="b1/line-10 cannot be released"):
        quarantine.release_batch(desk.connection, feed="shop.orders", held_ids=["b1/1", "b1/line-10"])


def test_a_steward_accepts_a_row_as_it_is_and_the_next_release_stages_it(desk):
    desk.apply(1, [order("a", status="payd"), order("b", status="payd")], failures=[(1, *BAD_STATUS), (2, *BAD_STATUS)])
    quarantine.accept_as_is(desk.connection, ["b1/1"], accepted_by="ann@x.org", reason="the source means it", now=NOW)
    tally = desk.release("b1", 1, [1, 2], failures=[(1, *BAD_STATUS), (2, *BAD_STATUS)])
    assert (tally.rows_new, tally.rows_quarantined) == (1, 1)
    assert desk.staged()["a"][1] == "payd"
    assert desk.rows("FROM quarantine.accepted_rule") == [
        ("b1/1", "status_unknown", "ann@x.org", "the source means it", NOW.replace(tzinfo=None))
    ]


def test_accepting_covers_the_rules_that_held_the_row_and_no_later_ones(desk):
    desk.apply(1, [order("a", status="payd")], failures=[(1, *BAD_STATUS)])
    quarantine.accept_as_is(desk.connection, ["b1/1"], accepted_by="ann@x.org", reason="fine", now=NOW)
    assert (
        desk.release(
            "b1", 1, [1], failures=[(1, *BAD_STATUS), (1, "updated_at_future", "stop", "future")]
        ).rows_quarantined
        == 1
    )


@pytest.mark.parametrize("row", [order("a", "bad"), order(None), order("a", test="yes")])
def test_a_row_without_a_value_to_stage_cannot_be_accepted(desk, row):
    desk.apply(1, [row])
    with pytest.raises(QuarantineTrouble, match=r"b1/1 is held by .* cannot be accepted"):
        quarantine.accept_as_is(desk.connection, ["b1/1"], accepted_by="ann@x.org", reason="please", now=NOW)


def test_accepting_needs_a_name_a_reason_and_a_held_row(desk):
    desk.apply(1, [order("a", status="payd")], failures=[(1, *BAD_STATUS)])
    with pytest.raises(QuarantineTrouble, match="needs a name and a reason"):
        quarantine.accept_as_is(desk.connection, ["b1/1"], accepted_by="ann@x.org", reason=" ", now=NOW)
    with pytest.raises(QuarantineTrouble, match="b9/1: not held now"):
        quarantine.accept_as_is(desk.connection, ["b9/1"], accepted_by="ann@x.org", reason="fine", now=NOW)


def dismiss(desk: Desk, *held_ids: str, feed: str = "shop.orders", reason: str = "not wanted") -> None:
    quarantine.dismiss(desk.connection, held_ids, feed=feed, dismissed_by="ann@x.org", reason=reason, now=NOW)


def statuses(desk: Desk) -> list[tuple[object, ...]]:
    return desk.rows("SELECT held_id, status, settled_by, settled_reason FROM quarantine.held_row ORDER BY held_id")


def test_dismissed_rows_are_closed_under_the_stewards_name_and_reason(desk):
    desk.apply(1, [order("a", test="yes")], rejects=["?"])
    dismiss(desk, "b1/line-10", reason="cut off")
    assert statuses(desk) == [("b1/1", "held", None, None), ("b1/line-10", "dismissed", "ann@x.org", "cut off")]
    assert quarantine.count_held(desk.connection, "shop.orders")[0] == 1


@pytest.mark.parametrize(
    ("held_id", "how", "told"),
    [
        ("b1/9", {}, "b1/9: not held now"),
        ("b1/1", {"feed": "shop.refunds"}, "b1/1: not held now"),
        ("b1/1", {"reason": " "}, "needs a name and a reason"),
    ],
)
def test_dismissing_needs_a_row_of_the_feed_and_a_reason(desk, held_id, how, told):
    desk.apply(1, [order("a", "bad")])
    with pytest.raises(QuarantineTrouble, match=told):
        dismiss(desk, held_id, **how)
    assert statuses(desk) == [("b1/1", "held", None, None)]


def test_a_dismissed_row_that_comes_again_as_it_was_stays_dismissed_and_a_changed_one_is_held(desk):
    desk.apply(1, [order("a", "bad"), order("b", "bad")])
    dismiss(desk, "b1/1", "b1/2")
    desk.apply(2, [order("a", "bad"), order("b", "worse")])
    by, why = "ann@x.org", "not wanted"
    assert statuses(desk) == [
        ("b1/1", "dismissed", by, why), ("b1/2", "dismissed", by, why),
        ("b2/1", "dismissed", by, why), ("b2/2", "held", None, None),
    ]  # fmt: skip


def test_a_row_that_breaks_another_rule_than_when_it_was_dismissed_is_held(desk):
    desk.apply(1, [order("a", status="payd")], failures=[(1, *BAD_STATUS)])
    dismiss(desk, "b1/1")
    desk.apply(2, [order("a", status="payd")], failures=[(1, "status_other", "stop", "another fact")])
    assert statuses(desk)[1] == ("b2/1", "held", None, None)


def test_a_dismissed_row_is_released_by_its_name_alone(desk):
    desk.apply(1, [order("a", status="payd")], failures=[(1, *BAD_STATUS)])
    dismiss(desk, "b1/1")
    assert quarantine.release_batch(desk.connection, feed="shop.orders") == []
    assert quarantine.release_batch(desk.connection, feed="shop.orders", held_ids=["b1/1"]) == [Release("b1", (1,))]
    assert desk.release("b1", 1, [1]).rows_new == 1
    assert desk.rows("SELECT status FROM quarantine.held_row") == [("released",)]


def test_a_dismissed_row_that_is_released_and_fails_again_is_held(desk):
    desk.apply(1, [order("a", status="payd")], failures=[(1, *BAD_STATUS)])
    dismiss(desk, "b1/1")
    desk.release("b1", 1, [1], failures=[(1, *BAD_STATUS)])
    assert statuses(desk) == [("b1/1", "held", None, None)]


def test_rows_are_found_by_the_rule_that_holds_them(desk):
    desk.apply(1, [order("a", "bad"), order("b", status="payd")], failures=[(2, *BAD_STATUS)])
    assert quarantine.held_by(desk.connection, "shop.orders", "amount_cast") == ["b1/1"]
    with pytest.raises(QuarantineTrouble, match=r"no row is held by amount_cast\. List"):
        quarantine.held_by(desk.connection, "shop.refunds", "amount_cast")


def test_lists_and_summaries_show_only_what_is_held_now_and_no_payload(desk):
    desk.apply(1, [order("a", "bad"), order("b", "bad", status="payd")], failures=[(2, *BAD_STATUS)])
    desk.apply(2, [order("a", "1.00")])
    listed = quarantine.list_held(desk.connection, "shop.orders", 10)
    assert "payload" not in listed.column_names
    assert listed.column("held_id").to_pylist() == ["b1/2"]
    assert quarantine.list_held(desk.connection, "shop.refunds").num_rows == 0
    found = [(row["rule"], row["row_count"]) for row in quarantine.summary(desk.connection).to_pylist()]
    assert found == [("amount_cast", 1), ("status_unknown", 1)]


def test_what_a_settled_row_held_is_forgotten_and_a_row_that_waits_keeps_it(desk):
    desk.apply(1, [order("a", "9"), order("b", "9")], failures=[(1, *BAD_STATUS), (2, *BAD_STATUS)])
    dismiss(desk, "b1/1")

    def forget(**retention: str) -> None:
        orders = contract(feed="shop.orders", retention=retention)
        forget_settled_rows(desk.connection, [orders], NOW + timedelta(days=30, seconds=1))

    def kept() -> list[str]:
        return [
            key for (key,) in desk.rows("SELECT _key FROM quarantine.held_row WHERE payload IS NOT NULL ORDER BY 1")
        ]

    forget(raw="1d")
    forget(quarantine="31d")
    assert kept() == ["a", "b"]
    forget(quarantine="30d")
    assert kept() == ["b"]
    told = desk.rows("SELECT _key, status, rules, reasons, payload IS NULL FROM quarantine.held_row ORDER BY held_id")
    assert told == [
        ("a", "dismissed", ["status_unknown"], ["no longer kept"], True),
        ("b", "held", ["status_unknown"], [BAD_STATUS[2]], False),
    ]
