"""The dictionary page says what the declarations say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.warehouse import marts_factory as make
from warehouse import dictionary
from warehouse.declared import DeclarationTrouble, MartColumn, MartTable, mart_tables

ENTITY = {
    "entity": "payments",
    "grain": "One row per payment event.",
    "description": "Payment events.",
    "key": ["payment_id"],
    "columns": {
        "payment_id": {"type": "VARCHAR", "pii": "pseudonym", "purpose": "tells them apart", "description": "Its id."},
        "status": {"type": "VARCHAR", "pii": "none", "purpose": "state", "values": ["cleared", "returned"],
                   "description": "Cleared | returned."},
    },
}  # fmt: skip


def test_a_page_has_every_column_with_unit_and_class_of_personal_data() -> None:
    columns = (
        MartColumn("customer_id", "VARCHAR", "Our id.", "pseudonym", None, is_key=True),
        MartColumn("net_amount", "DECIMAL(18,2)", "Net.", "none", "currency", is_key=False),
    )
    page = dictionary.render([ENTITY], [MartTable("main", "fct", "One row per thing.", columns)])
    for line in (
        "### main.fct",
        "One row per thing.",
        "| **customer_id** | VARCHAR |  | pseudonym | Our id. |",
        "| net_amount | DECIMAL(18,2) | currency | none | Net. |",
        "### staging.payments",
        "| status | VARCHAR |  | none | state | Cleared \\| returned. One of: cleared, returned. |",
    ):
        assert line in page.splitlines()


def test_every_published_table_states_its_grain_first() -> None:
    assert [table.qualified for table in mart_tables() if not table.description.startswith("One row")] == []


def test_every_published_table_has_one_key_column_but_the_views_and_provenance() -> None:
    keyless = [table.qualified for table in mart_tables() if sum(column.is_key for column in table.columns) != 1]
    # Contact points, provenance, history and sales are keyed by several columns; tests of the models look after them.
    assert keyless == [
        "main.contact_point", "main.customer_sales", "main.purchase_history", "main.potential_outlook",
        "main.customer_value_history", "main.customer_health_history", "main.reference_guard",
        "main.relationship_type_history", "main.customer_360_now", "main.brief_line", "main.dim_customer_history",
        "main.outcome_history",
        "identity.crosswalk_history", "identity.attribute_provenance", "ops.channel_arrival", "ops.feed_status",
        "ops.source_status", "ops.source_usage_history",
    ]  # fmt: skip


def test_every_class_of_personal_data_is_one_the_entities_use() -> None:
    known = {column["pii"] for entity in make.entity_files().values() for column in entity["columns"].values()}
    assert {column.pii for table in mart_tables() for column in table.columns} <= known


def test_every_amount_of_money_names_its_unit() -> None:
    bare = [
        f"{table.name}.{column.name}"
        for table in mart_tables()
        for column in table.columns
        if column.name.endswith(("_amount", "_price", "_hours", "_seconds", "_count")) and column.unit is None
    ]
    assert bare == []


def test_a_column_without_class_of_personal_data_is_no_declaration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "core.yml").write_text(
        "models:\n  - name: fct\n    description: One row.\n    columns:\n"
        "      - {name: email, data_type: VARCHAR, description: Mail.}\n"
    )
    monkeypatch.setattr("warehouse.declared.MODELS", tmp_path)
    with pytest.raises(DeclarationTrouble, match=r"fct\.email has no config\.meta\.pii"):
        mart_tables.__wrapped__()


def test_a_misspelt_word_on_masking_is_no_declaration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "core.yml").write_text(
        "models:\n  - name: fct\n    description: One row.\n    config: {meta: {masked: leftout}}\n    columns: []\n"
    )
    monkeypatch.setattr("warehouse.declared.MODELS", tmp_path)
    with pytest.raises(DeclarationTrouble, match=r"fct has masked 'leftout'"):
        mart_tables.__wrapped__()
