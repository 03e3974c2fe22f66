"""What the second day's file says of the first is what readers were shown then."""

from __future__ import annotations

from typing import Any

from tests.journey.life import Life
from tests.journey_factory import DAY_ONE, DAY_TWO, Stage

DESCRIBED = "primary_email, street, city, postal_code, display_name, household_id, has_marketing_consent"


def test_every_customer_is_told_as_of_the_day_that_readers_saw_them(life: Life) -> None:
    then = dict(_described(life.day_one, "dim_customer"))
    now = dict(_described(life.day_two, "dim_customer"))
    moved = {customer_id for customer_id in then.keys() & now.keys() if then[customer_id] != now[customer_id]}
    assert moved
    assert now.keys() - then.keys()
    assert dict(_described(life.day_two, f"customer_as_of(TIMESTAMP '{DAY_ONE:%Y-%m-%d %H:%M}')")) == then
    assert dict(_described(life.day_two, f"customer_as_of(TIMESTAMP '{DAY_TWO:%Y-%m-%d %H:%M}')")) == now


def test_refreshes_of_one_moment_leave_one_history(life: Life, recovered: Stage) -> None:
    periods = "SELECT customer_id, valid_from, valid_to FROM dim_customer_history ORDER BY ALL"
    assert recovered.published(periods) == life.day_two.published(periods)


def test_a_baseline_is_as_of_the_first_publication(life: Life, recovered: Stage) -> None:
    first = life.day_one.published("SELECT metric, measured_value FROM baseline ORDER BY ALL")
    assert first
    kept = dict(recovered.published("SELECT metric, measured_value FROM baseline"))
    assert {metric: kept[metric] for metric, _ in first} == dict(first)


def _described(stage: Stage, table: str) -> list[tuple[str, tuple[Any, ...]]]:
    rows = stage.published(f"SELECT customer_id, {DESCRIBED} FROM {table}")
    return [(customer_id, tuple(values)) for customer_id, *values in rows]
