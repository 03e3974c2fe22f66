"""What people do with alerts: take one on, close one by their word, and ask for silence. Everything is written down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from connectors.contract import FeedContract
from pipelines.alerts import lifecycle
from pipelines.alerts.lifecycle import Move
from pipelines.alerts.triage import record_move
from pipelines.freshness.failures import load_failures
from pipelines.ledger import alerts as kept
from pipelines.ledger.alerts import Alert, Silence
from pipelines.ledger.database import Ledger
from pipelines.trouble import Trouble


def acknowledge(
    ledger: Ledger,
    catalog: Mapping[str, FeedContract],
    alert_id: str,
    *,
    by: str,
    now: datetime,
    term: timedelta = lifecycle.ACK_TERM,
    note: str | None = None,
) -> Alert:
    """Take an alert on for `term`; after it, it is told again.

    Raises:
        Trouble: there is no such alert, it is not open, or it is quiet already.
    """

    def take(alert: Alert) -> Move:
        if alert.state not in kept.SEEN:
            fact = f"it is {alert.state}, so there is nothing to take on"
            raise Trouble(alert.alert_id, fact, f"See c360 alerts show {alert.alert_id}.")
        until = now + term
        why = f"taken on by {by} until {until:%Y-%m-%d %H:%M} UTC" + (f": {note}" if note else "")
        return lifecycle.acknowledge(alert, now, by=by, until=until, why=why)

    return _act(ledger, catalog, alert_id, take, by=by, now=now)


def resolve(
    ledger: Ledger,
    catalog: Mapping[str, FeedContract],
    alert_id: str,
    *,
    by: str,
    now: datetime,
    reason: str,
    is_false: bool = False,
) -> Alert:
    """Close an alert by somebody's word; the next failing look opens it again. `is_false`: nothing was ever wrong.

    Raises:
        Trouble: there is no such alert, or it is closed.
    """

    def close(alert: Alert) -> Move:
        if alert.state in kept.CLOSED:
            raise Trouble(alert.alert_id, f"it is {alert.state} already", "Nothing is left to do.")
        return lifecycle.resolve(alert, now, by=by, why=f"resolved by {by}: {reason}", is_false=is_false)

    return _act(ledger, catalog, alert_id, close, by=by, now=now)


def silence(
    ledger: Ledger,
    catalog: Mapping[str, FeedContract],
    feed: str,
    *,
    failure: str | None,
    term: timedelta,
    by: str,
    reason: str,
    now: datetime,
) -> Silence:
    """Nobody is told of the feed, or of one failure of it, for `term`; what still fails then is told.

    Raises:
        Trouble: there is no such feed, or no such failure.
    """
    if feed not in catalog:
        raise Trouble(feed, "no contract is in force for it", f"Feeds in force: {', '.join(catalog)}.")
    if failure is not None and failure not in load_failures():
        raise Trouble(failure, "no failure has this name", f"Names: {', '.join(load_failures())}.")
    asked = Silence(feed, failure, now, now + term, by, reason)
    kept.record_silence(ledger, asked)
    return asked


def _act(
    ledger: Ledger,
    catalog: Mapping[str, FeedContract],
    alert_id: str,
    act: Callable[[Alert], Move],
    *,
    by: str,
    now: datetime,
) -> Alert:
    with ledger.transaction() as connection:
        alert = kept.read_alert(ledger, alert_id)
        if alert is None:
            raise Trouble(alert_id, "there is no such alert", "See c360 alerts list --all.")
        move = act(alert)
        covered = kept.explained_by(ledger, alert.fingerprint)
        record_move(ledger, connection, alert, move, catalog, covered, by=by, now=now)
    return move.alert
