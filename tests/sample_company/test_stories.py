from datetime import date, timedelta
from pathlib import Path

from sample_company import truth
from tests.sample_company.company_reader import START, desk_notes, letters, services, shop


def days_ago(days: int) -> str:
    return str(START - timedelta(days=days))


def test_the_mortgage_customer_said_stop_before_the_check_was_presented_and_was_charged_all_the_same(
    first_day: Path,
) -> None:
    events = shop(
        first_day,
        """SELECT instrument_no, status, amount_cents, date(occurred_at)
        FROM payments WHERE customer_id = 11 ORDER BY id""",
    )
    assert events == [
        ("check-1042", "presented", 90_000, days_ago(59)),
        ("check-1043", "cleared", 90_000, days_ago(59)),
        ("check-1042", "returned", 90_000, days_ago(56)),
        ("check-1042", "fee_charged", 1_500, days_ago(46)),
    ]
    notes = sorted((n for n in desk_notes(first_day) if n["about_no"] == "check-1042"), key=lambda n: n["date"])
    assert [(n["date"], n["how"], n["in_out"], n["clerk"]) for n in notes] == [
        (days_ago(65), "phone", "out", "E01"),
        (days_ago(64), "phone", "in", "E02"),
        (days_ago(53), "phone", "out", "E03"),
        (days_ago(46), "letter", "out", "E03"),
    ]
    [letter] = [letter for letter in letters(first_day) if letter["about_no"] == "check-1042"]
    assert (letter["received_on"], letter["scanned_at"][:10]) == (days_ago(61), days_ago(60))
    scan = (first_day / "postroom" / letter["scan_file"]).read_bytes()
    assert b"Please do not cash it" in scan, "the scan shows what the machine read"


def test_the_reference_customer_has_an_urgent_ticket_open_for_203_days(first_day: Path) -> None:
    ((opened, status, priority, topic, solved, score),) = services(
        first_day,
        "SELECT created_at, status, priority, topic, solved_at, score FROM tickets WHERE requester_id = 360000012",
    )
    assert START - date.fromisoformat(opened[:10]) == timedelta(days=203)
    assert (status, priority, topic, solved, score) == ("open", "urgent", "implementation", None, "bad")
    asked = [note for note in desk_notes(first_day) if note["topic"] == "reference"]
    assert [(note["customer_no"], note["in_out"], note["clerk"]) for note in asked] == [("12", "out", "E04")]


def test_both_story_customers_are_known_by_name_in_the_truth(first_day: Path) -> None:
    named = [
        (row["source_system"], row["entity"], row["record_id"], row["person_id"])
        for row in truth.load(first_day).to_pylist()
    ]
    assert ("shop", "accounts", "11", "mortgage-customer") in named
    assert ("frontdesk", "interactions", "N1002", "mortgage-customer") in named
    assert ("postroom", "interactions", "L1001", "mortgage-customer") in named
    assert ("shop", "accounts", "12", "reference-customer") in named
    assert ("helpdesk", "accounts", "360000012", "reference-customer") in named
