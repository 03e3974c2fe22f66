"""Every row of a source is staged, deleted, held or a duplicate, and whoever counts comes to the same numbers."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.journey.life import Life
from tests.journey.wrong_on_purpose import DOUBLE, FEEDS, HELD, STAGED, mistakes
from tests.journey_factory import Stage, one, rows_at_source


def test_the_list_of_what_is_wrong_on_purpose_is_complete(day: Stage) -> None:
    found = {(feed, reason) for feed in FEEDS for _, reason in mistakes(day, feed)}
    assert found <= set(HELD) | DOUBLE | STAGED
    assert len(found) >= 12


@pytest.mark.parametrize("feed", sorted(FEEDS))
def test_every_row_of_a_source_is_staged_deleted_held_or_a_duplicate(day: Stage, feed: str) -> None:
    entity, counted_as = FEEDS[feed]
    live, gone = day.warehouse(
        f"""SELECT count(*) FILTER (NOT _is_deleted), count(*) FILTER (_is_deleted)
            FROM staging.{entity} WHERE _feed = ?""",
        feed,
    )[0]
    held = one(day.warehouse("SELECT count(*) FROM quarantine.held_row WHERE feed = ? AND status = 'held'", feed))
    double = one(
        day.warehouse("SELECT coalesce(sum(rows_duplicate), 0) FROM staging.applied_batch WHERE feed = ?", feed)
    )
    said = day.counts[counted_as]
    expected_held = [record for record, reason in mistakes(day, feed) if (feed, reason) in HELD]
    expected_double = [record for record, reason in mistakes(day, feed) if (feed, reason) in DOUBLE]
    assert (live + gone + held, gone, held, double) == (
        said["records"],
        said["deleted"],
        len(expected_held),
        len(expected_double),
    )


def test_every_row_that_a_source_holds_was_landed(life: Life) -> None:
    """Day one lands each row once; whoever counts the files and tables must come to the same numbers."""
    landed = dict(life.day_one.ledger("SELECT feed, sum(row_count + reject_count) FROM feed_batch GROUP BY feed"))
    assert landed == {feed: rows_at_source(life.day_one.home.sample, feed) for feed in FEEDS}


def test_no_row_of_a_batch_is_unaccounted_for(day: Stage) -> None:
    rows = day.warehouse(
        """SELECT rows_in, rows_new + rows_changed + rows_unchanged + rows_quarantined + rows_duplicate + rows_refused
           FROM staging.applied_batch"""
    )
    assert len(rows) >= len(FEEDS)
    assert [(rows_in, ended) for rows_in, ended in rows if rows_in != ended] == []
    in_ledger = one(day.ledger("SELECT sum(rows_in) FROM stage_tally"))
    assert in_ledger == sum(rows_in for rows_in, _ in rows)
    assert in_ledger == one(day.ledger("SELECT sum(row_count + reject_count) FROM feed_batch"))


@pytest.mark.parametrize("feed", sorted({feed for feed, _ in HELD}))
def test_what_is_held_is_what_the_company_did_wrong_and_says_why(day: Stage, feed: str) -> None:
    held = dict(
        day.warehouse("SELECT _key, reasons[1] FROM quarantine.held_row WHERE feed = ? AND status = 'held'", feed)
    )
    expected = {record: HELD[feed, reason] for record, reason in mistakes(day, feed) if (feed, reason) in HELD}
    assert held.keys() == expected.keys()
    for record, begins in expected.items():
        assert held[record].startswith(begins), record


def test_held_rows_are_counted_for_readers_without_their_payload(day: Stage) -> None:
    expected = Counter(feed for feed in FEEDS for _, reason in mistakes(day, feed) if (feed, reason) in HELD)
    shown = dict(day.published("SELECT feed, count(*) FROM ops.quarantine WHERE status = 'held' GROUP BY feed"))
    assert shown == dict(expected)
    columns = [name for (name,) in day.published("SELECT column_name FROM (DESCRIBE ops.quarantine)")]
    assert "payload" not in columns
