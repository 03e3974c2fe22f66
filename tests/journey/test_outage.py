"""Sources are down and come back, a contract is mended, and what readers and commands say of it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from tests.journey.life import Life
from tests.journey.wrong_on_purpose import FEEDS, mistakes
from tests.journey_factory import DAY_TWO, Company, Stage, one

DOWN = {"carrier.shipments", "helpdesk.comments", "helpdesk.tickets", "helpdesk.users", "mailer.activity"}


def test_a_sync_while_sources_are_down_names_feed_fact_and_next_step(outage: Stage) -> None:
    assert outage.said.code == 1
    troubles = dict(line.removeprefix("trouble  ").split(": ", 1) for line in outage.said.err.splitlines() if line)
    assert troubles.keys() == DOWN
    assert "is not there. Check C360_CARRIER_FOLDER" in troubles.pop("carrier.shipments")
    for text in troubles.values():
        assert "cannot be reached (" in text
        assert text.endswith("Nothing was landed; the next sync tries again.")


def test_feeds_beside_those_that_are_down_go_on_and_the_refresh_publishes(life: Life, outage: Stage) -> None:
    runs = dict(
        outage.ledger(
            "SELECT feed, status FROM feed_run r WHERE run_id = (SELECT max(run_id) FROM feed_run WHERE feed = r.feed)"
        )
    )
    assert {feed for feed, status in runs.items() if status == "FAILED"} == DOWN
    assert {runs[feed] for feed in FEEDS.keys() - DOWN} == {"EMPTY_OK"}
    assert "Published snapshot" in outage.said.out
    assert outage.published("SELECT count(*) FROM ops.snapshot") == [(1,)]
    assert outage.published("SELECT count(*) FROM fct_shipment") == life.day_two.published(
        "SELECT count(*) FROM fct_shipment"
    )


def test_readers_see_which_sources_were_down_beside_every_customer(outage: Stage) -> None:
    published = dict(outage.published("SELECT feed, published_status FROM ops.feed_status"))
    assert {feed for feed, status in published.items() if status == "LATE"} == DOWN
    now = dict(outage.published("SELECT feed, status_now FROM ops.feed_status"))
    assert {now[feed] for feed in DOWN} <= {"LATE", "STALE"}
    [row] = outage.published(
        """SELECT DISTINCT shipments_status, tickets_status, accounts_status, campaign_responses_status,
                  interactions_status, orders_status, payments_status FROM customer_360"""
    )
    assert row == ("LATE", "LATE", "LATE", "LATE", "LATE", "FRESH", "FRESH")
    errors = dict(outage.published("SELECT feed, last_error FROM ops.feed_status"))
    assert {feed for feed, error in errors.items() if error} == DOWN


def test_all_is_well_again_when_the_sources_are_back(life: Life, recovered: Stage) -> None:
    assert (recovered.said.code, recovered.said.err) == (0, "")
    statuses = {status for (status,) in recovered.published("SELECT DISTINCT published_status FROM ops.feed_status")}
    assert statuses <= {"FRESH", "IDLE"}
    facts = "SELECT * FROM {} ORDER BY ALL"
    for table in ("customer_360", "fct_order", "fct_shipment", "interaction", "identity.customer_crosswalk"):
        assert recovered.published(facts.format(table)) == life.day_two.published(facts.format(table)), table


def test_rows_released_under_a_mended_contract_are_published(recovered: Stage, mended: Stage) -> None:
    unknown = {record for record, reason in mistakes(mended, "carrier.shipments") if reason == "unknown status code"}
    unreadable = {record for record, reason in mistakes(mended, "carrier.shipments") if reason == "date unreadable"}
    assert mended.said.code == 0
    assert (len(unknown), len(unreadable)) == (1, 1)
    assert "1 row was released, 1 is still held." in mended.said.out
    status_of = "SELECT shipment_id, status FROM fct_shipment"
    before, after = dict(recovered.published(status_of)), dict(mended.published(status_of))
    assert after == before | dict.fromkeys(unknown, "other")
    held = mended.warehouse(
        "SELECT status, _key FROM quarantine.held_row WHERE feed = 'carrier.shipments' ORDER BY ALL"
    )
    assert set(held) == {("released", key) for key in unknown} | {("held", key) for key in unreadable}


def test_the_json_of_every_command_parses(co: Company, life: Life, mended: Stage) -> None:
    synced = life.day_two.said.document
    assert [feed["feed"] for feed in synced["feeds"]] == sorted(FEEDS)
    assert synced["refreshed"]["customers"] == one(life.day_two.published("SELECT count(*) FROM dim_customer"))
    assert synced["refresh_trouble"] is None
    statuses = co.c360("status", "--json", now=DAY_TWO).document
    assert {status["feed"]: status["status"] for status in statuses}.keys() == FEEDS.keys()
    assert datetime.fromisoformat(statuses[0]["verified_at"]) == DAY_TWO
    asked = co.c360("query", "SELECT sum(total_amount) AS total, now() AS at FROM fct_order", "--json", now=DAY_TWO)
    assert Decimal(asked.document[0]["total"]) > 0
    held = co.c360("quarantine", "list", "shop.payments", "--json", now=DAY_TWO).document
    assert len(held) == 4
    nobody = co.c360("customer", "nobody of this name", "--json", now=DAY_TWO)
    assert (nobody.code, nobody.document) == (1, [])
    shown = co.c360("quarantine", "show", held[0]["held_id"], now=DAY_TWO).document
    assert shown["feed"] == "shop.payments"
