"""`c360 feeds status`: every feed with its status and its open alerts, live if wanted."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from pipelines.cli.app import deployment_of
from pipelines.cli.console import TROUBLE, age, out, status_text, table, when
from pipelines.cli.feeds import feeds
from pipelines.cli.unnamed import tell_unnamed
from pipelines.deployment import Deployment
from pipelines.freshness.status import CURRENT, feed_statuses
from pipelines.ledger.alerts import SEEN, read_alerts
from pipelines.ledger.database import existing_ledger

PAUSE_SECONDS = 2.0


@feeds.command("status")
def status_command(
    context: typer.Context,
    is_live: Annotated[bool, typer.Option("--watch", help="Keep the table up to date until stopped.")] = False,
) -> int:
    """Show each feed's status and open alerts. Exit code 1 when a feed is not current or an alert is open."""
    deployment = deployment_of(context)
    if not is_live:
        shown, is_well = feed_table(deployment)
        out.print(shown)
        tell_unnamed(deployment)
        return 0 if is_well else TROUBLE
    with Live(feed_table(deployment)[0], console=out, auto_refresh=False) as live:
        while True:
            deployment.sleep(PAUSE_SECONDS)
            live.update(feed_table(deployment)[0], refresh=True)


def feed_table(deployment: Deployment) -> tuple[Table, bool]:
    """The table of now, and whether all is well."""
    now = deployment.clock()
    with existing_ledger(deployment.home.ledger) as ledger:
        statuses = feed_statuses(ledger, deployment.catalog, now)
        alerts = [alert for alert in read_alerts(ledger, closed_since=None) if alert.state in SEEN]
    count = Counter(alert.feed for alert in alerts)
    names = {feed: ", ".join(f"{one.alert_id} {one.failure}" for one in alerts if one.feed == feed) for feed in count}
    shown = table(
        "feed", "status", "#data age", "source read", "next due", "#alerts", "which", title=f"{when(now)} UTC"
    )
    for status in statuses:
        shown.add_row(
            status.feed,
            status_text(status.status),
            age(status.data_age(now)),
            when(status.verified_at),
            when(status.next_due_at),
            f"[red]{count[status.feed]}[/red]" if count[status.feed] else "[dim]·[/dim]",
            escape(names.get(status.feed, "")),
        )
    # Alerts about customers, the warehouse or the monitor belong to no contract.
    for other in sorted(count.keys() - deployment.catalog.keys()):
        shown.add_row(other, "-", "-", "-", "-", f"[red]{count[other]}[/red]", escape(names[other]))
    return shown, not alerts and all(status.status in CURRENT for status in statuses)
