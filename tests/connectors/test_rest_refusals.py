"""REST sources against a real HTTP server: credentials, patience, and answers that are not to be believed."""

import base64
import threading

import pytest

from tests.connectors.rest_server import SECRET, Server, order, page, read, rest_contract, trouble


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


def test_a_token_in_the_query_is_sent_with_every_page_and_told_to_nobody(server, tmp_path, caplog):
    caplog.set_level("DEBUG")
    server.answer = lambda _path, params: (
        page([order(1)], next="/api/orders?p=2") if "p" not in params else page("{}", 500)
    )
    contract = rest_contract(
        {"kind": "next_link", "link": "$.next"}, auth={"kind": "query", "token": "TOKEN", "name": "key"}
    )
    trouble(server, tmp_path, contract)
    assert {asked[1]["key"] for asked in server.asked} == {SECRET}
    assert "key=" not in caplog.text


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
