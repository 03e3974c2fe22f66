"""Splink on a labelled set, with the settings its guides recommend for the columns there are, in Splink's environment.

Comparisons come from its library, with term frequencies; the share of matching pairs is estimated from certain rules, u
from random pairs, m by expectation maximisation on up to three blocks; pairs at the threshold or above are clustered by
connected components. `--constrained` clusters them as constrained.py says. `--duplicate-free` tells Splink that no
source has an entity twice: it links the sources only, and clusters by single best links.

Usage: with_splink.py RECORDS ROLES OUTPUT [--constrained] [--duplicate-free] [--threshold P]
"""

from __future__ import annotations

import argparse
import contextlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import splink.comparison_library as cl  # type: ignore[import-not-found,unused-ignore]
from blocking import MOST_TRAINING_RULES, certain_rules_for, rules_for, training_rules_for
from constrained import constrained_clusters
from prepared import prepare
from splink import DuckDBAPI, Linker, SettingsCreator, block_on  # type: ignore[import-not-found,unused-ignore]
from splink.internals.exceptions import EMTrainingException  # type: ignore[import-not-found,unused-ignore]

THRESHOLD = 0.95
SEED = 1
_RANDOM_PAIRS = 1e7
_CERTAIN_RECALL = 0.7
_MOST_TRAINING_PAIRS = 1e7
# Splink's own single best links take 9 GB on ten thousand records; on larger sets, pairs are taken by falling score.
_MOST_FOR_BEST_LINKS = 20_000
_BRITISH_POSTCODE = "^[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}$"


def comparisons(connection: duckdb.DuckDBPyConnection, columns: list[str]) -> list[Any]:
    """One comparison for each kind of evidence, with the thresholds of Splink's library."""
    library: dict[str, Callable[[str], Any]] = {
        "given_name": cl.NameComparison,
        "middle_name": cl.NameComparison,
        "family_name": cl.NameComparison,
        "organisation_name": cl.NameComparison,
        "date_of_birth": lambda name: cl.DateOfBirthComparison(name, input_is_string=True, invalid_dates_as_null=False),
        "email": cl.EmailComparison,
        "phone": lambda name: cl.LevenshteinAtThresholds(name, [1]).configure(term_frequency_adjustments=True),
        "national_id": cl.LevenshteinAtThresholds,
        "street": lambda name: cl.JaroWinklerAtThresholds(name).configure(term_frequency_adjustments=True),
        "postal_code": lambda name: _postal_code(connection, name),
        "category": lambda name: cl.ExactMatch(name).configure(term_frequency_adjustments=True),
    }
    # A town follows from its postal code: counting both would count one piece of evidence twice.
    if "postal_code" not in columns:
        library["city"] = library["street"]
    return [make(name) for name, make in library.items() if name in columns]


def _postal_code(connection: duckdb.DuckDBPyConnection, name: str) -> Any:
    ((share,),) = connection.execute(
        f"SELECT avg(regexp_matches({name}, '{_BRITISH_POSTCODE}')::INTEGER) FROM records"
    ).fetchall()
    if share and share > 0.5:
        return cl.PostcodeComparison(name)
    return cl.LevenshteinAtThresholds(name, [1])


def trained_linker(connection: duckdb.DuckDBPyConnection, columns: list[str], sources: list[str]) -> Any:
    """A linker that has learnt its parameters from the records; `sources` are the tables to link, if nobody is in one
    of them twice."""
    settings = SettingsCreator(
        link_type="link_only" if sources else "dedupe_only",
        unique_id_column_name="record_id",
        source_dataset_column_name="source_dataset",
        comparisons=comparisons(connection, columns),
        blocking_rules_to_generate_predictions=[block_on(*rule) for rule in rules_for(connection, columns)],
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=False,
    )
    database = DuckDBAPI(connection)
    if sources:
        tables = [database.register(name, dataset_display_name=name) for name in sources]
    else:
        tables = database.register("records", table_name="all_records")
    linker = Linker(tables, settings, log_level=logging.WARNING)
    linker.training.estimate_probability_two_random_records_match(
        [block_on(*rule) for rule in certain_rules_for(columns)], recall=_CERTAIN_RECALL
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=_RANDOM_PAIRS, seed=SEED)
    trained = 0
    for rule in training_rules_for(columns):
        if trained < MOST_TRAINING_RULES:
            # A rule may make no pair at all, say when only one of two sources has birth dates.
            with contextlib.suppress(EMTrainingException):
                linker.training.estimate_parameters_using_expectation_maximisation(
                    block_on(*rule), max_pairs=_MOST_TRAINING_PAIRS
                )
                trained += 1
    return linker


def one_table_a_source(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The names of tables that hold the records of one source each."""
    sources = [row[0] for row in connection.execute("SELECT DISTINCT source FROM records ORDER BY source").fetchall()]
    names = []
    for number, source in enumerate(sources):
        name = f"source_{number}"
        connection.execute(
            f"CREATE TABLE {name} AS SELECT * EXCLUDE (source), '{name}' AS source_dataset FROM records "
            "WHERE source = ?",
            [source],
        )
        names.append(name)
    return names


def greedy(connection: duckdb.DuckDBPyConnection, predictions: Any, guards: set[str]) -> pa.Table:
    """The clusters of constrained.py (record_id, customer_id), with prohibitions by the columns of `guards` alone."""
    wanted = ("given_name", "date_of_birth", "source")
    listed = ", ".join(name if name in guards else "NULL" for name in wanted)
    rows = connection.execute(f"SELECT record_id, {listed} FROM records ORDER BY record_id").fetchall()
    record_ids, given_names, births, sources = ([row[column] for row in rows] for column in range(4))
    number = {record_id: position for position, record_id in enumerate(record_ids)}
    scored = connection.execute(
        f"SELECT record_id_l, record_id_r FROM {predictions.physical_name} "
        "ORDER BY match_weight DESC, record_id_l, record_id_r"
    ).fetchall()
    cluster = constrained_clusters(
        ((number[one], number[other]) for one, other in scored), given_names, births, sources
    )
    return pa.table({"record_id": record_ids, "customer_id": [str(root) for root in cluster]})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("records", type=Path)
    parser.add_argument("roles", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--constrained", action="store_true")
    parser.add_argument("--duplicate-free", action="store_true")
    parser.add_argument("--threshold", type=float, default=THRESHOLD)
    options = parser.parse_args()
    connection, columns = prepare(options.records, options.roles)
    sources = one_table_a_source(connection) if options.duplicate_free else []
    linker = trained_linker(connection, columns, sources)
    predictions = linker.inference.predict(threshold_match_probability=options.threshold)
    guards = {"given_name", "date_of_birth"} & set(columns) if options.constrained else set()
    guards |= {"source"} if sources else set()
    ((size,),) = connection.execute("SELECT count(*) FROM records").fetchall()
    if options.constrained or (sources and size > _MOST_FOR_BEST_LINKS):
        pq.write_table(greedy(connection, predictions, guards), options.output)
        return
    if sources:
        clusters = linker.clustering.cluster_using_single_best_links(
            predictions, duplicate_free_datasets=sources, threshold_match_probability=options.threshold
        )
    else:
        clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
            predictions, threshold_match_probability=options.threshold
        )
    connection.execute(
        f"COPY (SELECT record_id, cluster_id AS customer_id FROM {clusters.physical_name}) TO '{options.output}' "
        "(FORMAT parquet)"
    )


if __name__ == "__main__":
    main()
