"""Error pages: what tells an error is not taken for data, and data are not taken for an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.delivery import FeedTrouble
from connectors.error_page import is_error_document, is_error_file, is_page
from tests.connectors.source_factory import order_contract, read_one

DECLARED = ("id", "total")


@pytest.mark.parametrize(
    "start", [b"<!DOCTYPE html>", b"\n  <html lang='en'>", b"\xef\xbb\xbf<?xml version='1.0'?><Error>"]
)
def test_a_page_is_known_by_its_beginning(start: bytes) -> None:
    assert is_page(start)
    assert not is_page(b"id;<html>\n1;2\n")


@pytest.mark.parametrize(
    "document",
    [
        {"error": "invalid_token"},
        {"errors": [{"code": 17}], "data": None},
        {"message": "Not authorised", "status": 401},
        {"type": "about:blank", "title": "Gone", "detail": "moved"},
    ],
)
def test_a_document_that_tells_an_error_is_one(document: object) -> None:
    assert is_error_document(document, DECLARED)


@pytest.mark.parametrize(
    "document",
    [{"items": [], "meta": {}}, {"error": None, "items": []}, {"id": 1, "status": "paid"}, {}, [], "error", None],
)
def test_a_document_that_holds_something_else_is_none(document: object) -> None:
    assert not is_error_document(document, DECLARED)


@pytest.mark.parametrize("content", [b"<html><title>Sign in</title></html>", b'{"error": "the bucket is gone"}'])
def test_an_error_page_that_lies_in_the_folder_is_no_file_of_orders(tmp_path: Path, content: bytes) -> None:
    folder = tmp_path / "drop"
    folder.mkdir()
    (folder / "a.csv").write_bytes(content)
    contract = order_contract(
        {"kind": "files", "pattern": "*.csv", "format": "csv"}, {"order_id": "id", "ordered_at": "at"}
    )
    with pytest.raises(FeedTrouble, match="is an error page") as caught:
        read_one(contract, str(folder), tmp_path / "raw")
    assert caught.value.kind == "error_page"


def test_a_line_of_json_nested_deeper_than_a_parser_follows_is_no_error_page(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('{"error": ' + 3000 * "[" + 3000 * "]" + "}")
    assert not is_error_file(file, ["id"])
