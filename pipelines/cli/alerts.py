"""`c360 alerts`: what is wrong now, its story, and what people do about it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import typer
from rich.markup import escape

from connectors.source_spec import parse_duration
from pipelines.alerts import acts
from pipelines.cli.alert_story import print_story, story_of
from pipelines.cli.app import JsonOption, app, chosen, deployment_of, now_of, reason_of, steward_of
from pipelines.cli.console import TROUBLE, age, out, print_json, severity_text, table, when
from pipelines.deployment import Deployment
from pipelines.freshness.detectors.matters import CUSTOMERS
from pipelines.freshness.failures import load_failures
from pipelines.freshness.status import CURRENT, feed_statuses
from pipelines.ledger import alerts as kept
from pipelines.ledger.alerts import AT_WORK, SEEN, Alert
from pipelines.ledger.database import Ledger, existing_ledger
from pipelines.ledger.watching import last_stretch
from pipelines.trouble import Trouble

alerts = typer.Typer(no_args_is_help=True, help="What is wrong with feeds, who has it, and how it came about.")
app.add_typer(alerts, name="alerts")

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="An alert that `alerts list` shows, such as A12.")]
ByOption = Annotated[str | None, typer.Option(help="Who does it. Default: $C360_STEWARD.")]


@alerts.command("list")
def list_command(
    context: typer.Context,
    every: Annotated[bool, typer.Option("--all", help="Also those that are quiet, pending or closed.")] = False,
    feed: Annotated[str | None, typer.Option(help="Only this feed.")] = None,
    as_json: JsonOption = False,
) -> int:
    """List open alerts, the newest first. Exit code 1 when there is one."""
    now, deployment = now_of(context), deployment_of(context)
    with existing_ledger(deployment.home.ledger) as ledger:
        found = [alert for alert in kept.all_alerts(ledger) if feed in (None, alert.feed)]
        last = last_stretch(ledger)
        clause = not_current_clause(ledger, deployment)
    if feed is not None and feed != CUSTOMERS and not found:
        chosen(deployment, [feed])
    if last is None:
        raise Trouble(str(deployment.home.root), "nobody ever looked whether something is wrong", "Run c360 watch.")
    is_open = any(alert.state in SEEN for alert in found)
    shown = found if every else [alert for alert in found if alert.state in SEEN]
    if as_json:
        print_json([asdict(alert) | {"fingerprint": alert.fingerprint} for alert in shown])
        return TROUBLE if is_open else 0
    lines = table("id", "state", "severity", "feed", "what", "#since", "why")
    for alert in shown:
        lines.add_row(
            alert.alert_id,
            alert.state,
            severity_text(alert.severity),
            escape(alert.feed),
            escape(_title(alert)),
            age(now - (alert.opened_at or alert.detected_at)),
            escape(alert.reason),
        )
    out.print(lines if shown else f"No alert is open, by the look of {when(last.last_at)} UTC{clause}.")
    quiet = sum(alert.state in AT_WORK for alert in found) - sum(alert.state in SEEN for alert in found)
    if quiet and not every:
        out.print(f"{quiet} more are explained by these or silenced: c360 alerts list --all")
    return TROUBLE if is_open else 0


@alerts.command("show")
def show_command(context: typer.Context, alert_id: IdArgument, as_json: JsonOption = False) -> int:
    """Tell the story of an alert: why, since when, whom it concerns, what to do, and what happened to it."""
    deployment = deployment_of(context)
    with existing_ledger(deployment.home.ledger) as ledger:
        alert = kept.read_alert(ledger, _id(alert_id))
        if alert is None:
            raise Trouble(alert_id, "there is no such alert", "See c360 alerts list --all.")
        story = story_of(ledger, alert, deployment.catalog.get(alert.feed))
    if as_json:
        print_json(story)
    else:
        print_story(story)
    return 0


@alerts.command("ack")
def ack_command(
    context: typer.Context,
    alert_id: IdArgument,
    term: Annotated[str, typer.Option("--for", help="How long, such as 90m or 4h; then it is told again.")] = "4h",
    note: Annotated[str | None, typer.Option(help="What you do about it.")] = None,
    by: ByOption = None,
) -> int:
    """Take an alert on, so that nobody else need."""
    name, deployment = steward_of(context, by), deployment_of(context)
    with existing_ledger(deployment.home.ledger) as ledger:
        alert = acts.acknowledge(
            ledger,
            deployment.catalog,
            _id(alert_id),
            by=name,
            now=deployment.clock(),
            term=_span(term, "--for"),
            note=note,
        )
    out.print(f"{alert.alert_id} is {escape(name)}'s until {when(alert.acked_until)} UTC.")
    return 0


@alerts.command("silence")
def silence_command(
    context: typer.Context,
    feed: Annotated[str, typer.Argument(help="A feed such as shop.orders.")],
    term: Annotated[str, typer.Option("--for", help="How long, such as 90m or 2h.")],
    reason: Annotated[str, typer.Option(help="Why; it is written down.")],
    failure: Annotated[str | None, typer.Option(help="Only this failure, such as late.")] = None,
    by: ByOption = None,
) -> int:
    """Tell nobody of a feed for a while. What still fails when it ends is told then."""
    name, deployment = steward_of(context, by), deployment_of(context)
    with existing_ledger(deployment.home.ledger) as ledger:
        silence = acts.silence(
            ledger,
            deployment.catalog,
            feed,
            failure=failure,
            term=_span(term, "--for"),
            by=name,
            reason=reason_of(reason, "--reason"),
            now=deployment.clock(),
        )
    out.print(f"Nobody is told of {silence.failure or 'anything'} of {feed} until {when(silence.ends_at)} UTC.")
    return 0


@alerts.command("resolve")
def resolve_command(
    context: typer.Context,
    alert_id: IdArgument,
    reason: Annotated[str, typer.Option(help="How it was mended; it is written down.")],
    is_false: Annotated[bool, typer.Option("--false", help="Nothing was ever wrong.")] = False,
    by: ByOption = None,
) -> int:
    """Close an alert by your word. It opens again when the next look fails."""
    name, deployment = steward_of(context, by), deployment_of(context)
    with existing_ledger(deployment.home.ledger) as ledger:
        alert = acts.resolve(
            ledger,
            deployment.catalog,
            _id(alert_id),
            by=name,
            now=deployment.clock(),
            reason=reason_of(reason, "--reason"),
            is_false=is_false,
        )
    out.print(f"{alert.alert_id} is resolved. It opens again when the next look fails.")
    return 0


def open_alerts_line(ledger: Ledger) -> str | None:
    """One line that says how many alerts are open; None when none is."""
    count = sum(alert.state in SEEN for alert in kept.read_alerts(ledger, closed_since=None))
    if not count:
        return None
    return f"{count} alert{'s are' if count > 1 else ' is'} open: c360 alerts list"


def not_current_clause(ledger: Ledger, deployment: Deployment) -> str:
    """What is added where no alert is open: a feed may be behind before anybody is to be told of it."""
    statuses = feed_statuses(ledger, deployment.catalog, deployment.clock())
    count = sum(one.status not in CURRENT for one in statuses)
    return f"; {count} feed{'s are' if count > 1 else ' is'} not current: c360 status" if count else ""


def _title(alert: Alert) -> str:
    failure = load_failures().get(alert.failure)
    title = failure.title if failure else alert.failure
    return f"{title} ({alert.segment})" if alert.segment else title


def _id(text: str) -> str:
    """The id as it is kept, also of one typed as a12 or 12."""
    return f"A{text.strip().upper().removeprefix('A')}"


def _span(text: str, option: str) -> timedelta:
    try:
        span = parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from None
    if span <= timedelta(0):
        raise typer.BadParameter("write a time that is longer than nothing", param_hint=option)
    return timedelta(seconds=span.total_seconds())
