"""`c360 watch`: look at every feed, once or for as long as it runs."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from connectors.source_spec import parse_duration
from pipelines.cli.alerts import not_current_clause, open_alerts_line
from pipelines.cli.app import app, deployment_of
from pipelines.cli.console import TROUBLE, err, out
from pipelines.cli.unnamed import tell_unnamed
from pipelines.deployment import Deployment
from pipelines.faults import record_fault
from pipelines.ledger.database import existing_ledger
from pipelines.ledger.leases import LeaseHeld
from pipelines.trouble import Trouble
from pipelines.watch import watch

SHORTEST_PAUSE_SECONDS = 1.0


@app.command("watch")
def watch_command(
    context: typer.Context,
    every: Annotated[str | None, typer.Option(help="Look again and again, such as each 60s, until stopped.")] = None,
) -> int:
    """Look at every feed's evidence, and open and close alerts by it. Exit code 1 when an alert is open."""
    deployment = deployment_of(context)
    if every is None:
        watch(deployment)
        return TROUBLE if _tell(deployment) else 0
    try:
        pause = parse_duration(every).total_seconds()
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--every") from None
    while True:
        keep_watching(deployment)
        deployment.sleep(max(pause, SHORTEST_PAUSE_SECONDS))


def keep_watching(deployment: Deployment) -> None:
    """One round of many: its trouble is told and ends nothing, as the next round may find it gone."""
    try:
        watch(deployment)
        _tell(deployment)
    except (LeaseHeld, Trouble) as known:
        err.print(f"[yellow]note[/yellow]  {escape(str(known))}")
    except Exception as error:  # who watches must not stop because of one round
        err.print(f"[red]trouble[/red]  {escape(record_fault(deployment, 'watch', error, 'The next round follows'))}")


def _tell(deployment: Deployment) -> bool:
    """Say what is open; whether something is."""
    with existing_ledger(deployment.home.ledger) as ledger:
        line = open_alerts_line(ledger)
        quiet = "no alert is open" + not_current_clause(ledger, deployment)
    tell_unnamed(deployment)
    out.print(f"{deployment.clock():%Y-%m-%d %H:%M:%S} UTC  {line or quiet}")
    return line is not None
