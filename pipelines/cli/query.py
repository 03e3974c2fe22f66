"""`c360 query`: SQL on what is published, never locked and never half-loaded; masked unless asked otherwise."""

from __future__ import annotations

from typing import Annotated

import duckdb
import typer
from rich.markup import escape

from pipelines.cli.app import app, settings_of
from pipelines.cli.console import WRONG_USE, err, out, print_json, table
from pipelines.cli.sync import JsonOption
from pipelines.trouble import Trouble
from warehouse.connection import WarehouseAbsent, open_reader

ROWS_SHOWN = 100


@app.command("query")
def query_command(
    context: typer.Context,
    sql: Annotated[str, typer.Argument(help="A statement, such as: FROM customer_360 LIMIT 5")],
    limit: Annotated[int, typer.Option(help="Rows shown at most; 0 for all.")] = ROWS_SHOWN,
    is_full: Annotated[
        bool, typer.Option("--full", help="With names, addresses and what was said: for those who may see them.")
    ] = False,
    as_json: JsonOption = False,
) -> int:
    """Ask the published customer 360 in SQL, with pseudonyms in place of names, contacts and keys."""
    home = settings_of(context).home
    published = home.published if is_full else home.masked
    try:
        with open_reader(published) as connection:
            result = connection.execute(sql)
            names = [column[0] for column in result.description or ()]
            rows = result.fetchmany(limit + 1) if limit else result.fetchall()
    except WarehouseAbsent:
        raise Trouble(str(published), "nothing is published yet", "Run c360 sync first.") from None
    except duckdb.Error as error:
        err.print(f"[red]{escape(str(error).strip())}[/red]")
        raise typer.Exit(WRONG_USE) from None
    shown, is_cut = (rows[:limit], len(rows) > limit) if limit else (rows, False)
    if as_json:
        print_json([dict(zip(names, row, strict=True)) for row in shown])
        return 0
    found = table(*names)
    for row in shown:
        found.add_row(*("[dim]null[/dim]" if value is None else escape(str(value)) for value in row))
    out.print(found)
    if is_cut:
        out.print(f"[dim]The first {limit} rows are shown; --limit 0 shows all.[/dim]")
    return 0
