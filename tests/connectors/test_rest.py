"""REST sources against a real HTTP server: paging, patience, credentials, and answers that are not to be believed."""

import base64
import gzip
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
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


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


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


def test_numbers_arrive_digit_by_digit_and_objects_as_json(server, tmp_path):
    body = '{"orders": [{"id": 12345678901234567890, "at": 12.50, "customer": {"email": 1.10, "n": [1, 2.0]}}]}'
    server.answer = lambda _path, _params: page(body)
    contract = order_contract(
        {"kind": "rest", "path": "orders", "records": "$.orders"}, {**COLUMNS, "street": "customer"}
    )
    source = open_source(contract, {"SHOP": server.url})
    [(_, table, _)] = read_all(source, tmp_path)
    source.close()
    assert table.to_pylist() == [
        {
            "id": "12345678901234567890",
            "at": "12.50",
            "customer.email": "1.10",
            "customer": '{"email":1.10,"n":[1,2.0]}',
        }
    ]


def test_each_page_is_kept_as_it_came_with_its_hash_and_count(server, tmp_path):
    pages = {None: page([order(1), order(2)], next="/api/orders?p=2"), "2": page([order(3)], next=None)}
    server.answer = lambda _path, params: pages[params.get("p")]
    ids, receipt = read(server, tmp_path, rest_contract({"kind": "next_link", "link": "$.next"}))
    assert ids == ["1", "2", "3"]
    assert [(part.name, part.row_count) for part in receipt.parts] == [
        ("page-00001.json.gz", 2),
        ("page-00002.json.gz", 1),
    ]
    for part, body in zip(receipt.parts, (pages[None][2], pages["2"][2]), strict=True):
        assert gzip.decompress((tmp_path / part.name).read_bytes()) == body
        assert (part.byte_count, part.sha256) == (len(body), hashlib.sha256(body).hexdigest())


def test_link_headers_are_followed_until_there_is_none(server, tmp_path):
    def answer(_path: str, params: dict[str, str]) -> Answer:
        number = int(params.get("after", 0))
        link = {"Link": f'<{server.url}/api/orders?after={number + 1}>; rel="next"'} if number < 2 else {}
        return page([order(number)], headers=link)

    server.answer = answer
    assert read(server, tmp_path, rest_contract({"kind": "link_header"}))[0] == ["0", "1", "2"]


def test_a_cursor_is_sent_until_the_end_flag_with_the_start_parameter(server, tmp_path):
    pages = {None: page([order(1)], after="a", end=False), "a": page([order(2)], after="a", end=True)}
    server.answer = lambda _path, params: pages[params.get("cursor")]
    paging = {"kind": "cursor", "parameter": "cursor", "token": "$.after", "end": "$.end"}
    contract = rest_contract(paging, {"column": "at"}, incremental={"parameter": "since", "format": "epoch"})
    assert read(server, tmp_path, contract)[0] == ["1", "2"]
    assert server.asked[0][1] == {"since": "0"}


@pytest.mark.parametrize(
    ("style", "text"),
    [("iso", "2026-11-20T11:59:59Z"), ("epoch", "1795175999"), ("epoch_ms", "1795175999000"), ("date", "2026-11-20")],
)
def test_the_lower_bound_is_sent_as_the_source_wants_it_never_later(server, tmp_path, style, text):
    contract = rest_contract(None, {"column": "at"}, incremental={"parameter": "since", "format": style})
    read(server, tmp_path, contract, Window(lower=datetime(2026, 11, 20, 11, 59, 59, 900_000, tzinfo=UTC)))
    read(server, tmp_path, contract, Window())
    assert [asked[1] for asked in server.asked] == [{"since": text}, {}]


def test_offset_paging_does_not_trust_a_short_page(server, tmp_path):
    """The server sends two rows a page although five are asked for."""
    server.answer = lambda _path, params: page([order(n) for n in range(7)][int(params["offset"]) :][:2])
    paging = {"kind": "offset", "parameter": "offset", "size_parameter": "limit", "size": 5}
    assert read(server, tmp_path, rest_contract(paging))[0] == [str(n) for n in range(7)]
    assert server.asked[0][1] == {"offset": "0", "limit": "5"}


def test_page_numbers_stop_at_the_claimed_total(server, tmp_path):
    server.answer = lambda _path, params: page([order(int(params["page"]))], meta={"total": 3})
    paging = {"kind": "page", "parameter": "page", "first_page": 1, "total": "$.meta.total"}
    ids, receipt = read(server, tmp_path, rest_contract(paging))
    assert (ids, receipt.claimed_rows, len(server.asked)) == (["1", "2", "3"], 3, 3)


def test_a_claimed_total_is_passed_on_when_rows_are_missing(server, tmp_path):
    server.answer = lambda _path, params: page([order(1)] if params["offset"] == "0" else [], total=5)
    paging = {"kind": "offset", "parameter": "offset", "size": 1, "total": "$.total"}
    ids, receipt = read(server, tmp_path, rest_contract(paging))
    assert (len(ids), receipt.claimed_rows) == (1, 5)


def test_a_source_that_ignores_the_offset_is_noticed(server, tmp_path):
    server.answer = lambda _path, _params: page([order(1)])
    caught = trouble(server, tmp_path, rest_contract({"kind": "offset", "parameter": "offset", "size": 1}))
    assert caught.kind == "pages"
    assert "pages 1 and 2" in str(caught)


@pytest.mark.parametrize(
    "paging",
    [{"kind": "next_link", "link": "$.next"}, {"kind": "cursor", "parameter": "next", "token": "$.next"}],
)
def test_a_source_that_leads_in_a_circle_has_pages_that_disagree(server, tmp_path, paging):
    server.answer = lambda _path, params: page([order(len(server.asked))], next="/api/orders?next=x")
    caught = trouble(server, tmp_path, rest_contract(paging))
    assert caught.kind == "pages"
    assert "leads back to a page that was read" in str(caught)
    assert len(server.asked) <= 3


def test_credentials_never_follow_a_link_to_another_host(server, tmp_path):
    other = Server()
    server.answer = lambda _path, _params: page([order(1)], next=f"{other.url}/api/orders?token={SECRET}")
    contract = rest_contract({"kind": "next_link", "link": "$.next"}, auth={"kind": "bearer", "token": "TOKEN"})
    caught = trouble(server, tmp_path, contract)
    other.close()
    assert caught.kind == "broken"
    assert "lies on another host" in str(caught)
    assert other.asked == []


def test_credentials_never_follow_a_redirect_to_another_host(server, tmp_path):
    other = Server()
    server.answer = lambda _path, _params: (302, {"Location": f"{other.url}/api/orders"}, b"")
    caught = trouble(server, tmp_path, rest_contract(auth={"kind": "bearer", "token": "TOKEN"}))
    other.close()
    assert "lies on another host" in str(caught)
    assert other.asked == []


def test_a_redirect_on_the_same_host_is_followed(server, tmp_path):
    server.answer = lambda path, _params: (
        (301, {"Location": "/v2/orders"}, b"") if path == "/api/orders" else page([order(1)])
    )
    assert read(server, tmp_path)[0] == ["1"]


def test_redirects_without_end_are_broken(server, tmp_path):
    server.answer = lambda _path, _params: (302, {"Location": "/api/orders"}, b"")
    assert "redirects more than 5 times" in str(trouble(server, tmp_path))


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ({"kind": "bearer", "token": "TOKEN"}, "Authorization", f"Bearer {SECRET}"),
        ({"kind": "header", "token": "TOKEN", "name": "X-Key"}, "X-Key", SECRET),
        (
            {"kind": "basic", "token": "TOKEN", "user": "USER"},
            "Authorization",
            "Basic " + base64.b64encode(f"amy:{SECRET}".encode()).decode(),
        ),
    ],
)
def test_credentials_come_from_the_environment(server, tmp_path, auth, header, value):
    read(server, tmp_path, rest_contract(auth=auth))
    assert server.asked[0][2][header] == value


def test_a_token_in_the_query_is_sent_with_every_page_and_told_to_nobody(server, tmp_path):
    server.answer = lambda _path, params: (
        page([order(1)], next="/api/orders?p=2") if "p" not in params else page("{}", 500)
    )
    contract = rest_contract(
        {"kind": "next_link", "link": "$.next"}, auth={"kind": "query", "token": "TOKEN", "name": "key"}
    )
    trouble(server, tmp_path, contract)
    assert {asked[1]["key"] for asked in server.asked} == {SECRET}


@pytest.mark.parametrize(("status", "kind"), [(401, "denied"), (403, "denied"), (404, "missing"), (422, "broken")])
def test_refusals_are_told_at_once_with_their_kind(server, tmp_path, status, kind):
    server.answer = lambda _path, _params: page(f'{{"error": "no {SECRET}"}}', status)
    caught = trouble(server, tmp_path, rest_contract(auth={"kind": "bearer", "token": "TOKEN"}))
    assert (caught.kind, caught.is_retryable, len(server.asked)) == (kind, False, 1)
    assert f'answers {status}: \'{{"error": "no …"}}\'' in str(caught)


@pytest.mark.parametrize(("retry_after", "least"), [("7", 7), ("Fri, 20 Nov 2026 12:00:09 GMT", 9), ("nonsense", 0.5)])
def test_a_busy_source_is_given_the_time_it_asks_for(server, tmp_path, retry_after, least):
    server.answer = lambda _path, _params: (
        page("{}", 429, {"Retry-After": retry_after}) if len(server.asked) == 1 else page([order(1)])
    )
    pauses: list[float] = []
    assert read(server, tmp_path, pauses=pauses)[0] == ["1"]
    assert len(pauses) == 1
    assert least <= pauses[0] <= least + 0.5


def test_a_source_that_asks_for_an_hour_is_left_to_the_next_sync(server, tmp_path):
    server.answer = lambda _path, _params: page("{}", 429, {"Retry-After": "3600"})
    pauses: list[float] = []
    caught = trouble(server, tmp_path, pauses=pauses)
    assert (caught.kind, caught.is_retryable, pauses) == ("limited", True, [])
    assert "asks to wait 3600 s" in str(caught)


def test_a_rate_limit_in_the_middle_lands_nothing(server, tmp_path):
    server.answer = lambda _path, params: page([order(1)], next="/?p=2") if "p" not in params else page("{}", 429)
    pauses: list[float] = []
    caught = trouble(server, tmp_path, rest_contract({"kind": "next_link", "link": "$.next"}), pauses=pauses)
    assert (caught.kind, len(pauses)) == ("limited", 3)


def test_a_server_error_that_passes_is_overcome(server, tmp_path):
    server.answer = lambda _path, _params: page("{}", 503) if len(server.asked) < 3 else page([order(1)])
    assert read(server, tmp_path)[0] == ["1"]


def test_a_dead_server_is_unreachable(server, tmp_path):
    server.close()
    pauses: list[float] = []
    caught = trouble(server, tmp_path, pauses=pauses)
    assert (caught.kind, caught.is_retryable, len(pauses)) == ("unreachable", True, 3)


def test_a_server_that_does_not_answer_in_time_is_unreachable(server, tmp_path):
    hold = threading.Event()
    server.answer = lambda _path, _params: (hold.wait(5), page([]))[1]
    caught = trouble(server, tmp_path, rest_contract(timeout="0.1s"))
    hold.set()
    assert "did not answer within 0.1 s" in str(caught)


def test_a_login_page_is_not_taken_for_an_empty_answer(server, tmp_path):
    server.answer = lambda _path, _params: (200, {"Content-Type": "text/html"}, b"<html>" + b"x" * 200)
    caught = trouble(server, tmp_path)
    assert caught.kind == "error_page"
    assert f"is not JSON (content type: text/html); it starts '<html>{'x' * 74}'" in str(caught)


def test_a_page_without_its_list_is_broken_and_an_empty_list_is_not(server, tmp_path):
    server.answer = lambda _path, _params: page('{"items": [], "meta": {}}')
    caught = trouble(server, tmp_path)
    assert caught.kind == "broken"
    assert "has no list of records at $.orders (it has: items, meta)" in str(caught)
    server.answer = lambda _path, _params: page([])
    assert read(server, tmp_path)[0] == []


def test_a_record_that_is_no_object_is_broken(server, tmp_path):
    server.answer = lambda _path, _params: page([order(1), 2])
    assert "page 1 of" in str(trouble(server, tmp_path))


def test_a_required_key_that_no_record_has_is_missed_at_once(server, tmp_path):
    server.answer = lambda _path, _params: page([{"idd": 1, "at": "x"}])
    caught = trouble(server, tmp_path)
    assert caught.kind == "contract"
    assert "column 'id' is not in the records of" in str(caught)
    assert "did you mean 'idd'?" in str(caught)


def test_an_optional_key_is_missed_after_a_hundred_records_and_reported_before(server, tmp_path):
    bare = {"id": 1, "at": "x", "note": 1}
    server.answer = lambda _path, _params: page([bare] * 99)
    receipt = read(server, tmp_path)[1]
    assert (receipt.absent_columns, receipt.undeclared_columns) == (("customer.email",), ("note",))
    server.answer = lambda _path, _params: page([bare] * 100)
    assert "'customer.email' is not in" in str(trouble(server, tmp_path))


def test_a_key_under_a_null_parent_is_not_missed(server, tmp_path):
    server.answer = lambda _path, _params: page([{"id": 1, "at": "x", "customer": None}] * 100)
    assert read(server, tmp_path)[1].absent_columns == ()


def test_the_probe_knows_the_clock_after_the_first_answer(server, tmp_path):
    server.answer = lambda _path, _params: page([order(1)], total=1)
    paging = {"kind": "offset", "parameter": "offset", "size": 5, "total": "$.total"}
    source = open_source(rest_contract(paging), {"SHOP": server.url})
    assert (source.probe().clock, source.probe().row_count) == (None, None)
    read_all(source, tmp_path)
    probe = source.probe()
    source.close()
    assert probe.identity == f"{server.url}/api/orders"
    assert (probe.clock, probe.row_count) == (datetime(2026, 11, 20, 12, tzinfo=UTC), 1)


def test_that_there_is_no_more_in_an_export_is_no_word_on_how_far_the_source_reaches(server, tmp_path):
    server.answer = lambda _path, _params: page([order(1)], total=1, after="next", end=True)
    paging = {"kind": "cursor", "parameter": "cursor", "token": "$.after", "end": "$.end", "total": "$.total"}
    source = open_source(rest_contract(paging, cursor={"column": "at"}), {"SHOP": server.url})
    read_all(source, tmp_path)
    assert source.probe().newest is None
    source.close()


def test_a_newest_change_in_the_future_is_not_believed(server):
    server.answer = lambda _path, _params: page([], newest="2999-01-01T00:00:00Z")
    probe = {"path": "/extent", "newest": "$.newest"}
    source = open_source(rest_contract(cursor={"column": "at"}, probe=probe), {"SHOP": server.url})
    assert source.probe(before=datetime(2026, 11, 20, 12, tzinfo=UTC)).newest is None
    assert source.probe().newest == "2999-01-01T00:00:00Z"
    source.close()


def test_a_missing_environment_variable_is_named():
    contract = rest_contract(auth={"kind": "bearer", "token": "TOKEN"})
    with pytest.raises(FeedTrouble, match=r"environment variable TOKEN is not set\. Set TOKEN") as caught:
        open_source(contract, {"SHOP": "http://localhost", "TOKEN": " "})
    assert caught.value.kind == "contract"


def test_a_base_url_that_is_none_is_refused():
    with pytest.raises(FeedTrouble, match="SHOP holds no http or https URL"):
        open_source(rest_contract(), {"SHOP": "ftp://example.com"})
