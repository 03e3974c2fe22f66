"""Splink in place of our model: the same records and candidate pairs, and clusters made in the same way.

Splink scores exactly our pairs: from version 5 on it takes them as a table (register_blocked_pairs_for_predict), so no
blocking rule of its own proposes others. It learns u from random pairs and m by expectation maximisation in blocks
(training.py). How rare matches are is then taken from what all scored pairs say together, which needs no guess at how
many matches some rule finds.
"""

from __future__ import annotations

import logging
from contextlib import nullcontext
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.identity.matching import blocking, engine
from pipelines.identity.matching.engine import Matching
from pipelines.identity.matching.evidence import Evidence, Ints
from pipelines.identity.matching.judgements import NO_JUDGEMENTS, Judgements
from pipelines.identity.matching.with_splink.comparisons import START, settings
from pipelines.identity.matching.with_splink.records import RECORD, records
from pipelines.identity.matching.with_splink.spark import spark_session
from pipelines.identity.matching.with_splink.training import training_blocks

# Random pairs that u is learned from, and pairs of each block that m is learned from.
RANDOM_PAIRS, TRAINING_PAIRS = 1_000_000, 1_000_000
# Pairs scored at once; bounds memory.
CHUNK = 2_000_000
SEED = 1969
# The share of matches settles to a hundredth of a bit in a few dozen rounds.
ROUNDS = 100


def match(
    evidence: Evidence, *, threshold: float = 0.0, judged: Judgements = NO_JUDGEMENTS, on_spark: bool = False
) -> Matching:
    """Cluster all records by Splink's match weights, computed in DuckDB or on Spark. Stands in for `engine.match`.

    `threshold` is the average log2 odds above which clusters merge; `judged` pairs are decided already. The matching
    has bits but no model of ours that could explain them. Raises WrongInput where Spark does not start.
    """
    size = len(evidence)
    table = records(evidence)
    if size < 2 or table.column_names == [RECORD]:
        return engine.nobody_compared(size)
    left, right, found = blocking.candidate_pairs(evidence)
    with spark_session() if on_spark else nullcontext() as session:
        splink = _Splink(table, session)
        weights = splink.weights(left, right)
        prior = log_odds(share_of_matches(weights, size * (size - 1) // 2))
        bits = _bits(weights, prior)
        alone = Matching(np.arange(size), left, right, bits, np.arange(size), engine.UNLEARNED, found)
        return engine.join(
            alone, lambda one, other: _bits(splink.weights(one, other), prior), threshold=threshold, judged=judged
        )


def share_of_matches(weights: npt.NDArray[np.float64], possible: int) -> float:
    """Share of matches among all `possible` pairs, where those without a weight are none.

    `weights` are log2 of how many times likelier each pair is among matches. Expectation maximisation of the one share
    (Dempster, Laird and Rubin 1977, 4.3); half a match at least, and no more than even odds.
    """
    share = START
    for _ in range(ROUNDS):
        expected = (1 / (1 + np.exp2(-np.clip(weights + log_odds(share), -500, 500)))).sum()
        share = float(min(max(expected, 0.5) / possible, 0.5))
    return share


def log_odds(share: float) -> float:
    """Bits for a match before anything is compared."""
    return float(np.log2(share / (1 - share)))


class _Splink:
    """A trained Splink model that weighs pairs of records."""

    def __init__(self, table: pa.Table, session: Any | None) -> None:
        from splink import Linker, block_on

        # Without a handler Python writes a library's warnings to the terminal; whoever wants them configures logging.
        logging.getLogger("splink").addHandler(logging.NullHandler())
        self.database = _duckdb_api() if session is None else _spark_api(session)
        columns = [name for name in table.column_names if name != RECORD]
        self.settings = settings(columns, "duckdb" if session is None else "spark")
        self.linker = Linker(self.database.register(table, table_name="records"), self.settings, log_level=None)
        training = self.linker.training
        training.estimate_u_using_random_sampling(
            max_pairs=RANDOM_PAIRS, seed=SEED, min_count_per_level=None, num_chunks=1
        )
        for block in training_blocks(table, self.settings["comparisons"]):
            training.estimate_parameters_using_expectation_maximisation(block_on(*block), max_pairs=TRAINING_PAIRS)

    def weights(self, left: Ints, right: Ints) -> npt.NDArray[np.float64]:
        """log2 of how many times likelier what is seen in each pair is among matches."""
        chunks = [slice(start, start + CHUNK) for start in range(0, len(left), CHUNK)]
        return np.concatenate([np.zeros(0), *(self._weights(left[chunk], right[chunk]) for chunk in chunks)])

    def _weights(self, left: Ints, right: Ints) -> npt.NDArray[np.float64]:
        # Splink wants to know by which rule a pair was found.
        pairs = pa.table({"match_key": ["0"] * len(left), "join_key_l": left, "join_key_r": right})
        registered = self.database.register(pairs)
        self.linker.table_management.register_blocked_pairs_for_predict(registered)
        predicted = self.linker.inference.predict(warning_mode="never")
        columns = f"{RECORD}_l", f"{RECORD}_r", "match_weight"
        query = f"SELECT {', '.join(columns)} FROM {predicted.physical_name}"
        scored = self.linker.misc.query_sql(query).as_pyarrow_table()
        predicted.drop_table_from_database_and_remove_from_cache()
        one, other, weights = (scored.column(name).to_numpy() for name in columns)
        result = np.empty(len(left), dtype=np.float64)
        result[np.lexsort((right, left))] = weights[np.lexsort((other, one))]
        return result - log_odds(START)


def _bits(weights: npt.NDArray[np.float64], prior: float) -> npt.NDArray[np.float32]:
    return (weights + prior).astype(np.float32)


def _duckdb_api() -> Any:
    from splink import DuckDBAPI

    connection = duckdb.connect()
    connection.execute("SET enable_progress_bar = false")
    return DuckDBAPI(connection)


def _spark_api(session: Any) -> Any:
    from splink.backends.spark import SparkAPI

    return SparkAPI(spark_session=session)
