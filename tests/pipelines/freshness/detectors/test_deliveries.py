"""Deliveries as files: cut short, missing in their sequence, here before, or of a day long past."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from connectors.contract import Announced
from pipelines.freshness.detectors.deliveries import redelivered, sequence_gap, stale_source, truncated
from pipelines.freshness.history import Batch, FeedHistory
from tests.pipelines.freshness.detectors.evidence_factory import a_failed_run, ago, an_answer, changed, only
from tests.pipelines.freshness.history_factory import CATALOG, NOON, a_batch, a_history, a_run

DAY = timedelta(days=1)
SHIPMENTS, PROFILES = CATALOG["carrier.shipments"], CATALOG["bureau.profiles"]


def a_file(number: int, **facts: object) -> Batch:
    """The file of one day: number 1 came nine days before noon, number 10 at noon."""
    plain: dict[str, object] = {"label": f"file {number}", "file_name": f"{number}.csv", "sequence": number}
    return a_batch(number, NOON - (10 - number) * DAY, **(plain | facts))


def of(*files: Batch) -> FeedHistory:
    return a_history([a_run(ago(1))], files, contract=SHIPMENTS)


def test_a_file_that_is_cut_by_its_own_account_is_truncated_until_a_read_ends_well() -> None:
    cut = a_failed_run(ago(2), "truncated", "PARTIAL")
    assert only(truncated(a_history([cut]))).verdict == "FAIL"
    assert only(truncated(a_history([cut, a_run(ago(1))]))).verdict == "PASS"
    assert only(truncated(a_history())).verdict == "UNKNOWN"


def test_a_file_that_is_still_written_at_one_look_is_not_truncated_and_at_three_it_is() -> None:
    unfinished = [a_failed_run(ago(back), "unfinished") for back in (3, 2, 1)]
    assert only(truncated(a_history(unfinished[:2]))).verdict == "UNKNOWN"
    found = only(truncated(a_history(unfinished)))
    assert (found.verdict, found.onset) == ("FAIL", ago(3))


def test_a_file_ends_in_the_middle_of_a_line_when_the_sender_ends_lines_otherwise() -> None:
    whole = [a_file(number, ends_mid_line=False) for number in (7, 8, 9)]
    last = a_file(10, ends_mid_line=True)
    found = only(truncated(of(*whole, last)))
    assert (found.verdict, found.onset) == ("FAIL", NOON)
    assert only(truncated(of(*whole[1:], last))).verdict == "PASS"
    never_ended = [replace(file, ends_mid_line=True) for file in whole]
    assert only(truncated(of(*never_ended, last))).verdict == "PASS"


def test_a_number_that_did_not_come_is_missing_until_it_comes() -> None:
    found = only(sequence_gap(of(a_file(6), a_file(9), a_file(10))))
    assert (found.verdict, found.onset, found.evidence["missing"]) == ("FAIL", NOON - DAY, 2)
    assert "7, 8" in found.reason
    late = [replace(a_file(7), batch_seq=11), replace(a_file(8), batch_seq=12)]
    assert only(sequence_gap(of(a_file(6), a_file(9), a_file(10), *late))).verdict == "PASS"


def test_a_sender_may_begin_again_at_one_and_repeat_a_number() -> None:
    restarted = [a_file(8), a_file(9), replace(a_file(10), sequence=1)]
    assert only(sequence_gap(of(*restarted))).verdict == "PASS"
    repeated = [a_file(8), a_file(9), replace(a_file(10), sequence=8)]
    assert only(sequence_gap(of(*repeated))).verdict == "PASS"
    assert only(sequence_gap(of(a_batch(1, NOON)))).verdict == "UNKNOWN"


def test_the_same_bytes_under_a_new_name_are_a_redelivery() -> None:
    found = only(redelivered(of(a_file(9), a_file(10, content_sha256="sha-9"))))
    assert (found.verdict, found.rows, found.onset) == ("FAIL", 10, NOON)
    assert only(redelivered(of(a_file(9), a_file(10)))).verdict == "PASS"
    assert only(redelivered(a_history([a_run(ago(1))], [a_batch(1, NOON)]))).verdict == "UNKNOWN"


def test_a_folder_that_was_copied_anew_with_all_of_its_files_is_no_redelivery_of_any() -> None:
    days = [a_file(number) for number in range(1, 11)]
    copied = [
        a_file(number, batch_seq=number + 10, content_sha256=f"sha-{number}", landed_at=NOON) for number in range(1, 11)
    ]
    assert only(redelivered(of(*days, *copied))).verdict == "PASS"


def test_a_file_of_a_weekday_that_comes_with_the_bytes_of_a_week_ago_is_a_redelivery() -> None:
    weeks = [a_file(number, file_name=f"{number % 5}.csv") for number in range(1, 10)]
    again = a_file(10, file_name="0.csv", content_sha256="sha-5")
    assert only(redelivered(of(*weeks, again))).verdict == "FAIL"


def test_two_empty_files_are_alike_and_no_redelivery() -> None:
    empty = [a_file(9, row_count=0, content_sha256="e"), a_file(10, row_count=0, content_sha256="e")]
    assert only(redelivered(of(*empty))).verdict == "PASS"


def test_a_full_list_may_stay_what_it_was_and_may_not_go_back() -> None:
    first, second = a_file(8), a_file(9)
    stays = a_history([], [first, second, a_file(10, content_sha256="sha-9")], contract=PROFILES)
    back = a_history([], [first, second, a_file(10, content_sha256="sha-8")], contract=PROFILES)
    assert only(redelivered(stays)).verdict == "PASS"
    assert only(redelivered(back)).verdict == "FAIL"


def test_the_next_number_of_an_earlier_day_is_a_redelivery_and_a_late_number_is_not() -> None:
    days = [a_file(8, business_date="2026-11-16"), a_file(9, business_date="2026-11-17")]
    assert only(redelivered(of(*days, a_file(10, business_date="2026-11-16")))).verdict == "FAIL"
    late = replace(a_file(10, business_date="2026-11-15"), sequence=7)
    assert only(redelivered(of(*days, late))).verdict == "PASS"


def test_a_file_of_twenty_rows_that_were_all_here_is_a_redelivery_unless_it_is_announced() -> None:
    def history(rows: int, new: int) -> FeedHistory:
        return of(a_file(9), a_file(10, row_count=rows, rows_in=rows, rows_new=new, rows_unchanged=rows - new))

    assert only(redelivered(history(20, 0))).verdict == "FAIL"
    assert only(redelivered(history(19, 0))).verdict == "PASS"
    assert only(redelivered(history(20, 1))).verdict == "PASS"
    backfill = Announced(kind="backfill", begins=NOON - DAY, ends=NOON + DAY, note="old parcels again")
    contract = changed(SHIPMENTS, watch=SHIPMENTS.watch.model_copy(update={"announced": (backfill,)}))
    assert only(redelivered(replace(history(20, 0), contract=contract))).verdict == "PASS"


def test_five_rows_that_were_all_here_are_a_redelivery_after_seven_files_of_news() -> None:
    def verdict(known: int, former: int, **facts: object) -> str:
        files = [a_file(10 - back, **facts) for back in range(former, 0, -1)]
        return only(redelivered(of(*files, a_file(10, rows_in=known, rows_new=0, rows_unchanged=known)))).verdict

    assert [verdict(5, 7), verdict(5, 6), verdict(4, 7)] == ["FAIL", "PASS", "PASS"]
    again = [a_file(number, rows_in=5, rows_new=0, rows_unchanged=5) for number in (9, 10)]
    assert only(redelivered(of(*(a_file(number) for number in range(2, 9)), *again))).rows == 20
    assert verdict(5, 7, rows_new=4) == "PASS"
    assert verdict(5, 7, rows_new=1, rows_changed=4) == "FAIL"


def test_a_redelivery_is_told_for_a_day_beside_good_files() -> None:
    again = a_file(9, content_sha256="sha-8")
    history = of(a_file(8), again, a_file(10))
    assert only(redelivered(history)).verdict == "FAIL"
    assert only(redelivered(replace(history, now=NOON + timedelta(seconds=1)))).verdict == "PASS"


def test_a_source_that_says_it_was_not_fed_is_behind_though_it_lives() -> None:
    run = a_run(ago(1))

    def verdict(fed: timedelta) -> str:
        told = replace(an_answer(run), heartbeat=ago(1), fed_until=ago(1) - fed)
        return only(stale_source(a_history([run], answers=[told]))).verdict

    assert [verdict(timedelta(hours=1)), verdict(timedelta(hours=1, minutes=1))] == ["PASS", "FAIL"]


def test_a_sender_whose_day_stands_still_is_behind() -> None:
    # Promise and grace are 60 hours, and a day's file is whole at its end: 84 hours.
    def verdict(day_before: str, day: str) -> str:
        return only(stale_source(of(a_file(9, business_date=day_before), a_file(10, business_date=day)))).verdict

    assert verdict("2026-11-16", "2026-11-17") == "PASS"
    assert verdict("2026-11-15", "2026-11-15") == "PASS"
    assert verdict("2026-11-13", "2026-11-14") == "WARN"
    assert verdict("2026-11-14", "2026-11-14") == "FAIL"
    assert only(stale_source(of(a_file(10)))).verdict == "UNKNOWN"


def test_a_file_that_is_sent_once_more_under_its_own_name_is_not_redelivered() -> None:
    days = [a_file(number) for number in range(3, 10)]
    assert only(redelivered(of(*days, a_file(10, content_sha256="sha-9", file_name="9.csv")))).verdict == "PASS"
    assert only(redelivered(of(*days, a_file(10, content_sha256="sha-9")))).verdict == "FAIL"


def test_names_that_come_round_again_make_no_file_a_former_one() -> None:
    weekdays = [a_file(number, file_name=f"{number % 3}.csv") for number in range(3, 10)]
    assert only(redelivered(of(*weekdays, a_file(10, content_sha256="sha-7", file_name="1.csv")))).verdict == "FAIL"
