"""Erases one customer, and a thousand, of a living company and looks for them afterwards. See README.md beside it."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cost import Cost, run
from living import DAY_TWO, Person, live, people
from looking import differences, remains

from pipelines.settings import Home

PAGE = Path("docs/benchmarks/erasure.md")


@dataclass(frozen=True)
class Trial:
    """What erasing some customers in one command took, what its certificate says and what a look of our own found."""

    customers: int
    cost: Cost
    certificate: dict[str, Any]
    remains: list[str]
    differences: list[str]


def erase(living: Home, home: Home, those: list[Person]) -> Trial:
    """Erase customers from a copy of the home."""
    shutil.rmtree(home.root, ignore_errors=True)
    shutil.copytree(living.root, home.root, ignore=shutil.ignore_patterns(living.sample.name))
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as listed:
        listed.write("".join(f"{person.customer_id}\n" for person in those))
        listed.flush()
        asked = ("--from", listed.name, "--reason", "benchmark", "--by", "benchmark", "--yes", "--json")
        cost = run(home, DAY_TWO, "erase", *asked)
    found, changed = remains(home, those), differences(living, home, those)
    trial = Trial(len(those), cost, json.loads(cost.told), found, changed)
    shutil.rmtree(home.root)
    return trial


def page(customers: int, trials: list[Trial]) -> str:
    """The page in Markdown."""
    lines = [
        "# Erasing many customers at once",
        "",
        f"A company of {customers:,} customers with two days behind it, on {os.cpu_count()} cores, from",
        "`benchmarks/erasure/run.py`. Each erasure is one command on a copy of the home. Other work on the machine",
        "lengthens the wall time; CPU seconds are what it took. Traces are addresses, numbers and names beside postal",
        "codes.",
        "",
        "| Customers erased | wall s | CPU s | peak MB | rows erased (staged) | traces searched for | MB searched |",
        "|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for trial in trials:
        told = trial.certificate
        staged, traces = sum(told["staged_rows"].values()), sum(told["searched_for"].values())
        lines.append(
            f"| {trial.customers:,} | {trial.cost.wall_seconds:.0f} | {trial.cost.cpu_seconds:.0f} "
            f"| {trial.cost.peak_mb:,.0f} | {staged:,} | {traces:,} | {told['searched_bytes'] / 1e6:,.0f} |"
        )
    lines += [
        "",
        "What a look by other means found afterwards, in every file, unpacked, and in everybody else's rows:",
        "",
    ]
    for trial in trials:
        named = [f"the certificate names {place}" for place in trial.certificate["found"]]
        wrong = [*trial.remains, *trial.differences, *named]
        lines += [
            f"- {trial.customers:,} erased: {'nothing of them, and no row of others changed' if not wrong else ''}"
        ]
        lines += [f"  - {one}" for one in wrong]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--erased", type=int, nargs="+", default=[1, 1000])
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--home", type=Path, default=Path("build/benchmarks/erasure"))
    parser.add_argument("--page", type=Path, default=PAGE)
    options = parser.parse_args()
    home = Home((options.home / "living").resolve())
    if not home.published.exists():
        live(home, options.customers, options.seed)
    those = people(home, max(options.erased))
    trials: list[Trial] = []
    for count in options.erased:
        trials.append(erase(home, Home((options.home / "erased").resolve()), those[:count]))
        options.page.write_text(page(options.customers, trials), encoding="utf-8")
    if any(trial.remains or trial.differences or trial.certificate["found"] for trial in trials):
        raise SystemExit(f"something was found or changed; see {options.page}")


if __name__ == "__main__":
    main()
