"""How often the model is right, by what stewards judged.

Judgements of the queue are of pairs chosen for doubt, so they tell how the model does where it doubts, and no more.
A sample drawn by chance within bands of probability, weighted by the bands' sizes, does tell how many matches are
right.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import sqrt
from typing import TYPE_CHECKING

from pipelines.identity import judgements

if TYPE_CHECKING:
    import duckdb

Z = 1.959963984540054  # the normal distribution leaves 2.5 % beyond it on either side

# Where a band of probability ends (included) and the next begins. Narrow at the top, where nearly all matches are.
EDGES = (0.0, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0)
BANDS = tuple(f"{low:g}–{high:g}" for low, high in pairwise(EDGES))
# SQL: the band of `probability`.
BAND_SQL = (
    "CASE "
    + " ".join(f"WHEN probability <= {high} THEN '{band}'" for band, high in zip(BANDS, EDGES[1:], strict=True))
    + " END"
)


@dataclass(frozen=True)
class Share:
    """`right` of `judged`, and between which bounds the true share lies with 95 % confidence; None when UNKNOWN."""

    right: int
    judged: int
    share: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Band:
    """Pairs the model gave a probability in one band: what it said on average, and how many are one customer."""

    band: str
    said: float | None
    matches: Share

    @property
    def verdict(self) -> str:
        """Whether what the model said lies within the bounds of what was found; UNKNOWN when nothing is judged."""
        if self.said is None or self.matches.low is None or self.matches.high is None:
            return "UNKNOWN"
        if self.said > self.matches.high:
            return "says too much"
        return "says too little" if self.said < self.matches.low else "as said"


@dataclass(frozen=True)
class SampleEstimate:
    """What a sample says of all matches of the model: `precision` with bounds, None while a band has no answer."""

    sample: str
    drawn: int
    judged: int
    unsure: int
    matches: int
    precision: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Score:
    """What the judgements in force say of the model."""

    matches: Share
    apart: Share
    unsure: int
    bands: tuple[Band, ...]
    sample: SampleEstimate | None


def wilson(right: int, judged: int) -> Share:
    """A share with its 95 % interval by Wilson (1927, JASA 22:209): sound for few cases, and for shares of 0 and 1."""
    if judged == 0:
        return Share(0, 0, None, None, None)
    share, spread = right / judged, Z * Z / judged
    centre = (share + spread / 2) / (1 + spread)
    margin = Z * sqrt(share * (1 - share) / judged + spread / judged / 4) / (1 + spread)
    return Share(right, judged, share, max(0.0, centre - margin), min(1.0, centre + margin))


def weighted(strata: list[tuple[int, Share]]) -> tuple[float | None, float | None, float | None]:
    """Share of a whole of which (size, share found) are the strata, low and high bound; None when one is not known.

    The bounds join those of the strata by the method of variance estimates recovery (Zou and Donner 2008, Statistics
    in Medicine 27:1693).
    """
    total = sum(size for size, _ in strata)
    whole = below = above = 0.0
    for size, found in strata:
        if found.share is None or found.low is None or found.high is None:
            return None, None, None
        weight = size / total
        whole += weight * found.share
        below += (weight * (found.share - found.low)) ** 2
        above += (weight * (found.high - found.share)) ** 2
    return (whole, max(0.0, whole - sqrt(below)), min(1.0, whole + sqrt(above))) if strata else (None, None, None)


def score(connection: duckdb.DuckDBPyConnection) -> Score:
    """Hold the judgements in force against what the model said of the same pairs when they were judged."""
    judged = f"""({judgements.IN_FORCE}) AS judged JOIN identity.judgement_basis AS basis
                 USING (left_key, right_key, decided_at)"""
    counts = {
        (said, decision): count
        for said, decision, count in connection.execute(
            f"SELECT model_decision, decision, count(*) FROM {judged} GROUP BY ALL"
        ).fetchall()
    }
    right, wrong = counts.get(("match", "match"), 0), counts.get(("match", "no_match"), 0)
    kept, missed = counts.get(("apart", "no_match"), 0), counts.get(("apart", "match"), 0)
    return Score(
        matches=wilson(right, right + wrong),
        apart=wilson(kept, kept + missed),
        unsure=sum(count for (_, decision), count in counts.items() if decision == "unsure"),
        bands=_bands(connection, judged),
        sample=_newest_sample(connection),
    )


def _bands(connection: duckdb.DuckDBPyConnection, judged: str) -> tuple[Band, ...]:
    rows = {
        band: (said, right, count)
        for band, said, right, count in connection.execute(
            f"""SELECT {BAND_SQL}, avg(probability), count(*) FILTER (decision = 'match'), count(*)
                FROM {judged} WHERE decision <> 'unsure' AND probability IS NOT NULL GROUP BY ALL"""
        ).fetchall()
    }
    return tuple(
        Band(band, rows[band][0], wilson(*rows[band][1:])) if band in rows else Band(band, None, wilson(0, 0))
        for band in BANDS
    )


def _newest_sample(connection: duckdb.DuckDBPyConnection) -> SampleEstimate | None:
    rows = connection.execute(
        f"""SELECT sample, band_size, count(*), count(*) FILTER (decision = 'match'),
                   count(*) FILTER (decision = 'no_match'), count(*) FILTER (decision = 'unsure')
            FROM (FROM identity.review_sample QUALIFY sample = arg_max(sample, (drawn_at, sample)) OVER ()) AS drawn
            LEFT JOIN ({judgements.IN_FORCE}) AS judged USING (left_key, right_key)
            GROUP BY sample, band, band_size"""
    ).fetchall()
    if not rows:
        return None
    strata = [(size, wilson(right, right + wrong)) for _, size, _, right, wrong, _ in rows]
    judged = sum(found.judged for _, found in strata)
    whole, low, high = weighted(strata)
    drawn, unsure, matches = sum(row[2] for row in rows), sum(row[5] for row in rows), sum(row[1] for row in rows)
    return SampleEstimate(rows[0][0], drawn, judged, unsure, matches, whole, low, high)
