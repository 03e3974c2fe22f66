"""Columns that are new, gone, renamed or emptied: told once, by name, and never from silence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from connectors.contract import Announced
from pipelines.freshness.detectors.columns import column_added, column_removed, column_renamed
from pipelines.freshness.history import FeedHistory, Run
from tests.pipelines.freshness.contents_factory import contents, told
from tests.pipelines.freshness.history_factory import NOON, ORDERS, a_history, a_run

HOUR = timedelta(hours=1)


def runs(*undeclared: Sequence[str]) -> list[Run]:
    """Good reads an hour apart, the last at noon, with the columns that the contract does not name."""
    return [
        a_run(NOON - HOUR * (len(undeclared) - 1 - place), rows_landed=10, undeclared_columns=tuple(names))
        for place, names in enumerate(undeclared)
    ]


def missing(run: Run, *names: str, undeclared: Sequence[str] = ()) -> Run:
    """The same attempt, stopped by columns that are not there."""
    return replace(run, status="FAILED", rows_landed=0, missing_columns=names, undeclared_columns=tuple(undeclared))


def test_without_two_reads_nothing_is_new_and_nothing_passes() -> None:
    assert [one.verdict for one in column_added(a_history(runs(["note"])))] == ["UNKNOWN"]
    assert [one.verdict for one in column_removed(a_history())] == ["UNKNOWN"]
    assert [one.verdict for one in column_renamed(a_history())] == ["UNKNOWN"]


def test_a_new_column_is_told_for_a_day_and_those_of_old_are_not() -> None:
    (found, rest) = column_added(a_history(runs(["note"], ["note"], ["note", "loyalty"])))
    assert (found.segment, found.verdict, found.onset, rest.verdict) == ("loyalty", "FAIL", NOON, "PASS")
    a_day = [["note"], *[["note", "loyalty"]] * 25]
    assert told(column_added(a_history(runs(*a_day[:-1])))) == {"loyalty": "FAIL"}
    assert told(column_added(a_history(runs(*a_day)))) == {}


def test_a_new_column_that_was_announced_is_no_news() -> None:
    announced = Announced(kind="columns", begins=NOON - HOUR, ends=NOON + HOUR, note="loyalty programme")
    contract = ORDERS.model_copy(update={"watch": ORDERS.watch.model_copy(update={"announced": (announced,)})})
    reads = [replace(run, contract_version=contract.version) for run in runs(["note"], ["note", "loyalty"])]
    assert told(column_added(a_history(reads, contract=contract))) == {}
    assert told(column_added(a_history(runs(["note"], ["note", "loyalty"])))) == {"loyalty": "FAIL"}


def test_a_column_that_another_contract_named_is_compared_with_nothing() -> None:
    former = [replace(run, contract_version="former") for run in runs([], [])]
    assert [one.verdict for one in column_added(a_history([*former, *runs(["note"])]))] == ["UNKNOWN"]


def test_a_column_that_a_read_does_not_find_is_told_since_it_was_last_there() -> None:
    first, second, third = runs([], [], [])
    history = a_history([first, missing(second, "email"), missing(third, "email")])
    (found, rest) = column_removed(history)
    assert (found.segment, found.verdict, found.onset, rest.verdict) == ("email", "FAIL", second.started_at, "PASS")
    assert told(column_renamed(history)) == {}


def test_a_column_that_is_back_passes_with_the_time_of_that_read() -> None:
    first, second, third = runs([], [], [])
    (found,) = column_removed(a_history([first, missing(second, "email"), third]))
    assert (found.verdict, found.evidence_at) == ("PASS", NOON)


def test_a_run_that_read_nothing_for_another_reason_says_nothing_of_columns() -> None:
    first, second, third = runs([], [], [])
    down = replace(third, status="FAILED", rows_landed=0)
    assert told(column_removed(a_history([first, missing(second, "email"), down]))) == {"email": "FAIL"}


def test_a_column_that_goes_as_a_like_one_comes_is_renamed_and_neither_removed_nor_added() -> None:
    first, second = runs(["note"], ["note"])
    history = a_history([first, missing(second, "customer_id", undeclared=["note", "customerId", "loyalty"])])
    (renamed, rest) = column_renamed(history)
    assert (renamed.segment, renamed.verdict, rest.verdict) == ("customer_id", "FAIL", "PASS")
    assert "'customerId'" in renamed.reason
    assert told(column_removed(history)) == {}
    assert told(column_added(history)) == {"loyalty": "FAIL"}


def test_one_that_goes_and_one_that_comes_are_a_pair_whatever_their_names() -> None:
    first, second = runs([], [])
    history = a_history([first, missing(second, "phone", undeclared=["msisdn"])])
    assert told(column_renamed(history)) == {"phone": "FAIL"}


def emptied(filled_before: float, sizes: Sequence[int]) -> FeedHistory:
    """The last of these batches have no e-mail at all; those before had one in this share of rows."""
    nulls = {place: {"email": {"nulls": round(size * (1 - filled_before))}} for place, size in enumerate(sizes[:-4])}
    none = {place: {"email": {"nulls": sizes[place]}} for place in range(len(sizes) - 4, len(sizes))}
    return replace(contents(sizes, profiles={**nulls, **none}), runs=tuple(runs([], [])))


def test_a_column_that_was_mostly_filled_and_is_empty_now_is_gone() -> None:
    history = emptied(0.9, [10] * 12)
    assert told(column_removed(history)) == {"email": "FAIL"}
    (found, _) = column_removed(history)
    assert found.onset == history.batches[8].landed_at


def test_a_column_that_is_filled_late_or_seldom_may_be_empty() -> None:
    assert told(column_removed(emptied(0.4, [10] * 12))) == {}
    # At even odds 16 rows are all empty once in 65,536 times, 17 once in 131,072.
    assert told(column_removed(emptied(0.5, [10] * 8 + [4] * 4))) == {}
    assert told(column_removed(emptied(0.5, [10] * 8 + [5, 4, 4, 4]))) == {"email": "FAIL"}
    # Where a tenth was empty, five are once in 100,000 times.
    assert told(column_removed(emptied(0.9, [10] * 8 + [2, 1, 1, 1]))) == {"email": "FAIL"}
    assert told(column_removed(emptied(0.9, [10] * 8))) == {}  # four batches before
    assert told(column_removed(emptied(1.0, [10] * 8 + [2] * 4))).keys() == {"email"}  # never empty before
    assert told(column_removed(emptied(1.0, [10] * 8 + [1] * 4))) == {}


def test_a_key_of_json_that_takes_the_place_of_a_filled_column_is_a_rename_at_its_first_rows() -> None:
    sizes, keys = [10] * 12, [["note"]] * 11 + [["note", "mail"]]
    history = contents(sizes, profiles={11: {"email": {"nulls": 10}}}, usual={"email": {"nulls": 1}})
    reads = [replace(run, started_at=batch.landed_at) for run, batch in zip(runs(*keys), history.batches, strict=True)]
    history = replace(history, runs=tuple(reads))
    (found, _) = column_renamed(history)
    assert (found.segment, found.verdict, "'mail'" in found.reason) == ("email", "FAIL", True)
    assert told(column_added(history)) == {}
    assert told(column_removed(history)) == {}
    few = replace(history, batches=(*history.batches[:-1], replace(history.batches[-1], row_count=4)))
    assert told(column_renamed(few)) == {}


def test_a_column_that_is_empty_since_before_the_new_key_came_was_not_renamed() -> None:
    sizes, keys = [10] * 12, [["note"]] * 11 + [["note", "mail"]]
    none: dict[str, dict[str, object]] = {"email": {"nulls": 10}}
    history = contents(sizes, profiles={10: none, 11: none}, usual={"email": {"nulls": 1}})
    reads = [replace(run, started_at=batch.landed_at) for run, batch in zip(runs(*keys), history.batches, strict=True)]
    assert told(column_renamed(replace(history, runs=tuple(reads)))) == {}
