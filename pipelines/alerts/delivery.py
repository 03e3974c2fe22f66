"""Delivery: what the outbox holds is told on every channel of its route, with a receipt for each attempt.

At least once: a process that is killed between an answer and its receipt sends the message again. PagerDuty and
Alertmanager then know it by its fingerprint, a webhook by its `Idempotency-Key`, a file by what it holds; texts by
apprise and lines on standard output are there twice.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pipelines.alerts.collapse import Message, outstanding
from pipelines.alerts.digest import grouped
from pipelines.alerts.notice import Channel, Receipt
from pipelines.alerts.notice_json import from_json
from pipelines.alerts.plan import AlertPlan
from pipelines.ledger import deliveries, leases
from pipelines.ledger.channel_states import channel_state, record_state
from pipelines.ledger.database import Ledger
from pipelines.ledger.deliveries import Attempt, Posted

# One process sends at a time.
RESOURCE = "alerts.delivery"
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(minutes=15)
LONGEST_ASKED = timedelta(hours=1)
# What belongs to no feed of the catalog tells that watching itself is in trouble.
MONITOR_TIER = 1


@dataclass(frozen=True)
class Sender:
    """What sending needs: the plan, its channels, those that people read, and the tier of each feed."""

    plan: AlertPlan
    channels: Mapping[str, Channel]
    people: Collection[str]
    tiers: Mapping[str, int]
    clock: Callable[[], datetime]


def deliver(ledger: Ledger, sender: Sender) -> list[Attempt]:
    """Tell what waits, as far as channels take it now; the attempts made. What another process is at is left to it."""
    attempts: list[Attempt] = []
    try:
        lease = leases.acquire(ledger, RESOURCE, now=sender.clock())
    except leases.LeaseHeld:
        return attempts
    try:
        _route(ledger, sender)
        _withdraw(ledger, sender)
        _to_second(ledger, sender)
        for name in sender.channels:
            attempts += _send_all(ledger, lease, sender, name)
    except leases.LeaseLost:
        # Held to be dead, as after a long sleep; the message under way is sent again by whoever took over.
        return attempts
    finally:
        leases.release(ledger, lease)
    return attempts


def _route(ledger: Ledger, sender: Sender) -> None:
    """Choose channels for new notices: those of the route, and those that told of the alert before."""
    for posted in deliveries.unrouted(ledger):
        known = deliveries.followers(ledger, posted) & set(sender.channels)
        with ledger.transaction() as connection:
            chosen = known.union(_channels_of(posted, sender))
            deliveries.dispatch(connection, posted.notice_id, chosen, posted.created_at + sender.plan.unsent_after)


def _withdraw(ledger: Ledger, sender: Sender) -> None:
    """What waits for a channel that the plan no longer has goes the way that the plan now says."""
    for channel, notice_ids in deliveries.unsettled_channels(ledger).items():
        if channel in sender.channels:
            continue
        for notice_id in notice_ids:
            posted = deliveries.posted(ledger, notice_id)
            with ledger.transaction() as connection:
                late_at = posted.created_at + sender.plan.unsent_after
                deliveries.dispatch(connection, notice_id, _channels_of(posted, sender), late_at)
                fact = "the plan no longer has this channel; it is told on others"
                deliveries.withdraw(connection, notice_id, channel, fact, sender.clock())


def _to_second(ledger: Ledger, sender: Sender) -> None:
    """What a channel did not take in time goes to the second one too."""
    if sender.plan.second is None:
        return
    for notice_id, _channel, late_at in deliveries.late(ledger, sender.clock()):
        with ledger.transaction() as connection:
            deliveries.dispatch(connection, notice_id, [sender.plan.second], late_at + sender.plan.unsent_after)


def _channels_of(posted: Posted, sender: Sender) -> tuple[str, ...]:
    notice = from_json(posted.body)
    return sender.plan.route(notice.severity, sender.tiers.get(notice.feed, MONITOR_TIER), notice.owner)


def _send_all(ledger: Ledger, lease: leases.Lease, sender: Sender, name: str) -> list[Attempt]:
    """Everything that a channel has yet to tell, until it cannot be reached: the rest would only wait as long."""
    state = channel_state(ledger, name)
    if state.wait_until and sender.clock() < state.wait_until:
        return []
    attempts: list[Attempt] = []
    refused: set[str] = set()
    for message in _messages(ledger, sender, name):
        if message.notice.fingerprint in refused:
            continue
        leases.check(ledger, lease)
        receipt = _sent(sender.channels[name], message)
        attempts.append(_record(ledger, lease, sender.clock(), name, message, receipt))
        if receipt.is_refused:
            # What comes after it of the same alert must not overtake it.
            refused.add(message.notice.fingerprint)
        elif not receipt.was_taken:
            break
    return attempts


def _messages(ledger: Ledger, sender: Sender, name: str) -> list[Message]:
    now = sender.clock()
    messages = []
    for notices in deliveries.waiting(ledger, name).values():
        if all(next_try_at is None or next_try_at <= now for _, next_try_at in notices):
            messages += outstanding([(posted.notice_id, from_json(posted.body)) for posted, _ in notices])
    messages.sort(key=lambda message: message.tells[-1])
    return grouped(messages) if name in sender.people else messages


def _sent(channel: Channel, message: Message) -> Receipt:
    try:
        return channel.send(message.notice)
    except Exception as error:  # a fault in one channel must not keep the others from telling
        return Receipt(False, f"a fault of the program: {type(error).__name__}")


def _record(
    ledger: Ledger, lease: leases.Lease, now: datetime, name: str, message: Message, receipt: Receipt
) -> Attempt:
    """Write the receipt down, and how long the channel (or a notice that it refuses) is left alone."""
    with ledger.transaction() as connection:
        leases.check(ledger, lease)
        state = channel_state(ledger, name)
        if receipt.was_taken:
            next_try_at = None
            state = replace(state, failures=0, wait_until=None, last_taken_at=now)
        elif receipt.is_refused:
            next_try_at = now + LONGEST_WAIT
            state = replace(state, last_failed_at=now)
        else:
            next_try_at = now + _wait(state.failures, receipt.retry_after_seconds)
            state = replace(state, failures=state.failures + 1, wait_until=next_try_at, last_failed_at=now)
        attempt = Attempt(name, now, receipt.was_taken, receipt.detail, receipt.remote_id, next_try_at)
        deliveries.record_attempt(connection, message.tells, attempt)
        record_state(connection, state)
    return attempt


def _wait(failures: int, asked_seconds: float | None) -> timedelta:
    """Half a minute, doubled with each failure in a row; longer, within reason, when the other side asks for it."""
    # The power is bounded for the sake of the number, not of the wait.
    wait = min(FIRST_WAIT * int(2 ** min(failures, 10)), LONGEST_WAIT)
    return max(wait, min(timedelta(seconds=asked_seconds or 0), LONGEST_ASKED))
