"""What holds of alerts whatever is found in whatever order, and wherever the process is killed."""

from __future__ import annotations

import sqlite3
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.alerts.triage import triage
from pipelines.freshness.failures import load_failures
from pipelines.freshness.finding import Finding
from pipelines.ledger.alerts import fingerprint
from tests.pipelines.alerts.alert_factory import CATALOG, MINUTE, NOON, Watched, finding

FEEDS = ("shop.orders", "shop.accounts", "helpdesk.tickets")
FAILURES = ("credentials", "failing", "late", "null_flood")  # the last is learned: two looks in a row
KINDS = [(feed, failure) for feed in FEEDS for failure in FAILURES]
# Of each kind nothing, or a verdict whose evidence is as new as the round, or as the round before it.
LOOK = st.none() | st.tuples(st.sampled_from(["FAIL", "FAIL", "PASS", "PASS", "WARN", "UNKNOWN"]), st.booleans())
# Minutes from one round to the next: close together, over what explains settles, over the window of re-opening.
ROUNDS = st.lists(
    st.tuples(st.sampled_from([1, 5, 70, 25 * 60]), st.lists(LOOK, min_size=len(KINDS), max_size=len(KINDS))),
    min_size=1,
    max_size=12,
)


def rounds(drawn: Sequence[tuple[int, Sequence[tuple[str, bool] | None]]]) -> Iterator[tuple[float, list[Finding]]]:
    """Each round's minute and findings."""
    minute, before = 0.0, 0.0
    for pause, looks in drawn:
        minute, before = minute + pause, minute
        yield (
            minute,
            [
                finding(look[0], failure, feed, at=NOON + (minute if look[1] else before) * MINUTE)  # type: ignore[arg-type]
                for (feed, failure), look in zip(KINDS, looks, strict=True)
                if look is not None
            ],
        )


@contextmanager
def a_home() -> Iterator[Watched]:
    with tempfile.TemporaryDirectory() as folder:
        made = Watched(Path(folder))
        made.ledger.write("PRAGMA synchronous=OFF")
        try:
            yield made
        finally:
            made.ledger.close()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(ROUNDS)
def test_incidents_open_and_close_in_turn_and_only_on_evidence(drawn) -> None:
    passed: dict[str, list] = defaultdict(list)
    with a_home() as watched:
        for minute, findings in rounds(drawn):
            watched.give(minute, findings)
            for one in findings:
                if one.verdict == "PASS":
                    stage = load_failures()[one.failure].stage
                    passed[fingerprint(one.feed, one.failure, stage, "")].append(one.evidence_at)
            at_work = watched.ledger.rows(
                "SELECT fingerprint FROM alert WHERE state NOT IN ('RESOLVED', 'DROPPED')"
                " GROUP BY fingerprint HAVING count(*) > 1"
            )
            assert at_work == []
        for alert in watched.alerts:
            if alert.state == "RESOLVED":
                newer = {at for at in passed[alert.fingerprint] if at > alert.failed_at}
                assert len(newer) >= load_failures()[alert.failure].successive
        _outbox_agrees_with_events(watched)
        # Outside, an incident is opened, then closed, then opened again: never two at once, never closed unopened.
        is_open: dict[str, bool] = defaultdict(bool)
        for notice in watched.told:
            assert is_open[notice.fingerprint] == (notice.event != "open")
            is_open[notice.fingerprint] = notice.event != "resolve"
        assert {mark for mark, open_now in is_open.items() if open_now} == {
            alert.fingerprint for alert in watched.alerts if alert.is_told
        }


def _outbox_agrees_with_events(watched: Watched) -> None:
    """Every change that was told has one notice, and versions of a fingerprint count from 1 without a gap."""
    told = watched.ledger.rows(
        """SELECT a.fingerprint, e.version FROM alert_event AS e JOIN alert AS a USING (alert_id)
           WHERE e.version IS NOT NULL ORDER BY 1, 2"""
    )
    sent = watched.ledger.rows("SELECT fingerprint, version FROM outbox ORDER BY 1, 2")
    assert [tuple(row) for row in told] == [tuple(row) for row in sent]
    versions: dict[str, list[int]] = defaultdict(list)
    for mark, version in sent:
        versions[mark].append(version)
    assert all(found == list(range(1, len(found) + 1)) for found in versions.values())


class Killed(BaseException):
    """The process ends here."""


class Dying(sqlite3.Connection):
    """A connection whose process is killed before its nth write."""

    writes_left = 10**9

    def execute(self, sql: str, *values):  # type: ignore[no-untyped-def]
        if sql.lstrip().startswith(("INSERT", "UPDATE")):
            type(self).writes_left -= 1
            if type(self).writes_left < 0:
                raise Killed
        return super().execute(sql, *values)


def test_a_kill_before_any_write_loses_nothing_and_tells_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_struck = set()
    script = [
        (1, [finding("FAIL", failure, feed, at=NOON + MINUTE) for feed, failure in KINDS[3:]]),
        (2, [finding("PASS", failure, feed, at=NOON + 2 * MINUTE) for feed, failure in KINDS[3::2]]),
        (3, [finding("FAIL", failure, feed, at=NOON + 3 * MINUTE) for feed, failure in KINDS]),
    ]

    def story(watched: Watched) -> list[tuple]:
        _outbox_agrees_with_events(watched)
        return [(notice.event, notice.fingerprint, notice.version, notice.covered) for notice in watched.told]

    undisturbed = Watched(tmp_path / "undisturbed")
    for minute, findings in script:
        undisturbed.give(minute, findings)
    expected = story(undisturbed)
    original = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: original(*a, **k, factory=Dying))
    for place in range(200):
        watched = Watched(tmp_path / f"killed-{place}")
        watched.ledger.write("PRAGMA synchronous=OFF")
        Dying.writes_left = place
        was_killed = False
        for minute, findings in script:
            try:
                triage(watched.ledger, CATALOG, findings, NOON + minute * MINUTE)
            except Killed:
                was_killed = True
                Dying.writes_left = 10**9
                watched.give(minute, findings)
        assert story(watched) == expected
        has_struck.add(was_killed)
        watched.ledger.close()
        Dying.writes_left = 10**9
        if not was_killed:
            break
    assert has_struck == {True, False}, "some kills struck, and the last one came after all writes"
