from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from kinds import KINDS
from people import chunks, make
from scoring import Score, ScoringRefused, score

ROLES = {
    "given_name", "family_name", "middle_name", "full_name", "name_suffix", "date_of_birth", "birth_year",
    "birth_month", "birth_day", "sex", "email", "phone", "street", "street_number", "unit", "city", "region",
    "postal_code", "country", "address", "national_id", "organisation_name", "source", "category", "other",
}  # fmt: skip


def scored(clusters: dict[str, str]) -> Score:
    """Three records of Ann, two of Bob, one of Cid, put together as given: record → cluster."""
    truth = {"a1": "Ann", "a2": "Ann", "a3": "Ann", "b1": "Bob", "b2": "Bob", "c1": "Cid"}
    return score(
        pa.table({"record_id": list(truth), "entity_id": list(truth.values())}),
        pa.table({"record_id": list(clusters), "customer_id": list(clusters.values())}),
    )


def test_one_record_in_the_wrong_cluster() -> None:
    result = scored({"a1": "x", "a2": "x", "a3": "y", "b1": "y", "b2": "y", "c1": "z"})
    # Belong together: a1a2 a1a3 a2a3 b1b2. Put together: a1a2 a3b1 a3b2 b1b2.
    assert (result.true_pairs, result.found_pairs, result.right_pairs) == (4, 4, 2)
    assert (result.precision, result.recall, result.f1) == (0.5, 0.5, 0.5)
    assert (result.records, result.entities, result.clusters) == (6, 3, 3)
    # a1 to c1: the share of its cluster that is its own, then the share of its entity that is in its cluster.
    assert result.bcubed_precision == pytest.approx((1 + 1 + 1 / 3 + 2 / 3 + 2 / 3 + 1) / 6)
    assert result.bcubed_recall == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1 + 1 + 1) / 6)


def test_names_of_clusters_and_order_of_rows_do_not_matter() -> None:
    result = scored({"c1": "1", "b2": "2", "a3": "3", "b1": "2", "a1": "3", "a2": "3"})
    assert (result.precision, result.recall, result.f1, result.bcubed_f1) == (1, 1, 1, 1)


def test_nothing_put_together_is_precise_and_finds_nothing() -> None:
    result = scored({name: name for name in ("a1", "a2", "a3", "b1", "b2", "c1")})
    assert (result.found_pairs, result.precision, result.recall, result.f1) == (0, 1, 0, 0)
    assert result.bcubed_precision == 1
    assert result.bcubed_recall == pytest.approx((3 * 1 / 3 + 2 * 1 / 2 + 1) / 6)


def test_everything_in_one_cluster() -> None:
    result = scored(dict.fromkeys(("a1", "a2", "a3", "b1", "b2", "c1"), "x"))
    assert (result.found_pairs, result.right_pairs, result.precision, result.recall) == (15, 4, 4 / 15, 1)


def test_no_two_records_of_one_entity() -> None:
    ids = ["r1", "r2"]
    result = score(
        pa.table({"record_id": ids, "entity_id": ["A", "B"]}), pa.table({"record_id": ids, "customer_id": ["x", "y"]})
    )
    assert (result.true_pairs, result.recall, result.f1) == (0, 1, 1)


def test_pairs_of_a_large_cluster_are_counted_exactly() -> None:
    ids = [str(number) for number in range(200_000)]
    truth = pa.table({"record_id": ids, "entity_id": ["same"] * len(ids)})
    clusters = pa.table({"record_id": ids, "customer_id": ["same"] * len(ids)})
    assert score(truth, clusters).right_pairs == 200_000 * 199_999 // 2


@pytest.mark.parametrize(
    "clusters",
    [
        {"a1": "x", "a2": "x", "a3": "x", "b1": "y", "b2": "y"},
        {"a1": "x", "a2": "x", "a3": "x", "b1": "y", "b2": "y", "c1": None},
        {"a1": "x", "a2": "x", "a3": "x", "b1": "y", "b2": "y", "other": "z"},
    ],
    ids=["a record is missing", "a record has no cluster", "another record"],
)
def test_clusters_that_speak_of_other_records_are_refused(clusters: dict[str, Any]) -> None:
    with pytest.raises(ScoringRefused, match="every record needs exactly one cluster"):
        scored(clusters)


def test_a_record_in_two_clusters_is_refused() -> None:
    truth = pa.table({"record_id": ["r1", "r2"], "entity_id": ["A", "B"]})
    with pytest.raises(ScoringRefused):
        score(truth, pa.table({"record_id": ["r1", "r1"], "customer_id": ["x", "y"]}))


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_makes_the_same_set_and_another_seed_another(kind: str) -> None:
    def everything(seed: int) -> list[pa.Table]:
        return [table for pair in chunks(kind, 400, seed, 0.3, size=150) for table in pair]

    assert all(one.equals(other) for one, other in zip(everything(5), everything(5), strict=True))
    assert not everything(5)[0].equals(everything(6)[0])


@pytest.mark.parametrize("kind", KINDS)
def test_records_and_truth_name_the_same_records_once_in_the_same_order(kind: str, tmp_path: Path) -> None:
    make(kind, 500, 3, 0.3, tmp_path, "some")
    records, truth = pq.read_table(tmp_path / "some.parquet"), pq.read_table(tmp_path / "some_truth.parquet")
    roles = yaml.safe_load((tmp_path / "some.yml").read_text(encoding="utf-8"))
    assert records["record_id"].to_pylist() == truth["record_id"].to_pylist()
    assert len(set(records["record_id"].to_pylist())) == 500
    assert truth["entity_id"].null_count == 0
    assert records.column_names == ["record_id", *roles]
    assert set(roles.values()) <= ROLES
    assert {field.type for field in records.schema} == {pa.string()}


def found(kind: str, records: int, share: float, question: str) -> Any:
    """The answer of SQL over `records` joined with the truth, in a set made in three chunks."""
    parts = list(chunks(kind, records, 8, share, size=records // 3 + 1))
    with duckdb.connect() as connection:
        connection.register("seen", pa.concat_tables([seen for seen, _ in parts]))
        connection.register("truth", pa.concat_tables([truth for _, truth in parts]))
        connection.execute("CREATE VIEW records AS SELECT * FROM seen JOIN truth USING (record_id)")
        row = connection.execute(question).fetchone()
    assert row is not None
    return row[0]


def test_the_truth_lies_beside_its_own_records() -> None:
    # Nobody shares a mailbox where everybody lives alone, but for placeholders and slips of the pen.
    owners = (
        "SELECT avg((people = 1)::INTEGER) FROM "
        "(SELECT count(DISTINCT entity_id) AS people FROM records WHERE email LIKE '%.%@%.example' "
        "GROUP BY lower(email) HAVING count(*) > 1)"
    )
    assert found("crm", 3000, 0.0, owners) > 0.99


def test_neither_record_ids_nor_the_order_of_rows_say_who_is_who() -> None:
    for order in ("substr(record_id, 2)::INTEGER", "row"):
        question = (
            f"SELECT abs(corr({order}, substr(entity_id, 2)::INTEGER)) FROM (SELECT *, row_number() OVER () AS row "
            "FROM records)"
        )
        assert found("census", 3000, 0.6, question) < 0.08


def test_households_share_mailboxes_and_some_given_names_are_missing() -> None:
    shared = "SELECT count(*) FROM (FROM records SELECT email GROUP BY ALL HAVING count(DISTINCT entity_id) > 1)"
    assert found("crm", 3000, 0.6, shared) > found("crm", 3000, 0.0, shared) + 20
    missing = "SELECT avg((given_name IS NULL)::INTEGER) FROM records"
    assert 0.02 < found("crm", 3000, 0.3, missing) < 0.15


def test_a_role_mailbox_has_several_people_and_a_firm_several_spellings() -> None:
    sharers = (
        "SELECT max(n) FROM "
        "(SELECT count(DISTINCT entity_id) AS n FROM records WHERE email LIKE 'info@%' GROUP BY email)"
    )
    assert found("contacts", 3000, 0.3, sharers) >= 3
    spellings = "SELECT max(n) FROM (SELECT count(DISTINCT organisation_name) AS n FROM records GROUP BY entity_id)"
    assert found("organisations", 3000, 0.0, spellings) >= 4


def test_branches_in_other_towns_are_other_entities() -> None:
    towns = (
        "SELECT count(*) FROM (SELECT organisation_name FROM records GROUP BY ALL HAVING count(DISTINCT entity_id) > 1 "
        "AND count(DISTINCT city) > 1)"
    )
    assert found("organisations", 3000, 0.0, towns) > 30


def test_a_source_of_a_loyalty_set_has_everybody_once_at_most() -> None:
    twice = "SELECT count(*) FROM (FROM records SELECT source, entity_id GROUP BY ALL HAVING count(*) > 1)"
    assert found("loyalty", 3000, 0.3, twice) == 0
    assert found("loyalty", 3000, 0.3, "SELECT count(DISTINCT source) FROM records") == 2
    assert found("loyalty", 3000, 0.3, "SELECT count(date_of_birth) FROM records WHERE source = 'shop'") == 0


def test_roles_of_the_public_sets_are_roles_there_are() -> None:
    files = sorted((Path(__file__).parents[2] / "benchmarks" / "identity" / "roles").glob("*.yml"))
    assert len(files) == 7
    for file in files:
        assert set(yaml.safe_load(file.read_text(encoding="utf-8")).values()) <= ROLES
