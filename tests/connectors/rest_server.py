"""An HTTP server that answers as a test says, and reading it as a REST source."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.delivery import FeedTrouble, Receipt, Window
from connectors.source import open_source
from tests.connectors.source_factory import column, order_contract, read_all

Answer = tuple[int, dict[str, str], bytes]
COLUMNS = {"order_id": "id", "ordered_at": "at", "email": {"json": "$.customer.email"}}
SECRET = "t0p/s3cr3t+"


class Server:
    """Answers as `answer` says and remembers what was asked: (path, parameters, headers)."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str], dict[str, str]]] = []
        self.answer: Callable[[str, dict[str, str]], Answer] = lambda _path, _params: page([])
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                params = {name: values[0] for name, values in parse_qs(parts.query).items()}
                outer.asked.append((parts.path, params, dict(self.headers)))
                status, headers, body = outer.answer(parts.path, params)
                self.send_response_only(status)
                self.send_header("Date", "Fri, 20 Nov 2026 12:00:00 GMT")
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        class Quiet(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:  # a client that gave up is part of a test
                pass

        self._server = Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def page(rows: list[object] | str, status: int = 200, headers: dict[str, str] | None = None, **more: object) -> Answer:
    body = rows if isinstance(rows, str) else json.dumps({"orders": rows, **more})
    return status, {"Content-Type": "application/json", **(headers or {})}, body.encode()


def order(number: int) -> dict[str, object]:
    return {"id": number, "at": "2026-11-20T10:00:00Z", "customer": {"email": f"c{number}@example.com"}}


def rest_contract(paging: dict[str, object] | None = None, cursor: object = None, **source: object):
    body = {"kind": "rest", "path": "/api/orders", "records": "$.orders", "paging": paging or {}, **source}
    return order_contract(body, COLUMNS, **({"cursor": cursor} if cursor else {}))


def read(
    server: Server,
    folder: Path,
    contract: object = None,
    window: Window | None = None,
    pauses: list[float] | None = None,
) -> tuple[list[str], Receipt]:
    environment = {"SHOP": server.url, "TOKEN": SECRET, "USER": "amy"}
    sleep = (pauses if pauses is not None else []).append
    source = open_source(contract or rest_contract(), environment, sleep=sleep)  # type: ignore[arg-type]
    try:
        [(_, table, receipt)] = read_all(source, folder, window)
    finally:
        source.close()
    return column(table, "id"), receipt


def trouble(server: Server, folder: Path, contract: object = None, **more: object) -> FeedTrouble:
    with pytest.raises(FeedTrouble) as caught:
        read(server, folder, contract, **more)  # type: ignore[arg-type]
    assert SECRET not in str(caught.value)
    return caught.value
