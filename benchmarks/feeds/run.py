"""Feeds that fail on purpose, and who is told: trials of every fault, in a resumable run, and the report on them.

.venv/bin/python benchmarks/feeds/run.py --seeds 1,2,3            # all faults, all severities
.venv/bin/python benchmarks/feeds/run.py --modes A1,B3 --seeds 1  # some
.venv/bin/python benchmarks/feeds/run.py --slice fast             # a minute's worth, no report
.venv/bin/python benchmarks/feeds/run.py --report                 # only write the report anew
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import diary
from code_commit import commit_of_code
from mishaps import MISHAPS, Mishap
from report import Results, write_report
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from trial import CLEAN_DAYS, live_clean, run_trial, told_of
from world import CUSTOMERS, World, by_size

from pipelines.settings import silence_telemetry
from sample_company.faults.fault import Fault
from sample_company.faults.registry import NOOP, all_faults

FOLDER = Path("build/benchmarks/feeds")
REPORT = Path("docs/benchmarks/feeds.md")
SEVERITIES = (0.2, 1.0)
# Of the fast slice: few days, few customers, and one fault of each kind of source.
FAST = ("file_of_the_sequence_lost", "database_is_away", "login_page")
FAST_DAYS, FAST_CUSTOMERS = 2, 40
FAST_FEEDS = ("shop.orders", "helpdesk.tickets", "carrier.shipments")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="1", help="numbers of the companies, with commas")
    parser.add_argument("--modes", default="", help="modes (A1) or faults (export_is_empty), with commas; none: all")
    parser.add_argument("--severities", default=",".join(map(str, SEVERITIES)))
    parser.add_argument("--customers", type=int, help="of each company, whatever share of the rows is hit")
    parser.add_argument("--slice", choices=["fast", "all"], default="all")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--report", action="store_true", help="only write the report of what was run before")
    options = parser.parse_args()
    silence_telemetry()
    console = Console()
    seeds = [int(seed) for seed in options.seeds.split(",")]
    if options.slice == "fast":
        _fast(console, options.folder / "fast", seeds[0])
        return
    if not options.report:
        severities = [float(severity) for severity in options.severities.split(",")]
        for seed in seeds:
            for customers, shares in by_size(severities, options.customers).items():
                folder = options.folder / f"seed_{seed}_of_{customers}"
                run_seed(console, folder, seed, chosen(options.modes), shares, customers=customers)
    results = read_results(options.folder)
    write_report(results, REPORT)
    clean_days = sum(len(looks) for looks in results.clean)
    console.print(f"{len(results.trials)} trials, {clean_days} clean days: {REPORT}")


def chosen(modes: str) -> list[Fault | Mishap]:
    """The faults and mishaps asked for by mode or name, the one that does nothing always first."""
    wanted = {name.strip() for name in modes.split(",") if name.strip()}
    known: list[Fault | Mishap] = [*all_faults().values(), *MISHAPS.values()]
    unknown = wanted - {name for what in known for name in (what.mode, what.name)}
    if unknown:
        modes = ", ".join(sorted({what.mode for what in known}))
        sys.exit(f"No fault is called {', '.join(sorted(unknown))}. Modes: {modes}")
    return [NOOP, *(what for what in known if not wanted or {what.mode, what.name} & wanted)]


def run_seed(
    console: Console,
    folder: Path,
    seed: int,
    faults: Sequence[Fault | Mishap],
    severities: Sequence[float],
    *,
    customers: int = CUSTOMERS,
) -> None:
    """Run the trials of one company that were not run before; each is on disk when it ends."""
    folder.mkdir(parents=True, exist_ok=True)
    done, commit = folder / "trials.jsonl", commit_of_code()
    over = {(trial["name"], trial["severity"]) for trial in diary.read(done)}
    todo = [
        (what, severity)
        for what in faults
        for severity in (severities if what is not NOOP else severities[:1])
        if (what.name, severity) not in over
    ]
    with World(folder, seed, customers=customers) as world:
        with console.status(f"Company {seed} lives {CLEAN_DAYS} days in order ..."):
            live_clean(world, folder, CLEAN_DAYS)
        for what, severity in _shown(console, f"company {seed}", todo):
            trial = run_trial(world, what, severity, onset=CLEAN_DAYS - 1)
            trial |= {"seed": seed, "customers": customers, "commit": commit}
            diary.write(done, trial, within=folder)


def read_results(folder: Path) -> Results:
    """All that was run so far, of every company."""
    clean, trials = [], []
    for seed in sorted(folder.glob("seed_*")):
        if looks := diary.read(seed / "clean.jsonl"):
            clean.append(looks)
            trials += [trial | {"last_clean": looks[-1]} for trial in diary.read(seed / "trials.jsonl")]
    return Results(clean, trials)


def _fast(console: Console, folder: Path, seed: int) -> None:
    faults = chosen(",".join(FAST))
    with World(folder, seed, customers=FAST_CUSTOMERS, feeds=FAST_FEEDS) as world:
        live_clean(world, folder, FAST_DAYS)
        for what in faults:
            trial = run_trial(world, what, 1.0, onset=FAST_DAYS - 1, faulty=2, healed=1)
            told = sorted({one.failure for look in trial["looks"] for one in told_of(look)})
            wrong = [sum(map(sum, look["wrong"].values())) for look in trial["looks"]]
            told_line = f"told: {', '.join(told) or 'nothing'}"
            line = f"{what.mode:4}{what.name:30} {told_line}; rows wrong at worst {max(wrong)}, left {wrong[-1]}"
            console.print(line, soft_wrap=True)


def _shown(
    console: Console, title: str, todo: Sequence[tuple[Fault | Mishap, float]]
) -> Iterator[tuple[Fault | Mishap, float]]:
    """The trials one after the other, with a bar that says where it is."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(title, total=len(todo))
        for what, severity in todo:
            progress.update(task, description=f"{title}: {what.mode} {what.name} {severity:g}")
            yield what, severity
            progress.advance(task)


if __name__ == "__main__":
    main()
