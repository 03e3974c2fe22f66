"""How often the model is right: intervals, bands and the estimate from a sample."""

from __future__ import annotations

import pytest

from pipelines.identity import evaluation, sample
from pipelines.identity.evaluation import Share, weighted, wilson
from pipelines.identity.judgements import Decision

from .resolved_factory import NOW, Resolved, key, letters


@pytest.mark.parametrize(
    ("right", "judged", "low", "high"),
    # By the formula with z = 1.96: (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n). For 8 of 10:
    # (.8 + .19207 ± 1.95996 √(.016 + .0096036)) / 1.384146 = (.99207 ± .31361) / 1.384146.
    [(8, 10, 0.49016, 0.94332), (10, 10, 0.72247, 1.0), (0, 10, 0.0, 0.27753), (1, 1, 0.20655, 1.0)],
)
def test_wilson_intervals_are_those_of_the_formula(right: int, judged: int, low: float, high: float) -> None:
    found = wilson(right, judged)
    assert found.share == right / judged
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@pytest.mark.parametrize(("right", "judged"), [(3, 7), (19, 20), (1, 100)])
def test_the_bounds_are_the_shares_that_a_score_test_just_lets_stand(right: int, judged: int) -> None:
    found = wilson(right, judged)
    for bound in (found.low, found.high):
        assert bound is not None
        assert abs(right / judged - bound) / (bound * (1 - bound) / judged) ** 0.5 == pytest.approx(1.959964, abs=1e-5)


def test_where_nothing_is_judged_all_is_unknown() -> None:
    score = evaluation.score(Resolved().connection)
    unknown = Share(0, 0, None, None, None)
    assert (score.matches, score.apart, score.sample) == (unknown, unknown, None)
    assert {band.verdict for band in score.bands} == {"UNKNOWN"}


def pairs_in_bands() -> Resolved:
    """Eight matches of the model at 4 bits (.941) and four pairs it kept apart at -4 bits (.059)."""
    world = Resolved()
    for number in range(8):
        world.customer(f"M{number}", chr(65 + 2 * number) + chr(66 + 2 * number))
        world.pair(chr(65 + 2 * number) + chr(66 + 2 * number), 4.0)
    for number in range(8):
        world.customer(f"A{number}", chr(97 + number))
    for number in range(4):
        world.pair(chr(97 + 2 * number) + chr(98 + 2 * number), -4.0)
    return world


def test_matches_and_apart_are_counted_by_what_the_model_said_when_asked() -> None:
    world = pairs_in_bands()
    said: dict[str, Decision] = {"AB": "match", "CD": "match", "EF": "match", "GH": "no_match", "IJ": "unsure",
                                 "ab": "no_match", "cd": "match"}  # fmt: skip
    for pair, decision in said.items():
        world.judge(pair, decision)
    # What the next resolve makes of it must not count as the model's doing.
    world.connection.execute("UPDATE identity.scored_pairs SET decision = 'match', decided_by = 'steward'")
    score = evaluation.score(world.connection)
    assert (score.matches.right, score.matches.judged, score.matches.share) == (3, 4, 0.75)
    assert (score.apart.right, score.apart.judged, score.apart.share) == (1, 2, 0.5)
    assert score.unsure == 1
    bands = {band.band: band for band in score.bands if band.said is not None}
    assert bands.keys() == {"0–0.1", "0.9–0.99"}
    low, high = bands["0–0.1"], bands["0.9–0.99"]
    assert (low.said, low.matches.right, low.matches.judged) == (pytest.approx(1 / 17), 1, 2)
    assert (high.said, high.matches.right, high.matches.judged) == (pytest.approx(16 / 17), 3, 4)
    # 3 of 4 lies between .301 and .954, and so does 16/17; 1 of 2 between .095 and .905, and 1/17 does not.
    assert (low.verdict, high.verdict) == ("says too little", "as said")


def test_a_decision_taken_back_counts_no_more() -> None:
    world = pairs_in_bands()
    world.judge("AB", "match")
    world.judge("AB", "unsure")
    score = evaluation.score(world.connection)
    assert (score.matches.share, score.unsure) == (None, 1)


def test_strata_count_by_their_size() -> None:
    """900 pairs of which 10 of 10 are right, 100 of which 8 of 10 are.

    .9 · 1 + .1 · .8 = .98, below it √((.9 · .27753)² + (.1 · .30984)²) = .25168, above √((.1 · .14332)²) = .01433.
    """
    whole, low, high = weighted([(900, wilson(10, 10)), (100, wilson(8, 10))])
    assert whole == pytest.approx(0.98)
    assert (low, high) == (pytest.approx(0.72832, abs=5e-5), pytest.approx(0.99433, abs=5e-5))


def test_a_stratum_without_an_answer_makes_the_whole_unknown() -> None:
    assert weighted([(900, wilson(10, 10)), (1, wilson(0, 0))]) == (None, None, None)


def two_bands(sizes: tuple[int, int]) -> Resolved:
    """Matches at 12 bits (above .999) and at 1 bit (.667), as many as asked for; each pair a customer."""
    world, code = Resolved(), 0x4E00
    for bits, size in zip((12.0, 1.0), sizes, strict=True):
        for _ in range(size):
            world.customer(f"C{code}", chr(code) + chr(code + 1))
            world.pair(chr(code) + chr(code + 1), bits)
            code += 2
    return world


def drawn(world: Resolved, name: str) -> list[str]:
    rows = sample.unanswered(world.connection, name).to_pylist()
    return [letters(row["left_key"], row["right_key"]) for row in rows]


def test_a_sample_goes_round_the_bands_and_a_larger_one_holds_it() -> None:
    world = two_bands((30, 6))
    name = sample.draw(world.connection, size=8, seed=3, now=NOW)
    small = drawn(world, name)
    bands = [row["probability"] > 0.9 for row in sample.unanswered(world.connection, name).to_pylist()]
    assert sorted(bands[:2]) == sorted(bands[6:8]) == [False, True]
    assert sample.draw(world.connection, size=20, seed=3, now=NOW) == name
    assert drawn(world, name)[:8] == small
    # The small band is drawn in full: 6 of 6, the other 14.
    assert len(drawn(world, name)) == len(set(drawn(world, name))) == 20
    other = sample.draw(world.connection, size=8, seed=4, now=NOW)
    assert drawn(world, other) != small


def test_a_sample_estimates_precision_by_the_sizes_of_the_bands() -> None:
    """Of 30 sure matches the three judged are right, of 6 doubtful ones two of four: 30/36 + 6/36 · 1/2 = 11/12."""
    world = two_bands((30, 6))
    name = sample.draw(world.connection, size=8, seed=1, now=NOW)
    rows = sample.unanswered(world.connection, name).to_pylist()
    sure = [row for row in rows if row["probability"] > 0.9]
    doubtful = [row for row in rows if row["probability"] < 0.9]
    answers: list[Decision] = ["unsure", "match", "match", "match", "match", "match", "no_match", "no_match"]
    for row, decision in zip(sure + doubtful, answers, strict=True):
        world.judge(letters(row["left_key"], row["right_key"]), decision)
    # Judged, but not drawn: it was chosen, so it has no part in the estimate.
    world.judge(chr(0x4E00) + chr(0x4E02), "no_match")
    found = evaluation.score(world.connection).sample
    assert found is not None
    assert (found.drawn, found.judged, found.unsure, found.matches) == (8, 7, 1, 36)
    assert found.precision == pytest.approx(11 / 12)


def test_the_sample_is_unknown_until_each_band_has_an_answer() -> None:
    world = two_bands((3, 3))
    name = sample.draw(world.connection, size=6, seed=1, now=NOW)
    for row in sample.unanswered(world.connection, name).to_pylist():
        if row["probability"] > 0.9:
            world.judge(letters(row["left_key"], row["right_key"]), "match")
    found = evaluation.score(world.connection).sample
    assert found is not None
    assert (found.judged, found.precision) == (3, None)


def test_what_a_steward_joined_is_not_sampled() -> None:
    world = two_bands((4, 0))
    world.connection.execute(
        "UPDATE identity.scored_pairs SET decided_by = 'steward' WHERE left_key = ?", [key(chr(0x4E00))]
    )
    name = sample.draw(world.connection, size=10, seed=1, now=NOW)
    assert len(drawn(world, name)) == 3
