"""What the marts say about one hand-made company; every expected figure is worked out by hand."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.warehouse import marts_factory as make
from warehouse import models
from warehouse.connection import WarehouseBusy, marts_path, open_reader, open_warehouse, warehouse_path
from warehouse.declared import mart_tables


def rows(home: Path, sql: str) -> list[tuple[Any, ...]]:
    with open_reader(marts_path(home)) as marts:
        return marts.execute(sql).fetchall()


def customer_360(home: Path, customer_id: str) -> dict[str, Any]:
    with open_reader(marts_path(home)) as marts:
        found = marts.execute("SELECT * FROM customer_360 WHERE customer_id = ?", [customer_id])
        names = [column[0] for column in found.description]
        return dict(zip(names, found.fetchone(), strict=True))


def test_a_cancelled_order_is_counted_apart_and_is_no_revenue(built_home: Path) -> None:
    ann = customer_360(built_home, "C1")
    assert (ann["order_count"], ann["cancelled_order_count"]) == (3, 1)
    assert ann["first_order_at"] == make.utc("2026-10-01")
    assert ann["last_order_at"] == make.utc("2026-11-08")  # the cancelled one of the 9th is not the last


def test_amounts_of_different_currencies_are_never_added(built_home: Path) -> None:
    ann = customer_360(built_home, "C1")
    # Two orders in EUR against one in USD, though the USD one is worth more: 100-10 + 20-5.
    assert (ann["currency_code"], ann["net_amount"]) == ("EUR", Decimal("105.00"))
    assert (ann["has_mixed_currencies"], ann["other_currency_order_count"]) == (True, 1)
    assert customer_360(built_home, "C2")["has_mixed_currencies"] is False


def test_an_order_deleted_at_the_source_is_in_no_fact(built_home: Path) -> None:
    assert rows(built_home, "SELECT count(*) FROM fct_order WHERE order_id = '103'") == [(0,)]


def test_an_order_carries_its_lines_payment_and_delivery(built_home: Path) -> None:
    order = "SELECT line_count, lines_net_amount, paid_at, first_shipped_at, last_delivered_at FROM fct_order "
    assert rows(built_home, order + "WHERE order_key = 'shop/100'") == [
        (2, Decimal("90.00"), make.utc("2026-11-03"), make.utc("2026-11-03"), make.utc("2026-11-06"))
    ]
    assert rows(built_home, order + "WHERE order_key = 'shop/102'") == [(0, None, None, None, None)]


def test_a_guest_order_belongs_to_the_customer_of_its_own_record_and_its_parcel_follows(built_home: Path) -> None:
    assert rows(built_home, "SELECT customer_id FROM fct_order WHERE order_id = '200'") == [("C2",)]
    assert rows(built_home, "SELECT customer_id FROM fct_shipment WHERE shipment_id = 'k3'") == [("C2",)]


def test_a_payment_without_account_follows_its_order(built_home: Path) -> None:
    assert rows(built_home, "SELECT customer_id FROM fct_payment WHERE payment_id = 'p3'") == [("C1",)]


def test_a_separator_inside_an_id_does_not_break_the_join(built_home: Path) -> None:
    assert rows(built_home, "SELECT customer_id FROM fct_order WHERE order_id = '30|0'") == [("C3",)]
    line = "SELECT customer_id, is_order_present FROM fct_order_line WHERE order_id = '30|0'"
    assert rows(built_home, line) == [("C3", True)]


def test_rows_of_nobody_known_stay_without_customer(built_home: Path) -> None:
    assert rows(built_home, "SELECT customer_id FROM fct_payment WHERE payment_id = 'p9'") == [(None,)]
    stray = "SELECT customer_id, is_order_present, currency_code FROM fct_order_line WHERE order_id = '999'"
    assert rows(built_home, stray) == [(None, False, None)]


def test_a_late_parcel_is_counted_and_one_not_yet_due_is_not(built_home: Path) -> None:
    ann = customer_360(built_home, "C1")
    assert (ann["shipment_count"], ann["late_shipment_count"]) == (2, 1)
    assert (ann["undelivered_shipment_count"], ann["overdue_shipment_count"]) == (1, 0)
    assert rows(built_home, "SELECT late_hours FROM fct_shipment WHERE shipment_id = 'k1'") == [(24.0,)]


def test_an_open_ticket_shows_since_when(built_home: Path) -> None:
    ann = customer_360(built_home, "C1")
    assert (ann["ticket_count"], ann["open_ticket_count"], ann["urgent_open_ticket_count"]) == (2, 1, 1)
    assert ann["oldest_open_ticket_at"] == make.utc("2026-05-04")
    assert ann["last_csat_score"] == "good"
    assert rows(built_home, "SELECT first_reply_hours FROM fct_ticket WHERE ticket_id = 't2'") == [(3.0,)]


def test_machine_openings_and_clicks_are_not_responses(built_home: Path) -> None:
    ann = customer_360(built_home, "C1")
    assert (ann["campaign_sent_count"], ann["campaign_open_count"], ann["campaign_click_count"]) == (1, 0, 1)
    assert ann["last_campaign_click_at"] == make.utc("2026-03-02")
    assert rows(built_home, "SELECT count(*) FROM fct_campaign_touch") == [(4,)]


def test_a_returned_payment_stays_visible_after_later_events(built_home: Path) -> None:
    ann = customer_360(built_home, "C1")
    assert (ann["payment_count"], ann["returned_payment_count"]) == (3, 1)
    assert (ann["last_payment_status"], ann["last_returned_payment_at"]) == ("returned", make.utc("2026-11-04"))


def test_one_refusal_outweighs_every_consent(built_home: Path) -> None:
    assert customer_360(built_home, "C1")["has_marketing_consent"] is False
    assert customer_360(built_home, "C4")["has_marketing_consent"] is None


def test_facts_of_two_profiles_are_never_mixed(built_home: Path) -> None:
    ann = customer_360(built_home, "C1")
    assert (ann["household_size"], ann["income_band"]) == (4, None)


def test_a_customer_without_any_event_has_zeros_of_what_was_read_and_nothing_of_the_rest(built_home: Path) -> None:
    nora = customer_360(built_home, "C4")
    counts = {name: value for name, value in nora.items() if name.endswith("_count")}
    assert (counts.pop("record_count"), counts.pop("source_count")) == (1, 1)
    unknown = {name for name, value in counts.items() if value is None}
    assert {counts[name] for name in counts.keys() - unknown} == {0}
    # Of contacts one of two feeds never delivered; nobody is known to live with her, which is no household of none.
    assert unknown == {
        "payment_count", "returned_payment_count", "contact_count", "inbound_contact_count", "campaign_sent_count",
        "campaign_open_count", "campaign_click_count", "registration_count", "household_member_count",
    }  # fmt: skip
    assert (nora["has_unsubscribed"], nora["has_mixed_currencies"], nora["net_amount"]) == (None, False, None)


def test_the_timeline_tells_the_story_in_order(built_home: Path) -> None:
    story = """
        SELECT interaction_type, channel, source_system, subject_id FROM interaction
        WHERE customer_id = 'C1' AND occurred_at >= TIMESTAMP '2026-11-01' AND occurred_at < TIMESTAMP '2026-11-07'
        ORDER BY occurred_at, interaction_id
    """
    assert rows(built_home, story) == [
        ("order_placed", "web", "shop", "100"),
        ("call", "phone", "frontdesk", "check-1042"),
        ("payment_presented", "other", "shop", "check-1042"),
        ("parcel_shipped", "other", "carrier", "k1"),
        ("payment_cleared", "other", "shop", "check-1043"),
        ("payment_returned", "other", "shop", "check-1042"),
        ("parcel_delivered", "other", "carrier", "k1"),
    ]


def test_the_timeline_says_what_could_be_known_when(built_home: Path) -> None:
    call = "SELECT occurred_at, recorded_at FROM interaction WHERE interaction_type = 'call'"
    assert rows(built_home, call) == [(make.utc("2026-11-01 10:00"), make.utc("2026-11-02 09:00"))]


def test_a_comment_without_account_belongs_to_the_customer_of_its_ticket(built_home: Path) -> None:
    comments = "SELECT customer_id FROM interaction WHERE interaction_type = 'comment'"
    assert rows(built_home, comments) == [("C1",), ("C1",)]


def test_internal_notes_are_no_contact(built_home: Path) -> None:
    ann = customer_360(built_home, "C1")
    assert (ann["contact_count"], ann["inbound_contact_count"]) == (2, 2)
    assert (ann["last_contact_at"], ann["last_contact_channel"]) == (make.utc("2026-11-01 10:00"), "phone")
    assert ann["last_interaction_type"] == "parcel_shipped"


def test_every_source_kind_reaches_the_timeline(built_home: Path) -> None:
    kinds = {kind for (kind,) in rows(built_home, "SELECT DISTINCT source_kind FROM interaction")}
    assert kinds == {
        "interactions", "orders", "tickets", "shipments", "payments", "campaign_responses", "web_registrations",
    }  # fmt: skip


def test_a_row_says_how_old_each_part_of_it_is(built_home: Path) -> None:
    ann = customer_360(built_home, "C1")
    assert (ann["orders_status"], ann["orders_as_of"]) == ("FRESH", make.utc("2026-11-20 10:00"))
    assert (ann["interactions_status"], ann["interactions_as_of"]) == ("NEVER", make.utc("2026-11-20 08:00"))
    assert (ann["demographics_status"], ann["demographics_as_of"]) == ("NEVER", None)
    assert (ann["oldest_as_of"], ann["weakest_source"]) == (make.utc("2026-11-19"), "frontdesk.notes")
    assert (ann["snapshot_id"], ann["published_at"]) == ("s1", make.utc("2026-11-20 12:00"))


def test_held_rows_of_known_records_are_shown_with_the_customer(built_home: Path) -> None:
    assert customer_360(built_home, "C1")["held_row_count"] == 1  # q1; q2 is superseded, q3 was never seen before
    assert rows(built_home, "SELECT held_id, customer_id FROM ops.quarantine ORDER BY 1") == [
        ("q1", "C1"), ("q2", "C1"), ("q3", None),
    ]  # fmt: skip


def test_quarantine_is_published_without_the_contents_of_the_rows(built_home: Path) -> None:
    with open_reader(marts_path(built_home)) as marts:
        names = [column[0] for column in marts.execute("SELECT * FROM ops.quarantine").description]
    assert "payload" not in names


def test_every_table_and_column_carries_its_comment(built_home: Path) -> None:
    commented = rows(
        built_home, "SELECT schema_name, table_name, column_name, comment FROM duckdb_columns() WHERE NOT internal"
    )
    said = {(schema, table, column): comment for schema, table, column, comment in commented}
    declared = {(t.schema, t.name, c.name): c.description for t in mart_tables() for c in t.columns}
    assert said == declared
    tables = "SELECT schema_name, table_name, comment FROM duckdb_tables() WHERE NOT internal"
    views = "SELECT schema_name, view_name, comment FROM duckdb_views() WHERE NOT internal"
    assert {(schema, name): comment for schema, name, comment in rows(built_home, f"{tables} UNION ALL {views}")} == {
        (t.schema, t.name): t.description for t in mart_tables()
    }


def test_building_twice_gives_the_same_rows(home: Path) -> None:
    everything = "SELECT * FROM customer_360 ORDER BY customer_id"
    before = rows(home, everything), rows(home, "SELECT * FROM interaction ORDER BY interaction_id")
    models.build(home)
    assert (rows(home, everything), rows(home, "SELECT * FROM interaction ORDER BY interaction_id")) == before


def test_a_broken_rule_is_named_and_both_files_are_free_afterwards(home: Path) -> None:
    with open_warehouse(home) as connection:
        connection.execute("UPDATE staging.orders SET status = 'teleported' WHERE order_id = '100'")
    with pytest.raises(models.MartTrouble, match=r"accepted_values_fct_order_status.*[Cc]orrect the data"):
        models.build(home)
    with open_warehouse(home, wait_seconds=0) as connection:
        connection.execute("UPDATE staging.orders SET status = 'paid' WHERE order_id = '100'")
    with duckdb.connect(str(marts_path(home))) as marts:
        marts.execute("CREATE TABLE writable AS SELECT 1")


def test_a_customer_nobody_resolved_stops_the_build(home: Path) -> None:
    with open_warehouse(home) as connection:
        connection.execute("UPDATE identity.customer_crosswalk SET customer_id = 'C99' WHERE customer_id = 'C2'")
    with pytest.raises(models.MartTrouble, match="relationships_fct_order_customer_id"):
        models.build(home)


def test_an_order_that_stands_twice_stops_the_build(home: Path) -> None:
    with open_warehouse(home) as connection:
        connection.execute("INSERT INTO staging.orders FROM staging.orders WHERE order_id = '100'")
    with pytest.raises(models.MartTrouble, match="unique_fct_order_order_key: 1 rows fail it"):
        models.build(home)


def test_a_missing_staging_table_is_named(home: Path) -> None:
    with open_warehouse(home) as connection:
        connection.execute("DROP TABLE staging.tickets")
    with pytest.raises(models.MartTrouble, match=r"fct_ticket.*tickets"):
        models.build(home)


def test_a_warehouse_still_open_in_this_process_is_said_so(home: Path) -> None:
    with open_warehouse(home), pytest.raises(WarehouseBusy, match=r"warehouse\.duckdb.*this process holds it open"):
        models.build(home, wait_seconds=0.1)


def test_marts_written_into_a_file_that_is_gone_are_noticed(home: Path) -> None:
    with duckdb.connect(str(marts_path(home))), pytest.raises(models.MartTrouble, match="former file open"):
        models.build(home)


def test_a_home_given_as_a_relative_path_is_the_callers_and_not_dbts(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home.parent)
    marts_path(home).unlink()
    models.build(Path(home.name))
    assert rows(home, "SELECT count(*) FROM customer_360") == [(4,)]
    assert Path.cwd() == home.parent


def test_without_a_warehouse_the_next_step_is_named(tmp_path: Path) -> None:
    with pytest.raises(models.MartTrouble, match="Ingest a feed first"):
        models.build(tmp_path)


def test_empty_tables_build_and_promise_nothing(home: Path) -> None:
    warehouse_path(home).unlink()
    with open_warehouse(home) as connection:
        make.create_schemas(connection)
        make.snapshot(connection, "s0", make.utc("2026-11-20"))
    models.build(home)
    assert rows(home, "SELECT count(*) FROM customer_360") == [(0,)]
    assert rows(home, "SELECT DISTINCT status_now FROM ops.source_status") == [("NEVER",)]


def test_the_crosswalk_of_a_day_is_asked_by_name(built_home: Path) -> None:
    asked = "SELECT customer_id FROM crosswalk_as_of({}) WHERE source_record_key = 'shop/accounts/4'"
    assert rows(built_home, asked.format("'2026-08-31'")) == []
    assert rows(built_home, asked.format("DATE '2026-09-01'")) == [("C7",)]
    assert rows(built_home, asked.format("TIMESTAMP '2026-10-01 05:59'")) == [("C7",)]
    # A period ends where the next one begins: 6 o'clock UTC is 8 o'clock in Paris.
    assert rows(built_home, asked.format("TIMESTAMPTZ '2026-10-01 08:00+02'")) == [("C4",)]
    assert rows(built_home, asked.format("now()")) == [("C4",)]


def test_any_id_ever_given_leads_to_the_customer_of_today(built_home: Path) -> None:
    asked = "SELECT list(current_customer_id(id) ORDER BY id) FROM unnest(['C1', 'C7', 'C8', 'C9', 'Cx']) AS ids(id)"
    assert rows(built_home, asked) == [(["C1", "C4", None, None, None],)]
