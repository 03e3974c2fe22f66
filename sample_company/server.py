"""The helpdesk and the mailer over HTTP, in the shapes of Zendesk's incremental export and Mailchimp's marketing API.

Every request reads the data afresh, so that a day added by another process shows at once. Paging, authorisation and the
occasional 429 are those of the real ones; nothing can be written.
"""

import base64
import binascii
import json
import sqlite3
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from sample_company.company import HELPDESK_TOKEN, MAILER_TOKEN, MAILER_USER
from sample_company.overviews import SEARCHED, reports, search
from sample_company.services import ISO
from sample_company.state import CompanyTrouble

PAGE_SIZE = 100
LARGEST_PAGE = 1000
REFUSE_EVERY = 50  # one request in fifty is told to come back a second later
# Status, headers, and a body: a document to be written as JSON, or bytes that are sent as they are.
Answer = tuple[HTTPStatus, dict[str, str], dict[str, Any] | bytes]
# What becomes of an answer on its way out: the request's path with its query, the answer that would be given.
Interference = Callable[[str, Answer], Answer]


class _Refused(Exception):
    """A request that gets an error answer."""

    def __init__(self, status: HTTPStatus, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.headers = status, message, headers or {}


def _whole(query: dict[str, str], name: str, default: int | None, largest: int | None = None) -> int:
    text = query.get(name)
    if text is None and default is not None:
        return default
    try:
        value = int(text or "")
    except ValueError:
        raise _Refused(HTTPStatus.BAD_REQUEST, f"{name}={text!r} is not a whole number.") from None
    if value < 0:
        raise _Refused(HTTPStatus.BAD_REQUEST, f"{name}={value} is negative.")
    return value if largest is None else min(value, largest)


def _ticket(row: dict[str, Any]) -> dict[str, Any]:
    source = {
        "from": {"name": row["requester_name"], "address": row["requester_email"], "phone": row["requester_phone"]},
        "to": {},
        "rel": None,
    }
    return {
        "id": row["id"],
        "requester_id": row["requester_id"],
        "assignee_id": row["assignee_id"],
        "assignee_external_id": row["assignee_external_id"],
        "status": row["status"],
        "priority": row["priority"],
        "type": row["type"],
        "subject": row["subject"],
        "description": row["description"],
        "via": {"channel": row["channel"], "source": source},
        "tags": row["tags"].split(",") if row["tags"] else [],
        "custom_fields": [{"id": 360001, "value": row["topic"]}, {"id": 360002, "value": row["order_no"]}],
        "satisfaction_rating": {"score": row["score"]},
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "first_reply_at": row["first_reply_at"],
        "solved_at": row["solved_at"],
        "generated_timestamp": row["generated_timestamp"],
    }


def _user(row: dict[str, Any]) -> dict[str, Any]:
    organisation = {"name": row["organization"]} if row["organization"] else None
    return row | {"verified": bool(row["verified"]), "suspended": bool(row["suspended"]), "organization": organisation}


def _comment(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "channel"} | {
        "public": bool(row["public"]),
        "via": {"channel": row["channel"]},
    }


def _action(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"is_machine": bool(row["is_machine"])}


_EXPORTS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "tickets": _ticket,
    "users": _user,
    "comments": _comment,
}


_MAILER_PATHS = ("3.0/campaigns", "3.0/activity", "3.0/reports", "3.0/ping")


class Server:
    """The running services of one company; a context manager, or `start`, `stop` and `serve_forever`.

    `interference`, while it is set, changes every answer on its way out: so does a source that is at fault.
    """

    def __init__(
        self, folder: Path, host: str, port: int, refuse_every: int, clock: Callable[[], datetime] | None
    ) -> None:
        self._database = folder.resolve() / "services.db"
        if not self._database.exists():
            raise CompanyTrouble(
                f"{folder}: no sample company to serve ({self._database.name} is missing). Create one first."
            )
        self._refuse_every = refuse_every
        self.clock = clock
        self.interference: Interference | None = None
        self._requests = 0
        self._counting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._http = _Http((host, port), _handler(self))
        self.url = f"http://{host}:{self._http.server_address[1]}"

    def start(self) -> "Server":
        """Serve in a thread of its own."""
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop serving and give the port back."""
        if self._thread is not None:
            self._http.shutdown()
            self._thread.join()
            self._thread = None
        self._http.server_close()

    def serve_forever(self) -> None:
        """Serve in this thread until interrupted."""
        try:
            self._http.serve_forever()
        finally:
            self._http.server_close()

    def __enter__(self) -> "Server":
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def answer(self, target: str, authorization: str) -> Answer:
        """The answer to a GET, as it leaves the house."""
        answer = self._answer(target, authorization)
        return answer if self.interference is None else self.interference(target, answer)

    def _answer(self, target: str, authorization: str) -> Answer:
        parts = urlsplit(target)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        try:
            if parts.path == "/helpdesk/api/v2/health":
                return HTTPStatus.OK, {}, {"status": "ok"}
            system, _, rest = parts.path.lstrip("/").partition("/")
            if system == "helpdesk" and rest.startswith("api/v2/incremental/") and rest.endswith("/cursor.json"):
                self._admit(authorization, f"Bearer {HELPDESK_TOKEN}", "Bearer")
                return HTTPStatus.OK, {}, self._export(parts.path, rest.split("/")[3], query)
            if system == "helpdesk" and rest == "api/v2/search.json":
                self._admit(authorization, f"Bearer {HELPDESK_TOKEN}", "Bearer")
                return HTTPStatus.OK, {}, self._search(query)
            if system == "mailer" and rest in _MAILER_PATHS:
                secret = base64.b64encode(f"{MAILER_USER}:{MAILER_TOKEN}".encode()).decode()
                self._admit(authorization, f"Basic {secret}", "Basic")
                return HTTPStatus.OK, {}, self._mailer(rest.removeprefix("3.0/"), query)
            raise _Refused(HTTPStatus.NOT_FOUND, f"{parts.path} does not exist here.")
        except _Refused as refusal:
            return refusal.status, refusal.headers, {"error": refusal.status.phrase, "description": refusal.message}

    def _admit(self, given: str, wanted: str, scheme: str) -> None:
        if given != wanted:
            message = f"Authorization is missing or wrong; {scheme} credentials are needed."
            raise _Refused(HTTPStatus.UNAUTHORIZED, message, {"WWW-Authenticate": f'{scheme} realm="sample company"'})
        with self._counting:
            self._requests += 1
            refuse = self._refuse_every > 0 and self._requests % self._refuse_every == 0
        if refuse:
            raise _Refused(
                HTTPStatus.TOO_MANY_REQUESTS, "Too many requests. Come back in one second.", {"Retry-After": "1"}
            )

    def _rows(self, query: str, values: tuple[Any, ...]) -> list[dict[str, Any]]:
        connection = sqlite3.connect(self._database, timeout=30.0)
        try:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(query, values)]
        finally:
            connection.close()

    def _export(self, path: str, name: str, query: dict[str, str]) -> dict[str, Any]:
        if name not in _EXPORTS:
            raise _Refused(HTTPStatus.NOT_FOUND, f"There is no export of {name}. Ask for {', '.join(_EXPORTS)}.")
        size = _whole(query, "per_page", PAGE_SIZE, LARGEST_PAGE)
        if size < 1:
            raise _Refused(HTTPStatus.BAD_REQUEST, "per_page=0 would never end. Give at least 1.")
        # `start_time` is inclusive: identifiers are positive, so (start_time, 0) comes before its first row.
        after = _read_cursor(query["cursor"]) if "cursor" in query else (_whole(query, "start_time", None), 0)
        found = self._rows(
            f'SELECT * FROM "{name}" WHERE (generated_timestamp, id) > (?, ?) ORDER BY generated_timestamp, id LIMIT ?',
            (*after, size + 1),
        )
        page = found[:size]
        last = (page[-1]["generated_timestamp"], page[-1]["id"]) if page else after
        cursor = base64.urlsafe_b64encode(f"{last[0]}:{last[1]}".encode()).decode()
        extra = {"per_page": str(size)} if "per_page" in query else {}
        return {
            name: [_EXPORTS[name](row) for row in page],
            "after_cursor": cursor,
            "after_url": f"{self.url}{path}?{urlencode({'cursor': cursor} | extra)}",
            "before_cursor": None,
            "end_of_stream": len(found) <= size,
            "count": len(page),
        }

    def _search(self, query: dict[str, str]) -> dict[str, Any]:
        wanted = query.get("query", "")
        if wanted not in SEARCHED:
            raise _Refused(HTTPStatus.BAD_REQUEST, f"query={wanted!r} is not known. Ask for {', '.join(SEARCHED)}.")
        return search(self._rows, wanted, _whole(query, "per_page", PAGE_SIZE, LARGEST_PAGE))

    def _mailer(self, name: str, query: dict[str, str]) -> dict[str, Any]:
        if name == "ping":
            return {"health_status": "ok"}
        if name == "reports":
            return reports(self._rows, _whole(query, "offset", 0), _whole(query, "count", 10, LARGEST_PAGE))
        return self._listing(name, query)

    def _listing(self, name: str, query: dict[str, str]) -> dict[str, Any]:
        offset, count = _whole(query, "offset", 0), _whole(query, "count", 10, LARGEST_PAGE)
        since, order = query.get("since", ""), "timestamp" if name == "activity" else "send_time"
        # Stored times are whole UTC seconds with Z, which sort as text; `since` is read into the same form.
        condition = f"{order} >= ?" if since else "? = ''"
        value = _since(since)
        rows = self._rows(
            f'SELECT * FROM "{name}" WHERE {condition} ORDER BY {order}, id LIMIT ? OFFSET ?', (value, count, offset)
        )
        total = self._rows(f'SELECT count(*) AS n FROM "{name}" WHERE {condition}', (value,))[0]["n"]
        return {name: [_action(row) for row in rows] if name == "activity" else rows, "total_items": total}


def _since(text: str) -> str:
    if not text:
        return ""
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise _Refused(HTTPStatus.BAD_REQUEST, f"since={text!r} is not an ISO 8601 time.") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).strftime(ISO)


def _read_cursor(token: str) -> tuple[int, int]:
    try:
        moment, _, number = base64.urlsafe_b64decode(token.encode()).decode().partition(":")
        return int(moment), int(number)
    except (ValueError, binascii.Error):
        raise _Refused(
            HTTPStatus.BAD_REQUEST, f"cursor={token!r} was not issued here. Start again with start_time."
        ) from None


class _Http(ThreadingHTTPServer):
    """Serves each request in a thread of its own."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tell of an error, unless the client is gone: one that was killed wants no answer."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, headers, body = server.answer(self.path, self.headers.get("Authorization", ""))
            content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
            self.send_response_only(status)
            if server.clock is not None:
                self.send_header("Date", self.date_time_string(server.clock().timestamp()))
            for name, value in (
                {"Content-Type": "application/json; charset=utf-8", "Content-Length": str(len(content))} | headers
            ).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name of the base class)
            """Requests are not logged: the demonstration's own output stays readable."""

    return Handler


def serve(
    folder: Path,
    *,
    port: int = 8360,
    host: str = "127.0.0.1",
    refuse_every: int = REFUSE_EVERY,
    clock: Callable[[], datetime] | None = None,
) -> Server:
    """The company's helpdesk and mailer, bound but not yet answering; port 0 takes a free one.

    Every `refuse_every`-th authorised request gets 429 with Retry-After: 1; 0 never refuses. `clock` is the time that
    answers tell (Date): the company lives in its own time, so without one they tell none.
    Raises CompanyTrouble when the folder holds no company.
    """
    return Server(folder, host, port, refuse_every, clock)
