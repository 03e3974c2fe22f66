"""`c360 quarantine`: rows that were kept out, why, and how they come back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import duckdb
import typer
from rich.markup import escape

from pipelines import stewardship
from pipelines.cli.app import JsonOption, LimitOption, app, chosen, deployment_of, reason_of, settings_of, steward_of
from pipelines.cli.console import TROUBLE, WRONG_USE, err, out, print_json, table, when
from pipelines.deployment import Deployment
from pipelines.stage import release_rows
from pipelines.trouble import NothingThere
from warehouse import quarantine as held_rows
from warehouse.connection import WarehouseAbsent, open_reader

quarantine = typer.Typer(no_args_is_help=True, help="Rows that were kept out of staging.")
app.add_typer(quarantine, name="quarantine")


@quarantine.command("list")
def list_command(
    context: typer.Context,
    feed: Annotated[str | None, typer.Argument(help="Only this feed.")] = None,
    limit: LimitOption = 50,
    as_json: JsonOption = False,
) -> int:
    """List held rows, the oldest first, with their reasons."""
    with _reader(settings_of(context).home.warehouse) as connection:
        rows = held_rows.list_held(connection, feed, limit or None).to_pylist()
    if feed is not None and not rows:
        chosen(deployment_of(context), [feed])
    if as_json:
        print_json(rows)
        return 0
    shown = table("held row", "held since", "why")
    for row in rows:
        shown.add_row(escape(row["held_id"]), when(row["first_held_at"]), escape("; ".join(row["reasons"])))
    out.print(shown if rows else "No row is held.")
    return 0


@quarantine.command("show")
def show_command(
    context: typer.Context, held_id: Annotated[str, typer.Argument(help="A row that `quarantine list` shows.")]
) -> int:
    """Show one held row as it arrived, personal data included: for the people who repair it."""
    with _reader(settings_of(context).home.warehouse) as connection:
        found = connection.execute(
            """SELECT feed, status, first_held_at AS held_since, rules, reasons, payload::VARCHAR AS payload,
                   COLUMNS('^settled_') FROM quarantine.held_row WHERE held_id = ?""",
            [held_id],
        )
        names, rows = [column[0] for column in found.description or ()], found.fetchall()
    if not rows:
        err.print(f"No row {escape(held_id)} was ever held. See c360 quarantine list.")
        return TROUBLE
    print_json(dict(zip(names, rows[0], strict=True)))
    return 0


@quarantine.command("release")
def release_command(
    context: typer.Context,
    feed: Annotated[str, typer.Argument(help="Feed whose held rows are judged again.")],
    held_ids: Annotated[list[str] | None, typer.Argument(help="Only these rows.")] = None,
    as_is: Annotated[bool, typer.Option("--as-is", help="Stage the named rows although rules hold them.")] = False,
    reason: Annotated[str | None, typer.Option(help="Why --as-is is right; it is written down.")] = None,
    by: Annotated[str | None, typer.Option(help="Who says so of --as-is. Default: $C360_STEWARD.")] = None,
) -> int:
    """Judge held rows again under today's contract; those that pass are staged, and readers see them at once."""
    deployment = deployment_of(context)
    (contract,) = chosen(deployment, [feed])
    if as_is and not (held_ids and reason):
        err.print("--as-is needs the rows by name, and --reason.")
        raise typer.Exit(WRONG_USE)
    if as_is:
        stewardship.accept_held(
            deployment, held_ids or [], by=steward_of(context, by), reason=reason_of(reason or "", "--reason")
        )
    staged = release_rows(deployment, contract, held_ids)
    back = sum(batch.tally.rows_new + batch.tally.rows_changed + batch.tally.rows_unchanged for batch in staged)
    still = sum(batch.tally.rows_quarantined for batch in staged)
    out.print(f"{_rows(back)} released, {still:,} {'is' if still == 1 else 'are'} still held.")
    if back:
        _refresh(deployment)
    return 0


@quarantine.command("dismiss")
def dismiss_command(
    context: typer.Context,
    feed: Annotated[str, typer.Argument(help="Feed whose held rows are not wanted.")],
    reason: Annotated[str, typer.Option(help="Why; it is written down.")],
    held_ids: Annotated[list[str] | None, typer.Argument(help="These rows.")] = None,
    rule: Annotated[str | None, typer.Option(help="All rows that this rule holds now, such as test_row.")] = None,
    by: Annotated[str | None, typer.Option(help="Who says so. Default: $C360_STEWARD.")] = None,
) -> int:
    """Close held rows for good without staging them, and have readers see who did, when and why.

    One that comes again as it was stays dismissed; one that comes changed is judged anew. `release` with its name takes
    it back.
    """
    deployment = deployment_of(context)
    chosen(deployment, [feed])
    if not (held_ids or rule):
        err.print("Name the rows, or --rule: c360 quarantine list shows both.")
        raise typer.Exit(WRONG_USE)
    name, why = steward_of(context, by), reason_of(reason, "--reason")
    count = stewardship.dismiss_held(deployment, feed, held_ids or [], rule=rule, by=name, reason=why)
    out.print(f"{_rows(count)} dismissed by {escape(name)}.")
    _refresh(deployment)
    return 0


def _rows(count: int) -> str:
    return "1 row was" if count == 1 else f"{count:,} rows were"


def _refresh(deployment: Deployment) -> None:
    from pipelines.cli.sync import print_refreshed
    from pipelines.refresh import refresh

    print_refreshed(refresh(deployment))


@contextmanager
def _reader(warehouse: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    try:
        with open_reader(warehouse) as connection:
            yield connection
    except WarehouseAbsent:
        raise NothingThere(warehouse, "there is no warehouse yet") from None
