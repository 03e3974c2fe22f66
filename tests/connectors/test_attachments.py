"""Files that lines name: there and whole, or what speaks against them, and files that no line names."""

import hashlib
from pathlib import Path

import pytest
from pydantic import ValidationError

from connectors.delivery import FeedTrouble
from connectors.source_spec import Attachments
from tests.connectors.source_factory import column, lines, order_contract, read_one, rejects

COLUMNS = {"order_id": "id", "ordered_at": "at", "status": "attachment_state"}
NAMED = {"name": "scan", "byte_count": "size", "sha256": "digest"}
SCAN = b"%PDF a letter"
DIGEST = hashlib.sha256(SCAN).hexdigest()


def contract(**source: object):
    files = {"kind": "files", "pattern": "*.csv", "format": "csv", "attachments": NAMED, **source}
    return order_contract(files, COLUMNS)


def drop(folder: Path, *told: str, scans: tuple[str, ...] = ("1.pdf",), trailer: str | None = None) -> str:
    """A drop folder with an index of these lines, each `scan,size,digest`, and scans of equal content."""
    place = folder / "drop"
    (place / "monday").mkdir(parents=True)
    for name in scans:
        (place / "monday" / name).write_bytes(SCAN)
    rows = [f"{number},x,{line}" for number, line in enumerate(told, 1)]
    (place / "monday.csv").write_bytes(lines("id,at,scan,size,digest", *rows, *([trailer] if trailer else [])))
    return str(place)


def states(folder: Path, *told: str, **more: tuple[str, ...]) -> list[object]:
    table, _ = read_one(contract(), drop(folder, *told, **more), folder / "raw")
    return column(table, "attachment_state")


def test_a_scan_of_the_size_and_digest_that_its_line_tells_is_whole(tmp_path):
    told = f"monday/1.pdf,{len(SCAN)},{DIGEST.upper()}"
    assert states(tmp_path, told, f"monday/1.pdf,,{DIGEST}", f"monday/1.pdf,{len(SCAN)},") == ["whole"] * 3


def test_a_scan_that_is_not_as_told_says_what_differs_and_keeps_back_no_other_line(tmp_path):
    assert states(
        tmp_path,
        f"monday/1.pdf,{len(SCAN) - 1},{DIGEST}",
        f"monday/1.pdf,{len(SCAN)},{'0' * 64}",
        f"monday/2.pdf,{len(SCAN)},{DIGEST}",
        f",{len(SCAN)},{DIGEST}",
        f"monday/1.pdf,{len(SCAN)},{DIGEST}",
    ) == ["size_differs", "content_differs", "missing", "unnamed", "whole"]


@pytest.mark.parametrize(
    "name",
    ["monday/../secret.pdf", "../secret.pdf", "secret.pdf", "tuesday/1.pdf", "/etc/passwd", "monday", "monday\\1.pdf"],
)
def test_a_name_that_leads_out_of_the_folder_is_not_followed(tmp_path, name):
    (tmp_path / "secret.pdf").write_bytes(SCAN)
    (tmp_path / "drop" / "tuesday").mkdir(parents=True)
    (tmp_path / "drop" / "tuesday" / "1.pdf").write_bytes(SCAN)
    assert states(tmp_path, f"{name},{len(SCAN)},{DIGEST}") == ["outside"]


def test_a_link_that_leads_out_of_the_folder_is_not_followed(tmp_path):
    (tmp_path / "secret.pdf").write_bytes(SCAN)
    connection = drop(tmp_path, f"monday/link.pdf,{len(SCAN)},{DIGEST}", f"monday/deep/secret.pdf,{len(SCAN)},{DIGEST}")
    (tmp_path / "drop" / "monday" / "link.pdf").symlink_to(tmp_path / "secret.pdf")
    (tmp_path / "drop" / "monday" / "deep").symlink_to(tmp_path)
    table, _ = read_one(contract(), connection, tmp_path / "raw")
    assert column(table, "attachment_state") == ["outside", "outside"]


def test_a_scan_that_no_line_names_is_told_and_is_no_line_to_the_senders_count(tmp_path):
    line = f"monday/1.pdf,{len(SCAN)},{DIGEST}"
    connection = drop(tmp_path, line, scans=("1.pdf", "3.pdf", "2.pdf", ".part"), trailer="T|1")
    framed = contract(trailer={"starts_with": "T|", "fields": ["kind", "rows"]})
    table, receipt = read_one(framed, connection, tmp_path / "raw")
    assert column(table, "attachment_state") == ["whole"]
    assert rejects(receipt) == [
        (-1, "monday/2.pdf", "no line names this file"),
        (-2, "monday/3.pdf", "no line names this file"),
    ]
    assert receipt.claimed_rows == 1


def test_an_index_whose_folder_of_scans_is_not_there_waits_for_it(tmp_path):
    connection = drop(tmp_path, f"monday/1.pdf,{len(SCAN)},{DIGEST}")
    (tmp_path / "drop" / "monday").rename(tmp_path / "drop" / "elsewhere")
    with pytest.raises(FeedTrouble, match="folder 'monday' with the files") as raised:
        read_one(contract(), connection, tmp_path / "raw")
    assert (raised.value.kind, raised.value.is_retryable) == ("unfinished", True)


def test_an_index_without_lines_needs_no_folder(tmp_path):
    connection = drop(tmp_path)
    (tmp_path / "drop" / "monday" / "1.pdf").unlink()
    (tmp_path / "drop" / "monday").rmdir()
    table, receipt = read_one(contract(), connection, tmp_path / "raw")
    assert (table.num_rows, rejects(receipt)) == (0, [])


def test_what_the_index_tells_of_its_scans_is_landed_and_what_was_found_is_no_column_of_it(tmp_path):
    connection = drop(tmp_path, f"monday/1.pdf,{len(SCAN)},{DIGEST}")
    table, receipt = read_one(contract(), connection, tmp_path / "raw")
    assert set(table.column_names) == {"id", "at", "scan", "size", "digest", "attachment_state"}
    assert receipt.undeclared_columns == ()


def test_a_file_that_nothing_is_told_of_but_its_name_cannot_be_declared():
    with pytest.raises(ValidationError, match="give 'byte_count' or 'sha256'"):
        Attachments(name="scan")
