"""The brief as analysts ask for it, of the company that is told things; its snapshot is of noon on the 20th."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.warehouse.said_factory import at
from warehouse.brief import READS
from warehouse.connection import marts_path, open_reader
from warehouse.declared import MODELS
from warehouse.published_macros import published_macros


def brief(home: Path, customer: str, moment: object = None) -> dict[str, list[tuple[Any, ...]]]:
    """Section → (what, detail) in order."""
    sections: dict[str, list[tuple[Any, ...]]] = {}
    with open_reader(marts_path(home)) as marts:
        rows = marts.execute(
            "SELECT section, what, detail FROM brief($1, $2) ORDER BY section, place", [customer, moment]
        )
        for section, *row in rows.fetchall():
            sections.setdefault(section, []).append(tuple(row))
    return sections


def test_a_letter_is_known_from_when_it_was_recorded_and_not_from_when_it_came(said_home: Path) -> None:
    before, after = brief(said_home, "STOP", at(4, 12)), brief(said_home, "STOP", at(5, 10))
    assert [what for what, _ in before["contact"] if what.startswith("post")] == []
    assert not any("Do not cash check-7" in detail for _, detail in before["said"])
    assert [what for what, _ in after["contact"] if what.startswith("post")] == ["post from them"]
    assert any("Do not cash check-7" in detail for _, detail in after["said"])


def test_the_age_of_a_channel_is_that_of_the_last_contact_of_anybody(said_home: Path) -> None:
    # The letter is the only post of the company: three hours and a minute later it is three hours old, also for KEPT.
    for customer, what in (("STOP", "post from them"), ("KEPT", "post")):
        [(_, detail)] = [row for row in brief(said_home, customer, at(5, 13))["contact"] if row[0] == what]
        assert "last loaded 3 h before" in detail


def test_days_late_are_counted_to_the_moment_asked_about(said_home: Path) -> None:
    # Told on the 1st at ten, it was due on the 2nd at ten.
    [(what, detail)] = brief(said_home, "STOP", at(4, 12))["owed"]
    assert what == "instruction: stop payment check-7"
    assert detail.startswith("2 days late · with B · ")


def test_a_promise_is_owed_until_what_kept_it_was_recorded(said_home: Path) -> None:
    # The call of the sixth, at three in the afternoon, keeps what was promised for Friday, the sixth.
    [(what, detail)] = brief(said_home, "KEPT", at(6, 14))["owed"]
    assert what == "promise: call back t1"
    assert detail.startswith("due 2026-11-07 00:00 · with B")
    assert "owed" not in brief(said_home, "KEPT", at(6, 15))


def test_what_a_feed_brought_later_speaks_against_nobody_earlier(said_home: Path) -> None:
    """The check was presented on the 6th, and the payments arrived on the 20th at six."""
    assert "against" not in brief(said_home, "STOP", at(20, 5))
    for moment in (at(20, 6), None):
        [(what, detail)] = brief(said_home, "STOP", moment)["against"]
        assert what == "payment presented 120.00 USD"
        assert detail == "although told stop payment check-7 on 2026-11-01"


def test_without_a_moment_or_with_a_later_one_it_is_the_snapshot(said_home: Path) -> None:
    now = brief(said_home, "STOP")
    assert now["standing"]
    assert brief(said_home, "STOP", datetime(2027, 1, 1, tzinfo=UTC)) == now
    assert brief(said_home, "STOP", "2026-11-20 12:00") == now


def test_what_has_no_history_is_left_out_of_the_past_or_said_to_be_of_today(said_home: Path) -> None:
    then = brief(said_home, "STOP", at(4, 12))
    assert then["who"][0][1].endswith("as of today, history does not reach back")
    assert not any(
        what.startswith(("value", "relationship", "ask next", "not to be asked"))
        for what, _ in then.get("standing", [])
    )
    assert "source" not in then


def test_consent_that_nobody_gave_is_no_permission(said_home: Path) -> None:
    channels = dict(brief(said_home, "INSIGHT")["channel"])
    assert channels["offers: not known, so not permitted"] == "email, phone, post, sms"
    assert "offers permitted" not in channels


def test_a_former_id_leads_to_the_customer_of_today_and_one_never_given_to_nothing(built_home: Path) -> None:
    # C7 was merged into C4.
    assert brief(built_home, "C7")["who"][0][0] == "Nora Nothing"
    assert brief(built_home, "C0") == {}


def test_tickets_and_parcels_are_told_as_of_the_moment(built_home: Path) -> None:
    # t1 was opened on 4 May, t2 on 1 June and solved on the 2nd; k1 was promised for 5 November and came on the 6th.
    june = brief(built_home, "C1", "2026-06-01 12:00")
    assert [detail for _, detail in june["ticket"]] == [
        "ticket t1 open 28 days · urgent · implementation", "ticket t2 open 0 days",
    ]  # fmt: skip
    assert [detail.split(" · ")[0] for _, detail in brief(built_home, "C1")["ticket"]] == ["ticket t1 open 200 days"]
    owed = brief(built_home, "C1", "2026-11-05 18:00")["parcel"]
    assert owed == [("parcel k1 by Fleet", "has not arrived, less than a day past its promise")]
    assert brief(built_home, "C1")["parcel"] == [("parcel k1 by Fleet", "came late, 1 days past its promise")]


def test_sources_that_are_not_current_are_named_with_since_when(built_home: Path) -> None:
    told = dict(brief(built_home, "C1")["source"])
    assert told["frontdesk.notes NEVER"] == "nothing was ever loaded"


def test_lines_made_in_advance_say_what_asking_says(said_home: Path) -> None:
    with open_reader(marts_path(said_home)) as marts:
        customers = [customer for (customer,) in marts.execute("SELECT customer_id FROM dim_customer").fetchall()]
        assert len(customers) > 3
        told = [marts.execute("FROM brief_now($1) ORDER BY ALL", [customer]).fetchall() for customer in customers]
        asked = [
            marts.execute("FROM brief_of_today($1, NULL) ORDER BY ALL", [customer]).fetchall() for customer in customers
        ]
    assert told == asked


def test_what_its_macros_read_is_named_where_the_lines_are_built_and_where_use_is_counted() -> None:
    texts = " ".join(macro.sql for macro in published_macros() if macro.name.startswith("brief"))
    # Macros are called, tables are not.
    read = set(re.findall(r"\b((?:main|identity|ops)\.\w+)\b(?!\()", texts))
    assert read <= set(READS)
    model = (MODELS / "marts" / "brief_line.sql").read_text(encoding="utf-8")
    # Lines of the moment need neither the past nor what is told of feeds while it is read.
    of_the_past = {f"main.{name}_history" for name in ("customer_value", "customer_health", "relationship_type")}
    needed = read - of_the_past - {"main.brief_line", "ops.channel_arrival", "ops.feed_status", "ops.source_status"}
    assert {place.partition(".")[2] for place in needed} == set(re.findall(r"ref\('(\w+)'\)", model))
