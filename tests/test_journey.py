"""The whole way, on a real small company: two days of sources, an outage, a contract mended, and what readers see.

The stages are brought about once for all tests, in the order in which a company lives through them. What is expected
comes from the company's own counts and from its source systems, read by other means than the code under test.
"""

from __future__ import annotations

import hashlib
import json
import resource
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.catalog import SHIPPED_FOLDER
from sample_company import company, truth
from tests.journey_factory import (
    DAY_ONE,
    DAY_TWO,
    START,
    Company,
    Said,
    Stage,
    contents,
    query_sqlite,
    rows_at_source,
    running_company,
)

# Feed → its entity, and its name in the company's counts.
FEEDS = {
    "bureau.profiles": ("demographics", "bureau.profiles"),
    "carrier.shipments": ("shipments", "carrier.shipments"),
    "frontdesk.notes": ("interactions", "frontdesk.notes"),
    "helpdesk.comments": ("interactions", "helpdesk.comments"),
    "helpdesk.tickets": ("tickets", "helpdesk.tickets"),
    "helpdesk.users": ("accounts", "helpdesk.users"),
    "mailer.activity": ("campaign_responses", "mailer.activity"),
    "shop.accounts": ("accounts", "shop.customers"),
    "shop.employees": ("employees", "shop.employees"),
    "shop.order_lines": ("order_lines", "shop.order_lines"),
    "shop.orders": ("orders", "shop.orders"),
    "shop.payments": ("payments", "shop.payments"),
    "website.registrations": ("web_registrations", "website.registrations"),
}

# What the company does wrong on purpose and must be kept out: (feed, its reason) → how the quarantine's reason begins.
HELD = {
    ("carrier.shipments", "date unreadable"): "shipped_at: '31/02/2026 10:00' is not a TIMESTAMP",
    ("carrier.shipments", "unknown status code"): "status is not one of created, in_transit",
    ("frontdesk.notes", "date unreadable"): "occurred_at: '2026-02-31 ",
    ("helpdesk.tickets", "unknown status code"): "status is not one of new, open",
    ("mailer.activity", "unknown action"): "action is not one of sent, open",
    ("shop.orders", "order date in the future"): "ordered_at lies in the future",
    ("shop.orders", "unknown status code"): "status is not one of placed, paid",
    ("shop.payments", "amount missing"): "amount is missing",
    ("shop.payments", "unknown status code"): "status is not one of authorised, presented",
    ("website.registrations", "date unreadable"): "registered_at: 'yesterday evening' is not a TIMESTAMP",
}
# The same line sent twice is staged once and counted as a duplicate.
DOUBLE = {("carrier.shipments", "same line twice")}
# Wrong, but in columns that an entity can do without: staged as they came, and told by rules that do not hold rows.
STAGED = {
    ("bureau.profiles", "household size negative"),
    ("carrier.shipments", "freight missing"),
    ("mailer.activity", "time missing"),
    ("shop.order_lines", "price missing"),
    ("shop.order_lines", "quantity negative"),
    ("shop.orders", "amount missing"),
}


@dataclass(frozen=True)
class Life:
    """Every stage of the company's life."""

    day_one: Stage
    day_two: Stage
    late_orders: int
    late_actions: int


@pytest.fixture(scope="module")
def co(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    with running_company(tmp_path_factory.mktemp("journey")) as made:
        yield made


@pytest.fixture(scope="module")
def life(co: Company) -> Life:
    day_one = co.stage("day_one", co.c360("sync", now=DAY_ONE))
    advanced = company.advance(co.folder, until=DAY_TWO)
    day_two = co.stage("day_two", co.c360("sync", "--json", now=DAY_TWO))
    return Life(day_one, day_two, advanced.late["shop.orders"], advanced.late["mailer.activity"])


@pytest.fixture(scope="module", params=["day_one", "day_two"])
def day(request: pytest.FixtureRequest, life: Life) -> Stage:
    stage: Stage = getattr(life, request.param)
    return stage


@dataclass(frozen=True)
class Repeat:
    """A sync that finds nothing new, in a process of its own."""

    said: Said
    modules: list[str]
    wall_seconds: float
    cpu_seconds: float
    digest_before: str
    digest_after: str
    warehouse_after: dict[str, list[str]]


@pytest.fixture(scope="module")
def repeat(co: Company, life: Life) -> Repeat:
    """Neighbours on the machine may slow one run down; the best of three counts."""
    before = _digest(co.home.published)
    runs = [_repeat(co, before)]
    while runs[-1].wall_seconds > 8 and len(runs) < 3:
        runs.append(_repeat(co, before))
    return runs[-1]


# `main` runs the functions of atexit before it leaves, and so at the very end of its work.
_RUNNER = """
import atexit, json, sys
atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr))
from pipelines.cli import main
main()
"""


def _repeat(co: Company, before: str) -> Repeat:
    arguments = ["--home", str(co.home.root), "--now", DAY_TWO.isoformat(), "sync", "--json"]
    usage, clock = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run([sys.executable, "-c", _RUNNER, *arguments], capture_output=True, text=True, check=False)
    wall, used = time.perf_counter() - clock, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = used.ru_utime + used.ru_stime - usage.ru_utime - usage.ru_stime
    *errors, modules = done.stderr.splitlines()
    said = Said(done.returncode, done.stdout, "\n".join(errors))
    after = _digest(co.home.published)
    return Repeat(said, json.loads(modules), wall, cpu, before, after, contents(co.home.warehouse))


@pytest.fixture(scope="module")
def outage(co: Company, life: Life, repeat: Repeat) -> Stage:
    """The company's services do not answer and the carrier's folder is gone, while the shop goes on."""
    co.close()
    carrier = co.folder / "carrier"
    carrier.rename(co.folder / "carrier-elsewhere")
    said = co.c360("sync", now=DAY_TWO)
    (co.folder / "carrier-elsewhere").rename(carrier)
    stage = co.stage("outage", said)
    co.restart()
    return stage


@pytest.fixture(scope="module")
def recovered(co: Company, outage: Stage) -> Stage:
    return co.stage("recovered", co.c360("sync", now=DAY_TWO))


@pytest.fixture(scope="module")
def mended(co: Company, recovered: Stage, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """The carrier's contract learns the code ZZ, and held rows are released under it."""
    folder = tmp_path_factory.mktemp("contracts")
    for system in SHIPPED_FOLDER.iterdir():
        if system.is_dir() and system.name != "entities":
            shutil.copytree(system, folder / system.name, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
    contract = folder / "carrier" / "shipments.yml"
    text = contract.read_text("utf-8")
    assert "RT: returned}" in text
    contract.write_text(text.replace("RT: returned}", "RT: returned, ZZ: other}"), "utf-8")
    said = co.c360("quarantine", "release", "carrier.shipments", now=DAY_TWO, feeds_folder=folder)
    return co.stage("mended", said)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _bad(stage: Stage, feed: str) -> list[tuple[str, str]]:
    """(record, reason) of what is wrong on purpose in a feed."""
    return [(bad["record_id"], bad["reason"]) for bad in stage.counts[FEEDS[feed][1]]["bad"]]


def _one(rows: list[tuple[Any, ...]]) -> Any:
    [(value,)] = rows
    return value


def test_the_list_of_what_is_wrong_on_purpose_is_complete(day: Stage) -> None:
    found = {(feed, reason) for feed in FEEDS for _, reason in _bad(day, feed)}
    assert found <= set(HELD) | DOUBLE | STAGED
    assert len(found) >= 12


@pytest.mark.parametrize("feed", sorted(FEEDS))
def test_every_row_of_a_source_is_staged_deleted_held_or_a_duplicate(day: Stage, feed: str) -> None:
    entity, counted_as = FEEDS[feed]
    live, gone = day.warehouse(
        f"""SELECT count(*) FILTER (NOT _is_deleted), count(*) FILTER (_is_deleted)
            FROM staging.{entity} WHERE _feed = ?""",
        feed,
    )[0]
    held = _one(day.warehouse("SELECT count(*) FROM quarantine.held_row WHERE feed = ? AND status = 'held'", feed))
    double = _one(
        day.warehouse("SELECT coalesce(sum(rows_duplicate), 0) FROM staging.applied_batch WHERE feed = ?", feed)
    )
    said = day.counts[counted_as]
    expected_held = [record for record, reason in _bad(day, feed) if (feed, reason) in HELD]
    expected_double = [record for record, reason in _bad(day, feed) if (feed, reason) in DOUBLE]
    assert (live + gone + held, gone, held, double) == (
        said["records"],
        said["deleted"],
        len(expected_held),
        len(expected_double),
    )


def test_every_row_that_a_source_holds_was_landed(life: Life) -> None:
    """Day one lands each row once; whoever counts the files and tables must come to the same numbers."""
    landed = dict(life.day_one.ledger("SELECT feed, sum(row_count + reject_count) FROM feed_batch GROUP BY feed"))
    assert landed == {feed: rows_at_source(life.day_one.home.sample, feed) for feed in FEEDS}


def test_no_row_of_a_batch_is_unaccounted_for(day: Stage) -> None:
    rows = day.warehouse(
        """SELECT rows_in, rows_new + rows_changed + rows_unchanged + rows_quarantined + rows_duplicate + rows_refused
           FROM staging.applied_batch"""
    )
    assert len(rows) >= len(FEEDS)
    assert [(rows_in, ended) for rows_in, ended in rows if rows_in != ended] == []
    in_ledger = _one(day.ledger("SELECT sum(rows_in) FROM stage_tally"))
    assert in_ledger == sum(rows_in for rows_in, _ in rows)
    assert in_ledger == _one(day.ledger("SELECT sum(row_count + reject_count) FROM feed_batch"))


@pytest.mark.parametrize("feed", sorted({feed for feed, _ in HELD}))
def test_what_is_held_is_what_the_company_did_wrong_and_says_why(day: Stage, feed: str) -> None:
    held = dict(
        day.warehouse("SELECT _key, reasons[1] FROM quarantine.held_row WHERE feed = ? AND status = 'held'", feed)
    )
    expected = {record: HELD[feed, reason] for record, reason in _bad(day, feed) if (feed, reason) in HELD}
    assert held.keys() == expected.keys()
    for record, begins in expected.items():
        assert held[record].startswith(begins), record


def test_held_rows_are_counted_for_readers_without_their_payload(day: Stage) -> None:
    expected = Counter(feed for feed in FEEDS for _, reason in _bad(day, feed) if (feed, reason) in HELD)
    shown = dict(day.published("SELECT feed, count(*) FROM ops.quarantine WHERE status = 'held' GROUP BY feed"))
    assert shown == dict(expected)
    columns = [name for (name,) in day.published("SELECT column_name FROM (DESCRIBE ops.quarantine)")]
    assert "payload" not in columns


def test_rows_that_came_late_behind_the_newest_ones_are_staged(life: Life) -> None:
    newest = _one(life.day_one.source("SELECT max(updated_at) FROM orders WHERE updated_at < '2100'"))
    known = {number for (number,) in life.day_one.source("SELECT id FROM orders")}
    late = {
        number
        for (number,) in life.day_two.source("SELECT id FROM orders WHERE created_at < ?", newest)
        if number not in known
    }
    assert len(late) == life.late_orders > 0
    staged = life.day_two.warehouse(
        "SELECT order_id FROM staging.orders WHERE _feed = 'shop.orders' AND list_contains(?, order_id::BIGINT)",
        sorted(late),
    )
    assert {int(number) for (number,) in staged} == late


def test_actions_that_the_mailer_learned_of_late_are_staged(life: Life) -> None:
    def actions(stage: Stage) -> dict[str, str]:
        return dict(_services(stage, "SELECT id, timestamp FROM activity"))

    before, after = actions(life.day_one), actions(life.day_two)
    late = {action for action in after.keys() - before.keys() if after[action] < max(before.values())}
    assert len(late) == life.late_actions > 0
    staged = {key for (key,) in life.day_two.warehouse("SELECT response_id FROM staging.campaign_responses")}
    assert late <= staged


def _services(stage: Stage, sql: str) -> list[tuple[Any, ...]]:
    return query_sqlite(stage.home.sample / "services.db", sql)


def test_corrected_amounts_and_addresses_replace_the_former_ones(life: Life) -> None:
    amounts = "SELECT id, discount_cents FROM orders WHERE deleted_at IS NULL AND created_at < '2100'"
    before, after = dict(life.day_one.source(amounts)), dict(life.day_two.source(amounts))
    corrected = {number: cents for number, cents in after.items() if number in before and before[number] != cents}
    assert len(corrected) >= 2
    staged = dict(life.day_two.warehouse("SELECT order_id::BIGINT, discount_amount FROM staging.orders"))
    assert {number: staged[number] for number in corrected} == {
        number: Decimal(cents) / 100 for number, cents in corrected.items()
    }

    people = "SELECT id, last_name || '/' || address1 FROM customers WHERE deleted_at IS NULL"
    was, now = dict(life.day_one.source(people)), dict(life.day_two.source(people))
    moved = {number: text for number, text in now.items() if number in was and was[number] != text}
    assert len(moved) >= 1
    known = dict(
        life.day_two.warehouse(
            """SELECT account_id::BIGINT, family_name || '/' || street
               FROM staging.accounts WHERE _feed = 'shop.accounts'"""
        )
    )
    assert {number: known[number] for number in moved} == moved


def test_an_order_repaired_at_its_source_gets_its_amounts(life: Life) -> None:
    repaired = [mistake["record_id"] for mistake in life.day_two.counts["shop.orders"]["corrected"]]
    assert repaired
    for number in repaired:
        amount = "SELECT total_amount FROM fct_order WHERE order_id = ?"
        [(cents,)] = life.day_two.source("SELECT total_cents FROM orders WHERE id = ?", int(number))
        assert life.day_one.published(amount, number) == [(None,)]
        assert life.day_two.published(amount, number) == [(Decimal(cents) / 100,)]


@pytest.mark.parametrize(
    ("entity", "key", "fact", "sql"),
    [
        ("orders", "order_id", "fct_order", "SELECT id FROM orders WHERE deleted_at IS NOT NULL"),
        ("tickets", "ticket_id", "fct_ticket", "SELECT id FROM tickets WHERE status = 'deleted'"),
    ],
)
def test_what_was_deleted_at_the_source_is_marked_and_gone_from_the_facts(
    life: Life, entity: str, key: str, fact: str, sql: str
) -> None:
    stage = life.day_two
    rows = stage.source(sql) if entity == "orders" else _services(stage, sql)
    gone = {str(number) for (number,) in rows}
    assert gone
    marked = {number for (number,) in stage.warehouse(f"SELECT {key} FROM staging.{entity} WHERE _is_deleted")}
    shown = {number for (number,) in stage.published(f"SELECT {key} FROM {fact}")}
    assert marked == gone
    assert shown & gone == set()
    before = {number for (number,) in life.day_one.published(f"SELECT {key} FROM {fact}")}
    assert before & gone, "what was deleted today was there yesterday"


def test_order_amounts_are_those_of_the_shop_to_the_cent(day: Stage) -> None:
    names = ("subtotal", "discount", "shipping", "tax", "refunded", "total")
    cents = ", ".join(f"{name}_cents" for name in names)
    held = {record for record, reason in _bad(day, "shop.orders") if ("shop.orders", reason) in HELD}
    expected = {
        str(number): (currency, *amounts)
        for number, currency, *amounts in day.source(
            f"SELECT id, currency, {cents} FROM orders WHERE deleted_at IS NULL"
        )
        if str(number) not in held
    }
    found = {
        number: (currency, *(None if amount is None else int(amount * 100) for amount in amounts))
        for number, currency, *amounts in day.published(
            """SELECT order_id, currency_code, gross_amount, discount_amount, shipping_amount, tax_amount,
                      refund_amount, total_amount FROM fct_order"""
        )
    }
    assert len(found) > 250
    assert found == expected


def test_a_second_sync_with_nothing_new_leaves_every_byte_and_id_alone(life: Life, repeat: Repeat) -> None:
    assert (repeat.said.code, repeat.said.err) == (0, "")
    assert repeat.digest_after == repeat.digest_before
    assert repeat.warehouse_after == contents(life.day_two.home.warehouse)
    report = repeat.said.document
    assert report["refreshed"] is None
    assert {feed["feed"]: feed["rows_landed"] for feed in report["feeds"]} == dict.fromkeys(FEEDS, 0)


def test_a_second_sync_with_nothing_new_imports_no_slow_library_and_ends_soon(repeat: Repeat) -> None:
    packages = {module.partition(".")[0] for module in repeat.modules}
    assert "duckdb" in packages, "the list is that of the whole run"
    assert packages & {"great_expectations", "dbt", "dagster"} == set()
    assert repeat.wall_seconds <= 8
    assert repeat.cpu_seconds <= 6


def test_customers_keep_their_ids_from_day_to_day(life: Life) -> None:
    def ids(stage: Stage) -> dict[str, str]:
        return dict(stage.published("SELECT source_record_key, customer_id FROM identity.customer_crosswalk"))

    before, after = ids(life.day_one), ids(life.day_two)
    redirects = dict(
        life.day_two.published("SELECT old_customer_id, current_customer_id FROM identity.customer_id_redirect")
    )
    moved = {
        key for key, customer in before.items() if key in after and after[key] != redirects.get(customer, customer)
    }
    assert len(before) > 300
    assert moved == set()


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
    own = {row["record_id"] for row in _truth_of(stage, "mortgage-customer") if row["source_system"] == "frontdesk"}
    assert own == {"N1002", "N1003"}, "the two notes that name no account"
    customers = {
        customer
        for (customer,) in stage.published(
            """SELECT customer_id FROM identity.customer_crosswalk WHERE source_record_key IN
               ('shop/accounts/11', 'frontdesk/interactions/N1002', 'frontdesk/interactions/N1003')"""
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


def test_the_brief_tells_the_mortgage_customers_story(co: Company, recovered: Stage) -> None:
    brief = co.c360("customer", "warren.tolliver@letters.example", "--json", now=DAY_TWO).document
    notes = [row for row in brief["timeline"] if row["source_system"] == "frontdesk"]
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


def _days_before(days: int) -> str:
    return (START - timedelta(days=days)).isoformat()


def test_the_reference_customer_is_shown_with_an_urgent_ticket_open_for_203_days(co: Company, recovered: Stage) -> None:
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
    unknown = {record for record, reason in _bad(mended, "carrier.shipments") if reason == "unknown status code"}
    unreadable = {record for record, reason in _bad(mended, "carrier.shipments") if reason == "date unreadable"}
    assert mended.said.code == 0
    assert f"{len(unknown)} rows were released, {len(unreadable)} are still held." in mended.said.out
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
    assert synced["refreshed"]["customers"] == _one(life.day_two.published("SELECT count(*) FROM dim_customer"))
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
