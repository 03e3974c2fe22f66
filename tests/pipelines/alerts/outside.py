"""The other side of a channel: a server on this machine that answers as it is told and remembers what it was sent."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Reply:
    """What the server says; it says nothing for `delay` seconds, or until it is stopped."""

    status: int = 202
    body: bytes = b'{"status": "success", "dedup_key": "there"}'
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0


@dataclass(frozen=True)
class Sent:
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)


class Outside:
    """Replies are given in turn, the last one for ever."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies) or [Reply()]
        self.sent: list[Sent] = []
        self.stopped = threading.Event()
        self.got_one = threading.Event()
        outside = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outside.sent.append(
                    Sent(self.path, {name.lower(): value for name, value in self.headers.items()}, content)
                )
                reply = outside.replies.pop(0) if len(outside.replies) > 1 else outside.replies[0]
                outside.got_one.set()
                if reply.delay:
                    outside.stopped.wait(reply.delay)
                self.send_response_only(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                self.wfile.write(reply.body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def an_outside(*replies: Reply) -> Iterator[Outside]:
    outside = Outside(*replies)
    try:
        yield outside
    finally:
        outside.stop()
