"""Learned detectors: ordinary life passes, a fault at a fifth of the rows is told, and too little life is unknown."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.contract import Announced
from pipelines.freshness.detectors import FeedDetector
from pipelines.freshness.detectors.cut_text import cut_text
from pipelines.freshness.detectors.default_flood import default_flood
from pipelines.freshness.detectors.detects import failures_of
from pipelines.freshness.detectors.drift import drift
from pipelines.freshness.detectors.frozen import frozen
from pipelines.freshness.detectors.keys_merged import keys_merged
from pipelines.freshness.detectors.late import late
from pipelines.freshness.detectors.null_flood import null_flood
from pipelines.freshness.detectors.old_events import old_events
from pipelines.freshness.detectors.scope_narrowed import scope_narrowed
from pipelines.freshness.detectors.shifted_times import shifted_times
from pipelines.freshness.detectors.slowing import slowing
from pipelines.freshness.detectors.unit_changed import unit_changed
from pipelines.freshness.detectors.unusual_volume import unusual_volume
from pipelines.freshness.evaluate import LEARNED_DETECTORS
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import Batch, FeedHistory, SourceAnswer
from pipelines.freshness.training import FailedSpan
from pipelines.ledger.breaches import BreachRecord
from pipelines.ledger.profiles import ColumnProfile
from tests.pipelines.freshness.contents_factory import a_breach, contents
from tests.pipelines.freshness.history_factory import NOON, a_batch, a_history, a_run
from tests.pipelines.freshness.learned_factory import (
    HOUR,
    HOURLY,
    ROWS,
    a_profile,
    announcing,
    followed,
    lived,
    next_batch,
    trained,
)

LIFE = trained(lived())


def failing(detector: FeedDetector, history: FeedHistory) -> list[Finding]:
    return [finding for finding in detector(history) if finding.verdict == "FAIL"]


@pytest.mark.parametrize("detector", LEARNED_DETECTORS)
def test_without_evidence_the_verdict_is_unknown(detector: FeedDetector) -> None:
    assert [finding.verdict for finding in detector(a_history(contract=HOURLY))] == ["UNKNOWN"]


@pytest.mark.parametrize("detector", [one for one in LEARNED_DETECTORS if one is not late])
def test_less_than_a_week_of_life_is_unknown(detector: FeedDetector) -> None:
    assert [finding.verdict for finding in detector(trained(lived(days=5)))] == ["UNKNOWN"]


@pytest.mark.parametrize("detector", LEARNED_DETECTORS)
def test_ordinary_life_passes(detector: FeedDetector) -> None:
    assert [finding.verdict for finding in detector(followed(LIFE, next_batch(LIFE)))] == ["PASS"]


NEXT = next_batch(LIFE)
FIFTH = ROWS // 5


@pytest.mark.parametrize(
    ("detector", "column", "facts"),
    [
        (null_flood, "email", {"nulls": FIFTH}),
        (default_flood, "total_amount", {"zeros": FIFTH, "q05": 0.0, "q50": 60.0, "q95": 220.0}),
        (default_flood, "street", {"top_count": FIFTH, "longest": 30, "at_longest": 1}),
        (cut_text, "street", {"at_longest": FIFTH, "longest": 12}),
        (keys_merged, "email", {"distinct": ROWS - FIFTH - 10}),
        (unit_changed, "total_amount", {"q05": 15.0, "q50": 60.0, "q95": 22_000.0, "zeros": 2}),
        (unit_changed, "total_amount", {"q05": 15.0, "q50": 55.2 * 0.92, "q95": 220.0, "zeros": 2}),
        (scope_narrowed, "country", {"distinct": 1, "segments": {"AT": ROWS}}),
        (drift, "country", {"distinct": 2, "segments": {"AT": 120, "DE": 80}}),
    ],
)
def test_a_fault_at_a_fifth_of_the_rows_is_told_of_its_column(
    detector: FeedDetector, column: str, facts: dict[str, object]
) -> None:
    (found,) = failing(detector, followed(LIFE, NEXT, **{column: [a_profile(NEXT, column, **facts)]}))
    assert (found.failure, found.segment) == (failures_of(detector)[0], column)
    assert found.evidence_at == NEXT.landed_at
    assert found.evidence["model"] == 1
    assert not found.evidence["low"] <= found.evidence["value"] <= found.evidence["high"]  # type: ignore[operator]


def test_an_alert_explains_itself_by_what_was_usual() -> None:
    (found,) = failing(null_flood, followed(LIFE, NEXT, email=[a_profile(NEXT, "email", nulls=100)]))
    assert found.reason.startswith("share of empty values in email: 50.0% of 200 rows, usual is 0.0% to ")


def test_unchanged_rows_are_told() -> None:
    (found,) = failing(frozen, followed(LIFE, next_batch(LIFE, rows_unchanged=FIFTH, rows_new=ROWS - FIFTH)))
    assert found.failure == "frozen"


def test_a_file_of_nothing_but_known_rows_is_told_as_a_redelivery_and_not_as_frozen() -> None:
    known = next_batch(LIFE, rows_unchanged=ROWS, rows_new=0)
    assert failing(frozen, followed(LIFE, known))
    assert not failing(frozen, followed(LIFE, replace(known, file_name="again.csv")))
    a_row_of_news = replace(known, file_name="again.csv", rows_new=1, rows_unchanged=ROWS - 1)
    assert failing(frozen, followed(LIFE, a_row_of_news))


def test_rows_with_nothing_new_but_their_time_of_change_are_unchanged_ones() -> None:
    batch = next_batch(LIFE, rows_changed=ROWS)
    stamped = BreachRecord(batch.batch_id, "restamped", "restamped", "updated_at", "", FIFTH)
    (found,) = failing(frozen, replace(followed(LIFE, batch), breaches={batch.batch_id: [stamped]}))
    assert found.evidence["value"] == 0.2


def test_more_rows_of_the_same_crowd_repeat_more_people_and_only_fewer_people_are_merged_keys() -> None:
    """Rows of a thousand people, each as likely: n of them are of 1000 (1 - 0.999^n) people on average."""

    def email(batch: Batch, people: float) -> ColumnProfile:
        return a_profile(batch, "email", distinct=round(people * (1 - (1 - 1 / people) ** batch.row_count)))

    life = lived()
    crowd = {batch.batch_id: {"email": email(batch, 1000)} for batch in life.batches}
    life = trained(replace(life, profiles={each: life.profiles[each] | own for each, own in crowd.items()}))
    burst = next_batch(life, rows=4 * ROWS)
    assert failing(keys_merged, followed(life, burst, email=[email(burst, 1000)])) == []
    assert [one.segment for one in failing(keys_merged, followed(life, burst, email=[email(burst, 400)]))] == ["email"]


def test_the_time_of_change_of_a_repair_is_no_default() -> None:
    many = {"top": 7, "top_count": ROWS}
    assert failing(default_flood, followed(LIFE, NEXT, updated_at=[a_profile(NEXT, "updated_at", **many)])) == []


def test_a_filler_that_a_column_never_had_is_told_from_the_fifth_on() -> None:
    def filled(rows: int) -> FeedHistory:
        return followed(LIFE, NEXT, street=[a_profile(NEXT, "street", fillers=rows)])

    (found,) = failing(default_flood, filled(8))
    assert (found.segment, found.rows) == ("street", 8)
    assert failing(default_flood, filled(4)) == []
    first = replace(
        a_history([], [NEXT]), profiles={NEXT.batch_id: {"street": a_profile(NEXT, "street", fillers=ROWS)}}
    )
    assert failing(default_flood, first) == []


def test_three_times_the_rows_and_a_fifth_of_them_are_told() -> None:
    for rows in (3 * ROWS, ROWS // 5):
        (found,) = failing(unusual_volume, followed(LIFE, next_batch(LIFE, rows=rows)))
        assert found.segment == "arrival"


def test_late_changes_do_not_stand_for_the_new_rows_that_are_missing() -> None:
    batch = next_batch(LIFE, rows_new=2, rows_changed=ROWS - 2)
    (found,) = failing(unusual_volume, followed(LIFE, batch))
    assert (found.segment, found.evidence["part"]) == ("arrival", "arrival/new rows")


def test_a_burst_that_was_announced_is_neither_told_nor_learned() -> None:
    burst = Announced(kind="volume", begins=NOON, ends=NOON + 2 * HOUR, note="sale")
    life = replace(LIFE, contract=announcing(burst))
    during = followed(life, next_batch(life, rows=20 * ROWS))
    (found,) = unusual_volume(during)
    assert (found.verdict, "sale" in found.reason) == ("UNKNOWN", True)
    again = trained(replace(during, now=NOON + 5 * HOUR))
    (model,) = [one for one in again.bands.values() if (one.failure, one.segment) == ("unusual_volume", "arrival")]
    (before,) = [one for one in LIFE.bands.values() if (one.failure, one.segment) == ("unusual_volume", "arrival")]
    # The burst, and the batch of the hour in which it was announced to begin, are left out.
    assert model.n == before.n - 1


@pytest.mark.parametrize(("hours", "is_told"), [(5.5, True), (1.0, True), (0.0, False)])
def test_a_step_in_arrival_minus_event_is_a_shift_of_times(hours: float, is_told: bool) -> None:
    batches = [next_batch(LIFE, ahead=ahead) for ahead in (1, 2)]
    found = [
        a_profile(batch, "ordered_at", high=batch.landed_at.timestamp() - 150 - hours * 3600, hours=(0,) * 24)
        for batch in batches
    ]
    told = failing(shifted_times, followed(LIFE, *batches, ordered_at=found))
    assert [finding.evidence["shift_hours"] for finding in told] == ([pytest.approx(hours, abs=0.1)] if is_told else [])


def test_known_rows_whose_times_moved_by_one_step_of_a_zone_are_shifted_at_the_first_look() -> None:
    def shifted(rows: int, seconds: int) -> list[Finding]:
        moved = a_breach("shifted", rows, columns="ordered_at", code=str(seconds))
        return failing(shifted_times, contents([20] * 21, {20: [moved]}))

    (found,) = shifted(11, -19_800)
    assert (found.segment, found.is_exact, found.evidence["shift_hours"]) == ("ordered_at", True, -5.5)
    assert shifted(4, -19_800) == []  # somebody mistyped
    assert shifted(11, -19_801) == []  # no step of a zone
    assert shifted(11, 27 * 3600) == []  # further than any two zones


def test_events_that_are_further_off_than_any_zone_explains_are_old_and_not_shifted() -> None:
    batches = [next_batch(LIFE, ahead=ahead) for ahead in (1, 2)]

    def newest(*hours: float) -> FeedHistory:
        found = [
            a_profile(batch, "ordered_at", high=batch.landed_at.timestamp() - 150 - age * 3600, hours=(0,) * 24)
            for batch, age in zip(batches, hours, strict=True)
        ]
        return followed(LIFE, *batches, ordered_at=found)

    assert failing(shifted_times, newest(20, 47)) == []
    (found,) = failing(old_events, newest(20, 47))
    assert (found.segment, "47 h older than usual" in found.reason) == ("ordered_at", True)
    assert failing(old_events, newest(0, 47)), "one delivery is one look, and it takes two of them"
    for hours in ((25, 25), (47, 0), (-47, -47)):
        assert failing(old_events, newest(*hours)) == []


def test_a_lag_that_stays_is_slowing() -> None:
    batches = [
        next_batch(LIFE, ahead=ahead, cursor_high=(NOON + (ahead - 12) * HOUR).isoformat()) for ahead in (1, 2, 3)
    ]
    (found,) = failing(slowing, followed(LIFE, *batches))
    assert found.evidence["part"] == "hours of lag"


def test_changes_since_the_read_before_are_no_lag_however_long_before_the_read_they_were() -> None:
    # The last change of the hour was always a minute before the read, and is 50 minutes before the next three.
    batches = [
        next_batch(LIFE, ahead=ahead, cursor_high=(NOON + (ahead - 5 / 6) * HOUR).isoformat()) for ahead in (1, 2, 3)
    ]
    assert not failing(slowing, followed(LIFE, *batches))


def test_runs_that_fill_the_time_until_the_next_are_slowing() -> None:
    long = [replace(run, ended_at=run.started_at + timedelta(minutes=48)) for run in LIFE.runs[-3:]]
    (found,) = failing(slowing, replace(LIFE, runs=(*LIFE.runs[:-3], *long)))
    assert found.evidence == {"seconds": 2880.0, "interval_seconds": 3600.0}


def test_silence_is_late_by_what_is_usual_long_before_the_contract_says_so() -> None:
    # Eight certain arrivals, an hour apart, and four hours of grace.
    assert [one.verdict for one in late(replace(LIFE, now=NOON + timedelta(hours=12)))] == ["PASS"]
    (found,) = late(replace(LIFE, now=NOON + timedelta(hours=12, minutes=1)))
    assert (found.verdict, found.onset) == ("FAIL", NOON + 8 * HOUR)


def test_without_bands_the_contract_alone_says_what_is_late() -> None:
    life = replace(LIFE, bands={})
    assert [one.verdict for one in late(replace(life, now=NOON + 26 * HOUR))] == ["PASS"]
    assert [one.verdict for one in late(replace(life, now=NOON + 29 * HOUR))] == ["WARN"]
    assert [one.verdict for one in late(replace(life, now=NOON + 31 * HOUR))] == ["FAIL"]


def test_texts_that_most_end_after_one_shorter_length_are_cut_at_the_first_look() -> None:
    usual = {"street": {"longest": 23, "at_longest": 1, "common_length": 16, "at_common_length": 5}}

    def cut(**facts: object) -> list[Finding]:
        profiles = {20: {"street": usual["street"] | facts}}
        return failing(cut_text, contents([30] * 21, profiles=profiles, usual=usual))

    # The first delivery holds longer texts too.
    (found,) = cut(common_length=10, at_common_length=24, longest=17)
    assert (found.segment, found.rows, found.is_exact) == ("street", 24, True)
    assert cut(common_length=10, at_common_length=14) == []  # less than half of them
    # Nor does it matter that the very first one held the texts of years, most of them often.
    years, short = {"distinct": 240}, {"common_length": 10, "at_common_length": 24}
    profiles = {0: {"street": usual["street"] | years}, 20: {"street": usual["street"] | short}}
    assert failing(cut_text, contents([2000] + [30] * 20, profiles=profiles, usual=usual))
    codes = {"street": usual["street"] | {"distinct": 8}}
    assert failing(cut_text, contents([30] * 21, profiles={20: {"street": codes["street"] | short}}, usual=codes)) == []
    assert cut(common_length=20, at_common_length=24) == []  # a longer form is none that was cut
    # Nor is one value for many: 24 texts that are all one are one text.
    assert cut(common_length=10, at_common_length=24, top_count=24) == []
    assert cut(common_length=10, at_common_length=24, top_count=3) != []


def test_postal_codes_of_one_length_or_two_are_not_cut_when_the_shorter_ones_are_more() -> None:
    usual = {"postal_code": {"longest": 7, "at_longest": 1, "common_length": 6, "at_common_length": 24}}
    shorter = {"postal_code": usual["postal_code"] | {"common_length": 5, "at_common_length": 26}}
    assert failing(cut_text, contents([30] * 21, profiles={20: shorter}, usual=usual)) == []


def test_reads_of_every_quarter_hour_make_no_habit_of_two_weeks() -> None:
    moments = [NOON - timedelta(minutes=15 * back) for back in range(14, -1, -1)]
    batches = [a_batch(seq, at, 50) for seq, at in enumerate(moments[:-1], 1)]
    (found,) = late(a_history([a_run(at) for at in moments], batches))
    assert found.verdict == "PASS"


def test_silence_that_is_usual_is_unknown_where_the_source_does_not_say_what_it_has() -> None:
    # Nothing is certain at any hour, so silence may well be usual; it is still past the promise.
    rates = {"low": {}, "sizes": {}}
    life = replace(LIFE, bands={("late", ""): replace(LIFE.bands["late", ""], parameters=rates)})
    assert [one.verdict for one in late(replace(life, now=NOON + 26 * HOUR))] == ["PASS"]
    assert [one.verdict for one in late(replace(life, now=NOON + 31 * HOUR))] == ["UNKNOWN"]


def test_a_source_that_has_nothing_newer_is_not_late() -> None:
    reached = NOON.isoformat()
    answer = SourceAnswer("run", NOON + 20 * HOUR, "sqlite:shop", None, None, reached)
    batches = (*LIFE.batches[:-1], replace(LIFE.batches[-1], cursor_after=reached))
    (found,) = late(replace(LIFE, now=NOON + 20 * HOUR, batches=batches, answers=(answer,)))
    assert (found.verdict, found.evidence_at) == ("PASS", NOON + 20 * HOUR)


def test_what_failed_is_not_learned_as_usual() -> None:
    # Two days of a flood: learned, it would hide the next one; excluded, it does not.
    flooded = lived()
    since = NOON - timedelta(days=2)
    profiles = {
        batch.batch_id: dict(flooded.profiles[batch.batch_id])
        | ({"email": a_profile(batch, "email", nulls=180)} if batch.landed_at >= since else {})
        for batch in flooded.batches
    }
    flooded = replace(flooded, profiles=profiles)
    known = trained(flooded, [FailedSpan("null_flood", "email", since, NOON)])
    again = {"email": [a_profile(NEXT, "email", nulls=60)]}
    assert failing(null_flood, followed(known, NEXT, **again))
    assert not failing(null_flood, followed(trained(flooded), NEXT, **again))
    # Profiles of every second batch are looked at; of those of the last 48 hours, both ends included, that is 25.
    assert known.bands["null_flood", "email"].excluded == 25


def test_an_announced_change_is_learned_anew() -> None:
    change = Announced(kind="change", begins=NOON - timedelta(days=9), ends=NOON - timedelta(days=8), note="new shop")
    life = trained(replace(lived(), contract=announcing(change)))
    assert life.bands["null_flood", "email"].span_days < 8
