import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from http import HTTPStatus
from pathlib import Path

import httpx
import pytest

from connectors.http_semantics import trusted_authorities
from sample_company import company
from sample_company.faults.carrier_files import read_carrier
from sample_company.faults.chronicle import Chronicle
from sample_company.faults.fault import FAULTS, Fault
from sample_company.faults.registry import NOOP, all_faults, heal
from sample_company.faults.shown import Moment, Shown
from sample_company.happenings import DAILY_VOLUMES
from sample_company.server import Server, serve

LAST_GOOD_DAY, HEALED_DAY = 1, 4


@pytest.fixture(scope="module")
def chronicle(tmp_path_factory: pytest.TempPathFactory) -> Chronicle:
    return Chronicle(tmp_path_factory.mktemp("faults"), customers=100, seed=5, start=date(2024, 3, 4))


@pytest.fixture(scope="module")
def shown(chronicle: Chronicle, tmp_path_factory: pytest.TempPathFactory) -> Shown:
    return Shown(tmp_path_factory.mktemp("shown"), chronicle)


@pytest.fixture(scope="module")
def running(shown: Shown) -> Iterator[Server]:
    shown.show(0)
    with serve(shown.folder, port=0, refuse_every=0, clock=lambda: shown.chronicle.read_at(0)) as server:
        yield server


def moment_of(shown: Shown, day: int, severity: float = 1.0) -> Moment:
    reads_at = shown.chronicle.read_at
    return Moment(day, LAST_GOOD_DAY, reads_at(LAST_GOOD_DAY), reads_at(day), severity, lambda _: None)


def answers(shown: Shown, running: Server) -> list[object]:
    """What a reader of the services gets on two requests of tickets and actions."""
    running.interference = shown.interference
    urls = (
        "/helpdesk/api/v2/incremental/tickets/cursor.json?start_time=0",
        "/helpdesk/api/v2/incremental/tickets/cursor.json?cursor=MDow",
        "/mailer/3.0/activity?offset=0&count=1000",
        "/mailer/3.0/activity?offset=1000&count=1000",
    )
    bearer = {"Authorization": f"Bearer {company.HELPDESK_TOKEN}"}
    basic = httpx.BasicAuth(company.MAILER_USER, company.MAILER_TOKEN)
    found: list[object] = []
    with httpx.Client(verify=trusted_authorities()) as client:
        for url in urls:
            if "helpdesk" in url:
                answer = client.get(running.url + url, headers=bearer)
            else:
                answer = client.get(running.url + url, auth=basic)
            found.append((answer.status_code, answer.content))
    return found


def effect(fault: Fault, shown: Shown, running: Server, day: int) -> tuple[str, list[object]]:
    shown.show(day)
    fault.act(shown, moment_of(shown, day))
    return shown.fingerprint(), answers(shown, running)


@pytest.fixture(scope="module")
def true(shown: Shown, running: Server) -> list[tuple[str, list[object]]]:
    """What a reader sees on each day when nothing is wrong."""
    return [effect(NOOP, shown, running, day) for day in range(HEALED_DAY)]


@pytest.mark.parametrize("fault", all_faults().values(), ids=list(all_faults()))
def test_every_fault_changes_what_a_reader_sees_until_the_truth_is_shown_again(
    fault: Fault, shown: Shown, running: Server, true: list[tuple[str, list[object]]]
) -> None:
    days = range(HEALED_DAY - 1, LAST_GOOD_DAY, -1)
    assert any(effect(fault, shown, running, day) != true[day] for day in days)
    shown.show(LAST_GOOD_DAY)
    assert (shown.fingerprint(), answers(shown, running)) == true[LAST_GOOD_DAY]


def test_the_fault_that_is_none_changes_nothing(shown: Shown, running: Server) -> None:
    shown.show(3)
    before = shown.fingerprint(), answers(shown, running)
    NOOP.act(shown, moment_of(shown, 3))
    assert (shown.fingerprint(), answers(shown, running)) == before


def test_severity_is_the_share_of_rows_that_are_hit(shown: Shown) -> None:
    def left(severity: float) -> int:
        shown.show(3)
        FAULTS["hard_deletes"].act(shown, moment_of(shown, 3, severity))
        with sqlite3.connect(shown.folder / "shop" / "shop.db") as connection:
            return int(connection.execute("SELECT count(*) FROM orders").fetchone()[0])

    shown.show(3)
    whole = left(0.0)
    assert left(0.2) == pytest.approx(whole * 0.8, rel=0.1)
    assert left(1.0) < whole * 0.1  # the orders of the last days stay


def test_the_same_rows_are_hit_at_each_look(shown: Shown) -> None:
    def missing(day: int) -> set[int]:
        shown.show(day)
        with sqlite3.connect(shown.folder / "shop" / "shop.db") as connection:
            true = {row[0] for row in connection.execute("SELECT id FROM orders")}
        FAULTS["volume_drops"].act(shown, moment_of(shown, day, 0.5))
        with sqlite3.connect(shown.folder / "shop" / "shop.db") as connection:
            return true - {row[0] for row in connection.execute("SELECT id FROM orders")}

    assert missing(2)
    assert missing(2) <= missing(3)


def test_late_commits_go_on_showing_all_rows_that_were_the_newest_of_a_day(shown: Shown, chronicle: Chronicle) -> None:
    database = chronicle.day(2) / "shop" / "shop.db"
    kept = database.read_bytes()
    newest = "SELECT max(updated_at) FROM orders"
    with sqlite3.connect(database) as truth:
        latest = "SELECT id FROM orders WHERE created_at < '2100' ORDER BY created_at DESC LIMIT 3"
        truth.execute(f"UPDATE orders SET updated_at = ({newest}) WHERE id IN ({latest})")
    rows: list[set[tuple[int, str]]] = []
    for day in (2, 3):
        shown.show(day)
        FAULTS["late_commits"].act(shown, moment_of(shown, day))
        with sqlite3.connect(shown.folder / "shop" / "shop.db") as source:
            found = source.execute(f"SELECT id, updated_at FROM orders WHERE updated_at = ({newest}) OR {day} = 3")
            rows.append(set(found.fetchall()))
    database.write_bytes(kept)
    assert len(rows[0]) >= 3
    assert rows[0] <= rows[1]


def test_what_was_sent_wrong_comes_again_when_the_source_corrects_itself(shown: Shown) -> None:
    begun = shown.chronicle.read_at(LAST_GOOD_DAY).strftime("%Y-%m-%d %H:%M:%S")
    shown.show(HEALED_DAY)
    heal(FAULTS["hundredfold"], shown, moment_of(shown, HEALED_DAY), HEALED_DAY)
    with sqlite3.connect(shown.folder / "shop" / "shop.db") as connection:
        rows = connection.execute(
            "SELECT updated_at FROM orders WHERE updated_at > ? AND total_cents > 0", (begun,)
        ).fetchall()
    assert {row[0] for row in rows} == {"2024-03-09 00:04:00"}  # a minute before it is read


def test_a_file_that_comes_twice_keeps_its_number_and_its_lines(shown: Shown) -> None:
    shown.show(2)
    FAULTS["delivered_twice"].act(shown, moment_of(shown, 2))
    first, second = sorted(shown.files("carrier", shown.chronicle.read_at(1) - timedelta(seconds=1)))[-2:]
    assert (first.read_bytes(), read_carrier(first).sequence) == (second.read_bytes(), read_carrier(second).sequence)


def test_a_server_tells_the_time_of_its_own_clock(running: Server, chronicle: Chronicle) -> None:
    answer = httpx.get(f"{running.url}/helpdesk/api/v2/health")
    assert answer.status_code == HTTPStatus.OK
    assert answer.headers["Date"] == chronicle.read_at(0).strftime("%a, %d %b %Y %H:%M:%S GMT")


def test_a_day_brings_as_much_as_is_asked_for_and_what_is_done_besides(tmp_path: Path) -> None:
    def orders_of(day: int) -> tuple[int, int]:
        with closing(sqlite3.connect(life.day(day) / "shop" / "shop.db")) as shop:
            ((added, marked),) = shop.execute(
                "SELECT count(*), sum(email = 'besides') FROM orders WHERE date(created_at) = ?",
                (str(date(2024, 3, 4) + timedelta(days=day)),),
            ).fetchall()
        return added, marked or 0

    def mark(folder: Path, day: int) -> None:
        if day == 2:
            with closing(sqlite3.connect(folder / "shop" / "shop.db")) as shop, shop:
                shop.execute("UPDATE orders SET email = 'besides' WHERE date(created_at) = '2024-03-06'")

    # Of 10 customers: none but the least a day on day 1, 200 orders on day 2.
    volumes = {1: replace(DAILY_VOLUMES, orders=0.0), 2: replace(DAILY_VOLUMES, orders=20.0)}
    life = Chronicle(tmp_path, customers=10, seed=5, start=date(2024, 3, 4), volumes=volumes.__getitem__, besides=mark)
    assert orders_of(1) == (DAILY_VOLUMES.floor, 0)
    added, marked = orders_of(2)
    assert 150 < added < 250
    assert marked == added
    life.forget(before=2)
    assert sorted(kept.name for kept in (tmp_path / "days").iterdir()) == ["0000", "0002"]


def test_the_chronicle_keeps_each_day_as_it_was(chronicle: Chronicle) -> None:
    def orders(folder: Path) -> int:
        with sqlite3.connect(folder / "shop" / "shop.db") as connection:
            return int(connection.execute("SELECT count(*) FROM orders").fetchone()[0])

    first = orders(chronicle.day(0))
    assert orders(chronicle.day(3)) > first
    assert orders(chronicle.day(0)) == first
