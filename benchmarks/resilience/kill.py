"""Kill `c360 sync` at random moments, run it again, and compare what readers see with an undisturbed run.

Rounds alternate between an empty home (first sync) and a home that was synced the day before (second day's sync). The
moment of each `kill -9` is drawn evenly over the time that the undisturbed sync took. All tables of the published file
are compared, all rows, all columns. Exit code 1 when any round differs.

    .venv/bin/python benchmarks/resilience/kill.py --rounds 20
"""

from __future__ import annotations

import argparse
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from rehearsal import DAY_ONE, DAY_TWO, Rehearsal
from rich.console import Console
from rich.table import Table

FOLDER = Path("build/benchmarks/resilience/kill")
STARTS = {"first sync": None, "second day": "day_one"}


@dataclass(frozen=True)
class Round:
    """One kill and the rerun after it. `differences` names tables that are not as after an undisturbed run."""

    number: int
    start: str
    killed_after: float
    under_way: str
    rerun_code: int
    rerun_seconds: float
    differences: list[str]
    rerun_error: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--customers", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    console = Console()
    with console.status("A company is created, and synced undisturbed ..."):
        rehearsal = Rehearsal(FOLDER, options.customers)
        rehearsal.reset()
        _must_succeed(rehearsal.run("sync", now=DAY_ONE))
        rehearsal.keep("day_one")
        rehearsal.advance()
        undisturbed = {start: _undisturbed(rehearsal, kept) for start, kept in STARTS.items()}
    chance, rounds = random.Random(options.seed), []
    for number in range(1, options.rounds + 1):
        start = list(STARTS)[number % len(STARTS)]
        expected, seconds = undisturbed[start]
        moment = chance.random() * seconds
        done = sum(not one.differences for one in rounds)
        with console.status(f"Round {number} of {options.rounds}: {start}, kill after {moment:.1f} s; {done} equal"):
            rounds.append(_round(rehearsal, number, start, moment, expected))
        console.print(_line(rounds[-1]))
    rehearsal.server.stop()
    _summary(console, rounds, {start: seconds for start, (_, seconds) in undisturbed.items()})
    sys.exit(any(one.differences for one in rounds))


def _undisturbed(rehearsal: Rehearsal, kept: str | None) -> tuple[dict[str, list[str]], float]:
    rehearsal.reset(kept)
    began = time.perf_counter()
    _must_succeed(rehearsal.run("sync", now=DAY_TWO))
    return rehearsal.published(), time.perf_counter() - began


def _must_succeed(done: subprocess.CompletedProcess[str]) -> None:
    if done.returncode:
        sys.exit(f"An undisturbed sync failed with code {done.returncode}: {done.stderr}")


def _round(rehearsal: Rehearsal, number: int, start: str, moment: float, expected: dict[str, list[str]]) -> Round:
    rehearsal.reset(STARTS[start])
    command = rehearsal.command("sync", now=DAY_TWO)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(moment)
    process.send_signal(signal.SIGKILL)
    is_killed = process.wait() == -signal.SIGKILL
    under_way = _under_way(rehearsal.home) if is_killed else "it had ended"
    began = time.perf_counter()
    rerun = rehearsal.run("sync", now=DAY_TWO)
    seconds = time.perf_counter() - began
    found = rehearsal.published()
    tables = sorted(expected.keys() | found.keys())
    differences = [name for name in tables if expected.get(name) != found.get(name)]
    if rerun.returncode:
        differences.append(f"exit code {rerun.returncode}")
    return Round(number, start, moment, under_way, rerun.returncode, seconds, differences, rerun.stderr.strip())


def _under_way(home: Path) -> str:
    """What the killed sync was at, from what it left."""
    if not (home / "ledger.db").exists():
        return "starting"
    connection = sqlite3.connect(f"file:{home / 'ledger.db'}?mode=ro", uri=True)
    try:
        holders = {row[0] for row in connection.execute("SELECT resource FROM lease WHERE holder IS NOT NULL")}
        (waiting,) = connection.execute("SELECT count(*) FROM feed_batch WHERE state = 'landed'").fetchone()
    except sqlite3.OperationalError:
        return "starting"
    finally:
        connection.close()
    if any(name.startswith("feed:") for name in holders):
        return "landing"
    if waiting:
        return "staging"
    return "refreshing" if "warehouse" in holders else "between steps"


def _line(one: Round) -> str:
    verdict = f"[red]differs: {', '.join(one.differences)}[/red]" if one.differences else "[green]equal[/green]"
    return (
        f"{one.number:3}  {one.start:10}  killed after {one.killed_after:5.1f} s while {one.under_way:13}  "
        f"rerun {one.rerun_seconds:5.1f} s  {verdict} {one.rerun_error if one.differences else ''}"
    )


def _summary(console: Console, rounds: list[Round], seconds: dict[str, float]) -> None:
    shown = Table("start", "undisturbed", "killed while", "rounds", "equal", box=None)
    for (start, under_way), count in sorted(Counter((one.start, one.under_way) for one in rounds).items()):
        equal = sum(not one.differences for one in rounds if (one.start, one.under_way) == (start, under_way))
        shown.add_row(start, f"{seconds[start]:.1f} s", under_way, str(count), str(equal))
    console.print(shown)
    equal = sum(not one.differences for one in rounds)
    console.print(f"{equal} of {len(rounds)} reruns published what an undisturbed run publishes.")


if __name__ == "__main__":
    main()
