import socket
import sqlite3
import struct
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import pytest

from sample_company import company, server
from sample_company.state import CompanyTrouble

BEARER = {"Authorization": f"Bearer {company.HELPDESK_TOKEN}"}
BASIC = httpx.BasicAuth(company.MAILER_USER, company.MAILER_TOKEN)


@pytest.fixture
def address(first_day: Path) -> Iterator[str]:
    with server.serve(first_day, port=0, refuse_every=0) as running:
        yield running.url


def export(address: str, name: str, start_time: int, per_page: int) -> list[dict[str, Any]]:
    url = f"{address}/helpdesk/api/v2/incremental/{name}/cursor.json?start_time={start_time}&per_page={per_page}"
    found: list[dict[str, Any]] = []
    while True:
        page = httpx.get(url, headers=BEARER).raise_for_status().json()
        assert len(page[name]) <= per_page
        found += page[name]
        if page["end_of_stream"]:
            return found
        url = page["after_url"]


@pytest.mark.parametrize("name", ["tickets", "users", "comments"])
def test_pages_of_an_export_hold_every_row_once_in_order_of_change(address: str, first_day: Path, name: str) -> None:
    found = export(address, name, 0, 37)
    rows = sqlite3.connect(first_day / "services.db").execute(f"SELECT id FROM {name}").fetchall()
    assert sorted(row["id"] for row in found) == sorted(row[0] for row in rows)
    assert [row["generated_timestamp"] for row in found] == sorted(row["generated_timestamp"] for row in found)


def test_start_time_includes_its_own_second_and_same_seconds_survive_a_page_break(address: str) -> None:
    tickets = export(address, "tickets", 0, 1000)
    seconds = [ticket["generated_timestamp"] for ticket in tickets]
    shared = next(second for second in reversed(seconds) if seconds.count(second) >= 2)
    found = export(address, "tickets", shared, 1)
    assert [ticket["id"] for ticket in found] == [
        ticket["id"] for ticket in tickets if ticket["generated_timestamp"] >= shared
    ]


def test_a_ticket_has_the_shape_of_the_helpdesk(address: str) -> None:
    ticket = next(t for t in export(address, "tickets", 0, 500) if t["id"] == 501)
    assert ticket["created_at"] == "2026-05-01T00:00:00Z"
    assert ticket["first_reply_at"] == "2026-05-01T02:00:00Z"
    assert ticket["via"]["channel"] == "email"
    assert ticket["tags"] == ["implementation", "follow_up"]
    assert ticket["satisfaction_rating"] == {"score": "bad"}
    assert ticket["custom_fields"] == [{"id": 360001, "value": "implementation"}, {"id": 360002, "value": "9001"}]
    guest = next(t for t in export(address, "tickets", 0, 500) if t["requester_id"] is None)
    assert "@" in guest["via"]["source"]["from"]["address"]


def test_without_the_right_credentials_nothing_is_told(address: str) -> None:
    url = f"{address}/helpdesk/api/v2/incremental/tickets/cursor.json?start_time=0"
    assert httpx.get(url).status_code == 401
    assert httpx.get(url, headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert httpx.get(f"{address}/mailer/3.0/campaigns", auth=httpx.BasicAuth("sample", "wrong")).status_code == 401
    assert httpx.get(f"{address}/helpdesk/api/v2/health").json() == {"status": "ok"}


def test_wrong_questions_are_told_what_is_wrong(address: str) -> None:
    base = f"{address}/helpdesk/api/v2/incremental/tickets/cursor.json"
    for query in ("", "?start_time=soon", "?cursor=%21%21", "?start_time=0&per_page=0"):
        answer = httpx.get(base + query, headers=BEARER)
        assert answer.status_code == 400
        assert answer.json()["description"]
    assert (
        httpx.get(f"{address}/helpdesk/api/v2/incremental/macros/cursor.json?start_time=0", headers=BEARER).status_code
        == 404
    )
    assert httpx.get(f"{address}/mailer/3.0/activity?since=soon", auth=BASIC).status_code == 400


def test_every_third_request_is_told_to_come_back_when_so_configured(first_day: Path) -> None:
    with server.serve(first_day, port=0, refuse_every=3) as running:
        url = f"{running.url}/mailer/3.0/campaigns"
        answers = [httpx.get(url, auth=BASIC) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200, 200, 429, 200, 200, 429]
    assert answers[2].headers["Retry-After"] == "1"


def test_offset_pages_of_the_mailer_hold_every_action_once(address: str) -> None:
    found: list[dict[str, Any]] = []
    while True:
        page = httpx.get(
            f"{address}/mailer/3.0/activity", params={"offset": len(found), "count": 700}, auth=BASIC
        ).json()
        found += page["activity"]
        if len(found) >= page["total_items"]:
            break
    assert len({action["id"] for action in found}) == len(found) == page["total_items"]
    assert {action["action"] for action in found} >= {"sent", "open", "click", "bounce"}
    assert any(action["is_machine"] is True for action in found)
    since = sorted(action["timestamp"] for action in found)[-40]
    later = httpx.get(f"{address}/mailer/3.0/activity", params={"count": 1000, "since": since}, auth=BASIC).json()
    assert later["total_items"] == sum(action["timestamp"] >= since for action in found)
    offset = datetime.fromisoformat(since).astimezone(UTC).isoformat()
    again = httpx.get(f"{address}/mailer/3.0/activity", params={"count": 1000, "since": offset}, auth=BASIC).json()
    assert again["total_items"] == later["total_items"]


@pytest.mark.parametrize(("kind", "name"), [("ticket", "tickets"), ("user", "users")])
def test_the_search_tells_what_changed_last_and_how_many_there_are(address: str, kind: str, name: str) -> None:
    params = {"query": f"type:{kind}", "sort_by": "updated_at", "sort_order": "desc", "per_page": 1}
    found = httpx.get(f"{address}/helpdesk/api/v2/search.json", params=params, headers=BEARER).raise_for_status().json()
    there = [row for row in export(address, name, 0, 1000) if row.get("status") != "deleted"]
    assert found["count"] == len(there)
    assert [row["updated_at"] for row in found["results"]] == [max(row["updated_at"] for row in there)]
    assert httpx.get(f"{address}/helpdesk/api/v2/search.json?query=type:macro", headers=BEARER).status_code == 400
    assert httpx.get(f"{address}/helpdesk/api/v2/search.json?query=type:user").status_code == 401


def test_the_first_report_of_the_mailer_is_that_of_the_newest_action(address: str) -> None:
    actions = httpx.get(f"{address}/mailer/3.0/activity", params={"count": 1000}, auth=BASIC).json()
    offset = {"count": 1000, "offset": actions["total_items"] - 1}
    newest = httpx.get(f"{address}/mailer/3.0/activity", params=offset, auth=BASIC).json()["activity"][0]
    found = httpx.get(f"{address}/mailer/3.0/reports", params={"count": 1}, auth=BASIC).json()
    assert [(one["id"], one["last_activity"]) for one in found["reports"]] == [
        (newest["campaign_id"], newest["timestamp"])
    ]
    everything = httpx.get(f"{address}/mailer/3.0/reports", params={"count": 1000}, auth=BASIC).json()
    assert found["total_items"] == len(everything["reports"])


def test_a_day_added_while_serving_shows_at_once(own_company: Path) -> None:
    with server.serve(own_company, port=0, refuse_every=0) as running:
        before = len(export(running.url, "tickets", 0, 1000))
        company.advance(own_company)
        assert len(export(running.url, "tickets", 0, 1000)) > before
        deleted = [ticket for ticket in export(running.url, "tickets", 0, 1000) if ticket["status"] == "deleted"]
        assert deleted


def test_an_empty_folder_cannot_be_served(tmp_path: Path) -> None:
    with pytest.raises(CompanyTrouble, match="no sample company to serve"):
        server.serve(tmp_path, port=0)


def test_a_client_that_was_killed_is_no_error_of_the_server(
    first_day: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = threading.Event()

    def late(*_: object) -> server.Answer:
        gone.wait(10)
        answered.set()
        return HTTPStatus.OK, {}, {"much": "x" * 10_000_000}

    gone = threading.Event()
    with server.serve(first_day, port=0, refuse_every=0) as running:
        monkeypatch.setattr(running, "answer", late)
        where = httpx.URL(running.url)
        with socket.create_connection((where.host, where.port or 0)) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: company\r\n\r\n")
            # As the system does it for a killed process: the connection is reset.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        gone.set()
        assert answered.wait(10)
        monkeypatch.undo()
        assert httpx.get(f"{running.url}/helpdesk/api/v2/health").json() == {"status": "ok"}
    assert capsys.readouterr().err == ""
