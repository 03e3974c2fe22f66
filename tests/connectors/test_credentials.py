"""Credentials are asked for apart from data: only a refusal denies them, and what says nothing is unknown."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from connectors.contract import FeedContract
from connectors.delivery import Credentials
from connectors.source import open_source
from tests.connectors.source_factory import order_contract

PLAIN = {"order_id": "id", "ordered_at": "at"}


def asked(contract: FeedContract, connection: str) -> Credentials:
    source = open_source(contract, {"SHOP": connection, "TOKEN": "s3cr3t"}, sleep=lambda _: None)
    try:
        return source.probe_credentials()
    finally:
        source.close()


@pytest.fixture
def endpoint() -> Iterator[tuple[ThreadingHTTPServer, list[int], list[str]]]:
    """A server whose answer to HEAD is the last status given; it notes the methods asked."""
    statuses, methods = [200], list[str]()

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            methods.append(self.command)
            self.send_response(statuses[-1])
            self.end_headers()

        do_GET = do_HEAD  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server, statuses, methods
    server.shutdown()


@pytest.mark.parametrize(
    ("status", "verdict"), [(200, "accepted"), (401, "denied"), (403, "denied"), (501, "unknown"), (500, "unknown")]
)
def test_an_endpoint_is_asked_for_its_head_only(endpoint, status: int, verdict: str) -> None:
    server, statuses, methods = endpoint
    statuses.append(status)
    source = {"kind": "rest", "path": "/orders", "auth": {"kind": "bearer", "token": "TOKEN"}}
    said = asked(order_contract(source, PLAIN), f"http://127.0.0.1:{server.server_port}")
    assert said.verdict == verdict
    assert "s3cr3t" not in said.reason
    assert methods == ["HEAD"]


def test_a_server_that_does_not_answer_says_nothing_of_credentials() -> None:
    source = {"kind": "rest", "path": "/orders", "auth": {"kind": "bearer", "token": "TOKEN"}}
    assert asked(order_contract(source, PLAIN), "http://127.0.0.1:1").verdict == "unknown"


def test_a_database_lets_in_whom_it_knows(postgres_url: str, postgres_socket: Path) -> None:
    contract = order_contract({"kind": "sql", "table": "absent"}, PLAIN)
    assert asked(contract, postgres_url).verdict == "accepted"
    refused = asked(contract, f"postgresql://nobody:s3cr3t@/postgres?host={postgres_socket}")
    assert refused.verdict == "denied"
    assert "s3cr3t" not in refused.reason


def test_a_folder_that_is_not_there_says_nothing_of_credentials(tmp_path: Path) -> None:
    contract = order_contract({"kind": "files", "pattern": "*.csv", "format": "csv"}, PLAIN)
    assert asked(contract, str(tmp_path)).verdict == "accepted"
    assert asked(contract, str(tmp_path / "absent")).verdict == "unknown"
