"""Who is one customer, held against the truth, and what the company knows of the people of its stories."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

from sample_company import truth
from tests.journey.life import Life
from tests.journey_factory import DAY_TWO, START, Company, Stage


def test_at_least_98_in_100_pairs_joined_are_the_same_person_in_truth(day: Stage) -> None:
    person = {
        f"{row['source_system']}/{row['entity']}/{row['record_id']}": row["person_id"]
        for row in truth.load(day.home.sample).to_pylist()
    }
    clusters: dict[str, Counter[str]] = {}
    for key, customer in day.published("SELECT source_record_key, customer_id FROM identity.customer_crosswalk"):
        if key in person:
            clusters.setdefault(customer, Counter())[person[key]] += 1
    joined = sum(_pairs(sum(people.values())) for people in clusters.values())
    right = sum(_pairs(count) for people in clusters.values() for count in people.values())
    assert joined > 1000
    assert right / joined >= 0.98


def _pairs(count: int) -> int:
    return count * (count - 1) // 2


def test_the_mortgage_customer_is_one_customer_and_nobody_else(life: Life) -> None:
    stage = life.day_two
    written = ("frontdesk", "postroom")
    own = {row["record_id"] for row in _truth_of(stage, "mortgage-customer") if row["source_system"] in written}
    assert own == {"N1002", "L1001"}, "the note and the letter that name no account"
    customers = {
        customer
        for (customer,) in stage.published(
            """SELECT customer_id FROM identity.customer_crosswalk WHERE source_record_key IN
               ('shop/accounts/11', 'frontdesk/interactions/N1002', 'postroom/interactions/L1001')"""
        )
    }
    assert len(customers) == 1
    others = stage.published(
        "SELECT source_record_key FROM identity.customer_crosswalk WHERE customer_id = ?", customers.pop()
    )
    mine = {
        f"{row['source_system']}/{row['entity']}/{row['record_id']}" for row in _truth_of(stage, "mortgage-customer")
    }
    assert {key for (key,) in others} <= mine


def _truth_of(stage: Stage, person: str) -> list[dict[str, Any]]:
    return [row for row in truth.load(stage.home.sample).to_pylist() if row["person_id"] == person]


def test_the_brief_tells_the_mortgage_customers_story(co: Company, mended: Stage) -> None:
    brief = co.c360("customer", "warren.tolliver@letters.example", "--json", now=DAY_TWO).document
    notes = [row for row in brief["timeline"] if row["source_system"] in ("frontdesk", "postroom")]
    told = [(row["occurred_at"][:10], row["channel"], row["direction"], row["topic"]) for row in reversed(notes)]
    assert told == [
        (_days_before(65), "phone", "outbound", "late payment"),
        (_days_before(64), "phone", "inbound", "stop payment"),
        (_days_before(61), "post", "inbound", "stop payment"),
        (_days_before(53), "phone", "outbound", "insufficient funds"),
        (_days_before(46), "post", "outbound", "fee"),
    ]
    payments = Counter(row["summary"] for row in brief["timeline"] if row["interaction_type"].startswith("payment"))
    assert sum(payments.values()) == 4
    profile = brief["profile"]
    assert (profile["payment_count"], profile["returned_payment_count"]) == (4, 1)
    assert profile["display_name"] == "Warren Tolliver"


def _told(co: Company, found_by: str, *options: str) -> dict[str, list[dict[str, Any]]]:
    """Section → rows of the brief."""
    sections: dict[str, list[dict[str, Any]]] = {}
    for row in co.c360("customer", found_by, "--json", *options, now=DAY_TWO).document["rows"]:
        sections.setdefault(row["section"], []).append(row)
    return sections


def test_when_carla_called_she_could_have_known_of_the_note_the_letter_and_the_stop(co: Company, mended: Stage) -> None:
    told = _told(co, "warren.tolliver@letters.example", "--known-at", f"{_days_before(53)}T10:00")
    heard = [(row["happened_at"][:10], row["what"], row["detail"].partition(" ")[0]) for row in told["said"]]
    assert (_days_before(64), "they told Bruno Keller", "instruction") in heard
    assert (_days_before(61), "they told Rita Sandoval", "instruction") in heard
    assert all(day < _days_before(53) for day, _, _ in heard), "her own call was written down five minutes later"
    [stop] = told["owed"]
    assert stop["what"] == "instruction: stop payment check-1042"
    # It was due a day after Bruno heard it, 63 days before.
    assert stop["detail"].startswith("10 days late · with Bruno Keller")


def test_at_noon_the_letter_of_that_day_is_not_known_and_it_says_how_old_post_is(co: Company, mended: Stage) -> None:
    noon = datetime.combine(START - timedelta(days=61), time(12))
    told = _told(co, "warren.tolliver@letters.example", "--known-at", noon.isoformat())
    assert {row["happened_at"][:10] for row in told["said"]} == {_days_before(64), _days_before(65)}
    [post] = [row for row in told["contact"] if row["what"] == "post"]
    ((recorded_at,),) = mended.published(
        "SELECT max(recorded_at) FROM interaction WHERE channel = 'post' AND recorded_at <= ?", noon
    )
    seconds = (noon - recorded_at).total_seconds()
    old = f"{seconds // 3600:.0f} h" if seconds < 3 * 86400 else f"{seconds // 86400:.0f} d"
    assert (post["happened_at"], post["detail"]) == (None, f"no contact known · last loaded {old} before")


def test_the_brief_says_why_the_reference_customer_is_not_to_be_asked(co: Company, mended: Stage) -> None:
    told = _told(co, "shop/accounts/12")
    [reference] = [row for row in told["standing"] if "reference" in row["what"]]
    days = (DAY_TWO.date() - (START - timedelta(days=203))).days
    assert reference["what"] == "not to be asked for a reference"
    assert reference["detail"].startswith(f"urgent ticket open {days} days · implementation overdue {days - 14} days")
    assert told["ticket"][0]["detail"].startswith(f"ticket 501 open {days} days · urgent")


def test_the_brief_fits_on_one_screen(co: Company, mended: Stage) -> None:
    for found_by in ("warren.tolliver@letters.example", "shop/accounts/12"):
        lines = co.c360("customer", found_by, now=DAY_TWO).out.splitlines()
        assert len(lines) <= 45
        assert max(map(len, lines)) <= 110


def _days_before(days: int) -> str:
    return (START - timedelta(days=days)).isoformat()


def test_the_reference_customer_is_shown_with_an_urgent_ticket_open_for_203_days(co: Company, mended: Stage) -> None:
    brief = co.c360("customer", "helpdesk/accounts/360000012", "--json", now=DAY_TWO).document
    profile = brief["profile"]
    assert profile["urgent_open_ticket_count"] == 1
    assert profile["oldest_open_ticket_at"][:10] == _days_before(203)
    assert profile["last_csat_score"] == "bad"
    assert any(row["interaction_type"] == "comment" for row in brief["timeline"])


def test_the_wish_for_a_reference_stands_beside_the_urgent_ticket(recovered: Stage) -> None:
    """Sales look the company up by its shop account; what the helpdesk knows of it must be there."""
    rows = recovered.published(
        """SELECT customer_id FROM identity.customer_crosswalk
           WHERE source_record_key IN ('shop/accounts/12', 'helpdesk/accounts/360000012')"""
    )
    assert len(rows) == 2
    assert len(set(rows)) == 1


def _mortgage_customer(stage: Stage) -> str:
    ((customer,),) = stage.published(
        "SELECT customer_id FROM identity.customer_crosswalk WHERE source_record_key = 'shop/accounts/11'"
    )
    return str(customer)


def test_what_was_said_about_the_stopped_check_is_told_in_order(mended: Stage) -> None:
    rows = mended.asked("said_about_subject", customer=_mortgage_customer(mended), subject="check-1042")
    assert [row["stated_at"] for row in rows] == sorted(row["stated_at"] for row in rows)
    rows.sort(key=lambda row: (row["stated_at"], row["statement_type"] == "fact"))
    columns = ("channel", "spoke_with", "speaker", "statement_type", "status")
    told = [(f"{row['stated_at']:%Y-%m-%d}", *(row[column] for column in columns)) for row in rows]
    assert told == [
        (_days_before(65), "phone", "Aileen Marsh", "company", "question", "answered"),
        (_days_before(64), "phone", "Bruno Keller", "customer", "instruction", "contradicted"),
        (_days_before(64), "phone", "Bruno Keller", "customer", "fact", "active"),  # a second check is in the post
        (_days_before(61), "post", "Rita Sandoval", "customer", "instruction", "contradicted"),
        (_days_before(61), "post", "Rita Sandoval", "customer", "fact", "active"),  # it is enclosed
        (_days_before(53), "phone", "Carla Dunne", "company", "fact", "active"),
        (_days_before(46), "post", "Carla Dunne", "company", "fact", "active"),
    ]


def test_a_letter_is_found_by_its_words(mended: Stage) -> None:
    found = mended.asked("texts_with_words", words="ENCLOSED check-1042")
    assert [(f"{row['occurred_at']:%Y-%m-%d}", row["channel"], row["customer_id"]) for row in found] == [
        (_days_before(61), "post", _mortgage_customer(mended))
    ]
    assert (mended.home.sample / "postroom" / found[0]["media_link"]).read_bytes().startswith(b"%PDF")
    assert mended.asked("texts_with_words", words="enclosed zebra") == []


def test_the_stop_is_still_owed_by_the_one_who_was_told(mended: Stage) -> None:
    customer = _mortgage_customer(mended)
    [stop] = [row for row in mended.asked("overdue_promises") if row["customer_id"] == customer]
    assert (stop["kind"], stop["action"], stop["subject_id"]) == ("instruction", "stop_payment", "check-1042")
    assert (stop["owner_employee_id"], stop["status"]) == ("E02", "open")
    assert f"{stop['due_at']:%Y-%m-%d %H:%M}" == f"{_days_before(63)} 10:00"
    reminders = "SELECT reminder_count FROM follow_up WHERE kind = 'instruction' AND customer_id = ?"
    assert mended.published(reminders, customer) == [(1,)]


def test_what_was_done_against_the_stop_is_the_presentation_the_return_and_the_fee(mended: Stage) -> None:
    columns = ("action_key", "action_kind", "amount", "currency_code", "caused_by_interaction_id", "made_good_at")
    acts = [
        (f"{row['happened_at']:%Y-%m-%d}", *(row[column] for column in columns))
        for row in mended.asked("acts_against_instructions", subject="check-1042")
    ]
    assert acts == [
        (_days_before(59), "shop/9101", "payment_presented", Decimal(900), "USD", None, None),
        (_days_before(56), "shop/9103", "payment_returned", Decimal(900), "USD", "payment:shop/9101", None),
        (_days_before(46), "shop/9104", "payment_fee_charged", Decimal(15), "USD", "payment:shop/9103", None),
    ]


def test_both_promises_to_the_reference_customer_are_broken_and_the_call_of_sales_keeps_none(mended: Stage) -> None:
    promises = mended.published(
        """SELECT action, strftime(opened_at, '%Y-%m-%d'), owner_employee_id, status, closed_at, breach_evidence
           FROM follow_up WHERE subject_id = '501' AND kind = 'promise' ORDER BY opened_at, action"""
    )
    opened, told_again = _days_before(203), _days_before(203 - 41)
    assert promises == [
        ("visit", opened, "E02", "broken", None, "asked again: contact:helpdesk/400003"),
        ("call_back", told_again, "E02", "broken", None, "asked again: contact:helpdesk/400005"),
        ("reply", told_again, "E02", "broken", None, "asked again: contact:helpdesk/400005"),
    ]


def test_wishes_that_nobody_acted_on_are_counted_by_topic(mended: Stage) -> None:
    """Each inbound note on a product wish is one; nobody of marketing ever spoke of one in this company."""
    noted = mended.published(
        """SELECT count(*) FROM interaction
           WHERE source_system = 'frontdesk' AND topic = 'product wish' AND direction = 'inbound'"""
    )
    assert noted[0][0] > 0
    assert (
        mended.published("SELECT count(*) FROM customer_insight WHERE topic = 'product wish' AND acted_on_at IS NULL")
        == noted
    )


def test_the_reference_customer_is_not_safe_to_ask_and_it_says_why(life: Life) -> None:
    [(ready, reasons, today)] = life.day_two.published(
        """SELECT is_reference_ready, reference_block_reasons, as_of_date
           FROM customer_health INNER JOIN identity.customer_crosswalk USING (customer_id)
           WHERE source_record_key = 'shop/accounts/12'"""
    )
    opened = START - timedelta(days=203)
    # "By the end of next week" was said on a Monday: the second Sunday after it ends 14 days later.
    assert opened.isoweekday() == 1
    assert ready is False
    assert reasons[:2] == [
        f"urgent ticket open {(today - opened).days} days",
        f"implementation overdue {(today - opened).days - 14} days",
    ]
