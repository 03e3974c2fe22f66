"""What is written down as it happens: one line of JSON for each look or trial, on disk before the next begins."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Record = dict[str, Any]


def read(file: Path) -> list[Record]:
    """All that was written down so far; nothing of a file that is not there."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def write(file: Path, record: Record, *, within: Path) -> None:
    """Write one record down. Paths in what was told begin within `within`, as each machine has its own before it."""
    with file.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(record).replace(f"{within.resolve()}/", "") + "\n")
