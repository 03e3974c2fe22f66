"""Splink in place of our model. What needs Splink or Spark is tested where they are installed."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.cli.console import WRONG_USE
from pipelines.cli.resolve import app
from pipelines.identity.matching import backends, reading
from pipelines.identity.matching.backends import Backend
from pipelines.identity.matching.evidence import Evidence
from pipelines.identity.matching.judgements import Judgements
from pipelines.identity.matching.roles import WrongInput
from pipelines.identity.matching.table import resolve_table
from pipelines.identity.matching.with_splink.comparisons import settings
from pipelines.identity.matching.with_splink.match import match, share_of_matches
from pipelines.identity.matching.with_splink.records import records
from pipelines.identity.matching.with_splink.training import training_blocks
from tests.pipelines.identity.matching.factory import CRM_ROLES, ROLES, crowd, pairwise_f1, table_of

NINE_TO_ONE = float(np.log2(9))


def read(*rows: dict[str, str]) -> Evidence:
    return reading.read(table_of(*rows), ROLES)


def compared(columns: list[str], dialect: str = "duckdb") -> dict[str, list[str]]:
    """Conditions of the levels of each comparison."""
    return {
        comparison["output_column_name"]: [level["sql_condition"] for level in comparison["comparison_levels"]]
        for comparison in settings(columns, dialect)["comparisons"]
    }


def blocks(table: pa.Table) -> list[tuple[str, ...]]:
    return list(training_blocks(table, settings(table.column_names, "duckdb")["comparisons"]))


def test_records_become_columns_of_text_and_what_says_nothing_is_left_out() -> None:
    table = records(
        read(
            {"given": "Anna", "born": "1980-03-04", "street": "12 Elm Street", "code": "62704", "city": "Springfield"},
            {"given": "Ben", "born": "1980", "street": "12 Elm St", "code": "62704", "city": "Springfield"},
            {"given": "Cleo", "street": "7 Oak Road", "code": "62704", "city": "Springfield"},
        )
    )
    rows = table.to_pydict()
    assert rows["record"] == [0, 1, 2]
    assert rows["given"] == ["anna", "ben", "cleo"]
    assert rows["birth"] == ["19800304", "19800000", None]
    assert rows["home"][0] == rows["home"][1] != rows["home"][2], "one street written in two ways"
    assert not {"postal_code", "city", "family"} & set(rows), "one town for all tells nobody from anybody"


def test_comparisons_follow_from_the_columns_there_are() -> None:
    found = compared(["given", "birth", "phones_0", "street", "home", "city", "category_0", "house"])
    assert list(found) == ["given", "birth", "phones_0", "category_0", "address"]
    assert found["phones_0"] == [
        "(phones_0_l IS NULL OR phones_0_r IS NULL)",
        "phones_0_l = phones_0_r",
        "damerau_levenshtein(phones_0_l, phones_0_r) <= 1",
        "ELSE",
    ]
    assert found["address"][2] == "jaro_winkler_similarity(street_l, street_r) >= 0.93 AND (city_l = city_r)"


def test_a_second_telephone_is_compared_with_the_first() -> None:
    crossed = compared(["phones_0", "phones_1"])["phones_0"][2]
    assert crossed == "phones_0_l = phones_1_r OR phones_1_l = phones_0_r OR phones_1_l = phones_1_r"


def test_spark_calls_its_functions_by_their_own_names() -> None:
    assert "jaro_winkler(given_l, given_r) >= 0.92" in compared(["given"], "spark")["given"]


def test_agreement_weighs_by_how_common_the_value_is() -> None:
    (comparison,) = settings(["family"], "duckdb")["comparisons"]
    weighed = {level["sql_condition"]: level.get("tf_adjustment_column") for level in comparison["comparison_levels"]}
    assert weighed["family_l = family_r"] == "family"
    assert [column for condition, column in weighed.items() if condition != "family_l = family_r"] == [None] * 5


def test_each_comparison_is_learned_in_a_block_that_leaves_it_free() -> None:
    names = {"given": ["ann", "ann", "bob"], "family": ["lee", "lee", "ray"]}
    # Names alone: each is learned among those who share the other.
    assert blocks(pa.table(names)) == [("given",), ("family",)]
    # With birth dates: these among namesakes, and names among those born on one day.
    assert blocks(pa.table(names | {"birth": ["1", "1", "2"]})) == [("given", "family"), ("birth",)]
    # A block without a pair teaches nothing.
    assert blocks(pa.table(names | {"birth": ["1", "2", "3"]})) == [("given", "family"), ("given",), ("family",)]


def test_the_share_of_matches_is_what_the_pairs_say_together() -> None:
    # Of 45 pairs nine are certain, nine are out of the question, and the others share no block.
    certain = np.repeat([60.0, -60.0], 9)
    assert share_of_matches(certain, 45) == pytest.approx(9 / 45)
    assert share_of_matches(np.zeros(0), 1000) == pytest.approx(0.5 / 1000), "half a match is possible still"
    assert share_of_matches(np.full(10, 60.0), 10) == 0.5, "even odds at most"


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, Path]:
    table, paths = crowd(100), (tmp_path / "records.parquet", tmp_path / "roles.yml", tmp_path / "out.parquet")
    pq.write_table(table, paths[0])
    paths[1].write_text("".join(f"{column}: {role}\n" for role, (column,) in CRM_ROLES.items()))
    return paths


@pytest.mark.parametrize(
    ("backend", "missing", "extra"),
    [("splink", "splink", "splink"), ("splink-spark", "pyspark", "spark"), ("splink-spark", "splink", "spark")],
)
def test_a_backend_that_is_not_installed_says_what_to_install(
    files: tuple[Path, Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    backend: str,
    missing: str,
    extra: str,
) -> None:
    monkeypatch.setattr(backends, "find_spec", lambda module: None if module == missing else object())
    records_file, roles, output = map(str, files)
    command = ["resolve", records_file, "--roles", roles, "--output", output, "--backend", backend]
    assert app(command, standalone_mode=False) == WRONG_USE
    said = capsys.readouterr().err
    assert f"needs {missing}, which is not installed" in said
    assert f"pip install 'customer-360[{extra}]'" in said
    assert not files[2].exists()


def test_an_explanation_by_splink_is_refused_before_any_work(files: tuple[Path, Path, Path], tmp_path: Path) -> None:
    with pytest.raises(WrongInput, match="--explain shows the evidence of our own model, not of splink"):
        resolve_table(*files, explanation=tmp_path / "why.parquet", backend=Backend.SPLINK)


@pytest.fixture(scope="module")
def town() -> tuple[Evidence, np.ndarray]:
    """About a thousand records of people of whom some live together, and who they are."""
    table = crowd(400, household_share=0.3)
    truth = table.column("person_id").combine_chunks().dictionary_encode().indices.to_numpy()
    return reading.read(table, CRM_ROLES), truth


def test_splink_finds_who_is_who_on_our_pairs(town: tuple[Evidence, np.ndarray]) -> None:
    pytest.importorskip("splink")
    evidence, truth = town
    found = match(evidence, threshold=NINE_TO_ONE)
    # Each e-mail address or name and birth date by itself gives less.
    assert pairwise_f1(found.cluster, truth) > 0.9
    assert np.isfinite(found.bits).all()
    coded = found.left * len(evidence) + found.right
    assert len(np.unique(coded)) == len(coded), "no pair is weighed twice"


def test_splink_keeps_quiet(town: tuple[Evidence, np.ndarray], capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("splink")
    match(town[0])
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("size", [0, 1, 2, 3])
def test_splink_takes_hardly_any_records(size: int) -> None:
    pytest.importorskip("splink")
    people = [{"given": "Ann", "family": "Lee"}, {"given": "Bob", "family": "Ray"}, {"given": "Ann", "family": "Lee"}]
    assert len(match(read(*people[:size])).cluster) == size


def test_what_people_decided_outranks_splink(town: tuple[Evidence, np.ndarray]) -> None:
    pytest.importorskip("splink")
    evidence, truth = town
    pair = np.flatnonzero(truth == truth[0])[:2]
    other = np.flatnonzero(truth != truth[0])[:1]
    judged = Judgements(
        np.minimum(pair[:1], [pair[1], other[0]]), np.array([pair[1], other[0]]), np.array([False, True])
    )
    cluster = match(evidence, threshold=NINE_TO_ONE, judged=judged).cluster
    assert cluster[pair[0]] != cluster[pair[1]]
    assert cluster[pair[0]] == cluster[other[0]]


@pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java")
@pytest.mark.timeout(900)
def test_spark_gives_the_clusters_that_duckdb_gives(
    town: tuple[Evidence, np.ndarray], capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("splink")
    pytest.importorskip("pyspark")
    in_duckdb, on_spark = (match(town[0], threshold=NINE_TO_ONE, on_spark=spark) for spark in (False, True))
    assert capfd.readouterr() == ("", "")
    # Their random pairs are not the same ones.
    assert pairwise_f1(on_spark.cluster, in_duckdb.cluster) > 0.98
