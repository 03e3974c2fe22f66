"""Readers open the published file again and again while it is published anew: no error, never half a snapshot.

Each read opens the file as an analyst does, and checks that the one snapshot id in it is that of every row of
customer_360, that the tables fit together, and that all of it stays the same for as long as the file is open. Exit code
1 when a read failed or saw a mixture.

    .venv/bin/python benchmarks/resilience/readers.py --publishes 10 --readers 3
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from datetime import timedelta
from multiprocessing.synchronize import Event
from pathlib import Path

import duckdb
from rehearsal import DAY_ONE, Rehearsal
from rich.console import Console
from rich.table import Table

FOLDER = Path("build/benchmarks/resilience/readers")
PAUSE_SECONDS = 0.02  # leaves the two cores to the publisher most of the time
LOOKED_AT = """
SELECT (SELECT string_agg(snapshot_id) FROM ops.snapshot), (SELECT min(snapshot_id) FROM customer_360),
       (SELECT max(snapshot_id) FROM customer_360), (SELECT count(*) FROM customer_360),
       (SELECT count(*) FROM dim_customer), (SELECT count(DISTINCT customer_id) FROM identity.customer_crosswalk),
       (SELECT count(*) FROM fct_order), (SELECT sum(order_count + cancelled_order_count) FROM customer_360)
"""


def read_until(published: str, stopped: Event, number: int, results: multiprocessing.Queue) -> None:
    """Read over and over; put (reads, snapshots seen, slowest read, faults) when stopped."""
    reads, seen, slowest, faults = 0, set(), 0.0, []
    while not stopped.is_set():
        began = time.perf_counter()
        try:
            with duckdb.connect(published, read_only=True) as connection:
                first = connection.execute(LOOKED_AT).fetchall()
                second = connection.execute(LOOKED_AT).fetchall()
        except duckdb.Error as error:
            faults.append(f"{type(error).__name__}: {error}")
            continue
        slowest = max(slowest, time.perf_counter() - began)
        [(snapshot, lowest, highest, rows, customers, resolved, orders, orders_of_customers)] = first
        if first != second:
            faults.append(f"changed while open: {first} {second}")
        if not snapshot == lowest == highest:
            faults.append(f"a mixture of snapshots: {snapshot}, {lowest}, {highest}")
        if not rows == customers == resolved or not orders_of_customers <= orders or not rows:
            faults.append(f"tables that do not fit together: {first}")
        reads += 1
        seen.add(snapshot)
        time.sleep(PAUSE_SECONDS)
    results.put((number, reads, sorted(seen), slowest, faults))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--publishes", type=int, default=10)
    parser.add_argument("--readers", type=int, default=3)
    parser.add_argument("--customers", type=int, default=100)
    options = parser.parse_args()
    console = Console()
    with console.status("A company is created and synced ..."):
        rehearsal = Rehearsal(FOLDER, options.customers)
        rehearsal.reset()
        done = rehearsal.run("sync", now=DAY_ONE)
    if done.returncode:
        sys.exit(f"The first sync failed: {done.stderr}")
    stopped, results = multiprocessing.Event(), multiprocessing.Queue()
    published = str(rehearsal.home / "customer_360.duckdb")
    readers = [
        multiprocessing.Process(target=read_until, args=(published, stopped, number, results))
        for number in range(1, options.readers + 1)
    ]
    for reader in readers:
        reader.start()
    failures = []
    for number in range(1, options.publishes + 1):
        with console.status(f"Publish {number} of {options.publishes} ..."):
            done = rehearsal.run("refresh", now=DAY_ONE + timedelta(minutes=number))
        console.print(done.stdout.splitlines()[0] if done.stdout else f"[red]{done.stderr}[/red]")
        failures += [done.stderr] if done.returncode else []
    time.sleep(1)  # every reader gets to see the last one
    stopped.set()
    told = sorted(results.get() for _ in readers)
    for reader in readers:
        reader.join()
    rehearsal.server.stop()
    shown = Table("reader", "reads", "snapshots seen", "slowest read", "faults", box=None)
    for number, reads, seen, slowest, faults in told:
        shown.add_row(str(number), f"{reads:,}", str(len(seen)), f"{slowest * 1000:.0f} ms", str(len(faults)))
    console.print(shown)
    for *_, faults in told:
        failures += faults
    for failure in failures[:10]:
        console.print(f"[red]{failure}[/red]")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
