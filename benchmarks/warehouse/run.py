"""Builds the marts of a company of any size and writes what each step cost. See README.md beside this file."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from business import write_business
from steps import STEPS

from warehouse.connection import warehouse_path

HERE = Path(__file__).parent
PAGE = Path("docs/benchmarks/warehouse.md")
_MODELS_SHOWN = 15


@dataclass(frozen=True)
class Cost:
    """What one step took, and the seconds of its parts. Memory is the peak resident set, in MB."""

    step: str
    wall_seconds: float
    cpu_seconds: float
    peak_mb: float
    parts: dict[str, float]


def measure(step: str, home: Path) -> Cost:
    """Run a step as a child and take its usage from the kernel. Ends the program when the step fails."""
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as told:
        command = [sys.executable, str(HERE / "steps.py"), step, str(home)]
        path = os.pathsep.join([str(Path.cwd()), os.environ.get("PYTHONPATH", "")])
        child = subprocess.Popen(command, stdout=told, env={**os.environ, "PYTHONPATH": path})
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            sys.exit(f"{step} failed with code {child.returncode}")
        told.seek(0)
        parts = json.loads(told.read().splitlines()[-1])
    wall = time.perf_counter() - began
    return Cost(step, wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, parts)


def page(customers: int, events: int, costs: list[Cost]) -> str:
    """The page in Markdown: a table of the steps, and one of the dearest parts of each."""
    lines = [
        "# The marts at scale",
        "",
        f"{customers:,} customers and {events:,} events on {os.cpu_count()} cores, from `benchmarks/warehouse/run.py`.",
        "Each step runs in a process of its own. Other work on the machine lengthens the wall time; CPU seconds are",
        "what the step took.",
        "",
        "| Step | wall s | CPU s | peak MB |",
        "|---|---:|---:|---:|",
    ]
    lines += [
        f"| {cost.step} | {cost.wall_seconds:.1f} | {cost.cpu_seconds:.1f} | {cost.peak_mb:,.0f} |" for cost in costs
    ]
    for cost in costs:
        lines += ["", f"## {cost.step}", "", "| Part | wall s |", "|---|---:|"]
        dearest = sorted(cost.parts.items(), key=lambda part: -part[1])[:_MODELS_SHOWN]
        lines += [f"| {name} | {seconds:.3f} |" for name, seconds in dearest]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--home", type=Path, default=Path("build/benchmarks/warehouse"))
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument("--steps", nargs="+", choices=STEPS, default=[*STEPS], help="all, unless some are named")
    options = parser.parse_args()
    if not warehouse_path(options.home).exists():
        write_business(options.home, customers=options.customers, events=options.events)
    options.page.parent.mkdir(parents=True, exist_ok=True)
    costs: list[Cost] = []
    for step in options.steps:
        costs.append(measure(step, options.home))
        # Written after each step: one that fails leaves the figures of those before it.
        options.page.write_text(page(options.customers, options.events, costs), encoding="utf-8")


if __name__ == "__main__":
    main()
