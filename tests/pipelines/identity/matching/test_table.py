"""The command for any table: what it writes, and what it says of wrong input."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.identity.matching.roles import WrongInput
from pipelines.identity.matching.table import resolve_table

ROWS = """record_id,first,last,mail,born
1,Anna,Lindqvist,anna.lindqvist@mail.example,1980-03-04
2,Ana,Lindqvist,anna.lindqvist@mail.example,1980-03-04
3,Peter,Lindqvist,lindqvist@home.example,1978-01-02
4,Peter,Lindqvist,lindqvist@home.example,1978-01-02
5,Rosa,Lindqvist,lindqvist@home.example,2001-12-31
6,,,,
"""
ROLES = "first: given_name\nlast: family_name\nmail: email\nborn: date_of_birth\n"


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, Path]:
    records, roles = tmp_path / "records.csv", tmp_path / "roles.yml"
    records.write_text(ROWS)
    roles.write_text(ROLES)
    return records, roles, tmp_path / "out.parquet"


def resolved(files: tuple[Path, Path, Path], **options: object) -> dict[str, dict[str, object]]:
    resolve_table(*files, **options)  # type: ignore[arg-type]
    return {row["record_id"]: row for row in pq.read_table(files[2]).to_pylist()}


def test_every_record_gets_a_customer_a_household_and_a_confidence(files: tuple[Path, Path, Path]) -> None:
    rows = resolved(files)
    assert {key: row["customer_id"] for key, row in rows.items()} == {
        "1": "1", "2": "1", "3": "3", "4": "3", "5": "5", "6": "6"
    }  # fmt: skip
    assert rows["3"]["household_id"] == rows["5"]["household_id"] == "3"
    assert rows["1"]["household_id"] == "1"
    assert all(0 <= row["confidence"] <= 1 for key, row in rows.items() if key != "6")  # type: ignore[operator]
    assert rows["6"]["confidence"] is None, "nothing was there to compare"


def test_what_people_decided_outranks_the_evidence(files: tuple[Path, Path, Path], tmp_path: Path) -> None:
    judgements = tmp_path / "judgements.csv"
    judgements.write_text("left_id,right_id,decision\n1,2,no_match\n5,6,match\n3,4,unsure\n1,77,match\n")
    rows = resolved(files, judgements=judgements)
    assert rows["2"]["customer_id"] == "2"
    assert rows["6"]["customer_id"] == "5"
    assert rows["4"]["customer_id"] == "3"


def test_decisions_that_contradict_each_other_are_named(files: tuple[Path, Path, Path], tmp_path: Path) -> None:
    judgements = tmp_path / "judgements.csv"
    judgements.write_text("left_id,right_id,decision\n1,2,match\n2,3,match\n1,3,no_match\n")
    with pytest.raises(WrongInput, match=r"1 no_match decisions contradict matches.*1 and 3"):
        resolved(files, judgements=judgements)


def test_the_explanation_adds_up_to_what_the_attributes_say(files: tuple[Path, Path, Path], tmp_path: Path) -> None:
    why = tmp_path / "why.parquet"
    resolved(files, explanation=why)
    rows = [row for row in pq.read_table(why).to_pylist() if (row["left_id"], row["right_id"]) == ("1", "2")]
    said = {row["attribute"]: row["level"] for row in rows}
    assert said["family_name"] == said["email"] == said["birth_date"] == "same"
    assert said["given_name"] in {"slip", "two_names", "nickname", "similar"}
    assert all(row["is_one_customer"] for row in rows)
    assert sum(row["bits"] for row in rows) == pytest.approx(rows[0]["pair_bits"], abs=1e-3)


def test_a_higher_threshold_joins_fewer(files: tuple[Path, Path, Path]) -> None:
    assert resolve_table(*files, threshold=0.999999).customers >= resolve_table(*files, threshold=0.5).customers


@pytest.mark.parametrize(
    ("roles", "said"),
    [
        ("first: given_name\nlast: famly_name\n", r"roles.yml:2: .*role famly_name. Did you mean family_name\?"),
        ("first: given_name\nsurname: family_name\n", "roles.yml: records.csv has no column surname. It has record_id"),
        ("first: given_name\nfirst: family_name\n", "roles.yml:2: column first stands in line 1 as well"),
        ("- first\n", "has no `column: role` lines"),
        ("", "has no `column: role` lines"),
        ("first: [given_name\n", "is not YAML"),
        ("last:\n", "gives no column a role"),
    ],
)  # fmt: skip
def test_wrong_roles_are_named_with_their_line(files: tuple[Path, Path, Path], roles: str, said: str) -> None:
    files[1].write_text(roles)
    with pytest.raises(WrongInput, match=said):
        resolve_table(*files)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("id,first\n1,Ann\n", "has no column record_id"),
        (ROWS + "1,Ann,Lee,,\n", r"record_ids in more than one row: 1 \(1\)"),
        (ROWS + ",Ann,Lee,,\n", "rows without a record_id: 1"),
    ],
)
def test_wrong_records_are_named(files: tuple[Path, Path, Path], rows: str, said: str) -> None:
    files[0].write_text(rows)
    with pytest.raises(WrongInput, match=said):
        resolve_table(*files)


def test_a_missing_file_and_a_folder_that_is_not_there_are_named(
    files: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    with pytest.raises(WrongInput, match="does not exist"):
        resolve_table(tmp_path / "none.parquet", *files[1:])
    with pytest.raises(WrongInput, match="cannot be written"):
        resolve_table(*files[:2], tmp_path / "nowhere" / "out.parquet")
    with pytest.raises(WrongInput, match="is no probability"):
        resolve_table(*files, threshold=1.5)


def test_no_records_give_no_customers(files: tuple[Path, Path, Path]) -> None:
    files[0].write_text(ROWS.splitlines()[0] + "\n")
    assert resolved(files) == {}


def test_parquet_with_dates_and_numbers_is_read_as_text(files: tuple[Path, Path, Path], tmp_path: Path) -> None:
    records = tmp_path / "records.parquet"
    table = pa.table(
        {
            "record_id": [1, 2],
            "first": ["Anna", "Anna"],
            "last": ["Lindqvist", "Lindqvist"],
            "mail": ["a@x.example", "a@x.example"],
            "born": pa.array([3000, 3000], pa.date32()),
        }
    )
    pq.write_table(table, records)
    assert resolve_table(records, *files[1:]).customers == 1


@pytest.mark.parametrize("given", ["records", "roles", "judgements"])
def test_a_file_that_is_read_is_not_written_over(files: tuple[Path, Path, Path], tmp_path: Path, given: str) -> None:
    (tmp_path / "judgements.csv").write_text("left_id,right_id,decision\n")
    read = {"records": files[0], "roles": files[1], "judgements": tmp_path / "judgements.csv"}
    before = {path: path.read_bytes() for path in read.values()}
    # The same file by another way to it.
    target = tmp_path / "sub" / ".." / read[given].name
    (tmp_path / "sub").mkdir()
    for output, explanation in ((target, None), (files[2], target), (files[2], files[2])):
        with pytest.raises(WrongInput, match="is named twice, and would be written over"):
            resolve_table(files[0], files[1], output, judgements=read["judgements"], explanation=explanation)
    assert {path: path.read_bytes() for path in read.values()} == before
    assert not files[2].exists()


def test_files_in_another_encoding_are_named_with_it(files: tuple[Path, Path, Path]) -> None:
    files[0].write_bytes(ROWS.replace("Anna", "J\xfcrgen").encode("latin-1"))
    with pytest.raises(WrongInput, match=r"records\.csv cannot be read as csv: .* not utf-8"):
        resolve_table(*files)
    files[1].write_bytes(b"\xff\xfe")
    with pytest.raises(WrongInput, match=r"roles\.yml is not text in UTF-8"):
        resolve_table(*files)
