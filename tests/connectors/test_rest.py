"""REST sources against a real HTTP server: paging, what records hold, and how far the source reaches."""

import gzip
import hashlib
from datetime import UTC, datetime

import pytest

from connectors.delivery import FeedTrouble, Window
from connectors.source import open_source
from tests.connectors.rest_server import COLUMNS, Answer, order, page, read, rest_contract, trouble
from tests.connectors.source_factory import order_contract, read_all


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


def test_a_source_that_ignores_the_page_number_is_noticed_though_its_answers_tell_the_time(server, tmp_path):
    server.answer = lambda _path, _params: page([order(1), order(2)], now=len(server.asked))
    contract = rest_contract({"kind": "page", "parameter": "page"})
    caught = trouble(server, tmp_path, contract)
    assert caught.kind == "pages"
    assert "pages 1 and 2 of" in str(caught)
    assert len(server.asked) == 2


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
    assert receipt.undeclared_columns == ("note",)
    server.answer = lambda _path, _params: page([bare] * 100)
    assert "'customer.email' is not in" in str(trouble(server, tmp_path))


def test_a_key_under_a_null_parent_is_not_missed(server, tmp_path):
    server.answer = lambda _path, _params: page([{"id": 1, "at": "x", "customer": None}] * 100)
    rows, _ = read(server, tmp_path)
    assert len(rows) == 100


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
