"""How customers are with us, in a company made by hand; every expected figure is worked out by hand."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.warehouse import health_factory
from tests.warehouse import marts_factory as make
from warehouse import models
from warehouse.connection import marts_path, open_reader

QUERIES = Path(models.__file__).parent / "queries"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("town")
    health_factory.write(home)
    models.build(home)
    return home


def asked(home: Path, sql: str, *values: object) -> list[tuple[Any, ...]]:
    with open_reader(marts_path(home)) as marts:
        return marts.execute(sql, values).fetchall()


def one_of(home: Path, columns: str, table: str, customer_id: str) -> tuple[Any, ...]:
    [row] = asked(home, f"SELECT {columns} FROM {table} WHERE customer_id = ?", customer_id)
    return row


def test_satisfaction_and_loyalty_are_two_axes(town: Path) -> None:
    quadrant = "SELECT customer_id, quadrant FROM customer_health WHERE quadrant <> 'unknown' ORDER BY 1"
    assert asked(town, quadrant) == [
        ("drifting", "satisfied_not_loyal"), ("regular", "satisfied_loyal"), ("unhappy", "unhappy_but_loyal"),
    ]  # fmt: skip


def test_who_said_nothing_has_no_satisfaction(town: Path) -> None:
    columns = "satisfaction_score, satisfaction_evidence_count, loyalty_score, quadrant"
    assert one_of(town, columns, "customer_health", "produce_only") == (None, 0, 1.0, "unknown")


def test_the_satisfied_who_come_back_less_are_found(town: Path) -> None:
    # 88 days of silence are 2.93 gaps of 30 days: (4 - 88/30) / 3 of the loyalty is left.
    assert asked(town, (QUERIES / "satisfied_not_loyal.sql").read_text()) == [
        ("drifting", "drifting", 1.0, pytest.approx((4 - 88 / 30) / 3), 88, 30.0)
    ]


def test_the_customer_of_the_overdue_implementation_is_not_asked_for_a_reference(town: Path) -> None:
    # From the end of Sunday, 10 May: 193 days.
    assert one_of(town, "is_reference_ready, reference_block_reasons", "customer_health", "waiting") == (
        False,
        [
            "urgent ticket open 203 days", "implementation overdue 193 days", "rated badly on 2026-05-01",
            "unsatisfied: 0.0 of 1",
        ],
    )  # fmt: skip
    counted = "open_ticket_count, urgent_open_ticket_days, overdue_promise_count, broken_promise_count_90d"
    assert one_of(town, counted, "customer_health", "waiting") == (1, 203, 1, 0)  # it was broken in May


def test_who_is_ready_and_who_is_not_says_why(town: Path) -> None:
    asked_now = asked(town, "SELECT customer_id, is_reference_ready, reference_block_reasons FROM customer_health")
    said = {name: (ready, reasons) for name, ready, reasons in asked_now}
    assert said["regular"] == (True, [])
    assert said["unhappy"] == (
        False, ["rated badly on 2026-11-04", "unsatisfied: 0.0 of 1", "complained on 2026-11-03"],
    )  # fmt: skip
    assert said["went_silent"] == (False, ["no order in 537 days"])
    assert said["still_waiting_in_silence"] == (False, ["parcel overdue 5 days"])


def test_the_guard_takes_a_permission_back_when_a_source_has_gone_stale(town: Path, tmp_path: Path) -> None:
    read = "UPDATE ops.feed_mark SET verified_at = now() AT TIME ZONE 'UTC' - INTERVAL {} HOUR WHERE feed LIKE '{}'"
    shutil.copy(marts_path(town), tmp_path / "later.duckdb")
    with duckdb.connect(str(tmp_path / "later.duckdb")) as later:
        question = (QUERIES / "reference_ready.sql").read_text()
        later.execute(read.format(1, "%"))
        ready = [row for row in later.execute(question).fetchall() if row[2]]
        # Promised within a day and an hour.
        later.execute(read.format(26, "helpdesk.tickets"))
        afterwards = {customer: said for customer, *said in later.execute(question).fetchall()}
    assert [customer for customer, *_ in ready] == [
        "bargain_hunter", "bought_a_bargain", "drifting", "eats_all", "indifferent",
        "produce_only", "produce_only_and_why", "regular", "torchbearer",
    ]  # fmt: skip
    assert afterwards["regular"] == ["regular", None, "helpdesk.tickets is STALE"]
    assert afterwards["waiting"][1] is False


def test_a_complaint_counts_against_the_order_before_it(town: Path) -> None:
    outcomes = "SELECT outcome, experience_score FROM order_experience WHERE customer_id = ? ORDER BY ordered_at"
    assert asked(town, outcomes, "unhappy") == [("handed_over", 1.0), ("complained", 0.7)]


def test_a_reason_for_leaving_is_stated_observed_or_unknown(town: Path) -> None:
    lost = "SELECT customer_id, basis, reason, circumstances, lapsed_at FROM churn_reason ORDER BY 1"
    lapsed_at = make.utc("2026-05-27 10:00")  # 360 days on, as one order day makes no rhythm
    assert asked(town, lost) == [
        ("had_it_late", "observed", "late_parcel", ["late_parcel"], lapsed_at),
        ("said_goodbye", "stated", "return", ["complaint"], lapsed_at),
        ("went_silent", "unknown", "unknown", [], lapsed_at),
    ]
    [(farewell,)] = asked(town, "SELECT stated_text FROM churn_reason WHERE stated_text IS NOT NULL")
    assert '"never again", he said' in farewell


def test_a_type_needs_two_kinds_of_evidence(town: Path) -> None:
    columns = "relationship_type, confidence, list_transform(evidence, lambda found: found.kind), service_script"
    assert one_of(town, columns, "relationship_type", "bargain_hunter") == (
        "price_driven", 1.0, ["discount_share", "price_remarks"], "name_the_offer_first",
    )  # fmt: skip
    assert one_of(town, columns, "relationship_type", "bought_a_bargain") == (
        "unknown", None, ["discount_share"], "ask_one_question",
    )  # fmt: skip


def test_silence_alone_is_no_indifference(town: Path) -> None:
    kinds = "relationship_type, list_transform(evidence, lambda found: (found.kind, round(found.value, 1)))"
    assert one_of(town, kinds, "relationship_type", "indifferent") == (
        "ambivalent", [("mailings_unanswered", 5.0), ("irregular_gaps", 1.4)],
    )  # fmt: skip
    assert one_of(town, kinds, "relationship_type", "produce_only") == ("unknown", [])


def test_why_a_category_is_left_out_is_known_only_from_the_customer(town: Path) -> None:
    columns = "is_gap, categories_bought, categories_not_bought, share_of_wallet"
    assert one_of(town, columns, "category_gap", "produce_only") == (True, ["produce"], ["meat", "torch"], None)
    assert one_of(town, "reason_stated", "category_gap", "produce_only") == (None,)
    assert one_of(town, "reason_stated", "category_gap", "produce_only_and_why") == (
        "Says our produce is cheaper than elsewhere but meat is dear",
    )
    assert one_of(town, "is_gap", "category_gap", "eats_all") == (False,)


def test_a_suggestion_names_its_rule_and_the_data_it_rests_on(town: Path) -> None:
    suggested = "SELECT customer_id, rule_id, suggestion_kind, subject_key, reason FROM suggestion ORDER BY 1, 2"
    silent = "No order since 2026-08-24, longer than usual for this customer."
    parcel = "A parcel promised for 2026-11-15 has not arrived, and the customer has not asked for it yet."
    gap = "Bought only produce on 3 days. Ask why: it is not known."
    ready = "Satisfied, loyal, and nothing speaks against asking for a reference."
    [(last_order,)] = asked(town, "SELECT order_key FROM order_day WHERE customer_id = 'drifting' AND day_number = 3")
    [(late,)] = asked(town, "SELECT shipment_key FROM fct_shipment WHERE customer_id = 'still_waiting_in_silence'")
    assert asked(town, suggested) == [
        ("drifting", "call_who_fell_silent", "call", last_order, silent),
        ("produce_only", "ask_about_category_gap", "ask", "produce", gap),
        ("regular", "ask_for_a_reference", "ask", "regular", ready),
        ("still_waiting_in_silence", "call_before_complaint", "call", late, parcel),
        ("torchbearer", "batteries_for_a_torch", "offer", "HOU-501", "Bought torch: a torch needs batteries."),
    ]


def test_who_makes_the_first_move_needs_consent_but_for_a_parcel_that_is_late(town: Path) -> None:
    assert asked(town, "SELECT customer_id, is_permitted FROM suggestion ORDER BY 1") == [
        ("drifting", False), ("produce_only", None), ("regular", None), ("still_waiting_in_silence", True),
        ("torchbearer", True),
    ]  # fmt: skip


def test_one_row_tells_how_a_customer_is_with_us(town: Path) -> None:
    columns = "quadrant, lifecycle_stage, open_promise_count, overdue_promise_count, is_reference_ready"
    regular = one_of(town, f"{columns}, household_member_count", "customer_360", "regular")
    assert regular == ("satisfied_loyal", "active", 0, 0, True, None)
    # A single order 240 days ago, more than twice the quarter in which the next was usual; a promise was broken.
    assert one_of(town, columns, "customer_360", "waiting")[1:] == ("lapsing", 0, 1, False)


def test_customers_are_counted_by_the_systems_that_know_them(town: Path) -> None:
    counted = "SELECT least_systems, customer_count FROM customer_coverage ORDER BY 1"
    assert asked(town, counted) == [(1, 16), (2, 2), (3, 1)]


def test_asked_for_stages_every_customer_is_at_one_and_those_of_late_are_counted(town: Path) -> None:
    # Lately is since noon of 21 October. The indifferent one was written to in May and ordered in July: with orders on
    # three days in a row a silence was too long by the 17th, and who was lost by the 31st came back in October.
    stages = (QUERIES / "stages.sql").read_text().replace("$days", "30")
    assert asked(town, stages) == [
        ("active", 6, 3), ("new", 4, 4), ("lapsed", 3, 0), ("lapsing", 2, 1), ("won_back", 1, 0),
        ("prospect", 0, 0),
    ]  # fmt: skip


def test_asked_for_offers_only_those_who_permit_them_are_named_with_the_channels(town: Path) -> None:
    reason = "Bought torch: a torch needs batteries."
    assert asked(town, (QUERIES / "offers_we_may_make.sql").read_text()) == [
        ("torchbearer", "HOU-501", reason, ["email", "phone", "post", "sms"])
    ]
