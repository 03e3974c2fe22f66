"""A company's warehouse.duckdb of any size, written straight in SQL: what its feeds would have staged, and who is who.

Every value is drawn from a hash of its row's number and the seed, so that a table is the same however many threads
write it. A few customers do much and most do little, as in shops.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from texts import summaries
from who_is_who import tell_who_is_who

from pipelines.column_rules import all_types
from pipelines.identity.tables import ensure_schema as ensure_identity
from warehouse import history, staging
from warehouse.connection import ensure_ops_schema, open_warehouse

if TYPE_CHECKING:
    import duckdb

SNAPSHOT_AT = datetime(2026, 6, 30, 6, 0)  # noqa: DTZ001  DuckDB's TIMESTAMP is in UTC and says so nowhere
# Of all events: what share is of each entity. The sum is 1.
SHARES = {
    "orders": 0.15, "order_lines": 0.25, "payments": 0.16, "shipments": 0.12, "tickets": 0.02,
    "interactions": 0.10, "campaign_responses": 0.18, "web_registrations": 0.02,
}  # fmt: skip
_SYSTEMS = {
    "accounts": "shop", "orders": "shop", "order_lines": "shop", "payments": "shop", "employees": "shop",
    "shipments": "carrier", "tickets": "helpdesk", "interactions": "frontdesk", "campaign_responses": "mailer",
    "web_registrations": "website", "demographics": "bureau",
}  # fmt: skip

_MACROS = """
CREATE TEMP MACRO chance(row_no, salt) AS (hash(row_no, salt, {seed}) % 1000000) / 1000000.0;
CREATE TEMP MACRO pick(choices, row_no, salt) AS
    choices[1 + CAST(floor(len(choices) * chance(row_no, salt)) AS INTEGER)];
CREATE TEMP MACRO customer_of(row_no, salt) AS 1 + CAST(floor({customers} * chance(row_no, salt) ** 1.6) AS BIGINT);
CREATE TEMP MACRO moment(row_no, salt) AS
    TIMESTAMP '{until}' - to_seconds(CAST(3600 + 94608000 * chance(row_no, salt) AS BIGINT));
CREATE TEMP MACRO mailbox(customer) AS 'person' || customer || '@mailbox.example';
CREATE TEMP MACRO customer_id(customer) AS 'C' || lpad(CAST(customer AS VARCHAR), 13, '0');
"""

# Entity → key column and the rows it has, made of i = 1 … n.
_ROWS = {
    "accounts": (
        "account_id",
        """SELECT CAST(i AS VARCHAR) AS account_id, if(i % 20 = 0, 'organisation', 'person') AS party_type,
             'Given' || i % 997 || ' Family' || i % 4999 AS full_name, mailbox(i) AS email,
             '+4930' || 1000000 + i AS phone,
             i // 2 || ' Long Street' AS street, 'Town ' || i % 500 AS city,
             lpad(i % 99999 || '', 5, '0') AS postal_code,
             'DE' AS country, pick(['de', 'en'], i, 'language') AS language,
             pick([true, false, NULL, NULL], i, 'consent') AS has_marketing_consent,
             moment(i, 'account') AS created_at""",
    ),
    "employees": (
        "employee_id",
        """SELECT 'E' || i AS employee_id, 'Worker ' || i AS full_name, 'worker' || i || '@shop.example' AS email,
             pick(['service', 'sales', 'operations'], i, 'team') AS team,
             pick(['service', 'sales', 'operations', 'marketing'], i, 'function') AS function""",
    ),
    "orders": (
        "order_id",
        """SELECT CAST(i AS VARCHAR) AS order_id, CAST(customer_of(i, 'order') AS VARCHAR) AS account_id,
             moment(i, 'order') AS ordered_at,
             pick(['paid', 'paid', 'paid', 'paid', 'shipped', 'refunded', 'cancelled'], i, 'status') AS status,
             pick(['web', 'web', 'store', 'phone', 'partner'], i, 'channel') AS sales_channel,
             if(CAST(account_id AS BIGINT) % 10 = 0, 'USD', 'EUR') AS currency,
             CAST(10 + 200 * chance(i, 'amount') AS DECIMAL(18, 2)) AS gross_amount,
             if(i % 7 = 0, 5, 0) AS discount_amount, 4.9 AS shipping_amount, 0 AS tax_amount,
             if(status = 'refunded', gross_amount, 0) AS refund_amount,
             gross_amount - discount_amount + shipping_amount AS total_amount,
             'E' || 1 + i % 200 AS sales_employee_id""",
    ),
    "order_lines": (
        "line_key",
        """SELECT CAST(1 + i % {orders} AS VARCHAR) AS order_id, CAST(1 + i // {orders} AS VARCHAR) AS line_number,
             'SKU-' || 1 + hash(i) % 2000 AS sku, 'Product ' || sku AS product_name,
             'Category ' || (1 + hash(i) % 2000) % 12 AS product_category, 1 + i % 3 AS quantity,
             CAST(5 + 60 * chance(i, 'price') AS DECIMAL(18, 2)) AS unit_price, unit_price * 0.6 AS unit_cost,
             0 AS discount_amount, quantity * unit_price AS net_amount""",
    ),
    "payments": (
        "payment_id",
        """SELECT 'P' || i AS payment_id, CAST(1 + i % {orders} AS VARCHAR) AS order_id,
             CAST(customer_of(1 + i % {orders}, 'order') AS VARCHAR) AS account_id,
             pick(['card', 'card', 'transfer', 'check'], i, 'method') AS method,
             if(method = 'check', CAST(100000 + i AS VARCHAR), NULL) AS instrument_ref,
             CAST(10 + 200 * chance(i, 'amount') AS DECIMAL(18, 2)) AS amount, 'EUR' AS currency,
             pick(['cleared', 'cleared', 'cleared', 'cleared', 'refunded', 'returned'], i, 'status') AS status,
             moment(1 + i % {orders}, 'order') + INTERVAL 1 DAY AS occurred_at""",
    ),
    "shipments": (
        "shipment_id",
        """SELECT 'S' || i AS shipment_id, CAST(1 + i % {orders} AS VARCHAR) AS order_id, 'shop' AS order_source,
             CAST(customer_of(1 + i % {orders}, 'order') AS VARCHAR) AS account_id, 'shop' AS account_source,
             pick(['Parcel One', 'Swift Post'], i, 'carrier') AS carrier, 'T' || i AS tracking_number,
             moment(1 + i % {orders}, 'order') + INTERVAL 1 DAY AS shipped_at,
             shipped_at + INTERVAL 3 DAY AS promised_delivery_at,
             shipped_at + to_hours(CAST(30 + 60 * chance(i, 'delivery') AS BIGINT)) AS delivered_at,
             'delivered' AS status, 4.2 AS freight_amount""",
    ),
    "tickets": (
        "ticket_id",
        """SELECT CAST(i AS VARCHAR) AS ticket_id, CAST(customer_of(i, 'ticket') AS VARCHAR) AS account_id,
             'shop' AS account_source, moment(i, 'ticket') AS opened_at, opened_at + INTERVAL 5 HOUR AS first_reply_at,
             if(i % 10 = 0, NULL, opened_at + INTERVAL 40 HOUR) AS solved_at,
             if(i % 10 = 0, 'open', 'solved') AS status,
             pick(['low', 'normal', 'high', 'urgent'], i, 'priority') AS priority,
             pick(['delivery', 'refund', 'price', 'praise', 'damage'], i, 'topic') AS topic,
             pick(['email', 'phone', 'web'], i, 'channel') AS channel, 'E' || 1 + i % 200 AS assignee_id,
             'About ' || topic AS subject, pick(['good', 'bad', 'offered', NULL], i, 'score') AS csat_score""",
    ),
    "interactions": (
        "interaction_id",
        """SELECT 'N' || i AS interaction_id, CAST(customer_of(i, 'contact') AS VARCHAR) AS account_id,
             'shop' AS account_source, if(i % 9 = 0, CAST(1 + i % {tickets} AS VARCHAR), NULL) AS ticket_id,
             if(i % 4 = 0, CAST(1 + hash(i) % {orders} AS VARCHAR), NULL) AS order_id, 'shop' AS order_source,
             pick(['phone', 'phone', 'email', 'in_person', 'chat', 'post'], i, 'channel') AS channel,
             pick(['inbound', 'inbound', 'outbound', 'internal'], i, 'direction') AS direction,
             'contact' AS interaction_type,
             pick(['price', 'delivery', 'family', 'invoice', 'opening hours', NULL], i, 'topic') AS topic,
             'E' || 1 + i % 200 AS employee_id, {summary} AS summary, moment(i, 'contact') AS occurred_at,
             occurred_at + INTERVAL 10 MINUTE AS recorded_at""",
    ),
    "campaign_responses": (
        "response_id",
        """SELECT 'R' || i AS response_id, 'K' || 1 + i % 60 AS campaign_id, 'Campaign ' || 1 + i % 60 AS campaign_name,
             customer_of(i, 'campaign') AS customer, if(i % 2 = 0, CAST(customer AS VARCHAR), NULL) AS account_id,
             'shop' AS account_source, mailbox(customer) AS email, 'email' AS channel,
             moment(i, 'campaign') AS occurred_at,
             pick(['sent', 'sent', 'sent', 'sent', 'open', 'open', 'click', 'bounce', 'unsubscribe'], i, 'action')
               AS action,
             pick(['Mail App', 'Web Mail', 'Desk Mail'], customer, 'client') AS client, i % 11 = 0 AS is_machine""",
    ),
    "web_registrations": (
        "registration_id",
        """SELECT 'F' || i AS registration_id, pick(['newsletter', 'contest', 'account'], i, 'form') AS form_name,
             customer_of(i, 'form') AS customer, mailbox(customer) AS email, 'completed' AS outcome,
             if(i % 25 = 0, mailbox(1 + hash(i) % {customers}), NULL) AS referred_by,
             pick([true, false, NULL], i, 'consent') AS has_marketing_consent, moment(i, 'form') AS registered_at,
             pick(['Browser A', 'Browser B'], customer, 'client') AS client""",
    ),
    "demographics": (
        "profile_id",
        """SELECT 'B' || i AS profile_id, CAST(3 * i AS VARCHAR) AS account_id, 'shop' AS account_source,
             1 + i % 5 AS household_size, pick(['0-20k', '20k-40k', '40k-60k'], i, 'income') AS income_band,
             pick(['school', 'bachelor', 'master'], i, 'education') AS education,
             moment(i, 'profile') AS observed_at""",
    ),
}


def write_business(home: Path, *, customers: int, events: int, seed: int = 2026) -> None:
    """Write ``home/warehouse.duckdb`` of so many customers; ``events`` are the rows of all the entities in SHARES.

    Raises duckdb.Error when the file holds such rows already.
    """
    counts = {entity: max(1, round(events * share)) for entity, share in SHARES.items()}
    counts |= {"accounts": customers, "employees": 200, "demographics": customers // 3}
    with open_warehouse(home) as connection:
        staging.ensure_schema(connection, all_types())
        ensure_identity(connection)
        ensure_ops_schema(connection)
        history.ensure_schema(connection)
        connection.execute(_MACROS.format(seed=seed, customers=customers, until=SNAPSHOT_AT))
        for entity, count in counts.items():
            _stage(connection, entity, range(1, count + 1), customers, counts)
        tell_who_is_who(connection, SNAPSHOT_AT)
        _mark(connection)


def add_events(home: Path, *, events: int, seed: int = 2026) -> None:
    """Stage so many more events of the customers there are, and begin the snapshot of an hour later.

    Who is who stays: what that costs is measured by benchmarks/identity.
    """
    with open_warehouse(home) as connection:
        counts = {
            entity: int(connection.execute(f"SELECT count(*) FROM staging.{entity}").fetchall()[0][0])
            for entity in (*SHARES, "accounts")
        }
        customers = counts["accounts"]
        connection.execute(_MACROS.format(seed=seed, customers=customers, until=SNAPSHOT_AT))
        for entity, share in SHARES.items():
            first = counts[entity] + 1
            _stage(connection, entity, range(first, first + round(events * share)), customers, counts)
        connection.execute(
            """UPDATE ops.snapshot SET snapshot_at = snapshot_at + INTERVAL 1 HOUR,
                 snapshot_id = strftime(snapshot_at + INTERVAL 1 HOUR, '%Y%m%dT%H%M%SZ')"""
        )


def _stage(
    connection: duckdb.DuckDBPyConnection, entity: str, numbers: range, customers: int, counts: dict[str, int]
) -> None:
    key, rows = _ROWS[entity]
    made = rows.format(customers=customers, summary=summaries("i"), **counts)
    key = "order_id || '|' || line_number" if key == "line_key" else key
    left_out = "EXCLUDE (customer)" if " AS customer," in made else ""
    connection.execute(
        f"""INSERT INTO staging.{entity} BY NAME
            SELECT * {left_out}, $feed AS _feed, $system AS _source_system, {key} AS _key, hash({key}) AS _row_hash,
              $feed || '-00000001' AS _batch_id, 1 AS _batch_seq, $now AS _changed_at, $now AS _landed_at,
              $now AS _staged_at, false AS _is_deleted
            FROM ({made} FROM range({numbers.start}, {numbers.stop}) AS made (i))""",
        {"feed": f"{_SYSTEMS[entity]}.{entity}", "system": _SYSTEMS[entity], "now": SNAPSHOT_AT},
    )


def _mark(connection: duckdb.DuckDBPyConnection) -> None:
    for entity, system in _SYSTEMS.items():
        connection.execute(
            """INSERT INTO ops.feed_mark BY NAME
               SELECT $feed AS feed, $system AS source_system, $entity AS entity, 'team:benchmarks' AS owner,
                 'FRESH' AS status, $now AS as_of, $now AS verified_at, $now AS last_loaded_at,
                 86400 AS promise_seconds,
                 0 AS held_rows, true AS is_complete""",
            {"feed": f"{system}.{entity}", "system": system, "entity": entity, "now": SNAPSHOT_AT},
        )
    connection.execute(
        """INSERT INTO ops.collected_column
           SELECT mark.feed, mark.source_system, mark.entity, column_name, column_name, 'benchmark', 'none', []
           FROM duckdb_columns() JOIN ops.feed_mark AS mark ON mark.entity = table_name
           WHERE schema_name = 'staging' AND NOT starts_with(column_name, '_')"""
    )
    connection.execute("INSERT INTO ops.snapshot VALUES ('20260630T060000Z', ?, '{}')", [SNAPSHOT_AT])
