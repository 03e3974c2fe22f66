"""Two loops of `c360 sync` against each other, and in the end what one alone would have made of it.

Both loops start one sync after the other on one home, for some minutes; halfway through, the company lives a day. Then
nothing may be lost, doubled or stuck: a last sync must succeed, hold the rows, the quarantine and the people that
single syncs of the same days hold, whatever the batches in which they came, and leave no lease held and no batch
waiting. A sync that found the other at work may say so, and have no other trouble. Exit code 1 otherwise.

    .venv/bin/python benchmarks/resilience/two_loops.py --minutes 10
"""

from __future__ import annotations

import argparse
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

from rehearsal import Rehearsal
from rich.console import Console

FOLDER = Path("build/benchmarks/resilience/two_loops")
# What a sync says that found the other loop at work.
BUSY = ("another sync is at work", "is being worked on by", "the warehouse is being written")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--customers", type=int, default=100)
    options = parser.parse_args()
    console = Console()
    with console.status("A company is created, and one sync alone is the measure ..."):
        rehearsal = Rehearsal(FOLDER, options.customers)
        rehearsal.reset()
        alone = [rehearsal.run("sync", now=None)]
        rehearsal.keep("alone")
        rehearsal.reset()
    ends: Counter[str] = Counter()
    until = time.monotonic() + options.minutes * 60
    loops = [threading.Thread(target=_loop, args=(rehearsal, until, ends)) for _ in range(2)]
    for loop in loops:
        loop.start()
    with console.status(f"Two loops sync for {options.minutes:g} minutes ..."):
        time.sleep(options.minutes * 30)
        rehearsal.advance()
        for loop in loops:
            loop.join()
    together = rehearsal.run("sync", now=None)
    found, stuck = rehearsal.staged(), _stuck(rehearsal.home)
    with console.status("One sync alone goes on where it was ..."):
        rehearsal.reset("alone")
        alone.append(rehearsal.run("sync", now=None))
    expected = rehearsal.staged()
    rehearsal.server.stop()
    troubles = _troubles(together, alone, ends, stuck)
    troubles += [f"{name} differs" for name, rows in expected.items() if found.get(name) != rows]
    console.print(
        f"{sum(ends.values())} syncs of two loops: " + ", ".join(f"{count} {end}" for end, count in ends.items())
    )
    for trouble in troubles:
        console.print(f"[red]{trouble}[/red]")
    console.print("Nothing lost, doubled or stuck." if not troubles else f"{len(troubles)} troubles.")
    sys.exit(bool(troubles))


def _loop(rehearsal: Rehearsal, until: float, ends: Counter[str]) -> None:
    while time.monotonic() < until:
        done = rehearsal.run("sync", now=None)
        said = done.stdout + done.stderr
        if done.returncode == 0:
            ends["went well"] += 1
        else:
            troubles = " ".join(line for line in said.splitlines() if "trouble" in line)
            ends["found the other at work" if any(word in said for word in BUSY) else f"failed: {troubles}"] += 1


def _stuck(home: Path) -> list[str]:
    """Leases that are held, runs that are open and batches that wait, although nothing runs."""
    connection = sqlite3.connect(f"file:{home / 'ledger.db'}?mode=ro", uri=True)
    try:
        questions = {
            "lease held on": "SELECT resource FROM lease WHERE holder IS NOT NULL",
            "run still open": "SELECT run_id FROM feed_run WHERE status = 'OPEN'",
            "batch still waiting": "SELECT batch_id FROM feed_batch WHERE state <> 'staged'",
            "file landed twice": """SELECT feed || ' ' || file_name FROM feed_batch WHERE file_name IS NOT NULL
                                    GROUP BY feed, file_name, content_sha256 HAVING count(*) > 1""",
        }
        return [f"{what} {row[0]}" for what, query in questions.items() for row in connection.execute(query)]
    finally:
        connection.close()


def _troubles(
    together: subprocess.CompletedProcess[str],
    alone: list[subprocess.CompletedProcess[str]],
    ends: Counter[str],
    stuck: list[str],
) -> list[str]:
    ended = (
        [f"the last sync ended with {together.returncode}: {together.stderr.strip()}"] if together.returncode else []
    )
    ended += [f"a sync alone ended with {one.returncode}: {one.stderr.strip()}" for one in alone if one.returncode]
    ended += [end for end in ends if end.startswith("failed")]
    return ended + stuck


if __name__ == "__main__":
    main()
