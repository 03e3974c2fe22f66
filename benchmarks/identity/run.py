"""What a million records cost: ours, Splink, Splink with the constraints that keep households apart, and ours with
Splink's weights.

Every runner is a process of its own, one after the other, on the same generated set of kind crm; trust the ratios more
than the seconds. `--curve` runs ours alone from ten thousand to five million records and draws the curve.

Usage: run.py [--records N] [--households SHARE] [--without-peers] [--curve [--largest N]]
"""

from __future__ import annotations

import argparse

from chart import Line, write_chart
from labelled_sets import BUILD, generated_set
from measure import Figures, RunFailed, keep
from rich.console import Console
from rich.table import Table
from runners import OURS, WITH_SPLINK, is_there, run

CURVE = (10_000, 100_000, 1_000_000, 5_000_000)
HOUSEHOLDS = 0.3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--households", type=float, default=HOUSEHOLDS, help="share of the people who live with others")
    parser.add_argument("--without-peers", action="store_true")
    parser.add_argument("--curve", action="store_true")
    parser.add_argument("--largest", type=int, default=CURVE[-1], help="largest set of the curve")
    options = parser.parse_args()
    console = Console(width=120)
    has_ours = is_there(OURS)
    if not has_ours:
        console.print("There is no `c360 resolve` here yet: only peers are run.")
    if options.curve:
        if has_ours:
            _draw_curve(console, [size for size in CURVE if size <= options.largest], options.households)
        return
    runners = [OURS] if has_ours else []
    runners += [] if options.without_peers else ["splink", "splink-constrained", WITH_SPLINK]
    console.print(_as_table(_run_all(console, runners, options.records, options.households), options.records))


def _run_all(console: Console, runners: list[str], records: int, households: float) -> list[Figures]:
    labelled = generated_set("crm", records, households)
    measured = []
    for runner in runners:
        try:
            figures = run(runner, labelled)
        except RunFailed as failure:
            console.print(f"{runner} failed: {failure}", markup=False)
            continue
        keep(figures, BUILD / "figures")
        measured.append(figures)
    return measured


def _as_table(measured: list[Figures], records: int) -> Table:
    table = Table(title=f"{records:,} records of kind crm")
    headings = ("runner", "wall s", "CPU s", "× fastest", "records/s", "peak MB", "precision", "recall", "F1")
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "runner" else "right")
    fastest = min((figures.wall_seconds for figures in measured), default=1.0)
    for figures in measured:
        table.add_row(
            figures.runner,
            f"{figures.wall_seconds:.1f}",
            f"{figures.cpu_seconds:.1f}",
            f"{figures.wall_seconds / fastest:.2f}",
            f"{records / figures.wall_seconds:,.0f}",
            f"{figures.peak_mb:,.0f}",
            f"{figures.precision:.3f}",
            f"{figures.recall:.3f}",
            f"{figures.f1:.3f}",
        )
    return table


def _draw_curve(console: Console, sizes: list[int], households: float) -> None:
    measured = [figures for size in sizes for figures in _run_all(console, [OURS], size, households)]
    if not measured:
        return
    file = BUILD / "curve.svg"
    lines = [
        Line("seconds", [(figures.records, figures.wall_seconds) for figures in measured]),
        Line("peak MB", [(figures.records, figures.peak_mb) for figures in measured]),
    ]
    write_chart("c360 resolve by number of records", lines, file)
    for figures in measured:
        console.print(_as_table([figures], figures.records))
    console.print(f"Chart: {file}")


if __name__ == "__main__":
    main()
