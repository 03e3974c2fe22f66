"""`c360 query`: SQL on what is published, never locked and never half-loaded; masked unless asked otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Annotated, Any

import duckdb
import typer
from rich.markup import escape

from pipelines import usage
from pipelines.cli.app import JsonOption, LimitOption, app, now_of, settings_of
from pipelines.cli.console import WRONG_USE, err, out, print_json, table
from pipelines.cli.published import FullOption, published_file
from warehouse.connection import WarehouseUnreadable, open_reader
from warehouse.sql_reading import columns_read

ROWS_SHOWN = 100
# Signs without which nobody can read a column of a table.
NARROWEST = 8
# What is asked in SQL reads the published file and nothing else: no file of the full one's names, of secrets or of the
# machine beside it; and it writes none.
CLOSED = "SET enable_external_access = false; SET lock_configuration = true"


@app.command("query")
def query_command(
    context: typer.Context,
    sql: Annotated[str, typer.Argument(help="A statement, such as: FROM customer_360 LIMIT 5")],
    limit: LimitOption = ROWS_SHOWN,
    is_full: FullOption = False,
    as_json: JsonOption = False,
) -> int:
    """Ask the published customer 360 in SQL, with pseudonyms in place of names, contacts and keys.

    Other files are neither read nor written: for these, open the published file in a DuckDB client.
    """
    settings = settings_of(context)
    try:
        with published_file(settings.home, is_full=is_full) as published, open_reader(published) as connection:
            if not duckdb.extract_statements(sql):
                raise typer.BadParameter("it holds no statement. Write one, such as: FROM customer_360 LIMIT 5")
            connection.execute(CLOSED)
            result = connection.execute(sql)
            names = [column[0] for column in result.description or ()]
            rows = result.fetchmany(limit + 1) if limit else result.fetchall()
    except WarehouseUnreadable:
        raise
    except duckdb.Error as error:
        err.print(f"[red]{escape(str(error).strip())}[/red]")
        raise typer.Exit(WRONG_USE) from None
    usage.note(settings, "query", columns_read(sql), now_of(context))
    shown = rows[:limit] if limit else rows
    if as_json:
        keys = keys_of(names)
        print_json([dict(zip(keys, row, strict=True)) for row in shown])
        return 0
    show_rows(names, shown, is_all=len(shown) == len(rows))
    return 0


def keys_of(names: Sequence[str]) -> list[str]:
    """A key for each column, so that a JSON object loses none: of columns of one name, the later ones get a number.

    A number that makes it the name of another column is passed over.
    """
    keys: list[str] = []
    for name in names:
        numbered = (f"{name}_{number}" for number in count(1))
        keys.append(name if name not in keys else next(key for key in numbered if key not in {*keys, *names}))
    return keys


def show_rows(names: Sequence[str], rows: Sequence[tuple[Any, ...]], *, is_all: bool) -> None:
    """Print rows as a table, or one below the other where so many columns do not fit; say when there are more."""
    cells = [["[dim]null[/dim]" if value is None else escape(str(value)) for value in row] for row in rows]
    if len(names) * NARROWEST <= out.width:
        found = table(*names)
        for row in cells:
            found.add_row(*row)
        out.print(found)
    else:
        widest = max(map(len, names))
        for number, row in enumerate(cells, 1):
            out.rule(f"{number} of {len(cells)}", style="dim", align="left")
            for name, cell in zip(names, row, strict=True):
                out.print(f"[bold]{escape(name):<{widest}}[/bold]  {cell}", soft_wrap=True)
    if not is_all:
        out.print(f"[dim]The first {len(rows)} rows are shown; --limit 0 shows all.[/dim]")
