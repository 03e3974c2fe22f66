"""Kill `c360 sync` at random moments, run it again, and compare what readers see with an undisturbed run.

Rounds alternate between an empty home (first sync) and a home that was synced the day before (second day's sync). Of
each two rounds one draws the moment of its `kill -9` evenly over the time that the undisturbed run took, so that long
steps are hit often; the other waits for one of the steps in turn and draws within it, so that short ones are hit too.
All tables of the published file are compared, all rows, all columns, the batches that the ledger holds, leases that are
still held, and files for the time being that are left in the home or outside. Exit code 1 when any round differs.
`--commands` names what is run one after the other, all of which may be killed.

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
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rehearsal import DAY_ONE, DAY_TWO, Rehearsal
from rich.console import Console
from rich.table import Table

FOLDER = Path("build/benchmarks/resilience/kill")
STARTS = {"first sync": None, "second day": "day_one"}
STEPS = ("landing", "judging and staging", "identity", "models", "masking", "noting the publication")
# A step is looked for this often; a kill falls up to this long after it was seen.
LOOK_SECONDS, WITHIN_SECONDS = 0.004, 0.4


@dataclass(frozen=True)
class Round:
    """One kill and the rerun after it. `differences` names tables that are not as after an undisturbed run."""

    number: int
    start: str
    killed_after: float
    under_way: str
    rerun_seconds: float
    differences: list[str]
    rerun_error: str


@dataclass(frozen=True)
class Aim:
    """When to kill: so many seconds after a step was seen to be under way, or after the start."""

    step: str | None
    seconds: float

    def __str__(self) -> str:
        return f"{self.seconds:.1f} s into {self.step}" if self.step else f"after {self.seconds:.1f} s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--customers", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--commands", default="sync", help="commands of c360, with commas")
    options = parser.parse_args()
    console = Console()
    with console.status("A company is created, and synced undisturbed ..."):
        rehearsal = Rehearsal(FOLDER, options.customers)
        rehearsal.reset()
        _must_succeed(rehearsal.run("sync", now=DAY_ONE))
        rehearsal.keep("day_one")
        rehearsal.advance()
        commands = options.commands.split(",")
        undisturbed = {start: _undisturbed(rehearsal, kept, commands) for start, kept in STARTS.items()}
    chance, rounds = random.Random(options.seed), []
    for number in range(1, options.rounds + 1):
        start = list(STARTS)[number % len(STARTS)]
        expected, seconds = undisturbed[start]
        # Starts alternate with each round, so steps and even draws alternate with each two.
        step = STEPS[number // 4 % len(STEPS)] if number % 4 < 2 else None
        aim = Aim(step, chance.random() * (WITHIN_SECONDS if step else seconds))
        done = sum(not one.differences for one in rounds)
        with console.status(f"Round {number} of {options.rounds}: {start}, kill {aim}; {done} equal"):
            rounds.append(_round(rehearsal, number, start, aim, commands, expected))
        console.print(_line(rounds[-1]))
    rehearsal.server.stop()
    _summary(console, rounds, {start: seconds for start, (_, seconds) in undisturbed.items()})
    sys.exit(any(one.differences for one in rounds))


def _undisturbed(rehearsal: Rehearsal, kept: str | None, commands: Sequence[str]) -> tuple[dict[str, list[str]], float]:
    rehearsal.reset(kept)
    began = time.perf_counter()
    for command in commands:
        _must_succeed(rehearsal.run(command, now=DAY_TWO))
    return _left(rehearsal), time.perf_counter() - began


def _left(rehearsal: Rehearsal) -> dict[str, list[str]]:
    return rehearsal.published() | rehearsal.batches() | rehearsal.left_behind()


def _must_succeed(done: subprocess.CompletedProcess[str]) -> None:
    if done.returncode:
        sys.exit(f"An undisturbed sync failed with code {done.returncode}: {done.stderr}")


def _round(
    rehearsal: Rehearsal,
    number: int,
    start: str,
    aim: Aim,
    commands: Sequence[str],
    expected: dict[str, list[str]],
) -> Round:
    rehearsal.reset(STARTS[start])
    began_at, began = time.time(), time.perf_counter()
    is_killed = any(_run_and_kill(rehearsal, command, aim, began_at) for command in commands)
    killed_after = time.perf_counter() - began
    under_way = _under_way(rehearsal.home, began_at) if is_killed else "it had ended"
    began = time.perf_counter()
    reruns = [rehearsal.run(command, now=DAY_TWO) for command in commands]
    seconds = time.perf_counter() - began
    found = _left(rehearsal)
    tables = sorted(expected.keys() | found.keys())
    differences = [name for name in tables if expected.get(name) != found.get(name)]
    differences += [f"exit code {rerun.returncode}" for rerun in reruns if rerun.returncode]
    errors = " ".join(rerun.stderr.strip() for rerun in reruns)
    return Round(number, start, killed_after, under_way, seconds, differences, errors)


def _run_and_kill(rehearsal: Rehearsal, command: str, aim: Aim, began_at: float) -> bool:
    """Run a command; whether it was killed before it ended."""
    process = subprocess.Popen(
        rehearsal.command(command, now=DAY_TWO),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=rehearsal.environment(),
    )
    while aim.step and process.poll() is None and _under_way(rehearsal.home, began_at) != aim.step:
        time.sleep(LOOK_SECONDS)
    try:
        process.wait(aim.seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def _under_way(home: Path, began_at: float) -> str:
    """What a sync is at, or was at when it was killed, from what it has left behind."""
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
        return "judging and staging"
    return _refreshing(home, began_at) if "warehouse" in holders else "between steps"


def _refreshing(home: Path, began_at: float) -> str:
    if _is_newer(home / "customer_360.duckdb", began_at):
        return "masking" if any((home / "masked").glob(".building-*")) else "noting the publication"
    return "models" if _is_newer(home / "marts" / "customer_360.duckdb", began_at) else "identity"


def _is_newer(file: Path, moment: float) -> bool:
    return file.exists() and file.stat().st_mtime > moment


def _line(one: Round) -> str:
    verdict = f"[red]differs: {', '.join(one.differences)}[/red]" if one.differences else "[green]equal[/green]"
    return (
        f"{one.number:3}  {one.start:10}  killed after {one.killed_after:5.1f} s while {one.under_way:22}  "
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
