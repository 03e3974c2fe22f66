"""`c360 docs`: make the pages of docs/ that follow from declarations, or check that they are current."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from pipelines.cli.app import app
from pipelines.cli.console import TROUBLE, err, out
from pipelines.trouble import Trouble


@app.command("docs")
def docs_command(
    check: Annotated[bool, typer.Option("--check", help="Only say whether they are current.")] = False,
    site: Annotated[
        Path | None, typer.Option(help="Write the site of tables, questions and lineage into this folder instead.")
    ] = None,
) -> int:
    """Write the data dictionary, feed failures, requirements and the runbook's alerts from their declarations."""
    from pipelines import pages
    from pipelines.requirements import NAME

    if site is not None:
        from warehouse.site import write_site

        out.print(f"Wrote {write_site(site)}.")
        return 0
    if not (pages.FOLDER / NAME).is_file():
        fact = f"it has no {pages.FOLDER / NAME}, so it is no checkout of the project"
        raise Trouble(str(Path.cwd()), fact, "Run c360 docs in the folder that holds pyproject.toml and docs.")
    if not check:
        for path, text in pages.made_pages(pages.FOLDER).items():
            path.write_text(text, encoding="utf-8")
            out.print(f"Wrote {path}.")
        return 0
    stale = list(pages.stale_pages(pages.FOLDER))
    for what in stale:
        err.print(f"[red]{escape(what)}[/red]\nRun make docs and commit the result.")
    return TROUBLE if stale else 0
