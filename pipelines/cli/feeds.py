"""`c360 feeds`: the contracts in force, and whether they are right."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from pipelines.acceptance import accept_source
from pipelines.cli.app import app, chosen, deployment_of, reason_of, steward_of
from pipelines.cli.console import TROUBLE, err, out, table
from pipelines.land import check_source

feeds = typer.Typer(no_args_is_help=True, help="Feeds: their contracts and statuses, and what their sources hold.")
app.add_typer(feeds, name="feeds")


@feeds.command("list")
def list_command(context: typer.Context) -> int:
    """Show every feed: what it is, where it comes from, who owns it."""
    shown = table("feed", "entity", "source", "schedule", "promise", "owner", "grain")
    for contract in deployment_of(context).catalog.values():
        source = f"{contract.source.kind} ({contract.source.connection})"
        promise = f"{contract.freshness.promise.total_seconds() / 3600:g} h"
        shown.add_row(
            contract.feed,
            contract.entity,
            source,
            contract.schedule,
            promise,
            contract.owner,
            escape(contract.grain),
        )
    out.print(shown)
    return 0


@feeds.command("check")
def check_command(
    context: typer.Context,
    sources: bool = typer.Option(False, "--sources", help="Also connect to every source and read its first rows."),
) -> int:
    """Check all contracts; with --sources, that each source answers and has the columns that its contract names."""
    deployment = deployment_of(context)
    out.print(f"{len(deployment.catalog)} contracts are well-formed.")
    if not sources:
        return 0
    troubled = False
    for contract in deployment.catalog.values():
        trouble = check_source(deployment, contract)
        if trouble is None:
            out.print(f"[green]✓[/green] {contract.feed}")
        else:
            troubled = True
            err.print(f"[red]✗[/red] {escape(str(trouble))}")
    return TROUBLE if troubled else 0


@feeds.command("accept")
def accept_command(
    context: typer.Context,
    feed: Annotated[str, typer.Argument(help="Feed whose source is held.")],
    because: Annotated[str, typer.Option(help="Why the source is right as it is; it is written down.")],
    by: Annotated[str | None, typer.Option(help="Who decides. Default: $C360_STEWARD.")] = None,
) -> int:
    """Say that a source is right although it is not what it was: moved, restored or emptied. The next sync lands it."""
    name, deployment = steward_of(context, by), deployment_of(context)
    (contract,) = chosen(deployment, [feed])
    accepted = accept_source(deployment, contract, by=name, reason=reason_of(because, "--because"))
    out.print(f"Accepted for {feed}: {escape(accepted.identity)}. The next c360 sync lands it.")
    if contract.cursor is not None and contract.cursor.type != "integer":
        out.print(f"What it holds from before the cursor is read again by c360 sync {feed} --from DATE.")
    return 0
