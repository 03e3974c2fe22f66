"""What one run of a matcher cost and how good its clusters are; figures are kept, so that a peer runs once a set."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow.parquet as pq
from scoring import score

# What a child has to say for itself when it fails.
_LAST_LINES = 12


class RunFailed(Exception):
    """A runner ended with another code than 0; the message holds its last lines."""


@dataclass(frozen=True)
class Cost:
    """What one process and its children took. Memory is the peak resident set, in MB."""

    wall_seconds: float
    cpu_seconds: float
    peak_mb: float


@dataclass(frozen=True)
class Figures:
    """One runner on one labelled set."""

    labelled_set: str
    runner: str
    records: int
    entities: int
    clusters: int
    precision: float
    recall: float
    f1: float
    bcubed_f1: float
    wall_seconds: float
    cpu_seconds: float
    peak_mb: float


def cost_of(command: list[str], log: Path) -> Cost:
    """Run a command in a process of its own, its words into `log`, and take its usage from the kernel."""
    log.parent.mkdir(parents=True, exist_ok=True)
    report = log.with_suffix(".usage.json")
    launcher = [sys.executable, "-I", "-S", str(Path(__file__).with_name("usage.py")), str(report)]
    with log.open("w", encoding="utf-8") as words:
        code = subprocess.run([*launcher, *command], stdout=words, stderr=subprocess.STDOUT, check=False).returncode
    if code:
        said = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LAST_LINES:]
        raise RunFailed(f"exit code {code}: " + "\n".join(said))
    return Cost(**json.loads(report.read_text(encoding="utf-8")))


def figures_of(labelled_set: str, runner: str, cost: Cost, truth: Path, clusters: Path) -> Figures:
    """Score what a runner wrote."""
    result = score(pq.read_table(truth), pq.read_table(clusters))
    return Figures(
        labelled_set,
        runner,
        result.records,
        result.entities,
        result.clusters,
        result.precision,
        result.recall,
        result.f1,
        result.bcubed_f1,
        cost.wall_seconds,
        cost.cpu_seconds,
        cost.peak_mb,
    )


def keep(figures: Figures, folder: Path) -> None:
    """Write the figures to a file of their own."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(asdict(figures), indent=1)
    (folder / f"{figures.labelled_set}.{figures.runner}.json").write_text(text, encoding="utf-8")


def kept(labelled_set: str, runner: str, folder: Path, since: float) -> Figures | None:
    """Figures of an earlier run, if there are any that are newer than `since` (seconds since 1970)."""
    file = folder / f"{labelled_set}.{runner}.json"
    if not file.exists() or file.stat().st_mtime < since:
        return None
    return Figures(**json.loads(file.read_text(encoding="utf-8")))
