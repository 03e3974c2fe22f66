"""Whatever happens in whatever order, every channel ends up where the alerts are, and hears nothing twice."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.alerts.delivery import LONGEST_WAIT, deliver
from pipelines.alerts.notice import Notice
from pipelines.alerts.notice_json import message_key
from pipelines.ledger.database import Ledger
from tests.pipelines.alerts.notice_factory import Recorder, VirtualClock, a_notice, put
from tests.pipelines.alerts.test_collapse import NEXT, standing
from tests.pipelines.alerts.test_delivery import a_sender

ALERTS = ("f1", "f2")
CHANNELS = ("pager", "chat", "phone")
# A change of an alert, a channel that goes down or comes up, or time that goes by (with a round at its end).
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("change"), st.sampled_from(ALERTS), st.integers(0, 2)),
        st.tuples(st.just("switch"), st.sampled_from(CHANNELS), st.just(0)),
        st.tuples(st.just("wait"), st.just(""), st.sampled_from((1, 12, 40))),
    ),
    max_size=25,
)


@settings(max_examples=20, deadline=None)
@given(STEPS)
def test_channels_end_up_where_the_alerts_are_and_hear_nothing_twice(steps: list[tuple[str, str, int]]) -> None:
    pager, chat, phone = (Recorder(name) for name in CHANNELS)
    channels, clock = {"pager": pager, "chat": chat, "phone": phone}, VirtualClock()
    sender = a_sender(pager, chat, phone, clock=clock, routes=[{"to": ["pager", "chat"]}], second="phone")
    lives: dict[str, list[Notice]] = {alert: [] for alert in ALERTS}
    with tempfile.TemporaryDirectory() as folder, Ledger(Path(folder) / "ledger.db") as ledger:
        for step, name, number in steps:
            if step == "change":
                life = lives[name]
                choices = NEXT[life[-1].event] if life else ("open",)
                notice = a_notice(choices[number % len(choices)], len(life) + 1, fingerprint=name)
                life.append(notice)
                put(ledger, notice, clock())
            elif step == "switch":
                channels[name].is_up = not channels[name].is_up
            else:
                clock.forward(minutes=number)
                deliver(ledger, sender)
        for channel in channels.values():
            channel.is_up = True
        for _ in range(2):
            clock.now += LONGEST_WAIT
            deliver(ledger, sender)
        left = ledger.rows("SELECT 1 FROM dispatch WHERE settled_at IS NULL")
        taken = ledger.rows("SELECT count(*) AS n FROM delivery WHERE was_taken GROUP BY notice_id, channel")
    assert left == []
    assert {row["n"] for row in taken} <= {1}
    for channel in channels.values():
        heard = Counter(message_key(notice) for notice in channel.taken)
        assert set(heard.values()) <= {1}
        for alert in ALERTS:
            told = [notice for notice in channel.taken if notice.fingerprint == alert]
            assert [notice.version for notice in told] == sorted(notice.version for notice in told)
            if channel is not phone or told:
                assert standing(told) == standing(lives[alert])
