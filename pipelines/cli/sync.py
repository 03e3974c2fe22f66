"""`c360 sync` and `c360 refresh`: bring feeds, and then the published file, up to date."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from connectors.contract import FeedContract
from pipelines.cli.app import JsonOption, app, chosen, deployment_of, utc
from pipelines.cli.console import TROUBLE, WRONG_USE, err, out, print_json, status_text, table
from pipelines.cli.unnamed import tell_unnamed
from pipelines.deployment import Deployment
from pipelines.freshness.status import CURRENT
from pipelines.identity.full_match import told
from pipelines.ingest import FeedOutcome
from pipelines.refresh import Refreshed, refresh
from pipelines.sync import SyncOutcome, sync


@app.command("sync")
def sync_command(
    context: typer.Context,
    feeds: Annotated[
        list[str] | None, typer.Argument(help="Feeds such as shop.orders; all when none is named.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--from", help="Read the named feeds again from this moment (UTC) on."),
    ] = None,
    no_refresh: Annotated[bool, typer.Option("--no-refresh", help="Land and stage only.")] = False,
    as_json: JsonOption = False,
) -> int:
    """Pull what is new from the sources, validate it, and publish when something changed.

    With --from, what was read since that moment is read again, for sources that changed rows without saying so. It
    moves no cursor, and the feeds do not count as verified by it.
    """
    deployment = deployment_of(context)
    contracts = chosen(deployment, feeds or [])
    if since is not None and not feeds:
        err.print("--from needs the feeds by name.")
        raise typer.Exit(WRONG_USE)
    outcome = sync_with_progress(
        deployment,
        contracts,
        since=utc(since) if since is not None else None,
        wants_refresh=not no_refresh,
        is_shown=not as_json,
    )
    tell_unnamed(deployment)
    if as_json:
        print_json(sync_as_json(outcome))
    else:
        print_outcome(outcome)
    return TROUBLE if outcome.has_trouble else 0


@app.command("refresh")
def refresh_command(context: typer.Context, as_json: JsonOption = False) -> int:
    """Resolve identities, rebuild the models, audit and publish, whether or not something changed."""
    deployment = deployment_of(context)
    with err.status("Refreshing ..."):
        refreshed = refresh(deployment)
    tell_unnamed(deployment)
    if as_json:
        print_json(refreshed_as_json(refreshed))
    else:
        print_refreshed(refreshed)
    return 0


def sync_with_progress(
    deployment: Deployment,
    contracts: list[FeedContract],
    *,
    wants_refresh: bool,
    since: datetime | None = None,
    is_shown: bool = True,
) -> SyncOutcome:
    """Run a sync under a progress bar on standard error."""
    steps = 2 * len(contracts) + wants_refresh
    with Progress(
        SpinnerColumn(),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=err,
        transient=True,
        disable=not is_shown or not err.is_terminal,
    ) as progress:
        task = progress.add_task("starting", total=steps)

        def on_step(thing: str, step: str) -> None:
            progress.update(task, advance=1, description=f"{step} {'' if thing == 'refresh' else thing}")

        return sync(deployment, contracts, since=since, wants_refresh=wants_refresh, on_step=on_step)


def print_outcome(outcome: SyncOutcome) -> None:
    """What came in, what was held, what is wrong."""
    shown = table("feed", "#landed", "#new", "#changed", "#same", "#held", "#double", "#refused", "#deleted", "#reread")
    for feed in outcome.feeds:
        tally = feed.tally
        cells = [feed.rows_landed, tally.rows_new, tally.rows_changed, tally.rows_unchanged, tally.rows_quarantined]
        cells += [tally.rows_duplicate, tally.rows_refused, tally.rows_deleted, feed.rows_reread]
        mark = "[red]✗[/red] " if feed.troubles else "[green]✓[/green] "
        shown.add_row(mark + feed.feed, *(f"{cell:,}" if cell else "[dim]·[/dim]" for cell in cells))
    out.print(shown)
    for feed in outcome.feeds:
        for note in feed.notes:
            out.print(f"[yellow]note[/yellow]  {escape(note)}")
    if held := sum(feed.tally.rows_quarantined for feed in outcome.feeds):
        out.print(f"[yellow]held[/yellow]  {held:,} rows; why: c360 quarantine list")
    for feed in outcome.feeds:
        for trouble in feed.troubles:
            err.print(f"[red]trouble[/red]  {escape(trouble)}")
    if outcome.refreshed is not None:
        print_refreshed(outcome.refreshed)
    elif outcome.refresh_trouble is not None:
        err.print(f"[red]trouble[/red]  not published: {escape(outcome.refresh_trouble)}")
    elif any(feed.tally.rows_new + feed.tally.rows_changed + feed.tally.rows_deleted for feed in outcome.feeds):
        out.print("What is new was staged, and not published: c360 refresh does that.")
    elif outcome.has_trouble:
        out.print("Nothing was staged, so nothing was published.")
    else:
        out.print("Nothing changed; the published file still tells the truth.")
    if outcome.watch_trouble is not None:
        err.print(f"[yellow]note[/yellow]  alerts are as before this sync: {escape(outcome.watch_trouble)}")


def print_refreshed(refreshed: Refreshed) -> None:
    """One line on what was published, one on a re-match that was held back and on each feed that is not current."""
    out.print(f"Published snapshot {refreshed.snapshot_id}: {refreshed.customers:,} customers.")
    if held_back := refreshed.resolution.held_back:
        fact = f"re-match held back: it would affect {told(held_back)}"
        out.print(f"{status_text('WARN')}  {fact}. See whom with c360 rematch.")
    behind = [status for status in refreshed.statuses if status.status not in CURRENT]
    for status in behind:
        out.print(f"{status_text(status.status)}  {status.feed}: {escape(status.reason)}")


def sync_as_json(outcome: SyncOutcome) -> dict[str, Any]:
    """A sync for machines."""
    return {
        "feeds": [_feed_as_json(feed) for feed in outcome.feeds],
        "refreshed": refreshed_as_json(outcome.refreshed) if outcome.refreshed else None,
        "refresh_trouble": outcome.refresh_trouble,
        "watch_trouble": outcome.watch_trouble,
    }


def _feed_as_json(feed: FeedOutcome) -> dict[str, Any]:
    return {
        "feed": feed.feed,
        "rows_landed": feed.rows_landed,
        "rows_reread": feed.rows_reread,
        **asdict(feed.tally),
        "troubles": feed.troubles,
        "notes": feed.notes,
    }


def refreshed_as_json(refreshed: Refreshed) -> dict[str, Any]:
    """A refresh for machines."""
    held_back = refreshed.resolution.held_back
    return {
        "snapshot_id": refreshed.snapshot_id,
        "customers": refreshed.customers,
        "rematch_held_back": asdict(held_back) if held_back else None,
        "feeds": {status.feed: status.status for status in refreshed.statuses},
    }
