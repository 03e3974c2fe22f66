"""Two customers whose story everybody should know before calling them. All names are invented.

The mortgage customer told Bruno that check-1042 is stopped and that a second check is in the post; the letter, which
the post room scanned, repeated it. Both checks were presented, the first came back, Carla called to complain and a 15
dollar fee was charged. The reference customer waits for an implementation that is months overdue, with an urgent ticket
open for 203 days, and is asked by sales to serve as a reference. Days are counted back from the company's first day.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pyarrow as pa

from sample_company.goods import UNIT_COSTS
from sample_company.postroom import MAIL_ROOM_CLERK

MORTGAGE_CUSTOMER, REFERENCE_CUSTOMER = "mortgage-customer", "reference-customer"
MORTGAGE_ACCOUNT, REFERENCE_ACCOUNT = 11, 12
REFERENCE_USER, REFERENCE_TICKET, REFERENCE_ORDER = 360000012, 501, 9001
TICKET_AGE_DAYS = 203
_AILEEN, _BRUNO, _CARLA, _SIMON = "E01", "E02", "E03", "E04"
_BRUNO_AGENT = 360000102


def added(table: pa.Table, rows: Sequence[dict[str, Any]]) -> pa.Table:
    """The table with the rows below; columns that a row does not name are null."""
    return pa.concat_tables([table, pa.Table.from_pylist(list(rows), schema=table.schema)]).combine_chunks()


def people() -> list[dict[str, Any]]:
    """The two customers as rows of the table of people."""
    return [
        {
            "person_id": MORTGAGE_CUSTOMER, "household_id": MORTGAGE_CUSTOMER, "party_type": "person",
            "culture": "english",
            "given_name": "Warren", "family_name": "Tolliver", "given_latin": "Warren", "family_latin": "Tolliver",
            "email": "warren.tolliver@letters.example", "mobile": "2172550142", "landline": "2172550142",
            "country": "US",
            "street": "18 Quarry Road", "city": "Springfield", "region": "IL", "postal_code": "62704",
            "date_of_birth": date(1961, 4, 9),
        },
        {
            "person_id": REFERENCE_CUSTOMER, "household_id": REFERENCE_CUSTOMER, "party_type": "organisation",
            "culture": "english",
            "given_name": "Odette", "family_name": "Harrow", "given_latin": "Odette", "family_latin": "Harrow",
            "organisation_name": "Harrow & Finch Bindery LLC",
            "email": "info@harrowfinch.example", "second_email": "o.harrow@harrowfinch.example",
            "mobile": "5034550177", "landline": "5034550177",
            "country": "US", "street": "402 Mill Lane", "city": "Portland", "region": "OR", "postal_code": "97205",
        },
    ]  # fmt: skip


def rows(start: date, first_person: int) -> dict[str, list[dict[str, Any]]]:
    """Rows of the two stories per feed. `first_person` is the row number of the mortgage customer among the people."""

    def at(days_before: int, hour: int = 0, minute: int = 0) -> datetime:
        return datetime.combine(start - timedelta(days=days_before), time(hour, minute))

    def note(
        number: int, days: int, hour: int, how: str, way: str, topic: str, text: str, **other: Any
    ) -> dict[str, Any]:
        occurred = at(days, hour)
        recorded = other.pop("recorded", occurred + timedelta(minutes=5))
        return {
            "note_no": f"N{number}", "date": f"{occurred:%Y-%m-%d}", "time": f"{occurred:%H:%M}",
            "recorded": f"{recorded:%Y-%m-%d %H:%M:%S}",
            "how": how, "in_out": way, "topic": topic, "note": text, "person": first_person,
            "recorded_s": int(recorded.replace(tzinfo=UTC).timestamp()),
        } | other  # fmt: skip

    check = {"about_type": "payment", "about_no": "check-1042"}
    known = {"customer_no": str(MORTGAGE_ACCOUNT), "customer_name": "Warren Tolliver"}
    unknown = {"customer_name": "Tolliver, Warren", "phone": "(217) 255-0142", "zip": "62704"}
    notes = [
        note(1001, 65, 9, "phone", "out", "late payment", "Asked why the payment has not arrived.", clerk=_AILEEN,
        **check, **known),
        note(1002, 64, 10, "phone", "in", "stop payment",
        "Payment of check-1042 is stopped.\nPlease do not cash it; a second check is in the post.",
             clerk=_BRUNO, **check, **unknown),
        note(1004, 53, 10, "phone", "out", "insufficient funds", "Told the customer that check-1042 bounced.",
        clerk=_CARLA, **check, **known),
        note(1005, 46, 10, "letter", "out", "fee", "Letter: a fee of 15 dollars for insufficient funds.",
        clerk=_CARLA, **check, **known),
        note(1006, 1, 14, "phone", "out", "reference",
        "Asked whether they would serve as a reference for the new brochure.", clerk=_SIMON,
             about_type="reference", customer_no=str(REFERENCE_ACCOUNT),
             customer_name="Harrow & Finch Bindery LLC") | {"person": first_person + 1},
    ]  # fmt: skip

    scanned = at(60, 10, 1)
    letter = {
        "letter_id": "L1001", "received_on": f"{at(61):%Y-%m-%d}", "scanned_at": f"{scanned:%Y-%m-%d %H:%M:%S}",
        "taken_in_by": MAIL_ROOM_CLERK, "sender": "Warren Tolliver", "street": "18 Quarry Road", "city": "Springfield",
        "zip": "62704", "country": "US", "phone": "(217) 255-0142", "document_class": "stop payment", **check,
        "subject": "Your check-1042", "recognised_text": "Dear Mr Keller,\nas I told you on the telephone, payment of "
        "check-1042 is stopped. Please do not cash it.\ncheck-1043 for the same amount is enclosed, with my apologies "
        "for the trouble.\nYours sincerely,\nWarren Tolliver",
        "confidence": "0.9310", "person": first_person, "recorded_s": int(scanned.replace(tzinfo=UTC).timestamp()),
    }  # fmt: skip

    def payment(number: int, check_no: str, cents: int, status: str, days: int, kind: str = "check") -> dict[str, Any]:
        moment = at(days)
        return {
            "id": number, "customer_id": MORTGAGE_ACCOUNT, "invoice_no": "INV-9", "kind": kind,
            "instrument_no": check_no, "amount_cents": cents,
            "currency": "USD", "status": status, "occurred_at": moment, "updated_at": moment,
        }  # fmt: skip

    def customer(number: int, person: dict[str, Any], days: int) -> dict[str, Any]:
        return {
            "id": number, "email": person["email"], "first_name": person["given_name"],
            "last_name": person["family_name"],
            "company": person.get("organisation_name"),
            "phone": f"({person['mobile'][:3]}) {person['mobile'][3:6]}-{person['mobile'][6:]}",
            "address1": person["street"], "city": person["city"], "province": person["region"],
            "zip": person["postal_code"], "country_code": "US",
            "date_of_birth": person.get("date_of_birth"), "accepts_marketing": False, "verified_email": True,
            "state": "enabled",
            "created_at": at(days), "updated_at": at(days), "person": first_person + number - MORTGAGE_ACCOUNT,
        }  # fmt: skip

    mortgage, reference = people()
    opened = at(TICKET_AGE_DAYS)
    said = [
        (
            0,
            "end-user",
            None,
            "The set-up was promised for this week and nobody came. We cannot work. When will it be finished?",
        ),
        (0, "agent", _BRUNO, "I am sorry. The team will be with you by the end of next week."),
        (40, "end-user", None, "Still waiting. The second date has passed as well."),
        (41, "agent", _BRUNO, "I will follow up with operations and call you on Monday."),
        (120, "end-user", None, "Nobody called. This is now months overdue with no end in sight."),
        (196, "end-user", None, "Is anybody reading this?"),
    ]
    comments = []
    for number, (days, role, employee, body) in enumerate(said):
        moment = opened + timedelta(days=days, hours=2 if role == "agent" else 0)
        comments.append(
            {
                "id": 400_001 + number, "ticket_id": REFERENCE_TICKET,
                "author_id": _BRUNO_AGENT if employee else REFERENCE_USER,
                "author_external_id": employee, "requester_id": REFERENCE_USER, "author_role": role, "public": True,
                "body": body, "channel": "email",
                "created_at": moment, "generated_timestamp": int(moment.replace(tzinfo=UTC).timestamp()),
            }
        )  # fmt: skip
    last = comments[-1]
    order = {
        "id": REFERENCE_ORDER, "customer_id": REFERENCE_ACCOUNT, "email": reference["second_email"],
        "ship_name": "Odette Harrow",
        "ship_address": reference["street"], "ship_city": reference["city"], "ship_zip": reference["postal_code"],
        "ship_country": "US",
        "created_at": at(240, 9), "updated_at": at(239, 9), "financial_status": "paid", "channel": "phone",
        "currency": "USD",
        "subtotal_cents": 480_000, "discount_cents": 0, "shipping_cents": 0, "tax_cents": 33_600,
        "refunded_cents": 0, "total_cents": 513_600,
        "employee_id": _SIMON,
    }  # fmt: skip
    return {
        "shop.customers": [customer(MORTGAGE_ACCOUNT, mortgage, 390), customer(REFERENCE_ACCOUNT, reference, 245)],
        "shop.orders": [order],
        "shop.order_lines": [
            {
                "order_id": REFERENCE_ORDER, "line_no": 1, "sku": "SRV-803", "title": "Implementation, one day",
                "category": "service", "quantity": 5,
                "unit_price_cents": 96_000, "unit_cost_cents": UNIT_COSTS["SRV-803"], "discount_cents": 0,
                "updated_at": at(240, 9),
            }
        ],
        "shop.payments": [
            payment(9101, "check-1042", 90_000, "presented", 59),
            payment(9102, "check-1043", 90_000, "cleared", 59),
            payment(9103, "check-1042", 90_000, "returned", 56),
            payment(9104, "check-1042", 1_500, "fee_charged", 46, kind="fee"),
            payment(9105, "check-0877", 513_600, "cleared", 239)
            | {"order_id": REFERENCE_ORDER, "customer_id": REFERENCE_ACCOUNT, "invoice_no": "INV-9001"},
        ],
        "helpdesk.users": [
            {
                "id": REFERENCE_USER, "name": "Odette Harrow", "email": reference["second_email"],
                "organization": reference["organisation_name"],
                "verified": True, "role": "end-user", "suspended": False, "external_id": str(REFERENCE_ACCOUNT),
                "created_at": opened,
                "updated_at": opened, "person": first_person + 1,
            }
        ],
        "helpdesk.tickets": [
            {
                "id": REFERENCE_TICKET, "requester_id": REFERENCE_USER, "assignee_id": _BRUNO_AGENT,
                "assignee_external_id": _BRUNO, "status": "open",
                "priority": "urgent", "type": "problem", "subject": "Implementation overdue",
                "description": said[0][3], "channel": "email",
                "tags": "implementation,follow_up", "topic": "implementation", "order_no": str(REFERENCE_ORDER),
                "score": "bad", "created_at": opened,
                "updated_at": last["created_at"], "first_reply_at": opened + timedelta(hours=2),
                "generated_timestamp": last["generated_timestamp"],
                "person": first_person + 1,
            }
        ],
        "helpdesk.comments": comments,
        "frontdesk.notes": notes,
        "postroom.letters": [letter],
    }  # fmt: skip
