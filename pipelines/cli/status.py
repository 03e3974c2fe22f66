"""`c360 status`: how current every feed is, from the ledger alone."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta

import typer
from rich.markup import escape

from pipelines.cli.alerts import open_alerts_line
from pipelines.cli.app import JsonOption, app, deployment_of
from pipelines.cli.console import TROUBLE, age, out, print_json, status_text, table, when
from pipelines.cli.unnamed import tell_unnamed
from pipelines.freshness.status import CURRENT, feed_statuses
from pipelines.ledger.database import existing_ledger


@app.command("status")
def status_command(context: typer.Context, as_json: JsonOption = False) -> int:
    """Show how current each feed is and why. Exit code 1 when any feed is not current."""
    deployment = deployment_of(context)
    now = deployment.clock()
    with existing_ledger(deployment.home.ledger) as ledger:
        statuses = feed_statuses(ledger, deployment.catalog, now)
        alerts = open_alerts_line(ledger)
    tell_unnamed(deployment)
    if as_json:
        print_json([asdict(status) | {"data_age_seconds": _seconds(status.data_age(now))} for status in statuses])
    else:
        shown = table("feed", "status", "#data age", "newest data", "source read", "#held", "why")
        for status in statuses:
            shown.add_row(
                status.feed,
                status_text(status.status),
                age(status.data_age(now)),
                when(status.as_of),
                when(status.verified_at),
                f"{status.rows_held:,}" if status.rows_held else "[dim]·[/dim]",
                escape(status.reason),
            )
        out.print(shown)
        if alerts:
            out.print(alerts)
    return 0 if all(status.status in CURRENT for status in statuses) else TROUBLE


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds()
