"""An export holds what is published, says how old it is, and is there as a whole or not at all."""

from __future__ import annotations

import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from pipelines.settings import Home
from tests.journey_factory import c360
from warehouse import export
from warehouse.connection import marts_path
from warehouse.declared import mart_tables

NOW = datetime.fromisoformat("2026-11-20T13:00:00+00:00")


@pytest.fixture(scope="module")
def home(built_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The hand-made company's file stands for the masked one as well, told apart by one more order."""
    published = Home(tmp_path_factory.mktemp("exported"))
    published.masked.parent.mkdir()
    shutil.copy(marts_path(built_home), published.published)
    shutil.copy(marts_path(built_home), published.masked)
    with duckdb.connect(str(published.masked)) as connection:
        connection.execute("DELETE FROM fct_order WHERE order_id <> '100'")
    return published


def exported(home: Home, folder: Path, *options: str) -> dict[str, Any]:
    said = c360(home, "export", str(folder), *options, "--json", now=NOW)
    assert (said.code, said.err) == (0, "")
    document: dict[str, Any] = said.document
    return document


def test_every_published_table_and_view_is_there_row_for_row(home: Home, tmp_path: Path) -> None:
    manifest = exported(home, tmp_path / "out", "--full")
    assert [one["table"] for one in manifest["tables"]] == [table.qualified for table in mart_tables()]
    with duckdb.connect(str(home.published), read_only=True) as connection:
        for one in manifest["tables"]:
            file = f"'{tmp_path / 'out' / one['file']}'"
            [(published,)] = connection.execute(f"SELECT count(*) FROM {one['table']}").fetchall()
            assert connection.execute(f"SELECT count(*) FROM {file}").fetchall() == [(published,)], one
            assert one["rows"] == published
        orders = f"'{tmp_path}/out/main.fct_order.parquet'"
        assert connection.execute(f"FROM {orders} EXCEPT ALL FROM fct_order").fetchall() == []


def test_a_file_says_which_snapshot_it_is_of_and_how_old_its_sources_are(home: Home, tmp_path: Path) -> None:
    exported(home, tmp_path / "out", "--tables", "fct_order", "--tables", "ops.snapshot")
    told = pq.read_metadata(tmp_path / "out" / "main.fct_order.parquet").metadata
    assert (told[b"snapshot_id"], told[b"snapshot_at"]) == (b"s1", b"2026-11-20T12:00:00")
    assert told[b"is_masked"] == b"true"
    assert told[b"description"].startswith(b"One row per sales order")
    parcels = next(one for one in json.loads(told[b"sources"]) if one["feed"] == "carrier.parcels")
    assert (parcels["as_of"], parcels["kind"]) == ("2026-11-19T00:00:00", "shipments")
    assert parcels["age_seconds"] > 0
    manifest = json.loads((tmp_path / "out" / export.MANIFEST).read_text())
    assert (manifest["snapshot_id"], manifest["exported_at"]) == ("s1", "2026-11-20T13:00:00")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "main.fct_order.parquet", "manifest.json", "ops.snapshot.parquet",
    ]  # fmt: skip


def test_it_is_masked_unless_asked_for_in_full(home: Home, tmp_path: Path) -> None:
    masked = exported(home, tmp_path / "masked", "--tables", "fct_order")
    full = exported(home, tmp_path / "full", "--tables", "fct_order", "--full")
    assert (masked["is_masked"], [one["rows"] for one in masked["tables"]]) == (True, [1])
    # Seven orders, of which one was deleted at its source.
    assert (full["is_masked"], [one["rows"] for one in full["tables"]]) == (False, [6])


def test_a_folder_that_is_there_is_left_alone(home: Home, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    said = c360(home, "export", str(tmp_path / "mine"), now=NOW)
    assert said.code == 2
    assert "it is there already" in said.err
    assert list((tmp_path / "mine").iterdir()) == []


def test_a_table_that_is_not_published_is_named(home: Home, tmp_path: Path) -> None:
    said = c360(home, "export", str(tmp_path / "out"), "--tables", "fct_ordr", now=NOW)
    assert said.code == 2
    assert said.err.startswith("fct_ordr: no such table is published.")
    assert not (tmp_path / "out").exists()


def test_an_export_that_fails_leaves_nothing(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(*_: object) -> dict[str, Any]:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export, "_write", full_disk)
    said = c360(home, "export", str(tmp_path / "out"), now=NOW)
    assert said.code == 1
    assert "No space left on device" in said.err
    assert list(tmp_path.iterdir()) == []
