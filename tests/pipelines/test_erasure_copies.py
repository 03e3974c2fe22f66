from __future__ import annotations

from pathlib import Path

from pipelines.erasure.copies import forget_marts
from pipelines.settings import Home
from warehouse.connection import marts_path


def test_marts_go_with_the_log_of_a_build_that_was_killed(tmp_path: Path) -> None:
    marts = marts_path(tmp_path)
    marts.parent.mkdir()
    log = marts.with_name("customer_360.duckdb.wal")
    marts.write_bytes(b"Ann Lee")
    log.write_bytes(b"Ann Lee")
    forget_marts(Home(tmp_path))
    assert list(marts.parent.iterdir()) == []
