"""A ledger has every table, whichever version made it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.ledger import judging, rematching
from pipelines.ledger.database import Ledger

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize("table", ["feed_run", "judging", "rematching"])
def test_a_ledger_of_before_there_was_a_table_gets_it_and_keeps_the_others(tmp_path: Path, table: str) -> None:
    path = tmp_path / "ledger.db"
    with Ledger(path) as ledger:
        ledger.write("INSERT INTO lease (resource, token) VALUES ('warehouse', 7)")
        ledger.write(f"DROP TABLE {table}")
    with Ledger(path) as ledger:
        assert ledger.rows(f"SELECT * FROM {table}") == []
        row = ledger.row("SELECT token FROM lease")
    assert row is not None
    assert row["token"] == 7


def test_each_rematch_and_each_judgement_is_another_version(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.db") as ledger:
        assert (rematching.rematching_version(ledger), judging.judging_version(ledger)) == (0, 0)
        rematching.note(ledger, NOON)
        rematching.note(ledger, NOON)
        judging.note(ledger, "ana", 1, NOON)
        assert (rematching.rematching_version(ledger), judging.judging_version(ledger)) == (2, 1)
