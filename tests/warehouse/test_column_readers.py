"""Which models read a column, on models made by hand and on those that ship."""

from __future__ import annotations

from pathlib import Path

from tests.warehouse import marts_factory as make
from warehouse.column_readers import column_readers

MACRO = "{% macro identified(entity) -%} select staged.* where staged.account_id = 1 {%- endmacro %}"
MODELS = {
    "by_alias": "select o.amount as status from {{ source('staging', 'orders') }} as o join h on h.note = 'topic'",
    "by_name": "with h as (select note from held) select amount, status as s from ({{ identified('orders') }}) as o",
    "by_cte": "with o as (\n {{ identified('orders') }}\n) select o.topic, other.note from o join other using (amount)",
    "by_star": "with p as (select o.*, 1 as note from {{ source('staging', 'orders') }} as o) select topic from p",
    "of_another": "select t.status, t.amount from {{ source('staging', 'tickets') }} as t -- orders.note",
}


def _project(folder: Path) -> Path:
    (folder / "macros").mkdir()
    (folder / "macros" / "identified.sql").write_text(MACRO)
    (folder / "models" / "core").mkdir(parents=True)
    for name, sql in MODELS.items():
        (folder / "models" / "core" / f"{name}.sql").write_text(sql)
    return folder


def test_a_column_is_read_where_the_entity_is_and_its_name_is_meant(tmp_path: Path) -> None:
    columns = ("account_id", "amount", "status", "topic", "note")
    found = column_readers({"orders": columns}, _project(tmp_path))
    assert found == {
        ("orders", "account_id"): ("by_cte", "by_name"),
        ("orders", "amount"): ("by_alias", "by_name"),
        ("orders", "status"): ("by_name",),
        ("orders", "topic"): ("by_cte", "by_star"),
        ("orders", "note"): (),
    }


def test_the_models_that_ship_read_what_they_publish() -> None:
    columns = {name: entity["columns"] for name, entity in make.entity_files().items()}
    readers = column_readers(columns)
    assert "fct_payment" in readers["payments", "instrument_ref"]
    assert "fct_shipment" in readers["shipments", "promised_delivery_at"]  # through parcels.*
    assert "customer_360" in readers["demographics", "income_band"]
    assert "interaction" in readers["interactions", "summary"]
    assert readers["order_lines", "sku"] == ("fct_order_line",)
