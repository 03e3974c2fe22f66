"""Feeds that each have something wrong with them, contract and source, and a good one beside them."""

from __future__ import annotations

import gzip
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import fsspec

# Nothing that c360 prints or keeps may hold any of these.
SECRETS = ("t0ken-4f1c9e", "pa55w0rd-77ab")
TOKEN, PASSWORD = SECRETS
MANY_ROWS = 300_000
LONG = "x" * 10_000_000
SCRIPTS = ("👩‍👩‍👧 Zoë 🎂", "محمد بن علي", "שרה כהן", "李小龍")

_CONTRACT = """
feed: {feed}
entity: orders
description: Orders for a test.
grain: One row per order.
owner: team:test
schedule: "0 * * * *"
freshness: {{promise: 26h}}
source: {source}
columns: {columns}
"""
COLUMNS = "{order_id: id, ordered_at: at, total_amount: total, customer_name: name}"


@dataclass
class BadSources:
    """Contracts in `contracts`, sources in `drops`, and the connections that lead there."""

    folder: Path
    connections: dict[str, str] = field(default_factory=dict)

    @property
    def contracts(self) -> Path:
        return self.folder / "contracts"

    def feed(self, feed: str, source: str, connection: str, columns: str = COLUMNS) -> None:
        """Declare a feed; `source` is written without its connection."""
        system, name = feed.split(".")
        variable = f"X_{system}_{name}".upper()
        self.connections[variable] = connection
        text = _CONTRACT.format(feed=feed, source=f"{{connection: {variable}, {source}}}", columns=columns)
        path = self.contracts / system / f"{name}.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def files(self, name: str, *, options: str = "", columns: str = COLUMNS, **contents: bytes) -> None:
        """Declare <name>.orders with one file for each of `contents`; `_` in a file's name stands for a dot."""
        folder = self.folder / "drops" / name
        folder.mkdir(parents=True)
        for file, content in contents.items():
            (folder / file.replace("_", ".")).write_bytes(content)
        self.feed(f"{name}.orders", f'kind: files, format: csv, pattern: "*"{options}', str(folder), columns)

    def rest(self, name: str, url: str) -> None:
        """Declare <name>.orders, whose every request carries the secret token."""
        self.connections["X_TOKEN"] = TOKEN
        self.feed(f"{name}.orders", "kind: rest, path: /, records: $.rows, auth: {kind: bearer, token: X_TOKEN}", url)

    def good(self) -> None:
        """Declare shop.orders, with which nothing is wrong: two orders."""
        path = self.folder / "shop.db"
        connection = sqlite3.connect(path)
        with connection:
            connection.execute("CREATE TABLE orders (id, at, total, name)")
            rows = [("1", "2024-05-13 08:00:00", "10.00", "Ada"), ("2", "2024-05-13 09:00:00", "12.50", "Bo")]
            connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)", rows)
        connection.close()
        self.feed("shop.orders", "kind: sql, table: orders", f"sqlite:///{path}")

    def write_connections(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = "".join(f"{name}={value}\n" for name, value in self.connections.items())
        path.write_text(lines, encoding="utf-8")


def csv_of(*rows: str, head: str = "id,at,total,name") -> bytes:
    return "".join(f"{line}\n" for line in (head, *rows)).encode()


def sound(number: int, name: str = "Ada") -> str:
    return f"{number},2024-05-13 08:00:00,10.00,{name}"


def many_rows_with_a_stray_quote() -> bytes:
    rows = [sound(number) for number in range(MANY_ROWS)]
    rows[MANY_ROWS // 2] = sound(MANY_ROWS // 2, 'Ada "the first')
    return csv_of(*rows)


def declare_broken_files(bad: BadSources) -> None:
    """Sources that cannot be read at all, or not wholly."""
    bad.feed("missing_folder.orders", 'kind: files, format: csv, pattern: "*"', str(bad.folder / "nowhere"))
    _register_refusing_file_system()
    bad.feed("denied_folder.orders", 'kind: files, format: csv, pattern: "*"', "refusing://drop")
    bad.files("empty_file", a_csv=b"")
    packed = gzip.compress(csv_of(*(sound(number, f"name {number}") for number in range(5000))))
    bad.files("cut_off", a_csv_gz=packed[: len(packed) // 2])
    bad.files("missing_column", a_csv=csv_of("1,2024-05-13,Ada", head="id,at,nane"))
    bad.files("web_page", a_csv=b"<!DOCTYPE html><html><body>Please log in</body></html>\n")


def declare_strange_values(bad: BadSources) -> None:
    """Files that can be read, with rows that must be staged as they are, or held with their reason."""
    bad.files("bom", a_csv=b"\xef\xbb\xbf" + csv_of(sound(1)))
    bad.files("latin", options=", encoding: latin-1", a_csv=csv_of(sound(1, "Jürgen Weiß")).decode().encode("latin-1"))
    bad.files(
        "not_utf8", a_csv=csv_of(sound(1)) + "2,2024-05-13,1.00,Jürgen\n".encode("latin-1") + b"3,2024-05-13,1,Bo\n"
    )
    bad.files("line_breaks", a_csv=csv_of('1,2024-05-13 08:00:00,10.00,"Ada\nByron\r\nLovelace"', sound(2)))
    bad.files("double_keys", a_csv=csv_of(sound(1, "first"), sound(2), sound(1, "last")))
    bad.files("null_keys", a_csv=csv_of(sound(1), ",2024-05-13,10.00,Nobody", '"",2024-05-13,10.00,Nobody'))
    bad.files(
        "dates",
        a_csv=csv_of(
            "1,9999-12-31 00:00:00,1.00,far",
            "2,1970-01-01 00:00:00,1.00,epoch",
            "3,0001-01-01,1.00,old",
            "4,,1.00,none",
            "5,1970-01-02 00:00:00,1.00,day after",
        ),
    )
    amounts = ("NaN", "inf", "-Infinity", "1e30", "-0.00", "99999999999999999.99", "1,5", "12.345")
    lines = (f'{number},2024-05-13 08:00:00,"{text}",Ada' for number, text in enumerate(amounts, 1))
    bad.files("amounts", a_csv=csv_of(*lines))
    bad.files("long", a_csv=csv_of(sound(1, LONG), sound(2)))
    bad.files(
        "scripts",
        a_csv=csv_of(sound(1, "👩‍👩‍👧 Zoë 🎂"), sound(2, "محمد بن علي"), sound(3, "שרה כהן"), sound(4, "李小龍")),
    )
    bad.files("stray_quote", a_csv=many_rows_with_a_stray_quote())


ANSWERS: dict[str, tuple[int, dict[str, str], bytes]] = {
    "unauthorised": (401, {}, b'{"error": "who are you"}'),
    "forbidden": (403, {}, b'{"error": "not you"}'),
    "not_found": (404, {}, b'{"error": "no such thing"}'),
    "too_many": (429, {"Retry-After": "0"}, b"slow down"),
    "broken_server": (500, {}, b"<h1>Internal Server Error</h1>"),
    "login_page": (200, {"Content-Type": "text/html"}, b"<!DOCTYPE html><html><title>Log in</title></html>"),
    "cut_json": (200, {"Content-Type": "application/json"}, b'{"rows": [{"id": "1", "at": "2024-'),
}


@contextmanager
def web_server(wait: Callable[[], None] = lambda: None) -> Iterator[str]:
    """Answers /<name>/ with ANSWERS[name]; /slow/ waits first."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.strip("/").split("?")[0]
            if name == "slow":
                wait()
            status, headers, body = ANSWERS.get(name, (200, {"Content-Type": "application/json"}, b'{"rows": []}'))
            self.send_response(status)
            for key, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(key, value)
            self.end_headers()
            with suppress(ConnectionError):  # whoever asked may be gone by now
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _register_refusing_file_system() -> None:
    """A file system that denies everything, as root may read every folder on disk."""
    system = type(fsspec.filesystem("memory"))

    class Refusing(system):  # type: ignore[misc,valid-type]
        protocol = "refusing"

        def ls(self, *_: object, **__: object) -> list[object]:
            raise PermissionError(13, "Permission denied")

    fsspec.register_implementation("refusing", Refusing, clobber=True)
