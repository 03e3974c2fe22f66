"""Every requirement names evidence that exists, so that the page cannot claim what is not there."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
import yaml

from pipelines.requirements import NAME, Requirement, render, requirements
from tests.command_line import command_line
from warehouse.declared import mart_tables
from warehouse.questions import questions

ROOT = Path(__file__).parents[2]
ROWS = requirements(ROOT / "docs" / NAME)


@cache
def there() -> dict[str, set[str]]:
    """What there is to name, by kind of evidence; files are looked at one by one."""
    tables = {table.qualified: table for table in mart_tables()}
    unit_tests = [yaml.safe_load(path.read_text()) for path in ROOT.glob("warehouse/models/*/unit_tests.yml")]
    return {
        "table": set(tables),
        "column": {f"{name}.{column.name}" for name, table in tables.items() for column in table.columns},
        "question": set(questions()),
        "test": {
            name
            for path in ROOT.glob("tests/**/test_*.py")
            for name in re.findall(r"^def (test_\w+)", path.read_text(), re.M)
        },
        "check": {path.stem for path in ROOT.glob("warehouse/tests/*.sql")}
        | {test["name"] for file in unit_tests for test in file["unit_tests"]},
        "command": set(command_line().commands),
    }


def test_rows_are_numbered_without_gap() -> None:
    assert [row.row for row in ROWS] == list(range(1, 111))


def test_at_least_95_are_built() -> None:
    assert sum(row.missing is None for row in ROWS) >= 95


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.row)
def test_the_evidence_of_a_row_exists(row: Requirement) -> None:
    assert row.evidence
    for kind, name in row.evidence:
        assert (ROOT / name).exists() if kind == "page" else name in there()[kind], f"{kind} {name}"


def test_a_row_that_is_not_built_says_what_is_missing() -> None:
    built = Requirement(1, "A wish", (("question", "coverage"),), None)
    unbuilt = Requirement(2, "Another", (("column", "main.fct_order.status"),), "half of it")
    page = render([built, unbuilt])
    assert "1 of 2 are built." in page
    assert "| 1 | A wish | `c360 ask coverage` |  |" in page
    assert "| 2 | Another | `main.fct_order.status` | half of it |" in page
