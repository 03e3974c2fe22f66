"""Pages of docs/ that are made from declarations, so that they cannot say something else than the program does."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path

from connectors.entities import load_entities
from pipelines import requirements
from pipelines.freshness.coverage import render_coverage
from pipelines.freshness.runbook import render_runbook
from warehouse import dictionary

FOLDER = Path("docs")
_DIFFERENCE_LINES = 20


def made_pages(folder: Path) -> dict[Path, str]:
    """Path → the text that the declarations give it. The runbook keeps what people wrote beside its made part."""
    runbook = folder / "runbook.md"
    entities = [entity.model_dump() for entity in load_entities().values()]
    return {
        folder / "data-dictionary.md": dictionary.render(entities),
        folder / "feed-failures.md": render_coverage(),
        folder / "requirements.md": requirements.render(requirements.requirements(folder / requirements.NAME)),
        runbook: render_runbook(runbook.read_text(encoding="utf-8")),
    }


def stale_pages(folder: Path) -> Iterator[str]:
    """For each page on disk that does not say what the declarations say: its path and the first lines that differ."""
    for path, wanted in made_pages(folder).items():
        on_disk = path.read_text(encoding="utf-8") if path.is_file() else ""
        if on_disk != wanted:
            lines = on_disk.splitlines(), wanted.splitlines()
            changes = list(difflib.unified_diff(*lines, "on disk", "declared", lineterm="", n=0))
            yield "\n".join([f"{path} does not say what is declared.", *changes[:_DIFFERENCE_LINES]])
