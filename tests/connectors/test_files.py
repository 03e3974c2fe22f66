"""Folders of files: what is new, in what order, copied untouched, and what keeps a file from being read."""

import gzip
import hashlib
import os
from datetime import date
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.delivery import FeedTrouble, Window
from connectors.source import open_source
from tests.connectors.source_factory import column, lines, nothing_landed, order_contract, read_all, read_one, rejects

COLUMNS = {"order_id": "id", "ordered_at": "at", "email": {"json": "$.customer.email"}}
PLAIN = {"order_id": "id", "ordered_at": "at"}
FRAME = {
    "header": {"starts_with": "H|", "fields": ["kind", "sequence"]},
    "trailer": {"starts_with": "T|", "fields": ["kind", "rows"]},
}


def file_contract(columns: dict[str, object] = PLAIN, **source: object):
    return order_contract({"kind": "files", "pattern": "*.csv", "format": "csv", **source}, columns)


def drop(folder: Path, **files: bytes) -> str:
    path = folder / "drop"
    path.mkdir(exist_ok=True)
    for name, text in files.items():
        (path / name.replace("_csv", ".csv").replace("_jsonl", ".jsonl")).write_bytes(text)
    return str(path)


def labels(contract: object, connection: str, folder: Path, **more: object) -> list[str]:
    source = open_source(contract, {"SHOP": connection})  # type: ignore[arg-type]
    return [label for label, _, _ in read_all(source, folder, **more)]  # type: ignore[arg-type]


def row(number: int) -> bytes:
    return lines("id,at", f"{number},x")


def test_each_new_file_is_a_delivery_by_name_and_landed_ones_are_left_alone(tmp_path):
    connection = drop(tmp_path, b_csv=row(2), a_csv=row(1), c_csv=row(3), other_txt=b"x")
    assert labels(file_contract(), connection, tmp_path / "raw") == ["a.csv", "b.csv", "c.csv"]
    seen = []
    landed = lambda identity: seen.append(identity) or identity.name == "a.csv"  # noqa: E731
    assert labels(file_contract(), connection, tmp_path / "raw", is_landed=landed) == ["b.csv", "c.csv"]
    assert (seen[0].byte_count, seen[0].modified_at[-6:]) == (len(row(1)), "+00:00")


def test_the_sequence_in_the_header_comes_before_the_name(tmp_path):
    def framed(number: int) -> bytes:
        return lines(f"H|{number}", "id,at", f"{number},x", "T|1")

    connection = drop(tmp_path, a_csv=framed(10), b_csv=framed(9), c_csv=framed(8))
    assert labels(file_contract(**FRAME), connection, tmp_path / "raw") == ["c.csv", "b.csv", "a.csv"]


def test_the_bytes_are_kept_untouched_with_their_hash(tmp_path):
    text = b"\xef\xbb\xbfid,at\r\n1,x\r\n"
    _, receipt = read_one(file_contract(), drop(tmp_path, a_csv=text), tmp_path / "raw")
    [part] = receipt.parts
    assert (tmp_path / "raw" / "a.csv").read_bytes() == text
    assert (part.name, part.byte_count, part.sha256) == ("a.csv", len(text), hashlib.sha256(text).hexdigest())
    assert part.row_count == 1
    assert receipt.source_file is not None
    assert receipt.source_file.name == "a.csv"


def test_a_file_that_grows_while_it_is_copied_is_left_for_the_next_sync(tmp_path):
    connection = drop(tmp_path, a_csv=row(1), b_csv=row(2))

    def grow() -> Path:
        grow.calls += 1  # type: ignore[attr-defined]
        if grow.calls == 2:  # type: ignore[attr-defined]
            with (tmp_path / "drop" / "b.csv").open("ab") as file:
                file.write(b"3,y\n")
        return tmp_path / "raw"

    grow.calls = 0  # type: ignore[attr-defined]
    source = open_source(file_contract(), {"SHOP": connection})
    deliveries = source.deliveries(Window(), is_landed=nothing_landed, raw_folder=grow)
    assert next(deliveries).label == "a.csv"
    with pytest.raises(FeedTrouble, match=r"file \'b\.csv\' is still being written") as caught:
        next(deliveries)
    assert (caught.value.kind, caught.value.is_retryable) == ("unfinished", True)


def test_a_broken_file_is_told_after_the_files_around_it_were_handed_over(tmp_path):
    connection = drop(tmp_path, a_csv=row(1), b_csv=b"", c_csv=row(3))
    source = open_source(file_contract(), {"SHOP": connection})
    found: list[str] = []
    deliveries = source.deliveries(Window(), is_landed=nothing_landed, raw_folder=lambda: tmp_path / "raw")
    with pytest.raises(FeedTrouble, match=r"'b\.csv' is empty"):
        found.extend(delivery.label for delivery in deliveries)
    assert found == ["a.csv", "c.csv"]


def test_a_missing_folder_is_unreachable(tmp_path):
    with pytest.raises(FeedTrouble, match="nowhere is not there") as caught:
        labels(file_contract(), str(tmp_path / "nowhere"), tmp_path)
    assert (caught.value.kind, caught.value.is_retryable) == ("unreachable", True)


def test_a_file_in_the_place_of_its_folder_is_no_folder_without_files(tmp_path):
    (tmp_path / "drop").write_bytes(b"id\n1\n")
    with pytest.raises(FeedTrouble, match="drop is not a folder") as caught:
        labels(file_contract(), str(tmp_path / "drop"), tmp_path)
    assert caught.value.kind == "contract"


def test_a_folder_without_permission_is_denied(tmp_path):
    connection = drop(tmp_path, a_csv=row(1))
    if os.geteuid() != 0:
        Path(connection).chmod(0)
        with pytest.raises(FeedTrouble) as caught:
            labels(file_contract(), connection, tmp_path)
        Path(connection).chmod(0o700)
    else:  # root may read everything, so the refusal comes from a file system that refuses
        system = fsspec.filesystem("memory")

        class Refusing(type(system)):  # type: ignore[misc]
            protocol = "refusing"

            def ls(self, *_: object, **__: object) -> list[object]:
                raise PermissionError

        fsspec.register_implementation("refusing", Refusing, clobber=True)
        with pytest.raises(FeedTrouble) as caught:
            labels(file_contract(), "refusing://drop", tmp_path)
    assert caught.value.kind == "denied"


def test_a_folder_may_lie_behind_any_fsspec_url(tmp_path):
    system = fsspec.filesystem("memory")
    system.pipe("/inbox/2026/a.csv", row(7))
    system.pipe("/inbox/2026/b.txt", b"no")
    contract = file_contract(pattern="2026/*.csv")
    source = open_source(contract, {"SHOP": "memory://inbox"})
    [(label, table, receipt)] = read_all(source, tmp_path)
    assert (label, column(table, "id")) == ("2026/a.csv", ["7"])
    assert (tmp_path / "a.csv").read_bytes() == row(7)
    assert receipt.source_file is not None
    assert receipt.source_file.name == "2026/a.csv"
    assert source.probe().newest == "2026/a.csv"
    system.rm("/inbox", recursive=True)


def test_an_url_without_driver_is_a_matter_of_the_setup_and_tells_no_password(tmp_path):
    with pytest.raises(FeedTrouble, match="nosuch://host/drop cannot be opened") as caught:
        open_source(file_contract(), {"SHOP": "nosuch://amy:s3cr3t@host/drop"})
    assert caught.value.kind == "contract"
    assert "s3cr3t" not in str(caught.value)


def test_the_probe_names_the_newest_file(tmp_path):
    connection = drop(tmp_path, a_csv=row(1), b_csv=row(2))
    probe = open_source(file_contract(), {"SHOP": connection}).probe()
    assert (probe.identity, probe.newest, probe.clock, probe.row_count) == (connection, "b.csv", None, None)


def test_json_lines_keep_numbers_exact_and_reject_what_is_no_object(tmp_path):
    text = (
        b'\xef\xbb\xbf{"id": 9007199254740993, "at": 12.50, "customer": {"email": "a@example.com"}, "extra": 1}\n'
        b"{broken\n"
        b"\n"
        b'{"id": 1e400, "at": "x: 1.50, \\"y\\"", "customer": null}\r\n'
        b'{"id": 5, "id": 6, "at": 1}\n'
        b'{"id": 7, "at": "caf\xe9"}\n'
        b'{"id": 8, "at": "\\ud83d\\ude00", "customer": {"email": [1.10, {"n": -0}]}}'
    )
    contract = file_contract(COLUMNS, format="jsonl", pattern="*.jsonl")
    table, receipt = read_one(contract, drop(tmp_path, a_jsonl=text), tmp_path / "raw")
    assert table.to_pylist() == [
        {"id": "9007199254740993", "at": "12.50", "customer.email": "a@example.com"},
        {"id": "1e400", "at": 'x: 1.50, "y"', "customer.email": None},
        {"id": "8", "at": "😀", "customer.email": '[1.10,{"n":-0}]'},
    ]
    assert [(line, reason) for line, _, reason in rejects(receipt)] == [
        (2, "is not a JSON object"),
        (5, "names a key twice"),
        (6, "is not valid text in the declared encoding"),
    ]
    assert rejects(receipt)[2][1] == '{"id": 7, "at": "caf\\xe9"}'
    assert receipt.undeclared_columns == ("extra",)


def test_packed_json_lines_with_a_trailer_are_read(tmp_path):
    text = gzip.compress(lines("H|5", '{"id": 1, "at": 2}', "T|1"))
    contract = file_contract(format="jsonl", pattern="*.jsonl.gz", **FRAME)
    (tmp_path / "a.jsonl.gz").write_bytes(text)
    table, receipt = read_one(contract, str(tmp_path), tmp_path / "raw")
    assert (column(table, "id"), receipt.claimed_rows, receipt.sequence) == (["1"], 1, 5)


def test_ten_megabytes_in_one_json_string_pass(tmp_path):
    text = lines('{"id": 1, "at": "' + "x" * 10_000_000 + '"}', '{"id": 2, "at": "y"}')
    table, _ = read_one(
        file_contract(format="jsonl", pattern="*.jsonl"), drop(tmp_path, a_jsonl=text), tmp_path / "raw"
    )
    assert [len(value) for value in column(table, "at")] == [10_000_000, 1]


def test_a_json_document_is_read_by_its_records_path(tmp_path):
    (tmp_path / "a.json").write_bytes(b'{"data": {"rows": [{"id": 1.0, "at": "x"}, {"id": 2, "at": null}]}}')
    contract = file_contract(format="json", pattern="*.json", records="$.data.rows")
    assert column(read_one(contract, str(tmp_path), tmp_path / "raw")[0], "id") == ["1.0", "2"]


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        (b'{"data": [', "is not JSON"),
        (b'{"rows": []}', "has no list of records at $.data"),
        (b'{"data": {"id": 1}}', "has no list of records at $.data"),
        (b'{"data": ["\xe9"]}', "is not valid utf-8 at byte 11"),
        (b'{"data": [1]}', "record 1 is not a JSON object"),
    ],
)
def test_a_json_document_that_is_not_as_agreed_is_broken(tmp_path, text, fact):
    (tmp_path / "a.json").write_bytes(text)
    contract = file_contract(format="json", pattern="*.json", records="$.data")
    with pytest.raises(FeedTrouble) as caught:
        read_one(contract, str(tmp_path), tmp_path / "raw")
    assert caught.value.kind == "broken"
    assert fact in str(caught.value)


def test_parquet_keeps_its_types_and_claims_its_rows(tmp_path):
    table = pa.table({"at": [date(2026, 11, 20), None], "extra": [1, 2], "id": pa.array([1, 2], pa.int64())})
    pq.write_table(table, tmp_path / "a.parquet")
    contract = file_contract(format="parquet", pattern="*.parquet")
    found, receipt = read_one(contract, str(tmp_path), tmp_path / "raw")
    assert found.schema == pa.schema([("id", pa.int64()), ("at", pa.date32())])
    assert found.to_pylist() == [{"id": 1, "at": date(2026, 11, 20)}, {"id": 2, "at": None}]
    assert (receipt.claimed_rows, receipt.undeclared_columns) == (2, ("extra",))


def test_a_parquet_file_without_a_declared_column_or_its_end_is_refused(tmp_path):
    contract = file_contract(format="parquet", pattern="*.parquet")
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"id": [1], "att": [2]}), path)
    with pytest.raises(
        FeedTrouble, match=r"column 'at' is not in file 'a.parquet' \(it has: id, att; did you mean 'att'"
    ):
        read_one(contract, str(tmp_path), tmp_path / "raw")
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(FeedTrouble, match="is not a whole Parquet file") as caught:
        read_one(contract, str(tmp_path), tmp_path / "raw")
    assert caught.value.kind == "truncated"
