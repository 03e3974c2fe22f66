"""`c360 docs`: generate the data dictionary, or check that the one in docs/ is current."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from connectors.entities import load_entities
from pipelines.cli.app import app
from pipelines.cli.console import TROUBLE, err, out

DICTIONARY = Path("docs/data-dictionary.md")


@app.command("docs")
def docs_command(
    check: Annotated[bool, typer.Option("--check", help="Only say whether it is current.")] = False,
) -> int:
    """Write docs/data-dictionary.md from the models and the canonical entities."""
    from warehouse import dictionary

    entities = [entity.model_dump() for entity in load_entities().values()]
    if not check:
        dictionary.write(DICTIONARY, entities)
        out.print(f"Wrote {DICTIONARY}.")
        return 0
    try:
        dictionary.check(DICTIONARY, entities)
    except dictionary.DictionaryStale as stale:
        err.print(f"[red]{escape(str(stale))}[/red]\nRun make docs and commit the result.")
        return TROUBLE
    return 0
