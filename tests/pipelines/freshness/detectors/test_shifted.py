"""Values in the wrong columns are told from two misfits of different kinds, or from values that moved over."""

from __future__ import annotations

from pipelines.freshness.detectors.shifted import columns_shifted
from tests.pipelines.freshness.contents_factory import a_breach, contents, told
from tests.pipelines.freshness.history_factory import a_history

CITY, NAME = 4711, 4712  # hashes of the most frequent values


def profile(city: int, name: int, count: int = 20) -> dict[str, dict[str, object]]:
    return {"city": {"top": city, "top_count": count}, "customer_name": {"top": name, "top_count": count}}


def test_without_a_batch_nothing_passes() -> None:
    assert [one.verdict for one in columns_shifted(a_history())] == ["UNKNOWN"]


def test_an_amount_and_a_code_that_fail_at_once_stand_in_the_wrong_columns() -> None:
    swapped = [
        a_breach("unreadable", 90, columns="total_amount"),
        a_breach("unknown_code", 60, columns="status", code="a"),
        a_breach("unknown_code", 30, columns="status", code="b"),
    ]
    assert told(columns_shifted(contents([100] * 4, {3: swapped}))) == {"": "FAIL"}


def test_one_column_that_fails_or_two_of_one_type_are_not_shifted() -> None:
    one = [a_breach("unreadable", 90, columns="total_amount")]
    amounts = [*one, a_breach("unreadable", 90, columns="gross_amount")]
    assert told(columns_shifted(contents([100] * 4, {3: one}))) == {}
    assert told(columns_shifted(contents([100] * 4, {3: amounts}))) == {}


def test_a_column_whose_values_are_those_of_another_is_told() -> None:
    history = contents([100] * 6, profiles={5: profile(NAME, CITY)}, usual=profile(CITY, NAME))
    assert told(columns_shifted(history)) == {"": "FAIL"}


def test_another_favourite_of_a_column_or_a_value_that_both_always_had_is_no_shift() -> None:
    assert told(columns_shifted(contents([100] * 6, profiles={5: profile(99, NAME)}, usual=profile(CITY, NAME)))) == {}
    assert told(columns_shifted(contents([100] * 6, usual=profile(CITY, CITY)))) == {}


def test_one_column_that_comes_to_share_the_favourite_of_another_is_no_shift() -> None:
    assert told(columns_shifted(contents([100] * 6, profiles={5: profile(NAME, 99)}, usual=profile(CITY, NAME)))) == {}


def test_values_that_hardly_repeat_say_nothing() -> None:
    history = contents([100] * 6, profiles={5: profile(NAME, CITY, 2)}, usual=profile(CITY, NAME))
    assert told(columns_shifted(history)) == {}
