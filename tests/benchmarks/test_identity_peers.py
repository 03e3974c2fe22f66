from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from blocking import rules_for
from constrained import constrained_clusters
from prepared import prepare


def groups(pairs: list[tuple[int, int]], people: Sequence[tuple[str | None, str | None, str | None]]) -> list[set[int]]:
    """Clusters of several people, each as (given name, birth date, source)."""
    clusters = constrained_clusters(pairs, *(list(column) for column in zip(*people, strict=True)))
    by_root: dict[int, set[int]] = {}
    for record, root in enumerate(clusters):
        by_root.setdefault(root, set()).add(record)
    return sorted((group for group in by_root.values() if len(group) > 1), key=min)


def test_a_pair_is_refused_when_its_clusters_hold_two_different_given_names() -> None:
    people = [("anna", None, None), (None, None, None), ("peter", None, None)]
    assert groups([(0, 1), (1, 2)], people) == [{0, 1}]
    assert groups([(1, 2), (0, 1)], people) == [{1, 2}]


def test_slips_in_a_name_and_initials_are_no_difference() -> None:
    assert groups([(0, 1), (1, 2)], [("hannah", None, None), ("hanna", None, None), ("h", None, None)]) == [{0, 1, 2}]


@pytest.mark.parametrize(("date", "is_one"), [("1970-02-11", True), ("1970-02-12", True), ("1971-02-12", False)])
def test_birth_dates_may_differ_in_one_digit(date: str, is_one: bool) -> None:
    assert bool(groups([(0, 1)], [("eva", "1970-02-11", None), ("eva", date, None)])) is is_one


def test_a_source_that_has_nobody_twice_lends_one_record_to_a_cluster() -> None:
    people = [("eva", None, "cards"), ("eva", None, "shop"), ("eva", None, "cards")]
    assert groups([(0, 1), (1, 2)], people) == [{0, 1}]


def prepared(tmp_path: Path, roles: dict[str, str], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    records = [{"record_id": str(number)} | row for number, row in enumerate(rows)]
    pq.write_table(pa.Table.from_pylist(records), tmp_path / "records.parquet")
    (tmp_path / "roles.yml").write_text(yaml.safe_dump(roles), encoding="utf-8")
    connection, columns = prepare(tmp_path / "records.parquet", tmp_path / "roles.yml")
    found = connection.execute(f"SELECT {', '.join(columns)} FROM records ORDER BY record_id").fetchall()
    return [dict(zip(columns, row, strict=True)) for row in found]


def test_peers_get_values_cleaned(tmp_path: Path) -> None:
    roles = {"name": "full_name", "tel": "phone", "mail": "email", "by": "birth_year", "bm": "birth_month"} | {
        "bd": "birth_day"
    }
    rows: list[dict[str, Any]] = [
        {"name": "Müller, Jörg", "tel": "+49 157 1474 9919", "mail": "J@X.Example", "by": "1970", "bm": "2", "bd": "9"},
        {"name": "Ana María Díaz", "tel": "n/a", "mail": "none", "by": None, "bm": None, "bd": None},
    ]
    one, other = prepared(tmp_path, roles, rows)
    assert (one["given_name"], one["family_name"], one["phone"]) == ("jorg", "muller", "714749919")
    assert (one["email"], one["date_of_birth"]) == ("j@x.example", "1970-02-09")
    assert (other["given_name"], other["family_name"]) == ("ana maria", "diaz")
    assert (other["phone"], other["email"], other["date_of_birth"]) == (None, None, None)


def test_rules_that_make_too_many_pairs_are_left_out(tmp_path: Path) -> None:
    rows = [{"given": f"name{number}", "town": "Oslo"} for number in range(40)] * 2
    pq.write_table(
        pa.Table.from_pylist([{"record_id": str(number)} | row for number, row in enumerate(rows)]),
        tmp_path / "records.parquet",
    )
    roles = {"given": "given_name", "town": "city"}
    (tmp_path / "roles.yml").write_text(yaml.safe_dump(roles), encoding="utf-8")
    connection, columns = prepare(tmp_path / "records.parquet", tmp_path / "roles.yml")
    assert ("given_name",) in rules_for(connection, columns, pairs_a_record=1)
    assert rules_for(connection, columns, pairs_a_record=0) == []
