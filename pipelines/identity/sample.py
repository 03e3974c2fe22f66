"""A sample of the model's matches, drawn by chance within bands of probability.

Bands get equal numbers, as errors gather in the small ones; `evaluation` weighs them by their size. The draw depends on
nothing but the seed and the resolution it was made of, so a larger one holds a smaller one, and work can go on another
day.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pipelines.identity import judgements
from pipelines.identity.evaluation import BAND_SQL, BANDS

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


def draw(connection: duckdb.DuckDBPyConnection, *, size: int, seed: int, now: datetime) -> str:
    """Draw `size` pairs into `identity.review_sample` (fewer where there are no more matches); returns its name.

    At least as many as there are bands, since a band without a pair would leave the whole UNKNOWN. The same seed on
    the same resolution goes on with the sample it drew before. Positions go round the bands, so that a part of the
    answers is a smaller sample. `now` is aware.
    """
    newest = "SELECT arg_max(run_id, (resolved_at, run_id)) FROM identity.resolution"
    ((run_id,),) = connection.execute(newest).fetchall()
    name = f"{run_id}/seed-{seed}"
    connection.execute(
        f"""INSERT INTO identity.review_sample
            WITH banded AS (
              SELECT left_key, right_key, probability, {BAND_SQL} AS band FROM identity.scored_pairs
              WHERE decision = 'match' AND decided_by = 'model'),
            shuffled AS (
              SELECT *, count(*) OVER (PARTITION BY band) AS band_size, row_number() OVER (
                       PARTITION BY band ORDER BY md5(concat_ws('|', $seed, left_key, right_key))) AS turn
              FROM banded),
            placed AS (SELECT *, row_number() OVER (ORDER BY turn, band) AS position FROM shuffled
                       WHERE turn <= $size)
            SELECT $name, position, left_key, right_key, probability, band, band_size, $now FROM placed
            WHERE position <= $size
              AND position NOT IN (SELECT position FROM identity.review_sample WHERE sample = $name)""",
        {"size": max(size, len(BANDS)), "seed": seed, "name": name, "now": now.astimezone(UTC).replace(tzinfo=None)},
    )
    return name


def unanswered(connection: duckdb.DuckDBPyConnection, name: str) -> pa.Table:
    """The pairs of a sample that nobody has judged yet, in the order drawn; columns as of `review.queue`.

    What is at stake is left out: it must not sway whoever judges a pair drawn by chance.
    """
    return connection.sql(
        f"""SELECT left_key, right_key, one.customer_id AS left_customer_id, other.customer_id AS right_customer_id,
                   pair.decision, pair.probability, pair.bits, 1 - pair.probability AS wrong, NULL::DOUBLE AS stake,
                   NULL::VARCHAR AS at_stake, NULL::DOUBLE AS harm
            FROM identity.review_sample AS drawn JOIN identity.scored_pairs AS pair USING (left_key, right_key)
            JOIN identity.customer_crosswalk AS one ON one.source_record_key = left_key
            JOIN identity.customer_crosswalk AS other ON other.source_record_key = right_key
            ANTI JOIN ({judgements.SETTLED}) AS settled USING (left_key, right_key)
            WHERE sample = $name ORDER BY position""",
        params={"name": name},
    ).to_arrow_table()
