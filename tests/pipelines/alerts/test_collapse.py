"""What had to wait is told as things stand, and leaves a channel where every single notice would have left it."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from pipelines.alerts.collapse import Message, outstanding
from pipelines.alerts.digest import MOST_APART, grouped
from pipelines.alerts.notice import Notice
from tests.pipelines.alerts.notice_factory import a_notice

# What may come after what in the life of one alert.
NEXT = {
    "open": ("update", "ack", "resolve"),
    "update": ("update", "ack", "resolve"),
    "ack": ("update", "resolve"),
    "resolve": ("open",),
}


@st.composite
def lives(draw: st.DrawFn) -> list[tuple[int, Notice]]:
    events = ["open"]
    for _ in range(draw(st.integers(0, 12))):
        events.append(draw(st.sampled_from(NEXT[events[-1]])))
    return [(place, a_notice(event, version=place)) for place, event in enumerate(events, 1)]


def standing(notices: Iterable[Notice], before: str = "none") -> str:
    """How an incident stands on the other side: an ack of what is not open and a change of what is over do nothing."""
    for notice in notices:
        if notice.event == "resolve":
            before = "none"
        elif notice.event == "open" or (notice.event == "update" and before != "none"):
            before = "open"
        elif notice.event == "ack" and before != "none":
            before = "acked"
    return before


def events(messages: list[Message]) -> list[str]:
    return [message.notice.event for message in messages]


@given(lives(), st.data())
def test_a_channel_that_was_away_stands_where_it_would_stand_without(
    life: list[tuple[int, Notice]], data: st.DataObject
) -> None:
    away_from = data.draw(st.integers(0, len(life) - 1))
    before = standing(notice for _, notice in life[:away_from])
    messages = outstanding(life[away_from:])
    assert standing((message.notice for message in messages), before) == standing(notice for _, notice in life)
    assert [place for message in messages for place in message.tells] == [place for place, _ in life[away_from:]]
    assert len(messages) <= 2


def test_an_alert_that_was_over_before_it_could_be_told_is_told_once_and_says_so() -> None:
    (message,) = outstanding([(1, a_notice("open")), (2, a_notice("update", 2)), (3, a_notice("resolve", 3))])
    assert message.notice.event == "resolve"
    assert message.notice.reason.startswith("It was over before it could be told here.")
    assert message.tells == (1, 2, 3)


def test_an_end_whose_beginning_was_told_is_told_as_it_is() -> None:
    notice = a_notice("resolve", 3)
    assert outstanding([(2, a_notice("update", 2)), (3, notice)]) == [Message(notice, (2, 3))]


def test_who_never_heard_of_an_alert_is_told_of_it_as_new_and_as_it_is_now() -> None:
    (message,) = outstanding([(1, a_notice("open")), (2, a_notice("update", 2, severity="critical"))])
    assert (message.notice.event, message.notice.version, message.notice.severity) == ("open", 2, "critical")


def test_an_alert_is_opened_before_it_is_acknowledged() -> None:
    assert events(outstanding([(1, a_notice("open")), (2, a_notice("ack", 2))])) == ["open", "ack"]


def a_storm(of: int, severity: str) -> list[Message]:
    return [
        Message(a_notice(fingerprint=f"{severity}-{n}", severity=severity, title=f"Trouble {n}", rows=2), (n,))
        for n in range(of)
    ]


def test_ten_of_a_severity_are_told_apart_and_eleven_as_one_that_names_them_all() -> None:
    assert grouped(a_storm(MOST_APART, "error")) == a_storm(MOST_APART, "error")
    critical = a_storm(2, "critical")
    told = grouped([critical[0], *a_storm(11, "error"), critical[1]])
    assert [message.notice.severity for message in told] == ["critical", "error", "critical"]
    digest = told[1]
    assert digest.tells == tuple(range(11))
    assert [f"Trouble {n} (A-0001)" in line for n, line in enumerate(digest.notice.covered)] == [True] * 11
    assert (digest.notice.rows, digest.notice.customers) == (22, None)
    assert digest.notice.fingerprint == grouped(a_storm(11, "error"))[0].notice.fingerprint
