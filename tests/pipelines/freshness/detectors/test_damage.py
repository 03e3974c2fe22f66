"""Damage to text, numbers and dates shows in the values themselves, against what they were before."""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.freshness.detectors.damage import damaged_numbers, damaged_text, swapped_dates
from pipelines.freshness.history import FeedHistory
from tests.pipelines.freshness.contents_factory import a_breach, contents, told
from tests.pipelines.freshness.detectors.evidence_factory import a_failed_run, ago, only
from tests.pipelines.freshness.history_factory import a_history, a_run


def text(damaged: int, questioned: int = 0) -> Mapping[str, Mapping[str, object]]:
    return {"city": {"damaged": damaged, "questioned": questioned}}


def number(large: int | None, rounded: int | None) -> Mapping[str, Mapping[str, object]]:
    return {"order_id": {"large": large, "rounded": rounded}}


def amount(whole: int) -> Mapping[str, Mapping[str, object]]:
    return {"total_amount": {"whole": whole}}


def date(low_days: int, days: int, swapped: int = 0, nulls: int = 0) -> Mapping[str, Mapping[str, object]]:
    return {"ordered_at": {"low_days": low_days, "days": days, "swapped": swapped, "nulls": nulls}}


def test_without_a_batch_nothing_passes() -> None:
    for detector in (damaged_text, damaged_numbers, swapped_dates):
        assert [one.verdict for one in detector(a_history())] == ["UNKNOWN"]


def test_damaged_text_is_told_from_the_fifth_value_on_where_there_was_none() -> None:
    assert told(damaged_text(contents([200] * 10, profiles={9: text(5)}, usual=text(0)))) == {"city": "FAIL"}
    assert told(damaged_text(contents([200] * 10, profiles={9: text(4)}, usual=text(0)))) == {"city": "WARN"}
    assert told(damaged_text(contents([200] * 10, usual=text(1)))) == {}


def test_question_marks_between_letters_are_damage_only_in_number() -> None:
    assert told(damaged_text(contents([200] * 10, profiles={9: text(0, 60)}, usual=text(0, 2)))) == {"city": "FAIL"}
    assert told(damaged_text(contents([200] * 10, profiles={9: text(0, 6)}, usual=text(0, 2)))) == {}


def test_identifiers_that_a_float_holds_are_told_only_when_they_were_mixed_before() -> None:
    mixed, round_ones = number(100, 48), number(100, 100)
    assert told(damaged_numbers(contents([100] * 5, profiles={4: round_ones}, usual=mixed))) == {"order_id": "FAIL"}
    assert told(damaged_numbers(contents([100] * 5, usual=round_ones))) == {}
    assert told(damaged_numbers(contents([100] * 5, usual=mixed))) == {}
    assert told(damaged_numbers(contents([100] * 5, usual=number(None, None)))) == {}


def test_amounts_that_lost_their_decimals_are_told_and_amounts_without_any_are_not() -> None:
    assert told(damaged_numbers(contents([100] * 5, profiles={4: amount(100)}, usual=amount(12)))) == {
        "total_amount": "FAIL"
    }
    assert told(damaged_numbers(contents([100] * 5, usual=amount(100)))) == {}
    assert told(damaged_numbers(contents([100] * 5, profiles={4: amount(99)}, usual=amount(12)))) == {}


def test_small_batches_are_judged_together_before_digits_are_missed() -> None:
    lost = {place: amount(5) for place in range(6, 10)}
    assert told(damaged_numbers(contents([100] * 6 + [5] * 4, profiles=lost, usual=amount(12)))) == {
        "total_amount": "FAIL"
    }
    assert told(damaged_numbers(contents([100] * 9 + [5], profiles={9: amount(5)}, usual=amount(12)))) == {}


def test_digits_that_stay_lost_stay_told() -> None:
    lost = {place: amount(100) for place in range(20, 200)}
    assert told(damaged_numbers(contents([100] * 200, profiles=lost, usual=amount(12)))) == {"total_amount": "FAIL"}


def test_dates_that_are_recent_only_with_day_and_month_swapped_are_told() -> None:
    assert told(swapped_dates(contents([50] * 3, profiles={2: date(50, 1, swapped=50)}, usual=date(20, 3)))) == {
        "ordered_at": "FAIL"
    }
    assert told(swapped_dates(contents([50] * 3, profiles={2: date(20, 3, swapped=4)}, usual=date(20, 3)))) == {}


def test_dates_of_sixty_days_none_after_the_12th_are_told_where_that_was_not_always_so() -> None:
    usual, low = date(200, 400), date(500, 60)
    assert told(swapped_dates(contents([500] * 3, profiles={2: low}, usual=usual))) == {"ordered_at": "FAIL"}
    assert told(swapped_dates(contents([500] * 3, profiles={2: date(500, 11)}, usual=usual))) == {}  # a fortnight
    assert told(swapped_dates(contents([500] * 3, usual=low))) == {}  # first days of months, as ever


def test_dates_of_which_the_late_days_cannot_be_read_are_swapped() -> None:
    # 60 of 100 cannot be read and are empty; the 40 others are all up to the 12th.
    unreadable = {2: [a_breach("unreadable", 60, columns="ordered_at")]}
    low = {2: date(40, 12, nulls=60)}
    assert told(swapped_dates(contents([100] * 3, unreadable, low, usual=date(40, 30)))) == {"ordered_at": "FAIL"}
    assert told(swapped_dates(contents([100] * 3, {}, low, usual=date(40, 30)))) == {}


def test_dates_that_are_dates_only_once_day_and_month_swap_are_told_at_once() -> None:
    def swapped(rows: int) -> FeedHistory:
        return contents([14] * 15, {14: [a_breach("swapped_date", rows, columns="ordered_at")]}, usual=date(6, 9))

    assert told(swapped_dates(swapped(8))) == {"ordered_at": "FAIL"}
    assert told(swapped_dates(swapped(4))) == {}


def test_a_total_that_does_not_come_out_is_a_number_that_lost_digits() -> None:
    found = only(damaged_numbers(a_history([a_run(ago(1)), a_failed_run(ago(0), "totals", "PARTIAL")])))
    assert (found.verdict, found.onset) == ("FAIL", ago(0))


def test_identifiers_that_end_with_two_zeros_are_told_where_few_did() -> None:
    def hundreds(rows: int) -> dict[str, dict[str, object]]:
        return {"order_id": {"hundreds": rows}, "postal_code": {"hundreds": rows}}

    usual = hundreds(1)
    assert told(damaged_numbers(contents([14] * 15, profiles={14: hundreds(14)}, usual=usual))) == {"order_id": "FAIL"}
    assert told(damaged_numbers(contents([14] * 15, profiles={14: hundreds(4)}, usual=usual))) == {}
    assert told(damaged_numbers(contents([14] * 15, usual=hundreds(13)))) == {}  # a shop that counts so


def test_amounts_a_hundred_times_as_large_are_another_unit_and_no_lost_digits() -> None:
    euros, cents = {"total_amount": {"whole": 12, "q50": 40.5}}, {"total_amount": {"whole": 100, "q50": 4050.0}}
    rounded = {"total_amount": {"whole": 100, "q50": 41.0}}
    assert told(damaged_numbers(contents([100] * 5, profiles={4: cents}, usual=euros))) == {}
    assert told(damaged_numbers(contents([100] * 5, profiles={4: rounded}, usual=euros))) == {"total_amount": "FAIL"}


def test_zeros_have_lost_no_digits() -> None:
    usual, none = {"total_amount": {"whole": 10, "zeros": 0}}, {"total_amount": {"whole": 100, "zeros": 100}}
    assert told(damaged_numbers(contents([100] * 5, profiles={4: none}, usual=usual))) == {}
