"""Consent, households, relations, contacts and entries of one hand-made company; every figure is worked out by hand."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.warehouse import marts_factory as make
from tests.warehouse.relations_company import day_of, make_company
from warehouse import history, models
from warehouse.answer import answer as ask
from warehouse.answer import find_question
from warehouse.connection import marts_path, open_reader, open_warehouse


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder whose marts are built once for this module."""
    home = tmp_path_factory.mktemp("relations")
    with open_warehouse(home) as connection:
        make_company(connection)
        make.snapshot(connection, "s1", make.utc("2026-11-20 12:00"))
        history.ensure_schema(connection)
        connection.execute("INSERT INTO history.source_usage VALUES ('frontdesk', DATE '2026-10-31', 4, 1, 0.25)")
    models.build(home)
    return home


def rows(home: Path, sql: str) -> list[tuple[Any, ...]]:
    with open_reader(marts_path(home)) as marts:
        return marts.execute(sql).fetchall()


def related(home: Path, kind: str) -> list[tuple[Any, ...]]:
    pairs = "SELECT from_customer_id, to_customer_id, strength, valid_from FROM relationship"
    return rows(home, f"{pairs} WHERE relationship_type = '{kind}' ORDER BY ALL")


def answer(home: Path, question: str) -> list[tuple[Any, ...]]:
    """What a question of the folder says, with its parameters as they are when none is given."""
    with open_reader(marts_path(home)) as connection:
        return ask(connection, find_question(question), {}).rows


def test_an_unsubscribed_newsletter_is_a_refusal_of_mail_and_of_nothing_else(company: Path) -> None:
    said = "SELECT channel, status, is_conflict FROM consent_current WHERE customer_id = 'C1' ORDER BY 1"
    assert rows(company, said) == [
        ("email", "refused", True), ("phone", "granted", False), ("post", "granted", False), ("sms", "granted", False),
    ]  # fmt: skip


def test_the_profile_says_of_consent_what_the_statements_say(company: Path) -> None:
    said = "SELECT customer_id, has_marketing_consent FROM dim_customer WHERE customer_id IN ('C1', 'C2') ORDER BY 1"
    assert rows(company, said) == [("C1", False), ("C2", None)]


def test_a_household_is_dated_from_its_second_member_and_says_what_it_shares(company: Path) -> None:
    family = "SELECT * EXCLUDE (pairs_left_out_reason) FROM household WHERE household_id = 'H1'"
    assert rows(company, family) == [("H1", 3, day_of(2, 1), True, True, True)]
    shares = "SELECT * EXCLUDE (household_id, first_seen_at) FROM household_member WHERE household_id = 'H1' ORDER BY 1"
    assert rows(company, shares) == [
        ("C1", True, False, True), ("C2", True, True, True), ("C3", False, True, False),
    ]  # fmt: skip


def test_members_of_a_household_are_related_by_what_the_two_have_in_common(company: Path) -> None:
    assert related(company, "household") == [
        ("C1", "C2", pytest.approx(2 / 3), day_of(2, 1)),
        ("C1", "C3", 0.0, day_of(3, 1)),
        ("C2", "C3", pytest.approx(1 / 3), day_of(3, 1)),
    ]


def test_a_household_too_large_to_be_one_has_no_pairs_and_says_why(company: Path) -> None:
    chain = "SELECT member_count, pairs_left_out_reason FROM household WHERE household_id = 'H2'"
    assert rows(company, chain) == [(13, "more than 12 members: a chain of addresses and numbers, and no family")]


def test_a_person_belongs_to_the_organisation_named_unless_several_bear_the_name(company: Path) -> None:
    # P1 has the mail domain of O1; P2 only names it; P3 names what O2 and O3 are both called.
    assert related(company, "employer") == [("P1", "O1", 1.0, day_of(5, 1)), ("P2", "O1", 0.5, day_of(4, 1))]


def test_a_referral_leads_to_one_customer_or_to_none(company: Path) -> None:
    # By mail in other letters, and by account; not by a mailbox of two, by oneself, or by a friend.
    assert related(company, "referred") == [("C1", "P1", 1.0, day_of(5, 1)), ("C2", "P3", 1.0, day_of(6, 2))]


def test_no_channel_is_an_orphan_and_unused_ones_are_shown(company: Path) -> None:
    used = "SELECT channel, interaction_count FROM dim_channel WHERE channel IN ('phone', 'sms', 'web') ORDER BY 1"
    # Seven calls and three notes; six forms.
    assert rows(company, used) == [("phone", 10), ("sms", 0), ("web", 6)]
    calls = """
        SELECT contact_point_type, interaction_count, customer_count, last_at
        FROM contact_map WHERE contact_map_key = 'phone/call/inbound'
    """
    assert rows(company, calls) == [("phone", 3, 1, day_of(9, 4))]


def test_what_machines_open_is_no_technology_of_the_customer(company: Path) -> None:
    seen = "SELECT customer_id, client, use_count, is_latest FROM technology ORDER BY ALL"
    assert rows(company, seen) == [
        ("C2", "Outlook on Windows", 2, True),
        ("P1", "Firefox on Windows", 1, True),
        ("P1", "Safari on iPhone", 1, False),
    ]


def test_the_heat_of_a_topic_counts_unrated_tickets_but_not_as_satisfied(company: Path) -> None:
    heat = """
        SELECT topic, month::VARCHAR, ticket_count, rated_count, dissatisfied_share, median_solve_hours
        FROM topic_heat ORDER BY 1
    """
    assert rows(company, heat) == [
        ("delivery", "2026-09-01", 3, 2, 0.5, 7.0), ("unknown", "2026-10-01", 1, 0, None, None),
    ]  # fmt: skip


def test_how_customers_prefer_to_deal_with_us_and_whether_we_may(company: Path) -> None:
    # C1 asked for mail and unsubscribed; in person needs no consent. C1's three calls count less than the word.
    assert answer(company, "preferred_channel") == [
        ("C1", "email", "stated", 1.0, 1, "refused"), ("C2", "in_person", "stated", 1.0, 1, "not needed"),
    ]  # fmt: skip


def test_the_employee_contacted_most_is_the_one_customers_turn_to_not_the_one_who_writes_most(company: Path) -> None:
    # Two systems have an employee B, so that nobody can say who it is.
    assert answer(company, "who_they_talk_to") == [("C1", "B", None, None, 2, day_of(9, 3))]
    both = "SELECT employee_id, employee_key, inbound_count, outbound_count FROM customer_employee ORDER BY 1"
    assert rows(company, both) == [("A", "shop/A", 1, 3), ("B", None, 2, 0)]


def test_a_campaign_is_answered_by_people(company: Path) -> None:
    # Four were written to and one of them clicked, twice; the click of a scanner is none. None of them bought anything.
    assert answer(company, "campaign_response") == [("fair", "Harvest fair", "D", 4, 0, 1, 0.25, 1, 1)]


def test_late_parcels_and_the_tickets_that_follow_within_two_weeks(company: Path) -> None:
    assert answer(company, "carriers") == [("Fleet", 3, 2, 0.333, 1, 0)]


def test_what_is_entered_badly_is_counted_by_employee_field_and_week(company: Path) -> None:
    # Three notes and two held rows: d2 and the row without time lack something, d3 opened a customer known already.
    entered = """
        SELECT field_name, week_start::VARCHAR, record_count, missing_count, invalid_count, duplicate_count
        FROM ops.entry_quality WHERE feed = 'frontdesk.notes' ORDER BY 1
    """
    monday = "2026-11-02"
    assert rows(company, entered) == [
        ("account_id", monday, 5, 1, 0, 1),
        ("channel", monday, 5, 0, 1, 0),
        ("occurred_at", monday, 5, 1, 0, 0),
        ("topic", monday, 5, 1, 1, 0),
    ]


def test_fields_that_a_feed_does_not_collect_are_nobodys_omission(company: Path) -> None:
    assert rows(company, "SELECT DISTINCT feed FROM ops.entry_quality") == [("frontdesk.notes",)]


def test_bad_entries_and_unused_columns_are_found_together(company: Path) -> None:
    # (1 + 1) of 5 topics; the column that nothing reads was filled in none of three rows.
    assert answer(company, "bad_entries") == [
        ("entry", "B frontdesk.notes.topic", 0.4, 5),
        ("entry", "B frontdesk.notes.account_id", 0.2, 5),
        ("entry", "B frontdesk.notes.channel", 0.2, 5),
        ("entry", "B frontdesk.notes.occurred_at", 0.2, 5),
        ("unused", "frontdesk.notes.subject_type", 0.0, 3),
    ]
    sixth, quarter = pytest.approx(1 / 6), 0.25
    assert answer(company, "unused_columns") == [("frontdesk", 6, 1, sixth, date(2026, 10, 31), quarter)]


def test_a_column_says_how_full_it_is_and_how_often_it_was_asked_for(company: Path) -> None:
    usage = """
        SELECT column_name, row_count, filled_count, fill_rate, query_count_90d
        FROM ops.column_usage WHERE column_name IN ('topic', 'channel') ORDER BY 1
    """
    assert rows(company, usage) == [("channel", 3, 3, 1.0, None), ("topic", 3, 2, pytest.approx(2 / 3), 5)]


def test_asked_who_registered_without_an_order_the_latest_come_first_with_their_forms(company: Path) -> None:
    with open_reader(marts_path(company)) as connection:
        # 203 days before noon of 20 November is noon of 1 May, so that P1's form of that morning is too old.
        found = ask(connection, find_question("registered_without_order"), {"days": "203"}).rows
    assert found == [
        ("P3", "P3", day_of(6, 2), ["contact"], None), ("C1", "C1", day_of(6, 1), ["contact"], False),
        ("P1", "P1", day_of(6, 1), ["fair"], None), ("P2", "P2", day_of(6, 1), ["contact"], None),
    ]  # fmt: skip
