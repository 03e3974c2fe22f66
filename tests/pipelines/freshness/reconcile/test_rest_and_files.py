"""Reconciling with an endpoint and with a folder, whose rows cannot be asked for by key."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.pipelines.freshness.reconcile.desk import NOON, Desk


class Orders:
    """An endpoint that answers with all orders changed since a moment, two a page, and with its count at /count."""

    def __init__(self) -> None:
        self.rows: dict[int, dict[str, Any]] = {}
        self.asked: list[str] = []
        orders = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                orders.asked.append(parts.path)
                asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
                rows = sorted(orders.rows.values(), key=lambda row: (row["changed_at"], row["id"]))
                rows = [row for row in rows if row["changed_at"] >= asked.get("since", "")]
                start = int(asked.get("offset", 0))
                body: dict[str, Any] = {"orders": rows[start : start + 2], "total": len(rows)}
                if parts.path == "/count":
                    body = {"count": len(rows), "newest": rows[-1]["changed_at"]}
                content = json.dumps(body).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def put(self, number: int, at: datetime, total: str = "10.50") -> None:
        moment = at.strftime("%Y-%m-%dT%H:%M:%SZ")
        self.rows[number] = {
            "id": number, "name": f"Zoë {number}", "placed_at": moment, "total": total, "changed_at": moment,
        }  # fmt: skip


@pytest.fixture
def orders() -> Iterator[Orders]:
    made = Orders()
    yield made
    made.server.shutdown()


@pytest.fixture
def desk(orders: Orders, tmp_path: Path) -> Desk:
    source = {
        "kind": "rest",
        "path": "/orders",
        "records": "$.orders",
        "paging": {"kind": "offset", "parameter": "offset", "size": 2, "total": "$.total"},
        "incremental": {"parameter": "since"},
        "probe": {"path": "/count", "count": "$.count", "newest": "$.newest"},
    }
    for number, days in ((1, 60), (2, 20), (3, 3), (4, 0.5), (5, 0)):
        orders.put(number, NOON - timedelta(days=days))
    url = f"http://127.0.0.1:{orders.server.server_port}"
    made = Desk(tmp_path, url, lambda _: None, source=source, totals=[], deletes={"policy": "none"})
    made.land()
    return made


def test_an_endpoint_that_says_the_same_again_gives_no_difference(desk: Desk) -> None:
    found = desk.reconcile()
    assert [(r.days, r.rows_source, r.rows_here, r.differing) for r in found.results] == [
        (1, 1, 1, 0),
        (7, 1, 1, 0),
        (30, 1, 1, 0),
        (90, 1, 1, 0),
    ]


def test_late_changed_and_deleted_rows_of_an_endpoint_are_found_and_repaired(desk: Desk, orders: Orders) -> None:
    """B5, B11, B6 and B12 in one look."""
    orders.put(6, NOON - timedelta(hours=5))
    orders.put(7, NOON - timedelta(days=40))
    orders.put(3, NOON - timedelta(days=3), total="99.90")
    del orders.rows[2]
    assert desk.land() == 0
    assert desk.differing() == (2, 1, 1)
    repair = desk.reconcile(wants_repair=True)
    assert (repair.trouble, repair.rows_landed) == (None, 4)
    assert desk.differing() == (0, 0, 0)
    assert desk.staged("_is_deleted", 2) == (True,)
    assert str(desk.staged("total_amount", 3)) == "(Decimal('99.90'),)"


def test_the_probe_of_an_endpoint_asks_what_its_contract_names(desk: Desk, orders: Orders) -> None:
    with desk.ledger() as ledger:
        answer = ledger.rows("SELECT row_count, newest, source_clock FROM source_probe")[0]
    assert (answer["row_count"], answer["newest"]) == (5, "2026-11-21T12:00:00Z")
    assert answer["source_clock"] is not None
    assert orders.asked.count("/count") == 1


def folder_desk(folder: Path) -> Desk:
    drop = folder / "drop"
    drop.mkdir()
    source = {"kind": "files", "pattern": "*.csv", "format": "csv"}
    return Desk(
        folder, str(drop), lambda _: None, source=source, totals=[], deletes={"policy": "none"},
        cursor=None,
    )  # fmt: skip


def write(path: Path, total: str, age: timedelta) -> None:
    path.write_text(
        f"id,name,placed_at,total,changed_at\n1,Zoë,2026-11-20T10:00:00Z,{total},2026-11-20T10:00:00Z\n",
        encoding="utf-8",
    )
    at = (NOON - age).timestamp()
    os.utime(path, (at, at))


def test_a_file_that_changed_behind_its_size_and_time_is_found_and_landed_again(tmp_path: Path) -> None:
    desk = folder_desk(tmp_path)
    write(tmp_path / "drop" / "old.csv", "10.50", timedelta(days=20))
    write(tmp_path / "drop" / "new.csv", "10.50", timedelta(hours=2))
    assert desk.land() == 2
    assert desk.differing() == (0, 0, 0)
    write(tmp_path / "drop" / "old.csv", "99.90", timedelta(days=20))
    assert desk.land() == 0
    assert [(r.days, r.outdated, dict(r.samples)) for r in desk.reconcile().results] == [
        (1, 0, {}),
        (7, 0, {}),
        (30, 1, {"outdated": ("old.csv",)}),
        (90, 0, {}),
    ]
    assert desk.reconcile(wants_repair=True).rows_landed == 1
    assert desk.differing() == (0, 0, 0)


def test_a_file_that_came_after_the_last_sync_is_no_difference_and_one_that_was_passed_over_is(tmp_path: Path) -> None:
    desk = folder_desk(tmp_path)
    write(tmp_path / "drop" / "a.csv", "10.50", timedelta(hours=2))
    desk.land()
    write(tmp_path / "drop" / "b.csv", "10.50", timedelta(hours=-1))
    assert desk.differing() == (0, 0, 0)
    write(tmp_path / "drop" / "c.csv", "10.50", timedelta(hours=3))
    assert desk.differing() == (1, 0, 0)


def test_a_folder_that_was_never_read_is_not_compared(tmp_path: Path) -> None:
    desk = folder_desk(tmp_path)
    desk.ledger().close()
    found = desk.reconcile()
    assert (found.results, found.note) == ([], "its folder was never read to the end")
