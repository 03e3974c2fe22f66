"""What a daily read lacks against the habit of two weeks, and what is asked for in between lacks nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from pipelines.freshness.blamed import Blamed
from pipelines.freshness.detectors.late import late
from pipelines.freshness.finding import Finding
from tests.pipelines.freshness.history_factory import CATALOG, NOON, a_batch, a_history, a_run


def test_a_daily_read_without_rows_is_late_after_two_weeks_that_all_brought_some() -> None:
    days = [NOON - timedelta(days=back) for back in range(14, -1, -1)]
    runs, shipments = [a_run(day) for day in days], CATALOG["carrier.shipments"]

    def verdict(rows: Sequence[int]) -> str:
        batches = [a_batch(seq, day, count) for seq, (day, count) in enumerate(zip(days, rows, strict=False), 1)]
        (found,) = late(a_history(runs, batches, contract=shipments))
        return found.verdict

    assert verdict([5] * 14) == "FAIL"
    assert verdict([4] + [5] * 13) == "PASS"  # so few that none may be chance
    assert verdict([5] * 15) == "PASS"
    runs = runs[1:]
    days = days[1:]
    assert verdict([5] * 13) == "PASS"


def test_files_of_an_older_day_than_ever_are_late_though_they_come() -> None:
    # Each read brings the file of the day before; then two bring nothing, and one that of three days before.
    days = [NOON - timedelta(days=back) for back in range(16, -1, -1)]
    shipments = CATALOG["carrier.shipments"]

    def found(behind: Sequence[int | None]) -> Finding:
        batches = [
            a_batch(seq, day, 3, business_date=f"{day - timedelta(days=back):%Y-%m-%d}")
            for seq, (day, back) in enumerate(zip(days, behind, strict=True), 1)
            if back is not None
        ]
        (only,) = late(a_history([a_run(day) for day in days], batches, contract=shipments))
        return only

    grows = found([1] * 14 + [None, None, 3])
    assert (grows.verdict, grows.onset) == ("FAIL", days[14])
    assert found([1] * 17).verdict == "PASS"
    assert found([1] * 14 + [None, None, 1]).verdict == "PASS"
    assert found([1] * 8 + [2] + [1] * 7 + [2]).verdict == "PASS"  # it was as far back before


def test_a_file_that_did_not_come_stays_late_while_its_number_is_missing_or_the_sender_lags_behind() -> None:
    # Two weeks of a file a day; then none, the next number, the one that was missing without that day's, the next.
    days = [NOON - timedelta(days=back) for back in range(17, -1, -1)]
    shipments = CATALOG["carrier.shipments"]
    files = {day: day for day in range(14)} | {15: 15, 16: 14, 17: 17}

    def found(last: int) -> Finding:
        batches = [
            a_batch(seq, days[day], 9, sequence=number, business_date=f"{days[number] - timedelta(days=1):%Y-%m-%d}")
            for seq, (day, number) in enumerate(files.items(), 1)
            if day <= last
        ]
        runs = [a_run(day) for day in days[: last + 1]]
        told = Blamed(days[14], days[last - 1])
        blames = (told,) if last > 14 else ()
        (only,) = late(replace(a_history(runs, batches, contract=shipments, now=days[last]), blames=blames))
        return only

    assert [found(last).verdict for last in (13, 14, 15, 16, 17)] == ["PASS", "FAIL", "FAIL", "FAIL", "FAIL"]
    assert found(15).reason.startswith("number 14, due ")
    assert found(16).reason.endswith("2 days back; at each read it was 1")


def test_a_read_soon_after_the_daily_one_is_not_late_for_what_that_one_brought_and_brings_what_it_lacked() -> None:
    days, shipments = [NOON - timedelta(days=back) for back in range(14, -1, -1)], CATALOG["carrier.shipments"]
    again = days[-1] + timedelta(hours=2)

    def verdict(rows: Mapping[datetime, int], *reads: datetime) -> str:
        batches = [a_batch(seq, at, count) for seq, (at, count) in enumerate(rows.items(), 1)]
        (found,) = late(a_history([a_run(at) for at in reads], batches, contract=shipments, now=reads[-1]))
        return found.verdict

    daily = dict.fromkeys(days, 9)
    assert verdict(daily, *days, again) == "PASS"
    none_today = dict.fromkeys(days[:-1], 9)
    assert verdict(none_today, *days, again) == "FAIL"
    assert verdict(none_today | {again: 9}, *days, again) == "PASS"
    assert verdict(daily, *days, again, days[-1] + timedelta(days=1)) == "FAIL"
