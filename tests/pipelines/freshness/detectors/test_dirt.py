"""Dirt: what is usual is silent, what is far beyond it is told, and a long fault does not become usual."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest

from pipelines.freshness.detectors.dirt import NEVER, Part, look
from tests.pipelines.freshness.history_factory import NOON


def parts(*counts: tuple[int, int]) -> list[Part]:
    """Parts of (rows, bad), a day apart."""
    return [Part(NOON + timedelta(days=place), rows, bad) for place, (rows, bad) in enumerate(counts)]


def test_the_usual_few_bad_rows_are_silent() -> None:
    assert not look(parts((1000, 10), (1000, 12), (1000, 9))).is_beyond


def test_four_bad_rows_are_never_too_many_and_five_of_five_are() -> None:
    clean = [(1000, 0)] * 3
    assert not look(parts(*clean, (4, 4))).is_beyond
    assert look(parts(*clean, (5, 5))).is_beyond


def test_a_fifth_of_a_batch_is_beyond_the_usual_hundredth_and_tells_since_when() -> None:
    seen = look(parts((1000, 10), (1000, 12), (1000, 200), (1000, 210)))
    assert seen.onset == NOON + timedelta(days=2)
    assert (seen.bad, seen.rows) == (210, 1000)


def test_a_fault_that_lasts_does_not_become_usual() -> None:
    seen = look(parts((1000, 10), *[(1000, 300)] * 25))
    assert seen.onset == NOON + timedelta(days=1)
    assert (seen.bad_before, seen.rows_before) == (10, 1000)


def test_a_good_batch_ends_a_fault() -> None:
    assert not look(parts((1000, 10), (1000, 300), (1000, 9))).is_beyond


def test_small_batches_are_taken_together_so_that_half_of_their_rows_bad_are_told() -> None:
    # 3 of 5 alone are below the least number of rows; 12 of 20 are not.
    clean = [(5, 0)] * 10
    assert not look(parts(*clean, (5, 3))).is_beyond
    assert look(parts(*clean, *[(5, 3)] * 4)).is_beyond


def test_a_small_share_is_told_only_where_there_was_none_before() -> None:
    none_before = [(10_000, 0)] * 5
    assert look(parts(*none_before, (10_000, 100)), NEVER).is_beyond
    some_before = [(10_000, 5)] * 5
    assert not look(parts(*some_before, (10_000, 100)), NEVER).is_beyond


def test_the_first_bad_rows_are_new_but_those_of_the_first_batch_are_not() -> None:
    assert look(parts((100, 0), (100, 1))).is_new
    assert not look(parts((100, 1))).is_new
    assert not look(parts((100, 1), (100, 1))).is_new


def test_a_few_bad_rows_in_each_of_some_parts_are_told_where_these_are_judged_together() -> None:
    # 6 of 75 after 500 without: 75 · KL(.08 ‖ 0.2/700) = 28, above 11.5; each part has fewer than five.
    few = parts(*[(25, 0)] * 20, (25, 2), (25, 2), (25, 2))
    assert not look(few, NEVER).is_beyond
    assert look(few, NEVER, together=3).is_beyond
    assert not look(few[:-1], NEVER, together=3).is_beyond  # four somebody may have mistyped
    spread = parts(*[(25, 0)] * 20, (25, 2), (25, 2), (25, 0), (25, 2))
    assert not look(spread, NEVER, together=3).is_beyond


@pytest.mark.parametrize("share", [0.0, 0.002, 0.01, 0.03])
@pytest.mark.parametrize("rows", [3, 20, 100, 3000])
def test_steady_dirt_is_silent_over_thousands_of_batches(share: float, rows: int) -> None:
    random = Random(8360)
    beyond = 0
    for _ in range(40):
        history: list[tuple[int, int]] = []
        for _ in range(25):
            history.append((rows, sum(random.random() < share for _ in range(rows))))
            beyond += look(parts(*history)).is_beyond
    assert beyond == 0
