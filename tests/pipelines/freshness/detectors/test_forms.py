"""Values in a form that a column never had are told: of two columns as a swap, of keys as another form."""

from __future__ import annotations

from pipelines.freshness.detectors.shifted import columns_shifted
from pipelines.freshness.detectors.unknown_keys import unknown_keys
from tests.pipelines.freshness.contents_factory import contents, told
from tests.pipelines.freshness.history_factory import ORDERS, a_history

POINTING = ORDERS.model_copy(update={"watch": ORDERS.watch.model_copy(update={"parents": {"account_id": "shop.a"}})})
SIZES = [20] * 15


def places(city_numbers: int, zip_words: int, rows: int = 20) -> dict[str, dict[str, object]]:
    """Towns, so many of which are numbers, beside postal codes, so many of which are words."""
    return {
        "city": {"wordless": city_numbers, "digitless": rows - city_numbers},
        "postal_code": {"wordless": rows - zip_words, "digitless": zip_words},
    }


def test_towns_that_are_numbers_beside_codes_that_are_words_have_changed_places() -> None:
    history = contents(SIZES, profiles={14: places(20, 20)}, usual=places(0, 0))
    assert told(columns_shifted(history)) == {"": "FAIL"}


def test_a_part_of_the_rows_in_each_others_columns_is_enough() -> None:
    history = contents(SIZES, profiles={14: places(5, 5)}, usual=places(0, 0))
    assert told(columns_shifted(history)) == {"": "FAIL"}


def test_one_column_alone_and_a_few_slips_are_no_shift() -> None:
    assert told(columns_shifted(contents(SIZES, profiles={14: places(20, 0)}, usual=places(0, 0)))) == {}
    assert told(columns_shifted(contents(SIZES, profiles={14: places(3, 3)}, usual=places(0, 0)))) == {}


def test_a_form_that_came_before_and_a_column_hardly_known_say_nothing() -> None:
    assert told(columns_shifted(contents(SIZES, profiles={14: places(20, 20)}, usual=places(2, 2)))) == {}
    assert told(columns_shifted(contents([20] * 5, profiles={4: places(20, 20)}, usual=places(0, 0)))) == {}


def account(lettered: int, rows: int = 20) -> dict[str, dict[str, object]]:
    return {"account_id": {"wordless": rows - lettered, "digitless": 0}}


def test_keys_that_have_letters_where_none_had_are_told_by_column() -> None:
    history = contents(SIZES, profiles={14: account(20)}, usual=account(0), contract=POINTING)
    (found,) = [one for one in unknown_keys(history) if one.verdict == "FAIL"]
    assert (found.segment, found.rows) == ("account_id", 20)
    assert found.reason.startswith("20 of 20 rows name a shop.a with a letter in account_id")


def test_a_column_that_names_no_parent_is_no_key() -> None:
    other = ORDERS.model_copy(update={"watch": ORDERS.watch.model_copy(update={"parents": {"order_id": "shop.a"}})})
    assert told(unknown_keys(contents(SIZES, profiles={14: account(20)}, usual=account(0), contract=other))) == {}


def test_without_a_parent_or_a_batch_nothing_passes() -> None:
    alone = ORDERS.model_copy(update={"watch": ORDERS.watch.model_copy(update={"parents": {}})})
    assert [one.verdict for one in unknown_keys(contents(SIZES, usual=account(0), contract=alone))] == ["UNKNOWN"]
    assert [one.verdict for one in unknown_keys(a_history(contract=POINTING))] == ["UNKNOWN"]
