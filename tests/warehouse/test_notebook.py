"""The notebook runs from its first cell to its last, as plain Python."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from warehouse.connection import marts_path
from warehouse.masking import write_masked

NOTEBOOK = Path(__file__).parents[2] / "docs" / "notebooks" / "customer_360.ipynb"


@pytest.fixture(scope="module")
def said(built_home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the cells leave behind, on the hand-made company."""
    folder = tmp_path_factory.mktemp("notebook")
    home = folder / "build" / "demo"
    home.mkdir(parents=True)
    write_masked(home, "a key", marts_path(built_home))
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    namespace: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for cell in cells:
            if cell["cell_type"] == "code":
                exec("".join(cell["source"]), namespace)
    return namespace


def test_it_tells_repeat_business_by_month(said: dict[str, Any]) -> None:
    # C1 bought in October and again in November, beside C2 and C3.
    told = [row[:3] for row in said["repeat"].fetchall()]
    assert told == [(date(2026, 10, 1), 1, 0.0), (date(2026, 11, 1), 3, 1 / 3)]


def test_it_tells_net_revenue_by_month_and_currency(said: dict[str, Any]) -> None:
    told = [row[:3] for row in said["revenue"].fetchall()]
    assert told == [
        (date(2026, 11, 1), "EUR", Decimal("152.00")),
        (date(2026, 10, 1), "USD", Decimal("500.00")),
    ]


def test_it_says_how_current_each_kind_of_source_is(said: dict[str, Any]) -> None:
    told = {kind: status for kind, status, *_ in said["freshness"].fetchall()}
    assert told["payments"] == "NEVER"
    assert len(told) == 10


def test_it_holds_no_output_of_anybodys_data() -> None:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    assert [cell["outputs"] for cell in cells if cell["cell_type"] == "code" and cell["outputs"]] == []
