"""CSV files: every line ends as a row or as a reject with its reason, whatever stands in it."""

import csv
import gzip
import io
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.csv_file import CsvFile
from connectors.delivery import FeedTrouble
from tests.connectors.source_factory import column, lines, order_contract, read_one, rejects

COLUMNS = {"order_id": "id", "ordered_at": "at", "street": "street"}
HEADER = "id,at,street"


def csv_contract(**source: object) -> object:
    return order_contract({"kind": "files", "pattern": "*.csv*", "format": "csv", **source}, COLUMNS)


def read(folder: Path, text: bytes, name: str = "orders.csv", **source: object):
    drop = folder / "drop"
    drop.mkdir(exist_ok=True)
    (drop / name).write_bytes(text)
    return read_one(csv_contract(**source), str(drop), folder / "raw")


def trouble(folder: Path, text: bytes, name: str = "orders.csv", **source: object) -> FeedTrouble:
    with pytest.raises(FeedTrouble) as caught:
        read(folder, text, name, **source)
    return caught.value


def test_rows_arrive_as_text_in_the_order_of_the_contract(tmp_path):
    table, receipt = read(tmp_path, lines("street,id,at,extra", "Main St,007,2026-11-20,x", ",1.50,,y"))
    assert table.schema.names == ["id", "at", "street"]
    assert table.to_pylist() == [
        {"id": "007", "at": "2026-11-20", "street": "Main St"},
        {"id": "1.50", "at": None, "street": None},
    ]
    assert receipt.undeclared_columns == ("extra",)


def test_what_a_killed_read_leaves_lies_beside_the_copy_of_the_file_and_nowhere_else(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "there is no such place"))
    copy = tmp_path / "raw" / "orders.csv"
    copy.parent.mkdir()
    copy.write_bytes(lines(HEADER, "1,2026-11-20,Main St"))
    contract = csv_contract()
    file = CsvFile(copy, copy.name, contract, contract.source)
    [split] = [path for path in copy.parent.rglob("*") if path.is_file() and path != copy]
    assert b"Main St" in split.read_bytes()
    assert sum(batch.num_rows for batch in file.batches()) == 1
    assert list(copy.parent.rglob("*")) == [copy]


def test_a_stray_quote_costs_its_own_line_and_no_other(tmp_path):
    """A parallel CSV reader that skips errors loses tens of thousands of rows here."""
    count = 300_000
    bad = {12_345, 200_000, 299_999}
    rows = [f'{i},"a"b",x' if i in bad else f'{i},"v, {i}",x' for i in range(count)]
    table, receipt = read(tmp_path, lines(HEADER, *rows))
    assert set(column(table, "id")) == {str(i) for i in range(count) if i not in bad}
    assert rejects(receipt) == [(i + 2, f'{i},"a"b",x', "has text after a closing quote") for i in sorted(bad)]


def test_a_quote_that_is_never_closed_costs_its_own_line(tmp_path):
    rows = [f'{i},"v {i}",x' for i in range(1000)]
    rows[500] = '500,"v,x'
    table, receipt = read(tmp_path, lines(HEADER, *rows))
    assert table.num_rows == 999
    assert rejects(receipt) == [(502, '500,"v,x', "has a quote that opens a value and does not close it")]


def test_two_unclosed_quotes_do_not_swallow_the_rows_between(tmp_path):
    rows = [f"{i},v,x" for i in range(10)]
    rows[2], rows[7] = '2,"v,x', '7,v",x'
    table, receipt = read(tmp_path, lines(HEADER, *rows))
    assert column(table, "id") == ["0", "1", "3", "4", "5", "6", "7", "8", "9"]
    assert column(table, "at")[6] == 'v"'
    assert [line for line, _, _ in rejects(receipt)] == [4]


def test_newlines_delimiters_and_quotes_inside_quotes_belong_to_the_value(tmp_path):
    table, receipt = read(tmp_path, lines(HEADER, '1,"a\r\nb, ""c""\n\n",x', "2,b,y"))
    assert table.to_pylist() == [
        {"id": "1", "at": 'a\r\nb, "c"\n\n', "street": "x"},
        {"id": "2", "at": "b", "street": "y"},
    ]
    assert rejects(receipt) == []


def test_inches_in_an_unquoted_value_are_kept(tmp_path):
    table, _ = read(tmp_path, lines(HEADER, '1,5" pipe,x', '2,a 3" x 4" board,y'))
    assert column(table, "at") == ['5" pipe', 'a 3" x 4" board']


def test_short_and_long_lines_are_rejected_with_their_line_numbers(tmp_path):
    text = lines(HEADER, "1,a,x", "", "2,b", '3,"c\nd",y', "4,e,z,too,many", "5,f,w")
    table, receipt = read(tmp_path, text)
    assert column(table, "id") == ["1", "3", "5"]
    assert [(line, raw) for line, raw, _ in rejects(receipt)] == [(4, "2,b"), (7, "4,e,z,too,many")]
    assert [reason for _, _, reason in rejects(receipt)] == ["missing columns", "too many columns"]


@pytest.mark.parametrize("delimiter", [",", "||"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_value_split_by_an_unquoted_delimiter_is_rejected_though_the_last_column_is_empty(tmp_path, delimiter, end):
    rows = lines(HEADER, "1,a,x", "2,b,", "3,c,5, Main St", "4,5, Main St,", '5,"d,e",', "6,,")
    text = rows.replace(b'"d,e"', b'"d;e"').replace(b",", delimiter.encode()).replace(b"\n", end)
    table, receipt = read(tmp_path, text, delimiter=delimiter)
    assert column(table, "id") == ["1", "2", "5", "6"]
    assert [(line, raw.replace(delimiter, ",")) for line, raw, _ in rejects(receipt)] == [
        (4, "3,c,5, Main St"),
        (5, "4,5, Main St,"),
    ]


def test_a_file_whose_every_line_ends_in_a_delimiter_is_read_and_a_line_longer_still_rejected(tmp_path):
    table, receipt = read(tmp_path, lines(HEADER, "1,a,x,", "2,b,,", "3,5, Main St,y,", "4,c,z"))
    assert table.to_pylist() == [
        {"id": "1", "at": "a", "street": "x"},
        {"id": "2", "at": "b", "street": None},
        {"id": "4", "at": "c", "street": "z"},
    ]
    assert [line for line, _, _ in rejects(receipt)] == [4]


def test_line_ends_of_windows_old_macs_and_mixtures_read_alike(tmp_path):
    expected = [{"id": "1", "at": "a", "street": "x"}, {"id": "2", "at": "b", "street": "y"}]
    for text in (b"id,at,street\r\n1,a,x\r\n2,b,y\r\n", b"id,at,street\r1,a,x\r2,b,y", b"id,at,street\n1,a,x\r\n2,b,y"):
        assert read(tmp_path, text)[0].to_pylist() == expected


def test_a_header_line_that_ends_in_another_way_than_the_lines_after_it_is_broken_and_shown(tmp_path):
    caught = trouble(tmp_path, b"id,at,street\r1,2026-11-20,Main St\r\n")
    assert caught.kind == "broken"
    assert "the header line of file 'orders.csv' cannot be read: it starts 'id,at,street\\r1" in str(caught)
    assert "end every line of the file alike" in str(caught)


def test_a_carriage_return_inside_a_plain_value_stays_in_it(tmp_path):
    table, receipt = read(tmp_path, b"id,at,street\n1,a\rb,x\n2,c,y\n")
    assert column(table, "at") == ["a\rb", "c"]
    assert rejects(receipt) == []


def test_a_byte_order_mark_does_not_hide_the_first_column(tmp_path):
    assert column(read(tmp_path, "\ufeffid,at,street\n1,a,x\n".encode())[0], "id") == ["1"]


def test_bytes_that_are_no_utf8_are_rejected_and_shown(tmp_path):
    table, receipt = read(tmp_path, b"id,at,street\n1,caf\xe9,x\n2,caf\xc3\xa9,y\n")
    assert column(table, "at") == ["café"]
    assert rejects(receipt) == [(2, "1,caf\\xe9,x", "is not valid text in the declared encoding")]


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16", "utf-16-le", "utf-8-sig", "cp1250"])
def test_other_encodings_are_read_as_the_contract_says(tmp_path, encoding):
    table, receipt = read(
        tmp_path,
        "id,at,street\n1,Zoë,Äußere Straße\n".encode(encoding)
        if encoding != "cp1250"
        else "id,at,street\n1,Łódź,x\n".encode("cp1250"),
        encoding=encoding,
    )
    assert column(table, "at") == ["Łódź" if encoding == "cp1250" else "Zoë"]
    assert rejects(receipt) == []


def test_a_byte_unknown_to_another_encoding_is_rejected_not_replaced(tmp_path):
    table, receipt = read(tmp_path, b"id,at,street\n1,a\x81b,x\n2,b,y\n", encoding="cp1252")
    assert column(table, "id") == ["2"]
    assert rejects(receipt) == [(2, "1,a\\x81b,x", "is not valid text in the declared encoding")]


def test_utf_16_without_a_byte_order_mark_is_a_mistake_of_the_contract(tmp_path):
    text = lines(HEADER, "1,2026-11-20,Zoë St").decode()
    caught = trouble(tmp_path, text.encode("utf-16-le"), encoding="utf-16")
    assert caught.kind == "contract"
    assert "is not utf-16 (UTF-16 stream does not start with BOM). Correct 'encoding' in the contract" in str(caught)
    table, _ = read(tmp_path, text.encode("utf-16-le"), encoding="utf-16-le")
    assert column(table, "street") == ["Zoë St"]


def test_half_of_a_surrogate_pair_is_rejected_and_shown_as_what_it_is(tmp_path):
    table, receipt = read(tmp_path, b"id,at,street\n1,2026-11-20,\xed\xa0\xbd St\n2,2026-11-20,b\n")
    assert column(table, "id") == ["2"]
    assert rejects(receipt) == [(2, "1,2026-11-20,\\ud83d St", "is not valid text in the declared encoding")]


def test_an_unknown_encoding_is_a_mistake_of_the_contract(tmp_path):
    assert trouble(tmp_path, b"id\n", encoding="utf-9").kind == "contract"


def test_emoji_right_to_left_text_and_nul_bytes_survive(tmp_path):
    values = ["😀👨‍👩‍👧", "שלום, עולם", "مرحبا", "a\x00b", "ﬁ\u0301"]
    table, receipt = read(tmp_path, lines(HEADER, *(f'{i},"{v}",x' for i, v in enumerate(values))))
    assert column(table, "at") == values
    assert rejects(receipt) == []


def test_a_value_of_ten_megabytes_passes(tmp_path):
    table, receipt = read(tmp_path, lines(HEADER, f'1,"{"x" * 10_000_000}",x', "2,b,y"))
    assert [len(value) for value in column(table, "at")] == [10_000_000, 1]
    assert rejects(receipt) == []


def test_a_quoted_value_may_cross_the_pieces_in_which_a_file_is_read(tmp_path):
    rows = [f'{i},"first {i}\nsecond ""{i}""",x' for i in range(250_000)]
    table, receipt = read(tmp_path, lines(HEADER, *rows))
    assert table.num_rows == 250_000
    assert column(table, "at")[249_999] == 'first 249999\nsecond "249999"'
    assert rejects(receipt) == []


def test_empty_values_are_null_quoted_or_not(tmp_path):
    assert column(read(tmp_path, lines(HEADER, '1,,""'))[0], "street") == [None]


def test_delimiter_quote_and_escape_follow_the_contract(tmp_path):
    table, _ = read(tmp_path, lines("id;at;street", "1;'it\\'s; so';x"), delimiter=";", quote="'", escape="\\")
    assert column(table, "at") == ["it's; so"]


def test_without_a_quote_character_quotes_are_plain_text(tmp_path):
    table, _ = read(tmp_path, lines("id|at|street", '1|"a|x'), delimiter="|", quote="", escape="")
    assert column(table, "at") == ['"a']


def test_tab_separated_files_need_no_delimiter(tmp_path):
    assert column(read(tmp_path, b"id\tat\tstreet\n1\ta,b\tx\n", format="tsv")[0], "at") == ["a,b"]


def test_a_file_without_header_line_takes_its_names_from_the_contract(tmp_path):
    table, _ = read(tmp_path, lines("1,a,x"), columns=["id", "at", "street"])
    assert table.to_pylist() == [{"id": "1", "at": "a", "street": "x"}]


def test_a_header_line_alone_is_an_empty_delivery(tmp_path):
    table, receipt = read(tmp_path, lines(HEADER))
    assert (table.num_rows, receipt.rejects.num_rows) == (0, 0)


def test_an_empty_file_is_truncated(tmp_path):
    caught = trouble(tmp_path, b"")
    assert caught.kind == "truncated"
    assert "orders.csv' is empty (0 bytes)" in str(caught)


def test_a_missing_column_is_named_with_the_nearest_one(tmp_path):
    caught = trouble(tmp_path, lines("id,at,streets", "1,a,x"))
    assert caught.kind == "contract"
    assert "column 'street' is not in file 'orders.csv' (it has: id, at, streets; did you mean 'streets'?)" in str(
        caught
    )


def test_a_column_named_twice_is_refused(tmp_path):
    caught = trouble(tmp_path, lines("id,at,street,at", "1,a,x,b"))
    assert caught.kind == "contract"
    assert "names column at twice" in str(caught)


def test_a_packed_file_is_read_and_kept_packed(tmp_path):
    packed = gzip.compress(lines(HEADER, "1,a,x")) + gzip.compress(lines("2,b,y"))
    table, receipt = read(tmp_path, packed, "orders.csv.gz")
    assert column(table, "id") == ["1", "2"]
    assert (tmp_path / "raw" / "orders.csv.gz").read_bytes() == packed
    assert receipt.parts[0].byte_count == len(packed)


def test_a_packed_file_that_was_cut_off_is_truncated_at_a_byte(tmp_path):
    packed = gzip.compress(random.Random(1).randbytes(50_000))[:30_000]
    caught = trouble(tmp_path, packed, "orders.csv.gz")
    assert caught.kind == "truncated"
    assert "'orders.csv.gz' is cut off at byte 30,000" in str(caught)


def test_a_damaged_packed_file_is_broken(tmp_path):
    packed = bytearray(gzip.compress(lines(HEADER, *(f"{i},a,x" for i in range(5000)))))
    packed[len(packed) // 2] ^= 0xFF
    caught = trouble(tmp_path, bytes(packed), "orders.csv.gz")
    assert caught.kind == "broken"
    assert "damaged near byte" in str(caught)


FRAME = {
    "header": {"starts_with": "H|", "fields": ["kind", "sender", "sequence", "business_date"]},
    "trailer": {"starts_with": "T|", "fields": ["kind", "rows", "sum:street"]},
}


def test_header_and_trailer_records_are_claims_and_no_rows(tmp_path):
    text = lines("H|CARRIER|17|20261120", HEADER, "1,a,10.50", "2,b,1.25", "T|2|11.75") + b"\n"
    table, receipt = read(tmp_path, text, **FRAME)
    assert column(table, "id") == ["1", "2"]
    assert (receipt.sequence, receipt.business_date, receipt.claimed_rows) == (17, "2026-11-20", 2)
    assert {name: str(total) for name, total in receipt.claimed_totals.items()} == {"street": "11.75"}
    assert receipt.other_claims == {"kind": "T", "sender": "CARRIER"}


def test_rejects_of_a_framed_file_keep_the_line_numbers_of_the_file(tmp_path):
    text = lines("H|CARRIER|17|20261120", HEADER, "1,a,10.50", "2,b", "T|2|11.75")
    assert [line for line, _, _ in rejects(read(tmp_path, text, **FRAME)[1])] == [4]


def test_a_file_without_its_trailer_was_cut_off(tmp_path):
    caught = trouble(tmp_path, lines("H|CARRIER|17|20261120", HEADER, "1,a,10.50"), **FRAME)
    assert caught.kind == "truncated"
    assert "has no trailer record (it ends with '1,a,10.50', expected 'T|…'): it was probably cut off" in str(caught)


def test_a_file_without_its_header_record_is_broken(tmp_path):
    assert "has no header record" in str(trouble(tmp_path, lines(HEADER, "1,a,1", "T|1|1"), **FRAME))


def test_a_trailer_that_cannot_be_read_is_broken(tmp_path):
    caught = trouble(tmp_path, lines("H|CARRIER|17|20261120", HEADER, "1,a,1", "T|one|1"), **FRAME)
    assert "says rows 'one', which cannot be read" in str(caught)


@pytest.mark.parametrize("seed", range(40))
def test_every_line_of_a_badly_quoted_file_ends_as_a_row_or_a_reject(tmp_path, seed):
    """Random faults; every good row has an id found nowhere else, and none may be missing."""
    chance = random.Random(seed)
    rows, good, ambiguous = [], set(), set()
    for number in range(2000):
        kind = chance.random()
        if kind < 0.9:
            rows.append(f'{number},"a {number}, ""q""",x' if chance.random() < 0.5 else f"{number},plain,x")
            good.add(str(number))
        elif kind < 0.93:
            rows.append(f'{number},"line\n{number}\n",x')
            good.add(str(number))
        elif kind < 0.95:
            rows.append(f'{number},"a"b",x')
        elif kind < 0.97:
            rows.append(f'{number},"a"b"c",x')
        elif kind < 0.98:
            rows.append(f"{number},short")
        else:
            rows.append(f'{number},"never closed,x')
            ambiguous |= {str(number + 1)}
    table, receipt = read(tmp_path, lines(HEADER, *rows))
    found = set(column(table, "id"))
    accounted = " ".join(raw for _, raw, _ in rejects(receipt)) + " ".join(
        f"{row['id']},{row['at']}" for row in table.to_pylist()
    )
    # The row after an unclosed quote may be read as its continuation; then it is in the value, not lost.
    assert good - found <= ambiguous
    assert all(number in accounted for number in good)
    assert len(found) == table.num_rows


cells = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    ['"', '""', ",", "\n", "\r\n", "\r", '","', "a\nb\n", " ", 'é,"', "\x00", "\ufeff"]
)


# With newlines alone as line ends the writer leaves a carriage return unquoted, which reads as half a line end.
styles = st.sampled_from([(csv.QUOTE_MINIMAL, "\r\n"), (csv.QUOTE_ALL, "\n"), (csv.QUOTE_ALL, "\r\n")])


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
@given(st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=8), styles)
def test_what_a_csv_writer_wrote_is_read_back(tmp_path, rows, style):
    """Python's csv module is the oracle; an empty value and NULL are one in CSV."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=style[0], lineterminator=style[1])
    writer.writerows([("id", "at", "street"), *rows])
    table, receipt = read(tmp_path, text.getvalue().encode())
    assert rejects(receipt) == []
    assert [tuple(row.values()) for row in table.to_pylist()] == [tuple(v or None for v in row) for row in rows]


def test_a_parser_that_loses_a_row_is_found_out(tmp_path, monkeypatch):
    query = CsvFile._query
    monkeypatch.setattr(CsvFile, "_query", lambda self, body: f"FROM ({query(self, body)}) LIMIT 2")
    caught = trouble(tmp_path, lines(HEADER, "1,a,x", "2,b,x", "3,c,x"))
    assert caught.kind == "broken"
    assert "holds 3 records, but the parser found 2 rows and refused 0" in str(caught)
