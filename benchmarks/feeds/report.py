"""The report: docs/benchmarks/feeds.md, written from what was run, with the charts beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from trial import Record


@dataclass(frozen=True)
class Results:
    """Looks of each company's clean life, and the trials of all companies."""

    clean: list[list[Record]]
    trials: list[Record]


def write_report(results: Results, file: Path) -> None:
    del results, file
