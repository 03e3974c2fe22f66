"""What was said, promised, contradicted and remarked in one hand-made company; expected rows are worked out by hand."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.warehouse.said_factory import at, rules
from warehouse.connection import marts_path, open_reader
from warehouse.questions import questions


@pytest.fixture(scope="module")
def asked(said_home: Path):
    with open_reader(marts_path(said_home)) as marts:

        def rows(sql: str, *values: object) -> list[tuple[Any, ...]]:
            return marts.execute(sql, values[0] if values and isinstance(values[0], dict) else values).fetchall()

        yield rows


def follow_up(asked, note: str, action: str) -> dict[str, Any]:
    names = ("status", "due_at", "due_basis", "due_phrase", "closed_at", "is_overdue", "breach_evidence")
    ((values),) = asked(
        f"""SELECT {", ".join(f"follow_up.{name}" for name in names)}
            FROM follow_up JOIN statement ON statement_id = opened_by_statement_id
            WHERE interaction_id LIKE '%/' || ? AND follow_up.action = ?""",
        note,
        action,
    )
    return dict(zip(names, values, strict=True))


def test_every_rule_hears_its_example_and_not_its_counter_example(asked) -> None:
    heard = {(note.partition("/")[2], rule) for note, rule in asked("SELECT interaction_id, rule_id FROM statement")}
    for rule in (rule["rule_id"] for rule in rules()):
        assert (f"example: {rule}", rule) in heard
        assert (f"counter_example: {rule}", rule) not in heard


def test_a_rule_is_of_one_language_and_says_what_it_asks(asked) -> None:
    assert asked("SELECT rule_id FROM statement_rule WHERE reads = 'words' AND language IS NULL") == [
        ("question_mark",), ("question_mark_company",),
    ]  # fmt: skip
    assert asked("SELECT rule_id FROM statement_rule WHERE effect IS NOT NULL AND action IS NULL") == []


def test_field_and_phrase_that_say_the_same_are_one_statement_by_the_field(asked) -> None:
    assert asked(
        """SELECT statement_type, basis, rule_id, evidence, statement_text, employee_id FROM statement
           WHERE interaction_id = 'contact:frontdesk/stop' ORDER BY statement_type"""
    ) == [
        ("fact", "phrase", "fact_enclosed_en", "is in the post", "a second check is in the post", "B"),
        ("instruction", "field", "field_stop_payment", "topic stop payment",
         "Check-7 is stopped; a second check is in the post.", "B"),
    ]  # fmt: skip


def test_what_no_rule_knows_and_what_is_said_inside_gives_no_statement(asked) -> None:
    silent = "SELECT count(*) FROM statement WHERE interaction_id IN (?, ?)"
    assert asked(silent, "contact:helpdesk/k5", "contact:helpdesk/k4") == [(0,)]


def test_a_repeated_instruction_is_one_follow_up_that_stays_open(asked) -> None:
    assert asked(
        """SELECT opened_at, reminder_count, owner_employee_id, owner_team, due_at, status, is_overdue, breach_evidence
           FROM follow_up WHERE customer_id = 'STOP'"""
    ) == [(at(1), 1, "B", "service desk", at(2), "open", True, "acted against: payment:shop/p1")]
    both = "SELECT status FROM statement WHERE customer_id = 'STOP' AND statement_type = 'instruction'"
    assert asked(both) == [("contradicted",), ("contradicted",)]


def test_a_check_presented_although_stopped_is_a_contradiction_and_the_other_check_is_none(asked) -> None:
    assert asked(
        """SELECT action_kind, action_key, happened_at, amount, currency_code, severity, is_open,
                  caused_by_interaction_id
           FROM contradiction WHERE customer_id = 'STOP'"""
    ) == [("payment_presented", "shop/p1", at(6), Decimal("120.00"), "USD", "error", True, None)]


def test_a_promised_call_is_kept_by_a_call_before_the_day_ends(asked) -> None:
    kept = follow_up(asked, "k2", "call_back")
    assert (kept["due_phrase"], kept["due_at"]) == ("on friday", at(7, 0))
    assert (kept["status"], kept["closed_at"], kept["is_overdue"]) == ("kept", at(6, 15), False)


def test_of_two_calls_at_one_moment_the_first_by_its_id_keeps_the_promise(asked) -> None:
    ((kept_by,),) = asked("SELECT closed_by_interaction_id FROM follow_up WHERE closed_at = ?", at(6, 15))
    assert kept_by.endswith("/k6")


def test_an_answer_after_the_day_keeps_a_promise_late_and_an_internal_note_does_not_keep_it(asked) -> None:
    late = follow_up(asked, "k3", "reply")
    assert (late["due_at"], late["status"], late["closed_at"]) == (at(5, 0), "kept_late", at(6))


def test_a_tag_of_the_call_asks_for_a_call_by_the_date_that_the_source_states(asked) -> None:
    tagged = follow_up(asked, "k7", "call_back")
    assert (tagged["due_basis"], tagged["due_at"], tagged["status"]) == ("stated", at(18, 9), "kept")


def test_a_solved_ticket_is_no_evidence_and_a_customer_who_asks_again_breaks_the_promise(asked) -> None:
    broken = follow_up(asked, "l1", "reply")
    assert (broken["due_phrase"], broken["due_at"]) == ("this week", at(16, 0))
    assert (broken["status"], broken["closed_at"], broken["is_overdue"]) == ("broken", None, True)
    assert broken["breach_evidence"] == "asked again: contact:helpdesk/l3"


def test_a_call_about_something_else_does_not_keep_a_promise_to_call(asked) -> None:
    assert follow_up(asked, "l2", "call_back")["status"] == "broken"


def test_what_falls_due_after_the_feeds_were_read_is_not_known_to_be_overdue(asked) -> None:
    unread, not_due = follow_up(asked, "l5", "call_back"), follow_up(asked, "l6", "call_back")
    assert (unread["due_at"], unread["status"], unread["is_overdue"]) == (at(20, 10), "open", None)
    assert (not_due["due_at"], not_due["status"], not_due["is_overdue"]) == (at(20, 20), "open", False)


def test_who_owes_it_is_the_one_who_took_it_or_nobody(asked) -> None:
    owners = "SELECT owner_basis, owner_employee_id FROM follow_up WHERE subject_id IN ('i1', 'i2') ORDER BY subject_id"
    assert asked(owners) == [("took_it", "B"), ("unowned", None)]


def test_a_question_is_answered_by_the_other_side_on_the_same_subject(asked) -> None:
    assert asked(
        """SELECT interaction_id, status FROM statement
           WHERE statement_type = 'question' AND customer_id IS NOT NULL ORDER BY 1"""
    ) == [("contact:helpdesk/k1", "answered"), ("contact:helpdesk/l3", "active")]


def test_a_parcel_of_a_cancelled_order_contradicts_unless_the_customer_took_it_back(asked) -> None:
    assert asked("SELECT action_kind, action_key, severity FROM contradiction WHERE customer_id = 'CANCEL'") == [
        ("parcel_shipped", "carrier/k300", "error")
    ]
    assert asked("SELECT subject_id, status, closed_at FROM follow_up WHERE customer_id = 'CANCEL' ORDER BY 1") == [
        ("300", "open", None), ("301", "withdrawn", at(4)),
    ]  # fmt: skip


def test_a_message_sent_while_the_customer_wants_none_contradicts_and_is_a_warning(asked) -> None:
    assert asked("SELECT action_key, severity FROM contradiction WHERE customer_id = 'MAIL'") == [
        ("mailer/after", "warning")
    ]


def test_a_standing_instruction_is_never_due_and_ends_when_it_is_taken_back(asked) -> None:
    assert asked("SELECT due_at, due_basis, status, closed_at FROM follow_up WHERE customer_id = 'MAIL'") == [
        (None, "standing", "withdrawn", at(10))
    ]
    assert asked(
        """SELECT status, superseded_by_statement_id IS NOT NULL FROM statement
           WHERE rule_id = 'event_unsubscribe' AND customer_id = 'MAIL'"""
    ) == [("withdrawn", True)]


def test_a_newer_preference_takes_the_place_of_the_older(asked) -> None:
    (older,), (newer,) = asked(
        """SELECT {'id': statement_id, 'status': status, 'by': superseded_by_statement_id,
                   'of': supersedes_statement_id}
           FROM statement WHERE statement_type = 'preference' AND customer_id = 'INSIGHT' ORDER BY stated_at"""
    )
    assert (older["status"], older["by"], older["of"]) == ("superseded", newer["id"], None)
    assert (newer["status"], newer["by"], newer["of"]) == ("active", None, older["id"])


def test_a_remark_is_acted_on_by_the_function_it_is_routed_to_and_by_nobody_else(asked) -> None:
    assert asked(
        """SELECT insight_type, topic, knowledge_class, captured_by_employee_id, routed_to, acted_on_at,
                  acted_on_evidence
           FROM customer_insight WHERE customer_id = 'INSIGHT' ORDER BY captured_at"""
    ) == [
        ("fact", "price", "stated", "B", "marketing", at(7), "contact:frontdesk/r3"),
        ("remark", "delivery", "inferred", "B", "operations", None, None),
        ("preference", "delivery", "stated", "B", "operations", None, None),
        ("preference", "delivery", "stated", "B", "operations", None, None),
    ]


def answered(asked, name: str, **given: str | None) -> list[tuple[Any, ...]]:
    return asked(questions()[name].sql, given)


def test_asked_about_a_check_both_sides_are_told_in_order(asked) -> None:
    rows = answered(asked, "said_about_subject", customer="STOP", subject="check-7")
    assert [(row[0], row[2], *row[4:6], row[8]) for row in rows] == [
        (at(1), "phone", "customer", "fact", "active"),
        (at(1), "phone", "customer", "instruction", "contradicted"),
        (at(4), "post", "customer", "instruction", "contradicted"),
    ]


def test_asked_for_what_is_overdue_the_oldest_comes_first_with_its_owner(asked) -> None:
    owed = answered(asked, "overdue_promises", team="service desk")
    # From ten o'clock on the 2nd to noon on the 20th: 18 days and 2 hours.
    stop = ("STOP", "instruction", "stop_payment", "check-7", "B", "service desk", at(2), 434, "open")
    assert [(*row[:4], *row[5:10]) for row in owed if row[0] == "STOP"] == [stop]
    assert [row[8] for row in owed] == sorted((row[8] for row in owed), reverse=True)


def test_asked_for_acts_against_a_word_the_payment_is_told_with_what_it_broke(asked) -> None:
    assert answered(asked, "acts_against_instructions", subject="check-7") == [
        (
            at(6), "STOP", "check-7", "stop_payment", at(1), "payment_presented", "shop/p1", Decimal("120.00"), "USD",
            "error", None, None,
        ),
    ]  # fmt: skip


def test_asked_for_remarks_those_that_were_taken_up_are_left_out(asked) -> None:
    oldest = {(topic, routed): at_first for topic, routed, _, _, at_first in answered(asked, "remarks_nobody_took_up")}
    assert oldest["delivery", "operations"] <= at(8)
    of_prices = "SELECT count(*) FROM customer_insight WHERE topic = 'price' AND customer_id = 'INSIGHT'"
    assert asked(f"{of_prices} AND acted_on_at IS NULL") == [(0,)]


def test_a_team_is_measured_by_the_promises_that_fell_due(asked) -> None:
    # Kept: k2, said on the 2nd at eleven and done on the 6th at three, after 100 hours. Late: k3, after 72 hours,
    # 34 of them after the 5th began. The promises in examples of the rules are broken or open.
    [row] = [row for row in answered(asked, "promises_by_team", months=1) if row[1] == "service desk"]
    promised, kept, late, broken, still_open = row[2:7]
    assert (kept, late, promised - broken - still_open) == (1, 1, 2)
    assert row[7:] == (round(1 / (2 + broken), 3), 86.0, 34.0)


def test_remarks_are_part_of_the_value_of_a_customer(asked) -> None:
    # Four, of which the one on prices was taken up.
    value = "SELECT insight_count_12m, insight_acted_share FROM customer_value WHERE customer_id = ?"
    assert asked(value, "INSIGHT") == [(4, 0.25)]


def test_what_a_customer_wishes_of_deliveries_is_heard_from_words_and_from_fields(asked) -> None:
    # The letter of the 4th was read on the 9th; when the mail of the 3rd was written down nobody tells.
    assert asked(
        """SELECT aspect, is_wanted, wish, stated_at, known_at, basis, is_in_force FROM delivery_preference
           WHERE customer_id = 'WISH' ORDER BY stated_at, aspect, wish"""
    ) == [
        ("day", False, "saturday", at(2), at(2), "phrase", True),
        ("place", True, "neighbour", at(3), at(3), "phrase", False),
        ("service", False, "express", at(4), at(9), "phrase", True),
        ("day", False, "sunday", at(10), at(10), "field", True),
        ("place", True, "workplace", at(10), at(10), "phrase", True),
        ("carrier", True, "northline", at(12), at(12), "phrase", True),
        ("place", True, "neighbour", at(15), at(15), "phrase", True),
        ("place", True, "safe_place", at(15), at(15), "phrase", True),
    ]
    of_an_order = "SELECT DISTINCT order_id, stated_at FROM delivery_preference WHERE order_id IS NOT NULL"
    assert asked(of_an_order) == [("700", at(15))]
    of_place = "SELECT status FROM statement WHERE customer_id = 'WISH' AND subject_id IS NULL AND rule_id = ?"
    assert asked(of_place, "wish_neighbour_en") == [("superseded",)]
    assert asked(of_place, "wish_workplace_en") == [("active",)]


def test_a_customer_row_and_the_brief_tell_the_wishes_that_stand(asked) -> None:
    row = "SELECT delivery_preference, delivery_preference_stated_at FROM customer_360 WHERE customer_id = 'WISH'"
    wishes = "carrier: northline, day: not saturday, day: not sunday, place: workplace, service: not express"
    assert asked(row) == [(wishes, at(12))]
    line = "SELECT happened_at, detail FROM brief_line WHERE customer_id = 'WISH' AND what = 'wants parcels'"
    ((said_at, told),) = asked(line)
    assert said_at == at(15)
    assert told.startswith("carrier: northline, said on 2026-11-12 · day: not saturday, said on 2026-11-02 · ")
    before = "SELECT detail FROM brief('WISH', '2026-11-05 12:00') WHERE what = 'wants parcels'"
    # The row of the mail arrived later.
    assert asked(before) == [("day: not saturday, said on 2026-11-02",)]


def test_a_parcel_sent_against_a_wish_contradicts_and_what_a_parcel_does_not_tell_does_not(asked) -> None:
    assert asked(
        """SELECT action_key, instruction, subject_id, severity, made_good_at, is_open FROM contradiction
           WHERE customer_id = 'WISH' ORDER BY happened_at, instruction"""
    ) == [
        ("carrier/saturday", "delivery_day", "not saturday", "warning", None, True),
        # The customer named another place on the 10th.
        ("carrier/saturday", "delivery_place", "neighbour", "error", at(10), False),
        ("carrier/express", "delivery_service", "not express", "warning", None, True),
        ("carrier/on its way", "delivery_carrier", "northline", "error", None, True),
        ("carrier/came back", "delivery_carrier", "northline", "error", at(16), False),
    ]


def test_asked_for_parcels_against_wishes_each_is_told_with_the_words_it_broke(asked) -> None:
    rows = answered(asked, "parcels_against_wishes", customer="WISH", verdict="against")
    assert [(row[0], row[2], *row[4:8]) for row in rows] == [
        (at(5), "saturday", "day", "not saturday", "saturday", "against"),
        (at(5), "saturday", "place", "neighbour", "store", "against"),
        (at(11), "express", "service", "not express", "express", "against"),
        (at(13), "on its way", "carrier", "northline", "blitz", "against"),
        (at(14), "came back", "carrier", "northline", "blitz", "against"),
    ]
    assert rows[1][8:] == (at(3), "Please leave it with the neighbour", None)
    # For its order the customer named other places than the office. The 18th is a Wednesday.
    kept = answered(asked, "parcels_against_wishes", customer="WISH", verdict="kept")
    assert [row[4:7] for row in kept if row[2] == "of one order"] == [
        ("day", "not saturday", "wednesday"), ("day", "not sunday", "wednesday"), ("place", "neighbour", "door"),
        ("place", "safe_place", "door"),
    ]  # fmt: skip
    # Neither tells its service and place, and neither was delivered on a day; of the days two are unwanted.
    unknown = answered(asked, "parcels_against_wishes", customer="WISH", verdict="unknown")
    assert [(row[2], row[4]) for row in unknown] == [
        (parcel, aspect) for parcel in ("on its way", "came back") for aspect in ("day", "day", "place", "service")
    ] + [("of one order", "carrier"), ("of one order", "service")]
