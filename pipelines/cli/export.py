"""`c360 export`: the published tables as Parquet files, masked unless asked otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import duckdb
import typer
from rich.markup import escape

from pipelines.cli.app import JsonOption, app, now_of, settings_of
from pipelines.cli.console import WRONG_USE, err, out, print_json
from pipelines.cli.published import FullOption, published_file
from pipelines.trouble import Trouble
from warehouse.export import ExportRefused, export


@app.command("export")
def export_command(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="A folder that is not there yet.")],
    tables: Annotated[
        list[str] | None, typer.Option("--tables", help="A table such as customer_360; repeatable. Default: all.")
    ] = None,
    is_full: FullOption = False,
    as_json: JsonOption = False,
) -> int:
    """Write the published tables as Parquet, with the snapshot and the age of each source."""
    home = settings_of(context).home
    try:
        with published_file(home, is_full=is_full) as published:
            manifest = export(published, folder, is_masked=not is_full, now=now_of(context), tables=tables or ())
    except ExportRefused as refused:
        err.print(f"[red]{escape(str(refused))}[/red]")
        return WRONG_USE
    except duckdb.CatalogException as lacking:
        fact = f"it was published by another version ({str(lacking).splitlines()[0]})"
        raise Trouble(str(published), fact, "Run c360 refresh first.") from None
    if as_json:
        print_json(manifest)
        return 0
    rows, size = (sum(table[key] for table in manifest["tables"]) for key in ("rows", "bytes"))
    out.print(
        f"Wrote {len(manifest['tables'])} tables, {rows:,} rows, {size / 1e6:.1f} MB to {escape(str(folder))}, "
        f"of snapshot {manifest['snapshot_id']}{'' if is_full else ', masked'}."
    )
    return 0
