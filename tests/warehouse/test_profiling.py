"""Profiles of cast batches, against counts made by hand or in plain Python."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from warehouse.profiling import MOST_SEGMENTS, SAMPLED_ROWS, Fact, profile_batch

LANDED_AT = datetime(2026, 12, 5, 12, tzinfo=UTC)
TYPES = {str: "VARCHAR", bool: "BOOLEAN", float: "DECIMAL(18,2)", datetime: "TIMESTAMP", date: "DATE"}


class Desk:
    """A warehouse whose attached scratch file has one column `c`."""

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        self.connection.execute("SET TimeZone = 'UTC'")
        self.connection.execute("ATTACH ':memory:' AS scratch")

    def profile(self, values: Sequence[Any], *, segments: Sequence[str] = ()) -> dict[str, Fact]:
        """Facts on the values, whose type is that of the first."""
        declared = TYPES[type(next(value for value in values if value is not None))]
        rows = pa.table({"row_number": list(range(len(values))), "c": list(values)})
        self.connection.register("given", rows)
        self.connection.execute(
            f"""CREATE OR REPLACE TABLE scratch.batch AS
                SELECT row_number, CAST(c AS {declared}) AS c, false AS _is_test, false AS _is_own FROM given"""
        )
        facts = profile_batch(self.connection, {"c": declared}, landed_at=LANDED_AT, segments=segments)
        return facts["c"]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def picked(facts: dict[str, Fact], *names: str) -> list[Fact | None]:
    return [facts.get(name) for name in names]


def test_of_texts_are_told_gaps_repeats_and_length(desk: Desk) -> None:
    facts = desk.profile(["Bonn", "Bonn", "Rome", "Cologne", None])
    assert picked(facts, "rows", "nulls", "distinct", "top_count") == [5, 1, 3, 2]
    assert picked(facts, "longest", "at_longest", "common_length", "at_common_length") == [7, 1, 4, 3]
    assert picked(desk.profile(["a", "bcd", "efg", "h", None]), "common_length", "at_common_length") == [1, 2]
    assert picked(facts, "low", "mean", "hours") == [None, None, None]


def test_a_text_that_was_cut_after_a_blank_is_of_the_common_length_too(desk: Desk) -> None:
    cut = desk.profile(["Kings Ro", "Maple S", "12 High", "8 North", "Elm"])
    assert picked(cut, "common_length", "at_common_length") == [8, 4]


def test_no_text_is_in_a_profile_and_equal_favourites_have_equal_hashes(desk: Desk) -> None:
    here, there = desk.profile(["Ada", "Ada", "Bob"]), desk.profile(["Ada", "Ada", "Ada"])
    assert here["top"] == there["top"]
    assert desk.profile(["Bob", "Bob"])["top"] != here["top"]
    assert "Ada" not in json.dumps(here)


def test_damage_is_counted_and_foreign_letters_are_none(desk: Desk) -> None:
    good = ["Köln", "São Paulo", "Łódź", "東京", "Straße 1", "“Quoted”", "€ 5"]
    read_as_latin_1 = [text.encode().decode("latin-1") for text in ("Köln", "Straße")]
    read_as_windows = "Don’t".encode().decode("cp1252", errors="replace")
    facts = desk.profile([*good, *read_as_latin_1, read_as_windows, "K\ufffdln"])
    assert picked(facts, "damaged", "rows") == [4, 11]


def test_a_question_mark_between_letters_is_counted_and_one_at_the_end_is_not(desk: Desk) -> None:
    assert desk.profile(["K?ln", "why?", "? me", "a ? b"])["questioned"] == 1


def test_identifiers_that_went_through_a_float_are_counted(desk: Desk) -> None:
    # Python's own integers and floats say which of them a double holds.
    identifiers = [2**53 + 9 + 3 * step for step in range(50)]
    held = sum(int(float(one)) == one for one in identifiers)
    assert held == 25
    facts = desk.profile([str(one) for one in identifiers])
    assert picked(facts, "large", "rounded") == [50, held]
    spoiled = desk.profile([str(int(float(one))) for one in identifiers])
    assert picked(spoiled, "large", "rounded") == [50, 50]
    assert picked(desk.profile(["1.2345e+18", "12"]), "large", "rounded") == [1, 1]
    assert picked(desk.profile(["10023", "4711"]), "large", "rounded") == [0, 0]


def test_of_amounts_are_told_range_zeros_and_decimals(desk: Desk) -> None:
    facts = desk.profile([0.0, 1.5, 2.0, 3.25, None])
    assert picked(facts, "rows", "nulls", "low", "high", "mean") == [5, 1, 0.0, 3.25, 1.6875]
    assert picked(facts, "zeros", "whole") == [1, 2]


def test_quantiles_are_those_of_the_values(desk: Desk) -> None:
    facts = desk.profile([float(value) for value in range(1001)])
    assert [round(float(facts[name]) / 10) for name in ("q05", "q50", "q95")] == [5, 50, 95]  # type: ignore[arg-type]


def test_of_times_are_told_hours_and_age(desk: Desk) -> None:
    times = [LANDED_AT.replace(tzinfo=None) - timedelta(hours=back) for back in (1, 1, 3)]
    facts = desk.profile(times)
    assert facts["hours"] == [0] * 9 + [1, 0, 2] + [0] * 12
    assert facts["high"] == (LANDED_AT - timedelta(hours=1)).timestamp()
    assert 3600 <= facts["age_p95"] <= 3 * 3600  # type: ignore[operator]


def test_dates_of_the_last_days_with_day_and_month_swapped_are_counted(desk: Desk) -> None:
    true = [date(2026, 12, 5), date(2026, 12, 4), date(2026, 12, 3), date(2026, 11, 20)]
    swapped = [date(2026, 5, 12), date(2026, 4, 12), date(2026, 3, 12)]
    assert picked(desk.profile(true), "swapped", "low_days", "days") == [0, 3, 4]
    assert picked(desk.profile(swapped), "swapped", "low_days", "days") == [3, 3, 3]


def test_segments_are_counted_where_they_are_few(desk: Desk) -> None:
    assert desk.profile(["web", "web", "store", None], segments=["c"])["segments"] == {"web": 2, "store": 1, "": 1}
    assert "segments" not in desk.profile([str(one) for one in range(MOST_SEGMENTS + 1)], segments=["c"])


def test_a_batch_without_rows_has_no_facts(desk: Desk) -> None:
    desk.connection.execute("CREATE TABLE scratch.batch (row_number BIGINT, c VARCHAR, _is_test BOOL, _is_own BOOL)")
    assert profile_batch(desk.connection, {"c": "VARCHAR"}, landed_at=LANDED_AT) == {}


def test_a_large_batch_is_sampled_alike_each_time_and_keeps_its_shares(desk: Desk) -> None:
    values = ["bad" if number % 4 == 0 else "good" for number in range(10 * SAMPLED_ROWS)]
    facts = desk.profile(values)
    assert SAMPLED_ROWS * 0.9 < facts["rows"] < SAMPLED_ROWS * 1.1  # type: ignore[operator]
    assert 0.73 < facts["top_count"] / facts["rows"] < 0.77  # type: ignore[operator]
    assert desk.profile(values) == facts


def test_of_texts_are_told_those_without_letters_and_those_without_digits(desk: Desk) -> None:
    facts = desk.profile(["Köln", "50667", "50a", "-", None])
    # Without a letter are 50667 and -, without a digit Köln and -.
    assert picked(facts, "wordless", "digitless") == [2, 2]


def test_of_texts_are_told_whole_numbers_of_hundreds(desk: Desk) -> None:
    assert desk.profile(["1300", "00", "1230", "A100", "100.00", "900"])["hundreds"] == 2


@pytest.mark.parametrize("filler", ["N/A", "none", "0000", "99999", "XXX", "--", "?"])
def test_what_forms_put_where_there_is_no_value_is_counted(desk: Desk, filler: str) -> None:
    assert desk.profile([filler, "Ada", "50667", "Nonni"])["fillers"] == 1


def test_days_that_stand_for_no_day_are_counted(desk: Desk) -> None:
    assert desk.profile([date(1970, 1, 1), date(1900, 1, 1), date(1970, 1, 2)])["fillers"] == 2


def test_test_rows_and_our_own_are_not_profiled(desk: Desk) -> None:
    desk.profile(["Ada", "Bob", "Cid"])
    desk.connection.execute("UPDATE scratch.batch SET _is_test = c = 'Ada', _is_own = c = 'Bob'")
    facts = profile_batch(desk.connection, {"c": "VARCHAR"}, landed_at=LANDED_AT)
    assert facts["c"]["rows"] == 1
