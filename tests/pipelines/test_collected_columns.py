"""What the warehouse is told of the columns that feeds collect."""

from __future__ import annotations

import duckdb

from connectors.catalog import load_catalog
from pipelines.collected_columns import write_collected_columns


def test_a_column_is_written_down_with_its_origin_purpose_and_readers() -> None:
    connection = duckdb.connect()
    contracts = load_catalog()
    write_collected_columns(connection, contracts.values())
    write_collected_columns(connection, contracts.values())

    def told(feed: str, column: str, what: str) -> object:
        ((value,),) = connection.execute(
            f"SELECT {what} FROM ops.collected_column WHERE feed = ? AND column_name = ?", [feed, column]
        ).fetchall()
        return value

    assert told("frontdesk.notes", "employee_id", "source_column") == "clerk"
    assert told("shop.orders", "gross_amount", "source_column") == "subtotal_cents"
    assert told("shop.orders", "status", "source_column") is None  # computed from three columns
    assert told("website.registrations", "account_source", "source_column") is None  # a constant
    assert told("shop.accounts", "date_of_birth", "pii") == "birth"
    assert told("shop.accounts", "account_id", "readers[:2]") == ["staging", "identity"]
    assert "identity" in told("shop.accounts", "is_email_verified", "readers")
    assert told("mailer.activity", "updated_at", "readers[1]") == "staging"  # filled by the cursor
    assert told("shop.payments", "invoice_id", "purpose") == "what was paid"
    written = connection.execute("SELECT column_name FROM ops.collected_column WHERE feed = 'shop.payments'").fetchall()
    assert sorted(name for (name,) in written) == sorted(contracts["shop.payments"].columns)  # once each
